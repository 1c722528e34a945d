//! Writes a rule as text, the one canonical way. Not here: how text is read (`parse`), and English (`describe`).

use std::fmt::{self, Write};

use chrono::SecondsFormat;

use crate::error::is_hidden;
use crate::operand::EDGES;
use crate::{
    AttributeId, Comparison, CourseId, Fact, Field, Function, Kind, Matching, Method, Named, Names, Offset,
    Operand, OptionId, Period, Quantity, Rule, Unit, Value,
};

/// Writes a rule as text. Parentheses are as few as can be, and strings are in double quotes. A test that a function
/// or method of its own stands for is written so: `user.hired_on.withinLast(90, "days")`.
///
/// Reading it back ([`crate::compile`]) gives the same rule if [`crate::validate`] accepts it and no "all" is directly
/// within an "all" nor "any" within "any"; those come back as one. What does not exist is written so that it cannot be
/// read: `user.<attribute 7>`, `inSegment(<segment 7>)`.
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, Schema, compile, print};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "city", Kind::Text));
///
/// let rule = compile("((user.city != 'Cape Town')) || user.city == null", &schema)?;
/// assert_eq!(print(&rule, &schema), r#"user.city != "Cape Town" || !has(user.city)"#);
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
pub fn print(rule: &Rule, names: &dyn Names) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_rule(&mut out, rule, names, Place::Top);
    out
}

/// What a rule is written within, which says when it needs parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Any,
    All,
    Not,
}

fn write_rule(out: &mut String, rule: &Rule, names: &dyn Names, place: Place) -> fmt::Result {
    match rule {
        Rule::All(parts) => {
            let needed = matches!(place, Place::All | Place::Not);
            write_joined(out, parts, names, " && ", Place::All, needed)
        }
        Rule::Any(parts) => write_joined(out, parts, names, " || ", Place::Any, place != Place::Top),
        Rule::Xor(parts) => write_xor(out, parts, names, place == Place::Not),
        Rule::Not(part) => {
            out.push('!');
            write_rule(out, part, names, Place::Not)
        }
        _ if place == Place::Not && is_relation(rule) => {
            out.push('(');
            write_test(out, rule, names)?;
            out.push(')');
            Ok(())
        }
        _ => write_test(out, rule, names),
    }
}

fn write_joined(
    out: &mut String,
    parts: &[Rule],
    names: &dyn Names,
    sign: &str,
    place: Place,
    parentheses: bool,
) -> fmt::Result {
    if parentheses {
        out.push('(');
    }
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            out.push_str(sign);
        }
        write_rule(out, part, names, place)?;
    }
    if parentheses {
        out.push(')');
    }
    Ok(())
}

fn write_xor(out: &mut String, parts: &[Rule], names: &dyn Names, parentheses: bool) -> fmt::Result {
    if parentheses {
        out.push('(');
    }
    for (position, part) in parts.iter().enumerate() {
        out.push_str(if position > 0 { " != (" } else { "(" });
        write_rule(out, part, names, Place::Top)?;
        out.push(')');
    }
    if parentheses {
        out.push(')');
    }
    Ok(())
}

/// Whether a test is written with a sign between two sides, which `!` binds more tightly than.
fn is_relation(rule: &Rule) -> bool {
    match rule {
        Rule::Compare { field, comparison, with } => {
            !is_flag(*comparison, with) && named_completion(*field, *comparison).is_none()
        }
        Rule::In { .. } | Rule::Size { .. } => true,
        Rule::Options { quantity, options, .. } => is_in(*quantity, options),
        _ => false,
    }
}

/// `user.flag`
fn is_flag(comparison: Comparison, with: &Operand) -> bool {
    comparison == Comparison::Equal && *with == Operand::Value(Value::Boolean(true))
}

/// `"rust" in user.skills`
fn is_in(quantity: Quantity, options: &[OptionId]) -> bool {
    quantity == Quantity::Any && options.len() == 1
}

/// The function for a comparison of when a course was completed, if there is one.
fn named_completion(field: Field, comparison: Comparison) -> Option<(Function, CourseId)> {
    match (field, comparison) {
        (Field::Completed(course), Comparison::Less) => Some((Function::CompletedBefore, course)),
        (Field::Completed(course), Comparison::Greater) => Some((Function::CompletedAfter, course)),
        _ => None,
    }
}

/// The stretch of time that two ends say, if it begins or ends today: whether it is past, and how long.
pub(crate) fn stretch(from: &Operand, to: &Operand) -> Option<(bool, Offset)> {
    const TODAY: Offset = Offset { count: 0, unit: Unit::Days };
    match (from, to) {
        (Operand::Today(from), Operand::Today(TODAY)) if from.count < 0 => Some((true, *from)),
        (Operand::Today(TODAY), Operand::Today(to)) if to.count > 0 => Some((false, *to)),
        _ => None,
    }
}

