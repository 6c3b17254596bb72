"""Bad input: the right exception, and a sentence that says what was wrong and where."""

from __future__ import annotations

import decimal
import math
import statistics
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import rstats

NOT_A_SERIES: list[tuple[Any, type[Exception], str]] = [
    ([1, 2, "three"], TypeError, r"position 2 is 'three' \(str\), not a number"),
    ([1.0, None], TypeError, r"position 1 is None"),
    ([1.0, [2.0]], TypeError, r"position 1 is \[2.0\] \(list\)"),
    ([1j, 2.0], TypeError, r"position 0 is 1j \(complex\)"),
    ([np.array([1.5, 2.0]), 2.0], TypeError, "position 0 is array"),
    ("123", TypeError, "a string is no series"),
    (7, TypeError, "int is no series"),
    (None, TypeError, "NoneType is no series"),
    ([10**90, 1], ValueError, "position 0 has more than 76 digits"),
    ([decimal.Decimal("1e-200"), 1], ValueError, "position 0"),
    (np.float64(3.0), (TypeError, ValueError), "no series"),
    (np.array(3.0), ValueError, "0 dimensions"),
    (np.zeros((2, 2)), ValueError, "2 dimensions"),
    (np.array(["a", "b"]), TypeError, "<U1"),
    (np.zeros(2, complex), TypeError, "complex128"),
    (np.zeros(2, np.longdouble), TypeError, "longdouble|float128"),
    (np.zeros(2, "M8[s]"), TypeError, r"datetime64\[s\]"),
    (np.zeros(2, [("a", "f8")]), TypeError, "is a table"),
    (pa.array(["a"]), TypeError, "the series is of type string"),
    (pd.Series(["a"], name="s"), TypeError, "column 's'"),
    (pd.Series(pd.to_datetime(["2020-01-01"])), TypeError, "datetime64"),
    (pl.Series("s", ["a"]), TypeError, "column 's'"),
]


@pytest.mark.parametrize(
    ("data", "exception", "message"), NOT_A_SERIES, ids=[repr(case[0])[:30] for case in NOT_A_SERIES]
)
def test_what_is_no_series(data: Any, exception: type[Exception], message: str) -> None:
    with pytest.raises(exception, match=message):
        rstats.compute_stats(data)


@pytest.mark.parametrize(
    "data", [[], [1.0], np.array([]), np.array([2]), pa.array([1.0, None]), pd.Series([math.nan, 1])]
)
def test_fewer_than_two_values(data: Any) -> None:
    with pytest.raises(statistics.StatisticsError, match="at least two values"):
        rstats.compute_stats(data)


def test_a_nan_makes_all_four_nan() -> None:
    stats = rstats.compute_stats([1.0, math.nan, 3.0])
    assert all(map(math.isnan, [stats.range, stats.mean, stats.stddev, *stats.quartiles]))


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"method": "quartile"}, ValueError, "'quartile' is not a quantile method; it is one of exclusive, inclusive"),
    ({"q": 1.5}, ValueError, "from 0 to 1, not 1.5"),
    ({"q": [0.5, math.nan]}, ValueError, "from 0 to 1, not NaN"),
    ({"n": -4}, ValueError, "the number of groups"),
    ({"q": "0.5"}, TypeError, "q is a probability"),
    ({"q": True}, TypeError, "q is a probability"),
    ({"stats": ["averge"]}, ValueError, "'averge' is not a statistic; it is one of min"),
    ({"stats": 3}, TypeError, "stats is a name or a sequence of names"),
    ({"ddof": -1}, ValueError, "ddof is from 0 to [0-9]+, not -1"),
    ({"nan": "drop"}, ValueError, "'drop' is not a NaN policy"),
    ({"level": 0}, ValueError, "confidence level"),
    ({"threads": 0}, ValueError, "threads is from 1 to 1024, not 0"),
    ({"columns": "z"}, ValueError, "there is no column 'z'; the columns are 'x', 's'"),
    ({"columns": ["s"], "axis": 1}, TypeError, "column 's' is of type (string|str)"),
    ({"axis": 2}, ValueError, "axis 2 of data with 2 dimension"),
    ({"axis": -3}, ValueError, "axis -3 of data with 2 dimension"),
    ({"threads": 2**64}, ValueError, "threads is from 1 to 1024"),
    ({"threads": "2"}, TypeError, "threads is a whole number"),
    ({"q": 10**30}, ValueError, "not 1000000000000000000000000000000"),
    ({"n": 10**30}, ValueError, "not 1000000000000000000000000000000"),
    ({"q": 95}, ValueError, r"for p95 write q=0.95, and for the 94 cut points of 95 groups n=95"),
    ({"q": 1000}, ValueError, r"not 1000; for the 999 cut points of 1000 groups n=1000"),
    ({"q": -1}, ValueError, "from 0 to 1, not -1"),
    ({"q": [0.5], "n": 4}, ValueError, "give one of them"),
    ({"n": 0}, ValueError, "from 1 to 1000000, not 0"),
    ({"n": 2.5}, TypeError, "n is a whole number of groups"),
    ({"n": True}, TypeError, "n is a whole number of groups"),
]


