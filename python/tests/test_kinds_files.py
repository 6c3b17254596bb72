"""Columns that hold no numbers, in files: the answers of the same rows in memory."""

import datetime as dt
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import rstats
from test_output import ROOT, valid

START = dt.datetime(2024, 1, 1)
WORDS = ["Köln", "Rom", "", "Paris", "São Paulo", "a text of more than twelve bytes", "日本", None]


def messy(random: random.Random, rows: int) -> pa.Table:
    """A table of every kind, in the types that its files have together."""

    def some(value: Any) -> list[Any]:
        return [None if random.random() < 0.1 else value() for _ in range(rows)]

    moments = pa.array(some(lambda: random.randrange(10**15, 2 * 10**15)), pa.int64())
    return pa.table(
        {
            "n": pa.array(some(lambda: random.gauss(0, 1)), pa.float64()),
            "city": pa.array(some(lambda: random.choice(WORDS)), pa.string()),
            "code": pa.array(some(lambda: f"{random.randrange(10**6):x}"), pa.string()),
            "bytes": pa.array(some(lambda: random.randbytes(random.randrange(4))), pa.binary()),
            "when": moments.cast(pa.timestamp("us", "UTC")),
            "local": moments.cast(pa.timestamp("us")),
            "day": pa.array(some(lambda: random.randrange(-9999, 30_000)), pa.int32()).cast(pa.date32()),
            "time": pa.array(some(lambda: random.randrange(86_400_000)), pa.int32()).cast(pa.time32("ms")),
            "span": pa.array(some(lambda: random.randrange(-(10**6), 10**9)), pa.int64()).cast(pa.duration("us")),
            "flag": pa.array(some(lambda: random.random() < 0.3), pa.bool_()),
            "list": pa.array(some(lambda: ["x"] * random.randrange(3)), pa.list_(pa.string())),
            "k": pa.array(some(lambda: random.choice("abc")), pa.string()),
            "z": pa.array(some(lambda: random.randrange(50)), pa.int32()),
        }
    )


def as_writers_do(random: random.Random, table: pa.Table) -> pa.Table:
    """The same values in other types and layouts."""
    for name, types in {
        "city": [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.string()],
        "code": [pa.string(), pa.large_string()],
        "bytes": [pa.large_binary(), pa.binary()],
        "k": [pa.dictionary(pa.int8(), pa.string()), pa.string()],
    }.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].cast(random.choice(types)))
    return table


def lay(random: random.Random, folder: Path, tables: list[pa.Table]) -> None:
    for index, table in enumerate(tables):
        pq.write_table(
            as_writers_do(random, table),
            folder / f"{index}.parquet",
            row_group_size=random.choice([7, 100, 10_000]),
            data_page_size=random.choice([100, 100_000]),
            use_dictionary=random.choice([True, False]),
            compression=random.choice(["none", "zstd", "snappy"]),
            data_page_version=random.choice(["1.0", "2.0"]),
        )


QUESTIONS: list[dict[str, Any]] = [
    {},
    {"stats": ["min", "max", "mean", "mode", "n_unique", "sum", "iqr", "sem"], "q": [0.01, 0.5], "method": "hazen"},
    {"stats": [], "q": []},
    {"stats": ["mean"], "q": [], "null": "propagate"},
    {"bins": 7, "top": 3},
    {"by": "z", "stats": ["n_unique"], "bins": "auto", "top": 2, "q": []},
    {"by": "k"},
    {"by": ["city", "flag"], "stats": ["min", "max", "mode", "n_unique"], "q": []},
    {"by": "day", "q": [0.9], "null": "propagate"},
    {"columns": ["code", "when", "list", "flag", "n"], "by": "z"},
]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: ",".join(question) or "default")
def test_files_have_the_answers_of_memory(tmp_path: Path, seed: int, question: dict[str, Any]) -> None:
    seeded = random.Random(f"{seed} {question}")
    tables = [messy(seeded, seeded.choice([0, 1, 50, 3000])) for _ in range(seeded.randrange(1, 4))]
    lay(seeded, tmp_path, tables)
    whole = pa.concat_tables(tables)
    expected = rstats.describe(whole, **question)
    for options in ({}, {"threads": 1}, {"memory_limit": "128MiB"}):
        found = rstats.describe_parquet(tmp_path, **question, **options)
        assert repr(found.to_dicts()) == repr(expected.to_dicts()), options
        assert found.left_out == []
    if len(found) < 500:
        valid(found.to_json())
    for kind in ("booleans", "times", "texts", "others"):
        assert pa.table(getattr(found, kind)) == pa.table(getattr(expected, kind)), kind
    assert pa.table(found.numbers).schema.names == pa.table(expected.numbers).schema.names
    kept = whole.filter(pc.greater(whole["n"], 0))
    found = rstats.describe_parquet(tmp_path, where="n > 0", **question)
    assert repr(found.to_dicts()) == repr(rstats.describe(kept, **question).to_dicts())


