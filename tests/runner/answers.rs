//! The answers to questions, as the JSON that vectors expect.

use matricula::rule::{Attribute, Value as Held, describe, print};
use matricula::{
    Delta, DueDate, Enrolment, Error, Exception, Instant, Lint, Registry, Revision, SiteId, Snapshot, UserId,
};
use serde_json::{Map, Value, json};

use crate::calls::Question;
use crate::changes::Changing;

pub(crate) fn answer(registry: &Registry, question: Question) -> Result<Value, Error> {
    match question {
        Question::AsOf { when, ask } => {
            let snapshot = registry.as_of(when.moment()?)?;
            answer_of(registry, snapshot, serde_json::from_value(ask).unwrap())
        }
        now => answer_of(registry, registry.snapshot(), now),
    }
}

fn answer_of(registry: &Registry, snapshot: Snapshot, question: Question) -> Result<Value, Error> {
    Ok(match question {
        Question::AsOf { .. } => panic!("as of what, as of what?"),
        Question::Can(can) => can.answer(&snapshot)?,
        Question::Verify {} => {
            let found = registry.verify(None)?;
            json!({
                "is_intact": found.is_intact(),
                "revision": found.revision.0,
                "sealed_from": found.sealed_from.map(|revision| revision.0),
                "archived_to": found.archived_to.map(|revision| revision.0),
                "commits": found.commits,
                "erased": found.erased,
                "differences": found.differences.iter().map(|found| json!({"what": found.what})).collect::<Value>(),
            })
        }
        Question::Deltas { after, limit } => registry.deltas(Revision(after), limit)?.iter().map(delta).collect(),
        Question::MembershipHistory { user, segment } => {
            let events = registry.membership_history(&user, &segment)?.into_iter();
            events
                .map(|event| {
                    json!({
                        "revision": event.revision.0,
                        "at": event.at.to_string(),
                        "author": event.author,
                        "note": event.note,
                        "joined": event.joined,
                    })
                })
                .collect()
        }
        Question::Revision {} => snapshot.revision().0.into(),
        Question::Clock {} => snapshot.clock().map(|clock| clock.to_string()).into(),
        Question::UserCount {} => snapshot.user_count().into(),
        Question::EnrolmentCount {} => snapshot.enrolment_count().into(),
        Question::Sites {} => snapshot
            .sites()
            .map(|site| json!({"key": site.key, "name": site.name, "zone": site.zone.name(), "closed": site.closed}))
            .collect(),
        Question::Attributes {} => {
            snapshot.schema().live().map(|each| attribute(&snapshot, each)).collect()
        }
        Question::Courses {} => snapshot
            .courses()
            .map(|course| json!({"key": course.key, "name": course.name, "site": site_key(&snapshot, course.site), "archived": course.archived}))
            .collect(),
        Question::Segments {} => segments(&snapshot),
        Question::EnrolmentRules {} => enrolment_rules(&snapshot),
        Question::Users {} => keys(&snapshot, snapshot.users().map(|user| user.0)),
        Question::Problems { changes } => problems(registry, changes)?,
        Question::Plan {} => plan(&snapshot),
        Question::User { key } => user(&snapshot, snapshot.user_id(&key)?),
        Question::Members { segment } => keys(&snapshot, snapshot.members(&segment)?.iter()),
        Question::MemberCount { segment } => snapshot.members(&segment)?.iter().count().into(),
        Question::IsMember { user, segment } => snapshot.is_member(&user, &segment)?.into(),
        Question::Exceptions { segment } => {
            let id = snapshot.segment_id(&segment)?;
            let mut found = Vec::new();
            for exception in [Exception::Pinned, Exception::Banned] {
                let people = snapshot.exceptions_of(id, exception);
                found.extend(people.iter().map(
                    |row| json!({"user": snapshot.user_key(UserId(row)), "exception": exception.name()}),
                ));
            }
            found.into()
        }
        Question::Completed { user, course } => {
            let at = snapshot.completed(snapshot.user_id(&user)?, snapshot.course_id(&course)?);
            at.map(|at| at.to_string()).into()
        }
        Question::Score { user, course } => {
            let score = snapshot.score(snapshot.user_id(&user)?, snapshot.course_id(&course)?);
            score.map(|score| score.to_string()).into()
        }
        Question::PreviewRule { rule, site, segment, at } => {
            let source = rule.source()?.unwrap();
            let at = at.map_or_else(|| Ok(snapshot.clock().unwrap_or(Instant::EPOCH)), Instant::try_from)?;
            let preview = snapshot.preview_rule(&source, site.as_deref(), segment.as_deref(), at)?;
            let by_site: Map<String, Value> =
                preview.by_site.iter().map(|(site, count)| (site.clone(), (*count).into())).collect();
            json!({
                "rule": preview.text,
                "english": preview.description,
                "member_count": preview.members.len(),
                "joining_count": preview.joining.len(),
                "leaving_count": preview.leaving.len(),
                "unknown_count": preview.unknown.len(),
                "members": keys(&snapshot, preview.members.iter()),
                "joining": keys(&snapshot, preview.joining.iter()),
                "leaving": keys(&snapshot, preview.leaving.iter()),
                "unknown": keys(&snapshot, preview.unknown.iter()),
                "by_site": by_site,
                "sample": preview.sample,
                "lints": lints(&preview.lints),
            })
        }
        Question::Lints { segment } => lints(&snapshot.lints(&segment)?),
        Question::RuleBuilder { segment } => {
            let query = snapshot.rule_builder(&segment)?;
            query.map_or(Value::Null, |query| serde_json::from_str(&query).unwrap())
        }
        Question::RuleTree { segment } => {
            let segment = snapshot.segment(snapshot.segment_id(&segment)?).unwrap();
            serde_json::to_value(&segment.rule).unwrap()
        }
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

/// What is wrong at the end of a transaction, which is given up.
fn problems(registry: &Registry, changes: Vec<Changing>) -> Result<Value, Error> {
    let at = registry.snapshot().clock().unwrap_or(Instant::EPOCH);
    let mut tx = registry.as_host("vectors").begin(at)?;
    for change in changes {
        change.make(&mut tx)?;
    }
    let record = |problem: &matricula::Problem| {
        json!({
            "change": problem.change,
            "line": problem.line,
            "user": problem.user,
            "attribute": problem.attribute,
            "value": problem.value,
            "code": problem.kind.code(),
            "reason": problem.reason,
            "message": problem.to_string(),
        })
    };
    Ok(tx.problems().iter().map(record).collect())
}

fn plan(snapshot: &Snapshot) -> Value {
    let mut plan = Vec::new();
    for steps in snapshot.plan() {
        plan.extend(steps.users.iter().map(|row| {
            json!({
                "action": steps.action.name(),
                "user": snapshot.user_key(UserId(row)),
                "course": snapshot.course(steps.course).unwrap().key,
                "reason": snapshot.reason_key(steps.reason),
                "due": steps.due.map(|due| due.to_string()),
            })
        }));
    }
    plan.into()
}

fn keys(snapshot: &Snapshot, rows: impl Iterator<Item = u32>) -> Value {
    rows.map(|row| Value::from(snapshot.user_key(UserId(row)))).collect()
}

fn site_key(snapshot: &Snapshot, site: SiteId) -> String {
    snapshot.site(site).unwrap().key.clone()
}

fn attribute(snapshot: &Snapshot, attribute: &Attribute) -> Value {
    let shown = |value: &Option<Held>| value.as_ref().map(|value| held(snapshot, attribute, value));
    let options = attribute.kind.options().map(|options| {
        let option = |option: &matricula::rule::Choice| {
            json!({
                "key": option.key,
                "name": option.name.as_ref().unwrap_or(&option.key),
                "retired": option.retired,
            })
        };
        options.iter().map(option).collect::<Value>()
    });
    json!({
        "key": attribute.key,
        "type": attribute.kind.name(),
        "options": options,
        "name": attribute.name.as_ref().unwrap_or(&attribute.key),
        "help": attribute.help,
        "site": attribute.site.map(|site| site_key(snapshot, site)),
        "required": attribute.required,
        "unique": attribute.unique,
        "ignore_case": attribute.ignore_case,
        "pattern": attribute.pattern,
        "minimum": shown(&attribute.minimum),
        "maximum": shown(&attribute.maximum),
        "default": shown(&attribute.default),
        "sensitivity": attribute.sensitivity,
        "self_writable": attribute.self_writable,
    })
}

fn segments(snapshot: &Snapshot) -> Value {
    snapshot
        .segments()
        .map(|segment| {
            json!({
                "key": segment.key,
                "name": segment.name,
                "site": segment.site.map(|site| site_key(snapshot, site)),
                "rule": segment.rule.as_ref().map(|rule| print(rule, snapshot)),
                "english": segment.rule.as_ref().map(|rule| describe(rule, snapshot)),
                "state": segment.state.name(),
                "owner": segment.owner,
                "description": segment.description,
                "sql_rows": segment.sql_rows,
            })
        })
        .collect()
}

fn enrolment_rules(snapshot: &Snapshot) -> Value {
    snapshot
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
                "role": rule.role,
                "from": rule.from.map(|from| from.to_string()),
                "until": rule.until.map(|until| until.to_string()),
                "due": rule.due.map(|due| match due {
                    DueDate::On(day) => Value::from(day.to_string()),
                    DueDate::After(days) => Value::from(days),
                }),
            })
        })
        .collect()
}

