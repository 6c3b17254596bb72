"""`import rstats.pandas` gives every pandas frame and series `.rstats.describe(...)`.

    frame.rstats.describe()                         # a row a column
    frame.rstats.describe(by="sensor", q=[0.5])     # a row a column and group: groupby("sensor").describe(), tidy
    series.rstats.describe(stats=["mean", "sem"])   # one row

The arguments are those of `rstats.describe`, the answer is a pandas frame.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from . import describe


class _Accessor:
    def __init__(self, data: Any) -> None:
        self._data = data

    def describe(self, **options: Any) -> pd.DataFrame:
        """Exact statistics, as `rstats.describe` has them, in a pandas frame."""
        return describe(self._data, **options).to_pandas(tidy=True)


@pd.api.extensions.register_dataframe_accessor("rstats")
class DataFrameAccessor(_Accessor):
    """`frame.rstats`."""


@pd.api.extensions.register_series_accessor("rstats")
class SeriesAccessor(_Accessor):
    """`series.rstats`."""
