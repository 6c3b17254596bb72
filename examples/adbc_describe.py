"""rstats on ADBC: what a query of a database gives is read batch by batch, as Arrow."""

import adbc_driver_sqlite.dbapi
import rstats

with adbc_driver_sqlite.dbapi.connect() as connection, connection.cursor() as cursor:
    cursor.execute("CREATE TABLE readings (sensor TEXT, temp REAL)")
    cursor.executemany("INSERT INTO readings VALUES (?, ?)", [("a", 20.5), ("b", 19.0), ("a", 21.5), ("b", 23.0)])
    cursor.execute("SELECT sensor, temp FROM readings")
    answer = rstats.describe(cursor.fetch_record_batch(), by="sensor", stats=["mean", "max"], q=())
print(answer)
assert [(row["sensor"], row["mean"], row["max"]) for row in answer] == [("a", 21.0, 21.5), ("b", 21.0, 23.0)]
