"""Odd objects, damaged data, exceptions of the caller's own code. Each test is named for what once went wrong."""

from __future__ import annotations

import datetime
import decimal
import io
import json
import math
import statistics
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import rstats
from rstats import statistics as drop_in

pytestmark = pytest.mark.slow

D = decimal.Decimal


def mean(data: Any, **options: Any) -> Any:
    return rstats.describe(data, stats=["mean"], q=(), **options)[0]["mean"]


def objects(*items: Any) -> np.ndarray:
    array = np.empty(len(items), object)
    array[:] = items
    return array


DECIMALS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "generator": lambda items: (item for item in items),
    "object array": lambda items: objects(*items),
    "object series": lambda items: pd.Series(items, dtype=object),
    "object index": lambda items: pd.Index(items, dtype=object),
    "dict": lambda items: {"x": items},
    "frame": lambda items: pd.DataFrame({"x": items}),
}


@pytest.mark.parametrize("route", DECIMALS)
def test_decimals_of_one_scale_panicked(route: str) -> None:
    for items, expected in [
        ([D("1.50"), D("2.50")], 2.0),
        ([D(1), D(3)], 2.0),
        ([D("0.1")] * 3, 0.1),
        ([D("1E+3"), D("2E+3")], 1500.0),
        ([D(10) ** 50, D(10) ** 50 + 4], float(10**50 + 2)),
    ]:
        assert mean(DECIMALS[route](items)) == expected
    # An infinity became `True`, and its mean 1.0.
    assert mean(DECIMALS[route]([D("Infinity")] * 2)) == math.inf
    assert mean(DECIMALS[route]([D("-Infinity"), D(1)])) == -math.inf
    assert math.isnan(mean(DECIMALS[route]([D("Infinity"), D("-Infinity")])))
    nan = rstats.describe(DECIMALS[route]([D("NaN"), D(2)]), stats=["mean"])[0]
    missing = "series" in route or "index" in route or "frame" in route  # NaN is pandas' missing value
    assert (nan["nan_count"], nan["null_count"]) == ((0, 1) if missing else (1, 0))


def test_decimals_panicked_elsewhere_too() -> None:
    assert rstats.compute_stats([D("1.50"), D("2.50")]).mean == 2.0
    assert rstats.compute_stats((D(1), D(2), D(4))).range == 3.0
    assert drop_in.mean([D("1.50"), D("2.50")]) == statistics.mean([D("1.50"), D("2.50")])
    rows = rstats.describe({"k": [D("1.5"), D("1.50"), D(2)], "x": [1, 2, 3]}, by="k", stats=["mean"]).to_dicts()
    assert [(row["k"], row["mean"]) for row in rows] == [(D("1.5"), 1.5), (D(2), 3.0)]
    assert mean({"x": [D(1), D(2)], "w": [1, 3]}, columns="x", weights="w", weighting="frequencies") == 1.75
    assert mean([D(1), 2, 3.0, True]) == 1.75


def test_booleans_are_still_booleans() -> None:
    assert rstats.describe({"b": [True, False], "x": [1, 2]}).to_dicts()[0]["column"] == "x"
    assert mean(pd.Series([True, np.nan, False], dtype=object)) == 0.5
    frame = pd.DataFrame({"b": pd.Series([True, np.nan], dtype=object), "x": [1.0, 2.0]})
    assert [(row["column"], row["kind"]) for row in rstats.describe(frame)] == [("x", "number"), ("b", "boolean")]
    assert mean(frame, columns="b") == 1.0


@pytest.mark.parametrize("data_type", ["int64", "int32", "int8", "uint8", "uint64"])
def test_the_gap_of_sparse_data_was_the_least_integer(data_type: str) -> None:
    series = pd.Series([1.0, np.nan, 3.0], name="s").astype(pd.SparseDtype(data_type, np.nan))
    for data in (series, pd.Index(series.array), series.array, {"s": series}, pd.DataFrame({"s": series})):
        row = rstats.describe(data)[0]
        assert (row["mean"], row["null_count"], row["count"]) == (2.0, 1, 2), type(data)
    keys = rstats.describe(pd.DataFrame({"k": series, "x": [1.0, 2.0, 3.0]}), by="k", stats=["sum"]).to_dicts()
    assert [(row["k"], row["sum"]) for row in keys] == [(1, 1.0), (3, 3.0), (None, 2.0)]


