//! Combinations, parameters and the query for members. Not here: the tests that are combined (`test`, `text`, `rows`).
//!
//! Every test can be written for being true and for being false, so `not` moves down to the tests, and what is
//! unknown may be null or false. Within an xor it is null without exception: then `<>` of conditions is Kleene's xor.

use std::cmp::Reverse;

use indexmap::IndexSet;

use super::{Asked, Dialect, Members, Parameter, Sql};
use crate::error::quoted;
use crate::{MAX_DEPTH, Rule, RuleError, RuleErrorKind, Schema};

/// How many conditions are joined without parentheses: SQLite bounds the depth of an expression, and counts a
/// chain by its length.
const CHAIN: usize = 8;
/// Rules deeper than this are written with the deepest part first, which asks the least of a parser's stack.
const PLAIN_DEPTH: usize = 8;

/// What a condition is made of, for its parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// One test.
    None,
    /// Tests that all hold.
    And,
    /// Tests of which one holds.
    Or,
}

/// A condition in SQL.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) join: Join,
}

impl Condition {
    /// One test, which binds closer than `AND`.
    pub(super) fn test(text: impl Into<String>) -> Self {
        Self { text: text.into(), join: Join::None }
    }

    /// Several conditions, joined; a chain that is too long in groups.
    pub(super) fn joined(parts: Vec<Self>, join: Join) -> Self {
        if parts.len() > CHAIN {
            let size = parts.len().div_ceil(CHAIN).max(2);
            let mut groups = Vec::with_capacity(CHAIN);
            let mut parts = parts.into_iter();
            loop {
                let group: Vec<_> = parts.by_ref().take(size).collect();
                if group.is_empty() {
                    return Self::joined(groups, join);
                }
                let group = Self::joined(group, join);
                groups.push(match group.join {
                    Join::None => group,
                    _ => Self::test(format!("({})", group.text)),
                });
            }
        }
        let word = match join {
            Join::Or => " OR ",
            Join::And | Join::None => " AND ",
        };
        let count = parts.len();
        let mut text = String::new();
        let mut only = Join::None;
        for part in parts {
            if !text.is_empty() {
                text.push_str(word);
            }
            only = part.join;
            if count == 1 || matches!(part.join, Join::None) || (part.join, join) == (Join::And, Join::Or) {
                text.push_str(&part.text);
            } else {
                text.push('(');
                text.push_str(&part.text);
                text.push(')');
            }
        }
        Self { text, join: if count == 1 { only } else { join } }
    }
}

