//! Arrays of several dimensions: many series of one length.

use super::any_scan::Scanned;
use super::describer::describe_all;
use super::passes::SHORT;
use super::segments::{in_parts, of_segments, tasks};
use crate::error::{self, Error, Result};
use crate::interrupt::Interrupt;
use crate::series::lane::with_lane;
use crate::series::matrix::Matrix;
use crate::series::{Chunk, Lane};
use crate::spec::{NanPolicy, Spec};
use crate::summary::{Answers, Rows, Summaries};

/// The summaries of the series of an array of several dimensions, in their order. Short ones are copied together, the long ones
/// are scanned where they are.
///
/// # Errors
///
/// As [`describe_all`](super::describe_all).
pub fn describe_matrix(matrix: &Matrix, spec: &Spec, interrupt: &Interrupt) -> Result<Summaries> {
    if matrix.rows() > SHORT {
        return Ok(Summaries::new(spec, describe_all(&matrix.to_series()?, spec, interrupt)?));
    }
    let mut answers = Answers::new(matrix.len(), spec);
    let rows = answers.rows();
    let first_nan = with_lane!(Lane::of(&[matrix.kind()]), T => of_matrix::<T>(matrix, rows, spec, interrupt))?;
    if let (NanPolicy::Raise, Some(place)) = (spec.nan(), first_nan) {
        let row = Chunk::Memory(matrix.series(place)?).first_nan()?.unwrap_or_default();
        return Err(Error::Nan { place: error::column(None), row });
    }
    Ok(Summaries::with_keys(vec![None; matrix.len()], None, spec, answers))
}

/// Sets the rows of short series; the first one with a NaN.
fn of_matrix<T: Scanned>(matrix: &Matrix, rows: Rows<'_>, spec: &Spec, interrupt: &Interrupt) -> Result<Option<usize>> {
    let length = matrix.rows();
    let tasks = tasks(matrix.len(), |_| length);
    in_parts(tasks, rows, matrix.len() * length, spec, interrupt, |describer, task, rows| {
        let segments = (0..task.len()).map(|place| Some(place * length..(place + 1) * length));
        of_segments::<T>(&matrix.to_array(task)?, segments, describer, rows)
    })
}
