//! Reads rule text: `&&`, `||`, `!`, parentheses and comparisons. It keeps its own stack, so that no text
//! overflows the thread's. Not here: operands (`operand`), tokens (`lex`), and whether the rule makes sense for
//! given attributes (`check`).

use std::mem;

use crate::error::quoted;
use crate::lex::{Token, TokenKind, lex};
use crate::{Comparison, Expr, ExprKind, RuleError, RuleErrorKind, Span};

/// The longest text, in bytes, that is read as a rule.
pub const MAX_TEXT: usize = 64 * 1024;

/// How deep a rule may nest. In text, each `!` and each parenthesis is one level, and a `!` and the parenthesis
/// right after it are one together; in a [`crate::Rule`], each "all", "any" and "not" is one.
pub const MAX_DEPTH: usize = 64;

/// Reads rule text, a strict subset of the Common Expression Language. Whether the attributes exist and the
/// values suit them is for [`crate::check`] to say.
///
/// ```
/// use matricula_rule::{ExprKind, parse};
///
/// let rule = parse(r#"user.country == "ZA" || !has(user.country)"#)?;
/// assert!(matches!(rule.kind, ExprKind::Or(parts) if parts.len() == 2));
/// assert_eq!(parse("has(user.country").unwrap_err().to_string(), "expected `)`, found the end of the rule at 1:17");
/// # Ok::<(), matricula_rule::RuleError>(())
/// ```
///
/// # Errors
///
/// If the text is no rule, is longer than [`MAX_TEXT`], nests deeper than [`MAX_DEPTH`], or uses what rules do
/// not have.
pub fn parse(text: &str) -> Result<Expr, RuleError> {
    if text.len() > MAX_TEXT {
        let message = format!("the rule is {} bytes long, but at most {MAX_TEXT} are allowed", text.len());
        return Err(RuleError::new(RuleErrorKind::TooLong, message));
    }
    let tokens = lex(text);
    if let [Token { kind: TokenKind::End, .. }] = tokens.as_slice() {
        return Err(RuleError::new(RuleErrorKind::Syntax, "the rule is empty").at(Span::default()));
    }
    Parser { text, tokens: &tokens, next: 0, depth: 0 }.rule()
}

/// The state of reading: the tokens and how many of them have been read.
pub(crate) struct Parser<'p, 't> {
    text: &'t str,
    tokens: &'p [Token<'t>],
    next: usize,
    depth: usize,
}

/// What has been read between two parentheses, or of the whole text.
#[derive(Default)]
struct Group {
    /// The opening parenthesis.
    open: Option<Span>,
    /// How many levels of nesting the parenthesis added: none after a `!`.
    levels: usize,
    /// The parts of the "or", all but the last.
    any: Vec<Expr>,
    /// The parts of the "and" that is the last of these.
    all: Vec<Expr>,
    /// The comparison whose right side is to come.
    relation: Option<Relation>,
    /// Each `!` before the term to come.
    nots: Vec<Span>,
}

/// What stands left of the signs that have been read, which are all the same; `None` is `in`.
struct Relation {
    left: Vec<Expr>,
    sign: Option<Comparison>,
}

impl Relation {
    /// Whether one more of the sign can follow the term: comparisons of conditions by `!=` are one "xor".
    fn goes_on(&self, sign: Option<Comparison>, term: &Expr) -> bool {
        let may_hold = |expr: &Expr| expr.is_condition() || matches!(expr.kind, ExprKind::Attribute(_));
        self.sign == Some(Comparison::NotEqual)
            && sign == self.sign
            && self.left.iter().all(may_hold)
            && may_hold(term)
    }

