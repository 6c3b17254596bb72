//! Columns of text: the first and the last one in order, and their lengths; by name the distinct ones.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::ByteArrayType;
use arrow_array::{Array, ArrayRef, Float64Array, GenericByteArray, LargeBinaryArray, RecordBatch, UInt64Array};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType, Field};

use super::columns::{Grouping, TypedColumn, in_bytes};
use super::counts::Counts;
use super::distinct::Distinct;
use crate::describe::group_rows::Groups;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::num::rational::round_ratio;
use crate::spec::{KindStatistic, Spec, Statistic};
use crate::stats::texts::{ScannedText, TextScan, characters, prefix};
use crate::threads::Threads;

/// Rows that are scanned at a time.
const PIECE: usize = 1 << 14;

/// The answers for a column of text.
pub(super) fn describe_texts(
    column: &TypedColumn,
    grouping: Grouping<'_>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<RecordBatch> {
    let groups = grouping.map(|(_, groups)| groups);
    let scans = scans_of(column, groups, spec, interrupt)?;
    let counts = Counts::of(column, groups, spec)?;
    let distinct = if wants_distinct(&column.field, spec) { Some(Distinct::new(column, grouping)?) } else { None };
    interrupt.check()?;
    answers(column, counts, &scans, distinct.as_ref(), spec)
}

/// What is learned of the texts of each group, or of all: nothing where the spec asks for nothing of it.
pub(crate) fn scans_of(
    column: &TypedColumn,
    groups: Option<&Groups>,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Vec<TextScan<'static>>> {
    check(column, interrupt)?;
    if !wants_scan(spec) {
        return Ok(vec![TextScan::default(); groups.map_or(1, Groups::len)]);
    }
    let is_text = is_text(column.field.data_type());
    let chunks = byte_chunks(column, groups.is_some())?;
    let scans = match groups {
        None => vec![scan_chunks(&chunks, is_text, interrupt)?],
        Some(groups) => scan_groups(&chunks[0], is_text, groups, interrupt)?,
    };
    Ok(scans.into_iter().map(TextScan::into_owned).collect())
}

