//! Text from outside, as people are shown it: names of columns and files, and messages with them.
//!
//! A terminal obeys some characters, and others change how the rest is read without being seen. Such ones are shown by their code
//! points, `\u{1b}`; and what nobody would read to its end is cut.

use std::borrow::Cow;

/// The longest name that is shown whole, in characters.
pub const NAME: usize = 200;

/// The longest message.
pub const MESSAGE: usize = 4_000;

/// A text of at most `most` characters, none of which does anything but stand there.
///
/// ```
/// assert_eq!(rstats::internal::shown("a\u{1b}[31m", 200), "a\\u{1b}[31m");
/// assert_eq!(rstats::internal::shown("abcdef", 3), "abc…");
/// ```
pub fn shown(text: &str, most: usize) -> Cow<'_, str> {
    let end = text.char_indices().nth(most).map(|(end, _)| end);
    let there = &text[..end.unwrap_or(text.len())];
    if end.is_none() && !there.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(there.len());
    for c in there.chars() {
        match acts(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    if end.is_some() {
        shown.push('…');
    }
    Cow::Owned(shown)
}

/// Whether a character does more than stand there: control characters, those that turn the direction of writing, those that are not
/// seen, and those that end a line.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_by_its_code_point() {
        for (text, expected) in [
            ("temp", "temp"),
            ("Größe 温度 🌡️", "Größe 温度 🌡️"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "\\u{1b}[2J\\u{1b}]0;x\\u{7}"),
            ("a\u{9b}31mb\nc\r", "a\\u{9b}31mb\\u{a}c\\u{d}"),
            ("user\u{202e}txt.exe", "user\\u{202e}txt.exe"),
            ("a\u{200b}b\u{feff}\u{2066}", "a\\u{200b}b\\u{feff}\\u{2066}"),
        ] {
            assert_eq!(shown(text, NAME), expected);
        }
        assert_eq!(shown(&"ä".repeat(1 << 20), 3), "äää…");
        assert_eq!(shown("äää", 3), "äää");
    }
}