def test_other_sparse_data() -> None:
    assert mean(pd.arrays.SparseArray([0, 0, 3], fill_value=0)) == 1.0
    assert mean(pd.Series(pd.arrays.SparseArray([1.0, np.nan, 3.0]))) == 2.0
    assert mean(pd.Series(pd.arrays.SparseArray([7.0, 7.0, 1.0], fill_value=7.0))) == 5.0
    booleans = pd.Series([True, False, True]).astype(pd.SparseDtype("bool", False))
    assert mean(booleans) == 2 / 3


@pytest.mark.parametrize("missing", [pd.NA, pd.NaT, None, D("NaN"), np.float32("nan"), np.float64("nan"), math.nan])
def test_an_object_column_with_a_missing_value_vanished(missing: Any) -> None:
    frame = pd.DataFrame({"v": pd.Series([1.5, missing, 2], dtype=object), "w": [1, 2, 3]})
    rows = {row["column"]: row for row in rstats.describe(frame)}
    assert (rows["v"]["mean"], rows["v"]["null_count"], rows["v"]["nan_count"]) == (1.75, 1, 0)
    assert mean(pd.Series([1.5, missing, 2], dtype=object)) == 1.75


def test_missing_values_of_pandas_in_lists() -> None:
    assert mean([1, pd.NA, 3]) == 2.0
    assert mean({"x": [1, pd.NaT, 3]}) == 2.0
    with pytest.raises(TypeError, match="position 1 is <NA>"):
        rstats.compute_stats([1, pd.NA, 3])


@pytest.mark.parametrize("data_type", ["Int64", "Float64", "boolean", "float64[pyarrow]", "category"])
def test_an_array_of_pandas_vanished_from_a_dict(data_type: str) -> None:
    array = pd.array([1, 0], dtype=data_type)
    assert mean({"v": array}, columns="v") == 0.5
    assert mean(array) == 0.5


def test_an_axis_of_xarray_was_ignored() -> None:
    xarray = pytest.importorskip("xarray")
    values = np.arange(24.0).reshape(2, 3, 4)
    for axis in (0, 1, 2, -1):
        expected = rstats.describe(values, axis=axis).to_dicts()
        assert rstats.describe(xarray.DataArray(values), axis=axis).to_dicts() == expected
    assert rstats.describe(xarray.DataArray(values[0]))[1]["mean"] == 5.0
    assert mean(xarray.DataArray(values[0, 0])) == 1.5


class Wraps:
    """Something that gives an array, and no buffer."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.ndim, self.dtype = values, values.ndim, values.dtype

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.values


def test_arrays_that_give_an_array() -> None:
    assert mean(Wraps(np.arange(5))) == 2.0
    assert len(rstats.describe(Wraps(np.ones((3, 4))), axis=1)) == 3
    (row,) = rstats.describe(Wraps(np.zeros(3, "M8[s]")))
    assert (row["kind"], row["mean"].year) == ("time", 1970)
    with pytest.raises(TypeError, match="complex"):
        rstats.describe(Wraps(np.zeros(3, complex)))


BAD_TEXT = pa.array([b"a", b"caf\xe9", b"b"], pa.binary())


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.string_view()])
def test_text_that_is_no_utf_8_ended_the_process(text: pa.DataType) -> None:
    binary = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}[text]
    keys = BAD_TEXT.cast(binary).view(text)
    numbers = pa.array([1.0, 2.0, 3.0])
    table = pa.table({"k": keys, "x": numbers})
    lists = pa.table({"k": keys, "x": pa.array([[1.0], [2.0], [3.0]])})
    dictionary = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2], pa.int8()), keys)
    tries: list[Callable[[], Any]] = [
        lambda: rstats.describe(table, by="k"),
        lambda: rstats.describe(table.to_batches()[0], by="k"),
        lambda: rstats.describe(table.to_reader(), by="k"),
        lambda: rstats.describe({"k": keys, "x": numbers}, by="k"),
        lambda: rstats.describe(lists, columns="x", by="k"),
        lambda: rstats.describe(pa.table({"k": dictionary, "x": numbers}), by="k"),
        lambda: rstats.describe(pa.chunked_array([keys, keys])),
    ]
    for call in tries:
        with pytest.raises((ValueError, TypeError), match="no UTF-8|damaged|holds no numbers"):
            repr(call())
    with pytest.raises(ValueError, match="column 'k': the text in row 1 "):
        rstats.describe(table, by="k")
    # Who asks for something else is not troubled.
    assert mean(table, columns="x") == 2.0


def test_names_that_are_no_utf_8_and_structures_that_lie() -> None:
    """Each in a process of its own: some once ended it."""
    program = Path(__file__).with_name("lying_capsules.py")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
    lines = done.stdout.splitlines()
    outcomes = [line.rpartition(" -> ")[2] for line in lines]
    assert len(lines) > 1000 and all(o == "described" or o.startswith(("ValueError ", "TypeError ")) for o in outcomes)
    assert "panic" not in done.stderr
    for told in ("the name of a field is no UTF-8", "released before it was read"):
        assert any(told in outcome for outcome in outcomes), told
    # Nothing that matters is passed over: these lies are about what an array of floats has not.
    harmless = [line for line in lines if line.startswith("float64: ") and line.endswith("described")]
    assert all("child" in line or "dictionary" in line or "no bytes" in line for line in harmless), harmless


def test_types_nested_deeply_spoil_their_own_column() -> None:
    nested = pa.int64()
    for _ in range(100):
        nested = pa.struct([("a", nested)])
    table = pa.table({"n": pa.array([None], nested), "x": [1.0]})
    answer = rstats.describe(table)
    assert [row["column"] for row in answer] == ["x"]
    assert answer.left_out == [{"column": "n", "reason": "a type is nested more than 64 levels deep"}]
    with pytest.raises((TypeError, ValueError), match="column 'n': a type is nested more than 64 levels deep"):
        rstats.describe(table, columns="n")


DAMAGED = """
import io, random, sys
import numpy as np, pyarrow as pa, rstats

