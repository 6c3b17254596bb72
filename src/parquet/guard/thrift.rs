//! Walks Parquet's headers as they stand in the file, before a decoder makes anything of them.
//!
//! They are structs in [Thrift's compact protocol]: each field is a byte of type and step of the field's number, integers
//! are zigzag varints, lists begin with their length. The parquet crate takes the *type* of a field from its number and not from
//! the file, reads varints of any length, reserves what a list says, and skips an unknown list of booleans in as
//! many steps as it says, for none of which the file has to hold a byte. So the walk follows [`Shape`]s that name the fields which the
//! crate knows; a field of another type than its number has, an integer beyond its type's range, a length beyond the bytes
//! that are left, and an unknown field of booleans in a list are errors. What passes is read by the crate just as it was
//! walked.
//!
//! [Thrift's compact protocol]: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md

use std::fmt;

/// How deeply structs and lists may lie in each other: the deepest known field lies in 9.
const DEPTH: usize = 16;

/// The type of a field.
#[derive(Debug)]
pub(in crate::parquet) enum Shape {
    Bool,
    I8,
    I16,
    I32,
    I64,
    Double,
    Binary,
    List(&'static Shape),
    Struct(&'static Struct),
}

/// The fields of a struct that are read; others are skipped by the types that the file gives them.
#[derive(Debug)]
pub(in crate::parquet) struct Struct {
    pub name: &'static str,
    pub fields: &'static [(i16, Shape)],
}

/// Why a walk ended early.
#[derive(Debug, PartialEq)]
pub(in crate::parquet) enum Fault {
    /// The bytes end within the struct.
    Short,
    /// What is wrong, and at which byte.
    Wrong { message: String, byte: usize },
}

/// What is told of a walk: known fields in the order of the file.
pub(in crate::parquet) trait Visit {
    /// An integer of any width.
    fn integer(&mut self, _of: &'static Struct, _field: i16, _value: i64) {}
    /// A boolean.
    fn boolean(&mut self, _of: &'static Struct, _field: i16, _value: bool) {}
    /// Text or bytes.
    fn binary(&mut self, _of: &'static Struct, _field: i16, _bytes: &[u8]) {}
    /// A list, before its elements.
    fn list(&mut self, _of: &'static Struct, _field: i16, _length: usize) {}
    /// A struct, before its fields.
    fn begin(&mut self, _it: &'static Struct) {}
    /// The struct that began last and has not ended.
    fn end(&mut self, _it: &'static Struct) {}
}

/// Walks one struct from the first of `bytes` on, and returns how many bytes it takes.
pub(in crate::parquet) fn walk(bytes: &[u8], shape: &'static Struct, visit: &mut dyn Visit) -> Result<usize, Fault> {
    let mut walk = Walk { bytes, at: 0 };
    walk.structure(shape, visit, DEPTH)?;
    Ok(walk.at)
}

/// A field of a struct as it stands in the file: its number, its type, and its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::parquet) struct RawField {
    pub number: i16,
    found: u8,
    bytes: Vec<u8>,
}

impl RawField {
    /// A field that holds an integer of 32 bits.
    pub fn integer(number: i16, value: i32) -> Self {
        let mut bytes = Vec::new();
        put_varint(u64::from(((value << 1) ^ (value >> 31)).cast_unsigned()), &mut bytes);
        Self { number, found: wire::I32, bytes }
    }

    /// A field that holds an integer of 64 bits that is not negative.
    pub fn long(number: i16, value: u32) -> Self {
        let mut bytes = Vec::new();
        put_varint(u64::from(value) << 1, &mut bytes);
        Self { number, found: wire::I64, bytes }
    }

    /// A field that holds bytes.
    pub fn binary(number: i16, value: &[u8]) -> Self {
        let mut bytes = Vec::new();
        put_varint(value.len() as u64, &mut bytes);
        bytes.extend(value);
        Self { number, found: wire::BINARY, bytes }
    }

    /// A field that holds structs.
    pub fn structs(number: i16, structs: &[Vec<u8>]) -> Self {
        let mut bytes = vec![0xf0 | wire::STRUCT];
        put_varint(structs.len() as u64, &mut bytes);
        bytes.extend(structs.concat());
        Self { number, found: wire::LIST, bytes }
    }

    /// Its value, if it is an integer.
    pub fn value(&self) -> Option<i64> {
        let is_integer = matches!(self.found, wire::I16 | wire::I32 | wire::I64);
        let mut walk = Walk { bytes: &self.bytes, at: 0 };
        is_integer.then(|| walk.integer(i64::MIN, i64::MAX).ok()).flatten()
    }
}

/// The bytes of a struct with these fields.
pub(in crate::parquet) fn structure(fields: &[RawField]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut last = 0i16;
    for field in fields {
        match i32::from(field.number) - i32::from(last) {
            step @ 1..=15 => bytes.push((step as u8) << 4 | field.found),
            _ => {
                bytes.push(field.found);
                let number = i32::from(field.number);
                put_varint(u64::from(((number << 1) ^ (number >> 31)).cast_unsigned()), &mut bytes);
            }
        }
        bytes.extend(&field.bytes);
        last = field.number;
    }
    bytes.push(0);
    bytes
}

/// Appends an integer as the protocol has it.
pub(in crate::parquet) fn put_varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// The bytes of a struct without the fields that are of another type than their numbers have, and with the fields of each struct in it
/// as `edit` makes them.
pub(in crate::parquet) fn rewritten(
    bytes: &[u8],
    shape: &'static Struct,
    edit: &mut dyn FnMut(&'static Struct, &mut Vec<RawField>),
) -> Result<Vec<u8>, Fault> {
    Walk { bytes, at: 0 }.rewritten(shape, edit, DEPTH)
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Types as the protocol numbers them. Booleans of structs are their own value, those of lists are a byte each.
mod wire {
    pub const TRUE: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const I8: u8 = 3;
    pub const I16: u8 = 4;
    pub const I32: u8 = 5;
    pub const I64: u8 = 6;
    pub const DOUBLE: u8 = 7;
    pub const BINARY: u8 = 8;
    pub const LIST: u8 = 9;
    pub const SET: u8 = 10;
    pub const MAP: u8 = 11;
    pub const STRUCT: u8 = 12;
    pub const UUID: u8 = 13;
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "a boolean",
            Self::I8 => "an integer of 8 bits",
            Self::I16 => "an integer of 16 bits",
            Self::I32 => "an integer of 32 bits",
            Self::I64 => "an integer of 64 bits",
            Self::Double => "a double",
            Self::Binary => "bytes",
            Self::List(_) => "a list",
            Self::Struct(shape) => shape.name,
        })
    }
}

impl Shape {
    fn is(&self, found: u8) -> bool {
        match self {
            Shape::Bool => matches!(found, wire::TRUE | wire::FALSE),
            Shape::I8 => found == wire::I8,
            Shape::I16 => found == wire::I16,
            Shape::I32 => found == wire::I32,
            Shape::I64 => found == wire::I64,
            Shape::Double => found == wire::DOUBLE,
            Shape::Binary => found == wire::BINARY,
            Shape::List(_) => found == wire::LIST,
            Shape::Struct(_) => found == wire::STRUCT,
        }
    }
}

impl<'a> Walk<'a> {
    fn structure(&mut self, shape: &'static Struct, visit: &mut dyn Visit, depth: usize) -> Result<(), Fault> {
        let depth = self.deeper(depth)?;
        visit.begin(shape);
        let mut field = 0;
        while let Some((number, found)) = self.field(field)? {
            field = number;
            match shape.fields.iter().find(|(known, _)| *known == number) {
                Some((_, known)) if known.is(found) => self.value(shape, number, known, found, visit, depth)?,
                Some((_, known)) => {
                    return Err(self.wrong(format!("field {number} of {} is of type {found}, not {known}", shape.name)));
                }
                None => self.skip(found, depth)?,
            }
        }
        visit.end(shape);
        Ok(())
    }

    fn value(
        &mut self,
        of: &'static Struct,
        field: i16,
        shape: &'static Shape,
        found: u8,
        visit: &mut dyn Visit,
        depth: usize,
    ) -> Result<(), Fault> {
        match shape {
            Shape::Bool => visit.boolean(of, field, found == wire::TRUE),
            Shape::I8 => visit.integer(of, field, i64::from(self.byte()? as i8)),
            Shape::I16 => visit.integer(of, field, self.integer(i16::MIN.into(), i16::MAX.into())?),
            Shape::I32 => visit.integer(of, field, self.integer(i32::MIN.into(), i32::MAX.into())?),
            Shape::I64 => visit.integer(of, field, self.integer(i64::MIN, i64::MAX)?),
            Shape::Double => drop(self.take(8)?),
            Shape::Binary => visit.binary(of, field, self.binary()?),
            Shape::Struct(shape) => self.structure(shape, visit, depth)?,
            Shape::List(elements) => {
                let (found, length) = self.list()?;
                if length > 0 && !elements.is(found) {
                    let name = of.name;
                    return Err(self.wrong(format!("list {field} of {name} holds type {found}, not {elements}")));
                }
                visit.list(of, field, length);
                let depth = self.deeper(depth)?;
                for _ in 0..length {
                    self.value(of, field, elements, found, visit, depth)?;
                }
            }
        }
        Ok(())
    }

    fn rewritten(
        &mut self,
        shape: &'static Struct,
        edit: &mut dyn FnMut(&'static Struct, &mut Vec<RawField>),
        depth: usize,
    ) -> Result<Vec<u8>, Fault> {
        let depth = self.deeper(depth)?;
        let mut fields = Vec::new();
        let mut last = 0;
        while let Some((number, found)) = self.field(last)? {
            last = number;
            let known = shape.fields.iter().find(|(known, _)| *known == number).map(|(_, known)| known);
            let begin = self.at;
            let bytes = match known {
                Some(known) if !known.is(found) => {
                    self.skip(found, depth)?;
                    continue;
                }
                Some(Shape::Struct(inner)) => self.rewritten(inner, edit, depth)?,
                Some(Shape::List(Shape::Struct(inner))) => {
                    let (elements, length) = self.list()?;
                    if length > 0 && elements != wire::STRUCT {
                        self.skip_all(&[elements], length, depth)?;
                        continue;
                    }
                    let inner_depth = self.deeper(depth)?;
                    let mut structs = Vec::new();
                    for _ in 0..length {
                        structs.push(self.rewritten(inner, edit, inner_depth)?);
                    }
                    RawField::structs(number, &structs).bytes
                }
                Some(Shape::List(elements)) => {
                    let (of, length) = self.list()?;
                    self.skip_all(&[of], length, depth)?;
                    if length > 0 && !elements.is(of) {
                        continue;
                    }
                    self.bytes[begin..self.at].to_vec()
                }
                _ => {
                    self.skip(found, depth)?;
                    self.bytes[begin..self.at].to_vec()
                }
            };
            fields.push(RawField { number, found, bytes });
        }
        edit(shape, &mut fields);
        Ok(structure(&fields))
    }

    fn skip(&mut self, found: u8, depth: usize) -> Result<(), Fault> {
        match found {
            wire::TRUE | wire::FALSE => {}
            wire::I8 => drop(self.take(1)?),
            wire::I16 | wire::I32 | wire::I64 => drop(self.varint()?),
            wire::DOUBLE => drop(self.take(8)?),
            wire::UUID => drop(self.take(16)?),
            wire::BINARY => drop(self.binary()?),
            wire::LIST | wire::SET => {
                let (elements, length) = self.list()?;
                self.skip_all(&[elements], length, depth)?;
            }
            wire::MAP => {
                let length = self.length()?;
                if length > 0 {
                    let kinds = self.byte()?;
                    self.skip_all(&[kinds >> 4, kinds & 0x0f], length, depth)?;
                }
            }
            wire::STRUCT => {
                let depth = self.deeper(depth)?;
                while let Some((_, found)) = self.field(0)? {
                    self.skip(found, depth)?;
                }
            }
            _ => return Err(self.wrong(format!("there is no type {found}"))),
        }
        Ok(())
    }

    /// Skips the elements of a collection, or its keys and values.
    fn skip_all(&mut self, kinds: &[u8], length: usize, depth: usize) -> Result<(), Fault> {
        let depth = self.deeper(depth)?;
        if length > 0 && kinds.iter().any(|kind| matches!(*kind, wire::TRUE | wire::FALSE)) {
            // The parquet crate would take `length` steps over no bytes at all.
            return Err(self.wrong("an unknown field holds a collection of booleans".to_owned()));
        }
        for _ in 0..length {
            for kind in kinds {
                self.skip(*kind, depth)?;
            }
        }
        Ok(())
    }

    /// The number and the type of the next field; `None` at the end of the struct.
    fn field(&mut self, last: i16) -> Result<Option<(i16, u8)>, Fault> {
        let byte = self.byte()?;
        let (step, found) = (byte >> 4, byte & 0x0f);
        if found == 0 {
            return Ok(None);
        }
        let number = match step {
            0 => self.integer(i16::MIN.into(), i16::MAX.into())? as i16,
            step => match last.checked_add(i16::from(step)) {
                Some(number) => number,
                None => return Err(self.wrong("the field's number is too large".to_owned())),
            },
        };
        Ok(Some((number, found)))
    }

    /// The type and the number of a list's elements.
    fn list(&mut self) -> Result<(u8, usize), Fault> {
        let byte = self.byte()?;
        let length = match byte >> 4 {
            15 => self.length()?,
            short => usize::from(short),
        };
        if length > self.bytes.len() - self.at {
            return Err(Fault::Short); // an element takes a byte at least
        }
        Ok((byte & 0x0f, length))
    }

    fn binary(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.length()?;
        self.take(length)
    }

    fn length(&mut self) -> Result<usize, Fault> {
        let length = self.varint()?;
        match i32::try_from(length) {
            Ok(length) => Ok(length as usize),
            Err(_) => Err(self.wrong(format!("a length of {length}"))),
        }
    }

    /// A zigzag varint within `least..=most`.
    fn integer(&mut self, least: i64, most: i64) -> Result<i64, Fault> {
        let zigzag = self.varint()?;
        let value = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        if value < least || value > most {
            return Err(self.wrong(format!("the integer {value}, which its type does not have")));
        }
        Ok(value)
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.wrong("an integer of more than 64 bits".to_owned()))
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?[0])
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..length).ok_or(Fault::Short)?;
        self.at += length;
        Ok(taken)
    }

    fn deeper(&self, depth: usize) -> Result<usize, Fault> {
        depth.checked_sub(1).ok_or_else(|| self.wrong("structs and lists lie too deeply in each other".to_owned()))
    }

    fn wrong(&self, message: String) -> Fault {
        Fault::Wrong { message, byte: self.at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static INNER: Struct = Struct { name: "Inner", fields: &[(1, Shape::I32), (2, Shape::Bool)] };
    static OUTER: Struct = Struct {
        name: "Outer",
        fields: &[(1, Shape::I64), (2, Shape::Binary), (3, Shape::List(&Shape::Struct(&INNER))), (20, Shape::I16)],
    };

    #[derive(Default)]
    struct Told(Vec<String>);

    impl Visit for Told {
        fn integer(&mut self, of: &'static Struct, field: i16, value: i64) {
            self.0.push(format!("{}.{field}={value}", of.name));
        }
        fn boolean(&mut self, of: &'static Struct, field: i16, value: bool) {
            self.0.push(format!("{}.{field}={value}", of.name));
        }
        fn binary(&mut self, of: &'static Struct, field: i16, bytes: &[u8]) {
            self.0.push(format!("{}.{field}={bytes:?}", of.name));
        }
        fn list(&mut self, of: &'static Struct, field: i16, length: usize) {
            self.0.push(format!("{}.{field}[{length}]", of.name));
        }
    }

    fn told(bytes: &[u8]) -> Result<(usize, Vec<String>), Fault> {
        let mut told = Told::default();
        walk(bytes, &OUTER, &mut told).map(|length| (length, told.0))
    }

    /// -3, "ab", [{7, true}, {}], 20: -1 in the long form, an unknown double and an unknown map before it, and a byte
    /// that is no longer part.
    const ALL: &[u8] = &[
        0x16, 5, 0x18, 2, b'a', b'b', 0x19, 0x2c, 0x15, 14, 0x11, 0, 0, 0x17, 1, 2, 3, 4, 5, 6, 7, 8, 0x1b, 1, 0x85, 1,
        b'x', 6, 0x04, 40, 1, 0, 99,
    ];

    #[test]
    fn known_fields_are_told_and_unknown_ones_skipped() {
        let expected = ["Outer.1=-3", "Outer.2=[97, 98]", "Outer.3[2]", "Inner.1=7", "Inner.2=true", "Outer.20=-1"];
        assert_eq!(told(ALL), Ok((ALL.len() - 1, expected.map(str::to_owned).to_vec())));
    }

    #[test]
    fn every_shorter_part_is_short() {
        for length in 0..ALL.len() - 1 {
            assert_eq!(told(&ALL[..length]), Err(Fault::Short), "{length}");
        }
    }

    #[test]
    fn what_the_decoder_would_misread_is_refused() {
        let wrong = |bytes: &[u8]| match told(bytes) {
            Err(Fault::Wrong { message, .. }) => message,
            other => panic!("{bytes:?}: {other:?}"),
        };
        assert!(wrong(&[0x15, 2, 0]).contains("field 1 of Outer is of type 5, not an integer of 64 bits"));
        assert!(wrong(&[0x39, 0x15, 2, 0]).contains("list 3 of Outer holds type 5"));
        assert!(
            wrong(&[0x39, 0x1c, 0x15, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0]).contains("which its type does not have")
        );
        assert!(wrong(&[0x16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x03, 0]).contains("64 bits"));
        assert!(wrong(&[0x16, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0]).contains("64 bits"));
        assert!(wrong(&[0x99, 0x11, 1, 0]).contains("booleans"));
        assert!(wrong(&[0x9b, 1, 0x51, 0, 0]).contains("booleans"));
        assert!(wrong(&[0x28, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]).contains("a length of 4294967295"));
        assert!(wrong(&[0x9e, 0]).contains("there is no type 14"));
        assert!(wrong(&[0x9c; 40]).contains("too deeply"));
        // A list cannot have more elements than there are bytes, whatever they are.
        assert_eq!(told(&[0x39, 0xfc, 0xff, 0xff, 0xff, 0x0f, 0, 0]), Err(Fault::Short));
        assert_eq!(told(&[0x39, 0x00, 0]), Ok((3, vec!["Outer.3[0]".to_owned()])), "an empty list of no type");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_stall(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Ok((length, _)) = told(&bytes) {
                prop_assert!(length <= bytes.len());
            }
        }
    }
}
