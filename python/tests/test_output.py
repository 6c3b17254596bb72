"""`Statistics` and `Description`: what they are to Python and to other libraries, and the JSON against its schema."""

from __future__ import annotations

import copy
import glob
import json
import math
import os
import pickle
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import rstats

ROOT = Path(__file__).parents[2]
FILES = sorted(glob.glob(str(ROOT / "data/*.parquet")))
SCHEMA = json.loads((ROOT / "schemas/describe-2.json").read_text())
ALL = (
    "min max range sum mean variance stddev mean_ci sem iqr skewness kurtosis mad mode n_unique n_zero n_negative "
    "geometric_mean harmonic_mean cv trimmed_mean fences outliers histogram"
).split()


def valid(text: str) -> Any:
    document = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(document, SCHEMA)
    return document


def command(*arguments: str) -> str:
    binary = ROOT / "target/debug/rstats"
    if not binary.exists():
        pytest.skip("the command is not built; `make test` builds it first")
    return subprocess.run([binary, "describe", *arguments], capture_output=True, text=True, check=True).stdout


def test_statistics_is_a_value() -> None:
    stats = rstats.compute_stats([2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5])
    assert repr(stats).startswith("Statistics(range=3.25, quartiles=[0.5, 1.25, 2.75], mean=1.607")
    assert list(stats.to_dict()) == ["range", "quartiles", "mean", "stddev"]
    assert rstats.Statistics(**stats.to_dict()) == stats
    assert pickle.loads(pickle.dumps(stats)) == stats == copy.deepcopy(stats)
    assert stats != rstats.compute_stats([1, 2, 3])
    assert json.loads(json.dumps(stats.to_dict())) == stats.to_dict()
    with pytest.raises(AttributeError):
        stats.mean = 1.0  # type: ignore[misc]


def test_a_description_is_a_small_table() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 5]})
    description = rstats.describe(frame, stats=["stddev", "mean"], q=[0.99, 0.5])
    assert description.columns == ["column", "count", "null_count", "nan_count", "mean", "stddev", "median", "p99"]
    assert len(description) == 2
    assert description[1] == description[-1] == list(description)[1] == description.to_dicts()[1]
    assert description[1]["column"] == "b" and description[1]["mean"] == 4.0
    for place in (2, -3):
        with pytest.raises(IndexError):
            description[place]
    assert "│ mean" in repr(description) and "quantiles: linear" in repr(description)
    assert "<td>4.0</td>" in description._repr_html_()


def test_other_libraries_take_it() -> None:
    description = rstats.describe({"a": [1.0], "<b>": [2.0, 4.0]})
    rows = [{name: value for name, value in row.items() if name != "kind"} for row in description]
    assert pa.table(description).to_pylist() == rows == description.to_arrow().to_pylist()
    assert pl.DataFrame(description).to_dicts() == rows == description.to_polars().to_dicts()
    assert pa.table(description).schema.metadata[b"rstats.method"] == b"linear"
    frame = description.to_pandas(tidy=True)
    assert frame["count"].tolist() == [1, 2] and frame["count"].dtype == np.int64
    assert math.isnan(frame["stddev"][0]) and frame["stddev"].dtype == np.float64
    assert "&lt;b&gt;" in description._repr_html_()
    assert len(rstats.describe(description, columns=["mean"])) == 1  # it is a table like any other


def test_json_is_of_its_schema() -> None:
    data = {"a": [1.0, math.inf], "b": [math.nan, 1.0], "c": [1.0], "d": np.array([])}
    document = valid(rstats.describe(data, stats=ALL, n=100).to_json())
    a, b, c, d = document["series"]
    assert (a["mean"], a["stddev"], b["min"], c["stddev"], d["mean"]) == ("Infinity", "NaN", "NaN", None, None)
    assert document["source"] == {"files": 0, "rows": 2, "errors": []}
    valid(rstats.describe({}).to_json())


def test_a_document_with_errors_is_of_its_schema() -> None:
    """The example is what the library writes: its own tests compare the bytes."""
    text = (ROOT / "schemas/describe-2.example.json").read_text(encoding="utf-8")
    document = valid(text)
    assert [set(error) for error in document["source"]["errors"]] == [
        {"file", "message"},
        {"file", "column", "row_group", "message"},
        {"file", "column", "row_group", "message"},
        {"file", "column", "message"},
    ]
    for wrong in ("a.parquet", {"file": "a.parquet"}, {"file": "a", "message": "m", "row_group": "3"}):
        document["source"]["errors"] = [wrong]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document, SCHEMA)


def test_numbers_are_spelled_as_json_dumps_spells_them() -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(0, 2**64, 3000, dtype=np.uint64).view(np.float64)
    values = [float(x) for x in values if math.isfinite(x)]
    values += [0.0, -0.0, 1e16, 1e15, 1e-4, 1e-5, 123456789.0, 5e-324]
    description = rstats.describe({str(i): [x] for i, x in enumerate(values)}, stats=["min"], q=())
    lines = [line for line in description.to_json().splitlines() if '"min": ' in line and '"column"' in line]
    assert [line.rpartition('"min": ')[2].rstrip("},") for line in lines] == [json.dumps(x) for x in values]


def in_json(description: rstats.Description) -> list[dict[str, Any]]:
    """The rows of numbers, decimals as JSON has them: all of these have at most fifteen digits."""
    numbers = [row for row in description if row["kind"] == "number"]
    plain = [{name: float(v) if isinstance(v, Decimal) else v for name, v in row.items()} for row in numbers]
    assert [row for row in json.loads(description.to_json())["series"] if row["kind"] == "number"] == plain
    return plain


