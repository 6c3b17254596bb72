//! Series in memory that is not Arrow's: NumPy arrays of any stride and byte order.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::NullBufferBuilder;

use super::repr::{Element, Kind, Repr};
use super::sink::Sink;
use crate::arch::Tier;
use crate::arch::block::Bits;
use crate::arch::key::Keyed;
use crate::arch::memory::Strided;
use crate::error::{Error, Result};
use crate::num::figure::NumberType;
use crate::scan::BLOCK;

/// What one item of foreign memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// IEEE 754 binary16.
    Float16,
    /// IEEE 754 binary32.
    Float32,
    /// IEEE 754 binary64.
    Float64,
    /// A signed integer of this width in bytes: 1, 2, 4 or 8.
    Signed(u8),
    /// An unsigned integer of this width in bytes: 1, 2, 4 or 8.
    Unsigned(u8),
    /// A byte, true if it is not zero.
    Bool,
}

impl Format {
    /// What the extrema, the range, the sum and the mode of its values are.
    pub fn number_type(self) -> NumberType {
        match self {
            Self::Float16 | Self::Float32 | Self::Float64 => NumberType::Float,
            Self::Signed(_) | Self::Unsigned(_) | Self::Bool => NumberType::Integer,
        }
    }

    /// What it is called in a choice of columns.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Signed(1) => "int8",
            Self::Signed(2) => "int16",
            Self::Signed(4) => "int32",
            Self::Signed(_) => "int64",
            Self::Unsigned(1) => "uint8",
            Self::Unsigned(2) => "uint16",
            Self::Unsigned(4) => "uint32",
            Self::Unsigned(_) => "uint64",
            Self::Bool => "bool",
        }
    }

    /// The bytes of an item.
    pub fn width(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Float16 => 2,
            Self::Float32 => 4,
            Self::Float64 => 8,
            Self::Signed(width) | Self::Unsigned(width) => width.into(),
        }
    }

    /// The kind of its values.
    pub fn kind(self) -> Kind {
        match self {
            Self::Float16 | Self::Float32 | Self::Float64 => Kind::Float,
            Self::Signed(8) => Kind::Signed,
            Self::Unsigned(8) => Kind::Unsigned,
            Self::Signed(_) => Kind::SmallSigned,
            Self::Unsigned(_) | Self::Bool => Kind::SmallUnsigned,
        }
    }
}

/// The order of the bytes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ByteOrder {
    /// That of this machine.
    Native,
    /// The other one.
    Swapped,
}

/// What a NaN in foreign memory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NanMeans {
    /// A NaN.
    Nan,
    /// A missing value, as in pandas: it is a null.
    Null,
}

/// A series in foreign memory.
#[derive(Clone, Debug)]
pub struct StridedBuffer {
    /// The items.
    pub items: Strided,
    /// What an item is.
    pub format: Format,
    /// The order of its bytes.
    pub order: ByteOrder,
    /// What a NaN stands for.
    pub nan: NanMeans,
    /// Bytes that are not zero where the item is missing.
    pub mask: Option<Strided>,
}

impl StridedBuffer {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of the rows.
    pub fn slice(&self, start: usize, length: usize) -> Self {
        Self {
            items: self.items.slice(start, length),
            mask: self.mask.as_ref().map(|mask| mask.slice(start, length)),
            ..*self
        }
    }

    /// Hands the values and nulls to `sink`, values in the order of the rows, a block at a time: nothing else is
    /// copied.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for a format whose values `T` does not hold exactly, and for a mask of another length.
    pub fn read<T: Element>(&self, sink: &mut impl Sink<T>) -> Result<()> {
        self.visit(&RowSelection::All, sink)
    }

    /// The same of these rows only.
    ///
    /// # Errors
    ///
    /// As [`StridedBuffer::read`].
    pub fn pick<T: Element>(&self, rows: impl Iterator<Item = usize>, sink: &mut impl Sink<T>) -> Result<()> {
        self.visit(&RowSelection::These(rows.collect()), sink)
    }

    /// These rows as an array of Float64, Int64 or UInt64, whichever holds them all.
    ///
    /// # Errors
    ///
    /// As [`StridedBuffer::read`].
    pub fn take(&self, rows: &[u32]) -> Result<ArrayRef> {
        let rows = RowSelection::These(rows.iter().map(|&row| row as usize).collect());
        Self::array_of(std::slice::from_ref(self), &rows)
    }

    /// All rows, likewise.
    ///
    /// # Errors
    ///
    /// As [`StridedBuffer::read`].
    pub fn to_array(&self) -> Result<ArrayRef> {
        Self::to_array_of_all(std::slice::from_ref(self))
    }

    /// All rows of several series of one format, one after the other, likewise.
    ///
    /// # Errors
    ///
    /// As [`StridedBuffer::read`].
    pub fn to_array_of_all(series: &[Self]) -> Result<ArrayRef> {
        Self::array_of(series, &RowSelection::All)
    }

    /// The number of series that share cache lines and are read together: a line has as many f64.
    pub const TOGETHER: usize = 8;

