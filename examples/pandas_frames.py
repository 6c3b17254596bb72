"""rstats in pandas: frames, series, groups, on NumPy, Arrow and nullable columns alike."""

import pandas as pd
import rstats.pandas  # noqa: F401 gives frames and series `.rstats`

frame = pd.DataFrame(
    {
        "city": ["Seattle", "San Francisco", "Seattle", "San Francisco", "Seattle"],
        "temp": [9.4, 14.1, 10.6, None, 8.9],
        "rain": pd.array([3, 0, 7, 1, None], dtype="Int64"),
    }
)
print(frame.rstats.describe())
print(frame["temp"].rstats.describe(stats=["mean", "sem"], q=[0.5]))

# frame.groupby("city").describe(), a row a column and city
groups = frame.rstats.describe(by="city", stats=["mean", "stddev"], q=[0.5])
print(groups)
assert groups["city"].tolist() == ["San Francisco", "Seattle"] * 2
assert groups.loc[1, "mean"] == frame.groupby("city")["temp"].mean()["Seattle"]
