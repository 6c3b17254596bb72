"""The three routes of flask_app.py on JSON, in FastAPI.

uvicorn --app-dir examples fastapi_app:app
"""

import json
import math
import statistics
from contextlib import contextmanager

import rstats
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse  # it refuses NaN and Infinity, which are no JSON

app = FastAPI()

LONGEST = 64 * 1024 * 1024  # bytes of a body; longer ones are refused with 413


async def body_of(request):
    """The whole body, unless it is too long: whatever its length is said to be."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST:
            raise HTTPException(413, f"the body is longer than {LONGEST} bytes")
    return bytes(body)


@contextmanager
def reading_the_request(*errors):
    """These exceptions, raised while the request is read, are its own fault."""
    try:
        yield
    except errors as error:
        raise HTTPException(400, str(error)) from error


def refuse(constant):
    raise ValueError(f"{constant} is no JSON; null is what is missing")


async def numbers(request):
    """The list under `values` in the request's JSON."""
    text = await body_of(request)
    with reading_the_request(ValueError, RecursionError):
        body = json.loads(text, parse_constant=refuse)
    if not isinstance(body, dict) or not isinstance(body.get("values"), list):
        raise HTTPException(400, "no 'values': the body is an object with a list of numbers of that name")
    return body["values"]


def finite(stats):
    """Statistics that JSON can hold: a sum may overflow, and 1e999 is infinite to Python."""
    if not all(map(math.isfinite, (stats["range"], *stats["quartiles"], stats["mean"], stats["stddev"]))):
        raise HTTPException(422, "the numbers are too large: their statistics are not finite")
    return stats


@app.post("/python")
async def in_python(request: Request):
    values = await numbers(request)
    with reading_the_request(TypeError, statistics.StatisticsError):
        stats = {
            "range": max(values, default=0) - min(values, default=0),
            "quartiles": statistics.quantiles(values),
            "mean": statistics.mean(values),
            "stddev": statistics.stdev(values),
        }
    return finite(stats)


@app.post("/list")
async def from_a_list(request: Request):
    values = await numbers(request)
    with reading_the_request(TypeError, ValueError):
        stats = rstats.compute_stats(values)
    return finite(dict(stats))


@app.post("/json")
async def from_json(request: Request):
    body = await body_of(request)
    with reading_the_request(ValueError):
        # The call lets go of the GIL: on a thread of its own it does not hold up other requests.
        answer = await run_in_threadpool(rstats.compute_stats_json, body, "/values")
    return Response(answer, media_type="application/json")


@app.exception_handler(HTTPException)
async def problem(request: Request, error: HTTPException):
    """An error as RFC 9457 has it."""
    problem = {"type": "about:blank", "status": error.status_code, "detail": error.detail}
    return JSONResponse(problem, error.status_code, media_type="application/problem+json")


if __name__ == "__main__":
    from fastapi.testclient import TestClient

    client = TestClient(app)
    for route in ("/python", "/list", "/json"):
        print(f"{route:8}", client.post(route, json={"values": [2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5]}).text)
    print(f"{'/json':8}", client.post("/json", content='{"values": [1, "two"]}').text)
