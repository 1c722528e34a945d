//! Single tests: comparisons, `in`, `has`, and what stands alone. Not here: functions and methods (`call`).

use super::call;
use super::subject::{Subject, describe, subject};
use super::value::{all_digits, mismatch, operand, option_of, value};
use crate::limits;
use crate::{
    AttributeId, Comparison, Expr, ExprKind, Function, Kind, Literal, Names, Operand, Quantity, Rule,
    RuleError, RuleErrorKind, Span, Value,
};

/// Anything that joins no other conditions.
#[inline(never)]
pub(super) fn test(expr: &Expr, names: &dyn Names) -> Result<Rule, RuleError> {
    match &expr.kind {
        ExprKind::Has(field) => match subject(field, names) {
            Some(subject) => has(&subject?, expr.span),
            None => {
                let found = describe(field);
                Err(RuleError::mismatch(RuleErrorKind::WrongType, "an attribute", found).at(field.span))
            }
        },
        ExprKind::Compare { left, comparison, right } => compare(expr.span, left, *comparison, right, names),
        ExprKind::In { element, list } => within(element, list, names),
        ExprKind::Method { of, method, name, arguments } => {
            call::method(of, *method, *name, arguments, names)
        }
        ExprKind::Call { function, arguments } if function.is_condition() => {
            call::function(expr, *function, arguments, names)
        }
        _ => alone(expr, names),
    }
}

/// `has(user.x)`.
fn has(subject: &Subject<'_>, span: Span) -> Result<Rule, RuleError> {
    limits::presence(subject.field).map_err(|error| error.at(span))?;
    Ok(Rule::Has(subject.field))
}

/// An operand that stands alone where a condition is needed.
fn alone(expr: &Expr, names: &dyn Names) -> Result<Rule, RuleError> {
    if let ExprKind::Literal(Literal::Bool(value)) = &expr.kind {
        let message = format!("`{value}` is the same for everybody");
        let error = RuleError::new(RuleErrorKind::ConstantRule, message);
        return Err(error.hint("write a condition on `user`").at(expr.span));
    }
    let found = describe(expr);
    if let ExprKind::Call { function: Function::Size, arguments } = &expr.kind {
        size_of(expr, arguments, names)?;
        let error = RuleError::mismatch(RuleErrorKind::WrongType, "a condition", found);
        return Err(error.hint("compare it with a number").at(expr.span));
    }
    let Some(subject) = subject(expr, names) else {
        return Err(
            RuleError::mismatch(RuleErrorKind::ConstantRule, "a condition on `user`", found).at(expr.span)
        );
    };
    let subject = subject?;
    if *subject.kind == Kind::Boolean {
        let with = Operand::Value(Value::Boolean(true));
        return Ok(Rule::Compare { field: subject.field, comparison: Comparison::Equal, with });
    }
    let hint = match limits::presence(subject.field) {
        Ok(()) => format!("compare it, or write `has({})`", subject.written()),
        Err(_) => "compare it".into(),
    };
    Err(RuleError::mismatch(RuleErrorKind::WrongType, "a condition", found).hint(hint).at(expr.span))
}

