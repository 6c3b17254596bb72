//! Text: cut where lines end, and read in pieces on all threads.

use std::io::Read;
use std::time::Duration;

use arrow_array::RecordBatch;
use memchr::{memchr, memchr_iter};

use super::cells::{Cells, Columns};
use super::feed::Piece;
use super::text::{READ, Text, TextFeed, not_text};
use super::wanted::{Next, Wanted};
use crate::error::{Error, Result, size};
use crate::interrupt::Interrupt;
use crate::threads::Threads;

/// Bytes of text that one thread reads at a time.
const PIECE: usize = 1 << 17;

/// Bytes of text from which is learned what the columns are of.
const FIRST: usize = 1 << 18;

/// How long is waited for them.
const PAUSE: Duration = Duration::from_millis(200);

/// A line may have this many bytes.
const LONGEST: usize = 1 << 26;

/// What lines hold.
pub(super) trait Dialect: Clone + Send + Sync + Sized {
    /// Looks at the first text, whose lines are whole but perhaps the last one; `None` if it does not suffice. With it comes how much of the text is no data.
    fn learn(text: &[u8], is_all: bool, wanted: &Wanted) -> Result<Option<(Self, usize)>, Wrong>;

    /// The columns that lines give.
    fn columns(&self) -> &Columns;

    /// Where to cut text that begins with a line into pieces of about `size` bytes: from 0 to the end of the last line that is whole.
    fn cuts(&self, text: &[u8], size: usize) -> Vec<usize>;

    /// Reads lines; each that is wrong is told, and taken for none.
    fn read(&mut self, text: &[u8], cells: &mut [Cells], wrong: &mut Vec<Wrong>) -> usize;
}

/// What is wrong in a text.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    /// How many lines are before it.
    pub line: usize,
    /// How many bytes.
    pub byte: usize,
    pub message: String,
}

/// Lines that are read from front to back.
pub(super) struct Lines<D> {
    texts: TextFeed,
    name: String,
    wanted: Wanted,
    dialect: Option<D>,
    /// Text that was not read yet: that of a line without its end.
    rest: Vec<u8>,
    /// Lines and bytes before it.
    lines: u64,
    bytes: u64,
    /// Whether the first time of each column names a zone.
    is_zoned: Vec<Option<bool>>,
    ended: bool,
    /// Whether no batch has come of it.
    is_empty: bool,
    skipped: u64,
    first_skipped: Option<String>,
}

/// What came of a piece of text.
struct Read_ {
    cells: Vec<Cells>,
    rows: usize,
    lines: usize,
    wrong: Vec<Wrong>,
}

impl<D: Dialect> Lines<D> {
    pub fn new(input: Box<dyn Read + Send>, name: &str, wanted: &Wanted) -> Result<Self> {
        Ok(Self {
            texts: TextFeed::new(input, name)?,
            name: name.to_owned(),
            wanted: wanted.clone(),
            dialect: None,
            rest: Vec::new(),
            lines: 0,
            bytes: 0,
            is_zoned: Vec::new(),
            ended: false,
            is_empty: true,
            skipped: 0,
            first_skipped: None,
        })
    }

    pub fn skipped(&self) -> (u64, Option<&str>) {
        (self.skipped, self.first_skipped.as_deref())
    }

    pub fn next(&mut self, patience: Option<Duration>, interrupt: &Interrupt) -> Result<Next> {
        if self.ended {
            return Ok(Next::End);
        }
        let mut text = match self.texts.feed.next(patience, interrupt)? {
            Piece::Idle => return Ok(Next::Idle),
            Piece::End => {
                self.ended = true;
                let rest = std::mem::take(&mut self.rest);
                return Ok(Next::Batches(self.read(&rest, interrupt)?.0));
            }
            Piece::Some(text) => text,
        };
        if self.dialect.is_none() && self.wanted.looks() {
            self.wait_for_many(&mut text, interrupt)?;
        }
        // A pipe gives little at a time: what came meanwhile is read together.
        while !self.ended && text.bytes().len() <= READ / 2 {
            match self.texts.feed.next_at_once() {
                Some(more) => self.add(&mut text, more?),
                None => break,
            }
        }
        // What ends no line is looked at once.
        let has_end = self.ended || memchr(b'\n', text.bytes()).is_some();
        text.put_before(&self.rest);
        let (batches, length) = if has_end { self.read(text.bytes(), interrupt)? } else { (Vec::new(), 0) };
        self.bytes += length as u64;
        self.rest.clear();
        self.rest.extend_from_slice(&text.bytes()[length..]);
        self.texts.give_back(text);
        if self.rest.len() > LONGEST {
            return Err(self.wrong(&Wrong {
                line: 0,
                byte: 0,
                message: format!("a line of more than {}", size(LONGEST as u64)),
            }));
        }
        Ok(Next::Batches(batches))
    }