def test_a_predicate_on_a_kind_of_its_own(tmp_path: Path) -> None:
    table = messy(random.Random(5), 5000)
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=300)
    kept = table.filter(pc.and_(pc.equal(table["city"], "Rom"), pc.equal(table["flag"], True)))
    found = rstats.describe_parquet(tmp_path, where="city = 'Rom' and flag = true")
    assert repr(found.to_dicts()) == repr(rstats.describe(kept).to_dicts())
    assert found["city"]["count"] == len(kept) > 0


def test_units_and_zones_of_several_files(tmp_path: Path) -> None:
    """Times are those of the finest unit; instants of several zones are in UTC."""
    ticks = [0, 1, 1_700_000_000]

    def times(unit: str, zone: str | None, factor: int) -> pa.Array:
        return pa.array([tick * factor for tick in ticks], pa.int64()).cast(pa.timestamp(unit, zone))

    berlin, utc = times("ms", "Europe/Berlin", 1_000), times("ns", "UTC", 10**9)
    spans = [pa.array(ticks, pa.int64()).cast(pa.duration(unit)) for unit in ("ms", "us")]
    of_day = [pa.array([0, 5], pa.int32()).cast(pa.time32("ms")), pa.array([7], pa.int64()).cast(pa.time64("ns"))]
    for index, columns in enumerate(zip((berlin, utc), spans, strict=True)):
        pq.write_table(pa.table(dict(zip("ts", columns, strict=True))), tmp_path / f"{index}.parquet")
    times_of = pa.table(rstats.describe_parquet(tmp_path, columns="t").times)
    assert times_of.schema.field("mean").type == pa.timestamp("ns", "UTC")
    both = pa.chunked_array([array.cast(pa.timestamp("ns", "UTC")) for array in (berlin, utc)])
    assert times_of == pa.table(rstats.describe({"t": both}).times)
    both = pa.chunked_array([array.cast(pa.duration("us")) for array in spans])
    assert pa.table(rstats.describe_parquet(tmp_path, columns="s").times) == pa.table(
        rstats.describe({"s": both}).times
    )
    for index, column in enumerate(of_day):
        pq.write_table(pa.table({"d": column}), tmp_path / f"{index}.parquet")
    both = pa.chunked_array([array.cast(pa.time64("ns")) for array in of_day])
    assert pa.table(rstats.describe_parquet(tmp_path).times) == pa.table(rstats.describe({"d": both}).times)


@pytest.mark.filterwarnings("ignore:.*left out")
def test_kinds_that_do_not_go_together(tmp_path: Path) -> None:
    for name, first, second in (
        ("text and time", ["a"], [START]),
        ("time and flag", [START], [True]),
        ("zone and none", pa.array([START], pa.timestamp("us", "UTC")), pa.array([START])),
        ("text and bytes", ["a"], [b"a"]),
        ("date and time", [START.date()], [START]),
    ):
        folder = tmp_path / name
        folder.mkdir()
        for index, values in enumerate((first, second)):
            pq.write_table(pa.table({"v": values, "n": [1.0]}), folder / f"{index}.parquet")
        with pytest.raises(ValueError, match=r"column 'v'.*0\.parquet.*1\.parquet"):
            rstats.describe_parquet(folder)
        found = rstats.describe_parquet(folder, on_error="skip")
        assert (found["n"]["count"], found["v"]["count"], len(found.errors)) == (1, 1, 1), name
        assert rstats.describe_parquet(folder, columns="n")["n"]["count"] == 2


