//! Functions and methods that are conditions, and the tests that they stand for. Not here: those that are values
//! (`subject`), and which there are (`crate::calls`).

use std::collections::HashSet;

use super::subject::{Subject, describe, named, of_field, subject, wrong_arguments};
use super::test::whole;
use super::value::{operand, option_of};
use crate::error::quoted;
use crate::limits;
use crate::names::resolve;
use crate::operand::{nearest_unit, too_many, unit};
use crate::{
    Comparison, CourseId, Expr, ExprKind, Fact, Field, Function, GroupId, Kind, Literal, Matching, Method,
    Named, Names, Offset, Operand, OptionId, Quantity, RoleId, Rule, RuleError, RuleErrorKind, SegmentId,
    SiteId, Span, Unit, UserId, normalise, path,
};

const TODAY: Operand = Operand::Today(Offset { count: 0, unit: Unit::Days });

/// A function that is a condition.
pub(super) fn function(
    expr: &Expr,
    function: Function,
    arguments: &[Expr],
    names: &dyn Names,
) -> Result<Rule, RuleError> {
    let course = |key: &Expr| named(Named::Course, key, names).map(CourseId);
    let fact = match (function, arguments) {
        (Function::InSegment, [key]) => Fact::Segment(SegmentId(named(Named::Segment, key, names)?)),
        (Function::MemberOf, [key]) => Fact::Site(SiteId(named(Named::Site, key, names)?)),
        (Function::HasRole, [key]) => Fact::Role(RoleId(named(Named::Role, key, names)?)),
        (Function::Enrolled, [key]) => Fact::Enrolled(course(key)?),
        (Function::InGroup, [key, group]) => {
            let course = course(key)?;
            Fact::Group(course, GroupId(named(Named::Group(course), group, names)?))
        }
        (Function::Completed, [key]) => return Ok(Rule::Has(Field::Completed(course(key)?))),
        (Function::CompletedBefore, [key, with]) => {
            return completed(course(key)?, Comparison::Less, with, names);
        }
        (Function::CompletedAfter, [key, with]) => {
            return completed(course(key)?, Comparison::Greater, with, names);
        }
        (Function::CompletedWithinLast, [key, count, unit]) => {
            let (field, from) = (Field::Completed(course(key)?), distance(count, unit, true)?);
            return Ok(Rule::Between { field, from: Operand::Today(from), to: TODAY });
        }
        (Function::DueWithin, [key, count, unit]) => {
            let (field, to) = (Field::Due(course(key)?), distance(count, unit, false)?);
            return Ok(Rule::Between { field, from: TODAY, to: Operand::Today(to) });
        }
        _ => return Err(wrong_arguments(function, expr)),
    };
    Ok(Rule::Is(fact))
}

fn completed(
    course: CourseId,
    comparison: Comparison,
    with: &Expr,
    names: &dyn Names,
) -> Result<Rule, RuleError> {
    let field = Field::Completed(course);
    let Some(subject) = of_field(field, names) else {
        // The field has a type whatever the course.
        return Err(Named::Course.unknown(&course.0.to_string()).at(with.span));
    };
    Ok(Rule::Compare { field, comparison, with: operand(&subject, with, names)? })
}

/// So many days, weeks, months or years.
fn distance(count: &Expr, of: &Expr, past: bool) -> Result<Offset, RuleError> {
    let number = whole(count)?;
    if number < 0 {
        let message = format!("{} is below 0", quoted(&number.to_string()));
        let error = RuleError::new(RuleErrorKind::InvalidNumber, message);
        return Err(error.hint("write how many, without a sign").at(count.span));
    }
    let ExprKind::Literal(Literal::Text(name)) = &of.kind else {
        let expected = "`\"days\"`, `\"weeks\"`, `\"months\"` or `\"years\"`";
        return Err(RuleError::mismatch(RuleErrorKind::WrongType, expected, describe(of)).at(of.span));
    };
    let Some(unit) = unit(name) else {
        let error =
            RuleError::mismatch(RuleErrorKind::Syntax, "`days`, `weeks`, `months` or `years`", quoted(name));
        return Err(error.near(nearest_unit(name)).at(of.span));
    };
    // No distance is no distance in whatever unit.
    let unit = if number == 0 { Unit::Days } else { unit };
    let signed = if past { -number } else { number };
    match i32::try_from(signed) {
        Ok(count) => Ok(Offset { count, unit }),
        Err(_) => Err(too_many(&quoted(&number.to_string()), unit).at(count.span)),
    }
}

