"""What a service holds: its answers are those of the same values described at once."""

import copy
import json
import multiprocessing
import os
import pickle
import random
import threading

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import rstats
from series_that_hurt import KINDS, make

EVERY = ["sum", "mean", "variance", "stddev", "min", "max", "sem", "iqr", "skewness", "n_unique", "mode", "mad"]


def described(values, **options):
    return rstats.describe(values, **options).to_dicts()


@pytest.mark.parametrize("kind", KINDS)
def test_cuts_and_orders_do_not_show(kind):
    for seed in range(4):
        values = make(kind, seed)[:2000]
        rng = random.Random(seed)
        expected = described(values, stats=EVERY, q=[0.1, 0.5])
        whole = rstats.Accumulator(stats=EVERY, q=[0.1, 0.5])
        parts, start = [], 0
        while start < len(values):
            end = start + rng.randrange(1, 500)
            part = rstats.Accumulator(stats=EVERY, q=[0.1, 0.5]).update(values[start:end])
            whole.update(np.array(values[start:end]))
            parts.append(pickle.loads(pickle.dumps(part)))
            start = end
        assert whole.summary().to_dicts() == expected
        rng.shuffle(parts)
        merged = parts[0].copy()
        for part in parts[1:]:
            merged.merge(part)
        assert merged.summary().to_dicts() == expected
        assert merged.rows == len(values)


def test_data_of_every_kind():
    numbers = [1.0, 2.5, 4.0]
    acc = rstats.Accumulator(stats=["sum", "mean"], q=())
    for data in (numbers, tuple(numbers), np.array(numbers), pa.array(numbers), pl.Series(numbers), iter(numbers)):
        acc.update(data)
    assert acc.summary().to_dicts() == described(numbers * 6, stats=["sum", "mean"], q=())
    table = pa.table({"x": numbers, "n": [1, 2, 3], "text": list("abc")})
    acc = rstats.Accumulator(stats=["sum"], q=())
    for data in (
        table,
        table.to_pandas(),
        pl.DataFrame(table),
        table.to_reader(),
        table.to_pylist(),
        table.to_pydict(),
    ):
        acc.update(data)
    assert acc.summary().to_dicts() == described(pa.concat_tables([table] * 6), stats=["sum"], q=())
    one = (
        rstats.Accumulator(columns=["n"], stats=["max"], q=()).update(table).update(pd.DataFrame({"n": [7], "x": [1]}))
    )
    assert [(row["column"], row["max"]) for row in one.summary().to_dicts()] == [("n", 7)]
    with pytest.raises(ValueError, match="there is no column 'n'"):
        one.update({"x": [1.0]})
    with pytest.raises(TypeError, match="not an array of 2 dimensions"):
        one.update(np.ones((2, 2)))
    with pytest.raises(TypeError):
        one.update(object())


def test_nulls_and_nans_are_counted():
    acc = rstats.Accumulator(stats=["mean"], q=())
    acc.update(pa.array([1.0, None, 3.0])).update([2.0, None])
    assert acc.summary()[0]["null_count"] == 2 and acc.summary()[0]["mean"] == 2.0
    acc.update([float("nan")])
    assert np.isnan(acc.summary()[0]["mean"])
    strict = rstats.Accumulator(nan="raise", null="raise").update([1.0])
    for wrong in ([float("nan")], pa.array([None, 1.0])):
        with pytest.raises(ValueError, match="NaN|null"):
            strict.update(wrong)
    assert strict.summary()[0]["count"] == 1


def test_a_limit_holds():
    acc = rstats.Accumulator(q=[0.5], memory_limit="256KiB")
    taken = 0
    with pytest.raises(rstats.MemoryLimitError, match="keeping all values"):
        for _ in range(100):
            acc.update(np.arange(500.0))
            taken += 500
    assert taken >= 12_000 and acc.summary()[0]["count"] == taken and acc.nbytes <= 256 << 10
    other = rstats.Accumulator(q=[0.5]).update(np.arange(100_000.0))
    with pytest.raises(rstats.MemoryLimitError):
        acc.merge(other)
    constant = rstats.Accumulator(q=(), memory_limit="64KiB")
    for _ in range(50):
        constant.update(np.arange(100_000.0))
    assert constant.nbytes < 4096 and constant.rows == 5_000_000


@pytest.mark.parametrize(
    "other", [{"q": [0.5]}, {"ddof": 0}, {"method": "hazen"}, {"stats": ["sum"]}, {"columns": ["a"]}]
)
def test_another_question_is_an_error(other):
    acc = rstats.Accumulator().update([1.0])
    with pytest.raises(ValueError, match="accumulators of different"):
        acc.merge(rstats.Accumulator(**other).update([1.0] if "columns" not in other else {"a": [1.0]}))
    assert acc.summary()[0]["count"] == 1


def test_bytes_that_are_damaged_are_refused():
    whole = rstats.Accumulator().update([1.0, 2.0]).to_bytes()
    for wrong in (b"", whole[:-1], whole[:40] + b"x" + whole[41:], b"x" + whole, whole + b"x"):
        with pytest.raises(ValueError, match="these bytes hold no accumulator"):
            rstats.Accumulator.from_bytes(wrong)
    newer = whole[:8] + b"\x09" + whole[9:]
    with pytest.raises(ValueError, match="their format is 9, and this version of rstats reads 1"):
        rstats.Accumulator.from_bytes(newer)


def test_copies_are_apart():
    acc = rstats.Accumulator().update([1.0])
    for other in (acc.copy(), copy.copy(acc), copy.deepcopy(acc)):
        other.update([5.0])
        assert (acc.summary()[0]["max"], other.summary()[0]["max"]) == (1.0, 5.0)
    acc.merge(acc)
    assert acc.rows == 2
    acc.clear()
    assert acc.rows == 0 and len(acc.summary()) == 0
    assert repr(rstats.Accumulator(stats=["mean"], q=[0.5]).update([1.0])) == "Accumulator(1 rows; mean, median)"


def test_many_threads_lose_nothing():
    acc = rstats.Accumulator(stats=["sum"], q=[0.5])

    def work():
        for size in (1, 50, 3000, 7):
            for _ in range(20):
                acc.update(np.ones(size))
                acc.summary()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert acc.summary()[0]["sum"] == acc.rows == 8 * 20 * 3058


def worker(part):
    return rstats.Accumulator(stats=["mean"], q=[0.9]).update(part).to_bytes()


def test_the_accumulators_of_processes_merge():
    values = np.random.default_rng(5).lognormal(size=20_000)
    acc = rstats.Accumulator(stats=["mean"], q=[0.9])
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for part in pool.imap_unordered(worker, np.array_split(values, 7)):
            acc.merge(rstats.Accumulator.from_bytes(part))
    assert acc.summary().to_dicts() == described(values, stats=["mean"], q=[0.9])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_its_own():
    acc = rstats.Accumulator(q=[0.5]).update(np.arange(100_000.0))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        acc.update(np.arange(100_000.0))
        os.write(writer, json.dumps(acc.summary()[0]).encode())
        os._exit(0)
    os.close(writer)
    found = json.loads(os.read(reader, 10_000))
    assert os.waitpid(child, 0)[1] == 0
    assert found["count"] == 200_000 and acc.rows == 100_000
