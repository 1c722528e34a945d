//! One value per person as a small number: order-preserving codes of one, two or four bytes, 0 for none.
//! Because codes sort as values do, every comparison is one range of codes. Not here: which people a range
//! selects (`evaluate`).

use chrono::{Datelike, NaiveDate};
use matricula_rule::{OptionId, Value};

use crate::Bytes;
use crate::chunks::Chunks;
use crate::dictionary::Dictionary;
use crate::row_set::BLOCK;

/// The codes of one column; all three widths read as `u32`.
#[derive(Clone, Debug)]
pub(crate) enum Codes {
    One(Chunks<u8, BLOCK>),
    Two(Chunks<u16, BLOCK>),
    Four(Chunks<u32, BLOCK>),
}

/// How values become codes.
#[derive(Clone, Debug)]
enum Coding {
    /// Text, by dictionary.
    Text(Dictionary),
    /// The option's number plus one.
    Choice,
    /// Days since the day before `first`.
    Date { first: i32 },
    /// The code itself: statuses.
    Plain,
}

/// The days that fit two bytes, and those that need four: counted from these.
const FIRST_NARROW: i32 = days(1900);
const FIRST_WIDE: i32 = days(1);

const fn days(year: i32) -> i32 {
    match NaiveDate::from_ymd_opt(year, 1, 1) {
        // The same count as `Datelike::num_days_from_ce`, which is not const.
        Some(_) => (year - 1) * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1,
        None => 1,
    }
}

/// The codes from `lo` to `hi`, both included; none if `lo > hi`.
pub(crate) type Range = (u32, u32);
/// The range that holds no code.
pub(crate) const NOTHING: Range = (1, 0);
/// The range that holds every value.
pub(crate) const PRESENT: Range = (1, u32::MAX);

/// What learning values came to.
#[derive(Debug)]
pub(crate) struct Learnt {
    /// The codes of the values.
    pub(crate) codes: Vec<u32>,
    /// Whether codes that were there have changed, so that ranges taken before are void.
    pub(crate) renumbered: bool,
}

/// A column of codes with the meaning of each.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    coding: Coding,
    codes: Codes,
}

impl Column {
    pub(crate) fn text() -> Self {
        Self { coding: Coding::Text(Dictionary::default()), codes: Codes::One(Chunks::default()) }
    }

    pub(crate) fn choice() -> Self {
        Self { coding: Coding::Choice, codes: Codes::One(Chunks::default()) }
    }

    pub(crate) fn date() -> Self {
        Self { coding: Coding::Date { first: FIRST_NARROW }, codes: Codes::Two(Chunks::default()) }
    }

    pub(crate) fn plain() -> Self {
        Self { coding: Coding::Plain, codes: Codes::One(Chunks::default()) }
    }

    pub(crate) fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The code of a row; 0 if there is no value.
    pub(crate) fn get(&self, row: u32) -> u32 {
        let row = row as usize;
        match &self.codes {
            Codes::One(codes) => codes.get(row).copied().unwrap_or_default().into(),
            Codes::Two(codes) => codes.get(row).copied().unwrap_or_default().into(),
            Codes::Four(codes) => codes.get(row).copied().unwrap_or_default(),
        }
    }

    /// Sets the code of a row, taking wider codes if it does not fit.
    pub(crate) fn set(&mut self, row: u32, code: u32) {
        self.widen_to(code);
        let row = row as usize;
        match &mut self.codes {
            Codes::One(codes) => codes.set(row, u8::try_from(code).unwrap_or_default()),
            Codes::Two(codes) => codes.set(row, u16::try_from(code).unwrap_or_default()),
            Codes::Four(codes) => codes.set(row, code),
        }
    }

    fn widen_to(&mut self, code: u32) {
        if let Codes::One(codes) = &self.codes
            && code > u8::MAX.into()
        {
            self.codes = Codes::Two(codes.map(|&code| code.into()));
        }
        if let Codes::Two(codes) = &self.codes
            && code > u16::MAX.into()
        {
            self.codes = Codes::Four(codes.map(|&code| code.into()));
        }
    }

    fn ceiling(&self) -> u32 {
        match &self.codes {
            Codes::One(_) => u8::MAX.into(),
            Codes::Two(_) => u16::MAX.into(),
            Codes::Four(_) => u32::MAX,
        }
    }

    /// The code of a value that the column knows.
    pub(crate) fn code(&self, value: &Value) -> Option<u32> {
        match (&self.coding, value) {
            (Coding::Text(dictionary), Value::Text(text)) => dictionary.code(text),
            (Coding::Choice, Value::Choice(option)) => option.0.checked_add(1),
            (Coding::Date { first }, Value::Date(date)) => {
                u32::try_from(i64::from(date.num_days_from_ce()) - i64::from(*first) + 1)
                    .ok()
                    .filter(|code| (1..=self.ceiling()).contains(code))
            }
            _ => None,
        }
    }

