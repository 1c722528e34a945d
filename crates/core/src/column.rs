//! One value per person as a small number: order-preserving codes, 0 for none. Because codes sort as values do,
//! every comparison is one range of codes. Not here: which people a range selects (`evaluate`).

mod image;

use chrono::{DateTime, Datelike, NaiveDate};
use matricula_rule::{Decimal, Kind, OptionId, UserId, Value};

use crate::Bytes;
use crate::codes::Codes;
use crate::dictionary::Dictionary;
use crate::scale::{Ladder, MILLIONTHS, MILLISECONDS, ONES, Scale};

/// How values become codes.
#[derive(Clone, Debug)]
enum Coding {
    /// Text, by dictionary.
    Text(Dictionary),
    /// Paths, by a dictionary in which everything under a path follows it at once.
    Path(Dictionary),
    /// Numbers, days and instants.
    Number { what: Number, scale: Option<Scale> },
    /// 1 for false, 2 for true.
    Boolean,
    /// The option's number plus one.
    Choice,
    /// The user's number plus one.
    User,
    /// The code itself: statuses, how many options somebody has.
    Plain,
}

/// What a number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Integer,
    Decimal,
    Date,
    Timestamp,
}

impl Number {
    fn ladder(self) -> Ladder {
        match self {
            Self::Integer | Self::Date => ONES,
            Self::Decimal => MILLIONTHS,
            Self::Timestamp => MILLISECONDS,
        }
    }
}

/// The codes from the first to the second, both included; none if the first is greater.
pub(crate) type Range = (u64, u64);
/// The range that holds no code.
pub(crate) const NOTHING: Range = (1, 0);
/// The range that holds every value.
pub(crate) const PRESENT: Range = (1, u64::MAX);

/// What learning values came to.
#[derive(Debug)]
pub(crate) struct Learnt {
    /// The codes of the values.
    pub(crate) codes: Vec<u64>,
    /// Whether codes that were there have changed, so that ranges taken before are void.
    pub(crate) renumbered: bool,
}

/// A column of codes with the meaning of each.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    coding: Coding,
    codes: Codes,
}

/// The bytes by which a dictionary of paths sorts: everything under a path comes right after it.
pub(crate) fn path_key(path: &str) -> Vec<u8> {
    path.bytes().map(|byte| if byte == b'/' { 0 } else { byte }).collect()
}

/// The number that a value is, of those that are numbers.
pub(crate) fn number_of(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        Value::Decimal(decimal) => Some(decimal.millionths()),
        Value::Date(date) => Some(date.num_days_from_ce().into()),
        Value::Timestamp(at) => Some(at.timestamp_millis()),
        _ => None,
    }
}

impl Column {
    fn of(coding: Coding) -> Self {
        Self { coding, codes: Codes::default() }
    }

    /// A column for the values of a type; for a multi-choice, for how many options somebody has.
    pub(crate) fn new(kind: &Kind) -> Self {
        let number = |what| Self::of(Coding::Number { what, scale: None });
        match kind {
            Kind::Text => Self::of(Coding::Text(Dictionary::default())),
            Kind::Path => Self::of(Coding::Path(Dictionary::default())),
            Kind::Integer => number(Number::Integer),
            Kind::Decimal => number(Number::Decimal),
            Kind::Date => number(Number::Date),
            Kind::Timestamp => number(Number::Timestamp),
            Kind::Boolean => Self::of(Coding::Boolean),
            Kind::Choice { .. } => Self::of(Coding::Choice),
            Kind::User => Self::of(Coding::User),
            Kind::MultiChoice { .. } => Self::plain(),
        }
    }

    /// A column of codes that are what they mean.
    pub(crate) fn plain() -> Self {
        Self::of(Coding::Plain)
    }

    pub(crate) fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The code of a row; 0 if there is no value.
    pub(crate) fn get(&self, row: u32) -> u64 {
        self.codes.get(row)
    }

    /// Sets the code of a row, taking wider codes if it does not fit.
    pub(crate) fn set(&mut self, row: u32, code: u64) {
        self.codes.set(row, code);
    }

    /// The code of a value that the column knows.
    pub(crate) fn code(&self, value: &Value) -> Option<u64> {
        match (&self.coding, value) {
            (Coding::Text(dictionary), Value::Text(text)) => dictionary.code(text.as_bytes()).map(u64::from),
            (Coding::Path(dictionary), Value::Path(path)) => dictionary.code(&path_key(path)).map(u64::from),
            (Coding::Number { scale, .. }, value) => {
                scale.as_ref()?.code(number_of(value)?, self.codes.ceiling())
            }
            (Coding::Boolean, Value::Boolean(value)) => Some(1 + u64::from(*value)),
            (Coding::Choice, Value::Choice(option)) => Some(u64::from(option.0) + 1),
            (Coding::User, Value::User(user)) => Some(u64::from(user.0) + 1),
            _ => None,
        }
    }

