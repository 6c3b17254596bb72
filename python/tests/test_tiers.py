"""Every SIMD tier of the machine has the bits of the best one, on all the series of `test_bits.py`, in any chunks.

Which tier a process uses is settled when it starts, so each has processes of its own; they tell a digest of all bits.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from series_that_hurt import KINDS
from test_bits import BATCHES, EACH

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parent
# What a machine does not have, is passed over: then a tier is compared with itself.
TIERS = ("portable", "avx2", "avx512", "neon")

DIGEST = """
import hashlib, struct, sys
import numpy as np
import rstats
from series_that_hurt import make

STATS = ["min", "max", "range", "sum", "mean", "variance", "stddev"]
kind, first, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
digest = hashlib.sha256()
for seed in range(first, end):
    values = np.array(make(kind, seed))
    masked = np.ma.masked_array(values, mask=np.arange(len(values)) % 7 == seed % 7)
    narrow = values.astype("f4") if abs(values).max() < 1e38 else values
    for data in (values, values[::-1], masked, narrow):
        row = rstats.describe(data, stats=STATS, q=[0.01, 0.5, 0.9])[0]
        digest.update(repr(row).encode())
print(digest.hexdigest())
"""


def digests(kind: str, tier: str) -> Iterator[str]:
    """A digest of the answers to some of the series of a kind."""
    done = subprocess.run(
        [sys.executable, "-c", DIGEST, kind, "0", str(max(BATCHES * EACH // 8, 1))],
        env={**os.environ, "RSTATS_TIER": tier, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    yield from done.stdout.split()


@pytest.mark.parametrize("kind", KINDS)
def test_tiers_have_the_same_bits(kind: str) -> None:
    expected = list(digests(kind, ""))
    assert expected and all(len(digest) == 64 for digest in expected)
    for tier in TIERS:
        assert list(digests(kind, tier)) == expected, tier
