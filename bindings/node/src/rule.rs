//! Rules in their notations, both ways, and what is said about them: previews, advice, SQL. Not here: segments as
//! definitions (`definitions`).

use matricula::rule::parse_tree;
use matricula::rule::sql::{Dialect, Parameter};
use matricula::{Error, ErrorKind, Instant, RowSet, RuleSource, UserId};
use napi::Result;
use napi::bindgen_prelude::{AsyncTask, BigInt, Either4};
use napi_derive::napi;

use crate::convert::{MAX_SAFE, instant, not_a_word, number};
use crate::error::{Answer, Code, thrown};
use crate::job::Job;
use crate::snapshot::Snapshot;

/// A rule in at most one of its notations.
#[napi(object, object_to_js = false, use_nullable = true)]
pub struct RuleArguments {
    /// As text.
    pub text: Option<String>,
    /// As the typed tree, in JSON.
    pub tree: Option<String>,
    /// As the query of a rule builder, in JSON.
    pub builder: Option<String>,
}

impl RuleArguments {
    /// The rule, if there is one.
    pub(crate) fn into_source(self) -> Answer<Option<RuleSource>> {
        let given = [self.text.is_some(), self.tree.is_some(), self.builder.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            let message =
                "the rule is given more than once, expected at most one of rule, ruleTree and builder";
            return Err(Error::new(ErrorKind::InvalidDefinition, message));
        }
        Ok(match (self.text, self.tree, self.builder) {
            (Some(text), ..) => Some(RuleSource::Text(text)),
            (_, Some(tree), _) => Some(RuleSource::Typed(parse_tree(&tree)?)),
            (.., Some(builder)) => Some(RuleSource::Builder(builder)),
            (None, None, None) => None,
        })
    }
}

/// A piece of advice about a rule.
#[napi(object, object_from_js = false)]
#[derive(Clone)]
pub struct Lint {
    /// For programs, as JSON.
    pub json: String,
    /// In English.
    pub text: String,
}

impl From<&matricula::Lint> for Lint {
    fn from(lint: &matricula::Lint) -> Self {
        Self { json: serde_json::to_string(lint).unwrap_or_default(), text: lint.to_string() }
    }
}

/// How many would be in at a site.
#[napi(object, object_from_js = false)]
#[derive(Clone)]
pub struct SiteCount {
    /// The site's key.
    pub site: String,
    /// How many.
    pub count: f64,
}

/// What is short to say of a preview.
#[napi(object, object_from_js = false)]
#[derive(Clone)]
pub struct RuleSummary {
    /// The rule as text.
    pub rule: String,
    /// The rule in English.
    pub english: String,
    /// How many would be in.
    pub member_count: f64,
    /// How many of them are not in now.
    pub joining_count: f64,
    /// How many are in now and would no longer be.
    pub leaving_count: f64,
    /// How many are left out for want of a value.
    pub unknown_count: f64,
    /// How many would be in at each site.
    pub by_site: Vec<SiteCount>,
    /// The keys of some of them.
    pub sample: Vec<String>,
    /// What is strange about the rule.
    pub lints: Vec<Lint>,
}

/// What a rule would select.
#[napi]
pub struct RulePreview {
    snapshot: matricula::Snapshot,
    preview: matricula::RulePreview,
    /// Counted where the preview was made, off the JavaScript thread.
    summary: RuleSummary,
}

impl RulePreview {
    fn new(snapshot: matricula::Snapshot, preview: matricula::RulePreview) -> Self {
        let by_site = preview.by_site.iter();
        let summary = RuleSummary {
            rule: preview.text.clone(),
            english: preview.description.clone(),
            member_count: number(preview.members.len()),
            joining_count: number(preview.joining.len()),
            leaving_count: number(preview.leaving.len()),
            unknown_count: number(preview.unknown.len()),
            by_site: by_site
                .map(|(site, count)| SiteCount { site: site.clone(), count: number(*count) })
                .collect(),
            sample: preview.sample.clone(),
            lints: preview.lints.iter().map(Lint::from).collect(),
        };
        Self { snapshot, preview, summary }
    }

    fn keys(&self, rows: &RowSet) -> Vec<&str> {
        rows.iter().map(|row| self.snapshot.user_key(UserId(row))).collect()
    }
}

#[napi]
impl RulePreview {
    /// What is short to say.
    #[napi(catch_unwind)]
    pub fn summary(&self) -> RuleSummary {
        self.summary.clone()
    }

    /// Who would be in.
    #[napi(catch_unwind)]
    pub fn members(&self) -> Vec<&str> {
        self.keys(&self.preview.members)
    }

