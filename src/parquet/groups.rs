//! Groups of the rows of a dataset: the rows are sorted out by key, and each group is described as a series.
//!
//! As long as all rows fit in memory, they are one table, which `describe_groups` takes apart. Beyond that, rows are dealt out to
//! partitions by a hash of their key, on disk, each of which fits; the answers of the partitions are put in the order of the keys. A
//! partition that still does not fit is dealt out once more; if that does not help, because few keys have most of the rows, its
//! groups are scanned in passes over what lies on disk. Whichever way a group goes, its values are all there, so its answer has the same bits.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array};
use arrow_buffer::NullBuffer;
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::concat::{concat, concat_batches};
use arrow_select::take::{take, take_record_batch};
use rayon::prelude::*;

use super::columns::DataColumn;
use super::decode::{Part, Rows, plain_type};
use super::passes::LeftOut;
use super::plan::Plan;
use super::request::Tally;
use super::spill::{Segment, Spill};
use super::work::Run;
use crate::describe::{Groups, LaneOutcome, LaneScan, PASSES, changed, describe_groups};
use crate::error::{Error, Result};
use crate::scan::{Keep, SAMPLE};
use crate::series::key::{KeyColumn, Work};
use crate::series::{Chunk, Kind, Lane, Series};
use crate::spec::NanPolicy;
use crate::summary::{Answers, Summaries};

/// Bytes that a row takes while its group is found and described, beside twice its own width.
const ROW: u64 = 48;

/// The most partitions that rows are dealt out to at a time.
const PARTITIONS: u64 = 512;

/// Rows that are dealt out together.
const DEALT: usize = 1 << 18;

/// How often a partition that is too long is dealt out again.
const DEPTH: u32 = 3;

/// The answer for each column and each key, and the files that were left out.
pub(super) fn describe_dataset_groups(run: &Run<'_>, tally: &mut Tally) -> Result<(Summaries, LeftOut)> {
    let table = Table::new(run.plan)?;
    let mut left_out = LeftOut::new();
    loop {
        let sorting = Sorting::new(run, &table)?;
        let failed = sorting.read(&left_out, tally)?;
        if failed.is_empty() {
            return Ok((sorting.finish(tally)?, left_out));
        }
        // Rows of a file that failed half-way are among the others: start again without it.
        left_out.extend(failed);
    }
}

/// How rows are kept: the keys, then the values, each in one type for all files.
struct Table {
    schema: SchemaRef,
    keys: usize,
    /// Bytes of a row, about.
    width: u64,
}

impl Table {
    fn new(plan: &Plan<'_>) -> Result<Self> {
        let keys = plan.keys.iter().map(|key| Ok(Field::new(&key.name, key.data_type.clone(), true)));
        let values = plan.series.iter().map(|series| Ok(Field::new(&series.name, common_type(plan, series)?, true)));
        let fields = keys.chain(values).collect::<Result<Vec<_>>>()?;
        let width = fields.iter().map(|field| field.data_type().primitive_width().unwrap_or(24) as u64).sum();
        Ok(Self { schema: Arc::new(Schema::new(fields)), keys: plan.keys.len(), width })
    }

