"""rstats on Polars: frames, series and lazy frames, without a copy; the answer is a Polars frame again."""

import polars as pl
import rstats

frame = pl.DataFrame({"day": ["mon", "tue", "mon"], "x": [1.0, 2.0, None], "n": [1, 2, 3]})
print(pl.DataFrame(rstats.describe(frame)))
print(rstats.describe(frame["x"]).to_polars())

# A lazy frame is collected by the streaming engine, batch by batch.
lazy = frame.lazy().filter(pl.col("n") < 3)
means = rstats.describe(lazy, by="day", stats=["mean"], q=()).to_polars()
assert means.filter(pl.col("column") == "x")["mean"].to_list() == [1.0, 2.0]
print(means)
