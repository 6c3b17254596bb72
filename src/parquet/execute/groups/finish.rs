//! Partitions described one by one, and their answers in the order of the keys.

use std::cmp::Ordering;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use arrow_array::{Array, BinaryArray};

use super::blocks::{Blocks, id, pieces};
use super::frequent::{FrequentGroup, finished};
use super::layout::{KeyCode, bytes_of};
use super::partitioned::{OnDisk, PartitionedRows, RowSegment};
use super::stored_batches::Segment;
use crate::describe::groups::{Block, Group, GroupOrder, PartitionGroups, PartitionRows, Partitioning, sorted};
use crate::describe::{AnyScan, Describer, KeyTable, PASSES, changed};
use crate::error::{Error, Result};
use crate::memory_pool::Reservation;
use crate::parquet::execute::pass::settle;
use crate::parquet::request::RunMetrics;
use crate::scan::Keep;
use crate::series::Chunk;
use crate::spec::Learned;
use crate::stats::overflow::Overflow;
use crate::summary::{Answers, PartRow, Summaries};
use crate::threads::Threads;
use crate::unpoisoned::Unpoisoned;

/// How often a partition that does not fit in memory is dealt out again.
const DEPTH: u32 = 4;

/// The least number of values of a group that are kept until they are written to a file.
const LEAST_WRITTEN: usize = 1 << 16;

/// What takes memory at the end.
const ANSWER: &str = "the answer for all groups";

/// Bytes that a row takes while its group is found and described, beside what it takes itself.
const ROW: u64 = 16;

/// The groups of a partition: their codes, the bytes of long keys, and their answers: in memory, or in the file.
struct Part<C, A> {
    codes: Vec<C>,
    texts: Option<BinaryArray>,
    answers: A,
    _memory: Reservation,
}

/// The groups of all partitions, and that of the rows without a key.
type Parts<C, A> = (Vec<Part<C, A>>, Option<Part<C, A>>);

