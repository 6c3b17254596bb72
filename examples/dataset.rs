//! Parquet files, larger than memory: the real weather in `data/`, by city, in 128 MiB.
//!
//! cargo run --release --example dataset

use rstats::parquet::{Dataset, Predicate, Progress, Request};
use rstats::report::Report;
use rstats::{Interrupt, Spec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dataset = Dataset::open(["data/city_temps.parquet"])?;
    let request = Request {
        by: vec!["city".to_owned()],
        predicate: Some(Predicate::parse("temp > 0")?),
        memory_limit: 128 << 20,
        ..Request::default()
    };
    let spec = Spec::default();
    let answer = dataset.plan(&request, &spec)?.run(&Interrupt::default(), &Progress::default())?;
    let report = Report::new(spec, answer.source, answer.series);
    report.write_json(&mut std::io::stdout())?;
    assert_eq!(report.series.len(), 2);
    Ok(())
}