    /// Rows as they are kept.
    fn batch(&self, plan: &Plan<'_>, part: &Part, rows: Rows) -> Result<RecordBatch> {
        let values = rows.values.iter().zip(&part.series).map(|(values, &series)| {
            let data_type = self.schema.field(self.keys + series).data_type();
            let Some(values) = values else { return Ok(new_null_array(data_type, rows.count)) };
            if plan.spec.nan() == NanPolicy::Raise
                && let Some(row) = Chunk::Array(values.clone()).first_nan()?
            {
                let file = plan.dataset.files[part.file].name();
                let place = format!("column '{}' of {file}", plan.series[series].name);
                return Err(Error::Nan { place, row: rows.row(row) });
            }
            exactly(values, data_type).map_err(|message| plan.damaged(part, Some(series), &message))
        });
        let values = values.collect::<Result<Vec<_>>>()?;
        let columns = rows.keys.iter().cloned().chain(values).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.count));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|error| plan.damaged(part, None, &error))
    }

    /// How many rows may be in memory while their groups are described.
    fn most_rows(&self, plan: &Plan<'_>) -> u64 {
        // A third is for the answers of those that are done.
        (plan.budget.kept() * 2 / 3 / (2 * self.width + ROW)).max(1 << 12)
    }

    fn key_columns(&self, batch: &RecordBatch) -> Vec<(String, ArrayRef)> {
        let fields = self.schema.fields().iter().zip(batch.columns()).take(self.keys);
        fields.map(|(field, column)| (field.name().clone(), column.clone())).collect()
    }

    fn series(&self, batch: &RecordBatch) -> Result<Vec<Series>> {
        let fields = self.schema.fields().iter().zip(batch.columns()).skip(self.keys);
        fields.map(|(field, column)| Series::from_arrays(Some(field.name().clone()), vec![column.clone()])).collect()
    }
}

/// A type that holds the values of a column in every file exactly.
fn common_type(plan: &Plan<'_>, series: &DataColumn) -> Result<DataType> {
    if let Some(plain) = plain_type(series.lane) {
        return Ok(plain);
    }
    let places = series.places.iter().enumerate().filter_map(|(file, place)| Some((file, (*place)?)));
    let fields = places.map(|(file, place)| plan.dataset.files[file].schema().field(place));
    let numeric: Vec<&DataType> =
        fields.filter(|field| Kind::of_field(field).is_some()).map(Field::data_type).collect();
    let kinds: Vec<Kind> = numeric.iter().filter_map(|data_type| Kind::of(data_type)).collect();
    if let [first, rest @ ..] = &numeric[..]
        && rest.iter().all(|data_type| data_type == first)
    {
        return Ok((*first).clone());
    }
    if !kinds.contains(&Kind::Float) {
        // Whole numbers of either sign have 20 digits at most; decimals have their own.
        let scale = numeric.iter().filter_map(|data_type| match data_type {
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
            | DataType::Decimal256(_, scale) => Some(*scale),
            _ => None,
        });
        return Ok(DataType::Decimal256(76, scale.max().unwrap_or(0).max(0)));
    }
    if kinds.contains(&Kind::Decimal) {
        let column = &series.name;
        return Err(Error::Invalid(format!(
            "column '{column}' holds decimals in one file and floats in another, which no type holds together; group them apart"
        )));
    }
    Ok(DataType::Float64)
}

/// Values in another type, of which none may change.
fn exactly(values: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, String> {
    if values.data_type() == data_type {
        return Ok(values.clone());
    }
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let cast = |values: &ArrayRef, data_type: &DataType| {
        cast_with_options(values, data_type, &strict).map_err(|error| error.to_string())
    };
    let found = cast(values, data_type)?;
    if *data_type == DataType::Float64 {
        const EXACT: u64 = 1 << 53;
        let inexact = match values.data_type() {
            DataType::Int64 => values.as_primitive::<Int64Type>().iter().flatten().any(|v| v.unsigned_abs() > EXACT),
            DataType::UInt64 => values.as_primitive::<UInt64Type>().iter().flatten().any(|value| value > EXACT),
            DataType::Dictionary(..) | DataType::RunEndEncoded(..) => {
                let plain = match Kind::of(values.data_type()) {
                    Some(Kind::Signed) => cast(values, &DataType::Int64)?,
                    Some(Kind::Unsigned) => cast(values, &DataType::UInt64)?,
                    _ => return Ok(found),
                };
                return exactly(&plain, data_type);
            }
            _ => false,
        };
        if inexact {
            return Err("holds integers beyond 2^53, and floats in another file: no type holds both exactly".to_owned());
        }
    }
    debug_assert!(*data_type != DataType::Float64 || found.as_primitive::<Float64Type>().len() == values.len());
    Ok(found)
}

/// Rows on their way to their groups.
struct Sorting<'a> {
    run: &'a Run<'a>,
    table: &'a Table,
    hasher: RandomState,
    place: RwLock<Place>,
}

