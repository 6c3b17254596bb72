//! What only some statistics need, each for itself.

use serde::{Deserialize, Serialize};

use crate::spec::Learned;
use crate::stats::higher_moments::HigherMoments;
use crate::stats::means::{GeometricMean, HarmonicMean};
use crate::stats::value::Value;
use crate::stats::value_counts::ValueCounts;

/// What only some statistics need, each for itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct OptionalStates<T: Value> {
    pub(super) zeros: u64,
    pub(super) negatives: u64,
    pub(super) powers: Option<HigherMoments>,
    pub(super) geometric: Option<GeometricMean>,
    pub(super) harmonic: Option<HarmonicMean>,
    pub(super) value_counts: Option<ValueCounts<T>>,
}

impl<T: Value> OptionalStates<T> {
    /// `None` if nothing of it is wanted.
    pub(super) fn new(learned: Learned) -> Option<Box<Self>> {
        learned.wants(Learned::OPTIONAL).then(|| {
            Box::new(Self {
                zeros: 0,
                negatives: 0,
                powers: learned.wants(Learned::HIGHER_MOMENTS).then(HigherMoments::default),
                geometric: learned.wants(Learned::GEOMETRIC).then(GeometricMean::default),
                harmonic: learned.wants(Learned::HARMONIC).then(HarmonicMean::default),
                value_counts: learned.wants(Learned::VALUE_COUNTS).then(ValueCounts::new),
            })
        })
    }

    /// The same of nothing.
    pub(super) fn empty(&self) -> Self {
        Self {
            zeros: 0,
            negatives: 0,
            powers: self.powers.as_ref().map(|_| HigherMoments::default()),
            geometric: self.geometric.as_ref().map(|_| GeometricMean::default()),
            harmonic: self.harmonic.as_ref().map(|_| HarmonicMean::default()),
            value_counts: self.value_counts.as_ref().map(ValueCounts::empty),
        }
    }

    /// One more value, not NaN.
    pub(super) fn add(&mut self, value: T) {
        let nearest = value.nearest();
        self.zeros += u64::from(nearest == 0.0);
        self.negatives += u64::from(nearest < 0.0);
        if let Some(powers) = self.powers.as_mut().filter(|_| nearest.is_finite()) {
            powers.add(value);
        }
        self.geometric.iter_mut().for_each(|mean| mean.add(nearest));
        self.harmonic.iter_mut().for_each(|mean| mean.add(nearest));
        self.value_counts.iter_mut().for_each(|value_counts| value_counts.add(value));
    }

    pub(super) fn merge(&mut self, other: Self) {
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
        if let (Some(ours), Some(theirs)) = (&mut self.value_counts, other.value_counts) {
            ours.merge(theirs);
        }
    }

    pub(super) fn clear(&mut self) {
        // The room of what was tallied serves the next series.
        let mut value_counts = self.value_counts.take();
        value_counts.iter_mut().for_each(ValueCounts::clear);
        *self = Self { value_counts, ..self.empty() };
    }
}