    fn finish(mut self, right: Expr) -> Expr {
        let span = self.left.first().map_or(right.span, |left| left.span.to(right.span));
        let left = match self.left.pop() {
            Some(left) if self.left.is_empty() => Box::new(left),
            Some(last) => {
                self.left.extend([last, right]);
                return Expr { kind: ExprKind::Xor(self.left), span };
            }
            None => return right,
        };
        let right = Box::new(right);
        let kind = match self.sign {
            Some(comparison) => ExprKind::Compare { left, comparison, right },
            None => ExprKind::In { element: left, list: right },
        };
        Expr { kind, span }
    }
}

impl Group {
    fn end_all(&mut self) {
        if let Some(all) = joined(mem::take(&mut self.all), ExprKind::And) {
            self.any.push(all);
        }
    }

    fn finish(mut self, last: Expr) -> Option<Expr> {
        self.all.push(last);
        self.end_all();
        joined(self.any, ExprKind::Or)
    }
}

/// One part as it is, several under one node, none if there are none.
fn joined(mut parts: Vec<Expr>, kind: fn(Vec<Expr>) -> ExprKind) -> Option<Expr> {
    let last = parts.pop()?;
    let Some(first) = parts.first() else {
        return Some(last);
    };
    let span = first.span.to(last.span);
    parts.push(last);
    Some(Expr { kind: kind(parts), span })
}

impl<'p, 't> Parser<'p, 't> {
    fn rule(mut self) -> Result<Expr, RuleError> {
        let mut outer: Vec<Group> = Vec::new();
        let mut group = Group::default();
        loop {
            let span = self.span();
            if self.take("!") {
                self.deeper(1, span)?;
                group.nots.push(span);
                continue;
            }
            if self.take("(") {
                let levels = usize::from(group.nots.is_empty());
                self.deeper(levels, span)?;
                outer.push(mem::replace(&mut group, Group { open: Some(span), levels, ..Group::default() }));
                continue;
            }
            let expected = if group.relation.is_some() { "a value" } else { "a condition" };
            let mut term = self.operand(expected)?;
            loop {
                term = self.negated(term, &mut group)?;
                if let Some(sign) = self.relation_sign() {
                    self.relate(term, sign, &mut group)?;
                    break;
                }
                if let Some(relation) = group.relation.take() {
                    term = relation.finish(term);
                }
                if self.take("&&") {
                    group.all.push(term);
                    break;
                }
                if self.take("||") {
                    group.all.push(term);
                    group.end_all();
                    break;
                }
                let closed = matches!(self.kind(), TokenKind::Sign(")"));
                let ended = matches!(self.kind(), TokenKind::End);
                term = match (outer.pop(), closed, ended) {
                    (Some(around), true, _) => {
                        self.bump();
                        self.depth = self.depth.saturating_sub(group.levels);
                        let term = mem::replace(&mut group, around)
                            .finish(term)
                            .ok_or_else(|| self.unexpected("a condition"))?;
                        self.method(term)?
                    }
                    (None, _, true) => {
                        return group.finish(term).ok_or_else(|| self.unexpected("a condition"));
                    }
                    (Some(_), _, true) => {
                        let error = RuleError::new(RuleErrorKind::Syntax, "the parenthesis is not closed");
                        return Err(error.expecting("`)`").at(group.open.unwrap_or_default()));
                    }
                    (None, true, _) => {
                        let error = RuleError::new(RuleErrorKind::Syntax, "unexpected `)`").finding("`)`");
                        return Err(error.hint("no parenthesis is open").at(self.span()));
                    }
                    _ => return Err(self.unexpected_after(&term)),
                };
            }
        }
    }

    /// Puts each `!` that was read before a term in front of it.
    fn negated(&mut self, mut term: Expr, group: &mut Group) -> Result<Expr, RuleError> {
        if !group.nots.is_empty() && group.relation.is_none() && self.relation_sign().is_some() {
            let message = format!("`!` binds more tightly than {}", self.found());
            let error = RuleError::new(RuleErrorKind::Syntax, message);
            return Err(error.hint("write `!( … )` around the whole comparison").at(self.span()));
        }
        self.depth = self.depth.saturating_sub(group.nots.len());
        for not in mem::take(&mut group.nots).into_iter().rev() {
            let span = not.to(term.span);
            term = Expr { kind: ExprKind::Not(Box::new(term)), span };
        }
        Ok(term)
    }