def test_a_file_without_a_column_adds_nothing_to_it(tmp_path: Path) -> None:
    pq.write_table(pa.table({"k": [1, 1], "t": ["a", None], "d": [START, START]}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"k": [1, 2], "x": pa.nulls(2)}), tmp_path / "1.parquet")
    found = rstats.describe_parquet(tmp_path, stats=["min", "n_unique"])
    assert [(row["column"], row["count"], row["null_count"]) for row in found if row["kind"] != "number"] == [
        ("d", 2, 0), ("t", 1, 1), ("x", 0, 2)
    ]  # fmt: skip
    # Of groups, its rows are null.
    found = rstats.describe_parquet(tmp_path, by="k", stats=["min", "n_unique"], q=[])
    rows = [(row["column"], row["k"], row["count"], row["null_count"]) for row in found]
    assert rows == [("d", 1, 2, 1), ("d", 2, 0, 1), ("t", 1, 1, 2), ("t", 2, 0, 1), ("x", 1, 0, 3), ("x", 2, 0, 1)]
    assert pa.table(found.texts)["n_unique"].to_pylist() == [1, 0]


def test_bytes_of_no_type_are_text_as_far_as_they_are_utf_8(tmp_path: Path) -> None:
    def lay(index: int, values: list[bytes | None], is_typed: bool = False) -> None:
        pq.write_table(pa.table({"t": values}), tmp_path / f"{index}.parquet", store_schema=is_typed)

    lay(0, [b"a", "ö".encode(), None])
    (row,) = rstats.describe_parquet(tmp_path, stats=["min", "max", "mode", "n_unique"], q=[])
    assert (row["min"], row["max"], row["mode"], row["n_unique"]) == ("a", "ö", "a", 2)
    pq.write_table(pa.table({"t": ["zz"]}), tmp_path / "1.parquet")
    (row,) = rstats.describe_parquet(tmp_path)
    assert (row["min"], row["max"], row["max_length"], row["count"]) == ("a", "ö", 2, 3)
    lay(2, [b"\xff\xff\xff"])
    (row,) = rstats.describe_parquet(tmp_path)
    assert (row["min"], row["max"], row["max_length"], row["count"]) == (b"a", b"\xff\xff\xff", 3, 4)
    lay(1, [b"typed"], is_typed=True)
    (row,) = rstats.describe_parquet(tmp_path)
    assert (row["max"], row["count"]) == (b"\xff\xff\xff", 4)


@pytest.mark.filterwarnings("ignore:.*left out")
@pytest.mark.parametrize("by", [None, "k"])
def test_a_file_whose_texts_are_damaged_counts_nowhere(tmp_path: Path, by: str | None) -> None:
    """Its numbers were read before its texts were."""
    for index in range(3):
        values = [f"marker {index} {row}" for row in range(2000)]
        table = pa.table({"k": [row % 2 for row in range(2000)], "n": [float(index)] * 2000, "t": values})
        pq.write_table(
            table, tmp_path / f"{index}.parquet", compression="none", use_dictionary=False, row_group_size=500
        )
    broken = tmp_path / "1.parquet"
    data = broken.read_bytes()
    place = data.index(b"marker 1 1700") - 4
    broken.write_bytes(data[:place] + b"\xff\xff\xff\x7f" + data[place + 4 :])
    with pytest.raises(OSError, match=r"1\.parquet.*'t'"):
        rstats.describe_parquet(tmp_path, by=by)
    found = rstats.describe_parquet(tmp_path, by=by, on_error="skip")
    assert [(Path(error["file"]).name, error["column"]) for error in found.errors] == [("1.parquet", "t")]
    expected = rstats.describe_parquet([tmp_path / "0.parquet", tmp_path / "2.parquet"], by=by)
    assert found.to_dicts() == expected.to_dicts()
    assert json.loads(found.to_json())["source"]["rows"] == 4000


def test_texts_of_many_groups_within_a_limit(tmp_path: Path) -> None:
    """What does not fit is told; what was named is an error."""
    rows = 400_000
    keys = pa.array(range(rows))
    table = pa.table({"k": keys, "n": keys.cast(pa.float64()), **{f"t{i}": keys.cast(pa.string()) for i in range(6)}})
    pq.write_table(table, tmp_path / "x.parquet")
    limit = {"by": "k", "stats": ["min", "max"], "q": [], "memory_limit": "192MiB"}
    found = rstats.describe_parquet(tmp_path, **limit)
    assert (len(found.numbers), len(found.texts)) == (rows, 0)
    assert [column["column"] for column in found.left_out] == [f"t{i}" for i in range(6)]
    assert "memory limit" in found.left_out[0]["reason"]
    with pytest.raises(rstats.MemoryLimitError):
        rstats.describe_parquet(tmp_path, columns=[f"t{i}" for i in range(6)], **limit)
    found = rstats.describe_parquet(tmp_path, columns="t0", **{**limit, "memory_limit": "2GiB"})
    assert [found[row]["min"] for row in (0, 1, rows - 1)] == ["0", "1", str(rows - 1)]


