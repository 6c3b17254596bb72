"""rstats on Kafka: windows over a topic. The cluster is librdkafka's own, which lives in this process."""

import json

from confluent_kafka import Producer
from rstats import kafka

producer = Producer({"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 0})
brokers = [f"{broker.host}:{broker.port}" for broker in producer.list_topics(timeout=30).brokers.values()]
for second in range(120):
    reading = {"ts": 1_767_225_600 + second, "sensor": "ab"[second % 2], "temp": 20 + second % 10 / 4}
    producer.produce("readings", json.dumps(reading), partition=0)
assert producer.flush(30) == 0

conf = {"bootstrap.servers": ",".join(brokers), "group.id": "example", "log_level": 0}
question = {"on": "ts", "time_unit": "s", "by": "sensor", "columns": "temp", "stats": ["mean"], "q": [0.5]}
rows = [row for closed in kafka.windows(conf, "readings", "1min", stop_at_end=True, **question) for row in closed]
for row in rows:
    print(row["window_start"], row["sensor"], row["count"], row["mean"], row["median"])
assert [(row["sensor"], row["count"]) for row in rows] == [("a", 30), ("b", 30)] * 2
