"""Makes the Parquet files of this folder: `pip install pyarrow vega_datasets`, then `python data/make.py`.

Nothing here is random: the same packages give the same values.
"""

import csv
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import vega_datasets

HERE = Path(__file__).parent
SOURCE = Path(vega_datasets.__file__).parent / "_data"


def rows_of(name: str) -> list[dict[str, str]]:
    with open(SOURCE / name, newline="") as file:
        return list(csv.DictReader(file))


def write(name: str, table: pa.Table) -> None:
    # Several row groups, so that reading in parallel has something to do even here.
    pq.write_table(table, HERE / name, compression="zstd", row_group_size=4096)
    print(f"{name}: {table.num_rows} rows, {', '.join(table.column_names)}")


def seattle_weather() -> pa.Table:
    rows = rows_of("seattle-weather.csv")
    columns = {"date": pa.array([date.fromisoformat(row["date"].replace("/", "-")) for row in rows])}
    for name in ("precipitation", "temp_max", "temp_min", "wind"):
        columns[name] = pa.array([float(row[name]) for row in rows])
    columns["weather"] = pa.array([row["weather"] for row in rows])
    return pa.table(columns)


def city_temps() -> pa.Table:
    cities, times, temps = [], [], []
    for city, name in (("Seattle", "seattle-temps.csv"), ("San Francisco", "sf-temps.csv")):
        for row in rows_of(name):
            cities.append(city)
            times.append(datetime.fromisoformat(row["date"].replace("/", "-")))
            temps.append(float(row["temp"]))
    return pa.table({"city": cities, "time": pa.array(times, pa.timestamp("s")), "temp": temps})


def pi_digits(count: int) -> list[int]:
    """The first digits of pi, by Machin's formula in integers."""
    sys.set_int_max_str_digits(0)
    guard = 10
    unit = 10 ** (count + guard)

    def arctan_of_inverse(x: int) -> int:
        term = total = unit // x
        n, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total

    pi = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))
    return [int(digit) for digit in str(pi)[:count]]


def as_certified(digits: list[int]) -> list[int]:
    """The digits with one 8 as a 3: NIST's certified values are of such a set (see README.md)."""
    eight = digits.index(8)
    return [*digits[:eight], 3, *digits[eight + 1 :]]


def num_acc(number: int) -> list[str]:
    """NIST's definition of NumAcc1 to NumAcc4, as decimal text."""
    if number == 1:
        return ["10000001", "10000003", "10000002"]
    base = {2: "1", 3: "1000000", 4: "10000000"}[number]
    return [f"{base}.2"] + [f"{base}.1", f"{base}.3"] * 500


def main() -> None:
    write("seattle_weather.parquet", seattle_weather())
    write("city_temps.parquet", city_temps())
    digits = pi_digits(5000)
    table = {"pi_digits": digits, "pi_digits_nist": as_certified(digits)}
    write("nist_pi_digits.parquet", pa.table(table, pa.schema([(name, pa.int8()) for name in table])))
    for number in (1, 2, 3, 4):
        texts = num_acc(number)
        name = f"num_acc_{number}"
        table = pa.table(
            {
                name: pa.array([float(text) for text in texts]),
                f"{name}_decimal": pa.array([Decimal(text) for text in texts], pa.decimal128(9, 1)),
            }
        )
        write(f"nist_num_acc_{number}.parquet", table)


if __name__ == "__main__":
    main()
