"""Windows and text by rstats beside its peers: the same data, in turn, medians of several rounds.

Prints a Markdown table: wall time, and the processor time of all threads behind it. Answers are compared: order
statistics to a few last places, sums and deviations to 1e-5 (peers lose digits where they cancel).

    make bench                             # installs the peers
    python benches/streams.py --only key   # one row
"""

import argparse
import functools
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, help="threads of every contender; as many as there are cores if not given")
parser.add_argument("--rounds", type=int, default=3, help="rounds of each row; the table has their medians")
parser.add_argument("--size", type=float, default=1, help="how long the series are, beside what the rows say")
parser.add_argument("--only", default="", help="only the rows whose name contains this")
arguments = parser.parse_args()
if arguments.threads:
    # Polars reads it when it is imported.
    os.environ["POLARS_MAX_THREADS"] = str(arguments.threads)

import duckdb  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import polars as pl  # noqa: E402
import pyarrow as pa  # noqa: E402
import rstats  # noqa: E402

THREADS = arguments.threads
COMMAND = Path(__file__).resolve().parent.parent / "target/release/rstats"
QUANTILES = [0.25, 0.5, 0.75, 0.99]


def ours(data, window, **options):
    return rstats.rolling(data, window, threads=THREADS, **options)


def rows():
    """(name, how far the answers may differ, contenders) of each row; its data is made when it is its turn."""
    random = np.random.default_rng(20261128)

    def of(values):
        return values, pa.array(values), pd.Series(values), pl.Series(values)

    def normal(count):
        return of(random.normal(size=int(count * arguments.size)))

    shapes = {
        "normal": normal,
        "near a million": lambda count: of(1e6 + random.random(int(count * arguments.size))),
    }

    def sums(shape):
        _, array, frame, series = shapes[shape](10e6)
        return {
            "rstats": lambda: ours(array, 100, stats=["mean", "stddev"], q=()),
            "pandas": lambda: [frame.rolling(100).mean(), frame.rolling(100).std()],
            "Polars": lambda: [series.rolling_mean(100), series.rolling_std(100)],
        }

    for shape in shapes:
        yield f"mean and stddev of 100 rows, 10 M {shape}", 1e-5, functools.partial(sums, shape)

    for window in (20, 100, 1000, 10_000):

        def quantiles(window=window):
            _, array, frame, series = normal(4e6)
            return {
                "rstats": lambda: ours(array, window, stats=(), q=QUANTILES),
                "pandas": lambda: [frame.rolling(window).quantile(q) for q in QUANTILES],
                "Polars": lambda: [series.rolling_quantile(q, "linear", window_size=window) for q in QUANTILES],
            }

        yield f"q1, median, q3, p99 of {window:,} rows, 4 M", 1e-12, quantiles

    def of_time():
        values, _, _, _ = normal(4e6)
        steps = random.integers(1, 2000, len(values))  # of equal times Polars takes those that follow, too
        times = pd.to_datetime("2026-01-01") + pd.to_timedelta(steps.cumsum(), unit="ms")
        frame, table = pd.Series(values, index=times), pl.DataFrame({"ts": times, "x": values})
        return {
            "rstats": lambda: ours(table, "30s", on="ts", stats=(), q=[0.5]),
            "pandas": lambda: [frame.rolling("30s").median()],
            "Polars": lambda: [table.select(pl.col("x").rolling_median_by("ts", "30s"))["x"]],
        }

    yield "median of 30 s, 4 M", 1e-12, of_time

    def keys():
        values, _, _, _ = normal(4e6)
        table = pl.DataFrame({"k": random.integers(0, 1000, len(values)), "x": values})
        frame = table.to_pandas()
        grouped = frame.groupby("k")["x"]
        return {
            "rstats": lambda: ours(table, 100, by="k", columns="x", stats=["stddev"], q=()),
            "pandas": lambda: [grouped.rolling(100).std().droplevel(0).sort_index()],
            "Polars": lambda: [table.select(pl.col("x").rolling_std(100).over("k"))["x"]],
        }

    yield "stddev of 100 rows of 1,000 keys, 4 M", 1e-5, keys

    def expanding():
        _, array, frame, _ = normal(1e6)
        return {
            "rstats": lambda: rstats.expanding(array, stats=(), q=0.5, threads=THREADS),
            "pandas": lambda: [frame.expanding().median()],
        }

    yield "expanding median, 1 M", 1e-12, expanding

    def times(count):
        start = np.datetime64("2026-01-01", "ns").astype("int64")
        return (np.arange(count) * 1_000_000 + start).astype("datetime64[ns]")

    def readings(count):
        """Rows a millisecond apart, of 1,000 sensors."""
        count = int(count * arguments.size)
        keys = random.integers(0, 1000, count)
        return pa.table({"ts": times(count), "k": keys, "x": random.normal(size=count)})

    def pushed(table, rows, **question):
        windows = rstats.Windows(on="ts", columns="x", **question)
        closed = [windows.push(batch, threads=THREADS) for batch in table.to_batches(rows)]
        return [pa.table(some) for some in [*closed, windows.finish()] if len(some)]

    def in_order(tables, *names):
        table = pa.concat_tables(tables) if isinstance(tables, list) else tables
        keys = [name for name in ("window_start", "k") if name in table.column_names]
        return table.sort_by([(key, "ascending") for key in keys]).select(names)

    for rows_, told in ((None, "in one batch"), (1 << 16, "in batches of 65,536")):

        def tumbling(rows_=rows_):
            table = readings(10e6)
            frame = pl.DataFrame(table).with_columns(pl.col("ts").set_sorted())
            both = [pl.col("x").mean().alias("mean"), pl.col("x").std().alias("stddev")]
            return {
                "rstats": lambda: in_order(
                    pushed(table, rows_, size="5min", stats=["mean", "stddev"], q=()), "mean", "stddev"
                ),
                "Polars": lambda: (
                    frame.group_by_dynamic("ts", every="5m").agg(both).select("mean", "stddev").to_arrow()
                ),
            }

        yield f"windows of 5 min, 10 M, {told}", 1e-9, tumbling

        def by_key(rows_=rows_):
            table = readings(10e6)
            connection = duckdb.connect()
            connection.execute(f"set threads={THREADS or os.cpu_count()}")
            query = (
                "select time_bucket(interval '5 minutes', ts) window_start, k, avg(x) mean, "
                "quantile_cont(x, [.25, .5, .75]) q from readings group by all order by all"
            )
            select = "select mean, q[1] q1, q[2] median, q[3] q3"

            def peer():
                connection.register("readings", table)
                return connection.sql(f"{select} from ({query})").to_arrow_table()

            names = ("mean", "q1", "median", "q3")
            return {
                "rstats": lambda: in_order(
                    pushed(table, rows_, size="5min", by="k", stats=["mean"], q=(0.25, 0.5, 0.75)), *names
                ),
                "DuckDB": peer,
            }

        yield f"windows of 5 min by 1,000 keys with quartiles, 10 M, {told}", 1e-9, by_key

        def sliding(rows_=rows_):
            table = readings(10e6)
            hours = {"by": "k", "stats": ["mean", "stddev"], "q": ()}
            return {
                "rstats": lambda: len(pushed(table, rows_, size="1h", slide="1min", **hours)) * 0,
                "tumbling": lambda: len(pushed(table, rows_, size="1h", **hours)) * 0,
            }

        yield f"windows of 1 h by 1 min, 1,000 keys, 10 M, beside 1 h alone, {told}", None, sliding

    folder = tempfile.TemporaryDirectory()

    def text(name, rows_):
        """A file of records of three fields, and the arguments that group it."""
        path = Path(folder.name) / name
        values = random.normal(size=rows_).round(6)
        keys = random.integers(0, 1000, rows_)
        with path.open("w") as file:
            if name.endswith("csv"):
                file.write("ts,sensor,temp\n")
                file.writelines(
                    f"{1767225600 + i},s{k},{x}\n" for i, (k, x) in enumerate(zip(keys, values, strict=True))
                )
            else:
                line = '{"ts": %d, "sensor": "s%d", "temp": %s}\n'
                triples = enumerate(zip(keys, values, strict=True))
                file.writelines(line % (1767225600 + i, k, x) for i, (k, x) in triples)
        return str(path)

    def commanded(*arguments_):
        threads = ["-j", str(THREADS or 0)]
        command = [str(COMMAND), "describe", *arguments_, "-a", "mean", "-q", "", "-f", "ndjson", *threads]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        return np.array([json.loads(line)["mean"] for line in lines])

    count = int(3e6 * arguments.size)

    def ndjson():
        path = text("readings.ndjson", count)
        query = "select avg(temp) from read_ndjson('{}') group by sensor order by sensor"
        connection = duckdb.connect()
        connection.execute(f"set threads={THREADS or os.cpu_count()}")
        return {
            "rstats": lambda: [commanded(path, "-g", "sensor", "-c", "temp")],
            "DuckDB": lambda: [connection.sql(query.format(path)).fetchnumpy()['avg("temp")']],
            "Polars": lambda: [
                pl.scan_ndjson(path).group_by("sensor").agg(pl.col("temp").mean()).sort("sensor").collect()["temp"]
            ],
        }

    yield "NDJSON of three fields, grouped, 3 M lines", 1e-9, ndjson

    def csv():
        path = text("readings.csv", count)
        connection = duckdb.connect()
        connection.execute(f"set threads={THREADS or os.cpu_count()}")
        return {
            "rstats": lambda: [commanded(path, "-c", "temp")],
            "DuckDB": lambda: [connection.sql(f"select avg(temp) from read_csv('{path}')").fetchnumpy()['avg("temp")']],
            "Polars": lambda: [pl.scan_csv(path).select(pl.col("temp").mean()).collect()["temp"]],
        }

    yield "CSV of three fields, one described, 3 M lines", 1e-9, csv