/// Where rows are.
enum Place {
    Memory { batches: Mutex<(Vec<RecordBatch>, u64)> },
    Disk(Dealt),
}

/// Partitions of rows on disk.
struct Dealt {
    spill: Arc<Spill>,
    depth: u32,
    partitions: Vec<Mutex<Vec<Segment>>>,
}

impl Dealt {
    fn new(spill: Arc<Spill>, depth: u32, partitions: u64) -> Self {
        let partitions = (0..partitions.clamp(2, PARTITIONS)).map(|_| Mutex::new(Vec::new())).collect();
        Self { spill, depth, partitions }
    }
}

impl<'a> Sorting<'a> {
    fn new(run: &'a Run<'a>, table: &'a Table) -> Result<Self> {
        let place = RwLock::new(Place::Memory { batches: Mutex::new((Vec::new(), 0)) });
        Ok(Self { run, table, hasher: RandomState::new(), place })
    }

    /// Reads all files that are not left out; the ones that failed.
    fn read(&self, left_out: &LeftOut, tally: &mut Tally) -> Result<LeftOut> {
        let plan = self.run.plan;
        let series: Vec<usize> = (0..plan.series.len()).collect();
        let files = plan.files.iter().enumerate().filter(|(file, _)| !left_out.contains_key(file));
        let parts: Vec<Part> = files
            .flat_map(|(file, of)| (0..of.row_groups.len()).map(move |group| (file, group)))
            .map(|(file, group)| Part { file, group, series: series.clone(), first: None })
            .collect();
        let rows: u64 = parts.iter().map(|part| plan.group(part).rows).sum();
        let bytes: u64 = parts.iter().map(|part| plan.stored(part.file, plan.group(part), &part.series)).sum();
        let mut distinct: Vec<usize> = parts.iter().map(|part| part.file).collect();
        distinct.dedup();
        let files = distinct.len() as u64;
        self.run.progress.begin(files, rows, bytes);
        tally.passes += 1;
        tally.files_read += files;
        tally.bytes += bytes;
        let together = (plan.budget.decoding() / 3 / self.table.width).clamp(1 << 14, DEALT as u64) as usize;
        let left: Vec<AtomicUsize> = plan.files.iter().map(|file| AtomicUsize::new(file.row_groups.len())).collect();
        tracing::debug!(files, rows, bytes, "a pass over groups begins");
        let failures = self.run.each_part(&parts, |part, reader| {
            let (mut waiting, mut count) = (Vec::new(), 0);
            self.run.decode(part, reader, &mut |rows| {
                let batch = self.table.batch(plan, part, rows)?;
                count += batch.num_rows();
                waiting.push(batch);
                if count >= together {
                    count = 0;
                    self.add(std::mem::take(&mut waiting))?;
                }
                Ok(())
            })?;
            self.add(waiting)?;
            // The last one to be done, whichever that is.
            if left[part.file].fetch_sub(1, Ordering::Relaxed) == 1 {
                tracing::info!(file = plan.dataset.files[part.file].name(), "read");
                self.run.progress.add_file();
            }
            Ok(())
        })?;
        let failed =
            failures.into_iter().map(|(index, error)| (parts[index].file, plan.skipped(&parts[index], &error)));
        Ok(failed.collect())
    }

