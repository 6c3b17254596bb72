//! The aggregates in SQL, beside `rstats::describe_all` of the same rows: zero difference.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::prelude::{SessionConfig, SessionContext};
use rstats::{Interrupt, Series, Spec, Summary, describe_all};

const ROWS: usize = 5_000;

/// Numbers that follow from a seed.
fn random(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 11
    }
}

fn rows() -> RecordBatch {
    let mut next = random(5);
    let heavy = (0..ROWS).map(|row| match next() % 50 {
        0 => None,
        1 => Some(if row % 2 == 0 { 1e17 } else { -1e17 }),
        _ => Some((next() % 1_000_000) as f64 / 1000.0 - 300.0),
    });
    let heavy: Float64Array = heavy.collect();
    let wide: Int64Array = (0..ROWS).map(|_| Some((next() << 10) as i64)).collect();
    let cents: Decimal128Array = (0..ROWS).map(|_| Some(i128::from(next() % 100_000))).collect();
    let cents = cents.with_precision_and_scale(30, 2).unwrap();
    let key: StringArray = (0..ROWS).map(|_| Some(["a", "b", "c"][(next() % 3) as usize])).collect();
    let at: Int64Array = (0..ROWS as i64).map(Some).collect();
    RecordBatch::try_from_iter([
        ("heavy", Arc::new(heavy) as ArrayRef),
        ("wide", Arc::new(wide) as _),
        ("cents", Arc::new(cents) as _),
        ("key", Arc::new(key) as _),
        ("at", Arc::new(at) as _),
    ])
    .unwrap()
}

/// A session with the rows cut into so many partitions, in batches of 300.
async fn session(partitions: usize) -> Result<SessionContext> {
    let config = SessionConfig::new().with_target_partitions(partitions).with_batch_size(300);
    let mut context = SessionContext::new_with_config(config);
    rstats_datafusion::register_all(&mut context)?;
    let rows = rows();
    let mut parts = vec![Vec::new(); partitions];
    for (index, start) in (0..ROWS).step_by(300).enumerate() {
        parts[index % partitions].push(rows.slice(start, 300.min(ROWS - start)));
    }
    let table = MemTable::try_new(rows.schema(), parts)?;
    context.register_table("t", Arc::new(table))?;
    Ok(context)
}

/// Columns of floats.
async fn floats(context: &SessionContext, sql: &str) -> Result<Vec<Vec<Option<f64>>>> {
    let batches = context.sql(sql).await?.collect().await?;
    let width = batches.first().map_or(0, RecordBatch::num_columns);
    let column = |index: usize| {
        batches.iter().flat_map(move |batch| batch.column(index).as_primitive::<Float64Type>().iter()).collect()
    };
    Ok((0..width).filter(|&index| batches[0].column(index).data_type().is_floating()).map(column).collect())
}

fn described(values: &ArrayRef) -> Summary {
    let spec = Spec::default().with_statistics_named(["sum", "mean", "variance", "stddev"]).unwrap();
    let spec = spec.with_quantiles(&[0.9]).unwrap();
    let series = Series::from_arrays(None, vec![values.clone()]).unwrap();
    describe_all(&[series], &spec, &Interrupt::default()).unwrap().remove(0)
}

const NAMES: [&str; 5] = ["sum", "mean", "variance", "stddev", "p90"];

fn all_of(column: &str) -> String {
    format!(
        "exact_sum({column}), exact_mean({column}), exact_variance({column}), exact_stddev({column}), exact_quantile({column}, 0.9)"
    )
}

#[tokio::test]
async fn whole_columns_in_any_partitions() -> Result<()> {
    for partitions in [1, 2, 7] {
        let context = session(partitions).await?;
        for column in ["heavy", "wide", "cents"] {
            let found = floats(&context, &format!("SELECT {} FROM t", all_of(column))).await?;
            let expected = described(rows().column_by_name(column).unwrap());
            for (name, found) in NAMES.iter().zip(&found) {
                assert_eq!(found[0].map(f64::to_bits), expected.get(name).map(f64::to_bits), "{name} of {column}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn groups_and_filters() -> Result<()> {
    let rows = rows();
    let keys = rows.column_by_name("key").unwrap().as_string::<i32>().clone();
    for partitions in [1, 5] {
        let context = session(partitions).await?;
        for (filter, least) in [("", i64::MIN), (" FILTER (WHERE at >= 2000)", 2000)] {
            let all = all_of("heavy").replace("), ", &format!("){filter}, ")) + filter;
            let found = floats(&context, &format!("SELECT key, {all} FROM t GROUP BY key ORDER BY key")).await?;
            for (group, key) in ["a", "b", "c"].iter().enumerate() {
                let wanted = (0..ROWS).filter(|&row| keys.value(row) == *key && row as i64 >= least);
                let heavy = rows.column(0).as_primitive::<Float64Type>();
                let values: Float64Array = wanted.map(|row| heavy.is_valid(row).then(|| heavy.value(row))).collect();
                let expected = described(&(Arc::new(values) as ArrayRef));
                for (name, found) in NAMES.iter().zip(&found) {
                    assert_eq!(found[group].map(f64::to_bits), expected.get(name).map(f64::to_bits), "{name} of {key}");
                }
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_left_a_window_was_never_there() -> Result<()> {
    let context = session(3).await?;
    let over = " OVER (ORDER BY at ROWS BETWEEN 9 PRECEDING AND CURRENT ROW)";
    let all = all_of("heavy").replace("), ", &format!("){over}, ")) + over;
    let found = floats(&context, &format!("SELECT {all} FROM t ORDER BY at")).await?;
    let heavy = rows().column(0).clone();
    for row in (0..ROWS).step_by(13) {
        let start = row.saturating_sub(9);
        let expected = described(&heavy.slice(start, row + 1 - start));
        for (name, found) in NAMES.iter().zip(&found) {
            let expected = expected.get(name).filter(|_| *name != "sum" || expected.count > 0);
            assert_eq!(found[row].map(f64::to_bits), expected.map(f64::to_bits), "{name} at {row}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn nothing_nulls_and_nans() -> Result<()> {
    let context = session(2).await?;
    for (sql, expected) in [
        ("SELECT exact_sum(heavy), exact_mean(heavy), exact_quantile(heavy, 0.5) FROM t WHERE at < 0", [None; 3]),
        ("SELECT exact_sum(NULL), exact_stddev(1), exact_quantile(NULL, 0.5)", [None; 3]),
        ("SELECT exact_sum(x), exact_mean(x), exact_quantile(x, 0) FROM (VALUES (2), (NULL)) AS v(x)", [Some(2.0); 3]),
    ] {
        let found = floats(&context, sql).await?;
        assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), expected, "{sql}");
    }
    let nan = floats(&context, "SELECT exact_mean(x), exact_quantile(x, 0.5) FROM (VALUES (2.0), (0e0 / 0e0)) AS v(x)")
        .await?;
    assert!(nan.into_iter().flatten().all(|value| value.unwrap().is_nan()));
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let context = session(2).await.unwrap();
    for (sql, said) in [
        ("SELECT exact_mean(key) FROM t", "takes numbers"),
        ("SELECT exact_mean(heavy, wide) FROM t", "takes one argument"),
        ("SELECT exact_quantile(heavy) FROM t", "a probability"),
        ("SELECT exact_quantile(heavy, 1.5) FROM t", "1.5"),
        ("SELECT exact_quantile(heavy, at) FROM t", "one probability for all rows"),
    ] {
        let error = floats(&context, sql).await.unwrap_err().to_string();
        assert!(error.contains(said), "{sql}: {error}");
    }
}