/// Checks text that comes as bytes.
pub(crate) fn check(column: &TypedColumn, interrupt: &Interrupt) -> Result<()> {
    if !is_text(column.field.data_type()) {
        return Ok(());
    }
    let is_bytes = |chunk: &&ArrayRef| {
        matches!(chunk.data_type(), DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
    };
    for chunk in column.chunks.iter().filter(is_bytes) {
        let starts: Vec<usize> = (0..chunk.len()).step_by(PIECE).collect();
        let first_wrong = |piece: usize| {
            interrupt.check()?;
            let rows = starts[piece]..chunk.len().min(starts[piece] + PIECE);
            Ok::<_, Error>(match chunk.data_type() {
                DataType::Binary => first_invalid(chunk.as_binary::<i32>(), rows),
                DataType::LargeBinary => first_invalid(chunk.as_binary::<i64>(), rows),
                _ => {
                    let texts = chunk.as_binary_view();
                    rows.into_iter().find(|&row| texts.is_valid(row) && !is_utf8(texts.value(row)))
                }
            })
        };
        let wrong = Threads::for_values(chunk.len()).try_map(starts.len(), first_wrong)?;
        if let Some(row) = wrong.into_iter().flatten().next() {
            return Err(column.failed(format!("the text in row {row} (of its chunk, counted from 0) is no UTF-8")));
        }
    }
    Ok(())
}

fn is_utf8(text: &[u8]) -> bool {
    text.is_ascii() || simdutf8::basic::from_utf8(text).is_ok()
}

/// The first of some rows whose text is no UTF-8.
fn first_invalid<T: ByteArrayType<Native = [u8]>>(texts: &GenericByteArray<T>, rows: Range<usize>) -> Option<usize> {
    let (offsets, data) = (&texts.value_offsets()[rows.start..=rows.end], texts.value_data());
    let (start, end) = (offsets[0].as_usize(), offsets[offsets.len() - 1].as_usize());
    let begins_within = |offset: &T::Offset| data.get(offset.as_usize()).is_some_and(|byte| byte & 0xc0 == 0x80);
    let spanned = &data[start..end];
    if spanned.is_ascii() || simdutf8::basic::from_utf8(spanned).is_ok() && !offsets.iter().any(begins_within) {
        return None;
    }
    // What a null lies over means nothing.
    rows.into_iter().find(|&row| texts.is_valid(row) && !is_utf8(texts.value(row)))
}

/// Whether more is asked than the distinct texts tell.
fn wants_scan(spec: &Spec) -> bool {
    use KindStatistic::{MaxLength, MeanLength, MinLength, NEmpty};
    let wants_of_texts = [NEmpty, MinLength, MaxLength, MeanLength].into_iter().any(|of| spec.wants_of_kind(of));
    wants_of_texts || spec.wants(Statistic::Min) || spec.wants(Statistic::Max)
}

/// Whether distinct texts are asked for. Enums have an order of their own: their first and last one are found among the distinct ones.
pub(crate) fn wants_distinct(field: &Field, spec: &Spec) -> bool {
    let wants = |statistics: [Statistic; 2]| statistics.into_iter().any(|statistic| spec.wants(statistic));
    let is_ordered = field.dict_is_ordered() == Some(true);
    spec.top().is_some()
        || wants([Statistic::Mode, Statistic::NUnique])
        || is_ordered && wants([Statistic::Min, Statistic::Max])
}

/// The answers for a column, a row a group, of what has been learned of its texts; distinct ones where [`wants_distinct`] says so.
pub(crate) fn answers(
    column: &TypedColumn,
    counts: Counts,
    scans: &[TextScan<'_>],
    distinct: Option<&Distinct>,
    spec: &Spec,
) -> Result<RecordBatch> {
    let rows = counts.count.len();
    let is_there = |group: usize| !counts.spoils(group, spec);
    let is_text = is_text(column.field.data_type());
    let mut statistics: Vec<(&str, ArrayRef)> = Vec::new();
    let of = |group: usize| Some(&scans[group]).filter(|scan| is_there(group) && scan.count() > 0);
    let whole = |number: &dyn Fn(&TextScan<'_>) -> Option<u64>| -> ArrayRef {
        Arc::new((0..rows).map(|group| of(group).and_then(number)).collect::<UInt64Array>())
    };
    if spec.wants_of_kind(KindStatistic::NEmpty) {
        let empty = (0..rows).map(|group| Some(scans[group].empty()).filter(|_| is_there(group)));
        statistics.push(("n_empty", Arc::new(empty.collect::<UInt64Array>())));
    }
    for (statistic, is_first) in [(Statistic::Min, true), (Statistic::Max, false)] {
        if !spec.wants(statistic) {
            continue;
        }
        let array = match distinct.filter(|_| column.field.dict_is_ordered() == Some(true)) {
            Some(distinct) => distinct
                .texts((0..rows).map(|group| distinct.end(group, is_first).filter(|_| is_there(group))), is_text),
            None => {
                let end = |group: usize| of(group)?.extremes().map(|(min, max)| if is_first { min } else { max });
                texts((0..rows).map(end), is_text)
            }
        };
        statistics.push((statistic.name(), array.map_err(|error| column.failed(error))?));
    }
    if spec.wants_of_kind(KindStatistic::MinLength) {
        statistics.push(("min_length", whole(&|scan| scan.lengths().map(|[least, _]| least))));
    }
    if spec.wants_of_kind(KindStatistic::MaxLength) {
        statistics.push(("max_length", whole(&|scan| scan.lengths().map(|[_, most]| most))));
    }
    if spec.wants_of_kind(KindStatistic::MeanLength) {
        let mean = |scan: &TextScan<'_>| round_ratio(false, u128::from(scan.total_length()).into(), scan.count(), 0);
        let means: Float64Array = (0..rows).map(|group| of(group).map(mean)).collect();
        statistics.push(("mean_length", Arc::new(means)));
    }
    if let Some(distinct) = distinct {
        if spec.wants(Statistic::Mode) {
            let modes: Vec<_> = (0..rows).map(|group| distinct.mode(group).filter(|_| is_there(group))).collect();
            let mode = distinct.texts(modes.iter().copied(), is_text).map_err(|error| column.failed(error))?;
            statistics.push(("mode", mode));
            let counts = modes.iter().map(|place| place.map(|place| distinct.size(place)));
            statistics.push(("mode_count", Arc::new(counts.collect::<UInt64Array>())));
        }
        if spec.wants(Statistic::NUnique) || spec.top().is_some() {
            let number = |group: usize| Some(distinct.number(group)).filter(|_| is_there(group));
            statistics.push(("n_unique", Arc::new((0..rows).map(number).collect::<UInt64Array>())));
        }
        if let Some(most) = spec.top() {
            let top = (0..rows).map(|group| is_there(group).then(|| distinct.top(group, most as usize))).collect();
            statistics.push(("top", distinct.counted(top, is_text).map_err(|error| column.failed(error))?));
        }
    }
    counts.with(statistics).map_err(|error| column.failed(error))
}

/// Whether the values are text rather than bytes.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        DataType::RunEndEncoded(_, values) => is_text(values.data_type()),
        data_type => matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    }
}