/// Writes one condition or query, and keeps its parameters.
pub(super) struct Writer<'a> {
    pub(super) schema: &'a Schema,
    pub(super) asked: &'a Asked<'a>,
    pub(super) dialect: Dialect,
    parameters: IndexSet<Parameter>,
    /// Whether the rule is so deep that its deepest parts come first.
    deep: bool,
    /// Whether what is unknown has to be null, because it is within an `xor`. Elsewhere it may be false as well.
    pub(super) exact: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(schema: &'a Schema, asked: &'a Asked<'a>, dialect: Dialect) -> Self {
        Self { schema, asked, dialect, parameters: IndexSet::new(), deep: false, exact: false }
    }

    /// The whole, unless it has more parameters than the database takes.
    pub(super) fn finish(self, text: String) -> Result<Sql, RuleError> {
        let most = match self.dialect {
            Dialect::Sqlite => 32_766,
            Dialect::Postgres | Dialect::Duckdb => 65_535,
        };
        let count = self.parameters.len();
        if count > most {
            let message = format!("expected at most {most} parameters for {}, found {count}", self.engine());
            return Err(RuleError::new(RuleErrorKind::NotSupported, message));
        }
        Ok(Sql { text, parameters: self.parameters.into_iter().collect() })
    }

    /// The database, as it calls itself.
    pub(super) fn engine(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "SQLite",
            Dialect::Postgres => "PostgreSQL",
            Dialect::Duckdb => "DuckDB",
        }
    }

    /// A bare placeholder for a value; the same one for the same value.
    fn placeholder(&mut self, value: Parameter) -> String {
        let (position, _) = self.parameters.insert_full(value);
        let sign = if self.dialect == Dialect::Sqlite { '?' } else { '$' };
        format!("{sign}{}", position + 1)
    }

    /// A bound text. PostgreSQL is told the type, always the same for a parameter.
    ///
    /// # Errors
    /// `not_supported` if the database cannot hold it.
    pub(super) fn text(&mut self, text: &str) -> Result<String, RuleError> {
        self.refuse_nul(text)?;
        let placeholder = self.placeholder(Parameter::Text(text.to_owned()));
        Ok(self.typed(placeholder, "text"))
    }

    /// Refuses a text that the database cannot hold.
    pub(super) fn refuse_nul(&self, text: &str) -> Result<(), RuleError> {
        if self.dialect != Dialect::Postgres || !text.contains('\0') {
            return Ok(());
        }
        let message = format!("{} has the character U+0000", quoted(text));
        Err(RuleError::new(RuleErrorKind::NotSupported, message).hint("which PostgreSQL has no text with"))
    }

    /// A bound integer.
    pub(super) fn integer(&mut self, integer: i64) -> String {
        let placeholder = self.placeholder(Parameter::Integer(integer));
        self.typed(placeholder, "bigint")
    }

    /// A bound boolean.
    pub(super) fn boolean(&mut self, boolean: bool) -> String {
        if self.dialect == Dialect::Sqlite {
            return self.integer(boolean.into());
        }
        let placeholder = self.placeholder(Parameter::Boolean(boolean));
        self.typed(placeholder, "boolean")
    }

    fn typed(&self, placeholder: String, of: &str) -> String {
        if self.dialect == Dialect::Postgres { format!("{placeholder}::{of}") } else { placeholder }
    }

    /// The condition that a rule is true.
    pub(super) fn condition(&mut self, rule: &Rule) -> Result<Condition, RuleError> {
        self.deep = depth(rule, 0)? > PLAIN_DEPTH;
        self.rule(rule, true)
    }

    /// The condition that a rule is true, or that it is false.
    fn rule(&mut self, rule: &Rule, wanted: bool) -> Result<Condition, RuleError> {
        match rule {
            Rule::All(parts) => self.parts(parts, wanted, if wanted { Join::And } else { Join::Or }),
            Rule::Any(parts) => self.parts(parts, wanted, if wanted { Join::Or } else { Join::And }),
            Rule::Not(part) => self.rule(part, !wanted),
            Rule::Xor(parts) => {
                let outside = std::mem::replace(&mut self.exact, true);
                let parts = self.ordered(parts);
                let parts = parts.into_iter().map(|part| self.rule(part, true));
                let mut parts = parts.collect::<Result<Vec<_>, _>>()?;
                self.exact = outside;
                if self.deep && parts.len() > 2 {
                    let rest = parity(parts.split_off(1), true);
                    parts.push(rest);
                }
                Ok(parity(parts, wanted))
            }
            test => self.test(test, wanted),
        }
    }

    fn parts(&mut self, parts: &[Rule], wanted: bool, join: Join) -> Result<Condition, RuleError> {
        let parts = self.ordered(parts);
        let mut conditions = Vec::with_capacity(parts.len());
        for part in parts {
            conditions.push(self.rule(part, wanted)?);
        }
        // What follows the first, which is the deepest, is put into one group, so that the first stays on top.
        if self.deep && conditions.len() > CHAIN {
            let rest = Condition::joined(conditions.split_off(1), join);
            conditions.push(rest);
        }
        Ok(Condition::joined(conditions, join))
    }

    fn ordered<'r>(&self, parts: &'r [Rule]) -> Vec<&'r Rule> {
        let mut parts: Vec<&Rule> = parts.iter().collect();
        if self.deep {
            parts.sort_by_cached_key(|part| Reverse(depth(part, 0).unwrap_or(MAX_DEPTH)));
        }
        parts
    }

    /// The query for the members of a segment.
    pub(super) fn members(&mut self, of: &Members<'_>) -> Result<String, RuleError> {
        let mut text = String::from(r#"SELECT u.id FROM "user" u WHERE u.status = 'active'"#);
        let site = match of.site {
            Some(site) => format!("m.site_id = {} AND ", self.integer(site.0.into())),
            None => String::new(),
        };
        text.push_str(&format!(
            " AND u.id IN (SELECT m.user_id FROM site_member m WHERE {site}m.status = 'active')"
        ));
        let rule = of.rule.map(|rule| self.condition(rule)).transpose()?;
        let segment = of.segment.map(|segment| self.integer(segment.0.into()));
        let pinned = segment.as_ref().map(|segment| {
            Condition::test(format!(
                "u.id IN (SELECT p.user_id FROM segment_pin p WHERE p.segment_id = {segment})"
            ))
        });
        let either: Vec<Condition> = rule.into_iter().chain(pinned).collect();
        if either.is_empty() {
            text.push_str(" AND 1 = 0");
        } else {
            let either = Condition::joined(either, Join::Or);
            let (open, close) = if either.join == Join::Or { ("(", ")") } else { ("", "") };
            text.push_str(&format!(" AND {open}{}{close}", either.text));
        }
        if let Some(segment) = segment {
            text.push_str(&format!(
                " AND NOT EXISTS (SELECT 1 FROM segment_ban b WHERE b.segment_id = {segment} AND b.user_id = u.id)"
            ));
        }
        Ok(text)
    }
}

/// An odd number of conditions, or an even number of them. `<>` of two conditions is null if either is. Paired, so
/// that many parts nest little.
fn parity(mut parts: Vec<Condition>, odd: bool) -> Condition {
    if parts.len() < 2 {
        return parts.pop().unwrap_or_else(|| Condition::test("1 = 0"));
    }
    let right = parity(parts.split_off(parts.len().div_ceil(2)), true);
    let left = parity(parts, true);
    let sign = if odd { "<>" } else { "=" };
    Condition::test(format!("({}) {sign} ({})", left.text, right.text))
}

/// How many combinations lie around the innermost test.
fn depth(rule: &Rule, around: usize) -> Result<usize, RuleError> {
    let (parts, around) = match rule {
        Rule::All(parts) | Rule::Any(parts) | Rule::Xor(parts) => (parts.as_slice(), around + 1),
        Rule::Not(part) => (std::slice::from_ref(part.as_ref()), around + 1),
        _ => return Ok(around),
    };
    if around > MAX_DEPTH {
        let message = format!("the rule nests more than {MAX_DEPTH} levels deep");
        return Err(RuleError::new(RuleErrorKind::TooDeep, message));
    }
    parts.iter().try_fold(around, |deepest, part| Ok(deepest.max(depth(part, around)?)))
}