@pytest.mark.parametrize(("arguments", "exception", "message"), WRONG, ids=str)
@pytest.mark.parametrize("library", [pa.table, pd.DataFrame])
def test_wrong_arguments(library: Any, arguments: dict[str, Any], exception: type[Exception], message: str) -> None:
    table = library({"x": [1.0, 2.0], "s": ["a", "b"]})
    with pytest.raises(exception, match=message):
        rstats.describe(table, **arguments)


def test_a_nan_that_is_refused_is_told_by_series_and_row() -> None:
    table = pa.table({"x": [1.0] * 5, "y": [1.0, None, 2.0, math.nan, math.nan]})
    with pytest.raises(ValueError, match="column 'y' holds a NaN in row 3"):
        rstats.describe(table, nan="raise")
    with pytest.raises(ValueError, match="column 'y' holds a NaN in row 8"):
        good = pa.record_batch({"x": [1.0] * 5, "y": [1.0] * 5})
        rstats.describe(pa.RecordBatchReader.from_batches(table.schema, [good, *table.to_batches()]), nan="raise")
    long = np.zeros(500_000)
    long[400_001] = math.nan
    with pytest.raises(ValueError, match="the series holds a NaN in row 400001"):
        rstats.describe(long, nan="raise")


def test_a_reader_that_fails_midway() -> None:
    def batches() -> Any:
        yield pa.record_batch({"x": [1.0]})
        raise RuntimeError("the disk is on fire")

    schema = pa.schema([("x", pa.float64())])
    with pytest.raises(RuntimeError, match="^the disk is on fire$"):
        rstats.describe(pa.RecordBatchReader.from_batches(schema, batches()))
    with pytest.raises(ValueError, match="^the stream failed: RuntimeError: the disk is on fire"):
        rstats.describe(Stream(pa.RecordBatchReader.from_batches(schema, batches())))


class Stream:
    """An object that speaks only the PyCapsule protocol: all that is left of an exception there is its text."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self.data.__arrow_c_stream__(requested_schema)


def not_numbers_of_pandas() -> list[pd.Series]:
    struct = pd.arrays.ArrowExtensionArray(pa.array([{"x": 1.0}] * 3))
    return [
        pd.Series(struct, name="s"),
        pd.Series(pd.arrays.IntervalArray.from_breaks([0.0, 1, 2, 3]), name="s"),
        pd.Series(pd.period_range("2020", periods=3, freq="M"), name="s"),
        pd.Series(["a", "b", "c"], dtype=object, name="s"),
        pd.Series(["a", "b", "c"], dtype="category", name="s"),
    ]


def booleans_of_pandas() -> list[pd.Series]:
    dtypes = ("bool", "category", "boolean", "bool[pyarrow]", "object")
    return [pd.Series([True, False, True], dtype=dtype, name="s") for dtype in dtypes]


@pytest.mark.parametrize("series", not_numbers_of_pandas(), ids=lambda series: str(series.dtype)[:20])
def test_columns_that_hold_no_numbers_are_described_by_their_kind(series: pd.Series) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "s": series})
    for table in (frame, {"x": frame["x"], "s": frame["s"]}):
        first, second = rstats.describe(table)
        assert first["column"] == "x" and second["kind"] in ("text", "other") and second["count"] == 3
        assert rstats.describe(table, columns="s").to_dicts() == [second]
    assert rstats.describe(series)[0] == second
    with pytest.raises(TypeError, match="column 's'"):
        rstats.compute_stats(series)


@pytest.mark.parametrize("series", booleans_of_pandas(), ids=lambda series: str(series.dtype))
def test_booleans_are_numbers_where_they_are_named(series: pd.Series) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "s": series})
    for table in (frame, {"x": frame["x"], "s": frame["s"]}, pa.table(frame)):
        first, second = rstats.describe(table)
        assert first["column"] == "x" and (second["kind"], second["n_true"]) == ("boolean", 2)
        assert rstats.describe(table, columns="s", stats="sum", q=())[0]["sum"] == 2.0
    assert [row["n_true"] for row in rstats.describe({"s": [True, None, True]})] == [2]
    assert rstats.compute_stats(series).mean == 2 / 3


def test_columns_of_polars_that_arrow_does_not_know() -> None:
    wide = [2**100, -(2**100), 3]
    frame = pl.DataFrame({"null": [None] * 3, "wide": pl.Series(wide, dtype=pl.Int128), "x": [1.0, 2.0, 3.0]})
    rows = rstats.describe(frame, stats="max", q=()).to_dicts()
    assert [(row["column"], row.get("max")) for row in rows] == [("wide", 2.0**100), ("x", 3.0), ("null", None)]
    (row,) = rstats.describe(frame, columns="null")
    assert (row["kind"], row["count"], row["null_count"]) == ("other", 0, 3)


def test_a_list_with_a_string_in_a_table() -> None:
    with pytest.raises(ValueError, match="position 1"):
        rstats.describe({"x": [1.0, "two"]})


def test_an_axis_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="axis 3 of data with 3 dimension"):
        rstats.describe(np.zeros((2, 2, 2)), axis=3)
    with pytest.raises(ValueError, match="axis 2 of data with 2 dimension"):
        rstats.describe(np.zeros((2, 2)), axis=2)
