"""Statistics over HTTP: the handler in Python, three that leave less and less to it, and the service's own latency.

    flask --app examples/flask_app run          # or: gunicorn --chdir examples flask_app:app
    curl -d '{"values": [2.75, 1.75, 1.25]}' -H 'Content-Type: application/json' http://127.0.0.1:5000/json

All but the first give what the first one gives, to the bit. What the request is at fault for is answered with 4xx, and
only that: an error of the application itself is a 500, as it should be. Answers are JSON as RFC 8259 has it, which
knows neither NaN nor Infinity.
"""

import math
import os
import statistics
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import rstats
from flask import Flask, Response, g, jsonify, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import BadRequest, HTTPException, UnprocessableEntity


class StrictJSON(DefaultJSONProvider):
    """What Python's `json` takes and writes beyond JSON is refused."""

    def loads(self, text, **options):
        return super().loads(text, parse_constant=self.refuse, **options)

    def dumps(self, value, **options):
        return super().dumps(value, allow_nan=False, **options)

    @staticmethod
    def refuse(constant):
        raise ValueError(f"{constant} is no JSON; null is what is missing")


app = Flask(__name__)
app.json = StrictJSON(app)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024 * 1024  # longer bodies are refused with 413


# How long requests take, in seconds. Each worker counts its own; once a second it leaves that where all can read it.
LATENCY = {"stats": ["mean", "max"], "q": [0.5, 0.99], "memory_limit": "16MiB"}
latency = rstats.Accumulator(**LATENCY)
workers = Path(os.environ.get("STATS_FOLDER") or tempfile.mkdtemp())
left = 0.0


@app.before_request
def begin():
    g.begun = time.perf_counter()


@app.after_request
def count(response):
    global left
    now = time.perf_counter()
    try:
        latency.update([now - g.begun])
    except rstats.MemoryLimitError:
        latency.clear()  # after some two million requests: a new beginning
    if now - left > 1:
        left = now
        unfinished = workers / f"{os.getpid()}.new"
        unfinished.write_bytes(latency.to_bytes())
        unfinished.replace(unfinished.with_suffix(".state"))  # whole or not at all
    return response


@app.get("/stats")
def latency_of_all():
    """The latency of all workers: the exact median and 99th percentile, which no mean of the workers' own would be."""
    everyone = latency.copy()
    for state in workers.glob("*.state"):
        if state.stem != str(os.getpid()):
            everyone.merge(rstats.Accumulator.from_bytes(state.read_bytes()))
    return Response(everyone.summary().to_json(), mimetype="application/json")


@contextmanager
def reading_the_request(*errors):
    """These exceptions, raised while the request is read, are its own fault."""
    try:
        yield
    except errors as error:
        raise BadRequest(str(error)) from error


def numbers():
    """The list under `values` in the request's JSON."""
    body = request.json
    if not isinstance(body, dict) or not isinstance(body.get("values"), list):
        raise BadRequest("no 'values': the body is an object with a list of numbers of that name")
    return body["values"]


def finite(stats):
    """Statistics that JSON can hold: a sum may overflow, and 1e999 is infinite to Python."""
    if not all(map(math.isfinite, (stats["range"], *stats["quartiles"], stats["mean"], stats["stddev"]))):
        raise UnprocessableEntity("the numbers are too large: their statistics are not finite")
    return stats


@app.post("/python")
def in_python():
    """As it was: `statistics` on a list that `json` made."""
    values = numbers()
    with reading_the_request(TypeError, statistics.StatisticsError):
        stats = {
            "range": max(values, default=0) - min(values, default=0),
            "quartiles": statistics.quantiles(values),
            "mean": statistics.mean(values),
            "stddev": statistics.stdev(values),
        }
    return jsonify(finite(stats))


@app.post("/list")
def from_a_list():
    """One call in place of five; the JSON stays in Python."""
    values = numbers()
    with reading_the_request(TypeError, ValueError):
        stats = rstats.compute_stats(values)
    return jsonify(finite(stats))


@app.post("/json")
def from_json():
    """Bytes in, bytes out: no number becomes an object of Python."""
    body = request.get_data()
    with reading_the_request(ValueError):
        answer = rstats.compute_stats_json(body, "/values")
    return Response(answer, mimetype="application/json")


@app.post("/arrow")
def from_arrow():
    """The body is an Arrow IPC stream: every column of numbers, batch by batch as it comes in."""
    with reading_the_request(pa.ArrowInvalid, ValueError, OSError):
        with pa.ipc.open_stream(request.stream) as reader:
            described = rstats.describe(reader)
    return Response(described.to_json(), mimetype="application/json")


@app.post("/parquet")
def from_parquet():
    """A Parquet file, uploaded as `file`. A few kilobytes of it may stand for gigabytes, so it is given a limit."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        request.files["file"].save(file)
        file.flush()
        with reading_the_request(OSError, ValueError, rstats.MemoryLimitError):
            described = rstats.describe_parquet(file.name, memory_limit="256MiB")
    return Response(described.to_json(), mimetype="application/json")


@app.errorhandler(HTTPException)
def problem(error):
    """An error as RFC 9457 has it."""
    body = jsonify(type="about:blank", status=error.code, title=error.name, detail=error.description)
    body.status_code, body.mimetype = error.code, "application/problem+json"
    return body


if __name__ == "__main__":
    client = app.test_client()
    some = [2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5]
    for route in ("/python", "/list", "/json"):
        print(f"{route:8}", client.post(route, json={"values": some}).get_data(as_text=True).strip())
    print(f"{'/json':8}", client.post("/json", data='{"values": [1, "two"]}').get_data(as_text=True).strip())
    print(f"{'/stats':8}", client.get("/stats").json["series"][0]["count"], "requests so far")
