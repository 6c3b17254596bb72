//! What has been learned of one series so far: the only thing that merges.
//!
//! ```text
//! Scan::new(&spec)            nothing seen
//! scan.update(values)         more of the series: a slice, a chunk, a row group, a batch
//! scan.merge(other)           another part of the same series, in any order
//! scan.finish(&spec)          the summary, or the brackets for one more pass
//! ```
//!
//! Scans merge if they learn the same: those of one [`Spec`] do, and those of specs that differ in probabilities, `method`, `ddof`,
//! `level` or `bias` alone. [`Scan::to_bytes`] writes a scan for another process or machine.
//!
//! Sums are exact and order statistics are order statistics, so the answer depends neither on the parts nor on their
//! order. A scan holds a bounded number of values: if that does not decide a quantile, it asks for another pass over
//! the same values, which looks only into the brackets that this one has found. A source that cannot be read again is
//! scanned with [`Keep::All`].

mod learned;
pub(crate) mod serial;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::Interrupt;
pub use crate::arch::BLOCK;
use crate::arch::Tier;
use crate::error::{Error, Result};
use crate::spec::{Bias, NanPolicy, Spec, Statistic, is_count};
use crate::stats::bits::Bits;
use crate::stats::exact::Exact;
use crate::stats::extrema::Extrema;
use crate::stats::interval;
use crate::stats::means::{GeometricMean, HarmonicMean};
use crate::stats::moments::{Finished, Moments, Order};
use crate::stats::number::{Extent, Value};
use crate::stats::powers::Powers;
use crate::stats::quantile::Position;
use crate::stats::select::{Brackets, Candidates};
use crate::stats::tally::Tally;
use crate::summary::Summary;
pub(crate) use learned::Learned;

/// What a scan keeps at least for its quantiles, if it keeps any.
pub const SAMPLE: usize = 1 << 16;

/// How many values a scan may keep for its quantiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Up to so many in a bracket; more are sampled, and another pass decides.
    AtMost(usize),
    /// All of them: no other pass is possible.
    All,
}

impl Keep {
    fn capacity(self) -> usize {
        match self {
            Self::AtMost(capacity) => capacity,
            Self::All => usize::MAX,
        }
    }
}

/// See the [module](self).
#[derive(Clone, Debug)]
pub struct Scan<T: Value> {
    tier: Tier,
    nan: NanPolicy,
    null_count: u64,
    nan_count: u64,
    moments: Moments,
    extrema: Option<Extrema<T>>,
    candidates: Option<Candidates<T::Key>>,
    further: Option<Box<Further<T>>>,
    /// Order statistics on their way to the quantiles.
    found: Vec<T::Key>,
}

/// What only some statistics need, each for itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
struct Further<T: Value> {
    zeros: u64,
    negatives: u64,
    powers: Option<Powers>,
    geometric: Option<GeometricMean>,
    harmonic: Option<HarmonicMean>,
    tally: Option<Tally<T>>,
}

impl<T: Value> Further<T> {
    /// `None` if nothing of it is wanted.
    fn new(learned: Learned) -> Option<Box<Self>> {
        learned.wants(Learned::FURTHER).then(|| {
            Box::new(Self {
                zeros: 0,
                negatives: 0,
                powers: learned.wants(Learned::POWERS).then(Powers::default),
                geometric: learned.wants(Learned::GEOMETRIC).then(GeometricMean::default),
                harmonic: learned.wants(Learned::HARMONIC).then(HarmonicMean::default),
                tally: learned.wants(Learned::TALLY).then(Tally::new),
            })
        })
    }

    /// The same of nothing.
    fn empty(&self) -> Self {
        Self {
            zeros: 0,
            negatives: 0,
            powers: self.powers.as_ref().map(|_| Powers::default()),
            geometric: self.geometric.as_ref().map(|_| GeometricMean::default()),
            harmonic: self.harmonic.as_ref().map(|_| HarmonicMean::default()),
            tally: self.tally.as_ref().map(|_| Tally::new()),
        }
    }

    /// One more value, not NaN.
    fn add(&mut self, value: T) {
        let nearest = value.nearest();
        self.zeros += u64::from(nearest == 0.0);
        self.negatives += u64::from(nearest < 0.0);
        if let Some(powers) = self.powers.as_mut().filter(|_| nearest.is_finite()) {
            powers.add(value);
        }
        self.geometric.iter_mut().for_each(|mean| mean.add(nearest));
        self.harmonic.iter_mut().for_each(|mean| mean.add(nearest));
        self.tally.iter_mut().for_each(|tally| tally.add(value));
    }

