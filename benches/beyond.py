"""Beyond one process: Dask and Spark against what they offer themselves, and 10,000 parts merged.

    python benches/beyond.py              # all of it, in an environment with the dependency group `engines`
    python benches/beyond.py bits         # stddev and median under four partitionings: ours and theirs
    python benches/beyond.py parts        # 10,000 parts on a tree of merges: sizes of states, passes
    python benches/beyond.py dask spark   # times, each answer compared with that of one process

Data comes from a seed. Each figure is the median of three; what takes longer than 20 seconds runs once.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import rstats

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

COLUMNS, FILES, ROWS = 10, 20, 250_000
ASKED: dict[str, Any] = {"stats": ["mean", "stddev", "min", "max"], "q": [0.25, 0.5, 0.75]}
MOMENTS: dict[str, Any] = {"stats": ["mean", "stddev", "min", "max"], "q": []}
GROUPS = {"even keys": 1.0, "one key with 90 % of the rows": 0.1}


def measured(work: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds that it takes, and what comes of it."""
    times: list[float] = []
    while len(times) < 3 and (not times or times[0] < 20):
        start = time.perf_counter()
        found = work()
        times.append(time.perf_counter() - start)
    return median(times), found


def write_lake(folder: Path) -> None:
    """Files whose values drift from one to the next."""
    rng = np.random.default_rng(7)
    for file in range(FILES):
        columns = {f"x{index}": rng.lognormal(file / FILES, 1.0 + index / 10, ROWS) for index in range(COLUMNS)}
        keys = {
            name: np.where(rng.random(ROWS) < share, rng.integers(1, 1000, ROWS), 0) for name, share in GROUPS.items()
        }
        pq.write_table(pa.table({**columns, **keys}), folder / f"{file:02}.parquet", compression="zstd")


def say(what: str, seconds: float, other: float | None = None) -> None:
    print(f"  {what:<64}{seconds:8.2f} s" + (f"   {other / seconds:.2f}x" if other else ""), flush=True)


def names() -> list[str]:
    return [f"x{index}" for index in range(COLUMNS)]


@contextmanager
def dask_client() -> Iterator[None]:
    from dask.distributed import Client, LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        yield


@contextmanager
def spark_session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    spark = builder.config("spark.driver.memory", "4g").config("spark.sql.shuffle.partitions", "8").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    yield spark
    spark.stop()


def one_process(lake: Path) -> list[Any]:
    seconds, found = measured(lambda: rstats.describe_parquet(lake, columns=names(), **ASKED))
    say("one process, two threads: rstats.describe_parquet", seconds)
    return list(found.to_dicts())


def bench_dask(lake: Path) -> None:
    import dask.dataframe as dd
    import rstats.dask

    print(f"Dask, two workers; {COLUMNS} columns of {FILES * ROWS:,} values: mean, stddev, min, max, quartiles")
    expected = one_process(lake)
    with dask_client():
        frame = dd.read_parquet(lake)[names()]
        theirs, _ = measured(lambda: frame.describe().compute())
        say("Dask's describe (approximate quartiles)", theirs)
        for what, work in (
            ("rstats.dask.describe_parquet", lambda: rstats.dask.describe_parquet(lake, columns=names(), **ASKED)),
            ("rstats.dask.describe of the frame", lambda: rstats.dask.describe(frame, **ASKED)),
        ):
            seconds, found = measured(work)
            assert found.to_dicts() == expected, what
            say(what, seconds, theirs)


def bench_spark(lake: Path) -> None:
    import rstats.spark
    from pyspark.sql import functions as F

    print(f"Spark, local[2]; {COLUMNS} columns of {FILES * ROWS:,} values")
    expected = one_process(lake)
    with spark_session() as spark:
        frame = spark.read.parquet(str(lake)).select(*names())
        quartiles = [F.percentile_approx(name, [0.25, 0.5, 0.75]) for name in names()]
        theirs, _ = measured(lambda: frame.agg(*quartiles).collect())
        say("Spark's percentile_approx of the quartiles", theirs)
        both = {"columns": names(), **ASKED}
        for what, work in (
            ("rstats.spark.describe_parquet", lambda: rstats.spark.describe_parquet(spark, lake, **both)),
            ("rstats.spark.describe of the frame", lambda: rstats.spark.describe(frame, **ASKED)),
        ):
            seconds, found = measured(work)
            assert found.to_dicts() == expected, what
            say(what, seconds, theirs)
        moments = [of(name) for name in names() for of in (F.mean, F.stddev_samp, F.min, F.max)]
        theirs, _ = measured(lambda: frame.agg(*moments).collect())
        say("Spark's own moments", theirs)
        moments_asked = {"columns": names(), **MOMENTS}
        seconds, _ = measured(lambda: rstats.spark.describe_parquet(spark, lake, **moments_asked))
        say("rstats.spark.describe_parquet, moments", seconds, theirs)
        for key in GROUPS:
            asked = {"columns": "x0", "by": key, **ASKED}
            seconds, found = measured(lambda asked=asked: rstats.spark.describe_parquet(spark, lake, **asked))
            assert found.to_dicts() == rstats.describe_parquet(lake, **asked).to_dicts()
            say(f"rstats.spark.describe_parquet by {key}", seconds)


