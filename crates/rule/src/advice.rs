//! What to write instead of what is not in the language: other languages' signs, and the parts of the Common
//! Expression Language that rules leave out. Not here: what is in it (`parse`, `operand`).

use crate::error::quoted;
use crate::lex::TokenKind;
use crate::parse::Parser;
use crate::{Expr, ExprKind, RuleError, RuleErrorKind};

pub(crate) const ARITHMETIC: &str = "only `today - days(90)` and the like can be counted";

pub(crate) fn not_supported(message: impl Into<String>, hint: Option<&str>) -> RuleError {
    let error = RuleError::new(RuleErrorKind::NotSupported, message);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// A function that rules do not have.
pub(crate) fn function(name: &str) -> RuleError {
    let hint = match name {
        "timestamp" => Some("write `date(\"2026-01-31\")`"),
        "duration" => Some("write `today - days(90)`"),
        "days" | "weeks" | "months" | "years" => Some("count from today: `today - days(90)`"),
        "today" | "now" => Some("write `today`"),
        "matches" | "startsWith" | "endsWith" | "contains" => Some("compare with `==` or `in`"),
        "not" | "NOT" | "Not" => Some("write `!`"),
        "exists" | "isNull" | "isEmpty" | "defined" | "present" => Some("write `has(user.name)`"),
        "user" => Some("an attribute is written `user.name`"),
        _ => None,
    };
    not_supported(format!("the function {} is not supported", quoted(name)), hint)
}

/// A function that is called on an attribute.
fn method(name: &str, attribute: &str) -> RuleError {
    let hint = match name {
        "anyOf" => Some(format!("write `user.{attribute} in [ … ]`")),
        "noneOf" => Some(format!("write `!(user.{attribute} in [ … ])`")),
        "withinLast" => {
            Some(format!("write `user.{attribute} >= today - days(90) && user.{attribute} <= today`"))
        }
        "withinNext" => {
            Some(format!("write `user.{attribute} >= today && user.{attribute} <= today + days(90)`"))
        }
        "olderThan" => Some(format!("write `user.{attribute} < today - days(90)`")),
        "isEmpty" | "exists" => Some(format!("write `has(user.{attribute})`")),
        "matches" | "startsWith" | "endsWith" | "contains" | "glob" => {
            Some(format!("list the values: `user.{attribute} in [ … ]`"))
        }
        _ => None,
    };
    not_supported(format!("the function {} is not supported", quoted(name)), hint.as_deref())
}

impl Parser<'_, '_> {
    /// What to write instead of what comes next, if that is known.
    pub(crate) fn instead(&self) -> Option<RuleError> {
        let written = self.span().of(self.text()).unwrap_or_default();
        let better = match self.kind() {
            TokenKind::Sign("=" | "===") => "==",
            TokenKind::Sign("!==" | "<>") => "!=",
            TokenKind::Sign("=>") => ">=",
            TokenKind::Sign("=<") => "<=",
            TokenKind::Sign("&") => "&&",
            TokenKind::Sign("|") => "||",
            TokenKind::Name(name) => match name.to_ascii_lowercase().as_str() {
                "and" => "&&",
                "or" => "||",
                "not" => "!",
                "is" => "==",
                "in" if *name != "in" => "in",
                "today" if *name != "today" => "today",
                "true" if *name != "true" => "true",
                "false" if *name != "false" => "false",
                "null" if *name != "null" => "null",
                "user" if *name != "user" => "user",
                _ => return None,
            },
            _ => return None,
        };
        let error = RuleError::new(RuleErrorKind::Syntax, format!("unexpected {}", quoted(written)));
        Some(error.finding(quoted(written)).hint(format!("write `{better}`")).at(self.span()))
    }

    /// What comes next cannot come after this term.
    pub(crate) fn unexpected_after(&self, term: &Expr) -> RuleError {
        let span = self.span();
        let key = match &term.kind {
            ExprKind::Attribute(name) => name.key.as_str(),
            _ => "name",
        };
        match self.kind() {
            TokenKind::Sign("-")
                if matches!((&term.kind, self.kind_at(1)), (ExprKind::Attribute(_), TokenKind::Name(_))) =>
            {
                let hint = "a name that has a `-` is written in backticks";
                return not_supported("arithmetic is not supported", Some(hint)).at(span);
            }
            TokenKind::Sign("+" | "-" | "*" | "/" | "%") => {
                return not_supported("arithmetic is not supported", Some(ARITHMETIC)).at(span);
            }
            TokenKind::Sign("?") => {
                let hint = "write `a && b || !a && c` instead of `a ? b : c`";
                return not_supported("the conditional `? :` is not supported", Some(hint)).at(span);
            }
            TokenKind::Sign("[") => return not_supported("indexing is not supported", None).at(span),
            TokenKind::Sign("{") => return not_supported("maps are not supported", None).at(span),
            TokenKind::Sign(".") => return self.member(key),
            TokenKind::Name("not" | "NOT" | "Not") => {
                let error = RuleError::new(RuleErrorKind::Syntax, format!("unexpected {}", self.found()));
                let hint = format!("write `!(user.{key} in [ … ])`, or `!=`");
                return error.finding(self.found()).hint(hint).at(span);
            }
            TokenKind::Name("between" | "BETWEEN") => {
                let hint = format!("write `user.{key} >= … && user.{key} <= …`");
                return not_supported("`between` is not supported", Some(&hint)).at(span);
            }
            TokenKind::Name("like" | "LIKE" | "matches" | "contains") => {
                let hint = format!("list the values: `user.{key} in [ … ]`");
                return not_supported(format!("{} is not supported", self.found()), Some(&hint)).at(span);
            }
            _ => {}
        }
        let expected = if term.is_condition() {
            "`&&`, `||` or the end of the rule"
        } else {
            "a comparison such as `==` or `in`"
        };
        self.instead().unwrap_or_else(|| self.unexpected(expected))
    }

    /// What follows a dot after a term: a function, or a part of an attribute.
    fn member(&self, attribute: &str) -> RuleError {
        let TokenKind::Name(name) = self.kind_at(1) else {
            return RuleError::new(RuleErrorKind::Syntax, "unexpected `.`").finding("`.`").at(self.span());
        };
        let span = self.span_at(1);
        if matches!(self.kind_at(2), TokenKind::Sign("(")) {
            return method(name, attribute).at(span);
        }
        not_supported("attributes have no parts", Some("an attribute is written `user.name`")).at(span)
    }
}
