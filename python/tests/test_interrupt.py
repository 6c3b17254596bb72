"""Ctrl-C ends any call within a second or so, wherever it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow

SETUP = """
import itertools, sys, time
from fractions import Fraction
import numpy as np, polars as pl, pyarrow as pa, rstats
from rstats import statistics

def blocked():
    yield pa.record_batch({"x": [1.0]})
    time.sleep(60)

def reader():
    return pa.RecordBatchReader.from_batches(pa.schema([("x", pa.float64())]), blocked())

def slow(frame):
    time.sleep(60)
    return frame
"""
GROUPS = "d = rstats.describe({'k': np.arange(1_000_000), 'x': np.arange(1e6)}, by='k')"
CALLS: dict[str, tuple[str, str]] = {
    "range": ("", "rstats.describe(range(10**9))"),
    "endless iterator": ("", "rstats.describe(itertools.repeat(1.5))"),
    "endless iterator, compute_stats": ("", "rstats.compute_stats(itertools.repeat(1))"),
    "endless iterator, statistics": ("", "statistics.mean(itertools.repeat(1.5))"),
    "fractions": ("", "rstats.describe([Fraction(1, 3)] * 20_000_000)"),
    "integers": ("items = [7] * 30_000_000", "rstats.describe(items)"),
    "keys": ("items = list(range(5_000_000))", "rstats.describe({'k': items, 'x': items}, by='k')"),
    "many empty columns": ("", "rstats.describe(np.empty((0, 100_000_000)))"),
    "many quantiles": ("x = np.random.default_rng(0).normal(size=3_000_000)", "rstats.describe(x, n=1_000_000)"),
    "JSON": ("body = b'[' + b'1,' * 100_000_000 + b'1]'", "rstats.describe_json(body)"),
    "JSON records": ("""body = b'[' + b'{"a": 1, "b": "x"},' * 5_000_000 + b'{}]'""", "rstats.describe_json(body)"),
    "JSON passed over": (
        """body = b'{"o": [' + b'{"a": [1, "x"]},' * 5_000_000 + b'{}], "values": [1, 2]}'""",
        "rstats.compute_stats_json(body)",
    ),
    "to_dicts": (GROUPS, "[d.to_dicts() for _ in range(20)]"),
    "to_pandas": (GROUPS, "[d.to_pandas() for _ in range(20)]"),
    "to_json": (GROUPS, "[d.to_json() for _ in range(20)]"),
    "reader that waits": ("", "rstats.describe(reader())"),
    "reader that waits, groups": ("", "rstats.describe(reader(), by='x')"),
    "lazy frame that waits": ("", "rstats.describe(pl.LazyFrame({'x': [1.0]}).map_batches(slow))"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("call", CALLS)
def test_ctrl_c_was_not_looked_for(call: str) -> None:
    setup, work = CALLS[call]
    code = f"""{SETUP}
{setup}
print("ready", flush=True)
try:
    {work}
except KeyboardInterrupt:
    print("interrupted", time.time(), flush=True)
except (MemoryError, BaseException) as error:
    print(type(error).__name__, error, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None and running.stdout.readline() == "ready\n"
            time.sleep(0.4)
            asked = time.time()
            os.kill(running.pid, signal.SIGINT)
            word, _, when = running.stdout.readline().strip().partition(" ")
            # Much more than it takes: other tests run beside this one. Without a look it took from 7 to 45 seconds.
            assert word == "interrupted" and float(when) - asked < 5, (word, when)
        finally:
            running.kill()