    fn merge(&mut self, other: Self) {
        self.zeros += other.zeros;
        self.negatives += other.negatives;
        if let (Some(ours), Some(theirs)) = (&mut self.powers, &other.powers) {
            ours.merge(theirs);
        }
        if let (Some(ours), Some(theirs)) = (&mut self.geometric, &other.geometric) {
            ours.merge(theirs);
        }
        if let (Some(ours), Some(theirs)) = (&mut self.harmonic, &other.harmonic) {
            ours.merge(theirs);
        }
        if let (Some(ours), Some(theirs)) = (&mut self.tally, other.tally) {
            ours.merge(theirs);
        }
    }

    fn clear(&mut self) {
        // The room of what was tallied serves the next series.
        let mut tally = self.tally.take();
        tally.iter_mut().for_each(Tally::clear);
        *self = Self { tally, ..self.empty() };
    }
}

/// What came of a scan.
#[derive(Debug)]
pub enum Outcome<K> {
    /// The answer.
    Done(Summary),
    /// The brackets for another pass over the same values: see [`Scan::narrow`].
    Again(Brackets<K>),
}

impl<T: Value> Scan<T> {
    /// Nothing seen yet, and nothing known of where the quantiles are.
    pub fn new(spec: &Spec, keep: Keep) -> Self {
        Self::with_brackets(spec, keep, Brackets::unknown())
    }

    /// Nothing seen yet, but a guess of where the quantiles are. It is checked, never trusted.
    pub fn with_brackets(spec: &Spec, keep: Keep, brackets: Brackets<T::Key>) -> Self {
        let learned = spec.learned();
        let tier = Tier::best();
        Self {
            tier,
            nan: spec.nan(),
            null_count: 0,
            nan_count: 0,
            moments: Moments::new(learned.order()),
            extrema: learned.wants(Learned::EXTREMA).then(Extrema::new),
            candidates: learned.wants(Learned::QUANTILES).then(|| Candidates::new(brackets, keep.capacity(), tier)),
            further: Further::new(learned),
            found: Vec::new(),
        }
    }

    /// The same with these instructions, which give the same answer; nothing may have been seen yet.
    pub fn with_tier(mut self, tier: Tier) -> Self {
        self.tier = tier;
        self.candidates.iter_mut().for_each(|candidates| candidates.set_tier(tier));
        self
    }

    /// An empty scan for one more pass: it looks into `brackets` only, and becomes part of this one by
    /// [`Scan::settle`].
    pub fn narrow(&self, keep: Keep, brackets: Brackets<T::Key>) -> Self {
        Self {
            tier: self.tier,
            nan: self.nan,
            null_count: 0,
            nan_count: 0,
            moments: Moments::new(Order::Count),
            extrema: None,
            candidates: Some(Candidates::new(brackets, keep.capacity(), self.tier)),
            further: None,
            found: Vec::new(),
        }
    }

    /// Gives back the memory of the values that it kept: another pass looks for the quantiles, whose scan is [settled](Scan::settle)
    /// here.
    pub fn forget_candidates(&mut self) {
        self.candidates = None;
    }

    /// An empty scan with the brackets that its values, all of which it holds, suggest for more values like them.
    pub fn aimed(&mut self, spec: &Spec, keep: Keep, sample: usize) -> Self {
        let fractions: Vec<f64> = spec.computed().iter().map(|p| p.value()).collect();
        let brackets = self.candidates.as_mut().and_then(|candidates| candidates.aim(&fractions, sample));
        Self::with_brackets(spec, keep, brackets.unwrap_or_else(Brackets::unknown))
    }

    /// Whether it says as much of its quantiles as if it had been scanned with the brackets of the other one.
    pub fn is_aimed_like(&self, other: &Self) -> bool {
        match (&self.candidates, &other.candidates) {
            (Some(ours), Some(theirs)) => ours.is_aimed_like(theirs),
            _ => true,
        }
    }

    /// Takes over what a further pass over the same values has found; `false` if they were not the same values, or were scanned with
    /// another policy for NaNs.
    #[must_use]
    pub fn settle(&mut self, pass: Self) -> bool {
        let same = self.nan == pass.nan
            && self.moments.count() == pass.moments.count()
            && self.null_count == pass.null_count
            && self.nan_count == pass.nan_count;
        self.candidates = pass.candidates;
        same
    }

    /// Forgets all values, so that another series can be scanned in the same memory: as [`Scan::with_brackets`].
    pub fn restart(&mut self, keep: Keep, brackets: Brackets<T::Key>) {
        self.null_count = 0;
        self.nan_count = 0;
        self.moments.clear();
        self.extrema.iter_mut().for_each(Extrema::clear);
        self.further.iter_mut().for_each(|further| further.clear());
        if let Some(candidates) = &mut self.candidates {
            candidates.restart(brackets, keep.capacity());
        }
    }

