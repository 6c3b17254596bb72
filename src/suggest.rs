//! "Did you mean …?"

/// The name that was probably meant: the one that is most like `name`, if one is like it at all.
pub fn closest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The time is that of the lengths multiplied: names that nobody has typed, and those of a very wide table, need not be compared.
    const LONGEST: usize = 64;
    const MOST: usize = 10_000;
    if name.len() > LONGEST {
        return None;
    }
    let wanted = name.to_lowercase();
    let likeness = |candidate: &str| strsim::normalized_damerau_levenshtein(&wanted, &candidate.to_lowercase());
    let names = names.into_iter().take(MOST).filter(|candidate| candidate.len() <= LONGEST);
    let best = names.map(|candidate| (likeness(candidate), candidate));
    let (likeness, candidate) = best.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= 0.6).then_some(candidate)
}

/// The same as the end of a message: `; did you mean 'mean'?`, or nothing.
pub fn hint<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    closest(name, names).map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_like_it_is_meant() {
        let names = ["temperature", "humidity", "Wind"];
        assert_eq!(closest("temprature", names), Some("temperature"));
        assert_eq!(closest("wind", names), Some("Wind"));
        assert_eq!(closest("z", names), None);
        assert_eq!(closest("qyt", ["price", "qty"]), Some("qty"));
        assert_eq!(closest(&"wind".repeat(100_000), names), None);
        assert_eq!(closest("wind", [&*"wind".repeat(100_000), "winds"]), Some("winds"));
        assert_eq!(hint("humid", names), "; did you mean 'humidity'?");
    }
}
