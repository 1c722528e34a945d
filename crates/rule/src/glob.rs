//! Patterns of text: `*` stands for any run of characters, `?` for one. Not regular expressions, whose dialects
//! differ from engine to engine.

/// A pattern that covers a whole text: `*` stands for any characters, `/` included, or none; `?` for exactly one;
/// `\` takes the meaning from the character after it; anything else for itself.
///
/// ```
/// use matricula_rule::Glob;
///
/// let glob = Glob::new("*@acme.???")?;
/// assert!(glob.matches("ann@acme.com") && !glob.matches("ann@acme.co"));
/// assert!(Glob::new(r"odd\").is_err());
/// # Ok::<(), matricula_rule::NotAGlob>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob(Vec<Part>);

/// One part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// `*`: any run of characters.
    Any,
    /// `?`: one character.
    One,
    /// This character.
    Char(char),
}

/// A pattern that ends in a `\` with nothing after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern ends in a `\\` with nothing after it")]
pub struct NotAGlob;

impl Glob {
    /// Reads a pattern.
    ///
    /// # Errors
    /// If it ends in a single `\`.
    pub fn new(pattern: &str) -> Result<Self, NotAGlob> {
        let mut parts = Vec::with_capacity(pattern.len());
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            parts.push(match char {
                '*' if parts.last() == Some(&Part::Any) => continue,
                '*' => Part::Any,
                '?' => Part::One,
                '\\' => Part::Char(chars.next().ok_or(NotAGlob)?),
                char => Part::Char(char),
            });
        }
        Ok(Self(parts))
    }

    /// The parts, in order; no two `Any` in a row.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Whether the whole text matches. Takes at most the product of both lengths.
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.as_slice();
        let mut text = text.chars();
        // Where to go on if what follows the last `*` does not fit: one character further.
        let mut retry: Option<(&[Part], std::str::Chars<'_>)> = None;
        loop {
            let mut next = text.clone();
            let fits = match (parts.split_first(), next.next()) {
                (Some((Part::Any, rest)), _) => {
                    retry = Some((rest, text.clone()));
                    parts = rest;
                    continue;
                }
                (None, None) => return true,
                (Some((Part::One, rest)), Some(_)) => Some(rest),
                (Some((Part::Char(wanted), rest)), Some(char)) if *wanted == char => Some(rest),
                _ => None,
            };
            match (fits, &mut retry) {
                (Some(rest), _) => {
                    parts = rest;
                    text = next;
                }
                (None, Some((rest, from))) => {
                    if from.next().is_none() {
                        return false;
                    }
                    parts = rest;
                    text = from.clone();
                }
                (None, None) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, word for word.
    fn slowly(parts: &[Part], text: &[char]) -> bool {
        match parts.split_first() {
            None => text.is_empty(),
            Some((Part::Any, rest)) => (0..=text.len()).any(|from| slowly(rest, &text[from..])),
            Some((Part::One, rest)) => !text.is_empty() && slowly(rest, &text[1..]),
            Some((Part::Char(char), rest)) => text.first() == Some(char) && slowly(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn matches_as_defined(pattern in r"[ab*?]{0,8}", text in "[ab]{0,10}") {
            let glob = Glob::new(&pattern).unwrap();
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(glob.matches(&text), slowly(&glob.0, &chars));
        }
    }

    #[test]
    fn escapes_and_slashes() {
        assert!(Glob::new(r"\*\?\\").unwrap().matches(r"*?\"));
        assert!(Glob::new("a*c").unwrap().matches("a/b/c"));
        assert!(Glob::new("?").unwrap().matches("é") && !Glob::new("?").unwrap().matches(""));
        assert_eq!(Glob::new(r"a\"), Err(NotAGlob));
    }
}
