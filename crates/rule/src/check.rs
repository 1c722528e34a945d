//! Checks what was written against the attributes, and makes the typed rule of it. Not here: rules that arrive
//! typed already (`validate`).

use crate::error::quoted;
use crate::operand::{is_within, looks_like_day};
use crate::{
    Attribute, AttributeName, Comparison, Expr, ExprKind, Kind, Literal, MAX_DEPTH, Operand, Rule, RuleError,
    RuleErrorKind, Schema, Span, Value, nearest, normalise, parse,
};

/// Reads rule text and checks it: [`parse`](crate::parse()) and then [`check`].
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, Rule, Schema, compile};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "manager", Kind::Text));
///
/// assert_eq!(compile("has(user.manager)", &schema)?, Rule::Has(AttributeId(0)));
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
///
/// # Errors
///
/// As [`parse`](crate::parse()) and [`check`].
pub fn compile(text: &str, schema: &Schema) -> Result<Rule, RuleError> {
    check(&parse(text)?, schema)
}

/// Checks a parsed rule against the attributes, and replaces names by ids. An "and" directly within an "and"
/// becomes part of it, and likewise "or"; `user.x == null` becomes `!has(user.x)`.
///
/// # Errors
///
/// If an attribute or an option is unknown, a value is of the wrong type, an order is asked of what has none, a
/// list is empty, a comparison names no attribute or two, or the whole nests deeper than [`MAX_DEPTH`].
pub fn check(expr: &Expr, schema: &Schema) -> Result<Rule, RuleError> {
    condition(expr, schema, 0)
}

// Keep this frame small: it is the only one that recurses.
fn condition(expr: &Expr, schema: &Schema, depth: usize) -> Result<Rule, RuleError> {
    let (ExprKind::And(parts) | ExprKind::Or(parts)) = &expr.kind else {
        return match &expr.kind {
            ExprKind::Not(part) => {
                too_deep(expr, depth)?;
                condition(part, schema, depth + 1).map(|rule| Rule::Not(Box::new(rule)))
            }
            _ => leaf(expr, schema),
        };
    };
    too_deep(expr, depth)?;
    let is_and = matches!(expr.kind, ExprKind::And(_));
    let mut checked = Vec::with_capacity(parts.len());
    for part in parts {
        match (condition(part, schema, depth + 1)?, is_and) {
            (Rule::All(more), true) | (Rule::Any(more), false) => checked.extend(more),
            (rule, _) => checked.push(rule),
        }
    }
    if checked.len() < 2 {
        // No text says this, but a hand-made tree may.
        let message = format!("expected two conditions or more, found {}", checked.len());
        return checked
            .pop()
            .ok_or_else(|| RuleError::new(RuleErrorKind::TooFewParts, message).at(expr.span));
    }
    Ok(if is_and { Rule::All(checked) } else { Rule::Any(checked) })
}

fn too_deep(expr: &Expr, depth: usize) -> Result<(), RuleError> {
    if depth < MAX_DEPTH {
        return Ok(());
    }
    let message = format!("the rule nests more than {MAX_DEPTH} levels deep");
    Err(RuleError::new(RuleErrorKind::TooDeep, message).at(expr.span))
}

/// Anything that joins no other conditions.
fn leaf(expr: &Expr, schema: &Schema) -> Result<Rule, RuleError> {
    match &expr.kind {
        ExprKind::Has(name) => Ok(Rule::Has(find(name, schema)?.id)),
        ExprKind::Compare { left, comparison, right } => compare(expr.span, left, *comparison, right, schema),
        ExprKind::In { element, list } => within(element, list, schema),
        _ => Err(not_a_condition(expr, schema)),
    }
}

fn find<'s>(name: &AttributeName, schema: &'s Schema) -> Result<&'s Attribute, RuleError> {
    schema.find(&name.key).ok_or_else(|| {
        let keys = schema.attributes().iter().map(|attribute| attribute.key.as_str());
        RuleError::new(RuleErrorKind::UnknownAttribute, format!("unknown attribute {}", quoted(&name.key)))
            .finding(quoted(&name.key))
            .near(nearest(&name.key, keys))
            .at(name.span)
    })
}

