//! Hive partitions: folders named `key=value`, whose keys are columns of the files below them.
//!
//! As Hive and Spark write them: key and value are percent-encoded, and `__HIVE_DEFAULT_PARTITION__` stands for null.
//! What is not valid percent-encoding, or no UTF-8 once it is decoded, stands for itself.

const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The keys of a path's folders, outermost first. A key that is there twice counts where it is deepest.
pub fn keys<'a>(folders: impl IntoIterator<Item = &'a str>) -> Vec<(String, Option<String>)> {
    let mut keys: Vec<(String, Option<String>)> = Vec::new();
    for folder in folders {
        let Some((key, value)) = folder.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            continue;
        };
        let key = decode(key);
        keys.retain(|(outer, _)| *outer != key);
        keys.push((key, (value != NULL).then(|| decode(value))));
    }
    keys
}

/// Text without its percent-encoding.
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let encoded = match rest {
            [b'%', high, low, ..] => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match encoded {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = &rest[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn some(key: &str, value: &str) -> (String, Option<String>) {
        (key.to_owned(), Some(value.to_owned()))
    }

    #[test]
    fn folders_are_keys() {
        assert_eq!(
            keys(["data", "day=2026-11-01", "city=Genève"]),
            [some("day", "2026-11-01"), some("city", "Genève")]
        );
    }

    #[test]
    fn the_default_partition_is_null() {
        assert_eq!(keys(["day=__HIVE_DEFAULT_PARTITION__"]), [("day".to_owned(), None)]);
        assert_eq!(keys(["day="]), [some("day", "")]);
    }

    #[test]
    fn keys_and_values_are_decoded() {
        assert_eq!(keys(["a%20b=10%3A30%2f1=2"]), [some("a b", "10:30/1=2")]);
        assert_eq!(
            keys(["rate=5%", "x=%zz", "y=%ff", "z=%4"]),
            [some("rate", "5%"), some("x", "%zz"), some("y", "%ff"), some("z", "%4")]
        );
    }

    #[test]
    fn the_deepest_of_a_key_counts_and_a_name_without_a_key_is_none() {
        assert_eq!(keys(["a=1", "b=2", "a=3"]), [some("b", "2"), some("a", "3")]);
        assert_eq!(keys(["=1", "plain"]), []);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text: String, all: bool) {
            let encode = |byte: &u8| match byte {
                b'a'..=b'z' if !all => char::from(*byte).to_string(),
                byte => format!("%{byte:02X}"),
            };
            let encoded: String = text.as_bytes().iter().map(encode).collect();
            prop_assert_eq!(decode(&encoded), text);
        }
    }
}
