"""Data in parts: passes of accumulators, and the same over processes, with the bits of all values described at once."""

import multiprocessing
import os
import pickle
import signal
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats
import rstats.processes
from hypothesis import given, settings
from hypothesis import strategies as st

ASKED: dict[str, Any] = {
    "stats": ["mean", "stddev", "min", "max", "skewness", "iqr", "fences", "outliers", "geometric_mean"],
    "q": [0.0, 0.01, 0.5, 0.99],
    "nan": "omit",
}
ROWS = 40_000


def part(seed: int) -> dict[str, pa.Array]:
    """A part of the data: what a process makes of a number, the same each time."""
    rng = np.random.default_rng(seed)
    heavy = rng.standard_cauchy(ROWS) * 10.0**seed
    return {
        "drift": pa.array(rng.normal(seed, 1.0, ROWS)),
        "heavy": pa.array(heavy, mask=rng.random(ROWS) < 0.1),
        "ties": pa.array(rng.integers(0, 4, ROWS)),
        "wide": pa.array(rng.integers(-(2**62), 2**62, ROWS)),
        "nan": pa.array(np.where(rng.random(ROWS) < 0.01, np.nan, rng.lognormal(size=ROWS))),
        "cents": pa.array(rng.integers(0, 10**6, ROWS)).cast(pa.decimal128(20, 0)).cast(pa.decimal128(22, 2)),
        "single": pa.array(rng.random(ROWS).astype("float32")),
    }


@pytest.fixture(scope="module")
def parts() -> list[dict[str, pa.Array]]:
    return [part(seed) for seed in range(5)]


@pytest.fixture(scope="module")
def whole(parts: list[dict[str, pa.Array]]) -> pa.Table:
    return pa.concat_tables([pa.table(one) for one in parts])


def by_passes(empty: rstats.Accumulator, parts: list[Any]) -> tuple[rstats.Description, int]:
    def scanned(empty: rstats.Accumulator) -> rstats.Accumulator:
        states = [pickle.loads(pickle.dumps(empty)).update(one) for one in parts]
        return rstats.merge(pickle.loads(pickle.dumps(state)) for state in reversed(states))

    whole, passes = scanned(empty), 1
    while (again := whole.another_pass()) is not None:
        assert len(again.to_bytes()) < 50_000
        whole.settle(scanned(again))
        passes += 1
    return whole.summary(), passes


@pytest.mark.parametrize("keep", [256, 4096, 10**6])
def test_passes_have_the_bits_of_all_values(parts: list[Any], whole: pa.Table, keep: int) -> None:
    expected = rstats.describe(whole, **ASKED).to_dicts()
    found, passes = by_passes(rstats.Accumulator(keep=keep, **ASKED), parts)
    assert found.to_dicts() == expected
    assert passes == 1 or keep < 10**6
    aimed = rstats.Accumulator(keep=keep, **ASKED).aim({name: column[::7] for name, column in parts[2].items()})
    assert by_passes(aimed, parts)[0].to_dicts() == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(), max_size=400), min_size=1, max_size=6), st.sampled_from(["propagate", "omit"]))
def test_random_parts(parts: list[list[float]], nan: str) -> None:
    asked: dict[str, Any] = {"stats": ["mean", "stddev", "outliers"], "q": [0.1, 0.5], "nan": nan}
    arrays = [pa.array(values, pa.float64()) for values in parts]
    found, _ = by_passes(rstats.Accumulator(keep=256, **asked), arrays)
    expected = rstats.describe(pa.chunked_array(arrays), **asked)
    assert repr(found.to_dicts()) == repr(expected.to_dicts())


