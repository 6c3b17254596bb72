//! Batches that come once, one after the other: nothing but what the answer needs is kept of them.
//!
//! cargo run --release --example stream

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch};
use rstats::{Columns, Interrupt, Spec, Statistic, StreamDescriber};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A thousand batches of a sensor, made as they are asked for.
    let batch = |number: u32| {
        let values: Float64Array = (0..1_000u32).map(|row| f64::from(number * 1_000 + row) / 10.0).collect();
        RecordBatch::try_from_iter([("reading", Arc::new(values) as _)])
    };
    // Without quantiles, no value is kept.
    let spec = Spec::default().with_statistics([Statistic::Mean, Statistic::Stddev]).with_quantiles(&[])?;
    let mut stream = StreamDescriber::new(&batch(0)?.schema(), &Columns::Numeric, &spec)?;
    for number in 0..1_000 {
        stream.update(&batch(number)?, &Interrupt::default())?;
    }
    let summaries = stream.finish()?;
    println!("{:?}: {:?}", summaries[0].column, summaries[0].statistics().collect::<Vec<_>>());
    assert_eq!(summaries[0].count, 1_000_000);
    assert_eq!(summaries[0].get("mean"), Some(49_999.95));
    Ok(())
}
