//! Finds every number in the headers of a Parquet file, so that each can be set to another: a reader of Thrift's compact
//! protocol that knows no schema, and writes numbers back.

/// Something in a struct that a mutant changes.
#[derive(Clone, Debug)]
pub struct Token {
    /// The numbers of the fields down to it, and the places in lists.
    pub path: Vec<usize>,
    pub what: What,
    /// Where its own bytes begin and end: those of a number, of a list's or a text's length.
    pub start: usize,
    pub end: usize,
    pub value: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    Integer,
    /// The length of a list, whose elements are of this type.
    List(u8),
    /// The length of a text.
    Text,
}

/// The tokens of the struct that begins at `at`, and where it ends.
pub fn tokens(bytes: &[u8], at: usize) -> (Vec<Token>, usize) {
    let mut found = Vec::new();
    let end = structure(bytes, at, &mut Vec::new(), &mut found);
    (found, end)
}

fn structure(bytes: &[u8], mut at: usize, path: &mut Vec<usize>, found: &mut Vec<Token>) -> usize {
    let mut field = 0;
    loop {
        let (step, kind) = (bytes[at] >> 4, bytes[at] & 15);
        at += 1;
        if kind == 0 {
            return at;
        }
        assert!(step > 0, "no writer of these files jumps in the numbers of fields");
        field += usize::from(step);
        path.push(field);
        at = if kind <= 2 { at } else { value(bytes, at, kind, path, found) };
        path.pop();
    }
}

fn value(bytes: &[u8], at: usize, kind: u8, path: &mut Vec<usize>, found: &mut Vec<Token>) -> usize {
    let mut token = |what, end, value| found.push(Token { path: path.clone(), what, start: at, end, value });
    match kind {
        1..=3 => at + 1,
        4..=6 => {
            let (zigzag, end) = varint(bytes, at);
            token(What::Integer, end, (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64));
            end
        }
        7 => at + 8,
        8 => {
            let (length, end) = varint(bytes, at);
            token(What::Text, end, length as i64);
            end + length as usize
        }
        9 => {
            let elements = bytes[at] & 15;
            let (length, mut end) = match bytes[at] >> 4 {
                15 => varint(bytes, at + 1),
                short => (u64::from(short), at + 1),
            };
            token(What::List(elements), end, length as i64);
            for index in 0..length as usize {
                path.push(index);
                end = value(bytes, end, elements, path, found);
                path.pop();
            }
            end
        }
        12 => structure(bytes, at, path, found),
        _ => panic!("type {kind} at byte {at}"),
    }
}

fn varint(bytes: &[u8], mut at: usize) -> (u64, usize) {
    let (mut value, mut shift) = (0, 0);
    loop {
        value |= u64::from(bytes[at] & 0x7f) << shift;
        shift += 7;
        at += 1;
        if bytes[at - 1] < 0x80 {
            return (value, at);
        }
    }
}

fn put_varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

impl Token {
    /// The bytes of another value in its place; lengths are taken as unsigned.
    pub fn encode(&self, value: i64) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.what {
            What::Integer => put_varint(((value << 1) ^ (value >> 63)) as u64, &mut bytes),
            What::Text => put_varint(value as u64, &mut bytes),
            What::List(elements) => {
                bytes.push(0xf0 | elements);
                put_varint(value as u64, &mut bytes);
            }
        }
        bytes
    }
}
