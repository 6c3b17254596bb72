//! Where a run begins, and what comes of it.

use super::context::ExecutionContext;
use super::kept_rows::count_kept_rows;
use super::kinds::describe_other_kinds;
use super::numbers::describe_numbers;
use super::pass::LeftOut;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::parquet::columns::DataColumn;
use crate::parquet::plan::Plan;
use crate::parquet::request::{Answer, Progress, RunMetrics};
use crate::report::{Kept, Source};
use crate::spec::NanPolicy;
use crate::summary::Summaries;

impl Plan<'_> {
    /// Reads what has to be read, and answers.
    ///
    /// # Errors
    ///
    /// [`Error::File`](crate::Error::File) for damaged files under [`OnError::Fail`](crate::parquet::OnError::Fail),
    /// [`Error::Nan`](crate::Error::Nan) as the spec has it, [`Error::MemoryLimit`](crate::Error::MemoryLimit) for what does not fit even in
    /// parts, [`Error::Interrupted`](crate::Error::Interrupted).
    pub fn run(&self, interrupt: &Interrupt, progress: &Progress) -> Result<Answer> {
        #[cfg(feature = "allocator")]
        crate::arch::allocator::keep_within(self.budget.limit);
        let (mut metrics, mut left_out) = (RunMetrics::default(), LeftOut::new());
        loop {
            let (mut made, mut rest) = (None, None);
            let plan = self.without(&left_out, &mut made);
            let run = ExecutionContext { plan, interrupt, progress };
            let (series, failed) = describe_numbers(&run, &mut metrics)?;
            left_out.extend(failed);
            let plan = self.without(&left_out, &mut rest);
            let others = describe_other_kinds(&ExecutionContext { plan, ..run }, &mut metrics)?;
            if !others.failed.is_empty() {
                // What these files have of numbers counts no more.
                left_out.extend(others.failed);
                continue;
            }
            let kept = match self.request.predicate.as_ref().map(|_| self.kept_rows(&series, &self.counted(&left_out)))
            {
                None => None,
                Some(Some(rows)) => Some(rows),
                Some(None) => Some(count_kept_rows(&run, &mut left_out)?),
            };
            let mut source = self.source(left_out, kept);
            source.left_out.extend(others.left_out);
            return Ok(Answer { series, parts: others.parts, source, metrics });
        }
    }

    /// This plan, or one without the files that are left out, which is put into `made`.
    pub(super) fn without<'p>(&'p self, left_out: &LeftOut, made: &'p mut Option<Self>) -> &'p Self {
        match left_out.is_empty() {
            true => self,
            false => made.insert(self.without_files(|file| left_out.contains_key(&file))),
        }
    }

    /// The files that were not left out.
    fn counted(&self, left_out: &LeftOut) -> Vec<usize> {
        (0..self.files.len()).filter(|file| !left_out.contains_key(file)).collect()
    }

    /// What was read, with the number of rows that a predicate has kept.
    pub(super) fn source(&self, left_out: LeftOut, kept: Option<u64>) -> Source {
        let counted = self.counted(&left_out);
        let mut errors = self.dataset.skipped.clone();
        errors.extend(left_out.into_values());
        errors.sort();
        let predicate = self.request.predicate.as_ref().map(ToString::to_string);
        Source {
            files: counted.len(),
            rows: counted.iter().map(|&file| self.dataset.files[file].rows()).sum(),
            kept: predicate.zip(kept).map(|(predicate, rows)| Kept { predicate, rows }),
            bytes: None,
            errors,
            left_out: self.left_out.clone(),
        }
    }

    /// The rows that a predicate kept: those of a series that all files have; `None` if there is none.
    fn kept_rows(&self, answer: &Summaries, counted: &[usize]) -> Option<u64> {
        if self.are_lists {
            return answer.keys().map(|keys| keys.num_rows() as u64);
        }
        let of_groups = answer.keys().map(|keys| keys.num_rows());
        let is_everywhere = |column: &DataColumn| {
            let is_there = of_groups.is_some() || counted.iter().all(|&file| column.indices[file].is_some());
            is_there && !self.dataset.is_repeated(column)
        };
        let series = self.series.iter().position(is_everywhere)?;
        let length = of_groups.unwrap_or(1);
        let rows = (series * length..(series + 1) * length).filter_map(|row| answer.counts(row)).map(|counts| {
            let [count, nulls, nans] = counts;
            count + nulls + if self.spec.nan() == NanPolicy::Omit { nans } else { 0 }
        });
        Some(rows.sum())
    }
}