def test_files_have_the_bits_of_their_rows(parts: list[Any], whole: pa.Table, tmp_path: Path) -> None:
    for index, one in enumerate(parts):
        pq.write_table(pa.table(one), tmp_path / f"{index}.parquet", row_group_size=9_000)
    files = rstats.parquet_files(tmp_path)
    assert [Path(file).name for file in files] == [f"{index}.parquet" for index in range(5)]
    expected = rstats.describe(whole, **ASKED).to_dicts()
    for how in ({}, {"where": "ties < 2 and drift > 0"}, {"memory_limit": "256MiB", "threads": 1}):

        def scanned(empty: rstats.Accumulator, how: dict[str, Any] = how) -> rstats.Accumulator:
            return rstats.merge(empty.copy().update_parquet(file, **how) for file in files)

        found = scanned(rstats.Accumulator(keep=1000, **ASKED))
        while (again := found.another_pass()) is not None:
            found.settle(scanned(again))
        if "where" in how:
            assert found.summary().to_dicts() == rstats.describe_parquet(tmp_path, **how, **ASKED).to_dicts()
        else:
            assert found.summary().to_dicts() == expected
    # Without `keep`, and beside values that came otherwise.
    both = rstats.Accumulator(columns="drift", q=[0.5]).update_parquet(files[:2]).update(pa.table(parts[2]))
    both.update_parquet(files[3:])
    assert both.rows == 5 * ROWS
    assert both.summary()["drift"]["median"] == rstats.describe(whole["drift"], q=[0.5])[0]["median"]
    with pytest.raises(FileNotFoundError):
        both.update_parquet(tmp_path / "nowhere.parquet")
    # Parts may lack some columns, but not those of `where` or of keys: with `keep`, that went on for ever.
    declared = rstats.Accumulator(keep=1000, **ASKED).update(pa.table(parts[0]))
    for accumulator in (both, declared):
        rows = accumulator.rows
        with pytest.raises(ValueError, match="no column 'nothing'"):
            accumulator.update_parquet(files, where="nothing > 1")
        assert accumulator.rows == rows
    groups = rstats.Accumulator(by="nothing", keep=1000, stats=["mean"])
    with pytest.raises(ValueError, match="no column 'nothing'"):
        groups.update_parquet(files)
    with pytest.raises(ValueError, match="no column 'nothing'; the columns are"):
        groups.update(pa.table(parts[0]).to_reader())


def test_what_does_not_go_together_is_told(parts: list[Any]) -> None:
    empty = rstats.Accumulator(q=[0.5], keep=300)
    with pytest.raises(ValueError, match="nothing to merge"):
        rstats.merge([])
    first = empty.copy().update(parts[0])
    again = first.another_pass()
    assert again is not None
    for wrong in (first, empty, rstats.Accumulator(q=[0.5]), rstats.Accumulator(q=[0.25], keep=300)):
        with pytest.raises(ValueError, match="no other pass"):
            first.copy().settle(wrong)
    with pytest.raises(ValueError, match="other values in this pass"):
        first.settle(again.copy().update(parts[1]))
    with pytest.raises(ValueError, match=r"another_pass\(\)"):
        first.summary()
    with pytest.raises(ValueError, match="settle the accumulator"):
        again.summary()
    with pytest.raises(ValueError, match="aimed by a sample"):
        first.aim(parts[0])
    with pytest.raises(ValueError, match="different passes"):
        first.merge(rstats.Accumulator(q=[0.5], keep=301))
    with pytest.raises(ValueError, match="keep is from 1"):
        rstats.Accumulator(keep=0)
    with pytest.raises(ValueError, match="'ties' holds .* in one part and .* in another; give all parts one type"):
        first.merge(empty.copy().update({"ties": [0.5]}))


def messy(seed: int, rows: int = 3_000) -> pa.Table:
    """A part with a column of every kind; three of them have no type in every other part."""
    rng = np.random.default_rng(seed)
    there = rng.random(rows) < 0.9

    def column(values: Any, type_: pa.DataType) -> pa.Array:
        return pa.array(values, mask=~there).cast(type_)

    texts = np.array(["", "Oslo", "Ås", "a text of more than sixteen bytes"], dtype=object)
    lacking = seed % 2 == 1
    return pa.table(
        {
            "key": pa.array(rng.choice(np.array(["hot"] * 9 + ["some", "few", None], dtype=object), rows)),
            "number": column(rng.normal(size=rows), pa.float64()),
            "day": column(rng.integers(0, 20_000, rows).astype("int32"), pa.date32()),
            "at": column(rng.integers(0, 10**15, rows), pa.timestamp("us", "Europe/Oslo")),
            "took": column(rng.integers(0, 10**9, rows), pa.duration("ms")),
            "flag": pa.array(rng.random(rows) < 0.5, mask=~there),
            "city": pa.array(rng.choice(texts, rows), mask=~there),
            "code": pa.array(rng.choice([b"\xff\x00", b"a"], rows), pa.binary()),
            "level": pa.array(rng.choice(texts, rows)).dictionary_encode(),
            "nested": pa.array([{"a": 1} if one else None for one in there]),
            "some_numbers": pa.nulls(rows) if lacking else column(rng.integers(0, 9, rows), pa.int64()),
            "some_days": pa.nulls(rows) if lacking else column(rng.integers(0, 9, rows).astype("int32"), pa.date32()),
            "some_texts": pa.nulls(rows) if lacking else pa.array(rng.choice(texts, rows)),
        }
    )


