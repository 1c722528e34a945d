//! The typed rule: what stores keep, and what every evaluator and face reads. Not here: how it is written as
//! text (`parse`, `print`), what days it counts from (`days`), or how it is answered (`eval`).

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    AttributeId, CourseId, GroupId, Kind, Offset, OptionId, Period, RoleId, Schema, SegmentId, SiteId,
    UserId, Value,
};

/// A rule that has been checked: everything that it names exists and every value is of its field's type.
///
/// Its JSON form is the canonical one:
///
/// ```
/// use matricula_rule::{AttributeId, Comparison, Field, Operand, Rule, Value};
///
/// let rule = Rule::Compare {
///     field: Field::Attribute(AttributeId(3)),
///     comparison: Comparison::Equal,
///     with: Operand::Value(Value::text("Sales")),
/// };
/// assert_eq!(
///     serde_json::to_string(&rule)?,
///     r#"{"compare":{"field":3,"comparison":"==","with":{"value":{"text":"Sales"}}}}"#,
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// All of these; at least two.
    All(Vec<Rule>),
    /// Any of these; at least two.
    Any(Vec<Rule>),
    /// Not this.
    Not(Box<Rule>),
    /// An odd number of these; at least two. Unknown if any of them is.
    Xor(Vec<Rule>),
    /// The person has a value. Never unknown.
    Has(Field),
    /// The person's value compared with another; unknown if the person has none.
    Compare {
        /// Whose value.
        #[serde(alias = "attribute")]
        field: Field,
        /// How.
        comparison: Comparison,
        /// With what.
        with: Operand,
    },
    /// The person's value lies between two, both included; unknown if the person has none. Where a timestamp is
    /// compared with days, the whole of the last day is included.
    Between {
        /// Whose value.
        field: Field,
        /// The least.
        from: Operand,
        /// The greatest.
        to: Operand,
    },
    /// The person's value is one of these (at least one); unknown if the person has none.
    In {
        /// Whose value.
        #[serde(alias = "attribute")]
        field: Field,
        /// The values.
        values: Vec<Value>,
    },
    /// The person's text has a part or a shape; unknown if the person has none.
    Match {
        /// Whose text.
        field: Field,
        /// How it is matched.
        how: Matching,
        /// With what, in normalisation form C.
        text: Box<str>,
    },
    /// How many of these options (at least one, none twice) the person has. Never unknown: who has no value has
    /// none of them.
    Options {
        /// Which multi-choice attribute.
        attribute: AttributeId,
        /// How many.
        quantity: Quantity,
        /// Of which.
        options: Vec<OptionId>,
    },
    /// How many options the person has in all. Never unknown.
    Size {
        /// Which multi-choice attribute.
        attribute: AttributeId,
        /// How the number is compared.
        comparison: Comparison,
        /// With what.
        count: u32,
    },
    /// The person's path lies under another; unknown if the person has none.
    Under {
        /// Which path attribute.
        attribute: AttributeId,
        /// The path above.
        path: Arc<str>,
        /// Whether that path itself counts.
        itself: bool,
    },
    /// Following the attribute from person to person leads to this one: the manager, the manager's manager and so
    /// on, until somebody has none or comes up a second time. Unknown if the person has no value.
    ReportsTo {
        /// Which user attribute.
        attribute: AttributeId,
        /// To whom.
        user: UserId,
    },
    /// A fact about the person that is never unknown.
    Is(Fact),
}

/// A value that a rule can ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "FieldForm", into = "FieldForm")]
pub enum Field {
    /// The value of an attribute: `user.x`.
    Attribute(AttributeId),
    /// The user's key: `account.key`, a text.
    AccountKey,
    /// When the account was created: `account.created`, a timestamp.
    AccountCreated,
    /// When the person last completed a course: a timestamp. Tests on it are never unknown: who has not completed
    /// it has not done so before, after or within anything.
    Completed(CourseId),
    /// The person's score in a course, from 0 to 1: `score("c")`, a decimal.
    Score(CourseId),
    /// The day on which a course is due: a date. Tests on it are never unknown.
    Due(CourseId),
}

/// A field in JSON: an attribute is a bare number.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected the number of an attribute, or a field such as `account_key`")]
enum FieldForm {
    Attribute(AttributeId),
    Other(OtherField),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OtherField {
    AccountKey,
    AccountCreated,
    Completed(CourseId),
    Score(CourseId),
    Due(CourseId),
}

impl From<FieldForm> for Field {
    fn from(form: FieldForm) -> Self {
        match form {
            FieldForm::Attribute(attribute) => Self::Attribute(attribute),
            FieldForm::Other(OtherField::AccountKey) => Self::AccountKey,
            FieldForm::Other(OtherField::AccountCreated) => Self::AccountCreated,
            FieldForm::Other(OtherField::Completed(course)) => Self::Completed(course),
            FieldForm::Other(OtherField::Score(course)) => Self::Score(course),
            FieldForm::Other(OtherField::Due(course)) => Self::Due(course),
        }
    }
}

impl From<Field> for FieldForm {
    fn from(field: Field) -> Self {
        match field {
            Field::Attribute(attribute) => Self::Attribute(attribute),
            Field::AccountKey => Self::Other(OtherField::AccountKey),
            Field::AccountCreated => Self::Other(OtherField::AccountCreated),
            Field::Completed(course) => Self::Other(OtherField::Completed(course)),
            Field::Score(course) => Self::Other(OtherField::Score(course)),
            Field::Due(course) => Self::Other(OtherField::Due(course)),
        }
    }
}

impl From<AttributeId> for Field {
    fn from(attribute: AttributeId) -> Self {
        Self::Attribute(attribute)
    }
}

impl Field {
    /// The type of its values; `None` for an attribute that is not there.
    pub fn kind(self, schema: &Schema) -> Option<&Kind> {
        Some(match self {
            Self::Attribute(attribute) => &schema.get(attribute)?.kind,
            Self::AccountKey => &Kind::Text,
            Self::AccountCreated | Self::Completed(_) => &Kind::Timestamp,
            Self::Score(_) => &Kind::Decimal,
            Self::Due(_) => &Kind::Date,
        })
    }

