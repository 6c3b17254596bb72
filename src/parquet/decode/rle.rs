//! Levels and dictionary indices as pages hold them: runs of one value, and values packed bit by bit.
//!
//! Source: Apache Parquet's `Encodings.md`, "Run Length Encoding / Bit-Packing Hybrid".

/// Some of the numbers that follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::parquet) enum Run<'a> {
    /// One number, `count` times.
    Same { value: u32, count: usize },
    /// A number of packed numbers of this width, the lowest bits first.
    Packed { bytes: &'a [u8], width: u32, count: usize },
}

/// Numbers that are unpacked at a time.
pub(in crate::parquet) const GROUP: usize = 8;

/// As many bytes as hold a group of any width, and what is loaded beyond the last number of it.
const WINDOW: usize = 40;

impl Run<'_> {
    pub fn count(&self) -> usize {
        match *self {
            Run::Same { count, .. } | Run::Packed { count, .. } => count,
        }
    }

    /// Writes its numbers from place `from` on, a multiple of [`GROUP`], as far as there is room for whole groups. How many those are.
    pub fn read(&self, from: usize, into: &mut [u32]) -> usize {
        let count = (into.len() / GROUP * GROUP).min(self.count() - from);
        match *self {
            Run::Same { value, .. } => into[..count].fill(value),
            Run::Packed { bytes, width, .. } => {
                let (groups, _) = into.as_chunks_mut();
                for (group, into) in (from / GROUP..).zip(&mut groups[..count.div_ceil(GROUP)]) {
                    unpack(&bytes[group * width as usize..], width, into);
                }
            }
        }
        count
    }
}

/// Unpacks a group; behind the last bytes there are zeros.
fn unpack(bytes: &[u8], width: u32, into: &mut [u32; GROUP]) {
    let mut padded = [0; WINDOW];
    let window = match bytes.first_chunk::<WINDOW>() {
        Some(window) => window,
        None => {
            padded[..bytes.len()].copy_from_slice(bytes);
            &padded
        }
    };
    let mask = (1_u64 << width) - 1;
    for (index, number) in into.iter_mut().enumerate() {
        let bit = index * width as usize;
        // The byte with the lowest bit is one of the first 29: the mask only says so.
        let eight = window[(bit / 8) & 31..].first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
        *number = ((eight >> (bit % 8)) & mask) as u32;
    }
}

/// Takes `count` numbers of `width` bits, at most 32, from the bytes, run by run; `None` where these end before, or a run is none.
pub(in crate::parquet) fn each_run<'a>(
    mut bytes: &'a [u8],
    width: u32,
    count: usize,
    visit: &mut dyn FnMut(Run<'a>) -> Option<()>,
) -> Option<()> {
    let mut left = count;
    while left > 0 {
        let header = varint(&mut bytes)?;
        let length = usize::try_from(header >> 1).ok()?;
        if length == 0 {
            return None;
        }
        let run = if header & 1 == 1 {
            // Groups of eight, the last one of which may reach beyond the end.
            let size = length.checked_mul(width as usize)?;
            let count = length.checked_mul(8)?.min(left);
            let (packed, rest) = bytes.split_at_checked(size)?;
            bytes = rest;
            Run::Packed { bytes: packed, width, count }
        } else {
            let (value, rest) = bytes.split_at_checked(width.div_ceil(8) as usize)?;
            bytes = rest;
            let value = value.iter().rev().fold(0, |value, &byte| (value << 8) | u32::from(byte));
            Run::Same { value, count: length.min(left) }
        };
        left -= run.count();
        visit(run)?;
    }
    Some(())
}

/// The header of a run: seven bits a byte, the lowest first.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(bytes: &[u8], width: u32, count: usize) -> Option<Vec<u32>> {
        let mut found = Vec::new();
        each_run(bytes, width, count, &mut |run| {
            let mut from = 0;
            while from < run.count() {
                let mut block = [0; 3 * GROUP + 1];
                let count = run.read(from, &mut block);
                found.extend_from_slice(&block[..count]);
                from += count;
            }
            Some(())
        })?;
        Some(found)
    }

    #[test]
    fn runs_are_what_the_format_says() {
        // The example of `Encodings.md`: 0 to 7 in three bits each.
        assert_eq!(numbers(&[3, 0b1000_1000, 0b1100_0110, 0b1111_1010], 3, 8).unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(numbers(&[10, 7, 3, 1], 1, 7).unwrap(), [7, 7, 7, 7, 7, 1, 0]);
        assert_eq!(numbers(&[4, 0x34, 0x12], 13, 2).unwrap(), [0x1234; 2]);
        assert_eq!(numbers(&[0x80, 0x80, 0x40, 1], 1, 1 << 18).unwrap().len(), 1 << 18);
        assert_eq!(numbers(&[3], 0, 8).unwrap(), [0; 8]);
        assert_eq!(numbers(&[], 5, 0).unwrap(), [0; 0]);
        for (bytes, why) in [
            (&[][..], "nothing"),
            (&[10], "no value"),
            (&[3, 1, 2], "packed bits that are cut short"),
            (&[0, 1, 20, 1], "a run of none"),
            (&[1, 20, 1], "packed bits of none"),
            (&[4, 1, 4], "too few"),
            (&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80], "a length without end"),
            (&[0xff, 0xff, 0xff, 0xff, 0x7f], "a length that is not there"),
        ] {
            assert_eq!(numbers(bytes, 3, 10), None, "{why}");
        }
    }

    proptest! {
        #[test]
        fn packed_numbers_come_back(
            width in 0_u32..=32, numbers_there in prop::collection::vec(any::<u32>(), 1..100), cut in 0_usize..8,
        ) {
            let mask = ((1_u64 << width) - 1) as u32;
            let mut there: Vec<u32> = numbers_there.iter().map(|number| number & mask).collect();
            let count = there.len() - cut.min(there.len() - 1);
            there.resize(there.len().next_multiple_of(8), 0);
            let mut bits = there.iter().flat_map(|number| (0..width).map(move |bit| number >> bit & 1));
            let mut bytes = vec![(there.len() / 8 * 2 + 1) as u8];
            for _ in 0..there.len() / 8 * width as usize {
                bytes.push((0..8).fold(0, |byte, bit| byte | (bits.next().unwrap() as u8) << bit));
            }
            prop_assert_eq!(numbers(&bytes, width, count).unwrap(), &there[..count]);
            if width > 0 {
                prop_assert_eq!(numbers(&bytes[..bytes.len() - 1], width, count), None);
            }
        }

        #[test]
        fn any_bytes_end_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..50), width in 0_u32..=32) {
            if let Some(numbers) = numbers(&bytes, width, 1000) {
                prop_assert_eq!(numbers.len(), 1000);
            }
        }
    }
}
