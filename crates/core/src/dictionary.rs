//! An order-preserving dictionary: text to codes that sort as the text does, with gaps so that new text fits
//! in between. When a gap is used up the dictionary is numbered anew and says so. Not here: the codes of the
//! people (`column`).

use std::sync::Arc;

/// Entries in a chunk before it is split.
const CHUNK: usize = 512;

/// One text and its code.
type Entry = (Arc<str>, u32);

/// Texts in order, each with a code from 1 to the ceiling; 0 stands for no value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary {
    chunks: Vec<Arc<Vec<Entry>>>,
    len: usize,
}

impl Dictionary {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The chunk in which the text is or would be.
    fn chunk_of(&self, text: &str) -> usize {
        self.chunks
            .partition_point(|chunk| chunk.first().is_some_and(|(first, _)| **first <= *text))
            .saturating_sub(1)
    }

    pub(crate) fn code(&self, text: &str) -> Option<u32> {
        let chunk = self.chunks.get(self.chunk_of(text))?;
        let place = chunk.binary_search_by(|(entry, _)| (**entry).cmp(text)).ok()?;
        chunk.get(place).map(|(_, code)| *code)
    }

    /// The codes of texts in order; 0 for one that is not there.
    pub(crate) fn look_up(&self, sorted: &[&str]) -> Vec<u32> {
        let (mut chunk, mut place) = (0, 0);
        let find = |text: &&str| {
            let starts_by = |index: usize| {
                self.chunks
                    .get(index)
                    .and_then(|chunk| chunk.first())
                    .is_some_and(|(first, _)| **first <= **text)
            };
            if starts_by(chunk + 1) {
                // Far ahead: in steps that double, then by halves.
                let mut step = 1;
                while starts_by(chunk + step) {
                    chunk += step;
                    step *= 2;
                }
                let ahead = self.chunks.get(chunk..(chunk + step).min(self.chunks.len())).unwrap_or_default();
                let in_order =
                    |chunk: &Arc<Vec<Entry>>| chunk.first().is_some_and(|(first, _)| **first <= **text);
                chunk += ahead.partition_point(in_order).saturating_sub(1);
                place = 0;
            }
            let entries = self.chunks.get(chunk)?.get(place..)?;
            place += entries.partition_point(|(entry, _)| **entry < **text);
            let (entry, code) = self.chunks.get(chunk)?.get(place)?;
            (**entry == **text).then_some(*code)
        };
        sorted.iter().map(find).map(Option::unwrap_or_default).collect()
    }

    pub(crate) fn text(&self, code: u32) -> Option<&Arc<str>> {
        let chunk =
            self.chunks.partition_point(|chunk| chunk.first().is_some_and(|(_, first)| *first <= code));
        let chunk = self.chunks.get(chunk.checked_sub(1)?)?;
        let place = chunk.binary_search_by_key(&code, |(_, code)| *code).ok()?;
        chunk.get(place).map(|(text, _)| text)
    }

    /// Adds texts that are not there yet (sorted, without repeats), each between its neighbours. Returns how
    /// many of them, from the first: the next has no code left between its neighbours.
    pub(crate) fn insert(&mut self, new: &[&str], ceiling: u32) -> usize {
        let mut rest = new;
        let mut chunks: Vec<Arc<Vec<Entry>>> = Vec::with_capacity(self.chunks.len() + new.len() / CHUNK + 1);
        // The usual gap: what is added at the ends keeps it, since feeds often come sorted.
        let stride = (ceiling / 2) / u32::try_from(self.len + new.len()).unwrap_or(u32::MAX);
        let mut old = std::mem::take(&mut self.chunks).into_iter().peekable();
        let mut before = 0;
        while let Some(mut chunk) = old.next() {
            let next = old.peek().and_then(|chunk| chunk.first());
            let mine = match next {
                Some((first, _)) => rest.partition_point(|text| **text < **first),
                None => rest.len(),
            };
            let (mine, others) = rest.split_at(mine);
            if !mine.is_empty() {
                let after = next.map(|(_, code)| *code);
                let (merged, done) = merge(&chunk, mine, (before, after), (stride, ceiling));
                self.len += done;
                chunks.extend(split(merged));
                if done < mine.len() {
                    chunks.extend(old);
                    self.chunks = chunks;
                    return new.len() - rest.len() + done;
                }
                before = chunks.last().and_then(|chunk| chunk.last()).map_or(before, |(_, code)| *code);
                rest = others;
                continue;
            }
            before = chunk.last().map_or(before, |(_, code)| *code);
            // Moved, not counted up: the chunk stays where it is.
            chunks.push(std::mem::take(&mut chunk));
        }
        self.chunks = chunks;
        new.len() - rest.len()
    }

