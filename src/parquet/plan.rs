//! What of a dataset has to be read: which files, row groups, pages and columns, decided by metadata alone.
//!
//! A predicate is first asked about the partitions of a file, then about the statistics of each row group, then about those of its
//! pages. What it cannot rule out is decoded, and filtered after decoding. A row group that it lets through as a whole
//! is not filtered.

use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use arrow_schema::DataType;
use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::metadata::RowGroupMetaData;

use super::columns::{DataColumn, DescribedColumns};
use super::data_file::DataFile;
use super::dataset::Dataset;
use super::memory::Budget;
use super::predicate::{self, Bound, Bounds, Predicate, Pruning};
use super::request::{OnError, Request};
use super::statistics;
use crate::describe::check_distinct;
use crate::error::{Error, Result, size};
use crate::escape::{MESSAGE, NAME, shown};
use crate::memory_pool::Reservation;
use crate::series::table::LeftOut;
use crate::spec::{NanPolicy, Spec};
use crate::summary::AnsweredColumn;

/// Values that are decoded for a part at least, if there are as many.
const TOGETHER: u64 = 1 << 17;

/// Bytes that decoding a column takes, with pages of the size that most writers make.
const COLUMN: u64 = 2 << 20;

/// Series that are decoded together with the columns of a predicate, at least and at most.
const FILTERED: RangeInclusive<u64> = 8..=64;

/// The least rows of a row group that one of several threads reads.
const SHARED: u64 = 1 << 20;

/// Bytes that a scan takes beside the values that it keeps.
const SCAN: u64 = 20 << 10;

/// The rows of a group whose histogram has as many bins as those of groups are expected to have.
const FEW_ROWS: u64 = 1 << 10;

/// Values that it holds on their way to where they are kept.
const BUSY_SCAN: u64 = 1 << 17;

/// What will be read for a request. [`Display`](fmt::Display) tells it to a person.
#[derive(Debug)]
pub struct Plan<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) spec: &'a Spec,
    pub(super) request: &'a Request,
    pub(super) budget: Budget,
    /// What the metadata of the files takes.
    _metadata: Arc<Reservation>,
    pub(super) series: Vec<DataColumn>,
    /// The columns of other kinds, which are described apart.
    pub(super) others: Vec<DataColumn>,
    /// Whether these hold lists, each of which is described by itself; then keys are carried along.
    pub(super) are_lists: bool,
    /// The columns that are not described.
    pub(super) left_out: Vec<LeftOut>,
    pub(super) keys: Vec<KeySource>,
    /// For each file of the dataset what is read of it.
    pub(super) files: Arc<Vec<FilePlan>>,
    /// The most values that a series can have, nulls included.
    rows: u64,
}

/// Where the values of a key come from.
#[derive(Clone, Debug)]
pub(super) struct KeySource {
    pub name: String,
    pub data_type: DataType,
    /// Its place among the columns of each file that has it; of another file the folders may say the value. `None` if they say all.
    pub indices: Option<Vec<Option<usize>>>,
}

/// What is read of one file.
#[derive(Clone, Debug)]
pub(super) struct FilePlan {
    pub filter: Option<Filter>,
    pub row_groups: Vec<GroupPlan>,
}

impl FilePlan {
    /// The rows that are decoded.
    pub fn rows(&self) -> u64 {
        self.row_groups.iter().map(|group| group.rows).sum()
    }
}

/// A predicate on the columns of one file.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub bound: Bound,
    /// The columns that it needs, of those that the file has.
    pub columns: Vec<FilterColumn>,
    /// The partitions that it needs, by their place.
    pub partitions: Vec<usize>,
}

/// A column that a predicate needs.
#[derive(Clone, Debug)]
pub(super) struct FilterColumn {
    pub name: String,
    /// Its place among the columns of the file.
    pub index: usize,
    /// Whether it is compared as text because its file does not say what its bytes are.
    pub is_plain_bytes: bool,
}

