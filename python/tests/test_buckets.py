"""Parquet in a bucket: the answers are those of the same table in memory, against moto's S3 server on this machine."""

from __future__ import annotations

import io
import itertools
import multiprocessing
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rstats

pytestmark = pytest.mark.slow

KEYS = {"aws_access_key_id": "someone", "aws_secret_access_key": "something", "region_name": "eu-central-1"}
NAMES = itertools.count()


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """A client of the server, which lives as long as the tests of this file do."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            assert server.poll() is None, "moto's server has stopped"
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AWS_ENDPOINT_URL", endpoint)
            environment.setenv("AWS_ALLOW_HTTP", "true")
            environment.setenv("AWS_ACCESS_KEY_ID", KEYS["aws_access_key_id"])
            environment.setenv("AWS_SECRET_ACCESS_KEY", KEYS["aws_secret_access_key"])
            environment.setenv("AWS_REGION", KEYS["region_name"])
            yield boto3.client("s3", endpoint_url=endpoint, **KEYS)
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def put(s3: Any) -> Callable[..., str]:
    """Puts tables into a bucket of the test's own, and gives its URL. (Stores are kept, so no bucket serves twice.)"""
    bucket = f"bucket-{next(NAMES)}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": KEYS["region_name"]})

    def put(**tables: pa.Table | bytes) -> str:
        for key, table in tables.items():
            body = table if isinstance(table, bytes) else parquet(table)
            s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}"

    return put


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=20_000, compression="zstd")
    return out.getvalue()


def table(seed: int, rows: int = 50_000) -> pa.Table:
    random = np.random.default_rng(seed)
    values = random.normal(20, 5, rows)
    return pa.table(
        {
            "sensor": pa.array(random.integers(0, 40, rows)),
            "temp": pa.array(values, mask=random.random(rows) < 0.01),
            "steps": pa.array(random.integers(0, 1 << 40, rows)),
            "note": pa.array([f"note {n % 7}" for n in range(rows)]),
        }
    )


def test_a_bucket_has_the_answers_of_the_table_in_memory(put: Callable[..., str]) -> None:
    parts = [table(seed) for seed in range(4)]
    keys = ["a.parquet", "b/day=1/c.parquet", "b/day=2/d e=%41.parquet", "b/day=2/é.parquet"]
    url = put(**{f"data/{key}": part for key, part in zip(keys, parts, strict=True)}, **{"data/_SUCCESS": b""})
    whole = pa.concat_tables(parts)
    expected = rstats.describe(whole).to_dicts()
    for paths in ([f"{url}/data/"], [f"{url}/data"], [url], [f"{url}/data/**/*.parquet"]):
        assert rstats.describe_parquet(paths).to_dicts() == expected
    grouped = rstats.describe(whole, by="sensor").to_dicts()
    assert rstats.describe_parquet([f"{url}/data/"], by="sensor").to_dicts() == grouped
    some = rstats.describe(pa.concat_tables(parts[1:]), columns=["temp"]).to_dicts()
    assert rstats.describe_parquet([f"{url}/data/b/day=*/"], columns=["temp"]).to_dicts() == some
    one = rstats.describe(parts[2]).to_dicts()
    assert rstats.describe_parquet([f"{url}/data/b/day=2/d e=%41.parquet"]).to_dicts() == one


def test_a_file_is_read_over_http(put: Callable[..., str], s3: Any) -> None:
    part = table(7)
    url = put(**{"a b.parquet": part})
    signed = s3.generate_presigned_url("get_object", Params={"Bucket": url[5:], "Key": "a b.parquet"})
    assert rstats.describe_parquet([signed]).to_dicts() == rstats.describe(part).to_dicts()


def test_what_is_not_there_is_not_found(put: Callable[..., str]) -> None:
    url = put(**{"readme.txt": b"no data"})
    for path in (f"{url}/nothing.parquet", f"{url}/*.parquet", f"{url}-not/a.parquet"):
        with pytest.raises(FileNotFoundError) as error:
            rstats.describe_parquet([path])
        assert str(error.value).startswith(path)
    with pytest.raises(OSError, match=r"readme\.txt: not a Parquet file"):
        rstats.describe_parquet([f"{url}/readme.txt"])


def answer(url: str, to: Any) -> None:
    to.send(rstats.describe_parquet([url]).to_dicts())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there are no forks here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_has_threads_and_connections_of_its_own(put: Callable[..., str]) -> None:
    url = put(**{"a.parquet": table(3)})
    expected = rstats.describe_parquet([url]).to_dicts()
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=answer, args=(url, theirs))
    child.start()
    assert ours.poll(60), "the child gives no answer"
    assert ours.recv() == expected
    child.join(60)
    assert child.exitcode == 0
    assert rstats.describe_parquet([url]).to_dicts() == expected


MEASURE = """
import re, sys
import rstats
try:
    found = rstats.describe_parquet([sys.argv[1]], memory_limit=sys.argv[2] + "MiB", threads=2)
    peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
    print("peak", int(peak) // 1024, found["x"]["mean"].hex())
except rstats.MemoryLimitError as error:
    print("needs", str(error).split("takes about ")[1].split(" MiB")[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's count of resident memory is Linux's")
def test_what_is_fetched_counts_as_memory(put: Callable[..., str]) -> None:
    """Two files of one page of 24 MB each: both are fetched whole."""
    tables = [pa.table({"x": np.random.default_rng(seed).lognormal(size=3_000_000)}) for seed in range(2)]
    files = {}
    for number, part in enumerate(tables):
        out = io.BytesIO()
        pq.write_table(part, out, 3_000_000, data_page_size=1 << 26, compression="none", use_dictionary=False)
        files[f"{number}.parquet"] = out.getvalue()
    url, limit, said = put(**files), 96, []
    for _ in range(6):
        command = [sys.executable, "-c", MEASURE, url, str(limit)]
        said.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
        if said[-1][0] == "peak":
            break
        limit = int(said[-1][1])
    assert said[0][0] == "needs" and int(said[0][1]) >= 0.9 * limit, (limit, said)
    assert said[-1][0] == "peak" and int(said[-1][1]) <= limit, (limit, said)
    assert said[-1][2] == rstats.describe(pa.concat_tables(tables))["x"]["mean"].hex()