    /// Where it looks for quantiles, if any are asked, so that other parts of the series can look there too; see
    /// [`Scan::with_brackets`].
    pub fn brackets(&self) -> Option<Brackets<T::Key>> {
        self.candidates.as_ref().map(Candidates::brackets)
    }

    /// The instructions that it is scanned with.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// More of the series, without its nulls.
    pub fn update(&mut self, values: &[T]) {
        for block in values.chunks(BLOCK) {
            self.update_block(block, None);
        }
    }

    /// More of the series: those of up to [`BLOCK`] values whose bit in `valid` is set, the first value's being the lowest
    /// bit of the first byte. The nulls are counted by [`Scan::update_nulls`].
    pub fn update_valid(&mut self, values: &[T], valid: &[u8]) {
        self.update_block(values, Some(valid));
    }

    fn update_block(&mut self, values: &[T], valid: Option<&[u8]>) {
        match T::update(values, valid, &mut self.moments, self.tier) {
            Extent::Empty => return,
            Extent::Within(min, max) => {
                if let Some(extrema) = &mut self.extrema {
                    extrema.update((min, max));
                }
            }
            Extent::HoldsNan => return self.update_numbers(values, valid),
        }
        if let Some(further) = &mut self.further {
            T::each(values, valid, |value| further.add(value));
        }
        if let Some(candidates) = &mut self.candidates {
            candidates.update(|cells, tier| T::sort_out(values, valid, cells, tier));
        }
    }

    /// More of the series: each of these values so many times.
    ///
    /// Its sums are those of the values whose count has a binary digit, doubled from digit to digit: scans merge exactly, also with
    /// themselves.
    pub fn update_repeated<C: Copy + Into<u64>>(&mut self, values: &[T], counts: &[C]) {
        let all = counts.iter().fold(0, |all, &count| all | count.into());
        let mut sums = Self {
            moments: Moments::new(self.moments.order()),
            extrema: self.extrema.as_ref().map(|_| Extrema::new()),
            candidates: None,
            further: self.further.as_ref().map(|further| Box::new(further.empty())),
            found: Vec::new(),
            null_count: 0,
            nan_count: 0,
            ..*self
        };
        for digit in (0..u64::BITS - all.leading_zeros()).rev() {
            sums.add(sums.clone());
            for (values, counts) in values.chunks(BLOCK).zip(counts.chunks(BLOCK)) {
                let mut digits = [0_u8; BLOCK / 8];
                for (digits, counts) in digits.iter_mut().zip(counts.chunks(8)) {
                    let bits =
                        counts.iter().zip(0..).map(|(&count, place)| ((count.into() >> digit & 1) as u8) << place);
                    *digits = bits.sum();
                }
                sums.update_valid(values, &digits);
            }
        }
        self.add(sums);
        if let Some(candidates) = &mut self.candidates {
            for (value, &count) in values.iter().zip(counts).filter(|(value, _)| !value.is_nan()) {
                candidates.update_repeated(value.key(), count.into());
            }
        }
    }

    /// A block with NaNs: as if their bits were not set.
    #[cold]
    fn update_numbers(&mut self, values: &[T], valid: Option<&[u8]>) {
        let mut numbers = Bits::new(values.len(), valid);
        let all = numbers.count();
        T::clear_nans(values, numbers.bytes_mut(), self.tier);
        self.nan_count += all - numbers.count();
        self.update_block(values, Some(numbers.bytes()));
    }

    /// More nulls of the series.
    pub fn update_nulls(&mut self, count: u64) {
        self.null_count += count;
    }

    /// What is known of more of the series without its values: how many there are, none of them NaN, and the least and the greatest.
    /// It serves specs that [want only extrema](Spec::wants_only_extrema).
    pub fn update_known(&mut self, count: u64, nulls: u64, bounds: Option<(T, T)>) {
        self.null_count += nulls;
        self.moments.add_count(count);
        if let (Some(extrema), Some((min, max))) = (&mut self.extrema, bounds) {
            extrema.update((min.key(), max.key()));
        }
    }

    /// Another part of the same series.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if the two do not learn the same: they were made for other statistics, or for another policy for NaNs. This
    /// scan stays as it is.
    pub fn merge(&mut self, other: Self) -> Result<()> {
        if !self.fits(&other) {
            let (ours, theirs) = ((self.nan.name(), self.learned()), (other.nan.name(), other.learned()));
            return Err(Error::Invalid(format!(
                "scans of different questions do not merge: this one learns {} (nan: {}), the other one {} (nan: {})",
                ours.1, ours.0, theirs.1, theirs.0
            )));
        }
        self.add(other);
        Ok(())
    }

