"""Names for the arrays that pass between modules."""

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
FeatureArray = npt.NDArray[np.float32]
