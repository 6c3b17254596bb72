//! A source of one's own: whatever can hand out values a slice at a time. Here it is a file of little-endian doubles, read twice if
//! one pass does not decide the quantiles, and never held in memory.
//!
//! cargo run --release --example own_source

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use rstats::scan::{Keep, Outcome, Scan};
use rstats::{Spec, Summary};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("rstats-doubles-{}", std::process::id()));
    let mut file = std::io::BufWriter::new(File::create(&path)?);
    for i in 0..500_000u32 {
        file.write_all(&(f64::from(i.wrapping_mul(2_654_435_761)) / 7.0).to_le_bytes())?;
    }
    file.into_inner()?.sync_all()?;
    let summary = describe_file(&path, &Spec::default());
    std::fs::remove_file(&path)?;
    let summary = summary?;
    println!("{} values: {:?}", summary.count, summary.statistics().collect::<Vec<_>>());
    assert_eq!(summary.count, 500_000);
    Ok(())
}

/// Passes over the file until the scan has the answer.
fn describe_file(path: &Path, spec: &Spec) -> Result<Summary, Box<dyn std::error::Error>> {
    let keep = Keep::AtMost(1 << 16);
    let mut scan = Scan::new(spec, keep);
    read_into(path, &mut scan)?;
    loop {
        match scan.finish(spec)? {
            Outcome::Done(summary) => return Ok(summary),
            Outcome::Again(brackets) => {
                let mut pass = scan.narrow(keep, brackets);
                read_into(path, &mut pass)?;
                if !scan.settle(pass) {
                    return Err("the file changed between two passes".into());
                }
            }
        }
    }
}

fn read_into(path: &Path, scan: &mut Scan<f64>) -> std::io::Result<()> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut bytes = vec![0; 8 << 13];
    loop {
        let length = fill(&mut file, &mut bytes)?;
        if length == 0 {
            return Ok(());
        }
        let (numbers, rest) = bytes[..length].as_chunks();
        assert!(rest.is_empty(), "the file ends within a number");
        let values: Vec<f64> = numbers.iter().map(|number| f64::from_le_bytes(*number)).collect();
        scan.update(&values);
    }
}

/// As many bytes as there are, up to the length of the buffer.
fn fill(file: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < bytes.len() {
        match file.read(&mut bytes[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}
