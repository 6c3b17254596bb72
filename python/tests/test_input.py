"""Every container in every role, against the plain list; and the ways in which containers were misread."""

from __future__ import annotations

import array
import collections
import decimal
import fractions
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
import rstats

D = decimal.Decimal


ASKED: dict[str, Any] = {
    "stats": ["min", "max", "range", "sum", "mean", "variance", "stddev", "mad", "mode", "n_unique"],
    "q": [0.1, 0.5, 0.9],
}


VALUES = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]


KEYS = ["b", "a", "b", "a", "b", "a", "b", "a", "b", "a", "b"]


TABLE = pa.table({"v": pa.array(VALUES, pa.int64()), "k": KEYS, "other": [[1]] * len(VALUES)})


class OnlyArray:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.values


class OnlyInterface:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values
        self.__array_interface__ = values.__array_interface__


class OnlyDlpack:
    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.values.__dlpack_device__()


class OnlyCapsule:
    def __init__(self, values: Any) -> None:
        self.values = values

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return self.values.__arrow_c_array__(requested_schema)


class OnlyStream:
    def __init__(self, values: Any) -> None:
        self.values = values

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.values.__arrow_c_stream__(requested_schema)


class Tensor:
    """As PyTorch's: it gives its values only without the memory of how it was computed."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def detach(self) -> OnlyArray:
        return OnlyArray(self.values)

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise RuntimeError("Can't call numpy() on a tensor that requires grad")


def masked() -> np.ma.MaskedArray:
    return np.ma.array([*VALUES, 99], mask=[False] * len(VALUES) + [True])[:-1]


ONES: dict[str, Callable[[], Any]] = {
    "list": lambda: VALUES,
    "tuple": lambda: tuple(VALUES),
    "range of a list": lambda: collections.deque(VALUES),
    "list of floats": lambda: [float(v) for v in VALUES],
    "list of Decimal": lambda: [D(v) for v in VALUES],
    "list of Decimal with cents": lambda: [D(v).quantize(D("0.01")) for v in VALUES],
    "list of Fraction": lambda: [fractions.Fraction(v) for v in VALUES],
    "list of scalars of NumPy": lambda: list(np.array(VALUES)),
    "array.array": lambda: array.array("q", VALUES),
    "memoryview": lambda: memoryview(array.array("d", VALUES)),
    "masked": masked,
    "objects": lambda: np.array(VALUES, dtype=object),
    "field": lambda: np.array([(v, 0.5) for v in VALUES], dtype=[("v", "i4"), ("w", "f8")])["v"],
    "big-endian": lambda: np.array(VALUES, dtype=">f8"),
    "strided": lambda: np.repeat(np.array(VALUES), 2)[::2],
    "only __array__": lambda: OnlyArray(np.array(VALUES)),
    "only __array_interface__": lambda: OnlyInterface(np.array(VALUES)),
    "only DLPack": lambda: OnlyDlpack(np.array(VALUES, dtype=float)),
    "only an Arrow array": lambda: OnlyCapsule(pa.array(VALUES)),
    "only an Arrow stream": lambda: OnlyStream(pa.chunked_array([VALUES[:4], VALUES[4:]])),
    "tensor": lambda: Tensor(np.array(VALUES)),
    "pandas Index": lambda: pd.Index(VALUES),
    "pandas objects": lambda: pd.Series(VALUES, dtype=object),
    "pandas decimals": lambda: pd.Series([D(v) for v in VALUES], dtype=object),
    "pandas categorical": lambda: pd.Categorical(VALUES),
    "pandas sparse": lambda: pd.arrays.SparseArray(VALUES),
    "pandas sparse series": lambda: pd.Series(VALUES).astype(pd.SparseDtype("int64", 1)),
    "pandas extension array": lambda: pd.array(VALUES),
    "pandas Arrow array": lambda: pd.array(VALUES, dtype="int64[pyarrow]"),
    "chunks": lambda: pa.chunked_array([VALUES[:4], [], VALUES[4:]]),
    "dictionary": lambda: pa.array(VALUES).dictionary_encode(),
    "runs": lambda: pa.RunEndEncodedArray.from_arrays(list(range(1, len(VALUES) + 1)), pa.array(VALUES)),
}


for code in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"):
    ONES[f"numpy {code}"] = lambda code=code: np.array(VALUES, dtype=code)
    ONES[f"pandas {code}"] = lambda code=code: pd.Series(VALUES, dtype=code)
    ONES[f"polars {code}"] = lambda code=code: pl.Series(np.array(VALUES, dtype=code))
    ONES[f"pyarrow {code}"] = lambda code=code: pa.array(np.array(VALUES, dtype=code))


for name in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64"):
    ONES[f"pandas {name}"] = lambda name=name: pd.Series(VALUES, dtype=name)


for data_type in (pa.decimal128(20, 3), pa.decimal256(40, 0), pa.decimal32(5, 1), pa.decimal64(9, 2)):
    ONES[f"pyarrow {data_type}"] = lambda data_type=data_type: pa.array(list(map(D, VALUES)), data_type)


for dtype in (pl.Int128, pl.UInt128, pl.Decimal(20, 2)):
    ONES[f"polars {dtype}"] = lambda dtype=dtype: pl.Series(VALUES).cast(dtype)


def statistics_of(description: rstats.Description) -> list[list[float | None]]:
    """The statistics as floats: each number is the same whatever type it is of."""
    rows = []
    for row in description.to_dicts():
        if row["kind"] != "number":
            continue
        names = list(row)[list(row).index("count") :]
        rows.append([None if row[name] is None else float(row[name]) for name in names])
    return rows


PLAIN = statistics_of(rstats.describe(VALUES, **ASKED))


GROUPED = statistics_of(rstats.describe({"k": KEYS, "v": VALUES}, by="k", **ASKED))


BY_VALUE = statistics_of(rstats.describe({"k": VALUES, "v": VALUES}, by="k", **ASKED))


WEIGHTED = statistics_of(rstats.describe(VALUES, weights=VALUES, weighting="frequencies", **ASKED))


@pytest.mark.parametrize("container", ONES)
def test_every_container_in_every_role(container: str) -> None:
    make = ONES[container]
    assert statistics_of(rstats.describe(make(), **ASKED)) == PLAIN
    assert rstats.compute_stats(make()) == rstats.compute_stats(VALUES)
    # Among others, some of which nobody asked for.
    others = {"text": ["x"] * len(VALUES), "v": make(), "nothing": pl.Series([None] * len(VALUES))}
    answer = rstats.describe(others, columns="v", **ASKED)
    assert statistics_of(answer) == PLAIN and answer.left_out == []
    answer = rstats.describe(others, **ASKED)
    assert statistics_of(answer) == PLAIN
    assert [(row["column"], row["kind"]) for row in answer][1:] == [("text", "text"), ("nothing", "other")]
    assert statistics_of(rstats.describe({"k": KEYS, "v": make()}, by="k", **ASKED)) == GROUPED
    assert statistics_of(rstats.describe({"k": make(), "v": VALUES}, by="k", **ASKED)) == BY_VALUE
    assert statistics_of(rstats.describe(VALUES, weights=make(), weighting="frequencies", **ASKED)) == WEIGHTED
    weights = {"v": VALUES, "w": make()}
    assert statistics_of(rstats.describe(weights, weights="w", weighting="frequencies", **ASKED)) == WEIGHTED


TABLES: dict[str, Callable[[], Any]] = {
    "dict": lambda: TABLE.select(["v", "k"]).to_pydict(),
    "records": lambda: TABLE.to_pylist(),
    "tuple of records": lambda: tuple(TABLE.to_pylist()),
    "structured": lambda: np.array(list(zip(VALUES, KEYS, strict=True)), dtype=[("v", "i8"), ("k", "U1")]),
    "pandas": lambda: TABLE.to_pandas(),
    "pandas of Arrow": lambda: TABLE.to_pandas(types_mapper=pd.ArrowDtype),
    "pandas nullable": lambda: TABLE.to_pandas().convert_dtypes(),
    "polars": lambda: pl.from_arrow(TABLE),
    "lazy": lambda: pl.from_arrow(TABLE).lazy(),
    "pyarrow": lambda: TABLE,
    "batch": lambda: TABLE.combine_chunks().to_batches()[0],
    "reader": lambda: TABLE.to_reader(max_chunksize=3),
    "dataset": lambda: ds.dataset(TABLE),
    "scanner": lambda: ds.dataset(TABLE).scanner(),
    "duckdb": lambda: duckdb.from_arrow(TABLE),
    "only an Arrow stream": lambda: OnlyStream(TABLE),
    "only an Arrow array": lambda: OnlyCapsule(TABLE.combine_chunks().to_batches()[0]),
}


@pytest.mark.parametrize("container", TABLES)
def test_every_table(container: str) -> None:
    make = TABLES[container]
    answer = rstats.describe(make(), **ASKED)
    assert statistics_of(answer) == PLAIN and [row["column"] for row in answer if row["kind"] == "number"] == ["v"]
    beside = {left["column"] for left in answer.left_out} | {row["column"] for row in answer if row["kind"] != "number"}
    assert {"k"} <= beside <= {"k", "other"}
    assert statistics_of(rstats.describe(make(), columns="v", **ASKED)) == PLAIN
    assert statistics_of(rstats.describe(make(), by="k", **ASKED)) == GROUPED
    assert (
        statistics_of(rstats.describe(make(), weights="v", columns="v", weighting="frequencies", **ASKED)) == WEIGHTED
    )
    with pytest.raises(ValueError, match="no column 'w'; the columns are"):
        rstats.describe(make(), columns="w")
    assert [row["column"] for row in rstats.describe(make(), columns="k")] == ["k"]


def rows(data: Any, **options: Any) -> list[dict[str, Any]]:
    return rstats.describe(data, **{"stats": ["sum"], "q": (), **options}).to_dicts()


@pytest.mark.parametrize(
    "spoilt",
    [
        pl.Series([None, None]),
        pl.Series([2**100, 1], dtype=pl.Int128),
        pl.Series([[], []]),
        pl.Series([{"a": 1}, {"a": 2}]),
        pl.Series([object(), object()], dtype=pl.Object),
        pl.Series([b"x", b"y"]),
    ],
    ids=lambda series: str(series.dtype),
)
def test_a_column_that_nobody_asked_for_spoils_nothing(spoilt: pl.Series) -> None:
    frame = pl.DataFrame({"x": [1.0, 2.0], "n": spoilt})
    made: list[Any] = [frame, {"x": frame["x"], "n": frame["n"]}]
    if spoilt.dtype != pl.Object:
        made.append(frame.lazy())
    for data in made:
        assert rows(data, columns="x") == [
            {"column": "x", "kind": "number", "count": 2, "null_count": 0, "nan_count": 0, "sum": 3.0}
        ]
        answer = rstats.describe(data, stats=["sum"], q=())
        described = [row["column"] for row in answer]
        assert described + [left["column"] for left in answer.left_out] == ["x", "n"]
        assert not answer.left_out or isinstance(data, pl.LazyFrame) or spoilt.dtype == pl.Int128


def test_a_source_that_fails_is_not_a_column_of_another_type() -> None:
    class Failing:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            raise TypeError("from the caller's own code")

    with pytest.raises(TypeError, match="from the caller's own code"):
        rstats.describe({"x": [1.0], "y": Failing()})


def test_dictionaries_with_many_values_in_many_chunks() -> None:
    chunk = lambda count, letter: pa.DictionaryArray.from_arrays(  # noqa: E731
        pa.array(np.arange(count), pa.int8()), pa.array([f"{letter}{i:03}" for i in range(count)])
    )
    keys = pa.chunked_array([chunk(65, "a"), chunk(64, "b"), chunk(127, "c")])
    answer = rstats.describe(pa.table({"k": keys, "v": np.arange(256.0)}), by="k", stats=["sum"], q=())
    assert [row["sum"] for row in answer] == list(np.arange(256.0))
    assert [row["k"] for row in answer][:2] == ["a000", "a001"]


@pytest.mark.parametrize("make", [OnlyArray, OnlyInterface, OnlyDlpack, Tensor, np.asarray])
def test_arrays_of_several_dimensions(make: Any) -> None:
    values = np.arange(6.0).reshape(2, 3)
    assert [row["sum"] for row in rows(make(values))] == [3.0, 5.0, 7.0]
    assert [row["sum"] for row in rows(make(values), axis=1)] == [3.0, 12.0]
    with pytest.raises(ValueError, match="axis 2"):
        rows(make(values), axis=2)
    with pytest.raises((TypeError, ValueError), match="2 dimensions"):
        rows({"v": make(values)}, columns="v")
    assert "2 dimensions" in rstats.describe({"v": make(values)}).left_out[0]["reason"]


def test_xarray() -> None:
    xr = pytest.importorskip("xarray")
    array = xr.DataArray(np.arange(6.0).reshape(2, 3), dims=("x", "y"))
    assert [row["sum"] for row in rows(array, axis=1)] == [3.0, 12.0]
    dataset = xr.Dataset({"a": ("x", [1.0, 2.0]), "b": (("x", "y"), [[1, 2], [3, 4]]), "t": ("x", ["u", "v"])})
    answer = rstats.describe(dataset, stats=["sum"], q=())
    assert [(row["column"], row["sum"]) for row in answer] == [("a", 3.0), ("b", 10)]
    assert [left["column"] for left in answer.left_out] == ["t"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros(2, np.longdouble), "float128|longdouble"),
        (np.zeros(2, complex), "complex128"),
        (3.5, "float is no series"),
        (None, "NoneType is no series"),
        ("12", "a string is no series"),
        (object(), "object is no series"),
    ],
)
def test_what_is_not_described_is_named(data: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        rstats.describe(data)
    if isinstance(data, np.ndarray):
        answer = rstats.describe({"x": data, "y": [1.0] * len(data)})
        assert [left["column"] for left in answer.left_out] == ["x"]
    else:
        with pytest.raises(TypeError, match=f"column 'x': .*{message}"):
            rstats.describe({"x": data})


def test_labels_are_those_of_pandas() -> None:
    frame = pd.DataFrame({0: [1.0, 2.0], 1: [3.0, 4.0], "k": ["a", "b"], pd.Timestamp("2024"): [5, 6]})
    assert [row["column"] for row in rows(frame, columns=[1])] == ["1"]
    assert [row["column"] for row in rows(frame, columns=1)] == ["1"]
    assert [row["column"] for row in rows(frame, columns="1")] == ["1"]
    assert [row["sum"] for row in rows(frame, columns=pd.Timestamp("2024"))] == [11]
    assert [row["0"] for row in rows(frame, by=0, columns=[1])] == [1.0, 2.0]
    levels = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "x")])
    frame = pd.DataFrame([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], columns=levels)
    assert [row["sum"] for row in rows(frame, columns=[("a", "x")])] == [5.0]
    assert [row["sum"] for row in rows(frame, columns=("a", "y"))] == [7.0]
    assert [row["sum"] for row in rows(frame, columns="a")] == [5.0, 7.0]
    assert len(rows(frame, columns=frame.columns)) == 3
    with pytest.raises(ValueError, match="no column"):
        rows(frame, columns=[("c", "x")])


def test_containers_of_series_are_read_as_they_are_meant_or_say_what_to_write() -> None:
    frame = pd.DataFrame({"k": [1, 1], "v": [1.0, 2.0]}, index=pd.date_range("2024", periods=2))
    records = [{"a": 1, "b": "x"}, {"a": 2.5}, {"c": 3}]
    assert rows(records) == rows({"a": [1, 2.5, None], "b": ["x", None, None], "c": [None, None, 3]})
    for data, sentence in (
        (frame.groupby("k"), r"by=\["),
        (frame.groupby("k")["v"], r"by=\["),
        (frame.resample("D"), "bin"),
        (frame.rolling(2), "write rstats.rolling"),
        (frame["v"].expanding(), "write rstats.expanding"),
        (frame["v"].ewm(1), "its own methods"),
        (pl.DataFrame({"k": [1], "v": [1.0]}).group_by("k"), r"by=\["),
        (pl.DataFrame({"k": [1], "v": [1.0]}).lazy().group_by("k"), r"by=\["),
        (pl.col("x"), "select"),
        (pa.table({"k": [1]}).group_by("k"), r"by=\["),
        ([[1.0, 2.0], [3.0]], "pyarrow.array"),
        ([{"a": 1}, 2], "record at position 1"),
    ):
        with pytest.raises(TypeError, match=sentence):
            rstats.describe(data)


def test_what_was_left_out_is_told_everywhere() -> None:
    table = pa.table(
        {
            "t": pa.array([1, 2], pa.duration("s")),
            "s": ["a", "b"],
            "b": [True, False],
            "l": [[1], [2]],
            "x": [1.0, 2.0],
        }
    )
    expected = [("x", "number"), ("b", "boolean"), ("t", "time"), ("s", "text"), ("l", "other")]
    for data in (
        table,
        table.to_reader(),
        pl.from_arrow(table),
        table.to_pandas(),
        {n: table[n] for n in table.column_names},
    ):
        answer = rstats.describe(data)
        assert [(row["column"], row["kind"]) for row in answer] == expected and not answer.left_out
    # Weights, and statistics along a row, are of numbers.
    for options in ({"weights": [1, 1], "weighting": "frequencies"}, {"axis": 1}):
        answer = rstats.describe(table, **options)
        assert [left["column"] for left in answer.left_out] == ["t", "s", "b", "l"]
        assert all(left["reason"] for left in answer.left_out)
        assert "left out: t (" in repr(answer) and "left out: t (" in answer._repr_html_()
        assert '"left_out": [{"column": "t"' in answer.to_json()
    body = b'[{"x": 1, "t": "a", "u": true}, {"x": 2, "o": {}}]'
    answer = rstats.describe_json(body)
    assert [(left["column"], left["reason"]) for left in answer.left_out] == [
        ("t", "a string, not a number"),
        ("u", "a boolean, not a number"),
        ("o", "an object, not a number"),
    ]
    grouped = rstats.describe(table, by="s")
    assert [row["column"] for row in grouped] == ["x", "x", "b", "b", "t", "t", "l", "l"] and not grouped.left_out
