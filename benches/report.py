"""A page about a Parquet file of 1,000,000 rows and 30 columns: rstats beside ydata-profiling's minimal report.

    python benches/report.py                       # with ydata-profiling in this environment
    python benches/report.py --peer /path/python   # in that one: it wants other versions of NumPy and pandas

Both read the file, describe every column, draw histograms, and write one page. The minimal report has no correlations;
ours has them all the same. What both say of the first column, its mean and its number of values, is compared.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import rstats

PEER = """
import json, sys, time
import pandas as pd
from ydata_profiling import ProfileReport
start = time.perf_counter()
report = ProfileReport(pd.read_parquet(sys.argv[1]), minimal=True, progress_bar=False)
report.to_file(sys.argv[2])
seconds = time.perf_counter() - start
first = json.loads(report.to_json())["variables"]["f0"]
print(json.dumps({"seconds": seconds, "mean": first["mean"], "count": first["count"]}))
"""


def table(rows: int) -> pa.Table:
    """18 columns of floats, 4 of integers, 3 of times, 4 of texts and a flag."""
    rng = np.random.default_rng(5)
    columns: dict[str, object] = {}
    for i in range(18):
        columns[f"f{i}"] = rng.normal(size=rows) if i % 3 else rng.lognormal(0, 1, rows)
    for i in range(4):
        columns[f"i{i}"] = rng.integers(0, 10 ** (i + 1), rows)
    for i in range(3):
        columns[f"t{i}"] = pa.array(rng.integers(10**15, 10**15 + 10**13, rows)).cast(pa.timestamp("us"))
    words = np.array([f"w{word}" for word in range(1000)])
    for i, distinct in enumerate((5, 50, 200, 1000)):
        columns[f"s{i}"] = words[rng.integers(0, distinct, rows)]
    return pa.table({**columns, "b": rng.random(rows) < 0.3})


def ours(file: Path, page: Path) -> float:
    start = time.perf_counter()
    rstats.report(pq.read_table(file), page)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer", default=sys.executable, help="a Python that has ydata-profiling and pyarrow")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file, page = Path(folder, "data.parquet"), Path(folder, "page.html")
        pq.write_table(table(arguments.rows), file, compression="zstd")
        seconds = statistics.median(ours(file, page) for _ in range(5))
        first = rstats.describe_parquet(file, columns="f0")["f0"]
        size = page.stat().st_size
        peer = subprocess.run([arguments.peer, "-c", PEER, file, page], capture_output=True, text=True, check=True)
        theirs = json.loads(peer.stdout.splitlines()[-1])
    assert theirs["count"] == first["count"] and abs(theirs["mean"] / first["mean"] - 1) < 1e-9
    print(f"rstats, with correlations  {seconds:8.2f} s   {size / 1e6:.1f} MB")
    print(f"ydata-profiling, minimal   {theirs['seconds']:8.2f} s")
    print(f"times as fast              {theirs['seconds'] / seconds:8.1f}")


if __name__ == "__main__":
    main()
