"""JSON bodies, and the web applications of `examples/`: in the framework's client, and over a socket under gunicorn."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import os
import random
import statistics
import struct
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats
from flask import Flask, jsonify

EXAMPLES = Path(__file__).parents[2] / "examples"
NUMBERS = [2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5, 2.0, 0.75]
EXPECTED = {
    "range": 3.25,
    "quartiles": statistics.quantiles(NUMBERS),
    "mean": statistics.mean(NUMBERS),
    "stddev": statistics.stdev(NUMBERS),
}
LITERALS = int(os.environ.get("RSTATS_LITERALS", "100000"))


def test_statistics_go_straight_into_an_answer() -> None:
    stats = rstats.compute_stats(NUMBERS)
    with Flask("test").test_request_context():
        assert jsonify(stats).json == EXPECTED
    assert json.loads(orjson.dumps(stats)) == EXPECTED
    assert vars(stats) == dict(**stats) == dataclasses.asdict(stats) == stats.to_dict() == EXPECTED  # type: ignore[call-overload]
    assert dataclasses.replace(stats, mean=1.0) == rstats.Statistics(**(EXPECTED | {"mean": 1.0}))  # type: ignore
    assert list(stats) == list(stats.keys()) == list(EXPECTED) and list(stats.values()) == list(EXPECTED.values())
    assert "mean" in stats and "median" not in stats and stats.get("median", 3) == 3 and len(stats) == 4
    with pytest.raises(KeyError, match="median"):
        stats["median"]
    match stats:
        case {"mean": mean, "stddev": stddev}:
            assert (mean, stddev) == (stats.mean, stats.stddev)
        case _:
            pytest.fail("it is a mapping")
    match stats:
        case rstats.Statistics(extent, [_, median, _]):
            assert (extent, median) == (3.25, 1.25)
        case _:
            pytest.fail("its attributes are there by their place")


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda body: body.decode()])
def test_a_body_of_every_kind(kind: Any) -> None:
    body = kind(json.dumps({"values": NUMBERS}).encode())
    assert json.loads(rstats.compute_stats_json(body)) == EXPECTED
    assert list(rstats.describe_json(body, "/values")[0].values())[5:10:3] == [0.25, EXPECTED["mean"]]


def test_json_of_every_size_is_the_list() -> None:
    rng = random.Random(5)
    for size in (2, 10, 1000, 100_000, 400_000):
        numbers = [rng.gauss(0, 10 ** rng.randrange(-5, 6)) for _ in range(size)]
        body = json.dumps({"other": {"values": [1]}, "values": numbers, "more": [[]]})
        assert json.loads(rstats.compute_stats_json(body)) == rstats.compute_stats(numbers).to_dict()


def literals(rng: random.Random) -> Iterator[str]:
    """Decimals that are hard to round: shortest, long, halfway between neighbours, subnormal."""
    while True:
        value = struct.unpack("<d", rng.randbytes(8))[0]
        if rng.random() < 0.3:
            value = math.ldexp(rng.random(), rng.randrange(-1074, -1000))
        if not math.isfinite(value):
            continue
        yield repr(value)
        yield f"{value:.{rng.randrange(40)}e}"
        yield repr(rng.gauss(0, 10 ** rng.randrange(-4, 15)))
        yield f"{rng.gauss(0, 10 ** rng.randrange(6)):.{rng.randrange(24)}f}"
        numerator, denominator = value.as_integer_ratio()
        if 1e-30 < abs(value) < 1e30:
            # The middle between this float and the next one, in full.
            numerator, denominator = (2 * value + math.ulp(value)).as_integer_ratio()
            digits = f"{abs(numerator) * 10**200 // (2 * denominator):0201d}"
            if abs(numerator) * 10**200 % (2 * denominator) == 0:
                yield f"{'-' * (numerator < 0)}{digits[:-200]}.{digits[-200:].rstrip('0') or '0'}"
        else:
            yield str(rng.randrange(10 ** rng.randrange(1, 60)))


def test_every_literal_is_pythons_float() -> None:
    rng = random.Random(7)
    source = literals(rng)
    for _ in range(max(LITERALS // 1000, 1)):
        texts = [next(source) for _ in range(1000)]
        # The largest floats, with few digits, may round to what is beyond them all.
        for text in [text for text in texts if math.isinf(float(text))]:
            texts.remove(text)
            with pytest.raises(ValueError, match="beyond the range of a float"):
                rstats.describe_json(f"[[{text}]]")
        # What a comma follows, a kernel may read; what a bracket follows, the parser does.
        body = f"[{','.join(f'[{text},{text}]' for text in texts)}]"
        table = pa.table(rstats.describe_json(body, stats=["min", "max"], q=()))
        expected = np.array([float(text) for text in texts])
        expected[expected == 0] += 0.0
        for found in (table["min"].to_numpy(), table["max"].to_numpy()):
            different = np.flatnonzero(found.view(np.int64) != expected.view(np.int64))
            assert not [texts[i] for i in different if not (found[i] == 0 == expected[i])]


@pytest.mark.parametrize(
    ("body", "options", "message"),
    [
        ('{"values": [1, "two"]}', {}, r"^/values/1: expected a number, found a string, at byte 15$"),
        ('{"values": [1, NaN]}', {}, "NaN and Infinity are no JSON"),
        ('{"values": [1, 1e400]}', {}, "/values/1: this number is beyond the range of a float"),
        ('{"value": [1, 2]}', {}, "there is nothing at '/values'"),
        ("[1, 2", {"pointer": ""}, "expected ',' or ']', and the body ends, at byte 5"),
        (b'{"values": [1, 2], "\xff": 1}', {}, "no UTF-8"),
        ("[1, 2]".encode("utf-16"), {}, "no UTF-8"),
        ('{"values": [1, 2]}', {"max_bytes": 10}, "the body has 18 bytes, and at most 10 are read"),
        ('{"values": [1, 2]}', {"max_depth": 1}, "deeper within each other"),
        ("[" * 100_000, {"pointer": ""}, "expected a number, found an array"),
        ('{"a": ' * 100_000, {}, "deeper within each other"),
        ('{"values": [1]}', {}, "at least two values, and got 1"),
    ],
)
def test_errors_say_where(body: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rstats.compute_stats_json(body, **options)


def test_a_body_is_text() -> None:
    with pytest.raises(UnicodeEncodeError, match="surrogates"):
        rstats.describe_json("[1, 2, \ud800]")
    with pytest.raises(TypeError, match="a body is bytes or text, not int"):
        rstats.compute_stats_json(3)  # type: ignore[arg-type]


def test_series_of_every_shape() -> None:
    records = '[{"city": "a", "t": 1, "h": null}, {"city": "b", "t": 2.5}]'
    rows = rstats.describe_json(records, stats=["mean"], q=()).to_dicts()
    assert [(row["column"], row["count"], row["null_count"], row["mean"]) for row in rows] == [
        ("t", 2, 0, 1.75),
        ("h", 0, 2, None),
    ]
    rows = rstats.describe_json('{"d": {"a": [1, 2], "b": [null, 4]}}', "/d", stats=["sum"], q=()).to_dicts()
    assert [(row["column"], row["null_count"], row["sum"]) for row in rows] == [("a", 0, 3.0), ("b", 1, 4.0)]
    assert len(rstats.describe_json("[[1], [2, 3]]")) == 2


@pytest.fixture(scope="module")
def flask_client() -> Any:
    sys.path.insert(0, str(EXAMPLES))
    try:
        from flask_app import app  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(EXAMPLES))
    return app.test_client()


def test_flask(flask_client: Any) -> None:
    for route in ("/python", "/list", "/json"):
        assert flask_client.post(route, json={"values": NUMBERS}).json == EXPECTED
    table = pa.table({"x": NUMBERS, "name": ["a"] * 9})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    described = flask_client.post("/arrow", data=sink.getvalue()).json
    assert described == json.loads(rstats.describe(table).to_json())
    sink = io.BytesIO()
    pq.write_table(table, sink)
    sink.seek(0)
    described["source"] = {**described["source"], "files": 1}
    answer = flask_client.post("/parquet", data={"file": (sink, "x.parquet")}).json
    assert answer["source"].pop("bytes", 1)
    assert answer == described


@pytest.mark.parametrize(
    ("route", "options", "status", "detail"),
    [
        ("/json", {"data": '{"values": [1, "two"]}'}, 400, "/values/1: expected a number, found a string, at byte 15"),
        ("/json", {"data": "{}"}, 400, "there is nothing at '/values', at byte 2"),
        ("/list", {"json": {"values": [1]}}, 400, "compute_stats needs at least two values, and got 1"),
        ("/list", {"json": {"values": [1, None]}}, 400, "the item at position 1 is None (NoneType), not a number"),
        ("/list", {"json": {}}, 400, "no 'values'"),
        ("/arrow", {"data": b"no stream"}, 400, ""),
        ("/parquet", {"data": {"file": (io.BytesIO(b"no parquet"), "x.parquet")}}, 400, "Parquet"),
        ("/json", {"data": b" " * (64 << 20) + b"[]"}, 413, "exceeds"),
        ("/json", {"data": '{"values": [NaN, 1]}'}, 400, "NaN and Infinity are no JSON"),
        ("/list", {"data": '{"values": [NaN, 1]}', "content_type": "application/json"}, 400, ""),
        ("/python", {"data": '{"values": [1, Infinity]}', "content_type": "application/json"}, 400, ""),
        ("/list", {"data": '{"values": [1e999, 1]}', "content_type": "application/json"}, 422, "not finite"),
        ("/python", {"data": '{"values": [1e308, -1e308, 1e308, 1e308]}', "content_type": "application/json"}, 422, ""),
        ("/python", {"json": {"values": []}}, 400, ""),
        ("/python", {"json": [1, 2]}, 400, "no 'values'"),
        ("/list", {"json": {"values": "12"}}, 400, "no 'values'"),
        ("/nothing", {}, 404, "not found"),
    ],
)
def test_flask_answers_with_a_problem(flask_client: Any, route: str, options: Any, status: int, detail: str) -> None:
    answer = flask_client.post(route, **options)
    assert answer.status_code == status and answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status and detail in answer.json["detail"]


@pytest.fixture(scope="module")
def fastapi_client() -> Any:
    from fastapi.testclient import TestClient

    sys.path.insert(0, str(EXAMPLES))
    try:
        from fastapi_app import app  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(EXAMPLES))
    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "error", [KeyError("a key of the application's own"), TypeError("its own"), ValueError("its own")]
)
def test_the_applications_own_errors_are_not_the_requests(
    flask_client: Any, fastapi_client: Any, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `KeyError` of the application itself was once answered with 400."""
    import fastapi_app
    import flask_app

    def fails(*_: Any) -> None:
        raise error

    for module in (fastapi_app, flask_app):
        monkeypatch.setattr(module, "finite", fails)
    monkeypatch.setitem(flask_client.application.config, "PROPAGATE_EXCEPTIONS", False)
    for client in (flask_client, fastapi_client):
        assert client.post("/list", json={"values": NUMBERS}).status_code == 500


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("route", "content", "status"),
    [
        ("/json", b'{"values": [NaN, 1]}', 400),
        ("/list", b'{"values": [NaN, 1]}', 400),
        ("/list", b'{"values": [1e999, 1]}', 422),
        ("/python", b'{"values": [1, -Infinity]}', 400),
        ("/list", b"[" * 100_000, 400),
        ("/json", b" " * (64 << 20) + b"[]", 413),
        ("/list", b" " * (64 << 20) + b"[]", 413),
    ],
)
def test_fastapi_answers_with_a_problem(fastapi_client: Any, route: str, content: bytes, status: int) -> None:
    answer = fastapi_client.post(route, content=content)
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