rng = random.Random(int(sys.argv[1]))
table = pa.table({
    "k": ["a", "b", None, "a long text that does not fit in a view"] * 50,
    "v": pa.array(["x", None, "a long text that does not fit in a view", ""] * 50, pa.string_view()),
    "d": pa.array(["p", "q", None, "p"] * 50).dictionary_encode(),
    "l": pa.array([[1.0], [], None, [2.0, 3.0]] * 50),
    "x": np.arange(200.0),
})
sink = io.BytesIO()
with pa.ipc.new_stream(sink, table.schema) as writer:
    writer.write_table(table, 64)
whole = sink.getvalue()
seen = set()
for _ in range(400):
    bytes_ = bytearray(whole)
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(bytes_))
        bytes_[place : place + rng.choice((1, 4, 8))] = rng.randbytes(rng.choice((1, 4, 8)))
    lists = [{"columns": "l", "by": key} for key in "kvd"]
    for options in ({}, {"by": "k"}, {"by": "v"}, {"by": "d"}, *lists):
        try:
            with pa.ipc.open_stream(bytes(bytes_)) as reader:
                data = reader if rng.random() < 0.5 and options != {"columns": "l"} else reader.read_all()
                d = rstats.describe(data, **options)
            repr(d), d.to_dicts(), d.to_json()
            seen.add("described")
        except (ValueError, TypeError, OSError, pa.ArrowException, MemoryError, NotImplementedError) as error:
            seen.add(type(error).__name__)
        except KeyError:  # pyarrow's own, of a name that is not there
            pass
