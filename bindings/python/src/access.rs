//! Who may do what: places, effects, holders and audiences as they are given, and categories, capabilities, roles and grants
//! as a snapshot shows them. Not here: what one person may do (`actor`).

use matricula::{AudienceKey, Effect, GrantId, HolderKey, ScopeKey, Where, category, course, registry, site};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::{Dict, When, items, record, text, texts, type_name};
use crate::error::Outcome;

record! {
    /// Courses of a site that belong together.
    Category {
        /// The key.
        key: String,
        /// The name for people.
        name: String,
        /// The key of its site.
        site: String,
        /// The key of the category that it lies in; `None` if it lies directly in its site.
        parent: Option<String>,
    }
}

record! {
    /// Something that can be allowed or denied.
    Capability {
        /// The name, such as `grade.edit`.
        name: String,
        /// Whether something is looked at or changed.
        kind: &'static str,
        /// The innermost kind of place where it makes sense.
        innermost: &'static str,
        /// Whether it is about a person, who has to be named in questions.
        over: bool,
        /// What whoever gives it away should know.
        flags: Vec<&'static str>,
        /// What it lets people do, as a sentence.
        sentence: String,
    }
}

record! {
    /// What a holder may do.
    Role {
        /// The key.
        key: String,
        /// The name for people.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The key of the site whose administrators define it; `None` for the whole registry.
        site: Option<String>,
        /// What it gives: capabilities and patterns.
        allow: Vec<String>,
        /// What it does not give, which another role may.
        withhold: Vec<String>,
        /// What it denies, whatever other roles say.
        deny: Vec<String>,
        /// The keys of the roles that its holders may give to others; `*` for all.
        may_assign: Vec<String>,
        /// Whether it is never held without an audience.
        needs_audience: bool,
    }
}

record! {
    /// A role held.
    Grant {
        /// The number, for `revoke`.
        number: u32,
        /// The key of the role.
        role: String,
        /// The key of the person who holds it; `None` if a segment does.
        user: Option<String>,
        /// The key of the segment whose members hold it; `None` if a person does.
        segment: Option<String>,
        /// The key of the site where it is held.
        site: Option<String>,
        /// The key of the category where it is held.
        category: Option<String>,
        /// The key of the course where it is held; nothing of the three for the whole registry.
        course: Option<String>,
        /// Over whom: one key, as it was given; `None` for everybody.
        over: Option<Dict<String>>,
        /// The instant from which on it counts, in UTC; `None` for always.
        from_: Option<When>,
        /// The instant from which on it no longer counts, in UTC; `None` for never.
        until: Option<When>,
        /// Why, in the words of whoever gave it; may be empty.
        note: String,
    }
}

/// The place of these keys, of which at most one is given; without one the registry.
pub(crate) fn at<'a>(
    in_site: Option<&'a str>,
    in_category: Option<&'a str>,
    in_course: Option<&'a str>,
) -> PyResult<Where<'a>> {
    match (in_site, in_category, in_course) {
        (None, None, None) => Ok(registry()),
        (Some(key), None, None) => Ok(site(key)),
        (None, Some(key), None) => Ok(category(key)),
        (None, None, Some(key)) => Ok(course(key)),
        _ => Err(PyTypeError::new_err("expected at most one of `site`, `category` and `course`, found more")),
    }
}

/// A place by the keys of site, category and course.
pub(crate) fn parts(scope: ScopeKey) -> (Option<String>, Option<String>, Option<String>) {
    match scope {
        ScopeKey::Registry => (None, None, None),
        ScopeKey::Site(key) => (Some(key), None, None),
        ScopeKey::Category(key) => (None, Some(key), None),
        ScopeKey::Course(key) => (None, None, Some(key)),
    }
}

/// What a role says: the patterns that it gives, withholds and denies.
pub(crate) fn effects(
    allow: Option<&Bound<'_, PyAny>>,
    withhold: Option<&Bound<'_, PyAny>>,
    deny: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<(String, Effect)>> {
    let mut effects = Vec::new();
    for (effect, patterns) in [(Effect::Allow, allow), (Effect::Withhold, withhold), (Effect::Deny, deny)] {
        let patterns = patterns.map(|patterns| texts(effect.name(), patterns)).transpose()?;
        effects.extend(patterns.unwrap_or_default().into_iter().map(|pattern| (pattern, effect)));
    }
    Ok(effects)
}

/// Who is to hold a role: a person or a segment.
pub(crate) fn holder(user: Option<String>, segment: Option<String>) -> PyResult<HolderKey> {
    match (user, segment) {
        (Some(key), None) => Ok(HolderKey::User(key)),
        (None, Some(key)) => Ok(HolderKey::Segment(key)),
        _ => Err(PyTypeError::new_err("expected either `user` or `segment`")),
    }
}

/// Over whom a role is to count: `{"line": "manager"}`.
pub(crate) fn audience(given: &Bound<'_, PyAny>) -> Outcome<AudienceKey> {
    let mut parts = items("over", given)?.into_iter();
    let (Some((kind, key)), None) = (parts.next(), parts.next()) else {
        let message = "`over`: expected one of segment, reports, line and same, and its key";
        return Err(PyTypeError::new_err(message).into());
    };
    let key = text("over", "a key", &key)?;
    Ok(match kind.as_str() {
        "segment" => AudienceKey::Segment(key),
        "reports" => AudienceKey::Reports(key),
        "line" => AudienceKey::Line(key),
        "same" => AudienceKey::Same(key),
        _ => {
            let kind = kind.escape_debug();
            let message = format!("`over`: unexpected `{kind}`, expected segment, reports, line or same");
            return Err(PyTypeError::new_err(message).into());
        }
    })
}

/// Anybody, or everybody: over whom a question is asked, where it is not one person.
#[pyclass(frozen, eq, hash, name = "_Subject", module = "matricula")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// Anybody at all.
    #[pyo3(name = "ANY")]
    Any,
    /// Everybody there.
    #[pyo3(name = "ALL")]
    All,
}

