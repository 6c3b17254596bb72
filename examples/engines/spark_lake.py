"""Spark describes a data frame, and files that its executors read without the JVM; exact quartiles of each group, and
windows that move along each.

Needs the group `engines` of pyproject.toml, and Java 17. `master` stands for your own cluster's address.
"""

from pathlib import Path

import rstats.spark
from pyspark.sql import SparkSession

DATA = Path(__file__).parents[2] / "data"


def main() -> None:
    spark = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", "4").getOrCreate()
    files = [DATA / "seattle_weather.parquet"]
    print(rstats.spark.describe_parquet(spark, files, by="weather", columns="temp_max", stats=["mean", "stddev"]))
    frame = spark.read.parquet(str(files[0])).where("temp_max > 0")
    print(rstats.spark.describe(frame, by="weather", columns="temp_max", stats=["mean", "stddev"]))
    asked = {"on": "date", "by": "weather", "columns": "temp_max", "stats": ["mean", "stddev"], "q": [0.5]}
    rstats.spark.rolling(frame.select("date", "weather", "temp_max"), "7d", **asked).show(5)
    rstats.spark.windows(frame, "365d", **asked).show(5)
    spark.stop()


if __name__ == "__main__":
    main()
