//! What is known of a series, and how more of it is added.

use super::keep::Keep;
use super::optional_states::OptionalStates;
use crate::arch::block::Bits;
use crate::arch::{BLOCK, Tier};
use crate::error::{Error, Result};
use crate::spec::{Learned, NanPolicy, Spec};
use crate::stats::extrema::Extrema;
use crate::stats::moments::{Finished, Moments, Order};
use crate::stats::overflow::Overflow;
use crate::stats::select::{Brackets, Candidates};
use crate::stats::value::{Extent, Value};

/// What has been learned of one series so far; the [module](crate::scan) tells how it is used. `T` is `f64`, `i64` or `u64`.
#[derive(Clone, Debug)]
pub struct Scan<T: Value> {
    pub(super) tier: Tier,
    pub(super) nan: NanPolicy,
    pub(super) null_count: u64,
    pub(super) nan_count: u64,
    pub(super) moments: Moments,
    pub(super) extrema: Option<Extrema<T>>,
    pub(super) candidates: Option<Candidates<T::Key>>,
    pub(super) optional: Option<Box<OptionalStates<T>>>,
    /// Order statistics on their way to the quantiles.
    pub(super) found: Vec<T::Key>,
}

impl<T: Value> Scan<T> {
    /// Nothing seen yet, and nothing known of where the quantiles are.
    pub fn new(spec: &Spec, keep: Keep) -> Self {
        // Where values are counted alone, and can be read again, none is kept.
        let brackets = match keep {
            Keep::AtMost(_) if spec.counts_alone() => Brackets::between(&[], &[]),
            _ => Brackets::unknown(),
        };
        Self::with_brackets(spec, keep, brackets)
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
            optional: OptionalStates::new(learned),
            found: Vec::new(),
        }
    }

    /// The same with these instructions, which give the same answer; nothing may have been seen yet.
    pub fn with_tier(mut self, tier: Tier) -> Self {
        self.tier = tier;
        self.candidates.iter_mut().for_each(|candidates| candidates.set_tier(tier));
        self
    }

    /// From now on, values that are all wanted go there where memory has no room for them.
    pub(crate) fn overflow_to(&mut self, overflow: &Overflow) {
        let counted = self.optional.as_mut().and_then(|optional| optional.value_counts.as_mut());
        counted.into_iter().for_each(|counted| counted.overflow_to(overflow));
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
            optional: None,
            found: Vec::new(),
        }
    }

    /// The same, which sums what it sees, if this one did: see [`Scan::saw_as`].
    pub(crate) fn narrowed_with_sum(&self, keep: Keep, brackets: Brackets<T::Key>) -> Self {
        let order = self.moments.order().min(Order::First);
        Self { moments: Moments::new(order), ..self.narrow(keep, brackets) }
    }

    /// Whether a pass has seen the same values, as far as their counts tell, and their exact sums where the pass has one.
    pub(crate) fn saw_as(&self, pass: &Self) -> bool {
        self.nan == pass.nan
            && self.moments.count() == pass.moments.count()
            && self.null_count == pass.null_count
            && self.nan_count == pass.nan_count
            && (pass.moments.order() == Order::Count || self.sums_as(pass))
    }

    fn sums_as(&self, pass: &Self) -> bool {
        let sums = [&self.moments, &pass.moments].map(|moments| moments.clone().finish());
        match sums.each_ref().map(Finished::exact_sum) {
            [Some(ours), Some(theirs)] => ours.compare(&theirs).is_eq(),
            [None, None] => sums[0].sum().to_bits() == sums[1].sum().to_bits(),
            _ => false,
        }
    }

    /// Takes over what a pass has found of the quantiles.
    pub(crate) fn take_candidates(&mut self, pass: Self) {
        self.candidates = pass.candidates;
    }

    /// Gives back the memory of the values that it kept: another pass looks for the quantiles, whose scan is [settled](Scan::settle)
    /// here.
    pub fn forget_candidates(&mut self) {
        self.candidates = None;
    }

    /// An empty scan with the brackets that its values, all of which it holds, suggest for more values like them: by `sample` of them, and
    /// `margin` standard deviations wide to each side.
    pub fn aimed(&mut self, spec: &Spec, keep: Keep, sample: usize, margin: f64) -> Self {
        let fractions = spec.fractions();
        let brackets = self.candidates.as_mut().and_then(|candidates| candidates.aim(&fractions, sample, margin));
        Self::with_brackets(spec, keep, brackets.unwrap_or_else(Brackets::unknown))
    }

    /// Whether it says as much of its quantiles as if it had been scanned with the brackets of the other one.
    pub fn is_aimed_like(&self, other: &Self) -> bool {
        match (&self.candidates, &other.candidates) {
            (Some(ours), Some(theirs)) => ours.is_aimed_like(theirs),
            _ => true,
        }
    }

    /// Takes over what another pass over the same values has found; `false` if they were not the same values, or were scanned with
    /// another policy for NaNs.
    #[must_use]
    pub fn settle(&mut self, pass: Self) -> bool {
        let same = self.saw_as(&pass);
        self.take_candidates(pass);
        same
    }

    /// Forgets all values, so that another series can be scanned in the same memory: as [`Scan::with_brackets`].
    pub fn restart(&mut self, keep: Keep, brackets: Brackets<T::Key>) {
        self.null_count = 0;
        self.nan_count = 0;
        self.moments.clear();
        self.extrema.iter_mut().for_each(Extrema::clear);
        self.optional.iter_mut().for_each(|optional| optional.clear());
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
        if !T::compacted(values, valid, self.tier, |values| self.update_block(values, None)) {
            self.update_block(values, Some(valid));
        }
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
        if let Some(optional) = &mut self.optional {
            T::each(values, valid, |value| optional.add(value));
        }
        if let Some(candidates) = &mut self.candidates {
            candidates.update(|bins, tier| T::bucketize(values, valid, bins, tier));
        }
    }

    /// More of the series: each value as often as its count says.
    ///
    /// Its sums are those of the values whose count has a binary digit, doubled from digit to digit: scans merge exactly, also with
    /// themselves.
    pub fn update_repeated<C: Copy + Into<u64>>(&mut self, values: &[T], counts: &[C]) {
        let all = counts.iter().fold(0, |all, &count| all | count.into());
        let mut sums = Self {
            moments: Moments::new(self.moments.order()),
            extrema: self.extrema.as_ref().map(|_| Extrema::new()),
            candidates: None,
            optional: self.optional.as_ref().map(|optional| Box::new(optional.empty())),
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
                        counts.iter().zip(0..).map(|(&count, index)| ((count.into() >> digit & 1) as u8) << index);
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
        self.update_valid(values, numbers.bytes());
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

    /// From now on it keeps as many values for its quantiles, if it kept fewer: those of several scans that are merged.
    pub(crate) fn keep_at_least(&mut self, values: usize) {
        if let Some(candidates) = &mut self.candidates {
            candidates.keep_at_least(values);
        }
    }

    /// As [`Scan::merge`], of what both learn.
    fn add(&mut self, other: Self) {
        self.null_count += other.null_count;
        self.nan_count += other.nan_count;
        self.moments.merge(other.moments);
        if let (Some(ours), Some(theirs)) = (&mut self.extrema, &other.extrema) {
            ours.merge(theirs);
        }
        if let (Some(ours), Some(theirs)) = (&mut self.optional, other.optional) {
            ours.merge(*theirs);
        }
        if let (Some(ours), Some(theirs)) = (&mut self.candidates, other.candidates) {
            ours.merge(theirs);
        }
    }

    /// The nulls, the NaNs, the extrema and the moments that it has seen.
    pub(crate) fn into_sums(self) -> (u64, u64, Extrema<T>, Moments) {
        (self.null_count, self.nan_count, self.extrema.unwrap_or_default(), self.moments)
    }

    /// The bytes that it takes, but for those of big numbers, once `more` values are there.
    pub(crate) fn bytes_with(&self, more: usize) -> usize {
        let candidates = self.candidates.as_ref().map_or(0, |candidates| candidates.bytes_with(more));
        let counted = self.optional.as_ref().and_then(|optional| optional.value_counts.as_ref());
        size_of::<Self>() + candidates + counted.map_or(0, |counted| counted.bytes_with(more))
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
    pub(super) fn learned(&self) -> Learned {
        let optional = self.optional.as_deref();
        Learned::new(self.moments.order())
            .with(Learned::EXTREMA, self.extrema.is_some())
            .with(Learned::QUANTILES, self.candidates.is_some())
            .with(Learned::OPTIONAL, optional.is_some())
            .with(Learned::HIGHER_MOMENTS, optional.is_some_and(|optional| optional.powers.is_some()))
            .with(Learned::GEOMETRIC, optional.is_some_and(|optional| optional.geometric.is_some()))
            .with(Learned::HARMONIC, optional.is_some_and(|optional| optional.harmonic.is_some()))
            .with(Learned::VALUE_COUNTS, optional.is_some_and(|optional| optional.value_counts.is_some()))
    }

    /// Whether both learn the same, so that they may be parts of one series: see [`Scan::merge`].
    pub fn fits(&self, other: &Self) -> bool {
        self.nan == other.nan && self.learned() == other.learned()
    }
}
