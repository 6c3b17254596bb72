//! Keys of 64 bits as bytes, in pieces that are read at the speed of memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

/// Keys of 64 bits that are written in one piece, so that they are read at the speed of memory.
const PIECE: usize = 1 << 12;

/// The longest run of bytes that is written in one piece: whoever reads from a stream needs room for it.
pub(crate) const PIECE_BYTES: usize = 8 * PIECE;

/// Eight bytes for each key, the lowest first, in pieces.
pub(super) fn write_integers<S: Serializer>(keys: &[i64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(keys.chunks(PIECE).map(Piece))
}

pub(super) fn read_integers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    deserializer.deserialize_seq(Pieces)
}

struct Piece<'a>(&'a [i64]);

impl Serialize for Piece<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<[u8; 8]> = self.0.iter().map(|key| key.to_le_bytes()).collect();
        serializer.serialize_bytes(bytes.as_flattened())
    }
}

struct Pieces;

impl<'de> Visitor<'de> for Pieces {
    type Value = Vec<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys in pieces")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pieces: A) -> Result<Self::Value, A::Error> {
        // It grows by what is there, whatever the length says.
        let mut keys = Vec::new();
        while pieces.next_element_seed(Append(&mut keys))?.is_some() {}
        keys.shrink_to_fit();
        Ok(keys)
    }
}

/// Appends a piece.
struct Append<'a>(&'a mut Vec<i64>);

impl<'de> DeserializeSeed<'de> for Append<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_byte_buf(self)
    }
}

impl Visitor<'_> for Append<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "up to {PIECE} keys of 8 bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<(), E> {
        match bytes.as_chunks() {
            (keys, []) if (8..=PIECE_BYTES).contains(&bytes.len()) => {
                self.0.extend(keys.iter().map(|bytes| i64::from_le_bytes(*bytes)));
                Ok(())
            }
            _ => Err(E::invalid_length(bytes.len(), &self)),
        }
    }
}
