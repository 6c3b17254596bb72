//! Text that is read piece by piece into memory that is used again.

use std::io::{ErrorKind, Read};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::feed::Feed;
use crate::error::{Error, Result};

/// Bytes that are asked for at once. A pipe gives what it has.
pub(super) const READ: usize = 1 << 22;

/// Bytes before a text that are free for what is left of the one before.
const BEFORE: usize = 1 << 14;

/// Text, and free bytes before it.
#[derive(Debug)]
pub(super) struct Text {
    memory: Vec<u8>,
    start: usize,
    end: usize,
}

impl Text {
    fn new() -> Self {
        Self { memory: vec![0; BEFORE + READ], start: BEFORE, end: BEFORE }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    /// Puts what was left of the text before in front of this one.
    pub fn put_before(&mut self, left: &[u8]) {
        if left.len() <= self.start {
            self.start -= left.len();
            self.memory[self.start..self.start + left.len()].copy_from_slice(left);
        } else {
            let mut memory = Vec::with_capacity(left.len() + self.bytes().len());
            memory.extend_from_slice(left);
            memory.extend_from_slice(self.bytes());
            *self = Self { start: 0, end: memory.len(), memory };
        }
    }

    pub fn append(&mut self, more: &[u8]) {
        let end = self.end + more.len();
        if end > self.memory.len() {
            self.memory.truncate(self.end);
            self.memory.extend_from_slice(more);
        } else {
            self.memory[self.end..end].copy_from_slice(more);
        }
        self.end = end;
    }
}

/// What it is that is no text, as its first bytes say, and what to do about it.
pub(super) fn not_text(first: &[u8]) -> Option<&'static str> {
    let byte = |index: usize| first.get(index).copied().unwrap_or(b'?');
    let is_utf16 = first.starts_with(b"\xff\xfe")
        || first.starts_with(b"\xfe\xff")
        || [[1, 3], [0, 2]].iter().any(|zeros| zeros.iter().all(|&index| byte(index) == 0));
    match () {
        () if first.starts_with(b"PAR1") && byte(4) < b' ' && !byte(4).is_ascii_whitespace() => {
            Some("this is Parquet: say --from parquet")
        }
        () if first.starts_with(b"ARROW1\0") => Some("this is Arrow: say --from ipc"),
        () if first.starts_with(b"PK\x03\x04") => {
            Some("this is a zip archive, as spreadsheets are: unpack it, or save the sheet as CSV")
        }
        () if first.starts_with(b"\xfd7zXZ\0") => Some("this is compressed by xz: pipe it through xz -dc"),
        () if first.starts_with(b"BZh") && first.get(4..10) == Some(b"1AY&SY") => {
            Some("this is compressed by bzip2: pipe it through bzip2 -dc")
        }
        () if is_utf16 => Some("this is UTF-16, and text is read as UTF-8: pipe it through iconv -f UTF-16 -t UTF-8"),
        () => None,
    }
}

/// Reads text ahead; what is [given back](TextFeed::give_back) is used again.
#[derive(Debug)]
pub(super) struct TextFeed {
    pub feed: Feed<Text>,
    free: Sender<Text>,
}

impl TextFeed {
    pub fn new(mut input: Box<dyn Read + Send>, name: &str) -> Result<Self> {
        let name = name.to_owned();
        let (free, used): (Sender<Text>, Receiver<Text>) = channel();
        let read = move || {
            let mut text = used.try_recv().unwrap_or_else(|_| Text::new());
            loop {
                match input.read(&mut text.memory[BEFORE..]) {
                    Ok(0) => return Ok(None),
                    Ok(length) => {
                        (text.start, text.end) = (BEFORE, BEFORE + length);
                        return Ok(Some(text));
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(Error::Data(format!("{name}: cannot be read: {error}"))),
                }
            }
        };
        Ok(Self { feed: Feed::new(read)?, free })
    }

    pub fn give_back(&self, text: Text) {
        // Of another size is what a long line has made.
        if text.memory.len() == BEFORE + READ {
            // If nobody reads any more, it is not wanted.
            let _ = self.free.send(text);
        }
    }
}
