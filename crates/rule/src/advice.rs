//! What to write instead of what is not in the language: other languages' signs, and the parts of the Common
//! Expression Language that rules leave out. Not here: what is in it (`parse`, `operand`).

use crate::error::quoted;
use crate::lex::TokenKind;
use crate::operand::EDGES;
use crate::parse::Parser;
use crate::{Expr, ExprKind, Function, Method, RuleError, RuleErrorKind, nearest};

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
    let error = not_supported(format!("the function {} is not supported", quoted(name)), None);
    if let Some(method) = Method::find(name) {
        return error.hint(format!("write `user.name.{}`", method.usage()));
    }
    let hint = match name {
        "duration" => "write `today - days(90)`",
        "days" | "weeks" | "months" | "years" => "count from today: `today - days(90)`",
        "today" | "now" => "write `today`",
        "matches" => "patterns are globs: write `user.name.glob(\"a*\")`",
        "not" | "NOT" | "Not" => "write `!`",
        "exists" | "isNull" | "isEmpty" | "defined" | "present" => "write `has(user.name)`",
        "xor" => "write `( … ) != ( … )`",
        "user" => "an attribute is written `user.name`",
        "account" => "write `account.key` or `account.created`",
        _ => {
            let others = ["has", "date", "timestamp"].into_iter().chain(EDGES.map(|(edge, _, _)| edge));
            return error.near(nearest(name, Function::ALL.iter().map(|word| word.name()).chain(others)));
        }
    };
    error.hint(hint)
}

/// A method that rules do not have, called on a term.
pub(crate) fn method(name: &str, of: &Expr, text: &str) -> RuleError {
    let error = not_supported(format!("the function {} is not supported", quoted(name)), None);
    let of = of.span.of(text).unwrap_or("user.name");
    let better = match name {
        "matches" => format!("{of}.glob( … )"),
        "isEmpty" | "exists" | "isNull" => format!("has({of})"),
        "size" | "length" | "count" => format!("size({of})"),
        "isIn" | "oneOf" => format!("{of} in [ … ]"),
        "equals" | "is" => format!("{of} == …"),
        "before" => format!("{of} < …"),
        "after" => format!("{of} > …"),
        _ => return error.near(nearest(name, Method::ALL.iter().map(|word| word.name()))),
    };
    error.hint(format!("write {}", quoted(&better)))
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
        let written = |method: &str| format!("write {}", quoted(&format!("user.{key}.{method}")));
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
            TokenKind::Sign(".") => return self.member(term),
            TokenKind::Name("not" | "NOT" | "Not") => {
                let error = RuleError::new(RuleErrorKind::Syntax, format!("unexpected {}", self.found()));
                let hint = format!("write `!(user.{key} in [ … ])`, or `!=`");
                return error.finding(self.found()).hint(hint).at(span);
            }
            TokenKind::Name("xor" | "XOR") => {
                let error = RuleError::new(RuleErrorKind::Syntax, format!("unexpected {}", self.found()));
                return error.finding(self.found()).hint("write `( … ) != ( … )`").at(span);
            }
            TokenKind::Name(name) if !term.is_condition() => {
                let better = match name.to_ascii_lowercase().as_str() {
                    "between" => written("between( …, … )"),
                    "like" | "matches" => format!("patterns are globs: {}", written("glob( … )")),
                    _ => match Method::find(name) {
                        Some(method) => written(&format!("{}( … )", method.name())),
                        None => String::new(),
                    },
                };
                if !better.is_empty() {
                    return not_supported(format!("{} is not supported", self.found()), Some(&better))
                        .at(span);
                }
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
    fn member(&self, term: &Expr) -> RuleError {
        let unexpected = || {
            let error = RuleError::new(RuleErrorKind::Syntax, "unexpected `.`").finding("`.`");
            error.at(self.span())
        };
        let TokenKind::Name(name) = self.kind_at(1) else {
            return unexpected();
        };
        let span = self.span_at(1);
        if term.is_condition() {
            return unexpected().hint("a condition has no parts");
        }
        if matches!(self.kind_at(2), TokenKind::Sign("(")) {
            return method(name, term, self.text()).at(span);
        }
        if Method::find(name).is_some() {
            let hint = format!("write {} and its values in parentheses", quoted(&format!(".{name}")));
            return RuleError::new(RuleErrorKind::Syntax, format!("{} is a function", quoted(name)))
                .hint(hint)
                .at(span);
        }
        not_supported("attributes have no parts", Some("an attribute is written `user.name`")).at(span)
    }
}