fn compare(
    span: Span,
    left: &Expr,
    comparison: Comparison,
    right: &Expr,
    names: &dyn Names,
) -> Result<Rule, RuleError> {
    if let Some((condition, other)) =
        [(left, right), (right, left)].into_iter().find(|(side, _)| side.is_condition())
    {
        let message = "a condition can only be compared with a condition, by `==` or `!=`";
        let error = RuleError::new(RuleErrorKind::NotSupported, message).at(condition.span);
        return Err(match other.kind {
            ExprKind::Literal(Literal::Bool(_)) => error.hint("leave the comparison out, or write `!( … )`"),
            _ => error.hint("use `&&`, `||` and `!`"),
        });
    }
    for (side, comparison, other) in [(left, comparison, right), (right, comparison.flipped(), left)] {
        if let ExprKind::Call { function: Function::Size, arguments } = &side.kind {
            let attribute = size_of(side, arguments, names)?;
            return size(span, attribute, comparison, other);
        }
    }
    let (subject, comparison, other) = match (subject(left, names), subject(right, names)) {
        (Some(one), Some(other)) => {
            one?;
            other?;
            return Err(two_fields(left, right));
        }
        (Some(subject), None) => (subject?, comparison, right),
        (None, Some(subject)) => (subject?, comparison.flipped(), left),
        (None, None) => {
            let message = format!(
                "a comparison of {} with {} is the same for everybody",
                describe(left),
                describe(right)
            );
            let error = RuleError::new(RuleErrorKind::ConstantRule, message);
            let sign = comparison.sign();
            return Err(error.hint(format!("compare an attribute: `user.name {sign} …`")).at(span));
        }
    };
    let sign = comparison.sign();
    if matches!(other.kind, ExprKind::Literal(Literal::Null)) {
        return match comparison {
            Comparison::Equal => Ok(Rule::Not(Box::new(has(&subject, span)?))),
            Comparison::NotEqual => has(&subject, span),
            _ => {
                Err(RuleError::new(RuleErrorKind::NoOrder, format!("`null` cannot be compared by `{sign}`"))
                    .hint("write `==` or `!=`")
                    .at(other.span))
            }
        };
    }
    if let Kind::MultiChoice { .. } = subject.kind {
        return Err(several(&subject).at(span));
    }
    limits::order(subject.kind, comparison, &subject.quoted()).map_err(|error| {
        let hint = match subject.kind {
            Kind::Choice { .. } => format!("list the options: `{} in [ … ]`", subject.written()),
            Kind::Path => subject.write(".under( … )"),
            _ => "write `==` or `!=`".into(),
        };
        error.hint(hint).at(span)
    })?;
    let with = operand(&subject, other, names)?;
    Ok(Rule::Compare { field: subject.field, comparison, with })
}

/// Two things that are not constants.
fn two_fields(left: &Expr, right: &Expr) -> RuleError {
    let attributes = [left, right].iter().all(|side| matches!(side.kind, ExprKind::Attribute(_)));
    let what = if attributes { "two attributes" } else { "two values of a person" };
    let error = RuleError::new(RuleErrorKind::NotSupported, format!("{what} cannot be compared"));
    error.hint("compare each with a value").at(right.span)
}

/// A multi-choice where one value is needed.
fn several(subject: &Subject<'_>) -> RuleError {
    let message = format!("{} has several values, not one", subject.quoted());
    RuleError::new(RuleErrorKind::WrongType, message).hint(subject.write(".anyOf([ … ])"))
}

/// The multi-choice that `size(user.x)` asks about.
fn size_of(expr: &Expr, arguments: &[Expr], names: &dyn Names) -> Result<AttributeId, RuleError> {
    let [field] = arguments else {
        return Err(super::subject::wrong_arguments(Function::Size, expr));
    };
    let Some(subject) = subject(field, names) else {
        return Err(
            RuleError::mismatch(RuleErrorKind::WrongType, "an attribute", describe(field)).at(field.span)
        );
    };
    let subject = subject?;
    match (subject.kind, subject.attribute) {
        (Kind::MultiChoice { .. }, Some(attribute)) => Ok(attribute.id),
        (kind, _) => {
            let message = format!("{} is {}, which has no size", subject.quoted(), limits::type_name(kind));
            Err(RuleError::new(RuleErrorKind::WrongType, message).at(field.span))
        }
    }
}

fn size(span: Span, attribute: AttributeId, comparison: Comparison, count: &Expr) -> Result<Rule, RuleError> {
    let count = whole(count)?;
    limits::size(comparison, count).map_err(|error| error.at(span))?;
    let count = u32::try_from(count).unwrap_or(limits::MAX_COUNT);
    Ok(Rule::Size { attribute, comparison, count })
}