    /// Who of them is not in now.
    #[napi(catch_unwind)]
    pub fn joining(&self) -> Vec<&str> {
        self.keys(&self.preview.joining)
    }

    /// Who is in now and would no longer be.
    #[napi(catch_unwind)]
    pub fn leaving(&self) -> Vec<&str> {
        self.keys(&self.preview.leaving)
    }

    /// Who is left out for want of a value.
    #[napi(catch_unwind)]
    pub fn unknown(&self) -> Vec<&str> {
        self.keys(&self.preview.unknown)
    }
}

/// A query for the members of a segment.
#[napi(object, object_from_js = false)]
pub struct Sql {
    /// The text.
    pub text: String,
    /// The values to bind.
    #[napi(ts_type = "Array<string | number | bigint | boolean>")]
    pub parameters: Vec<Either4<String, f64, BigInt, bool>>,
}

fn parameter(parameter: Parameter) -> Either4<String, f64, BigInt, bool> {
    match parameter {
        Parameter::Text(text) => Either4::A(text),
        // Beyond what a number says exactly.
        Parameter::Integer(number) if number.unsigned_abs() > MAX_SAFE as u64 => Either4::C(number.into()),
        Parameter::Integer(number) => Either4::B(number as f64),
        Parameter::Boolean(truth) => Either4::D(truth),
    }
}

fn dialect(word: &str) -> Answer<Dialect> {
    let found = Dialect::ALL.into_iter().find(|dialect| dialect.name() == word);
    found.ok_or_else(|| not_a_word("dialect", word, &Dialect::ALL.map(Dialect::name)))
}

#[napi]
impl Snapshot {
    /// What a rule would select; as of the registry's clock if no instant is given.
    #[napi(catch_unwind, ts_return_type = "Promise<RulePreview>")]
    pub fn preview_rule(
        &self,
        rule: RuleArguments,
        site: Option<String>,
        segment: Option<String>,
        at: Option<f64>,
    ) -> AsyncTask<Job<RulePreview>> {
        let snapshot = self.snapshot.clone();
        Job::on_pool(move || {
            let rule = rule.into_source()?.ok_or_else(|| {
                let message = "no rule is given, expected one of rule, ruleTree and builder";
                Error::new(ErrorKind::InvalidDefinition, message)
            })?;
            let at = at.map(instant).transpose()?.or(snapshot.clock()).unwrap_or(Instant::EPOCH);
            let preview = snapshot.preview_rule(&rule, site.as_deref(), segment.as_deref(), at)?;
            Ok(RulePreview::new(snapshot, preview))
        })
    }

    /// What is strange about the rule of a segment.
    #[napi(catch_unwind, ts_return_type = "Promise<Array<Lint>>")]
    pub fn lints(&self, segment: String) -> AsyncTask<Job<Vec<Lint>>> {
        let snapshot = self.snapshot.clone();
        Job::on_pool(move || Ok(snapshot.lints(&segment)?.iter().map(Lint::from).collect()))
    }

    /// The rule of a segment as the query of a rule builder, in JSON.
    #[napi(catch_unwind)]
    pub fn rule_builder(&self, segment: String) -> Result<Option<String>, Code> {
        self.snapshot.rule_builder(&segment).map_err(thrown)
    }

    /// The rule of a segment as the typed tree, in JSON.
    #[napi(catch_unwind)]
    pub fn rule_tree(&self, segment: String) -> Result<Option<String>, Code> {
        let segment = self.snapshot.segment_id(&segment).map_err(thrown)?;
        let rule = self.snapshot.segment(segment).and_then(|segment| segment.rule.as_ref());
        let json = rule.map(serde_json::to_string).transpose();
        json.map_err(|error| napi::Error::new("GenericFailure", error.to_string()))
    }

    /// A query for the members of a segment; as of the registry's clock if no instant is given.
    #[napi(catch_unwind)]
    pub fn segment_sql(
        &self,
        segment: String,
        #[napi(ts_arg_type = "string")] of: String,
        at: Option<f64>,
    ) -> Result<Sql, Code> {
        let sql = || {
            let at = at.map(instant).transpose()?;
            let at = at.or(self.snapshot.clock()).unwrap_or(Instant::EPOCH);
            self.snapshot.segment_sql(&segment, dialect(&of)?, at)
        };
        let sql = sql().map_err(thrown)?;
        Ok(Sql { text: sql.text, parameters: sql.parameters.into_iter().map(parameter).collect() })
    }
}
