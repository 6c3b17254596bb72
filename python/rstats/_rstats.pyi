import datetime
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, Protocol, SupportsFloat, SupportsIndex, TypeAlias, final, overload

import numpy
import numpy.typing
import pandas
import polars
import pyarrow

__all__ = [
    "Accumulator",
    "Columns",
    "Description",
    "MemoryLimitError",
    "Pairs",
    "Statistics",
    "Windows",
    "__version__",
    "_batches",
    "_page_questions",
    "_stream",
    "compute_stats",
    "compute_stats_json",
    "correlation",
    "covariance",
    "describe",
    "describe_json",
    "describe_parquet",
    "drop_in",
    "expanding",
    "parquet_files",
    "rolling",
]

__version__: str

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class _Buffer(Protocol):
    """An object with the buffer protocol: a NumPy array, `array.array`, `memoryview`."""

    def __len__(self) -> int: ...

_Number: TypeAlias = SupportsFloat | SupportsIndex
_Columns: TypeAlias = str | re.Pattern[str] | type | object
_Series: TypeAlias = Iterable[_Number] | _ArrowArray | _ArrowStream | _Buffer

_Method: TypeAlias = Literal[
    "exclusive",
    "inclusive",
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
    "lower",
    "higher",
    "midpoint",
    "nearest",
    "nearest_half_up",
]
_NanPolicy: TypeAlias = Literal["propagate", "omit", "raise"]
_NullPolicy: TypeAlias = Literal["skip", "propagate", "raise"]

@final
class Statistics(Mapping[str, Any]):
    """The four statistics of `compute_stats`.

    Attributes; a mapping, so that `dict(**s)`, `s["mean"]` and `match` work; and a dataclass to all who ask for its
    fields, so that Flask's `jsonify(s)`, `orjson.dumps(s)` and `dataclasses.asdict(s)` work. Compares equal to another
    one with equal values, can be pickled, and cannot be changed.
    """

    __match_args__: Final = ("range", "quartiles", "mean", "stddev")
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __new__(cls, range: float, quartiles: Sequence[float], mean: float, stddev: float) -> Statistics: ...
    @property
    def range(self) -> float:
        """Largest minus smallest value."""
    @property
    def quartiles(self) -> list[float]:
        """The three quartiles, as `statistics.quantiles(numbers)` gives them: method "exclusive"."""
    @property
    def mean(self) -> float:
        """The mean, correctly rounded: `statistics.mean`."""
    @property
    def stddev(self) -> float:
        """The sample standard deviation (divisor n - 1), correctly rounded: `statistics.stdev`."""
    def to_dict(self) -> dict[str, Any]:
        """`{"range": float, "quartiles": [float, float, float], "mean": float, "stddev": float}`."""
    def __getitem__(self, key: str, /) -> Any: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def __contains__(self, key: object, /) -> bool: ...
    def keys(self) -> list[str]: ...  # type: ignore[override]
    def values(self) -> list[Any]: ...  # type: ignore[override]
    def items(self) -> list[tuple[str, Any]]: ...  # type: ignore[override]
    def get(self, key: str, default: Any = None, /) -> Any: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def drop_in(function: str, data: object, n: int = 4, method: str = "exclusive", /) -> Any:
    """The answer of a function of `statistics`, or None where only that module is sure: see `rstats.statistics`.

    That is for anything but finite floats, for too few of them, where something overflows, and for zeros of both signs.
    """

def compute_stats(numbers: _Series) -> Statistics:
    """Range, quartiles, mean and standard deviation, bit for bit those of Python's `statistics`.

    Parameters
    ----------
    numbers
        A list, tuple or any iterable of numbers, an `array.array`, a one-dimensional NumPy array, pyarrow array or
        chunked array, pandas or Polars series, or any object with `__arrow_c_array__` or `__arrow_c_stream__`.
        Floats and integers are taken as they are (integers up to 76 digits and `Decimal` exactly), anything else by
        its `__float__`. Arrays are read where they lie, without a copy.

    Nulls of an array (and NaNs of a NumPy-backed pandas series, where NaN is the missing value) are left out. Any other
    NaN makes all four statistics NaN. Integers come out as floats.

    The quartiles are those of `statistics.quantiles(numbers, n=4)`, method "exclusive". `describe` and the command
    line use "linear" unless told otherwise, as NumPy and pandas do: see `describe(method=…)`.

    Raises
    ------
    statistics.StatisticsError
        (a `ValueError`) for fewer than two values.
    TypeError
        for an item that is no number (None included), naming its position, and for data of another type.

    Examples
    --------
    >>> import rstats
    >>> rstats.compute_stats([2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5])
    Statistics(range=3.25, quartiles=[0.5, 1.25, 2.75], mean=1.6071428571428572, stddev=1.171334200612195)
    >>> rstats.compute_stats(range(1, 10)).to_dict()
    {'range': 8.0, 'quartiles': [2.5, 5.0, 7.5], 'mean': 5.0, 'stddev': 2.7386127875258306}
    """

def compute_stats_json(
    body: str | bytes | bytearray | memoryview,
    pointer: str = "/values",
    *,
    max_bytes: int | None = None,
    max_depth: int | None = None,
) -> bytes:
    """`compute_stats` of an array in a JSON document, as JSON; nothing in between is a Python object.

    Parameters
    ----------
    body
        The document, in UTF-8.
    pointer
        Where the array of numbers is: a JSON Pointer (RFC 6901), "" for the whole document.
    max_bytes, max_depth
        Longer bodies, and arrays and objects deeper within each other, are an error before memory is taken for them:
        by default the length has no limit, and the depth 128 (at most 1000 can be set).

    Returns
    -------
    bytes
        `{"range": …, "quartiles": […, …, …], "mean": …, "stddev": …}`; null where an answer overflows.

    JSON is that of RFC 8259, read whole. Every number is the nearest float, as `float` has it, integers beyond 2^53
    included; one beyond a float's range is an error, one too small is 0. `NaN` and `Infinity`, which Python's `json`
    takes, are errors. If a name comes twice, its last value counts, whatever the others are. What nobody asked for
    only has to be JSON. A byte order mark at the front is passed over.

    Other threads run meanwhile, without the GIL; a body of up to 2,000 bytes takes microseconds, and keeps it.

    Raises
    ------
    ValueError
        naming the path and the byte: "/values/17: expected a number, found a string, at byte 132".
    statistics.StatisticsError
        (a `ValueError`) for fewer than two numbers.

    Examples
    --------
    >>> import rstats
    >>> rstats.compute_stats_json(b'{"values": [1, 2.5, 4]}')
    b'{"range":3.0,"quartiles":[1.0,2.5,4.0],"mean":2.5,"stddev":1.5}'
    >>> rstats.compute_stats_json(b'{"values": [1, "2"]}')
    Traceback (most recent call last):
        ...
    ValueError: /values/1: expected a number, found a string, at byte 15
    """

