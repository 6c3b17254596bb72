//! Mutants that once did harm, each with a part of the message that refuses it.

use crate::files::Base;
use crate::mutants::footer_token;
use crate::thrift::Token;

/// What it did without the check, the file, and the message.
pub fn all(bases: &[Base]) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let base = |name: &str| bases.iter().find(|base| base.name == name).unwrap();
    let footer = |name: &str, path: &[usize], to: i64| base(name).edit(footer_token(base(name), path), to);
    let header = |name: &str, page: usize, path: &[usize], to: i64| {
        let token: &Token = base(name).pages[page].tokens.iter().find(|token| token.path == path).unwrap();
        base(name).splice(token.start, token.end, &token.encode(to))
    };
    let huge = i64::from(i32::MAX);
    let renamed = |name: &str| {
        let mut bytes = base(name).bytes.clone();
        bytes[footer_token(base(name), &[2, 1, 4]).end] = b'q';
        bytes
    };
    let dropped = |name: &str, page: usize| {
        let page = &base(name).pages[page];
        base(name).splice(page.header, page.end, &[])
    };
    vec![
        ("2^31 row groups: 206 GB, an abort", footer("plain v1", &[4], huge), "footer ends too early"),
        ("2^20 row groups: 100 MB", footer("plain v1", &[4], 1 << 20), "footer ends too early"),
        ("2^31 children: 17 GB, an abort", footer("plain v1", &[2, 0, 5], huge), "2 nodes follow"),
        (
            "2^31 values of a dictionary: 17 GB",
            header("dictionary v1 snappy", 0, &[7, 1], huge),
            "a dictionary of 2147483647",
        ),
        (
            "2 GiB of Snappy, filled: seconds",
            header("dictionary v1 snappy", 0, &[2], huge),
            "cannot expand to 21474836",
        ),
        ("2 GiB of Zstandard", header("plain v1 checked", 0, &[2], huge), "cannot expand to 21474836"),
        ("2 GiB of gzip", header("delta v2 gzip", 0, &[2], huge), "cannot expand to 21474836"),
        ("2 GiB of LZ4, filled", header("split v1 lz4", 0, &[2], huge), "values, which take 800 bytes, in 2147483647"),
        ("2 GiB of Brotli, twice", header("split v2 brotli", 0, &[2], huge), "values, which take"),
        (
            "a dictionary that is missing: a panic",
            dropped("dictionary v1 snappy", 0),
            "a dictionary, which the chunk does not have",
        ),
        ("another encoding: other numbers", header("split v1 lz4", 0, &[5, 2], 0), "encoding 0, which is not among"),
        ("another encoding: a panic", header("dictionary v1 snappy", 1, &[5, 2], 9), "encoding 9, which is not among"),
        ("other levels: other nulls", header("plain v1", 0, &[5, 3], 4), "levels in encoding 4, which is not among"),
        ("no bytes in a page: a panic", header("split v1 lz4", 0, &[2], 0), "values, which take 800 bytes, in 0"),
        (
            "another type in the schema: other numbers",
            footer("plain v1", &[2, 2, 1], 1),
            "says that column 1 is of type INT32",
        ),
        ("another name in the schema: another column", renamed("plain v1"), "the names of column 0"),
        ("not null in the schema: levels as values", footer("booleans v1 hadoop", &[2, 1, 3], 0), "values, which take"),
        ("values beyond the chunk's", header("plain v1", 0, &[5, 1], huge), "values up to there"),
    ]
}

/// A file that says that it has so many rows; its row groups say 300.
pub fn with_rows(bases: &[Base], rows: i64) -> Vec<u8> {
    let base = bases.iter().find(|base| base.name == "plain v1").unwrap();
    base.edit(footer_token(base, &[3]), rows)
}
