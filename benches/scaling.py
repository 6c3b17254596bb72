"""Does the cost grow linearly, in time and in memory? 1 M, 10 M and 100 M values, with and without quartiles.

Prints a Markdown table: time a value; and how far the call raises the peak of memory, as a share
of the size of the data (Linux).
"""

import statistics
import subprocess
import sys
import textwrap

SIZES = [1_000_000, 10_000_000, 100_000_000]
ASKED = {"moments, extrema and quartiles": {}, "moments and extrema": {"q": []}}


def measure(size, options):
    """Nanoseconds a value, and bytes of memory a byte of data, in a process of its own."""
    program = f"""
        import time
        import numpy as np, pyarrow as pa, rstats

        def peak():
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024

        n = {size}
        data = pa.array(np.random.default_rng(3).standard_normal(n))
        rstats.describe(np.ones(1_000_000))  # threads and their stacks
        try:
            with open("/proc/self/clear_refs", "w") as refs:
                refs.write("5")  # the peak starts from here
            before = peak()
            rstats.describe(data, **{options})
            growth = (peak() - before) / (8 * n)
        except OSError:
            growth = float("nan")
        for _ in range(max(5, 100_000_000 // n)):
            start = time.perf_counter()
            rstats.describe(data, **{options})
            print((time.perf_counter() - start) / n * 1e9, growth)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    rows = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    return statistics.median(time for time, _ in rows), rows[0][1]


def main():
    print("| values | asked | ns a value | peak memory, share of the data |")
    print("| ---: | --- | ---: | ---: |")
    for asked, options in ASKED.items():
        for size in SIZES:
            time, growth = measure(size, options)
            print(f"| {size:,} | {asked} | {time:.3f} | {growth:.2%} |", flush=True)


if __name__ == "__main__":
    main()
