//! Thrift's compact protocol, walked without decoding it: whether every length that a footer or a page header names is
//! really there.
//!
//! The decoders ask for memory by such lengths before they read what should fill it, and a request that is too large
//! ends the process, where no error can be made of it. So the bytes are walked first: each element of a list takes at
//! least a byte, and each byte of a text is one.
//!
//! Source: the Thrift project's `thrift-compact-protocol.md`.

/// How deep structures may be nested: Parquet's own go to 7.
const DEPTH: usize = 32;

/// Why a walk ended early.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes end before the structure does, which needs at least so many more.
    Short(u64),
    /// They are no structure.
    Malformed,
}

/// Walks the structure that the bytes start with, and tells `integer` the id and the value of each integer field of
/// its own. Gives its length.
pub fn walk(bytes: &[u8], integer: &mut dyn FnMut(i64, i64)) -> Result<usize, Fault> {
    let mut walk = Walk { rest: bytes };
    walk.structure(DEPTH, integer)?;
    Ok(bytes.len() - walk.rest.len())
}

struct Walk<'a> {
    rest: &'a [u8],
}

impl Walk<'_> {
    fn byte(&mut self) -> Result<u8, Fault> {
        let (&first, rest) = self.rest.split_first().ok_or(Fault::Short(1))?;
        self.rest = rest;
        Ok(first)
    }

    fn skip(&mut self, length: u64) -> Result<(), Fault> {
        let there = self.rest.len() as u64;
        match usize::try_from(length).ok().and_then(|length| self.rest.get(length..)) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(Fault::Short(length - there)),
        }
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0u64;
        for place in 0..10 {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(7 * place).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::Malformed)
    }

    fn integer(&mut self) -> Result<i64, Fault> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn structure(&mut self, depth: usize, integer: &mut dyn FnMut(i64, i64)) -> Result<(), Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::Malformed)?;
        let mut id = 0i64;
        loop {
            let header = self.byte()?;
            let kind = header & 0x0f;
            if kind == 0 {
                return Ok(());
            }
            id = match header >> 4 {
                0 => self.integer()?,
                delta => id.wrapping_add(i64::from(delta)),
            };
            match kind {
                1 | 2 => {} // a field's boolean is in its type
                4..=6 => integer(id, self.integer()?),
                kind => self.value(kind, depth)?,
            }
        }
    }

    /// A value as it stands in a list.
    fn value(&mut self, kind: u8, depth: usize) -> Result<(), Fault> {
        match kind {
            1..=3 => self.skip(1),
            4..=6 => self.varint().map(drop),
            7 => self.skip(8),
            8 => {
                let length = self.varint()?;
                self.skip(length)
            }
            9 | 10 => {
                let header = self.byte()?;
                let size = if header >> 4 == 15 { self.varint()? } else { u64::from(header >> 4) };
                self.check(size)?;
                (0..size).try_for_each(|_| self.nested(header & 0x0f, depth))
            }
            11 => {
                let size = self.varint()?;
                if size == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                self.check(size.saturating_mul(2))?;
                (0..size).try_for_each(|_| {
                    self.nested(kinds >> 4, depth)?;
                    self.nested(kinds & 0x0f, depth)
                })
            }
            12 => self.structure(depth, &mut |_, _| ()),
            13 => self.skip(16),
            _ => Err(Fault::Malformed),
        }
    }

    fn nested(&mut self, kind: u8, depth: usize) -> Result<(), Fault> {
        self.value(kind, depth.checked_sub(1).ok_or(Fault::Malformed)?)
    }

    /// So many elements need so many bytes at least.
    fn check(&self, elements: u64) -> Result<(), Fault> {
        match elements.checked_sub(self.rest.len() as u64) {
            Some(missing) if missing > 0 => Err(Fault::Short(missing)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn length(bytes: &[u8]) -> Result<usize, Fault> {
        walk(bytes, &mut |_, _| ())
    }

    #[test]
    fn structures_are_walked() {
        // 1: i32 = -3; 2: binary "ab"; 5: list of 2 bytes; 20 (in long form): true; stop; one byte more
        let bytes = [0x15, 5, 0x18, 2, b'a', b'b', 0x39, 0x23, 7, 8, 0x01, 40, 0, 9];
        let mut integers = Vec::new();
        assert_eq!(walk(&bytes, &mut |id, value| integers.push((id, value))), Ok(13));
        assert_eq!(integers, [(1, -3)]);
        for end in 0..13 {
            assert!(matches!(length(&bytes[..end]), Err(Fault::Short(_))), "{end}");
        }
    }

    #[test]
    fn lengths_that_are_not_there_are_refused() {
        let long = [0xff, 0xff, 0xff, 0xff, 0x07];
        let binary = [&[0x18], &long[..], &[0]].concat();
        assert_eq!(length(&binary), Err(Fault::Short(0x7fff_ffff - 1)));
        let list = [&[0x19, 0xfc], &long[..], &[0]].concat();
        assert_eq!(length(&list), Err(Fault::Short(0x7fff_ffff - 1)));
        let map = [&[0x1b], &long[..], &[0x33, 0]].concat();
        assert_eq!(length(&map), Err(Fault::Short(2 * 0x7fff_ffff - 1)));
        assert_eq!(length(&[0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80]), Err(Fault::Malformed));
        assert_eq!(length(&[0x1e]), Err(Fault::Malformed));
        assert_eq!(length(&[0x1c; 100]), Err(Fault::Malformed)); // nested without end
    }

    proptest! {
        #[test]
        fn any_bytes_end_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(length) = length(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }
    }
}
