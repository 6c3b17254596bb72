"""Windows: their bounds are those of pandas, and each has the bits of the same values described alone."""

import datetime
import math
import os
import signal
import statistics
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa
import pytest
import rstats
import rstats.pandas
import rstats.polars
from series_that_hurt import KINDS, make

CLOSED = [None, "right", "left", "both", "neither"]


def same(left, right):
    left, right = np.asarray(left, dtype=float), np.asarray(right, dtype=float)
    np.testing.assert_array_equal(left, right)


def values(rows, seed=1):
    numbers = np.random.default_rng(seed).normal(size=rows).round(3)
    numbers[rows // 3 :: 17] = np.nan
    return numbers


def uneven(rows):
    steps = np.random.default_rng(7).choice([0, 0, 1, 1, 2, 5, 30], size=rows)
    return pd.to_datetime("2026-11-28") + pd.to_timedelta(steps.cumsum(), unit="s")


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("window", [1, 2, 3, 10, 61, 500])
def test_windows_of_rows_have_the_bounds_of_pandas(window, center, closed):
    data = pd.Series(values(200))
    for min_periods in (None, 0, 1, min(2, window)):
        theirs = data.rolling(window, min_periods=min_periods, center=center, closed=closed)
        ours = data.rstats.rolling(window, min_periods, center, closed=closed)
        same(ours.min(), theirs.min())
        same(ours.max(), theirs.max())
        # Order statistics: where pandas interpolates, it rounds in another order.
        for q in (0.3, 0.5):
            same(ours.quantile(q, "lower"), theirs.quantile(q, interpolation="lower"))
            np.testing.assert_allclose(ours.quantile(q), theirs.quantile(q), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(ours.sum(), theirs.sum(), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(ours.std(), theirs.std(), rtol=1e-6, atol=1e-7)
    step = rstats.rolling(data, window, stats=["min"], q=(), nan="omit", min_periods=1, closed=closed, step=7)
    theirs = data.rolling(window, min_periods=1, closed=closed, step=7).min()
    same(step.to_numpy()["min"], theirs)


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("window", ["1s", "2s", "3s", "10s", "1min", "1h"])
def test_windows_of_time_have_the_bounds_of_pandas(window, center, closed):
    data = pd.Series(values(300), index=uneven(300), name="x")
    theirs = data.rolling(window, center=center, closed=closed)
    ours = data.rstats.rolling(window, center=center, closed=closed)
    for name in ("min", "max", "count"):
        pd.testing.assert_series_equal(getattr(ours, name)(), getattr(theirs, name)(), check_exact=True)
    same(ours.quantile(0.4, "higher"), theirs.quantile(0.4, interpolation="higher"))
    frame = pd.DataFrame({"ts": data.index, "x": data.to_numpy()})
    same(frame.rstats.rolling(window, center=center, closed=closed, on="ts").max()["x"], theirs.max())


def test_expanding_has_the_bounds_of_pandas():
    data = pd.Series(values(300))
    for min_periods in (1, 5):
        theirs = data.expanding(min_periods).quantile(0.5, interpolation="lower")
        same(data.rstats.expanding(min_periods).quantile(0.5, "lower"), theirs)
        same(data.rstats.expanding(min_periods).min(), data.expanding(min_periods).min())


@pytest.mark.parametrize("kind", KINDS)
def test_every_window_against_exact_rationals(kind):
    for seed in range(6):
        finite = make(kind, seed)[:200]
        for window in (1, 3, 50):
            found = rstats.rolling(finite, window, stats=["sum", "mean", "variance", "stddev"], q=(), min_periods=1)
            found = found.to_dict()
            for row in range(0, len(finite), 7):
                inside = finite[max(0, row + 1 - window) : row + 1]
                total = sum(map(Fraction, inside))
                assert found["sum"][row] == nearest(total)
                assert found["mean"][row] == nearest(total / len(inside))
                if len(inside) == 1:
                    assert found["stddev"][row] is None
                    continue
                mean = total / len(inside)
                variance = sum((Fraction(x) - mean) ** 2 for x in inside) / (len(inside) - 1)
                assert found["variance"][row] == nearest(variance)
                if nearest(variance) < math.inf:
                    assert found["stddev"][row] == statistics.stdev(inside)


def nearest(number):
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


@pytest.mark.parametrize("window", [3, "20s"])
def test_keys_are_windows_of_their_own(window):
    rows = 400
    frame = pd.DataFrame(
        {"ts": uneven(rows), "x": values(rows), "k": np.random.default_rng(2).choice(list("abcd"), rows)}
    )
    found = rstats.rolling(frame, window, on="ts", by="k", columns="x", stats=["count", "mean", "n_unique"], q=[0.5])
    found = found.to_pandas()
    for _, group in frame.groupby("k"):
        alone = rstats.rolling(group, window, on="ts", columns="x", stats=["count", "mean", "n_unique"], q=[0.5])
        alone = alone.to_pandas(group.index)
        pd.testing.assert_frame_equal(found.loc[group.index], alone, check_exact=True, check_dtype=False)
    two = rstats.rolling(frame.assign(j=frame.k), window, on="ts", by=["k", "j"], columns="x", stats=["mean"], q=())
    same(two.to_numpy()["mean"], found["mean"])


def test_what_leaves_a_window_leaves_nothing_behind():
    calm = np.round(np.random.default_rng(3).gamma(2, 20, 30_000), 2)
    spoilt = calm.copy()
    spoilt[10_000], spoilt[20_000], spoilt[20_001] = 1e300, np.inf, np.nan
    stats = ["sum", "mean", "variance", "stddev", "min", "max", "n_unique"]
    ours = rstats.rolling(spoilt, 100, stats=stats, q=[0.1, 0.9]).to_numpy()
    expected = rstats.rolling(calm, 100, stats=stats, q=[0.1, 0.9]).to_numpy()
    away = np.ones(len(calm), bool)
    away[10_000:10_100] = away[20_000:20_101] = False
    for name in ours:
        same(ours[name][away], expected[name][away])
    assert np.isnan(ours["mean"][20_001]) and np.isinf(ours["mean"][20_000])
    dropped = rstats.rolling(calm[777:], 100, stats=stats, q=[0.1, 0.9]).to_numpy()
    for name in dropped:
        same(dropped[name][99:], expected[name][876:])


def test_the_answer_does_not_depend_on_threads_or_chunks():
    numbers = values(100_000)
    whole = rstats.rolling(numbers, 50, nan="omit", min_periods=1)
    chunked = pa.chunked_array([numbers[:10], numbers[10:77_777], numbers[77_777:]])
    for data, threads in ((numbers, 1), (numbers, 3), (chunked, None), (pl.Series(numbers), None), (list(numbers), 2)):
        assert rstats.rolling(data, 50, nan="omit", min_periods=1, threads=threads).to_arrow().equals(whole.to_arrow())


def test_inputs_of_every_kind():
    expected = [None, 1.5, 4.0, 5.0]
    numbers = [1.0, 2.0, 6.0, 4.0]
    table = pa.table({"x": numbers, "text": list("abcd")})
    for data in (numbers, np.array(numbers), pa.array(numbers), pd.Series(numbers), pl.Series(numbers), iter(numbers)):
        assert rstats.rolling(data, 2, stats=["mean"], q=()).to_dict() == {"mean": expected}
    for data in (table, table.to_pandas(), pl.DataFrame(table), table.to_reader(), {"x": numbers}, table.to_pylist()):
        assert rstats.rolling(data, 2, stats=["mean"], q=()).to_dict() == {"mean": expected}
    two = rstats.rolling(np.array([numbers, numbers]).T, 2, stats=["mean"], q=())
    assert two.to_dict() == {"0_mean": expected, "1_mean": expected}
    assert rstats.rolling(pa.array([1, 2, None, 4], pa.int32()), 2, stats=["sum"], q=(), min_periods=1).to_dict() == {
        "sum": [1.0, 3.0, 2.0, 4.0]
    }


def test_spans_of_time_of_every_kind():
    frame = pl.DataFrame({"ts": uneven(50), "x": np.arange(50.0)})
    texts = rstats.rolling(frame, "90s", on="ts").to_dict()
    assert len(texts["mean"]) == 50
    for window in (
        datetime.timedelta(seconds=90),
        np.timedelta64(90, "s"),
        pd.Timedelta("90s"),
        pd.offsets.Second(90),
        "1min30s",
        "1.5min",
    ):
        found = rstats.rolling(frame, window, on="ts")
        assert found.to_arrow().equals(rstats.rolling(frame, "90s", on="ts").to_arrow()), window
    dates = pa.table({"day": [datetime.date(2026, 1, day) for day in (1, 2, 5, 6)], "x": [1, 2, 3, 4]})
    assert rstats.rolling(dates, "2d", on="day", stats=["sum"], q=()).to_dict() == {"sum": [1.0, 3.0, 3.0, 7.0]}
    apart = rstats.rolling(frame["x"], "90s", on=frame["ts"])
    assert apart.to_arrow().equals(rstats.rolling(frame, "90s", on="ts").to_arrow())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": 0}, "window is from 1 to"),
        ({"window": -3}, "window is from 1 to"),
        ({"window": "0s"}, "1ns long at least"),
        ({"window": "3 parsecs"}, "is not a span of time; write for example 30s, 5min"),
        ({"window": "1mo"}, "months and years have no fixed length"),
        ({"window": 2, "min_periods": 3}, "min_periods is 3, and a window has 2 rows"),
        ({"window": 2, "step": 0}, "step is from 1 to"),
        ({"window": 2, "closed": "rigth"}, "did you mean 'right'?"),
        ({"window": 2, "stats": ["mad"]}, "windows have no mad; they have count, min, max"),
        ({"window": "5s"}, "name their column with on"),
        ({"window": "5s", "on": "x"}, "times are of type float64; windows of time need timestamps or dates"),
        ({"window": "5s", "on": "missing"}, "there is no column 'missing'"),
        ({"window": "5s", "on": "back"}, r"that of row 2 \(counted from 0\) is on the wrong side"),
        ({"window": "5s", "on": "gap"}, r"the time of row 1 \(counted from 0\) is null"),
        ({"window": "5s", "on": "far"}, "beyond the years 1677 to 2262"),
        ({"window": 2, "by": []}, "by= is empty"),
    ],
)
def test_what_is_wrong_is_said(arguments, message):
    table = pa.table(
        {
            "x": [1.0, 2.0, 3.0],
            "back": pa.array([1, 5, 4], pa.timestamp("s")),
            "gap": pa.array([1, None, 4], pa.timestamp("ms")),
            "far": pa.array([1, 2, 1 << 40], pa.timestamp("s")),
        }
    )
    with pytest.raises((ValueError, KeyError), match=message):
        rstats.rolling(table, **arguments)


def test_windows_that_are_no_windows():
    for window in (2.5, None, True, [3]):
        with pytest.raises(TypeError, match="window is a number of rows, a span of time"):
            rstats.rolling([1.0], window)
    with pytest.raises(TypeError, match="rstats.rolling"):
        rstats.describe(pd.Series([1.0]).rolling(1))


def test_the_accessor_of_pandas_keeps_index_and_order():
    frame = pd.DataFrame({"k": list("abab"), "x": [1.0, 2, 3, 4], "y": [4, 3, 2, 1]}, index=list("wxyz"))
    found = frame.rstats.rolling(2, by="k").mean()
    assert list(found.columns) == ["x", "y"] and list(found.index) == list("wxyz")
    same(found["x"], [np.nan, np.nan, 2, 3])
    one = frame.rstats.rolling(2)["x"].sum()
    assert one.name == "x" and list(one.index) == list("wxyz")
    both = frame.rstats.rolling(2)[["y", "x"]].sum()
    assert list(both.columns) == ["y", "x"]
    every = frame["x"].rstats.rolling(2).describe(stats=["count", "mean"], q=[0.9])
    assert list(every.columns) == ["count", "mean", "p90"]
    theirs = frame["x"].rolling(2)
    for name in ("sum", "mean", "std", "var", "min", "max", "median", "count"):
        np.testing.assert_allclose(getattr(frame["x"].rstats.rolling(2), name)(), getattr(theirs, name)())
    longer = pd.Series(values(90)).dropna()
    for name in ("skew", "kurt"):
        np.testing.assert_allclose(
            getattr(longer.rstats.rolling(9), name)(), getattr(longer.rolling(9), name)(), rtol=1e-6
        )
    assert frame["x"].rstats.rolling(2).nunique().tolist()[1:] == [2, 2, 2]
    assert frame["x"].rstats.rolling(2).sem().iloc[1] == pytest.approx(0.5)


def test_expressions_of_polars():
    frame = pl.DataFrame({"k": list("aabb") * 25, "x": values(100)}).with_columns(pl.col("x").fill_nan(None))
    found = frame.select(
        mean=pl.col("x").rstats.rolling_mean(5, min_samples=1),
        std=pl.col("x").rstats.rolling_std(5, min_samples=2),
        median=pl.col("x").rstats.rolling_median(5, min_samples=1),
        most=pl.col("x").rstats.rolling_max(5, min_samples=1, center=True),
        q=pl.col("x").rstats.rolling_quantile(0.3, 5, min_samples=1),
    )
    theirs = frame.select(
        mean=pl.col("x").rolling_mean(5, min_samples=1),
        std=pl.col("x").rolling_std(5, min_samples=2),
        median=pl.col("x").rolling_median(5, min_samples=1),
        most=pl.col("x").rolling_max(5, min_samples=1, center=True),
        q=pl.col("x").rolling_quantile(0.3, window_size=5, min_samples=1),
    )
    pl.testing.assert_frame_equal(found, theirs)
    whole = frame.select(
        mean=pl.col("x").rstats.mean(),
        std=pl.col("x").rstats.std(),
        median=pl.col("x").rstats.median(),
        q=pl.col("x").rstats.quantile(0.9),
        skew=pl.col("x").rstats.skew(),
    )
    theirs = frame.select(
        mean=pl.col("x").mean(),
        std=pl.col("x").std(),
        median=pl.col("x").median(),
        q=pl.col("x").quantile(0.9),
        skew=pl.col("x").skew(),
    )
    pl.testing.assert_frame_equal(whole, theirs)
    groups = frame.group_by("k", maintain_order=True).agg(pl.col("x").rstats.mean())
    pl.testing.assert_frame_equal(groups, frame.group_by("k", maintain_order=True).agg(pl.col("x").mean()))
    over = frame.select(pl.col("x").rstats.rolling_sum(3, min_samples=1).over("k"))
    pl.testing.assert_frame_equal(over, frame.select(pl.col("x").rolling_sum(3, min_samples=1).over("k")))
    assert frame["x"].rstats.mean() == pytest.approx(frame["x"].mean())
    assert len(frame["x"].rstats.rolling_n_unique(4, min_samples=1)) == 100


def test_the_answer_as_everything():
    found = rstats.rolling({"a": [1, 2, 2, None], "b": [4.0, 1, 1, 1]}, 2, stats=["count", "n_unique"], q=[0.5])
    assert found.names == ["a_count", "a_n_unique", "a_median", "b_count", "b_n_unique", "b_median"]
    assert len(found) == 4
    assert found["b_median"].to_dict() == {"b_median": [None, 2.5, 1.0, 1.0]}
    assert found.to_polars().columns == found.names
    assert found.to_arrow().schema.field("a_count").type == pa.uint64()
    assert found.to_numpy()["b_count"].dtype == np.uint64
    assert found.to_pandas(list("wxyz")).index.tolist() == list("wxyz")
    with pytest.raises(KeyError, match="did you mean 'a_count'"):
        found["a_cuont"]
    shown = repr(rstats.rolling(np.arange(100.0), 3, stats=["mean"], q=()))
    assert shown.splitlines()[0] == "100 rows of 1 column" and "…" in shown and "98.0" in shown


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_keys_of_few_rows_need_no_thread_that_a_forked_child_lacks():
    table = {"k": ["a", "b", "a"], "x": [1.0, 2.0, 3.0]}
    expected = rstats.rolling(table, 2, by="k", stats=["sum"], q=(), min_periods=1).to_dict()
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # it would wait for ever
        os._exit(rstats.rolling(table, 2, by="k", stats=["sum"], q=(), min_periods=1).to_dict() != expected)
    assert os.waitpid(child, 0)[1] == 0


def test_a_sum_of_fewer_values_than_min_count_is_null() -> None:
    """It was one of any, from two values on."""
    sums = {"stats": ["sum"], "q": ()}
    assert rstats.rolling([1.0, 2.0], 2, min_periods=0, min_count=2, **sums).to_dict() == {"sum": [None, 3.0]}
    assert rstats.expanding([1.0, 2.0, 3.0], min_count=3, **sums).to_dict() == {"sum": [None, None, 6.0]}
    rng = np.random.default_rng(5)
    values = [None if gap else x for x, gap in zip(rng.normal(size=200).tolist(), rng.random(200) < 0.3, strict=True)]
    for min_count in (1, 2, 4):
        found = rstats.rolling(values, 5, min_periods=1, min_count=min_count, **sums).to_dict()["sum"]
        expected = []
        for end in range(1, 201):
            window = [x for x in values[max(0, end - 5) : end] if x is not None]
            expected.append(math.fsum(window) if len(window) >= max(min_count, 1) else None)
        assert found == expected
