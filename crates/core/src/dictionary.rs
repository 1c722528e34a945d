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

    pub(crate) fn text(&self, code: u32) -> Option<&Arc<str>> {
        let chunk =
            self.chunks.partition_point(|chunk| chunk.first().is_some_and(|(_, first)| *first <= code));
        let chunk = self.chunks.get(chunk.checked_sub(1)?)?;
        let place = chunk.binary_search_by_key(&code, |(_, code)| *code).ok()?;
        chunk.get(place).map(|(text, _)| text)
    }

    /// Adds a text that is not there yet, between its neighbours; `None` if no code is left between them.
    pub(crate) fn insert(&mut self, text: &str, ceiling: u32) -> Option<u32> {
        let at = self.chunk_of(text);
        let Some(chunk) = self.chunks.get(at) else {
            let code = ceiling / 2;
            self.chunks.push(Arc::new(vec![(text.into(), code)]));
            self.len = 1;
            return Some(code);
        };
        let place = chunk.partition_point(|(entry, _)| **entry < *text);
        let code_at = |index: usize| chunk.get(index).map(|(_, code)| *code);
        let before = match place.checked_sub(1) {
            Some(place) => code_at(place),
            None => at.checked_sub(1).and_then(|at| self.chunks.get(at)?.last()).map(|(_, code)| *code),
        };
        let after = code_at(place)
            .or_else(|| self.chunks.get(at + 1).and_then(|chunk| chunk.first()).map(|(_, code)| *code));
        // At the ends, step by the usual gap rather than by half of what is left: feeds often come sorted.
        let stride = (ceiling / 2) / u32::try_from(self.len + 1).unwrap_or(u32::MAX);
        let code = match (before, after) {
            (Some(before), Some(after)) => before + (after - before) / 2,
            (Some(before), None) => before.checked_add(stride.min((ceiling - before).div_ceil(2)).max(1))?,
            (None, Some(after)) => after - stride.min(after / 2).max(1),
            (None, None) => ceiling / 2,
        };
        if code == 0 || code > ceiling || Some(code) == before {
            return None;
        }
        let chunk = Arc::make_mut(self.chunks.get_mut(at)?);
        chunk.insert(place, (text.into(), code));
        self.len += 1;
        if chunk.len() > CHUNK {
            let rest = chunk.split_off(CHUNK / 2);
            self.chunks.insert(at + 1, Arc::new(rest));
        }
        Some(code)
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
        let mut chunks = Vec::with_capacity(len.div_ceil(CHUNK / 2));
        let mut texts = texts.into_iter().peekable();
        while texts.peek().is_some() {
            chunks.push(Arc::new(texts.by_ref().take(CHUNK / 2).collect()));
        }
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
                if reference.insert(word.clone()) && dictionary.insert(word, ceiling).is_none() {
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
        }
    }

    #[test]
    fn sorted_input_seldom_runs_out_of_codes() {
        let mut dictionary = Dictionary::default();
        let mut renumberings = 0;
        for number in 0..20_000 {
            let text = format!("e{number:06}");
            if dictionary.insert(&text, u32::MAX).is_none() {
                dictionary = dictionary.renumbered(&[&text], u32::MAX).0;
                renumberings += 1;
            }
        }
        assert!(ascending(&dictionary, u32::MAX));
        assert!(renumberings < 20, "{renumberings} renumberings");
    }
}
