//! The scan of a series whatever its values are.

use arrow_array::Array;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::num::number::Number;
use crate::scan::{Keep, Outcome, Scan, serial};
use crate::series::lane::Element;
use crate::series::{Chunk, Lane, array};
use crate::spec::Spec;
use crate::stats::select::Brackets;
use crate::summary::Summary;

/// A [`Scan`] of the kind of number that its series is scanned as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum LaneScan {
    Float(#[serde(with = "serial")] Scan<f64>),
    Signed(#[serde(with = "serial")] Scan<i64>),
    Unsigned(#[serde(with = "serial")] Scan<u64>),
    Exact(#[serde(with = "serial::boxed")] Box<Scan<Number>>),
}

/// The scan of a lane as what it is.
pub(crate) trait Scanned: Element {
    fn scan(scan: &mut LaneScan) -> Option<&mut Scan<Self>>;
}

macro_rules! scanned {
    ($($type:ty => $lane:ident $(.$unbox:ident())?),*) => {$(
        impl Scanned for $type {
            fn scan(scan: &mut LaneScan) -> Option<&mut Scan<Self>> {
                match scan {
                    LaneScan::$lane(scan) => Some(scan $(.$unbox())?),
                    _ => None,
                }
            }
        }
    )*};
}
scanned!(f64 => Float, i64 => Signed, u64 => Unsigned, Number => Exact.as_mut());

/// An [`Outcome`]; the scan for another pass stands ready.
#[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "a stream has one pass"))]
#[expect(clippy::large_enum_variant, reason = "one a series, taken apart where it is made")]
pub(crate) enum LaneOutcome {
    Done(Summary),
    Again(LaneScan),
}

/// An expression with the scan, a `&mut Scan<T>` or a `&Scan<T>`, whatever its values are.
macro_rules! with_scan {
    ($any:expr, $scan:ident => $result:expr) => {
        match $any {
            LaneScan::Float($scan) => $result,
            LaneScan::Signed($scan) => $result,
            LaneScan::Unsigned($scan) => $result,
            LaneScan::Exact(boxed) => {
                let $scan = $crate::describe::any_scan::Unboxed::unboxed(boxed);
                $result
            }
        }
    };
}

pub(super) use with_scan;

/// The same, whose result is a scan of the same values again.
macro_rules! map_scan {
    ($any:expr, $scan:ident => $result:expr) => {
        match $any {
            LaneScan::Float($scan) => LaneScan::Float($result),
            LaneScan::Signed($scan) => LaneScan::Signed($result),
            LaneScan::Unsigned($scan) => LaneScan::Unsigned($result),
            LaneScan::Exact($scan) => LaneScan::Exact(Box::new($result)),
        }
    };
}

/// An expression with two scans of the same type of values, or another one for scans of two types.
macro_rules! with_scans {
    ($one:expr, $other:expr, ($ours:ident, $theirs:ident) => $result:expr, else $otherwise:expr) => {
        match ($one, $other) {
            (LaneScan::Float($ours), LaneScan::Float($theirs)) => $result,
            (LaneScan::Signed($ours), LaneScan::Signed($theirs)) => $result,
            (LaneScan::Unsigned($ours), LaneScan::Unsigned($theirs)) => $result,
            (LaneScan::Exact($ours), LaneScan::Exact(boxed)) => {
                let $theirs = Unboxed::unboxed(boxed);
                $result
            }
            _ => $otherwise,
        }
    };
}

/// What is in a box, in the way that the box is held.
pub(super) trait Unboxed {
    type Inner;
    fn unboxed(self) -> Self::Inner;
}

impl<T> Unboxed for Box<T> {
    type Inner = T;
    fn unboxed(self) -> T {
        *self
    }
}

impl<'a, T> Unboxed for &'a Box<T> {
    type Inner = &'a T;
    fn unboxed(self) -> &'a T {
        self
    }
}

impl<'a, T> Unboxed for &'a mut Box<T> {
    type Inner = &'a mut T;
    fn unboxed(self) -> &'a mut T {
        self
    }
}

#[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "a stream has one pass and no parts"))]
impl LaneScan {
    pub(crate) fn new(lane: Lane, spec: &Spec, keep: Keep) -> Self {
        match lane {
            Lane::Float => Self::Float(Scan::new(spec, keep)),
            Lane::Signed => Self::Signed(Scan::new(spec, keep)),
            Lane::Unsigned => Self::Unsigned(Scan::new(spec, keep)),
            Lane::Exact => Self::Exact(Box::new(Scan::new(spec, keep))),
        }
    }

    /// Nothing seen yet, with the brackets of a scan of the same series: see [`Scan::brackets`].
    pub(crate) fn with_brackets_of(scan: &Self, spec: &Spec, keep: Keep) -> Self {
        map_scan!(scan, scan => Scan::with_brackets(spec, keep, scan.brackets().unwrap_or_else(Brackets::unknown)))
    }

    /// As [`Scan::aimed`].
    pub(crate) fn aimed(&mut self, spec: &Spec, keep: Keep, sample: usize) -> Self {
        map_scan!(self, scan => scan.aimed(spec, keep, sample))
    }

    /// As [`Scan::is_aimed_like`].
    pub(crate) fn is_aimed_like(&self, other: &Self) -> bool {
        with_scans!(self, other, (ours, theirs) => ours.is_aimed_like(theirs), else false)
    }

    /// An empty scan for one more pass, with the brackets that this one has: see [`Scan::narrow`].
    pub(crate) fn narrowed(&self, keep: Keep) -> Self {
        map_scan!(self, scan => scan.narrow(keep, scan.brackets().unwrap_or_else(Brackets::unknown)))
    }

    /// Whether both are scanned in one lane and asked for the same, so that they may be parts of one series.
    pub(crate) fn fits(&self, other: &Self) -> bool {
        with_scans!(self, other, (ours, theirs) => ours.fits(theirs), else false)
    }

    /// As [`Scan::restart`], with all values kept.
    pub(super) fn restart(&mut self) {
        with_scan!(self, scan => scan.restart(Keep::All, Brackets::unknown()));
    }

    pub(super) fn read_array(&mut self, array: &dyn Array) -> Result<()> {
        with_scan!(self, scan => array::read(array, scan))
    }

    pub(crate) fn read(&mut self, chunk: &Chunk) -> Result<()> {
        with_scan!(self, scan => chunk.read(scan))
    }

    pub(crate) fn nan_count(&self) -> u64 {
        with_scan!(self, scan => scan.nan_count())
    }

    /// Another part of the same series: as [`Scan::merge`], and an error for scans of two lanes.
    pub(crate) fn merge(&mut self, other: Self) -> Result<()> {
        let differ = || Err(Error::Invalid("scans of two types of numbers do not merge".to_owned()));
        with_scans!(self, other, (ours, theirs) => ours.merge(theirs), else differ())
    }

    /// As [`Scan::settle`].
    pub(crate) fn settle(&mut self, pass: Self) -> bool {
        with_scans!(self, pass, (ours, theirs) => ours.settle(theirs), else false)
    }

    /// As [`Scan::update_known`], for integers that the lane holds.
    pub(crate) fn update_known(&mut self, count: u64, nulls: u64, bounds: Option<[i128; 2]>) {
        fn known<T: Element>(scan: &mut Scan<T>, count: u64, nulls: u64, bounds: Option<[i128; 2]>) {
            let value = |bound: i128| match i64::try_from(bound) {
                Ok(bound) => T::from_signed(bound),
                Err(_) => T::from_unsigned(bound as u64),
            };
            scan.update_known(count, nulls, bounds.map(|[min, max]| (value(min), value(max))));
        }
        with_scan!(self, scan => known(scan, count, nulls, bounds));
    }

    /// The answer, or the scan for another pass, which keeps so many values: a bracket that would not fit is sampled and narrowed
    /// again.
    pub(crate) fn finish(&mut self, spec: &Spec, keep: Keep) -> Result<LaneOutcome> {
        match self {
            Self::Float(scan) => lane_outcome(scan, spec, keep, Self::Float),
            Self::Signed(scan) => lane_outcome(scan, spec, keep, Self::Signed),
            Self::Unsigned(scan) => lane_outcome(scan, spec, keep, Self::Unsigned),
            Self::Exact(scan) => lane_outcome(scan, spec, keep, |scan| Self::Exact(Box::new(scan))),
        }
    }
}

fn lane_outcome<T: Element>(
    scan: &mut Scan<T>,
    spec: &Spec,
    keep: Keep,
    wrap: impl Fn(Scan<T>) -> LaneScan,
) -> Result<LaneOutcome> {
    Ok(match scan.finish(spec)? {
        Outcome::Done(summary) => LaneOutcome::Done(summary),
        Outcome::Again(brackets) => {
            let narrow = scan.narrow(keep, brackets);
            scan.forget_candidates();
            LaneOutcome::Again(wrap(narrow))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::NanPolicy;

    /// Scans of two types of numbers were an assertion of debug builds alone.
    #[test]
    fn scans_of_two_types_do_not_merge() {
        let spec = Spec::default();
        let lanes = [Lane::Float, Lane::Signed, Lane::Unsigned, Lane::Exact];
        for ours in lanes {
            for theirs in lanes {
                let mut scan = LaneScan::new(ours, &spec, Keep::All);
                let other = LaneScan::new(theirs, &spec, Keep::All);
                assert_eq!((scan.fits(&other), scan.merge(other).is_ok()), (ours == theirs, ours == theirs));
                let other = LaneScan::new(ours, &spec.clone().with_nan(NanPolicy::Omit), Keep::All);
                assert!(!scan.fits(&other) && scan.merge(other).is_err());
            }
        }
    }
}