    /// Whether series lie across each other, like the columns of an array whose rows lie together, and are short enough to be
    /// copied.
    pub fn are_near(series: &[&Self]) -> bool {
        const LONGEST: usize = 1 << 17;
        let [first, rest @ ..] = series else { return false };
        let near = |pair: &[&Self]| pair[1].items.distance(&pair[0].items) == first.format.width() as isize;
        !rest.is_empty()
            && first.items.stride().unsigned_abs() >= 64
            && series.windows(2).all(near)
            && series.iter().all(|one| one.len() <= LONGEST && one.format == first.format)
    }

    /// Copies of series that lie across each other, block by block, so that each cache line is fetched once.
    ///
    /// # Errors
    ///
    /// As [`StridedBuffer::read`].
    pub fn to_arrays(series: &[&Self]) -> Result<Vec<ArrayRef>> {
        match series.first().map(|first| Repr::of(&[first.format.kind()])) {
            Some(Repr::Signed) => Self::collected_together::<Int64Type>(series),
            Some(Repr::Unsigned) => Self::collected_together::<UInt64Type>(series),
            _ => Self::collected_together::<Float64Type>(series),
        }
    }

    fn collected_together<P: ArrowPrimitiveType>(series: &[&Self]) -> Result<Vec<ArrayRef>>
    where
        P::Native: Element,
    {
        const ROWS: usize = BLOCK;
        let rows = series.iter().map(|one| one.len()).max().unwrap_or(0);
        let empty =
            |one: &&Self| Collected { values: Vec::with_capacity(one.len()), valid: NullBufferBuilder::new(one.len()) };
        let mut all: Vec<Collected<P::Native>> = series.iter().map(empty).collect();
        for start in (0..rows).step_by(ROWS) {
            for (one, collected) in series.iter().zip(&mut all) {
                one.slice(start, ROWS).visit::<P::Native>(&RowSelection::All, collected)?;
            }
        }
        let arrays = all.into_iter().map(|Collected { values, mut valid }| {
            Arc::new(PrimitiveArray::<P>::new(values.into(), valid.finish())) as ArrayRef
        });
        Ok(arrays.collect())
    }

    /// These rows of each.
    fn array_of(series: &[Self], rows: &RowSelection) -> Result<ArrayRef> {
        match series.first().map(|first| Repr::of(&[first.format.kind()])) {
            Some(Repr::Signed) => Self::collected::<Int64Type>(series, rows),
            Some(Repr::Unsigned) => Self::collected::<UInt64Type>(series, rows),
            _ => Self::collected::<Float64Type>(series, rows),
        }
    }

    fn collected<P: ArrowPrimitiveType>(series: &[Self], rows: &RowSelection) -> Result<ArrayRef>
    where
        P::Native: Element,
    {
        let count = series.iter().map(|one| rows.count(one)).sum();
        let mut collected = Collected { values: Vec::with_capacity(count), valid: NullBufferBuilder::new(count) };
        for one in series {
            one.visit::<P::Native>(rows, &mut collected)?;
        }
        let Collected { values, mut valid } = collected;
        Ok(Arc::new(PrimitiveArray::<P>::new(values.into(), valid.finish())))
    }

    fn visit<T: Element>(&self, rows: &RowSelection, sink: &mut impl Sink<T>) -> Result<()> {
        if !T::REPR.holds(self.format.kind()) {
            return Err(Error::Data(format!("{:?} is no exact {:?}", self.format, T::REPR)));
        }
        if let Some(mask) = self.mask.as_ref().filter(|mask| mask.len() != self.len()) {
            return Err(Error::Data(format!("the mask has {} items, and the data {}", mask.len(), self.len())));
        }
        match self.format {
            Format::Float64 => {
                self.items::<8, T, _>(rows, sink, T::floats_mut, |b| T::from_float(f64::from_ne_bytes(b)))
            }
            Format::Float32 => {
                self.items::<4, T, f64>(rows, sink, |_| None, |b| T::from_float(f32::from_ne_bytes(b).into()));
            }
            Format::Float16 => {
                self.items::<2, T, f64>(rows, sink, |_| None, |b| T::from_float(half::f16::from_ne_bytes(b).into()));
            }
            Format::Signed(8) => {
                self.items::<8, T, _>(rows, sink, T::signed_mut, |b| T::from_signed(i64::from_ne_bytes(b)))
            }
            Format::Signed(4) => {
                self.items::<4, T, f64>(rows, sink, |_| None, |b| T::from_signed(i32::from_ne_bytes(b).into()));
            }
            Format::Signed(2) => {
                self.items::<2, T, f64>(rows, sink, |_| None, |b| T::from_signed(i16::from_ne_bytes(b).into()));
            }
            Format::Signed(_) => {
                self.items::<1, T, f64>(rows, sink, |_| None, |b| T::from_signed(i8::from_ne_bytes(b).into()));
            }
            Format::Unsigned(8) => {
                self.items::<8, T, _>(rows, sink, T::unsigned_mut, |b| T::from_unsigned(u64::from_ne_bytes(b)));
            }
            Format::Unsigned(4) => {
                self.items::<4, T, f64>(rows, sink, |_| None, |b| T::from_signed(u32::from_ne_bytes(b).into()));
            }
            Format::Unsigned(2) => {
                self.items::<2, T, f64>(rows, sink, |_| None, |b| T::from_signed(u16::from_ne_bytes(b).into()));
            }
            Format::Unsigned(_) => self.items::<1, T, f64>(rows, sink, |_| None, |[b]| T::from_signed(b.into())),
            Format::Bool => self.items::<1, T, f64>(rows, sink, |_| None, |[b]| T::from_signed((b != 0).into())),
        }
        Ok(())
    }

