//! The syntax tree of rule text: what was written and where. Not here: how it is read (`parse`), and whether it
//! makes sense for given attributes (`check`).

use chrono::{DateTime, NaiveDate, Utc};

use crate::{Comparison, Field, Function, Method, Offset, Period};

/// A stretch of rule text: byte offsets, half-open, and where it starts as an editor counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The byte at which it starts.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// The line of its start, from 1.
    pub line: u32,
    /// The column of its start, in characters, from 1.
    pub column: u32,
    /// The characters before it, as Python counts.
    pub characters: usize,
    /// The UTF-16 code units before it, as JavaScript counts.
    pub units: usize,
}

impl Default for Span {
    fn default() -> Self {
        Self { start: 0, end: 0, line: 1, column: 1, characters: 0, units: 0 }
    }
}

impl Span {
    /// The empty span at `offset`, which is not before the start of this one.
    pub(crate) fn moved(self, text: &str, offset: usize) -> Self {
        let mut place = Self { start: offset, end: offset, ..self };
        for char in text.get(self.start..offset).unwrap_or_default().chars() {
            place.characters += 1;
            place.units += char.len_utf16();
            if char == '\n' {
                place.line += 1;
                place.column = 1;
            } else {
                place.column += 1;
            }
        }
        place
    }

    /// From the start of this one to the end of another.
    #[must_use]
    pub fn to(self, end: Self) -> Self {
        Self { end: end.end.max(self.start), ..self }
    }

    /// The text itself, if the span is of this text.
    ///
    /// ```
    /// let text = r#"user.city == "Zürich""#;
    /// let rule = matricula_rule::parse(text)?;
    /// assert_eq!(rule.span.of(text), Some(text));
    /// # Ok::<(), matricula_rule::RuleError>(())
    /// ```
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(self.start..self.end)
    }
}

/// One node of the tree, with its place in the text. Parentheses around a node are not part of its span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// What was written.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

impl Expr {
    /// Whether this is a condition, which holds or not, rather than an operand of one.
    pub fn is_condition(&self) -> bool {
        match &self.kind {
            ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Not(_)
            | ExprKind::Xor(_)
            | ExprKind::Has(_)
            | ExprKind::Compare { .. }
            | ExprKind::In { .. }
            | ExprKind::Method { .. } => true,
            ExprKind::Call { function, .. } => function.is_condition(),
            ExprKind::Attribute(_)
            | ExprKind::Account(_)
            | ExprKind::Literal(_)
            | ExprKind::Today(_)
            | ExprKind::Period(_)
            | ExprKind::List(_) => false,
        }
    }
}

/// What a node of the tree is: first the conditions, then the operands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExprKind {
    /// `a && b && c`
    And(Vec<Expr>),
    /// `a || b || c`
    Or(Vec<Expr>),
    /// `!a`
    Not(Box<Expr>),
    /// `(a) != (b) != (c)`, of three or more; of two it is a [`ExprKind::Compare`].
    Xor(Vec<Expr>),
    /// `has(user.x)`, `has(score("c"))`
    Has(Box<Expr>),
    /// `user.x < date("2026-01-31")`; also `(a) != (b)` of two conditions
    Compare {
        /// What stands left of the sign.
        left: Box<Expr>,
        /// The sign.
        comparison: Comparison,
        /// What stands right of the sign.
        right: Box<Expr>,
    },
    /// `user.x in ["a", "b"]`, `"a" in user.x`
    In {
        /// What is looked for.
        element: Box<Expr>,
        /// Where it is looked for.
        list: Box<Expr>,
    },
    /// `user.x.startsWith("a")`
    Method {
        /// What it is called on.
        of: Box<Expr>,
        /// Which method.
        method: Method,
        /// Where its name is.
        name: Span,
        /// What is in its parentheses.
        arguments: Vec<Expr>,
    },
    /// `inSegment("x")`, a condition; `score("c")`, an operand
    Call {
        /// Which function.
        function: Function,
        /// What is in its parentheses.
        arguments: Vec<Expr>,
    },
    /// `user.x`
    Attribute(AttributeName),
    /// `account.key`, `account.created`
    Account(AccountField),
    /// `"Sales"`, `date("2026-01-31")`, `null`
    Literal(Literal),
    /// `today`, `today - days(90)`
    Today(Offset),
    /// `startOfMonth()`, `endOfYear() - years(1)`
    Period(Period),
    /// `["a", "b"]`
    List(Vec<Expr>),
}

/// The name of an attribute: `department` in `user.department`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeName {
    /// The name.
    pub key: String,
    /// Where it is, without `user.`.
    pub span: Span,
}

/// What is known of every account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountField {
    /// `account.key`
    Key,
    /// `account.created`
    Created,
}

impl AccountField {
    /// The field of a rule that it is.
    pub fn field(self) -> Field {
        match self {
            Self::Key => Field::AccountKey,
            Self::Created => Field::AccountCreated,
        }
    }
}

/// A constant. Some are no value of any attribute: they are read so that the error can name them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Literal {
    /// `"Sales"`, in normalisation form C.
    Text(String),
    /// `date("2026-01-31")`
    Date(NaiveDate),
    /// `timestamp("2026-01-31T08:00:00Z")`
    Timestamp(DateTime<Utc>),
    /// `true`, `false`
    Bool(bool),
    /// `5`, `-5`
    Int(i64),
    /// Any other number, as it was written: `0.8`, `5u`.
    Number(String),
    /// `null`
    Null,
}

impl Literal {
    /// What it is, for messages: `text`, `an integer`.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Date(_) => "a date",
            Self::Timestamp(_) => "a timestamp",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Number(_) => "a number",
            Self::Null => "`null`",
        }
    }
}
