"""Exact, reproducible, fast statistics over pyarrow, NumPy, pandas and Polars data.

`compute_stats(numbers)` stands in for a handler on Python's `statistics`; `describe(data)` stands in for pandas' and
NumPy's. Mean, variance and stddev are correctly rounded, quantiles exact, and nothing depends on chunks or threads.
"""

from collections.abc import Mapping

from ._rstats import Description, Statistics, __version__, compute_stats, describe

__all__ = ["Description", "Statistics", "__version__", "compute_stats", "describe"]

# `match` takes what is registered as a mapping for one.
Mapping.register(Statistics)
