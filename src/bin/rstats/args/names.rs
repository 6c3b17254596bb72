//! Names of columns.

/// Names between commas. Blanks around them do not count, but within double quotes everything does, where a doubled quote is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Names(pub Vec<String>);

impl Names {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut names = Vec::new();
        let mut rest = text.trim_start();
        loop {
            let (name, behind) = match rest.strip_prefix('"') {
                None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
                Some(quoted) => {
                    let mut quotes = quoted.match_indices('"').map(|(place, _)| place).peekable();
                    let end = loop {
                        let Some(place) = quotes.next() else {
                            return Err("a name in double quotes has no end".to_owned());
                        };
                        // A doubled quote is one of the name.
                        if quotes.next_if_eq(&(place + 1)).is_none() {
                            break place;
                        }
                    };
                    (&quoted[..end], quoted[end + 1..].trim_start())
                }
            };
            names.push(match rest.starts_with('"') {
                true => name.replace("\"\"", "\""),
                false => name.trim_end().to_owned(),
            });
            match behind.strip_prefix(',') {
                Some(others) => rest = others.trim_start(),
                None if behind.is_empty() => return Ok(Self(names)),
                None => return Err(format!("a comma is expected behind a name in double quotes, not '{behind}'")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_between_commas() {
        let names = |text: &str| Names::parse(text).map(|names| names.0);
        for (text, expected) in [
            ("a,b", &["a", "b"][..]),
            (" a , b c ", &["a", "b c"]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\" a\" , \"say \"\"x\"\"\"", &[" a", "say \"x\""]),
            ("5\" pipe", &["5\" pipe"]),
            ("\"\"", &[""]),
        ] {
            assert_eq!(names(text).unwrap(), expected, "{text}");
        }
        assert!(names("\"a").unwrap_err().contains("no end"));
        assert!(names("\"a\"b").unwrap_err().contains("a comma is expected"));
    }
}
