//! What the values of a rule must be, whether it came as text or typed: bounds, forms, and what would hold for
//! everybody or nobody. The errors have no place yet. Not here: whether names exist (`check`, `validate`).

use crate::constant::{is_instant, is_within, no_day, no_instant};
use crate::error::quoted;
use crate::{
    Attribute, Comparison, Field, Glob, Kind, MAX_INTEGER, Matching, Operand, Part, Quantity, Rule,
    RuleError, RuleErrorKind, Value, fold, normalise, path,
};

/// How many tests and constants a rule can have: each node of the tree counts, and each value and option in a list.
pub const MAX_NODES: usize = 20_000;

/// The greatest number of options that can be asked for.
pub(crate) const MAX_COUNT: u32 = i32::MAX.unsigned_abs();

/// How much of [`MAX_NODES`] a node takes, without its parts.
pub(crate) fn weight(rule: &Rule) -> usize {
    match rule {
        Rule::In { values, .. } => 1 + values.len(),
        Rule::Options { options, .. } => 1 + options.len(),
        _ => 1,
    }
}

/// The rule has more nodes than [`MAX_NODES`].
pub(crate) fn too_many_nodes() -> RuleError {
    let message = format!("the rule has more than {MAX_NODES} tests and values");
    RuleError::new(RuleErrorKind::TooLong, message)
}

/// A list without elements.
pub(crate) fn empty_list() -> RuleError {
    RuleError::new(RuleErrorKind::EmptyList, "the list is empty, so nothing is in it")
}

/// What a value of a type is called, in messages.
pub(crate) fn wanted(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Integer => "a whole number",
        Kind::Decimal => "a number",
        Kind::Boolean => "`true` or `false`",
        Kind::Date => "a date",
        Kind::Timestamp => "a timestamp",
        Kind::Choice { .. } => "an option",
        Kind::MultiChoice { .. } => "options",
        Kind::User => "the key of a user",
        Kind::Path => "a path",
    }
}

/// A type with its article, in messages: `a choice`.
pub(crate) fn type_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "a text",
        Kind::Integer => "an integer",
        Kind::Decimal => "a decimal",
        Kind::Boolean => "a boolean",
        Kind::Date => "a date",
        Kind::Timestamp => "a timestamp",
        Kind::Choice { .. } => "a choice",
        Kind::MultiChoice { .. } => "a multi-choice",
        Kind::User => "a user",
        Kind::Path => "a path",
    }
}

/// Checks that a value is in its normal form and within bounds, whatever attribute it is for.
pub(crate) fn value(value: &Value) -> Result<(), RuleError> {
    match value {
        Value::Text(text) => normal(text),
        Value::Path(text) => a_path(text),
        Value::Integer(number) => integer(*number),
        Value::Date(day) if !is_within(*day) => Err(no_day(quoted(&day.to_string()))),
        Value::Timestamp(at) if !is_instant(*at) => Err(no_instant(quoted(&at.to_rfc3339()))),
        _ => Ok(()),
    }
}

/// Checks that a text is in normalisation form C.
pub(crate) fn normal(text: &str) -> Result<(), RuleError> {
    if normalise(text) == text {
        return Ok(());
    }
    let message = format!("{} is not in normalisation form c", quoted(text));
    Err(RuleError::new(RuleErrorKind::NotNormalised, message))
}

/// Checks that a text is a path in its one form.
pub(crate) fn a_path(text: &str) -> Result<(), RuleError> {
    normal(text)?;
    if path(text).is_some() { Ok(()) } else { Err(no_path(text)) }
}

/// The text is no path.
pub(crate) fn no_path(text: &str) -> RuleError {
    let error = RuleError::mismatch(RuleErrorKind::InvalidPath, "a path such as `EMEA/ZA`", quoted(text));
    error.hint("write names joined by `/`, without spaces around them")
}

/// Checks that a whole number is within bounds.
pub(crate) fn integer(number: i64) -> Result<(), RuleError> {
    if number.unsigned_abs() <= MAX_INTEGER.unsigned_abs() {
        Ok(())
    } else {
        Err(no_integer(&number.to_string()))
    }
}

/// The whole number is out of bounds.
pub(crate) fn no_integer(number: &str) -> RuleError {
    RuleError::new(RuleErrorKind::InvalidNumber, format!("{} is out of bounds", quoted(number)))
        .hint(format!("whole numbers go from -{MAX_INTEGER} to {MAX_INTEGER}"))
}

