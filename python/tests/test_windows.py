"""Windows of event time: those of `describe` by the start of the window, however the stream is cut."""

import asyncio
import datetime as dt
import math
import multiprocessing
import pickle
import random
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import rstats
from series_that_hurt import KINDS, make

START = pd.Timestamp("2026-01-01T00:00:00")
MINUTE = 60_000_000_000


def frame(values, seed=0, delay=0, keys=3):
    """Rows some seconds apart, out of order by at most `delay` seconds, with keys."""
    rng = np.random.default_rng(seed)
    clock = np.cumsum(rng.integers(0, 40, len(values)))
    times = START + pd.to_timedelta(clock - rng.integers(0, delay + 1, len(values)), unit="s")
    names = rng.integers(0, keys, len(values))
    return pd.DataFrame({"ts": times, "key": [f"k{name}" for name in names], "x": values})


def by_start(frame, minutes=5, **options):
    """The oracle: groups by the start of the window and the key."""
    start = frame["ts"].astype("datetime64[ns]").astype("int64") // (minutes * MINUTE) * (minutes * MINUTE)
    grouped = frame.assign(window_start=start.astype("datetime64[ns]"))[["window_start", "key", "x"]]
    found = rstats.describe(grouped, by=["window_start", "key"], **options).to_dicts()
    return [plain(row) for row in found]


