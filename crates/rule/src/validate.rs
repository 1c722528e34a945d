//! Checks a rule that arrived typed, as JSON. Not here: rules that arrive as text (`check`), bounds of values
//! (`limits`).

use std::collections::HashSet;

use crate::check::too_few;
use crate::error::quoted;
use crate::json::too_deep;
use crate::limits::{self, MAX_NODES, too_many_nodes, type_name, wanted, weight};
use crate::print::write_field;
use crate::{
    Attribute, AttributeId, CourseId, Fact, Field, Kind, MAX_DEPTH, Named, Names, Offset, Operand, OptionId,
    Period, Rule, RuleError, RuleErrorKind, Unit, Value,
};

/// Checks that a typed rule is what [`check`](crate::check()) could have made: every attribute and option exists, every
/// value is of its attribute's type, in its normal form and within bounds, and no list is empty. An error says
/// where by JSON pointer ([`RuleError::pointer`]).
///
/// ```
/// use matricula_rule::{Attribute, AttributeId, Kind, Rule, Schema, validate};
///
/// let mut schema = Schema::default();
/// schema.define(Attribute::new(AttributeId(0), "manager", Kind::User));
///
/// let rule: Rule = serde_json::from_str(r#"{"not":{"has":7}}"#)?;
/// let error = validate(&rule, &schema).unwrap_err();
/// assert_eq!(error.to_string(), "unknown attribute 7 at `/not/has`");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
///
/// If it is not.
pub fn validate(rule: &Rule, names: &dyn Names) -> Result<(), RuleError> {
    Visit { names, saved: false, pointer: String::new(), nodes: 0 }.visit(rule, 0)
}

/// Checks a rule that was saved earlier, as [`validate`] does, but for whether anything lies between two texts: that
/// changes when their attribute comes to be compared with, or without, regard to case. Such a rule is never true.
///
/// # Errors
///
/// Those of [`validate`].
pub fn validate_saved(rule: &Rule, names: &dyn Names) -> Result<(), RuleError> {
    Visit { names, saved: true, pointer: String::new(), nodes: 0 }.visit(rule, 0)
}

/// The state of a visit: where it is, and how many nodes it has seen.
struct Visit<'n> {
    names: &'n dyn Names,
    /// Whether the rule was checked before, when it was saved.
    saved: bool,
    pointer: String,
    nodes: usize,
}

impl Visit<'_> {
    // Keep this frame small: it is the only one that recurses.
    fn visit(&mut self, rule: &Rule, depth: usize) -> Result<(), RuleError> {
        self.nodes = self.nodes.saturating_add(weight(rule));
        if self.nodes > MAX_NODES {
            return Err(too_many_nodes().at_pointer(&self.pointer));
        }
        match rule {
            Rule::All(parts) => self.parts("/all", parts, depth),
            Rule::Any(parts) => self.parts("/any", parts, depth),
            Rule::Xor(parts) => self.parts("/xor", parts, depth),
            Rule::Not(part) => {
                self.not_too_deep(depth)?;
                self.pointer.push_str("/not");
                self.visit(part, depth + 1)?;
                self.pointer.truncate(self.pointer.len() - "/not".len());
                Ok(())
            }
            test => Test { names: self.names, saved: self.saved, pointer: &self.pointer }.check(test),
        }
    }

    fn parts(&mut self, name: &str, parts: &[Rule], depth: usize) -> Result<(), RuleError> {
        self.not_too_deep(depth)?;
        let length = self.pointer.len();
        self.pointer.push_str(name);
        if parts.len() < 2 {
            return Err(too_few(parts.len()).at_pointer(&self.pointer));
        }
        for (position, part) in parts.iter().enumerate() {
            let length = self.pointer.len();
            self.pointer.push('/');
            self.pointer.push_str(&position.to_string());
            self.visit(part, depth + 1)?;
            self.pointer.truncate(length);
        }
        self.pointer.truncate(length);
        Ok(())
    }

    fn not_too_deep(&self, depth: usize) -> Result<(), RuleError> {
        if depth < MAX_DEPTH {
            return Ok(());
        }
        Err(too_deep(&self.pointer))
    }
}

