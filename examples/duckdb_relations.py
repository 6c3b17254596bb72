"""rstats on DuckDB: a relation is read batch by batch, and DuckDB queries the answer."""

import duckdb
import rstats

relation = duckdb.sql("SELECT range % 3 AS k, range::DOUBLE AS x FROM range(10)")
answers = rstats.describe(relation, columns="x", by="k", stats=["mean"], q=[0.5]).to_arrow()
answer = duckdb.sql("SELECT k, mean FROM answers ORDER BY k")
print(answer)
assert answer.fetchall() == [(0, 4.5), (1, 4.0), (2, 5.0)]
