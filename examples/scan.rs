//! Parts of one series on several threads, or machines: each has a scan, scans travel as bytes, and merge in any order. The answer
//! has the bits of the whole series described at once.
//!
//! cargo run --release --example scan

use rstats::scan::{Keep, Outcome, Scan};
use rstats::{Describer, Spec};

fn main() -> rstats::Result<()> {
    let spec = Spec::default();
    let values: Vec<f64> = (0..3_000_000u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 8) / 3.0).collect();

    // The question goes to everyone as an empty scan, which keeps a bounded number of values.
    let mut brackets = None;
    let mut first: Option<Scan<f64>> = None;
    let summary = loop {
        let empty = match (&first, brackets.take()) {
            (Some(scan), Some(brackets)) => scan.narrow(Keep::AtMost(100_000), brackets),
            _ => Scan::new(&spec, Keep::AtMost(100_000)),
        };
        let parts: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let scans = values.chunks(1_000_000).map(|part| {
                let mut scan = empty.clone();
                scope.spawn(move || {
                    scan.update(part);
                    scan.to_bytes()
                })
            });
            let threads: Vec<_> = scans.collect();
            threads.into_iter().map(|thread| thread.join().expect("the thread ends")).collect::<rstats::Result<_>>()
        })?;
        // Bytes are checked: those that were damaged on the way are an error.
        let mut whole = empty;
        for bytes in parts.iter().rev() {
            whole.merge(Scan::try_from(&bytes[..])?)?;
        }
        match first.as_mut() {
            None => first = Some(whole),
            Some(scan) => assert!(scan.settle(whole), "these were the same values"),
        }
        // If the values that were kept do not decide a quantile, the brackets say where to look in another pass.
        let Some(scan) = first.as_mut() else { continue };
        match scan.finish(&spec)? {
            Outcome::Done(summary) => break summary,
            Outcome::Again(narrower) => brackets = Some(narrower),
        }
    };
    println!("{:?}", summary.statistics().collect::<Vec<_>>());
    let alone = Describer::new(&spec).describe_values(&values)?;
    assert!(summary.statistics().eq(alone.statistics()));

    let mut damaged = first.expect("there was a pass").to_bytes()?;
    damaged[20] ^= 1;
    println!("{}", Scan::<f64>::try_from(&damaged[..]).expect_err("the checksum tells"));
    Ok(())
}
