//! The series of a plan, however their rows are put together.

use super::context::ExecutionContext;
use super::groups::describe_dataset_groups;
use super::lists::describe_dataset_lists;
use super::pass::LeftOut;
use super::series::describe_series;
use crate::error::Result;
use crate::parquet::request::RunMetrics;
use crate::summary::Summaries;

/// The answers for the series of a plan, and the files that were left out.
pub(super) fn describe_numbers(run: &ExecutionContext<'_>, metrics: &mut RunMetrics) -> Result<(Summaries, LeftOut)> {
    if run.plan.are_lists {
        return describe_dataset_lists(run, metrics);
    }
    if !run.plan.keys.is_empty() {
        return describe_dataset_groups(run, metrics);
    }
    let (summaries, left_out) = describe_series(run, metrics)?;
    Ok((Summaries::new(run.plan.spec, summaries), left_out))
}
