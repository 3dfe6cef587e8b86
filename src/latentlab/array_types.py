"""Types of arrays, of which every layer of the package speaks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]]
"""Of any precision: what is drawn."""
Bytes = NDArray[np.uint8]
Integers = NDArray[np.integer[Any]]
Booleans = NDArray[np.bool_]