@pytest.mark.parametrize("by", [{}, {"by": "key"}, {"by": ["flag", "some_days"]}])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"stats": ["mean", "min", "mode", "n_unique"], "q": [0.1, 0.5]},
        {"stats": ["count", "n_true", "n_empty", "mean_length"], "q": ()},
        {"null": "propagate", "q": [0.99]},
    ],
)
def test_columns_of_every_kind(asked: dict[str, Any], by: dict[str, Any], tmp_path: Path) -> None:
    asked = asked | by
    parts = [messy(seed) for seed in range(5)]
    whole = pa.concat_tables(parts, promote_options="default")
    expected = rstats.describe(whole, **asked).to_dicts()
    kinds = {row["kind"] for row in expected}
    assert kinds >= {"number", "time", "text", "other"}

    updated = rstats.Accumulator(**asked)
    for one in parts:
        updated.update(one.to_reader())
    assert updated.summary().to_dicts() == expected
    states = [pickle.loads(pickle.dumps(rstats.Accumulator(**asked).update(one))) for one in parts]
    assert rstats.merge(states).summary().to_dicts() == expected
    later = rstats.merge(reversed(states)).summary()
    assert sorted(map(str, later.to_dicts())) == sorted(map(str, expected))

    for seed, one in enumerate(parts):
        pq.write_table(one, tmp_path / f"{seed}.parquet")
    of_files = rstats.describe_parquet(tmp_path, **asked).to_dicts()
    some = rstats.describe_parquet(tmp_path, where="flag", columns=["at", "city", "some_days"], **asked).to_dicts()
    with ThreadPoolExecutor(2) as pool:
        for keep in (None, 256):
            assert rstats.processes.describe(parts, pool=pool, keep=keep, **asked).to_dicts() == expected
            how: dict[str, Any] = {"pool": pool, "keep": keep, **asked}
            assert rstats.processes.describe_parquet(tmp_path, **how).to_dicts() == of_files
            how |= {"where": "flag", "columns": ["at", "city", "some_days"]}
            assert rstats.processes.describe_parquet(tmp_path, **how).to_dicts() == some


def test_times_of_files_come_to_one_unit(tmp_path: Path) -> None:
    for number, unit in enumerate(("ms", "us", "ms")):
        times = pa.array(range(10_000 * number, 10_000 * (number + 1)), pa.timestamp(unit))
        pq.write_table(pa.table({"at": times, "number": range(10_000)}), tmp_path / f"{number}.parquet")
    expected = rstats.describe_parquet(tmp_path).to_dicts()
    with ThreadPoolExecutor(2) as pool:
        assert rstats.processes.describe_parquet(tmp_path, pool=pool, keep=256).to_dicts() == expected


def test_a_column_does_not_change_its_kind() -> None:
    acc = rstats.Accumulator(stats=["sum"], q=()).update({"v": [1.0, 2.0], "w": [1, 2]})
    with pytest.raises(ValueError, match="column 'v' is of type string now, and was of numbers before"):
        acc.update({"v": ["3", "n/a"], "w": [3, 4]})
    assert acc.rows == 2
    texts = rstats.Accumulator(stats=["sum"], q=()).update({"v": ["3", "n/a"]})
    for one, other in ((acc, texts), (texts, acc)):
        with pytest.raises(ValueError, match="column 'v' is of"):
            one.copy().merge(other)
    assert rstats.Accumulator().update(pa.array(["a", None])).summary()[0]["count"] == 1
    limited = rstats.Accumulator(stats=["n_unique"], q=(), memory_limit="64KiB")
    with pytest.raises(rstats.MemoryLimitError):
        limited.update({"id": [f"user {number}" for number in range(10_000)]})
    assert limited.update({"id": ["a", "a", "b"]}).summary()[0]["n_unique"] == 2


