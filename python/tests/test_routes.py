"""The same series by every route: every library, layout, chunking and thread count gives the same bits."""

from __future__ import annotations

import array
import ctypes
import decimal
import math
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import rstats
from series_that_hurt import KINDS, make

NUMBERS = [2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5]
EVERYTHING: dict[str, Any] = {
    "stats": ["min", "max", "range", "sum", "mean", "variance", "stddev", "mean_ci"],
    "q": [0, 0.1, 0.25, 0.5, 0.999, 1],
}


def numpy_strided() -> Any:
    wide = np.zeros((7, 3))
    wide[:, 1] = NUMBERS
    return wide[:, 1]


def unaligned() -> Any:
    records = np.zeros(7, dtype=np.dtype([("tag", "i1"), ("x", "f8")]))
    records["x"] = NUMBERS
    return records["x"]


def read_only() -> Any:
    numbers = np.array(NUMBERS)
    numbers.setflags(write=False)
    return numbers


def dictionary() -> Any:
    return pa.array(NUMBERS).dictionary_encode()


def run_ends() -> Any:
    return pa.RunEndEncodedArray.from_arrays(pa.array(range(1, 8), pa.int32()), pa.array(NUMBERS))


class Capsule:
    """An object that speaks only the PyCapsule protocol."""

    def __init__(self, data: Any) -> None:
        self.data = data

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self.data.__arrow_c_array__(requested_schema)


ROUTES: dict[str, Any] = {
    "list": lambda: list(NUMBERS),
    "tuple": lambda: tuple(NUMBERS),
    "generator": lambda: (x for x in NUMBERS),
    "decimals and fractions": lambda: [decimal.Decimal(x) if i % 2 else Fraction(x) for i, x in enumerate(NUMBERS)],
    "NumPy scalars": lambda: [np.float32(x) for x in NUMBERS],
    "array.array": lambda: array.array("d", NUMBERS),
    "ctypes": lambda: (ctypes.c_double * 7)(*NUMBERS),
    "memoryview": lambda: memoryview(array.array("d", NUMBERS)),
    "NumPy": lambda: np.array(NUMBERS),
    "NumPy float32": lambda: np.array(NUMBERS, "f4"),
    "NumPy float16": lambda: np.array(NUMBERS, "f2"),
    "NumPy big-endian": lambda: np.array(NUMBERS, ">f8"),
    "NumPy big-endian float32": lambda: np.array(NUMBERS, ">f4"),
    "NumPy reversed": lambda: np.array(NUMBERS[::-1])[::-1],
    "NumPy strided": numpy_strided,
    "NumPy unaligned": unaligned,
    "NumPy read-only": read_only,
    "NumPy masked": lambda: np.ma.masked_array([*NUMBERS, 1e9], [*[0] * 7, 1]),
    "NumPy masked objects": lambda: np.ma.masked_array(np.array([*NUMBERS, 9], object), [*[0] * 7, 1]),
    "NumPy objects": lambda: np.array(NUMBERS, object),
    "pyarrow": lambda: pa.array(NUMBERS),
    "pyarrow sliced": lambda: pa.array([9.0, *NUMBERS, 9.0]).slice(1, 7),
    "pyarrow nulls": lambda: pa.array([None, *NUMBERS, None]),
    "pyarrow nulls sliced": lambda: pa.array([9.0, None, *NUMBERS, None, 9.0]).slice(1, 9),
    "pyarrow chunked": lambda: pa.chunked_array([NUMBERS[:3], [], NUMBERS[3:]]),
    "pyarrow float32": lambda: pa.array(NUMBERS, pa.float32()),
    "pyarrow float16": lambda: pa.array([np.float16(x) for x in NUMBERS], pa.float16()),
    "pyarrow decimal128": lambda: pa.array([decimal.Decimal(x) for x in NUMBERS], pa.decimal128(9, 2)),
    "pyarrow decimal256": lambda: pa.array([decimal.Decimal(x) for x in NUMBERS], pa.decimal256(50, 4)),
    "pyarrow dictionary": dictionary,
    "pyarrow run-end": run_ends,
    "capsule": lambda: Capsule(pa.array(NUMBERS)),
    "pandas": lambda: pd.Series(NUMBERS),
    "pandas NaN": lambda: pd.Series([*NUMBERS, math.nan]),
    "pandas float32 NaN": lambda: pd.Series([*NUMBERS, None], dtype="float32"),
    "pandas nullable": lambda: pd.Series([*NUMBERS, None], dtype="Float64"),
    "pandas Arrow": lambda: pd.Series([*NUMBERS, None], dtype="float64[pyarrow]"),
    "pandas categories": lambda: pd.Series(NUMBERS, dtype="category"),
    "pandas objects": lambda: pd.Series([*map(decimal.Decimal, NUMBERS), math.nan, None], dtype=object),
    "pandas sparse": lambda: pd.Series(pd.arrays.SparseArray([*NUMBERS, math.nan])),
    "pandas strided": lambda: pd.DataFrame({"a": NUMBERS, "b": NUMBERS})["b"],
    "pandas index": lambda: pd.Index(NUMBERS),
    "Polars": lambda: pl.Series(NUMBERS),
    "Polars nulls": lambda: pl.Series([*NUMBERS, None]),
}