    /// The value of a code.
    pub(crate) fn value(&self, code: u64) -> Option<Value> {
        if code == 0 {
            return None;
        }
        let text = |dictionary: &Dictionary| {
            let text = dictionary.text(u32::try_from(code).ok()?)?;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        match &self.coding {
            Coding::Text(dictionary) => text(dictionary).map(|text| Value::Text(text.into())),
            Coding::Path(dictionary) => {
                text(dictionary).map(|text| Value::Path(text.replace('\0', "/").into()))
            }
            Coding::Number { what, scale } => {
                let number = scale.as_ref()?.number(code);
                match what {
                    Number::Integer => Some(Value::Integer(number)),
                    Number::Decimal => Decimal::from_millionths(number).map(Value::Decimal),
                    Number::Date => {
                        NaiveDate::from_num_days_from_ce_opt(i32::try_from(number).ok()?).map(Value::Date)
                    }
                    Number::Timestamp => DateTime::from_timestamp_millis(number).map(Value::Timestamp),
                }
            }
            Coding::Boolean => Some(Value::Boolean(code == 2)),
            Coding::Choice => Some(Value::Choice(OptionId(u32::try_from(code - 1).ok()?))),
            Coding::User => Some(Value::User(UserId(u32::try_from(code - 1).ok()?))),
            Coding::Plain => None,
        }
    }

    /// The text of a code, of a column of texts.
    pub(crate) fn text(&self, code: u64) -> Option<&str> {
        let Coding::Text(dictionary) = &self.coding else { return None };
        std::str::from_utf8(dictionary.text(u32::try_from(code).ok()?)?).ok()
    }

    /// All texts that have a code, of a column of texts.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, u32)> {
        let dictionary = match &self.coding {
            Coding::Text(dictionary) => Some(dictionary),
            _ => None,
        };
        let entries = dictionary.into_iter().flat_map(Dictionary::entries);
        entries.filter_map(|(text, code)| Some((std::str::from_utf8(text).ok()?, code)))
    }

    /// Makes sure that the values have codes, and gives them out in the same order.
    pub(crate) fn learn(&mut self, values: &[&Value]) -> Learnt {
        let renumbered = match &self.coding {
            Coding::Text(_) => {
                let keys = values.iter().map(|value| match value {
                    Value::Text(text) => text.as_bytes(),
                    _ => &[],
                });
                return self.learn_all(&keys.collect::<Vec<_>>());
            }
            Coding::Path(_) => {
                let key = |value: &&Value| match value {
                    Value::Path(path) => path_key(path),
                    _ => Vec::new(),
                };
                let keys: Vec<Vec<u8>> = values.iter().map(key).collect();
                return self.learn_all(&keys.iter().map(Vec::as_slice).collect::<Vec<_>>());
            }
            Coding::Number { .. } => {
                let numbers: Vec<i64> = values.iter().filter_map(|value| number_of(value)).collect();
                self.learn_numbers(&numbers)
            }
            Coding::Boolean | Coding::Choice | Coding::User | Coding::Plain => false,
        };
        let codes = values.iter().map(|value| self.code(value).unwrap_or_default()).collect();
        Learnt { codes, renumbered }
    }

    /// Makes sure that dictionary keys have codes; whether others changed.
    pub(crate) fn learn_keys(&mut self, keys: &[&[u8]]) -> bool {
        match &self.coding {
            Coding::Text(_) | Coding::Path(_) => self.learn_all(keys).renumbered,
            _ => false,
        }
    }

    /// Whether values are told apart by a dictionary.
    pub(crate) fn is_dictionary(&self) -> bool {
        self.dictionary().is_some()
    }

    /// Makes sure that numbers have codes, and so have those right after them; whether others changed.
    pub(crate) fn learn_around(&mut self, numbers: &[i64]) -> bool {
        let around: Vec<i64> =
            numbers.iter().flat_map(|number| [*number, number.saturating_add(1)]).collect();
        self.learn_numbers(&around)
    }

    fn learn_numbers(&mut self, numbers: &[i64]) -> bool {
        let ceiling = self.codes.ceiling();
        let Coding::Number { what, scale } = &mut self.coding else { return false };
        if let Some(scale) = scale
            && numbers.iter().all(|number| scale.code(*number, ceiling).is_some())
        {
            scale.stretch(numbers);
            return false;
        }
        let Some((fitting, ceiling)) = Scale::fitting(numbers, scale.as_ref(), what.ladder()) else {
            return false;
        };
        let old = scale.replace(fitting);
        if let Some(old) = old {
            let translate = |code| fitting.code(old.number(code), ceiling).unwrap_or_default();
            self.codes = self.codes.recoded(ceiling, translate);
        } else {
            self.codes.widen(ceiling);
        }
        true
    }