    /// As [`Scan::merge`], of what both learn.
    fn add(&mut self, other: Self) {
        self.null_count += other.null_count;
        self.nan_count += other.nan_count;
        self.moments.merge(other.moments);
        if let (Some(ours), Some(theirs)) = (&mut self.extrema, &other.extrema) {
            ours.merge(theirs);
        }
        if let (Some(ours), Some(theirs)) = (&mut self.further, other.further) {
            ours.merge(*theirs);
        }
        if let (Some(ours), Some(theirs)) = (&mut self.candidates, other.candidates) {
            ours.merge(theirs);
        }
    }

    /// NaNs seen so far.
    pub fn nan_count(&self) -> u64 {
        self.nan_count
    }

    /// Rows seen so far: values, NaNs and nulls.
    pub fn rows(&self) -> u64 {
        self.moments.count() + self.nan_count + self.null_count
    }

    /// What is learned by it.
    fn learned(&self) -> Learned {
        let further = self.further.as_deref();
        Learned::new(self.moments.order())
            .with(Learned::EXTREMA, self.extrema.is_some())
            .with(Learned::QUANTILES, self.candidates.is_some())
            .with(Learned::FURTHER, further.is_some())
            .with(Learned::POWERS, further.is_some_and(|further| further.powers.is_some()))
            .with(Learned::GEOMETRIC, further.is_some_and(|further| further.geometric.is_some()))
            .with(Learned::HARMONIC, further.is_some_and(|further| further.harmonic.is_some()))
            .with(Learned::TALLY, further.is_some_and(|further| further.tally.is_some()))
    }

    /// Whether both learn the same, so that they may be parts of one series: see [`Scan::merge`].
    pub fn fits(&self, other: &Self) -> bool {
        self.nan == other.nan && self.learned() == other.learned()
    }

    /// The answer, or the brackets for another pass. NaNs under [`NanPolicy::Raise`] are the caller's to refuse: it
    /// knows the row.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if `spec` wants what this scan was not made to learn, or has another policy for NaNs.
    pub fn finish(&mut self, spec: &Spec) -> Result<Outcome<T::Key>> {
        self.finish_unless(&Interrupt::default(), spec)
    }

    /// The same, unless it is interrupted.
    pub(crate) fn finish_unless(&mut self, interrupt: &Interrupt, spec: &Spec) -> Result<Outcome<T::Key>> {
        let missing = spec.learned().without(self.learned());
        if !missing.is_empty() || self.nan != spec.nan() {
            let (ours, theirs) = (self.nan.name(), spec.nan().name());
            return Err(Error::Invalid(if missing.is_empty() {
                format!("the scan was made for nan: {ours}, and is finished for nan: {theirs}")
            } else {
                format!("the scan was not made to learn {missing}, which the spec that it is finished for needs")
            }));
        }
        let nan = self.nan_count > 0 && self.nan != NanPolicy::Omit;
        let quantiles = self.quantiles(spec, nan, interrupt);
        interrupt.check()?;
        let quantiles = match quantiles {
            Ok(quantiles) => quantiles,
            Err(brackets) => return Ok(Outcome::Again(brackets)),
        };
        let count = match self.nan {
            NanPolicy::Omit => self.moments.count(),
            NanPolicy::Propagate | NanPolicy::Raise => self.moments.count() + self.nan_count,
        };
        let counts = [count, self.null_count, self.nan_count];
        let moments = self.moments.finish();
        let sorted = self.further.as_mut().and_then(|further| further.tally.as_mut()).map(Tally::finish);
        let parts = Parts {
            count: self.moments.count(),
            moments: &moments,
            extrema: self.extrema.as_ref(),
            tally: sorted.map(|sorted| {
                let wants = |statistic| spec.wants(statistic);
                TallyAnswers {
                    mad: if wants(Statistic::Mad) { sorted.mad() } else { None },
                    mode: if wants(Statistic::Mode) { sorted.mode() } else { None },
                    n_unique: if wants(Statistic::NUnique) { sorted.n_unique() } else { 0 },
                }
            }),
            further: self.further.as_deref(),
            // Of NaNs there is one value.
            one_more: u64::from(nan),
            quantiles: &quantiles,
        };
        let statistics = spec.statistics().iter().flat_map(|&statistic| {
            let (first, second) = parts.statistic(statistic, spec);
            let spoilt = |value| if nan && !is_count(statistic.name()) { Some(f64::NAN) } else { value };
            std::iter::once(spoilt(first)).chain(second.map(spoilt))
        });
        let wanted = spec.computed().iter().zip(&quantiles).filter(|(p, _)| {
            spec.computed().len() == spec.quantiles().len() || spec.quantiles().iter().any(|q| q.value() == p.value())
        });
        let wanted = wanted.map(|(_, value)| if nan { Some(f64::NAN) } else { *value });
        Ok(Outcome::Done(Summary::new(self.rows(), counts, spec.field_names().clone(), statistics.chain(wanted))))
    }

