//! The question itself.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::learned::Learned;
use super::statistic::{KindStatistic, NanPolicy, NullPolicy, Statistic};
use crate::error::{Error, Result};
use crate::stats::higher_moments::Bias;
use crate::stats::histogram::BinCount;
use crate::stats::quantile::{Method, Probability};
use crate::suggest::hint;

/// What is asked: the same for every series of a call.
///
/// The default asks for min, max, range, mean, stddev and the three quartiles, as pandas and NumPy define them.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    statistics: Vec<Statistic>,
    of_kinds: Vec<KindStatistic>,
    quantiles: Vec<Probability>,
    method: Method,
    ddof: u64,
    nan: NanPolicy,
    null: NullPolicy,
    min_count: u64,
    level: f64,
    trim: f64,
    bias: Bias,
    bins: BinCount,
    /// How many of the most frequent texts are wanted.
    top: Option<NonZeroU32>,
    /// The quantiles that are computed: those that are wanted, and what other statistics are made of.
    computed: Vec<Probability>,
    /// What a scan has to learn for it.
    learned: Learned,
    /// The names of what is asked: every summary shares them.
    names: Arc<[String]>,
    /// Whether the values are ticks of a unit of time, and the statistics are rounded to whole ones.
    in_ticks: bool,
}

impl Default for Spec {
    fn default() -> Self {
        use Statistic::{Max, Mean, Min, Range, Stddev};
        Self {
            statistics: vec![Min, Max, Range, Mean, Stddev],
            of_kinds: Vec::new(),
            quantiles: Probability::cut_points(4),
            method: Method::Linear,
            ddof: 1,
            nan: NanPolicy::Propagate,
            null: NullPolicy::Skip,
            min_count: 0,
            level: 0.95,
            trim: 0.1,
            bias: Bias::Corrected,
            bins: BinCount::default(),
            top: None,
            computed: Vec::new(),
            learned: Learned::of(&[], false),
            names: Arc::new([]),
            in_ticks: false,
        }
        .with_names()
    }
}

impl Spec {
    /// The same with these statistics.
    pub fn with_statistics(mut self, statistics: impl IntoIterator<Item = Statistic>) -> Self {
        self.statistics = statistics.into_iter().collect();
        self.statistics.sort_unstable();
        self.statistics.dedup();
        self.with_names()
    }

