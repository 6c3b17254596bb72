//! The confidence interval of the mean.
//!
//! mean ± t·s/√n, where t is the quantile of Student's t distribution with n − 1 degrees of freedom at (1 + level)/2,
//! and s/√n is rounded once. t comes from statrs up to 1,000 degrees of freedom; beyond, where its inverse incomplete
//! beta function loses digits (6·10^−5 at a million), from the normal quantile by the expansion of Abramowitz and
//! Stegun, *Handbook of Mathematical Functions*, 26.7.5. Either has a relative error below 10^−11 for levels up to
//! 0.999999. Both use logarithms and exponentials of the platform, so t is rounded to 12 significant digits: what a
//! platform rounds differently lies below them.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Up to how many degrees of freedom statrs answers itself.
const DIRECT: f64 = 1000.0;

/// (low, high) for the confidence `level`, between 0 and 1 exclusive; `None` for fewer than two values.
pub fn mean_interval(mean: f64, standard_error: f64, count: u64, level: f64) -> Option<(f64, f64)> {
    let freedom = count.checked_sub(1).filter(|&freedom| freedom > 0)? as f64;
    let half = student_t(0.5 + level / 2.0, freedom)? * standard_error;
    Some((mean - half, mean + half))
}

/// The quantile of Student's t at `p`, to 12 digits.
fn student_t(p: f64, freedom: f64) -> Option<f64> {
    let t = if freedom <= DIRECT {
        StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(p)
    } else {
        expand(Normal::standard().inverse_cdf(p), freedom)
    };
    format!("{t:.11e}").parse().ok()
}

/// Abramowitz and Stegun 26.7.5, x the normal quantile.
fn expand(x: f64, freedom: f64) -> f64 {
    let s = x * x;
    let g1 = x * (s + 1.0) / 4.0;
    let g2 = x * ((5.0 * s + 16.0) * s + 3.0) / 96.0;
    let g3 = x * (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0;
    let g4 = x * ((((79.0 * s + 776.0) * s + 1482.0) * s - 1920.0) * s - 945.0) / 92160.0;
    x + (g1 + (g2 + (g3 + g4 / freedom) / freedom) / freedom) / freedom
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles computed with mpmath to 40 digits (up to 1,000 degrees of freedom) and with SciPy.
    #[test]
    fn quantiles_of_student_t() {
        for (freedom, level, t) in [
            (1.0, 0.95, 12.706204736174705),
            (2.0, 0.95, 4.302652729749464),
            (10.0, 0.5, 0.6998120613124317),
            (30.0, 0.8, 1.3104150253913958),
            (99.0, 0.9, 1.660391156016991),
            (100.0, 0.95, 1.9839715185235518),
            (1000.0, 0.999999, 4.922289523423825),
            (8758.0, 0.5, 0.6745177638981099),
            (8758.0, 0.95, 1.9602348904021503),
            (1e5, 0.8, 1.2815600314493614),
            (1e6, 0.999999, 4.891668960682879),
        ] {
            let computed = student_t(0.5 + level / 2.0, freedom).unwrap();
            let error = (computed / t - 1.0).abs();
            assert!(error < 1e-11, "t({freedom}) at {level}: {computed}, off by {error:e}");
        }
    }

    #[test]
    fn no_interval_of_one_value() {
        assert_eq!(mean_interval(1.0, 0.0, 1, 0.95), None);
        assert_eq!(mean_interval(1.0, 0.0, 0, 0.95), None);
        assert_eq!(mean_interval(1.0, 0.0, 2, 0.95), Some((1.0, 1.0)));
    }
}