    fn dictionary(&self) -> Option<&Dictionary> {
        match &self.coding {
            Coding::Text(dictionary) | Coding::Path(dictionary) => Some(dictionary),
            _ => None,
        }
    }

    /// Texts are looked up in their order, so that each search begins where the one before it ended.
    fn learn_all(&mut self, keys: &[&[u8]]) -> Learnt {
        let mut texts: Vec<(&[u8], usize)> = keys.iter().copied().zip(0..).collect();
        texts.sort_unstable();
        let sorted: Vec<&[u8]> = texts.iter().map(|(text, _)| *text).collect();
        let look_up = |column: &Self| column.dictionary().map(|dictionary| dictionary.look_up(&sorted));
        let mut found = look_up(self).unwrap_or_default();
        let unknown = sorted.iter().zip(&found).filter(|(_, code)| **code == 0);
        let mut new: Vec<&[u8]> = unknown.map(|(text, _)| *text).collect();
        new.dedup();
        let (codes, renumbered) = self.learn_new(&new);
        match codes {
            Some(codes) => {
                // In their order, each perhaps several times.
                let (mut codes, mut last) = (new.iter().zip(codes), None);
                for (text, code) in sorted.iter().zip(&mut found).filter(|(_, code)| **code == 0) {
                    if last.is_none_or(|(known, _)| known != text) {
                        last = codes.next();
                    }
                    *code = last.map_or(0, |(_, code)| code);
                }
            }
            None => found = look_up(self).unwrap_or_default(),
        }
        let mut codes = vec![0; keys.len()];
        for ((_, place), code) in texts.iter().zip(found) {
            if let Some(slot) = codes.get_mut(*place) {
                *slot = code.into();
            }
        }
        Learnt { codes, renumbered }
    }

    /// Gives codes to texts that have none (sorted, without repeats): the codes, if all found theirs between their
    /// neighbours; and whether others changed for it.
    fn learn_new(&mut self, new: &[&[u8]]) -> (Option<Vec<u32>>, bool) {
        if new.is_empty() {
            return (Some(Vec::new()), false);
        }
        let ceiling = u32::try_from(self.codes.ceiling()).unwrap_or(u32::MAX);
        let (Coding::Text(dictionary) | Coding::Path(dictionary)) = &mut self.coding else {
            return (None, false);
        };
        // More than there are already are merged in one pass rather than inserted one by one.
        let mut rest = new;
        let few = new.len() <= 64.max(dictionary.len());
        if few && dictionary.len() + new.len() <= comfortable(ceiling) {
            let codes = dictionary.insert(new, ceiling);
            if codes.len() == new.len() {
                return (Some(codes), false);
            }
            rest = new.get(codes.len()..).unwrap_or_default();
        }
        let mut renumbered = false;
        // Where codes are wide, only those nearby have to make room.
        while ceiling == u32::MAX
            && rest.len() <= 16
            && let Some((first, others)) = rest.split_first()
            && let Some(translation) = dictionary.squeeze_in(first, ceiling)
        {
            self.codes.translate(&translation);
            renumbered = true;
            rest = others.get(dictionary.insert(others, ceiling).len()..).unwrap_or_default();
        }
        if rest.is_empty() {
            return (None, renumbered);
        }
        let count = dictionary.len() + rest.len();
        // Where texts keep coming one at a time, wide codes spare the next ones all this.
        let crowded = rest.len() <= 16 && count > CROWDED;
        let ceiling = [u32::from(u8::MAX), u32::from(u16::MAX)]
            .into_iter()
            .find(|&narrow| narrow >= ceiling && count <= comfortable(narrow) && !crowded)
            .unwrap_or(u32::MAX);
        let (whole, translation) = dictionary.renumbered(rest, ceiling);
        *dictionary = whole;
        self.recode(&translation, ceiling);
        (None, true)
    }

    /// Replaces every code by its translation, at the width of the ceiling.
    fn recode(&mut self, translation: &[(u32, u32)], ceiling: u32) {
        let search = |code: u64| {
            let place = translation.binary_search_by_key(&code, |(old, _)| u64::from(*old));
            place.ok().and_then(|place| translation.get(place)).map_or(0, |(_, new)| u64::from(*new))
        };
        // Narrow codes are few: a table answers faster than a search.
        let last = self.codes.ceiling();
        if last <= u16::MAX.into() {
            let table: Vec<u64> = (0..=last).map(search).collect();
            let look_up = |code: u64| {
                usize::try_from(code).ok().and_then(|code| table.get(code)).copied().unwrap_or_default()
            };
            self.codes = self.codes.recoded(ceiling.into(), look_up);
        } else {
            self.codes = self.codes.recoded(ceiling.into(), search);
        }
    }

