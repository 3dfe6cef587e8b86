"""What tests of the package share."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As in a step of the workflow; beside other tests, BLAS threads only wait for each other."""
    with threadpool_limits(1):
        yield
