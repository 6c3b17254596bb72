"""`import rstats.polars` gives every expression and series of Polars `.rstats`: exact statistics in `select` and `agg`.

    frame.select(pl.col("x").rstats.rolling_std(100))        # a row a row
    frame.with_columns(pl.col("x").rstats.rolling_mean(20).over("sensor").alias("level"))
    frame.select(pl.col("x").rstats.std(), pl.col("x").rstats.quantile(0.99))
    frame.group_by("sensor").agg(pl.col("x").rstats.median())
    series.rstats.rolling_quantile(0.9, 100)

Names and defaults are those of Polars: `min_samples` is `window_size`, a NaN is a NaN, quantiles are of the method
"nearest" unless told otherwise (here by its name in rstats, "nearest_half_up"). Of many groups `rstats.describe(by=)`
is far faster than `agg`, which calls Python once for each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from . import describe, rolling

_NEAREST = "nearest_half_up"
_METHODS = {"nearest": _NEAREST}


def _whole(series: pl.Series, stats: Any, q: Any, options: dict[str, Any]) -> float | None:
    answer = describe(series.cast(pl.UInt8) if series.dtype == pl.Boolean else series, stats=stats, q=q, **options)
    row = answer[0]
    counts = ("column", "kind", "count", "null_count", "nan_count")
    found = [name for name in row if name not in counts]
    if series.dtype.is_nested() or not found:
        what = stats[0] if stats else "quantile"
        raise TypeError(f"'{series.name}' is of type {series.dtype}, which has no {what}")
    value: float | None = row[found[-1]]
    return value


def _windows(series: pl.Series, window: int, stats: Any, q: Any, options: dict[str, Any]) -> pl.Series:
    answer = rolling(series, window, stats=stats, q=q, **options)
    return answer.to_polars().to_series().rename(series.name)


class _Statistics:
    """The methods that both an expression and a series have."""

    def _apply(self, work: Callable[[pl.Series], Any], to_one: bool, dtype: Any) -> Any:
        raise NotImplementedError

    def _one(self, stats: Any = (), q: Any = (), **options: Any) -> Any:
        dtype = pl.UInt64 if stats == ["n_unique"] else pl.Float64
        return self._apply(lambda series: _whole(series, stats, q, options), True, dtype)

    def _each(self, window: int, stats: Any = (), q: Any = (), **options: Any) -> Any:
        dtype = pl.UInt64 if stats == ["n_unique"] else pl.Float64
        return self._apply(lambda series: _windows(series, window, stats, q, options), False, dtype)

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

    def skew(self, *, bias: bool = True) -> Any:
        """The skewness, correctly rounded; as in Polars it keeps the bias of a sample."""
        return self._one(["skewness"], bias=bias)

    def kurtosis(self, *, bias: bool = True) -> Any:
        """The excess kurtosis, correctly rounded; as in Polars it keeps the bias of a sample."""
        return self._one(["kurtosis"], bias=bias)

    def median(self) -> Any:
        """The median."""
        return self._one(q=[0.5])

    def quantile(self, quantile: float, interpolation: str = _NEAREST) -> Any:
        """A quantile by any method of `rstats.describe`."""
        return self._one(q=[quantile], method=_METHODS.get(interpolation, interpolation))

    def rolling_sum(self, window_size: int, *, min_samples: int | None = None, center: bool = False) -> Any:
        """The sum of each window, correctly rounded."""
        return self._each(window_size, ["sum"], min_periods=min_samples, center=center)

    def rolling_mean(self, window_size: int, *, min_samples: int | None = None, center: bool = False) -> Any:
        """The mean of each window, correctly rounded."""
        return self._each(window_size, ["mean"], min_periods=min_samples, center=center)

    def rolling_std(
        self, window_size: int, *, min_samples: int | None = None, center: bool = False, ddof: int = 1
    ) -> Any:
        """The standard deviation of each window, correctly rounded."""
        return self._each(window_size, ["stddev"], min_periods=min_samples, center=center, ddof=ddof)

    def rolling_var(
        self, window_size: int, *, min_samples: int | None = None, center: bool = False, ddof: int = 1
    ) -> Any:
        """The variance of each window, correctly rounded."""
        return self._each(window_size, ["variance"], min_periods=min_samples, center=center, ddof=ddof)

    def rolling_min(self, window_size: int, *, min_samples: int | None = None, center: bool = False) -> Any:
        """The least value of each window."""
        return self._each(window_size, ["min"], min_periods=min_samples, center=center)

    def rolling_max(self, window_size: int, *, min_samples: int | None = None, center: bool = False) -> Any:
        """The greatest value of each window."""
        return self._each(window_size, ["max"], min_periods=min_samples, center=center)

    def rolling_median(self, window_size: int, *, min_samples: int | None = None, center: bool = False) -> Any:
        """The median of each window."""
        return self._each(window_size, q=[0.5], min_periods=min_samples, center=center)

    def rolling_quantile(
        self,
        quantile: float,
        window_size: int,
        *,
        interpolation: str = _NEAREST,
        min_samples: int | None = None,
        center: bool = False,
    ) -> Any:
        """A quantile of each window by any method of `rstats.describe`."""
        method = _METHODS.get(interpolation, interpolation)
        return self._each(window_size, q=[quantile], method=method, min_periods=min_samples, center=center)

    def rolling_skew(self, window_size: int, *, bias: bool = True, min_samples: int | None = None) -> Any:
        """The skewness of each window, correctly rounded."""
        return self._each(window_size, ["skewness"], bias=bias, min_periods=min_samples)

    def rolling_kurtosis(self, window_size: int, *, bias: bool = True, min_samples: int | None = None) -> Any:
        """The excess kurtosis of each window, correctly rounded."""
        return self._each(window_size, ["kurtosis"], bias=bias, min_periods=min_samples)

    def rolling_n_unique(self, window_size: int, *, min_samples: int | None = None) -> Any:
        """How many distinct values each window has."""
        return self._each(window_size, ["n_unique"], min_periods=min_samples)


@pl.api.register_expr_namespace("rstats")
class ExprNamespace(_Statistics):
    """`expression.rstats`."""

    def __init__(self, expr: pl.Expr) -> None:
        self._expr = expr

    def _apply(self, work: Callable[[pl.Series], Any], to_one: bool, dtype: Any) -> pl.Expr:
        return self._expr.map_batches(work, return_dtype=dtype, returns_scalar=to_one)


@pl.api.register_series_namespace("rstats")
class SeriesNamespace(_Statistics):
    """`series.rstats`."""

    def __init__(self, series: pl.Series) -> None:
        self._series = series

    def _apply(self, work: Callable[[pl.Series], Any], to_one: bool, dtype: Any) -> Any:
        return work(self._series)
