//! The meaning of the library as data, run in Rust: see `tests/vectors/README.md`. Python and Node run the same
//! files. The names that those two have are compared here too, since that needs neither of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says so by panicking"
)]

#[path = "names/names.rs"]
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, Utc};
use matricula::rule::{Kind, Value as Held, describe, print};
use matricula::{
    AttributeDefinition, AttributeType, Change, CourseDefinition, Delta, Enrolment, EnrolmentRuleDefinition,
    Error, Input, Memory, Registry, Revision, SegmentDefinition, SiteDefinition, SiteId, Snapshot, UserId,
    UserUpdate, time_zone,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    description: String,
    #[serde(default)]
    given: Vec<Step>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    #[serde(default)]
    given: Vec<Step>,
    ask: Value,
    expect: Value,
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Step {
    Commit {
        at: DateTime<Utc>,
        #[serde(rename = "do")]
        changes: Vec<Changing>,
    },
    Advance {
        advance: DateTime<Utc>,
    },
}

/// A call on a transaction.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Changing {
    DefineSite {
        key: String,
        name: Option<String>,
        zone: Option<String>,
    },
    DefineAttribute {
        key: String,
        r#type: String,
        options: Option<Vec<String>>,
    },
    DefineCourse {
        key: String,
        name: Option<String>,
        site: Option<String>,
    },
    DefineSegment {
        key: String,
        rule: String,
        name: Option<String>,
        site: Option<String>,
    },
    DefineEnrolmentRule {
        key: String,
        segment: String,
        courses: Vec<String>,
        on_leave: Option<String>,
        name: Option<String>,
        enabled: Option<bool>,
    },
    UpdateUser {
        key: String,
        #[serde(default)]
        values: BTreeMap<String, Option<String>>,
        status: Option<String>,
        #[serde(default)]
        sites: BTreeMap<String, Option<String>>,
    },
    Enrol {
        user: String,
        course: String,
    },
    Unenrol {
        user: String,
        course: String,
    },
}

/// A call on the registry or its snapshot.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Question {
    Deltas {
        #[serde(default)]
        after: u64,
        #[serde(default = "many")]
        limit: usize,
    },
    Revision {},
    Clock {},
    UserCount {},
    EnrolmentCount {},
    Sites {},
    Attributes {},
    Courses {},
    Segments {},
    EnrolmentRules {},
    User {
        key: String,
    },
    Members {
        segment: String,
    },
    MemberCount {
        segment: String,
    },
    IsMember {
        user: String,
        segment: String,
    },
    Enrolments {
        user: Option<String>,
        course: Option<String>,
    },
    ExplainMembership {
        user: String,
        segment: String,
    },
    ExplainEnrolment {
        user: String,
        course: String,
    },
}

fn many() -> usize {
    1000
}

