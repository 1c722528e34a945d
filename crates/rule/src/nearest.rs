//! Finds the name that was probably meant. Not here: what is done with it (`error`).

/// Words longer than this are not compared.
const LONGEST: usize = 64;
/// At most so many candidates are looked at.
const MOST: usize = 10_000;

/// The candidate nearest to a word, if one is near enough to be what was meant. Counts insertions, deletions,
/// replacements and exchanges of neighbours, whatever the case; the longer the word, the more are allowed. Of
/// several equally near the first is taken. Words of more than 64 characters are near to nothing.
///
/// ```
/// use matricula_rule::nearest;
///
/// assert_eq!(nearest("departmnt", ["country", "department"]), Some("department"));
/// assert_eq!(nearest("shoe_size", ["country", "department"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = folded(word)?;
    let allowed = match word.len() {
        0..=1 => 0,
        2..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates.into_iter().take(MOST) {
        // Folding may change the length a little; bytes are a cheap first look.
        if candidate.len() > LONGEST * 4 {
            continue;
        }
        let Some(letters) = folded(candidate) else {
            continue;
        };
        if letters.len().abs_diff(word.len()) > allowed {
            continue;
        }
        let distance = distance(&word, &letters);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The word's characters in lower case; none if there are too many.
fn folded(word: &str) -> Option<Vec<char>> {
    let letters: Vec<char> = word.chars().flat_map(char::to_lowercase).take(LONGEST + 1).collect();
    (letters.len() <= LONGEST).then_some(letters)
}

/// The number of edits from one word to the other ("optimal string alignment").
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (row, &l) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut right_before = None;
        let mut newest = row + 1;
        for (column, &r) in right.iter().enumerate() {
            let at = |line: &[usize], place: usize| line.get(place).copied().unwrap_or(usize::MAX - 1);
            newest = (at(&last, column) + usize::from(l != r)).min(at(&last, column + 1) + 1).min(newest + 1);
            if left_before == Some(r) && right_before == Some(l) && column > 0 {
                newest = newest.min(at(&before_last, column - 1) + 1);
            }
            current.push(newest);
            right_before = Some(r);
        }
        before_last = std::mem::replace(&mut last, current);
        left_before = Some(l);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        let distance =
            |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        for (a, b, edits) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("ab", "ba", 1),
            ("abc", "bca", 2),
            ("kitten", "sitting", 3),
            ("Zürich", "Zurich", 1),
        ] {
            assert_eq!(distance(a, b), edits, "{a} {b}");
            assert_eq!(distance(b, a), edits, "{b} {a}");
        }
    }

    #[test]
    fn finds_what_was_meant() {
        let names = ["department", "country", "hired_on", "ZA", "NA", "x"];
        for (word, meant) in [
            ("departmnt", Some("department")),
            ("Department", Some("department")),
            ("dept", None),
            ("contry", Some("country")),
            ("hired", None),
            ("hiredon", Some("hired_on")),
            ("za", Some("ZA")),
            ("AZ", Some("ZA")),
            ("X", Some("x")),
            ("y", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, names), meant, "{word}");
        }
    }

    #[test]
    fn long_words_are_near_to_nothing() {
        let long = "a".repeat(65);
        assert_eq!(nearest(&long, [long.as_str()]), None);
        assert_eq!(nearest("a", [long.as_str()]), None);
        let longest = "a".repeat(64);
        assert_eq!(nearest(&longest, [longest.as_str()]), Some(longest.as_str()));
    }
}
