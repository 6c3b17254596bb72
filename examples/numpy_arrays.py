"""rstats on NumPy: arrays of any number of dimensions, strides and byte order, masked arrays, weights."""

import numpy as np
import rstats

matrix = np.arange(12.0).reshape(3, 4)
columns = rstats.describe(matrix, stats=["mean"], q=())  # axis=0, one series a column
rows = rstats.describe(matrix, axis=1, stats=["mean"], q=())
assert [row["mean"] for row in columns] == matrix.mean(axis=0).tolist()
assert [row["mean"] for row in rows] == matrix.mean(axis=1).tolist()

# One series for each index of the other axes, the last running fastest.
cube = np.arange(24.0).reshape(2, 3, 4)
along = rstats.describe(cube, axis=-2, stats=["max"], q=())
assert [row["max"] for row in along] == cube.max(axis=1).ravel().tolist()

masked = np.ma.masked_greater(np.array([1.0, 2.0, 99.0]), 50)
print(rstats.describe(masked))  # the mask is nulls

values, weights = [1.0, 2.0, 4.0], [0.5, 0.25, 0.25]
weighted = rstats.describe(
    values, weights=weights, weighting="importances", stats=["mean", "stddev"], q=[0.5], method="inverted_cdf"
)
assert weighted[0]["mean"] == 2.0
