//! Arrays of several dimensions: many series of one length.

use super::any_scan::Scanned;
use super::describer::describe_all;
use super::passes::SHORT;
use super::segments::{in_parts, set_segments, tasks};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::series::matrix::Matrix;
use crate::series::repr::with_repr;
use crate::series::{Chunk, Repr};
use crate::spec::{NanPolicy, Spec};
use crate::summary::{AnswerRows, Answers, Summaries};

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
    let number_type = matrix.number_type();
    let rows = answers.rows().of_type(number_type);
    let first_nan = with_repr!(Repr::of(&[matrix.kind()]), T => set_matrix::<T>(matrix, rows, spec, interrupt))?;
    if let (NanPolicy::Raise, Some(index)) = (spec.nan(), first_nan) {
        let row = Chunk::Strided(matrix.series(index)?).first_nan()?.unwrap_or_default();
        return Err(Error::Nan { name: None, file: None, row });
    }
    Ok(Summaries::with_keys(vec![(None, number_type); matrix.len()], None, spec, answers))
}

/// Sets the rows of short series; the first one with a NaN.
fn set_matrix<T: Scanned>(
    matrix: &Matrix,
    rows: AnswerRows<'_>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Option<usize>> {
    let length = matrix.rows();
    let tasks = tasks(matrix.len(), |_| length);
    in_parts(tasks, rows, matrix.len() * length, spec, interrupt, |describer, task, rows| {
        let segments = (0..task.len()).map(|index| Some(index * length..(index + 1) * length));
        set_segments::<T>(&matrix.to_array(task)?, segments, describer, rows)
    })
}