/// What is read of one row group.
#[derive(Clone, Debug)]
pub(super) struct GroupPlan {
    pub row_group: usize,
    /// Rows that are decoded.
    pub rows: u64,
    /// Whether the decoded rows are filtered.
    pub filtered: bool,
    pub selection: Option<RowSelection>,
}

/// Some columns of one row group.
#[derive(Clone, Debug)]
pub(super) struct ScanTask {
    pub file: usize,
    /// Its place among the row groups that are read of the file.
    pub group: usize,
    pub series: Vec<usize>,
    /// Only this many of the first rows.
    pub first: Option<usize>,
    /// Only these rows of those that are decoded; of a column alone, the pages that begin in them.
    pub share: Option<Range<u64>>,
}

/// When scans are handed over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MergeGranularity {
    /// Those of a part as soon as it is scanned: less is in memory at a time.
    Task,
    /// Those of a file when all are there.
    File,
}

impl Dataset {
    /// The predicate for the types that the columns have in a file, or in the names of its folders.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for columns that do not fit it, [`Error::File`] for several of one name.
    pub(super) fn bind(&self, index: usize, predicate: &Predicate) -> Result<Bound> {
        let file = &self.files[index];
        predicate.columns().into_iter().try_for_each(|name| self.check_only(index, name))?;
        let types = |name: &str| match self.partition_of(index, name) {
            Some(partition) => Some(self.partitions[partition].data_type().clone()),
            None if file.is_plain_bytes(file.index_of(name)?) => Some(DataType::Utf8),
            None => Some(file.field(file.index_of(name)?).data_type().clone()),
        };
        predicate.bind(&types)
    }

    /// Decides what to read: see [`Plan::new`].
    ///
    /// # Errors
    ///
    /// As [`Plan::new`].
    pub fn plan<'a>(&'a self, request: &'a Request, spec: &'a Spec) -> Result<Plan<'a>> {
        Plan::new(self, request, spec)
    }
}

