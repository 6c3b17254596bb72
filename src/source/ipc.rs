//! Arrow's IPC format: streams, and files of it, which hold a stream between their magic and their footer.

use std::io::{self, Read};
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::{Endianness, root_as_message};
use arrow_schema::ArrowError;

use super::feed::{Feed, Piece};
use super::wanted::Next;
use crate::catch_panic::catch_panic;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;

/// What a file begins with; a stream begins otherwise.
const MAGIC: &[u8; 8] = b"ARROW1\0\0";

/// What messages begin with; before version 0.15 of Arrow they did not.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Bytes that are asked for at once: what a message says of its length is believed only once it is there.
const PIECE: u64 = 1 << 24;

pub(super) struct Batches(Feed<RecordBatch>);

impl Batches {
    pub fn new(input: Box<dyn Read + Send>, name: &str) -> Result<Self> {
        let name = name.to_owned();
        let (mut reader, mut input) = (None, Some(Messages::new(input)));
        let mut count = 0u64;
        let read = move || {
            let wrong =
                |message: String| Error::Data(format!("{name}: batch {} (counted from 1): {message}", count + 1));
            // A decoder may panic over what is not Arrow.
            let next = catch_panic(|| {
                let reader = match (&mut reader, input.take()) {
                    (Some(reader), _) => reader,
                    (None, Some(input)) => reader.insert(StreamReader::try_new(input, None)?),
                    (None, None) => return Ok(None),
                };
                reader.next().transpose()
            });
            match next {
                Ok(Ok(batch)) => {
                    count += 1;
                    Ok(batch)
                }
                Ok(Err(ArrowError::IoError(_, error))) => Err(wrong(error.to_string())),
                Ok(Err(error)) => Err(wrong(format!("this is no Arrow stream, or damaged: {error}"))),
                Err(panic) => Err(wrong(format!("damaged Arrow data: {panic}"))),
            }
        };
        Feed::new(read).map(Self)
    }

    pub fn next(&mut self, patience: Option<Duration>, interrupt: &Interrupt) -> Result<Next> {
        Ok(match self.0.next(patience, interrupt)? {
            Piece::Some(batch) => Next::Batches(vec![batch]),
            Piece::Idle => Next::Idle,
            Piece::End => Next::End,
        })
    }
}

/// The messages of a stream, each handed on once all of it is there, so that a reader asks for no memory that the data does not fill.
struct Messages {
    input: Box<dyn Read + Send>,
    is_first: bool,
    ready: io::Cursor<Vec<u8>>,
}

impl Messages {
    fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, is_first: true, ready: io::Cursor::default() }
    }

    /// The next bytes, behind those of `message`.
    fn fill(&mut self, message: &mut Vec<u8>, length: u64, what: &str) -> io::Result<()> {
        let end = message.len() as u64 + length;
        while (message.len() as u64) < end {
            let piece = (end - message.len() as u64).min(PIECE);
            if self.input.by_ref().take(piece).read_to_end(message)? == 0 {
                return Err(io::Error::other(format!("the stream ends within {what}")));
            }
        }
        Ok(())
    }

    /// The next message, whole; empty at the end of the stream.
    fn message(&mut self) -> io::Result<Vec<u8>> {
        let mut message = Vec::new();
        self.input.by_ref().take(4).read_to_end(&mut message)?;
        if std::mem::take(&mut self.is_first) && message == MAGIC[..4] {
            self.fill(&mut message, 4, "its magic")?;
            // Zeros behind the magic align what follows.
            message = vec![0; 4];
            while message == [0; 4] {
                message.clear();
                self.input.by_ref().take(4).read_to_end(&mut message)?;
            }
        }
        if message.is_empty() {
            return Ok(message);
        }
        let missing = 4 - message.len() as u64;
        self.fill(&mut message, missing, "the length of a message")?;
        if message == CONTINUATION {
            self.fill(&mut message, 4, "the length of a message")?;
        }
        let start = message.len();
        let length: [u8; 4] = std::array::from_fn(|index| message[start - 4 + index]);
        let length = u64::try_from(i32::from_le_bytes(length))
            .map_err(|_| io::Error::other("this is no Arrow stream: a message of negative length"))?;
        if length == 0 {
            return Ok(message);
        }
        self.fill(&mut message, length, "a message")?;
        let (endianness, body) = {
            let head = root_as_message(&message[start..])
                .map_err(|_| io::Error::other("this is no Arrow stream: a message that cannot be read"))?;
            (head.header_as_schema().map(|schema| schema.endianness()), head.bodyLength())
        };
        if endianness == Some(Endianness::Big) {
            return Err(io::Error::other("the stream is of a machine of the other byte order"));
        }
        let body = u64::try_from(body).map_err(|_| io::Error::other("a message whose body has a negative length"))?;
        self.fill(&mut message, body, "the body of a message")?;
        Ok(message)
    }
}

impl Read for Messages {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.ready.read(buffer)? {
            0 => {
                self.ready = io::Cursor::new(self.message()?);
                self.ready.read(buffer)
            }
            length => Ok(length),
        }
    }
}
