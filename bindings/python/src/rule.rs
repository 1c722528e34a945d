//! Rules in their notations, and what is said about them: previews, advice, SQL. Not here: segments as definitions
//! (`definitions`).

use matricula::rule::parse_tree;
use matricula::rule::sql::{Dialect, Parameter};
use matricula::{Error, ErrorKind, Instant, RowSet, RuleSource, UserId};
use pyo3::prelude::*;
use serde::Deserialize;

use crate::convert::{Dict, not_a_word, record, shown};
use crate::error::Outcome;
use crate::json;

/// The rule in at most one of its notations.
pub(crate) fn source(
    rule: Option<String>,
    rule_tree: Option<&Bound<'_, PyAny>>,
    builder: Option<&Bound<'_, PyAny>>,
) -> Outcome<Option<RuleSource>> {
    let given = [rule.is_some(), rule_tree.is_some(), builder.is_some()];
    if given.into_iter().filter(|given| *given).count() > 1 {
        let message = "the rule is given more than once, expected at most one of rule, rule_tree and builder";
        return Err(Error::new(ErrorKind::InvalidDefinition, message).into());
    }
    if let Some(tree) = rule_tree {
        let rule = parse_tree(&json::text("rule_tree", tree)?).map_err(Error::from)?;
        return Ok(Some(RuleSource::Typed(rule)));
    }
    if let Some(query) = builder {
        return Ok(Some(RuleSource::Builder(json::text("builder", query)?)));
    }
    Ok(rule.map(RuleSource::Text))
}

record! {
    /// Something strange about a rule although it is right.
    Lint {
        /// What kind of thing.
        lint: String,
        /// The same in English.
        message: String,
        /// How many people are left out.
        people: Option<usize>,
        /// The attributes that are missing, each with how many of those people lack it.
        missing: Option<Vec<(String, usize)>>,
        /// What to write to have them in.
        instead: Option<String>,
        /// The part of the rule, in English.
        part: Option<String>,
        /// The attribute's key.
        attribute: Option<String>,
        /// The other segment's key.
        segment: Option<String>,
        /// The value that nobody has.
        value: Option<String>,
    }

    fn __str__(&self) -> &str {
        &self.message
    }
}

impl From<&matricula::Lint> for Lint {
    fn from(lint: &matricula::Lint) -> Self {
        let json = serde_json::to_value(lint).unwrap_or_default();
        let text = |name: &str| Some(json.get(name)?.as_str()?.to_owned());
        Self {
            lint: text("lint").unwrap_or_default(),
            message: lint.to_string(),
            people: json.get("people").and_then(|people| usize::deserialize(people).ok()),
            missing: json.get("missing").and_then(|missing| Vec::deserialize(missing).ok()),
            instead: text("instead"),
            part: text("part"),
            attribute: text("attribute"),
            segment: text("segment"),
            value: text("value"),
        }
    }
}

/// What is strange about the rule of a segment.
pub(crate) fn lints(snapshot: &matricula::Snapshot, segment: &str) -> Result<Vec<Lint>, Error> {
    Ok(snapshot.lints(segment)?.iter().map(Lint::from).collect())
}

/// What a rule would select.
#[pyclass(frozen, eq, module = "matricula")]
pub(crate) struct RulePreview {
    snapshot: matricula::Snapshot,
    preview: matricula::RulePreview,
}

impl RulePreview {
    pub(crate) fn new(
        snapshot: &matricula::Snapshot,
        source: Option<&RuleSource>,
        site: Option<&str>,
        segment: Option<&str>,
        at: Option<Instant>,
    ) -> Result<Self, Error> {
        let source = source.ok_or_else(|| {
            let message = "no rule is given, expected one of rule, rule_tree and builder";
            Error::new(ErrorKind::InvalidDefinition, message)
        })?;
        let at = at.or(snapshot.clock()).unwrap_or(Instant::EPOCH);
        let preview = snapshot.preview_rule(source, site, segment, at)?;
        Ok(Self { snapshot: snapshot.clone(), preview })
    }

    fn keys(&self, rows: &RowSet) -> Vec<&str> {
        rows.iter().map(|row| self.snapshot.user_key(UserId(row))).collect()
    }
}

