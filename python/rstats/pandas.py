"""`import rstats.pandas` gives every pandas frame and series `.rstats`: exact statistics under pandas' own names.

    frame.rstats.describe()                         # a row a column
    frame.rstats.describe(by="sensor", q=[0.5])     # a row a column and group: groupby("sensor").describe(), tidy
    series.rstats.describe(stats=["mean", "sem"])   # one row
    series.rstats.rolling(100).std()                # a series
    frame.rstats.rolling("5min", on="ts").quantile(0.9)
    frame.rstats.rolling(20, by="sensor")[["temp"]].mean()
    series.rstats.expanding().median()

`describe` takes the arguments of `rstats.describe`, windows those of pandas' `rolling` and `expanding`, and `by`. What
they give has the index of the data, and its order also with `by`. A NaN is a missing value, as in pandas; infinities
are values, which pandas leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from . import describe
from . import expanding as _expanding
from . import rolling as _rolling


class Windows:
    """The windows of a series or a frame: each method gives a series or a frame with a row a row."""

    def __init__(self, data: Any, ask: Callable[..., Any], columns: Any = None, **options: Any) -> None:
        self._data, self._ask, self._columns, self._options = data, ask, columns, options

    def __getitem__(self, columns: Any) -> Windows:
        """The same of some columns."""
        return Windows(self._data, self._ask, columns, **self._options)

    def _one(
        self, stats: Any = (), q: Any = (), of: Callable[[pd.Series], pd.Series] | None = None, **options: Any
    ) -> Any:
        if not isinstance(self._data, pd.DataFrame):
            data = self._data if of is None else of(self._data)
            answer = self._ask(data, stats=stats, q=q, nan="omit", **self._options, **options)
            values = answer.to_pandas(self._data.index)
            return values.iloc[:, 0].rename(self._data.name)
        wanted = self._columns
        if wanted is None:
            keys = self._options.get("by")
            apart = [self._options.get("on"), *(keys if isinstance(keys, list | tuple) else [keys])]
            numbers = self._data.select_dtypes("number").columns
            wanted = [
                name for name in numbers if not any(name is key or name == key for key in apart if key is not None)
            ]
        is_one = not isinstance(wanted, list | tuple | pd.Index) or (
            isinstance(wanted, tuple) and wanted in self._data.columns
        )
        wanted = [wanted] if is_one else list(wanted)
        columns = {}
        for name in wanted:
            if isinstance(self._data[name], pd.DataFrame):
                raise ValueError(f"several columns are named {name!r}: give each a name of its own")
            data = self._data
            if of is not None:
                data = data.copy(deep=False)
                data[name] = of(data[name])
            answer = self._ask(data, columns=[name], stats=stats, q=q, nan="omit", **self._options, **options)
            columns[name] = answer.to_pandas(self._data.index).iloc[:, 0]
        if is_one:
            return columns[wanted[0]].rename(wanted[0])
        return pd.DataFrame(columns, index=self._data.index, columns=wanted)

    def count(self) -> Any:
        """The number of values that are not missing. As in pandas, `min_periods` counts all rows, missing or not."""
        return self._one(["sum"], of=lambda values: values.notna().astype(float))

    def sum(self) -> Any:
        """The sum, correctly rounded."""
        return self._one(["sum"])

    def mean(self) -> Any:
        """The mean, correctly rounded."""
        return self._one(["mean"])

    def std(self, ddof: int = 1) -> Any:
        """The standard deviation, correctly rounded."""
        return self._one(["stddev"], ddof=ddof)

    def var(self, ddof: int = 1) -> Any:
        """The variance, correctly rounded."""
        return self._one(["variance"], ddof=ddof)

    def sem(self, ddof: int = 1) -> Any:
        """The standard error of the mean, stddev / √n, correctly rounded. (pandas 2 divides by √(n - ddof).)"""
        return self._one(["sem"], ddof=ddof)

    def min(self) -> Any:
        """The least value."""
        return self._one(["min"])

    def max(self) -> Any:
        """The greatest value."""
        return self._one(["max"])

    def median(self) -> Any:
        """The median."""
        return self._one(q=[0.5])

    def quantile(self, q: float, interpolation: str = "linear") -> Any:
        """A quantile, by pandas' five ways to interpolate or any other method of `rstats.describe`."""
        return self._one(q=[q], method=interpolation)

    def skew(self) -> Any:
        """The skewness, corrected for bias, correctly rounded."""
        return self._one(["skewness"])

    def kurt(self) -> Any:
        """The excess kurtosis, corrected for bias, correctly rounded."""
        return self._one(["kurtosis"])

    def nunique(self) -> Any:
        """How many distinct values there are."""
        return self._one(["n_unique"]).astype(float)

    def describe(self, stats: Sequence[str] | None = None, q: Any = None, **options: Any) -> pd.DataFrame:
        """Any number of statistics at once, as `rstats.rolling` has them, in a frame with a column each."""
        options = {"nan": "omit", **self._options, **options}
        if self._columns is not None:
            options["columns"] = self._columns
        return self._ask(self._data, stats=stats, q=q, **options).to_pandas(self._data.index)


class _Accessor:
    def __init__(self, data: Any) -> None:
        self._data = data

    def describe(self, **options: Any) -> pd.DataFrame:
        """Exact statistics, as `rstats.describe` has them, in a pandas frame."""
        return describe(self._data, **options).to_pandas(tidy=True)

    def rolling(
        self,
        window: Any,
        min_periods: int | None = None,
        center: bool = False,
        *,
        on: Any = None,
        by: Any = None,
        closed: Any = None,
    ) -> Windows:
        """Windows of a number of rows, or of a span of time ("5min") of the index or of the column `on`."""
        shape: dict[str, Any] = {"min_periods": min_periods, "center": center, "closed": closed}
        apart = {name: value for name, value in (("on", on), ("by", by)) if value is not None}
        return Windows(self._data, lambda data, **options: _rolling(data, window, **options), **shape, **apart)

    def expanding(self, min_periods: int = 1, *, by: Any = None) -> Windows:
        """Windows of all rows up to each row."""
        apart = {} if by is None else {"by": by}
        return Windows(self._data, _expanding, min_periods=min_periods, **apart)


@pd.api.extensions.register_dataframe_accessor("rstats")
class DataFrameAccessor(_Accessor):
    """`frame.rstats`."""


@pd.api.extensions.register_series_accessor("rstats")
class SeriesAccessor(_Accessor):
    """`series.rstats`."""
