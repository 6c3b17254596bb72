"""Exact, reproducible, fast statistics over pyarrow, NumPy, pandas and Polars data.

`compute_stats(numbers)` stands in for a handler on Python's `statistics`, `compute_stats_json(body)` for one that
parses JSON too, and `from rstats import statistics` for the module itself; `describe(data)` stands in for pandas' and
NumPy's, and `describe_parquet(paths)` describes datasets larger than memory. Mean, variance and stddev are correctly
rounded, quantiles exact, and nothing depends on chunks or threads.
"""

from collections.abc import Mapping

from . import progress
from ._rstats import (
    Description,
    MemoryLimitError,
    Statistics,
    __version__,
    compute_stats,
    compute_stats_json,
    describe,
    describe_json,
    describe_parquet,
)

__all__ = [
    "Description",
    "MemoryLimitError",
    "Statistics",
    "__version__",
    "compute_stats",
    "compute_stats_json",
    "describe",
    "describe_json",
    "describe_parquet",
    "progress",
]

# `match` takes what is registered as a mapping for one.
Mapping.register(Statistics)
