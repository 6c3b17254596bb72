"""The page: what it shows are the figures of `describe` and `correlation`, and it loads nothing."""

import os
import stat
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats

VOID = {"meta", "input", "br"}


class Page(HTMLParser):
    """The cards of a page, each with its figures, and its tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cards: dict[str, dict[str, str]] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.card = self.text = self.term = self.table = ""
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        self.text = ""
        named = dict(attrs)
        if tag == "article":
            self.card = str(named["data-name"])
            self.cards[self.card] = {}
        if tag == "table":
            self.table = f"{self.card} {named['class']}"
            self.tables[self.table] = []
        if tag == "tr":
            self.tables[self.table].append([])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "dt":
            self.term = self.text
        if tag == "dd" and self.card:
            self.cards[self.card][self.term] = self.text
        if tag in ("th", "td"):
            self.tables[self.table][-1].append(self.text)
        if tag == "article":
            self.card = ""


def table() -> pa.Table:
    rng = np.random.default_rng(3)
    n = 2000
    return pa.table(
        {
            "price": pa.array([None if row % 10 == 0 else float(x) for row, x in enumerate(rng.lognormal(3, 1, n))]),
            "count": rng.poisson(3, n),
            "nan": np.where(rng.random(n) < 0.5, np.nan, rng.normal(size=n)),
            "<b>&\"'": rng.normal(size=n),
            "when": pa.array(rng.integers(0, 10**15, n)).cast(pa.timestamp("us", "UTC")),
            "day": pa.array(rng.integers(0, 10**4, n).astype(np.int32)).cast(pa.date32()),
            "city": rng.choice(["Oslo", "Rome", "<i>", ""], n, p=[0.5, 0.3, 0.15, 0.05]),
            "flag": rng.random(n) < 0.25,
            "list": [[1]] * n,
        }
    )


def test_the_figures_are_those_of_describe() -> None:
    data = table()
    page = Page(rstats.report(data, title="All", top=2))
    stats = ["range", "mean", "stddev", "min", "max", "skewness"]
    d = rstats.describe(data, nan="omit", stats=stats, q=[0.05, 0.5], top=2)
    assert set(page.cards) == set(data.column_names)
    for row in d:
        card = page.cards[row["column"]]
        assert card["values"].replace(",", "") == str(row["count"])
        assert card["missing"].replace(",", "").split(" ")[0] == str(row["null_count"])
        if row["kind"] == "number":
            for name, known in (("mean", "mean"), ("std. dev.", "stddev"), ("5 %", "p5"), ("median", "median")):
                assert float(card[name]) == pytest.approx(row[known], rel=1e-5), (row["column"], name)
            assert float(card["max"]) == pytest.approx(row["max"], rel=1e-5)
    assert page.cards["nan"]["NaN"].replace(",", "").startswith(str(d["nan"]["nan_count"]))
    assert page.cards["day"]["max"] == str(d["day"]["max"])
    assert page.cards["when"]["min"] == str(d["when"]["min"].replace(tzinfo=None))
    assert page.cards["city"]["distinct"] == "4"
    city = page.tables["city frequent"]
    assert city[0] == ["value", "rows", "share"]
    assert [(value, int(count.replace(",", ""))) for value, count, _ in city[1:]] == [
        (entry["value"], entry["count"]) for entry in d["city"]["top"]
    ]
    n_true = d["flag"]["n_true"]
    assert [row[1].replace(",", "") for row in page.tables["flag frequent"][1:]] == [str(n_true), str(2000 - n_true)]
    numbers = ["price", "count", "nan", "<b>&\"'"]
    pairs = rstats.correlation(data, columns=numbers, nan="omit")
    matrix = page.tables[" pairs"]
    assert matrix[0] == ["", *numbers]
    for a, cells in zip(numbers, matrix[1:], strict=True):
        assert cells == [a, *(f"{pairs[a, b]:.2f}" for b in numbers)]
    # The bins are those of the histogram.
    histogram = rstats.describe(data, columns="count", stats=(), bins="auto")["count"]["histogram"]
    bins = page.tables["count bins"][1:]
    assert [int(count.replace(",", "")) for _, count in bins] == histogram["counts"]


def test_nothing_is_loaded() -> None:
    text = rstats.report(table(), by="city")
    page = Page(text)
    assert not any(name == "src" for name, _ in page.attributes)
    assert all(str(value).startswith("#") for name, value in page.attributes if name == "href")
    assert "http" not in text and "url(" not in text and "<b>" not in text and "<i>" not in text


def test_groups_are_compared() -> None:
    data = table()
    page = Page(rstats.report(data, by="city"))
    groups = page.tables["price groups"]
    d = rstats.describe(data, by="city", columns="price", nan="omit")
    assert groups[0] == ["group", "on one scale", "values", "missing", "min", "mean", "median", "max"]
    assert [row[0] for row in groups[1:]] == ["“”", "<i>", "Oslo", "Rome"]
    for row, cells in zip(d, groups[1:], strict=True):
        assert int(cells[2].replace(",", "")) == row["count"]
        assert float(cells[5]) == pytest.approx(row["mean"], rel=1e-5)
    # Of an answer of groups alone the groups are all there is.
    alone = Page(rstats.describe(data, by="city", columns="price", nan="omit").report())
    assert [row[2:] for row in alone.tables["price groups"]] == [row[2:] for row in groups]
    assert alone.cards["price"] == {}


@pytest.mark.parametrize(
    "data",
    [
        {"x": [1.0, 2.0], "s": ["a", None]},
        pd.DataFrame({"x": [1.0, np.nan], "s": pd.Categorical(["a", "b"])}),
        pl.DataFrame({"x": [1, None], "s": ["a", "b"]}),
        np.arange(12.0).reshape(4, 3),
        np.arange(5),
        [1, 2, 3],
        pa.table({"x": pa.array([], pa.float64())}),
        pa.table([[1.0, 2.0], [2.0, 3.0]], names=["x", "x"]),
    ],
    ids=["dict", "pandas", "polars", "matrix", "array", "list", "empty", "one name twice"],
)
def test_data_of_any_kind(data: Any) -> None:
    page = Page(rstats.report(data))
    assert len(page.cards) >= 1


def test_a_stream_is_read_once_and_so_refused() -> None:
    data = pa.table({"x": [1.0]})
    for stream in (data.to_reader(), iter([1.0, 2.0]), (x for x in [1.0])):
        with pytest.raises(TypeError, match="read once"):
            rstats.report(stream)
    # An answer that is there already is a page.
    assert "x" in Page(rstats.describe(data.to_reader(), bins=2).report()).cards


def test_the_file_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert rstats.report({"x": [1.0]}, path) is None
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    rstats.describe({"x": [1.0]}).report(str(path), title="Other")
    assert "<title>Other</title>" in path.read_text(encoding="utf-8")
    with pytest.raises(OSError):
        rstats.report({"x": [1.0]}, tmp_path / "absent" / "page.html")
    with pytest.raises(OSError):
        rstats.report({"x": [1.0]}, tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["page.html"]


def test_correlations_are_left_out_of_many_columns() -> None:
    data = np.random.default_rng(1).normal(size=(20, 5))
    assert " pairs" in Page(rstats.report(data, correlations=5)).tables
    assert " pairs" not in Page(rstats.report(data, correlations=4)).tables
    assert " pairs" not in Page(rstats.report(data, correlations=0)).tables


def test_files_have_the_page_of_memory(tmp_path: Path) -> None:
    data = table()
    pq.write_table(data, tmp_path / "t.parquet", row_group_size=300)
    stats, q = rstats._rstats._page_questions()
    asked: dict[str, Any] = {"stats": stats, "q": q, "nan": "omit", "bins": "auto", "top": 10}
    of_files = Page(rstats.describe_parquet(tmp_path, **asked).report())
    of_memory = Page(rstats.describe(data, **asked).report())
    assert of_files.cards == of_memory.cards and of_files.tables == of_memory.tables