/// A whole number that stands for itself; one with more digits than any integer is the greatest or least.
pub(super) fn whole(expr: &Expr) -> Result<i64, RuleError> {
    match &expr.kind {
        ExprKind::Literal(Literal::Int(count)) => Ok(*count),
        ExprKind::Literal(Literal::Number(number)) if all_digits(number) => {
            Ok(if number.starts_with('-') { i64::MIN } else { i64::MAX })
        }
        _ => {
            Err(RuleError::mismatch(RuleErrorKind::WrongType, "a whole number", describe(expr)).at(expr.span))
        }
    }
}

fn within(element: &Expr, list: &Expr, names: &dyn Names) -> Result<Rule, RuleError> {
    if element.is_condition() {
        let error = RuleError::new(RuleErrorKind::NotSupported, "a condition cannot be in a list");
        return Err(error.at(element.span));
    }
    if let ExprKind::Call { function: Function::Size, arguments } = &element.kind {
        size_of(element, arguments, names)?;
        let error = RuleError::new(RuleErrorKind::NotSupported, "a size cannot be looked for in a list");
        return Err(error.hint("compare it with each number, joined by `||`").at(element.span));
    }
    let subject = match (subject(element, names), subject(list, names)) {
        (Some(one), Some(other)) => {
            one?;
            other?;
            return Err(two_fields(element, list));
        }
        (Some(subject), None) => subject?,
        (None, Some(subject)) => return has_option(&subject?, element, list),
        (None, None) => {
            let message = format!("whether {} is in a list is the same for everybody", describe(element));
            let error = RuleError::new(RuleErrorKind::ConstantRule, message);
            return Err(error.hint("write an attribute before `in`").at(element.span));
        }
    };
    let ExprKind::List(elements) = &list.kind else {
        let expected = "a list such as `[\"a\", \"b\"]`";
        return Err(RuleError::mismatch(RuleErrorKind::WrongType, expected, describe(list)).at(list.span));
    };
    if let Kind::MultiChoice { .. } = subject.kind {
        return Err(several(&subject).at(element.span));
    }
    if elements.is_empty() {
        return Err(limits::empty_list().at(list.span));
    }
    let mut values = Vec::with_capacity(elements.len());
    for element in elements {
        values
            .push(value(&subject, element, names).map_err(|error| instead(error, &subject, &element.kind))?);
    }
    Ok(Rule::In { field: subject.field, values })
}

/// What to write instead of an element that cannot be in a list.
fn instead(error: RuleError, subject: &Subject<'_>, element: &ExprKind) -> RuleError {
    match (subject.kind, element) {
        (_, ExprKind::Literal(Literal::Null)) => {
            error.hint(format!("write `|| !has({})`", subject.written()))
        }
        (Kind::Date, ExprKind::Today(_) | ExprKind::Period(_)) => {
            error.hint(format!("write `{} == …` for each day, joined by `||`", subject.written()))
        }
        (Kind::Timestamp, ExprKind::Today(_) | ExprKind::Period(_) | ExprKind::Literal(Literal::Date(_))) => {
            error.hint(subject.write(".between(…, …)"))
        }
        _ => error,
    }
}

/// `"rust" in user.skills`.
fn has_option(subject: &Subject<'_>, element: &Expr, list: &Expr) -> Result<Rule, RuleError> {
    let (Kind::MultiChoice { .. }, Some(attribute)) = (subject.kind, subject.attribute) else {
        let error = RuleError::new(
            RuleErrorKind::WrongType,
            format!("{} has one value, not several", subject.quoted()),
        );
        let better =
            if *subject.kind == Kind::Text { "write `{}.contains( … )`" } else { "write `{} == …`" };
        return Err(error.hint(better.replace("{}", &subject.written())).at(list.span));
    };
    if let ExprKind::List(_) = element.kind {
        return Err(mismatch(subject, element).hint(subject.write(".anyOf([ … ])")));
    }
    let options = vec![option_of(subject, element)?];
    Ok(Rule::Options { attribute: attribute.id, quantity: Quantity::Any, options })
}