    fn items<const WIDTH: usize, T: Element, V: Keyed>(
        &self,
        rows: &RowSelection,
        sink: &mut impl Sink<T>,
        as_they_are: impl Fn(&mut [T]) -> Option<&mut [V]>,
        convert: impl Fn([u8; WIDTH]) -> T + Copy,
    ) {
        let count = rows.count(self);
        // To clear a whole block would take longer than to read a short series.
        match count {
            ..=128 => self.blocks::<WIDTH, 128, T, V>(rows, count, sink, as_they_are, convert),
            _ => self.blocks::<WIDTH, BLOCK, T, V>(rows, count, sink, as_they_are, convert),
        }
    }

    fn blocks<const WIDTH: usize, const SIZE: usize, T: Element, V: Keyed>(
        &self,
        rows: &RowSelection,
        count: usize,
        sink: &mut impl Sink<T>,
        as_they_are: impl Fn(&mut [T]) -> Option<&mut [V]>,
        convert: impl Fn([u8; WIDTH]) -> T + Copy,
    ) {
        let tier = Tier::best();
        let mut bytes = [[0; WIDTH]; SIZE];
        let mut values = [T::from_signed(0); SIZE];
        let mut nulls = 0;
        for start in (0..count).step_by(SIZE) {
            let block = start..count.min(start + SIZE);
            let (bytes, values) = (&mut bytes[..block.len()], &mut values[..block.len()]);
            match (self.order, rows, as_they_are(values)) {
                (ByteOrder::Native, RowSelection::All, Some(values)) => self.items.read_values(block.start, values),
                (ByteOrder::Native, ..) => {
                    rows.read(&self.items, block.clone(), bytes);
                    tier.convert(bytes, values, convert);
                }
                (ByteOrder::Swapped, ..) => {
                    rows.read(&self.items, block.clone(), bytes);
                    tier.convert(bytes, values, |mut bytes: [u8; WIDTH]| {
                        bytes.reverse();
                        convert(bytes)
                    });
                }
            }
            if self.mask.is_none() && self.nan == NanMeans::Nan {
                sink.values(values);
                continue;
            }
            let mut valid = Bits::new(block.len(), None);
            if let Some(mask) = &self.mask {
                let mut missing = [[0]; SIZE];
                let missing = &mut missing[..block.len()];
                rows.read(mask, block.clone(), missing);
                for (missing, valid) in missing.chunks(8).zip(valid.bytes_mut()) {
                    for (i, &[missing]) in missing.iter().enumerate() {
                        *valid &= !(u8::from(missing != 0) << i);
                    }
                }
            }
            if self.nan == NanMeans::Null {
                T::clear_nans(values, valid.bytes_mut(), tier);
            }
            let missing = block.len() as u64 - valid.count();
            match missing {
                0 => sink.values(values),
                _ => sink.valid(values, valid.bytes()),
            }
            nulls += missing;
        }
        sink.nulls(nulls);
    }
}

/// Values with their nulls, each at its place.
struct Collected<T> {
    values: Vec<T>,
    valid: NullBufferBuilder,
}

impl<T: Copy> Sink<T> for Collected<T> {
    fn values(&mut self, values: &[T]) {
        self.values.extend_from_slice(values);
        self.valid.append_n_non_nulls(values.len());
    }

    fn valid(&mut self, values: &[T], valid: &[u8]) {
        self.values.extend_from_slice(values);
        (0..values.len()).for_each(|row| self.valid.append(valid[row / 8] >> (row % 8) & 1 == 1));
    }

    fn nulls(&mut self, _: u64) {} // they have come with the values
}

/// Which rows are read.
enum RowSelection {
    All,
    These(Vec<usize>),
}

impl RowSelection {
    fn count(&self, buffer: &StridedBuffer) -> usize {
        match self {
            Self::All => buffer.len(),
            Self::These(rows) => rows.len(),
        }
    }

    fn read<const WIDTH: usize>(&self, items: &Strided, block: Range<usize>, bytes: &mut [[u8; WIDTH]]) {
        match self {
            Self::All => items.read(block.start, bytes),
            Self::These(rows) => {
                for (bytes, &row) in bytes.iter_mut().zip(&rows[block]) {
                    *bytes = items.item(row);
                }
            }
        }
    }
}
