//! The answer of a scan.

use smallvec::{SmallVec, smallvec};

use super::edges::{Counted, Edges};
use super::optional_states::OptionalStates;
use super::state::Scan;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::num::rational::Rational;
use crate::spec::{Bias, NanPolicy, NullPolicy, Spec, Statistic, is_count};
use crate::stats::extrema::Extrema;
use crate::stats::higher_moments::HigherMoments;
use crate::stats::interval;
use crate::stats::moments::Finished;
use crate::stats::quantile::Position;
use crate::stats::select::Brackets;
use crate::stats::value::Value;
use crate::stats::value_counts::{Sorted, ValueCounts};
use crate::summary::Summary;

/// What came of a scan.
#[derive(Debug)]
pub enum Outcome<K> {
    /// The answer.
    Done(Summary),
    /// The brackets for another pass over the same values: see [`Scan::narrow`].
    Again(Brackets<K>),
}

impl<T: Value> Scan<T> {
    /// The answer, or the brackets for another pass. NaNs under [`NanPolicy::Raise`] are the caller's to refuse: it
    /// knows the row.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if `spec` wants what this scan was not made to learn, or has another policy for NaNs; [`Error::Nulls`] as
    /// `spec` has it.
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
        if self.null_count > 0 && spec.null() == NullPolicy::Raise {
            return Err(Error::Nulls { name: None, nulls: self.null_count });
        }
        let count = match self.nan {
            NanPolicy::Omit => self.moments.count(),
            NanPolicy::Propagate | NanPolicy::Raise => self.moments.count() + self.nan_count,
        };
        let counts = [count, self.null_count, self.nan_count];
        if self.null_count > 0 && spec.null() == NullPolicy::Propagate {
            let names = spec.field_names().clone();
            let undefined = std::iter::repeat_n(None, names.len());
            return Ok(Outcome::Done(Summary::new(self.rows(), counts, names, undefined)));
        }
        let nan = self.nan_count > 0 && self.nan != NanPolicy::Omit;
        // Ticks are rounded as what they are: few floats tell them.
        let (quantiles, ticks) = match spec.in_ticks() {
            false => (self.quantiles(spec, nan, interrupt, |p, a, b| Some(p.blend(a, b))), None),
            true => match self.quantiles(spec, nan, interrupt, Position::blend_to_integer) {
                Ok(ticks) => (Ok(ticks.iter().map(|tick| tick.map(|tick| tick as f64)).collect()), Some(ticks)),
                Err(brackets) => (Err(brackets), None),
            },
        };
        interrupt.check()?;
        let quantiles: Quantiles<f64> = match quantiles {
            Ok(quantiles) => quantiles,
            Err(brackets) => return Ok(Outcome::Again(brackets)),
        };
        let Counted { histogram, outliers, fences } = match self.count_between(spec, &quantiles, nan) {
            Ok(counted) => counted,
            Err(brackets) => return Ok(Outcome::Again(brackets)),
        };
        let moments = self.moments.finish();
        let value_counts = self.optional.as_mut().and_then(|optional| optional.value_counts.as_mut());
        let sorted = value_counts.map(ValueCounts::finish).transpose()?;
        let in_order = sorted.as_ref().map(|sorted| ValueCountAnswers::of(sorted, spec)).transpose()?;
        let parts = Parts {
            count: self.moments.count(),
            moments: &moments,
            extrema: self.extrema.as_ref(),
            mode: sorted.as_ref().filter(|_| spec.wants(Statistic::Mode)).and_then(Sorted::mode),
            value_counts: in_order,
            optional: self.optional.as_deref(),
            // Of NaNs there is one value.
            one_more: u64::from(nan),
            quantiles: &quantiles,
            fences,
            outliers,
        };
        let statistics = spec.statistics().iter().flat_map(|&statistic| {
            let spoilt =
                |(name, value): (&str, Option<f64>)| if nan && !is_count(name) { Some(f64::NAN) } else { value };
            statistic.field_names().into_iter().zip(parts.values(statistic, spec)).map(spoilt)
        });
        let wanted = spec.computed().iter().zip(&quantiles).filter(|(p, _)| {
            spec.computed().len() == spec.quantiles().len() || spec.quantiles().iter().any(|q| q.value() == p.value())
        });
        let wanted = wanted.map(|(_, value)| if nan { Some(f64::NAN) } else { *value });
        let summary = Summary::new(self.rows(), counts, spec.field_names().clone(), statistics.chain(wanted))
            .with_histogram(histogram);
        Ok(Outcome::Done(match ticks {
            Some(ticks) => summary.with_integers(parts.ticks(spec, &ticks)),
            None if nan => summary,
            None => summary.with_exact(parts.exact(spec)),
        }))
    }

    /// What `blend` makes of the neighbours of each quantile that is computed.
    fn quantiles<R>(
        &mut self,
        spec: &Spec,
        nan: bool,
        interrupt: &Interrupt,
        blend: impl Fn(&Position, T, T) -> Option<R>,
    ) -> std::result::Result<Quantiles<R>, Brackets<T::Key>> {
        let wanted = spec.computed();
        let candidates = match &mut self.candidates {
            Some(candidates) if candidates.count() > 0 && !nan => candidates,
            _ => return Ok(wanted.iter().map(|_| None).collect()),
        };
        let n = candidates.count();
        let (positions, ranks) = ranks(spec, n);
        candidates.finish(&ranks, &mut self.found, T::between, interrupt)?;
        let found = &self.found;
        let at = |rank: u64| ranks.binary_search(&rank).map_or(found[0], |index| found[index]);
        let blend = |p: &Position| blend(p, T::from_key(at(p.lower)), T::from_key(at(p.upper)));
        Ok(positions.iter().map(blend).collect())
    }
}

