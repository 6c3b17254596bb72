"""Is the memory limit kept, and what does it cost? Datasets ten times the limit, described by the command with the
limit and without one, in turn.

Prints a Markdown table: the peak of resident memory of the whole process (the kernel's own count), and the time with
the limit over the time without. Answers with other bytes end the run. The data (2.5 GB decoded for each row, at the
default limit) is made by NumPy's seeded generator into a folder that is removed afterwards. Linux.
"""

import argparse
import filecmp
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MIB = 1 << 20
# What is grouped by, and how many bytes a row has decoded. The giants have one column, the others a key and one.
SHAPES = {
    "one series": (8, []),
    "10 columns": (80, []),
    "1 M groups": (16, ["--by", "k"]),
    "1 M groups, text keys": (32, ["--by", "k"]),
    "10 groups": (16, ["--by", "k"]),
    "100 groups of 1 M, the rest in one": (16, ["--by", "k"]),
}


def make(shape, folder, rows):
    """Files of up to 20 M rows; in a process of its own, so that its memory is not ours."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(20261126)
    together, files = 1_000_000, 8
    for file in range(files):
        writer = None
        for start in range(0, rows // files, together):
            count = min(together, rows // files - start)
            if shape == "10 columns":
                columns = {f"c{i}": random.standard_normal(count) for i in range(10)}
            else:
                columns = {"x": random.standard_normal(count)}
            if shape.startswith("1 M groups"):
                keys = random.integers(0, 1_000_000, count)
                columns["k"] = pa.array(keys).cast(pa.string()) if "text" in shape else keys
            elif shape == "10 groups":
                columns["k"] = random.integers(0, 10, count)
            elif shape.startswith("100"):
                columns["k"] = np.where(random.random(count) < 2 / 3, random.integers(0, 100, count), -1)
            table = pa.table(columns)
            writer = writer or pq.ParquetWriter(folder / f"part-{file}.parquet", table.schema, compression="snappy")
            writer.write_table(table, row_group_size=together)
        writer.close()


def run(command, data, options, output):
    """Seconds, and the peak of resident memory in bytes."""
    start = time.perf_counter()
    # The folder of the data, as /tmp may be in memory.
    environment = os.environ | {"TMPDIR": str(output.parent)}
    arguments = [command, "describe", str(data), "-o", str(output), "-f", "json", *options]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, env=environment)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{arguments} ended with {process.returncode}: {errors.decode()}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", default="target/release/rstats", help="the command (default: %(default)s)")
    parser.add_argument("--limit", type=int, default=256, help="the limit, in MiB (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="only rows whose name holds this")
    parser.add_argument("--folder", help="where the data goes, and stays (default: a temporary folder)")
    parser.add_argument("--make", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        shape, folder, rows = arguments.make
        return make(shape, Path(folder), int(rows))
    limit = arguments.limit
    print(f"| data, {10 * limit} MiB decoded | peak memory, limit {limit} MiB | time with, without |")
    print("| --- | ---: | ---: |", flush=True)
    with tempfile.TemporaryDirectory(prefix="rstats-bench-") as temporary:
        for shape, (width, options) in SHAPES.items():
            if arguments.only not in shape:
                continue
            data = Path(arguments.folder or temporary) / shape.replace(" ", "-").replace(",", "")
            if not data.exists():
                data.mkdir(parents=True)
                rows = 10 * limit * MIB // width
                subprocess.run([sys.executable, __file__, "--make", shape, str(data), str(rows)], check=True)
            limited, free = [data.with_name(f"{data.name}-{name}.json") for name in ("limited", "free")]
            with_limit, without, peaks = [], [], []
            for _ in range(arguments.rounds):
                seconds, peak = run(arguments.command, data, [*options, "--memory-limit", f"{limit}MiB"], limited)
                with_limit.append(seconds)
                peaks.append(peak)
                without.append(run(arguments.command, data, [*options, "--memory-limit", "1TiB"], free)[0])
                # Not read as a whole: a process starts with the peak of the one that it was forked from.
                if not filecmp.cmp(limited, free, shallow=False):
                    sys.exit(f"{shape}: the limit shows in the answer: {limited} and {free} differ")
            slow, fast = statistics.median(with_limit), statistics.median(without)
            ratio = f"{slow:.1f} s, {fast:.1f} s: {slow / fast:.2f}x"
            print(f"| {shape} | {max(peaks) / MIB:.0f} MiB | {ratio} |", flush=True)
            if not arguments.folder:
                for path in [*data.iterdir(), limited, free]:
                    path.unlink()


if __name__ == "__main__":
    main()
