"""The rows of the peers' table that read Parquet files. The data is made by a seeded generator, into a folder that is
removed afterwards; it is in the operating system's cache when it is read, for everybody."""

import contextlib
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import rstats

QUARTILES = [0.25, 0.5, 0.75]
STATS = ["min", "max", "mean", "stddev"]
NAMES = [*STATS, "q1", "median", "q3"]


def own(paths, threads, **options):
    """The statistics of every series, one series after the other."""
    rows = rstats.describe_parquet(paths, stats=STATS, q=QUARTILES, threads=threads, **options)
    return [row[name] for row in rows for name in NAMES]


def by_pyarrow(path):
    table = pq.read_table(path)
    answer = []
    for column in table.columns:
        extrema = pc.min_max(column)
        moments = [extrema["min"], extrema["max"], pc.mean(column), pc.stddev(column, ddof=1)]
        answer += [value.as_py() for value in [*moments, *pc.quantile(column, q=QUARTILES)]]
    return answer


def asked_of_duckdb(column):
    return f"min({column}), max({column}), avg({column}), stddev_samp({column}), quantile_cont({column}, {QUARTILES})"


def flat(row):
    return [value for item in row for value in (item if isinstance(item, list) else [item])]


def by_duckdb(path, columns, where=""):
    asked = ", ".join(map(asked_of_duckdb, columns))
    return flat(duckdb.sql(f"SELECT {asked} FROM read_parquet('{path}') {where}").fetchall()[0])


def by_polars(path, columns, where=None):
    asked = []
    for name in columns:
        c = pl.col(name)
        moments = [
            c.min().alias(f"{name}0"),
            c.max().alias(f"{name}1"),
            c.mean().alias(f"{name}2"),
            c.std().alias(f"{name}3"),
        ]
        asked += moments + [c.quantile(p, "linear").alias(f"{name}{p}") for p in QUARTILES]
    frame = pl.scan_parquet(path)
    return list((frame if where is None else frame.filter(where)).select(asked).collect().row(0))


def exact(path, columns, threads):
    """Who gives the statistics of these columns exactly."""
    return {
        "rstats": lambda: own(path, threads),
        "pyarrow": lambda: by_pyarrow(path),
        "DuckDB": lambda: by_duckdb(path, columns),
        "Polars": lambda: by_polars(path, columns),
    }


def checksum(columns):
    """What answers of many groups are compared by."""
    return [float(np.sum(np.asarray(column, dtype=float))) for column in columns]


def mixed_table(random, n):
    """20 columns of an ordinary table: numbers, times, texts and flags; and the names of the numbers."""
    columns = {f"x{i}": random.lognormal(size=n) for i in range(5)}
    columns |= {f"n{i}": random.integers(0, 10 ** (2 + i), n) for i in range(3)}
    start = np.datetime64("2026-01-01", "us")
    columns |= {f"t{i}": start + random.integers(0, 10**13, n).astype("timedelta64[us]") for i in range(3)}
    columns["day"] = np.datetime64("2020-01-01", "D") + random.integers(0, 2500, n).astype("timedelta64[D]")
    words = np.array([f"{word}-{i}" for i in range(1000) for word in ("Oslo", "Zürich", "San Francisco")])
    texts = {f"s{i}": pa.array(words[random.integers(0, len(words), n)]) for i in range(5)}
    texts["id"] = pa.array(np.char.add("order ", np.arange(n).astype(str)))
    table = pa.table({**columns, **texts, "f0": random.random(n) < 0.5, "f1": random.random(n) < 0.9})
    return table, [name for name in columns if name[0] in "xn"]


def means_in(summary, columns):
    """The means of these columns, of all that DuckDB summarizes."""
    means = {row[0]: row[5] for row in summary.fetchall()}
    return [float(means[name]) for name in columns]


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="rstats-bench-") as name:
        yield Path(name)


