//! One bit a person: whether a code lies in a range, 4,096 people at a time. Portable and safe, in loops that
//! compilers turn into vector code. Not here: which ranges (`ranges`).
#![allow(clippy::indexing_slicing, reason = "word positions are computed within blocks of fixed size")]

use wide::i8x16;

use crate::block::{WORDS, Words};
use crate::codes::Codes;
use crate::column::Range;

/// The people of a block whose code lies in a range that is not empty.
pub(crate) fn scan_codes(codes: &Codes, (lo, hi): Range, block: usize, out: &mut Words) {
    macro_rules! scan_width {
        ($chunks:expr, $width:ty) => {
            match <$width>::try_from(lo) {
                Ok(lo) => {
                    let width = <$width>::try_from(hi).unwrap_or(<$width>::MAX) - lo;
                    scan($chunks.chunk(block), out, |code: $width| code.wrapping_sub(lo) <= width);
                }
                Err(_) => *out = [0; WORDS],
            }
        };
    }
    match codes {
        Codes::One(chunks) => scan_width!(chunks, u8),
        Codes::Two(chunks) => scan_width!(chunks, u16),
        Codes::Four(chunks) => scan_width!(chunks, u32),
        Codes::Eight(chunks) => scan_width!(chunks, u64),
    }
}

/// One bit per code: whether it passes. Rows never written read as 0, "no value".
pub(crate) fn scan<T: Copy + Default>(codes: &[T], out: &mut Words, passes: impl Fn(T) -> bool) {
    let (groups, rest) = codes.as_chunks::<64>();
    let outside = if passes(T::default()) { u64::MAX } else { 0 };
    *out = [outside; WORDS];
    for (out, group) in out.iter_mut().zip(groups) {
        // A byte for each code first: compilers turn this loop into vector code, but not the packing of bits.
        let mut bytes = [0_u8; 64];
        for (byte, code) in bytes.iter_mut().zip(group) {
            *byte = if passes(*code) { u8::MAX } else { 0 };
        }
        *out = pack(&bytes);
    }
    if let Some(out) = out.get_mut(groups.len())
        && !rest.is_empty()
    {
        for place in 0..64 {
            let code = rest.get(place).copied().unwrap_or_default();
            *out = *out & !(1 << place) | u64::from(passes(code)) << place;
        }
    }
}

/// The highest bits of 64 bytes as one word.
fn pack(bytes: &[u8; 64]) -> u64 {
    let mut word = 0;
    for (index, sixteen) in bytes.as_chunks::<16>().0.iter().enumerate() {
        let mask = i8x16::new(sixteen.map(u8::cast_signed)).to_bitmask();
        word |= u64::from(mask) << (16 * index);
    }
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::block::BLOCK;

    proptest! {
        #[test]
        fn a_scan_is_the_test_of_each_code(codes in prop::collection::vec(0..6_u16, 0..300), lo in 0..6_u16, width in 0..3_u16) {
            let passes = |code: u16| code.wrapping_sub(lo) <= width;
            let mut out = [7; WORDS];
            scan(&codes, &mut out, passes);
            for row in 0..BLOCK {
                let code = codes.get(row).copied().unwrap_or_default();
                prop_assert_eq!(out[row / 64] >> (row % 64) & 1 == 1, passes(code));
            }
        }
    }
}
