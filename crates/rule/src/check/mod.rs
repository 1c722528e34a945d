//! Checks what was written against what there is, and makes the typed rule of it. Here: how conditions are joined.
//! What they ask about is in `subject`, single tests in `test`, functions and methods in `call`, constants in
//! `value`. Not here: rules that arrive typed already (`validate`).

mod call;
mod subject;
mod test;
mod value;

use crate::limits::{MAX_NODES, too_many_nodes, weight};
use crate::{Comparison, Expr, ExprKind, Kind, MAX_DEPTH, Names, Rule, RuleError, RuleErrorKind, parse};

/// Reads rule text and checks it: [`parse`](crate::parse()) and then [`check`].
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, Rule, Schema, compile};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "manager", Kind::User));
///
/// assert_eq!(compile("has(user.manager)", &schema)?, Rule::Has(AttributeId(0).into()));
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
///
/// # Errors
///
/// As [`parse`](crate::parse()) and [`check`].
pub fn compile(text: &str, names: &dyn Names) -> Result<Rule, RuleError> {
    check(&parse(text)?, names)
}

/// Checks a parsed rule against the attributes and everything else that it can name, and replaces names by ids.
/// What can be said in several ways becomes one: an "and" directly within an "and" becomes part of it, and likewise
/// "or"; `user.x == null` becomes `!has(user.x)`; `(a) == (b)` becomes "not (one but not the other)"; a function or
/// method becomes the test that it stands for; an option listed twice is kept once.
///
/// # Errors
///
/// If a name is unknown, a value is of the wrong type or out of bounds, an order is asked of what has none, a list is
/// empty, a test is the same for everybody, or the whole nests deeper than [`MAX_DEPTH`] or has more than
/// [`MAX_NODES`] tests and values.
pub fn check(expr: &Expr, names: &dyn Names) -> Result<Rule, RuleError> {
    let rule = condition(expr, names, 0)?;
    let mut nodes = 0;
    rule.visit(&mut |part| nodes += weight(part));
    if nodes > MAX_NODES { Err(too_many_nodes().at(expr.span)) } else { Ok(rule) }
}

// Keep these frames small: they are the only ones that recurse.
fn condition(expr: &Expr, names: &dyn Names, depth: usize) -> Result<Rule, RuleError> {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::Xor(parts) => {
            joined(expr, parts, names, depth)
        }
        ExprKind::Not(part) => {
            too_deep(expr, depth)?;
            condition(part, names, depth + 1).map(|rule| Rule::Not(Box::new(rule)))
        }
        ExprKind::Compare { left, comparison, right }
            if compares_conditions(left, *comparison, right, names) =>
        {
            differ(expr, [left, right], *comparison, names, depth)
        }
        _ => test::test(expr, names),
    }
}

fn joined(expr: &Expr, parts: &[Expr], names: &dyn Names, depth: usize) -> Result<Rule, RuleError> {
    too_deep(expr, depth)?;
    let mut checked = Vec::with_capacity(parts.len());
    for part in parts {
        match (condition(part, names, depth + 1)?, &expr.kind) {
            (Rule::All(more), ExprKind::And(_)) | (Rule::Any(more), ExprKind::Or(_)) => checked.extend(more),
            (rule, _) => checked.push(rule),
        }
    }
    if checked.len() < 2 {
        // No text says this, but a hand-made tree may.
        return checked.pop().ok_or_else(|| too_few(0).at(expr.span));
    }
    Ok(match &expr.kind {
        ExprKind::And(_) => Rule::All(checked),
        ExprKind::Or(_) => Rule::Any(checked),
        _ => Rule::Xor(checked),
    })
}

/// Two conditions, compared by `==` or `!=`.
fn differ(
    expr: &Expr,
    sides: [&Expr; 2],
    comparison: Comparison,
    names: &dyn Names,
    depth: usize,
) -> Result<Rule, RuleError> {
    let negated = comparison == Comparison::Equal;
    let depth = depth + usize::from(negated);
    too_deep(expr, depth)?;
    let mut parts = Vec::with_capacity(sides.len());
    for side in sides {
        parts.push(condition(side, names, depth + 1)?);
    }
    let rule = Rule::Xor(parts);
    Ok(if negated { Rule::Not(Box::new(rule)) } else { rule })
}

/// Whether both sides hold or not, rather than have values.
fn compares_conditions(left: &Expr, comparison: Comparison, right: &Expr, names: &dyn Names) -> bool {
    let holds = |side: &Expr| match &side.kind {
        ExprKind::Attribute(name) => {
            names.schema().find(&name.key).is_some_and(|attribute| attribute.kind == Kind::Boolean)
        }
        _ => side.is_condition(),
    };
    matches!(comparison, Comparison::Equal | Comparison::NotEqual) && holds(left) && holds(right)
}

fn too_deep(expr: &Expr, depth: usize) -> Result<(), RuleError> {
    if depth < MAX_DEPTH {
        return Ok(());
    }
    let message = format!("the rule nests more than {MAX_DEPTH} levels deep");
    Err(RuleError::new(RuleErrorKind::TooDeep, message).at(expr.span))
}

/// An "all" or "any" or "xor" of too few.
pub(crate) fn too_few(found: usize) -> RuleError {
    let message = format!("expected two conditions or more, found {found}");
    RuleError::new(RuleErrorKind::TooFewParts, message)
}