/// A method.
pub(super) fn method(
    of: &Expr,
    method: Method,
    name: Span,
    arguments: &[Expr],
    names: &dyn Names,
) -> Result<Rule, RuleError> {
    let subject = match subject(of, names) {
        Some(subject) => subject?,
        None => {
            let (name, what) = (quoted(method.name()), describe(of));
            let error = if of.is_condition() || matches!(of.kind, ExprKind::Call { .. }) {
                RuleError::new(RuleErrorKind::NotSupported, format!("{what} has no {name}"))
            } else {
                let message = format!("{name} of {what} is the same for everybody");
                RuleError::new(RuleErrorKind::ConstantRule, message)
            };
            let error = error.at(of.span);
            return Err(error.hint(format!("write `user.name.{}`", method.usage())));
        }
    };
    fits(&subject, method).map_err(|error| error.at(name))?;
    let field = subject.field;
    let wrong = || {
        let message = format!("wrong arguments for {}", quoted(method.name()));
        let error = RuleError::new(RuleErrorKind::Syntax, message).at(name);
        error.hint(subject.write(&format!(".{}", method.usage())))
    };
    match (method, arguments) {
        (Method::StartsWith, [text]) => matching(field, Matching::StartsWith, text),
        (Method::EndsWith, [text]) => matching(field, Matching::EndsWith, text),
        (Method::Contains, [text]) => matching(field, Matching::Contains, text),
        (Method::Glob, [text]) => matching(field, Matching::Glob, text),
        (Method::Between, [from, to]) => {
            let span = from.span.to(to.span);
            let (from, to) = (operand(&subject, from, names)?, operand(&subject, to, names)?);
            limits::between(&from, &to, subject.attribute).map_err(|error| error.at(span))?;
            Ok(Rule::Between { field, from, to })
        }
        (Method::WithinLast, [count, unit]) => {
            let from = Operand::Today(distance(count, unit, true)?);
            Ok(Rule::Between { field, from, to: TODAY })
        }
        (Method::WithinNext, [count, unit]) => {
            let to = Operand::Today(distance(count, unit, false)?);
            Ok(Rule::Between { field, from: TODAY, to })
        }
        (Method::OlderThan, [count, unit]) => {
            let with = Operand::Today(distance(count, unit, true)?);
            Ok(Rule::Compare { field, comparison: Comparison::Less, with })
        }
        (Method::AnyOf, [list]) => options(&subject, Quantity::Any, list, name),
        (Method::AllOf, [list]) => options(&subject, Quantity::All, list, name),
        (Method::NoneOf, [list]) => options(&subject, Quantity::None, list, name),
        (Method::AtLeast, [count, list]) => counted(&subject, Quantity::AtLeast, count, list),
        (Method::AtMost, [count, list]) => counted(&subject, Quantity::AtMost, count, list),
        (Method::Exactly, [count, list]) => counted(&subject, Quantity::Exactly, count, list),
        (Method::Under, [above]) => under(&subject, above, true),
        (Method::Below, [above]) => under(&subject, above, false),
        (Method::ReportsTo, [key]) => match subject.attribute {
            Some(attribute) => {
                let user =
                    UserId(resolve(names, Named::User, text(key)?).map_err(|error| error.at(key.span))?);
                Ok(Rule::ReportsTo { attribute: attribute.id, user })
            }
            None => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// Checks that values of the subject's type have the method.
fn fits(subject: &Subject<'_>, method: Method) -> Result<(), RuleError> {
    let fits = match method {
        Method::StartsWith | Method::EndsWith | Method::Contains | Method::Glob => {
            *subject.kind == Kind::Text
        }
        Method::Between => subject.kind.is_ordered(),
        Method::WithinLast | Method::WithinNext | Method::OlderThan => {
            matches!(subject.kind, Kind::Date | Kind::Timestamp)
        }
        Method::AnyOf
        | Method::AllOf
        | Method::NoneOf
        | Method::AtLeast
        | Method::AtMost
        | Method::Exactly => matches!(subject.kind, Kind::MultiChoice { .. }),
        Method::Under | Method::Below => *subject.kind == Kind::Path,
        Method::ReportsTo => *subject.kind == Kind::User,
    };
    if fits {
        return Ok(());
    }
    let (field, name) = (subject.quoted(), quoted(method.name()));
    if method == Method::Between {
        return Err(limits::no_order(subject.kind, &field, &name));
    }
    let message = format!("{field} is {}, which has no {name}", limits::type_name(subject.kind));
    let error = RuleError::new(RuleErrorKind::WrongType, message);
    Err(match (subject.kind, method) {
        (Kind::Path, Method::StartsWith) => error.hint(subject.write(".under( … )")),
        (Kind::Text, Method::Under | Method::Below) => error.hint(subject.write(".startsWith( … )")),
        (Kind::MultiChoice { .. }, Method::Contains) => {
            error.hint(format!("write {}", quoted(&format!("… in {}", subject.written()))))
        }
        (Kind::Choice { .. }, Method::NoneOf) => {
            error.hint(format!("write {}", quoted(&format!("!({} in [ … ])", subject.written()))))
        }
        (
            Kind::Choice { .. } | Kind::Text | Kind::User | Kind::Path | Kind::Integer | Kind::Date,
            Method::AnyOf,
        ) => error.hint(subject.write(" in [ … ]")),
        _ => error,
    })
}

/// The text of an argument.
fn text(argument: &Expr) -> Result<&str, RuleError> {
    match &argument.kind {
        ExprKind::Literal(Literal::Text(text)) => Ok(text),
        _ => {
            let found = describe(argument);
            Err(RuleError::mismatch(RuleErrorKind::WrongType, "text", found).at(argument.span))
        }
    }
}

fn matching(field: Field, how: Matching, argument: &Expr) -> Result<Rule, RuleError> {
    let text = normalise(text(argument)?);
    limits::matching(how, &text).map_err(|error| error.at(argument.span))?;
    Ok(Rule::Match { field, how, text: text.into() })
}

fn under(subject: &Subject<'_>, argument: &Expr, itself: bool) -> Result<Rule, RuleError> {
    let text = text(argument)?;
    match (path(text), subject.attribute) {
        (Some(path), Some(attribute)) => Ok(Rule::Under { attribute: attribute.id, path, itself }),
        _ => Err(limits::no_path(text).at(argument.span)),
    }
}

/// So many of some options.
fn counted(
    subject: &Subject<'_>,
    quantity: fn(u32) -> Quantity,
    count: &Expr,
    list: &Expr,
) -> Result<Rule, RuleError> {
    let number = whole(count)?;
    match u32::try_from(number) {
        Ok(number) => options(subject, quantity(number), list, count.span),
        // More than any list has, or fewer than none: as wrong as the nearest count that can be said.
        Err(_) => {
            let quantity = quantity(u32::MAX);
            let everybody = (number < 0) == matches!(quantity, Quantity::AtLeast(_))
                && !matches!(quantity, Quantity::Exactly(_));
            let who = if everybody { "everybody" } else { "nobody" };
            let message = format!("the count {} is right for {who}", quoted(&number.to_string()));
            Err(RuleError::new(RuleErrorKind::ConstantRule, message).at(count.span))
        }
    }
}

fn options(subject: &Subject<'_>, quantity: Quantity, list: &Expr, at: Span) -> Result<Rule, RuleError> {
    let ExprKind::List(elements) = &list.kind else {
        let expected = "a list such as `[\"a\", \"b\"]`";
        return Err(RuleError::mismatch(RuleErrorKind::WrongType, expected, describe(list)).at(list.span));
    };
    let Some(attribute) = subject.attribute.filter(|_| !elements.is_empty()) else {
        return Err(limits::empty_list().at(list.span));
    };
    let mut seen: HashSet<OptionId> = HashSet::with_capacity(elements.len());
    let mut options = Vec::with_capacity(elements.len());
    for element in elements {
        let option = option_of(subject, element)?;
        if seen.insert(option) {
            options.push(option);
        }
    }
    limits::quantity(quantity, options.len()).map_err(|error| error.at(at))?;
    Ok(Rule::Options { attribute: attribute.id, quantity, options })
}
