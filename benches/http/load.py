"""Requests a second of the same handler in Python and in rstats: a real server (gunicorn, threads), real sockets.

    make bench              # installs what this needs
    python benches/http/load.py

Each row: so many numbers a request, so many clients at once, each with a connection of its own that it keeps.
Contenders take turns; the figures are medians over the rounds. The CPU time is the server's. Every answer is checked.
"""

import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--sizes", type=int, nargs="*", default=[9, 1_000, 100_000, 1_000_000])
parser.add_argument("--clients", type=int, nargs="*", default=[1, 8])
parser.add_argument("--seconds", type=float, default=2.0, help="of each contender in each round")
parser.add_argument("--rounds", type=int, default=3)
arguments = parser.parse_args()

ROUTES = {"Python": "/python", "rstats, list": "/list", "rstats, bytes": "/json", "orjson + NumPy": "/orjson"}


def serve():
    """A server on a free port, which its log says."""
    command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--threads", "8", "--keep-alive", "30"]
    command += ["--chdir", str(Path(__file__).parent), "app:app"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    port = None
    for line in server.stderr:
        if "Listening at: " in line:
            port = int(line.partition("127.0.0.1:")[2].split(" ")[0])
        if "Booting worker with pid: " in line:
            worker = int(line.rpartition(": ")[2])
            break
    else:
        sys.exit("the server did not start")
    threading.Thread(target=server.stderr.read, daemon=True).start()
    return server, port, worker


def cpu_seconds(process):
    """Of a process, from Linux's /proc; elsewhere none are told."""
    try:
        with open(f"/proc/{process}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(port, route, body, expected, clients):
    """The seconds of every request of a round, and how long the round took."""
    spent, wrong = [], []
    stop = time.perf_counter() + arguments.seconds

    def client():
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while True:
            start = time.perf_counter()
            connection.request("POST", route, body, {"Content-Type": "application/json"})
            answer = connection.getresponse().read()
            end = time.perf_counter()
            spent.append(end - start)
            found = json.loads(answer)
            if abs(found["mean"] - expected["mean"]) > 1e-9 or abs(found["stddev"] - expected["stddev"]) > 1e-9:
                wrong.append(found)
            if end > stop:
                return

    start = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        sys.exit(f"{route} answers {wrong[0]}")
    return spent, time.perf_counter() - start


def main():
    server, port, worker = serve()
    try:
        print("| numbers | clients | contender | requests/s | times Python | p50 ms | p99 ms | CPU ms a request |")
        print("| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |")
        for size in arguments.sizes:
            rng = random.Random(size)
            numbers = [rng.gauss(0, 1) for _ in range(size)]
            body = json.dumps({"values": numbers}).encode()
            expected = {"mean": statistics.mean(numbers), "stddev": statistics.stdev(numbers)}
            for clients in arguments.clients:
                measure(port, worker, body, expected, size, clients)
    finally:
        server.terminate()
        server.wait(timeout=20)


def measure(port, worker, body, expected, size, clients):
    found = {name: [] for name in ROUTES}
    for _ in range(arguments.rounds):
        for name, route in ROUTES.items():
            before = cpu_seconds(worker)
            spent, seconds = load(port, route, body, expected, clients)
            cpu = (cpu_seconds(worker) - before) / len(spent)
            spent.sort()
            p50, p99 = spent[len(spent) // 2], spent[min(len(spent) - 1, len(spent) * 99 // 100)]
            found[name].append((len(spent) / seconds, p50 * 1e3, p99 * 1e3, cpu * 1e3))
    python = statistics.median(row[0] for row in found["Python"])
    for name, rows in found.items():
        rate, p50, p99, cpu = (statistics.median(column) for column in zip(*rows, strict=True))
        figures = f"{rate:,.1f} | {rate / python:.2f} | {p50:.2f} | {p99:.2f} | {cpu:.3f}"
        print(f"| {size:,} | {clients} | {name} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