def describe_json(
    body: str | bytes | bytearray | memoryview,
    pointer: str = "",
    *,
    stats: str | Sequence[str] | None = None,
    q: float | Sequence[float] | None = None,
    n: int | None = None,
    method: _Method | str = "linear",
    ddof: int = 1,
    nan: _NanPolicy = "propagate",
    null: _NullPolicy = "skip",
    min_count: int = 0,
    level: float = 0.95,
    trim: float = 0.1,
    bias: bool = False,
    threads: int | None = None,
    max_bytes: int | None = None,
    max_depth: int | None = None,
    max_series: int | None = None,
) -> Description:
    """Statistics of every series in a JSON document: an array of numbers, an array of such arrays, an object of them
    (its names are the columns'), or an array of records.

    A null is a missing value, and so is a name that a record lacks. Names whose values are not numbers are left out.

    Parameters
    ----------
    body, pointer, max_bytes, max_depth
        The document, where the series are in it, and its limits: as for `compute_stats_json`.
    max_series
        The most series that are read, 100,000 by default: each takes some memory, however few numbers it has.
    stats, q, n, method, ddof, nan, null, min_count, level, trim, bias, threads
        As for `describe`. A histogram has 10 bins. There are no groups, and no columns to choose.

    Time and memory are proportional to the length of the document.

    Examples
    --------
    >>> import rstats
    >>> rstats.describe_json(b'[{"x": 1, "y": 2}, {"x": 3}]', stats=["sum"], q=()).to_dicts()[1]
    {'column': 'y', 'kind': 'number', 'count': 1, 'null_count': 1, 'nan_count': 0, 'sum': 2.0}
    >>> len(rstats.describe_json(b'{"data": [[1, 2], [3, 4], [5]]}', "/data"))
    3
    """

