"""Columns that hold no numbers: times, booleans, texts and others, against slow implementations of their own."""

import datetime as dt
import json
import math
import pickle
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import rstats
import rstats.pandas
from test_output import valid

TIMES = [
    pa.date32(),
    pa.time32("s"),
    pa.time32("ms"),
    pa.time64("us"),
    pa.time64("ns"),
    *(pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")),
    pa.timestamp("us", "Europe/Oslo"),
    pa.timestamp("ns", "+03:00"),
    *(pa.duration(unit) for unit in ("s", "ms", "us", "ns")),
]
SPANS = ("range", "stddev", "sem", "iqr")
STATISTICS = ["min", "max", "range", "mean", "stddev", "sem", "iqr", "mode", "n_unique", "sum"]
METHODS = ("linear", "exclusive", "inclusive", "inverted_cdf", "median_unbiased", "midpoint")


def in_ticks(array: pa.Array) -> list[int | None]:
    """The integers that an array of times is made of."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    width = pa.int32() if array.type.bit_width == 32 else pa.int64()
    return array.view(width).to_pylist()


def of_ticks(ticks: list[int | None], data_type: pa.DataType) -> pa.Array:
    width = pa.int32() if data_type.bit_width == 32 else pa.int64()
    return pa.array(ticks, width).view(data_type)


def root(square: Fraction) -> int:
    """The integer nearest to a square root, ties to even."""
    floor = math.isqrt(square.numerator // square.denominator)
    middle = Fraction(2 * floor + 1, 2) ** 2
    return floor + (square > middle or square == middle and floor % 2 == 1)


def quantile(ordered: list[int], p: Fraction | float, method: str) -> int:
    n = len(ordered)
    match method:
        case "exclusive" | "inclusive":
            fraction = Fraction(p).limit_denominator(10_000)
            k, groups = fraction.numerator, fraction.denominator
            if method == "exclusive":
                j = min(max(k * (n + 1) // groups, 1), n - 1) if n > 1 else 1
                delta = Fraction(k * (n + 1) - j * groups, groups)
                pair = (ordered[j - 1], ordered[min(j, n - 1)])
            else:
                j = k * (n - 1) // groups
                delta = Fraction(k * (n - 1) - j * groups, groups)
                pair = (ordered[j], ordered[min(j + 1, n - 1)])
        case "inverted_cdf":
            return ordered[max(math.ceil(n * p) - 1, 0)]
        case "midpoint":
            position = (n - 1) * p
            pair, delta = (ordered[math.floor(position)], ordered[math.ceil(position)]), Fraction(1, 2)
        case _:
            if method == "linear":
                position = (n - 1) * p
            else:
                position = n * p + (1 / 3 + p * (1 - 1 / 3 - 1 / 3)) - 1
            position = min(max(position, 0.0), n - 1.0)
            below = math.floor(position)
            pair, delta = (ordered[below], ordered[min(below + 1, n - 1)]), Fraction(position - below)
    return round(pair[0] + (pair[1] - pair[0]) * delta)


def expected(ticks: list[int | None], data_type: pa.DataType, method: str, p: list[float], ddof: int) -> dict[str, Any]:
    values = sorted(tick for tick in ticks if tick is not None)
    n = len(values)
    found: dict[str, Any] = dict.fromkeys([*STATISTICS, *p])
    found |= {"count": n, "null_count": len(ticks) - n, "n_unique": len(set(values))}
    if n == 0:
        return found | ({"sum": 0} if pa.types.is_duration(data_type) else {})
    total = sum(values)
    found |= {"min": values[0], "max": values[-1], "range": values[-1] - values[0], "mean": round(Fraction(total, n))}
    if n > ddof:
        variance = Fraction(n * sum(value * value for value in values) - total * total, n * (n - ddof))
        found |= {"stddev": root(variance), "sem": root(variance / n)}
    found |= {q: quantile(values, q, method) for q in p}
    found["iqr"] = quantile(values, 0.75, method) - quantile(values, 0.25, method)
    found["mode"] = min(set(values), key=lambda value: (-values.count(value), value)) if n < 2000 else None
    found["sum"] = total if pa.types.is_duration(data_type) and abs(total) < 2**63 else None
    return found


def random_ticks(rng: random.Random, data_type: pa.DataType, n: int) -> list[int | None]:
    most = 2**31 if data_type.bit_width == 32 else 2**62
    if pa.types.is_time(data_type):
        most = 86_400 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[data_type.unit]
    low = 0 if pa.types.is_time(data_type) else -most
    spread = rng.choice((1, 5, 1000, most - low))
    start = rng.randrange(low, most - spread + 1)
    return [None if rng.random() < 0.1 else rng.randrange(start, start + spread) for _ in range(n)]


def check(table: rstats.Columns, row: int, right: dict[str, Any], data_type: pa.DataType, told: str) -> None:
    """A row of the table of times against what is right."""
    arrow = table.to_arrow()
    unit_of_span = "s" if pa.types.is_date(data_type) else data_type.unit
    for name in arrow.column_names[arrow.column_names.index("count") :]:
        column = arrow[name]
        key = {"q1": 0.25, "median": 0.5, "q3": 0.75}.get(name)
        if key is None and name.startswith("p"):
            key = float(f"{name[1:]}e-2")
        wanted = right[name if key is None else key]
        if name in ("count", "null_count", "n_unique"):
            assert column[row].as_py() == wanted, f"{told}: {name}"
            continue
        if name == "mode" and wanted is None:
            continue
        span = name in SPANS
        assert column.type == (pa.duration(unit_of_span) if span else data_type), f"{told}: {name}"
        if span and wanted is not None and pa.types.is_date(data_type):
            wanted *= 86_400
        if wanted is not None and not -(2**63) <= wanted < 2**63:
            wanted = None
        assert in_ticks(column)[row] == wanted, f"{told}: {name}"


@pytest.mark.parametrize("data_type", TIMES, ids=str)
def test_times_are_exact_to_the_tick(data_type: pa.DataType) -> None:
    rng = random.Random(f"times {data_type}")
    for n in (0, 1, 2, 3, 9, 10, 100, 3000, 5000):
        ticks = random_ticks(rng, data_type, n)
        method, ddof = rng.choice(METHODS), rng.choice((0, 1, 2))
        p = sorted({0.0, 0.25, 0.5, 0.75, 1.0, 0.99, rng.randrange(1, 100) / 100})
        asked: dict[str, Any] = {"stats": STATISTICS, "q": p, "method": method, "ddof": ddof}
        right = expected(ticks, data_type, method, p, ddof)
        array = of_ticks(ticks, data_type)
        cut = n // 3
        table = pa.table({"t": pa.chunked_array([array[:cut], array[cut:]], data_type), "x": [1.0] * n})
        for route, data in {
            "table": table,
            "reader": table.to_reader(max_chunksize=7),
            "dictionary": table.set_column(0, "t", table["t"].dictionary_encode()),
            "column": table["t"],
        }.items():
            found = rstats.describe(data, **asked)
            check(found.times, 0, right, data_type, f"{data_type} by {route}, {n} rows, {asked}")
        if pa.types.is_time(data_type) or data_type.bit_width == 32:
            continue
        (row,) = [
            row for row in json.loads(rstats.describe(table, **asked).to_json())["series"] if row["kind"] == "time"
        ]
        assert (row["count"], row["null_count"]) == (right["count"], right["null_count"])


def test_long_series_of_times() -> None:
    """Longer than what is kept as a whole: samples, brackets and threads are at work."""
    ticks = np.random.default_rng(3).integers(1_600_000_000 * 10**9, 1_800_000_000 * 10**9, 600_001)
    data_type = pa.timestamp("ns")
    p = [0.01, 0.25, 0.5, 0.75, 0.999]
    right = expected(ticks.tolist(), data_type, "linear", p, 1)
    asked: dict[str, Any] = {"stats": STATISTICS[:7], "q": p}
    for threads in (1, 3):
        found = rstats.describe(pa.table({"t": pa.array(ticks).view(data_type)}), threads=threads, **asked)
        check(found.times, 0, right, data_type, f"{threads} threads")


@pytest.mark.parametrize("data_type", [pa.date32(), pa.time32("ms"), pa.timestamp("ns"), pa.duration("us")], ids=str)
@pytest.mark.parametrize("keys", [1, 7, 900])
def test_groups_of_times(data_type: pa.DataType, keys: int) -> None:
    rng = random.Random(f"groups {data_type} {keys}")
    ticks = random_ticks(rng, data_type, 3000)
    groups = [rng.choice([None, *range(keys - 1)]) for _ in ticks]
    table = pa.table({"k": groups, "t": of_ticks(ticks, data_type), "s": [str(tick) for tick in ticks]})
    found = rstats.describe(table, by="k", stats=STATISTICS, q=[0.1, 0.5])
    times = found.times.to_arrow()
    distinct = times["k"].to_pylist()
    assert distinct == [*sorted({key for key in groups if key is not None}), *([None] if None in groups else [])]
    for row, key in enumerate(distinct):
        of_group = [tick for tick, group in zip(ticks, groups, strict=True) if group == key]
        right = expected(of_group, data_type, "linear", [0.1, 0.5], 1)
        check(found.times, row, right | {0.25: None, 0.75: None}, data_type, f"key {key}")
    assert found.texts.to_arrow()["k"].to_pylist() == distinct


def test_times_that_their_type_does_not_hold_are_null() -> None:
    for ticks in ([-(2**63), 2**63 - 1, 0], [-(2**62), 2**62 - 1], [2**63 - 1, 2**63 - 1, 2**63 - 2]):
        for data_type in (pa.timestamp("ns"), pa.duration("s")):
            right = expected(ticks, data_type, "linear", [0.25, 0.5, 0.75], 1)
            found = rstats.describe(of_ticks(ticks, data_type), stats=STATISTICS, q=(0.25, 0.5, 0.75))
            check(found.times, 0, right, data_type, f"{ticks}")
    assert rstats.describe(of_ticks([-(2**63), 2**63 - 1], pa.timestamp("ns")))[0]["range"] is None


def texts_of(rng: random.Random, n: int) -> list[str | None]:
    alphabet = rng.choice(("ab", "abcdefgh", "aé日😀 "))
    longest = rng.choice((1, 3, 9, 40))
    made = ["".join(rng.choice(alphabet) for _ in range(rng.randrange(longest + 1))) for _ in range(n)]
    return [None if rng.random() < 0.1 else text for text in made]


def right_texts(texts: list[Any]) -> dict[str, Any]:
    values = [text for text in texts if text is not None]
    row: dict[str, Any] = {"count": len(values), "null_count": len(texts) - len(values), "n_unique": len(set(values))}
    row |= dict.fromkeys(("min", "max", "min_length", "max_length", "mean_length", "mode", "mode_count"))
    row["n_empty"] = sum(1 for text in values if len(text) == 0)
    if values:
        key = (lambda text: text) if isinstance(values[0], bytes) else (lambda text: text.encode())
        lengths = [len(text) for text in values]
        row |= {"min": min(values, key=key), "max": max(values, key=key)}
        row |= {"min_length": min(lengths), "max_length": max(lengths), "mean_length": sum(lengths) / len(lengths)}
        counts: dict[Any, int] = {}
        for text in values:
            counts[text] = counts.get(text, 0) + 1
        row["mode"] = min(counts, key=lambda text: (-counts[text], key(text)))
        row["mode_count"] = counts[row["mode"]]
    return row


TEXTS = [
    "string",
    "large_string",
    "string_view",
    "dictionary",
    "binary",
    "large_binary",
    "binary_view",
    "fixed",
    "runs",
]


@pytest.mark.parametrize("kind", TEXTS)
def test_texts_are_those_of_sorted_lists(kind: str) -> None:
    rng = random.Random(f"texts {kind}")
    for n in (0, 1, 2, 9, 100, 3000, 200_000):
        texts: list[Any] = texts_of(rng, n)
        if kind == "fixed":
            texts = [None if text is None else text.encode()[:5].ljust(5, b"z") for text in texts]
        elif "binary" in kind:
            texts = [None if text is None else text.encode() for text in texts]
        match kind:
            case "dictionary":
                array = pa.array(texts, pa.string()).dictionary_encode()
            case "runs":
                array = pa.compute.run_end_encode(pa.array(texts, pa.string()))
            case "fixed":
                array = pa.array(texts, pa.binary(5))
            case name:
                array = pa.array(texts, getattr(pa, name)())
        right = right_texts(texts)
        cut = n // 3
        chunks = [array] if kind == "runs" else [array[:cut], array[cut:]]
        table = pa.table({"t": pa.chunked_array(chunks, array.type)})
        for data in (table, table.to_reader(max_chunksize=max(n // 4, 1)), pa.chunked_array(chunks, array.type)):
            (row,) = rstats.describe(data)
            shown = {name: value for name, value in row.items() if name not in ("column", "kind")}
            assert shown == {name: right[name] for name in shown}, (kind, n)
            assert list(shown) == "count null_count n_empty min max min_length max_length mean_length".split()
        for data in (table, table.to_reader(max_chunksize=max(n // 4, 1))):
            (row,) = rstats.describe(data, stats=["max", "mode", "n_unique"], q=())
            shown = {name: value for name, value in row.items() if name not in ("column", "kind")}
            assert shown == {
                name: right[name] for name in ("count", "null_count", "max", "mode", "mode_count", "n_unique")
            }


@pytest.mark.parametrize("keys", [1, 5, 400])
def test_groups_of_texts_booleans_and_others(keys: int) -> None:
    rng = random.Random(keys)
    texts = texts_of(rng, 4000)
    flags = [rng.choice((True, False, None)) for _ in texts]
    lists = [rng.choice(([], [1], None)) for _ in texts]
    groups = [rng.randrange(keys) for _ in texts]
    table = pa.table({"k": groups, "s": texts, "d": pa.array(texts).dictionary_encode(), "f": flags, "l": lists})
    found = rstats.describe(table, by="k", stats=["min", "max", "mean", "mode", "n_unique"], q=())
    plain = rstats.describe(table, by="k")
    for key in range(keys):
        rows = [row for row, group in enumerate(groups) if group == key]
        right = right_texts([texts[row] for row in rows])
        for column in "sd":
            row = found[column, key]
            assert row["k"] == key and {n: right[n] for n in list(row)[3:]} == {n: row[n] for n in list(row)[3:]}
            row = plain[column, key]
            assert {n: right[n] for n in list(row)[3:]} == {n: row[n] for n in list(row)[3:]}
        there = [flags[row] for row in rows if flags[row] is not None]
        row = plain["f", key]
        assert (row["count"], row["null_count"], row["n_true"]) == (len(there), len(rows) - len(there), sum(there))
        assert row["mean"] == (sum(there) / len(there) if there else None)
        row = plain["l", key]
        assert row["count"] == sum(1 for row in rows if lists[row] is not None) and row["kind"] == "other"


def test_an_enum_has_its_own_order() -> None:
    sizes = pl.Series(["small", "large", "medium", None, "small"], dtype=pl.Enum(["small", "medium", "large"]))
    frame = pl.DataFrame({"size": sizes, "k": [1, 1, 2, 2, 2]})
    (row,) = rstats.describe(frame, columns="size")
    assert (row["min"], row["max"], row["max_length"]) == ("small", "large", 6)
    rows = rstats.describe(frame, by="k")["size"]
    assert [(row["min"], row["max"]) for row in rows] == [("small", "large"), ("small", "medium")]
    ordered = pd.Categorical(["b", "a", None, "b"], categories=["b", "a", "c"], ordered=True)
    (row,) = rstats.describe(pd.DataFrame({"c": ordered}))
    assert (row["min"], row["max"]) == ("b", "a")


MESSY = {
    "order": range(8),
    "placed": pd.date_range("2026-01-30 08:15:30.5", periods=8, freq="37h"),
    "day": [dt.date(2026, 1, day) for day in (30, 31, 5, 6, 7, 8, 9, 10)],
    "took": pd.to_timedelta([1, 2, 3.5, None, 4, 5, 6, 7], unit="h"),
    "city": ["Oslo", "Rome", "Oslo", None, "", "Zürich", "Rome", "Oslo"],
    "price": pd.array(["1.10", "2.25", None, "3", "4", "5", "6", "7"], dtype="string").astype("object"),
    "paid": [True, False, True, True, True, False, False, True],
    "gaps": [True, None, False, True, True, True, None, False],
    "mixed": [1, "a", None, 2.5, (1,), "x", {}, []],
    "tags": [["a"], ["b", "c"], None, [], ["a"], ["a"], ["a"], ["a"]],
    "zone": pd.date_range("2026-03-29", periods=8, freq="h", tz="Europe/Oslo"),
}
KINDS = {
    "order": "number",
    "paid": "boolean",
    "gaps": "boolean",
    "placed": "time",
    "day": "time",
    "took": "time",
    "zone": "time",
    "city": "text",
    "price": "text",
    "mixed": "other",
    "tags": "other",
}


def test_no_column_of_a_messy_table_vanishes() -> None:
    frame = pd.DataFrame(MESSY)
    d = rstats.describe(frame)
    assert {row["column"]: row["kind"] for row in d} == KINDS and not d.left_out
    assert [row["count"] + row["null_count"] for row in d] == [8] * 11 and len(d) == 11
    document = valid(d.to_json())
    assert [row["column"] for row in document["series"]] == list(KINDS)
    assert d["day"]["mean"] == dt.date(2026, 1, 13) and d["took"]["max"] == dt.timedelta(hours=7)
    assert d["zone"]["min"].utcoffset() == dt.timedelta(hours=1)
    assert d["city"]["max"] == "Zürich" and d[-1]["column"] == "tags" and d[0]["kind"] == "number"
    assert pickle.loads(pickle.dumps(d)) == d and pickle.loads(pickle.dumps(d)).to_json() == d.to_json()
    assert d != rstats.describe(frame.assign(city="x"))
    for name in ("numbers", "booleans", "times", "texts", "others"):
        assert name in repr(d) and f"<caption>{name}</caption>" in d._repr_html_()
    # A part is a table: of one type where all columns are, else text in ISO 8601.
    assert d.texts.to_arrow()["max"].type == pa.string() and d.others.names == ["column", "count", "null_count"]
    assert d.times.to_arrow()["range"].to_pylist() == ["P10DT19H", "P26D", "PT6H", "PT7H"]
    assert rstats.describe(frame[["placed"]]).times.to_arrow()["range"].type == pa.duration("us")
    assert [column.name for column in pa.table(d).schema][:2] == ["column", "count"] and pa.table(d).num_rows == 1
    grouped = rstats.describe(frame, by="paid")
    assert {row["column"] for row in grouped} == set(KINDS) - {"paid"} and len(grouped) == 20
    valid(grouped.to_json())
    named = rstats.describe(frame, columns=["city", "order"])
    assert [row["column"] for row in named] == ["order", "city"]


def test_frames_of_pandas_have_every_column() -> None:
    frame = pd.DataFrame(MESSY)
    d = rstats.describe(frame)
    upright = d.to_pandas()
    assert list(upright.columns) == list(KINDS) and upright["order"].dtype == np.float64
    assert upright["placed"]["mean"] == frame["placed"].mean() and upright["took"]["range"] == pd.Timedelta("6h")
    assert upright["city"]["max"] == "Zürich" and upright["paid"]["n_true"] == 5 and upright["tags"]["count"] == 7
    assert list(upright.index)[:4] == ["count", "null_count", "nan_count", "min"] and "n_empty" in upright.index
    assert list(rstats.describe(frame[["city"]]).to_pandas().index)[0] == "count"
    tidy = d.to_pandas(tidy=True)
    assert tidy["column"].tolist() == list(KINDS) and tidy["count"].tolist() == [row["count"] for row in d]
    assert frame.rstats.describe()["column"].tolist() == list(KINDS)
    grouped = rstats.describe(frame, by="paid").to_pandas()
    assert list(grouped.index) == [False, True] and grouped[("city", "max")].tolist() == ["Zürich", "Oslo"]
    assert grouped[("placed", "min")].tolist() == frame.groupby("paid")["placed"].min().tolist()
    assert list(rstats.describe(frame[["order"]]).to_pandas(tidy=True).columns)[:2] == ["column", "count"]


def test_units_that_arrow_has_not() -> None:
    data = {"h": np.array([1, 5], dtype="m8[h]"), "y": np.array(["2020", "2022"], dtype="M8[Y]")}
    hours, years = rstats.describe(data)
    assert hours["mean"] == dt.timedelta(hours=3) and years["max"] == dt.datetime(2022, 1, 1)


def test_only_what_is_asked() -> None:
    frame = pd.DataFrame(MESSY)
    d = rstats.describe(frame, stats=["mean"], q=())
    assert d.times.names == d.booleans.names == ["column", "count", "null_count", "mean"]
    assert d.texts.names == ["column", "count", "null_count"]
    d = rstats.describe(frame, stats=["n_unique"], q=())
    assert d["city"]["n_unique"] == 4 and d["day"]["n_unique"] == 8


def test_nulls_have_their_policy() -> None:
    table = pa.table({"s": ["a", None], "t": pa.array([1, None], pa.date32()), "b": [True, None], "l": [[1], None]})
    for column in table.column_names:
        with pytest.raises(ValueError, match=f"'{column}'"):
            rstats.describe(table.select([column]), null="raise")
        (row,) = rstats.describe(table.select([column]), null="propagate")
        rest = {name: value for name, value in row.items() if name not in ("column", "kind", "count", "null_count")}
        assert (row["count"], row["null_count"]) == (1, 1) and set(rest.values()) <= {None}
        (of_reader,) = rstats.describe(table.select([column]).to_reader(), null="propagate")
        assert of_reader == row


def test_what_one_kind_alone_has_comes_by_its_name() -> None:
    days = [dt.date(2026, 1, 1)] * 4
    data = {"s": ["", "ab", "ä", None], "f": [True, False, True, None], "n": [1.0, 2.0, 3.0, 4.0], "t": days}
    every = rstats.describe(data)
    counts = {"column", "kind", "count", "null_count", "nan_count"}
    of_texts = dict.fromkeys(("n_empty", "min_length", "max_length", "mean_length"), "s")
    for name, column in {"n_true": "f", **of_texts}.items():
        d = rstats.describe(data, stats=name)
        for row in d:
            assert set(row) - counts == ({name} if row["column"] == column else set()), (name, row)
        assert d[column][name] == every[column][name]
        assert json.loads(d.to_json())["spec"]["stats"] == [name]
        assert pickle.loads(pickle.dumps(d)).to_json() == d.to_json()
        assert name in rstats.describe(data, by="n", stats=["n_true", name])[column, 1.0]
        assert rstats.Accumulator(stats=name).update(data).summary().to_dicts() == d.to_dicts()
        grouped = {"by": "n", "stats": ["n_true", name]}
        by_groups = rstats.Accumulator(**grouped).update(data).summary()
        assert by_groups.to_dicts() == rstats.describe(data, **grouped).to_dicts()
        for numbers in (
            lambda name=name: rstats.rolling([1.0], 1, stats=[name]),
            lambda name=name: rstats.Windows(on="t", size="1h", stats=[name]),
            lambda name=name: rstats.describe_json(b"[1]", stats=[name]),
        ):
            with pytest.raises(ValueError, match=f"numbers have no '{name}'"):
                numbers()
    with pytest.raises(ValueError, match="did you mean 'n_empty'"):
        rstats.describe(data, stats="n_emtpy")


def test_enums_of_a_stream_keep_their_order() -> None:
    values = ["low", "middle", "high"]
    enum = pa.DictionaryArray.from_arrays(pa.array([1, 2, None, 0, 1], pa.int8()), values, ordered=True)
    table = pa.table({"level": enum})
    asked: dict[str, Any] = {"stats": ["min", "max", "mode", "n_unique"], "q": ()}
    expected = rstats.describe(table, **asked).to_dicts()
    assert (expected[0]["min"], expected[0]["max"]) == ("low", "high")
    assert rstats.describe(table.to_reader(2), **asked).to_dicts() == expected
    assert rstats.describe(table.slice(0, 0).to_reader(), **asked)[0]["count"] == 0
    other = pa.table({"level": pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), ["high"], ordered=True)})
    with pytest.raises(ValueError, match="is an enum of other values now than before"):
        rstats.Accumulator(**asked).update(table).update(other)


DAYS = [dt.date(2026, 1, 30), None, dt.date(2025, 2, 2)]


@pytest.mark.parametrize("container", [list, tuple, lambda items: np.array(items, object), lambda items: {"x": items}])
@pytest.mark.parametrize(
    ("items", "kind", "least"),
    [
        (["b", "a", None, "b"], "text", "a"),
        ([None, b"b", b"a"], "text", b"a"),
        (DAYS, "time", DAYS[2]),
        ([dt.datetime(2026, 1, 1, 12), dt.datetime(2025, 1, 1, 12)], "time", dt.datetime(2025, 1, 1, 12)),
        ([dt.timedelta(days=1), dt.timedelta(hours=1)], "time", dt.timedelta(hours=1)),
    ],
)
def test_objects_of_one_kind_are_described_by_it(container: Any, items: list[Any], kind: str, least: Any) -> None:
    (row,) = rstats.describe(container(items))
    assert (row["kind"], row["min"], row["null_count"]) == (kind, least, items.count(None))
    found = rstats.Accumulator().update(container(items)).summary()
    assert [(row["kind"], row["min"]) for row in found] == [(kind, least)]


def test_objects_of_several_kinds_or_that_come_once_are_none() -> None:
    for mixed in ([1, "a"], ["a", 1], [dt.date(2026, 1, 1), "a"], [["a"], ["b"]], [{1}, {2}]):
        for data in (mixed, tuple(mixed)):
            with pytest.raises(TypeError, match=r"the item at position [01] is .*, not a number"):
                rstats.describe(data)
    with pytest.raises(TypeError, match="the item at position 0 is 'a'"):
        rstats.describe(text for text in ["a", "b"])
    with pytest.raises(TypeError, match="the item at position 0 is 'a'"):
        rstats.describe(["a", "b"], weights=[1, 2], weighting="frequencies")
