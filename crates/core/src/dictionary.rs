//! An order-preserving dictionary: texts, as bytes, to codes that sort as they do, with gaps so that a new text
//! fits in between. When a gap is used up its neighbourhood, or the whole, is numbered anew, and says so. Not
//! here: the codes of the people (`column`).

mod image;

use std::sync::Arc;

/// Entries in a chunk before it is split.
const CHUNK: usize = 512;

/// A run of texts in order, back to back in one allocation, each with its code.
#[derive(Clone, Debug, Default)]
struct Chunk {
    texts: Vec<u8>,
    /// Where each text ends.
    ends: Vec<u32>,
    codes: Vec<u32>,
}

impl Chunk {
    fn len(&self) -> usize {
        self.codes.len()
    }

    fn text(&self, place: usize) -> &[u8] {
        let end = self.ends.get(place).copied().unwrap_or_default() as usize;
        let start =
            place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.texts.get(start as usize..end).unwrap_or_default()
    }

    fn code(&self, place: usize) -> Option<u32> {
        self.codes.get(place).copied()
    }

    fn push(&mut self, text: &[u8], code: u32) {
        self.texts.extend_from_slice(text);
        self.ends.push(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.codes.push(code);
    }

    fn entries(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.codes.iter().enumerate().map(|(place, code)| (self.text(place), *code))
    }

    /// The first place from `from` on whose text is not before this one.
    fn seek(&self, text: &[u8], from: usize) -> usize {
        let (mut low, mut high) = (from, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.text(middle) < text { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// Texts in order, each with a code from 1 to the ceiling; 0 stands for no value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary {
    /// None of them empty.
    chunks: Vec<Arc<Chunk>>,
    len: usize,
}

impl Dictionary {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.chunks.iter().flat_map(|chunk| chunk.entries())
    }

    pub(crate) fn code(&self, text: &[u8]) -> Option<u32> {
        let chunk = self.chunks.partition_point(|chunk| chunk.text(0) <= text).checked_sub(1)?;
        let chunk = self.chunks.get(chunk)?;
        let place = chunk.seek(text, 0);
        chunk.code(place).filter(|_| chunk.text(place) == text)
    }

    /// The codes of texts in order; 0 for one that is not there.
    pub(crate) fn look_up(&self, sorted: &[&[u8]]) -> Vec<u32> {
        let (mut chunk, mut place) = (0, 0);
        let find = |text: &&[u8]| {
            let starts_by = |index: usize| self.chunks.get(index).is_some_and(|chunk| chunk.text(0) <= *text);
            if starts_by(chunk + 1) {
                // Far ahead: in steps that double, then by halves.
                let mut step = 1;
                while starts_by(chunk + step) {
                    chunk += step;
                    step *= 2;
                }
                let ahead = self.chunks.get(chunk..(chunk + step).min(self.chunks.len())).unwrap_or_default();
                chunk += ahead.partition_point(|chunk| chunk.text(0) <= *text).saturating_sub(1);
                place = 0;
            }
            let here = self.chunks.get(chunk)?;
            place = here.seek(text, place);
            here.code(place).filter(|_| here.text(place) == *text)
        };
        sorted.iter().map(find).map(Option::unwrap_or_default).collect()
    }

    pub(crate) fn text(&self, code: u32) -> Option<&[u8]> {
        let chunk = self.chunks.partition_point(|chunk| chunk.code(0).is_some_and(|first| first <= code));
        let chunk = self.chunks.get(chunk.checked_sub(1)?)?;
        let place = chunk.codes.binary_search(&code).ok()?;
        Some(chunk.text(place))
    }

    /// Adds texts that are not there yet (sorted, without repeats), each between its neighbours. Gives the codes of as
    /// many of them, from the first, as found one: the next has no code left between its neighbours.
    pub(crate) fn insert(&mut self, new: &[&[u8]], ceiling: u32) -> Vec<u32> {
        let mut codes = Vec::with_capacity(new.len());
        let mut rest = new;
        let mut chunks: Vec<Arc<Chunk>> = Vec::with_capacity(self.chunks.len() + new.len() / CHUNK + 1);
        // The usual gap: what is added at the ends keeps it, since feeds often come sorted.
        let stride = (ceiling / 2) / u32::try_from(self.len + new.len()).unwrap_or(u32::MAX);
        let mut old = std::mem::take(&mut self.chunks).into_iter().peekable();
        let mut before = 0;
        while let Some(chunk) = old.next() {
            let next = old.peek();
            let mine = next.map_or(rest.len(), |next| rest.partition_point(|text| *text < next.text(0)));
            let (mine, others) = rest.split_at(mine);
            if mine.is_empty() {
                before = chunk.codes.last().copied().unwrap_or(before);
                chunks.push(chunk);
                continue;
            }
            let after = next.and_then(|next| next.code(0));
            let known = codes.len();
            let merged = merge(&chunk, mine, (before, after), (stride, ceiling), &mut codes);
            let done = codes.len() - known;
            self.len += done;
            before = merged.codes.last().copied().unwrap_or(before);
            chunks.extend(split(merged));
            rest = if done < mine.len() { rest.get(done..).unwrap_or_default() } else { others };
            if done < mine.len() {
                chunks.extend(old);
                break;
            }
        }
        self.chunks = chunks;
        codes
    }

    /// The same texts and those `added` (sorted, without repeats), numbered evenly below the ceiling, with
    /// room at both ends; and the old codes, ascending, each with its new one.
    pub(crate) fn renumbered(&self, added: &[&[u8]], ceiling: u32) -> (Self, Vec<(u32, u32)>) {
        let len = self.len + added.len();
        let count = u64::try_from(len).unwrap_or(u64::MAX).max(1);
        let (start, room) = (u64::from(ceiling / 4) + 1, u64::from(ceiling / 2).max(count));
        let start = if start + room > u64::from(ceiling) { 1 } else { start };
        let mut codes =
            (0_u64..).map(|place| u32::try_from(start + place * room / count).unwrap_or(u32::MAX));
        let mut translation = Vec::with_capacity(self.len);
        let mut whole = Builder::default();
        let mut added = added.iter().peekable();
        for (text, old) in self.entries() {
            while let Some(next) = added.next_if(|next| **next < text) {
                whole.push(next, codes.next().unwrap_or(u32::MAX));
            }
            let code = codes.next().unwrap_or(u32::MAX);
            translation.push((old, code));
            whole.push(text, code);
        }
        for next in added {
            whole.push(next, codes.next().unwrap_or(u32::MAX));
        }
        (Self { chunks: whole.finish(), len }, translation)
    }

    /// Adds one text that found no code between its neighbours: as few of them as will do are numbered anew, evenly
    /// over the codes that they take up. Gives the old codes of those, ascending, each with its new one; `None`
    /// if all codes are close together, and the whole should be numbered anew.
    pub(crate) fn squeeze_in(&mut self, text: &[u8], ceiling: u32) -> Option<Vec<(u32, u32)>> {
        let count = u64::try_from(self.len).ok().filter(|count| *count > 0)?;
        // A quarter of the usual gap is room enough for many more.
        let enough = (u64::from(ceiling) / (count + 1) / 4).max(16);
        let position = self.position(text);
        let mut reach = 32;
        loop {
            let start = position.saturating_sub(reach);
            let end = (position + reach).min(self.len);
            let before = start.checked_sub(1).map_or(0, |before| self.at(before).map_or(0, |(_, code)| code));
            let after = self.at(end).map_or(u64::from(ceiling) + 1, |(_, code)| code.into());
            let wanted = u64::try_from(end - start).ok()? + 1;
            if (after - u64::from(before)) / (wanted + 1) >= enough {
                return Some(self.respace(start..end, position, text, (before, after)));
            }
            if start == 0 && end == self.len {
                return None;
            }
            reach *= 2;
        }
    }

    /// Leaves out texts; the codes of the others stay.
    pub(crate) fn retain(&mut self, keep: impl Fn(&[u8], u32) -> bool) {
        for chunk in &mut self.chunks {
            if chunk.entries().all(|(text, code)| keep(text, code)) {
                continue;
            }
            let mut kept = Chunk::default();
            chunk
                .entries()
                .filter(|(text, code)| keep(text, *code))
                .for_each(|(text, code)| kept.push(text, code));
            *chunk = Arc::new(kept);
        }
        self.chunks.retain(|chunk| chunk.len() > 0);
        self.len = self.chunks.iter().map(|chunk| chunk.len()).sum();
    }

    /// How many texts come before this one.
    fn position(&self, text: &[u8]) -> usize {
        let Some(chunk) = self.chunks.partition_point(|chunk| chunk.text(0) <= text).checked_sub(1) else {
            return 0;
        };
        let before: usize = self.chunks.iter().take(chunk).map(|chunk| chunk.len()).sum();
        before + self.chunks.get(chunk).map_or(0, |chunk| chunk.seek(text, 0))
    }

    fn at(&self, mut position: usize) -> Option<(&[u8], u32)> {
        for chunk in &self.chunks {
            if position < chunk.len() {
                return chunk.code(position).map(|code| (chunk.text(position), code));
            }
            position -= chunk.len();
        }
        None
    }

    /// Numbers a range of positions anew, with a text put in, between two codes that stay.
    fn respace(
        &mut self,
        range: std::ops::Range<usize>,
        position: usize,
        text: &[u8],
        (before, after): (u32, u64),
    ) -> Vec<(u32, u32)> {
        let count = u64::try_from(range.len() + 1).unwrap_or(u64::MAX);
        let room = after - u64::from(before);
        let mut codes = (1..=count)
            .map(|place| u32::try_from(u64::from(before) + place * room / (count + 1)).unwrap_or(u32::MAX));
        let mut translation = Vec::with_capacity(range.len());
        let mut chunks = Vec::with_capacity(self.chunks.len() + 1);
        let mut start = 0;
        let mut added = false;
        for chunk in std::mem::take(&mut self.chunks) {
            let end = start + chunk.len();
            let last = end >= self.len;
            if end < range.start || start > range.end {
                chunks.push(chunk);
                start = end;
                continue;
            }
            let mut changed = Chunk::default();
            for (place, (old_text, old)) in (start..).zip(chunk.entries()) {
                if place == position && !added {
                    changed.push(text, codes.next().unwrap_or(u32::MAX));
                    added = true;
                }
                let code = if range.contains(&place) { codes.next().unwrap_or(u32::MAX) } else { old };
                if range.contains(&place) {
                    translation.push((old, code));
                }
                changed.push(old_text, code);
            }
            if last && !added {
                changed.push(text, codes.next().unwrap_or(u32::MAX));
                added = true;
            }
            chunks.extend(split(changed));
            start = end;
        }
        self.chunks = chunks;
        self.len += 1;
        translation
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> crate::Bytes {
        let mut bytes = crate::Bytes::default();
        for (index, chunk) in self.chunks.iter().enumerate() {
            let theirs = other.and_then(|other| other.chunks.get(index));
            let size = chunk.texts.capacity() + (chunk.ends.capacity() + chunk.codes.capacity()) * 4;
            bytes.add_shared(chunk, theirs, size + size_of::<Chunk>());
        }
        bytes.add_own(self.chunks.capacity() * size_of::<Arc<Chunk>>());
        bytes
    }
}

/// A chunk with new texts in it, as many of them, from the first, as found a code; those are added to `found`. `around`
/// are the last code before the chunk (0 if there is none) and the first after it.
fn merge(
    chunk: &Chunk,
    new: &[&[u8]],
    around: (u32, Option<u32>),
    (stride, ceiling): (u32, u32),
    found: &mut Vec<u32>,
) -> Chunk {
    let bytes: usize = new.iter().map(|text| text.len()).sum();
    let len = chunk.len() + new.len();
    let mut merged = Chunk {
        texts: Vec::with_capacity(chunk.texts.len() + bytes),
        ends: Vec::with_capacity(len),
        codes: Vec::with_capacity(len),
    };
    let (mut rest, mut before) = (new, around.0);
    let mut full = false;
    let ends = chunk.entries().map(|(text, code)| (Some(text), Some(code))).chain([(None, around.1)]);
    for (text, after) in ends {
        let here = match text {
            _ if full => 0,
            // Mostly none or one.
            Some(text) => rest.iter().take_while(|new| **new < text).count(),
            None => rest.len(),
        };
        let (here, others) = rest.split_at(here);
        if !here.is_empty() {
            match between(before, after, here.len(), stride, ceiling) {
                Some(codes) => {
                    here.iter().zip(&codes).for_each(|(text, code)| merged.push(text, *code));
                    found.extend(codes);
                    rest = others;
                }
                None => full = true,
            }
        }
        if let (Some(text), Some(code)) = (text, after) {
            merged.push(text, code);
            before = code;
        }
    }
    merged
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

/// A chunk as it is or, if it is too long, as halves.
fn split(chunk: Chunk) -> Vec<Arc<Chunk>> {
    if chunk.len() <= CHUNK {
        return vec![Arc::new(chunk)];
    }
    let mut parts = Builder::default();
    chunk.entries().for_each(|(text, code)| parts.push(text, code));
    parts.finish()
}

/// Puts chunks together from entries in order, each half full, so that there is room to insert.
#[derive(Default)]
struct Builder {
    done: Vec<Arc<Chunk>>,
    open: Chunk,
}

impl Builder {
    fn push(&mut self, text: &[u8], code: u32) {
        if self.open.len() >= CHUNK / 2 {
            self.done.push(Arc::new(std::mem::take(&mut self.open)));
        }
        self.open.push(text, code);
    }

    fn finish(mut self) -> Vec<Arc<Chunk>> {
        if self.open.len() > 0 {
            self.done.push(Arc::new(self.open));
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn ascending(dictionary: &Dictionary, ceiling: u32) -> bool {
        let codes: Vec<u32> = dictionary.entries().map(|(_, code)| code).collect();
        codes.is_sorted_by(|a, b| a < b) && codes.iter().all(|code| (1..=ceiling).contains(code))
    }

    proptest! {
        #[test]
        fn codes_keep_the_order_of_the_texts(words in prop::collection::vec("[a-d]{0,4}", 0..250), ceiling in prop_oneof![Just(255_u32), Just(65_535), Just(u32::MAX)]) {
            let mut dictionary = Dictionary::default();
            let mut reference = BTreeSet::new();
            for word in &words {
                if reference.insert(word.clone()) && dictionary.insert(&[word.as_bytes()], ceiling).is_empty() {
                    let before = dictionary.clone();
                    let translation = match dictionary.squeeze_in(word.as_bytes(), ceiling) {
                        Some(translation) => translation,
                        None => {
                            let (renumbered, translation) = dictionary.renumbered(&[word.as_bytes()], ceiling);
                            dictionary = renumbered;
                            translation
                        }
                    };
                    let moved: BTreeSet<u32> = translation.iter().map(|(old, _)| *old).collect();
                    for (text, old) in before.entries().filter(|(_, old)| !moved.contains(old)) {
                        prop_assert_eq!(dictionary.code(text), Some(old));
                    }
                    for (old, new) in translation {
                        prop_assert_eq!(before.text(old), dictionary.text(new));
                    }
                }
                prop_assert!(ascending(&dictionary, ceiling));
            }
            prop_assert_eq!(dictionary.len(), reference.len());
            for word in &reference {
                let code = dictionary.code(word.as_bytes()).unwrap();
                prop_assert_eq!(dictionary.text(code).unwrap(), word.as_bytes());
            }
            prop_assert_eq!(dictionary.code(b"zebra"), None);
            let mut asked: Vec<&[u8]> = words.iter().map(String::as_bytes).chain([&b""[..], b"aa!", b"zebra"]).collect();
            asked.sort_unstable();
            let one_by_one: Vec<u32> = asked.iter().map(|word| dictionary.code(word).unwrap_or_default()).collect();
            prop_assert_eq!(dictionary.look_up(&asked), one_by_one);
        }
    }

    proptest! {
        #[test]
        fn many_at_once_are_told_the_codes_that_they_have(old in prop::collection::btree_set("[a-d]{0,5}", 0..1500), new in prop::collection::btree_set("[a-d]{0,5}", 0..1500), ceiling in prop_oneof![Just(4_096_u32), Just(65_535), Just(u32::MAX)]) {
            let texts = |words: &BTreeSet<String>| -> Vec<Vec<u8>> { words.iter().map(|word| word.clone().into_bytes()).collect() };
            let (there, fresh) = (texts(&old), texts(&new.difference(&old).cloned().collect()));
            let there: Vec<&[u8]> = there.iter().map(Vec::as_slice).collect();
            let fresh: Vec<&[u8]> = fresh.iter().map(Vec::as_slice).collect();
            let (before, _) = Dictionary::default().renumbered(&there, ceiling);
            let mut after = before.clone();
            let codes = after.insert(&fresh, ceiling);
            prop_assert!(ascending(&after, ceiling));
            prop_assert_eq!(after.len(), there.len() + codes.len());
            prop_assert_eq!(after.look_up(fresh.get(..codes.len()).unwrap()), codes);
            prop_assert_eq!(after.look_up(&there), before.look_up(&there));
        }
    }

    #[test]
    fn sorted_input_seldom_runs_out_of_codes() {
        let mut dictionary = Dictionary::default();
        let mut renumberings = 0;
        for number in 0..20_000 {
            let text = format!("e{number:06}");
            if dictionary.insert(&[text.as_bytes()], u32::MAX).is_empty() {
                dictionary = dictionary.renumbered(&[text.as_bytes()], u32::MAX).0;
                renumberings += 1;
            }
        }
        assert!(ascending(&dictionary, u32::MAX));
        assert!(renumberings < 20, "{renumberings} renumberings");
    }

    #[test]
    fn texts_that_always_fall_between_the_same_two_seldom_move_many() {
        let (mut dictionary, _) = Dictionary::default().renumbered(&[b"a", b"z"], u32::MAX);
        let (mut times, mut moved) = (0, 0);
        for number in (0..5_000).rev() {
            let text = format!("m{number:06}");
            if dictionary.insert(&[text.as_bytes()], u32::MAX).is_empty() {
                moved += dictionary.squeeze_in(text.as_bytes(), u32::MAX).unwrap().len();
                times += 1;
            }
            assert_eq!(dictionary.len(), 5_000 - number + 2);
        }
        assert!(ascending(&dictionary, u32::MAX));
        assert!(times < 5_000 / 10 && moved < times * 1_000, "{moved} moved in {times} times");
    }
}