def plain(row):
    """A row without what differs by design, with every NaN as the same one."""
    same = {name: "NaN" if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
    same.pop("window_end", None)
    return {name: same[name] for name in sorted(same)}


def pushed(frame, step, windows):
    found = []
    for start in range(0, len(frame), step):
        found += windows.push(frame.iloc[start : start + step]).to_dicts()
    return [plain(row) for row in found + windows.finish().to_dicts()]


@pytest.mark.parametrize("kind", KINDS)
def test_windows_are_groups_by_their_start(kind):
    for seed in range(2):
        data = frame(make(kind, seed)[:1500], seed, delay=30)
        options = {"stats": ["min", "sum", "mean", "stddev", "mode"], "q": [0.1, 0.5]}
        expected = by_start(data, **options)
        for step in (1500, 101):
            windows = rstats.Windows("5min", on="ts", by="key", max_delay="30s", late="error", **options)
            assert pushed(data, step, windows) == expected


def test_any_interleaving_of_partitions_gives_the_same():
    data = [frame(np.random.default_rng(seed).normal(size=400), seed, delay=20) for seed in range(3)]
    expected = None
    for seed in range(5):
        rng = random.Random(seed)
        windows = rstats.Windows("5min", on="ts", by="key", max_delay="20s", late="error", partitions=range(3), q=[0.5])
        rest, found = [list(range(0, 400, 50)) for _ in data], []
        while any(rest):
            partition = rng.choice([index for index, left in enumerate(rest) if left])
            start = rest[partition].pop(0)
            found += windows.push(data[partition].iloc[start : start + 50], partition=partition).to_dicts()
            if not rest[partition]:
                found += windows.set_idle(partition).to_dicts()
        found = [plain(row) for row in found + windows.finish().to_dicts()]
        found.sort(key=lambda row: (row["window_start"], row["key"]))
        expected = expected or found
        assert found == expected
    assert expected == by_start(pd.concat(data), q=[0.5])


@pytest.mark.parametrize(
    "shape", [{"size": "5min"}, {"size": "7min", "slide": "3min", "offset": "1min"}, {"gap": "35s"}]
)
def test_it_goes_on_from_its_bytes_wherever_it_stops(shape):
    data = frame(np.random.default_rng(1).normal(size=600), 1, delay=15)
    question = {"on": "ts", "by": "key", "max_delay": "10s", "q": [0.5], **shape}
    whole = rstats.Windows(**question)
    expected = pushed(data, 50, whole)
    for stop in range(0, 600, 50):
        windows, found = rstats.Windows(**question), []
        for start in range(0, 600, 50):
            found += windows.push(data.iloc[start : start + 50]).to_dicts()
            if start == stop:
                windows = rstats.Windows.from_bytes(windows.to_bytes({"row": start + 50}))
                assert windows.position == {"row": start + 50}
                windows = pickle.loads(pickle.dumps(windows))
        assert [plain(row) for row in found + windows.finish().to_dicts()] == expected
        assert (windows.rows, windows.late_rows) == (600, whole.late_rows)


def push_until_killed(data, path):
    windows, done = rstats.Windows("5min", on="ts", by="key", max_delay="15s"), 0
    while True:
        windows.push(data.iloc[done : done + 20])
        done += 20
        path.with_suffix(".new").write_bytes(windows.to_bytes(done))
        path.with_suffix(".new").rename(path)


@pytest.mark.slow
def test_a_killed_process_loses_nothing(tmp_path):
    data = frame(np.random.default_rng(2).normal(size=100_000), 2, delay=15)
    path = tmp_path / "state"
    process = multiprocessing.get_context("spawn").Process(target=push_until_killed, args=(data, path))
    process.start()
    while not path.exists() or rstats.Windows.from_bytes(path.read_bytes()).rows < 1000:
        time.sleep(0.05)
        assert process.is_alive()
    process.kill()
    process.join()
    windows = rstats.Windows.from_bytes(path.read_bytes())
    whole = rstats.Windows("5min", on="ts", by="key", max_delay="15s")
    for done in range(0, windows.position, 20):
        whole.push(data.iloc[done : done + 20])
    rest = data.iloc[windows.position :]
    assert windows.push(rest) == whole.push(rest)
    assert windows.finish() == whole.finish()


def test_sliding_windows_hold_the_rows_of_their_time():
    data = frame(np.random.default_rng(3).normal(size=500), 3)
    windows = rstats.Windows("10min", on="ts", slide="2min", stats=["sum"], q=[0.25])
    found = windows.push(data.drop(columns="key")).to_dicts() + windows.finish().to_dicts()
    assert all(row["window_end"] - row["window_start"] == dt.timedelta(minutes=10) for row in found)
    starts = [row["window_start"] for row in found]
    assert starts == sorted(set(starts)) and windows.partly_late_rows == 0
    for row in found:
        inside = data[(data["ts"] >= row["window_start"]) & (data["ts"] < row["window_end"])]
        [alone] = rstats.describe(inside["x"].to_numpy(), stats=["sum"], q=[0.25]).to_dicts()
        assert [row[name] for name in ("count", "sum", "q1")] == [alone[name] for name in ("count", "sum", "q1")]


def test_sessions_end_after_a_gap():
    times = [0, 10, 25, 100, 101, 140, 90]
    table = {"ts": [START + pd.Timedelta(seconds=s) for s in times], "user": list("aabaaab"), "x": [1.0] * 7}
    windows = rstats.Windows(gap="30s", on="ts", by="user", max_delay="1min", stats=["sum"], q=())
    found = windows.push(table).to_dicts() + windows.finish().to_dicts()
    told = [
        (row["user"], (row["window_start"] - START).seconds, (row["window_end"] - START).seconds, row["sum"])
        for row in found
    ]
    assert told == [
        ("a", 0, 40, 2.0),
        ("b", 25, 55, 1.0),
        ("b", 90, 120, 1.0),
        ("a", 100, 131, 2.0),
        ("a", 140, 170, 1.0),
    ]


def test_late_rows_are_counted_and_kept():
    at = [START + pd.Timedelta(minutes=m) for m in (1, 12, 2, 3, 14)]
    table = {"ts": at, "x": [1.0, 2.0, 3.0, 4.0, 5.0]}
    windows = rstats.Windows("5min", on="ts", late="keep")
    windows.push(table)
    assert (windows.rows, windows.late_rows, windows.open_windows) == (5, 2, 1)
    [late] = windows.late()
    assert late.to_dict() == {"ts": at[2:4], "x": [3.0, 4.0]} and windows.late() == []
    assert repr(late).splitlines()[0] == "2 rows of 2 columns"
    assert pa.table(late)["x"].to_pylist() == [3.0, 4.0]
    assert windows.watermark == dt.datetime(2026, 1, 1, 0, 14)
    with pytest.raises(ValueError, match=r"row 2 \(counted from 0\) is late: its time 'ts' is 2026-01-01T00:02:00"):
        rstats.Windows("5min", on="ts", late="error").push(table)


def test_advance_and_idle_partitions():
    windows = rstats.Windows("5min", on="ts", partitions=["a", "b"], stats=["sum"], q=())
    table = {"ts": [START, START + pd.Timedelta(minutes=9)], "x": [1.0, 2.0]}
    assert len(windows.push(table, partition="a")) == 0 and windows.watermark is None
    assert len(windows.set_idle("b")) == 1
    for when in ("2026-01-01T00:10:00Z", np.datetime64("2026-01-01T00:10"), START + pd.Timedelta(minutes=10), 1):
        again = pickle.loads(pickle.dumps(windows))
        assert len(again.advance(when)) == (when != 1)
    zone = dt.timezone(dt.timedelta(hours=2))
    assert len(windows.advance(dt.datetime(2026, 1, 1, 2, 10, tzinfo=zone), partition="a")) == 1


def batches(data, size=100):
    for start in range(0, len(data), size):
        yield data.iloc[start : start + size]


def test_every_source_gives_the_same():
    data = frame(np.random.default_rng(4).normal(size=1000), 4)
    table = pa.Table.from_pandas(data, preserve_index=False)
    question = {"size": "5min", "on": "ts", "by": "key", "columns": "x"}
    expected = [plain(row) for closed in rstats.windows(data, **question) for row in closed]
    assert expected == by_start(data)
    sources = [
        lambda: batches(data),
        lambda: list(batches(data)),
        lambda: table,
        lambda: table.to_reader(max_chunksize=90),
        lambda: pl.DataFrame(table),
        lambda: pl.DataFrame(table).lazy(),
        lambda: (batch for batch in table.to_batches(max_chunksize=77)),
        lambda: {"ts": data["ts"], "key": data["key"], "x": data["x"]},
    ]
    for source in sources:
        stream = rstats.windows(source(), **question)
        assert [plain(row) for closed in stream for row in closed] == expected
        assert stream.windows.rows == 1000
    arrow = pa.RecordBatchReader.from_stream(rstats.windows(batches(data), **question)).read_all()
    assert arrow.column_names[:4] == ["window_start", "window_end", "key", "column"]
    assert arrow["mean"].to_pylist() == [row["mean"] for row in expected]

    async def asynchronously():
        async def source():
            for batch in batches(data):
                await asyncio.sleep(0)
                yield batch

        return [plain(row) async for closed in rstats.windows(source(), **question) for row in closed]

    assert asyncio.run(asynchronously()) == expected


def test_what_a_source_raises_passes_through():
    def source():
        yield {"ts": [START], "x": [1.0]}
        raise KeyError("gone")

    for timeout in (None, 5.0):
        with pytest.raises(KeyError, match="gone"):
            list(rstats.windows(source(), "5min", on="ts", idle_timeout=timeout))

    async def asynchronously():
        async def asynchronous():
            yield {"ts": [START], "x": [1.0]}
            raise KeyError("gone")

        return [closed async for closed in rstats.windows(asynchronous(), "5min", on="ts")]

    with pytest.raises(KeyError, match="gone"):
        asyncio.run(asynchronously())
    with pytest.raises(pa.ArrowInvalid, match="gone"):
        pa.RecordBatchReader.from_stream(rstats.windows(source(), "5min", on="ts")).read_all()


def test_a_quiet_stream_is_flushed():
    release = threading.Event()

    def source():
        yield {"ts": [START], "x": [1.0]}
        release.wait(30)
        yield {"ts": [START], "x": [2.0]}

    stream = rstats.windows(source(), "5min", on="ts", idle_timeout=0.05)
    assert [row["count"] for row in next(stream)] == [1]
    assert stream.idle_flushes == 1
    release.set()
    assert list(stream) == [] and stream.windows.late_rows == 1

    async def asynchronously():
        async def quiet():
            yield {"ts": [START], "x": [1.0]}
            await asyncio.sleep(0.5)

        stream = rstats.windows(quiet(), "5min", on="ts", idle_timeout=0.05)
        return [row["count"] async for closed in stream for row in closed], stream.idle_flushes

    assert asyncio.run(asynchronously()) == ([1], 1)


def test_frames_have_the_bounds_first():
    data = frame(np.random.default_rng(5).normal(size=50), 5).assign(y=1)
    windows = rstats.Windows("5min", on="ts", by="key")
    windows.push(data)
    found = windows.finish()
    names = ["window_start", "window_end", "key", "column", "count"]
    assert found.columns[:5] == names
    assert list(found.to_pandas().columns[:5]) == found.to_polars().columns[:5] == names
    assert list(found[0])[:6] == [*names[:4], "kind", "count"]
    rows = [(row["window_end"], row["key"], row["column"]) for row in found]
    assert rows == sorted(rows)
    assert list(zip(*(found.to_polars()[name] for name in ("window_end", "key", "column")), strict=True)) == rows
    assert pickle.loads(pickle.dumps(found)) == found
    assert pickle.loads(pickle.dumps(found)).to_dicts() == found.to_dicts()
    assert "<th>window_start</th>" in found._repr_html_() and "window_start" in repr(found)


def test_types_change_no_answer():
    times = [START + pd.Timedelta(minutes=m) for m in range(8)]
    for values in (
        pa.array(range(8), pa.int8()),
        pa.array([2**62 + n for n in range(8)]),
        pa.array(range(8), pa.float32()),
    ):
        for unit in ("s", "ms", "us", "ns"):
            table = pa.table({"ts": pa.array(times, pa.timestamp(unit, tz="Europe/Zurich")), "x": values})
            windows = rstats.Windows("4min", on="ts", stats=["sum", "max"], q=())
            found = windows.push(table).to_dicts() + windows.finish().to_dicts()
            halves = [
                rstats.describe(values[part], stats=["sum", "max"], q=())[0] for part in (slice(0, 4), slice(4, 8))
            ]
            assert [(row["sum"], row["max"]) for row in found] == [(row["sum"], row["max"]) for row in halves]
            assert found[0]["window_start"].utcoffset() == dt.timedelta(hours=1)
    # Python's lists are integers where all of their numbers are whole.
    windows = rstats.Windows("1h", on="ts", stats=["sum"], q=())
    for x in ([0.5], [1], [None], [2]):
        windows.push({"ts": [START], "x": x})
    assert windows.finish()[0]["sum"] == 3.5
    with pytest.raises(ValueError, match="row 1 of this one .* is an integer that no float holds"):
        windows.push({"ts": [START, START], "x": [1, 2**53 + 1]})


def test_the_memory_of_the_caller_is_not_kept():
    values = np.ones(1000)
    times = np.full(1000, np.datetime64("2026-01-01", "ns"))
    windows = rstats.Windows("1h", on="ts", stats=["sum"], q=())
    windows.push({"ts": times, "x": values})
    values[:] = 7.0
    assert windows.finish()[0]["sum"] == 1000.0


def test_threads_may_push():
    windows = rstats.Windows("1h", on="ts", stats=["sum"], q=())
    table = pa.table({"ts": pa.array([START] * 5000), "x": np.ones(5000)})
    threads = [threading.Thread(target=lambda: [windows.push(table) for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert windows.finish()[0]["sum"] == 200_000


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({}, "have either a size"),
        ({"size": "5min", "gap": "5s"}, "have either a size"),
        ({"gap": "5s", "slide": "5s"}, "slide= is of windows of a size"),
        ({"size": "1mo"}, "is not a span of time"),
        ({"size": "5min", "slide": "10min"}, "the slide is at most the size"),
        ({"size": "0s"}, "1ns at least"),
        ({"size": "5min", "late": "drop"}, "count, keep or error"),
        ({"size": "5min", "by": "window_start"}, "like a column of the answer"),
        ({"size": "5min", "by": ["a", "a"]}, "given twice"),
        ({"size": "5min", "stats": ["meen"]}, "mean"),
        ({"gap": "5s", "offset": "1s"}, "sessions begin with a row"),
    ],
)
def test_what_cannot_be_asked_is_told(question, message):
    with pytest.raises(ValueError, match=message):
        rstats.Windows(on="ts", **question)


def test_what_is_no_table_of_times_is_told():
    windows = rstats.Windows("5min", on="ts")
    for data, error, message in [
        ({"x": [1.0]}, KeyError | ValueError, "ts"),
        ({"ts": [1.0], "x": [1.0]}, ValueError, "need timestamps or dates"),
        ({"ts": [START], "x": ["a"]}, ValueError | TypeError, "number"),
        ([1.0, 2.0], TypeError, "tables that have a column of times"),
        (np.ones((2, 2)), TypeError, "tables that have a column of times"),
        (pa.table({"ts": pa.array([2**62], pa.timestamp("s")), "x": [1]}), ValueError, "beyond the years 1677 to 2262"),
    ]:
        with pytest.raises(error if isinstance(error, type) else error.__args__, match=message):
            windows.push(data)
    assert windows.rows == 0
    with pytest.raises(TypeError, match="a span of time such as"):
        rstats.Windows(5, on="ts")
    with pytest.raises(ValueError, match="they hold an accumulator, and windows"):
        rstats.Windows.from_bytes(rstats.Accumulator().to_bytes())
    windows = rstats.Windows("5min", on="ts", memory_limit=10_000)
    windows.push({"ts": [START] * 2000, "x": [1.0] * 2000})
    with pytest.raises(rstats.MemoryLimitError, match="describing the 2000 rows of a window takes about"):
        windows.finish()
    with pytest.raises(ValueError, match="'many' is not a size of memory"):
        windows.memory_limit = "many"
    assert windows.memory_limit == 10_000
    windows.memory_limit = "1MiB"
    assert windows.finish()[0]["count"] == 2000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@pytest.mark.parametrize("shape", ['"1h"', '"1d"', '"4h", slide="1h"', 'gap="1s"'])
def test_open_windows_keep_to_their_limit(tmp_path, shape):
    """Rows of a day, in no order, by keys: many windows, one large one, overlapping ones and sessions."""

    def run(limit):
        turns = 15 if "gap" in shape else 60
        program = f"""
            import hashlib, numpy as np, pyarrow as pa, rstats
            def peak():
                with open("/proc/self/status") as status:
                    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
            random = np.random.default_rng(20261128)
            windows = rstats.Windows({shape}, on="ts", by="key", q=[0.5], max_delay="7d", memory_limit={limit!r})
            for turn in range({turns}):
                times = random.integers(0, 86_400_000, 50_000).astype("datetime64[ms]")
                keys = random.integers(0, 1000, len(times)) if turn % 2 else np.full(len(times), turn)
                values = random.lognormal(size=len(times))
                batch = pa.table({{"ts": times, "key": pa.array(keys), "x": values}})
                windows.push(batch, threads=2)
                if turn == 0:
                    before = peak()
            bytes = windows.nbytes
            answer = windows.finish()
            print(peak() - before, bytes, hashlib.sha256(answer.to_json().encode()).hexdigest(), len(answer))
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            capture_output=True,
            text=True,
            check=False,
            env={"TMPDIR": str(tmp_path), "PATH": ""},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    peak, kept, answer, rows = run("24MiB" if "gap" not in shape else "256MiB")
    whole_peak, all_kept, expected, _ = run(None)
    assert (answer, int(rows) >= 1000) == (expected, True)
    if "gap" not in shape:
        assert int(kept) < 24 << 20 < int(all_kept)
        # Beside the windows, a process holds the batches and the answer.
        assert float(peak) < 0.8 * float(whole_peak)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_memory_stays_flat_while_keys_expire():
    windows = rstats.Windows("1min", on="ts", by="key", max_delay="5s", q=[0.5])
    most = []
    rows, clock = 100_000, 0
    for turn in range(100):
        times = (np.arange(rows) * 1_000_000 + clock).astype("datetime64[ns]")
        clock += rows * 1_000_000
        keys = np.arange(rows) % 1000 + 1000 * turn
        windows.push(pa.table({"ts": times, "key": keys, "x": np.ones(rows)}))
        most.append(windows.nbytes)
    assert max(most[50:]) <= 1.1 * max(most[5:50])
    assert windows.rows == 10_000_000


def test_what_is_left_out_is_told():
    table = frame([1.0, 2.0, 3.0]).assign(ok=True, note="a")
    for source in (table, pa.Table.from_pandas(table), pl.from_pandas(table)):
        closed = list(rstats.windows(source, "5min", on="ts", by="key"))
        assert closed and all([found["column"] for found in part.left_out] == ["ok", "note"] for part in closed)
        assert "note" in str(closed[0])
    named = rstats.windows(table, "5min", on="ts", columns="x")
    assert next(named).left_out == []