    /// More rows: in memory while they fit there, else on disk.
    fn add(&self, batches: Vec<RecordBatch>) -> Result<()> {
        if batches.is_empty() {
            return Ok(());
        }
        let rows: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        {
            let place = self.place.read().unwrap_or_else(|poison| poison.into_inner());
            match &*place {
                Place::Disk(dealt) => return self.deal(dealt, &batches),
                Place::Memory { batches: kept } => {
                    let mut kept = kept.lock().unwrap_or_else(|poison| poison.into_inner());
                    if kept.1 + rows <= self.table.most_rows(self.run.plan) {
                        kept.0.extend(batches);
                        kept.1 += rows;
                        return Ok(());
                    }
                }
            }
        }
        let mut place = self.place.write().unwrap_or_else(|poison| poison.into_inner());
        if let Place::Memory { batches: kept } = &*place {
            let plan = self.run.plan;
            // A third more than an even share, as hashes are not that even.
            let partitions = plan.rows() * 4 / 3 / self.table.most_rows(plan) + 1;
            tracing::info!(partitions, "rows do not fit in memory, and go to a temporary file");
            let dealt = Dealt::new(Arc::new(Spill::new(&plan.request.temporary)?), 0, partitions);
            let kept = std::mem::take(&mut *kept.lock().unwrap_or_else(|poison| poison.into_inner()));
            let mut waiting = Vec::new();
            let mut count = 0;
            for batch in kept.0 {
                count += batch.num_rows();
                waiting.push(batch);
                if count >= DEALT {
                    self.deal(&dealt, &std::mem::take(&mut waiting))?;
                    count = 0;
                }
            }
            self.deal(&dealt, &waiting)?;
            *place = Place::Disk(dealt);
        }
        match &*place {
            Place::Disk(dealt) => self.deal(dealt, &batches),
            Place::Memory { .. } => Ok(()),
        }
    }

    /// Deals rows out to partitions.
    fn deal(&self, dealt: &Dealt, batches: &[RecordBatch]) -> Result<()> {
        if batches.is_empty() {
            return Ok(());
        }
        let failed = |error| Error::Data(format!("rows of groups: {error}"));
        let batch = concat_batches(&self.table.schema, batches).map_err(failed)?;
        let count = dealt.partitions.len();
        // Each time by other bits.
        let mix = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(2 * u64::from(dealt.depth) + 1);
        let partition_of =
            |hash: u64| ((u128::from((hash ^ mix).wrapping_mul(mix | 1)) * count as u128) >> 64) as usize;
        let places: Vec<usize> = self.hashes(&batch)?.into_iter().map(partition_of).collect();
        let mut starts = vec![0; count + 1];
        places.iter().for_each(|&place| starts[place + 1] += 1);
        for partition in 0..count {
            starts[partition + 1] += starts[partition];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; batch.num_rows()];
        for (row, &place) in (0..).zip(&places) {
            rows[next[place]] = row;
            next[place] += 1;
        }
        let sorted = take_record_batch(&batch, &UInt32Array::from(rows)).map_err(failed)?;
        drop(batch);
        for (partition, segments) in dealt.partitions.iter().enumerate() {
            let length = starts[partition + 1] - starts[partition];
            if length > 0 {
                let segment = dealt.spill.write(&sorted.slice(starts[partition], length))?;
                segments.lock().unwrap_or_else(|poison| poison.into_inner()).push(segment);
            }
        }
        self.run.interrupt.check()
    }

    /// A hash of the keys of each row.
    fn hashes(&self, batch: &RecordBatch) -> Result<Vec<u64>> {
        let mut hashes = vec![0; batch.num_rows()];
        for (name, array) in self.table.key_columns(batch) {
            let column = KeyColumn::new(name, array, &|_| Ok(Vec::new()))?;
            column.visit(Hashing { hashes: &mut hashes, nulls: column.nulls(), hasher: &self.hasher });
        }
        Ok(hashes)
    }

