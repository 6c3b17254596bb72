//! What the statistics of a file say of a column of a row group.

use arrow_schema::DataType;
use parquet::file::statistics::Statistics;

use super::data_file::DataFile;
use super::writer_faults::Distrust;

/// Between which codes the keys of a column lie; `None` where that is not said, or where some are null.
///
/// It is a hint: whoever goes by it checks each key.
pub(super) fn code_range(file: &DataFile, index: usize, data_type: &DataType, row_group: usize) -> Option<(u64, u64)> {
    let field = file.field(index).data_type();
    if !(field.is_signed_integer() && data_type.is_signed_integer() || field == data_type && field.is_temporal()) {
        return None;
    }
    let leaf = file.flat_leaf(index)?;
    let statistics = file.parquet().row_group(row_group).column(leaf).statistics()?;
    if Distrust::of(file.parquet().file_metadata()) != Distrust::default() || statistics.null_count_opt() != Some(0) {
        return None;
    }
    let code = |value: i128| value as i64 as u64 ^ 1 << 63;
    integer_bounds(statistics, Signedness::Signed).map(|[low, high]| (code(low), code(high)))
}

/// How the integers of a column are meant: their statistics are stored as signed ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signedness {
    Signed,
    Unsigned,
}

/// The least and the greatest of the integers of a row group, as its file says.
pub(super) fn integer_bounds(statistics: &Statistics, signedness: Signedness) -> Option<[i128; 2]> {
    let bounds: [i128; 2] = match (statistics, signedness) {
        (Statistics::Int32(of), Signedness::Signed) => [*of.min_opt()?, *of.max_opt()?].map(i128::from),
        (Statistics::Int64(of), Signedness::Signed) => [*of.min_opt()?, *of.max_opt()?].map(i128::from),
        (Statistics::Int32(of), Signedness::Unsigned) => [*of.min_opt()? as u32, *of.max_opt()? as u32].map(i128::from),
        (Statistics::Int64(of), Signedness::Unsigned) => [*of.min_opt()? as u64, *of.max_opt()? as u64].map(i128::from),
        _ => return None,
    };
    (bounds[0] <= bounds[1]).then_some(bounds)
}

/// The extrema that a file says a row group has: a hint, so that it does not matter how exact they are.
pub(super) fn extrema(statistics: &Statistics) -> Option<[f64; 2]> {
    Some(match statistics {
        Statistics::Int32(of) => [f64::from(*of.min_opt()?), f64::from(*of.max_opt()?)],
        Statistics::Int64(of) => [*of.min_opt()? as f64, *of.max_opt()? as f64],
        Statistics::Float(of) => [f64::from(*of.min_opt()?), f64::from(*of.max_opt()?)],
        Statistics::Double(of) => [*of.min_opt()?, *of.max_opt()?],
        _ => return None,
    })
}
