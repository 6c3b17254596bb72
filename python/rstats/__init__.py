"""Exact, reproducible, fast statistics over pyarrow, NumPy, pandas and Polars data.

`describe(data)` stands in for pandas' and NumPy's, `describe_parquet(paths)` describes datasets larger than memory,
`describe_json(body)` a JSON document; `rolling(data, window)` and `expanding(data)` describe the rows around each row,
`windows(batches)` a stream by its times, an `Accumulator` the values that come while a service runs.
`correlation(data)` and `covariance(data)` are of pairs of columns, or of two series; `report(data)` is a page to look
at.
`compute_stats(numbers)` stands in for a handler on Python's `statistics`, `compute_stats_json(body)` for one that
parses JSON too, and `rstats.statistics` for the module itself.
`rstats.processes`, `rstats.dask` and `rstats.spark` describe data that is in many parts, on many processes or machines.
Mean, variance and stddev are correctly rounded, quantiles exact, and nothing depends on chunks or threads.

`rstats.kafka` has the windows of a topic, `rstats.pandas` and `rstats.polars` give frames, series and expressions an
accessor, `rstats.testing` compares a port with what it replaces, and `rstats.progress` draws a bar; they are imported
when they are first used.

>>> import rstats
>>> rstats.describe({"temp": [12.5, 14.0, None, 9.5]}, stats=["mean"], q=[0.5]).to_dicts()
[{'column': 'temp', 'kind': 'number', 'count': 3, 'null_count': 1, 'nan_count': 0, 'mean': 12.0, 'median': 12.5}]
"""

from collections.abc import Mapping as _Mapping
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from ._passes import merge
from ._report import report
from ._rstats import (
    Accumulator,
    Columns,
    Description,
    MemoryLimitError,
    Pairs,
    Statistics,
    Windows,
    __version__,
    compute_stats,
    compute_stats_json,
    correlation,
    covariance,
    describe,
    describe_json,
    describe_parquet,
    expanding,
    parquet_files,
    rolling,
)
from ._windows import WindowStream, windows

if _TYPE_CHECKING:
    from . import dask as dask
    from . import kafka as kafka
    from . import pandas as pandas
    from . import polars as polars
    from . import processes as processes
    from . import progress as progress
    from . import spark as spark
    from . import statistics as statistics
    from . import testing as testing

__all__ = [
    "Accumulator",
    "Columns",
    "Description",
    "MemoryLimitError",
    "Pairs",
    "Statistics",
    "WindowStream",
    "Windows",
    "__version__",
    "compute_stats",
    "compute_stats_json",
    "correlation",
    "covariance",
    "describe",
    "describe_json",
    "describe_parquet",
    "expanding",
    "merge",
    "parquet_files",
    "report",
    "rolling",
    "windows",
]

# Imported when they are asked for.
_MODULES = ("dask", "kafka", "pandas", "polars", "processes", "progress", "spark", "statistics", "testing")

# `match` takes what is registered as a mapping for one.
_Mapping.register(Statistics)


def __getattr__(name: str) -> _Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'rstats' has no attribute '{name}'")
    from importlib import import_module

    try:
        return import_module(f".{name}", __name__)
    except ModuleNotFoundError as error:
        # `hasattr` and `help` ask too.
        raise AttributeError(f"rstats.{name} needs {error.name}, which is not installed") from error


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