fn write_test(out: &mut String, rule: &Rule, names: &dyn Names) -> fmt::Result {
    match rule {
        Rule::Has(Field::Completed(course)) => {
            write_call(out, Function::Completed, *course, names)?;
            out.write_char(')')
        }
        Rule::Has(field) => {
            out.push_str("has(");
            write_field(out, *field, names)?;
            out.write_char(')')
        }
        Rule::Compare { field, comparison, with } => {
            if let Some((function, course)) = named_completion(*field, *comparison) {
                write_call(out, function, course, names)?;
                out.push_str(", ");
                write_operand(out, with, *field, names)?;
                return out.write_char(')');
            }
            write_field(out, *field, names)?;
            if is_flag(*comparison, with) {
                return Ok(());
            }
            write!(out, " {} ", comparison.sign())?;
            write_operand(out, with, *field, names)
        }
        Rule::Between { field, from, to } => write_between(out, *field, from, to, names),
        Rule::In { field, values } => {
            write_field(out, *field, names)?;
            out.push_str(" in ");
            write_list(out, values, |out, value| write_value(out, value, *field, names))
        }
        Rule::Match { field, how, text } => {
            let method = match how {
                Matching::StartsWith => Method::StartsWith,
                Matching::EndsWith => Method::EndsWith,
                Matching::Contains => Method::Contains,
                Matching::Glob => Method::Glob,
            };
            write_method(out, *field, method, names)?;
            write_text(out, text);
            out.write_char(')')
        }
        Rule::Options { attribute, quantity, options } => {
            write_options(out, *attribute, *quantity, options, names)
        }
        Rule::Size { attribute, comparison, count } => {
            out.push_str("size(");
            write_field(out, Field::Attribute(*attribute), names)?;
            write!(out, ") {} {count}", comparison.sign())
        }
        Rule::Under { attribute, path, itself } => {
            let method = if *itself { Method::Under } else { Method::Below };
            write_method(out, Field::Attribute(*attribute), method, names)?;
            write_text(out, path);
            out.write_char(')')
        }
        Rule::ReportsTo { attribute, user } => {
            write_method(out, Field::Attribute(*attribute), Method::ReportsTo, names)?;
            write_key(out, Named::User, user.0, names)?;
            out.write_char(')')
        }
        Rule::Is(fact) => write_fact(out, *fact, names),
        // These are no tests.
        Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::Xor(_) => Ok(()),
    }
}

fn write_between(
    out: &mut String,
    field: Field,
    from: &Operand,
    to: &Operand,
    names: &dyn Names,
) -> fmt::Result {
    let Some((past, Offset { count, unit })) = stretch(from, to) else {
        write_method(out, field, Method::Between, names)?;
        write_operand(out, from, field, names)?;
        out.push_str(", ");
        write_operand(out, to, field, names)?;
        return out.write_char(')');
    };
    match (field, past) {
        (Field::Completed(course), true) => {
            write_call(out, Function::CompletedWithinLast, course, names)?;
            out.push_str(", ");
        }
        (Field::Due(course), false) => {
            write_call(out, Function::DueWithin, course, names)?;
            out.push_str(", ");
        }
        (_, true) => write_method(out, field, Method::WithinLast, names)?,
        (_, false) => write_method(out, field, Method::WithinNext, names)?,
    }
    write!(out, "{}, \"{}\")", count.unsigned_abs(), unit.name())
}

fn write_options(
    out: &mut String,
    attribute: AttributeId,
    quantity: Quantity,
    options: &[OptionId],
    names: &dyn Names,
) -> fmt::Result {
    let field = Field::Attribute(attribute);
    if let ([option], true) = (options, is_in(quantity, options)) {
        write_option(out, *option, attribute, names)?;
        out.push_str(" in ");
        return write_field(out, field, names);
    }
    let (method, count) = match quantity {
        Quantity::Any => (Method::AnyOf, None),
        Quantity::All => (Method::AllOf, None),
        Quantity::None => (Method::NoneOf, None),
        Quantity::AtLeast(count) => (Method::AtLeast, Some(count)),
        Quantity::AtMost(count) => (Method::AtMost, Some(count)),
        Quantity::Exactly(count) => (Method::Exactly, Some(count)),
    };
    write_method(out, field, method, names)?;
    if let Some(count) = count {
        write!(out, "{count}, ")?;
    }
    write_list(out, options, |out, option| write_option(out, *option, attribute, names))?;
    out.write_char(')')
}

fn write_fact(out: &mut String, fact: Fact, names: &dyn Names) -> fmt::Result {
    let (function, what, id) = match fact {
        Fact::Segment(id) => (Function::InSegment, Named::Segment, id.0),
        Fact::Site(id) => (Function::MemberOf, Named::Site, id.0),
        Fact::Role(id) => (Function::HasRole, Named::Role, id.0),
        Fact::Enrolled(id) => (Function::Enrolled, Named::Course, id.0),
        Fact::Group(course, group) => {
            write_call(out, Function::InGroup, course, names)?;
            out.push_str(", ");
            write_key(out, Named::Group(course), group.0, names)?;
            return out.write_char(')');
        }
    };
    write!(out, "{}(", function.name())?;
    write_key(out, what, id, names)?;
    out.write_char(')')
}

