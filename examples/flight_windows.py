"""rstats on Arrow Flight: windows of a stream that a server sends."""

import datetime

import pyarrow as pa
import pyarrow.flight
import rstats

START = datetime.datetime(2026, 1, 1)


class Readings(pyarrow.flight.FlightServerBase):
    """Sends a reading each ten seconds, in batches of a minute."""

    def do_get(self, context, ticket):
        schema = pa.schema({"ts": pa.timestamp("ms"), "temp": pa.float64()})

        def batches():
            for minute in range(10):
                times = [START + datetime.timedelta(minutes=minute, seconds=s) for s in range(0, 60, 10)]
                yield pa.record_batch([times, [minute + s / 10 for s in range(6)]], schema=schema)

        return pyarrow.flight.GeneratorStream(schema, batches())


with Readings("grpc://127.0.0.1:0") as server, pyarrow.flight.connect(f"grpc://127.0.0.1:{server.port}") as client:
    reader = client.do_get(pyarrow.flight.Ticket(b"readings")).to_reader()
    means = []
    for closed in rstats.windows(reader, "5min", on="ts", stats=["mean"], q=[0.9]):
        print(closed)
        means += [row["mean"] for row in closed]
assert means == [2.25, 7.25]