def test_distinct_texts_of_files_keep_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "ids.parquet"
    ids = pa.array(np.random.default_rng(3).permutation(2_000_000)).cast(pa.string())
    pq.write_table(pa.table({"id": ids}), path, row_group_size=250_000, use_dictionary=False)
    empty = rstats.Accumulator(stats=["n_unique", "mode"], q=())
    with pytest.raises(rstats.MemoryLimitError, match="columns that hold no numbers"):
        empty.copy().update_parquet(path, memory_limit="128MiB", threads=2)
    found = empty.update_parquet(path, memory_limit="2GiB", threads=2).summary()
    assert found.to_dicts() == rstats.describe_parquet(path, stats=["n_unique", "mode"], q=()).to_dicts()


def test_states_are_small(parts: list[Any]) -> None:
    moments = rstats.Accumulator(stats=["mean", "stddev", "min", "max"], q=(), keep=4096, columns="drift")
    assert len(moments.update(parts[0]).to_bytes()) - len(rstats.Accumulator(q=(), keep=4096).to_bytes()) <= 120
    kept = rstats.Accumulator(stats=["mean"], q=[0.5], keep=4096, columns="drift").update(parts[0])
    assert len(kept.to_bytes()) <= 8 * 4096 * 2.5 + 400
    bytes_of = kept.to_bytes()
    for place in range(0, len(bytes_of), 97):
        with pytest.raises(ValueError, match="hold no accumulator"):
            rstats.Accumulator.from_bytes(bytes_of[:place] + bytes([bytes_of[place] ^ 1]) + bytes_of[place + 1 :])


# States as format 1 has them: of three values without quantiles, with all kept, with passes; another pass over 40,000.
FORMAT_1 = {
    "moments": (
        "7273746174730d0a010000001002046d65616e0673746464657600066c696e656172010970726f70616761746504736b6970"
        "00666666666666ee3f9a9999999999b93f000101017800030101017800000000000203000085018080808080808080808002"
        "0000a00c0000000000e0d725cb"
    ),
    "quantiles": (
        "7273746174730d0a010000001001046d65616e01000000000000e03f066c696e656172010970726f70616761746504736b69"
        "7000666666666666ee3f9a9999999999b93f0000000302010178000000000001030000850180808080808080808080020000"
        "000000000100010101030000010118000000000000f83f000000000000044000000000000010400001000095f8a9fa97b7de"
        "9b9e010001016b01010001000102000000868080808080808020000000000000010001010102000001011000000000000000"
        "1003000000000000000001000095f8a9fa97b7de9b9e010090abbdae"
    ),
    "passes": (
        "7273746174730d0a0100000012ac020001046d65616e01000000000000e03f066c696e656172010970726f70616761746504"
        "736b697000666666666666ee3f9a9999999999b93f0000000302010178000000000001030000850180808080808080808080"
        "0200000000000001000101010301ac020118000000000000f83f0000000000000440000000000000104001000001000095f8"
        "a9fa97b7de9b9e010001016b0101000100010200000086808080808080802000000000000001000101010201ac0201100000"
        "000000000010030000000000000001000001000095f8a9fa97b7de9b9e0100f0ee48a0"
    ),
    "another": (
        "7273746174730d0a0100000012800201010373756d01000000000000e03f066c696e656172010970726f7061676174650473"
        "6b697000666666666666ee3f9a9999999999b93f000000000101017800000000000100000000000000000000000101100000"
        "0000002acb400100000040c2d94003000100030000000180020001000001000095f8a9fa97b7de9b9e010078bf64c7"
    ),
}


def test_states_of_every_format_are_read() -> None:
    states = {name: rstats.Accumulator.from_bytes(bytes.fromhex(text)) for name, text in FORMAT_1.items()}
    x = {"x": [1.5, 2.5, 4.0]}
    both = x | {"k": pa.array([2**60, 3, None])}
    for name, data, asked in (
        ("moments", x, {"stats": ["mean", "stddev"], "q": ()}),
        ("quantiles", both, {"stats": ["mean"], "q": [0.5]}),
        ("passes", both, {"stats": ["mean"], "q": [0.5]}),
    ):
        assert states[name].summary().to_dicts() == rstats.describe(data, **asked).to_dicts(), name
        assert states[name].rows == 3
    values = {"x": np.arange(40_000.0)}
    whole = rstats.Accumulator(q=[0.5], stats=["sum"], keep=256).update(values)
    whole.settle(states["another"].update(values))
    while (again := whole.another_pass()) is not None:
        whole.settle(again.update(values))
    assert whole.summary()["x"]["median"] == 19_999.5