    /// Reads the sign of a comparison, after what stands left of it.
    fn relate(&mut self, term: Expr, sign: Option<Comparison>, group: &mut Group) -> Result<(), RuleError> {
        match &mut group.relation {
            None => group.relation = Some(Relation { left: vec![term], sign }),
            Some(relation) if relation.goes_on(sign, &term) => relation.left.push(term),
            Some(_) => {
                let error = RuleError::new(RuleErrorKind::Syntax, "comparisons cannot be chained");
                return Err(error.hint("join two of them with `&&`").at(self.span()));
            }
        }
        self.bump();
        Ok(())
    }

    /// The comparison that comes next; `Some(None)` for `in`.
    fn relation_sign(&self) -> Option<Option<Comparison>> {
        Some(match self.kind() {
            TokenKind::Sign("==") => Some(Comparison::Equal),
            TokenKind::Sign("!=") => Some(Comparison::NotEqual),
            TokenKind::Sign("<") => Some(Comparison::Less),
            TokenKind::Sign("<=") => Some(Comparison::LessOrEqual),
            TokenKind::Sign(">") => Some(Comparison::Greater),
            TokenKind::Sign(">=") => Some(Comparison::GreaterOrEqual),
            TokenKind::Name("in") => None,
            _ => return None,
        })
    }

    fn deeper(&mut self, levels: usize, span: Span) -> Result<(), RuleError> {
        self.depth += levels;
        if self.depth <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("the rule nests more than {MAX_DEPTH} levels deep");
        Err(RuleError::new(RuleErrorKind::TooDeep, message).at(span))
    }

    /// What comes next.
    pub(crate) fn kind(&self) -> &'p TokenKind<'t> {
        self.kind_at(0)
    }

    /// What comes after so many more.
    pub(crate) fn kind_at(&self, ahead: usize) -> &'p TokenKind<'t> {
        self.tokens.get(self.next + ahead).map_or(&TokenKind::End, |token| &token.kind)
    }

    /// The place of what comes next.
    pub(crate) fn span(&self) -> Span {
        self.span_at(0)
    }

    /// The place of what comes after so many more.
    pub(crate) fn span_at(&self, ahead: usize) -> Span {
        self.tokens.get(self.next + ahead).map(|token| token.span).unwrap_or_default()
    }

    pub(crate) fn bump(&mut self) {
        if self.next + 1 < self.tokens.len() {
            self.next += 1;
        }
    }

    /// Reads this sign if it comes next.
    pub(crate) fn take(&mut self, sign: &str) -> bool {
        let taken = matches!(self.kind(), TokenKind::Sign(next) if *next == sign);
        if taken {
            self.bump();
        }
        taken
    }

    /// Reads this sign, whose place is returned.
    pub(crate) fn expect(&mut self, sign: &str) -> Result<Span, RuleError> {
        let span = self.span();
        if self.take(sign) { Ok(span) } else { Err(self.unexpected(&quoted(sign))) }
    }

    /// What comes next, for messages.
    pub(crate) fn found(&self) -> String {
        match self.kind() {
            TokenKind::End => "the end of the rule".into(),
            _ => quoted(self.span().of(self.text).unwrap_or_default()),
        }
    }

    /// "expected …, found …" at what comes next.
    pub(crate) fn unexpected(&self, expected: &str) -> RuleError {
        if let TokenKind::Bad(error) = self.kind() {
            return error.clone();
        }
        RuleError::mismatch(RuleErrorKind::Syntax, expected, self.found()).at(self.span())
    }

    pub(crate) fn text(&self) -> &'t str {
        self.text
    }
}
