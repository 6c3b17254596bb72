"""A handler is ported to Rust, and its quartiles change: caught before anybody notices, and mended with one word."""

import statistics

import rstats
import rstats.testing


def handler(numbers):
    """As it was, in Python."""
    return {"mean": statistics.fmean(numbers), "quartiles": statistics.quantiles(numbers)}


def port(numbers, method="median_unbiased"):
    """As it came back from a library that knows one definition of a quartile, and another one."""
    row = rstats.describe(numbers, stats=["sum", "mean", "q1", "median", "q3"], method=method)[0]
    return {"mean": row["sum"] / row["count"], "quartiles": [row["q1"], row["median"], row["q3"]]}


numbers = rstats.testing.ordinary_lists()
print(rstats.testing.compare(handler, port, strategy=numbers))
print(rstats.testing.compare(handler, lambda numbers: port(numbers, "exclusive"), strategy=numbers))
