//! Reads what conditions are made of: attributes, constants, days, lists. And says what to write instead of what
//! rules do not have. Not here: how conditions are joined (`parse`).

use chrono::NaiveDate;

use crate::advice::{ARITHMETIC, function, not_supported};
use crate::error::quoted;
use crate::lex::TokenKind;
use crate::parse::Parser;
use crate::{AttributeName, Expr, ExprKind, Literal, Offset, RuleError, RuleErrorKind, Span, Unit, nearest};

impl Parser<'_, '_> {
    /// Reads one operand, or `has(user.x)`; what was expected is for the message if neither is there.
    pub(crate) fn operand(&mut self, expected: &str) -> Result<Expr, RuleError> {
        let span = self.span();
        let literal = |literal: Literal| Expr { kind: ExprKind::Literal(literal), span };
        let operand = match self.kind() {
            TokenKind::Text(text) => literal(Literal::Text(text.clone())),
            TokenKind::Number(number) => literal(number_literal(number, false)),
            TokenKind::Name("true") => literal(Literal::Bool(true)),
            TokenKind::Name("false") => literal(Literal::Bool(false)),
            TokenKind::Name("null") => literal(Literal::Null),
            TokenKind::Name(name) => return self.named(name, span),
            TokenKind::Sign("[") => return self.list(span),
            TokenKind::Sign("-") => return self.negative(span),
            TokenKind::Sign("{") => return Err(not_supported("maps are not supported", None).at(span)),
            TokenKind::Sign("=" | "===" | "=>" | "=<" | "&" | "|") => {
                return Err(self.instead().unwrap_or_else(|| self.unexpected(expected)));
            }
            _ => return Err(self.unexpected(expected)),
        };
        self.bump();
        Ok(operand)
    }

    fn negative(&mut self, span: Span) -> Result<Expr, RuleError> {
        let TokenKind::Number(number) = self.kind_at(1) else {
            return Err(not_supported("arithmetic is not supported", Some(ARITHMETIC)).at(span));
        };
        self.bump();
        let kind = ExprKind::Literal(number_literal(number, true));
        let span = span.to(self.span());
        self.bump();
        Ok(Expr { kind, span })
    }