    /// The answers, in the order of the keys.
    fn finish(self, tally: &mut Tally) -> Result<Summaries> {
        let place = self.place.into_inner().unwrap_or_else(|poison| poison.into_inner());
        let run = self.run;
        match place {
            Place::Memory { batches } => {
                let (batches, _) = batches.into_inner().unwrap_or_else(|poison| poison.into_inner());
                describe_rows(run, self.table, batches)
            }
            Place::Disk(dealt) => {
                let spill = Arc::clone(&dealt.spill);
                let rows = dealt.partitions.iter().map(|partition| {
                    let segments = partition.lock().unwrap_or_else(|poison| poison.into_inner());
                    segments.iter().map(|segment| segment.rows as u64).sum::<u64>()
                });
                run.progress.begin(0, rows.sum(), 0);
                let sorting = Sorting { place: RwLock::new(Place::Memory { batches: Mutex::default() }), ..self };
                let mut answers = Vec::new();
                sorting.finish_partitions(dealt, &mut answers)?;
                tally.spilled += spill.len();
                join(answers)
            }
        }
    }

    fn finish_partitions(&self, dealt: Dealt, answers: &mut Vec<Summaries>) -> Result<()> {
        let Dealt { spill, depth, partitions } = dealt;
        for partition in partitions {
            self.run.interrupt.check()?;
            let segments = partition.into_inner().unwrap_or_else(|poison| poison.into_inner());
            let rows: u64 = segments.iter().map(|segment| segment.rows as u64).sum();
            let most = self.table.most_rows(self.run.plan);
            if rows == 0 {
                continue;
            } else if rows <= most {
                let batches = segments.into_iter().map(|segment| spill.read(segment)).collect::<Result<Vec<_>>>()?;
                answers.push(describe_rows(self.run, self.table, batches)?);
                self.run.progress.add(rows, 0);
            } else if depth < DEPTH {
                let again = Dealt::new(Arc::clone(&spill), depth + 1, rows * 4 / 3 / most + 1);
                for segment in segments {
                    self.deal(&again, &[spill.read(segment)?])?;
                }
                self.finish_partitions(again, answers)?;
            } else {
                answers.push(self.scan_groups(&spill, &segments)?);
                self.run.progress.add(rows, 0);
            }
        }
        Ok(())
    }

    /// The groups of rows that are too many to be held: passes over what lies on disk, with a scan for each group and series.
    fn scan_groups(&self, spill: &Spill, segments: &[Segment]) -> Result<Summaries> {
        let (plan, spec) = (self.run.plan, self.run.plan.spec);
        let keep = (plan.budget.kept() / (256 * plan.series.len() as u64)) as usize;
        let keep = Keep::AtMost(keep.clamp(SAMPLE >> 6, SAMPLE));
        let lanes: Vec<Lane> = self
            .table
            .schema
            .fields()
            .iter()
            .skip(self.table.keys)
            .map(|field| Lane::of(Kind::of(field.data_type()).as_slice()))
            .collect();
        let empties: Vec<LaneScan> = lanes.iter().map(|&lane| LaneScan::new(lane, spec, keep)).collect();
        let mut keys: Option<RecordBatch> = None;
        let mut scans: Vec<Vec<LaneScan>> = Vec::new();
        for &segment in segments {
            self.run.interrupt.check()?;
            let batch = spill.read(segment)?;
            let (found, numbers, groups) = self.numbered(keys.as_ref(), &batch)?;
            keys = Some(found);
            let most = numbers.iter().max().map_or(0, |&number| number + 1);
            if scans.len() < most {
                self.check_groups(most)?;
                scans.resize(most, empties.clone());
            }
            self.scan_rows(&batch, &groups, &numbers, &mut scans)?;
        }
        let keys = keys.unwrap_or_else(|| RecordBatch::new_empty(self.table.schema.clone()));
        let mut answers = Answers::new(scans.len() * lanes.len(), spec);
        let mut decided = vec![false; scans.len() * lanes.len()];
        for _ in 0..PASSES {
            let mut again: Vec<Vec<Option<LaneScan>>> = Vec::with_capacity(scans.len());
            let groups = scans.len();
            let mut rows = answers.rows();
            for (group, scans) in scans.iter_mut().enumerate() {
                let narrow = scans.iter_mut().enumerate().map(|(series, scan)| {
                    let row = series * groups + group;
                    if decided[row] {
                        return None;
                    }
                    match scan.finish(spec, keep) {
                        LaneOutcome::Done(summary) => {
                            rows.set(row, &summary);
                            decided[row] = true;
                            None
                        }
                        LaneOutcome::Again(narrow) => Some(narrow),
                    }
                });
                again.push(narrow.collect());
            }
            if decided.iter().all(|&decided| decided) {
                let columns = plan.series.iter().map(|series| Some(series.name.clone())).collect();
                let names = self.table.schema.fields().iter().take(self.table.keys).cloned().collect::<Vec<_>>();
                let keys = RecordBatch::try_new(Arc::new(Schema::new(names)), keys.columns().to_vec())
                    .map_err(|error| Error::Data(error.to_string()))?;
                return Ok(Summaries::with_keys(columns, Some(keys), spec, answers));
            }
            // What is decided gets a scan that nothing is asked of.
            let mut narrow: Vec<Vec<LaneScan>> = again
                .iter()
                .map(|of| {
                    of.iter().zip(&empties).map(|(scan, empty)| scan.clone().unwrap_or_else(|| empty.clone())).collect()
                })
                .collect();
            for &segment in segments {
                self.run.interrupt.check()?;
                let batch = spill.read(segment)?;
                let (_, numbers, groups) = self.numbered(Some(&keys), &batch)?;
                self.scan_rows(&batch, &groups, &numbers, &mut narrow)?;
            }
            for ((scans, narrow), again) in scans.iter_mut().zip(narrow).zip(again) {
                for ((scan, narrow), again) in scans.iter_mut().zip(narrow).zip(again) {
                    if again.is_some() && !scan.settle(narrow) {
                        return Err(changed());
                    }
                }
            }
        }
        Err(changed())
    }