impl PartialEq for RulePreview {
    fn eq(&self, other: &Self) -> bool {
        let ((ours, theirs), same) =
            ((&self.preview, &other.preview), |rows: fn(&matricula::RulePreview) -> &RowSet| {
                self.keys(rows(&self.preview)) == other.keys(rows(&other.preview))
            });
        ours.text == theirs.text
            && ours.by_site == theirs.by_site
            && ours.lints == theirs.lints
            && same(|preview| &preview.members)
            && same(|preview| &preview.joining)
            && same(|preview| &preview.leaving)
            && same(|preview| &preview.unknown)
    }
}

#[pymethods]
impl RulePreview {
    /// The rule, as text in its one canonical form.
    #[getter]
    fn rule(&self) -> &str {
        &self.preview.text
    }

    /// The rule in English.
    #[getter]
    fn english(&self) -> &str {
        &self.preview.description
    }

    /// How many would be in, pins and bans considered.
    #[getter]
    fn member_count(&self) -> usize {
        self.preview.members.len()
    }

    /// How many of them are not in the segment now.
    #[getter]
    fn joining_count(&self) -> usize {
        self.preview.joining.len()
    }

    /// How many are in the segment now and would no longer be.
    #[getter]
    fn leaving_count(&self) -> usize {
        self.preview.leaving.len()
    }

    /// How many are left out because the rule cannot be answered for want of a value.
    #[getter]
    fn unknown_count(&self) -> usize {
        self.preview.unknown.len()
    }

    /// How many of those who would be in are active members of each site, by key; a new dict each time.
    #[getter]
    fn by_site(&self) -> Dict<usize> {
        Dict(self.preview.by_site.clone())
    }

    /// The keys of the first of those who would be in.
    #[getter]
    fn sample(&self) -> Vec<String> {
        self.preview.sample.clone()
    }

    /// What is strange about the rule.
    #[getter]
    fn lints(&self) -> Vec<Lint> {
        self.preview.lints.iter().map(Lint::from).collect()
    }

    /// The keys of those who would be in, in the order in which people were created.
    fn members(&self) -> Vec<&str> {
        self.keys(&self.preview.members)
    }

    /// The keys of those of them who are not in the segment now.
    fn joining(&self) -> Vec<&str> {
        self.keys(&self.preview.joining)
    }

    /// The keys of those who are in the segment now and would no longer be.
    fn leaving(&self) -> Vec<&str> {
        self.keys(&self.preview.leaving)
    }

    /// The keys of those left out because the rule cannot be answered for want of a value.
    fn unknown(&self) -> Vec<&str> {
        self.keys(&self.preview.unknown)
    }

    fn __repr__(&self) -> String {
        let (rule, members) = (shown(&self.preview.text), self.preview.members.len());
        format!("<RulePreview of `{rule}`: {members} members>")
    }
}

/// A value to bind.
#[derive(Clone, PartialEq, Eq, Hash, IntoPyObject)]
pub(crate) enum Bind {
    Text(String),
    Integer(i64),
    Boolean(bool),
}

record! {
    /// A query with the values to bind.
    Sql {
        /// The text, in which no value stands.
        text: String,
        /// The values to bind, in order.
        parameters: Vec<Bind>,
    }
}

/// A query for the members of a segment, for a database of this name.
pub(crate) fn sql(
    snapshot: &matricula::Snapshot,
    segment: &str,
    dialect: &str,
    at: Option<Instant>,
) -> Result<Sql, Error> {
    let found = Dialect::ALL.into_iter().find(|known| known.name() == dialect);
    let dialect = found.ok_or_else(|| not_a_word("dialect", dialect, &Dialect::ALL.map(Dialect::name)))?;
    let at = at.or(snapshot.clock()).unwrap_or(Instant::EPOCH);
    let sql = snapshot.segment_sql(segment, dialect, at)?;
    let bind = |parameter| match parameter {
        Parameter::Text(text) => Bind::Text(text),
        Parameter::Integer(number) => Bind::Integer(number),
        Parameter::Boolean(truth) => Bind::Boolean(truth),
    };
    Ok(Sql { text: sql.text, parameters: sql.parameters.into_iter().map(bind).collect() })
}
