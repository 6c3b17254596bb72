//! What the statistics of a file say of a column of a row group.

use arrow_schema::DataType;
use parquet::file::statistics::Statistics;

use super::dataset::DataFile;
use super::writer_faults::Distrust;

/// Between which codes the keys of a column lie; `None` where that is not said, or where some are null.
///
/// It is a hint: whoever goes by it checks each key.
pub(super) fn code_range(file: &DataFile, index: usize, data_type: &DataType, row_group: usize) -> Option<(u64, u64)> {
    let field = file.schema().field(index).data_type();
    if !(field.is_signed_integer() && data_type.is_signed_integer() || field == data_type && field.is_temporal()) {
        return None;
    }
    let leaf = file.leaves(index).next()?;
    let statistics = file.parquet().row_group(row_group).column(leaf).statistics()?;
    if Distrust::of(file.parquet().file_metadata()) != Distrust::default() || statistics.null_count_opt() != Some(0) {
        return None;
    }
    let code = |value: i64| value as u64 ^ 1 << 63;
    let (low, high) = match statistics {
        Statistics::Int32(of) => (i64::from(*of.min_opt()?), i64::from(*of.max_opt()?)),
        Statistics::Int64(of) => (*of.min_opt()?, *of.max_opt()?),
        _ => return None,
    };
    (low <= high).then(|| (code(low), code(high)))
}