    fn quantiles(
        &mut self,
        spec: &Spec,
        nan: bool,
        interrupt: &Interrupt,
    ) -> std::result::Result<Quantiles, Brackets<T::Key>> {
        let wanted = spec.computed();
        let candidates = match &mut self.candidates {
            Some(candidates) if candidates.count() > 0 && !nan => candidates,
            _ => return Ok(smallvec::smallvec![None; wanted.len()]),
        };
        let n = candidates.count();
        let positions: SmallVec<[Position; 4]> = wanted.iter().map(|p| spec.method().position(p, n)).collect();
        let mut ranks: SmallVec<[u64; 8]> = positions.iter().flat_map(|p| [p.lower, p.upper]).collect();
        ranks.sort_unstable();
        ranks.dedup();
        candidates.finish(&ranks, &mut self.found, interrupt)?;
        let found = &self.found;
        let at = |rank: u64| ranks.binary_search(&rank).map_or(found[0], |index| found[index]);
        let blend = |p: &Position| p.blend(T::from_key(at(p.lower)), T::from_key(at(p.upper)));
        Ok(positions.iter().map(|position| Some(blend(position))).collect())
    }
}

/// What has been found of a series, for its statistics to be made of.
struct Parts<'a, T: Value> {
    count: u64,
    moments: &'a Finished,
    extrema: Option<&'a Extrema<T>>,
    tally: Option<TallyAnswers>,
    further: Option<&'a Further<T>>,
    one_more: u64,
    /// Those that are computed.
    quantiles: &'a [Option<f64>],
}

/// What the values in order have told.
#[derive(Clone, Copy)]
struct TallyAnswers {
    mad: Option<f64>,
    mode: Option<f64>,
    n_unique: u64,
}

impl<T: Value> Parts<'_, T> {
    /// A statistic, and a second value if it has two.
    fn statistic(&self, statistic: Statistic, spec: &Spec) -> (Option<f64>, Option<Option<f64>>) {
        let (moments, extrema, n) = (self.moments, self.extrema, self.count);
        let further = self.further;
        let powers = |compute: fn(&Powers, u64, &Exact, &Exact, Bias) -> Option<f64>| {
            let powers = further?.powers.as_ref()?;
            match moments.exact_sums() {
                Some((sum, squares)) => compute(powers, n, &sum, &squares, spec.bias()),
                None => Some(f64::NAN),
            }
        };
        let value = match statistic {
            Statistic::Min => extrema.and_then(Extrema::min),
            Statistic::Max => extrema.and_then(Extrema::max),
            Statistic::Range => extrema.and_then(Extrema::range),
            Statistic::Sum => Some(moments.sum()),
            Statistic::Mean => moments.mean(),
            Statistic::Variance => moments.variance(spec.ddof()),
            Statistic::Stddev => moments.stddev(spec.ddof()),
            Statistic::MeanCi => {
                let interval = moments
                    .mean()
                    .zip(moments.standard_error(1))
                    .and_then(|(mean, error)| interval::mean_interval(mean, error, n, spec.level()));
                return (interval.map(|(low, _)| low), Some(interval.map(|(_, high)| high)));
            }
            Statistic::Sem => moments.standard_error(spec.ddof()),
            Statistic::Iqr => {
                let at = |p: f64| {
                    let place = spec.computed().iter().position(|computed| computed.value() == p)?;
                    *self.quantiles.get(place)?
                };
                at(0.75).zip(at(0.25)).map(|(high, low)| high - low)
            }
            Statistic::Skewness => powers(Powers::skewness),
            Statistic::Kurtosis => powers(Powers::kurtosis),
            Statistic::Mad => self.tally.and_then(|tally| tally.mad),
            Statistic::Mode => self.tally.and_then(|tally| tally.mode),
            Statistic::NUnique => self.tally.map(|tally| (tally.n_unique + self.one_more) as f64),
            Statistic::NZero => further.map(|further| further.zeros as f64),
            Statistic::NNegative => further.map(|further| further.negatives as f64),
            Statistic::GeometricMean => further.and_then(|further| further.geometric.as_ref()?.finish(n)),
            Statistic::HarmonicMean => further.and_then(|further| further.harmonic.as_ref()?.finish(n)),
            Statistic::Cv => moments.cv(spec.ddof()),
        };
        (value, None)
    }
}