/// The chunks of a column as bytes of one of three layouts, or as dictionaries; `together` as one chunk that is no dictionary.
fn byte_chunks(column: &TypedColumn, together: bool) -> Result<Vec<ArrayRef>> {
    let whole;
    let chunks = match together {
        true => {
            whole = [column.whole()?];
            &whole[..]
        }
        false => &column.chunks,
    };
    let as_bytes = |chunk: &ArrayRef| match chunk.data_type() {
        DataType::Dictionary(_, values) if together => in_bytes(&cast(chunk, values)?),
        DataType::Dictionary(..) => Ok(chunk.clone()),
        _ => in_bytes(chunk),
    };
    chunks.iter().map(as_bytes).collect::<std::result::Result<_, ArrowError>>().map_err(|error| column.failed(error))
}

/// All rows of some chunks, on the threads of the pool.
fn scan_chunks<'a>(chunks: &'a [ArrayRef], is_text: bool, interrupt: &Interrupt) -> Result<TextScan<'a>> {
    let pieces: Vec<(&ArrayRef, Range<usize>)> = chunks
        .iter()
        .flat_map(|chunk| {
            let starts = (0..chunk.len()).step_by(PIECE);
            starts.map(move |start| (chunk, start..chunk.len().min(start + PIECE)))
        })
        .collect();
    let rows = chunks.iter().map(|chunk| chunk.len()).sum();
    let scan = |piece: usize| {
        interrupt.check()?;
        let (chunk, rows) = &pieces[piece];
        let mut scan = TextScan::default();
        scan_rows(chunk, rows.clone(), is_text, &mut scan);
        Ok::<_, Error>(scan)
    };
    let parts = Threads::for_values(rows).try_map(pieces.len(), scan)?;
    let mut whole = TextScan::default();
    parts.into_iter().for_each(|part| whole.merge(part));
    Ok(whole)
}

/// The rows of each group of a chunk.
fn scan_groups<'a>(
    chunk: &'a ArrayRef,
    is_text: bool,
    groups: &Groups,
    interrupt: &Interrupt,
) -> Result<Vec<TextScan<'a>>> {
    Threads::for_values(chunk.len()).try_map(groups.len(), |group| {
        interrupt.check()?;
        let mut scan = TextScan::default();
        let rows = groups.rows(group..group + 1).iter().map(|&row| row as usize);
        scan_rows(chunk, rows, is_text, &mut scan);
        Ok(scan)
    })
}

/// Some rows of a chunk, ascending.
fn scan_rows<'a>(
    chunk: &'a ArrayRef,
    rows: impl ExactSizeIterator<Item = usize> + Clone,
    is_text: bool,
    scan: &mut TextScan<'a>,
) {
    match chunk.data_type() {
        DataType::Binary => scan_bytes(chunk.as_binary::<i32>(), rows, is_text, scan),
        DataType::LargeBinary => scan_bytes(chunk.as_binary::<i64>(), rows, is_text, scan),
        DataType::BinaryView => {
            let texts = chunk.as_binary_view();
            scan_valid(rows, texts.nulls(), scan, |row| scanned(texts.value(row), is_text, 1));
        }
        // `byte_chunks` leaves only these.
        _ => scan_dictionary(chunk, rows, is_text, scan),
    }
}

