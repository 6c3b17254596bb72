//! Patterns of `like`: `%` stands for any characters, `_` for one.

use super::ranges::{LiteralPosition, Ordered, Ranges, Relation};

/// A pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
    /// Whether letters match in either case.
    folds_case: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Character(char),
    AnyOne,
    Any,
}

impl Pattern {
    /// The character `escape` makes the one behind it stand for itself. `None` where that is no wildcard and no `escape`.
    pub fn new(text: &str, folds_case: bool, escape: Option<char>) -> Option<Self> {
        let (mut parts, mut characters) = (Vec::new(), text.chars());
        while let Some(character) = characters.next() {
            parts.push(match character {
                character if Some(character) == escape => {
                    let meant = characters.next().filter(|next| ['%', '_'].contains(next) || Some(*next) == escape);
                    Part::Character(meant?)
                }
                '%' if parts.last() == Some(&Part::Any) => continue,
                '%' => Part::Any,
                '_' => Part::AnyOne,
                character => Part::Character(character),
            });
        }
        Some(Self { parts, folds_case })
    }

    /// Whether a text is of this form.
    pub fn matches(&self, text: &str) -> bool {
        // After the last `%` that was met: the part behind it, and the text that it has not taken yet.
        let mut again: Option<(usize, &str)> = None;
        let (mut part, mut rest) = (0, text);
        loop {
            let next = rest.chars().next();
            match (self.parts.get(part), next) {
                (None, None) => return true,
                (Some(Part::Any), _) => {
                    part += 1;
                    again = Some((part, rest));
                    continue;
                }
                (Some(Part::AnyOne), Some(character)) => {
                    part += 1;
                    rest = &rest[character.len_utf8()..];
                    continue;
                }
                (Some(Part::Character(wanted)), Some(character)) if self.are_same(*wanted, character) => {
                    part += 1;
                    rest = &rest[character.len_utf8()..];
                    continue;
                }
                _ => {}
            }
            // What does not match here may match where the last `%` takes one character more.
            let Some((behind, from)) = again else { return false };
            let Some(character) = from.chars().next() else { return false };
            (part, rest) = (behind, &from[character.len_utf8()..]);
            again = Some((behind, rest));
        }
    }

    fn are_same(&self, a: char, b: char) -> bool {
        a == b || self.folds_case && a.to_lowercase().eq(b.to_lowercase())
    }

    /// The texts among which all that match are, and whether all of these match.
    pub fn hull(&self) -> (Ranges<Box<str>>, bool) {
        let prefix: String = self.parts.iter().map_while(|part| part.character()).collect();
        let rest = &self.parts[prefix.chars().count()..];
        if self.folds_case {
            return (Ranges::of(Relation::AtLeast, &LiteralPosition::At(Box::<str>::least())), false);
        }
        let at = LiteralPosition::At(Box::<str>::from(prefix.as_str()));
        if rest.is_empty() {
            return (Ranges::of(Relation::Equal, &at), true);
        }
        let from = Ranges::of(Relation::AtLeast, &at);
        let hull = match behind(&prefix) {
            Some(end) => from.intersection(&Ranges::of(Relation::Less, &LiteralPosition::At(end.into()))),
            None => from,
        };
        (hull, rest == [Part::Any])
    }
}

impl Part {
    fn character(&self) -> Option<char> {
        match self {
            Self::Character(character) => Some(*character),
            Self::AnyOne | Self::Any => None,
        }
    }
}

/// The least text that is above all with this prefix; `None` if there is none.
fn behind(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // Between the two ends of the surrogates there is no character.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As it is defined: one part after the other, all ways.
    fn matches(parts: &[Part], text: &[char]) -> bool {
        match parts {
            [] => text.is_empty(),
            [Part::Any, rest @ ..] => (0..=text.len()).any(|taken| matches(rest, &text[taken..])),
            [part, rest @ ..] => {
                let [first, others @ ..] = text else { return false };
                part.character().is_none_or(|wanted| wanted == *first) && matches(rest, others)
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn patterns_match_as_they_are_defined(pattern in "[ab%_é\u{10ffff}\u{d7ff}]{0,7}", text in "[abé\u{10ffff}\u{d7ff}\u{e000}]{0,8}") {
            let pattern = Pattern::new(&pattern, false, None).unwrap();
            let characters: Vec<char> = text.chars().collect();
            let is_match = pattern.matches(&text);
            prop_assert_eq!(is_match, matches(&pattern.parts, &characters));
            let (hull, is_exact) = pattern.hull();
            let value: Box<str> = text.as_str().into();
            let is_inside = hull.touches(Some(&value), Some(&value));
            prop_assert!(is_inside || !is_match);
            prop_assert!(!is_exact || is_inside == is_match);
        }
    }

    #[test]
    fn escapes_and_cases() {
        let pattern = |text: &str| Pattern::new(text, false, Some('!')).unwrap();
        assert!(pattern("50!%").matches("50%") && !pattern("50!%").matches("500"));
        assert!(pattern("a!_b!!%").matches("a_b!c"));
        assert_eq!(Pattern::new("a!b", false, Some('!')), None);
        assert_eq!(Pattern::new("a!", false, Some('!')), None);
        let folded = Pattern::new("ÅRE%", true, None).unwrap();
        assert!(folded.matches("årehus") && !folded.matches("arehus"));
    }
}