impl Changing {
    fn change(self) -> Result<Change, Error> {
        Ok(match self {
            Self::DefineSite { key, name, zone } => {
                SiteDefinition { key, name, zone: zone.as_deref().map(time_zone).transpose()? }.into()
            }
            Self::DefineAttribute { key, r#type, options } => {
                let kind = AttributeType::named(&r#type, options)
                    .map_err(|error| error.within(format_args!("attribute `{key}`")))?;
                AttributeDefinition { key, kind }.into()
            }
            Self::DefineCourse { key, name, site } => CourseDefinition { key, name, site }.into(),
            Self::DefineSegment { key, rule, name, site } => {
                SegmentDefinition { key, name, site, rule }.into()
            }
            Self::DefineEnrolmentRule { key, segment, courses, on_leave, name, enabled } => {
                EnrolmentRuleDefinition {
                    key,
                    name,
                    segment,
                    courses,
                    on_leave: on_leave.as_deref().unwrap_or("keep").parse()?,
                    enabled: enabled.unwrap_or(true),
                }
                .into()
            }
            Self::UpdateUser { key, values, status, sites } => {
                let mut update = UserUpdate::new(key);
                update.status = status.map(|status| status.parse()).transpose()?;
                let values = values.into_iter();
                update.values = values.map(|(key, value)| (key.into(), value.map(Input::Text))).collect();
                for (site, status) in sites {
                    update.sites.push((site.into(), status.map(|status| status.parse()).transpose()?));
                }
                update.into()
            }
            Self::Enrol { user, course } => Change::Enrol { user, course },
            Self::Unenrol { user, course } => Change::Unenrol { user, course },
        })
    }
}

fn take(registry: &Registry, step: Step) -> Result<Delta, Error> {
    let host = registry.as_host("vectors");
    match step {
        Step::Commit { at, changes } => {
            let mut tx = host.begin(at)?;
            for change in changes {
                tx.apply(change.change()?)?;
            }
            tx.commit()
        }
        Step::Advance { advance } => host.advance(advance),
    }
}

/// Makes a change, to see whether it is refused, and gives it up.
fn attempt(registry: &Registry, change: Changing) -> Result<Value, Error> {
    let at = registry.snapshot().clock().map_or(DateTime::UNIX_EPOCH, |clock| clock.to_utc());
    registry.as_host("vectors").begin(at)?.apply(change.change()?)?;
    Ok(Value::Null)
}

fn answer(registry: &Registry, question: Question) -> Result<Value, Error> {
    let snapshot = registry.snapshot();
    Ok(match question {
        Question::Deltas { after, limit } => registry.deltas(Revision(after), limit)?.iter().map(delta).collect(),
        Question::Revision {} => snapshot.revision().0.into(),
        Question::Clock {} => snapshot.clock().map(|clock| clock.to_string()).into(),
        Question::UserCount {} => snapshot.user_count().into(),
        Question::EnrolmentCount {} => snapshot.enrolment_count().into(),
        Question::Sites {} => snapshot
            .sites()
            .map(|site| json!({"key": site.key, "name": site.name, "zone": site.zone.name()}))
            .collect(),
        Question::Attributes {} => {
            let attributes = snapshot.schema().attributes().iter();
            let options = |kind: &Kind| match kind {
                Kind::Choice { options } => options.iter().map(|option| option.key.clone()).collect(),
                Kind::Text | Kind::Date => Value::Null,
            };
            attributes
                .map(|each| json!({"key": each.key, "type": each.kind.name(), "options": options(&each.kind)}))
                .collect()
        }
        Question::Courses {} => snapshot
            .courses()
            .map(|course| json!({"key": course.key, "name": course.name, "site": site_key(&snapshot, course.site)}))
            .collect(),
        Question::Segments {} => snapshot
            .segments()
            .map(|segment| {
                json!({
                    "key": segment.key,
                    "name": segment.name,
                    "site": segment.site.map(|site| site_key(&snapshot, site)),
                    "rule": print(&segment.rule, snapshot.schema()),
                    "description": describe(&segment.rule, snapshot.schema()),
                })
            })
            .collect(),
        Question::EnrolmentRules {} => snapshot
            .enrolment_rules()
            .map(|rule| {
                let courses = rule.courses.iter().map(|course| snapshot.course(*course).unwrap().key.clone());
                json!({
                    "key": rule.key,
                    "name": rule.name,
                    "segment": snapshot.segment(rule.segment).unwrap().key,
                    "courses": courses.collect::<Value>(),
                    "on_leave": rule.on_leave.name(),
                    "enabled": rule.enabled,
                })
            })
            .collect(),
        Question::User { key } => user(&snapshot, snapshot.user_id(&key)?),
        Question::Members { segment } => {
            let members = snapshot.members(&segment)?;
            members.iter().map(|row| Value::from(snapshot.user_key(UserId(row)))).collect()
        }
        Question::MemberCount { segment } => snapshot.members(&segment)?.iter().count().into(),
        Question::IsMember { user, segment } => snapshot.is_member(&user, &segment)?.into(),
        Question::Enrolments { user, course } => {
            let user = user.map(|user| snapshot.user_id(&user)).transpose()?;
            let course = course.map(|course| snapshot.course_id(&course)).transpose()?;
            let enrolments: Vec<Enrolment> = match (user, course) {
                (Some(user), Some(course)) => snapshot.enrolment(user, course).into_iter().collect(),
                (Some(user), None) => snapshot.enrolments_of(user).collect(),
                (None, Some(course)) => snapshot.enrolments_in(course).collect(),
                (None, None) => panic!("enrolments of whom, or in what?"),
            };
            enrolments.iter().map(|each| enrolment(&snapshot, each)).collect()
        }
        Question::ExplainMembership { user, segment } => {
            serde_json::to_value(snapshot.explain_membership(&user, &segment)?).unwrap()
        }
        Question::ExplainEnrolment { user, course } => {
            serde_json::to_value(snapshot.explain_enrolment(&user, &course)?).unwrap()
        }
    })
}

fn site_key(snapshot: &Snapshot, site: SiteId) -> String {
    snapshot.site(site).unwrap().key.clone()
}

fn delta(delta: &Delta) -> Value {
    let step = |step: matricula::Step<'_>| {
        json!({
            "at": step.at.to_string(),
            "action": step.action.name(),
            "user": step.user,
            "course": step.course,
            "reason": step.reason,
        })
    };
    let membership = |step: matricula::MembershipStep<'_>| {
        json!({
            "at": step.at.to_string(),
            "user": step.user,
            "segment": step.segment,
            "joined": step.joined,
        })
    };
    json!({
        "revision": delta.revision().0,
        "at": delta.at().to_string(),
        "users_created": delta.users_created(),
        "users_changed": delta.users_changed(),
        "steps": delta.steps().map(step).collect::<Value>(),
        "memberships": delta.memberships().map(membership).collect::<Value>(),
    })
}

