"""The memory limit holds for the process as a whole: the kernel's own count of its peak, the program included.
`benches/memory.py` does the same for the command, with ten times the limit."""

import subprocess
import sys
import textwrap

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc"),
]

LIMIT = 96
ROWS = 24_000_000


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Four files, 192 MB a column once decoded: twice the limit for a series, four times with its key."""
    folder = tmp_path_factory.mktemp("lake")
    random = np.random.default_rng(20261126)
    for file in range(4):
        values = random.standard_normal(ROWS // 4)
        keys = random.integers(0, 200_000, len(values))
        table = pa.table({"x": values, "many": keys, "few": keys % 10})
        pq.write_table(table, folder / f"{file}.parquet", row_group_size=1_000_000, compression="none")
    return folder


@pytest.mark.parametrize("by", [None, "many", "few"])
def test_the_peak_of_memory_is_within_the_limit(lake, tmp_path, by):
    def run(limit):
        program = f"""
            import rstats
            answer = rstats.describe_parquet({str(lake)!r}, columns="x", by={by!r}, memory_limit={limit!r}, threads=2)
            with open("/proc/self/status") as status:
                print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024)
            print(answer.to_json())
        """
        # Rows that do not fit go to a folder of the test, as /tmp may be in memory.
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            capture_output=True,
            text=True,
            check=True,
            env={"TMPDIR": str(tmp_path), "PATH": ""},
        )
        peak, _, answer = done.stdout.partition("\n")
        return float(peak), answer

    peak, answer = run(f"{LIMIT}MiB")
    assert peak <= LIMIT
    assert answer == run("8GiB")[1]
