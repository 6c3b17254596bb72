"""Windows by rstats beside its peers: the same data, in turn in one process, medians of several rounds.

Prints a Markdown table: wall time, and the processor time of all threads behind it. Answers are compared: order
statistics to a few last places, sums and deviations to 1e-5 (peers lose digits where they cancel).

    make bench                             # installs the peers
    python benches/streams.py --only key   # one row
"""

import argparse
import os
import statistics
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, help="threads of every contender; as many as there are cores if not given")
parser.add_argument("--rounds", type=int, default=3, help="rounds of each row; the table has their medians")
parser.add_argument("--size", type=float, default=1, help="how long the series are, beside what the rows say")
parser.add_argument("--only", default="", help="only the rows whose name contains this")
arguments = parser.parse_args()
if arguments.threads:
    # Polars reads it when it is imported.
    os.environ["POLARS_MAX_THREADS"] = str(arguments.threads)

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import polars as pl  # noqa: E402
import pyarrow as pa  # noqa: E402
import rstats  # noqa: E402

THREADS = arguments.threads
QUANTILES = [0.25, 0.5, 0.75, 0.99]


def ours(data, window, **options):
    return rstats.rolling(data, window, threads=THREADS, **options)


def rows():
    """(name, how far the answers may differ, contenders) of each row; its data is made when it is its turn."""
    random = np.random.default_rng(20261128)

    def normal(count):
        values = random.normal(size=int(count * arguments.size))
        return values, pa.array(values), pd.Series(values), pl.Series(values)

    def sums():
        _, array, frame, series = normal(10e6)
        return {
            "rstats": lambda: ours(array, 100, stats=["mean", "stddev"], q=()),
            "pandas": lambda: [frame.rolling(100).mean(), frame.rolling(100).std()],
            "Polars": lambda: [series.rolling_mean(100), series.rolling_std(100)],
        }

    yield "mean and stddev of 100 rows, 10 M", 1e-5, sums

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


def measured(call):
    """Seconds by the clock, seconds of all threads, and the answer."""
    begun, used = time.perf_counter(), time.process_time()
    answer = call()
    return time.perf_counter() - begun, time.process_time() - used, answer


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
                answer = answer.to_numpy().values() if isinstance(answer, rstats.Columns) else answer
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
