//! Batches in, closed windows out.

use std::time::{SystemTime, UNIX_EPOCH};

use arrow_array::{Array, RecordBatch, UInt32Array};
use arrow_schema::{DataType, TimeUnit};
use arrow_select::take::take_record_batch;

use super::answer::{Answering, Room};
use super::chunks::failed;
use super::layout::{BatchRows, Layout};
use super::panes::{self, Panes};
use super::question::{Late, Shape, Windowing};
use super::sessions::{self, Sessions};
#[cfg(feature = "stream")]
use super::stored::Store;
use super::watermark::{Arrivals, Counters, Rows, Watermark};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::keys::timestamp;
use crate::series::Chunk;
use crate::spec::{NanPolicy, NullPolicy, Spec};
use crate::summary::Summaries;

/// The name of the only partition of a stream that names none.
pub(super) const ONLY: &str = "";

/// Windows over a stream: batches are pushed in, and the windows that their rows close come out.
///
/// A window closes once the **watermark** reaches its end: the latest time so far, minus the longest delay; of several partitions the least
/// of theirs. A row is late if the rows before it have closed its windows: how the stream is cut into batches never shows. Each window is handed
/// out once, in the order of their ends and then of the keys, and has the bits of [`describe_groups`](crate::describe_groups) over the
/// same rows.
///
/// ```
/// use std::sync::Arc;
/// use arrow_array::{Float64Array, RecordBatch, TimestampSecondArray};
/// use rstats::{Interrupt, Windowing, Windows, parse_span};
///
/// let batch = |times: Vec<i64>, values: Vec<f64>| RecordBatch::try_from_iter([
///     ("ts", Arc::new(TimestampSecondArray::from(times)) as _),
///     ("temp", Arc::new(Float64Array::from(values)) as _),
/// ]);
/// let question = Windowing::tumbling(parse_span("1min")?)?.on("ts");
/// let mut windows = Windows::new(question)?;
/// let closed = windows.push(&batch(vec![0, 30, 59], vec![1.0, 2.0, 6.0])?, &Interrupt::default())?;
/// assert!(closed.is_empty());
/// let closed = windows.push(&batch(vec![61], vec![5.0])?, &Interrupt::default())?;
/// assert_eq!(closed.statistics(0).find(|(name, _)| *name == "mean"), Some(("mean", Some(3.0))));
/// assert_eq!(windows.finish(&Interrupt::default())?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Windows {
    pub(super) question: Windowing,
    /// Known from the first batch on.
    pub(super) layout: Option<Layout>,
    pub(super) watermark: Watermark,
    pub(super) counters: Counters,
    pub(super) open: Open,
    pub(super) late: Vec<RecordBatch>,
    /// Windows that have closed in a call that failed: they come with the next one.
    pub(super) waiting: Vec<Summaries>,
    #[cfg(feature = "stream")]
    pub(super) store: Store,
}

/// What is kept of open windows.
#[derive(Clone, Debug)]
pub(super) enum Open {
    Panes(Box<Panes>),
    Sessions(Box<Sessions>),
}

/// Where the rows of a batch go.
enum Routed {
    Panes(panes::Routed),
    Sessions(sessions::Routed),
}

impl Windows {
    /// Nothing has come yet.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] where no column of times is named, and for keys that are named like a column of the answer.
    pub fn new(question: Windowing) -> Result<Self> {
        question.check()?;
        let open = match question.shape {
            Shape::Periodic(periods) => Open::Panes(Box::new(Panes::new(periods))),
            Shape::Session(gap) => Open::Sessions(Box::new(Sessions::new(gap))),
        };
        let watermark = Watermark::new(question.max_delay);
        Ok(Self {
            question,
            layout: None,
            watermark,
            counters: Counters::default(),
            open,
            late: Vec::new(),
            waiting: Vec::new(),
            #[cfg(feature = "stream")]
            store: Store::default(),
        })
    }

    /// What is asked.
    pub fn question(&self) -> &Windowing {
        &self.question
    }

