//! English for when courses were completed and when they are due. Tests on these are never unknown, so that a "not"
//! is said as such: who has not completed a course before a day may not have completed it at all.

use super::Speech;
use crate::{Comparison, CourseId, Field, Named, Operand, Rule};

impl Speech<'_> {
    pub(super) fn completion(&mut self, rule: &Rule, course: CourseId, negated: bool) {
        let field = Field::Completed(course);
        self.say(if negated { "has not completed " } else { "completed " });
        self.key(Named::Course, course.0);
        match rule {
            Rule::Compare { comparison, with, .. } => self.moment(*comparison, with, false),
            Rule::Between { from, to, .. } => {
                self.say(" ");
                self.stretch(field, from, to);
            }
            Rule::In { values, .. } => {
                self.say(if values.len() == 1 { " at " } else { " at one of " });
                self.list(values, |speech, value| speech.value(value, field));
            }
            _ => {}
        }
    }

    pub(super) fn due(&mut self, rule: &Rule, course: CourseId, negated: bool) {
        let field = Field::Due(course);
        self.key(Named::Course, course.0);
        if let Rule::Has(_) = rule {
            return self.say(if negated { " has no due date" } else { " has a due date" });
        }
        self.say(if negated { " is not due" } else { " is due" });
        match rule {
            Rule::Compare { comparison, with, .. } => {
                // "due today", "due in 2 weeks", "due 2 days ago"; but "due on 2026-01-31".
                let named = !matches!(with, Operand::Today(_));
                self.say(match comparison {
                    Comparison::Equal if named => " on ",
                    Comparison::Equal => " ",
                    Comparison::NotEqual => " on another day than ",
                    Comparison::Less => " before ",
                    Comparison::LessOrEqual => " on or before ",
                    Comparison::Greater => " after ",
                    Comparison::GreaterOrEqual => " on or after ",
                });
                self.day(with, *comparison == Comparison::Equal);
            }
            Rule::Between { from, to, .. } => {
                self.say(" ");
                self.stretch(field, from, to);
            }
            Rule::In { values, .. } => {
                self.say(if values.len() == 1 { " on " } else { " on one of " });
                self.list(values, |speech, value| speech.value(value, field));
            }
            _ => {}
        }
    }
}