def test_a_checkpoint_is_for_numbers(tmp_path: Path) -> None:
    table = messy(random.Random(1), 100)
    pq.write_table(table, tmp_path / "x.parquet")
    found = rstats.describe_parquet(tmp_path / "x.parquet", checkpoint=tmp_path / "state")
    assert [row["column"] for row in found] == ["n", "z"]
    assert len(found.left_out) == len(table.column_names) - 2
    with pytest.raises(TypeError, match="city"):
        rstats.describe_parquet(tmp_path / "x.parquet", columns="city", checkpoint=tmp_path / "state")


def test_nulls_that_are_an_error(tmp_path: Path) -> None:
    for name, values in {"t": ["a", None], "d": [START, None], "f": [True, None], "l": [["a"], None]}.items():
        pq.write_table(pa.table({name: values}), tmp_path / "x.parquet")
        for by in ({}, {"by": "k"}):
            pq.write_table(pa.table({name: values, "k": [1, 1]}), tmp_path / "x.parquet")
            with pytest.raises(ValueError, match=f"'{name}'.*1 null"):
                rstats.describe_parquet(tmp_path, columns=name if name != "f" else None, null="raise", **by)


def test_timestamps_of_spark_reach_the_year_9999(tmp_path: Path) -> None:
    """INT96 is read in nanoseconds, which end in 2262; what Spark writes so is in microseconds."""
    times = [dt.datetime(1, 1, 1), dt.datetime(2024, 2, 29, 12, 0, 0, 123456), None, dt.datetime(9999, 12, 31)]
    table = pa.table(
        {"t": pa.array(times, pa.timestamp("us")), "s": [{"u": time} for time in times], "x": [1.0, 2.0, 3.0, 4.0]}
    )
    for name, metadata in {"spark": {"org.apache.spark.version": "3.5.1"}, "other": {}}.items():
        here = table if name == "spark" else table.slice(1, 2)
        options: dict[str, Any] = {"use_deprecated_int96_timestamps": True, "store_schema": False}
        with pq.ParquetWriter(tmp_path / f"{name}.parquet", here.schema, **options) as writer:
            writer.write_table(here)
            writer.add_key_value_metadata(metadata)
    found = rstats.describe_parquet(tmp_path / "spark.parquet")
    expected = rstats.describe({"t": table["t"], "s.u": table["t"]})
    assert repr(found.times.to_dict()) == repr(expected.times.to_dict())
    groups = rstats.describe_parquet(tmp_path / "spark.parquet", columns="x", by="t", where="t >= '2024-01-01'")
    assert [row["t"] for row in groups] == [times[1], times[3]]
    other = pa.table(rstats.describe_parquet(tmp_path / "other.parquet", columns="t").times)
    assert other.schema.field("min").type == pa.timestamp("ns")


def command(*arguments: Any, status: int = 0, stdin: bytes | None = None) -> Any:
    """What the command prints: the JSON, or with another status the message."""
    binary = ROOT / "target/debug/rstats"
    if not binary.exists():
        pytest.skip("the command is not built; `make test` builds it first")
    run = subprocess.run([binary, "describe", *arguments], capture_output=True, input=stdin, timeout=120)
    assert run.returncode == status, run.stderr
    return valid(run.stdout.decode()) if status == 0 else run.stderr.decode()