    /// Whether a test on a missing value is false, rather than unknown.
    pub fn is_never_unknown(self) -> bool {
        matches!(self, Self::Completed(_) | Self::Due(_))
    }

    /// The attribute, if it is one.
    pub fn attribute(self) -> Option<AttributeId> {
        match self {
            Self::Attribute(attribute) => Some(attribute),
            _ => None,
        }
    }
}

/// A fact about a person that is there or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// A member of the segment: `inSegment("x")`.
    Segment(SegmentId),
    /// An active member of the site: `memberOf("x")`.
    Site(SiteId),
    /// A member of the group of a course: `inGroup("course", "x")`.
    Group(CourseId, GroupId),
    /// Holds the role anywhere: `hasRole("x")`.
    Role(RoleId),
    /// Enrolled in the course, suspended or not: `enrolled("x")`.
    Enrolled(CourseId),
}

/// How a text is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// It begins with the other.
    StartsWith,
    /// It ends with the other.
    EndsWith,
    /// The other occurs in it.
    Contains,
    /// The other, a pattern, covers it: see [`crate::Glob`].
    Glob,
}

/// How many of some options somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// One or more of them.
    Any,
    /// All of them.
    All,
    /// None of them.
    None,
    /// So many of them or more.
    AtLeast(u32),
    /// So many of them or fewer.
    AtMost(u32),
    /// Just so many of them.
    Exactly(u32),
}

impl Quantity {
    /// Whether it is satisfied by having so many out of a number of options.
    pub fn holds(self, count: usize, of: usize) -> bool {
        match self {
            Self::Any => count > 0,
            Self::All => count == of,
            Self::None => count == 0,
            Self::AtLeast(least) => count >= least as usize,
            Self::AtMost(most) => count <= most as usize,
            Self::Exactly(exactly) => count == exactly as usize,
        }
    }
}

/// How two values are compared. Text is ordered by code point; booleans, choices,
/// users and paths have no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// `==`
    #[serde(rename = "==")]
    Equal,
    /// `!=`
    #[serde(rename = "!=")]
    NotEqual,
    /// `<`
    #[serde(rename = "<")]
    Less,
    /// `<=`
    #[serde(rename = "<=")]
    LessOrEqual,
    /// `>`
    #[serde(rename = ">")]
    Greater,
    /// `>=`
    #[serde(rename = ">=")]
    GreaterOrEqual,
}

impl Comparison {
    /// The sign, as in rule text.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// Whether the comparison holds for an ordering of left against right.
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }

    /// The comparison that holds exactly when this one does not.
    pub fn negated(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }

    /// The same comparison with its sides exchanged: `a < b` is `b > a`.
    pub fn flipped(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// A constant. A timestamp is compared with a date as with its first moment at the site.
    Value(Value),
    /// A day counted from today: `today`, `today - days(90)`.
    Today(Offset),
    /// A day counted from an end of the current week, month, quarter or year: `startOfMonth() - months(1)`.
    Period(Period),
}

impl Operand {
    /// The day that it stands for, if it is one.
    pub fn day(&self, today: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Value(Value::Date(day)) => Some(*day),
            Self::Value(_) => None,
            Self::Today(offset) => Some(offset.from(today)),
            Self::Period(period) => Some(period.from(today)),
        }
    }

    /// Whether what it stands for moves as time passes.
    pub fn is_relative(&self) -> bool {
        matches!(self, Self::Today(_) | Self::Period(_))
    }
}

impl Rule {
    /// Visits the rule and all its parts, wholes before their parts.
    pub fn visit<'a>(&'a self, visitor: &mut impl FnMut(&'a Rule)) {
        visitor(self);
        match self {
            Self::All(parts) | Self::Any(parts) | Self::Xor(parts) => {
                parts.iter().for_each(|part| part.visit(visitor));
            }
            Self::Not(part) => part.visit(visitor),
            _ => {}
        }
    }

    /// The field that a test is about; none of a combination, or of a test of facts.
    pub fn field(&self) -> Option<Field> {
        match self {
            Self::Has(field)
            | Self::Compare { field, .. }
            | Self::Between { field, .. }
            | Self::In { field, .. }
            | Self::Match { field, .. } => Some(*field),
            Self::Options { attribute, .. }
            | Self::Size { attribute, .. }
            | Self::Under { attribute, .. }
            | Self::ReportsTo { attribute, .. } => Some(Field::Attribute(*attribute)),
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Xor(_) | Self::Is(_) => None,
        }
    }
}