def statistics_of(data: Any, **asked: Any) -> list[Any]:
    (row,) = rstats.describe(data, **asked)
    return [row["count"], *list(row.values())[5:]]


@pytest.mark.parametrize("route", ROUTES)
def test_every_route(route: str) -> None:
    make_data = ROUTES[route]
    assert statistics_of(make_data(), **EVERYTHING) == statistics_of(NUMBERS, **EVERYTHING)
    assert rstats.compute_stats(make_data()) == rstats.compute_stats(NUMBERS)


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_and_threads_never_show(kind: str) -> None:
    rng = random.Random(kind)
    for seed in range(1000, 1040):
        values = make(kind, seed)
        expected = statistics_of(np.array(values), **EVERYTHING)
        cuts = sorted(rng.randrange(len(values) + 1) for _ in range(rng.randrange(5)))
        parts = [values[a:b] for a, b in zip([0, *cuts], [*cuts, len(values)], strict=True)]
        rng.shuffle(parts)
        chunked = pa.chunked_array(parts, pa.float64())
        batches = [pa.record_batch({"x": pa.array(part, pa.float64())}) for part in parts]
        reader = pa.RecordBatchReader.from_batches(batches[0].schema, batches)
        for data in (chunked, reader):
            assert statistics_of(data, threads=rng.choice((1, 2, 3)), **EVERYTHING) == expected, (kind, seed)


@pytest.mark.parametrize("order", ["random", "sorted", "reversed", "organ pipe", "constant", "few", "periodic", "NaN"])
def test_long_series(order: str) -> None:
    """Longer than what is scanned as a whole: samples, brackets and threads are at work."""
    n = 700_001
    random_values = np.random.default_rng(5).normal(size=n)
    values = {
        "random": random_values,
        "sorted": np.sort(random_values),
        "reversed": np.sort(random_values)[::-1],
        "organ pipe": np.minimum(np.arange(n), n - np.arange(n)).astype(float),
        "constant": np.full(n, 2.5),
        "few": np.random.default_rng(6).integers(0, 3, n).astype(float),
        "periodic": np.where(np.arange(n) % 64 == 0, 1e300, np.arange(n)),
        "NaN": np.where(np.arange(n) % 3 == 0, np.nan, random_values),
    }[order]
    asked = {"stats": ["mean", "stddev"], "q": [0, 0.001, 0.25, 0.5, 0.75, 0.99, 1], "nan": "omit"}
    expected = statistics_of(values, threads=1, **asked)
    numbers = values[~np.isnan(values)]
    np.testing.assert_array_equal(expected[3:], np.quantile(numbers, asked["q"]))
    cut = 123_457
    arrow = pa.chunked_array([pa.array(values[cut:]), pa.array(values[:cut])])
    assert statistics_of(values, threads=3, **asked) == expected
    assert statistics_of(arrow, threads=2, **asked) == expected
    with_nulls = pa.array(values, from_pandas=True)
    assert statistics_of(with_nulls, **asked) == expected


