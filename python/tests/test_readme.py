"""What the README and the pages of `docs/` show runs as it stands, prints what it says, and leads somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import rstats

ROOT = Path(__file__).parents[2]
PAGES = {path: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}


def blocks(language: str) -> list[tuple[str, str]]:
    """Code blocks of a language, each with a name for the test."""
    return [
        (f"{path.stem}-{place}", block)
        for path, text in PAGES.items()
        for place, block in enumerate(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL))
    ]


@pytest.mark.parametrize("name, block", blocks("python"), ids=[name for name, _ in blocks("python")])
def test_python_blocks_run(name: str, block: str) -> None:
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", block], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_every_language_is_one_that_the_tests_know() -> None:
    # Rust is tested by `cargo test --doc`; `sh` shows commands that need a lake or a bucket, `text` what is printed.
    known = {"python", "console", "rust", "sh", "text", "toml"}
    for path, text in PAGES.items():
        opened = re.findall(r"^```(\w*)\n.*?^```$", text, re.MULTILINE | re.DOTALL)
        assert set(opened) <= known, path
    assert [name for name, _ in blocks("rust")] == ["rust-0", "rust-1"]


def test_the_table_of_methods_is_true() -> None:
    rows = re.findall(r"^\| (`.*?`) \|.*\| ([\d.]+) \|$", PAGES[ROOT / "docs/quantiles.md"], re.MULTILINE)
    methods = [(method, float(q1)) for names, q1 in rows for method in re.findall(r"`(\w+)`", names)]
    assert len(methods) == 16
    for method, q1 in methods:
        assert rstats.describe(range(1, 10), method=method)[0]["q1"] == q1, method


@pytest.mark.parametrize("name, block", blocks("console"), ids=[name for name, _ in blocks("console")])
def test_a_console_block_is_what_the_command_prints(name: str, block: str) -> None:
    binary = ROOT / "target/debug/rstats"
    if not binary.exists():
        pytest.skip("the command is not built; `make test` builds it first")
    command, expected = block.split("\n", 1)
    assert command.startswith("$ rstats ")
    done = subprocess.run([binary, *shlex.split(command)[2:]], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode() == expected


@pytest.mark.parametrize("page", PAGES, ids=[path.stem for path in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", PAGES[page]):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


def test_the_pictures_are_those_of_today() -> None:
    folder = ROOT / "docs/pictures"
    before = {path.name: path.read_bytes() for path in folder.glob("*.svg")}
    assert len(before) == 5
    subprocess.run([sys.executable, "docs/pictures.py"], cwd=ROOT, check=True)
    assert {path.name: path.read_bytes() for path in folder.glob("*.svg")} == before