    /// The value of a code.
    pub(crate) fn value(&self, code: u32) -> Option<Value> {
        if code == 0 {
            return None;
        }
        match &self.coding {
            Coding::Text(dictionary) => dictionary.text(code).map(|text| Value::Text(text.into())),
            Coding::Choice => Some(Value::Choice(OptionId(code - 1))),
            Coding::Date { first } => {
                let days = i64::from(*first) + i64::from(code) - 1;
                NaiveDate::from_num_days_from_ce_opt(i32::try_from(days).ok()?).map(Value::Date)
            }
            Coding::Plain => None,
        }
    }

    /// Makes sure that the values have codes, and gives them out in the same order.
    pub(crate) fn learn(&mut self, values: &[&Value]) -> Learnt {
        match &self.coding {
            Coding::Text(_) => return self.learn_all_texts(values),
            Coding::Date { first } if *first != FIRST_WIDE => {
                let narrow = FIRST_NARROW..=FIRST_NARROW + i32::from(u16::MAX) - 1;
                let is_wide = |value: &&Value| matches!(value, Value::Date(date) if !narrow.contains(&date.num_days_from_ce()));
                if values.iter().any(is_wide) {
                    let shift = u32::try_from(FIRST_NARROW - FIRST_WIDE).unwrap_or_default();
                    if let Codes::Two(codes) = &self.codes {
                        let shifted = codes.map(|&code| if code == 0 { 0 } else { u32::from(code) + shift });
                        self.codes = Codes::Four(shifted);
                    }
                    self.coding = Coding::Date { first: FIRST_WIDE };
                    return Learnt { codes: self.codes_of(values), renumbered: true };
                }
            }
            Coding::Date { .. } | Coding::Choice | Coding::Plain => {}
        }
        Learnt { codes: self.codes_of(values), renumbered: false }
    }

    fn codes_of(&self, values: &[&Value]) -> Vec<u32> {
        values.iter().map(|value| self.code(value).unwrap_or_default()).collect()
    }

    /// Texts are looked up in their order, so that each search begins where the one before it ended.
    fn learn_all_texts(&mut self, values: &[&Value]) -> Learnt {
        let mut texts: Vec<(&str, usize)> = values
            .iter()
            .enumerate()
            .filter_map(|(place, value)| match value {
                Value::Text(text) => Some((&**text, place)),
                Value::Choice(_) | Value::Date(_) => None,
            })
            .collect();
        texts.sort_unstable();
        let sorted: Vec<&str> = texts.iter().map(|(text, _)| *text).collect();
        let look_up = |column: &Self, sorted: &[&str]| match &column.coding {
            Coding::Text(dictionary) => dictionary.look_up(sorted),
            Coding::Choice | Coding::Date { .. } | Coding::Plain => Vec::new(),
        };
        let mut found = look_up(self, &sorted);
        let unknown = sorted.iter().zip(&found).filter(|(_, code)| **code == 0);
        let mut new: Vec<&str> = unknown.map(|(text, _)| *text).collect();
        new.dedup();
        let renumbered = !new.is_empty() && self.learn_texts(&new);
        if !new.is_empty() {
            found = look_up(self, &sorted);
        }
        let mut codes = vec![0; values.len()];
        for ((_, place), code) in texts.iter().zip(found) {
            if let Some(slot) = codes.get_mut(*place) {
                *slot = code;
            }
        }
        Learnt { codes, renumbered }
    }

    fn learn_texts(&mut self, new: &[&str]) -> bool {
        let ceiling = self.ceiling();
        let Coding::Text(dictionary) = &mut self.coding else {
            return false;
        };
        // More than there are already are merged in one pass rather than inserted one by one.
        let mut rest = new;
        if new.len() <= 64.max(dictionary.len()) && dictionary.len() + new.len() <= comfortable(ceiling) {
            rest = new.get(dictionary.insert(new, ceiling)..).unwrap_or_default();
        }
        if rest.is_empty() {
            return false;
        }
        let count = dictionary.len() + rest.len();
        let ceiling = [u8::MAX.into(), u16::MAX.into()]
            .into_iter()
            .find(|&narrow| narrow >= ceiling && count <= comfortable(narrow))
            .unwrap_or(u32::MAX);
        let (renumbered, translation) = dictionary.renumbered(rest, ceiling);
        *dictionary = renumbered;
        self.recode(&translation, ceiling);
        true
    }

    /// Replaces every code by its translation, at the width of the ceiling.
    fn recode(&mut self, translation: &[(u32, u32)], ceiling: u32) {
        let translate = |code: u32| {
            let place = translation.binary_search_by_key(&code, |(old, _)| *old);
            place.ok().and_then(|place| translation.get(place)).map_or(0, |(_, new)| *new)
        };
        // Narrow codes are few: a table answers faster than a search.
        let table: Vec<u32> = match &self.codes {
            Codes::One(_) => (0..=u8::MAX.into()).map(translate).collect(),
            Codes::Two(_) => (0..=u16::MAX.into()).map(translate).collect(),
            Codes::Four(_) => Vec::new(),
        };
        let look_up = |code: usize| table.get(code).copied().unwrap_or_default();
        let wide: Chunks<u32, BLOCK> = match &self.codes {
            Codes::One(codes) => codes.map(|&code| look_up(code.into())),
            Codes::Two(codes) => codes.map(|&code| look_up(code.into())),
            Codes::Four(codes) => codes.map(|&code| if code == 0 { 0 } else { translate(code) }),
        };
        self.codes = if ceiling <= u8::MAX.into() {
            Codes::One(wide.map(|&code| u8::try_from(code).unwrap_or_default()))
        } else if ceiling <= u16::MAX.into() {
            Codes::Two(wide.map(|&code| u16::try_from(code).unwrap_or_default()))
        } else {
            Codes::Four(wide)
        };
    }