def test_a_large_dictionary_and_many_runs_take_no_longer() -> None:
    """Each was decoded anew for every sampled row once: some minutes, where this takes part of a second."""
    n, size = 400_000, 100_000
    plain = np.arange(n) % size * 0.5
    dictionary = pa.DictionaryArray.from_arrays(pa.array(np.arange(n, dtype="i4") % size), np.arange(size) * 0.5)
    runs = pa.RunEndEncodedArray.from_arrays(pa.array(np.arange(1, n + 1, dtype="i4")), plain)
    expected = statistics_of(plain, **EVERYTHING)
    assert statistics_of(dictionary, **EVERYTHING) == expected
    assert statistics_of(runs, **EVERYTHING) == expected


def test_integers_beyond_2_to_53_are_exact() -> None:
    values = [2**63 - 1, 2**63 - 3, -(2**63), 5]
    (row,) = rstats.describe(pa.array(values), stats=["sum", "mean", "range", "variance"], q=0.5)
    assert row["sum"] == sum(values) and type(row["sum"]) is int
    assert row["range"] == 2**64 - 1
    assert row["mean"] == float(Fraction(sum(values), 4))
    assert row["median"] == float(Fraction(5 + 2**63 - 3, 2))
    squares, total = sum(x * x for x in values), sum(values)
    assert row["variance"] == float(Fraction(4 * squares - total * total, 12))
    assert rstats.describe(values, stats="sum", q=())[0]["sum"] == row["sum"]
    assert rstats.describe(np.array([2**64 - 1, 1], "u8"), stats="sum", q=())[0]["sum"] == 2.0**64


def test_tables_from_every_library() -> None:
    columns = {"x": NUMBERS, "n": list(range(7)), "s": list("abcdefg"), "b": [True] * 7}
    table = pa.table(columns)
    tables = [
        table,
        table.to_batches()[0],
        pd.DataFrame(columns),
        pl.DataFrame(columns),
        {**columns, "s": np.array(columns["s"]), "b": np.array(columns["b"])},
        Capsule(pa.record_batch(columns)),
        pa.RecordBatchReader.from_batches(table.schema, table.to_batches()),
        pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
        pd.DataFrame(columns).convert_dtypes(),
    ]
    expected = rstats.describe(table).to_dicts()
    assert [(row["column"], row["kind"]) for row in expected] == [
        ("x", "number"),
        ("n", "number"),
        ("b", "boolean"),
        ("s", "text"),
    ]
    for data in tables:
        assert rstats.describe(data).to_dicts() == expected, type(data)
    named = rstats.describe(table, columns=["b", "x"])
    assert [(row["column"], row["mean"]) for row in named] == [("x", expected[0]["mean"]), ("b", 1.0)]


def test_pandas_missing_values_are_nulls_by_every_route() -> None:
    frame = pd.DataFrame({"x": [1.0, math.nan, 3.0]})
    for data in (frame, frame["x"], {"x": frame["x"]}):
        (row,) = rstats.describe(data)
        assert (row["count"], row["null_count"], row["nan_count"], row["mean"]) == (2, 1, 0, 2.0)
    (row,) = rstats.describe(frame["x"].to_numpy())  # NumPy's NaN is a NaN
    assert (row["count"], row["null_count"], row["nan_count"]) == (3, 0, 1)
    assert math.isnan(row["mean"])


def test_arrays_of_two_dimensions() -> None:
    matrix = np.arange(12.0).reshape(3, 4)
    for data in (matrix, np.asfortranarray(matrix), matrix[::-1, ::-1], np.ma.masked_array(matrix, matrix < 0)):
        columns = [row["mean"] for row in rstats.describe(data)]
        rows = [row["mean"] for row in rstats.describe(data, axis=1)]
        assert columns == data.mean(axis=0).tolist() and rows == data.mean(axis=1).tolist()


def test_the_callers_data_stays_as_it_is() -> None:
    values = np.array(make("normal", 12))
    before = values.copy()
    rstats.describe(values, n=100)
    np.testing.assert_array_equal(values, before)
    numbers = list(NUMBERS)
    rstats.compute_stats(numbers)
    assert numbers == NUMBERS


def test_what_an_iterator_raises_passes_through() -> None:
    class Mine(Exception):
        pass

    def numbers() -> Iterator[float]:
        yield 1.0
        raise Mine

    for function in (rstats.compute_stats, rstats.describe):
        with pytest.raises(Mine):
            function(numbers())
