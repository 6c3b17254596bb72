//! One array, the columns of a table, rows with keys, and rows of lists.
//!
//! cargo run --release --example describe

use std::sync::Arc;

use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use rstats::{
    Columns, Interrupt, Method, Series, Spec, Statistic, describe, describe_all, describe_groups, describe_lists,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let interrupt = Interrupt::default();

    // One array: what Python's `statistics` says of it, to the last bit.
    let readings = Float64Array::from(vec![2.75, 1.75, 1.25, 0.25, 0.5, 1.25, 3.5]);
    let spec = Spec::default().with_method(Method::Exclusive);
    let summary = describe(&readings, &spec)?;
    println!("mean {:?}, quartiles {:?} to {:?}", summary.get("mean"), summary.get("q1"), summary.get("q3"));
    assert_eq!(summary.get("mean"), Some(1.6071428571428572));
    assert_eq!((summary.get("q1"), summary.get("q3")), (Some(0.5), Some(2.75)));

    // A table: every column of numbers, each of its own type.
    let table = RecordBatch::try_from_iter([
        ("city", Arc::new(StringArray::from(vec!["Oslo", "Rome", "Oslo", "Rome"])) as ArrayRef),
        ("temp", Arc::new(Float64Array::from(vec![Some(-3.5), Some(12.0), None, Some(14.5)]))),
        ("visits", Arc::new(Int64Array::from(vec![1, 2, 3, 9_007_199_254_740_993]))),
    ])?;
    let series = Series::from_batches(std::slice::from_ref(&table), &Columns::Numeric)?;
    let spec = Spec::default().with_statistics([Statistic::Mean, Statistic::Max]).with_quantiles(&[0.5, 0.99])?;
    for summary in describe_all(&series, &spec, &interrupt)? {
        let statistics: Vec<_> = summary.statistics().collect();
        println!("{:?}: {} values, {} nulls, {statistics:?}", summary.column, summary.count, summary.null_count);
    }

    // Rows with equal keys are a series: a row of the answer for each column and each key.
    let by = vec![(table.schema().fields()[0].clone(), table.column(0).clone())];
    let groups = describe_groups(by, &series, &spec, &interrupt)?;
    let cities = groups.keys().expect("there are keys").column(0).clone();
    println!("by city: {cities:?}");
    for row in 0..groups.len() {
        println!("{:?}, key {}: {:?}", groups.column(row), groups.key_row(row), groups.counts(row));
    }
    assert_eq!(groups.value(1, 1), Some(13.25)); // the mean temperature of Rome

    // Each list is a series.
    let lists = ListArray::from_iter_primitive::<Float64Type, _, _>(vec![
        Some(vec![Some(1.0), Some(2.0), Some(6.0)]),
        None,
        Some(vec![]),
    ]);
    let column = (Some("readings".to_owned()), vec![Arc::new(lists) as ArrayRef]);
    let lists = describe_lists(vec![column], vec![], &spec, &interrupt)?;
    assert_eq!((lists.value(0, 1), lists.counts(1), lists.counts(2)), (Some(3.0), None, Some([0, 0, 0])));
    Ok(())
}
