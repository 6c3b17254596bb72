"""Not run, only type-checked: the stubs accept what the documentation shows."""

import numpy as np
import rstats

stats: rstats.Statistics = rstats.compute_stats([1, 2.5, 3])
spread: float = stats.range + stats.quartiles[0]
description = rstats.describe({"x": np.arange(3.0), "y": [1, None, 2]}, stats=["mean"], q=(0.5,), method="hazen")
for row in description:
    print(row["column"], row["mean"])
print(rstats.describe((x for x in [1.0, 2.0]), n=4, nan="omit", threads=2).to_json())