def as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "question", [[], ["-g", "k"], ["-a", "min,max,mode,n_unique", "-q", "0.9"], ["-c", "day,city,flag"]]
)
def test_text_and_arrow_have_the_answers_of_memory(tmp_path: Path, seed: int, question: list[str]) -> None:
    seeded = random.Random(f"{seed} {question}")
    tables = []
    for index in range(seeded.randrange(1, 3)):
        table = messy(seeded, 2000).select(["n", "city", "code", "when", "local", "day", "flag", "list", "k"])
        # What is missing in text is null, and numbers are floats; a table is one of several types that a name may have.
        texts = pc.if_else(pc.equal(table["city"], ""), None, table["city"])
        table = table.set_column(1, "city", texts).set_column(
            2, "code", pc.utf8_lower(pc.binary_join_element_wise("x", table["code"], ""))
        )
        for name in ("when", "local"):
            zone = table[name].type.tz
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, table[name].cast(pa.timestamp("ns", zone and "+00:00")))
        tables.append(table)
        feather.write_feather(table, tmp_path / f"{index}.feather", compression="uncompressed")
        rows = [{name: as_text(value) for name, value in row.items()} for row in table.to_pylist()]
        (tmp_path / f"{index}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        csv.write_csv(table.drop_columns("list"), tmp_path / f"{index}.csv")
    whole = pa.concat_tables(tables)
    options = dict(zip(question[::2], question[1::2], strict=True))
    asked: dict[str, Any] = {
        name: value.split(",")
        for flag, name in (("-g", "by"), ("-a", "stats"), ("-c", "columns"))
        if (value := options.get(flag))
    }
    if "-q" in options:
        asked["q"] = [float(options["-q"])]
    expected = json.loads(rstats.describe(whole, **asked).to_json())["series"]
    for kind in ("feather", "ndjson"):
        assert command(*sorted(tmp_path.glob(f"*.{kind}")), *question)["series"] == expected, kind
    without_lists = [row for row in expected if row["column"] != "list"]
    assert command(*sorted(tmp_path.glob("*.csv")), *question)["series"] == without_lists


def test_what_text_is_taken_for(tmp_path: Path) -> None:
    """Kinds are those that the first thousand lines show; a line behind them that is of another kind is an error."""

    def kinds(text: str, *arguments: str) -> dict[str, str]:
        rows = command("--from", "csv", *arguments, stdin=text.encode())["series"]
        return {row["column"]: row["kind"] for row in rows}

    text = "n,b,d,t,z,m,e,s\n1,true,2024-01-31,2024-01-31 12:00,2024-01-31T12:00:00Z,1,,a\n,FALSE,,,,x,,\n"
    expected = {
        "n": "number",
        "b": "boolean",
        "d": "time",
        "t": "time",
        "z": "time",
        "m": "text",
        "e": "text",
        "s": "text",
    }
    assert kinds(text) == expected
    # A column that is named is of numbers if its first value is one, or if it has none.
    assert kinds(text, "-c", "n,s,e,b") == {"n": "number", "b": "number", "e": "number", "s": "text"}
    assert "'x' is no number" in command("--from", "csv", "-c", "m", stdin=text.encode(), status=1)
    first = "b,d\n" + "true,2024-01-31\n" * 1000
    for line, told in (("1,", "'b': expected true or false, found '1'"), (",2024-02-30", "'d': expected a date")):
        message = command("--from", "csv", stdin=f"{first}{line}\n".encode(), status=1)
        assert told in message and "line 1002" in message
    first = '{"b": true, "d": "2024-01-31", "o": [1]}\n' * 1000
    for line, told in (('{"b": 1}', "true or false, found the number 1"), ('{"d": "x"}', 'a date, found the text "x"')):
        assert told in command("--from", "ndjson", stdin=f"{first}{line}\n".encode(), status=1)
    rows = command("--from", "ndjson", stdin=(first + '{"o": {}}\n{"o": 7}\n{"o": null}\n').encode())["series"]
    assert [(row["kind"], row["count"]) for row in rows if row["column"] == "o"] == [("other", 1002)]
    assert "several columns are named 'a'" in command("--from", "csv", stdin=b"a,a\n1,x\n", status=1)
    assert "several columns are named 'a'" in command("--from", "csv", "-c", "a", stdin=b"a,a\n1,x\n", status=1)


def test_kinds_that_differ_between_files_of_text(tmp_path: Path) -> None:
    for name, text in {"a": "x,y\n1,2024-01-31\n", "b": "x,y\nno,2024-01-31\n", "c": "x,y\n2,no\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    files = {name: tmp_path / f"{name}.csv" for name in "abc"}
    message = command(files["a"], files["b"], status=1)
    assert "b.csv: column 'x' holds no numbers, and numbers in" in message and "a.csv" in message
    message = command(files["a"], files["c"], status=1)
    assert "c.csv: column 'y' is of type string now, and was of type date before" in message, message
    assert [row["count"] for row in command(files["a"], files["c"], "-c", "x")["series"]] == [2]


def test_texts_that_are_kept_keep_to_the_limit() -> None:
    text = "t\n" + "".join(f"a text of some length {row}\n" for row in range(300_000))
    message = command("--from", "csv", "-a", "n_unique", "--memory-limit", "4MiB", stdin=text.encode(), status=1)
    assert "keeping all values for n_unique" in message and "--memory-limit" in message
    assert command("--from", "csv", "--memory-limit", "4MiB", stdin=text.encode())["series"][0]["count"] == 300_000
