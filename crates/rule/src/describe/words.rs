//! The words of English for fields, values, days and names. Not here: what is said of them.

use chrono::SecondsFormat;

use super::Speech;
use crate::print::write_text;
use crate::{Calendar, Comparison, Edge, Field, Kind, Named, Offset, Operand, OptionId, Period, Unit, Value};

impl Speech<'_> {
    pub(super) fn say(&mut self, words: &str) {
        self.out.push_str(words);
    }

    /// Text in quotes.
    pub(super) fn quote(&mut self, text: &str) {
        write_text(&mut self.out, text);
    }

    /// A name: as it is if it can be taken for nothing else, in quotes if not.
    pub(super) fn word(&mut self, word: &str) {
        let plain = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.' | '/' | '@' | '+');
        if !word.is_empty() && word.chars().all(plain) {
            self.say(word);
        } else {
            self.quote(word);
        }
    }

    /// The key of what a rule names.
    pub(super) fn key(&mut self, what: Named, id: u32) {
        let names = self.names;
        match names.key(what, id) {
            Some(key) => self.word(&key),
            None => self.say(&format!("<{} {id}>", what.word())),
        }
    }

    /// What a test asks about.
    pub(super) fn field(&mut self, field: Field) {
        match field {
            Field::Attribute(id) => match self.names.schema().get(id) {
                Some(attribute) => self.word(attribute.name.as_deref().unwrap_or(&attribute.key)),
                None => self.say(&format!("attribute {}", id.0)),
            },
            Field::AccountKey => self.say("key"),
            Field::AccountCreated => self.say("created"),
            Field::Score(course) => {
                self.say("score in ");
                self.key(Named::Course, course.0);
            }
            Field::Completed(course) => {
                self.say("completion of ");
                self.key(Named::Course, course.0);
            }
            Field::Due(course) => {
                self.say("due date of ");
                self.key(Named::Course, course.0);
            }
        }
    }

    pub(super) fn list<T>(&mut self, elements: &[T], say: impl Fn(&mut Self, &T)) {
        for (position, element) in elements.iter().enumerate() {
            if position > 0 {
                self.say(", ");
            }
            say(self, element);
        }
    }

    pub(super) fn option(&mut self, option: OptionId, field: Field) {
        let names = self.names;
        let options = field.kind(names.schema()).and_then(Kind::options);
        match options.and_then(|options| options.get(option)) {
            Some(option) => self.quote(option.name.as_deref().unwrap_or(&option.key)),
            None => self.say(&format!("<option {}>", option.0)),
        }
    }

    pub(super) fn value(&mut self, value: &Value, field: Field) {
        match value {
            Value::Text(text) => self.quote(text),
            Value::Path(path) => self.word(path),
            Value::Integer(number) => self.say(&number.to_string()),
            Value::Decimal(number) => self.say(&number.to_string()),
            Value::Boolean(value) => self.say(if *value { "true" } else { "false" }),
            Value::Date(day) => self.say(&day.to_string()),
            Value::Timestamp(at) => self.say(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            Value::Choice(option) => self.option(*option, field),
            Value::Choices(options) => self.list(options, |speech, option| speech.option(*option, field)),
            Value::User(user) => self.key(Named::User, user.0),
        }
    }

    /// An end of a stretch.
    pub(super) fn operand(&mut self, operand: &Operand, field: Field) {
        match operand {
            Operand::Value(value) => self.value(value, field),
            Operand::Today(_) | Operand::Period(_) => self.day(operand, false),
        }
    }

    /// `today`, `90 days ago`, `2 weeks from today`, or `in 2 weeks` where that is when something is.
    pub(super) fn day(&mut self, day: &Operand, when: bool) {
        match day {
            Operand::Today(offset) if offset.count == 0 => self.say("today"),
            Operand::Today(offset) => {
                if offset.count > 0 && when {
                    self.say("in ");
                }
                self.distance(*offset);
                self.say(match (offset.count > 0, when) {
                    (false, _) => " ago",
                    (true, true) => "",
                    (true, false) => " from today",
                });
            }
            Operand::Period(Period { edge, of, offset }) => {
                if offset.count != 0 {
                    self.distance(*offset);
                    self.say(if offset.count < 0 { " before " } else { " after " });
                }
                self.say(match edge {
                    Edge::Start => "the first day of this ",
                    Edge::End => "the last day of this ",
                });
                self.say(match of {
                    Calendar::Week => "week",
                    Calendar::Month => "month",
                    Calendar::Quarter => "quarter",
                    Calendar::Year => "year",
                });
            }
            Operand::Value(Value::Date(day)) => self.say(&day.to_string()),
            Operand::Value(_) => {}
        }
    }

    /// `90 days`
    pub(super) fn distance(&mut self, offset: Offset) {
        self.say(&format!("{} ", offset.count.unsigned_abs()));
        self.unit(offset);
    }

    /// `days`, or `day` if it is one.
    pub(super) fn unit(&mut self, offset: Offset) {
        self.say(match (offset.unit, offset.count.unsigned_abs()) {
            (Unit::Days, 1) => "day",
            (Unit::Weeks, 1) => "week",
            (Unit::Months, 1) => "month",
            (Unit::Years, 1) => "year",
            (unit, _) => unit.name(),
        });
    }

    /// When an instant is, compared with another or with a day, which stands for its first moment: "before" it and
    /// "on or after" it are the same for the moment and the day. `is` if that word went before.
    pub(super) fn moment(&mut self, comparison: Comparison, with: &Operand, is: bool) {
        if let Operand::Value(Value::Timestamp(at)) = with {
            self.say(match comparison {
                Comparison::Equal if is => " ",
                Comparison::Equal => " at ",
                Comparison::NotEqual if is => " not ",
                Comparison::NotEqual => " at another time than ",
                Comparison::Less => " before ",
                Comparison::LessOrEqual => " at or before ",
                Comparison::Greater => " after ",
                Comparison::GreaterOrEqual => " at or after ",
            });
            return self.say(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        }
        self.say(match comparison {
            Comparison::Less => " before ",
            Comparison::GreaterOrEqual => " on or after ",
            Comparison::Equal if is => " the first moment of ",
            Comparison::Equal => " at the first moment of ",
            Comparison::NotEqual if is => " not the first moment of ",
            Comparison::NotEqual => " at another time than the first moment of ",
            Comparison::LessOrEqual => " at or before the first moment of ",
            Comparison::Greater => " after the first moment of ",
        });
        let distant = match with {
            Operand::Today(offset) | Operand::Period(Period { offset, .. }) => offset.count != 0,
            Operand::Value(_) => false,
        };
        if distant && !matches!(comparison, Comparison::Less | Comparison::GreaterOrEqual) {
            self.say("the day ");
        }
        self.day(with, false);
    }
}