/// An operand that stands alone where a condition is needed.
fn not_a_condition(expr: &Expr, schema: &Schema) -> RuleError {
    let constant = |message: &str| RuleError::new(RuleErrorKind::ConstantRule, message).at(expr.span);
    match &expr.kind {
        ExprKind::Literal(Literal::Bool(value)) => {
            constant(&format!("`{value}` is the same for everybody")).hint("write a condition on `user`")
        }
        ExprKind::Attribute(name) => match find(name, schema) {
            Err(error) => error,
            Ok(attribute) => {
                let key = &attribute.key;
                RuleError::mismatch(RuleErrorKind::WrongType, "a condition", describe(expr))
                    .hint(format!("compare it, or write `has(user.{key})`"))
                    .at(expr.span)
            }
        },
        _ => {
            let found = describe(expr);
            RuleError::mismatch(RuleErrorKind::ConstantRule, "a condition on `user`", found).at(expr.span)
        }
    }
}

/// What an operand is, for messages.
fn describe(expr: &Expr) -> &'static str {
    match &expr.kind {
        ExprKind::Attribute(_) => "an attribute",
        ExprKind::Literal(literal) => literal.describe(),
        ExprKind::Today(_) => "a day counted from today",
        ExprKind::List(_) => "a list",
        _ => "a condition",
    }
}

fn compare(
    span: Span,
    left: &Expr,
    comparison: Comparison,
    right: &Expr,
    schema: &Schema,
) -> Result<Rule, RuleError> {
    let sign = comparison.sign();
    if let Some(condition) = [left, right].into_iter().find(|side| side.is_condition()) {
        let error = RuleError::new(RuleErrorKind::NotSupported, "a condition cannot be compared");
        return Err(error.hint("use `&&`, `||` and `!`").at(condition.span));
    }
    let (name, comparison, other) = match (&left.kind, &right.kind) {
        (ExprKind::Attribute(name), ExprKind::Attribute(other)) => {
            find(name, schema)?;
            find(other, schema)?;
            let error = RuleError::new(RuleErrorKind::NotSupported, "two attributes cannot be compared");
            return Err(error.hint("compare each with a value").at(right.span));
        }
        (ExprKind::Attribute(name), _) => (name, comparison, right),
        (_, ExprKind::Attribute(name)) => (name, comparison.flipped(), left),
        _ => {
            let message = format!(
                "a comparison of {} with {} is the same for everybody",
                describe(left),
                describe(right)
            );
            let error = RuleError::new(RuleErrorKind::ConstantRule, message);
            return Err(error.hint(format!("compare an attribute: `user.name {sign} …`")).at(span));
        }
    };
    let attribute = find(name, schema)?;
    let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    if matches!(other.kind, ExprKind::Literal(Literal::Null)) {
        return match comparison {
            Comparison::Equal => Ok(Rule::Not(Box::new(Rule::Has(attribute.id)))),
            Comparison::NotEqual => Ok(Rule::Has(attribute.id)),
            _ => {
                Err(RuleError::new(RuleErrorKind::NoOrder, format!("`null` cannot be compared by `{sign}`"))
                    .hint("write `==` or `!=`")
                    .at(other.span))
            }
        };
    }
    if !equality && matches!(attribute.kind, Kind::Choice { .. }) {
        let message = format!("{} is a choice, which has no order for `{sign}`", quoted(&attribute.key));
        let hint = format!("list the options: `user.{} in [ … ]`", attribute.key);
        return Err(RuleError::new(RuleErrorKind::NoOrder, message).hint(hint).at(span));
    }
    let with = match (&attribute.kind, &other.kind) {
        (Kind::Date, ExprKind::Today(offset)) => Operand::Today(*offset),
        _ => Operand::Value(value(attribute, other)?),
    };
    Ok(Rule::Compare { attribute: attribute.id, comparison, with })
}