impl<'a> Plan<'a> {
    /// Decides what to read.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`], [`Error::NotNumeric`] and [`Error::Clash`] for columns; [`Error::Invalid`] for a predicate that does
    /// not fit its columns; [`Error::MemoryLimit`] for a limit below what any run needs.
    pub fn new(dataset: &'a Dataset, request: &'a Request, spec: &'a Spec) -> Result<Self> {
        let budget = Budget::new(request.memory_limit, rayon::current_num_threads(), dataset.resident_before)?;
        let metadata = budget.hold(dataset.metadata_bytes(), "the metadata of all files")?;
        check_distinct(request.by.iter().map(String::as_str))?;
        let names_columns = request.columns.are_named() || !request.by.is_empty() || request.predicate.is_some();
        if let Some(first) = dataset.skipped.first().filter(|_| dataset.files.is_empty() && names_columns) {
            return Err(Error::Invalid(format!("no file is left of {}; {first}", dataset.skipped.len())));
        }
        let DescribedColumns { columns: series, others, are_lists, left_out } = dataset.columns(request)?;
        let keys = request.by.iter().map(|name| {
            let is_column = dataset.files.iter().any(|file| file.index_of(name).is_some());
            Ok(match dataset.partition(name).filter(|_| !is_column) {
                Some(partition) => {
                    KeySource { name: name.clone(), data_type: partition.data_type().clone(), indices: None }
                }
                None => {
                    let (data_type, indices) = dataset.key(name)?;
                    KeySource { name: name.clone(), data_type, indices: Some(indices) }
                }
            })
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let of_lists = series.iter().find(|series| dataset.is_repeated(series)).filter(|_| !keys.is_empty());
        if let Some(of_lists) = of_lists {
            return Err(Error::Invalid(format!(
                "column '{}' holds the values of lists, any number a row: groups are made of rows; leave out the column or the keys",
                shown(&of_lists.name, NAME)
            )));
        }
        if let Some(predicate) = &request.predicate {
            check_predicate(dataset, predicate)?;
        }
        let mut plan = Self {
            dataset,
            spec,
            request,
            budget,
            _metadata: Arc::new(metadata),
            series,
            others,
            are_lists,
            left_out,
            keys,
            files: Arc::default(),
            rows: 0,
        };
        let files = (0..dataset.files.len()).map(|index| plan.plan_file(index)).collect::<Result<Vec<_>>>()?;
        plan.files = Arc::new(files);
        plan.rows = plan.most_values();
        Ok(plan)
    }

    /// The same rows, of other columns, with other keys, and asked something else.
    pub(super) fn with_series<'b>(&self, series: Vec<DataColumn>, keys: Vec<KeySource>, spec: &'b Spec) -> Plan<'b>
    where
        'a: 'b,
    {
        let mut plan = Plan {
            dataset: self.dataset,
            spec,
            request: self.request,
            budget: self.budget.clone(),
            _metadata: Arc::clone(&self._metadata),
            series,
            others: Vec::new(),
            are_lists: false,
            left_out: Vec::new(),
            keys,
            files: Arc::clone(&self.files),
            rows: 0,
        };
        plan.rows = plan.most_values();
        plan
    }

    /// The same without the rows of some files.
    pub(super) fn without_files(&self, is_left_out: impl Fn(usize) -> bool) -> Self {
        let files = self.files.iter().enumerate().map(|(file, plan)| match is_left_out(file) {
            true => FilePlan { row_groups: Vec::new(), ..plan.clone() },
            false => plan.clone(),
        });
        let mut plan = Self {
            others: self.others.clone(),
            are_lists: self.are_lists,
            left_out: self.left_out.clone(),
            files: Arc::new(files.collect()),
            ..self.with_series(self.series.clone(), self.keys.clone(), self.spec)
        };
        plan.rows = plan.most_values();
        plan
    }

    fn plan_file(&self, index: usize) -> Result<FilePlan> {
        let file = &self.dataset.files[index];
        let groups = file.parquet().row_groups();
        let rows = |group: &RowGroupMetaData| u64::try_from(group.num_rows()).unwrap_or(0);
        let whole = |(row_group, group)| GroupPlan { row_group, rows: rows(group), filtered: false, selection: None };
        let groups = || groups.iter().enumerate().filter(|(_, group)| group.num_rows() > 0);
        let Some(filter) = self.filter(index, file)? else {
            return Ok(FilePlan { filter: None, row_groups: groups().map(whole).collect() });
        };
        let mut row_groups = Vec::new();
        for (row_group, group) in groups() {
            let given = |name: &str| {
                let partition = &self.dataset.partitions[self.dataset.partition_of(index, name)?];
                Some(Bounds::from_value(&partition.value(index), rows(group)))
            };
            let bounds = |name: &str| {
                // The bounds of what is compared as text are bytes.
                let column = || filter.columns.iter().find(|column| column.name == name && !column.is_plain_bytes);
                given(name).or_else(|| {
                    let place = file.own_place(column()?.index)?;
                    Some(predicate::row_group_bounds(&file.metadata, row_group, place))
                })
            };
            match filter.bound.prune(&bounds) {
                Pruning::Skip => {}
                Pruning::KeepAll => row_groups.push(whole((row_group, group))),
                Pruning::Filter => {
                    // The place of a row that holds a NaN is told by counting rows, so none may be passed over.
                    let may_skip = self.spec.nan() != NanPolicy::Raise;
                    let selection = may_skip
                        .then(|| predicate::select_rows(&filter.bound, &file.metadata, row_group, &given))
                        .flatten();
                    let rows = selection.as_ref().map_or(rows(group), |selection| selection.row_count() as u64);
                    if rows > 0 {
                        row_groups.push(GroupPlan { row_group, rows, filtered: true, selection });
                    }
                }
            }
        }
        Ok(FilePlan { filter: Some(filter), row_groups })
    }

    fn filter(&self, index: usize, file: &DataFile) -> Result<Option<Filter>> {
        let Some(predicate) = &self.request.predicate else { return Ok(None) };
        let place = |name: &str| file.index_of(name);
        let partition = |name: &str| self.dataset.partition_of(index, name);
        let bound = self.dataset.bind(index, predicate).map_err(|error| match error {
            Error::Invalid(message) => Error::Invalid(format!("{}: {message}", file.name())),
            error => error,
        })?;
        let columns = predicate.columns();
        let in_file = columns.iter().filter(|name| partition(name).is_none()).filter_map(|name| {
            let index = place(name)?;
            Some(FilterColumn { name: (*name).to_owned(), index, is_plain_bytes: file.is_plain_bytes(index) })
        });
        let in_file = in_file.collect();
        let partitions = columns.iter().filter_map(|name| partition(name)).collect();
        Ok(Some(Filter { bound, columns: in_file, partitions }))
    }

    /// Whether the values of a key are bytes of which no file says what they are.
    pub(super) fn is_plain_bytes(&self, key: &KeySource) -> bool {
        let indices = key.indices.iter().flatten().enumerate().filter_map(|(file, index)| Some((file, (*index)?)));
        let mut indices = indices.peekable();
        indices.peek().is_some() && indices.all(|(file, index)| self.dataset.files[file].is_plain_bytes(index))
    }

    /// Between which codes those of a key lie, as all files say that are read; `None` if one of them does not say, or holds nulls.
    pub(super) fn key_range(&self, key: &KeySource) -> Option<(u64, u64)> {
        let indices = key.indices.as_ref()?;
        let mut whole: Option<(u64, u64)> = None;
        for (file, plan) in self.files.iter().enumerate() {
            let data_file = &self.dataset.files[file];
            for group in &plan.row_groups {
                let index = indices[file]?;
                let (low, high) = statistics::code_range(data_file, index, &key.data_type, group.row_group)?;
                whole = Some(whole.map_or((low, high), |whole| (whole.0.min(low), whole.1.max(high))));
            }
        }
        whole
    }

    /// Bytes of the answers of all series for one key, or one row of lists.
    pub(super) fn answer_bytes(&self) -> u64 {
        // A histogram beside the numbers: a list of edges and one of counts, as they are found and as they are answered.
        let histogram = match self.spec.most_bins(FEW_ROWS) {
            0 => 0,
            bins => 32 * bins + 128,
        };
        let numbers = size_of::<u64>() * (3 + self.spec.field_names().len());
        self.series.len() as u64 * (numbers as u64 + histogram)
    }

    /// Bytes that a scan takes beside the values that it keeps, once it counts for a histogram: edges, counts, and where to look for them.
    pub(super) fn bin_bytes(&self) -> u64 {
        32 * self.spec.most_bins(self.rows())
    }

    /// The columns of the answer.
    pub(super) fn answered_columns(&self) -> Vec<AnsweredColumn> {
        self.series.iter().map(|series| (Some(series.name.clone()), series.number_type)).collect()
    }

    /// The places of the columns that are read of a file, for these series.
    pub(super) fn columns(&self, file: usize, series: &[usize], filtered: bool) -> Vec<usize> {
        let mut columns: Vec<usize> = series.iter().filter_map(|&series| self.series[series].indices[file]).collect();
        columns.extend(self.keys.iter().filter_map(|key| key.indices.as_ref()?[file]));
        if let Some(filter) = self.files[file].filter.as_ref().filter(|_| filtered) {
            columns.extend(filter.columns.iter().map(|column| column.index));
        }
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// The column chunks of these columns, in the order of the file.
    pub(super) fn leaves(&self, file: usize, columns: &[usize]) -> Vec<usize> {
        let all = self.dataset.files[file].columns();
        let mut leaves: Vec<usize> = columns.iter().flat_map(|&column| all[column].decoded.clone()).collect();
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }

    /// The bytes of column chunks that are read of a row group, as they are stored.
    pub(super) fn stored(&self, file: usize, group: &GroupPlan, series: &[usize]) -> u64 {
        let metadata = self.dataset.files[file].parquet().row_group(group.row_group);
        let leaves = self.leaves(file, &self.columns(file, series, group.filtered));
        leaves.iter().map(|&leaf| u64::try_from(metadata.column(leaf).compressed_size()).unwrap_or(0)).sum()
    }

    /// The most values that a series can have, nulls included: asked often, so it is counted once.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    fn most_values(&self) -> u64 {
        let rows = self.files.iter().map(FilePlan::rows).sum();
        let repeated = self.series.iter().filter(|series| self.dataset.is_repeated(series));
        repeated.map(|series| self.values(series)).fold(rows, u64::max)
    }

    /// The most values that a series of lists can have.
    fn values(&self, series: &DataColumn) -> u64 {
        let of_file = |(file, plan): (usize, &FilePlan)| {
            let index = series.indices[file]?;
            let data_file = &self.dataset.files[file];
            let leaf = data_file.columns()[index].leaves.start;
            let values = plan.row_groups.iter().map(|group| {
                let chunk = data_file.parquet().row_group(group.row_group).column(leaf);
                u64::try_from(chunk.num_values()).unwrap_or(0)
            });
            Some(values.sum::<u64>())
        };
        self.files.iter().enumerate().filter_map(of_file).sum()
    }

    /// When the scans of a pass are merged: where a file that fails is left out, its parts must not be among the others.
    pub(super) fn hand_over(&self) -> MergeGranularity {
        match self.request.on_error {
            OnError::Fail => MergeGranularity::Task,
            OnError::Skip => MergeGranularity::File,
        }
    }

    /// The rows of a row group that is read in `tasks` tasks together with others, as several threads share them: all of them, if there is
    /// enough to do besides.
    pub(super) fn shares(&self, file: usize, group: &GroupPlan, tasks: usize) -> Vec<Option<Range<u64>>> {
        let threads = self.budget.threads() as u64;
        // What is fetched for one task is not there for another.
        let is_remote = self.dataset.files[file].found.location.is_remote();
        let parts = (group.rows / SHARED).min(threads);
        if is_remote || parts < 2 || tasks as u64 >= 2 * threads {
            return vec![None];
        }
        let bound = |part: u64| group.rows / parts * part + group.rows % parts * part / parts;
        (0..parts).map(|part| Some(bound(part)..bound(part + 1))).collect()
    }

    /// How many series of a row group are decoded together: several of a short one, and several where a predicate needs its columns,
    /// which are decoded with each of them.
    pub(super) fn together(&self, group: &GroupPlan) -> usize {
        let short = TOGETHER / group.rows.max(1);
        let filtered = match group.filtered {
            true => (self.budget.decoding() / self.budget.threads() as u64 / COLUMN)
                .clamp(*FILTERED.start(), *FILTERED.end()),
            false => 1,
        };
        (short.max(filtered) as usize).clamp(1, self.series.len().max(1))
    }

    /// The values that each scan may keep if `series` of them are scanned at a time.
    pub(super) fn values_kept(&self, series: usize) -> usize {
        let (whole, busy) = self.scans_at_once(series);
        let room = self.budget.kept().saturating_sub(self.bytes_kept(series, 0)) / self.key_size();
        // The scan of a task keeps no more values than that reads.
        let task = self.values_of_task();
        let beside_tasks = room.saturating_sub((busy as u64).saturating_mul(task)) / whole as u64;
        (if beside_tasks >= task { beside_tasks } else { room / (whole + busy) as u64 }) as usize
    }

    /// The most bytes that a value takes which a scan keeps.
    pub(super) fn key_size(&self) -> u64 {
        self.series.iter().map(|series| series.repr.key_size() as u64).max().unwrap_or(8)
    }

    /// The bytes that `series` series take if each of their scans keeps `kept` values.
    pub(super) fn bytes_kept(&self, series: usize, kept: usize) -> u64 {
        let (whole, busy) = self.scans_at_once(series);
        let (held, kept) = ((whole - self.threads_for(series)) as u64, kept as u64);
        self.key_size() * (kept * whole as u64 + kept.min(self.values_of_task()) * busy as u64)
            + (SCAN + self.bin_bytes()) * held
            + self.bin_bytes() * busy as u64
            + self.key_size() * BUSY_SCAN.min(self.rows()) * busy as u64
    }

    /// How many scans of `series` series keep what all tasks find, with the copies of those that are being finished; and how many keep
    /// what one task does.
    fn scans_at_once(&self, series: usize) -> (usize, usize) {
        let (each, besides) = self.scans();
        (series.max(1) * each + self.threads_for(series), besides.min(series.max(1) * self.budget.threads()))
    }

    fn threads_for(&self, series: usize) -> usize {
        self.budget.threads().min(series.max(1))
    }

    /// The most values of a series that a task reads: of lists there may be any number.
    fn values_of_task(&self) -> u64 {
        if self.series.iter().any(|series| self.dataset.is_repeated(series)) {
            return u64::MAX;
        }
        self.files.iter().flat_map(|file| &file.row_groups).map(|group| group.rows).max().unwrap_or_default()
    }

    /// How many series can be scanned at a time if each scan has to keep `kept` values: all of them, if there is room.
    pub(super) fn series_at_once(&self, kept: usize) -> usize {
        let all = self.series.len().max(1);
        if !self.spec.looks_at_order() || self.values_kept(all) >= kept {
            return all;
        }
        // More series have room for fewer values each.
        let mut most = (1, all);
        while most.0 + 1 < most.1 {
            let middle = most.0.midpoint(most.1);
            most = if self.values_kept(middle) >= kept { (middle, most.1) } else { (most.0, middle) };
        }
        most.0
    }

    /// How many scans of each series there are at a time, and how many besides.
    fn scans(&self) -> (usize, usize) {
        // The whole has one of each series, and so has each file that is under way; the parts that are being scanned have theirs.
        let files = self.files.iter().filter(|file| !file.row_groups.is_empty()).count();
        let under_way = match self.request.checkpoint.is_none() && self.hand_over() == MergeGranularity::Task {
            true => 0,
            false => files.min(self.budget.threads()),
        };
        let groups = self.files.iter().flat_map(|file| &file.row_groups);
        // What several series of a short row group hold is no more than one of a long one.
        let together = groups.filter(|group| group.filtered).map(|group| self.together(group)).max().unwrap_or(1);
        (1 + under_way, together * self.budget.threads())
    }

    fn passes(&self) -> &'static str {
        if self.are_lists {
            return "1; each list is a series";
        }
        if !self.keys.is_empty() {
            return "1 most often; rows of rare keys that do not fit in memory go to temporary files";
        }
        match self.spec.looks_at_order() {
            false => "1",
            true if self.rows() <= self.values_kept(self.series.len()) as u64 => {
                "1; the values that quantiles need fit in memory"
            }
            true => "2 or more; the values that quantiles need do not fit in memory at once",
        }
    }
}

