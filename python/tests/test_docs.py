"""What `help()` shows: the stub's docstrings, word for word, with examples that run; and what `dir()` shows."""

from __future__ import annotations

import ast
import doctest
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rstats
from rstats import _rstats

ROOT = Path(__file__).parents[2]
STUB = ast.parse((ROOT / "python/rstats/_rstats.pyi").read_text())


def documented() -> Iterator[tuple[str, str]]:
    """The names in the stub that have a docstring, and it."""
    for node in STUB.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and (text := ast.get_docstring(node)):
            yield node.name, text
        for member in node.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_") else ():
            if isinstance(member, ast.FunctionDef) and (text := ast.get_docstring(member)):
                yield f"{node.name}.{member.name}", text


def found(name: str) -> Any:
    thing: Any = _rstats
    for part in name.split("."):
        thing = getattr(thing, part)
    return thing


STUBBED = {name: text for name, text in documented() if not name.startswith("_")}
IN_PYTHON = ("WindowStream", "merge", "report", "windows")
DOCUMENTED = STUBBED | {name: inspect.getdoc(getattr(rstats, name)) or "" for name in IN_PYTHON}


@pytest.mark.parametrize("name", STUBBED)
def test_help_shows_what_the_stub_says(name: str) -> None:
    assert inspect.getdoc(found(name)) == STUBBED[name]


def test_everything_public_is_documented() -> None:
    public = [name for name in rstats.__all__ if name != "__version__"]
    assert set(public) <= set(DOCUMENTED)
    assert rstats.__doc__ and all(getattr(rstats, name).__doc__ for name in dir(rstats) if name != "__version__")


@pytest.mark.parametrize("name", [name for name in rstats.__all__ if callable(getattr(rstats, name))])
def test_every_parameter_is_explained(name: str) -> None:
    thing = getattr(rstats, name)
    if inspect.isclass(thing):
        return
    # Whose parameters it says that its own are.
    shared = {
        "describe_json": "describe",
        "describe_parquet": "describe",
        "rolling": "describe",
        "expanding": "rolling",
        "covariance": "correlation",
    }
    text, other = DOCUMENTED[name] + DOCUMENTED["compute_stats_json"], shared.get(name)
    while other:
        text, other = text + DOCUMENTED[other], shared.get(other)
    for parameter in inspect.signature(thing).parameters:
        found = (f"\n{parameter}\n", f"\n{parameter}, ", f", {parameter}\n", f"`{parameter}`")
        assert any(mention in text for mention in found), parameter
    assert "Examples\n--------" in DOCUMENTED[name]


@pytest.mark.parametrize("name", ["rstats", *(name for name, text in DOCUMENTED.items() if ">>>" in text)])
def test_examples_give_what_they_say(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = rstats.__doc__ if name == "rstats" else DOCUMENTED[name]
    assert text
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    outcome = doctest.DocTestRunner(verbose=False).run(test)
    assert outcome.attempted > 0 and outcome.failed == 0


def test_dir_shows_what_is_meant() -> None:
    assert dir(rstats) == sorted([*rstats.__all__, *MODULES])


MODULES = ["dask", "kafka", "pandas", "polars", "processes", "progress", "spark", "statistics", "testing"]


@pytest.mark.parametrize("module", MODULES)
def test_modules_come_when_they_are_asked_for(module: str) -> None:
    code = f"""
import sys, rstats
names = {MODULES}
assert not {{f"rstats.{{name}}" for name in names}} & set(sys.modules)
assert rstats.{module} is sys.modules["rstats.{module}"]
assert rstats.{module}.__doc__
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_module_that_cannot_be_had_says_why() -> None:
    code = """
import sys
sys.modules["pandas"] = None
import rstats
assert not hasattr(rstats, "pandas")
try:
    rstats.pandas
except AttributeError as error:
    assert "rstats.pandas needs pandas" in str(error), error
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = rstats.nothing  # type: ignore[attr-defined]
