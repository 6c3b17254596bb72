"""Every container in every role, against the plain list; and the ways in which objects were misread."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import itertools
import json
import pickle
import uuid
from collections.abc import Callable, Iterator
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
NAN = float("nan")
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


# C


@pytest.mark.parametrize(
    "keys",
    [
        pa.array([2**62, 2**62 + 1], pa.timestamp("s")),
        pa.array([2**62, 2**62 + 1], pa.duration("s")),
        pa.array([2**31 - 1, 2**31 - 2], pa.date32()),
        duckdb.sql("select unnest(['infinity'::timestamp, '-infinity'::timestamp]) k").to_arrow_table().column("k"),
    ],
    ids=str,
)
def test_keys_beyond_the_calendar_are_themselves(keys: Any) -> None:
    answer = rstats.describe(pa.table({"k": keys, "v": [1, 2]}), by="k", stats=["sum"], q=())
    assert pa.table(answer).column("k").type == keys.type
    ticks = sorted(keys.cast(pa.int64() if keys.type.bit_width == 64 else pa.int32()).to_pylist())
    assert (
        pa.table(answer).column("k").cast(pa.int64() if keys.type.bit_width == 64 else pa.int32()).to_pylist() == ticks
    )
    texts = [str(row["k"]) for row in answer]
    assert len(set(texts)) == 2 and not any("rror" in text for text in texts)


# E


@pytest.mark.parametrize(
    "missing",
    [None, NAN, pd.NA, pd.NaT, D("NaN"), np.float32("nan"), np.datetime64("NaT"), np.timedelta64("NaT")],
    ids=repr,
)
def test_every_missing_value_of_pandas_is_null(missing: Any) -> None:
    frame = pd.DataFrame({"a": pd.Series([1, missing, 2.5], dtype=object)})
    (row,) = rows(frame)
    assert (row["count"], row["null_count"], row["nan_count"], row["sum"]) == (2, 1, 0, 3.5)
    booleans = pd.DataFrame({"b": pd.Series([True, missing, True], dtype=object)})
    answer = rstats.describe(booleans, stats=["sum"], q=())
    (row,) = answer
    assert (row["kind"], row["count"], row["null_count"], row["n_true"]) == ("boolean", 2, 1, 2)
    (row,) = rows(booleans, columns="b")
    assert (row["count"], row["null_count"], row["sum"]) == (2, 1, 2)


# F


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


MIDNIGHT = datetime.datetime(2026, 1, 1, 5)
TIMES: dict[str, Any] = {
    "dates": datetime.date(2026, 1, 1),
    "datetimes without a zone": MIDNIGHT,
    "datetimes with a zone": MIDNIGHT.replace(tzinfo=datetime.UTC),
}


@pytest.mark.parametrize("one", TIMES)
@pytest.mark.parametrize("other", TIMES)
def test_times_of_two_sorts_are_never_made_one(one: str, other: str) -> None:
    """pyarrow makes dates of datetimes after a date, and takes those without a zone for UTC after one with a zone."""
    values = [None, TIMES[one], None, TIMES[other]]
    for data in ({"at": values}, pd.DataFrame({"at": pd.Series(values, dtype=object)})):
        found = rstats.describe(data, stats=["max"], q=()).to_dicts()[0]
        assert (found["kind"], found["count"], found["null_count"]) == ("time" if one == other else "other", 2, 2)
        acc = rstats.Accumulator(stats=["max"], q=()).update(data)
        assert acc.summary().to_dicts() == [found]
    keyed = {"at": values, "x": [1, 2, 3, 4]}
    if one == other:
        assert len(rstats.describe(keyed, by="at")) == 2
        return
    with pytest.raises(TypeError, match=f"'at' holds {one} and {other}; give its values one type"):
        rstats.describe(keyed, by="at")


def test_decimals_after_missing_values_keep_their_digits() -> None:
    money = [decimal.Decimal("0.10"), decimal.Decimal("123456789012345678.91"), decimal.Decimal("1E+3")]
    expected = rstats.describe([*money, None, None], stats=["max", "sum", "mode"], q=()).to_dicts()[0]
    assert expected["sum"] == sum(money) and isinstance(expected["sum"], decimal.Decimal)
    for values in ([None, None, *money], [None, money[0], None, *money[1:]]):
        for data in (values, {"x": values}, pd.Series(values, dtype=object), pd.DataFrame({"x": values})):
            found = rstats.describe(data, stats=["max", "sum", "mode"], q=()).to_dicts()[0]
            assert str(found | {"column": None}) == str(expected)
        acc = rstats.Accumulator(stats=["max", "sum", "mode"], q=()).update(values).summary().to_dicts()
        assert str(acc[0]) == str(expected)
    # A float makes all of them floats, whatever is missing before.
    assert rstats.describe([None, 0.5, money[0]], stats=["max"], q=())[0]["max"] == 0.5


def test_integers_too_wide_for_us_are_named() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "wide": pd.Series([10**77, 1], dtype=object)})
    answer = rstats.describe(frame)
    assert [row["column"] for row in answer] == ["x"]
    assert answer.left_out == [{"column": "wide", "reason": "the integer at position 0 has more than 76 digits"}]
    with pytest.raises(ValueError, match="column 'wide': the integer at position 0 has more than 76 digits"):
        rstats.describe(frame, columns="wide")
    with pytest.raises(ValueError, match="column 'a': the integer at position 1"):
        rstats.describe({"a": [1, 10**5000]})


def test_a_source_that_fails_is_not_a_column_of_another_type() -> None:
    class Failing:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            raise TypeError("from the caller's own code")

    with pytest.raises(TypeError, match="from the caller's own code"):
        rstats.describe({"x": [1.0], "y": Failing()})


# G


def test_dictionaries_with_many_values_in_many_chunks() -> None:
    chunk = lambda count, letter: pa.DictionaryArray.from_arrays(  # noqa: E731
        pa.array(np.arange(count), pa.int8()), pa.array([f"{letter}{i:03}" for i in range(count)])
    )
    keys = pa.chunked_array([chunk(65, "a"), chunk(64, "b"), chunk(127, "c")])
    answer = rstats.describe(pa.table({"k": keys, "v": np.arange(256.0)}), by="k", stats=["sum"], q=())
    assert [row["sum"] for row in answer] == list(np.arange(256.0))
    assert [row["k"] for row in answer][:2] == ["a000", "a001"]


# H


@pytest.mark.parametrize("code", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "?"])
def test_keys_keep_their_type(code: str) -> None:
    keys = np.array([1, 0, 1], dtype=code)
    frame = pd.DataFrame({"k": keys, "v": [1, 2, 4]})
    for data in ({"k": keys, "v": [1, 2, 4]}, frame, pa.table({"k": keys, "v": [1, 2, 4]})):
        answer = rstats.describe(data, by="k", stats=["sum"], q=())
        assert pa.table(answer).column("k").type == pa.from_numpy_dtype(keys.dtype)
        assert answer.to_pandas(tidy=True)["k"].dtype == keys.dtype
        assert [row["sum"] for row in answer] == [2, 5]


KEY_OBJECTS: dict[str, tuple[Any, str]] = {
    "period": (pd.period_range("2024-01", periods=3, freq="M"), "2024-01"),
    "interval": (pd.interval_range(0, 3), "(0, 1]"),
    "zone": (pd.date_range("2024-01-01", periods=3, tz="Europe/Berlin"), "2023-12-31T23:00:00+00:00"),
    "timedelta": (pd.to_timedelta([1, 2, 3], unit="s"), "PT1S"),
    "categories": (pd.Categorical(["a", "b", "c"]), "a"),
    "nanoseconds": (pd.date_range("2024-01-01", periods=3).as_unit("ns"), "2024-01-01T00:00:00"),
    "cut": (pd.cut([1, 3, 5], [0, 2, 4, 6]), "(0, 2]"),
    "quarters": (pd.period_range("2024Q1", periods=3, freq="Q").astype("category"), "2024Q1"),
}


@pytest.mark.parametrize("name", KEY_OBJECTS)
def test_keys_of_pandas_come_back_as_they_are(name: str) -> None:
    keys, shown = KEY_OBJECTS[name]
    frame = pd.DataFrame({"k": keys, "v": [1, 2, 4]})
    answer = rstats.describe(frame, by="k", stats=["sum"], q=())
    tidy = answer.to_pandas(tidy=True)
    expected = frame.groupby("k", observed=True)["v"].sum()
    assert tidy["sum"].tolist() == expected.tolist()
    if name in ("cut", "quarters"):  # what the categories are
        assert tidy["k"].dtype == frame["k"].cat.categories.dtype
    else:
        assert tidy["k"].dtype.kind == frame["k"].dtype.kind
        assert list(tidy["k"].astype(frame["k"].dtype)) == list(frame["k"])
    assert f'"k": "{shown}"' in answer.to_json() and shown in repr(answer) + answer.to_json()
    # The index is that of `groupby`.
    assert [str(key) for key in answer.to_pandas().index] == [str(key) for key in expected.index]
    assert pickle.loads(pickle.dumps(answer)) == answer
    assert pickle.loads(pickle.dumps(answer)).to_json() == answer.to_json()


def test_keys_are_objects_of_python() -> None:
    unique = [uuid.UUID(int=2), uuid.UUID(int=1)]
    cases: list[tuple[Any, list[Any]]] = [
        (unique, sorted(unique)),
        ([b"b", b"a"], [b"a", b"b"]),
        (
            [datetime.timedelta(seconds=2), datetime.timedelta(0)],
            [datetime.timedelta(0), datetime.timedelta(seconds=2)],
        ),
        ([D("1.50"), D("-2.25")], [D("-2.25"), D("1.50")]),
        (
            [datetime.date(2024, 1, 2), datetime.date(2024, 1, 1)],
            [datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)],
        ),
        ([datetime.time(2), None], [datetime.time(2), None]),
        ([{"a": 1}, {"a": 0}], [{"a": 0}, {"a": 1}]),
        ([[2], [1, 5]], [[1, 5], [2]]),
        (np.array(["2024-01-02", "2024-01-01"], "M8[D]"), [datetime.date(2024, 1, d) for d in (1, 2)]),
        (np.array(["b", "a"]), ["a", "b"]),
    ]
    for keys, expected in cases:
        keys = keys if isinstance(keys, np.ndarray) else pa.array(keys)
        answer = rstats.describe({"k": keys, "v": [1, 2]}, by="k", stats=["sum"], q=())
        assert [row["k"] for row in answer] == expected
        assert answer["v", expected[0]]["sum"] == answer[0]["sum"]


# I


def test_ordered_categories_keep_their_order() -> None:
    levels = ["low", "middle", "high"]
    keys = ["high", "low", "middle", "low"]
    ordered = pd.Categorical(keys, levels, ordered=True)
    made: list[Any] = [
        pd.DataFrame({"k": ordered, "v": range(4)}),
        pl.DataFrame({"k": pl.Series(keys, dtype=pl.Enum(levels)), "v": range(4)}),
        pl.DataFrame({"k": pl.Series(keys, dtype=pl.Enum(levels)), "v": range(4)}).lazy(),
        {"k": ordered, "v": range(4)},
        pa.table({"k": pa.DictionaryArray.from_arrays([2, 0, 1, 0], levels, ordered=True), "v": range(4)}),
        duckdb.sql(
            "select k::enum('low', 'middle', 'high') k, v "
            "from (values ('high', 0), ('low', 1), ('middle', 2), ('low', 3)) t(k, v)"
        ),
    ]
    for data in made:
        answer = rstats.describe(data, by="k", stats=["sum"], q=())
        assert [(row["k"], row["sum"]) for row in answer] == [("low", 4), ("middle", 2), ("high", 0)]
        assert pa.table(answer).column("k").type.ordered
    assert answer.to_pandas(tidy=True)["k"].cat.ordered
    # What has no order of its own is in that of its values.
    plain = rstats.describe(
        pd.DataFrame({"k": pd.Categorical(keys, levels), "v": range(4)}), by="k", stats=["sum"], q=()
    )
    assert [row["k"] for row in plain] == ["high", "low", "middle"]


# J


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


# K


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


def test_levels_of_the_index_are_keys() -> None:
    index = pd.MultiIndex.from_tuples([("u", 1), ("v", 1), ("u", 2)], names=["name", None])
    frame = pd.DataFrame({"v": [1, 2, 4]}, index=index)
    for label in ("name", 0, -2):
        assert [(row["name"], row["sum"]) for row in rows(frame, by=label)] == [("u", 5), ("v", 2)]
    assert [(row["level_1"], row["sum"]) for row in rows(frame, by=1)] == [(1, 3), (2, 4)]
    assert len(rows(frame, by=[0, 1])) == 3
    with pytest.raises(ValueError, match="no column"):
        rows(frame, by=2)


# M


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


# N


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


# P


def test_rows_are_taken_by_name_and_key() -> None:
    answer = rstats.describe({"qty": [1, 2], "price": [0.5, 1.5]}, stats=["sum"], q=())
    assert answer["qty"]["sum"] == 3 and answer["price"] == answer[1] == answer[-1]
    with pytest.raises(KeyError, match="no column 'qyt'.*did you mean 'qty'"):
        answer["qyt"]
    with pytest.raises(TypeError, match="by its number, by the name"):
        answer[1.5]
    with pytest.raises(IndexError):
        answer[2]
    groups = rstats.describe(
        {"k": ["a", "b", None], "g": [1, 1, 2], "v": [1, 2, 4]}, by=["k", "g"], stats=["sum"], q=()
    )
    assert len(groups["v"]) == 3 and groups["v", "b", 1]["sum"] == 2 and groups["v", None, 2]["sum"] == 4
    with pytest.raises(KeyError, match="no group"):
        groups["v", "z", 1]
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(KeyError, match="2 columns are called 'a'"):
        rstats.describe(twice)["a"]


def test_names_of_other_libraries_are_understood() -> None:
    asked = rstats.describe([1.0, 2.0, 4.0], stats=["std", "var", "count", "50%", "p95"], q=())
    assert list(asked[0])[5:] == ["variance", "stddev", "median", "p95"]
    for options, meant in (
        ({"stats": ["meen"]}, "mean"),
        ({"method": "linera"}, "linear"),
        ({"columns": ["temprature"]}, "temperature"),
        ({"by": "temprature"}, "temperature"),
        ({"weights": "temprature", "weighting": "frequencies"}, "temperature"),
    ):
        with pytest.raises(ValueError, match=f"did you mean '{meant}'"):
            rstats.describe({"temperature": [1.0]}, **options)


def test_answers_are_equal_and_pickled() -> None:
    data = {"k": ["a", None, "a"], "v": [2**53 + 1, 2, 3], "d": [D("1.10"), D("2.20"), None], "f": [0.5, NAN, 1.0]}
    for options in ({}, {"by": "k"}, {"columns": ["v"]}, {"null": "propagate"}, {"ddof": 0, "q": [0.99]}):
        answer = rstats.describe(data, **options)
        again = pickle.loads(pickle.dumps(answer))
        assert again == answer and not again != answer
        assert again.to_dicts().__repr__() == answer.to_dicts().__repr__()
        assert again.to_json() == answer.to_json() and repr(again) == repr(answer)
        assert answer == rstats.describe(data, **options)
        assert answer != rstats.describe(data, **{**options, "ddof": 2})
    assert answer != 1 and (answer == None) is False  # noqa: E711
    with pytest.raises(TypeError, match="unhashable"):
        hash(answer)
    for damaged in (b"", b"rstats", pickle.dumps(answer)):
        with pytest.raises(ValueError, match="no report"):
            rstats.Description._from_bytes(damaged)


# Exact integers and decimals


def exact_routes(values: list[Any], data_type: pa.DataType) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    asked: dict[str, Any] = {"stats": ["min", "max", "range", "sum", "mode"], "q": ()}
    column = pa.array(values, data_type)
    table = pa.table({"k": [0] * len(values), "x": column})
    yield "array", rstats.describe(column, **asked).to_dicts()
    yield "chunks", rstats.describe(pa.chunked_array([column[:1], column[1:]]), **asked).to_dicts()
    yield "list", rstats.describe(values, **asked).to_dicts()
    yield "groups", rstats.describe(table, by="k", **asked).to_dicts()
    yield "lists", rstats.describe(pa.ListArray.from_arrays([0, len(values)], column), **asked).to_dicts()
    weights = {"weights": [1] * len(values), "weighting": "frequencies"}
    yield "weights", rstats.describe(column, **weights, **asked).to_dicts()
    yield "weighted groups", rstats.describe(table, by="k", **weights, **asked).to_dicts()
    yield "pandas", rstats.describe(pd.Series(column.to_pandas(types_mapper=pd.ArrowDtype)), **asked).to_dicts()
    yield "pickle", pickle.loads(pickle.dumps(rstats.describe(column, **asked))).to_dicts()
    yield "Arrow", pa.table(rstats.describe(column, **asked)).to_pylist()
    if not pa.types.is_decimal256(data_type):
        reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=1))
        yield "stream", rstats.describe(reader, columns="x", **asked).to_dicts()


@pytest.mark.parametrize(
    ("values", "data_type"),
    [
        ([2**53 + 1, 2**53 + 1, 3], pa.int64()),
        ([-(2**63), 2**63 - 1, -(2**63)], pa.int64()),
        ([2**64 - 1, 2**64 - 1, 1], pa.uint64()),
        ([2**31 - 1, 2**31 - 1, -(2**31)], pa.int32()),
        ([D("1.10"), D("1.10"), D("-2.05")], pa.decimal128(10, 2)),
        ([D("12345678901234567890.12"), D("0.01"), D("0.01")], pa.decimal128(38, 2)),
        ([D(10**60 + 1), D(10**60 + 1), D(3)], pa.decimal256(76, 0)),
    ],
    ids=str,
)
def test_integers_and_decimals_are_exact_in_their_own_type(values: list[Any], data_type: pa.DataType) -> None:
    decimal.getcontext().prec = 100
    mode = max(sorted(set(values)), key=lambda value: (values.count(value), -value))
    expected = [min(values), max(values), max(values) - min(values), sum(values), mode]
    kind = type(values[0])
    for route, (row,) in exact_routes(values, data_type):
        found = [row[name] for name in ("min", "max", "range", "sum", "mode")]
        assert found == expected, route
        if route not in ("Arrow", "list"):
            assert all(type(value) is kind for value in found), route
    answer = rstats.describe(pa.array(values, data_type), stats=["min", "sum"], q=())
    (row,) = json.loads(answer.to_json(), parse_float=D)["series"]
    assert D(row["min"]) == min(values) and D(row["sum"]) == sum(values)


def test_the_sum_of_narrow_integers_is_exact_beyond_2_to_53() -> None:
    values = np.full(2**22 + 3, 2**31 - 1, dtype=np.int32)
    (row,) = rows(values)
    assert row["sum"] == (2**22 + 3) * (2**31 - 1) and type(row["sum"]) is int


def test_floats_among_integers_are_floats() -> None:
    answer = rstats.describe({"i": pa.array([2**53 + 1]), "f": [0.5]}, stats=["min"], q=())
    assert [row["min"] for row in answer] == [2**53 + 1, 0.5]
    assert pa.table(answer).column("min").type == pa.float64()
    assert pa.table(rstats.describe({"i": [1], "d": [D("0.5")]}, stats=["min"], q=())).column("min").to_pylist() == [
        D("1.0"),
        D("0.5"),
    ]


# The policy for nulls, sums of nothing, rows across columns, weights of groups


def test_nulls_are_skipped_or_propagated_or_refused() -> None:
    holding: list[tuple[Any, dict[str, Any]]] = [
        ([1.0, None, 2.0], {}),
        ({"x": pa.array([1, None])}, {}),
        (pd.DataFrame({"x": [1.0, NAN]}), {}),
        ({"k": ["a", "a"], "x": [1.0, None]}, {"by": "k"}),
        (pa.array([[1.0, None]]), {}),
        (np.ma.array([[1.0], [2.0]], mask=[[False], [True]]), {}),
        ([1.0, None], {"weights": [1, 1], "weighting": "frequencies"}),
        (pa.table({"x": [1.0, None]}).to_reader(), {}),
    ]
    for data, options in holding:
        again = (
            (lambda data=data: pa.table({"x": [1.0, None]}).to_reader()) if hasattr(data, "read_next_batch") else None
        )
        (row,) = rows(again() if again else data, **options)
        assert row["sum"] in (1, 3.0) and row["null_count"] == 1
        (row,) = rows(again() if again else data, null="propagate", **options)
        assert row["sum"] is None and row["null_count"] == 1
        with pytest.raises(ValueError, match='holds 1 null; null="skip"'):
            rows(again() if again else data, null="raise", **options)
    assert rows([1.0, NAN], null="raise", nan="omit")[0]["sum"] == 1.0
    assert rows(pa.array([[1.0], None]), null="raise")[1]["count"] is None
    with pytest.raises(ValueError, match="one of skip, propagate, raise"):
        rows([1.0], null="omit")


def test_the_sum_of_nothing() -> None:
    assert rows([])[0]["sum"] == 0 and rows([None])[0]["sum"] == 0
    assert rows([], min_count=1)[0]["sum"] is None and rows([1.0, 2.0], min_count=2)[0]["sum"] == 3.0
    for count in range(5):
        frame = pd.DataFrame({"k": [1, 1, 2], "x": [1.0, NAN, NAN]})
        expected = frame.groupby("k")["x"].sum(min_count=count).tolist()
        found = [row["sum"] for row in rows(frame, by="k", min_count=count)]
        assert [NAN if value is None else value for value in found] == pytest.approx(expected, nan_ok=True)
    with pytest.raises(ValueError, match="min_count"):
        rows([], min_count=-1)


def test_rows_across_columns() -> None:
    frame = pd.DataFrame({"i": [1, 2], "f": [0.5, NAN], "s": ["x", "y"], "u": np.array([1, 200], dtype="u1")})
    answer = rstats.describe(frame, axis=1, stats=["sum", "max"], q=())
    assert [(row["row"], row["count"], row["sum"]) for row in answer] == [(0, 3, 2.5), (1, 2, 202.0)]
    assert [left["column"] for left in answer.left_out] == ["s"]
    carried = rows(frame, axis=1, by="s")
    assert [(row["s"], row["sum"]) for row in carried] == [("x", 2.5), ("y", 202.0)]
    exact = rows({"a": pa.array([2**60 + 1]), "b": pa.array([D("0.5")], pa.decimal128(5, 1))}, axis=1)
    assert exact[0]["sum"] == 2**60 + D("1.5")
    for data in (pl.from_pandas(frame), pa.Table.from_pandas(frame, preserve_index=False), frame.to_dict("list")):
        assert [row["sum"] for row in rows(data, axis=1)][0] == 2.5
    with pytest.raises(ValueError, match="column 'a' .* does not mix exactly"):
        rows({"a": pa.array([2**60 + 1]), "b": [0.5]}, axis=1)
    # 2^53 is a float, and what is beside it is none: it was rounded to 2^53, and then thought to be one.
    for beyond in (2**53 + 1, -(2**53) - 1):
        with pytest.raises(ValueError, match="column 'a' .* does not mix exactly"):
            rows({"a": pa.array([beyond]), "b": [0.5]}, axis=1)
    assert rows({"a": pa.array([2**53]), "b": [0.5]}, axis=1)[0]["count"] == 2
    with pytest.raises(TypeError, match="there are none"):
        rows({"a": ["x"]}, axis=1)


def test_weights_with_groups_and_axes() -> None:
    rng = np.random.default_rng(5)
    table = {"k": rng.integers(0, 4, 300), "x": rng.normal(size=300), "w": rng.integers(0, 5, 300)}
    asked: dict[str, Any] = {"stats": ["mean", "stddev", "sum"], "q": [0.5], "weighting": "frequencies"}
    answer = rstats.describe(table, by="k", columns="x", weights="w", **asked)
    for row in answer:
        here = table["k"] == row["k"]
        repeated = np.repeat(table["x"][here], table["w"][here])
        alone = rstats.describe(repeated, stats=["mean", "stddev", "sum"], q=[0.5])[0]
        assert [row[n] for n in ("count", "mean", "stddev", "sum", "median")] == [
            alone[n] for n in ("count", "mean", "stddev", "sum", "median")
        ]
    given = rstats.describe({"k": table["k"], "x": table["x"]}, by="k", weights=table["w"], **asked)
    assert statistics_of(given) == statistics_of(answer)
    importances = rng.random(300)
    answer = rstats.describe(
        table, by="k", columns="x", weights=importances, weighting="importances", stats=["mean"], q=()
    )
    for row in answer:
        here = table["k"] == row["k"]
        assert row["mean"] == pytest.approx(np.average(table["x"][here], weights=importances[here]))
    matrix = rng.normal(size=(4, 6))
    for axis in (0, 1):
        weights = rng.integers(1, 4, matrix.shape[axis])
        found = [row["sum"] for row in rows(matrix, axis=axis, weights=weights, weighting="frequencies")]
        assert found == pytest.approx((matrix * np.expand_dims(weights, 1 - axis)).sum(axis=axis))


def test_quantiles_with_importances_are_those_of_numpy() -> None:
    rng = np.random.default_rng(7)
    assert (
        rows([15, 20, 35, 40, 50], weights=[1] * 5, weighting="importances", stats=(), q=[0.4], method="inverted_cdf")[
            0
        ]["p40"]
        == 20
    )
    for _ in range(300):
        count = int(rng.integers(1, 40))
        x = rng.normal(size=count).round(int(rng.integers(0, 6)))
        w = rng.choice([0.1, 0.25, 1.0, 3.0], count) if rng.random() < 0.5 else np.full(count, rng.random() + 0.1)
        q = sorted(set(rng.random(3).round(int(rng.integers(1, 4)))))
        if len(np.unique(x)) < count:
            w = w.round(2) * 4  # the order of ties does not show in these sums
        expected = np.quantile(x, q, weights=w, method="inverted_cdf")
        (row,) = rows(x, weights=w, weighting="importances", stats=(), q=q, method="inverted_cdf")
        assert list(row.values())[5:] == list(expected)


def test_nearest_as_polars_has_it_and_plotting_positions() -> None:
    rng = np.random.default_rng(9)
    for count, p in itertools.product(range(1, 12), (0.0, 0.1, 0.125, 0.25, 0.3, 0.5, 0.625, 0.75, 0.9, 1.0)):
        x = rng.normal(size=count)
        (row,) = rows(x, stats=(), q=[p], method="nearest_half_up")
        assert list(row.values())[-1] == pl.Series(x).quantile(p, "nearest")
        for name, (alphap, betap) in {
            "interpolated_inverted_cdf": (0, 1),
            "hazen": (0.5, 0.5),
            "weibull": (0, 0),
            "median_unbiased": (1 / 3, 1 / 3),
            "normal_unbiased": (3 / 8, 3 / 8),
        }.items():
            (free,) = rows(x, stats=(), q=[p], method=f"alphap={alphap},betap={betap}")
            (named,) = rows(x, stats=(), q=[p], method=name)
            assert free == named
    (row,) = rows([6.0, 47.0, 49.0, 15.0, 42.0], stats=(), q=[0.25, 0.5, 0.75], method="betap=0.4, alphap=0.4")
    # (n + 1 - a - b)·p + a: the third of 1.7 of the way from x1 to x2, the median, and so on.
    assert list(row.values())[5:] == pytest.approx([6 + 9 * 0.7 + 0, 42.0, 47 + 2 * 0.3])
    for wrong in ("alphap=0.4", "alphap=2,betap=0", "alphap=x,betap=0", "alphap=0,alphap=0", "betap=0,gamma=1"):
        with pytest.raises(ValueError, match="plotting position"):
            rows([1.0], method=wrong)