print(sorted(seen))
"""


@pytest.mark.parametrize("seed", range(3))
def test_damaged_streams_of_arrow_ended_the_process(seed: int) -> None:
    done = subprocess.run([sys.executable, "-c", DAMAGED, str(seed)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "described" in done.stdout and "Panic" not in done.stdout


def test_buffers_shorter_than_pyarrow_says_ended_the_process_where_structs_or_pandas_hold_them() -> None:
    """pyarrow takes the number of rows from a damaged stream as it is."""
    table = pa.table({"s": pa.StructArray.from_arrays([pa.array([1.5] * 1234)] * 2, ["x", "y"])})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    damaged = sink.getvalue().replace(struct.pack("<q", 1234), struct.pack("<q", 5_000_000))
    column = pa.ipc.open_stream(damaged).read_all()["s"]
    structs = column.chunk(0)
    series = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([structs.field("x")])))  # type: ignore[arg-type]
    calls: list[Callable[[], Any]] = [
        lambda: rstats.describe(structs),
        lambda: rstats.describe(column),
        lambda: rstats.describe({"a": structs}),
        lambda: rstats.describe(structs, columns="x"),
        lambda: rstats.describe(structs, by="y"),
        lambda: rstats.Accumulator().update(structs),
        lambda: rstats.rolling(structs, 10).mean(),
        lambda: rstats.correlation(structs),
        lambda: list(rstats.windows(structs, "5min", on="x")),
        lambda: rstats.describe(series),
        lambda: rstats.describe(pd.DataFrame({"x": series})),
        lambda: rstats.describe(pd.DataFrame({"x": series, "y": series}), by="y"),
        lambda: rstats.describe(pd.DataFrame({"x": [1.0] * len(series)}, index=pd.Index(series, name="k")), by="k"),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="too small in array of type double and length 5000000"):
            call()


def raising(method: str, error: BaseException) -> Any:
    """An object one of whose methods raises."""

    def fails(*_: Any, **__: Any) -> Any:
        raise error

    array = {"ndim": 1, "dtype": np.dtype(float)} if method == "__array__" else {}
    return type("Number", (), {method: fails, **array})()


ERRORS = [KeyboardInterrupt(), SystemExit(3), MemoryError("own"), RuntimeError("own"), RecursionError("own")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_exceptions_of_the_callers_code_vanished(error: BaseException) -> None:
    calls: list[Callable[[], Any]] = []
    for method in ("__float__", "__index__"):
        item = raising(method, error)
        calls += [
            lambda item=item: rstats.describe([1.0, item]),
            lambda item=item: rstats.describe({"x": [1.0, item]}),
            lambda item=item: rstats.describe(pd.DataFrame({"x": pd.Series([1.0, item], dtype=object), "y": [1, 2]})),
            lambda item=item: rstats.compute_stats((1.0, item)),
            lambda item=item: rstats.describe(objects(1.0, item)),
            lambda item=item: rstats.describe([item]),
        ]
    calls += [
        lambda: rstats.describe(raising("__array__", error)),
        lambda: rstats.describe({"x": raising("__array__", error)}),
        lambda: rstats.describe(raising("__arrow_c_array__", error)),
        lambda: rstats.describe(raising("__arrow_c_stream__", error)),
        lambda: rstats.describe({"x": raising("__arrow_c_stream__", error), "y": [1]}),
        lambda: rstats.describe(raising("__iter__", error)),
        lambda: rstats.describe([1.0], q=raising("__index__", error)),
        lambda: rstats.describe([1.0], q=[raising("__float__", error)]),
        lambda: rstats.describe([1.0], ddof=raising("__index__", error)),
        lambda: rstats.describe(np.ones((2, 2)), axis=raising("__index__", error)),
        lambda: rstats.describe([1.0], threads=raising("__index__", error)),
        lambda: rstats.describe([1.0], stats=raising("__iter__", error)),
        lambda: rstats.describe({"x": [1.0]}, columns=[raising("search", error)]),
        lambda: rstats.describe({"k": [1], "x": [1.0]}, by=raising("__iter__", error)),
        lambda: rstats.describe_parquet(raising("__fspath__", error)),
        lambda: rstats.describe(batches(error)),
        lambda: rstats.describe(batches(error), by="x"),
    ]
    for call in calls:
        with pytest.raises(type(error)):
            call()


def batches(error: BaseException) -> pa.RecordBatchReader:
    def source() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"x": [1.0]})
        raise error

    return pa.RecordBatchReader.from_batches(pa.schema([("x", pa.float64())]), source())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), MemoryError("own")])
def test_an_interrupt_in_a_mapping_was_no_mapping(error: BaseException) -> None:
    from collections import UserDict

    class Fails(UserDict):  # type: ignore[type-arg]
        def items(self) -> Any:
            raise error

    with pytest.raises(type(error)):
        rstats.describe(Fails({"x": [1.0]}))
    with pytest.raises(type(error)):
        rstats.describe(Fails({"x": [1.0], "k": [1]}), by="k")


def test_what_says_that_it_is_no_number_is_none() -> None:
    for error in (TypeError("not such a thing"),):
        with pytest.raises(TypeError, match="position 1 is .*, not a number"):
            rstats.describe([1.0, raising("__float__", error)])
    with pytest.raises(ValueError, match="own"):
        rstats.describe([1.0, raising("__float__", ValueError("own"))])


@pytest.mark.parametrize("item", [np.complex64(1 + 2j), np.complex128(1 + 2j), 1 + 2j])
def test_a_complex_number_lost_its_imaginary_part(item: Any) -> None:
    for data in ([1.0, item], (item, item), objects(item, 1.0), pd.Series([item, 1.0], dtype=object)):
        with pytest.raises((TypeError, ValueError), match="not a number"):
            rstats.describe(data)
    with pytest.raises(TypeError, match="complex"):
        rstats.describe(np.array([item]))
    with pytest.raises(TypeError, match="not a number"):
        rstats.describe({"x": [item]}, columns="x")
    (row,) = rstats.describe({"x": [item]})
    assert (row["kind"], row["count"]) == ("other", 1)
    assert mean([Fraction(1, 2), np.float32(1.5)]) == 1.0


FAR = [
    pa.array([2**62, 2**62 + 1, 0, None], pa.timestamp("s")),
    pa.array([2**62, 2**62 + 1, 0, None], pa.timestamp("ms", "UTC")),
    pa.array([2**31 - 1, -(2**31), 0, None], pa.date32()),
    pa.array([2**62, 2**62 + 1, 0, None], pa.date64()),
    pa.array([2**62, 2**62 + 1, 0, None], pa.duration("s")),
    pa.array([86_400, 86_401, 0, None], pa.time32("s")),
    pa.array([3_000_000, 4_000_000, 0, None], pa.date32()),
]


@pytest.mark.parametrize("keys", FAR, ids=lambda keys: str(keys.type))
def test_keys_beyond_the_calendar_were_all_the_same_error(keys: pa.Array) -> None:
    d = rstats.describe(pa.table({"k": keys, "x": [1.0, 2.0, 3.0, 4.0]}), by="k", stats=["mean"])
    for rows in (d.to_dicts(), [row["by"] for row in json.loads(d.to_json())["series"]]):
        shown = [row["k"] for row in rows]
        assert len(set(map(str, shown))) == 4 and shown[-1] is None
        assert not any("rror" in str(key) or "invalid" in str(key) for key in shown), shown
    assert pa.table(d)["k"].type == keys.type
    assert set(pa.table(d)["k"].cast(pa.int64() if keys.type.bit_width == 64 else pa.int32()).to_pylist()) == {
        *keys.view(pa.int64() if keys.type.bit_width == 64 else pa.int32()).to_pylist()
    }


@pytest.mark.parametrize(
    "keys", [pa.nulls(3), pa.nulls(3, pa.string()), pa.nulls(3, pa.dictionary(pa.int8(), pa.string())), [None] * 3]
)
def test_a_key_of_nulls_read_as_empty_text(keys: Any) -> None:
    for data in ({"k": keys, "x": [1.0, 2.0, 3.0]}, pa.table({"k": pa.array(keys), "x": [1.0, 2.0, 3.0]})):
        d = rstats.describe(data, by="k", stats=["mean"])
        assert [(row["k"], row["mean"]) for row in d] == [(None, 2.0)]
        assert json.loads(d.to_json())["series"][0]["by"] == {"k": None}
        assert d.to_pandas(tidy=True)["k"].isna().all() and "null" in repr(d)
        assert d.to_pandas().index.isna().all()
    empty = rstats.describe({"k": ["", None], "x": [1.0, 2.0]}, by="k", stats=["mean"])
    assert [row["k"] for row in empty] == ["", None]


def test_intervals_stay_whole() -> None:
    keys = pa.array([(1, 0, 0), (12, 0, 0), (0, 30, 0), (0, 0, 5), (1, 0, 0)], pa.month_day_nano_interval())
    d = rstats.describe(pa.table({"k": keys, "x": [1.0, 2, 3, 4, 5]}), by="k", stats=["sum"])
    assert len(d) == 4 and len({row["k"] for row in d}) == 4


@pytest.mark.parametrize("nan", ["omit", "propagate"])
def test_a_group_of_nans_alone_counted_them(nan: Any) -> None:
    values = [math.nan, math.nan, 1.0, 2.0, math.nan]
    alone = rstats.describe([math.nan, math.nan], nan=nan)[0]
    mixed = rstats.describe([math.nan, 1.0], nan=nan)[0]
    counts = ["count", "null_count", "nan_count"]
    routes = {
        "groups": rstats.describe({"k": ["a", "a", "b", "b", "c"], "x": values}, by="k", nan=nan)[0],
        "lists": rstats.describe(pa.array([[math.nan, math.nan], [1.0]]), nan=nan)[0],
        "axes": rstats.describe(np.array([[math.nan, math.nan], [1.0, 2.0]]), axis=1, nan=nan)[0],
        "columns": rstats.describe(np.array([[math.nan, 1.0], [math.nan, 2.0]]), axis=0, nan=nan)[0],
    }
    for route, row in routes.items():
        assert [row[name] for name in counts] == [alone[name] for name in counts], route
        assert str(row["mean"]) == str(alone["mean"]) and str(row["min"]) == str(alone["min"]), route
    lists = rstats.describe(pa.array([[math.nan, 1.0]] * 9 + [[]]), nan=nan).to_dicts()
    assert [[row[name] for name in counts] for row in lists] == [[mixed[name] for name in counts]] * 9 + [[0, 0, 0]]


def test_names_from_outside_do_nothing_to_a_terminal() -> None:
    name = "a\x1b[2J\u202eb\u200bc\n"
    table = pa.table({name: [1.0], "k" * 10_000_000: [2.0]})
    shown = repr(rstats.describe(table))
    assert not any(c in shown for c in "\x1b\u202e\u200b") and "\\u{1b}[2J\\u{202e}b\\u{200b}c\\u{a}" in shown
    assert len(shown) < 10_000
    with pytest.raises(ValueError) as error:
        rstats.describe(table, columns="z")
    assert "\x1b" not in str(error.value) and len(str(error.value)) < 10_000
    html = rstats.describe(pa.table({name: [1.0]}))._repr_html_()
    assert "\u202e" not in html and "\x1b" not in html
    assert rstats.describe(table)[0]["column"] == name, "programs get the name as it is"


def test_records_with_a_name_each_took_a_gigabyte() -> None:
    body = json.dumps([{f"n{i}": i} for i in range(8_000)])
    program = """