fn lints(lints: &[Lint]) -> Value {
    let record = |lint: &Lint| {
        let mut record = serde_json::to_value(lint).unwrap();
        record.as_object_mut().unwrap().insert("message".into(), lint.to_string().into());
        record
    };
    lints.iter().map(record).collect()
}

fn delta(delta: &Delta) -> Value {
    let step = |step: matricula::Step<'_>| {
        json!({
            "at": step.at.to_string(),
            "action": step.action.name(),
            "user": step.user,
            "course": step.course,
            "reason": step.reason,
            "due": step.due.map(|due| due.to_string()),
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

/// A value as JSON: decimals, days and instants as text, whole numbers and booleans as such.
fn held(snapshot: &Snapshot, attribute: &Attribute, value: &Held) -> Value {
    let option = |id| attribute.option_key(id).unwrap().to_owned();
    match value {
        Held::Text(text) | Held::Path(text) => text.to_string().into(),
        Held::Integer(number) => (*number).into(),
        Held::Decimal(number) => number.to_string().into(),
        Held::Boolean(value) => (*value).into(),
        Held::Date(date) => date.to_string().into(),
        Held::Timestamp(at) => Instant::try_from(*at).unwrap().to_string().into(),
        Held::Choice(id) => option(*id).into(),
        Held::Choices(ids) => ids.iter().map(|id| option(*id)).collect::<Value>(),
        Held::User(user) => snapshot.user_key(*user).into(),
    }
}

fn user(snapshot: &Snapshot, user: UserId) -> Value {
    let mut values = Map::new();
    for attribute in snapshot.schema().live() {
        if let Some(value) = snapshot.value(user, attribute.id) {
            values.insert(attribute.key.clone(), held(snapshot, attribute, &value));
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
        "created": snapshot.created(user).unwrap().to_string(),
        "values": values,
        "sites": sites,
    })
}

fn enrolment(snapshot: &Snapshot, enrolment: &Enrolment) -> Value {
    let reasons = enrolment.reasons.iter().map(|held| {
        json!({
            "reason": snapshot.reason_key(held.reason),
            "role": snapshot.role_of(held.reason),
            "state": held.state.name(),
            "since": held.since.to_string(),
            "due": held.due.map(|due| due.to_string()),
        })
    });
    json!({
        "user": snapshot.user_key(enrolment.user),
        "course": snapshot.course(enrolment.course).unwrap().key,
        "status": enrolment.status.name(),
        "since": enrolment.since.to_string(),
        "due": enrolment.due().map(|due| due.to_string()),
        "suspended_by_hand": enrolment.suspended_by_hand.map(|at| at.to_string()),
        "reasons": reasons.collect::<Value>(),
    })
}
