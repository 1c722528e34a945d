//! Sets of people as text: runs of consecutive numbers, `0-4,7,9-12`.

use std::fmt::Write;

use crate::RowSet;
use crate::seal::runs_of;

pub(crate) fn written(people: &RowSet) -> String {
    let mut text = String::new();
    for (first, last) in runs_of(people) {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = if first == last {
            write!(text, "{comma}{first}")
        } else {
            write!(text, "{comma}{first}-{last}")
        };
    }
    text
}

/// The set, if it is written as [`written`] writes it and has nobody beyond so many people.
pub(crate) fn read(text: &str, count: u32) -> Option<RowSet> {
    if text.is_empty() {
        return Some(RowSet::default());
    }
    let mut runs = Vec::new();
    let mut free = 0;
    for run in text.split(',') {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if first < free || last < first || last >= count {
            return None;
        }
        free = last + 1;
        runs.push(first..=last);
    }
    let people: RowSet = runs.into_iter().flatten().collect();
    (written(&people) == text).then_some(people)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_written_in_one_way_only() {
        for text in ["", "0", "0-4,7,9-12", "3-4"] {
            assert_eq!(written(&read(text, 13).unwrap()), text);
        }
        for wrong in ["0-13", "4-0", "3,3", "3,2", "0,1", "3-3", "+1", "01", "x", ",", "1,", "4294967295"] {
            assert_eq!(read(wrong, 13), None, "{wrong}");
        }
    }
}
