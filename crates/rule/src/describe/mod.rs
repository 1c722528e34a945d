//! Says a rule in English: conditions and tests. What is known of courses is said in `learning`, values and days in
//! `words`. Not here: the text that can be read back (`print`).

mod learning;
mod words;

use crate::print::stretch;
use crate::{
    AttributeId, Comparison, Fact, Field, Kind, Matching, Named, Names, Operand, OptionId, Quantity, Rule,
    Value,
};

/// Says a rule in English. Parentheses show what belongs together wherever "and" and "or" meet; a "not" is said
/// by the test itself where there are words for it, for a test on a missing value is unknown either way.
///
/// A part of a rule that is said alone reads as well, so explanations can say it test by test.
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, Schema, compile, describe};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "city", Kind::Text));
/// schema.define(Attribute::new(AttributeId(1), "hired_on", Kind::Date));
///
/// let text = r#"user.city in ["Paarl", "Worcester"] && (!has(user.hired_on) || user.hired_on > today - weeks(1))"#;
/// let english = r#"city is one of "Paarl", "Worcester" and (hired_on is missing or hired_on is after 1 week ago)"#;
/// assert_eq!(describe(&compile(text, &schema)?, &schema), english);
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
pub fn describe(rule: &Rule, names: &dyn Names) -> String {
    let mut speech = Speech { out: String::new(), names };
    speech.rule(rule, false, false);
    speech.out
}

/// What has been said so far.
struct Speech<'n> {
    out: String,
    names: &'n dyn Names,
}

