"""Statistics over HTTP: the handler in Python, and three that leave less and less to it.

    flask --app examples/flask_app run          # or: gunicorn --chdir examples flask_app:app
    curl -d '{"values": [2.75, 1.75, 1.25]}' -H 'Content-Type: application/json' http://127.0.0.1:5000/json

All but the first give what the first one gives, to the bit.
"""

import statistics

import pyarrow as pa
import pyarrow.parquet as pq
import rstats
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 64 * 1024 * 1024  # longer bodies are refused with 413


@app.post("/python")
def in_python():
    """As it was: `statistics` on a list that `json` made."""
    numbers = request.json["values"]
    return jsonify(
        range=max(numbers) - min(numbers),
        quartiles=statistics.quantiles(numbers),
        mean=statistics.mean(numbers),
        stddev=statistics.stdev(numbers),
    )


@app.post("/list")
def from_a_list():
    """One call in place of five; the JSON stays in Python."""
    return jsonify(rstats.compute_stats(request.json["values"]))


@app.post("/json")
def from_json():
    """Bytes in, bytes out: no number becomes an object of Python."""
    return Response(rstats.compute_stats_json(request.get_data(), "/values"), mimetype="application/json")


@app.post("/arrow")
def from_arrow():
    """The body is an Arrow IPC stream: every column of numbers, batch by batch as it comes in."""
    with pa.ipc.open_stream(request.stream) as reader:
        return Response(rstats.describe(reader).to_json(), mimetype="application/json")


@app.post("/parquet")
def from_parquet():
    """A Parquet file, uploaded as `file`."""
    file = pq.ParquetFile(request.files["file"])
    return Response(rstats.describe(file.read()).to_json(), mimetype="application/json")


def problem(status, title, detail):
    """An error as RFC 9457 has it."""
    body = jsonify(type="about:blank", status=status, title=title, detail=detail)
    body.status_code, body.mimetype = status, "application/problem+json"
    return body


@app.errorhandler(HTTPException)
def refused(error):
    return problem(error.code, error.name, error.description)


# What the numbers are at fault for: `pa.ArrowInvalid` and `StatisticsError` are ValueErrors.
@app.errorhandler(ValueError)
@app.errorhandler(TypeError)
@app.errorhandler(KeyError)
@app.errorhandler(OSError)
def unreadable(error):
    return problem(400, "Bad Request", f"no 'values': {error}" if isinstance(error, KeyError) else str(error))


if __name__ == "__main__":
    client = app.test_client()
    numbers = [2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5]
    for route in ("/python", "/list", "/json"):
        print(f"{route:8}", client.post(route, json={"values": numbers}).get_data(as_text=True).strip())
    print(f"{'/json':8}", client.post("/json", data='{"values": [1, "two"]}').get_data(as_text=True).strip())
