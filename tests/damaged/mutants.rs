//! Files with one change each.

use crate::files::{Base, Page, chunk_of};
use crate::thrift::{Token, What};

/// What was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A byte of a page's header.
    Header,
    /// A number in a page's header.
    HeaderNumber,
    /// A byte of the footer, its length and magic bytes included.
    Footer,
    /// A number in the footer.
    FooterNumber,
    /// A byte of a page.
    Data,
    /// The order and number of pages.
    Pages,
    /// The end of the file.
    Cut,
}

pub struct Mutant {
    pub name: String,
    pub place: Place,
    change: Change,
}

enum Change {
    Byte { at: usize, to: u8 },
    HeaderNumber { page: usize, token: usize, to: i64 },
    FooterNumber { token: usize, to: i64 },
    Swap { first: usize, second: usize },
    Drop { page: usize },
    Double { page: usize },
    Cut { at: usize },
}

/// All mutants of a file.
pub fn of(base: &Base) -> Vec<Mutant> {
    let mut all = Vec::new();
    let mut add = |place, name: String, change| all.push(Mutant { name, place, change });
    let mut boundaries = vec![0, 4, base.footer_start];
    let end = base.bytes.len();
    for (index, page) in base.pages.iter().enumerate() {
        for at in page.header..page.body {
            bytes_at(base, at, |to| {
                add(Place::Header, format!("byte {at} of page {index} is {to}"), Change::Byte { at, to })
            });
        }
        for (token, known) in page.tokens.iter().enumerate() {
            for to in numbers(known) {
                let name = format!("field {:?} of page {index} is {to}", known.path);
                add(Place::HeaderNumber, name, Change::HeaderNumber { page: index, token, to });
            }
        }
        // The first bytes are lengths and widths; after that, a few of all.
        let step = (page.end - page.body) / 16 + 1;
        let data = (page.body..page.end).filter(|at| at - page.body < 12 || (at - page.body) % step == 0);
        for at in data {
            let to = base.bytes[at] ^ [0x80, 0x01, 0xff][at % 3];
            add(Place::Data, format!("byte {at}, of page {index}'s data, is {to}"), Change::Byte { at, to });
        }
        add(Place::Pages, format!("without page {index}"), Change::Drop { page: index });
        add(Place::Pages, format!("page {index} twice"), Change::Double { page: index });
        for second in index + 1..base.pages.len() {
            add(Place::Pages, format!("pages {index} and {second} swapped"), Change::Swap { first: index, second });
        }
        boundaries.extend([page.header + 1, page.body, page.end]);
    }
    for at in base.footer_start..end {
        bytes_at(base, at, |to| {
            add(Place::Footer, format!("byte {at}, of the footer, is {to}"), Change::Byte { at, to })
        });
    }
    for (token, known) in base.footer.iter().enumerate() {
        for to in numbers(known) {
            let name = format!("field {:?} of the footer is {to}", known.path);
            add(Place::FooterNumber, name, Change::FooterNumber { token, to });
        }
        boundaries.push(known.start);
    }
    boundaries.extend(end - 8..end);
    for at in boundaries {
        add(Place::Cut, format!("cut at {at}"), Change::Cut { at });
    }
    all
}

/// Other values of a byte.
fn bytes_at(base: &Base, at: usize, mut add: impl FnMut(u8)) {
    let byte = base.bytes[at];
    let mut values = vec![0, 0xff, byte.wrapping_add(1), byte ^ 0x80];
    values.sort_unstable();
    values.dedup();
    values.into_iter().filter(|value| *value != byte).for_each(&mut add);
}

/// Other values of a number.
fn numbers(token: &Token) -> Vec<i64> {
    let mut values = match token.what {
        // 2^20 is too much for any of these files, and within every limit.
        What::Integer => vec![0, 1, token.value + 1, -1, 1 << 20, i32::MAX.into(), i32::MIN.into(), i64::MAX, i64::MIN],
        What::List(_) | What::Text => vec![0, 1, token.value + 1, 1 << 20, i32::MAX.into(), u32::MAX.into(), -1],
    };
    values.sort_unstable();
    values.dedup();
    values.retain(|value| *value != token.value);
    values
}

impl Mutant {
    pub fn apply(&self, base: &Base) -> Vec<u8> {
        let part = |page: &Page| base.bytes[page.header..page.end].to_vec();
        match self.change {
            Change::Byte { at, to } => {
                let mut bytes = base.bytes.clone();
                bytes[at] = to;
                bytes
            }
            Change::HeaderNumber { page, token, to } => {
                let token = &base.pages[page].tokens[token];
                base.splice(token.start, token.end, &token.encode(to))
            }
            Change::FooterNumber { token, to } => base.edit(&base.footer[token], to),
            Change::Swap { first, second } => {
                let (first, second) = (&base.pages[first], &base.pages[second]);
                let between = &base.bytes[first.end..second.header];
                let (head, tail) = (&base.bytes[..first.header], &base.bytes[second.end..]);
                [head, &part(second), between, &part(first), tail].concat()
            }
            Change::Drop { page } => base.splice(base.pages[page].header, base.pages[page].end, &[]),
            Change::Double { page } => {
                let page = &base.pages[page];
                base.splice(page.header, page.end, &part(page).repeat(2))
            }
            Change::Cut { at } => base.bytes[..at].to_vec(),
        }
    }

    /// Whether the file may be another valid one.
    pub fn may_change_the_answer(&self, base: &Base) -> bool {
        let is_schema = |token: &Token| token.path[0] == 2;
        match self.change {
            Change::Byte { at, .. } if at < base.footer_start => {
                !base.checked && base.pages.iter().any(|page| (page.body..page.end).contains(&at))
            }
            Change::Byte { at, .. } => {
                let (first, last) =
                    (base.footer.iter().find(|t| is_schema(t)), base.footer.iter().rfind(|t| is_schema(t)));
                first.zip(last).is_some_and(|(first, last)| (first.start - 1..=last.end).contains(&at))
            }
            Change::FooterNumber { token, .. } => is_schema(&base.footer[token]),
            // Pages of one size, of different chunks.
            Change::Swap { first, second } => !base.checked && base.pages[first].chunk != base.pages[second].chunk,
            Change::HeaderNumber { .. } | Change::Drop { .. } | Change::Double { .. } | Change::Cut { .. } => false,
        }
    }
}

/// The token of a footer by its path, or the chunk's by the path within it.
pub fn footer_token<'a>(base: &'a Base, path: &[usize]) -> &'a Token {
    let mut all = base.footer.iter();
    all.find(|token| token.path == path || (chunk_of(token) == Some(0) && token.path[4..] == *path)).unwrap()
}
