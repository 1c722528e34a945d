//! Fingerprints: of what is asked for, so that it is known again (`asked` keeps them); of what follows, so that exactly
//! that is confirmed. They are SHA-256 over JSON, in which nothing depends on the machine or on chance. What is asked
//! for is brought to one form first: members by name, those without a value left out, what is a set sorted.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::{Change, Commit, Decimal, Input, Instant, RecordUpdate, Status, UserUpdate};

/// One thing that a transaction is asked for, as its fingerprint.
///
/// ```
/// use matricula_core::{Change, Question, UserUpdate};
///
/// let ask = |update: UserUpdate| Question::of_change(&Change::from(update));
/// let ann = || UserUpdate::new("ann");
/// assert_eq!(ask(ann().set("country", "ZA").set("dept", "IT")), ask(ann().set("dept", "IT").set("country", "ZA")));
/// assert_ne!(ask(ann().set("country", "ZA")), ask(ann().set("country", "DE")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question(pub(crate) [u8; 32]);

impl Question {
    /// Of a change. In which order the values of one person are given makes no difference.
    pub fn of_change(change: &Change) -> Self {
        let mut sink = Sink::default();
        sink.text(&canonical_change(change));
        Self(sink.finish())
    }

    /// Of anything else, by what kind of thing it is, what is to be known of it, and bytes that go with it, such as those of
    /// a feed.
    pub fn of(kind: &str, what: &impl Serialize, bytes: &[u8]) -> Self {
        let mut sink = Sink::default();
        sink.text(&format!("{{{}:{}}}", quoted(kind), canonical(&json_of(what))));
        sink.bytes(bytes);
        Self(sink.finish())
    }
}

/// A person's update with its values and memberships by key; of the same key the later one counts, so that they stay in
/// order.
#[derive(Serialize)]
struct Person<'a> {
    key: &'a str,
    status: Option<Status>,
    values: Vec<&'a (Arc<str>, Option<Input>)>,
    sites: Vec<&'a (Arc<str>, Option<Status>)>,
}

impl<'a> Person<'a> {
    fn new(update: &'a UserUpdate) -> Self {
        fn by_key<T>(pairs: &[(Arc<str>, T)]) -> Vec<&(Arc<str>, T)> {
            let mut pairs: Vec<_> = pairs.iter().collect();
            pairs.sort_by_key(|(key, _)| key);
            pairs
        }
        let UserUpdate { key, status, values, sites } = update;
        Self { key, status: *status, values: by_key(values), sites: by_key(sites) }
    }
}

/// A record in which what is taken back, `[null]`, is not what is left alone, `[]`.
#[derive(Serialize)]
struct Recorded<'a> {
    user: &'a str,
    course: &'a str,
    completed: Vec<Option<Instant>>,
    score: Vec<Option<Decimal>>,
}

/// The one form of a change.
fn canonical_change(change: &Change) -> String {
    match change {
        Change::Users(updates) => {
            let people: Vec<String> =
                updates.iter().map(|update| canonical(&json_of(&Person::new(update)))).collect();
            format!("{{\"Users\":[{}]}}", people.join(","))
        }
        Change::Record(RecordUpdate { user, course, completed, score }) => {
            let (completed, score) = (completed.iter().copied().collect(), score.iter().copied().collect());
            canonical(&serde_json::json!({ "Record": json_of(&Recorded { user, course, completed, score }) }))
        }
        _ => canonical(&json_of(change)),
    }
}

/// What is serialised here has texts as names of members: it always has JSON.
fn json_of(what: &impl Serialize) -> Json {
    serde_json::to_value(what).unwrap_or_else(|error| Json::String(error.to_string()))
}

fn quoted(text: &str) -> String {
    Json::String(text.to_owned()).to_string()
}