impl<T: Value> Scan<T> {
    /// The fences, the outliers and the histogram, where they are wanted. The error is the brackets for a pass that counts for them.
    fn count_between(
        &mut self,
        spec: &Spec,
        quantiles: &[Option<f64>],
        nan: bool,
    ) -> std::result::Result<Counted, Brackets<T::Key>> {
        let at = |p: f64| quantiles[spec.computed().iter().position(|computed| computed.value() == p)?];
        let is_wanted = !nan && spec.counts_between();
        if !is_wanted || self.moments.count() == 0 {
            return Ok(Counted::default());
        }
        let (_, ranks) = ranks(spec, self.moments.count());
        let value = |rank: u64| Some(T::from_key(*self.found.get(ranks.binary_search(&rank).ok()?)?));
        let extrema = self.extrema.as_ref().and_then(Extrema::values);
        let edges = Edges::<T>::new(spec, self.moments.count(), extrema, at(0.25).zip(at(0.75)), value);
        let below = match &mut self.candidates {
            Some(candidates) if !edges.keys().is_empty() => {
                let again =
                    || Brackets::between(edges.keys(), if spec.computed().is_empty() { &[] } else { &self.found });
                candidates.count_below(edges.keys()).ok_or_else(again)?
            }
            _ => Vec::new(),
        };
        Ok(edges.counted(&below))
    }
}

/// What has been found of a series, for its statistics to be made of.
struct Parts<'a, T: Value> {
    count: u64,
    moments: &'a Finished,
    extrema: Option<&'a Extrema<T>>,
    mode: Option<T>,
    value_counts: Option<ValueCountAnswers>,
    optional: Option<&'a OptionalStates<T>>,
    one_more: u64,
    /// Those that are computed.
    quantiles: &'a [Option<f64>],
    fences: Option<[f64; 2]>,
    outliers: Option<[u64; 2]>,
}

/// What the values in order have told.
#[derive(Clone, Copy)]
struct ValueCountAnswers {
    mad: Option<f64>,
    n_unique: u64,
    trimmed_mean: Option<f64>,
}

impl ValueCountAnswers {
    fn of<T: Value>(sorted: &Sorted<'_, T>, spec: &Spec) -> Result<Self> {
        let wants = |statistic| spec.wants(statistic);
        Ok(Self {
            mad: if wants(Statistic::Mad) { sorted.mad()? } else { None },
            n_unique: if wants(Statistic::NUnique) { sorted.n_unique() } else { 0 },
            trimmed_mean: if wants(Statistic::TrimmedMean) { sorted.trimmed_mean(spec.trim())? } else { None },
        })
    }
}

