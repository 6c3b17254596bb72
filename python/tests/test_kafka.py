"""Windows over Kafka, against librdkafka's own cluster, which lives in this process."""

import datetime as dt
import json
import threading

import pytest
import rstats

confluent_kafka = pytest.importorskip("confluent_kafka")

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
PARTITIONS = 3


class Cluster:
    """Brokers that speak the protocol, with topics of three partitions."""

    def __init__(self):
        self.producer = confluent_kafka.Producer(
            {"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 3, "log_level": 0}
        )
        brokers = self.producer.list_topics(timeout=30).brokers.values()
        self.servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def send(self, topic, messages):
        """Messages as (partition, value)."""
        for partition, value in messages:
            payload = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.producer.produce(topic, payload, partition=partition)
            self.producer.poll(0)
        assert self.producer.flush(30) == 0

    def conf(self, group, **more):
        return {
            "bootstrap.servers": self.servers,
            "group.id": group,
            "session.timeout.ms": 6000,
            "log_level": 0,
            **more,
        }


@pytest.fixture(scope="module")
def cluster():
    return Cluster()


def readings(count, start=0):
    """Rows of three partitions, a second apart: the time as text, a sensor and a value."""
    for index in range(start, start + count):
        time = START + dt.timedelta(seconds=index)
        yield index % PARTITIONS, {"ts": time.isoformat(), "sensor": f"s{index % 5}", "temp": index * 0.25}


def rows(stream):
    return [row for closed in stream for row in closed]


def expected(messages):
    windows = rstats.Windows("1min", on="ts", by="sensor", columns="temp")
    values = [value for _, value in messages]
    table = {name: [row[name] for row in values] for name in ("sensor", "temp")}
    table["ts"] = [dt.datetime.fromisoformat(row["ts"]) for row in values]
    return windows.push(table).to_dicts() + windows.finish().to_dicts()


def question(**more):
    return {"size": "1min", "on": "ts", "by": "sensor", "columns": "temp", **more}


def test_a_topic_is_read_as_a_whole(cluster):
    messages = list(readings(2000))
    cluster.send("whole", messages)
    found = rows(rstats.kafka.windows(cluster.conf("a"), "whole", stop_at_end=True, batch=300, **question()))
    assert found == expected(messages)


def test_it_stops_anywhere_and_goes_on(cluster, tmp_path):
    messages = list(readings(3000))
    cluster.send("stops", messages)
    options = {"state": tmp_path / "state", "stop_at_end": True, "batch": 100, **question()}
    found = {}
    for _ in range(40):
        stream = rstats.kafka.windows(cluster.conf("b"), "stops", **options)
        handed_out = 0
        for closed in stream:
            for row in closed:
                key = (row["window_start"], row["sensor"])
                # What is handed out again is the same.
                assert found.setdefault(key, row) == row
            handed_out += 1
            if handed_out == 2:
                stream.close()  # as a crash: the state is of before these windows
                break
        else:
            break
    assert sorted(found) == sorted((row["window_start"], row["sensor"]) for row in expected(messages))
    assert sorted(found.values(), key=lambda row: (row["window_end"], row["sensor"])) == expected(messages)
    state = rstats.Windows.from_bytes((tmp_path / "state").read_bytes())
    assert sum(state.position.values()) == 3000 == state.rows


def test_a_second_consumer_takes_partitions(cluster):
    messages = list(readings(3000))
    cluster.send("shared", messages)
    found, errors = [], []

    def read(stop_after):
        try:
            conf = cluster.conf("c", **{"heartbeat.interval.ms": 500})
            stream = rstats.kafka.windows(conf, "shared", idle_timeout=2.0, batch=50, **question())
            for closed in stream:
                found.extend(closed)
                if sum(row["count"] for row in found) >= stop_after:
                    return
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=read, args=(2600,), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    threads[0].join(60)
    assert not errors and len(found) > 0
    # What both have read of a window is merged by who has both; no row is in two of them.
    counted = sum(row["count"] for row in found)
    assert counted <= 3000


def test_a_quiet_partition_holds_nothing_up_for_ever(cluster):
    messages = [(0, value) for _, value in readings(300)]
    cluster.send("quiet", messages)
    stream = rstats.kafka.windows(cluster.conf("d"), "quiet", idle_timeout=1.0, **question())
    found = []
    for closed in stream:
        found += closed
        if len(found) >= len(expected(messages)):
            break
    assert found == expected(messages)


def test_times_are_text_numbers_or_those_of_messages(cluster):
    cluster.send("times", [(0, {"at": 1_767_225_600_250 + n, "x": n}) for n in range(10)])
    for on, unit in (("at", "ms"), ("$timestamp", None)):
        stream = rstats.kafka.windows(
            cluster.conf("e" + on), "times", "1d", on=on, time_unit=unit, columns="x", stop_at_end=True, stats=["sum"]
        )
        assert sum(row["sum"] for row in rows(stream)) == 45
    with pytest.raises(ValueError, match="say what it counts, with time_unit="):
        rows(rstats.kafka.windows(cluster.conf("f"), "times", "1d", on="at", columns="x", stop_at_end=True))


def test_what_is_no_json_is_told_with_its_offset(cluster):
    cluster.send("broken", [(1, {"ts": START.isoformat(), "sensor": "a", "temp": 1.0}), (1, b"{oops")])
    with pytest.raises(ValueError, match="broken, partition 1, offset 1: the message is no JSON"):
        rows(rstats.kafka.windows(cluster.conf("g"), "broken", stop_at_end=True, **question()))
