"""The contenders over HTTP, all in Flask: the handler in Python, rstats, and orjson with NumPy."""

import sys
from pathlib import Path

import numpy as np
import orjson
from flask import Response, request

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

from flask_app import app  # noqa: E402 /python, /list and /json


@app.post("/orjson")
def by_orjson():
    values = np.array(orjson.loads(request.get_data())["values"])
    answer = {
        "range": float(np.ptp(values)),
        "quartiles": np.quantile(values, [0.25, 0.5, 0.75], method="weibull").tolist(),
        "mean": float(values.mean()),
        "stddev": float(values.std(ddof=1)),
    }
    return Response(orjson.dumps(answer), mimetype="application/json")