/// A text as it is scanned.
#[inline]
fn scanned(bytes: &[u8], is_text: bool, times: u64) -> ScannedText<'_> {
    let length = if is_text { characters(bytes) } else { bytes.len() as u64 };
    ScannedText { prefix: prefix(bytes), bytes, length, times }
}

/// The texts of the rows that are there.
#[inline(always)]
fn scan_valid<'a>(
    rows: impl Iterator<Item = usize>,
    nulls: Option<&NullBuffer>,
    scan: &mut TextScan<'a>,
    text: impl Fn(usize) -> ScannedText<'a>,
) {
    match nulls.filter(|nulls| nulls.null_count() > 0) {
        None => scan.update(rows.map(text)),
        Some(nulls) => scan.update(rows.filter(|&row| nulls.is_valid(row)).map(text)),
    }
}

fn scan_bytes<'a, T: ByteArrayType<Native = [u8]>>(
    texts: &'a GenericByteArray<T>,
    rows: impl ExactSizeIterator<Item = usize> + Clone,
    is_text: bool,
    scan: &mut TextScan<'a>,
) {
    let (offsets, data) = (texts.value_offsets(), texts.value_data());
    let mut ends = rows.clone();
    let Some(first) = ends.next() else { return };
    let last = ends.last().unwrap_or(first);
    if last + 1 - first == rows.len() {
        let offsets = &offsets[first..=last + 1];
        let at = |offset: T::Offset| offset.as_usize();
        return match texts.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => scan.update_dense(data, offsets, at, |_| true, is_text),
            Some(nulls) => scan.update_dense(data, offsets, at, |place| nulls.is_valid(first + place), is_text),
        };
    }
    scan_valid(rows, texts.nulls(), scan, |row| {
        scanned(&data[offsets[row].as_usize()..offsets[row + 1].as_usize()], is_text, 1)
    });
}

/// Each value of a dictionary as often as it stands in the rows.
fn scan_dictionary<'a>(chunk: &'a ArrayRef, rows: impl Iterator<Item = usize>, is_text: bool, scan: &mut TextScan<'a>) {
    let dictionary = chunk.as_any_dictionary();
    let keys = dictionary.normalized_keys();
    let mut times = vec![0u64; dictionary.values().len()];
    let nulls = dictionary.keys().nulls();
    for row in rows.filter(|&row| nulls.is_none_or(|nulls| nulls.is_valid(row))) {
        if let Some(times) = times.get_mut(keys[row]) {
            *times += 1;
        }
    }
    let values = dictionary.values();
    macro_rules! update {
        ($texts:expr) => {{
            let texts = $texts;
            let found = times.iter().enumerate().filter(|(place, times)| **times > 0 && texts.is_valid(*place));
            scan.update(found.map(|(place, &times)| scanned(texts.value(place).as_ref(), is_text, times)));
        }};
    }
    match values.data_type() {
        DataType::Utf8 => update!(values.as_string::<i32>()),
        DataType::LargeUtf8 => update!(values.as_string::<i64>()),
        DataType::Utf8View => update!(values.as_string_view()),
        DataType::Binary => update!(values.as_binary::<i32>()),
        DataType::LargeBinary => update!(values.as_binary::<i64>()),
        DataType::BinaryView => update!(values.as_binary_view()),
        DataType::FixedSizeBinary(_) => update!(values.as_fixed_size_binary()),
        _ => {}
    }
}

/// Bytes as an array of text, or as they are.
fn texts<'a>(
    texts: impl Iterator<Item = Option<&'a [u8]>>,
    is_text: bool,
) -> std::result::Result<ArrayRef, ArrowError> {
    // More than 32-bit offsets reach is an error of the conversion.
    let texts: ArrayRef = Arc::new(texts.collect::<LargeBinaryArray>());
    cast(&texts, &if is_text { DataType::Utf8 } else { DataType::Binary })
}