/// Whether the columns that a predicate asks for are there, with one value a row.
fn check_predicate(dataset: &Dataset, predicate: &Predicate) -> Result<()> {
    // Rows are kept or not: of the values of a list it would not be known which row they are of.
    if let Some(name) = predicate.columns().into_iter().find(|name| dataset.holds_lists(name)) {
        return Err(Error::Invalid(format!(
            "the predicate asks for '{}', which holds the values of lists, any number a row: rows are kept by columns of one value a row",
            shown(name, NAME)
        )));
    }
    let known = |name: &str| {
        dataset.partition(name).is_some() || dataset.files.iter().any(|file| file.index_of(name).is_some())
    };
    let Some(missing) = predicate.columns().into_iter().find(|name| !known(name)) else { return Ok(()) };
    if let Some((written, meant)) = predicate.unquoted(&known) {
        return Err(Error::Invalid(format!(
            "in `{written}`, there is no such column as the second one; text stands in single quotes: `{meant}`"
        )));
    }
    let mut available: Vec<String> = Vec::new();
    let from_files = dataset.files.iter().flat_map(|file| file.columns());
    for name in from_files.map(|column| &column.name).chain(dataset.partitions.iter().map(|p| &p.name)) {
        if !available.contains(name) {
            available.push(name.clone());
        }
    }
    Err(Error::NoSuchColumn { name: missing.to_owned(), available })
}