    /// Whether a dictionary has a text that nobody has, and that is not to be kept.
    pub(crate) fn has_unused(&self, is_kept: &impl Fn(&[u8]) -> bool) -> bool {
        let used = self.used();
        self.dictionary().is_some_and(|dictionary| {
            dictionary.entries().any(|(text, code)| !used.contains(code) && !is_kept(text))
        })
    }

    /// Forgets the texts that nobody has and that are not to be kept; the codes of others stay.
    pub(crate) fn forget_unused(&mut self, is_kept: &impl Fn(&[u8]) -> bool) {
        let used = self.used();
        if let Coding::Text(dictionary) | Coding::Path(dictionary) = &mut self.coding {
            dictionary.retain(|text, code| used.contains(code) || is_kept(text));
        }
    }

    /// The codes that somebody has.
    fn used(&self) -> roaring::RoaringBitmap {
        let mut used = roaring::RoaringBitmap::new();
        self.codes.each_between(1, u64::MAX, |_, code| {
            used.extend(u32::try_from(code));
        });
        used
    }

    /// The first code of a key (or, `after`, the first beyond it) that the column knows; `None` if it does not.
    pub(crate) fn cut_key(&self, key: &[u8], after: bool) -> Option<u64> {
        let code = self.dictionary()?.code(key)?;
        Some(u64::from(code) + u64::from(after))
    }

    /// The first code whose number is not below (or, `after`, is above) this one.
    pub(crate) fn cut_number(&self, number: i64, after: bool) -> u64 {
        match &self.coding {
            Coding::Number { scale: Some(scale), .. } => scale.cut(number, after),
            // Without a scale there are no values either.
            _ => 1,
        }
    }

    /// The least and the greatest number that came so far.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        match &self.coding {
            Coding::Number { scale: Some(scale), .. } => Some(scale.span()),
            _ => None,
        }
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = self.codes.bytes(other.map(|other| &other.codes));
        if let Some(dictionary) = self.dictionary() {
            bytes.add(dictionary.bytes(other.and_then(Self::dictionary)));
        }
        bytes
    }
}

/// How many texts sit well below a ceiling, with gaps left between them.
fn comfortable(ceiling: u32) -> usize {
    match ceiling {
        0..=0xFF => 100,
        0x100..=0xFFFF => 16_000,
        _ => usize::MAX,
    }
}

/// So many texts are crowded in two bytes, if more come one at a time.
const CROWDED: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u32, day: u32) -> Value {
        Value::Date(NaiveDate::from_ymd_opt(year, month, day).unwrap())
    }

    #[test]
    fn numbers_beyond_the_scale_take_another_and_keep_what_was_there() {
        let mut column = Column::new(&Kind::Date);
        let near = date(2026, 11, 22);
        assert!(column.learn(&[&near]).renumbered);
        column.set(5, column.code(&near).unwrap());
        let far = date(1, 1, 1);
        assert!(column.learn(&[&far]).renumbered);
        column.set(6, column.code(&far).unwrap());
        assert_eq!(column.value(column.get(5)), Some(near));
        assert_eq!(column.value(column.get(6)), Some(far));
        assert_eq!(column.value(column.get(4)), None);
    }

    #[test]
    fn what_is_under_a_path_follows_it_at_once() {
        let mut column = Column::new(&Kind::Path);
        let paths = ["EMEA", "EMEA/ZA", "EMEA-North", "EMEA/ZA/Paarl", "EMEA/ZAR", "APAC"];
        let values: Vec<Value> = paths.iter().map(|path| Value::Path((*path).into())).collect();
        let mut codes = column.learn(&values.iter().collect::<Vec<_>>()).codes;
        assert_eq!(column.value(codes[3]), Some(values[3].clone()));
        let mut order: Vec<&str> = paths.to_vec();
        order.sort_by_key(|path| codes[paths.iter().position(|other| other == path).unwrap()]);
        assert_eq!(order, ["APAC", "EMEA", "EMEA/ZA", "EMEA/ZA/Paarl", "EMEA/ZAR", "EMEA-North"]);
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), paths.len());
    }

    #[test]
    fn text_codes_survive_growth_through_every_width() {
        let mut column = Column::new(&Kind::Text);
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

    #[test]
    fn texts_that_come_one_at_a_time_never_lose_a_person() {
        let mut column = Column::new(&Kind::Text);
        for number in (0..6_000_u32).rev() {
            let value = Value::text(&format!("m{number:05}"));
            let code = column.learn(&[&value]).codes[0];
            column.set(number, code);
        }
        for number in 0..6_000_u32 {
            assert_eq!(column.value(column.get(number)), Some(Value::text(&format!("m{number:05}"))));
        }
    }
}