def rows(threads, size=5_000_000):
    """(name, how far the answers may differ, contenders), each while its files are there."""
    random = np.random.default_rng(20261125)
    columns = [f"c{i}" for i in range(10)]
    with folder() as at:
        path = at / "wide.parquet"
        wide = pa.table({name: random.standard_normal(size) for name in columns})
        pq.write_table(wide, path, compression="zstd", row_group_size=size // 10, use_dictionary=False)
        del wide

        label = f"Parquet, 10 columns x {size / 1e6:g} M, zstd, 10 row groups"
        yield f"{label}, moments, extrema and quartiles", 1e-9, lambda: exact(path, columns, threads)

        def decoding():
            return {
                "rstats": lambda: own(path, threads),
                "reading alone, pyarrow": lambda: pq.read_table(path) and None,
                "DuckDB SUMMARIZE (approximate)": lambda: (
                    duckdb.sql(f"SUMMARIZE SELECT * FROM read_parquet('{path}')").fetchall() and None
                ),
            }

        yield f"{label}, the same, beside reading alone", 1e-9, decoding
    with folder() as at:
        keys, count, length = 10_000, 200, size // 50
        for place in range(count):
            part = {"k": random.integers(0, keys, length), "x": random.standard_normal(length)}
            pq.write_table(pa.table(part), at / f"part-{place:03}.parquet", compression="zstd")
        paths = str(at / "*.parquet")

        def groups():
            asked = [pl.col("x").min().alias("min"), pl.col("x").max().alias("max"), pl.col("x").mean().alias("mean")]
            asked += [pl.col("x").std().alias("std")]
            asked += [pl.col("x").quantile(p, "linear").alias(f"q{p}") for p in QUARTILES]

            def ours():
                answer = pa.table(rstats.describe_parquet(paths, by="k", stats=STATS, q=QUARTILES, threads=threads))
                return checksum(answer[name] for name in NAMES)

            def theirs():
                answer = duckdb.sql(
                    f"SELECT k, {asked_of_duckdb('x')} FROM read_parquet('{paths}') GROUP BY k"
                ).to_arrow_table()
                quartiles = np.array(answer.column(5).to_pylist())
                return checksum([*answer.columns[1:5], *quartiles.T])

            def polars():
                answer = pl.scan_parquet(paths).group_by("k").agg(asked).collect()
                return checksum(answer.drop("k").get_columns())

            return {"rstats": ours, "DuckDB": theirs, "Polars": polars}

        yield f"Parquet, {count} files x {length:,} rows, by {keys:,} keys, the same", 1e-9, groups
    with folder() as at:
        path = at / "one.parquet"
        long = 10 * size
        pq.write_table(pa.table({"x": random.standard_normal(long)}), path, row_group_size=long, use_dictionary=False)
        label = f"Parquet, one column of {long / 1e6:g} M in one row group, the same"
        yield label, 1e-9, lambda: exact(path, ["x"], threads)
    with folder() as at:
        path = at / "prices.parquet"
        prices = {name: np.round(random.gamma(2.0, 20.0, size), 2) for name in columns}
        pq.write_table(pa.table(prices), path, compression="zstd", row_group_size=size // 10)
        del prices

        label = f"Parquet, 10 columns x {size / 1e6:g} M prices, dictionaries, the same"
        yield label, 1e-9, lambda: exact(path, columns, threads)
    with folder() as at:
        path = at / "sorted.parquet"
        length = 4 * size
        table = pa.table({"t": np.arange(length), "x": random.standard_normal(length)})
        pq.write_table(table, path, compression="zstd", row_group_size=length // 40, write_page_index=True)
        del table
        low = length // 2
        high = low + length // 100
        where = f"t >= {low} and t < {high}"

        def filtered():
            kept = (pl.col("t") >= low) & (pl.col("t") < high)
            return {
                "rstats": lambda: own(path, threads, where=where, columns="x"),
                "DuckDB": lambda: by_duckdb(path, ["x"], f"WHERE {where}"),
                "Polars": lambda: by_polars(path, ["x"], kept),
            }

        yield f"Parquet, sorted, where that keeps 1 % of {length / 1e6:g} M rows, the same", 1e-9, filtered
    with folder() as at:
        path = at / "mixed.parquet"
        table, numeric = mixed_table(random, 2 * size // 5)
        pq.write_table(table, path, compression="zstd")
        del table

        def mixed():
            def ours():
                found = rstats.describe_parquet(path, threads=threads)
                return [found[name]["mean"] for name in numeric]

            def polars():
                found = pl.scan_parquet(path).describe()
                means = found.filter(found["statistic"] == "mean")
                return [float(means[name][0]) for name in numeric]

            def by_summary():
                return means_in(duckdb.sql(f"SUMMARIZE FROM read_parquet('{path}')"), numeric)

            return {
                "rstats": ours,
                "Polars": polars,
                "DuckDB SUMMARIZE, approximate": by_summary,
            }

        yield f"Parquet, a mixed table of 20 columns x {2 * size / 5e6:g} M, zstd, described", 1e-9, mixed