    /// The codes of all values below a date, and from it on. Dates outside the column's span are allowed.
    pub(crate) fn split_at_date(&self, date: NaiveDate) -> (Range, Range, Range) {
        let Coding::Date { first } = &self.coding else {
            return (NOTHING, NOTHING, NOTHING);
        };
        let code = i64::from(date.num_days_from_ce()) - i64::from(*first) + 1;
        match u32::try_from(code) {
            Err(_) | Ok(0) => (NOTHING, NOTHING, PRESENT),
            Ok(code) => ((1, code - 1), (code, code), above(code)),
        }
    }

    /// The codes of all values below a known value, of it, and above it.
    pub(crate) fn split_at(&self, value: &Value) -> (Range, Range, Range) {
        match value {
            Value::Date(date) => self.split_at_date(*date),
            Value::Text(_) | Value::Choice(_) => match self.code(value) {
                Some(code) => ((1, code - 1), (code, code), above(code)),
                None => (NOTHING, NOTHING, NOTHING),
            },
        }
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = match (&self.codes, other.map(|other| &other.codes)) {
            (Codes::One(ours), Some(Codes::One(theirs))) => ours.bytes(Some(theirs)),
            (Codes::Two(ours), Some(Codes::Two(theirs))) => ours.bytes(Some(theirs)),
            (Codes::Four(ours), Some(Codes::Four(theirs))) => ours.bytes(Some(theirs)),
            (Codes::One(ours), _) => ours.bytes(None),
            (Codes::Two(ours), _) => ours.bytes(None),
            (Codes::Four(ours), _) => ours.bytes(None),
        };
        if let Coding::Text(dictionary) = &self.coding {
            let theirs = other.and_then(|other| match &other.coding {
                Coding::Text(dictionary) => Some(dictionary),
                Coding::Choice | Coding::Date { .. } | Coding::Plain => None,
            });
            bytes.add(dictionary.bytes(theirs));
        }
        bytes
    }
}

/// All codes above one.
fn above(code: u32) -> Range {
    code.checked_add(1).map_or(NOTHING, |next| (next, u32::MAX))
}

/// How many texts sit well below a ceiling, with gaps left between them.
fn comfortable(ceiling: u32) -> usize {
    match ceiling {
        0..=0xFF => 100,
        0x100..=0xFFFF => 16_000,
        _ => usize::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u32, day: u32) -> Value {
        Value::Date(NaiveDate::from_ymd_opt(year, month, day).unwrap())
    }

    #[test]
    fn days_are_counted_as_chrono_counts_them() {
        for year in [1, 1900] {
            assert_eq!(days(year), NaiveDate::from_ymd_opt(year, 1, 1).unwrap().num_days_from_ce());
        }
    }

    #[test]
    fn dates_beyond_two_bytes_take_four_and_keep_what_was_there() {
        let mut column = Column::date();
        let near = date(2026, 11, 22);
        assert!(!column.learn(&[&near]).renumbered);
        column.set(5, column.code(&near).unwrap());
        let far = date(1, 1, 1);
        assert!(column.learn(&[&far]).renumbered);
        column.set(6, column.code(&far).unwrap());
        assert_eq!(column.value(column.get(5)), Some(near));
        assert_eq!(column.value(column.get(6)), Some(far));
        assert_eq!(column.value(column.get(4)), None);
    }

    #[test]
    fn nothing_is_above_the_last_code() {
        assert_eq!(above(u32::MAX), NOTHING);
        assert_eq!(above(7), (8, u32::MAX));
    }

    #[test]
    fn text_codes_survive_growth_through_every_width() {
        let mut column = Column::text();
        let texts: Vec<Value> =
            (0..40_000_u32).map(|n| Value::text(&format!("{:05}", n * 7919 % 40_000))).collect();
        for (batch, values) in texts.chunks(37).enumerate() {
            let codes = column.learn(&values.iter().collect::<Vec<_>>()).codes;
            assert!(values.iter().zip(codes).all(|(value, code)| column.code(value) == Some(code)));
            for (place, value) in values.iter().enumerate() {
                column.set(u32::try_from(batch * 37 + place).unwrap(), column.code(value).unwrap());
            }
        }
        for (row, value) in texts.iter().enumerate() {
            assert_eq!(column.value(column.get(u32::try_from(row).unwrap())).as_ref(), Some(value));
        }
    }
}