def test_processes(whole: pa.Table) -> None:
    expected = rstats.describe(whole, **ASKED).to_dicts()
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert rstats.processes.describe(range(5), load=part, pool=pool, **ASKED).to_dicts() == expected
    with ThreadPoolExecutor(2) as pool:
        assert rstats.processes.describe(range(5), load=part, pool=pool, keep=500, **ASKED).to_dicts() == expected
    with pytest.raises(TypeError, match="pool is an executor"):
        rstats.processes.describe([[1.0]], pool="two")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the data is one series"):
        rstats.processes.describe([[1.0]], pool=1, by="k")
    assert rstats.processes.describe([], pool=1).to_dicts() == []


def test_processes_over_files(parts: list[Any], whole: pa.Table, tmp_path: Path) -> None:
    for index, one in enumerate(parts):
        pq.write_table(pa.table(one), tmp_path / f"{index}.parquet")
    expected = rstats.describe(whole, **ASKED).to_dicts()
    assert rstats.processes.describe_parquet(tmp_path, pool=2, **ASKED).to_dicts() == expected
    found = rstats.processes.describe_parquet(tmp_path, where="ties = 1", pool=2, columns=["heavy"], q=[0.5])
    assert (
        found.to_dicts() == rstats.describe_parquet(tmp_path, where="ties = 1", columns=["heavy"], q=[0.5]).to_dicts()
    )


def test_files_that_lack_columns_or_have_them_of_other_types(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2, 2**60], "b": [1.0, 2.0, 3.0]}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"c": [0.5]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": pa.array([7.5, 8.5]), "c": [1.5, 2.5]}), tmp_path / "2.parquet")
    for columns in (["a"], ["b", "c"], None):
        asked: dict[str, Any] = {"q": [0.5]} | ({"columns": columns} if columns else {})
        with ThreadPoolExecutor(2) as pool:
            found = rstats.processes.describe_parquet(tmp_path, pool=pool, **asked)
        assert found.to_dicts() == rstats.describe_parquet(tmp_path, **asked).to_dicts()
    with pytest.raises(ValueError, match="no column 'd'"):
        rstats.processes.describe_parquet(tmp_path, pool=1, columns=["d"])


def killed(seed: int) -> dict[str, pa.Array]:
    if seed == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return part(seed)


def changing(seed: int) -> dict[str, pa.Array]:
    return {"x": pa.array(np.random.default_rng(time.perf_counter_ns()).normal(seed, 1, ROWS))}


def test_a_process_that_dies_and_data_that_change_are_errors() -> None:
    with ProcessPoolExecutor(2) as pool, pytest.raises(BrokenProcessPool):
        rstats.processes.describe(range(5), load=killed, pool=pool, **ASKED)
    with pytest.raises(ValueError, match="'x' has other values in this pass"):
        rstats.processes.describe(range(5), load=changing, pool=2, keep=256, q=[0.5])


KEYED: dict[str, Any] = {"by": ["day", "city"], **ASKED}


def keyed(seed: int) -> pa.Table:
    """A part whose rows have two keys: one has most of the rows, hundreds have a few, some rows lack one."""
    rng = np.random.default_rng(100 + seed)
    day = np.where(rng.random(ROWS) < 0.8, 7, rng.integers(0, 900, ROWS))
    city = pa.array(["Oslo", "Rome", "São Paulo", None]).take(pa.array(rng.integers(0, 4, ROWS)))
    return pa.table({"day": pa.array(day, mask=day == 3), "city": city, **part(seed)})


