//! The kernels, each as `kernel/type/nulls/size/tier`, in bytes of input a second, beside a plain read of the same memory.
//!
//! `cargo bench --bench kernels -- moments/f64` runs those whose name contains that. One thread; every answer is checked
//! against a slow and obvious one before it is timed.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::{Array, ArrayRef, Float32Array, Float64Array, Int32Array, Int64Array};
use arrow_buffer::NullBuffer;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rstats::internal::Tier;
use rstats::internal::read;
use rstats::scan::{Keep, Outcome, Scan};
use rstats::series::Kind;
use rstats::{Describer, Spec, Statistic};

/// Marsaglia's xorshift64*, from 0 to 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal: a sum of uniform values.
    fn normal(&mut self) -> f64 {
        (0..6).map(|_| self.next()).sum::<f64>() - 3.0
    }
}

/// What the values are like.
const KINDS: [&str; 8] = ["f64", "f32", "i64", "i32", "f64-wide", "f64-outliers", "f64-infinities", "f64-nans"];

fn array(kind: &str, nulls: bool, size: usize) -> ArrayRef {
    let mut random = Random(88172645463325252);
    let validity = nulls.then(|| NullBuffer::from((0..size).map(|_| random.next() >= 0.05).collect::<Vec<bool>>()));
    let mut random = Random(2463534242);
    let mut floats =
        |odd: &mut dyn FnMut(usize, f64) -> f64| -> Vec<f64> { (0..size).map(|i| odd(i, random.normal())).collect() };
    match kind {
        "f32" => {
            let values: Vec<f32> = floats(&mut |_, x| x).into_iter().map(|x| x as f32).collect();
            Arc::new(Float32Array::new(values.into(), validity))
        }
        "i64" => {
            let values: Vec<i64> = floats(&mut |_, x| x * 1e12).into_iter().map(|x| x as i64).collect();
            Arc::new(Int64Array::new(values.into(), validity))
        }
        "i32" => {
            let values: Vec<i32> = floats(&mut |_, x| x * 1e6).into_iter().map(|x| x as i32).collect();
            Arc::new(Int32Array::new(values.into(), validity))
        }
        kind => {
            let mut odd: Box<dyn FnMut(usize, f64) -> f64> = match kind {
                // Every exponent of f64, as random bits have them.
                "f64-wide" => Box::new(|_, x| x * 2f64.powi(((x.to_bits() >> 3) % 2000) as i32 - 1000)),
                "f64-outliers" => Box::new(|i, x| if i % 1000 == 0 { x * 1e200 } else { x }),
                "f64-infinities" => Box::new(|i, x| if i % 1000 == 0 { x / 0.0 } else { x }),
                "f64-nans" => Box::new(|i, x| if i % 1000 == 0 { f64::NAN } else { x }),
                _ => Box::new(|_, x| x),
            };
            Arc::new(Float64Array::new(floats(&mut odd).into(), validity))
        }
    }
}

/// A sum that does nothing but read: 32 lanes.
fn plain_sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; 32];
    for values in values.as_chunks::<32>().0 {
        for (lane, value) in lanes.iter_mut().zip(values) {
            *lane += value;
        }
    }
    lanes.iter().sum()
}

fn scan(array: &dyn Array, spec: &Spec, tier: Tier) -> Option<u64> {
    let outcome = match Kind::of(array.data_type()) {
        Some(Kind::Signed) => {
            let mut scan = Scan::<i64>::new(spec, Keep::All).with_tier(tier);
            read(array, &mut scan).expect("an integer array");
            done(scan.finish(spec).expect("what it was made for"))
        }
        _ => {
            let mut scan = Scan::<f64>::new(spec, Keep::All).with_tier(tier);
            read(array, &mut scan).expect("a float array");
            done(scan.finish(spec).expect("what it was made for"))
        }
    };
    outcome.get("stddev").map(f64::to_bits)
}

fn done<K>(outcome: Outcome<K>) -> rstats::Summary {
    match outcome {
        Outcome::Done(summary) => summary,
        Outcome::Again(_) => unreachable!("all values are kept"),
    }
}

fn moments(criterion: &mut Criterion) {
    let spec = Spec::default().with_statistics([Statistic::Min, Statistic::Max, Statistic::Mean, Statistic::Stddev]);
    let spec = spec.with_quantiles(&[]).expect("no quantiles").with_nan(rstats::NanPolicy::Omit);
    for (label, size) in [("1k", 1 << 10), ("1M", 1 << 20), ("50M", 50_000_000)] {
        for kind in KINDS {
            for (nulls, with_nulls) in [("0", false), ("5%", true)] {
                if size > 1 << 20 && (kind != "f64" || with_nulls) {
                    continue;
                }
                let array = array(kind, with_nulls, size);
                let bytes = array.to_data().buffers()[0].len() as u64;
                let mut group = criterion.benchmark_group("moments");
                group.throughput(Throughput::Bytes(bytes)).sample_size(10);
                group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(800));
                let expected = scan(&array, &spec, Tier::available()[0]);
                for tier in Tier::available() {
                    assert_eq!(scan(&array, &spec, tier), expected, "{kind} {}", tier.name());
                    let id = BenchmarkId::new(format!("{kind}/{nulls}/{label}"), tier.name());
                    group.bench_function(id, |bencher| bencher.iter(|| scan(black_box(&array), &spec, tier)));
                }
                if kind == "f64" && !with_nulls {
                    let values = array.as_any().downcast_ref::<Float64Array>().expect("f64").values().clone();
                    let id = BenchmarkId::new(format!("{kind}/{nulls}/{label}"), "plain-sum");
                    group.bench_function(id, |bencher| bencher.iter(|| plain_sum(black_box(&values))));
                }
            }
        }
    }
}

/// One whole series from Rust, as a caller with many of them does it.
fn describe(criterion: &mut Criterion) {
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let mut describer = Describer::new(&Spec::default());
    for kind in KINDS {
        for (nulls, with_nulls) in [("0", false), ("5%", true)] {
            for size in [9, 100, 1_000, 10_000, 1_000_000, 10_000_000] {
                if (kind != "f64" || with_nulls) && size != 1_000_000 {
                    continue;
                }
                let array = array(kind, with_nulls, size);
                let bytes = array.to_data().buffers()[0].len() as u64;
                let mut group = criterion.benchmark_group("describe");
                group.throughput(Throughput::Bytes(bytes)).sample_size(10);
                group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(800));
                let id = BenchmarkId::new(format!("{kind}/{nulls}/{size}"), Tier::best().name());
                group.bench_function(id, |bencher| {
                    one.install(|| bencher.iter(|| describer.describe(black_box(&array)).expect("numbers")));
                });
            }
        }
    }
}

criterion_group!(benches, moments, describe);
criterion_main!(benches);