import resource, sys, rstats
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
d = rstats.describe_json(sys.stdin.read())
assert len(d) == 8_000 and d[7]["mean"] == 7.0 and d[7]["null_count"] == 7_999
arrays = rstats.describe_json("[" + ",".join(["[1, 2]"] * 100_000) + "]")
assert len(arrays) == 100_000
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", program], input=body, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and int(done.stdout) < 200, done.stdout + done.stderr


def test_there_may_be_a_limit_of_series() -> None:
    for body in ("[[1], [2], [3]]", '{"a": [1], "b": [2], "c": [3]}', '[{"a": 1, "b": 2, "c": 3}]'):
        assert len(rstats.describe_json(body, max_series=3)) == 3
        with pytest.raises(ValueError, match="at most 2 series are read"):
            rstats.describe_json(body, max_series=2)
    with pytest.raises(ValueError, match="at most 100000 series are read"):
        rstats.describe_json("[" + ",".join(["[]"] * 100_001) + "]")


def test_of_a_name_that_comes_twice_the_last_one_counts() -> None:
    assert json.loads(rstats.compute_stats_json('{"values": "x", "values": [1, 2]}'))["mean"] == 1.5
    assert json.loads(rstats.compute_stats_json('{"o": "\\ud800", "values": [1, 2]}'))["mean"] == 1.5
    assert rstats.describe_json('{"a": {}, "a": [1, 2]}')[0]["mean"] == 1.5
    assert rstats.describe_json('[{"a": "x", "a": 1}, {"a": 2}]')[0]["mean"] == 1.5
    with pytest.raises(ValueError, match="/values: expected an array of numbers, found a string, at byte 27"):
        rstats.compute_stats_json('{"values": [1], "values": "x"}'.replace("[1]", "[12]"))


