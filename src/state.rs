//! States as bytes, for another process, machine or time.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | `MAGIC` |
//! | 4 | `FORMAT`, lowest byte first |
//! | 1 | what it is: a kind |
//! | … | the state, as postcard writes it |
//! | 4 | CRC-32 (ISO-HDLC, the one of zlib) of all bytes before, lowest byte first |
//!
//! Bytes are not trusted: a state checks what it is made of as it is read.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// What every state of rstats begins with. Its line ends show whether something took it for text.
pub(crate) const MAGIC: [u8; 8] = *b"rstats\r\n";

/// Grows whenever states are written in another way.
pub(crate) const FORMAT: u32 = 1;

const CHECKSUM: usize = size_of::<u32>();

/// The kind of an accumulator; scans have those of their values.
pub(crate) const ACCUMULATOR: u8 = 16;

/// The kind of an accumulator of several passes.
pub(crate) const PASSES: u8 = 18;

/// The kind of an accumulator with columns that hold no numbers.
pub(crate) const TABLE: u8 = 20;

/// The kind of groups of rows.
#[cfg(feature = "stream")]
pub(crate) const GROUPS: u8 = 19;

/// The kind of groups of rows with columns that hold no numbers.
#[cfg(feature = "stream")]
pub(crate) const GROUPS_OF_TABLES: u8 = 21;

/// The kind of windows over a stream.
#[cfg(feature = "stream")]
pub(crate) const WINDOWS: u8 = 17;

/// A state as bytes; `what` it is called.
///
/// # Errors
///
/// [`Error::Data`] if it does not fit in memory twice.
pub(crate) fn to_bytes(kind: u8, state: &impl Serialize, what: &str) -> Result<Vec<u8>> {
    let head = [&MAGIC[..], &FORMAT.to_le_bytes(), &[kind]].concat();
    let written = postcard::to_extend(state, head);
    let mut bytes = written.map_err(|error| Error::Data(format!("the {what} cannot be written: {error}")))?;
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    Ok(bytes)
}

/// The kind of what [`to_bytes`] has written.
pub(crate) fn kind(bytes: &[u8]) -> Option<u8> {
    bytes.get(MAGIC.len() + size_of_val(&FORMAT)).copied()
}

/// What [`to_bytes`] has written.
///
/// # Errors
///
/// [`Error::Data`] for bytes that are no such state, are damaged, or were written by a version of rstats with another format.
pub(crate) fn from_bytes<T: DeserializeOwned>(kind: u8, bytes: &[u8], what: &str) -> Result<T> {
    let wrong = |why: &str| Error::Data(format!("these bytes hold no {what} that can be read: {why}"));
    let Some((format, rest)) = bytes.strip_prefix(&MAGIC).and_then(|rest| rest.split_first_chunk()) else {
        return Err(wrong("they do not begin as one"));
    };
    if *format != FORMAT.to_le_bytes() {
        let format = u32::from_le_bytes(*format);
        return Err(wrong(&format!("their format is {format}, and this version of rstats reads {FORMAT}")));
    }
    let Some((whole, checksum)) = bytes.split_last_chunk::<CHECKSUM>() else {
        return Err(wrong("they are cut off"));
    };
    if crc32fast::hash(whole).to_le_bytes() != *checksum {
        return Err(wrong("their checksum does not agree with them"));
    }
    let Some((found, payload)) = rest[..rest.len().saturating_sub(CHECKSUM)].split_first() else {
        return Err(wrong("they are cut off"));
    };
    if *found != kind {
        return Err(wrong(&format!("they hold {}, and {} is read", called(*found), called(kind))));
    }
    match postcard::take_from_bytes(payload) {
        Ok((state, [])) => Ok(state),
        Ok(_) => Err(wrong("there are more bytes than those of one")),
        Err(error) => Err(wrong(&error.to_string())),
    }
}

/// What a kind is called; scans have the tags of their values.
fn called(kind: u8) -> &'static str {
    match kind {
        0 => "a scan of floats",
        1 => "a scan of signed integers",
        2 => "a scan of unsigned integers",
        3 => "a scan of exact numbers",
        ACCUMULATOR => "an accumulator",
        PASSES => "an accumulator of several passes",
        17 => "windows over a stream",
        19 => "groups of rows",
        TABLE => "an accumulator of columns of every kind",
        _ => "a state of another version",
    }
}
