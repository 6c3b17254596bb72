//! How the keys of a row stand in one code, and how keys are made of codes again.

use std::cell::Cell;
use std::hash::RandomState;
use std::sync::Arc;

use arrow_array::builder::BinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow_buffer::NullBuffer;
use arrow_cast::cast;
use arrow_row::{RowConverter, SortField};
use arrow_schema::{DataType, Field, FieldRef, Schema, SortOptions};

use crate::describe::{GroupCode, is_long_text, text_code};
use crate::error::{Error, Result};
use crate::series::key::{KeyColumn, KeyVisitor, exact_codes, from_exact_codes, one_zero};
use crate::series::type_names::type_text;

/// See the [module](self).
pub(super) struct Layout {
    keys: Vec<FieldRef>,
    kind: Kind,
    hasher: RandomState,
}

enum Kind {
    /// One key that is its own code; rows without one have none.
    One,
    /// Several such keys side by side, the first one in the most significant bits.
    Packed(Vec<PackedKey>),
    /// One key of text or bytes.
    Text,
    /// Whatever else: the bytes that the keys of a row have in their order.
    Rows(RowConverter),
}

/// The numbers that stand for the keys of a column: codes less the least one, and a greater one for null.
struct PackedKey {
    low: u64,
    null: u64,
    bits: u32,
}

/// A code of either width.
pub(super) trait KeyCode: GroupCode {
    fn from_u128(code: u128) -> Self;
    fn to_u128(self) -> u128;

    /// Of a layout that keeps the bytes of keys: whether the code does not tell all of its key.
    fn is_long_text(self) -> bool {
        is_long_text(self.to_u128())
    }
}

impl KeyCode for u64 {
    fn from_u128(code: u128) -> Self {
        code as Self
    }
    fn to_u128(self) -> u128 {
        self.into()
    }
}

impl KeyCode for u128 {
    fn from_u128(code: u128) -> Self {
        code
    }
    fn to_u128(self) -> u128 {
        self
    }
}

/// The codes of some rows.
pub(super) struct Coded<C> {
    pub codes: Vec<C>,
    /// Rows without a key.
    pub nulls: Option<NullBuffer>,
    /// The bytes of the keys, where codes do not tell all of them.
    pub texts: Option<BinaryArray>,
}

impl<C> Coded<C> {
    pub fn has_key(&self, row: usize) -> bool {
        self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))
    }
}

