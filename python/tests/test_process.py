"""What a call does to its process: memory, threads, forks, signals."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import rstats


def run(code: str, **arguments: Any) -> str:
    """Runs code in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, **arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


reads_peak = pytest.mark.skipif(
    not os.path.exists("/proc/self/clear_refs"), reason="peak memory is read from Linux's /proc"
)


def growth(setup: str, call: str, check: str) -> int:
    """By how many kB a call, whose answer is `rows`, raises the peak of memory; `n` is 25 M.

    The call is made once before with few values, so that the memory for its code and threads is not counted.
    """
    grown = run(f"""
import numpy, pandas, polars, pyarrow, rstats

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

random = numpy.random.default_rng(5)
n = 100_000
{setup}
{call}
n = 25_000_000
{setup}
rstats.describe(numpy.ones(1_000_000))  # all threads
with open("/proc/self/clear_refs", "w") as refs:
    refs.write("5")  # the peak starts from here
before = peak()
rows = {call}
grown = peak() - before
assert {check}
print(grown)
""")
    return int(grown)


FRAME = "pandas.DataFrame(numpy.ones((n // 5, 5)), columns=list('abcde'))"
LISTS = "pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(numpy.ones(n)), n // 5)"


@reads_peak
@pytest.mark.parametrize(
    "data",
    [
        pytest.param("numpy.ones(n)", id="numpy"),
        pytest.param("numpy.ones(2 * n)[::2]", id="numpy-strided"),
        pytest.param("numpy.ones(n)[::-1]", id="numpy-reversed"),
        pytest.param("numpy.ones(n, dtype='>f8')", id="numpy-other-byte-order"),
        pytest.param("numpy.ma.masked_invalid(numpy.ones(n))", id="numpy-masked"),
        pytest.param("numpy.ones((5, n // 5)).T", id="numpy-columns"),
        pytest.param("numpy.ones((n // 5, 5), order='F')", id="numpy-fortran"),
        pytest.param("pyarrow.array(numpy.ones(n))", id="pyarrow-array"),
        pytest.param("pyarrow.chunked_array([numpy.ones(n // 5)] * 5)", id="pyarrow-chunks"),
        pytest.param("pyarrow.table({'a': numpy.ones(n // 2), 'b': numpy.ones(n // 2)})", id="pyarrow-table"),
        pytest.param(LISTS, id="pyarrow-lists"),
        pytest.param("pandas.Series(numpy.ones(n))", id="pandas-series"),
        pytest.param(FRAME, id="pandas-frame"),
        pytest.param(FRAME + ".convert_dtypes(convert_integer=False)", id="pandas-nullable"),
        pytest.param(
            "pandas.Series(pandas.arrays.ArrowExtensionArray(pyarrow.array(numpy.ones(n))))", id="pandas-arrow"
        ),
        pytest.param("polars.Series(numpy.ones(n))", id="polars-series"),
        pytest.param("polars.DataFrame({'a': numpy.ones(n // 2), 'b': numpy.ones(n // 2)})", id="polars-frame"),
    ],
)
def test_no_copy_is_made(data: str) -> None:
    """Describing 200 MB raises the peak of memory by less than 5 MB."""
    call = 'rstats.describe(data, stats=["min", "max", "mean", "stddev"], q=())'
    grown = growth(f"data = {data}", call, "sum(row['count'] for row in rows) == n and rows[0]['mean'] == 1.0")
    assert grown < 5_000, f"{grown} kB"


@reads_peak
@pytest.mark.parametrize("source", ["normal(size=n)", "integers(0, 1000, n)"])
def test_quartiles_need_little_memory(source: str) -> None:
    """The candidates of quantiles are a tenth of the data at most."""
    grown = growth(f"data = random.{source}", "rstats.describe(data)", "rows[0]['median'] == numpy.median(data)")
    assert grown < 20_000, f"{grown} kB of 200 MB"


@reads_peak
def test_nothing_of_a_stream_is_kept_without_quantiles() -> None:
    setup = """
schema = pyarrow.schema([("x", pyarrow.float64()), ("y", pyarrow.float64())])
def batches(count):
    for _ in range(count):
        yield pyarrow.record_batch([numpy.ones(100_000), numpy.ones(100_000)], schema=schema)
reader = lambda count: pyarrow.RecordBatchReader.from_batches(schema, batches(count))
rstats.describe(reader(10), q=())
"""
    grown = growth(setup, "rstats.describe(reader(200), q=())", "rows[1]['count'] == 20_000_000")  # 320 MB
    assert grown < 20_000, f"{grown} kB"


def test_importing_needs_no_other_library() -> None:
    run("""
        import sys
        for name in ("numpy", "pandas", "polars", "pyarrow"):
            sys.modules[name] = None
        import rstats
        assert rstats.compute_stats([1.0, 2.0]).mean == 1.5
        print(rstats.describe({"x": [1.0, 2.0, None]}))
    """)


