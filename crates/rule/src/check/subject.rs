//! What a test asks about: an attribute, the account, what is known of a course. Not here: the test (`test`).

use crate::error::quoted;
use crate::names::resolve;
use crate::print::write_field;
use crate::{
    Attribute, AttributeName, CourseId, Expr, ExprKind, Field, Function, Kind, Literal, Named, Names,
    RuleError, RuleErrorKind, Schema, nearest,
};

/// What a test asks about.
pub(super) struct Subject<'n> {
    pub(super) field: Field,
    pub(super) kind: &'n Kind,
    pub(super) attribute: Option<&'n Attribute>,
    names: &'n dyn Names,
}

impl Subject<'_> {
    /// As it is written: `user.department`, `score("gdpr")`.
    pub(super) fn written(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = write_field(&mut out, self.field, self.names);
        out
    }

    /// As messages name it, in quotes: an attribute by its key alone.
    pub(super) fn quoted(&self) -> String {
        match self.attribute {
            Some(attribute) => quoted(&attribute.key),
            None => quoted(&self.written()),
        }
    }

    /// "write …" with the subject in front, for the method or sign after it.
    pub(super) fn write(&self, rest: &str) -> String {
        format!("write {}", quoted(&format!("{}{rest}", self.written())))
    }
}

/// What an operand asks about; none if it is something else.
pub(super) fn subject<'n>(expr: &Expr, names: &'n dyn Names) -> Option<Result<Subject<'n>, RuleError>> {
    let of_course = |field: fn(CourseId) -> Field, function: Function, arguments: &[Expr]| {
        let [key] = arguments else { return Err(wrong_arguments(function, expr)) };
        let course = CourseId(named(Named::Course, key, names)?);
        Ok(field(course))
    };
    let found = match &expr.kind {
        ExprKind::Attribute(name) => find(name, names.schema()).map(|attribute| attribute.id.into()),
        ExprKind::Account(field) => Ok(field.field()),
        ExprKind::Call { function, arguments } => match function {
            Function::CompletedOn => of_course(Field::Completed, *function, arguments),
            Function::Score => of_course(Field::Score, *function, arguments),
            Function::DueOn => of_course(Field::Due, *function, arguments),
            _ => return None,
        },
        _ => return None,
    };
    Some(found.and_then(|found| {
        // A schema finds no attribute that it does not have.
        let missing = || RuleError::new(RuleErrorKind::UnknownAttribute, "unknown attribute").at(expr.span);
        of_field(found, names).ok_or_else(missing)
    }))
}

/// The field as something to ask about; none if its attribute does not exist.
pub(super) fn of_field(field: Field, names: &dyn Names) -> Option<Subject<'_>> {
    let kind = field.kind(names.schema())?;
    let attribute = field.attribute().and_then(|id| names.schema().get(id));
    Some(Subject { field, kind, attribute, names })
}

/// The attribute of this name.
pub(super) fn find<'s>(name: &AttributeName, schema: &'s Schema) -> Result<&'s Attribute, RuleError> {
    schema.find(&name.key).ok_or_else(|| {
        let keys = schema.live().map(|attribute| attribute.key.as_str());
        RuleError::new(RuleErrorKind::UnknownAttribute, format!("unknown attribute {}", quoted(&name.key)))
            .finding(quoted(&name.key))
            .near(nearest(&name.key, keys))
            .at(name.span)
    })
}

/// The id of what an argument names by its key.
pub(super) fn named(what: Named, key: &Expr, names: &dyn Names) -> Result<u32, RuleError> {
    let ExprKind::Literal(Literal::Text(text)) = &key.kind else {
        let expected = format!("the key of a {} in quotes", what.word());
        return Err(RuleError::mismatch(RuleErrorKind::WrongType, expected, describe(key)).at(key.span));
    };
    resolve(names, what, text).map_err(|error| error.at(key.span))
}

/// A function that is called with other things than it takes.
pub(super) fn wrong_arguments(function: Function, call: &Expr) -> RuleError {
    let message = format!("wrong arguments for {}", quoted(function.name()));
    RuleError::new(RuleErrorKind::Syntax, message)
        .hint(format!("write {}", quoted(function.usage())))
        .at(call.span)
}

/// What an operand is, for messages.
pub(super) fn describe(expr: &Expr) -> &'static str {
    match &expr.kind {
        ExprKind::Attribute(_) => "an attribute",
        ExprKind::Account(_) => "a part of the account",
        ExprKind::Literal(literal) => literal.describe(),
        ExprKind::Today(_) => "a day counted from today",
        ExprKind::Period(_) => "an end of a period",
        ExprKind::List(_) => "a list",
        ExprKind::Call { function: Function::Score, .. } => "a score",
        ExprKind::Call { function: Function::Size, .. } => "a size",
        ExprKind::Call { function: Function::CompletedOn, .. } => "a time of completion",
        ExprKind::Call { function: Function::DueOn, .. } => "a due date",
        _ => "a condition",
    }
}