@pytest.mark.filterwarnings("ignore")
def test_fastapi(fastapi_client: Any) -> None:
    client = fastapi_client
    for route in ("/python", "/list", "/json"):
        assert client.post(route, json={"values": NUMBERS}).json() == EXPECTED
    answer = client.post("/json", content='{"values": [1, "two"]}')
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"


def post(url: str, body: bytes) -> tuple[int, Any]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn is for Unix")
@pytest.mark.parametrize("options", [["--threads", "4"], ["--preload", "--workers", "2"]], ids=["threads", "preload"])
def test_gunicorn(options: list[str]) -> None:
    """A server on a free port, which its log says; with `--preload` its workers are forked after the import."""
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        "127.0.0.1:0",
        *options,
        "--chdir",
        EXAMPLES,
        "flask_app:app",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            found = (line.partition("Listening at: ")[2].split(" ")[0] for line in server.stderr)
            url = next(address for address in found if address)
            threading.Thread(target=server.stderr.read, daemon=True).start()
            rng = random.Random(3)
            long = [rng.gauss(0, 1) for _ in range(50_000)]
            good = json.dumps({"values": long}).encode()
            expected = rstats.compute_stats(long).to_dict()
            with ThreadPoolExecutor(8) as pool:
                for route in ("/json", "/list"):
                    assert (
                        list(pool.map(lambda _, route=route: post(url + route, good), range(16)))
                        == [(200, expected)] * 16
                    )
                bad = list(pool.map(lambda _: post(url + "/json", b'{"values": [1,]}'), range(16)))
            assert all(status == 400 and "/values/1" in problem["detail"] for status, problem in bad)
        finally:
            server.terminate()
            server.wait(timeout=20)
