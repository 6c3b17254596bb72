//! What the columns of text are of, as far as its first lines show.

use arrow_array::types::Date32Type;
use arrow_cast::parse::Parser;

use super::times::from_text;

/// What a column is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Time,
    Key,
    Number,
    Boolean,
    Date,
    /// Arrays and objects of JSON: of these it is known whether there is one.
    Other,
}

impl Role {
    /// What a value of it is called.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Time => "a time",
            Self::Key => "text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Date => "a date",
            Self::Other => "an array or an object",
        }
    }
}

/// What one value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Number,
    Boolean,
    Date,
    Time,
    /// A time that names a zone.
    Instant,
    Text,
    Other,
}

impl Class {
    /// That of text that is no number and no boolean.
    pub fn of_text(text: &str) -> Self {
        match from_text(text) {
            _ if date(text).is_some() => Self::Date,
            Ok((_, true)) => Self::Instant,
            Ok((_, false)) => Self::Time,
            Err(_) => Self::Text,
        }
    }
}

/// What the values of a column are that were seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    first: Option<Class>,
    /// A bit for each class.
    classes: u8,
}

impl Seen {
    pub fn add(&mut self, class: Class) {
        self.first.get_or_insert(class);
        self.classes |= 1 << class as u8;
    }

    fn is_only(self, classes: &[Class]) -> bool {
        self.classes != 0 && classes.iter().fold(self.classes, |left, class| left & !(1 << *class as u8)) == 0
    }

    /// What the column is of.
    pub fn role(self) -> Role {
        if self.classes & 1 << Class::Other as u8 != 0 {
            return Role::Other;
        }
        let roles: [(&[Class], Role); 5] = [
            (&[Class::Number], Role::Number),
            (&[Class::Boolean], Role::Boolean),
            (&[Class::Date], Role::Date),
            (&[Class::Date, Class::Time], Role::Time),
            (&[Class::Instant], Role::Time),
        ];
        roles.into_iter().find(|(classes, _)| self.is_only(classes)).map_or(Role::Key, |(_, role)| role)
    }

    /// What a column is of that was asked for by its name: numbers, if its first value is one. What else is in it is then an error.
    pub fn role_of_named(self) -> Role {
        match self.first {
            None | Some(Class::Number) => Role::Number,
            Some(_) => self.role(),
        }
    }
}

/// `true` or `false`, in letters of either case.
pub(super) fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case(b"true") => Some(true),
        _ if text.eq_ignore_ascii_case(b"false") => Some(false),
        _ => None,
    }
}

/// The days since 1970 of a date that is written as `2026-01-31`.
pub(super) fn date(text: &str) -> Option<i32> {
    let is_plain = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    if is_plain { Date32Type::parse(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_what_all_of_their_values_are() {
        let role = |values: &[&str]| {
            let mut seen = Seen::default();
            values.iter().for_each(|value| {
                seen.add(match *value {
                    "1" => Class::Number,
                    "true" => Class::Boolean,
                    "[]" => Class::Other,
                    text => Class::of_text(text),
                });
            });
            (seen.role(), seen.role_of_named())
        };
        for (values, expected) in [
            (&["1", "1"][..], (Role::Number, Role::Number)),
            (&["1", "x"], (Role::Key, Role::Number)),
            (&["x", "1"], (Role::Key, Role::Key)),
            (&["true"], (Role::Boolean, Role::Boolean)),
            (&["true", "1"], (Role::Key, Role::Key)),
            (&["2026-01-31", "0001-01-01"], (Role::Date, Role::Date)),
            (&["2026-01-31", "2026-01-31 12:00"], (Role::Time, Role::Time)),
            (&["2026-01-31T12:00:00Z", "2026-01-31T12:00:00+01:00"], (Role::Time, Role::Time)),
            (&["2026-01-31T12:00:00Z", "2026-01-31T12:00:00"], (Role::Key, Role::Key)),
            (&["2026-02-30"], (Role::Key, Role::Key)),
            (&["x", "[]"], (Role::Other, Role::Other)),
            (&[], (Role::Key, Role::Number)),
        ] {
            assert_eq!(role(values), expected, "{values:?}");
        }
    }
}