/// A whole that is the same for everybody.
fn constant(message: String) -> RuleError {
    RuleError::new(RuleErrorKind::ConstantRule, message)
}

/// Checks that a field can be asked for: an account has its key and its beginning always.
pub(crate) fn presence(field: Field) -> Result<(), RuleError> {
    match field {
        Field::AccountKey | Field::AccountCreated => {
            Err(constant("every account has a key and a beginning".into()))
        }
        _ => Ok(()),
    }
}

/// Checks that a comparison can be asked of a type. The field is in quotes.
pub(crate) fn order(kind: &Kind, comparison: Comparison, field: &str) -> Result<(), RuleError> {
    if kind.is_ordered() || matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
        return Ok(());
    }
    Err(no_order(kind, field, &format!("`{}`", comparison.sign())))
}

/// The type has no order, for what asks for one.
pub(crate) fn no_order(kind: &Kind, field: &str, asks: &str) -> RuleError {
    let message = format!("{field} is {}, which has no order for {asks}", type_name(kind));
    RuleError::new(RuleErrorKind::NoOrder, message)
}

/// Checks that something can lie between two ends, as far as they are constants of one type.
pub(crate) fn between(from: &Operand, to: &Operand, attribute: Option<&Attribute>) -> Result<(), RuleError> {
    let (Operand::Value(least), Operand::Value(greatest)) = (from, to) else {
        return Ok(());
    };
    let ignore_case = attribute.is_some_and(|attribute| attribute.ignore_case);
    let exchanged = match (least, greatest) {
        (Value::Text(least), Value::Text(greatest)) if ignore_case => fold(least) > fold(greatest),
        _ => std::mem::discriminant(least) == std::mem::discriminant(greatest) && least > greatest,
    };
    if !exchanged {
        return Ok(());
    }
    let error = constant("nothing lies between these two, for the first is the greater".into());
    Err(error.hint("exchange them"))
}

/// Checks that a text is normal, can be read as a pattern if it is to be one, and does not match everything.
pub(crate) fn matching(how: Matching, text: &str) -> Result<(), RuleError> {
    normal(text)?;
    let error = match how {
        Matching::Glob => {
            let glob = Glob::new(text).map_err(|error| {
                RuleError::new(RuleErrorKind::InvalidPattern, error.to_string())
                    .hint("write `\\\\` for a backslash")
            })?;
            if glob.parts() != [Part::Any] {
                return Ok(());
            }
            constant(format!("the pattern {} covers every text", quoted(text)))
        }
        _ if !text.is_empty() => return Ok(()),
        Matching::StartsWith => constant("every text begins with the empty text".into()),
        Matching::EndsWith => constant("every text ends with the empty text".into()),
        Matching::Contains => constant("every text contains the empty text".into()),
    };
    Err(error.hint("write `has( … )` to ask for a value"))
}

/// Checks that a quantity out of so many options is not the same for everybody.
pub(crate) fn quantity(quantity: Quantity, of: usize) -> Result<(), RuleError> {
    let (count, words) = match quantity {
        Quantity::Any | Quantity::All | Quantity::None => return Ok(()),
        Quantity::AtLeast(count) => (count, "at least"),
        Quantity::AtMost(count) => (count, "at most"),
        Quantity::Exactly(count) => (count, "exactly"),
    };
    let mut possible = (0..=of).map(|count| quantity.holds(count, of));
    let first = possible.next().unwrap_or_default();
    if possible.any(|holds| holds != first) {
        return Ok(());
    }
    Err(same_count(first, i64::from(count), words, of))
}

/// Everybody, or nobody, has so many of the options.
pub(crate) fn same_count(everybody: bool, count: i64, words: &str, of: usize) -> RuleError {
    let who = if everybody { "everybody" } else { "nobody" };
    let options = if of == 1 { "option" } else { "options" };
    constant(format!("{who} has {words} {count} of {of} {options}"))
}

/// Checks that a test of how many options somebody has is not the same for everybody.
pub(crate) fn size(comparison: Comparison, count: i64) -> Result<(), RuleError> {
    let holds = |size: i64| comparison.holds(size.cmp(&count));
    let always = match comparison {
        // These turn once, at the count: between none and the most that can be asked for, or not at all.
        _ if count > i64::from(MAX_COUNT) || count < 0 => holds(0),
        Comparison::Less if count == 0 => false,
        Comparison::GreaterOrEqual if count == 0 => true,
        _ => return Ok(()),
    };
    let who = if always { "everybody" } else { "nobody" };
    Err(constant(format!("the size is `{} {count}` for {who}", comparison.sign())))
}
