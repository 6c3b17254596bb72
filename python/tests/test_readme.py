"""What the README shows runs as it stands, and prints what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import rstats

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_python_blocks_run(block: str) -> None:
    subprocess.run([sys.executable, "-X", "utf8", "-c", block], check=True, capture_output=True)


def test_the_table_of_methods_is_true() -> None:
    rows = re.findall(r"^\| (`.*?`) \|.*\| ([\d.]+) \|$", README, re.MULTILINE)
    methods = [(method, float(q1)) for names, q1 in rows for method in re.findall(r"`(\w+)`", names)]
    assert len(methods) == 15
    for method, q1 in methods:
        assert rstats.describe(range(1, 10), method=method)[0]["q1"] == q1, method


def test_the_console_block_is_what_the_command_prints() -> None:
    binary = ROOT / "target/debug/rstats"
    if not binary.exists():
        pytest.skip("the command is not built; `make test` builds it first")
    (block,) = re.findall(r"```console\n\$ rstats (.*?)\n(.*?)```", README, re.DOTALL)
    arguments, expected = block
    done = subprocess.run([binary, *arguments.split()], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode() == expected