    /// The next batch of a stream that has one partition: see [`Windows::push_from`].
    ///
    /// # Errors
    ///
    /// As [`Windows::push_from`].
    pub fn push(&mut self, batch: &RecordBatch, interrupt: &Interrupt) -> Result<Summaries> {
        self.push_from(ONLY, batch, interrupt)
    }

    /// The next batch of a partition, and the windows that it closes: rows of
    /// `window_start`, `window_end` and the keys, for each column. A partition is known from its first batch on, or from when it was
    /// [declared](Windows::declare).
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchColumn`], [`Error::NotNumeric`], [`Error::NoKey`] and [`Error::Invalid`] for columns that are not what they should be;
    /// [`Error::Data`] for a batch of another schema than the first; [`Error::Nan`], [`Error::Nulls`] and, for late rows, [`Error::Invalid`] as it
    /// was asked: then nothing has changed. [`Error::MemoryLimit`] and [`Error::Interrupted`]: the rows are in, and what they close
    /// comes with the next call ([`Windows::set_memory_limit`]).
    pub fn push_from(&mut self, partition: &str, batch: &RecordBatch, interrupt: &Interrupt) -> Result<Summaries> {
        interrupt.check()?;
        let layout = match &self.layout {
            Some(layout) => layout.clone(),
            None => Layout::new(&self.question, &batch.schema())?,
        };
        if u32::try_from(batch.num_rows()).is_err() {
            return Err(Error::Data(format!("a batch of {} rows; it has {} at most", batch.num_rows(), u32::MAX)));
        }
        let read = layout.read(batch)?;
        self.check_values(&layout, &read)?;
        let horizon = self.horizon();
        if self.question.late == Late::Error {
            self.refuse_late(&layout, &read, horizon, partition)?;
        }
        let (mut rows, mut from) = (self.watermark.rows(partition), 0);
        let closed = loop {
            let arrivals = self.open.route(&layout, &read, from, horizon, &mut rows)?;
            self.layout.get_or_insert_with(|| layout.clone());
            self.watermark.end_rows(partition, rows);
            self.counters.add(&arrivals.counters);
            self.counters.late_rows += arrivals.late.len() as u64;
            if self.question.late == Late::Keep && !arrivals.late.is_empty() {
                let rows = UInt32Array::from(arrivals.late);
                self.late.push(take_record_batch(batch, &rows).map_err(failed)?);
            }
            self.open.add(&read, &arrivals.to)?;
            let Some(stopped) = arrivals.stopped else {
                let closed = self.close(interrupt);
                // Whatever came of it: the memory of the batch is the caller's.
                self.open.own(&layout, &self.question.spec)?;
                break closed;
            };
            from = stopped;
            let closed = self.close(&Interrupt::default())?;
            self.wait(closed);
        };
        self.counters.rows += batch.num_rows() as u64;
        let closed = closed?;
        match self.check_limit() {
            Ok(()) => Ok(closed),
            Err(error) => {
                self.wait(closed);
                Err(error)
            }
        }
    }

    /// Windows come with the next call.
    fn wait(&mut self, closed: Summaries) {
        if !closed.is_empty() {
            self.waiting.push(closed);
        }
    }

    /// Adds a partition that may not send anything for a while: until it does, or is [set idle](Windows::set_idle), no window closes.
    pub fn declare(&mut self, partition: &str) {
        self.watermark.declare(partition);
    }

    /// Marks a partition as idle: until its next row, it holds no window open. Returns the windows that this closes.
    ///
    /// # Errors
    ///
    /// As [`Windows::finish`].
    pub fn set_idle(&mut self, partition: &str, interrupt: &Interrupt) -> Result<Summaries> {
        self.watermark.set_idle(partition);
        self.close(interrupt)
    }

    /// Forgets a partition, which ends or goes to another consumer. Returns the windows that this closes.
    ///
    /// # Errors
    ///
    /// As [`Windows::finish`].
    pub fn remove(&mut self, partition: &str, interrupt: &Interrupt) -> Result<Summaries> {
        self.watermark.remove(partition);
        self.close(interrupt)
    }

    /// Advances the watermark of `partition` (`None`: of all of them) to `time`, in nanoseconds since 1970 in UTC: rows before it are late from now on.
    /// Returns the windows that this closes.
    ///
    /// # Errors
    ///
    /// As [`Windows::finish`].
    pub fn advance(&mut self, time: i64, partition: Option<&str>, interrupt: &Interrupt) -> Result<Summaries> {
        self.watermark.advance(time, partition);
        self.close(interrupt)
    }

    /// Closes all windows that are open, at the end of the stream, and returns them. Rows of these windows that still come are late.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`]: nothing is lost then, and what was to be handed out comes with the next call.
    pub fn finish(&mut self, interrupt: &Interrupt) -> Result<Summaries> {
        let last = match &self.open {
            Open::Panes(panes) => panes.last_end(),
            Open::Sessions(sessions) => sessions.last_end(),
        };
        if let Some(last) = last {
            self.watermark.advance(last, None);
        }
        self.close(interrupt)
    }

    /// Closes the windows that begin until the latest time so far, and returns them: for a stream of which nothing has come for too long. Rows of
    /// these windows that still come are late.
    ///
    /// # Errors
    ///
    /// As [`Windows::finish`].
    pub fn flush(&mut self, interrupt: &Interrupt) -> Result<Summaries> {
        let end = self.watermark.latest().map(|latest| match self.question.shape {
            Shape::Periodic(periods) => periods.ends(periods.pane(latest)).1,
            Shape::Session(gap) => latest.saturating_add(gap),
        });
        if let Some(end) = end {
            self.watermark.advance(end, None);
        }
        self.close(interrupt)
    }

    fn close(&mut self, interrupt: &Interrupt) -> Result<Summaries> {
        let watermark = self.watermark.value().unwrap_or(i64::MIN);
        let room = self.make_room(watermark)?;
        let spec = &self.question.spec;
        let Some(layout) = &self.layout else { return Ok(Summaries::new(spec, Vec::new())) };
        let answering = Answering { layout, spec, interrupt, room };
        let closed = match &mut self.open {
            Open::Panes(panes) => panes.close(watermark, answering)?,
            Open::Sessions(sessions) => sessions.close(watermark, answering)?.into_iter().collect(),
        };
        #[cfg(feature = "stream")]
        self.store.give_back();
        answering.joined(self.waiting.drain(..).chain(closed).collect())
    }

    /// Beyond this time a row does not move the watermark.
    fn horizon(&self) -> i64 {
        let Some(ahead) = self.question.max_ahead else { return i64::MAX };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos());
        i64::try_from(now).unwrap_or(i64::MAX).saturating_add(ahead)
    }

    /// The policies for nulls and NaNs.
    fn check_values(&self, layout: &Layout, read: &BatchRows) -> Result<()> {
        let spec = &self.question.spec;
        let (nulls, nans) = (spec.null() == NullPolicy::Raise, spec.nan() == NanPolicy::Raise);
        if !nulls && !nans {
            return Ok(());
        }
        for (field, array) in layout.values.iter().zip(&read.columns[layout.keys.len()..]) {
            let found = array.logical_null_count() as u64;
            if nulls && found > 0 {
                return Err(Error::Nulls { name: Some(field.name().clone()), nulls: found });
            }
            if nans && let Some(row) = Chunk::Array(array.clone()).first_nan()? {
                return Err(Error::Nan { name: Some(field.name().clone()), file: None, row: self.counters.rows + row });
            }
        }
        Ok(())
    }

    /// Where late rows are errors: that of the first row of a batch that is late, or has no time.
    fn refuse_late(&self, layout: &Layout, read: &BatchRows, horizon: i64, partition: &str) -> Result<()> {
        let (mut rows, mut open, mut from) = (self.watermark.rows(partition), self.open.to_route(), 0);
        let late = loop {
            let arrivals = open.route(layout, read, from, horizon, &mut rows)?;
            match (arrivals.late.first(), arrivals.stopped) {
                (Some(&late), _) => break Some(late as usize),
                (None, None) => break None,
                (None, Some(stopped)) => {
                    open.pass(rows.value());
                    from = stopped;
                }
            }
        };
        let (on, before) = (&self.question.on, self.counters.rows);
        let null = read.times.nulls.as_ref().and_then(|nulls| nulls.iter().position(|is_valid| !is_valid));
        if let Some(row) = null.filter(|&null| late.is_none_or(|late| null < late)) {
            let row = before + row as u64;
            return Err(Error::Invalid(format!(
                "the time '{on}' of row {row} (counted from 0) is null; late rows are errors here"
            )));
        }
        let Some(row) = late else { return Ok(()) };
        // As far as time had come before it.
        let mut rows = self.watermark.rows(partition);
        read.times.values[..row].iter().filter(|time| **time <= horizon).for_each(|&time| rows.see(time));
        let time = |time: i64| timestamp(time, TimeUnit::Nanosecond);
        let (at, until) = (time(read.times.values[row]), time(rows.value()));
        let row = before + row as u64;
        Err(Error::Invalid(format!(
            "row {row} (counted from 0) is late: its time '{on}' is {at}, and all windows that end until {until} have closed; \
             a longer max_delay would wait for it"
        )))
    }

    /// The memory for the answers of windows that end until `watermark`, if there is a limit: rows that stand in their way are written to files.
    fn make_room(&mut self, watermark: i64) -> Result<Option<Room>> {
        let Some(limit) = self.question.memory_limit else { return Ok(None) };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let room = |this: &Self| Room { limit, taken: this.bytes() as usize };
        let now = room(self);
        let is_enough = match &self.open {
            Open::Panes(panes) => now.fits(panes.loaded_bytes()) || now.fits(panes.largest(watermark)),
            Open::Sessions(sessions) => now.fits(sessions.loaded_bytes()) || !sessions.closes(watermark),
        };
        if is_enough {
            return Ok(Some(now));
        }
        self.spill(0)?;
        Ok(Some(room(self)))
    }

    /// Writes rows to files, until the others take no more than `most` bytes.
    pub(super) fn spill(&mut self, most: usize) -> Result<()> {
        #[cfg(feature = "stream")]
        if let Some(layout) = &self.layout {
            match &mut self.open {
                Open::Panes(panes) => panes.spill(layout, &mut self.store, most)?,
                Open::Sessions(sessions) => sessions.spill(layout, &mut self.store, most)?,
            }
            #[cfg(feature = "allocator")]
            crate::arch::allocator::give_back();
        }
        #[cfg(not(feature = "stream"))]
        let _ = most;
        Ok(())
    }

    fn check_limit(&mut self) -> Result<()> {
        // What the allocator loses between rows, and the batch, are beside what is counted.
        if let Some(limit) = self.question.memory_limit.filter(|&limit| self.bytes() > limit - limit / 4) {
            self.spill(limit as usize / 2)?;
        }
        let needed = self.bytes();
        match self.question.memory_limit.filter(|&limit| needed > limit) {
            None => Ok(()),
            Some(limit) => {
                let (open, rows) = (self.open_windows(), self.open_rows());
                Err(Error::MemoryLimit {
                    what: format!("keeping the {rows} rows of {open} open windows"),
                    needed,
                    limit,
                })
            }
        }
    }

    /// The most bytes of memory that open windows may take, if there is a limit.
    pub fn memory_limit(&self) -> Option<u64> {
        self.question.memory_limit
    }

    /// Another limit than that of the question; `None` for no limit.
    pub fn set_memory_limit(&mut self, bytes: Option<u64>) {
        self.question.memory_limit = bytes;
    }

    /// The rows of open windows.
    fn open_rows(&self) -> usize {
        match &self.open {
            Open::Panes(panes) => panes.open.values().map(super::chunks::Chunks::rows).sum(),
            Open::Sessions(sessions) => sessions.rows(),
        }
    }

    /// Windows that were handed out one after the other, in one table.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for more of them than memory holds.
    pub fn joined(&self, windows: Vec<Summaries>) -> Result<Summaries> {
        let Some(layout) = &self.layout else { return Ok(Summaries::new(&self.question.spec, Vec::new())) };
        Answering { layout, spec: &self.question.spec, interrupt: &Interrupt::default(), room: None }.joined(windows)
    }

    /// The columns that are described: those that were named, or that the first batch had.
    pub fn described_columns(&self) -> Option<Vec<String>> {
        let found = |layout: &Layout| layout.values.iter().map(|field| field.name().clone()).collect();
        self.question.columns.clone().or_else(|| self.layout.as_ref().map(found))
    }

    /// Whether the times are of a time zone.
    pub fn is_zoned(&self) -> bool {
        let bounds = self.layout.as_ref().map(|layout| &layout.bounds);
        matches!(bounds, Some(DataType::Timestamp(_, Some(_))))
    }

    /// Where the watermark is, in nanoseconds since 1970: no window that ends until then is open. `None` before the first row.
    pub fn watermark(&self) -> Option<i64> {
        self.watermark.value()
    }

    /// The rows that have come.
    pub fn rows(&self) -> u64 {
        self.counters.rows
    }

    /// The rows that came after all of their windows were closed.
    pub fn late_rows(&self) -> u64 {
        self.counters.late_rows
    }

    /// The rows that came after some of their windows were closed, and are in the others.
    pub fn partly_late_rows(&self) -> u64 {
        self.counters.partly_late_rows
    }

    /// The rows whose time is null.
    pub fn null_time_rows(&self) -> u64 {
        self.counters.null_time_rows
    }

    /// The rows that were too far ahead of the clock to move the watermark.
    pub fn ahead_rows(&self) -> u64 {
        self.counters.ahead_rows
    }

    /// The number of windows that hold rows and are open; of sessions, of all keys.
    pub fn open_windows(&self) -> usize {
        match &self.open {
            Open::Panes(panes) => panes.windows().len(),
            Open::Sessions(sessions) => sessions.len(),
        }
    }

    /// About the bytes that it takes.
    pub fn bytes(&self) -> u64 {
        let open = match &self.open {
            Open::Panes(panes) => panes.bytes(),
            Open::Sessions(sessions) => sessions.bytes(),
        };
        let late: usize = self.late.iter().map(RecordBatch::get_array_memory_size).sum();
        (size_of::<Self>() + open + late) as u64
    }

    /// The late rows that were kept, with all columns of their batches; each is handed out once.
    pub fn take_late(&mut self) -> Vec<RecordBatch> {
        std::mem::take(&mut self.late)
    }
}