#[pymethods]
impl Subject {
    fn __repr__(&self) -> &'static str {
        match self {
            Self::Any => "matricula.ANY",
            Self::All => "matricula.ALL",
        }
    }
}

/// The place with over whom is asked there: a key, anybody, everybody; `None` for nobody.
pub(crate) fn over<'a>(place: Where<'a>, given: Option<&'a Bound<'_, PyAny>>) -> PyResult<Where<'a>> {
    let Some(given) = given else { return Ok(place) };
    if let Ok(key) = given.cast::<PyString>() {
        return Ok(place.over(key.to_str()?));
    }
    match given.cast::<Subject>().map(|subject| *subject.get()) {
        Ok(Subject::Any) => Ok(place.over_any()),
        Ok(Subject::All) => Ok(place.over_all()),
        Err(_) => {
            let found = type_name(given);
            Err(PyTypeError::new_err(format!("`over`: expected str, ANY, ALL or None, found {found}")))
        }
    }
}

/// The categories, in order of definition.
pub(crate) fn categories(snapshot: &matricula::Snapshot) -> Vec<Category> {
    let keys: Vec<&str> = snapshot.categories().map(|category| category.key.as_str()).collect();
    let category = |category: &matricula::Category| Category {
        key: category.key.clone(),
        name: category.name.clone(),
        site: snapshot.site(category.site).map(|site| site.key.clone()).unwrap_or_default(),
        parent: category.parent.and_then(|id| keys.get(id.0 as usize)).map(|key| (*key).to_owned()),
    };
    snapshot.categories().map(category).collect()
}

/// All capabilities: those that are built in, the host's own, then two for each attribute.
pub(crate) fn capabilities(snapshot: &matricula::Snapshot) -> Vec<Capability> {
    let capability = |(_, it): (_, matricula::Capability)| Capability {
        name: it.name,
        kind: it.kind.name(),
        innermost: it.innermost,
        over: it.over,
        flags: it.flags.into_iter().map(matricula::Flag::name).collect(),
        sentence: it.sentence,
    };
    snapshot.capabilities().map(capability).collect()
}

/// The roles, those that are built in first.
pub(crate) fn roles(snapshot: &matricula::Snapshot) -> Vec<Role> {
    let role = |role: &matricula::Role| {
        let of = |effect| {
            let patterns = role.effects.iter().filter(move |(_, said)| **said == effect);
            patterns.map(|(pattern, _)| pattern.clone()).collect()
        };
        Role {
            key: role.key.clone(),
            name: role.name.clone(),
            description: role.description.clone(),
            site: role.site.and_then(|site| snapshot.site(site)).map(|site| site.key.clone()),
            allow: of(Effect::Allow),
            withhold: of(Effect::Withhold),
            deny: of(Effect::Deny),
            may_assign: role.may_assign.clone(),
            needs_audience: role.needs_audience,
        }
    };
    snapshot.roles().map(role).collect()
}

/// The grants, in order.
pub(crate) fn grants(snapshot: &matricula::Snapshot) -> Vec<Grant> {
    snapshot.grants().map(|(id, grant)| named(snapshot, id, &grant)).collect()
}

fn named(snapshot: &matricula::Snapshot, id: GrantId, grant: &matricula::Grant) -> Grant {
    let matricula::GrantDefinition { role, holder, scope, audience, from, until, note } =
        snapshot.grant_definition(grant);
    let (user, segment) = match holder {
        HolderKey::User(key) => (Some(key), None),
        HolderKey::Segment(key) => (None, Some(key)),
    };
    let (site, category, course) = parts(scope);
    let over = audience.map(|audience| {
        let (kind, key) = match audience {
            AudienceKey::Segment(key) => ("segment", key),
            AudienceKey::Reports(key) => ("reports", key),
            AudienceKey::Line(key) => ("line", key),
            AudienceKey::Same(key) => ("same", key),
        };
        Dict(vec![(kind.to_owned(), key)])
    });
    let (from_, until) = (from.map(When), until.map(When));
    Grant { number: id.0, role, user, segment, site, category, course, over, from_, until, note }
}
