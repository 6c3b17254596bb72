//! Blocks of values, and which values of one count: one bit for each, the first value's being the lowest bit of the first
//! byte, as in Arrow's validity bitmaps.

/// Values that are looked at together: they stay in the first-level cache.
pub const BLOCK: usize = 1024;

/// How much longer than keys the memory is beside which they are partitioned: a vector of the widest tier is stored whole.
pub const PADDING: usize = 8;

/// Which values of a block are there.
#[derive(Clone, Debug)]
pub struct Bits {
    bytes: [u8; BLOCK / 8],
    values: usize,
}

impl Bits {
    pub fn new(values: usize, valid: Option<&[u8]>) -> Self {
        let mut bits = Self { bytes: [0; BLOCK / 8], values };
        let bytes = bits.bytes_mut();
        match valid {
            Some(valid) => bytes.copy_from_slice(&valid[..bytes.len()]),
            None => bytes.fill(0xff),
        }
        if let (Some(last), rest @ 1..) = (bytes.last_mut(), values % 8) {
            *last &= (1 << rest) - 1;
        }
        bits
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.values.div_ceil(8)]
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.values.div_ceil(8)]
    }

    pub fn count(&self) -> u64 {
        self.bytes.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    pub fn remove(&mut self, others: &Self) {
        for (byte, other) in self.bytes.iter_mut().zip(&others.bytes) {
            *byte &= !other;
        }
    }

    /// Every one of `values` whose bit is set.
    pub fn each(&self, values: &[f64], mut visit: impl FnMut(f64)) {
        for (values, &byte) in values.chunks(8).zip(&self.bytes) {
            if byte == 0xff {
                values.iter().for_each(|&value| visit(value));
                continue;
            }
            let mut rest = byte;
            while rest != 0 {
                visit(values[rest.trailing_zeros() as usize]);
                rest &= rest - 1;
            }
        }
    }
}

/// How many of `values` values have their bit set; all of them without bits.
pub fn count(values: usize, valid: Option<&[u8]>) -> u64 {
    valid.map_or(values as u64, |valid| Bits::new(values, Some(valid)).count())
}
