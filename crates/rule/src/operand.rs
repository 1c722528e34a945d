//! Reads what conditions are made of: attributes, functions, methods, constants, days, lists. And says what to
//! write instead of what rules do not have. Not here: how conditions are joined (`parse`), what the text of a
//! constant means (`constant`).

use crate::advice::{ARITHMETIC, function, method, not_supported};
use crate::constant::{day, number, timestamp};
use crate::error::quoted;
use crate::lex::TokenKind;
use crate::parse::Parser;
use crate::{
    AccountField, AttributeName, Calendar, Edge, Expr, ExprKind, Function, Literal, Method, Offset, Period,
    RuleError, RuleErrorKind, Span, Unit, nearest,
};

impl Parser<'_, '_> {
    /// Reads one operand, or a function or method; what was expected is for the message if none of them is there.
    pub(crate) fn operand(&mut self, expected: &str) -> Result<Expr, RuleError> {
        let operand = match self.kind() {
            TokenKind::Name(name) => self.named(name)?,
            TokenKind::Sign("[") => {
                let span = self.span();
                let (elements, end) = self.elements("]")?;
                Expr { kind: ExprKind::List(elements), span: span.to(end) }
            }
            _ => self.constant(expected)?,
        };
        self.method(operand)
    }

    /// Reads a constant that does not begin with a name.
    fn constant(&mut self, expected: &str) -> Result<Expr, RuleError> {
        let span = self.span();
        let kind = match self.kind() {
            TokenKind::Text(text) => ExprKind::Literal(Literal::Text(text.clone())),
            TokenKind::Number(written) => ExprKind::Literal(number(written, false)),
            TokenKind::Sign("-") => {
                let TokenKind::Number(written) = self.kind_at(1) else {
                    return Err(not_supported("arithmetic is not supported", Some(ARITHMETIC)).at(span));
                };
                self.bump();
                ExprKind::Literal(number(written, true))
            }
            TokenKind::Sign("{") => return Err(not_supported("maps are not supported", None).at(span)),
            TokenKind::Sign("=" | "===" | "=>" | "=<" | "&" | "|") => {
                return Err(self.instead().unwrap_or_else(|| self.unexpected(expected)));
            }
            _ => return Err(self.unexpected(expected)),
        };
        let span = span.to(self.span());
        self.bump();
        Ok(Expr { kind, span })
    }

    /// Whether the name that comes next is called.
    fn is_call(&self) -> bool {
        matches!(self.kind_at(1), TokenKind::Sign("("))
    }

    /// Reads what begins with a name.
    fn named(&mut self, name: &str) -> Result<Expr, RuleError> {
        if let Some(constant) = self.named_constant(name)? {
            return Ok(constant);
        }
        let called = self.is_call();
        match name {
            "account" if !called => self.account(),
            "has" if called => self.has(),
            _ => match Function::find(name).filter(|_| called) {
                Some(function) => self.call(function),
                None => Err(self.unknown(name)),
            },
        }
    }

    /// Reads a constant that begins with a name, or an attribute; none if it is something else.
    fn named_constant(&mut self, name: &str) -> Result<Option<Expr>, RuleError> {
        let span = self.span();
        let called = self.is_call();
        let literal = match name {
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            "null" => Literal::Null,
            "user" => {
                let name = self.attribute()?;
                let span = span.to(name.span);
                return Ok(Some(Expr { kind: ExprKind::Attribute(name), span }));
            }
            "date" if called => {
                return self
                    .quoted_constant("a day such as `\"2026-01-31\"`", |text| Ok(Literal::Date(day(text)?)));
            }
            "timestamp" if called => {
                let expected = "a timestamp such as `\"2026-01-31T08:00:00Z\"`";
                return self.quoted_constant(expected, |text| Ok(Literal::Timestamp(timestamp(text)?)));
            }
            "today" if !called => {
                self.bump();
                let (offset, end) = self.offset("today", span)?;
                return Ok(Some(Expr { kind: ExprKind::Today(offset), span: span.to(end) }));
            }
            _ => match edge(name).filter(|_| called) {
                Some((edge, of)) => {
                    self.bump();
                    self.expect("(")?;
                    let end = self.expect(")")?;
                    let (offset, end) = self.offset(&format!("{name}()"), end)?;
                    let kind = ExprKind::Period(Period { edge, of, offset });
                    return Ok(Some(Expr { kind, span: span.to(end) }));
                }
                None => return Ok(None),
            },
        };
        self.bump();
        Ok(Some(Expr { kind: ExprKind::Literal(literal), span }))
    }