impl Speech<'_> {
    fn rule(&mut self, rule: &Rule, negated: bool, within: bool) {
        match rule {
            Rule::All(parts) => self.joined(parts, " and ", negated, within),
            Rule::Any(parts) => self.joined(parts, " or ", negated, within),
            Rule::Xor(parts) => self.xor(parts, negated, within),
            Rule::Not(part) => self.rule(part, !negated, within),
            test => self.test(test, negated),
        }
    }

    fn joined(&mut self, parts: &[Rule], word: &str, negated: bool, within: bool) {
        if negated {
            self.say("not ");
        }
        if negated || within {
            self.say("(");
        }
        self.parts(parts, word);
        if negated || within {
            self.say(")");
        }
    }

    fn xor(&mut self, parts: &[Rule], negated: bool, within: bool) {
        if within {
            self.say("(");
        }
        self.say(match (parts.len(), negated) {
            (2, false) => "just one of (",
            (2, true) => "both or none of (",
            (_, false) => "an odd number of (",
            (_, true) => "an even number of (",
        });
        self.parts(parts, "), (");
        self.say(")");
        if within {
            self.say(")");
        }
    }

    fn parts(&mut self, parts: &[Rule], word: &str) {
        let within = !word.starts_with(')');
        for (position, part) in parts.iter().enumerate() {
            if position > 0 {
                self.say(word);
            }
            self.rule(part, false, within);
        }
    }

    #[inline(never)]
    fn test(&mut self, rule: &Rule, negated: bool) {
        match rule {
            Rule::Is(fact) => return self.fact(*fact, negated),
            Rule::Options { attribute, quantity, options } => {
                return self.options(*attribute, *quantity, options, negated);
            }
            _ => {}
        }
        match rule.field() {
            Some(Field::Completed(course)) => return self.completion(rule, course, negated),
            Some(Field::Due(course)) => return self.due(rule, course, negated),
            Some(field) => self.field(field),
            None => {}
        }
        match rule {
            Rule::Has(_) => self.say(if negated { " is missing" } else { " has a value" }),
            Rule::Compare { field, comparison, with } => {
                let comparison = if negated { comparison.negated() } else { *comparison };
                self.comparison(*field, comparison, with);
            }
            Rule::Between { field, from, to } => {
                self.say(if negated { " is not " } else { " is " });
                self.stretch(*field, from, to);
            }
            Rule::In { field, values } => {
                self.say(match (values.len(), negated) {
                    (1, false) => " is ",
                    (1, true) => " is not ",
                    (_, false) => " is one of ",
                    (_, true) => " is none of ",
                });
                self.list(values, |speech, value| speech.value(value, *field));
            }
            Rule::Match { how, text, .. } => {
                self.say(match (how, negated) {
                    (Matching::StartsWith, false) => " starts with ",
                    (Matching::StartsWith, true) => " does not start with ",
                    (Matching::EndsWith, false) => " ends with ",
                    (Matching::EndsWith, true) => " does not end with ",
                    (Matching::Contains, false) => " contains ",
                    (Matching::Contains, true) => " does not contain ",
                    (Matching::Glob, false) => " matches ",
                    (Matching::Glob, true) => " does not match ",
                });
                self.quote(text);
            }
            Rule::Size { comparison, count, .. } => {
                let comparison = if negated { comparison.negated() } else { *comparison };
                self.say(match comparison {
                    Comparison::Equal => " has exactly ",
                    Comparison::NotEqual => " does not have exactly ",
                    Comparison::Less => " has fewer than ",
                    Comparison::LessOrEqual => " has at most ",
                    Comparison::Greater => " has more than ",
                    Comparison::GreaterOrEqual => " has at least ",
                });
                self.say(&format!("{count} {}", if *count == 1 { "value" } else { "values" }));
            }
            Rule::Under { path, itself, .. } => {
                self.say(if negated { " is not " } else { " is " });
                self.say(if *itself { "under " } else { "below " });
                self.word(path);
            }
            Rule::ReportsTo { user, .. } => {
                self.say(if negated { " neither is nor reports to " } else { " is or reports to " });
                self.key(Named::User, user.0);
            }
            Rule::Is(_) | Rule::Options { .. } => {}
            Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::Xor(_) => {}
        }
    }

    /// "is …", after the field.
    fn comparison(&mut self, field: Field, comparison: Comparison, with: &Operand) {
        let truth = comparison == Comparison::Equal;
        if let (Operand::Value(Value::Boolean(value)), Comparison::Equal | Comparison::NotEqual) =
            (with, comparison)
        {
            return self.say(if *value == truth { " is true" } else { " is false" });
        }
        self.say(" is");
        match (field.kind(self.names.schema()), with) {
            (Some(Kind::Timestamp), _) | (_, Operand::Value(Value::Timestamp(_))) => {
                self.moment(comparison, with, true);
            }
            (_, Operand::Today(_) | Operand::Period(_) | Operand::Value(Value::Date(_))) => {
                self.say(match comparison {
                    Comparison::Equal => " ",
                    Comparison::NotEqual => " not ",
                    Comparison::Less => " before ",
                    Comparison::LessOrEqual => " on or before ",
                    Comparison::Greater => " after ",
                    Comparison::GreaterOrEqual => " on or after ",
                });
                self.day(with, matches!(comparison, Comparison::Equal | Comparison::NotEqual));
            }
            (_, Operand::Value(value @ (Value::Integer(_) | Value::Decimal(_)))) => {
                self.say(match comparison {
                    Comparison::Equal => " ",
                    Comparison::NotEqual => " not ",
                    Comparison::Less => " less than ",
                    Comparison::LessOrEqual => " at most ",
                    Comparison::Greater => " more than ",
                    Comparison::GreaterOrEqual => " at least ",
                });
                self.value(value, field);
            }
            (_, Operand::Value(value)) => {
                if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
                    // "comes", "is or comes"
                    let or_equal = matches!(comparison, Comparison::LessOrEqual | Comparison::GreaterOrEqual);
                    if or_equal {
                        self.say(" or");
                    } else {
                        self.out.truncate(self.out.len() - " is".len());
                    }
                }
                self.say(match comparison {
                    Comparison::Equal => " ",
                    Comparison::NotEqual => " not ",
                    Comparison::Less | Comparison::LessOrEqual => " comes before ",
                    Comparison::Greater | Comparison::GreaterOrEqual => " comes after ",
                });
                self.value(value, field);
            }
        }
    }

    /// "within the last 90 days", "between … and …".
    fn stretch(&mut self, field: Field, from: &Operand, to: &Operand) {
        if let Some((past, offset)) = stretch(from, to) {
            self.say(if past { "within the last " } else { "within the next " });
            return match offset.count {
                1 | -1 => self.unit(offset),
                _ => self.distance(offset),
            };
        }
        self.say("between ");
        self.operand(from, field);
        self.say(" and ");
        self.operand(to, field);
    }

    fn options(&mut self, attribute: AttributeId, quantity: Quantity, options: &[OptionId], negated: bool) {
        let field = Field::Attribute(attribute);
        self.field(field);
        let one = options.len() == 1;
        match (quantity, negated) {
            (Quantity::Any | Quantity::All, false) if one => self.say(" has "),
            (Quantity::None, true) if one => self.say(" has "),
            (Quantity::Any | Quantity::All, true) if one => self.say(" does not have "),
            (Quantity::None, false) if one => self.say(" does not have "),
            (Quantity::Any, false) | (Quantity::None, true) => self.say(" has any of "),
            (Quantity::None, false) | (Quantity::Any, true) => self.say(" has none of "),
            (Quantity::All, false) => self.say(" has all of "),
            (Quantity::All, true) => self.say(" does not have all of "),
            (Quantity::AtLeast(count), false) => self.say(&format!(" has at least {count} of ")),
            (Quantity::AtLeast(count), true) => self.say(&format!(" has fewer than {count} of ")),
            (Quantity::AtMost(count), false) => self.say(&format!(" has at most {count} of ")),
            (Quantity::AtMost(count), true) => self.say(&format!(" has more than {count} of ")),
            (Quantity::Exactly(count), false) => self.say(&format!(" has exactly {count} of ")),
            (Quantity::Exactly(count), true) => self.say(&format!(" does not have exactly {count} of ")),
        }
        self.list(options, |speech, option| speech.option(*option, field));
    }

    fn fact(&mut self, fact: Fact, negated: bool) {
        let is = if negated { "is not" } else { "is" };
        match fact {
            Fact::Segment(id) => {
                self.say(&format!("{is} in segment "));
                self.key(Named::Segment, id.0);
            }
            Fact::Site(id) => {
                self.say(&format!("{is} a member of site "));
                self.key(Named::Site, id.0);
            }
            Fact::Group(course, id) => {
                self.say(&format!("{is} in group "));
                self.key(Named::Group(course), id.0);
                self.say(" of ");
                self.key(Named::Course, course.0);
            }
            Fact::Role(id) => {
                self.say(if negated { "does not have role " } else { "has role " });
                self.key(Named::Role, id.0);
            }
            Fact::Enrolled(id) => {
                self.say(&format!("{is} enrolled in "));
                self.key(Named::Course, id.0);
            }
        }
    }
}