impl fmt::Display for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dataset, request, .. } = self;
        let files = self.files.iter().filter(|file| !file.row_groups.is_empty()).count();
        let all: usize = dataset.files.iter().map(|file| file.parquet().num_row_groups()).sum();
        let groups: usize = self.files.iter().map(|file| file.row_groups.len()).sum();
        let filtered = self.files.iter().flat_map(|file| &file.row_groups).filter(|group| group.filtered).count();
        let series = [&self.series[..], &self.others].concat();
        let all_columns = self.with_series(series, self.keys.clone(), self.spec);
        let series: Vec<usize> = (0..all_columns.series.len()).collect();
        let plans =
            self.files.iter().enumerate().flat_map(|(file, plan)| plan.row_groups.iter().map(move |g| (file, g)));
        let bytes: u64 = plans.map(|(file, group)| all_columns.stored(file, group, &series)).sum();
        let total: u64 = dataset.files.iter().map(|file| file.found.size).sum();
        let names = |names: Vec<&str>| {
            let shown: Vec<_> = names.iter().take(20).map(|name| shown(name, NAME)).collect();
            match names.len() {
                0 => "none".to_owned(),
                1..=20 => shown.join(", "),
                more => format!("{}, and {} more", shown.join(", "), more - 20),
            }
        };
        writeln!(f, "files        {files} of {}", dataset.files.len())?;
        if !dataset.skipped.is_empty() {
            writeln!(f, "left out     {} that cannot be read", dataset.skipped.len())?;
        }
        writeln!(f, "row groups   {groups} of {all}")?;
        writeln!(f, "rows         {} of {}", self.rows(), dataset.rows())?;
        writeln!(f, "bytes        {} of {}, as they are stored", size(bytes), size(total))?;
        writeln!(f, "columns      {}", names(all_columns.series.iter().map(|column| column.name.as_str()).collect()))?;
        if !self.keys.is_empty() {
            let keys = self.keys.iter().map(|key| match key.indices {
                Some(_) => shown(&key.name, NAME).into_owned(),
                None => format!("{} (from the path)", shown(&key.name, NAME)),
            });
            let title = if self.are_lists { "carries" } else { "groups by" };
            writeln!(f, "{title:<12} {}", keys.collect::<Vec<_>>().join(", "))?;
            for key in self.keys.iter().filter(|key| self.is_plain_bytes(key)) {
                let name = shown(&key.name, NAME);
                writeln!(f, "             {name} is bytes that no file gives a type: text, if all of them are UTF-8")?;
            }
        }
        if let Some(predicate) = &request.predicate {
            writeln!(f, "where        {}", shown(&predicate.to_string(), MESSAGE))?;
            writeln!(f, "             {filtered} row groups are filtered after decoding, the others count whole")?;
        }
        if let Some(folder) = &request.checkpoint {
            writeln!(
                f,
                "checkpoint   {}: files that it knows are read only where quantiles need them",
                shown(&folder.to_string_lossy(), MESSAGE)
            )?;
        }
        writeln!(f, "passes       {}", self.passes())?;
        writeln!(f, "memory       up to {}", size(self.budget.limit))
    }
}