/// One test, and where it is.
struct Test<'v> {
    names: &'v dyn Names,
    saved: bool,
    pointer: &'v str,
}

impl<'v> Test<'v> {
    /// The place of a part of the test.
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.pointer)
    }

    #[inline(never)]
    fn check(&self, rule: &Rule) -> Result<(), RuleError> {
        match rule {
            Rule::Has(field) => {
                self.field(*field, "/has")?;
                limits::presence(*field).map_err(|error| error.at_pointer(&self.at("/has")))
            }
            Rule::Compare { field, comparison, with } => {
                let kind = self.single(*field, "/compare/field")?;
                self.operand(*field, kind, with, "/compare/with")?;
                limits::order(kind, *comparison, &self.name(*field))
                    .map_err(|error| error.at_pointer(&self.at("/compare/comparison")))
            }
            Rule::Between { field, from, to } => {
                let kind = self.single(*field, "/between/field")?;
                if !kind.is_ordered() {
                    let error = limits::no_order(kind, &self.name(*field), "`between`");
                    return Err(error.at_pointer(&self.at("/between/field")));
                }
                self.operand(*field, kind, from, "/between/from")?;
                self.operand(*field, kind, to, "/between/to")?;
                let attribute = field.attribute().and_then(|id| self.names.schema().get(id));
                if self.saved && matches!(attribute, Some(Attribute { kind: Kind::Text, .. })) {
                    return Ok(());
                }
                limits::between(from, to, attribute).map_err(|error| error.at_pointer(&self.at("/between")))
            }
            Rule::In { field, values } => {
                let kind = self.single(*field, "/in/field")?;
                self.not_empty(values, "/in/values")?;
                for (position, value) in values.iter().enumerate() {
                    self.value(*field, kind, value, &format!("/in/values/{position}"))?;
                }
                Ok(())
            }
            Rule::Match { field, how, text } => {
                self.of_kind(*field, "/match/field", |kind| *kind == Kind::Text, "a text")?;
                limits::matching(*how, text).map_err(|error| error.at_pointer(&self.at("/match/text")))
            }
            Rule::Options { attribute, quantity, options } => {
                let attribute = self.multi_choice(*attribute, "/options/attribute")?;
                self.not_empty(options, "/options/options")?;
                self.options(attribute, options)?;
                limits::quantity(*quantity, options.len())
                    .map_err(|error| error.at_pointer(&self.at("/options/quantity")))
            }
            Rule::Size { attribute, comparison, count } => {
                self.multi_choice(*attribute, "/size/attribute")?;
                limits::size(*comparison, i64::from(*count))
                    .map_err(|error| error.at_pointer(&self.at("/size/count")))
            }
            Rule::Under { attribute, path, itself: _ } => {
                let field = Field::Attribute(*attribute);
                self.of_kind(field, "/under/attribute", |kind| *kind == Kind::Path, "a path")?;
                limits::a_path(path).map_err(|error| error.at_pointer(&self.at("/under/path")))
            }
            Rule::ReportsTo { attribute, user } => {
                let field = Field::Attribute(*attribute);
                self.of_kind(field, "/reports_to/attribute", |kind| *kind == Kind::User, "a user")?;
                self.named(Named::User, user.0, "/reports_to/user")
            }
            Rule::Is(fact) => self.fact(*fact),
            // These join others, and are visited.
            Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::Xor(_) => Ok(()),
        }
    }

    fn fact(&self, fact: Fact) -> Result<(), RuleError> {
        match fact {
            Fact::Segment(id) => self.named(Named::Segment, id.0, "/is/segment"),
            Fact::Site(id) => self.named(Named::Site, id.0, "/is/site"),
            Fact::Role(id) => self.named(Named::Role, id.0, "/is/role"),
            Fact::Enrolled(id) => self.named(Named::Course, id.0, "/is/enrolled"),
            Fact::Group(course, group) => {
                self.named(Named::Course, course.0, "/is/group/0")?;
                self.named(Named::Group(course), group.0, "/is/group/1")
            }
        }
    }

    /// Checks that there is something of this id.
    fn named(&self, what: Named, id: u32, path: &str) -> Result<(), RuleError> {
        match self.names.key(what, id) {
            Some(_) => Ok(()),
            None => Err(what.unknown(&id.to_string()).at_pointer(&self.at(path))),
        }
    }

    /// The field as messages name it, in quotes.
    fn name(&self, field: Field) -> String {
        match field.attribute().and_then(|id| self.names.schema().get(id)) {
            Some(attribute) => quoted(&attribute.key),
            None => {
                let mut out = String::new();
                // Writing to a string does not fail.
                let _ = write_field(&mut out, field, self.names);
                quoted(&out)
            }
        }
    }

    /// Checks that the field exists, and says of what type it is.
    fn field(&self, field: Field, path: &str) -> Result<&'v Kind, RuleError> {
        let course =
            |course: CourseId, part: &str| self.named(Named::Course, course.0, &format!("{path}/{part}"));
        match field {
            Field::Attribute(_) | Field::AccountKey | Field::AccountCreated => {}
            Field::Completed(id) => course(id, "completed")?,
            Field::Score(id) => course(id, "score")?,
            Field::Due(id) => course(id, "due")?,
        }
        field.kind(self.names.schema()).ok_or_else(|| {
            let id = field.attribute().map_or(0, |id| id.0).to_string();
            RuleError::new(RuleErrorKind::UnknownAttribute, format!("unknown attribute {id}"))
                .finding(id)
                .at_pointer(&self.at(path))
        })
    }

    /// A field that has one value.
    fn single(&self, field: Field, path: &str) -> Result<&'v Kind, RuleError> {
        let kind = self.field(field, path)?;
        if let Kind::MultiChoice { .. } = kind {
            let message = format!("{} has several values, not one", self.name(field));
            return Err(RuleError::new(RuleErrorKind::WrongType, message).at_pointer(&self.at(path)));
        }
        Ok(kind)
    }

    /// A field of a certain type.
    fn of_kind(
        &self,
        field: Field,
        path: &str,
        fits: impl FnOnce(&Kind) -> bool,
        expected: &str,
    ) -> Result<(), RuleError> {
        let kind = self.field(field, path)?;
        if fits(kind) {
            return Ok(());
        }
        let expected = format!("{expected}, which {} is not", self.name(field));
        Err(RuleError::mismatch(RuleErrorKind::WrongType, expected, type_name(kind))
            .at_pointer(&self.at(path)))
    }

    fn multi_choice(&self, id: AttributeId, path: &str) -> Result<&'v Attribute, RuleError> {
        let several = |kind: &Kind| matches!(kind, Kind::MultiChoice { .. });
        self.of_kind(Field::Attribute(id), path, several, "a multi-choice")?;
        self.names.schema().get(id).ok_or_else(|| {
            // It was found just now.
            RuleError::new(RuleErrorKind::UnknownAttribute, "unknown attribute").at_pointer(&self.at(path))
        })
    }

    fn not_empty<T>(&self, list: &[T], path: &str) -> Result<(), RuleError> {
        if list.is_empty() { Err(limits::empty_list().at_pointer(&self.at(path))) } else { Ok(()) }
    }

    /// Checks that the options exist and that none is there twice.
    fn options(&self, attribute: &Attribute, options: &[OptionId]) -> Result<(), RuleError> {
        let mut seen = HashSet::with_capacity(options.len());
        for (position, option) in options.iter().enumerate() {
            let wrong = |kind: RuleErrorKind, message: String| {
                let error = RuleError::new(kind, message).finding(option.0.to_string());
                error.at_pointer(&self.at(&format!("/options/options/{position}")))
            };
            if attribute.option_key(*option).is_none() {
                let message = format!("{} has no option {}", quoted(&attribute.key), option.0);
                return Err(wrong(RuleErrorKind::UnknownOption, message));
            }
            if !seen.insert(*option) {
                return Err(wrong(RuleErrorKind::Repeated, format!("option {} is there twice", option.0)));
            }
        }
        Ok(())
    }

    /// Checks that the field can be compared with this.
    fn operand(&self, field: Field, kind: &Kind, operand: &Operand, path: &str) -> Result<(), RuleError> {
        let moment = matches!(kind, Kind::Date | Kind::Timestamp);
        match operand {
            Operand::Value(value @ Value::Date(_)) if moment => {
                limits::value(value).map_err(|error| error.at_pointer(&self.at(&format!("{path}/value"))))
            }
            Operand::Value(value) => self.value(field, kind, value, &format!("{path}/value")),
            Operand::Today(_) if moment => Ok(()),
            Operand::Today(_) => {
                Err(self.mismatch(field, kind, "a day counted from today", &format!("{path}/today")))
            }
            Operand::Period(_) if !moment => {
                Err(self.mismatch(field, kind, "an end of a period", &format!("{path}/period")))
            }
            Operand::Period(Period { offset: Offset { count: 0, unit }, .. }) if *unit != Unit::Days => {
                let expected = "`days` for a distance of 0";
                let error = RuleError::mismatch(RuleErrorKind::InvalidNumber, expected, quoted(unit.name()));
                Err(error.at_pointer(&self.at(&format!("{path}/period/unit"))))
            }
            Operand::Period(_) => Ok(()),
        }
    }

    fn mismatch(&self, field: Field, kind: &Kind, found: &str, path: &str) -> RuleError {
        let expected = format!("{} for {}", wanted(kind), self.name(field));
        RuleError::mismatch(RuleErrorKind::WrongType, expected, found).at_pointer(&self.at(path))
    }

    /// Checks that the field can have this value.
    fn value(&self, field: Field, kind: &Kind, value: &Value, path: &str) -> Result<(), RuleError> {
        let found = match (kind, value) {
            (Kind::Choice { options }, Value::Choice(option)) => {
                if options.get(*option).is_some() {
                    return Ok(());
                }
                let message = format!("{} has no option {}", self.name(field), option.0);
                let error =
                    RuleError::new(RuleErrorKind::UnknownOption, message).finding(option.0.to_string());
                return Err(error.at_pointer(&self.at(path)));
            }
            (Kind::User, Value::User(user)) => return self.named(Named::User, user.0, path),
            (Kind::Boolean, Value::Boolean(_)) | (Kind::Decimal, Value::Decimal(_)) => return Ok(()),
            (Kind::Text, Value::Text(_))
            | (Kind::Integer, Value::Integer(_))
            | (Kind::Date, Value::Date(_))
            | (Kind::Timestamp, Value::Timestamp(_))
            | (Kind::Path, Value::Path(_)) => {
                return limits::value(value).map_err(|error| error.at_pointer(&self.at(path)));
            }
            (_, Value::Text(_)) => "text",
            (_, Value::Integer(_)) => "an integer",
            (_, Value::Decimal(_)) => "a decimal number",
            (_, Value::Boolean(_)) => "a boolean",
            (_, Value::Date(_)) => "a date",
            (_, Value::Timestamp(_)) => "a timestamp",
            (_, Value::Choice(_)) => "an option",
            (_, Value::Choices(_)) => "options",
            (_, Value::User(_)) => "a user",
            (_, Value::Path(_)) => "a path",
        };
        Err(self.mismatch(field, kind, found, path))
    }
}
