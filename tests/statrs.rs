//! The port that rstats came from used statrs: which definition of a quantile that is.

use arrow_array::Float64Array;
use rstats::{Method, Spec, describe};
use statrs::statistics::{Data, OrderStatistics};

#[test]
fn statrs_computes_median_unbiased() {
    for n in 2..60u32 {
        let values: Vec<f64> = (0..n).map(|i| f64::from((i * 37) % 61)).collect();
        let theirs = Data::new(values.clone()).lower_quartile();
        let spec = Spec::default().with_method(Method::MedianUnbiased);
        let ours = describe(&Float64Array::from(values), &spec).unwrap().get("q1").unwrap();
        assert!((theirs - ours).abs() < 1e-12, "{n} values: {theirs}, {ours}");
    }
}
