//! Bodies of any bytes: never a panic, the same arrays of numbers as serde_json, and no more of them.
//!
//!     cargo install cargo-fuzz
//!     cargo +nightly fuzz run json -- -max_total_time=60

#![no_main]

use libfuzzer_sys::fuzz_target;
use rstats::json::{Limits, numbers, series};

fuzz_target!(|body: &[u8]| {
    let limits = Limits { bytes: 1 << 16, depth: 64, series: 1 << 12 };
    let _ = series(body, "", limits);
    let _ = numbers(body, "/values", limits);
    let ours = numbers(body, "", limits);
    match serde_json::from_slice::<Vec<f64>>(body) {
        Ok(theirs) => {
            let ours = ours.expect("what serde_json takes");
            let mut found = Vec::new();
            for chunk in ours.chunks() {
                chunk.read::<f64>(&mut found).expect("floats");
            }
            assert!(found.iter().map(|x| x.to_bits()).eq(theirs.iter().map(|x| x.to_bits())));
        }
        // A byte order mark is passed over here alone.
        Err(_) => assert!(ours.is_err() || body.starts_with(b"\xef\xbb\xbf")),
    }
});
