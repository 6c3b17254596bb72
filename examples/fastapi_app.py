"""The three routes of flask_app.py on JSON, in FastAPI.

uvicorn --app-dir examples fastapi_app:app
"""

import statistics

import rstats
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

app = FastAPI()


@app.post("/python")
async def in_python(request: Request):
    numbers = (await request.json())["values"]
    return {
        "range": max(numbers) - min(numbers),
        "quartiles": statistics.quantiles(numbers),
        "mean": statistics.mean(numbers),
        "stddev": statistics.stdev(numbers),
    }


@app.post("/list")
async def from_a_list(request: Request):
    return dict(rstats.compute_stats((await request.json())["values"]))


@app.post("/json")
async def from_json(request: Request):
    # The call lets go of the GIL: on a thread of its own it does not hold up other requests.
    answer = await run_in_threadpool(rstats.compute_stats_json, await request.body(), "/values")
    return Response(answer, media_type="application/json")


@app.exception_handler(ValueError)
@app.exception_handler(TypeError)
@app.exception_handler(KeyError)
async def unreadable(request: Request, error: Exception):
    detail = f"no 'values': {error}" if isinstance(error, KeyError) else str(error)
    problem = {"type": "about:blank", "status": 400, "title": "Bad Request", "detail": detail}
    return JSONResponse(problem, 400, media_type="application/problem+json")


if __name__ == "__main__":
    from fastapi.testclient import TestClient

    client = TestClient(app)
    for route in ("/python", "/list", "/json"):
        print(f"{route:8}", client.post(route, json={"values": [2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5]}).text)
    print(f"{'/json':8}", client.post("/json", content='{"values": [1, "two"]}').text)
