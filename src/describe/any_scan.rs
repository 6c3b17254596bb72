//! The scan of a series whatever its values are.

use arrow_array::Array;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::num::number::Number;
use crate::scan::{Keep, Outcome, Scan, serial};
use crate::series::repr::Element;
use crate::series::{Chunk, Repr, from_arrow};
use crate::spec::Spec;
use crate::stats::overflow::Overflow;
use crate::stats::select::{Brackets, WIDE_MARGIN};
use crate::summary::Summary;

/// A [`Scan`] of the kind of number that its series is scanned as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum AnyScan {
    Float(#[serde(with = "serial")] Scan<f64>),
    Signed(#[serde(with = "serial")] Scan<i64>),
    Unsigned(#[serde(with = "serial")] Scan<u64>),
    Exact(#[serde(with = "serial::boxed")] Box<Scan<Number>>),
}

/// The scan of a repr as what it is.
pub(crate) trait Scanned: Element {
    fn scan(scan: &mut AnyScan) -> Option<&mut Scan<Self>>;
}

macro_rules! scanned {
    ($($type:ty => $repr:ident $(.$unbox:ident())?),*) => {$(
        impl Scanned for $type {
            fn scan(scan: &mut AnyScan) -> Option<&mut Scan<Self>> {
                match scan {
                    AnyScan::$repr(scan) => Some(scan $(.$unbox())?),
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
pub(crate) enum AnyOutcome {
    Done(Summary),
    Again(AnyScan),
}

/// An expression with the scan, a `&mut Scan<T>` or a `&Scan<T>`, whatever its values are.
macro_rules! with_scan {
    ($any:expr, $scan:ident => $result:expr) => {
        match $any {
            AnyScan::Float($scan) => $result,
            AnyScan::Signed($scan) => $result,
            AnyScan::Unsigned($scan) => $result,
            AnyScan::Exact(boxed) => {
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
            AnyScan::Float($scan) => AnyScan::Float($result),
            AnyScan::Signed($scan) => AnyScan::Signed($result),
            AnyScan::Unsigned($scan) => AnyScan::Unsigned($result),
            AnyScan::Exact($scan) => AnyScan::Exact(Box::new($result)),
        }
    };
}

/// An expression with two scans of the same type of values, or another one for scans of two types.
macro_rules! with_scans {
    ($one:expr, $other:expr, ($ours:ident, $theirs:ident) => $result:expr, else $otherwise:expr) => {
        match ($one, $other) {
            (AnyScan::Float($ours), AnyScan::Float($theirs)) => $result,
            (AnyScan::Signed($ours), AnyScan::Signed($theirs)) => $result,
            (AnyScan::Unsigned($ours), AnyScan::Unsigned($theirs)) => $result,
            (AnyScan::Exact($ours), AnyScan::Exact(boxed)) => {
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
impl AnyScan {
    pub(crate) fn new(repr: Repr, spec: &Spec, keep: Keep) -> Self {
        match repr {
            Repr::Float => Self::Float(Scan::new(spec, keep)),
            Repr::Signed => Self::Signed(Scan::new(spec, keep)),
            Repr::Unsigned => Self::Unsigned(Scan::new(spec, keep)),
            Repr::Exact => Self::Exact(Box::new(Scan::new(spec, keep))),
        }
    }

    /// Nothing seen yet, with the brackets of a scan of the same series: see [`Scan::brackets`].
    pub(crate) fn with_brackets_of(scan: &Self, spec: &Spec, keep: Keep) -> Self {
        map_scan!(scan, scan => Scan::with_brackets(spec, keep, scan.brackets().unwrap_or_else(Brackets::unknown)))
    }

    /// As [`Scan::aimed`].
    pub(crate) fn aimed(&mut self, spec: &Spec, keep: Keep, sample: usize, margin: f64) -> Self {
        map_scan!(self, scan => scan.aimed(spec, keep, sample, margin))
    }

    /// As [`Scan::overflow_to`].
    pub(crate) fn overflow_to(&mut self, overflow: &Overflow) {
        with_scan!(self, scan => scan.overflow_to(overflow));
    }

    /// As [`Scan::is_aimed_like`].
    pub(crate) fn is_aimed_like(&self, other: &Self) -> bool {
        with_scans!(self, other, (ours, theirs) => ours.is_aimed_like(theirs), else false)
    }

    /// An empty scan for one more pass, with the brackets that this one has: see [`Scan::narrow`].
    pub(crate) fn narrowed(&self, keep: Keep) -> Self {
        map_scan!(self, scan => scan.narrow(keep, scan.brackets().unwrap_or_else(Brackets::unknown)))
    }

    /// Whether both are scanned in one repr and asked for the same, so that they may be parts of one series.
    pub(crate) fn fits(&self, other: &Self) -> bool {
        with_scans!(self, other, (ours, theirs) => ours.fits(theirs), else false)
    }

    /// As [`Scan::restart`], with all values kept.
    pub(super) fn restart(&mut self) {
        with_scan!(self, scan => scan.restart(Keep::All, Brackets::unknown()));
    }

    pub(super) fn read_array(&mut self, array: &dyn Array) -> Result<()> {
        with_scan!(self, scan => from_arrow::read(array, scan))
    }

    pub(crate) fn read(&mut self, chunk: &Chunk) -> Result<()> {
        with_scan!(self, scan => chunk.read(scan))
    }

    /// As [`Scan::bytes_with`].
    pub(crate) fn bytes_with(&self, more: usize) -> usize {
        with_scan!(self, scan => scan.bytes_with(more))
    }

    /// The kind of number that it scans.
    pub(crate) fn repr(&self) -> Repr {
        match self {
            Self::Float(_) => Repr::Float,
            Self::Signed(_) => Repr::Signed,
            Self::Unsigned(_) => Repr::Unsigned,
            Self::Exact(_) => Repr::Exact,
        }
    }

    pub(crate) fn nan_count(&self) -> u64 {
        with_scan!(self, scan => scan.nan_count())
    }

    /// Another part of the same series: as [`Scan::merge`], and an error for scans of two reprs.
    pub(crate) fn merge(&mut self, other: Self) -> Result<()> {
        let differ = || Err(Error::Invalid("scans of two types of numbers do not merge".to_owned()));
        with_scans!(self, other, (ours, theirs) => ours.merge(theirs), else differ())
    }

    /// As [`Scan::keep_at_least`].
    pub(crate) fn keep_at_least(&mut self, values: usize) {
        with_scan!(self, scan => scan.keep_at_least(values));
    }

    /// As [`Scan::settle`].
    pub(crate) fn settle(&mut self, pass: Self) -> bool {
        with_scans!(self, pass, (ours, theirs) => ours.settle(theirs), else false)
    }

    /// Empty, with the brackets that it has.
    pub(crate) fn clear(&mut self, keep: Keep) {
        with_scan!(self, scan => {
            let brackets = scan.brackets().unwrap_or_else(Brackets::unknown);
            scan.restart(keep, brackets);
        });
    }

    /// As [`Scan::aimed`], for more values like those that it has seen, all of which it holds.
    pub(crate) fn aimed_by_itself(&mut self, spec: &Spec, keep: Keep) -> Self {
        map_scan!(self, scan => {
            let seen = usize::try_from(scan.rows()).unwrap_or(usize::MAX);
            scan.aimed(spec, keep, seen, WIDE_MARGIN)
        })
    }

    /// As [`Scan::narrowed_with_sum`], with the brackets that it has.
    pub(crate) fn narrowed_with_sum(&self, keep: Keep) -> Self {
        map_scan!(self, scan => scan.narrowed_with_sum(keep, scan.brackets().unwrap_or_else(Brackets::unknown)))
    }

    /// The answer; `None` where it takes another pass.
    pub(crate) fn finish_or_next(&mut self, spec: &Spec) -> Result<Option<Summary>> {
        fn done<K>(outcome: Outcome<K>) -> Option<Summary> {
            match outcome {
                Outcome::Done(summary) => Some(summary),
                Outcome::Again(_) => None,
            }
        }
        with_scan!(self, scan => scan.finish(spec).map(done))
    }

    /// An empty scan for one more pass, if it takes one, which sums as well: see [`Scan::saw_as`].
    pub(crate) fn next_pass(&mut self, spec: &Spec, keep: Keep) -> Result<Option<Self>> {
        macro_rules! next {
            ($scan:expr, $wrap:expr) => {{
                let scan = $scan;
                Ok(match scan.finish(spec)? {
                    Outcome::Done(_) => None,
                    Outcome::Again(brackets) => Some($wrap(scan.narrowed_with_sum(keep, brackets))),
                })
            }};
        }
        match self {
            Self::Float(scan) => next!(scan, Self::Float),
            Self::Signed(scan) => next!(scan, Self::Signed),
            Self::Unsigned(scan) => next!(scan, Self::Unsigned),
            Self::Exact(scan) => next!(scan, |scan| Self::Exact(Box::new(scan))),
        }
    }

    /// As [`Scan::saw_as`].
    pub(crate) fn saw_as(&self, pass: &Self) -> bool {
        with_scans!(self, pass, (ours, theirs) => ours.saw_as(theirs), else false)
    }

    /// As [`Scan::take_candidates`], of a scan of the same repr.
    pub(crate) fn take_candidates(&mut self, pass: Self) {
        with_scans!(self, pass, (ours, theirs) => ours.take_candidates(theirs), else ());
    }

    /// As [`Scan::update_known`], for integers that the repr holds.
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

    /// The answer, or the scan for another pass, which keeps as many values as `keep` says: a bracket that would not fit is sampled and narrowed
    /// again.
    pub(crate) fn finish(&mut self, spec: &Spec, keep: Keep) -> Result<AnyOutcome> {
        match self {
            Self::Float(scan) => any_outcome(scan, spec, keep, Self::Float),
            Self::Signed(scan) => any_outcome(scan, spec, keep, Self::Signed),
            Self::Unsigned(scan) => any_outcome(scan, spec, keep, Self::Unsigned),
            Self::Exact(scan) => any_outcome(scan, spec, keep, |scan| Self::Exact(Box::new(scan))),
        }
    }
}

fn any_outcome<T: Element>(
    scan: &mut Scan<T>,
    spec: &Spec,
    keep: Keep,
    wrap: impl Fn(Scan<T>) -> AnyScan,
) -> Result<AnyOutcome> {
    Ok(match scan.finish(spec)? {
        Outcome::Done(summary) => AnyOutcome::Done(summary),
        Outcome::Again(brackets) => {
            let narrow = scan.narrow(keep, brackets);
            scan.forget_candidates();
            AnyOutcome::Again(wrap(narrow))
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
        let reprs = [Repr::Float, Repr::Signed, Repr::Unsigned, Repr::Exact];
        for ours in reprs {
            for theirs in reprs {
                let mut scan = AnyScan::new(ours, &spec, Keep::All);
                let other = AnyScan::new(theirs, &spec, Keep::All);
                assert_eq!((scan.fits(&other), scan.merge(other).is_ok()), (ours == theirs, ours == theirs));
                let other = AnyScan::new(ours, &spec.clone().with_nan(NanPolicy::Omit), Keep::All);
                assert!(!scan.fits(&other) && scan.merge(other).is_err());
            }
        }
    }
}