    /// A name that means nothing where it stands.
    fn unknown(&self, name: &str) -> RuleError {
        let span = self.span();
        if self.is_call() {
            return function(name).at(span);
        }
        self.instead().unwrap_or_else(|| {
            let message = format!("unknown name {}", quoted(name));
            let error = RuleError::new(RuleErrorKind::Syntax, message).finding(quoted(name)).at(span);
            match name {
                "True" | "TRUE" | "False" | "FALSE" | "NULL" | "Null" | "None" | "nil" => error,
                _ if unit(name).is_some() => error.hint(format!("write `today - {name}(90)`")),
                _ if edge(name).is_some() => error.hint(format!("write `{name}()`")),
                _ => match Function::find(name) {
                    Some(function) => error.hint(format!("write {}", quoted(function.usage()))),
                    None => {
                        error.hint(format!("an attribute is written {}", quoted(&format!("user.{name}"))))
                    }
                },
            }
        })
    }

    /// Reads `user.x`.
    fn attribute(&mut self) -> Result<AttributeName, RuleError> {
        self.bump();
        if matches!(self.kind(), TokenKind::Sign("[")) {
            return Err(self.unexpected("`.`").hint("an attribute is written `user.name`"));
        }
        self.expect(".")?;
        let span = self.span();
        let key = match self.kind() {
            TokenKind::Name("true" | "false" | "null" | "in") => {
                return Err(self
                    .unexpected("the name of an attribute")
                    .hint("write such a name in backticks"));
            }
            TokenKind::Name(name) if self.is_call() => {
                let error = self.unexpected("the name of an attribute");
                return Err(match Method::find(name) {
                    Some(method) => error.hint(format!("write `user.name.{}`", method.usage())),
                    None => error,
                });
            }
            TokenKind::Name(name) | TokenKind::Escaped(name) => (*name).to_owned(),
            _ => return Err(self.unexpected("the name of an attribute")),
        };
        self.bump();
        Ok(AttributeName { key, span })
    }

    /// Reads `account.created`.
    fn account(&mut self) -> Result<Expr, RuleError> {
        let span = self.span();
        self.bump();
        self.expect(".")?;
        let field = match self.kind() {
            TokenKind::Name("key") => AccountField::Key,
            TokenKind::Name("created") => AccountField::Created,
            TokenKind::Name(name) => {
                let near = nearest(name, ["key", "created"]);
                return Err(self.unexpected("`key` or `created`").near(near));
            }
            _ => return Err(self.unexpected("`key` or `created`")),
        };
        let span = span.to(self.span());
        self.bump();
        Ok(Expr { kind: ExprKind::Account(field), span })
    }

    /// Reads `has(user.x)`.
    fn has(&mut self) -> Result<Expr, RuleError> {
        let span = self.span();
        self.bump();
        self.expect("(")?;
        let field = match self.kind() {
            TokenKind::Name("user") => self.named("user")?,
            TokenKind::Name("account") => self.account()?,
            TokenKind::Name(name) => match Function::find(name).filter(|_| self.is_call()) {
                Some(function) if !function.is_condition() => self.call(function)?,
                _ => return Err(self.unexpected("an attribute such as `user.name`")),
            },
            _ => return Err(self.unexpected("an attribute such as `user.name`")),
        };
        let end = self.expect(")")?;
        Ok(Expr { kind: ExprKind::Has(Box::new(field)), span: span.to(end) })
    }

    /// Reads a function whose name comes next.
    fn call(&mut self, function: Function) -> Result<Expr, RuleError> {
        let span = self.span();
        self.bump();
        let (arguments, end) = self.elements(")")?;
        Ok(Expr { kind: ExprKind::Call { function, arguments }, span: span.to(end) })
    }

    /// Reads a method that is called on a term, if one is.
    pub(crate) fn method(&mut self, term: Expr) -> Result<Expr, RuleError> {
        let (TokenKind::Sign("."), TokenKind::Name(name), TokenKind::Sign("("), false) =
            (self.kind(), self.kind_at(1), self.kind_at(2), term.is_condition())
        else {
            return Ok(term);
        };
        let at = self.span_at(1);
        let Some(method) = Method::find(name) else {
            return Err(method(name, &term, self.text()).at(at));
        };
        self.bump();
        self.bump();
        let (arguments, end) = self.elements(")")?;
        let span = term.span.to(end);
        Ok(Expr { kind: ExprKind::Method { of: Box::new(term), method, name: at, arguments }, span })
    }

    /// Reads `date("…")` and its like.
    fn quoted_constant(
        &mut self,
        expected: &str,
        read: impl FnOnce(&str) -> Result<Literal, RuleError>,
    ) -> Result<Option<Expr>, RuleError> {
        let span = self.span();
        self.bump();
        self.expect("(")?;
        let at = self.span();
        let TokenKind::Text(text) = self.kind() else {
            return Err(self.unexpected(expected));
        };
        let literal = read(text).map_err(|error| error.at(at))?;
        self.bump();
        let end = self.expect(")")?;
        Ok(Some(Expr { kind: ExprKind::Literal(literal), span: span.to(end) }))
    }