impl Layout {
    /// For these columns of keys, and the codes between which files say that those of each lie: then fewer bits tell them apart.
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`] for a type whose values have no order.
    pub fn new(keys: Vec<FieldRef>, ranges: &[Option<(u64, u64)>]) -> Result<Self> {
        let types = || keys.iter().map(|key| key.data_type());
        let packed: Option<Vec<PackedKey>> =
            types().zip(ranges).map(|(of, range)| PackedKey::new(of, *range)).collect();
        let kind = match (&keys[..], packed) {
            ([key], _) if exact_codes(key.data_type()).is_some() => Kind::One,
            ([key], _) if is_text(key.data_type()) => Kind::Text,
            (_, Some(packed)) if packed.iter().map(|key| key.bits).sum::<u32>() <= u128::BITS => Kind::Packed(packed),
            _ => {
                let options = SortOptions { descending: false, nulls_first: false };
                let fields = types().map(|of| SortField::new_with_options(of.clone(), options)).collect();
                let converter = RowConverter::new(fields).map_err(|_| {
                    let wrong = keys
                        .iter()
                        .find(|key| !RowConverter::supports_fields(&[SortField::new(key.data_type().clone())]));
                    let (name, data_type) =
                        wrong.map_or_else(Default::default, |key| (key.name().clone(), type_text(key.data_type())));
                    Error::NoKey { name, data_type }
                })?;
                Kind::Rows(converter)
            }
        };
        Ok(Self { keys, kind, hasher: RandomState::new() })
    }

    /// Whether codes take 128 bits.
    pub fn is_wide(&self) -> bool {
        match &self.kind {
            Kind::One => false,
            Kind::Packed(keys) => keys.iter().map(|key| key.bits).sum::<u32>() > u64::BITS,
            Kind::Text | Kind::Rows(_) => true,
        }
    }

    /// Whether the bytes of keys are kept beside their codes.
    pub fn has_texts(&self) -> bool {
        matches!(self.kind, Kind::Text | Kind::Rows(_))
    }

    /// The codes of rows with these keys; `None` if one of them does not lie where files said.
    pub fn codes<C: KeyCode>(&self, keys: &[ArrayRef], rows: usize) -> Result<Option<Coded<C>>> {
        let columns = || {
            keys.iter()
                .zip(&self.keys)
                .map(|(array, field)| KeyColumn::new(Arc::clone(field), array.clone(), &|_| Ok(Vec::new())))
        };
        match &self.kind {
            Kind::One => {
                let mut codes = vec![C::default(); rows];
                for column in columns() {
                    column?.visit(EachCode {
                        codes: &mut codes,
                        add: |code: &mut C, key, _| *code = C::from_u128(u128::from(key)),
                    });
                }
                Ok(Some(Coded { codes, nulls: keys.first().and_then(|keys| keys.logical_nulls()), texts: None }))
            }
            Kind::Packed(packed) => {
                let mut codes = vec![C::default(); rows];
                let fits = Cell::new(true);
                for (column, key) in columns().zip(packed) {
                    let column = column?;
                    let nulls = column.nulls().cloned();
                    column.visit(EachCode {
                        codes: &mut codes,
                        add: |code: &mut C, own: u64, row: usize| {
                            let there = nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                            let number = if there { own.wrapping_sub(key.low) } else { key.null };
                            if there && number >= key.null {
                                fits.set(false);
                            }
                            *code = C::from_u128(
                                code.to_u128() << key.bits | u128::from(number & (u64::MAX >> (u64::BITS - key.bits))),
                            );
                        },
                    });
                }
                Ok(fits.get().then_some(Coded { codes, nulls: None, texts: None }))
            }
            Kind::Text => {
                let texts = cast(&keys[0], &DataType::Binary).map_err(Error::from_grouping)?;
                Ok(Some(self.coded_texts(texts.as_binary::<i32>().clone(), texts.nulls().cloned())))
            }
            Kind::Rows(converter) => {
                let keys: Vec<ArrayRef> = keys.iter().cloned().map(one_zero).collect();
                let texts = converter.convert_columns(&keys).and_then(|rows| rows.try_into_binary());
                Ok(Some(self.coded_texts(texts.map_err(Error::from_grouping)?, None)))
            }
        }
    }

    fn coded_texts<C: KeyCode>(&self, texts: BinaryArray, nulls: Option<NullBuffer>) -> Coded<C> {
        let codes = (0..texts.len()).map(|row| C::from_u128(text_code(&self.hasher, texts.value(row)))).collect();
        Coded { codes, nulls, texts: Some(texts) }
    }

    /// The keys that have these codes; where a code does not tell all of its key, `bytes` does. A row without a key has `None`.
    pub fn keys<'b, C: KeyCode>(&self, codes: &[Option<C>], bytes: &dyn Fn(usize) -> &'b [u8]) -> Result<RecordBatch> {
        let arrays = match &self.kind {
            Kind::One => {
                let codes: Vec<Option<u64>> = codes.iter().map(|code| code.map(|code| code.to_u128() as u64)).collect();
                vec![from_exact_codes(self.keys[0].data_type(), &codes)?]
            }
            Kind::Packed(packed) => {
                let mut rest: Vec<u128> = codes.iter().map(|code| code.map_or(0, KeyCode::to_u128)).collect();
                let mut arrays = Vec::with_capacity(packed.len());
                for (key, field) in packed.iter().zip(&self.keys).rev() {
                    let numbers = rest.iter_mut().map(|rest| {
                        let number = (*rest & ((1 << key.bits) - 1)) as u64;
                        *rest >>= key.bits;
                        (number != key.null).then(|| number + key.low)
                    });
                    arrays.push(from_exact_codes(field.data_type(), &numbers.collect::<Vec<_>>())?);
                }
                arrays.reverse();
                arrays
            }
            Kind::Text => {
                let data_type = self.keys[0].data_type();
                let texts = texts(codes, bytes);
                let made: ArrayRef = match data_type {
                    DataType::Utf8 => Arc::new(StringArray::try_from_binary(texts).map_err(Error::from_grouping)?),
                    _ => Arc::new(texts),
                };
                vec![cast(&made, data_type).map_err(Error::from_grouping)?]
            }
            Kind::Rows(converter) => {
                let (parser, texts) = (converter.parser(), texts(codes, bytes));
                let rows = (0..texts.len()).map(|row| parser.parse(texts.value(row)));
                converter.convert_rows(rows).map_err(Error::from_grouping)?
            }
        };
        let fields = self
            .keys
            .iter()
            .zip(&arrays)
            .map(|(field, array)| Field::new(field.name(), array.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let options = RecordBatchOptions::new().with_row_count(Some(codes.len()));
        RecordBatch::try_new_with_options(schema, arrays, &options).map_err(Error::from_grouping)
    }
}

impl PackedKey {
    /// `None` for a type whose codes are not its keys, and for one of all 64 bits, which leave no number for null.
    fn new(data_type: &DataType, range: Option<(u64, u64)>) -> Option<Self> {
        let (least, bits) = exact_codes(data_type)?;
        let (low, null) = match range {
            Some((low, high)) => (low, high.checked_sub(low)?.checked_add(1)?),
            None => (least, 1_u64.checked_shl(bits)?),
        };
        Some(Self { low, null, bits: u64::BITS - null.leading_zeros() })
    }
}

fn is_text(data_type: &DataType) -> bool {
    use DataType::{Binary, BinaryView, FixedSizeBinary, LargeBinary, Utf8};
    matches!(data_type, Utf8 | Binary | LargeBinary | BinaryView | FixedSizeBinary(_))
}

/// The bytes that codes of text stand for.
fn texts<'b, C: KeyCode>(codes: &[Option<C>], long: &dyn Fn(usize) -> &'b [u8]) -> BinaryArray {
    let mut short = [0; 16];
    let mut texts = BinaryBuilder::with_capacity(codes.len(), 0);
    for (index, code) in codes.iter().enumerate() {
        texts.append_option(code.map(|code| bytes_of(code, &mut short, || long(index))));
    }
    texts.finish()
}

/// The bytes that a code of text stands for.
pub(super) fn bytes_of<'a>(code: impl KeyCode, short: &'a mut [u8; 16], long: impl FnOnce() -> &'a [u8]) -> &'a [u8] {
    if code.is_long_text() {
        return long();
    }
    *short = code.to_u128().to_be_bytes();
    let length = usize::from(short[15]);
    &short[..length.min(15)]
}

/// Adds the code of each row's key.
struct EachCode<'a, C, A> {
    codes: &'a mut [C],
    add: A,
}

impl<C, A: Fn(&mut C, u64, usize)> KeyVisitor for EachCode<'_, C, A> {
    type Outcome = ();

    fn exact(self, code: impl Fn(usize) -> u64 + Copy + Sync) {
        self.codes.iter_mut().enumerate().for_each(|(row, whole)| (self.add)(whole, code(row), row));
    }

    // Keys of these have a layout of their own.
    fn bytes<'b>(self, _: impl Fn(usize) -> &'b [u8] + Copy + Sync) {}
}