    fn check_groups(&self, groups: usize) -> Result<()> {
        // A scan has some 16 KiB, and keeps values.
        let plan = self.run.plan;
        let needed = groups as u64 * plan.series.len() as u64 * (16 << 10);
        if needed > plan.budget.kept() {
            let what = "a group has so many rows that it is scanned in passes, and there are many such groups; this";
            let limit = plan.budget.limit;
            return Err(Error::MemoryLimit { what: what.into(), needed: needed + limit - plan.budget.kept(), limit });
        }
        Ok(())
    }

    /// The distinct keys with those of a batch, each of them with its number, and the groups of the batch.
    fn numbered(&self, known: Option<&RecordBatch>, batch: &RecordBatch) -> Result<(RecordBatch, Vec<usize>, Groups)> {
        let groups = Groups::new(self.table.key_columns(batch), batch.num_rows())?;
        let Some(known) = known else {
            let numbers = (0..groups.len()).collect();
            return Ok((groups.keys.clone(), numbers, groups));
        };
        let failed = |error| Error::Data(format!("keys of groups: {error}"));
        let both = concat_batches(&groups.keys.schema(), [known, &groups.keys]).map_err(failed)?;
        let joint = Groups::new(self.table.key_columns(&both), both.num_rows())?;
        let mut numbers = vec![0; groups.len()];
        let mut new = Vec::new();
        for group in 0..joint.len() {
            // Rows ascend within a group, so that a key that is known comes first.
            match *joint.rows(group..group + 1) {
                [row] if (row as usize) < known.num_rows() => {}
                [row] => {
                    numbers[row as usize - known.num_rows()] = known.num_rows() + new.len();
                    new.push(row);
                }
                [old, row, ..] => numbers[row as usize - known.num_rows()] = old as usize,
                [] => {}
            }
        }
        let rows: UInt32Array = (0..known.num_rows() as u32).chain(new).collect::<Vec<_>>().into();
        let keys = take_record_batch(&both, &rows).map_err(failed)?;
        Ok((keys, numbers, groups))
    }