impl Open {
    /// A copy to route rows by, which does not change what is open. Panes are routed to without a look at their rows.
    fn to_route(&self) -> Self {
        match self {
            Self::Panes(panes) => Self::Panes(Box::new(panes.without_rows())),
            Self::Sessions(_) => self.clone(),
        }
    }

    fn route(
        &mut self,
        layout: &Layout,
        read: &BatchRows,
        from: usize,
        horizon: i64,
        rows: &mut Rows,
    ) -> Result<Arrivals<Routed>> {
        Ok(match self {
            Self::Panes(panes) => panes.route(&read.times, from, horizon, rows).map(Routed::Panes),
            Self::Sessions(sessions) => {
                let keys = layout.keys.iter().cloned().zip(read.columns.iter().cloned()).collect();
                sessions.route(keys, &read.times, horizon, rows)?.map(Routed::Sessions)
            }
        })
    }

    fn add(&mut self, read: &BatchRows, routed: &Routed) -> Result<()> {
        match (self, routed) {
            (Self::Panes(panes), Routed::Panes(routed)) => panes.add(&read.columns, routed),
            (Self::Sessions(sessions), Routed::Sessions(routed)) => sessions.add(&read.columns, routed),
            _ => Err(Error::Data("rows were routed to windows of another kind".to_owned())),
        }
    }

    /// Copies what is the caller's of the rows that have stayed.
    fn own(&mut self, layout: &Layout, spec: &Spec) -> Result<()> {
        match self {
            Self::Panes(panes) => panes.own(layout, spec),
            Self::Sessions(sessions) => sessions.own(),
        }
    }

    /// As if all windows until then had been handed out.
    fn pass(&mut self, watermark: i64) {
        if let Self::Panes(panes) = self {
            panes.handed_out = panes.handed_out.max(watermark);
        }
    }
}