    /// Reads `- days(90)`, or nothing, after the day that it counts from; `end` is where that ends.
    fn offset(&mut self, day: &str, end: Span) -> Result<(Offset, Span), RuleError> {
        let past = match self.kind() {
            TokenKind::Sign("-") => true,
            TokenKind::Sign("+") => false,
            _ => return Ok((Offset { count: 0, unit: Unit::Days }, end)),
        };
        let sign = if past { "-" } else { "+" };
        self.bump();
        let expected = "`days`, `weeks`, `months` or `years`";
        let unit = match self.kind() {
            TokenKind::Name(name) => match unit(name) {
                Some(unit) => unit,
                None => {
                    let near = nearest_unit(name);
                    return Err(self
                        .unexpected(expected)
                        .hint(format!("write `{day} {sign} days(90)`"))
                        .near(near));
                }
            },
            TokenKind::Number(number) => {
                return Err(self
                    .unexpected(expected)
                    .hint(format!("write {}", quoted(&format!("{day} {sign} days({number})")))));
            }
            _ => return Err(self.unexpected(expected)),
        };
        self.bump();
        self.expect("(")?;
        let at = self.span();
        let expected = format!("a whole number of {}", unit.name());
        if matches!(self.kind(), TokenKind::Sign("-")) {
            let other = if past { "+" } else { "-" };
            let hint = format!("write `{day} {other} {}( … )` for the other direction", unit.name());
            return Err(self.unexpected(&expected).hint(hint));
        }
        let TokenKind::Number(written) = self.kind() else {
            return Err(self.unexpected(&expected));
        };
        let count = match number(written, past) {
            Literal::Int(count) => i32::try_from(count).ok(),
            // So many digits that no integer has them.
            Literal::Number(_) if written.bytes().all(|byte| byte.is_ascii_digit()) => None,
            _ => return Err(self.unexpected(&expected)),
        };
        let Some(count) = count else {
            return Err(too_many(&quoted(written), unit).at(at));
        };
        self.bump();
        let end = self.expect(")")?;
        Ok((Offset { count, unit }, end))
    }

    /// Reads what stands in brackets or parentheses, up to the sign that closes them.
    fn elements(&mut self, close: &str) -> Result<(Vec<Expr>, Span), RuleError> {
        let is_list = close == "]";
        self.bump();
        let mut elements = Vec::new();
        loop {
            let end = self.span();
            if (is_list || elements.is_empty()) && self.take(close) {
                return Ok((elements, end));
            }
            elements.push(match self.kind() {
                TokenKind::Sign("[") if !is_list => {
                    let span = self.span();
                    let (inner, end) = self.elements("]")?;
                    Expr { kind: ExprKind::List(inner), span: span.to(end) }
                }
                _ => self.element()?,
            });
            let end = self.span();
            if self.take(close) {
                return Ok((elements, end));
            }
            if !self.take(",") {
                return Err(self.unexpected(&format!("`,` or `{close}`")));
            }
        }
    }

    fn element(&mut self) -> Result<Expr, RuleError> {
        match self.kind() {
            TokenKind::Sign("[") => {
                Err(not_supported("a list within a list is not supported", None).at(self.span()))
            }
            TokenKind::Name(name) => match self.named_constant(name)? {
                Some(constant) => Ok(constant),
                None if Function::find(name).is_some() || matches!(*name, "has" | "account") => {
                    Err(self.unexpected("a value"))
                }
                None if unit(name).is_some() && !self.is_call() => {
                    Err(self.unexpected("a value").hint(format!("write `\"{name}\"`")))
                }
                None => Err(self.unknown(name)),
            },
            _ => self.constant("a value"),
        }
    }
}

const UNITS: [Unit; 4] = [Unit::Days, Unit::Weeks, Unit::Months, Unit::Years];

/// The unit of this name.
pub(crate) fn unit(name: &str) -> Option<Unit> {
    UNITS.into_iter().find(|unit| unit.name() == name)
}

/// The unit that was probably meant.
pub(crate) fn nearest_unit(name: &str) -> Option<&'static str> {
    nearest(name, UNITS.map(Unit::name))
}

/// A count that leads nowhere.
pub(crate) fn too_many(count: &str, unit: Unit) -> RuleError {
    let message = format!("{count} {} are too many", unit.name());
    RuleError::new(RuleErrorKind::InvalidDate, message)
}

/// The names of the ends of periods.
pub(crate) const EDGES: [(&str, Edge, Calendar); 8] = [
    ("startOfWeek", Edge::Start, Calendar::Week),
    ("startOfMonth", Edge::Start, Calendar::Month),
    ("startOfQuarter", Edge::Start, Calendar::Quarter),
    ("startOfYear", Edge::Start, Calendar::Year),
    ("endOfWeek", Edge::End, Calendar::Week),
    ("endOfMonth", Edge::End, Calendar::Month),
    ("endOfQuarter", Edge::End, Calendar::Quarter),
    ("endOfYear", Edge::End, Calendar::Year),
];

fn edge(name: &str) -> Option<(Edge, Calendar)> {
    EDGES.iter().find(|(edge, _, _)| *edge == name).map(|(_, edge, of)| (*edge, *of))
}
