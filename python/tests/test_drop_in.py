"""`from rstats import statistics`: whatever the standard module does, bit for bit, on any data.

`RSTATS_SERIES=200000` compares that many series.
"""

from __future__ import annotations

import array
import importlib.util
import math
import os
import random
import statistics as standard
import struct
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from rstats import _rstats
from rstats import statistics as ours
from series_that_hurt import KINDS, make

FUNCTIONS: dict[str, list[dict[str, Any]]] = {
    "mean": [{}],
    "fmean": [{}],
    "median": [{}],
    "median_low": [{}],
    "median_high": [{}],
    "quantiles": [{}, {"n": 10}, {"n": 6, "method": "inclusive"}, {"n": 1}],
    "variance": [{}],
    "stdev": [{}],
    "pvariance": [{}],
    "pstdev": [{}],
}
BATCHES = 8
SERIES = int(os.environ.get("RSTATS_SERIES", "102000")) // 4
EACH = math.ceil(SERIES / len(KINDS) / BATCHES)


def outcome(function: Callable[..., Any], data: Any, options: dict[str, Any]) -> Any:
    """What a call gives, to the bit and with its type, or what it raises, word for word."""
    try:
        answer = function(data, **options)
    except Exception as error:
        return type(error), str(error)
    return [
        (type(one), struct.pack("<d", one) if isinstance(one, float) else repr(one))
        for one in (answer if isinstance(answer, list) else [answer])
    ], type(answer)


def check(data: Callable[[], Any], standard_data: Callable[[], Any] | None = None) -> None:
    for name, choices in FUNCTIONS.items():
        for options in choices:
            found = outcome(getattr(ours, name), data(), options)
            expected = outcome(getattr(standard, name), (standard_data or data)(), options)
            assert found == expected, (name, options)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("kind", KINDS)
def test_random_series(kind: str, batch: int) -> None:
    for seed in range(batch * EACH, (batch + 1) * EACH):
        values = make(kind, seed)
        data = np.array(values) if seed % 4 == 0 else values
        try:
            check(lambda data=data: data)
        except AssertionError as error:
            raise AssertionError(f"series_that_hurt.make({kind!r}, {seed}): {error}") from error


def test_ordinary_floats_are_answered_by_the_kernels() -> None:
    for name, choices in FUNCTIONS.items():
        assert _rstats.drop_in(name, [0.1, 0.2, 0.4], *choices[0].values()) is not None
        assert _rstats.drop_in(name, np.linspace(0.0, 1.0, 5000), *choices[0].values()) is not None


NAN, INF, HUGE = math.nan, math.inf, sys.float_info.max


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "data",
    [
        [],
        [1.5],
        [1, 2, 3],
        [1, 2.5],
        [True, False],
        [Fraction(1, 3), Fraction(2, 3)],
        [Decimal("0.1"), Decimal("0.2")],
        [Decimal("0.1"), 0.2],
        ["a", "b"],
        [None, 1.0],
        [1.0, None],
        [NAN, 1.0, 2.0],
        [1.0, INF],
        [INF, -INF],
        [HUGE, HUGE],
        [HUGE, -HUGE, HUGE],
        [5e-324, 5e-324, 1e-320],
        [0.0, -0.0],
        [-0.0, 0.0],
        [-0.0],
        [-0.0, -0.0, 0.0],
        [0.0, -0.0, 1.0, 2.0],
        (1.5, 2.5, 4.0),
        range(5),
        {1.5, 2.5},
        {1.5: 1, 2.5: 2},
        "12",
        b"12",
        None,
        3.5,
        object(),
        array.array("d", [1.5, 2.5, 0.1]),
        array.array("f", [1.5, 2.5, 0.1]),
        array.array("i", [1, 2]),
        memoryview(array.array("d", [1.5, 2.0])),
        np.array([1.5, 2.5, 0.1]),
        np.array([1.5, 2.5, 0.1], dtype=np.float32),
        np.array([1, 2, 4]),
        np.array([[1.5, 2.0], [3.0, 4.0]]),
        np.array([]),
        np.array(1.5),
        np.array([1.5, NAN]),
        np.array([True, False]),
        np.array([-0.0, 0.0]),
        np.array([1.0, 2.0], dtype=">f8"),
        np.ma.masked_array([1.5, 2.5, 9.0], [False, False, True]),
        [np.float64(1.5), np.float64(2.25)],
        np.arange(10.0)[::-3],
        pd.Series([1.5, 2.5, 0.1]),
        pd.Series([1.5, NAN]),
        pd.Series([1.5, 2.5], index=[7, 3]),
        pd.Series([1, 2]),
        pd.Series([1.5, None], dtype="Float64"),
        pd.Series([1.5, 2.5], dtype="Float64"),
        pd.Series([1.5, 2.5], dtype="float32"),
        pd.Series(pd.array([1.5, 2.5], dtype=pd.ArrowDtype(pa.float64()))),
        pl.Series([1.5, 2.5, 0.1]),
        pl.Series([1.5, None]),
    ],
    ids=lambda data: type(data).__name__,
)
def test_any_data(data: Any) -> None:
    check(lambda: data)


