"""Types of which every layer of the package speaks."""

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]]
"""Of any precision: what is drawn."""
Real = TypeVar("Real", bound=np.floating[Any])
"""The precision that a function keeps."""
Bytes = NDArray[np.uint8]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]

Json = dict[str, Any]
"""An object of JSON."""
Fields = Mapping[str, Any]
"""Values of JSON or YAML by name: the settings of a step, a section of the parameters, metrics."""
