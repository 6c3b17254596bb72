//! Writers whose statistics are known to be wrong, by what a file says of who wrote it.
//!
//! A file names its writer in `created_by`: `parquet-cpp-arrow version 6.0.1`, `parquet-mr version 1.8.1 (build …)`. Who writes
//! another name there is not recognised; what can be seen from the statistics themselves, their reader checks
//! (`predicate/statistics.rs`). Distrust costs time, and never an answer.

use parquet::file::metadata::FileMetaData;

/// What of a file's statistics is not to be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Distrust {
    /// How many values are null, in footers and page indexes.
    pub null_counts: bool,
    /// Every bound.
    pub bounds: bool,
    /// The bounds of decimals that are stored as bytes.
    pub byte_decimals: bool,
    /// The bounds of unsigned integers of 64 bits.
    pub unsigned: bool,
    /// The bounds that a footer has of columns that may have been dictionaries of Arrow.
    pub dictionaries: bool,
}

/// A version: its first three numbers.
type Version = [u64; 3];

/// Every version.
const ANY: (Version, Version) = ([0; 3], [u64::MAX; 3]);

const fn before(first: u64, second: u64) -> (Version, Version) {
    ([0; 3], [first, second, 0])
}

const TRUSTED: Distrust =
    Distrust { null_counts: false, bounds: false, byte_decimals: false, unsigned: false, dictionaries: false };
const NULL_COUNTS: Distrust = Distrust { null_counts: true, ..TRUSTED };
const BYTE_DECIMALS: Distrust = Distrust { byte_decimals: true, ..TRUSTED };
const UNSIGNED: Distrust = Distrust { unsigned: true, ..TRUSTED };
const ALL: Distrust =
    Distrust { null_counts: true, bounds: true, byte_decimals: true, unsigned: true, dictionaries: true };

/// The name of a writer, the first version that is wrong and the first one that is right again, and what is wrong. A version that is
/// none is within every range.
const LIARS: [(&str, (Version, Version), Distrust); 15] = [
    // Null counts of 0 for dictionaries of Arrow, whatever their nulls: apache/arrow ARROW-12513 (pull request 10729), PARQUET-2067.
    ("parquet-cpp", ANY, NULL_COUNTS),
    ("parquet-cpp-arrow", before(6, 0), NULL_COUNTS),
    // Bounds of the first chunk of a dictionary for all of it: apache/arrow issue 15042.
    ("parquet-cpp-arrow", ([6, 0, 0], [11, 0, 0]), Distrust { dictionaries: true, ..TRUSTED }),
    // Decimals of bytes compared without their sign: apache/arrow PARQUET-1655, apache/parquet-java PARQUET-2003.
    ("parquet-cpp", ANY, BYTE_DECIMALS),
    ("parquet-cpp-arrow", before(4, 0), BYTE_DECIMALS),
    // The same, parquet-go/parquet-go issue 592; and before that, bounds and null counts of another page (pull requests 54, 92, 131).
    // Its predecessor cuts off the greatest text of a page as well (segmentio/parquet-go issue 495), and gives no version.
    ("github.com/parquet-go/parquet-go", ANY, BYTE_DECIMALS),
    ("github.com/parquet-go/parquet-go", before(0, 21), ALL),
    ("github.com/segmentio/parquet", ANY, ALL),
    ("github.com/segmentio/parquet-go", ANY, ALL),
    // Unsigned integers: apache/arrow-go pull request 210.
    ("parquet-go", before(18, 1), UNSIGNED),
    // xitongsys/parquet-go, which has the same name and the version "latest": null counts, its pull request 536.
    ("parquet-go", before(18, 0), NULL_COUNTS),
    // It gives no version. Null counts (pola-rs/polars issue 29321), decimals (29347), unsigned integers (16683).
    ("Polars", ANY, Distrust { null_counts: true, byte_decimals: true, unsigned: true, ..TRUSTED }),
    // Decimals without their sign: ClickHouse/ClickHouse pull request 83754.
    ("ClickHouse", before(25, 10), BYTE_DECIMALS),
    // Null counts of an arrow array's dictionary in place of its own: jorgecarleitao/arrow2 pull request 1414.
    ("Arrow2 - Native Rust implementation of Arrow", ANY, NULL_COUNTS),
    // Greatest texts that are cut off, and decimals: platypii/hyparquet-writer pull requests 31, 38. It gives no version.
    ("hyparquet", ANY, Distrust { bounds: true, ..TRUSTED }),
];

impl Distrust {
    /// What is known of the writer of a file.
    pub fn of(file: &FileMetaData) -> Self {
        file.created_by().map_or(TRUSTED, Self::from_writer)
    }

    fn from_writer(created_by: &str) -> Self {
        let (name, version) = parse(created_by);
        let mut distrust = TRUSTED;
        for (liar, (first, right), wrong) in LIARS {
            if name == liar && version.is_none_or(|version| first <= version && version < right) {
                distrust.null_counts |= wrong.null_counts;
                distrust.bounds |= wrong.bounds;
                distrust.byte_decimals |= wrong.byte_decimals;
                distrust.unsigned |= wrong.unsigned;
                distrust.dictionaries |= wrong.dictionaries;
            }
        }
        distrust
    }
}

/// The name of a writer, and its version if it has one.
fn parse(created_by: &str) -> (&str, Option<Version>) {
    let Some((name, version)) = created_by.split_once(" version ").or_else(|| created_by.split_once(" v")) else {
        return (created_by.trim(), None);
    };
    let version = version.trim_start().trim_start_matches('v');
    let digits = version.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits.split('.').filter(|digits| !digits.is_empty())) {
        *number = digits.parse().unwrap_or(u64::MAX);
    }
    (name.trim(), digits.starts_with(|c: char| c.is_ascii_digit()).then_some(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_are_recognised_by_name_and_version() {
        let of = Distrust::from_writer;
        for (created_by, null_counts) in [
            ("parquet-cpp version 1.5.1-SNAPSHOT", true),
            ("parquet-cpp-arrow version 3.0.0", true),
            ("parquet-cpp-arrow version 5.0.0-SNAPSHOT", true),
            ("parquet-cpp-arrow version 6.0.0", false),
            ("parquet-cpp-arrow version 26.0.1", false),
            ("parquet-mr version 1.8.1 (build 4aba4dae7bb0d4edbcf7923ae1339f28fd3f7fcf)", false),
            ("parquet-go version latest", true),
            ("parquet-go version 18.7.0", false),
            ("Polars", true),
            ("github.com/segmentio/parquet-go version 0.0.0(build f785677b9a75)", true),
            ("github.com/parquet-go/parquet-go version 0.20.1(build )", true),
            ("github.com/parquet-go/parquet-go version 0.25.0(build )", false),
            ("DuckDB version v1.4.0 (build 1234)", false),
            ("", false),
        ] {
            assert_eq!(of(created_by).null_counts, null_counts, "{created_by}");
        }
        assert!(
            of("parquet-cpp-arrow version 10.0.1").dictionaries && !of("parquet-cpp-arrow version 11.0.0").dictionaries
        );
        assert!(
            of("ClickHouse v25.9.1.1-testing").byte_decimals
                && !of("ClickHouse version 25.10.1 (build x)").byte_decimals
        );
        assert_eq!(of("parquet-mr version 1.13.1 (build x)"), Distrust::default());
    }
}