    fn add(&self, text: &mut Text, more: Text) {
        text.append(more.bytes());
        self.texts.give_back(more);
    }

    /// Which columns there are depends on the first lines: as many of them as come without a pause.
    fn wait_for_many(&mut self, text: &mut Text, interrupt: &Interrupt) -> Result<()> {
        while !self.ended && self.rest.len() + text.bytes().len() < FIRST {
            match self.texts.feed.next(Some(PAUSE), interrupt)? {
                Piece::Some(piece) => self.add(text, piece),
                Piece::Idle => break,
                Piece::End => self.ended = true,
            }
        }
        Ok(())
    }

    fn wrong(&self, wrong: &Wrong) -> Error {
        let (line, byte) = (self.lines + wrong.line as u64 + 1, self.bytes + wrong.byte as u64);
        Error::Data(format!("{}: line {line} (byte {byte}): {}", self.name, wrong.message))
    }

    /// Reads the lines that are whole, and how many bytes they have.
    fn read(&mut self, text: &[u8], interrupt: &Interrupt) -> Result<(Vec<RecordBatch>, usize)> {
        let mut start = 0;
        if self.dialect.is_none() {
            if let Some(message) = not_text(text) {
                return Err(self.wrong(&Wrong { line: 0, byte: 0, message: message.to_owned() }));
            }
            let Some((dialect, head)) = D::learn(text, self.ended, &self.wanted).map_err(|wrong| self.wrong(&wrong))?
            else {
                return Ok((Vec::new(), 0));
            };
            self.dialect = Some(dialect);
            self.lines += memchr_iter(b'\n', &text[..head]).count() as u64;
            start = head;
        }
        let Some(dialect) = &self.dialect else { return Ok((Vec::new(), 0)) };
        let body = &text[start..];
        let mut cuts = dialect.cuts(body, PIECE);
        let mut end = start + cuts.last().copied().unwrap_or_default();
        if self.ended && end < text.len() {
            // The last line has no end.
            end = text.len();
            cuts.push(body.len());
        }
        let read = |cut: &[usize]| -> Result<Read_> {
            interrupt.check()?;
            let (piece, mut dialect) = (&body[cut[0]..cut[1]], dialect.clone());
            // About as many rows as a few dozen bytes each.
            let mut cells = dialect.columns().cells(piece.len() / 32);
            let mut wrong = Vec::new();
            let rows = dialect.read(piece, &mut cells, &mut wrong);
            let lines = memchr_iter(b'\n', piece).count();
            Ok(Read_ { cells, rows, lines, wrong })
        };
        let pieces = Threads::unless(cuts.len() <= 2).try_map_items(cuts.windows(2), read)?;
        let columns = dialect.columns().clone();
        let mut batches = Vec::with_capacity(pieces.len());
        let mut before = start;
        for (piece, cut) in pieces.into_iter().zip(cuts.windows(2)) {
            for wrong in &piece.wrong {
                let told = self.wrong(&Wrong { byte: before + wrong.byte, ..wrong.clone() });
                if !self.wanted.skips {
                    return Err(told);
                }
                self.skipped += 1;
                self.first_skipped.get_or_insert_with(|| told.to_string());
            }
            before += cut[1] - cut[0];
            self.lines += piece.lines as u64;
            self.is_zoned.resize(piece.cells.len(), None);
            for (is_zoned, cells) in self.is_zoned.iter_mut().zip(&piece.cells) {
                *is_zoned = is_zoned.or_else(|| cells.is_zoned());
            }
            batches.push(columns.batch(piece.cells, piece.rows, &self.is_zoned)?);
        }
        // Columns without a row are columns still.
        if self.ended && batches.is_empty() && self.is_empty && !columns.names.is_empty() {
            let is_zoned = vec![None; columns.names.len()];
            batches.push(columns.batch(columns.cells(0), 0, &is_zoned)?);
        }
        self.is_empty &= batches.is_empty();
        Ok((batches, end))
    }
}
