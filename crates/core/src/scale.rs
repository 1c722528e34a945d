//! Numbers as codes: counted from a base in steps, both as the numbers that came so far allow, so that few bytes are
//! enough. Order is kept. Not here: the codes of the people (`codes`).

use crate::codes::width_of;
use crate::image::{In, Out};

/// Steps to try, coarsest first; each is a multiple of the next.
pub(crate) type Ladder = &'static [i64];

/// Whole numbers and days.
pub(crate) const ONES: Ladder = &[1];
/// Millionths: whole numbers, tenths, and so on.
pub(crate) const MILLIONTHS: Ladder = &[1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
/// Milliseconds: minutes, seconds.
pub(crate) const MILLISECONDS: Ladder = &[60_000, 1_000, 1];

/// Below any number that a value can be.
const FLOOR: i64 = i64::MIN / 2;

/// How numbers become codes: the code of `base` is 1, that of `base + step` is 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale {
    base: i64,
    step: i64,
    /// The least and the greatest number so far.
    span: (i64, i64),
}

impl Scale {
    /// A scale for some numbers and those of an earlier one, and the greatest code of the width that it takes.
    /// `None` if there are no numbers.
    pub(crate) fn fitting(numbers: &[i64], earlier: Option<&Self>, ladder: Ladder) -> Option<(Self, u64)> {
        let (least, greatest) = (numbers.iter().min(), numbers.iter().max());
        let span = match (earlier, least.zip(greatest)) {
            (Some(earlier), Some((least, greatest))) => {
                (earlier.span.0.min(*least), earlier.span.1.max(*greatest))
            }
            (None, Some((least, greatest))) => (*least, *greatest),
            (Some(earlier), None) => earlier.span,
            (None, None) => return None,
        };
        let fits = |step: &&i64| {
            earlier.is_none_or(|earlier| earlier.step % **step == 0)
                && numbers.iter().all(|number| number % **step == 0)
        };
        let step = ladder.iter().find(fits).copied().unwrap_or(1);
        let (least, greatest) = (i128::from(span.0 / step), i128::from(span.1 / step));
        let needed = u64::try_from(greatest - least + 1).unwrap_or(u64::MAX);
        // With room at both ends, so that the next number seldom asks for another scale.
        let ceiling = width_of(needed.saturating_add(needed / 3));
        let room = i128::from(ceiling - needed);
        let base = i64::try_from(least - room / 2).unwrap_or(FLOOR).max(FLOOR / step) * step;
        Some((Self { base, step, span }, ceiling))
    }

    pub(crate) fn write(&self, out: &mut Out) {
        let Self { base, step, span } = self;
        [*base, *step, span.0, span.1].iter().for_each(|number| out.signed(*number));
    }

    pub(crate) fn read(input: &mut In<'_>, ladder: Ladder) -> Option<Self> {
        let (base, step) = (input.signed()?, input.signed()?);
        let span = (input.signed()?, input.signed()?);
        (ladder.contains(&step) && base >= FLOOR && span.0 <= span.1).then_some(Self { base, step, span })
    }

    /// Notes that numbers came which fit, so that a later scale has room for them.
    pub(crate) fn stretch(&mut self, numbers: &[i64]) {
        for number in numbers {
            self.span = (self.span.0.min(*number), self.span.1.max(*number));
        }
    }

    /// The least and the greatest number so far.
    pub(crate) fn span(&self) -> (i64, i64) {
        self.span
    }

    /// The code of a number, if it has one at most this great.
    pub(crate) fn code(&self, number: i64, ceiling: u64) -> Option<u64> {
        let distance = i128::from(number) - i128::from(self.base);
        let step = i128::from(self.step);
        if distance % step != 0 {
            return None;
        }
        let code = u64::try_from(distance / step + 1).ok()?;
        (1..=ceiling).contains(&code).then_some(code)
    }

    /// The number of a code.
    pub(crate) fn number(&self, code: u64) -> i64 {
        let number = i128::from(self.base) + (i128::from(code) - 1) * i128::from(self.step);
        i64::try_from(number).unwrap_or(i64::MAX)
    }

    /// The first code whose number is not before (or, `after`, is beyond) this one. At least 1.
    pub(crate) fn cut(&self, number: i64, after: bool) -> u64 {
        let distance = i128::from(number) - i128::from(self.base);
        let step = i128::from(self.step);
        let whole = distance.div_euclid(step);
        let beyond = after || distance.rem_euclid(step) != 0;
        u64::try_from((whole + 1 + i128::from(beyond)).max(1)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn codes_keep_order_and_cuts_fall_between(
            first in prop::collection::vec(-500..500_i64, 1..5),
            second in prop::collection::vec(any::<i64>().prop_map(|number| number >> 9), 1..5),
            asked in prop_oneof![-600..600_i64, any::<i64>().prop_map(|number| number >> 9)],
        ) {
            let first: Vec<i64> = first.iter().map(|number| number * 1_000).collect();
            let (scale, ceiling) = Scale::fitting(&first, None, MILLIONTHS).unwrap();
            prop_assert!(first.iter().all(|number| scale.code(*number, ceiling).is_some()));
            let (scale, ceiling) = Scale::fitting(&second, Some(&scale), MILLIONTHS).unwrap();
            for number in first.iter().chain(&second) {
                let code = scale.code(*number, ceiling).unwrap();
                prop_assert_eq!(scale.number(code), *number);
                prop_assert_eq!(code >= scale.cut(asked, false), *number >= asked);
                prop_assert_eq!(code >= scale.cut(asked, true), *number > asked);
            }
        }
    }

    #[test]
    fn few_bytes_are_enough_for_what_people_write() {
        let width = |numbers: &[i64], ladder| Scale::fitting(numbers, None, ladder).unwrap().1;
        assert_eq!(width(&[1, 12], ONES), 0xFF);
        assert_eq!(width(&[0, 500_000, 1_000_000], MILLIONTHS), 0xFF);
        assert_eq!(width(&[0, 100_000_000, 68_250_000], MILLIONTHS), 0xFFFF);
        assert_eq!(width(&[1_700_000_000_000, 1_795_000_000_000], MILLISECONDS), 0xFFFF_FFFF);
    }
}
