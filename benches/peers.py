"""rstats beside its peers: the same data, the same answers, in turn in one process, medians of several
rounds; a round repeats a short call for a tenth of a second.

Prints a Markdown table. Every answer is checked against ours, within a relative 1e-9; float32 peers, which round to
float32, within 1e-5. `--threads 1` gives every contender one thread; without it, each has what it takes.

    make bench              # installs the peers, both tables
    python benches/peers.py --only "wide"   # one row
"""

import argparse
import json
import os
import platform
import statistics
import sys
import timeit

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, help="threads of every contender; as many as there are cores if not given")
parser.add_argument("--rounds", type=int, default=5, help="rounds of each row; the table has their medians")
parser.add_argument("--size", type=int, default=50_000_000, help="values of the long series")
parser.add_argument("--only", default="", help="only the rows whose name contains this")
arguments = parser.parse_args()
if arguments.threads:
    # Polars reads it when it is imported.
    os.environ["POLARS_MAX_THREADS"] = str(arguments.threads)

import duckdb  # noqa: E402
import numpy as np  # noqa: E402
import orjson  # noqa: E402
import pandas as pd  # noqa: E402
import parquet_rows  # noqa: E402
import polars as pl  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402
import rstats  # noqa: E402
from rstats import statistics as rstats_statistics  # noqa: E402

THREADS = arguments.threads
QUARTILES = [0.25, 0.5, 0.75]
PERCENTILES = [k / 100 for k in range(1, 100)]
MOMENTS = ["min", "max", "mean", "stddev"]

if THREADS:
    pa.set_cpu_count(THREADS)
    duckdb.sql(f"SET threads = {THREADS}")


def ours(data, **options):
    """One series by rstats, its statistics in the order of the names."""
    row = rstats.describe(data, threads=THREADS, **options)[0]
    others = ("column", "kind", "count", "null_count", "nan_count", "range")
    return [value for name, value in row.items() if name not in others]


def numpy(array, q):
    moments = [np.min(array), np.max(array), np.mean(array, dtype=np.float64), np.std(array, ddof=1, dtype=np.float64)]
    return [*moments, *np.quantile(array, q)] if q else moments


def pyarrow(array, q):
    extrema = pc.min_max(array)
    moments = [extrema["min"], extrema["max"], pc.mean(array), pc.stddev(array, ddof=1)]
    return [value.as_py() for value in [*moments, *(pc.quantile(array, q=q) if q else [])]]


def polars(series, q):
    moments = [series.min(), series.max(), series.mean(), series.std()]
    return [*moments, *(series.quantile(p, "linear") for p in q)]


def pandas(series, q):
    row = series.describe(percentiles=q)
    return [row["min"], row["max"], row["mean"], row["std"], *(row[f"{100 * p:g}%"] for p in q)]


def duck(series, q):  # DuckDB finds `series` by its name
    quantiles = f", quantile_cont(x, {q})" if q else ""
    row = duckdb.sql(f"SELECT min(x), max(x), avg(x), stddev_samp(x){quantiles} FROM series").fetchall()[0]
    return [*row[:4], *(row[4] if q else [])]


def one_series(array, q):
    """Every contender on one Arrow array, each from what it works on without a copy."""
    column = pa.table({"x": array})
    series = pl.from_arrow(array)
    contenders = {"rstats": lambda: ours(array, stats=MOMENTS, q=q)}
    if array.null_count == 0:
        values = array.to_numpy()
        contenders["NumPy"] = lambda: numpy(values, q)
        frame = pd.Series(values)
    else:
        frame = pd.Series(array.to_numpy(zero_copy_only=False))
    contenders |= {
        "pyarrow": lambda: pyarrow(array, q),
        "Polars": lambda: polars(series, q),
        "DuckDB": lambda: duck(column, q),
    }
    if q:
        contenders["pandas"] = lambda: pandas(frame, q)
    return contenders