def test_dates_are_still_dates() -> None:
    day = datetime.date(2026, 11, 1)
    assert rstats.describe({"k": pa.array([day]), "x": [1.0]}, by="k")[0]["k"] == day


INSTANTS = pd.to_datetime([1, 2, 3, 4])


def test_an_index_of_times_lost_nanoseconds_and_what_is_missing() -> None:
    """It gave its values one by one."""
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4]}, index=INSTANTS.rename("t"))
    assert rstats.rolling(frame["x"], "2ns", stats=["count"], q=()).to_dict() == {"count": [1, 2, 2, 2]}
    assert len(rstats.describe(frame, by="t")) == 4
    level = pd.MultiIndex.from_arrays([INSTANTS, [0] * 4], names=["t", "k"])
    assert len(rstats.describe(frame.set_index(level), by="t")) == 4
    assert pd.Timestamp(rstats.describe(INSTANTS)[0]["max"]).nanosecond == 4
    spans = pd.to_timedelta([1, 2, 4])
    assert rstats.describe(spans, stats=["max"], q=()).times.to_arrow()["max"].cast(pa.int64()).to_pylist() == [4]
    for missing in (pd.DatetimeIndex([1, None]), pd.TimedeltaIndex([1, None])):
        for data in (missing, {"x": missing}):
            row = rstats.describe(data)[0]
            assert (row["kind"], row["count"], row["null_count"]) == ("time", 1, 1)
    empty = pd.Series([], dtype=float, index=pd.DatetimeIndex([]))
    assert len(rstats.rolling(empty, "1s", stats=["mean"], q=())) == 0
    with pytest.raises(ValueError, match="null"):
        rstats.rolling(pd.Series([1.0, 2], index=pd.DatetimeIndex(["2020", None])), "2d")