/// The values of a few quantiles.
type Quantiles = SmallVec<[Option<f64>; 4]>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{oracle, seeds};
    use num_bigint::{BigInt, BigUint, Sign};
    use proptest::prelude::*;

    fn passes(spec: &Spec, keep: Keep, parts: &[&[f64]]) -> Summary {
        let scan_all = |empty: Scan<f64>| {
            parts.iter().fold(empty.clone(), |mut whole, part| {
                let mut scan = empty.clone();
                scan.update(part);
                whole.merge(scan).unwrap();
                whole
            })
        };
        let mut scan = scan_all(Scan::new(spec, keep));
        loop {
            match scan.finish(spec).unwrap() {
                Outcome::Done(summary) => return summary,
                Outcome::Again(brackets) => {
                    let pass = scan_all(scan.narrow(keep, brackets));
                    assert!(scan.settle(pass));
                }
            }
        }
    }

    fn bits(summary: &Summary) -> Vec<Option<u64>> {
        summary.statistics().map(|(_, value)| value.map(f64::to_bits)).collect()
    }

    fn everything() -> Spec {
        let statistics = Statistic::ALL.map(|(statistic, _)| statistic);
        Spec::default().with_statistics(statistics)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn parts_and_passes_never_show(values in seeds::long_series(), cuts in prop::collection::vec(0usize..1500, 0..4)) {
            let spec = everything();
            let expected = passes(&spec, Keep::All, &[&values]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(values.len())).collect();
            cuts.sort_unstable();
            let mut rest = &values[..];
            let mut parts = Vec::new();
            for cut in cuts.into_iter().rev() {
                let (head, tail) = rest.split_at(cut);
                parts.push(tail); // the last part first: the order of merging must not show
                rest = head;
            }
            parts.push(rest);
            let summary = passes(&spec, Keep::AtMost(128), &parts);
            prop_assert_eq!(bits(&summary), bits(&expected));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn values_with_counts_are_values_that_are_repeated(
            values in prop::collection::vec(seeds::value(), 0..1500), seed: u64, keep in prop::option::of(128usize..5000), omit: bool,
        ) {
            let spec = everything().with_nan(if omit { NanPolicy::Omit } else { NanPolicy::Propagate });
            // Counts of any number of binary digits, many of them 0.
            let counts: Vec<u32> =
                (1..).map(|n| (seed.wrapping_mul(n) >> 58) as u32).zip(&values).map(|(count, _)| count >> (count % 7)).collect();
            let repeated: Vec<f64> =
                values.iter().zip(&counts).flat_map(|(&value, &count)| std::iter::repeat_n(value, count as usize)).collect();
            let expected = passes(&spec, Keep::All, &[&repeated]);
            let keep = keep.map_or(Keep::All, Keep::AtMost);
            let scan_all = |mut scan: Scan<f64>| {
                scan.update_repeated(&values, &counts);
                scan
            };
            let mut scan = scan_all(Scan::new(&spec, keep));
            let summary = loop {
                match scan.finish(&spec).unwrap() {
                    Outcome::Done(summary) => break summary,
                    Outcome::Again(brackets) => {
                        let pass = scan_all(scan.narrow(keep, brackets));
                        prop_assert!(scan.settle(pass));
                    }
                }
            };
            prop_assert_eq!(summary.count, expected.count);
            prop_assert_eq!(bits(&summary), bits(&expected));
        }
    }

    /// What [`Spec`] asks for by full sorts and big rationals, and with the rules for NaNs and infinities.
    fn slowly(spec: &Spec, values: &[f64]) -> Vec<Option<u64>> {
        let ddof = spec.ddof() as usize;
        let numbers = values.iter().all(|value| !value.is_nan());
        let finite = values.iter().all(|value| value.is_finite());
        let infinity: f64 = values.iter().filter(|value| value.is_infinite()).sum();
        let n = values.len();
        let at = |rank: u64| oracle::order_statistics(values, &[rank])[0];
        let statistics = spec.statistics().iter().map(|statistic| match statistic {
            Statistic::Sum => Some(if finite { oracle::sum(values) } else { infinity }),
            _ if n == 0 => None,
            Statistic::Min => Some(at(0)),
            Statistic::Max => Some(at(n as u64 - 1)),
            Statistic::Range => Some(at(n as u64 - 1) - at(0)),
            Statistic::Mean => Some(if finite { oracle::mean(values) } else { infinity }),
            _ if n <= ddof => None,
            _ if !finite => Some(f64::NAN),
            Statistic::Variance => Some(oracle::variance(values, ddof)),
            Statistic::Stddev => Some(oracle::stddev(values, ddof)),
            _ => None,
        });
        let quantiles = spec.quantiles().iter().map(|p| {
            let position = spec.method().position(p, (n as u64).max(1));
            (n > 0).then(|| position.blend(at(position.lower), at(position.upper)))
        });
        let canonical = |value: f64| if value.is_nan() || !numbers { 0x7ff8_0000_0000_0000 } else { value.to_bits() };
        let all = statistics.chain(quantiles);
        all.map(|value| value.or((!numbers).then_some(f64::NAN)).map(canonical)).collect()
    }

    proptest! {
        #![proptest_config(seeds::cases(200))]
        /// Whole blocks, with nulls and without, by the instructions of every tier.
        #[test]
        fn every_tier_has_the_bits_of_the_slow_answer(
            values in seeds::blocks(), nulls in prop::option::of(prop::collection::vec(any::<u8>(), 4000 / 8)), omit: bool,
        ) {
            use Statistic::{Max, Mean, Min, Range, Stddev, Sum, Variance};
            let spec = Spec::default().with_statistics([Min, Max, Range, Sum, Mean, Variance, Stddev]);
            let spec = spec.with_nan(if omit { NanPolicy::Omit } else { NanPolicy::Propagate });
            let is_valid = |row: usize| nulls.as_ref().is_none_or(|bits| bits[row / 8] >> (row % 8) & 1 == 1);
            let there = values.iter().enumerate().filter(|(row, _)| is_valid(*row)).map(|(_, &value)| value);
            let there: Vec<f64> = there.filter(|value| !omit || !value.is_nan()).collect();
            let expected = slowly(&spec, &there);
            for tier in Tier::available() {
                let mut scan = Scan::new(&spec, Keep::All).with_tier(tier);
                match &nulls {
                    None => scan.update(&values),
                    Some(bits) => {
                        for (values, bits) in values.chunks(BLOCK).zip(bits.chunks(BLOCK / 8)) {
                            scan.update_valid(values, bits);
                        }
                    }
                }
                let Outcome::Done(summary) = scan.finish(&spec).unwrap() else { panic!("all was kept") };
                prop_assert_eq!(summary.count, there.len() as u64);
                prop_assert_eq!(bits(&summary), expected.clone(), "{}", tier.name());
            }
        }

        /// Integers in the lane of their own.
        #[test]
        fn integers_are_summed_as_integers(
            values in prop::collection::vec(any::<i64>(), 1..3000), shift in 0u32..64, nulls in any::<[u8; 8]>(),
        ) {
            let spec = Spec::default().with_statistics([Statistic::Sum, Statistic::Variance]).with_ddof(0);
            let values: Vec<i64> = values.into_iter().map(|value| value >> shift).collect();
            let valid = nulls.repeat(BLOCK / 64);
            let is_valid = |row: usize| valid[row % BLOCK / 8] >> (row % 8) & 1 == 1;
            let there: Vec<BigInt> =
                values.iter().enumerate().filter(|(row, _)| is_valid(*row)).map(|(_, &value)| value.into()).collect();
            prop_assume!(!there.is_empty());
            let sum: BigInt = there.iter().sum();
            let squares: BigInt = there.iter().map(|value| value * value).sum();
            let n = BigUint::from(there.len());
            let spread = squares * BigInt::from(n.clone()) - &sum * &sum;
            let sign = if sum.sign() == Sign::Minus { -1.0 } else { 1.0 };
            let expected = [
                sign * oracle::nearest(sum.magnitude(), &BigUint::from(1u32), 0),
                oracle::nearest(spread.magnitude(), &(&n * &n), 0),
            ];
            for tier in Tier::available() {
                let mut signed = Scan::<i64>::new(&spec, Keep::All).with_tier(tier);
                values.chunks(BLOCK).for_each(|block| signed.update_valid(block, &valid));
                let Outcome::Done(summary) = signed.finish(&spec).unwrap() else { panic!("all was kept") };
                prop_assert_eq!([summary.get("sum"), summary.get("variance")], expected.map(Some), "{}", tier.name());
            }
        }
    }

    #[test]
    fn every_split_point() {
        let spec = everything();
        for values in seeds::finite() {
            let expected = bits(&passes(&spec, Keep::All, &[&values]));
            for split in 0..=values.len() {
                let (left, right) = values.split_at(split);
                assert_eq!(
                    bits(&passes(&spec, Keep::AtMost(SAMPLE), &[right, left])),
                    expected,
                    "{values:?} at {split}"
                );
            }
        }
    }

    /// Everything that scans can be asked for, one by one.
    fn questions() -> Vec<Spec> {
        let none = Spec::default().with_statistics([]).with_quantiles(&[]).unwrap();
        let each = Statistic::ALL.map(|(statistic, _)| none.clone().with_statistics([statistic]));
        let quantiles = Spec::default().with_statistics([]);
        let nan = Spec::default().with_nan(NanPolicy::Omit);
        each.into_iter().chain([none, quantiles, Spec::default(), nan, everything()]).collect()
    }

    /// A scan of another spec once merged without a word: the mean was 249.75 where 999.5 was right.
    #[test]
    fn scans_of_other_questions_do_not_merge() {
        let scan = |spec: &Spec, first: f64| {
            let mut scan = Scan::new(spec, Keep::All);
            scan.update(&[first, first + 1.0]);
            scan
        };
        for ours in questions() {
            for theirs in questions() {
                let mut whole = scan(&ours, 1.0);
                let fits = ours.nan() == theirs.nan() && ours.learned() == theirs.learned();
                assert_eq!(whole.merge(scan(&theirs, 3.0)).is_ok(), fits, "{ours:?} {theirs:?}");
                // What was refused has changed nothing.
                let Outcome::Done(summary) = whole.finish(&ours).unwrap() else { panic!("all was kept") };
                let expected = if fits { &[1.0, 2.0, 3.0, 4.0][..] } else { &[1.0, 2.0] };
                assert_eq!(bits(&summary), bits(&passes(&ours, Keep::All, &[expected])));
            }
        }
    }

    /// Finished for a wider spec, a mean was 0.
    #[test]
    fn a_scan_answers_only_what_it_has_learned() {
        for ours in questions() {
            for theirs in questions() {
                let mut scan = Scan::new(&ours, Keep::All);
                scan.update(&[1.0, 2.0, 4.0]);
                let answers = ours.nan() == theirs.nan() && theirs.learned().without(ours.learned()).is_empty();
                match scan.finish(&theirs) {
                    Ok(Outcome::Done(summary)) => {
                        assert!(answers, "{ours:?} {theirs:?}");
                        assert_eq!(bits(&summary), bits(&passes(&theirs, Keep::All, &[&[1.0, 2.0, 4.0]])));
                    }
                    outcome => assert!(!answers && outcome.is_err(), "{ours:?} {theirs:?}"),
                }
            }
        }
        // Its candidates given up, it waits for the pass that finds them again.
        let mut scan = Scan::new(&Spec::default(), Keep::All);
        scan.update(&[1.0]);
        scan.forget_candidates();
        assert!(scan.finish(&Spec::default()).is_err());
    }

    #[test]
    fn nans_follow_their_policy() {
        let values = [1.0, f64::NAN, 3.0];
        let with = |nan| everything().with_nan(nan);
        let propagated = passes(&with(NanPolicy::Propagate), Keep::AtMost(SAMPLE), &[&values]);
        assert_eq!((propagated.count, propagated.nan_count), (3, 1));
        let canonical = Some(0x7ff8_0000_0000_0000);
        let floats = || propagated.statistics().filter(|(name, _)| !is_count(name));
        assert!(floats().all(|(_, value)| value.map(f64::to_bits) == canonical));
        let omitted = passes(&with(NanPolicy::Omit), Keep::AtMost(SAMPLE), &[&values]);
        assert_eq!((omitted.count, omitted.nan_count), (2, 1));
        assert_eq!((omitted.get("mean"), omitted.get("median")), (Some(2.0), Some(2.0)));
    }

    #[test]
    fn what_is_not_defined_is_none() {
        let none = passes(&everything(), Keep::AtMost(SAMPLE), &[]);
        let defined = |summary: &Summary| -> Vec<String> {
            let defined = summary.statistics().filter(|(_, value)| value.is_some());
            defined.map(|(name, _)| name.to_owned()).collect()
        };
        let counts = ["n_unique", "n_zero", "n_negative"];
        assert_eq!(defined(&none), [&["sum"], &counts[..]].concat());
        let one = passes(&everything(), Keep::AtMost(SAMPLE), &[&[2.0]]);
        let moments = ["min", "max", "range", "sum", "mean", "iqr", "mad", "mode"];
        let rest = ["geometric_mean", "harmonic_mean", "q1", "median", "q3"];
        assert_eq!(defined(&one), [&moments[..], &counts, &rest].concat());
    }
}
