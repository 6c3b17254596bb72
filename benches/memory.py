"""Is the memory limit kept, and what does it cost? Data of many shapes, described with each limit and without one.

Prints a Markdown table: the peak of resident memory of the whole command (the kernel's own count) for each limit, and
the time with the limit over the time without; at the end the worst of both. Answers with other bytes end the run; what
needs more than a limit is told by the command, and shows as `needs`. The data (768 MiB decoded a shape, by default) is
made by NumPy's seeded generator into a folder that is removed afterwards. Linux.
"""

import argparse
import filecmp
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MIB = 1 << 20
GROUP = 1_000_000


class Shape:
    """How data is made: the columns of so many rows, of which the first ones are this part of all."""

    def __init__(self, width: int, make: Callable[..., dict[str, Any]], options: str = "", **written: Any) -> None:
        self.width, self.make, self.options, self.written = width, make, shlex.split(options), written


def text(numbers: Any, prefix: str) -> Any:
    import numpy as np
    import pyarrow as pa

    return pa.array(np.char.add(prefix, numbers.astype(str)))


def shapes() -> dict[str, Shape]:
    import numpy as np
    import pyarrow as pa

    ends = {"walk": 0.0}

    def walk(random: Any, rows: int, part: float) -> dict[str, Any]:
        steps = np.cumsum(random.standard_normal(rows)) + ends["walk"]
        ends["walk"] = steps[-1]
        return {"x": steps}

    def one(values: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
        return lambda random, rows, part: {"x": values(random, rows, part)}

    def keyed(keys: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
        return lambda random, rows, part: {"k": keys(random, rows), "x": random.lognormal(size=rows)}

    def columns(count: int) -> Callable[..., dict[str, Any]]:
        return lambda random, rows, part: {f"c{i}": random.lognormal(size=rows) for i in range(count)}

    def decimals(random: Any, rows: int, part: float) -> dict[str, Any]:
        return {f"d{i}": pa.array(random.integers(0, 10**9, rows)).cast(pa.decimal128(25, 4)) for i in range(3)}

    long_keys = keyed(lambda random, rows: text(random.integers(0, 100_000, rows), "k" * 140))
    hundred = "0.01,0.02,0.03,0.04,0.05,0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9,0.95,0.96,0.97,0.98,0.99"
    return {
        "lognormal": Shape(8, one(lambda r, n, p: r.lognormal(size=n))),
        "drifting": Shape(8, one(lambda r, n, p: r.standard_normal(n) + 10 * p)),
        "sorted": Shape(8, one(lambda r, n, p: p + np.arange(n) * 1e-9)),
        "Cauchy": Shape(8, one(lambda r, n, p: r.standard_cauchy(n))),
        "a walk": Shape(8, walk),
        "cents": Shape(8, one(lambda r, n, p: np.round(r.gamma(2, 20, n), 2)), codec="zstd"),
        "few distinct": Shape(8, one(lambda r, n, p: r.integers(0, 5, n).astype(float))),
        "nulls": Shape(8, one(lambda r, n, p: pa.array(r.lognormal(size=n), mask=r.random(n) < 0.3))),
        "f32": Shape(8, one(lambda r, n, p: r.lognormal(size=n).astype(np.float32))),
        "i64": Shape(8, one(lambda r, n, p: r.integers(-(2**62), 2**62, n))),
        "decimals, many quantiles": Shape(128, decimals, f"-q {hundred}"),
        "50 columns": Shape(400, columns(50), rows=100_000),
        "3,000 columns": Shape(24_000, columns(3000), rows=10_000),
        "one row group": Shape(16, one(lambda r, n, p: r.lognormal(size=n)), rows=1 << 40, files=1),
        "tiny row groups": Shape(64, one(lambda r, n, p: r.lognormal(size=n)), rows=5000),
        "pages of 32 MB": Shape(16, one(lambda r, n, p: r.lognormal(size=n)), page=32 * MIB),
        "all statistics": Shape(
            64,
            one(lambda r, n, p: r.lognormal(size=n)),
            "--stats mean,sem,skewness,kurtosis,geometric_mean,q1,median,q3",
        ),
        "all values": Shape(8, one(lambda r, n, p: r.lognormal(size=n)), "--stats mad,mode,n_unique,trimmed_mean"),
        "all values, ties": Shape(
            8, one(lambda r, n, p: np.round(r.gamma(2, 20, n), 2)), "--stats mad,mode,n_unique,trimmed_mean"
        ),
        "distinct texts": Shape(
            30, lambda r, n, p: {"s": text(r.integers(0, 10**9, n), "a text ")}, "--stats mode,n_unique --top 3"
        ),
        "where, on text": Shape(
            100,
            lambda r, n, p: {"s": text(r.integers(0, 10**6, n), "some longer text "), "x": r.lognormal(size=n)},
            "-c x --where \"s > 'some longer text 3'\"",
            page=1024,
        ),
        "one group": Shape(16, keyed(lambda r, n: np.zeros(n, dtype=np.int64)), "--by k"),
        "10 groups": Shape(16, keyed(lambda r, n: r.integers(0, 10, n)), "--by k"),
        "200,000 groups": Shape(16, keyed(lambda r, n: r.integers(0, 200_000, n)), "--by k"),
        "1 M groups": Shape(16, keyed(lambda r, n: r.integers(0, 1_000_000, n)), "--by k"),
        "Zipf keys": Shape(16, keyed(lambda r, n: r.zipf(1.3, n) % 200_000), "--by k"),
        "keys of 150 characters": Shape(180, long_keys, "--by k", rows=200_000),
    }


def make(shape: Shape, folder: Path, size: int) -> None:
    """Four files; in a process of its own, so that its memory is not ours."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(20261127)
    written = {"rows": GROUP, "files": 4, "codec": "snappy", "page": MIB} | shape.written
    rows = size // shape.width // written["files"]
    done = 0
    for file in range(written["files"]):
        writer, left = None, rows
        while left > 0:
            count = min(written["rows"], left)
            table = pa.table(shape.make(random, count, done / rows / written["files"]))
            done, left = done + count, left - count
            writer = writer or pq.ParquetWriter(
                folder / f"part-{file}.parquet",
                table.schema,
                compression=written["codec"],
                data_page_size=written["page"],
            )
            writer.write_table(table, row_group_size=count)
        if writer:
            writer.close()


def run(command: str, data: Path, options: list[str], output: Path) -> tuple[float, int, str]:
    """Seconds, the peak of resident memory in bytes, and what is wrong."""
    start = time.perf_counter()
    # The folder of the data, as /tmp may be in memory.
    environment = os.environ | {"TMPDIR": str(output.parent)}
    arguments = [command, "describe", str(data), "-o", str(output), "-f", "json", *options]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, env=environment)
    assert process.stderr is not None
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 and "memory limit" not in errors:
        sys.exit(f"{arguments} ended with {process.returncode}: {errors}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024, errors if process.returncode else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command", default="target/release/rstats", help="the command (default: %(default)s)")
    parser.add_argument("--limits", default="96,256,1024", help="in MiB (default: %(default)s)")
    parser.add_argument("--size", type=int, default=768, help="MiB of a shape, decoded (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default="", help="only shapes whose name holds this")
    parser.add_argument("--make", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        name, folder, size = arguments.make
        return make(shapes()[name], Path(folder), int(size))
    limits = [int(limit) for limit in arguments.limits.split(",")]
    names = " | ".join(f"{limit} MiB: peak, time" for limit in limits)
    print(f"| {arguments.size} MiB decoded | without: time | {names} |")
    print("| --- | ---: |" + " ---: |" * len(limits), flush=True)
    worst_peak, worst_time = (0.0, ""), (0.0, "")
    with tempfile.TemporaryDirectory(prefix="rstats-bench-") as temporary:
        for name, shape in shapes().items():
            if arguments.only not in name:
                continue
            data = Path(temporary) / "data"
            data.mkdir()
            size = str(arguments.size * MIB)
            subprocess.run([sys.executable, __file__, "--make", name, str(data), size], check=True)
            free, limited = Path(temporary) / "free.json", Path(temporary) / "limited.json"
            runs = [run(arguments.command, data, shape.options, free) for _ in range(arguments.rounds + 1)][1:]
            fast = statistics.median(seconds for seconds, _, _ in runs)
            cells = [f"{fast:.2f} s"]
            for limit in limits:
                options = [*shape.options, "--memory-limit", f"{limit}MiB"]
                runs = [run(arguments.command, data, options, limited) for _ in range(arguments.rounds)]
                seconds = statistics.median(seconds for seconds, _, _ in runs)
                peak = max(peak for _, peak, _ in runs) / MIB
                worst_peak = max(worst_peak, (peak / limit, f"{name} at {limit} MiB"))
                needs = re.search(r"takes about ([\d.]+ \w+)", runs[-1][2])
                if runs[-1][2]:
                    cells.append(f"{peak:.0f} MiB, needs {needs[1] if needs else runs[-1][2]}")
                    continue
                # Not read as a whole: a process starts with the peak of the one that it was forked from.
                if not filecmp.cmp(limited, free, shallow=False):
                    sys.exit(f"{name}: the limit of {limit} MiB shows in the answer")
                worst_time = max(worst_time, (seconds / fast, f"{name} at {limit} MiB"))
                cells.append(f"{peak:.0f} MiB, {seconds / fast:.2f}x")
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
            for path in data.iterdir():
                path.unlink()
            data.rmdir()
    print(f"\nThe highest peak is {worst_peak[0]:.2f} of its limit: {worst_peak[1]}.")
    print(f"The longest time is {worst_time[0]:.2f} of that without a limit: {worst_time[1]}.")


if __name__ == "__main__":
    main()