fn user(snapshot: &Snapshot, user: UserId) -> Value {
    let mut values = Map::new();
    for attribute in snapshot.schema().attributes() {
        if let Some(value) = snapshot.value(user, attribute.id) {
            let text = match value {
                Held::Text(text) => text.into(),
                Held::Date(date) => date.to_string(),
                Held::Choice(option) => attribute.option_key(option).unwrap().to_owned(),
            };
            values.insert(attribute.key.clone(), text.into());
        }
    }
    let mut sites = Map::new();
    for (place, site) in snapshot.sites().enumerate() {
        let id = SiteId(place.try_into().unwrap());
        if let Some(status) = snapshot.membership(user, id) {
            sites.insert(site.key.clone(), status.name().into());
        }
    }
    json!({
        "key": snapshot.user_key(user),
        "status": snapshot.status(user).unwrap().name(),
        "values": values,
        "sites": sites,
    })
}

fn enrolment(snapshot: &Snapshot, enrolment: &Enrolment) -> Value {
    let reasons = enrolment.reasons.iter().map(|held| {
        json!({
            "reason": snapshot.reason_key(held.reason),
            "state": held.state.name(),
            "since": held.since.to_string(),
        })
    });
    json!({
        "user": snapshot.user_key(enrolment.user),
        "course": snapshot.course(enrolment.course).unwrap().key,
        "status": enrolment.status.name(),
        "since": enrolment.since.to_string(),
        "reasons": reasons.collect::<Value>(),
    })
}

/// Whether what was found is what was expected: objects by the keys that are expected, `null` of what is not there.
fn matches(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().all(|(key, expected)| matches(expected, found.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len()
                && expected.iter().zip(found).all(|(expected, found)| matches(expected, found))
        }
        _ => expected == found,
    }
}

#[test]
fn every_case_of_every_file_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<_> =
        entries.filter(|path| path.extension().is_some_and(|found| found == "json")).collect();
    assert!(!files.is_empty(), "there are no vectors");
    let mut failures = Vec::new();
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let read = || serde_json::from_str::<File>(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let names: BTreeSet<String> = read().cases.into_iter().map(|case| case.case).collect();
        let file = read();
        assert!(!file.description.is_empty(), "{name}: it has no description");
        assert!(!file.cases.is_empty(), "{name}: it has no case");
        assert_eq!(names.len(), file.cases.len(), "{name}: two cases have the same name");
        for case in file.cases {
            let registry = Registry::open(Memory::default()).unwrap();
            for step in read().given.into_iter().chain(case.given) {
                take(&registry, step).unwrap_or_else(|error| panic!("{name}: {}: given: {error}", case.case));
            }
            let found = match (serde_json::from_value(case.ask.clone()), serde_json::from_value(case.ask)) {
                (Ok(change), _) => attempt(&registry, change),
                (_, Ok(question)) => answer(&registry, question),
                (Err(as_change), Err(as_question)) => {
                    panic!("{name}: {}: no call: {as_change}; {as_question}", case.case)
                }
            };
            let found = found
                .unwrap_or_else(|error| json!({"error": {"code": error.code(), "message": error.message()}}));
            if !matches(&case.expect, &found) {
                failures
                    .push(format!("{name}: {}\n  expected {}\n  found    {found}", case.case, case.expect));
            }
        }
    }
    assert!(failures.is_empty(), "{} cases:\n{}", failures.len(), failures.join("\n"));
}