@pytest.mark.parametrize("path", FILES, ids=lambda path: Path(path).stem)
def test_the_command_and_python_give_the_same_bits(path: str) -> None:
    document = valid(command(path, "-A", "-q", "0,0.1,0.5,0.99", "-m", "hazen"))
    asked: Any = {"stats": ALL, "q": [0, 0.1, 0.5, 0.99], "method": "hazen"}
    expected = rstats.describe(pq.read_table(path), **asked)
    assert in_json(expected) and document["series"] == json.loads(expected.to_json())["series"]


def test_the_command_describes_all_of_them_at_once() -> None:
    document = valid(command(*FILES))
    alone = [json.loads(rstats.describe(pq.read_table(path)).to_json())["series"] for path in FILES]
    assert {row["column"]: row for row in document["series"]} == {row["column"]: row for rows in alone for row in rows}


def test_nan_of_the_command_is_of_its_schema(tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": [math.inf, 1.0], "y": [math.nan, None]}), path)
    document = valid(command(path, "-A"))
    assert document["series"][0]["max"] == "Infinity" and document["series"][1]["max"] == "NaN"


def as_floats(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: float(v) if isinstance(v, (int, Decimal)) else v for k, v in row.items()} for row in rows]


@pytest.mark.parametrize("data", [FILES[:1], FILES], ids=["one", "all"])
def test_files_of_the_command_are_read_by_others(tmp_path: Path, data: list[str]) -> None:
    asked = (*data, "-A", "-q", "0.01,0.5", "--kind", "number")
    document = json.loads(command(*asked))
    rows = [{k: math.nan if v == "NaN" else v for k, v in row.items() if k != "kind"} for row in document["series"]]
    parquet, arrow = str(tmp_path / "a.parquet"), str(tmp_path / "a.arrow")
    for path in (parquet, arrow):
        assert command(*asked, "-o", path) == ""
    tables = [pq.read_table(parquet), pa.ipc.open_file(arrow).read_all(), feather.read_table(arrow)]
    # Of integers and floats together a column of Arrow is of floats.
    numbers = repr(as_floats(rows))
    for table in tables:
        assert repr(as_floats(table.to_pylist())) == numbers
        assert table.schema.field("n_unique").type == table.schema.field("count").type == pa.uint64()
        metadata = table.schema.metadata
        assert (metadata[b"rstats.schema"], metadata[b"rstats.errors"]) == (b"rstats.describe/2", b"[]")
        assert json.loads(metadata[b"rstats.files"]) == len(data)
    for frame in (pl.read_parquet(parquet), pl.read_ipc(arrow)):
        assert repr(as_floats(frame.to_dicts())) == numbers
    assert pq.read_metadata(parquet).created_by.startswith("rstats version ")


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize("name", ["parquet", "arrow"])
def test_a_terminal_is_spared_bytes(name: str) -> None:
    command("--help")
    terminal, side = os.openpty()
    try:
        arguments = [ROOT / "target/debug/rstats", "describe", FILES[0], "-f", name]
        run = subprocess.run(arguments, stdout=side, stderr=subprocess.PIPE, text=True)
        assert run.returncode == 2 and f"-o summary.{name}" in run.stderr
    finally:
        os.close(side)
        os.close(terminal)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_file_that_is_left_out_is_told_once(tmp_path: Path) -> None:
    """On a terminal the table names it; elsewhere the table may be kept, and standard error names it too."""
    command("--help")
    (tmp_path / "bad.parquet").write_bytes(b"no Parquet")
    arguments = [ROOT / "target/debug/rstats", "describe", tmp_path, FILES[0], "--on-error", "skip"]
    terminal, side = os.openpty()
    try:
        run = subprocess.run(arguments, stdout=side, stderr=subprocess.PIPE, text=True)
        assert (run.returncode, run.stderr) == (3, "")
        assert os.read(terminal, 1 << 16).count(b"bad.parquet") == 1
    finally:
        os.close(side)
        os.close(terminal)
    for more in ([], ["-f", "table"]):
        run = subprocess.run([*arguments, *more], capture_output=True, text=True)
        assert run.returncode == 3 and run.stderr.count("bad.parquet") == 1 and "bad.parquet" in run.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_colours_are_for_terminals_that_want_them() -> None:
    command("--help")
    arguments = [
        ROOT / "target/debug/rstats",
        "describe",
        FILES[0],
        "-a",
        "mean,cv,histogram",
        "-f",
        "table",
        "--no-progress",
    ]

    def on_a_terminal(**environment: str) -> str:
        terminal, side = os.openpty()
        try:
            environment = {"PATH": os.environ["PATH"], "TERM": "xterm", **environment}
            assert subprocess.run(arguments, stdout=side, stderr=side, env=environment).returncode == 0
            return os.read(terminal, 1 << 16).decode().replace("\r\n", "\n")
        finally:
            os.close(side)
            os.close(terminal)

    coloured, plain = on_a_terminal(), on_a_terminal(NO_COLOR="1")
    assert "\x1b[" in coloured and "\x1b" not in plain and "\x1b" not in on_a_terminal(TERM="dumb")
    assert on_a_terminal(NO_COLOR="") == coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert subprocess.run(arguments, capture_output=True, text=True).stdout == plain