def test_threads_side_by_side() -> None:
    data = [np.random.default_rng(seed).normal(size=300_000) for seed in range(4)]
    expected = [rstats.describe(values, threads=1).to_dicts() for values in data]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert [d.to_dicts() for d in pool.map(rstats.describe, data)] == expected


def _mean(values: Any) -> float:
    return float(rstats.describe(values)[0]["mean"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    values = np.arange(500_000.0)
    assert _mean(values) == 249_999.5  # the parent's pool is up
    with multiprocessing.get_context("fork").Pool(2) as pool:
        results = pool.map_async(_mean, [values] * 4)
        assert results.get(timeout=60) == [249_999.5] * 4
    assert _mean(values) == 249_999.5


def _means_of_small_columns(_: int) -> list[float]:
    return [row["mean"] for row in rstats.describe({"x": [1.0, 2.0], "y": [3.0, 5.0], "z": [0.0, 1.0]})]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_small_tables_in_a_forked_child() -> None:
    """They are done without threads: those of a pool of the parent are not there."""
    assert _means_of_small_columns(0) == [1.5, 4.0, 0.5]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(_means_of_small_columns, range(8)).get(timeout=30) == [[1.5, 4.0, 0.5]] * 8


def _means_of_small_groups(_: int) -> Any:
    table = {"k": ["a", "b", "a"], "d": [1, 1, 1], "x": [1.0, 5.0, 2.0]}
    return [row["mean"] for row in rstats.describe(table, by=["k", "d"], columns="x")]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_small_groups_in_a_forked_child() -> None:
    """Several keys are ranked without threads as well."""
    assert _means_of_small_groups(0) == [1.5, 5.0]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(_means_of_small_groups, range(8)).get(timeout=30) == [[1.5, 5.0]] * 8


def _means_of_a_small_stream(_: int) -> list[float]:
    batches = [pa.record_batch({"x": [1.0, 2.0], "y": [3.0, 5.0]}), pa.record_batch({"x": [6.0], "y": [1.0]})]
    return [row["mean"] for row in rstats.describe(pa.RecordBatchReader.from_batches(batches[0].schema, batches))]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_small_streams_in_a_forked_child() -> None:
    """The batches of a stream are read without threads as well. Two columns: one alone needs none."""
    assert _means_of_a_small_stream(0) == [3.0, 3.0]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(_means_of_a_small_stream, range(8)).get(timeout=30) == [[3.0, 3.0]] * 8


def _small_steps_of_streams(by: str | None) -> list[float | None]:
    """Batches of few rows, whose windows have many; and small calls that deal out their work."""
    rows = 24_000
    times = np.arange(rows).astype("datetime64[ms]")
    table = pa.table({"ts": times, "k": np.arange(rows) % 3, "x": np.arange(rows) * 0.5})
    found: list[float | None] = []
    for question in ({"stats": ["mean"], "q": ()}, {"stats": ["mean"], "q": 0.5}):
        windows = rstats.Windows(on="ts", columns="x", size="8s", by=by, **question)
        closed = [row for batch in table.to_batches(300) for row in windows.push(batch)]
        found += [row["mean"] for row in [*closed, *windows.finish()]]
    small = {name: np.sin(np.arange(100) * scale) for name, scale in (("a", 1), ("b", 2), ("c", 3))}
    found.append(rstats.correlation(small, method="spearman").to_numpy()[0][1])
    found.append(rstats.describe([1.0, 2.0, 4.0], weights=[1, 2, 3], weighting="frequencies")[0]["mean"])
    accumulator = rstats.Accumulator(stats=["mean"], q=0.5)
    for batch in table.to_batches(300):
        accumulator.update(batch["x"])
    found.append(accumulator.summary()[0]["mean"])
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
@pytest.mark.parametrize("by", [None, "k"])
def test_small_steps_in_a_forked_child(by: str | None) -> None:
    """Whatever is done at once is done on the caller's thread, however much it turns out to be."""
    expected = _small_steps_of_streams(by)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(_small_steps_of_streams, [by] * 4).get(timeout=60) == [expected] * 4


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
def test_control_c_ends_a_long_call() -> None:
    batch = pa.record_batch({"x": np.ones(10_000)})

    def batches() -> Any:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            yield batch

    reader = pa.RecordBatchReader.from_batches(pa.schema([("x", pa.float64())]), batches())
    # What a shell runs in the background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            rstats.describe(reader, q=())
        assert time.monotonic() - start < 20
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_array_may_be_written_to_meanwhile() -> None:
    """No crash, and a mean between what was there and what was written: nothing more can be said."""
    values = np.zeros(3_000_000)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            values[:] = 1.0
            values[:] = 0.0

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(10):
            try:
                (row,) = rstats.describe(values)
            except ValueError as error:
                assert "changed while it was read" in str(error)
            else:
                assert 0.0 <= row["mean"] <= 1.0
    finally:
        stop.set()
        writer.join()
