//! Names of columns that stand for several: `temp_*`, `s?`, `[ab]1`.

#[cfg(any(feature = "parquet", feature = "stream"))]
use globset::Glob;

/// Whether a name may stand for several.
#[cfg(any(feature = "parquet", feature = "stream"))]
pub(crate) fn is_glob(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// The names, where one that is no column's but a glob is replaced by those of `columns` that it matches. One that matches none stays as it is,
/// so that it is told as a column that is not there.
#[cfg(any(feature = "parquet", feature = "stream"))]
pub(crate) fn expanded<'a>(
    names: &[String],
    is_column: impl Fn(&str) -> bool,
    columns: impl Iterator<Item = &'a str> + Clone,
) -> Vec<String> {
    let mut all: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let glob = Some(name).filter(|name| is_glob(name) && !is_column(name)).and_then(|name| Glob::new(name).ok());
        let matcher = glob.map(|glob| glob.compile_matcher());
        let found = columns.clone().filter(|column| matcher.as_ref().is_some_and(|matcher| matcher.is_match(column)));
        let before = all.len();
        all.extend(found.map(str::to_owned));
        if all.len() == before {
            all.push(name.clone());
        }
    }
    let mut seen = std::collections::HashSet::new();
    all.retain(|name| seen.insert(name.clone()));
    all
}

/// Without files there are no globs.
#[cfg(not(any(feature = "parquet", feature = "stream")))]
pub(crate) fn expanded<'a>(
    names: &[String],
    _: impl Fn(&str) -> bool,
    _: impl Iterator<Item = &'a str> + Clone,
) -> Vec<String> {
    names.to_vec()
}

#[cfg(all(test, feature = "stream"))]
mod tests {
    use super::*;

    #[test]
    fn globs_stand_for_the_columns_that_they_match() {
        let columns = ["temp_in", "temp_out", "wind", "a*", "s1", "s2"];
        let of = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            expanded(&names, |name| columns.contains(&name), columns.into_iter()).join(" ")
        };
        assert_eq!(of(&["temp_*", "wind"]), "temp_in temp_out wind");
        assert_eq!(of(&["s?", "temp_out", "*out"]), "s1 s2 temp_out");
        assert_eq!(of(&["s[2-9]"]), "s2");
        // A column of this very name goes first, and what matches nothing is told as what it is.
        assert_eq!(of(&["a*", "x*", "[", "wind"]), "a* x* [ wind");
    }
}