    /// The same with statistics by name. Quantiles may be among them, as `median`, `p95` or `50%`, and join those of the spec; so may
    /// the three counts, which are always there, and those that one kind of columns alone has ([`KindStatistic`]). What pandas and others call some of them is understood: `std`, `var`, `avg`,
    /// `nunique`, `skew`, `kurt`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a name that is none.
    pub fn with_statistics_named<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        let mut statistics = Vec::new();
        let mut quantiles = self.quantiles.clone();
        self.of_kinds.clear();
        for name in names {
            let name = name.as_ref();
            let known = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, known)| known);
            if let Some((statistic, _)) = Statistic::ALL.iter().find(|(_, candidate)| *candidate == known) {
                statistics.push(*statistic);
            } else if let Some(quantile) = quantile_named(known) {
                quantiles.push(quantile);
            } else if let Some((statistic, _)) = KindStatistic::ALL.iter().find(|(_, candidate)| *candidate == known) {
                self.of_kinds.push(*statistic);
            } else if !["count", "null_count", "nan_count"].contains(&known) {
                let of_kinds = KindStatistic::ALL.iter().map(|(_, name)| *name);
                let statistics = Statistic::ALL.iter().map(|(_, name)| *name).chain(of_kinds);
                let names: Vec<_> = statistics.chain(QUARTILES.iter().map(|(_, n)| *n)).collect();
                let meant = hint(name, names.iter().copied());
                let names = names.join(", ");
                return Err(Error::Invalid(format!(
                    "'{name}' is not a statistic; it is one of {names}, p95, 95%{meant}"
                )));
            }
        }
        self.of_kinds.sort_unstable();
        self.of_kinds.dedup();
        Ok(self.with_statistics(statistics).with_probabilities(quantiles))
    }

    /// The same with the quantiles at these probabilities.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a probability outside 0..=1.
    pub fn with_quantiles(self, probabilities: &[f64]) -> Result<Self> {
        let checked = probabilities.iter().map(|&p| {
            Probability::new(p)
                .ok_or_else(|| Error::Invalid(format!("the probability of a quantile is from 0 to 1, not {p}")))
        });
        let checked = checked.collect::<Result<_>>()?;
        Ok(self.with_probabilities(checked))
    }

    /// The same with the n − 1 cut points of `n` groups of equal probability.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for `n` of 0, or above 1,000,000.
    pub fn with_cut_points(self, n: u64) -> Result<Self> {
        if !(1..=1_000_000).contains(&n) {
            return Err(Error::Invalid(format!(
                "the number of groups that quantiles cut is from 1 to 1000000, not {n}"
            )));
        }
        Ok(self.with_probabilities(Probability::cut_points(n)))
    }

    fn with_probabilities(mut self, probabilities: Vec<Probability>) -> Self {
        self.quantiles = probabilities;
        self.quantiles.sort_by(|a, b| a.value().total_cmp(&b.value()));
        self.quantiles.dedup_by(|a, b| a.value() == b.value());
        self.with_names()
    }

    fn with_names(mut self) -> Self {
        let statistics = self.statistics.iter().flat_map(|statistic| statistic.field_names()).map(str::to_owned);
        let quantiles = self.quantiles.iter().map(|p| quantile_name(p.value()));
        self.names = statistics.chain(quantiles).collect();
        self.computed = self.quantiles.clone();
        if self.needs_quartiles() {
            self.computed.extend(Probability::cut_points(4).into_iter().filter(|p| p.value() != 0.5));
            self.computed.sort_by(|a, b| a.value().total_cmp(&b.value()));
            self.computed.dedup_by(|a, b| a.value() == b.value());
        }
        self.learned = Learned::of(&self.statistics, !self.computed.is_empty());
        self
    }

    /// The same with this definition of a quantile.
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// The same with `ddof` subtracted from n in the divisor of variance and stddev.
    pub fn with_ddof(self, ddof: u64) -> Self {
        Self { ddof, ..self }
    }

    /// The same with this policy for NaNs.
    pub fn with_nan(self, nan: NanPolicy) -> Self {
        Self { nan, ..self }
    }

    /// The same with this policy for nulls.
    pub fn with_null(self, null: NullPolicy) -> Self {
        Self { null, ..self }
    }

    /// The same where the sum of fewer than `min_count` values is not defined. The sum of nothing is 0 unless this is at least 1.
    pub fn with_min_count(self, min_count: u64) -> Self {
        Self { min_count, ..self }
    }

    /// The same with this confidence level for [`Statistic::MeanCi`].
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a level that is not between 0 and 1.
    pub fn with_level(mut self, level: f64) -> Result<Self> {
        if !(level > 0.0 && level < 1.0) {
            return Err(Error::Invalid(format!("a confidence level lies between 0 and 1, not at {level}")));
        }
        self.level = level;
        Ok(self)
    }

    /// The same with this share of the values cut off at each end for [`Statistic::TrimmedMean`].
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a share below 0, or of 0.5 and more.
    pub fn with_trim(mut self, share: f64) -> Result<Self> {
        if !(0.0..0.5).contains(&share) {
            return Err(Error::Invalid(format!(
                "the share that is cut off at each end is from 0 to below 0.5, not {share}"
            )));
        }
        self.trim = share;
        Ok(self)
    }

    /// The same with a histogram of `bins` bins among the statistics. One that is named among the statistics alone has 10.
    pub fn with_histogram(self, bins: BinCount) -> Self {
        let statistics: Vec<_> = self.statistics.iter().copied().chain([Statistic::Histogram]).collect();
        Self { bins, ..self }.with_statistics(statistics)
    }

    /// The same with the `k` most frequent values of each column of text, and how many distinct ones it has.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for `k` of 0, or above 10,000.
    pub fn with_top(mut self, k: u64) -> Result<Self> {
        const MOST: u32 = 10_000;
        let k_in_range = u32::try_from(k).ok().filter(|k| *k <= MOST).and_then(NonZeroU32::new);
        self.top = Some(k_in_range.ok_or_else(|| {
            Error::Invalid(format!("the number of the most frequent values is from 1 to {MOST}, not {k}"))
        })?);
        Ok(self)
    }

    /// What a page about the data shows, NaNs left out: [`Report::to_page`](crate::report::Report::to_page).
    ///
    /// # Errors
    ///
    /// Those of [`Spec::with_top`] for `top`.
    pub fn for_page(self, bins: BinCount, top: u64) -> Result<Self> {
        use Statistic::{Fences, Kurtosis, NNegative, NZero, Outliers, Skewness, Sum};
        let shown = [Sum, Skewness, Kurtosis, NZero, NNegative, Fences, Outliers];
        let statistics: Vec<_> = self.statistics.iter().copied().chain(shown).collect();
        let spec = self.with_statistics(statistics).with_quantiles(&[0.05, 0.25, 0.5, 0.75, 0.95])?;
        spec.with_nan(NanPolicy::Omit).with_histogram(bins).with_top(top)
    }

    /// How many of the most frequent values of a column of text are wanted, if any.
    pub fn top(&self) -> Option<u32> {
        self.top.map(NonZeroU32::get)
    }

    /// Whether something else is made of the first and the third quartile.
    fn needs_quartiles(&self) -> bool {
        let counts_bins = self.wants(Statistic::Histogram) && self.bins == BinCount::Auto;
        counts_bins || [Statistic::Iqr, Statistic::Fences, Statistic::Outliers].iter().any(|&of| self.wants(of))
    }

    /// The wanted statistics, in the order of every output.
    pub fn statistics(&self) -> &[Statistic] {
        &self.statistics
    }

    /// The probabilities of the wanted quantiles, ascending.
    pub fn quantiles(&self) -> &[Probability] {
        &self.quantiles
    }

    /// What a scan has to learn for it.
    pub(crate) fn learned(&self) -> Learned {
        self.learned
    }

    /// The probabilities of the quantiles that are computed, ascending: the wanted ones, and what other statistics need.
    pub(crate) fn computed(&self) -> &[Probability] {
        &self.computed
    }

    /// Whether a scan looks at the order of the values: for quantiles, or to count between edges.
    pub(crate) fn looks_at_order(&self) -> bool {
        self.learned.wants(Learned::QUANTILES)
    }

    /// Whether a scan counts values between edges, and looks for no quantile.
    pub(crate) fn counts_alone(&self) -> bool {
        self.looks_at_order() && self.computed.is_empty()
    }

    /// The same as numbers from 0 to 1.
    pub(crate) fn fractions(&self) -> Vec<f64> {
        self.computed().iter().map(Probability::value).collect()
    }

    /// The same with skewness and kurtosis corrected for the bias of a sample, or not.
    pub fn with_bias(self, bias: Bias) -> Self {
        Self { bias, ..self }
    }

    /// Whether skewness and kurtosis are corrected for the bias of a sample.
    pub fn bias(&self) -> Bias {
        self.bias
    }

    /// The same without what takes the values in order.
    pub(crate) fn without_order(self) -> Self {
        use Statistic::{Fences, Histogram, Iqr, Mad, Mode, NUnique, Outliers, TrimmedMean};
        const TAKE_ORDER: [Statistic; 8] = [Iqr, Mad, Mode, NUnique, TrimmedMean, Fences, Outliers, Histogram];
        let kept: Vec<_> =
            self.statistics.iter().copied().filter(|statistic| !TAKE_ORDER.contains(statistic)).collect();
        self.with_statistics(kept).with_probabilities(Vec::new())
    }

    /// The same for ticks of a unit of time: what of it is a time, a span or a count, rounded to whole ticks. With a histogram come the
    /// extrema, which are its outer edges.
    pub(crate) fn in_whole_ticks(self) -> Self {
        use Statistic::{Histogram, Iqr, Max, Mean, Min, Mode, NUnique, Range, Sem, Stddev, Sum};
        const KNOWN: [Statistic; 11] = [Min, Max, Range, Sum, Mean, Stddev, Sem, Iqr, Mode, NUnique, Histogram];
        let ends = [Min, Max].into_iter().filter(|_| self.wants(Histogram));
        let kept = self.statistics.iter().copied().filter(|statistic| KNOWN.contains(statistic));
        let kept: Vec<_> = kept.chain(ends).collect();
        Self { in_ticks: true, ..self.with_statistics(kept) }
    }

    /// Whether statistics are rounded to whole ticks.
    pub(crate) fn in_ticks(&self) -> bool {
        self.in_ticks
    }

    /// Whether the statistics of a spec that names none are among those that are wanted.
    pub(crate) fn has_default_statistics(&self) -> bool {
        Self::default().statistics.iter().all(|statistic| self.wants(*statistic))
    }

    /// The statistics that were named which one kind of columns alone has.
    pub fn of_kinds(&self) -> &[KindStatistic] {
        &self.of_kinds
    }

    /// Whether this statistic is wanted of the columns that have it.
    pub(crate) fn wants_of_kind(&self, statistic: KindStatistic) -> bool {
        self.of_kinds.contains(&statistic) || self.has_default_statistics()
    }

    /// That all of it can be asked of numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where it names a statistic that numbers have not.
    pub fn check_numbers(&self) -> Result<()> {
        match self.of_kinds.first() {
            None => Ok(()),
            Some(statistic) => Err(Error::Invalid(format!(
                "numbers have no '{}', and only numbers are described here",
                statistic.name()
            ))),
        }
    }

    /// Whether counts and extrema are all that is wanted.
    pub fn wants_only_extrema(&self) -> bool {
        use Statistic::{Max, Min, Range};
        self.computed.is_empty() && self.statistics.iter().all(|statistic| [Min, Max, Range].contains(statistic))
    }

    /// How a quantile is defined.
    pub fn method(&self) -> Method {
        self.method
    }

    /// What is subtracted from n in the divisor of variance and stddev.
    pub fn ddof(&self) -> u64 {
        self.ddof
    }

    /// What a NaN does.
    pub fn nan(&self) -> NanPolicy {
        self.nan
    }

    /// What a null does.
    pub fn null(&self) -> NullPolicy {
        self.null
    }

    /// How many values a sum is of at least.
    pub fn min_count(&self) -> u64 {
        self.min_count
    }

    /// The share of the values that is cut off at each end for the trimmed mean.
    pub fn trim(&self) -> f64 {
        self.trim
    }

    /// The confidence level of the mean's interval.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// The names of a summary's statistics, after the three counts: what is asked, in the order of every output.
    pub fn field_names(&self) -> &Arc<[String]> {
        &self.names
    }

    /// Whether values are counted between edges that follow from their order.
    pub(crate) fn counts_between(&self) -> bool {
        [Statistic::Fences, Statistic::Outliers, Statistic::Histogram].iter().any(|statistic| self.wants(*statistic))
    }

    /// How many bins a histogram has.
    pub fn bins(&self) -> BinCount {
        self.bins
    }

    /// The most bins that the histogram of a series of `rows` rows can have; 0 if no histogram is wanted.
    #[cfg(feature = "parquet")]
    pub(crate) fn most_bins(&self, rows: u64) -> u64 {
        if self.wants(Statistic::Histogram) { self.bins.most(rows) } else { 0 }
    }

    /// Whether this statistic is wanted.
    pub fn wants(&self, statistic: Statistic) -> bool {
        self.statistics.contains(&statistic)
    }
}