impl<T: Value> Parts<'_, T> {
    /// What the nearest floats of some statistics do not tell, by their index.
    fn exact(&self, spec: &Spec) -> Vec<(usize, Rational)> {
        let (mut exact, mut index) = (Vec::new(), 0);
        for &statistic in spec.statistics() {
            exact.extend(self.beyond_f64(statistic).map(|value| (index, value)));
            index += statistic.field_names().len();
        }
        exact
    }

    /// The statistics of ticks, to whole ones, by their index. `quantiles` are those that are computed, in ticks.
    fn ticks(&self, spec: &Spec, quantiles: &[Option<i128>]) -> Vec<(usize, i128)> {
        let at = |p: f64| {
            let index = spec.computed().iter().position(|computed| computed.value() == p)?;
            *quantiles.get(index)?
        };
        let statistic = |statistic: Statistic| match statistic {
            Statistic::Min => self.extrema?.values()?.0.to_integer(),
            Statistic::Max => self.extrema?.values()?.1.to_integer(),
            Statistic::Range => {
                self.extrema?.values().and_then(|(min, max)| Some(max.to_integer()? - min.to_integer()?))
            }
            Statistic::Sum => self.moments.integer_sum().filter(|_| self.count >= spec.min_count()),
            Statistic::Mean => self.moments.integer_mean(),
            Statistic::Stddev => self.moments.integer_deviation(spec.ddof(), 1),
            Statistic::Sem => self.moments.integer_deviation(spec.ddof(), self.count),
            Statistic::Iqr => Some(at(0.75)? - at(0.25)?),
            Statistic::Mode => self.mode?.to_integer(),
            _ => None,
        };
        // One for each of its names: a histogram has none.
        let statistics =
            spec.statistics().iter().flat_map(|wanted| wanted.field_names().into_iter().map(|_| statistic(*wanted)));
        let quantiles = spec.quantiles().iter().map(|p| at(p.value()));
        let all = statistics.chain(quantiles).enumerate();
        all.filter_map(|(index, value)| Some((index, value?))).collect()
    }

    fn beyond_f64(&self, statistic: Statistic) -> Option<Rational> {
        match statistic {
            Statistic::Min => self.extrema?.values()?.0.beyond_f64(),
            Statistic::Max => self.extrema?.values()?.1.beyond_f64(),
            Statistic::Range if !self.extrema?.range().is_none_or(|range| T::tells(range)) => {
                let (min, max) = self.extrema?.values()?;
                let is_finite = min.nearest().is_finite() && max.nearest().is_finite();
                is_finite.then(|| max.to_rational().minus(&min.to_rational()))
            }
            Statistic::Sum if !T::tells(self.moments.sum()) => self.moments.exact_sum(),
            Statistic::Mode => self.mode?.beyond_f64(),
            _ => None,
        }
    }

    /// The values of a statistic: one for each of its names.
    fn values(&self, statistic: Statistic, spec: &Spec) -> SmallVec<[Option<f64>; 2]> {
        let (moments, extrema, n) = (self.moments, self.extrema, self.count);
        let optional = self.optional;
        let powers = |compute: fn(&HigherMoments, u64, &Rational, &Rational, Bias) -> Option<f64>| {
            let powers = optional?.powers.as_ref()?;
            match moments.exact_sums() {
                Some((sum, squares)) => compute(powers, n, &sum, &squares, spec.bias()),
                None => Some(f64::NAN),
            }
        };
        let value = match statistic {
            Statistic::Min => extrema.and_then(Extrema::min),
            Statistic::Max => extrema.and_then(Extrema::max),
            Statistic::Range => extrema.and_then(Extrema::range),
            Statistic::Sum => (n >= spec.min_count()).then(|| moments.sum()),
            Statistic::Mean => moments.mean(),
            Statistic::Variance => moments.variance(spec.ddof()),
            Statistic::Stddev => moments.stddev(spec.ddof()),
            Statistic::MeanCi => {
                let interval = moments
                    .mean()
                    .zip(moments.standard_error(1))
                    .and_then(|(mean, error)| interval::mean_interval(mean, error, n, spec.level()));
                return smallvec![interval.map(|(low, _)| low), interval.map(|(_, high)| high)];
            }
            Statistic::Sem => moments.standard_error(spec.ddof()),
            Statistic::Iqr => {
                let at = |p: f64| {
                    let index = spec.computed().iter().position(|computed| computed.value() == p)?;
                    *self.quantiles.get(index)?
                };
                at(0.75).zip(at(0.25)).map(|(high, low)| high - low)
            }
            Statistic::Skewness => powers(HigherMoments::skewness),
            Statistic::Kurtosis => powers(HigherMoments::kurtosis),
            Statistic::Mad => self.value_counts.and_then(|value_counts| value_counts.mad),
            Statistic::Mode => self.mode.map(Value::nearest),
            Statistic::NUnique => self.value_counts.map(|value_counts| (value_counts.n_unique + self.one_more) as f64),
            Statistic::NZero => optional.map(|optional| optional.zeros as f64),
            Statistic::NNegative => optional.map(|optional| optional.negatives as f64),
            Statistic::GeometricMean => optional.and_then(|optional| optional.geometric.as_ref()?.finish(n)),
            Statistic::HarmonicMean => optional.and_then(|optional| optional.harmonic.as_ref()?.finish(n)),
            Statistic::Cv => moments.cv(spec.ddof()),
            Statistic::TrimmedMean => self.value_counts.and_then(|found| found.trimmed_mean),
            Statistic::Fences => return [0, 1].map(|which| self.fences.map(|fences| fences[which])).into(),
            Statistic::Outliers => return [0, 1].map(|which| Some(self.outliers?[which] as f64)).into(),
            Statistic::Histogram => return SmallVec::new(),
        };
        smallvec![value]
    }
}

/// Where the quantiles that are computed lie among `n` values, and the ranks of these places, ascending and each once.
fn ranks(spec: &Spec, n: u64) -> (SmallVec<[Position; 4]>, SmallVec<[u64; 8]>) {
    let positions: SmallVec<[Position; 4]> = spec.computed().iter().map(|p| spec.method().position(p, n)).collect();
    let mut ranks: SmallVec<[u64; 8]> = positions.iter().flat_map(|p| [p.lower, p.upper]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    (positions, ranks)
}

/// The values of a few quantiles.
type Quantiles<R> = SmallVec<[Option<R>; 4]>;