impl<C: KeyCode> PartitionedRows<'_, C> {
    /// The answers, in the order of the keys; those of frequent keys are there already.
    pub fn finish(self, frequent: Vec<FrequentGroup<C>>, metrics: &mut RunMetrics) -> Result<Summaries> {
        if self.taker.is_some() {
            self.hand_over(frequent, metrics)?;
            return self.join::<Answers>((Vec::new(), None), |_, _| Ok(Answers::new(0, self.run.plan.spec)));
        }
        if !self.has_spilled() {
            match self.finish_in_memory() {
                Ok(mut parts) => {
                    // The rows have done what they are for.
                    drop(self.take());
                    self.add_frequent(frequent, &mut parts, Ok)?;
                    let series = self.run.plan.series.len();
                    return self.join(parts, |parts, rows| {
                        let sizes: Vec<usize> = parts.iter().map(|part| part.codes.len()).collect();
                        let answers = Answers::joined(
                            parts.into_iter().map(|part| part.answers).collect(),
                            series,
                            self.run.plan.spec,
                        );
                        Ok(answers.reordered(series, sizes.into_iter(), rows))
                    });
                }
                Err(Error::MemoryLimit { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.spill(Blocks::default())?;
        let Some(on_disk) = self.on_disk.get() else {
            // There were no rows.
            return self.join::<Answers>((Vec::new(), None), |_, _| Ok(Answers::new(0, self.run.plan.spec)));
        };
        let mut parts = self.finish_on_disk(on_disk)?;
        self.add_frequent(frequent, &mut parts, |answers| self.write_answers(on_disk, answers))?;
        metrics.spilled += on_disk.spill.len();
        self.join(parts, |parts, rows| self.read_answers(on_disk, &parts, rows))
    }

    /// Hands all groups to who takes them.
    fn hand_over(&self, frequent: Vec<FrequentGroup<C>>, metrics: &mut RunMetrics) -> Result<()> {
        for group in frequent {
            let text = group.text.map(|text| BinaryArray::from_vec(vec![&text]));
            let sizes: Vec<u64> = group.summaries.iter().map(|summary| summary.count + summary.null_count).collect();
            self.pass_on(&[group.code], text.as_ref(), &sizes)?;
        }
        match self.on_disk.get() {
            None => self.finish_in_memory().map(drop),
            Some(on_disk) => {
                self.spill(Blocks::default())?;
                self.finish_on_disk(on_disk)?;
                metrics.spilled += on_disk.spill.len();
                Ok(())
            }
        }
    }

    /// Hands some groups to who takes them; `false` if nobody does. `is_null`: that of the rows without a key.
    fn taken(&self, codes: &[C], is_null: bool, texts: Option<&BinaryArray>, answers: &Answers) -> Result<bool> {
        if self.taker.is_none() {
            return Ok(false);
        }
        let codes: Vec<Option<C>> = codes.iter().map(|&code| (!is_null).then_some(code)).collect();
        self.pass_on(&codes, texts, &answers.sizes())?;
        Ok(true)
    }

    fn pass_on(&self, codes: &[Option<C>], texts: Option<&BinaryArray>, sizes: &[u64]) -> Result<()> {
        let Some(taker) = self.taker.filter(|_| !codes.is_empty()) else { return Ok(()) };
        let keys = self.layout.keys(codes, &|row| texts.map_or(&[], |texts| texts.value(row)))?;
        taker.take(&keys, sizes)
    }

    /// Adds the groups of frequent keys to those of the partitions, with their answers kept as theirs.
    fn add_frequent<A>(
        &self,
        frequent: Vec<FrequentGroup<C>>,
        (parts, null): &mut Parts<C, A>,
        kept: impl Fn(Answers) -> Result<A>,
    ) -> Result<()> {
        let plan = self.run.plan;
        let part = |groups: Vec<FrequentGroup<C>>| {
            let mut answers = Answers::new(groups.len() * plan.series.len(), plan.spec);
            let mut rows = answers.rows();
            for (row, group) in groups.iter().enumerate() {
                for (series, summary) in group.summaries.iter().enumerate() {
                    rows.set_as(plan.series[series].number_type, series * groups.len() + row, summary);
                }
            }
            let texts = groups.iter().any(|group| group.text.is_some()).then(|| {
                groups.iter().map(|group| Some(group.text.as_deref().unwrap_or_default())).collect::<BinaryArray>()
            });
            let codes = groups.into_iter().map(|group| group.code.unwrap_or_default()).collect();
            Ok(Part { codes, texts, answers: kept(answers)?, _memory: plan.budget.pool.empty() })
        };
        let (keyed, without): (Vec<_>, Vec<_>) = frequent.into_iter().partition(|group| group.code.is_some());
        if !keyed.is_empty() {
            parts.push(part(keyed)?);
        }
        if !without.is_empty() {
            *null = Some(part(without)?);
        }
        Ok(())
    }

    /// Describes the partitions that are in memory.
    fn finish_in_memory(&self) -> Result<Parts<C, Answers>> {
        let held = self.held();
        let Some(partitioning) = self.partitioning.get() else { return Ok((Vec::new(), None)) };
        let describer = || Describer::with_interrupt(self.run.plan.spec, self.run.interrupt);
        let work = |describer: &mut Describer, partition: usize| {
            self.run.interrupt.check()?;
            let (groups, answers) = self.describe(&held.rows, partition, partitioning, describer)?;
            let texts = self.texts(&held.rows, &groups);
            if self.taken(&groups.codes, partition == partitioning.without(), texts.as_ref(), &answers)? {
                let (answers, memory) = (Answers::new(0, self.run.plan.spec), self.run.plan.budget.pool.empty());
                return Ok(Part { codes: Vec::new(), texts: None, answers, _memory: memory });
            }
            let bytes = self.table.answers(self.run.plan, groups.codes.len());
            let memory = self.run.plan.budget.hold(bytes, ANSWER)?;
            Ok(Part { codes: groups.codes, texts, answers, _memory: memory })
        };
        let partitions = 0..partitioning.without() + 1;
        let mut parts: Vec<Part<C, Answers>> = Threads::All.try_map_with(partitions, describer, work)?;
        let null = parts.pop().filter(|part| !part.codes.is_empty());
        Ok((parts, null))
    }

    fn describe(
        &self,
        rows: &Blocks<C>,
        partition: usize,
        partitioning: &Partitioning<C>,
        describer: &mut Describer,
    ) -> Result<(PartitionGroups<C>, Answers)> {
        let here = PartitionRows { blocks: &rows.blocks, partition, order: GroupOrder::AsTheyCame };
        let has_texts = self.layout.has_texts();
        let groups = match () {
            // A code that is a hash may be that of several keys.
            () if partition < partitioning.shared() || has_texts && partition < partitioning.without() => {
                let same = |code: C, a: usize, b: usize| {
                    !has_texts || !code.is_long_text() || rows.text(a as u32) == rows.text(b as u32)
                };
                here.groups(KeyTable::new(self.seed), id, same)
            }
            () => here.one_group(id),
        };
        let mut answers = Answers::new(self.run.plan.series.len() * groups.codes.len(), self.run.plan.spec);
        let mut all = answers.rows();
        let kinds = self.table.kinds(self.run.plan);
        let of_series = kinds.iter().map(|_| all.split_off(groups.codes.len()));
        here.describe(&groups, &kinds, describer, of_series)?;
        Ok((groups, answers))
    }

    /// The bytes of the long ones among the keys of a partition.
    fn texts(&self, rows: &Blocks<C>, part: &PartitionGroups<C>) -> Option<BinaryArray> {
        (self.layout.has_texts() && part.codes.iter().any(|code| code.is_long_text())).then(|| {
            let texts = part.codes.iter().zip(&part.firsts);
            texts.map(|(code, &first)| Some(if code.is_long_text() { rows.text(first) } else { &[] })).collect()
        })
    }

    /// Describes the partitions that are in the file.
    fn finish_on_disk(&self, on_disk: &OnDisk) -> Result<Parts<C, Segment>> {
        let Some(partitioning) = self.partitioning.get() else { return Ok((Vec::new(), None)) };
        if self.depth == 0 {
            self.run.progress.begin(0, on_disk.rows(), 0);
        }
        let found: Mutex<Parts<C, Segment>> = Mutex::new((Vec::new(), None));
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            let mut describer = Describer::with_interrupt(self.run.plan.spec, self.run.interrupt);
            loop {
                let partition = next.fetch_add(1, Relaxed);
                if partition > partitioning.without() {
                    return Ok(());
                }
                self.run.interrupt.check()?;
                let segments = on_disk.take(partition);
                if segments.is_empty() {
                    continue;
                }
                let rows: u64 = segments.iter().map(RowSegment::rows).sum();
                let parts = self.finish_partition(on_disk, partition, partitioning, &segments, &mut describer)?;
                let mut found = found.lock().unpoisoned();
                match partition == partitioning.without() {
                    true => found.1 = parts.into_iter().next(),
                    false => found.0.extend(parts),
                }
                if self.depth == 0 {
                    self.run.progress.add(rows, 0);
                }
            }
        };
        match self.depth {
            // Each thread takes one partition after the other: none may begin a second one while it waits for memory.
            0 => rayon::broadcast(|_| work().inspect_err(|_| next.store(usize::MAX / 2, Relaxed)))
                .into_iter()
                .collect::<Result<Vec<()>>>()
                .map(drop)?,
            _ => work()?,
        }
        Ok(found.into_inner().unpoisoned())
    }

    fn finish_partition(
        &self,
        on_disk: &OnDisk,
        partition: usize,
        partitioning: &Partitioning<C>,
        segments: &[RowSegment],
        describer: &mut Describer,
    ) -> Result<Vec<Part<C, Segment>>> {
        let (plan, budget) = (self.run.plan, &self.run.plan.budget);
        let is_null = partition == partitioning.without();
        let rows: u64 = segments.iter().map(RowSegment::rows).sum();
        let stored: u64 = segments.iter().map(RowSegment::bytes).sum();
        // What is read, and the values of the groups.
        let needed = 2 * stored + ROW * rows;
        if needed > budget.pool.capacity() / 2 / budget.threads() as u64 {
            return match partition < partitioning.shared() {
                true => self.deal_again(on_disk, segments, rows),
                false => self.scan(on_disk, segments, is_null),
            };
        }
        let what = || "describing a part of the groups".to_owned();
        let _memory = plan.budget.decode(needed, self.run.interrupt, what)?;
        let mut blocks = Blocks::default();
        for segment in segments {
            for (coded, values) in pieces(self.layout, on_disk.read(segment)?) {
                blocks.push(Block::of_one(partition, partitioning, coded.codes, values), coded.texts);
            }
        }
        let (groups, answers) = self.describe(&blocks, partition, partitioning, describer)?;
        let texts = self.texts(&blocks, &groups);
        drop(blocks);
        self.parts_on_disk(on_disk, groups.codes, is_null, texts, answers)
    }

    /// Answers are kept in the file as well: small pieces between what comes and goes would tear the memory up. There is no part of groups that
    /// somebody takes.
    fn parts_on_disk(
        &self,
        on_disk: &OnDisk,
        codes: Vec<C>,
        is_null: bool,
        texts: Option<BinaryArray>,
        answers: Answers,
    ) -> Result<Vec<Part<C, Segment>>> {
        if self.taken(&codes, is_null, texts.as_ref(), &answers)? {
            return Ok(Vec::new());
        }
        let answers = self.write_answers(on_disk, answers)?;
        let bytes = codes.capacity() * size_of::<C>() + texts.as_ref().map_or(0, Array::get_array_memory_size);
        let memory = self.run.plan.budget.hold(bytes as u64, "the keys of all groups")?;
        Ok(vec![Part { codes, texts, answers, _memory: memory }])
    }

    fn write_answers(&self, on_disk: &OnDisk, answers: Answers) -> Result<Segment> {
        on_disk.spill.write(&answers.into_batch(self.run.plan.spec).map_err(Error::from_grouping)?)
    }

    /// Scans the rows of one key, in passes over the file.
    fn scan(&self, on_disk: &OnDisk, segments: &[RowSegment], is_null: bool) -> Result<Vec<Part<C, Segment>>> {
        let (plan, budget) = (self.run.plan, &self.run.plan.budget);
        let what = || "scanning the rows of one group".to_owned();
        let memory = budget.decode(budget.pool.capacity() / 3 / budget.threads() as u64, self.run.interrupt, what)?;
        let largest = segments.iter().map(|segment| 2 * segment.bytes()).max().unwrap_or(0);
        // A scan, the one for another pass, and what is copied while it is finished.
        let each = memory.bytes().saturating_sub(largest) / (3 * plan.series.len().max(1) as u64 * plan.key_size());
        let keep = Keep::AtMost((each as usize).max(1 << 12));
        let overflow = match plan.spec.learned().wants(Learned::VALUE_COUNTS) {
            true => {
                let kept = memory.bytes() / 4 / plan.series.len().max(1) as u64 / plan.key_size();
                let kept = (kept as usize).max(LEAST_WRITTEN);
                Some(Overflow::new(&plan.request.temporary, 1, kept, kept / 2, self.run.interrupt)?)
            }
            false => None,
        };
        let scan = |(repr, _): &_| {
            let mut scan = AnyScan::new(*repr, plan.spec, keep);
            overflow.iter().for_each(|overflow| scan.overflow_to(overflow));
            Some(scan)
        };
        let mut scans: Vec<Option<AnyScan>> = self.table.kinds(plan).iter().map(scan).collect();
        let (mut code, mut text) = (None, None);
        let mut read = |scans: &mut [Option<AnyScan>]| -> Result<()> {
            for segment in segments {
                self.run.interrupt.check()?;
                for (coded, values) in pieces::<C>(self.layout, on_disk.read(segment)?) {
                    code = coded.codes.first().copied();
                    if let Some(texts) = coded.texts.filter(|texts| !texts.is_empty()) {
                        let text = text.get_or_insert_with(|| texts.value(0).to_vec());
                        if texts.iter().any(|other| other != Some(text)) {
                            return Err(self.start_again());
                        }
                    }
                    for (scan, values) in scans.iter_mut().zip(values) {
                        if let Some(scan) = scan {
                            scan.read(&Chunk::Array(values))?;
                        }
                    }
                }
            }
            Ok(())
        };
        read(&mut scans)?;
        let mut answers = Answers::new(plan.series.len(), plan.spec);
        let mut rows = answers.rows();
        for _ in 0..PASSES {
            let (done, mut again) = finished(plan, &mut scans, keep)?;
            for (series, summary) in done {
                rows.set_as(plan.series[series].number_type, series, &summary);
            }
            if again.iter().all(Option::is_none) {
                let texts = text.map(|text| BinaryArray::from_vec(vec![&text]));
                return self.parts_on_disk(on_disk, code.into_iter().collect(), is_null, texts, answers);
            }
            read(&mut again)?;
            settle(&mut scans, again)?;
        }
        Err(changed())
    }

    /// Deals the rows of a partition out once more, and describes its partitions.
    fn deal_again(&self, on_disk: &OnDisk, segments: &[RowSegment], rows: u64) -> Result<Vec<Part<C, Segment>>> {
        if self.depth == DEPTH {
            let limit = self.run.plan.budget.limit;
            let what = "groups that are each too long for memory, and that no hash tells apart,".to_owned();
            return Err(Error::MemoryLimit { what, needed: 2 * limit, limit });
        }
        let deeper = self.deeper(on_disk, rows);
        for segment in segments {
            let mut dealt = Blocks::default();
            for (coded, values) in pieces(self.layout, on_disk.read(segment)?) {
                deeper.deal(coded, &values, None, &mut dealt)?;
            }
            deeper.spill(dealt)?;
        }
        let Some(below) = deeper.on_disk.get() else { return Ok(Vec::new()) };
        deeper.finish_on_disk(below).map(|(parts, _)| parts)
    }

    /// The answers of all parts, in the order of their keys; the rows without one are the last. `collect` brings the answers to this order.
    fn join<A: Sync>(
        &self,
        (mut parts, null): Parts<C, A>,
        collect: impl FnOnce(Vec<Part<C, A>>, &[PartRow]) -> Result<Answers>,
    ) -> Result<Summaries> {
        let plan = self.run.plan;
        let count = parts.iter().map(|part| part.codes.len()).sum::<usize>() + 1;
        // Answers in memory are moved a few columns at a time, those in the file join what is there for all of them.
        let answers = self.table.answers(plan, count);
        let moved = if self.has_spilled() { answers } else { answers / 4 };
        let sorting = (count * (size_of::<Group<C>>() + 4 * size_of::<C>())) as u64;
        if self.has_spilled() {
            plan.budget.give_back();
        }
        let _memory = plan.budget.hold(moved + sorting, ANSWER)?;
        let text = |at: PartRow| -> &[u8] {
            parts[at.part as usize].texts.as_ref().map_or(&[], |texts| texts.value(at.row as usize))
        };
        let has_texts = self.layout.has_texts();
        let order = |a: &Group<C>, b: &Group<C>| -> Ordering {
            if !has_texts || !a.code.is_long_text() && !b.code.is_long_text() {
                return a.code.cmp(&b.code);
            }
            let (mut short, mut other) = ([0; 16], [0; 16]);
            bytes_of(a.code, &mut short, || text(a.at)).cmp(bytes_of(b.code, &mut other, || text(b.at)))
        };
        let groups = sorted(parts.iter().map(|part| &part.codes[..]), order);
        let mut codes: Vec<Option<C>> = Vec::with_capacity(groups.len() + 1);
        let mut rows: Vec<PartRow> = Vec::with_capacity(groups.len() + 1);
        codes.extend(groups.iter().map(|group| Some(group.code)));
        rows.extend(groups.iter().map(|group| group.at));
        drop(groups);
        if null.is_some() {
            codes.push(None);
            rows.push(PartRow { part: parts.len() as u32, row: 0 });
        }
        let keys = self.layout.keys(&codes, &|place| text(rows[place]))?;
        drop(codes);
        parts.extend(null);
        let answers = collect(parts, &rows)?;
        Ok(Summaries::with_keys(plan.answered_columns(), Some(keys), plan.spec, answers))
    }

    /// The answers that are in the file, in this order.
    fn read_answers(&self, on_disk: &OnDisk, parts: &[Part<C, Segment>], rows: &[PartRow]) -> Result<Answers> {
        let series = self.run.plan.series.len();
        let mut places: Vec<Vec<u32>> = parts.iter().map(|part| vec![0; part.codes.len()]).collect();
        (0..).zip(rows).for_each(|(place, at)| places[at.part as usize][at.row as usize] = place);
        let mut answers = Answers::new(series * rows.len(), self.run.plan.spec);
        let mut answered = answers.rows();
        for (part, places) in parts.iter().zip(places) {
            self.run.interrupt.check()?;
            let batch = on_disk.spill.read(&part.answers)?;
            for series in 0..series {
                for (row, &place) in places.iter().enumerate() {
                    answered.set_from(series * rows.len() + place as usize, &batch, series * places.len() + row);
                }
            }
        }
        Ok(answers)
    }
}