    /// Reads what begins with a name.
    fn named(&mut self, name: &str, span: Span) -> Result<Expr, RuleError> {
        let called = matches!(self.kind_at(1), TokenKind::Sign("("));
        match name {
            "user" => {
                let name = self.attribute()?;
                let span = span.to(name.span);
                Ok(Expr { kind: ExprKind::Attribute(name), span })
            }
            "has" if called => self.has(span),
            "date" if called => self.date(span),
            "today" if !called => self.today(span),
            _ if called => Err(function(name).at(span)),
            _ => Err(self.instead().unwrap_or_else(|| {
                let message = format!("unknown name {}", quoted(name));
                let error = RuleError::new(RuleErrorKind::Syntax, message).finding(quoted(name)).at(span);
                match name {
                    "True" | "TRUE" | "False" | "FALSE" | "NULL" | "Null" | "None" | "nil" => error,
                    _ if unit(name).is_some() => error.hint(format!("write `today - {name}(90)`")),
                    _ => error.hint(format!("an attribute is written {}", quoted(&format!("user.{name}")))),
                }
            })),
        }
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
            TokenKind::Name(name) | TokenKind::Escaped(name) => (*name).to_owned(),
            _ => return Err(self.unexpected("the name of an attribute")),
        };
        self.bump();
        Ok(AttributeName { key, span })
    }

    fn has(&mut self, span: Span) -> Result<Expr, RuleError> {
        self.bump();
        self.expect("(")?;
        if !matches!(self.kind(), TokenKind::Name("user")) {
            return Err(self.unexpected("an attribute such as `user.name`"));
        }
        let name = self.attribute()?;
        let end = self.expect(")")?;
        Ok(Expr { kind: ExprKind::Has(name), span: span.to(end) })
    }

    fn date(&mut self, span: Span) -> Result<Expr, RuleError> {
        self.bump();
        self.expect("(")?;
        let at = self.span();
        let TokenKind::Text(text) = self.kind() else {
            return Err(self.unexpected("a day such as `\"2026-01-31\"`"));
        };
        let date = day(text).map_err(|error| error.at(at))?;
        self.bump();
        let end = self.expect(")")?;
        Ok(Expr { kind: ExprKind::Literal(Literal::Date(date)), span: span.to(end) })
    }

    fn today(&mut self, span: Span) -> Result<Expr, RuleError> {
        self.bump();
        let past = match self.kind() {
            TokenKind::Sign("-") => true,
            TokenKind::Sign("+") => false,
            _ => {
                return Ok(Expr { kind: ExprKind::Today(Offset { count: 0, unit: Unit::Days }), span });
            }
        };
        let sign = if past { "-" } else { "+" };
        self.bump();
        let expected = "`days`, `weeks`, `months` or `years`";
        let unit = match self.kind() {
            TokenKind::Name(name) => match unit(name) {
                Some(unit) => unit,
                None => {
                    let near = nearest(name, UNITS.map(Unit::name));
                    return Err(self
                        .unexpected(expected)
                        .hint(format!("write `today {sign} days(90)`"))
                        .near(near));
                }
            },
            TokenKind::Number(number) => {
                return Err(self
                    .unexpected(expected)
                    .hint(format!("write {}", quoted(&format!("today {sign} days({number})")))));
            }
            _ => return Err(self.unexpected(expected)),
        };
        self.bump();
        self.expect("(")?;
        let at = self.span();
        let expected = format!("a whole number of {}", unit.name());
        if matches!(self.kind(), TokenKind::Sign("-")) {
            let other = if past { "+" } else { "-" };
            let hint = format!("write `today {other} {}( … )` for the other direction", unit.name());
            return Err(self.unexpected(&expected).hint(hint));
        }
        let TokenKind::Number(number) = self.kind() else {
            return Err(self.unexpected(&expected));
        };
        let Literal::Int(count) = number_literal(number, past) else {
            return Err(self.unexpected(&expected));
        };
        let Ok(count) = i32::try_from(count) else {
            let message = format!("{} {} are too many", quoted(number), unit.name());
            return Err(RuleError::new(RuleErrorKind::InvalidDate, message).at(at));
        };
        self.bump();
        let end = self.expect(")")?;
        Ok(Expr { kind: ExprKind::Today(Offset { count, unit }), span: span.to(end) })
    }

    fn list(&mut self, span: Span) -> Result<Expr, RuleError> {
        self.bump();
        let mut elements = Vec::new();
        let mut end = self.span();
        while !self.take("]") {
            elements.push(self.element()?);
            end = self.span();
            if !self.take(",") && !matches!(self.kind(), TokenKind::Sign("]")) {
                return Err(self.unexpected("`,` or `]`"));
            }
            end = if matches!(self.kind(), TokenKind::Sign("]")) { self.span() } else { end };
        }
        Ok(Expr { kind: ExprKind::List(elements), span: span.to(end) })
    }

    fn element(&mut self) -> Result<Expr, RuleError> {
        if matches!(self.kind(), TokenKind::Sign("[")) {
            return Err(not_supported("a list within a list is not supported", None).at(self.span()));
        }
        if matches!(self.kind(), TokenKind::Sign("]" | "," | "(")) {
            return Err(self.unexpected("a value"));
        }
        self.operand("a value")
    }
}

const UNITS: [Unit; 4] = [Unit::Days, Unit::Weeks, Unit::Months, Unit::Years];

fn unit(name: &str) -> Option<Unit> {
    UNITS.into_iter().find(|unit| unit.name() == name)
}

fn number_literal(number: &str, negative: bool) -> Literal {
    let sign = if negative { "-" } else { "" };
    let written = format!("{sign}{number}");
    let value = match number.strip_prefix("0x").or_else(|| number.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(&format!("{sign}{hex}"), 16),
        None => written.parse(),
    };
    value.map_or(Literal::Number(written), Literal::Int)
}

/// The day that an ISO date names.
pub(crate) fn day(text: &str) -> Result<NaiveDate, RuleError> {
    if !looks_like_day(text) {
        let error =
            RuleError::mismatch(RuleErrorKind::InvalidDate, "a day such as `2026-01-31`", quoted(text));
        return Err(error);
    }
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) if is_within(day) => Ok(day),
        _ => Err(RuleError::new(RuleErrorKind::InvalidDate, format!("there is no day {}", quoted(text)))),
    }
}

/// Whether a rule can name this day.
pub(crate) fn is_within(day: NaiveDate) -> bool {
    let (first, last) = Offset::DAYS;
    first <= day && day <= last
}

/// Four digits, two digits, two digits.
pub(crate) fn looks_like_day(text: &str) -> bool {
    text.len() == 10
        && text
            .bytes()
            .zip(b"0000-00-00")
            .all(|(byte, &like)| if like == b'-' { byte == b'-' } else { byte.is_ascii_digit() })
}