/// JSON in one form: members by name, without those that are null, and no white space.
fn canonical(json: &Json) -> String {
    match json {
        Json::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(canonical).collect();
            format!("[{}]", elements.join(","))
        }
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().filter(|(_, value)| !value.is_null()).collect();
            members.sort_by_key(|(name, _)| *name);
            let members: Vec<String> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", quoted(name), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        plain => plain.to_string(),
    }
}

/// The fingerprint of what a commit does: when, what was changed, and what followed; not who made it and why.
pub(crate) fn of_delta(commit: &Commit) -> [u8; 32] {
    let mut sink = Sink::default();
    sink.json(&commit.at);
    for entry in commit.entries.iter() {
        sink.json(entry);
    }
    for moment in &commit.moments {
        sink.json(&("moment", moment.at));
        for change in &moment.memberships {
            sink.json(&change.segment);
            sink.bytes(&change.joined.to_bytes());
            sink.bytes(&change.left.to_bytes());
        }
        for steps in &moment.steps {
            sink.json(&(steps.action, steps.course, steps.reason, steps.due));
            sink.bytes(&steps.users.to_bytes());
        }
    }
    sink.finish()
}

/// Takes pieces such that no two sequences of pieces are the same bytes.
#[derive(Clone, Debug, Default)]
struct Sink(Sha256);

impl Sink {
    fn json(&mut self, value: &impl Serialize) {
        // JSON has no line breaks of its own; what has no JSON, which nothing of ours is, counts as its error.
        if let Err(error) = serde_json::to_writer(&mut *self, value) {
            self.0.update(error.to_string());
        }
        self.0.update(b"\n");
    }