@pytest.mark.parametrize("keep", [None, 256, 4096])
def test_groups_have_the_bits_of_all_rows(keep: int | None, tmp_path: Path) -> None:
    parts = [keyed(seed) for seed in range(4)]
    expected = rstats.describe(pa.concat_tables(parts), **KEYED).to_dicts()
    empty = rstats.Accumulator(keep=keep, **KEYED)
    assert empty.by == ["day", "city"] and rstats.Accumulator().by is None

    def scanned(empty: rstats.Accumulator) -> rstats.Accumulator:
        states = [pickle.loads(pickle.dumps(empty)).update(one) for one in parts]
        split = [pickle.loads(pickle.dumps(state)).split(3) for state in states]
        return rstats.merge(rstats.merge(bucket).condense() for bucket in zip(*split, strict=True))

    def finished(scanned: Any, empty: rstats.Accumulator) -> list[Any]:
        whole = scanned(empty)
        while (again := whole.another_pass()) is not None:
            assert keep is not None and len(again.to_bytes()) < 20_000
            whole.settle(scanned(again))
        assert whole.rows == 4 * ROWS
        return list(whole.summary().to_dicts())

    assert finished(scanned, empty) == expected
    for index, one in enumerate(parts):
        pq.write_table(one, tmp_path / f"{index}.parquet", row_group_size=9_000)

    def of_files(empty: rstats.Accumulator) -> rstats.Accumulator:
        return rstats.merge(empty.copy().update_parquet(file, threads=1) for file in rstats.parquet_files(tmp_path))

    assert finished(of_files, empty) == expected
    assert rstats.describe_parquet(tmp_path, **KEYED).to_dicts() == expected


def test_a_table_of_any_library_has_groups() -> None:
    table = pa.table({"k": ["b", "a", "b"], "x": [1.0, 2.0, 4.0], "text": ["no", "number", "here"]})
    expected = rstats.describe(table, by="k", q=[0.5]).to_dicts()
    frames = [table, table.to_pandas(), table.to_reader(), table.to_pydict()]
    for frame in frames:
        live = rstats.Accumulator(by="k", q=[0.5])
        assert live.update(frame).summary().to_dicts() == expected
        assert live.copy().update(table).summary()[1]["count"] == 4
        live.clear()
        assert live.rows == 0 and live.update(table).summary().to_dicts() == expected


@pytest.mark.parametrize("asked", [{"q": [0.5]}, {"stats": ["mean", "n_unique"]}])
def test_groups_of_files_that_differ(asked: dict[str, Any], tmp_path: Path) -> None:
    rng, rows = np.random.default_rng(5), 2_000
    keys = pa.array(rng.choice(np.array(["a", "b", "c", None], dtype=object), rows))
    shared = {"id": pa.array(rng.integers(0, 50, rows)), "at": pa.array(rng.integers(0, 10**6, rows))}
    tables = [
        {"k": keys, "v": pa.array(rng.integers(0, 99, rows)), "at": shared["at"].cast(pa.timestamp("s")), "w": keys},
        {"k": keys, "v": pa.array(rng.random(rows)), "at": shared["at"].cast(pa.timestamp("us"))},
        {"k": pa.nulls(rows), "v": pa.nulls(rows), "at": shared["at"].cast(pa.timestamp("ms")), "extra": shared["id"]},
        {"k": keys, "v": pa.array(rng.integers(0, 99, rows), pa.int8()), "at": pa.nulls(rows), "w": pa.nulls(rows)},
    ]
    for number, table in enumerate(tables):
        pq.write_table(pa.table(table), tmp_path / f"{number}.parquet")
    for columns in (None, ["v", "w"]):
        asked = asked | {"by": "k", "columns": columns}
        expected = rstats.describe_parquet(tmp_path, **asked).to_dicts()
        with ThreadPoolExecutor(2) as pool:
            for keep in (None, 256):
                found = rstats.processes.describe_parquet(tmp_path, pool=pool, keep=keep, **asked)
                assert found.to_dicts() == expected


@pytest.mark.parametrize("buckets", [1, 7])
def test_keys_without_a_type_are_nulls(buckets: int) -> None:
    rows = 3_000
    rng = np.random.default_rng(6)
    some = pa.array([None, "a", "b"]).take(pa.array(rng.integers(0, 3, rows)))
    day = pa.array(rng.integers(0, 3, rows).astype("int32")).cast(pa.date32())
    parts = [
        pa.table({"k": k, "day": d, "x": rng.random(rows)})
        for k, d in [(pa.nulls(rows), day), (some, pa.nulls(rows)), (some, day), (pa.nulls(rows), pa.nulls(rows))]
    ]
    asked: dict[str, Any] = {"by": ["k", "day"], "q": [0.5]}
    expected = rstats.describe(pa.concat_tables(parts, promote_options="default"), **asked).to_dicts()
    for order in (parts, parts[::-1], [parts[3], parts[1], parts[0], parts[2]]):
        split = [pickle.loads(pickle.dumps(rstats.Accumulator(**asked).update(one))).split(buckets) for one in order]
        merged = [rstats.merge(bucket).condense() for bucket in zip(*split, strict=True)]
        assert rstats.merge(merged).summary().to_dicts() == expected
        # A key with many rows has its state before its type is known.
        live = rstats.Accumulator(keep=256, by=["k", "day"], stats=["mean", "sum"], q=())
        for one in order:
            live.update(pa.concat_tables([one] * 30))
        again = pa.concat_tables([one for one in parts for _ in range(30)], promote_options="default")
        whole = rstats.describe(again, by=["k", "day"], stats=["mean", "sum"], q=())
        assert live.summary().to_dicts() == whole.to_dicts()