fn within(element: &Expr, list: &Expr, schema: &Schema) -> Result<Rule, RuleError> {
    let ExprKind::Attribute(name) = &element.kind else {
        if element.is_condition() {
            let error = RuleError::new(RuleErrorKind::NotSupported, "a condition cannot be in a list");
            return Err(error.at(element.span));
        }
        if let ExprKind::Attribute(name) = &list.kind {
            let attribute = find(name, schema)?;
            let message = format!("{} has one value, not several", quoted(&attribute.key));
            let error = RuleError::new(RuleErrorKind::WrongType, message);
            return Err(error.hint(format!("write `user.{} == …`", attribute.key)).at(list.span));
        }
        let message = format!("whether {} is in a list is the same for everybody", describe(element));
        let error = RuleError::new(RuleErrorKind::ConstantRule, message);
        return Err(error.hint("write an attribute before `in`").at(element.span));
    };
    let attribute = find(name, schema)?;
    let ExprKind::List(elements) = &list.kind else {
        let expected = "a list such as `[\"a\", \"b\"]`";
        return Err(RuleError::mismatch(RuleErrorKind::WrongType, expected, describe(list)).at(list.span));
    };
    if elements.is_empty() {
        return Err(
            RuleError::new(RuleErrorKind::EmptyList, "the list is empty, so nothing is in it").at(list.span)
        );
    }
    let mut values = Vec::with_capacity(elements.len());
    for element in elements {
        values.push(value(attribute, element).map_err(|error| match &element.kind {
            ExprKind::Literal(Literal::Null) => {
                error.hint(format!("write `|| !has(user.{})`", attribute.key))
            }
            ExprKind::Today(_) if attribute.kind == Kind::Date => {
                error.hint(format!("write `user.{} == …` for each day, joined by `||`", attribute.key))
            }
            _ => error,
        })?);
    }
    Ok(Rule::In { attribute: attribute.id, values })
}

/// A value that the attribute can have.
fn value(attribute: &Attribute, expr: &Expr) -> Result<Value, RuleError> {
    let (expected, found) = match (&attribute.kind, &expr.kind) {
        (Kind::Text, ExprKind::Literal(Literal::Text(text))) => return Ok(Value::text(text)),
        (Kind::Choice { .. }, ExprKind::Literal(Literal::Text(text))) => {
            return option(attribute, text, expr.span);
        }
        (Kind::Date, ExprKind::Literal(Literal::Date(day))) => {
            if !is_within(*day) {
                return Err(RuleError::new(RuleErrorKind::InvalidDate, format!("there is no day `{day}`"))
                    .at(expr.span));
            }
            return Ok(Value::Date(*day));
        }
        (Kind::Text, _) => ("text", describe(expr)),
        (Kind::Choice { .. }, _) => ("an option", describe(expr)),
        (Kind::Date, _) => ("a date", describe(expr)),
    };
    let expected = format!("{expected} for {}", quoted(&attribute.key));
    let error = RuleError::mismatch(RuleErrorKind::WrongType, expected, found).at(expr.span);
    Err(match (&attribute.kind, &expr.kind) {
        (Kind::Date, ExprKind::Literal(Literal::Text(text))) if looks_like_day(text) => {
            error.hint(format!("write `date(\"{text}\")`"))
        }
        (Kind::Date, ExprKind::Literal(Literal::Text(_))) => {
            error.hint("write `date(\"2026-01-31\")` or `today`")
        }
        (Kind::Text | Kind::Choice { .. }, ExprKind::Literal(literal)) => match literal {
            Literal::Bool(value) => error.hint(format!("write {}", quoted(&format!("\"{value}\"")))),
            Literal::Int(value) => error.hint(format!("write {}", quoted(&format!("\"{value}\"")))),
            Literal::Number(value) => error.hint(format!("write {}", quoted(&format!("\"{value}\"")))),
            Literal::Date(value) => error.hint(format!("write {}", quoted(&format!("\"{value}\"")))),
            Literal::Text(_) | Literal::Null => error,
        },
        _ => error,
    })
}

/// The option of this name.
fn option(attribute: &Attribute, key: &str, span: Span) -> Result<Value, RuleError> {
    if let Some(option) = attribute.option(key).or_else(|| attribute.option(&normalise(key))) {
        return Ok(Value::Choice(option));
    }
    let message = format!("{} has no option {}", quoted(&attribute.key), quoted(key));
    let error = RuleError::new(RuleErrorKind::UnknownOption, message).finding(quoted(key)).at(span);
    let near = nearest(key, attribute.option_keys());
    Err(if near.is_some() { error.near(near) } else { options(error, attribute) })
}

/// Lists the options, or the first few.
fn options(error: RuleError, attribute: &Attribute) -> RuleError {
    const SHOWN: usize = 5;
    let shown: Vec<String> = attribute.option_keys().take(SHOWN).map(quoted).collect();
    let more = if attribute.option_keys().nth(SHOWN).is_some() { ", …" } else { "" };
    if shown.is_empty() {
        error.hint("it has none")
    } else {
        error.hint(format!("it has {}{more}", shown.join(", ")))
    }
}
