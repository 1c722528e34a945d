//! Exact decimal numbers: whole millionths in one integer. Not here: which attributes hold them (`schema`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How many digits a [`Decimal`] can have after its point.
const PLACES: usize = 6;
const ONE: i64 = 1_000_000;

/// An exact decimal number with at most six digits after the point, below a million millions either way. It is
/// written without an exponent: `0.8`, `-12`.
///
/// ```
/// use matricula_rule::Decimal;
///
/// let sum = "0.1".parse::<Decimal>()?.millionths() + "0.2".parse::<Decimal>()?.millionths();
/// assert_eq!(Decimal::from_millionths(sum), "0.3".parse().ok());
/// assert!("0.1234567".parse::<Decimal>().is_err());
/// # Ok::<(), matricula_rule::NotADecimal>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i64);

/// A text that is no decimal number with at most six digits after its point, or one that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a decimal number with at most 6 digits after the point, below 1000000000000 either way")]
pub struct NotADecimal;

impl Decimal {
    /// The greatest number; the least is its opposite.
    pub const MAX: Self = Self(1_000_000 * 1_000_000 * ONE - 1);

    /// From millionths: `1_500_000` is 1.5. `None` beyond [`Decimal::MAX`] either way.
    pub fn from_millionths(millionths: i64) -> Option<Self> {
        (millionths.unsigned_abs() <= Self::MAX.0.unsigned_abs()).then_some(Self(millionths))
    }

    /// The number in millionths.
    pub fn millionths(self) -> i64 {
        self.0
    }
}

impl FromStr for Decimal {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(whole) || !all_digits(part) {
            return Err(NotADecimal);
        }
        let part = part.trim_end_matches('0');
        if part.len() > PLACES {
            return Err(NotADecimal);
        }
        let whole: i64 = whole.parse().map_err(|_| NotADecimal)?;
        let part: i64 = format!("{part:0<PLACES$}").parse().map_err(|_| NotADecimal)?;
        let value = whole.checked_mul(ONE).and_then(|whole| whole.checked_add(part)).ok_or(NotADecimal)?;
        Self::from_millionths(if negative { -value } else { value }).ok_or(NotADecimal)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let part = format!("{part:06}");
        write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_and_back(millionths in -Decimal::MAX.0..=Decimal::MAX.0) {
            let decimal = Decimal::from_millionths(millionths).unwrap();
            prop_assert_eq!(decimal.to_string().parse(), Ok(decimal));
        }

        #[test]
        fn any_text_is_a_number_or_refused(text in "[-+.0-9eE]{0,24}") {
            if let Ok(decimal) = text.parse::<Decimal>() {
                let float: f64 = text.parse().unwrap();
                prop_assert!((float - decimal.0 as f64 / 1e6).abs() <= float.abs() * 1e-15);
            }
        }
    }

    #[test]
    fn what_is_no_decimal() {
        for text in
            ["", "-", ".5", "5.", "+5", "1e3", "0x1", "NaN", "inf", "1,5", " 1", "1000000000000", "1.0000001"]
        {
            assert_eq!(text.parse::<Decimal>(), Err(NotADecimal), "{text}");
        }
        for (text, shown) in [("-0", "0"), ("00.500", "0.5"), ("999999999999.999999", "999999999999.999999")]
        {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), shown);
        }
    }
}