    fn scan_rows(
        &self,
        batch: &RecordBatch,
        groups: &Groups,
        numbers: &[usize],
        scans: &mut [Vec<LaneScan>],
    ) -> Result<()> {
        let values = &batch.columns()[self.table.keys..];
        for (group, &number) in numbers.iter().enumerate() {
            let rows = UInt32Array::from(groups.rows(group..group + 1).to_vec());
            for (scan, values) in scans[number].iter_mut().zip(values) {
                let taken = take(values, &rows, None).map_err(|error| Error::Data(error.to_string()))?;
                scan.read(&Chunk::Array(taken))?;
            }
        }
        Ok(())
    }
}

/// Describes the groups of rows that are in memory.
fn describe_rows(run: &Run<'_>, table: &Table, batches: Vec<RecordBatch>) -> Result<Summaries> {
    // Column by column, so that the batches need not all be there twice.
    let mut columns: Vec<Vec<ArrayRef>> = vec![Vec::with_capacity(batches.len()); table.schema.fields().len()];
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    for batch in batches {
        columns.iter_mut().zip(batch.columns()).for_each(|(chunks, column)| chunks.push(column.clone()));
    }
    let whole = columns.into_par_iter().zip(&table.schema.fields()[..]).map(|(chunks, field)| {
        let chunks: Vec<&dyn Array> = chunks.iter().map(AsRef::as_ref).collect();
        match chunks[..] {
            [] => Ok(new_null_array(field.data_type(), 0)),
            _ => concat(&chunks).map_err(|error| Error::Data(format!("rows of groups: {error}"))),
        }
    });
    let whole = whole.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(table.schema.clone(), whole, &options)
        .map_err(|error| Error::Data(error.to_string()))?;
    let (keys, series) = (table.key_columns(&batch), table.series(&batch)?);
    drop(batch);
    describe_groups(keys, &series, run.plan.spec, run.interrupt)
}

/// The answers of partitions as one, in the order of the keys.
fn join(parts: Vec<Summaries>) -> Result<Summaries> {
    let keys: Vec<&RecordBatch> = parts.iter().filter_map(Summaries::keys).collect();
    let Some(schema) = keys.first().map(|keys| keys.schema()) else {
        return Err(Error::Data("no group was found".to_owned()));
    };
    let keys = concat_batches(&schema, keys).map_err(|error| Error::Data(error.to_string()))?;
    let named =
        schema.fields().iter().zip(keys.columns()).map(|(field, column)| (field.name().clone(), column.clone()));
    let sorted = Groups::new(named.collect(), keys.num_rows())?;
    Ok(Summaries::join(parts, sorted.keys, &sorted.rows))
}

/// Adds the hash of a column to those of the columns before.
struct Hashing<'a> {
    hashes: &'a mut [u64],
    nulls: Option<&'a NullBuffer>,
    hasher: &'a RandomState,
}

impl Hashing<'_> {
    fn add(self, hash: impl Fn(usize) -> u64) {
        for (row, whole) in self.hashes.iter_mut().enumerate() {
            let hash = match self.nulls.is_none_or(|nulls| nulls.is_valid(row)) {
                true => hash(row),
                false => 1,
            };
            let product = u128::from(*whole ^ hash ^ 0x2545_f491_4f6c_dd1d) * 0x9e37_79b9_7f4a_7c15;
            *whole = product as u64 ^ (product >> 64) as u64;
        }
    }
}

impl Work for Hashing<'_> {
    type Outcome = ();

    fn exact(self, code: impl Fn(usize) -> u64 + Sync) {
        self.add(code);
    }

    fn bytes<'a>(self, bytes: impl Fn(usize) -> &'a [u8] + Sync) {
        let hasher = self.hasher;
        self.add(|row| hasher.hash_one(bytes(row)));
    }

    fn ordered<'a>(
        self,
        bytes: impl Fn(usize) -> &'a [u8] + Sync,
        _: impl Fn(usize, usize) -> std::cmp::Ordering + Sync,
    ) {
        self.bytes(bytes);
    }
}