/// The quantiles with names, by their place among the quartiles.
const QUARTILES: [(usize, &str); 3] = [(0, "q1"), (1, "median"), (2, "q3")];

/// What others call some statistics.
const ALIASES: [(&str, &str); 16] = [
    ("std", "stddev"),
    ("stdev", "stddev"),
    ("std_dev", "stddev"),
    ("var", "variance"),
    ("avg", "mean"),
    ("average", "mean"),
    ("minimum", "min"),
    ("maximum", "max"),
    ("nunique", "n_unique"),
    ("distinct", "n_unique"),
    ("skew", "skewness"),
    ("kurt", "kurtosis"),
    ("hist", "histogram"),
    // What pandas says of text: the mode comes with its count.
    ("unique", "n_unique"),
    ("top", "mode"),
    ("freq", "mode"),
];

/// The quantile that a name stands for: `q1`, `median`, `q3`, `p95`, `p99.9`, `95%`.
fn quantile_named(name: &str) -> Option<Probability> {
    if let Some((k, _)) = QUARTILES.iter().find(|(_, candidate)| *candidate == name) {
        return Some(Probability::cut_points(4)[*k].clone());
    }
    let percent = name.strip_prefix('p').or_else(|| name.strip_suffix('%'))?;
    let (whole, fraction) = percent.split_once('.').unwrap_or((percent, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || !digits(whole) || !digits(fraction) {
        return None;
    }
    // The point is shifted, so that 29 % is the float 0.29.
    let whole = format!("{whole:0>3}");
    format!("{}.{}{fraction}", &whole[..1], &whole[1..]).parse().ok().and_then(Probability::new)
}

/// The name of a quantile in every output: `q1`, `median`, `q3`, else `p` and its percent in the shortest form.
pub fn quantile_name(p: f64) -> String {
    match p {
        0.25 => "q1".to_owned(),
        0.5 => "median".to_owned(),
        0.75 => "q3".to_owned(),
        _ => format!("p{}", percent(p)),
    }
}

/// p in percent: its shortest decimal form with the point two places to the right, so that 0.29 is 29.
fn percent(p: f64) -> String {
    let digits = format!("{p}"); // never with an exponent
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let fraction = format!("{fraction:0<2}");
    let (moved, rest) = fraction.split_at(2);
    let whole = format!("{whole}{moved}");
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    match rest {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_named_by_their_percent() {
        for (p, name) in [
            (0.0, "p0"),
            (1.0, "p100"),
            (0.25, "q1"),
            (0.5, "median"),
            (0.01, "p1"),
            (0.1, "p10"),
            (0.29, "p29"),
            (0.99, "p99"),
            (0.999, "p99.9"),
            (0.001, "p0.1"),
            (0.00001, "p0.001"),
            (1e-9, "p0.0000001"),
            (1.0 / 3.0, "p33.33333333333333"),
        ] {
            assert_eq!(quantile_name(p), name);
        }
    }

    #[test]
    fn names_stand_at_their_own_place() {
        for (i, (statistic, name)) in Statistic::ALL.into_iter().enumerate() {
            assert_eq!((statistic as usize, statistic.name()), (i, name));
        }
        for (i, (policy, name)) in NanPolicy::ALL.into_iter().enumerate() {
            assert_eq!((policy as usize, policy.name()), (i, name));
        }
    }

    #[test]
    fn quantiles_are_sorted_and_unique() {
        let spec = Spec::default().with_quantiles(&[0.9, 0.1, 0.9, 0.5]).unwrap();
        let spec = spec.with_statistics_named(["median", "sum", "q1", "min"]).unwrap();
        let quantiles: Vec<f64> = spec.quantiles().iter().map(Probability::value).collect();
        assert_eq!(quantiles, [0.1, 0.25, 0.5, 0.9]);
        assert_eq!(spec.statistics(), [Statistic::Min, Statistic::Sum]);
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        let spec = Spec::default();
        assert!(spec.clone().with_quantiles(&[1.5]).is_err());
        assert!(spec.clone().with_quantiles(&[f64::NAN]).is_err());
        assert!(spec.clone().with_level(1.0).is_err());
        assert!(spec.clone().with_cut_points(0).is_err());
        let error = spec.with_statistics_named(["meann"]).unwrap_err().to_string();
        assert!(error.starts_with("'meann' is not a statistic; it is one of min, max"), "{error}");
        assert!(error.ends_with("; did you mean 'mean'?"), "{error}");
    }

    #[test]
    fn names_of_others_are_understood() {
        let spec = Spec::default().with_quantiles(&[]).unwrap();
        let spec = spec.with_statistics_named(["std", "count", "50%", "p95", "p29", "99.9%", "q1", "p100"]).unwrap();
        assert_eq!(spec.statistics(), [Statistic::Stddev]);
        let quantiles: Vec<f64> = spec.quantiles().iter().map(Probability::value).collect();
        assert_eq!(quantiles, [0.25, 0.29, 0.5, 0.95, 0.999, 1.0]);
        for wrong in ["p", "p101", "%", "p9x", "p-1", "-5%", "p1e1"] {
            assert!(Spec::default().with_statistics_named([wrong]).is_err(), "{wrong}");
        }
    }
}