def measured(call):
    """Seconds by the clock, seconds of all threads, and the answer."""
    begun, used = time.perf_counter(), processors()
    answer = call()
    return time.perf_counter() - begun, processors() - used, answer


def processors():
    """Seconds of all threads, and of the commands that have ended."""
    both = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def main():
    print("| row | rstats | best peer | times as fast | all: ms by the clock (of processors) |")
    print("| --- | ---: | ---: | ---: | --- |")
    for name, tolerance, make in rows():
        if arguments.only not in name:
            continue
        contenders = make()
        times = {contender: [] for contender in contenders}
        expected = None
        for turn in range(arguments.rounds + 1):
            for contender, call in contenders.items():
                wall, used, answer = measured(call)
                if turn:
                    times[contender].append((wall, used))
                    continue
                if tolerance is None:
                    continue
                answer = answer.to_numpy().values() if isinstance(answer, rstats.Columns) else answer
                answer = answer.columns if isinstance(answer, pa.Table) else answer
                answer = [np.asarray(column, dtype=float) for column in answer]
                expected = expected or answer
                for mine, theirs in zip(expected, answer, strict=True):
                    np.testing.assert_allclose(theirs, mine, rtol=1e-9, atol=tolerance, err_msg=f"{contender}: {name}")
        medians = {
            contender: [1000 * statistics.median(column) for column in zip(*found, strict=True)]
            for contender, found in times.items()
        }
        best = min((contender for contender in medians if contender != "rstats"), key=lambda peer: medians[peer][0])
        mine, peer = medians["rstats"][0], medians[best][0]
        everyone = ", ".join(f"{contender} {wall:.0f} ({used:.0f})" for contender, (wall, used) in medians.items())
        print(f"| {name} | {mine:.0f} | {best} {peer:.0f} | {peer / mine:.1f} | {everyone} |", flush=True)


if __name__ == "__main__":
    main()
