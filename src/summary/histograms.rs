//! The histograms of many series as a column.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder, UInt64Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields};

use crate::spec::Histogram;

/// Lists of the edges and the counts of each row.
fn fields() -> Fields {
    let list = |name: &str, values: DataType| {
        Field::new(name, DataType::List(Arc::new(Field::new_list_field(values, false))), false)
    };
    Fields::from(vec![list("edges", DataType::Float64), list("counts", DataType::UInt64)])
}

/// Whether an array is a column of histograms.
#[cfg(any(feature = "parquet", feature = "stream"))]
pub(super) fn are_histograms(array: &dyn Array) -> bool {
    *array.data_type() == DataType::Struct(fields())
}

/// A column of `rows` rows with these histograms by row, ascending; the others have none.
pub(super) fn column_of(rows: usize, histograms: Vec<(usize, Histogram)>) -> StructArray {
    let fields = fields();
    let list_field = |index: usize| match fields[index].data_type() {
        DataType::List(field) => field.clone(),
        other => Arc::new(Field::new_list_field(other.clone(), false)),
    };
    let mut edges = ListBuilder::new(Float64Builder::new()).with_field(list_field(0));
    let mut counts = ListBuilder::new(UInt64Builder::new()).with_field(list_field(1));
    let mut is_there = vec![false; rows];
    let mut histograms = histograms.into_iter().peekable();
    for (row, is_there) in is_there.iter_mut().enumerate() {
        if let Some((_, histogram)) = histograms.next_if(|(of, _)| *of == row) {
            edges.values().append_slice(&histogram.edges);
            counts.values().append_slice(&histogram.counts);
            *is_there = true;
        }
        edges.append(true);
        counts.append(true);
    }
    let columns: Vec<ArrayRef> = vec![Arc::new(edges.finish()), Arc::new(counts.finish())];
    StructArray::new(fields, columns, Some(NullBuffer::from(is_there)))
}

/// The histogram of a row, if it has one.
pub(crate) fn histogram_at(column: &StructArray, row: usize) -> Option<Histogram> {
    if row >= column.len() || column.is_null(row) {
        return None;
    }
    let list = |index: usize| column.column(index).as_list::<i32>().value(row);
    let edges = list(0).as_primitive::<Float64Type>().values().to_vec();
    let counts = list(1).as_primitive::<UInt64Type>().values().to_vec();
    Some(Histogram { edges, counts })
}