def rows():
    """(name, how far the answers may differ, contenders) of each row; its data is made when it is its turn."""
    random = np.random.default_rng(20261123)
    size = arguments.size
    label = f"{size / 1e6:g} M"

    def floats():
        return random.standard_normal(size)

    def plain():
        array = pa.array(floats())
        values = array.to_numpy()
        return {"rstats": lambda: ours(array, stats=MOMENTS, q=[]), "plain sum": lambda: np.sum(values) and None}

    yield f"moments and extrema, {label} f64, beside a plain sum", 1e-9, plain
    yield f"moments and extrema, {label} f64", 1e-9, lambda: one_series(pa.array(floats()), [])
    yield f"the same and quartiles, {label} f64", 1e-9, lambda: one_series(pa.array(floats()), QUARTILES)

    def nulls():
        return one_series(pa.array(floats(), mask=random.random(size) < 0.05), QUARTILES)

    yield f"the same and quartiles, {label} f64, 5 % null", 1e-9, nulls
    # float32 peers interpolate in float32.
    yield (
        f"the same and quartiles, {label} f32",
        1e-5,
        lambda: one_series(pa.array(floats().astype(np.float32)), QUARTILES),
    )
    yield (
        f"the same and quartiles, {label} i64",
        1e-9,
        lambda: one_series(pa.array((floats() * 1e9).astype(np.int64)), QUARTILES),
    )

    def percentiles():
        array = pa.array(floats())
        values = array.to_numpy()
        return {
            "rstats": lambda: ours(array, stats=[], q=PERCENTILES),
            "NumPy": lambda: list(np.quantile(values, PERCENTILES)),
            "pyarrow": lambda: pc.quantile(array, q=PERCENTILES).to_pylist(),
        }

    yield f"99 percentiles, {label} f64", 1e-9, percentiles

    def wide():
        table = pa.table({f"c{i}": random.standard_normal(10_000) for i in range(1000)})
        frame, lazy = table.to_pandas(), pl.from_arrow(table)
        matrix = np.ascontiguousarray(frame.to_numpy())
        kept = [0, 1, 3, 4, 5, 6, 7]  # all but the range
        return {
            "rstats": lambda: list(
                np.array(
                    [column.to_numpy() for column in pa.table(rstats.describe(table, threads=THREADS)).columns[4:]]
                )[kept].T.ravel()
            ),
            "pandas": lambda: list(
                frame.describe().loc[["min", "max", "mean", "std", "25%", "50%", "75%"]].to_numpy().T.ravel()
            ),
            "NumPy": lambda: list(np.array(numpy_columns(matrix)).T.ravel()),
            "Polars": lambda: [value for series in lazy.get_columns() for value in polars(series, QUARTILES)],
        }

    yield "wide table, 1,000 columns x 10,000 rows, the same and quartiles", 1e-9, wide

    def groups(keys):
        rows = 10_000_000
        table = pa.table({"k": keys(rows), "x": random.standard_normal(rows)})
        frame, x = pl.from_arrow(table), pl.col("x")
        asked = [x.min().alias("min"), x.max().alias("max"), x.mean().alias("mean"), x.std().alias("stddev")]
        asked += [x.quantile(p, "linear").alias(f"q{p}") for p in QUARTILES]
        return {
            "rstats": lambda: pa.table(rstats.describe(table, by="k", stats=MOMENTS, q=QUARTILES, threads=THREADS))[
                "mean"
            ],
            "Polars": lambda: frame.group_by("k").agg(asked)["mean"],
            "DuckDB": lambda: duck_groups(table)["mean"],
        }

    def text(rows):
        return pa.array([f"sensor-{i}" for i in range(100_000)]).take(pa.array(random.integers(0, 100_000, rows)))

    kinds = {
        "100,000 integer keys": lambda rows: random.integers(0, 100_000, rows),
        "100,000 text keys": text,
        "100,000 integer keys after Zipf": lambda rows: np.minimum(random.zipf(1.3, rows), 100_000),
        "10 integer keys": lambda rows: random.integers(0, 10, rows),
        "5 M integer keys": lambda rows: random.integers(0, 5_000_000, rows),
    }
    for kind, keys in kinds.items():
        yield f"groups, 10 M rows, {kind}, moments, extrema and quartiles", 1e-6, lambda keys=keys: groups(keys)

    def grouped_pandas():
        rows = 1_000_000
        frame = pd.DataFrame({"k": random.integers(0, 10_000, rows), "x": random.standard_normal(rows)})
        return {
            "rstats": lambda: rstats.describe(frame, by="k", stats=MOMENTS, q=QUARTILES, threads=THREADS).to_pandas(
                tidy=True
            )["mean"],
            "pandas": lambda: frame.groupby("k")["x"].describe()["mean"],
        }

    yield "pandas groupby(k).describe(), 1 M rows, 10,000 keys", 1e-6, grouped_pandas

    def matrix(shape, axis):
        array = random.standard_normal(shape)
        moments = [np.min, np.max, np.mean]

        def peer():
            quantiles = np.quantile(array, QUARTILES, axis=axis)
            moved = [function(array, axis=axis) for function in moments]
            return [*moved, np.std(array, axis=axis, ddof=1), quantiles]

        return {
            "rstats": lambda: pa.table(rstats.describe(array, axis=axis, stats=MOMENTS, q=QUARTILES, threads=THREADS))[
                "mean"
            ],
            "NumPy": lambda: peer()[2],
        }

    yield "rows of a 100,000 x 100 array, the same", 1e-6, lambda: matrix((100_000, 100), 1)
    yield "columns of a 10,000 x 1,000 array, the same", 1e-6, lambda: matrix((10_000, 1_000), 0)

    def lists():
        lengths = random.integers(0, 21, 1_000_000)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        array = pa.ListArray.from_arrays(pa.array(offsets), pa.array(random.standard_normal(offsets[-1])))
        frame, v, x = pl.DataFrame({"v": pl.from_arrow(array)}), pl.col("v"), pl.element()
        asked = [v.list.min().alias("min"), v.list.max().alias("max"), v.list.mean().alias("mean")]
        asked += [v.list.std().alias("stddev")]
        asked += [v.list.eval(x.quantile(p, "linear")).list.first().alias(f"q{p}") for p in QUARTILES]
        table = pa.table({"v": array})
        return {
            "rstats": lambda: pa.table(rstats.describe(array, stats=MOMENTS, q=QUARTILES, threads=THREADS))["mean"],
            "Polars": lambda: frame.select(asked)["mean"],
            "DuckDB": lambda: duck_lists(table)["mean"],
        }

    yield "lists, 1 M rows of 0 to 20 values, the same", 1e-6, lists

    def mixed():
        """20 columns of an ordinary table, all of which are described; the means of the numbers are compared."""
        table, numeric = parquet_rows.mixed_table(random, size // 5)
        frame, pandas_frame = pl.from_arrow(table), table.to_pandas()

        def by_polars():
            found = frame.describe()
            means = found.filter(found["statistic"] == "mean")
            return [float(means[name][0]) for name in numeric]

        def by_duckdb(table=table):  # DuckDB finds it by its name
            return parquet_rows.means_in(duckdb.sql('SUMMARIZE FROM "table"'), numeric)

        def by_pandas():
            found = pandas_frame.describe(include="all")
            return [found[name]["mean"] for name in numeric]

        def by_rstats():
            found = rstats.describe(table, threads=THREADS)
            return [found[name]["mean"] for name in numeric]

        return {
            "rstats": by_rstats,
            "Polars": by_polars,
            "DuckDB SUMMARIZE, approximate": by_duckdb,
            "pandas": by_pandas,
        }

    yield f"a mixed table of 20 columns, {size / 5e6:g} M rows, described", 1e-9, mixed

    def histograms(bins):
        array = pa.array(floats())
        values = array.to_numpy()
        return {
            "rstats": lambda: rstats.describe(array, stats=(), bins=bins, threads=THREADS)[0]["histogram"]["counts"],
            "NumPy": lambda: np.histogram(values, bins=bins)[0].tolist(),
        }

    for bins in (10, "auto"):
        yield f"histogram of {label} f64, {bins} bins", 0.0, lambda bins=bins: histograms(bins)

    def pairs(missing, columns=100, rows=size // 250):
        table = {f"c{i}": random.standard_normal(rows) for i in range(columns)}
        frame = pd.DataFrame(table)
        if missing:
            frame = frame.mask(random.random(frame.shape) < 0.01)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        contenders = {"rstats": lambda: rstats.correlation(table, threads=THREADS).to_numpy().ravel().tolist()}
        if missing:
            return contenders | {"pandas": lambda: frame.corr().to_numpy().ravel().tolist()}
        matrix = frame.to_numpy().T.copy()
        return contenders | {"NumPy": lambda: np.corrcoef(matrix).ravel().tolist()}

    of_pairs = f"Pearson's r of all pairs of 100 columns, {size / 250e6:g} M rows"
    yield f"{of_pairs}, 1 % null", 1e-9, lambda: pairs(True)
    yield of_pairs, 1e-9, lambda: pairs(False)

    def handler():
        numbers = [2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5, 2.0, 0.75]

        def python():
            mean, stddev = statistics.mean(numbers), statistics.stdev(numbers)
            return [max(numbers) - min(numbers), *statistics.quantiles(numbers), mean, stddev]

        return {"rstats": lambda: rstats.compute_stats(numbers), "Python": python}

    def drop_in(name, data):
        own, theirs = getattr(rstats_statistics, name), getattr(statistics, name)
        listed = list if name == "quantiles" else lambda answer: [answer]
        return {"rstats": lambda: listed(own(data)), "statistics": lambda: listed(theirs(data))}

    values = random.standard_normal(1_000_000)
    for name in ("stdev", "mean", "quantiles"):
        for kind, data in (("a list", values.tolist()), ("a NumPy array", values)):
            label = f"statistics.{name}, {kind} of 1 M floats"
            yield label, 0.0, lambda name=name, data=data: drop_in(name, data)

    def bodies():
        body = json.dumps({"values": values.tolist()}).encode()

        def flat(answer):
            found = json.loads(answer)
            return [found["range"], *found["quartiles"], found["mean"], found["stddev"]]

        def by_orjson():
            array = np.array(orjson.loads(body)["values"])
            found = {"range": float(np.ptp(array)), "mean": float(array.mean()), "stddev": float(array.std(ddof=1))}
            found["quartiles"] = np.quantile(array, QUARTILES, method="weibull").tolist()
            return flat(orjson.dumps(found))

        def by_python():
            numbers = json.loads(body)["values"]
            found = {"range": max(numbers) - min(numbers), "quartiles": statistics.quantiles(numbers)}
            found |= {"mean": statistics.mean(numbers), "stddev": statistics.stdev(numbers)}
            return flat(json.dumps(found))

        return {
            "rstats": lambda: flat(rstats.compute_stats_json(body)),
            "orjson + NumPy": by_orjson,
            "json + statistics": by_python,
        }

    yield "JSON body of 1 M numbers to JSON of range, quartiles, mean and stddev", 1e-9, bodies

    yield "compute_stats of nine numbers in a list: range, quartiles, mean, stddev", 0.0, handler
    if not arguments.only or arguments.only.startswith("Parquet"):
        # Their files are made only when they are asked for.
        yield from parquet_rows.rows(THREADS)


def numbers(answer):
    """What answers are compared by; of a column its length, its sum and that of its squares, without the missing."""
    if isinstance(answer, rstats.Statistics):
        return [answer.range, *answer.quartiles, answer.mean, answer.stddev]
    if isinstance(answer, list):
        return answer
    column = answer
    values = pa.array(column) if not isinstance(column, (pa.Array, pa.ChunkedArray)) else column
    values = values.drop_null().to_numpy()
    values = values[~np.isnan(values)]
    return [float(len(values)), float(np.sum(values)), float(np.sum(np.square(values)))]


def duck_groups(table):  # DuckDB finds `table` by its name
    return duckdb.sql(
        "SELECT k, min(x), max(x), avg(x) AS mean, stddev_samp(x), quantile_cont(x, [0.25, 0.5, 0.75])"
        ' FROM "table" GROUP BY k'
    ).to_arrow_table()


def duck_lists(table):
    return duckdb.sql(
        "SELECT list_min(v), list_max(v), list_avg(v) AS mean, list_stddev_samp(v),"
        " list_aggregate(v, 'quantile_cont', [0.25, 0.5, 0.75]) FROM \"table\""
    ).to_arrow_table()


def numpy_columns(matrix):
    quantiles = np.quantile(matrix, QUARTILES, axis=0)
    return [matrix.min(0), matrix.max(0), matrix.mean(0), matrix.std(0, ddof=1), *quantiles]


def check(name, contender, answer, expected, tolerance):
    for value, other in zip(answer, expected, strict=True):
        if not abs(float(value) - float(other)) <= tolerance * max(abs(float(other)), 1.0):
            sys.exit(f"{name}: {contender} has {value} where rstats has {other}")


def measure(name, tolerance, contenders):
    """Median milliseconds of a call of each contender, after one round that is checked and not counted. As in `timeit`,
    a contender whose call is short is called so often in a round that a tenth of a second passes."""
    expected = numbers(contenders["rstats"]())
    for contender, call in contenders.items():
        answer = call()
        if answer is not None:
            check(name, contender, numbers(answer), expected, tolerance)
    times = {contender: [] for contender in contenders}
    for _ in range(arguments.rounds):
        for contender, call in contenders.items():
            timer, calls = timeit.Timer(call), 1
            # As many calls as take that long, found by doubling.
            while (spent := timer.timeit(calls)) < 0.1:
                calls *= 2
            times[contender].append(spent / calls * 1e3)
    return {contender: statistics.median(spent) for contender, spent in times.items()}


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def milliseconds(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main():
    threads = f"{THREADS} thread" if THREADS == 1 else f"{THREADS or os.cpu_count()} threads"
    print(f"{processor()}, {threads}; medians of {arguments.rounds} rounds, milliseconds. Python", end=" ")
    modules = [rstats, np, pd, pa, pl, duckdb]
    versions = "".join(f", {module.__name__} {module.__version__}" for module in modules)
    print(f"{platform.python_version()}{versions}.\n")
    print("| work | rstats | best peer | times as fast | other peers |")
    print("| --- | ---: | ---: | ---: | --- |")
    for name, tolerance, make in rows():
        if arguments.only not in name:
            continue
        times = measure(name, tolerance, make())
        own = times.pop("rstats")
        best = min(times, key=times.get)
        others = ", ".join(f"{peer} {milliseconds(spent)}" for peer, spent in times.items() if peer != best)
        ratio = f"{times[best] / own:.2f}" if times[best] < 2 * own else f"{times[best] / own:.1f}"
        print(f"| {name} | {milliseconds(own)} | {best} {milliseconds(times[best])} | {ratio} | {others} |", flush=True)


if __name__ == "__main__":
    main()
