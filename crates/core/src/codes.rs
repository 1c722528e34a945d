//! The codes of one column, one number a person, of one, two, four or eight bytes, whichever is enough. All widths
//! read as `u64`. Not here: what the numbers mean (`column`).

mod image;

use crate::Bytes;
use crate::block::BLOCK;
use crate::chunks::Chunks;

/// Codes by row; 0 where nothing was written.
#[derive(Clone, Debug)]
pub(crate) enum Codes {
    One(Chunks<u8, BLOCK>),
    Two(Chunks<u16, BLOCK>),
    Four(Chunks<u32, BLOCK>),
    Eight(Chunks<u64, BLOCK>),
}

/// The same expression for each width.
macro_rules! each_width {
    ($codes:expr, $chunks:ident => $body:expr) => {
        match $codes {
            Codes::One($chunks) => $body,
            Codes::Two($chunks) => $body,
            Codes::Four($chunks) => $body,
            Codes::Eight($chunks) => $body,
        }
    };
}

/// A number of any width.
trait Width: Copy + Default {
    fn widen(self) -> u64;
    /// Of a number that fits.
    fn narrow(code: u64) -> Self;
}

macro_rules! widths {
    ($($type:ty),*) => {$(
        impl Width for $type {
            fn widen(self) -> u64 {
                u64::from(self)
            }

            fn narrow(code: u64) -> Self {
                Self::try_from(code).unwrap_or_default()
            }
        }
    )*};
}

widths!(u8, u16, u32, u64);

impl Default for Codes {
    fn default() -> Self {
        Self::One(Chunks::default())
    }
}

impl Codes {
    pub(crate) fn get(&self, row: u32) -> u64 {
        let row = row as usize;
        each_width!(self, chunks => chunks.get(row).copied().unwrap_or_default().widen())
    }

    /// Sets the code of a row, taking a greater width if it does not fit.
    pub(crate) fn set(&mut self, row: u32, code: u64) {
        if code > self.ceiling() {
            self.widen(width_of(code));
        }
        let row = row as usize;
        each_width!(self, chunks => chunks.set(row, Width::narrow(code)));
    }

    /// The greatest code that fits the width.
    pub(crate) fn ceiling(&self) -> u64 {
        match self {
            Self::One(_) => u8::MAX.into(),
            Self::Two(_) => u16::MAX.into(),
            Self::Four(_) => u32::MAX.into(),
            Self::Eight(_) => u64::MAX,
        }
    }

    /// Takes at least the width of a ceiling.
    pub(crate) fn widen(&mut self, ceiling: u64) {
        if ceiling > self.ceiling() {
            *self = self.recoded(ceiling, |code| code);
        }
    }

    /// The same rows with every code but 0 translated, at the width of a ceiling.
    pub(crate) fn recoded(&self, ceiling: u64, translate: impl Fn(u64) -> u64) -> Self {
        let translate = |code: u64| if code == 0 { 0 } else { translate(code) };
        match width_of(ceiling) {
            0..=0xFF => {
                each_width!(self, chunks => Self::One(chunks.map(|code| Width::narrow(translate(code.widen())))))
            }
            0x100..=0xFFFF => {
                each_width!(self, chunks => Self::Two(chunks.map(|code| Width::narrow(translate(code.widen())))))
            }
            0x1_0000..=0xFFFF_FFFF => {
                each_width!(self, chunks => Self::Four(chunks.map(|code| Width::narrow(translate(code.widen())))))
            }
            _ => each_width!(self, chunks => Self::Eight(chunks.map(|code| translate(code.widen())))),
        }
    }

    /// Replaces codes in place by a translation (ascending); chunks that have none of them stay shared.
    pub(crate) fn translate(&mut self, translation: &[(u32, u32)]) {
        let (Some((low, _)), Some((high, _))) = (translation.first(), translation.last()) else {
            return;
        };
        let (low, high) = (u64::from(*low), u64::from(*high));
        let translated = |code: u64| {
            let place = translation.binary_search_by_key(&code, |(old, _)| u64::from(*old));
            place.ok().and_then(|place| translation.get(place)).map_or(code, |(_, new)| u64::from(*new))
        };
        each_width!(self, chunks => chunks.update(|chunk| {
            let within = |code: u64| (low..=high).contains(&code);
            let any = chunk.iter().any(|code| within(code.widen()));
            let new = |code: u64| if within(code) { translated(code) } else { code };
            any.then(|| chunk.iter().map(|code| Width::narrow(new(code.widen()))).collect())
        }));
    }

    /// Visits every row whose code lies between two, both included.
    pub(crate) fn each_between(&self, low: u64, high: u64, mut visit: impl FnMut(u32, u64)) {
        each_width!(self, chunks => for index in 0..chunks.chunk_count() {
            let start = u32::try_from(index * BLOCK).unwrap_or(u32::MAX);
            for (row, code) in (start..).zip(chunks.chunk(index)) {
                let code = code.widen();
                if low <= code && code <= high {
                    visit(row, code);
                }
            }
        });
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        match (self, other) {
            (Self::One(ours), Some(Self::One(theirs))) => ours.bytes(Some(theirs)),
            (Self::Two(ours), Some(Self::Two(theirs))) => ours.bytes(Some(theirs)),
            (Self::Four(ours), Some(Self::Four(theirs))) => ours.bytes(Some(theirs)),
            (Self::Eight(ours), Some(Self::Eight(theirs))) => ours.bytes(Some(theirs)),
            (ours, _) => each_width!(ours, chunks => chunks.bytes(None)),
        }
    }
}

/// The greatest code of the narrowest width that a code fits.
pub(crate) fn width_of(code: u64) -> u64 {
    match code {
        0..=0xFF => u8::MAX.into(),
        0x100..=0xFFFF => u16::MAX.into(),
        0x1_0000..=0xFFFF_FFFF => u32::MAX.into(),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_keeps_what_narrower_ones_held() {
        let mut codes = Codes::default();
        let values = [1, 255, 256, 65_535, 65_536, u64::from(u32::MAX), 1 << 40];
        for (row, code) in (0..).zip(values) {
            codes.set(row * 5_000, code);
        }
        for (row, code) in (0..).zip(values) {
            assert_eq!(codes.get(row * 5_000), code);
        }
        assert_eq!(codes.get(7), 0);
        let mut found = Vec::new();
        codes.each_between(255, 65_535, |row, code| found.push((row, code)));
        assert_eq!(found, [(5_000, 255), (10_000, 256), (15_000, 65_535)]);
    }

    #[test]
    fn a_translation_leaves_other_chunks_shared() {
        let mut codes = Codes::default();
        (0..3).for_each(|chunk| codes.set(chunk * 4096, 10 + u64::from(chunk)));
        let before = codes.clone();
        codes.translate(&[(11, 20)]);
        assert_eq!([codes.get(0), codes.get(4096), codes.get(8192)], [10, 20, 12]);
        let bytes = codes.bytes(Some(&before));
        assert!(bytes.unshared < bytes.held);
    }
}