    /// The same texts and those `added` (sorted, without repeats), numbered evenly below the ceiling, with
    /// room at both ends; and the old codes, ascending, each with its new one.
    pub(crate) fn renumbered(&self, added: &[&str], ceiling: u32) -> (Self, Vec<(u32, u32)>) {
        let mut texts: Vec<(Arc<str>, u32)> = Vec::with_capacity(self.len + added.len());
        let mut added = added.iter().peekable();
        for (text, code) in self.entries() {
            while let Some(next) = added.next_if(|next| ***next < **text) {
                texts.push(((*next).into(), 0));
            }
            added.next_if(|next| ***next == **text);
            texts.push((text.clone(), *code));
        }
        texts.extend(added.map(|next| ((*next).into(), 0)));
        let count = u64::try_from(texts.len()).unwrap_or(u64::MAX);
        let (start, room) = (u64::from(ceiling / 4) + 1, u64::from(ceiling / 2).max(count));
        let mut translation = Vec::with_capacity(self.len);
        let start = if start + room > u64::from(ceiling) { 1 } else { start };
        for (index, (_, code)) in (0_u64..).zip(&mut texts) {
            let new = u32::try_from(start + index * room / count.max(1)).unwrap_or(u32::MAX);
            if *code != 0 {
                translation.push((*code, new));
            }
            *code = new;
        }
        let len = texts.len();
        let chunks = split(texts).collect();
        (Self { chunks, len }, translation)
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> crate::Bytes {
        let mut bytes = crate::Bytes::default();
        for (index, chunk) in self.chunks.iter().enumerate() {
            let theirs = other.and_then(|other| other.chunks.get(index));
            // Each text is an allocation of its own with two counters.
            let texts: usize = chunk.iter().map(|(text, _)| text.len() + 16).sum();
            bytes.add_shared(chunk, theirs, chunk.capacity() * size_of::<Entry>() + texts);
        }
        bytes.add_own(self.chunks.capacity() * size_of::<Arc<Vec<Entry>>>());
        bytes
    }
}

/// A chunk with new texts in it, and how many of them found a code. `around` are the last code before the chunk
/// (0 if there is none) and the first after it.
fn merge(
    chunk: &[Entry],
    new: &[&str],
    around: (u32, Option<u32>),
    (stride, ceiling): (u32, u32),
) -> (Vec<Entry>, usize) {
    let mut merged: Vec<Entry> = Vec::with_capacity(chunk.len() + new.len());
    let (mut rest, mut before) = (new, around.0);
    let ends = chunk.iter().map(|entry| (Some(entry), Some(entry.1))).chain([(None, around.1)]);
    let mut full = false;
    for (entry, after) in ends {
        let here = match entry {
            Some((text, _)) if !full => rest.partition_point(|new| **new < **text),
            Some(_) => 0,
            None if !full => rest.len(),
            None => 0,
        };
        let (here, others) = rest.split_at(here);
        if !here.is_empty() {
            let codes = between(before, after, here.len(), stride, ceiling);
            match codes {
                Some(codes) => {
                    merged.extend(here.iter().zip(codes).map(|(text, code)| (Arc::from(*text), code)));
                    rest = others;
                }
                None => full = true,
            }
        }
        if let Some(entry) = entry {
            merged.push(entry.clone());
            before = entry.1;
        }
    }
    (merged, new.len() - rest.len())
}

/// Codes for this many texts between two codes, if there are enough; 0 and `None` are the ends.
fn between(before: u32, after: Option<u32>, count: usize, stride: u32, ceiling: u32) -> Option<Vec<u32>> {
    let count = u64::try_from(count).ok()?;
    let end = u64::from(after.unwrap_or(ceiling)) + u64::from(after.is_none());
    let (mut start, mut end) = (u64::from(before), end);
    if end - start <= count {
        return None;
    }
    let wanted = u64::from(stride.max(1)) * (count + 1);
    if wanted < end - start {
        if after.is_none() {
            end = start + wanted;
        } else if before == 0 {
            start = end - wanted;
        }
    }
    (1..=count).map(|place| u32::try_from(start + (end - start) * place / (count + 1)).ok()).collect()
}

/// Entries as chunks, each half full if there are many.
fn split(entries: Vec<Entry>) -> impl Iterator<Item = Arc<Vec<Entry>>> {
    let size = if entries.len() > CHUNK { CHUNK / 2 } else { CHUNK };
    let mut entries = entries.into_iter().peekable();
    std::iter::from_fn(move || {
        entries.peek()?;
        Some(Arc::new(entries.by_ref().take(size).collect()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn ascending(dictionary: &Dictionary, ceiling: u32) -> bool {
        let codes: Vec<u32> = dictionary.entries().map(|(_, code)| *code).collect();
        codes.is_sorted_by(|a, b| a < b) && codes.iter().all(|code| (1..=ceiling).contains(code))
    }

    proptest! {
        #[test]
        fn codes_keep_the_order_of_the_texts(words in prop::collection::vec("[a-d]{0,4}", 0..250), ceiling in prop_oneof![Just(255_u32), Just(65_535), Just(u32::MAX)]) {
            let mut dictionary = Dictionary::default();
            let mut reference = BTreeSet::new();
            for word in &words {
                if reference.insert(word.clone()) && dictionary.insert(&[word], ceiling) == 0 {
                    let before = dictionary.clone();
                    let (renumbered, translation) = dictionary.renumbered(&[word], ceiling);
                    for (old, new) in translation {
                        prop_assert_eq!(before.text(old), renumbered.text(new));
                    }
                    dictionary = renumbered;
                }
                prop_assert!(ascending(&dictionary, ceiling));
            }
            prop_assert_eq!(dictionary.len(), reference.len());
            for word in &reference {
                let code = dictionary.code(word).unwrap();
                prop_assert_eq!(&**dictionary.text(code).unwrap(), word.as_str());
            }
            prop_assert_eq!(dictionary.code("zebra"), None);
            let mut asked: Vec<&str> = words.iter().map(String::as_str).chain(["", "aa!", "zebra"]).collect();
            asked.sort_unstable();
            let one_by_one: Vec<u32> = asked.iter().map(|word| dictionary.code(word).unwrap_or_default()).collect();
            prop_assert_eq!(dictionary.look_up(&asked), one_by_one);
        }
    }

    #[test]
    fn sorted_input_seldom_runs_out_of_codes() {
        let mut dictionary = Dictionary::default();
        let mut renumberings = 0;
        for number in 0..20_000 {
            let text = format!("e{number:06}");
            if dictionary.insert(&[&text], u32::MAX) == 0 {
                dictionary = dictionary.renumbered(&[&text], u32::MAX).0;
                renumberings += 1;
            }
        }
        assert!(ascending(&dictionary, u32::MAX));
        assert!(renumberings < 20, "{renumberings} renumberings");
    }
}
