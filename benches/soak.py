"""Bodies good and bad, from several threads at once, for minutes: every answer right, memory flat, Ctrl-C heard.

    python benches/soak.py --minutes 10

Ends with status 0 when the time is over, 1 on a wrong answer or on memory that grows, 130 on Ctrl-C.
"""

import argparse
import json
import os
import random
import statistics
import sys
import threading
import time

import rstats

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--minutes", type=float, default=10.0)
parser.add_argument("--threads", type=int, default=8)
arguments = parser.parse_args()

GROWTH = 32 << 20
"""Bytes that memory may grow by after the first part of the time: allocators keep some."""


def bodies(source):
    """Bodies, each with its answer, or with what its error says."""
    for size in (2, 9, 100, 1_000, 20_000, 300_000):
        numbers = [source.gauss(50, 12) for _ in range(size)]
        body = json.dumps({"unit": "µm", "values": numbers})
        answer = {
            "range": max(numbers) - min(numbers),
            "quartiles": statistics.quantiles(numbers),
            "mean": statistics.mean(numbers),
            "stddev": statistics.stdev(numbers),
        }
        yield body.encode(), answer, None
        place = source.randrange(size)
        for wrong, says in (
            ('"x"', f"/values/{place}: expected a number, found a string"),
            ("null", f"/values/{place}: expected a number, found null"),
            ("NaN", f"/values/{place}: NaN and Infinity are no JSON"),
            ("1e999", f"/values/{place}: this number is beyond the range of a float"),
            ("[1]", f"/values/{place}: expected a number, found an array"),
        ):
            literals = [json.dumps(number) for number in numbers]
            literals[place] = wrong
            yield b'{"values": [' + ", ".join(literals).encode() + b"]}", None, says
        yield body.encode()[: body.rindex(",") + 1], None, "the body ends"
        yield body.encode() + b",", None, "expected the end of the body"
    yield b'{"values": [1]}', None, "at least two"
    yield b"[" * 100_000, None, "deeper within each other"
    yield b'{"t": "\xff", "values": [1, 2]}', None, "this is no UTF-8"


def resident():
    """Bytes of memory in use, where Linux's /proc tells them."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def soak(cases, seed, until, calls, wrong):
    source = random.Random(seed)
    while time.monotonic() < until and not wrong:
        body, answer, says = source.choice(cases)
        try:
            found = json.loads(rstats.compute_stats_json(body))
        except ValueError as error:
            found = str(error)
        if found != answer if answer is not None else says not in found:
            wrong.append(f"{body[:60]!r}…: {found!r} instead of {answer or says!r}")
        calls[seed] += 1


def main():
    cases = list(bodies(random.Random(1)))
    started = time.monotonic()
    until = started + 60 * arguments.minutes
    calls, wrong = [0] * arguments.threads, []
    threads = [
        threading.Thread(target=soak, args=(cases, seed, until, calls, wrong), daemon=True)
        for seed in range(arguments.threads)
    ]
    for thread in threads:
        thread.start()
    settled = None
    while any(thread.is_alive() for thread in threads):
        time.sleep(min(5.0, 6 * arguments.minutes))
        memory, passed = resident(), time.monotonic() - started
        if settled is None and passed > 12 * arguments.minutes:
            settled = memory
        print(f"{passed:6.0f} s, {sum(calls):,} calls, {memory / 1e6:,.0f} MB", flush=True)
        if wrong or (time.monotonic() > until + 30):
            break
    if wrong:
        sys.exit(wrong[0])
    if any(thread.is_alive() for thread in threads):
        sys.exit("a call has not returned for half a minute")
    if settled is not None and resident() > settled + GROWTH:
        sys.exit(f"memory has grown from {settled:,} to {resident():,} bytes")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