@pytest.mark.parametrize("buckets", [1, 7])
def test_keys_of_several_types_are_what_they_say(buckets: int) -> None:
    rng, rows = np.random.default_rng(8), 2_000
    texts = pa.array(["a", "b", "c", None]).take(pa.array(rng.integers(0, 4, rows)))
    numbers = pa.array(rng.integers(-2, 3, rows))
    types = [(pa.int64(), pa.string()), (pa.int32(), pa.large_string()), (pa.int8(), pa.string_view())]
    parts = [pa.table({"n": numbers.cast(n), "t": texts.cast(t), "x": rng.random(rows)}) for n, t in types]
    wide = [one.cast(parts[0].schema) for one in parts]
    for keep in (None, 256):
        asked: dict[str, Any] = {"by": ["n", "t"], "stats": ["mean"], "q": [0.5] if keep is None else ()}
        expected = rstats.describe(pa.concat_tables(wide * 30), **asked).to_dicts()
        states = [rstats.Accumulator(keep=keep, **asked).update(pa.concat_tables([one] * 30)) for one in parts]
        assert rstats.merge(states).summary().to_dicts() == expected
        split = [pickle.loads(pickle.dumps(state)).split(buckets) for state in states]
        merged = [rstats.merge(bucket).condense() for bucket in zip(*split, strict=True)]
        assert rstats.merge(merged).summary().to_dicts() == expected


def test_groups_on_processes(tmp_path: Path) -> None:
    expected = rstats.describe(pa.concat_tables([keyed(seed) for seed in range(4)]), **KEYED).to_dicts()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = rstats.processes.describe(range(4), load=keyed, pool=pool, **KEYED)
        assert found.to_dicts() == expected
        for seed in range(4):
            pq.write_table(keyed(seed), tmp_path / f"{seed}.parquet")
        found = rstats.processes.describe_parquet(tmp_path, pool=pool, where="day < 500", **KEYED)
    assert found.to_dicts() == rstats.describe_parquet(tmp_path, where="day < 500", **KEYED).to_dicts()


def test_what_does_not_go_together_in_groups_is_told() -> None:
    table = {"k": ["b", "a"], "x": [1.0, 2.0]}
    live = rstats.Accumulator(by="k", memory_limit="1KiB").update(table)
    with pytest.raises(rstats.MemoryLimitError, match="rows of small groups"):
        live.update({"k": ["c"] * 100, "x": [0.0] * 100})
    with pytest.raises(ValueError, match="here are y, and before there were x"):
        live.update({"k": ["c"], "y": [0.0]})
    with pytest.raises(ValueError, match="'k' is of type"):
        live.update({"k": [1], "x": [0.0]})
    with pytest.raises(TypeError, match="the data is one series"):
        live.update([1.0])
    with pytest.raises(ValueError, match="no column 'k'"):
        live.update({"x": [1.0]})
    with pytest.raises(ValueError, match="is not aimed"):
        live.aim(table)
    with pytest.raises(ValueError, match="column 'x' is of type string now, and was of type double before|'x' is of"):
        live.update({"k": ["c"], "x": ["text"]})
    with pytest.raises(ValueError, match="give both the same by="):
        live.merge(rstats.Accumulator())
    with pytest.raises(ValueError, match="only an accumulator of groups"):
        rstats.Accumulator().condense()
    with pytest.raises(ValueError, match="buckets is from 1"):
        live.split(0)
    with pytest.raises(ValueError, match="named 'mean'"):
        rstats.Accumulator(by="mean")
    with pytest.raises(ValueError, match="answered before all of its rows"):
        live.copy().condense().merge(live).summary()
    assert live.rows == 2 and [row["mean"] for row in live.summary()] == [2.0, 1.0]