@pytest.mark.parametrize(
    "data",
    [
        pa.array([1.5, 2.5, 0.1]),
        pa.array([1.5, None]),
        pa.chunked_array([[1.5], [2.5, 0.1]]),
        pa.array([1, 2]),
        pa.array(["a"]),
    ],
    ids=str,
)
def test_arrow_is_its_list(data: Any) -> None:
    check(lambda: data, data.to_pylist)


def test_iterators() -> None:
    def failing() -> Any:
        yield 1.5
        yield 2.5
        raise LookupError("half-way")

    def mixed() -> Any:
        yield "a"
        raise LookupError("too late")

    check(lambda: iter([1.5, 2.5, 0.1]))
    check(lambda: (x / 7 for x in range(20)))
    check(lambda: map(float, range(5000)))
    check(lambda: iter([]))
    check(failing)
    check(mixed)


@pytest.mark.parametrize("size", [2, 9, 33, 129, 1500, 5000, 300_000])
def test_every_size(size: int) -> None:
    values = [random.Random(size).gauss(0, 1) for _ in range(size)]
    check(lambda: values)
    check(lambda: np.array(values))


def test_arguments() -> None:
    data = [1.5, 2.5, 4.0]
    for name, calls in {
        "quantiles": [
            {"n": 0},
            {"n": -1},
            {"n": 2.5},
            {"n": True},
            {"n": 1 << 40},
            {"method": "linear"},
            {"method": None},
            {"n": 12_000},
        ],
        "fmean": [{"weights": [1.0, 2.0, 3.0]}, {"weights": [1.0]}],
        "variance": [{"xbar": 2.0}],
        "stdev": [{"xbar": 2.0}],
        "pvariance": [{"mu": 2.0}],
        "pstdev": [{"mu": 2.0}],
    }.items():
        for options in calls:
            if options.get("n") == 1 << 40:
                continue  # takes all memory there too
            assert outcome(getattr(ours, name), data, options) == outcome(getattr(standard, name), data, options)


def test_every_public_name_is_there() -> None:
    assert ours.__all__ == standard.__all__
    assert all(hasattr(ours, name) for name in standard.__all__)
    assert ours.StatisticsError is standard.StatisticsError and ours.NormalDist is standard.NormalDist


def test_arrow_data_is_its_list_in_every_function() -> None:
    values = [1.0, 2.0, 2.0, 4.0, 7.5]
    others = [2.0, 1.0, 3.0, 5.0, 4.0]
    for arrow in (pa.array, lambda v: pa.chunked_array([v[:2], v[2:]]), pl.Series):
        data, other = arrow(values), arrow(others)
        for name in ("harmonic_mean", "geometric_mean", "mode", "multimode", "median_grouped"):
            assert getattr(ours, name)(data) == getattr(standard, name)(values), name
        for name in ("correlation", "covariance", "linear_regression"):
            assert getattr(ours, name)(data, other) == getattr(standard, name)(values, others), name
        assert ours.variance(data, xbar=3.5) == standard.variance(values, xbar=3.5)
        assert ours.pstdev(data, mu=3.5) == standard.pstdev(values, mu=3.5)
        assert ours.fmean(data, weights=other) == standard.fmean(values, weights=others)
        assert ours.quantiles(data, n=True) == standard.quantiles(values, n=True)
        assert ours.harmonic_mean(data, weights=other) == standard.harmonic_mean(values, weights=others)


@pytest.mark.skipif(not importlib.util.find_spec("test.test_statistics"), reason="this Python comes without its tests")
def test_the_tests_of_python_pass() -> None:
    script = Path(__file__).with_name("cpython_statistics.py")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "18 functions of rstats" in done.stdout