@final
class Description:
    """The answer of `describe`: a small table for each kind of columns, one row a series.

    `d.numbers`, `d.booleans`, `d.times`, `d.texts` and `d.others` are these tables. What follows is of the first: it
    speaks the Arrow PyCapsule protocol, so `pyarrow.table(d)` and `polars.DataFrame(d)` take it as it is. Columns:
    `column` (str, or null for a series without a name), the keys of `by` with their own types, `count`, `null_count`,
    `nan_count` (integers), then the statistics (null where one is not defined): floats, but min, max, range, sum and
    mode of integers are integers and those of decimals decimals. In Arrow a column has one type: int64 where all series
    are of integers (uint64, or decimal128(38, 0), if a value is beyond it), decimal where they are of decimals and
    integers, else double. The method, ddof and NaN policy are in the schema's metadata.

    Rows of all kinds: `d[0]` is one by its number, `d["temp"]` that of a column (of groups: all its rows),
    `d["temp", "Oslo"]` that of a column and its keys; `len(d)`, iteration, `to_dicts` and `to_json` have them all.
    Equal to another one with the same question and the same answers; can be pickled.

    Examples
    --------
    >>> import rstats
    >>> d = rstats.describe([3.0, 1.0, 2.0], stats=["mean"], q=[0.5])
    >>> d[0]["mean"], len(d)
    (2.0, 1)
    >>> d.columns
    ['column', 'count', 'null_count', 'nan_count', 'mean', 'median']
    >>> from datetime import date
    >>> d = rstats.describe({"day": [date(2026, 1, 30), date(2026, 2, 2)], "paid": [True, None]}, q=())
    >>> d["day"]["mean"], d["paid"]["n_true"]
    (datetime.date(2026, 1, 31), 1)
    """

    @property
    def columns(self) -> list[str]:
        """The names of the columns of the table of numbers."""
    @property
    def errors(self) -> list[dict[str, Any]]:
        """The files that `describe_parquet(on_error="skip")` left out: `file`, `column`, `row_group`, `message`."""
    @property
    def left_out(self) -> list[dict[str, str]]:
        """The columns that were not described, where `columns=` did not name them: `column` and `reason`."""
    @property
    def numbers(self) -> Columns:
        """The answers for the columns of numbers: a row a column, with `by` one for each column and group."""
    @property
    def booleans(self) -> Columns:
        """The answers for booleans: `column`, the keys, `count`, `null_count`, `n_true`, `mean` (the share of true)."""
    @property
    def times(self) -> Columns:
        """The answers for dates, times of day, timestamps and durations.

        `column`, the keys, `count`, `null_count`, then of the statistics asked for min, max, range, mean, stddev, sem,
        iqr, mode, n_unique, the sum of durations, and the quantiles. Each is exact and rounded once to the column's
        tick (days of dates, units of the others), ties to even; type, unit and zone are the column's; range, stddev,
        sem and iqr are durations. If columns are of several types, answers are text, in ISO 8601. A statistic beyond
        what its type holds (a range of 600 years in nanoseconds) is null.
        """
    @property
    def texts(self) -> Columns:
        """The answers for text and bytes.

        `column`, the keys, `count`, `null_count`; with the default statistics `n_empty`, `min`, `max`, `min_length`,
        `max_length`, `mean_length`. The order is that of the bytes, of an enum its own; lengths are in characters, of
        bytes in bytes. By name `mode` (the first of several) with `mode_count`, and `n_unique`.
        """
    @property
    def others(self) -> Columns:
        """The counts for columns of any other type: lists, structs, intervals, objects of several types."""
    def to_dicts(self) -> list[dict[str, Any]]:
        """One dict a series, in the order numbers, booleans, times, texts, others, with `kind`.

        A statistic that is not defined is None. What `datetime` and `timedelta` do not hold (nanoseconds, years beyond
        9999) is text, in ISO 8601.
        """
    def to_json(self) -> str:
        """The JSON document that the command line writes (schema "rstats.describe/2")."""
    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow table. Needs pyarrow."""
    def to_pandas(self, *, tidy: bool = False) -> pandas.DataFrame:
        """A pandas frame. Needs pandas.

        As pandas' own `describe` has it: the statistics below each other, the series side by side; with `by` a row a
        group, as of `groupby(…).describe()`. Statistics of numbers are floats there; columns of other kinds follow
        them, with pandas' own types (`Timestamp`, `Timedelta`). With `tidy` a row a series, as in every other output:
        integers are integers and decimals decimals, keys have pandas' type for theirs. A statistic that is not defined,
        or that a kind has not, is NaN, as always in pandas, or None beside integers and decimals.
        """
    def to_polars(self) -> polars.DataFrame:
        """A Polars frame of the columns of numbers, a row a series. Needs Polars.

        Of the other kinds it is `polars.DataFrame(d.times)` and so on.
        """
    @overload
    def report(
        self,
        path: None = None,
        *,
        title: str | None = None,
        groups: Description | None = None,
        pairs: Pairs | None = None,
    ) -> str: ...
    @overload
    def report(
        self,
        path: str | os.PathLike[str],
        *,
        title: str | None = None,
        groups: Description | None = None,
        pairs: Pairs | None = None,
    ) -> None:
        """The answer as a page to look at: one file of HTML that loads nothing.

        It has a card for each column by its kind, with the statistics of this answer, its histogram (`bins=`), a box
        plot (quartiles and extrema), its most frequent texts (`top=`), and what is worth a warning. `rstats.report`
        asks for all of it at once.

        Parameters
        ----------
        path
            The file to write, whole or not at all; without it the page is returned.
        title
            What the page is called; default: "Report".
        groups
            The answer for groups of the same columns (`describe(…, by=…)`), which are compared on one scale.
        pairs
            Coefficients to show as a matrix: what `correlation` returns.

        Raises
        ------
        OSError
            where the file cannot be written.

        Examples
        --------
        >>> import rstats
        >>> page = rstats.describe({"price": [1.0, 2.5, 4.0]}, bins=3).report(title="Prices")
        >>> page.startswith("<!DOCTYPE html>")
        True
        """
    def plot(self, kind: Literal["box", "hist"] | None = None, ax: Any = None) -> Any:
        """Box plots or histograms of the columns of numbers, from the answer alone. Needs matplotlib.

        "hist" draws the histograms that were asked for (`bins=`), "box" the quartiles and the extrema: whiskers end at
        Tukey's fences, or at the extrema if these are nearer, and of the values beyond them only the extrema are known
        and drawn. Default: histograms where there are any. Returns the axes: the given `ax`, or new ones, for
        histograms one for each row.
        """
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: SupportsIndex, /) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: str, /) -> Any: ...
    @overload
    def __getitem__(self, index: tuple[Any, ...], /) -> dict[str, Any]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, ...]: ...
    @staticmethod
    def _from_bytes(bytes: bytes) -> Description: ...
    def __iter__(self) -> Iterator[dict[str, Any]]: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def _repr_html_(self) -> str: ...

def _page_questions() -> tuple[list[str], list[float]]:
    """The statistics and the probabilities that `rstats.report` asks for."""

def describe(
    data: Mapping[str, Any] | Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer,
    *,
    columns: _Columns | Sequence[_Columns] | None = None,
    by: str | Sequence[str] | None = None,
    axis: int | None = None,
    weights: str | Iterable[_Number] | _ArrowArray | _ArrowStream | _Buffer | None = None,
    weighting: Literal["frequencies", "importances"] | None = None,
    stats: str | Sequence[str] | None = None,
    q: float | Sequence[float] | None = None,
    n: int | None = None,
    method: _Method | str = "linear",
    ddof: int = 1,
    nan: _NanPolicy = "propagate",
    null: _NullPolicy = "skip",
    min_count: int = 0,
    level: float = 0.95,
    trim: float = 0.1,
    bias: bool = False,
    bins: int | Literal["auto"] | None = None,
    top: int | None = None,
    threads: int | None = None,
) -> Description:
    """Exact statistics of one series, or of each column of a table.

    Parameters
    ----------
    data
        One series: what `compute_stats` takes, with None and pandas' NA and NaT in an iterable as nulls. A table:
        pyarrow, pandas, Polars, a dict of series, a list of records, a structured array, a dataset of xarray, or any
        object with `__arrow_c_array__` or `__arrow_c_stream__` that yields structs. Arrow data is checked on the way
        in: what does not fit together is a ValueError. A column of lists: one series a row, with its position in `row`;
        a null list has null counts, an empty one counts of 0. A NumPy array of several dimensions: one series for each
        index of all axes but `axis`, the last running fastest. Data in memory is read where it lies, without a copy;
        but some at a time are copied of groups, of an array's series of up to 2,048 values, and of its longer columns
        if rows lie together. What comes in batches (a `RecordBatchReader`, a pyarrow `Dataset` or `Scanner`, a Polars
        `LazyFrame`, a DuckDB relation) is read once, batch by batch. The values of the wanted columns are kept if
        quantiles are asked, or statistics that need all values (iqr, mad, mode, n_unique, trimmed_mean); texts, if mode
        or n_unique are; otherwise nothing is. With `by`, the table is kept.
    columns
        Which columns: a name (or whatever label pandas has for it), a compiled regular expression that a name must
        match somewhere, a type (`float`, `int`, `bool`, `decimal.Decimal`, `numpy.float32`, `pyarrow.int64()`,
        `polars.UInt8`), or several of them. Default: every column, each by its kind: numbers, booleans (`n_true` and
        the share of true), times (exact to the tick), texts (order and lengths), others (counts): see `Description`.
        Booleans that are named are numbers, 0 and 1. Columns of lists that are named are a series a row. The rows come
        kind by kind, and within one in the table's column order. With `weights` or `axis=1` numbers alone are
        described; what is left out then, and what cannot be read at all, is in `left_out`.
    by
        Columns of keys: one series for each distinct key, null being one, in ascending order; the keys keep their type.
        Any type, nested ones as well; ordered categories, Enums of Polars and ENUMs of DuckDB in their own order; in
        pandas also levels of the index, by name or number. With columns of lists: columns that are carried along, row
        by row.
    axis
        The axis that series run along, 0 by default, negative from the end; the mask of a masked array is nulls. 1 of a
        table: its rows, across the columns that are numbers of one type or mix exactly; columns of `by` come along.
    weights
        A column of the table by its name, or an array with a weight for each row. A row of weight 0 is as if it were
        not there; a null, negative, NaN or infinite weight is an error, and so is a total of 0.
    weighting
        What weights are. "frequencies": whole numbers, everything as if each value were repeated so often.
        "importances": sum = Σwx, mean = Σwx / W, variance = Σw(x - mean)² / (W - ddof·Σw²/W) with W = Σw, each
        correctly rounded; count is of rows; quantiles by "inverted_cdf" alone (the smallest value whose cumulative
        weight, divided by W, is at least p: `numpy.quantile(weights=…)`); other statistics are an error.
    stats
        A name or several; `()` for none. Default: "min", "max", "range", "mean", "stddev". A column has those that its
        kind has; count, null_count and nan_count are always there.

        - sums and order: "min", "max", "range", "sum", "mean", "mean_ci", "variance", "stddev", "sem", "cv", "iqr",
          "mad", "skewness", "kurtosis", "geometric_mean", "harmonic_mean", "trimmed_mean";
        - counts of values: "mode", "n_unique", "n_zero", "n_negative", "fences", "outliers", "histogram";
        - quantiles by their names: "q1", "median", "q3", "p95", "95%";
        - of booleans "n_true", of texts "n_empty", "min_length", "max_length" and "mean_length": they come with the
          default;
        - names of pandas: "std", "var", "unique", "freq", and "top" for the mode.
    q
        Probabilities of quantiles from 0 to 1. Default: (.25, .5, .75), but none where `stats` names statistics. They
        are called q1, median, q3, others p and their percent (p99, p99.9). `()` for none.
    n
        The number of groups of equal probability whose n - 1 cut points are the quantiles: 4 for quartiles, 100 for
        percentiles. In place of q.
    method
        How a quantile is defined. "exclusive" and "inclusive" have the bits of `statistics.quantiles`, the others
        those of `numpy.quantile`; but "nearest_half_up", which is what Polars calls "nearest", and
        "alphap=0.4,betap=0.4" with any numbers from 0 to 1, the free form of SciPy's `mquantiles` and Julia's
        `quantile`.
    ddof
        The divisor of variance and stddev is n - ddof; for ddof values or fewer they are not defined.
    nan
        "propagate": a series that holds a NaN has NaN statistics. "omit": as if the NaNs were null. "raise": an error
        that names the series and the lowest row. In NumPy-backed pandas data NaN is the missing value, a null.
    null
        "skip": nulls are left out, and counted. "propagate": no statistic of a series that holds a null is defined, as
        with pandas' `skipna=False`. "raise": an error that names the series.
    min_count
        The sum of fewer values is None. By default the sum of nothing is 0, as in pandas, NumPy and Polars; 1 gives
        SQL's null.
    level
        The confidence level of "mean_ci", which gives `mean_ci_low` and `mean_ci_high` (Student's t).
    trim
        The share of the values that "trimmed_mean" leaves out at each end, from 0 to below 0.5.
    bias
        Whether skewness and excess kurtosis keep the bias of a sample, as SciPy's and Polars' do, or are corrected for
        it, as pandas' and DuckDB's are.
    bins
        The number of bins of a histogram, up to 65,536, or "auto" for as many as `numpy.histogram(bins="auto")` has;
        given, the histogram is there as well. The one that `stats` names alone has 10.
    top
        The number of most frequent values to return of each column of text, 1 to 10,000, with the number of its
        distinct values (`n_unique`); default: none.
    threads
        How many to use, 1 to 1024; default: one a core. The answer does not depend on it.

    sum, mean, variance and stddev are correctly rounded (Python's `math.fsum`, `statistics.mean`, `variance`, `stdev`);
    a value beyond the range of f64 is ±inf. min and max order -0.0 before 0.0. Of the others:

    - sem = √(variance / n) and cv = stddev / mean (None for a mean of 0) are correctly rounded, and so are skewness and
      kurtosis (None where all values are equal);
    - iqr is the difference of the two quartiles by `method`;
    - mad is the median of |x - median|, unscaled, exact and rounded once;
    - trimmed_mean is the mean without the ⌊trim·n⌋ least and as many of the greatest values, the same values as SciPy's
      `trim_mean` leaves out, correctly rounded;
    - mode is the smallest of the most frequent values;
    - n_unique, n_zero and n_negative are integers also where a NaN makes the rest NaN; n_unique counts NaN as one,
      and both zeros as one;
    - fences are Tukey's, `lower_fence` = q1 - 1.5·iqr and `upper_fence` = q3 + 1.5·iqr, each operation rounded;
      outliers counts the values beyond them, `n_low_outliers` and `n_high_outliers`, exactly;
    - histogram is `{"edges": […], "counts": […]}`: bins of equal width from min to max with the edges of
      `numpy.histogram`, the last bin with its upper edge, counts exact whatever the type; None where a value is NaN or
      infinite. In Arrow it is a struct of two lists, in tables bars. Of times the edges are times, whole ticks: a bin
      holds what is from its edge on;
    - top is `[{"value": …, "count": …}, …]`, the most frequent text first, equally frequent ones in their order;
    - geometric_mean and harmonic_mean are within half a unit in the last place and 2^-57 of one; 0 with a zero, None
      with a negative value.

    Returns
    -------
    Description
        A row for each series and, with `by`, each key: its counts, then the statistics, in an order of their own, and
        the quantiles. A statistic that is not defined (the mean of nothing, the stddev of one value) is None in Python,
        null in Arrow and JSON, NaN in pandas, and – when it is printed. NaN and infinities are themselves, in JSON
        "NaN", "Infinity" and "-Infinity".

    Raises
    ------
    TypeError
        for data that is no series and no table, and for a list of anything but numbers.
    ValueError
        for an argument out of range, a column that is not there, a NaN under "raise", Arrow data that is damaged
        (text that is no UTF-8, offsets that lead nowhere, types nested more than 64 levels deep).

    What the caller's own code raises passes through: an iterable, the generator behind a pyarrow `RecordBatchReader`,
    `__float__`, `__index__`, `__array__`. Ctrl-C ends the work within a second.

    Examples
    --------
    >>> import rstats
    >>> rstats.describe({"temp": [12.5, 14.0, None, 9.5]}, stats=["mean"], q=[0.5])
    ┌────────────┬──────┐
    │            ┆ temp │
    ╞════════════╪══════╡
    │ count      ┆    3 │
    │ null_count ┆    1 │
    │ nan_count  ┆    0 │
    │ mean       ┆   12 │
    │ median     ┆ 12.5 │
    └────────────┴──────┘
    quantiles: linear · ddof: 1 · nan: propagate
    >>> table = {"city": ["Oslo", "Rome", "Oslo"], "temp": [-3.5, 12.0, 1.5]}
    >>> rstats.describe(table, by="city", stats=["mean"], q=()).to_dicts()[0]
    {'column': 'temp', 'kind': 'number', 'city': 'Oslo', 'count': 2, 'null_count': 0, 'nan_count': 0, 'mean': -1.0}
    """

class MemoryLimitError(MemoryError):
    """Work that does not fit in the memory that it was given; the message tells how much it would take."""

def parquet_files(paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[str]:
    """The Parquet files that `paths` stand for, as `describe_parquet` finds them.

    For tasks that read some of them each.

    Parameters
    ----------
    paths
        Those of `describe_parquet`.

    Raises
    ------
    OSError
        for a path that is not there, and a file that is no Parquet.

    Examples
    --------
    >>> import rstats
    >>> rstats.parquet_files("data/*_weather.parquet")
    ['data/seattle_weather.parquet']
    """

def describe_parquet(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    columns: _Columns | Sequence[_Columns] | None = None,
    by: str | Sequence[str] | None = None,
    where: str | None = None,
    memory_limit: int | str | None = None,
    on_error: Literal["fail", "skip"] = "fail",
    checkpoint: str | os.PathLike[str] | None = None,
    progress: Callable[[dict[str, int]], object] | None = None,
    stats: str | Sequence[str] | None = None,
    q: float | Sequence[float] | None = None,
    n: int | None = None,
    method: _Method | str = "linear",
    ddof: int = 1,
    nan: _NanPolicy = "propagate",
    null: _NullPolicy = "skip",
    min_count: int = 0,
    level: float = 0.95,
    trim: float = 0.1,
    bias: bool = False,
    bins: int | Literal["auto"] | None = None,
    top: int | None = None,
    threads: int | None = None,
) -> Description:
    """Exact statistics of Parquet files, of any number and size: the columns of one name are one series.

    Parameters
    ----------
    paths
        Files, folders (every `*.parquet` below them, but for names that start with `.` or `_`), globs, URLs (`s3://`,
        `gs://`, `az://`, `http(s)://`; credentials come from the environment), `"@list.txt"` (a file of paths); one or
        several.
    columns
        As for `describe`; `"temp_*"` (`*`, `?`, `[ab]`) stands for several, unless a column has that very name. Columns
        are matched by name, whatever their order in a file. A file that lacks one adds nothing to it (with `by`, its
        rows count as null). Numeric types mix exactly; other clashes are an error that names both files. A field of a
        struct is a column, `"a.b"`, and the struct's name means all of its fields. Columns of lists that are named have
        a row for each list, as in memory: the key `row` counts the rows that `where` keeps, file after file. The values
        of all lists or maps are one column where they are named, as Parquet spells the way to them in one of the files:
        `"a.list.element"`. An encrypted column, or one without a type, is left out unless it is named. Every column is
        described by its kind, as in memory: times in the finest unit of the files, instants of several zones in UTC.
    by
        Columns of keys, as for `describe`. Names of folders like `day=2026-11-01` are columns too: of integers, dates
        or text, for files that have no such column of their own. With columns of lists: carried along, row by row. An
        INTERVAL of Parquet, whose months Arrow does not keep beside its days, is refused.
    where
        Which rows count: comparisons (`temp > 0`, `city = 'Seattle'`, `day >= '2026-11-01'`), `and`, `or`, `not`, `in
        (1, 2)`, `between 1 and 2`, `is null`, `like 'A%'` (`%` any characters, `_` one; `ilike` takes letters in either
        case; `escape '!'` names what makes a wildcard stand for itself); `a.b` is a field of a struct, `"a b".c` one of
        which a name stands in quotes. A comparison with null is unknown, and only what is true counts; a NaN satisfies
        no comparison but `!=`. Comparisons are exact, but a number beside a column of floats is read as a float of its
        type, so that `temp = 0.1` finds 0.1. Row groups and pages that cannot hold such rows are not read; footers are,
        of all files.
    memory_limit
        The most memory that the process may take, in bytes or as text ("512MiB"). Default: half of the machine's, or of
        what its control group allows. What does not fit goes to temporary files, or is read again; the answer is the
        same, to the bit. What else the process holds is not known here, and counts as well.
    on_error
        "fail": a file that cannot be read, or does not fit those before it or the predicate, is an error. "skip": it is
        left out, whole, named in `errors`, and a `UserWarning` is given. A path that is not there is an error either
        way.
    checkpoint
        A folder where what was learned of each file is kept: the next call with the same question reads only files
        that are new or have changed, and others again only where their quantiles need it. With `by`, the rows of the
        wanted columns are kept, which serve for any statistics. It is for columns of numbers; others are left out.
    progress
        Called every 50 ms or so, with `{"pass", "files", "files_total", "rows", "rows_total", "bytes", "bytes_total"}`;
        what it raises ends the work. `rstats.progress.Bar()` draws a bar.

    All else is as for `describe`.

    Raises
    ------
    OSError
        for a file that cannot be read; `FileNotFoundError` for one that is not there.
    MemoryLimitError
        (a `MemoryError`) for work that does not fit in `memory_limit`, even with temporary files and more passes.
    TypeError, ValueError
        as `describe`, and for a predicate that cannot be read or does not fit its columns.

    Examples
    --------
    >>> import rstats
    >>> d = rstats.describe_parquet("data/city_temps.parquet", columns="temp", by="city", q=[0.5, 0.99])
    >>> [(row["city"], row["count"], row["median"]) for row in d]
    [('San Francisco', 8759, 56.5), ('Seattle', 8759, 50.7)]
    >>> d = rstats.describe_parquet("data/city_temps.parquet", where="temp > 70", memory_limit="512MiB")
    >>> d[0]["count"], d[0]["min"]
    (654, 70.1)
    """

@overload
def correlation(
    data: Mapping[str, Any] | Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer,
    other: None = None,
    /,
    *,
    columns: _Columns | Sequence[_Columns] | None = None,
    method: Literal["pearson", "spearman", "kendall"] = "pearson",
    nulls: Literal["pairwise", "complete"] = "pairwise",
    nan: _NanPolicy = "propagate",
    threads: int | None = None,
) -> Pairs: ...
@overload
def correlation(
    data: Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer,
    other: Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer,
    /,
    *,
    columns: None = None,
    method: Literal["pearson", "spearman", "kendall"] = "pearson",
    nulls: Literal["pairwise", "complete"] = "pairwise",
    nan: _NanPolicy = "propagate",
    threads: int | None = None,
) -> float | None:
    """The correlation of every pair of columns of a table, or of two series, correctly rounded.

    Parameters
    ----------
    data
        A table, or a NumPy array of two dimensions: its columns of numbers, a row and a column of the answer each. All
        that `describe` takes for one. With `other`, one series, and the answer is a float.
    other
        A second series, as long as the first.
    columns
        As for `describe`.
    method
        "pearson": r = Σ(x - x̄)(y - ȳ) / √(Σ(x - x̄)² · Σ(y - ȳ)²). "spearman": the same of the ranks, of which equal
        values share the mean. "kendall": τ-b, (concordant - discordant) / √((n₀ - n₁)(n₀ - n₂)) with n₀ pairs of rows,
        of which n₁ and n₂ are tied in x and in y. Each is one rounding of the exact value.
    nulls
        "pairwise": of each pair the rows in which both have a value, as in pandas. "complete": the rows in which every
        column has one.
    nan
        "propagate": a pair one of whose columns holds a NaN has NaN. "omit": NaNs are left out as nulls are. "raise":
        an error that names the column and the lowest row. In NumPy-backed pandas data NaN is a null. An infinite value
        makes Pearson's r NaN; in the order it is the last one.
    threads
        As for `describe`. The answer does not depend on it.

    Decimals of up to 27 digits count as what they are; wider ones are an error.

    Returns
    -------
    Pairs
        With `other`, a float. None where a column has equal values alone, or fewer than two rows count.

    Raises
    ------
    TypeError, ValueError
        as `describe`, and for series of different lengths.

    Examples
    --------
    >>> import rstats
    >>> rstats.correlation([1, 2, 3, 4], [1.5, 2.0, 2.5, 4.5])
    0.9326733179802503
    >>> data = {"a": [1, 2, 3, None], "b": [3.0, 2.0, 2.5, 1.0], "c": [1, 2, 3, 4]}
    >>> pairs = rstats.correlation(data, method="spearman")
    >>> pairs["a", "b"], pairs.count("a", "b")
    (-0.5, 3)
    """

@overload
def covariance(
    data: Mapping[str, Any] | Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer,
    other: None = None,
    /,
    *,
    columns: _Columns | Sequence[_Columns] | None = None,
    ddof: int = 1,
    nulls: Literal["pairwise", "complete"] = "pairwise",
    nan: _NanPolicy = "propagate",
    threads: int | None = None,
) -> Pairs: ...
@overload
def covariance(
    data: Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer,
    other: Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer,
    /,
    *,
    columns: None = None,
    ddof: int = 1,
    nulls: Literal["pairwise", "complete"] = "pairwise",
    nan: _NanPolicy = "propagate",
    threads: int | None = None,
) -> float | None:
    """The covariance of every pair of columns of a table, or of two series, correctly rounded.

    Parameters
    ----------
    data, other, columns, nulls, nan, threads
        As for `correlation`.
    ddof
        Σ(x - x̄)(y - ȳ) is divided by n - ddof; of ddof rows or fewer the covariance is None. Of a column with itself it
        is the variance, with the bits of `describe`.

    Returns
    -------
    Pairs
        With `other`, a float or None.

    Raises
    ------
    TypeError, ValueError
        as `correlation`.

    Examples
    --------
    >>> import rstats
    >>> rstats.covariance([1, 2, 3, 4], [1.5, 2.0, 2.5, 4.5])
    1.5833333333333333
    >>> rstats.covariance({"a": [1.0, 2.0, 4.0], "b": [0.0, 1.0, 5.0]}, ddof=0).to_dict()["b"]
    {'a': 2.6666666666666665, 'b': 4.666666666666667}
    """

@final
class Pairs:
    """The answer of `correlation` and `covariance`: a value for each pair of columns.

    `pairs["a", "b"]` is one of them, `len(pairs)` the number of columns; iteration gives their names. It speaks the
    Arrow PyCapsule protocol: a row a column, its name in `column`, then a column of floats for each. In a notebook it
    is a table whose colours say how strong correlations are.

    Examples
    --------
    >>> import rstats
    >>> rstats.correlation({"a": [1.0, 2.0, 4.0], "b": [0.0, 1.0, 5.0]})
    ┌───┬──────────┬──────────┐
    │   ┆        a ┆        b │
    ╞═══╪══════════╪══════════╡
    │ a ┆        1 ┆ 0.989743 │
    │ b ┆ 0.989743 ┆        1 │
    └───┴──────────┴──────────┘
    pearson · nulls: pairwise
    """

    @property
    def names(self) -> list[str]:
        """The names of the columns; of an array their positions."""
    def count(self, a: str, b: str) -> int:
        """The number of rows in which both columns have values."""
    def to_dict(self) -> dict[str, dict[str, float | None]]:
        """For each column a dict of its values with all columns; what is not defined is None."""
    def to_numpy(self) -> numpy.typing.NDArray[Any]:
        """A matrix; what is not defined is NaN. Needs NumPy."""
    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow table. Needs pyarrow."""
    def to_polars(self) -> polars.DataFrame:
        """A Polars frame. Needs Polars."""
    def to_pandas(self) -> pandas.DataFrame:
        """A pandas frame with the names as index and columns, as of `DataFrame.corr`. Needs pandas."""
    def __len__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @staticmethod
    def _from_parts(
        coefficient: str, nulls: str, names: Sequence[str], values: Sequence[float | None], counts: Sequence[int]
    ) -> Pairs: ...
    def __getitem__(self, pair: tuple[str, str], /) -> float | None: ...
    def __iter__(self) -> Iterator[str]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def _repr_html_(self) -> str: ...

@final
class Columns:
    """The answer of `rolling` and `expanding`: columns of numbers, a row for each row of the data.

    It speaks the Arrow PyCapsule protocol, so `pyarrow.table(c)` and `polars.DataFrame(c)` take it as it is. Columns
    are named by the column and the statistic (`temp_mean`, `temp_p90`); by the statistic (`mean`) where there is one
    series or column. They are float64, `count` and `n_unique` uint64; null is what is not defined, and what is said of
    too few values. `c["mean"]` is one of the columns, `len(c)` the number of rows.

    Examples
    --------
    >>> import rstats
    >>> rstats.rolling([1.0, 2.0, 6.0, 4.0], 2, stats=["count", "mean"], q=())
    4 rows of 2 columns
    count  mean
        1  null
        2   1.5
        2   4.0
        2   5.0
    """

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
    def to_dict(self) -> dict[str, list[Any]]:
        """A list of values for each column; what is not defined is None."""
    def to_numpy(self) -> dict[str, numpy.typing.NDArray[Any]]:
        """An array for each column; what is not defined is NaN. Needs NumPy."""
    def to_arrow(self) -> pyarrow.Table:
        """A pyarrow table. Needs pyarrow."""
    def to_polars(self) -> polars.DataFrame:
        """A Polars frame. Needs Polars."""
    def to_pandas(self, index: object | None = None) -> pandas.DataFrame:
        """A pandas frame with this index, by default 0 to n - 1; what is not defined is NaN. Needs pandas."""
    def __len__(self) -> int: ...
    def __getitem__(self, name: str, /) -> Columns: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

def rolling(
    data: Mapping[str, Any] | Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer,
    window: int | str | datetime.timedelta | numpy.timedelta64,
    *,
    on: str | Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer | None = None,
    by: str | Sequence[str] | None = None,
    columns: _Columns | Sequence[_Columns] | None = None,
    stats: str | Sequence[str] | None = None,
    q: float | Sequence[float] | None = None,
    method: _Method | str = "linear",
    ddof: int = 1,
    nan: _NanPolicy = "propagate",
    null: _NullPolicy = "skip",
    min_count: int = 0,
    bias: bool = False,
    min_periods: int | None = None,
    closed: Literal["right", "left", "both", "neither"] | None = None,
    center: bool = False,
    step: int = 1,
    threads: int | None = None,
) -> Columns:
    """Exact statistics of the rows around each row: a window that moves along a series, or along columns of a table.

    Parameters
    ----------
    data
        One series, a table, or an array of two dimensions, whose columns are named "0", "1", …: as `describe` takes
        them. Streams are read as a whole.
    window
        How far a window reaches: a number of rows (a row and those before it), or a span of time ("30s", "5min",
        "1h30min", "2d", "1w", a timedelta of Python, NumPy or pandas), in which case it holds the rows of the last
        `window` before the row.
    on
        The times of the rows, for a window of time: the name of a column of a table, or an array. Timestamps or dates
        in order, ascending or descending (with `by`, within each group), without nulls. By default the index of a
        pandas frame or series.
    by
        Columns of keys: a window holds rows whose keys are those of its row. The answer stays in the order of the rows.
    columns
        Which columns, as for `describe`. Default: every column of numbers.
    stats
        Of "count", "min", "max", "range", "sum", "mean", "variance", "stddev", "sem", "iqr", "skewness", "kurtosis",
        "n_unique", "cv", "q1", "median", "q3". Default: min, max, range, mean, stddev. `()` for none.
    q
        Probabilities of quantiles, as for `describe`; all of them come from one ordering. Default: (.25, .5, .75), but
        none where `stats` names statistics.
    method, ddof, nan, null, min_count, bias
        As for `describe`, of each window: a NaN makes those windows NaN that it is in. With nan="omit" it is as if it
        were null.
    min_periods
        A window of fewer values says nothing: its statistics (but "count") are null. Default: `window` for a number of
        rows, 1 for a span of time.
    closed
        Which ends of the window belong to it: "right" (default), "left", "both" or "neither". A window of 3 rows that
        is closed on both sides has 4.
    center
        Whether a row is in the middle of its window. By default it is the last one. A window of time about its middle
        holds the rows of half of `window` to each side.
    step
        The answer is of each `step`-th row only, from the first one on.
    threads
        How many to use, 1 to 1024; default: one a core. The answer does not depend on it.

    Each window has the bits of the same values described alone, wherever the series begins: an outlier, an infinity or
    a NaN leaves nothing behind. Names and defaults are those of pandas, and so are the bounds of windows: one of time
    ends with its row, also where rows after it have the same time.

    Returns
    -------
    Columns
        A row for each row of the data, or each `step`-th one, in their order. Columns are named by the column and the
        statistic (`temp_mean`); by the statistic alone where one series, or one column, is described. Null is what is
        not defined.

    Raises
    ------
    TypeError
        for data or a named column that holds no numbers.
    ValueError
        for a window of nothing, times that are missing, of another type or out of order (the first such row is named),
        a statistic that windows do not have ("mad", "mode", …), and what `describe` refuses.

    Method: values are whole numbers of a common unit, which are added when they enter and subtracted when they leave;
    quantiles are a cursor each in a set of ranks.

    Examples
    --------
    >>> import rstats
    >>> rstats.rolling([1.0, 2.0, 6.0, 4.0], 3, stats=["mean"], q=[0.5], min_periods=1).to_dict()
    {'mean': [1.0, 1.5, 3.0, 4.0], 'median': [1.0, 1.5, 2.0, 4.0]}
    >>> table = {"city": ["Oslo", "Rome", "Oslo", "Rome"], "temp": [1.0, 20.0, 3.0, 24.0]}
    >>> rstats.rolling(table, 2, by="city", stats=["mean"], q=(), min_periods=1).to_dict()
    {'mean': [1.0, 20.0, 2.0, 22.0]}
    """

def expanding(
    data: Mapping[str, Any] | Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer,
    *,
    by: str | Sequence[str] | None = None,
    columns: _Columns | Sequence[_Columns] | None = None,
    stats: str | Sequence[str] | None = None,
    q: float | Sequence[float] | None = None,
    method: _Method | str = "linear",
    ddof: int = 1,
    nan: _NanPolicy = "propagate",
    null: _NullPolicy = "skip",
    min_count: int = 0,
    bias: bool = False,
    min_periods: int = 1,
    step: int = 1,
    threads: int | None = None,
) -> Columns:
    """Exact statistics of all rows up to each row.

    Parameters
    ----------
    data, by, columns, stats, q, method, ddof, nan, null, min_count, bias, step, threads
        As for `rolling`.
    min_periods
        A statistic of fewer values than these is null; 1 by default, as in pandas.

    Returns
    -------
    Columns
        As of `rolling`.

    Raises
    ------
    TypeError, ValueError
        as `rolling`.

    Examples
    --------
    >>> import rstats
    >>> rstats.expanding([4.0, 1.0, 7.0], stats=["min", "mean"], q=()).to_dict()
    {'min': [4.0, 1.0, 1.0], 'mean': [4.0, 2.5, 4.0]}
    """

@final
class Accumulator:
    """Statistics of values that come for as long as a service runs.

    Parameters
    ----------
    columns
        The names of the columns that are taken of tables. Default: all of them.
    by
        The names of columns of keys: every distinct key is a group with an answer of its own. All tables have the same
        columns then. Default: no groups.
    stats, q, method, ddof, nan, null, min_count, level, trim, bias
        What is asked, as of `describe`.
    memory_limit
        The most that it may take, in bytes or as text ("64MiB"). Without quantiles, and statistics that need all values
        (iqr, mad, mode, n_unique, trimmed_mean), it stays at about two kilobytes a column. With them it keeps every
        value, 8 bytes each, and every distinct text: more than there is room for are a `MemoryLimitError`, and are not
        taken.
    keep
        For values that can be read again, in one part or many: about how many values of a column are kept for its
        quantiles (at least 256), of groups for each key. `another_pass` finds them then. A column has one type in all
        parts. Default: all are kept.

    A group of few rows is kept as these rows, and one of many as its sums and extrema, and what its quantiles need.

    An answer can be had at any time, and more values added after it: it is that of the same values described at once,
    to the bit. Two with the same arguments merge, in any order. It can be used by several threads, pickled, and sent
    to other processes as bytes.

    Examples
    --------
    >>> import rstats
    >>> latency = rstats.Accumulator(stats=["mean"], q=[0.5])
    >>> latency.update([0.25, 0.5]).update(0.75 for _ in range(2)).summary()[0]["mean"]
    0.5625
    >>> other = rstats.Accumulator(stats=["mean"], q=[0.5]).update([4.0])
    >>> latency.merge(rstats.Accumulator.from_bytes(other.to_bytes())).summary()[0]["median"]
    0.75
    >>> temps = rstats.Accumulator(by="city", stats=["mean"])
    >>> _ = temps.update({"city": ["Oslo", "Rome"], "temp": [1.0, 20.0]}).update({"city": ["Oslo"], "temp": [3.0]})
    >>> [(row["city"], row["mean"]) for row in temps.summary()]
    [('Oslo', 2.0), ('Rome', 20.0)]
    """

    def __new__(
        cls,
        *,
        columns: str | Sequence[str] | None = None,
        by: str | Sequence[str] | None = None,
        stats: str | Sequence[str] | None = None,
        q: float | Sequence[float] | None = None,
        method: _Method | str = "linear",
        ddof: int = 1,
        nan: _NanPolicy = "propagate",
        null: _NullPolicy = "skip",
        min_count: int = 0,
        level: float = 0.95,
        trim: float = 0.1,
        bias: bool = False,
        memory_limit: int | str | None = None,
        keep: int | None = None,
    ) -> Accumulator: ...
    @property
    def by(self) -> list[str] | None:
        """The names of the columns of keys, of groups; else None."""
    @property
    def may_need_passes(self) -> bool:
        """Whether it looks for quantiles without keeping all values: `aim` mostly saves it a pass."""
    @property
    def rows(self) -> int:
        """How many rows it has seen."""
    @property
    def nbytes(self) -> int:
        """How many bytes it takes."""
    def update(
        self,
        data: Mapping[str, Any] | Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer,
        *,
        threads: int | None = None,
    ) -> Accumulator:
        """Adds one series or a table, as `describe` takes them, and returns the accumulator itself.

        Columns are found again by their names; one that is new is as if it had been missing before. A column of type
        null is of the type that it has in other rows, and times come to the unit that they had first, if that is the
        finer one. After an error nothing has changed; but of a stream, the batches before it are there.

        Raises
        ------
        MemoryLimitError
            for more values than there is room for.
        ValueError
            for a column whose type does not go together with what it held before (a float holds integers up to 2^53;
            texts, times, booleans and numbers do not change into each other), and a NaN or a null under "raise".
        """
    def update_parquet(
        self,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        where: str | None = None,
        memory_limit: int | str | None = None,
        threads: int | None = None,
    ) -> Accumulator:
        """Adds the columns of Parquet files; returns the accumulator itself.

        `paths`, `where`, `memory_limit` and `threads` are those of `describe_parquet`. After an error nothing has
        changed.

        Raises
        ------
        OSError, ValueError, MemoryLimitError
            as `describe_parquet` and `update`.
        """
    def aim_parquet(
        self,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        where: str | None = None,
        memory_limit: int | str | None = None,
        threads: int | None = None,
    ) -> Accumulator:
        """As `aim`, by a look at a few rows of Parquet files; returns the accumulator itself.

        With `where`, and for fewer than a million rows, nothing is looked at. The arguments are those of
        `update_parquet`.

        Groups have their quantiles in different places: with `by`, the accumulator only learns which columns the files
        have together. A file may then lack some of these, and have its numbers in other types.
        """
    def aim(self, sample: Mapping[str, Any] | Iterable[Any] | _ArrowArray | _ArrowStream | _Buffer) -> Accumulator:
        """Looks for the quantiles where a sample of the values has them, so that mostly one pass is enough.

        The sample, one series or a table in memory, is not counted. Returns the accumulator itself, which has to have
        `keep`, and nothing seen yet.
        """
    def another_pass(self) -> Accumulator | None:
        """An empty accumulator for one more pass over the same values; None where everything is decided.

        It knows where the quantiles are, looks only there, and takes some kilobytes. Copies of it, or its bytes, go to
        wherever the parts of the values are.

        Examples
        --------
        >>> import rstats
        >>> parts = [range(0, 9000), range(9000, 10001)]
        >>> empty = rstats.Accumulator(stats=["mean"], q=[0.5], keep=1000)
        >>> whole = rstats.merge(empty.copy().update(part) for part in parts)
        >>> while (again := whole.another_pass()) is not None:
        ...     _ = whole.settle(rstats.merge(again.copy().update(part) for part in parts))
        >>> whole.summary()[0]["median"]
        5000.0
        """
    def settle(self, other: Accumulator) -> Accumulator:
        """Takes over what another pass has found; returns the accumulator itself.

        Raises
        ------
        ValueError
            for one that is no other pass of this one, and for a pass over other values: with another count or another
            exact sum.
        """
    def merge(self, other: Accumulator) -> Accumulator:
        """Adds what another one has seen, which stays as it is; returns the accumulator itself.

        Raises
        ------
        ValueError
            for one with other arguments, or columns of another type.
        """
    def summary(self) -> Description:
        """The answer so far: a row a column; of groups a row a column and key, in the order of the keys."""
    def split(self, buckets: int) -> list[Accumulator]:
        """The groups in as many accumulators, all rows of a key in one of them; this one stays as it is.

        The bucket of a key depends on the key alone: it is the same in every process and on every machine. So the same
        bucket of all parts can be merged in one place.

        Examples
        --------
        >>> import rstats
        >>> parts = [{"k": [1, 2], "x": [0.5, 1.0]}, {"k": [2, 3], "x": [3.0, 0.0]}]
        >>> empty = rstats.Accumulator(by="k", stats=["mean"])
        >>> split = [empty.copy().update(part).split(2) for part in parts]
        >>> whole = rstats.merge(rstats.merge(bucket).condense() for bucket in zip(*split))
        >>> [row["mean"] for row in whole.summary()]
        [0.5, 2.0, 0.0]
        """
    def condense(self) -> Accumulator:
        """Answers the groups that are complete, and forgets their rows; returns the accumulator itself.

        No more rows of these keys may come: merge the same bucket of all parts before. Groups that need another pass
        stay as they are. `summary` has all of them.

        Raises
        ------
        ValueError
            for an accumulator without groups. `summary` says so if rows of an answered key have come.
        """
    def copy(self) -> Accumulator:
        """Another one that has seen the same."""
    def clear(self) -> None:
        """Forgets all values."""
    def to_bytes(self) -> bytes:
        """All of it as bytes with a checksum, for other processes and machines with the same version of rstats."""
    @staticmethod
    def from_bytes(bytes: bytes) -> Accumulator:
        """What `to_bytes` has written.

        Raises
        ------
        ValueError
            for bytes that are damaged, or of another version.
        """
    def __copy__(self) -> Accumulator: ...
    def __deepcopy__(self, memo: Any, /) -> Accumulator: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Windows:
    """Windows of event time: batches are pushed in, and the windows that their rows close come out.

    Parameters
    ----------
    size
        How long a window is: "5min", "1h", "1d", a timedelta. Each begins where the one before ends.
    on
        The name of the column of times: timestamps or dates.
    slide
        A window begins each `slide`, so that windows overlap: at most `size`.
    gap
        In place of `size`: sessions. Rows of one key are in one if each comes less than `gap` after the one before; a
        session ends `gap` after its last row.
    offset
        How long after whole multiples of `slide` since 1970 (in UTC) windows begin: "2h" for days that begin at 2.
    by
        Columns of keys: a row of the answer for each window and key.
    columns
        The columns that are described. Default: the columns of numbers of the first batch.
    stats, q, method, ddof, nan, null, min_count, level, trim, bias
        What is asked of each window, as of `describe`.
    max_delay
        By how much a row may be behind the latest one of its partition without being late. Default: not at all.
    max_ahead
        A row that is further ahead of the clock is counted where it belongs, but closes no window. Default: no limit.
    late
        What happens to a row whose windows have closed: "count" (it is counted in `late_rows`, and left out), "keep"
        (`late()` has it, too) or "error".
    partitions
        Names of partitions that hold windows open from the beginning, though nothing has come of them yet.
    memory_limit
        The most memory that open windows may take, also while they are described, in bytes or as text ("1GiB"). Rows
        beyond it wait in files without names in TMPDIR. It is a `MemoryLimitError` once the rows of one key in one
        window do not fit.

    A window holds the rows from its start on, and before its end. It closes once the *watermark* has reached its end:
    the latest time so far, minus `max_delay`; of several partitions the least of theirs. A row is late if the rows
    before it have closed its windows; how the stream is cut into batches does not matter. Each window comes once, in
    the order of the ends and then of the keys, and has the bits of `describe` over the same rows.

    It can be used by several threads, pickled, and written as bytes, to go on after a crash as if nothing had happened.

    Examples
    --------
    >>> import datetime, rstats
    >>> noon = datetime.datetime(2026, 1, 1, 12)
    >>> minutes = [noon + datetime.timedelta(minutes=n) for n in range(7)]
    >>> windows = rstats.Windows("5min", on="ts", stats=["mean"], q=())
    >>> for closed in windows.push({"ts": minutes, "temp": [1, 2, 3, 4, 5, 20, 30]}):
    ...     print(closed["window_end"], closed["mean"])
    2026-01-01 12:05:00 3.0
    >>> windows.finish()[0]["mean"], windows.late_rows
    (25.0, 0)
    """

    def __new__(
        cls,
        size: str | datetime.timedelta | numpy.timedelta64 | None = None,
        *,
        on: str,
        slide: str | datetime.timedelta | numpy.timedelta64 | None = None,
        gap: str | datetime.timedelta | numpy.timedelta64 | None = None,
        offset: str | datetime.timedelta | numpy.timedelta64 | None = None,
        by: str | Sequence[str] | None = None,
        columns: str | Sequence[str] | None = None,
        stats: str | Sequence[str] | None = None,
        q: float | Sequence[float] | None = None,
        method: _Method | str = "linear",
        ddof: int = 1,
        nan: _NanPolicy = "propagate",
        null: _NullPolicy = "skip",
        min_count: int = 0,
        level: float = 0.95,
        trim: float = 0.1,
        bias: bool = False,
        max_delay: str | datetime.timedelta | numpy.timedelta64 | None = None,
        max_ahead: str | datetime.timedelta | numpy.timedelta64 | None = None,
        late: Literal["count", "keep", "error"] = "count",
        partitions: Iterable[object] | None = None,
        memory_limit: int | str | None = None,
    ) -> Windows: ...
    def push(
        self,
        data: Mapping[str, Any] | Iterable[Any] | _ArrowArray | _ArrowStream,
        partition: object | None = None,
        *,
        threads: int | None = None,
    ) -> Description:
        """Takes the next rows of a partition, a table as `describe` takes one; returns the windows that they close.

        Raises
        ------
        MemoryLimitError
            for more open rows than there is room for: they are in, and the windows that they close come with the next
            call.
        TypeError, ValueError
            for columns that are not there or not what they should be, for a batch of other types than the first one
            (a column of floats takes integers), and as `nan`, `null` and `late` have it: then nothing has changed.
        """
    def advance(self, time: datetime.datetime | str | int, partition: object | None = None) -> Description:
        """Says that no row before this time is to come, of one partition or of any; returns what that closes.

        `time` is a datetime of Python, NumPy or pandas (in UTC where it has no time zone), ISO 8601 text, or
        nanoseconds since 1970.
        """
    def declare(self, partition: object) -> None:
        """Holds windows open for a partition of which nothing has come yet."""
    def set_idle(self, partition: object) -> Description:
        """Says that nothing comes of a partition for now: until something does, it holds no window open."""
    def remove(self, partition: object) -> Description:
        """Forgets a partition, which comes no more or to somebody else; returns what that closes."""
    def flush(self) -> Description:
        """Closes the windows until the latest time so far, its own included: where nothing has come for long.

        Rows of these windows that still come are late.
        """
    def finish(self) -> Description:
        """Closes all windows that are open, at the end of the stream."""
    def late(self) -> list[Columns]:
        """The late rows, with late="keep": their times, keys and described columns, not the other columns of the data.

        Each row is handed out once."""
    @property
    def watermark(self) -> datetime.datetime | None:
        """No window that ends until then is open; None before the first row. Whole microseconds, in UTC."""
    @property
    def rows(self) -> int:
        """The rows that have come."""
    @property
    def late_rows(self) -> int:
        """The rows that came after all of their windows were closed."""
    @property
    def partly_late_rows(self) -> int:
        """The rows that came after some of their windows were closed, and are in the others."""
    @property
    def null_time_rows(self) -> int:
        """The rows whose time is null, which are in no window."""
    @property
    def ahead_rows(self) -> int:
        """The rows that were further ahead of the clock than `max_ahead`."""
    @property
    def open_windows(self) -> int:
        """The number of windows that hold rows and are open; of sessions, of all keys."""
    @property
    def nbytes(self) -> int:
        """About how many bytes it takes."""
    @property
    def memory_limit(self) -> int | None:
        """The most bytes of memory that open windows may take; None for no limit.

        It can be set, as bytes or as text: what a call could not hand out for want of memory comes with the next one.
        """
    @memory_limit.setter
    def memory_limit(self, limit: int | str | None) -> None: ...
    @property
    def position(self) -> Any:
        """What was given as `position` when the bytes were written that this was read from; else None."""
    def to_bytes(self, position: Any = None) -> bytes:
        """Everything as bytes with a checksum: open windows, watermarks, counters, and the caller's own `position`.

        `position` says how far the source has been read, as anything that JSON has: offsets of partitions, a line
        number. Read on from there after `from_bytes`, and the windows that come are the same to the bit. A window that
        is handed out again has the same `window_start` and keys, so that a sink can tell.
        """
    @staticmethod
    def from_bytes(bytes: bytes) -> Windows:
        """What `to_bytes` has written.

        Raises
        ------
        ValueError
            for bytes that are damaged, or of another version.
        """
    def __reduce__(self) -> tuple[Any, ...]: ...

def _batches(data: object) -> Iterator[Columns] | None: ...
def _stream(first: Description, rest: Iterator[Description], requested_schema: object | None) -> object: ...