fn write_list<T>(
    out: &mut String,
    elements: &[T],
    write: impl Fn(&mut String, &T) -> fmt::Result,
) -> fmt::Result {
    out.push('[');
    for (position, element) in elements.iter().enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        write(out, element)?;
    }
    out.write_char(']')
}

/// A function of a course, up to what follows the course.
fn write_call(out: &mut String, function: Function, course: CourseId, names: &dyn Names) -> fmt::Result {
    write!(out, "{}(", function.name())?;
    write_key(out, Named::Course, course.0, names)
}

/// A method, up to what is in its parentheses.
fn write_method(out: &mut String, field: Field, method: Method, names: &dyn Names) -> fmt::Result {
    write_field(out, field, names)?;
    write!(out, ".{}(", method.name())
}

/// What a test asks about: `user.department`, `score("gdpr")`.
pub(crate) fn write_field(out: &mut String, field: Field, names: &dyn Names) -> fmt::Result {
    let (function, course) = match field {
        Field::Attribute(id) => {
            return match names.schema().get(id) {
                Some(attribute) if is_name(&attribute.key) => write!(out, "user.{}", attribute.key),
                Some(attribute) => write!(out, "user.`{}`", attribute.key),
                None => write!(out, "user.<attribute {}>", id.0),
            };
        }
        Field::AccountKey => return out.write_str("account.key"),
        Field::AccountCreated => return out.write_str("account.created"),
        Field::Completed(course) => (Function::CompletedOn, course),
        Field::Score(course) => (Function::Score, course),
        Field::Due(course) => (Function::DueOn, course),
    };
    write_call(out, function, course, names)?;
    out.write_char(')')
}

/// Whether a key can be written without backticks.
fn is_name(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        && !matches!(key, "true" | "false" | "null" | "in")
}

/// The key of what a rule names, in double quotes, or that there is none.
fn write_key(out: &mut String, what: Named, id: u32, names: &dyn Names) -> fmt::Result {
    match names.key(what, id) {
        Some(key) => {
            write_text(out, &key);
            Ok(())
        }
        None => write!(out, "<{} {id}>", what.word()),
    }
}

fn write_operand(out: &mut String, operand: &Operand, field: Field, names: &dyn Names) -> fmt::Result {
    match operand {
        Operand::Value(value) => write_value(out, value, field, names),
        Operand::Today(offset) => {
            out.push_str("today");
            write_offset(out, *offset)
        }
        Operand::Period(Period { edge, of, offset }) => {
            let found = EDGES.iter().find(|(_, other, calendar)| (other, calendar) == (edge, of));
            write!(out, "{}()", found.map_or("", |(name, _, _)| *name))?;
            write_offset(out, *offset)
        }
    }
}

fn write_value(out: &mut String, value: &Value, field: Field, names: &dyn Names) -> fmt::Result {
    match value {
        Value::Text(text) | Value::Path(text) => {
            write_text(out, text);
            Ok(())
        }
        Value::Integer(number) => write!(out, "{number}"),
        Value::Decimal(number) => write!(out, "{number}"),
        Value::Boolean(value) => write!(out, "{value}"),
        Value::Date(day) => write!(out, "date(\"{day}\")"),
        Value::Timestamp(at) => {
            write!(out, "timestamp(\"{}\")", at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
        }
        Value::Choice(option) => match field.attribute() {
            Some(attribute) => write_option(out, *option, attribute, names),
            None => write!(out, "<option {}>", option.0),
        },
        // No rule has these.
        Value::Choices(options) => {
            write_list(out, options, |out, option| write!(out, "<option {}>", option.0))
        }
        Value::User(user) => write_key(out, Named::User, user.0, names),
    }
}

/// The option's key in double quotes, or that there is none.
pub(crate) fn write_option(
    out: &mut String,
    option: OptionId,
    attribute: AttributeId,
    names: &dyn Names,
) -> fmt::Result {
    let attribute = names.schema().get(attribute).map(|attribute| &attribute.kind).and_then(Kind::options);
    match attribute.and_then(|options| options.get(option)) {
        Some(option) => {
            write_text(out, &option.key);
            Ok(())
        }
        None => write!(out, "<option {}>", option.0),
    }
}

fn write_offset(out: &mut String, offset: Offset) -> fmt::Result {
    let Offset { count, unit } = offset;
    if offset.count == 0 && unit == Unit::Days {
        return Ok(());
    }
    let sign = if count < 0 { '-' } else { '+' };
    write!(out, " {sign} {}({})", unit.name(), count.unsigned_abs())
}

/// Text in double quotes; what cannot be seen is escaped.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // All of these are below U+10000.
            _ if is_hidden(char) => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out.push('"');
}