    /// JSON that has been written.
    fn text(&mut self, json: &str) {
        self.0.update(json);
        self.0.update(b"\n");
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.json(&("bytes", bytes.len()));
        self.0.update(bytes);
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::{
        AttributeDefinition, AttributeType, BulkEnrolment, CourseDefinition, Deletable, DueDate,
        EnrolmentRuleDefinition, Exception, GuardDefinition, LeavePolicy, SegmentDefinition, SiteDefinition,
    };

    /// Changed only with the version of fingerprints: a request that is asked again after an upgrade is the same one.
    #[test]
    fn every_change_has_the_form_that_it_always_had() {
        let at = Instant::from_millis(86_400_000).unwrap();
        let (user, course) = (|| "ann".to_owned(), || "gdpr".to_owned());
        let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        let person = UserUpdate::new("ann")
            .set("level", 3)
            .set("dept", "\"IT\"")
            .set("rate", "0.5".parse::<Decimal>().unwrap())
            .set("langs", vec!["en".to_owned(), "de".to_owned()])
            .set("hired_on", day)
            .set("seen", at)
            .set("remote", true)
            .set("dept", "é")
            .clear("boss")
            .join("labs")
            .leave("emea")
            .status(Status::Suspended);
        let options = AttributeType::Choice(vec!["a".into(), "b".into()]);
        let attribute =
            AttributeDefinition { minimum: Some(1.into()), ..AttributeDefinition::new("x", options) };
        let rule = EnrolmentRuleDefinition {
            due: Some(DueDate::After(30)),
            from: Some(at),
            ..EnrolmentRuleDefinition::new("r", "s", ["gdpr"], LeavePolicy::Keep)
        };
        let record = |completed| RecordUpdate { user: user(), course: course(), completed, score: None };
        let changes: [(Change, &str); 18] = [
            (
                SiteDefinition { key: "labs".into(), name: None, zone: Some(chrono_tz::Europe::Berlin) }
                    .into(),
                r#"{"Site":{"key":"labs","zone":"Europe/Berlin"}}"#,
            ),
            (
                attribute.into(),
                r#"{"Attribute":{"ignore_case":false,"key":"x","kind":{"Choice":[{"key":"a","retired":false},{"key":"b","retired":false}]},"minimum":{"Integer":1},"required":false,"self_writable":false,"sensitivity":"internal","unique":false}}"#,
            ),
            (
                CourseDefinition { key: course(), name: Some("GDPR".into()), site: None, category: None }
                    .into(),
                r#"{"Course":{"key":"gdpr","name":"GDPR"}}"#,
            ),
            (
                SegmentDefinition::with_rule("s", "user.x == \"a\"").into(),
                r#"{"Segment":{"key":"s","rule":{"Text":"user.x == \"a\""}}}"#,
            ),
            (
                rule.into(),
                r#"{"EnrolmentRule":{"courses":["gdpr"],"due":{"after":30},"enabled":true,"from":86400000,"key":"r","on_leave":"keep","role":"learner","segment":"s"}}"#,
            ),
            (
                person.into(),
                r#"{"Users":[{"key":"ann","sites":[["emea",null],["labs","active"]],"status":"suspended","values":[["boss",null],["dept",{"Text":"\"IT\""}],["dept",{"Text":"é"}],["hired_on",{"Date":"2026-01-31"}],["langs",{"List":["en","de"]}],["level",{"Integer":3}],["rate",{"Decimal":"0.5"}],["remote",{"Boolean":true}],["seen",{"Timestamp":86400000}]]}]}"#,
            ),
            (
                GuardDefinition { percent: Some(5), count: None, enabled: None }.into(),
                r#"{"Guard":{"percent":5}}"#,
            ),
            (
                Change::Exception { segment: "s".into(), user: user(), exception: Some(Exception::Pinned) },
                r#"{"Exception":{"exception":"pinned","segment":"s","user":"ann"}}"#,
            ),
            (record(None).into(), r#"{"Record":{"completed":[],"course":"gdpr","score":[],"user":"ann"}}"#),
            (
                record(Some(None)).into(),
                r#"{"Record":{"completed":[null],"course":"gdpr","score":[],"user":"ann"}}"#,
            ),
            (
                record(Some(Some(at))).into(),
                r#"{"Record":{"completed":[86400000],"course":"gdpr","score":[],"user":"ann"}}"#,
            ),
            (Change::Enrol { user: user(), course: course() }, r#"{"Enrol":{"course":"gdpr","user":"ann"}}"#),
            (Change::Erase { user: user() }, r#"{"Erase":{"user":"ann"}}"#),
            (
                Change::Unenrol { user: user(), course: course() },
                r#"{"Unenrol":{"course":"gdpr","user":"ann"}}"#,
            ),
            (
                BulkEnrolment::of_users(["ann"], ["gdpr"]).due(DueDate::On(day)).into(),
                r#"{"EnrolMany":{"courses":["gdpr"],"due":{"on":"2026-01-31"},"whom":{"Users":["ann"]}}}"#,
            ),
            (
                Change::SuspendEnrolment { user: user(), course: course(), suspended: true },
                r#"{"SuspendEnrolment":{"course":"gdpr","suspended":true,"user":"ann"}}"#,
            ),
            (
                Change::Archive { course: course(), archived: true },
                r#"{"Archive":{"archived":true,"course":"gdpr"}}"#,
            ),
            (Change::Delete(Deletable::Segment, "s".into()), r#"{"Delete":["Segment","s"]}"#),
        ];
        for (change, form) in &changes {
            assert_eq!(canonical_change(change), *form);
        }
        let close = Change::Close { site: "labs".into(), closed: true };
        assert_eq!(canonical_change(&close), r#"{"Close":{"closed":true,"site":"labs"}}"#);
    }

    #[test]
    fn other_questions_are_told_apart_by_kind_words_and_bytes() {
        let asked = |kind, what: &[i32], bytes: &[u8]| Question::of(kind, &what, bytes);
        let one = asked("import", &[1, 2], b"feed");
        assert_eq!(one, asked("import", &[1, 2], b"feed"));
        for other in [
            asked("revert", &[1, 2], b"feed"),
            asked("import", &[2, 1], b"feed"),
            asked("import", &[1, 2], b"food"),
        ] {
            assert_ne!(one, other);
        }
    }
}