def bits(lake: Path) -> None:
    """One column, whose mean is far from zero, cut in four ways."""
    import dask.dataframe as dd
    import pandas as pd
    import rstats.dask
    import rstats.spark
    from pyspark.sql import functions as F

    rng = np.random.default_rng(3)
    values = pd.DataFrame({"x": 1e6 + rng.lognormal(size=200_000)})
    found: dict[str, list[tuple[float, float]]] = {}
    with dask_client(), spark_session() as spark:
        whole = spark.createDataFrame(values)
        for partitions in (1, 3, 8, 20):
            cut = dd.from_pandas(values, npartitions=partitions)
            spread = whole.repartition(partitions)
            quantile = float(cut.x.quantile(0.5).compute())
            found.setdefault("Dask", []).append((float(cut.x.std().compute()), quantile))
            row = spread.agg(F.stddev_samp("x"), F.percentile_approx("x", 0.5, 100)).collect()[0]
            found.setdefault("Spark", []).append((row[0], row[1]))
            for name, answer in (
                ("rstats.dask", rstats.dask.describe(cut, stats=["stddev"], q=[0.5])),
                ("rstats.spark", rstats.spark.describe(spread, stats=["stddev"], q=[0.5])),
            ):
                found.setdefault(name, []).append((answer["x"]["stddev"], answer["x"]["median"]))
    print("stddev and median of 200,000 values in 1, 3, 8 and 20 partitions")
    for name, answers in found.items():
        print(f"  {name:<14}" + "  ".join(f"{stddev!r:<20}" for stddev, _ in answers))
        print(f"  {'':<14}" + "  ".join(f"{middle!r:<20}" for _, middle in answers))


def parts(lake: Path) -> None:
    """10,000 parts of 10,000 values, whose states travel as bytes up a tree of merges, 16 at a time."""
    count, size = 10_000, 10_000

    def part(index: int) -> Any:
        rng = np.random.default_rng(index)
        return rng.lognormal(index / count, 1.0, size)

    print(f"{count:,} parts of {size:,} values on a tree of merges")
    for what, asked in (("moments", MOMENTS), ("moments and quartiles", ASKED)):
        whole: rstats.Accumulator | None = None
        empty = rstats.Accumulator(keep=4096, **asked)
        if empty.may_need_passes:
            empty.aim(np.concatenate([part(index)[::8] for index in range(0, count, count // 50)]))
        passes = 0
        while empty is not None:
            start, leaves, levels = time.perf_counter(), 0, 0
            level: list[bytes] = []
            for index in range(count):
                level.append(empty.copy().update(part(index), threads=1).to_bytes())
            leaves, largest = sum(map(len, level)), max(map(len, level))
            merging = time.perf_counter()
            while len(level) > 1:
                read = [
                    [rstats.Accumulator.from_bytes(one) for one in level[at : at + 16]]
                    for at in range(0, len(level), 16)
                ]
                level, levels = [rstats.merge(group).to_bytes() for group in read], levels + 1
            merged = rstats.Accumulator.from_bytes(level[0])
            passes += 1
            print(
                f"  {what}, pass {passes}: states of {leaves / count:,.0f} bytes (at most {largest:,}), "
                f"{leaves / 2**20:,.0f} MiB of all parts; root {len(level[0]):,} bytes; {levels} levels merged in "
                f"{time.perf_counter() - merging:.1f} s, scanned in {merging - start:.0f} s",
                flush=True,
            )
            whole = merged if whole is None else whole.settle(merged)
            empty = whole.another_pass()
        assert whole is not None and whole.rows == count * size
        values = np.concatenate([part(index) for index in range(count)])
        assert whole.summary().to_dicts() == rstats.describe(values, **asked).to_dicts()


def main() -> None:
    known: dict[str, Callable[[Path], None]] = {"bits": bits, "parts": parts, "dask": bench_dask, "spark": bench_spark}
    wanted = sys.argv[1:] or list(known)
    if unknown := [name for name in wanted if name not in known]:
        sys.exit(f"there is no {unknown[0]}; there are {', '.join(known)}")
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder)
        if {"dask", "spark"} & set(wanted):
            write_lake(lake)
        for name in wanted:
            known[name](lake)


if __name__ == "__main__":
    main()