def test_nat_beside_dates_was_the_first_day_of_the_first_year() -> None:
    day = datetime.date(2020, 1, 1)
    for data in ([day, pd.NaT], {"d": [day, pd.NaT]}, {"d": [pd.NA, day]}):
        row = rstats.describe(data, stats=["min"], q=())[0]
        assert (row["count"], row["null_count"], row["min"]) == (1, 1, day)
    keys = rstats.describe({"d": [day, pd.NaT], "x": [1, 2]}, by="d")
    assert [row["d"] for row in keys] == [day, None]
    assert rstats.describe({"k": ["a", pd.NA], "x": [1, 2]}, by="k")[1]["k"] is None
    assert rstats.describe({"t": [pd.Timestamp("2020"), pd.NaT]})[0]["null_count"] == 1


def test_single_times_of_numpy_were_numbers_and_those_of_pandas_lost_nanoseconds() -> None:
    for unit in ("ns", "us", "s"):
        for time in (np.datetime64("2020-01-01", unit), np.timedelta64(5, unit)):
            row = rstats.describe({"t": [time, None]}, stats=["max"], q=())[0]
            assert (row["kind"], row["count"], row["null_count"]) == ("time", 1, 1), time
    for data in (list(INSTANTS), {"t": list(INSTANTS)}, pd.Series([*INSTANTS, None], dtype=object)):
        times = rstats.describe(data, stats=["max"], q=()).times.to_arrow()
        assert times["max"].cast(pa.int64()).to_pylist() == [4]
    assert len(rstats.describe({"t": list(INSTANTS), "x": [1, 2, 3, 4]}, by="t")) == 4
    assert rstats.describe([pd.Timedelta(1)]).times.to_arrow()["max"].cast(pa.int64()).to_pylist() == [1]


def test_objects_of_polars_were_the_addresses_where_they_are() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"o": pl.Series([{1}, {2}, None], dtype=pl.Object)})
    for data in (frame, frame["o"]):
        row = rstats.describe(data)[0] if data is frame else rstats.describe({"o": data})[0]
        assert (row["kind"], row["count"], row["null_count"]) == ("other", 2, 1)


def test_of_text_the_expressions_of_polars_had_the_number_of_nulls() -> None:
    pl = pytest.importorskip("polars")
    import rstats.polars  # noqa: F401

    for series in (pl.Series("s", ["a", None, "b"]), pl.Series("s", [[1, 2], [30, 40]])):
        for ask in (lambda of: of.mean(), lambda of: of.std(), lambda of: of.median(), lambda of: of.sum()):
            with pytest.raises(TypeError, match="'s' is of type .*, which has no"):
                ask(series.rstats)
    assert pl.Series("s", [True, None, False]).rstats.mean() == 0.5


def test_windows_of_frames_whose_columns_have_other_names_than_text() -> None:
    import rstats.pandas  # noqa: F401

    frame = pd.DataFrame({0: [1.0, 2, 3]})
    pd.testing.assert_frame_equal(frame.rstats.rolling(2).count(), frame.rolling(2).count())
    levels = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])
    frame = pd.DataFrame(np.arange(8.0).reshape(4, 2), columns=levels)
    mean = frame.rstats.rolling(2)[("a", "x")].mean()
    pd.testing.assert_series_equal(mean, frame[("a", "x")].rolling(2).mean(), check_names=False)
    frame = pd.DataFrame([[1.0, 2], [3, 4]], columns=["x", "x"])
    with pytest.raises(ValueError, match="several columns are named 'x'"):
        frame.rstats.rolling(2).mean()
