//! The registry as it was, what became of a person, and what an audit found. Not here: exports and archives (`transfer`).

use matricula::rule::{Attribute, Value as Held};
use matricula::{AsOf, Exception, Happened, Revision, Snapshot, Status};
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::convert::{instant, millis, number, whole};
use crate::error::Answer;
use crate::value::{Moment, Value, output};

/// A point in the history of a registry: a revision, or an instant.
pub type When = Either<f64, Moment>;

pub(crate) fn when(given: When) -> Answer<AsOf> {
    Ok(match given {
        Either::A(revision) => AsOf::Revision(Revision(whole("when", revision)?)),
        Either::B(moment) => AsOf::Instant(instant(moment.millis)?),
    })
}

/// Something that happened to a person, and the commit that did it.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct UserEvent {
    /// The revision of the commit.
    pub revision: f64,
    /// When, in milliseconds.
    pub at: f64,
    /// Who made the commit.
    pub author: String,
    /// Why.
    pub note: String,
    /// What happened.
    #[napi(ts_type = "import('./index.js').UserEventCode")]
    pub what: &'static str,
    /// The same in English.
    pub message: String,
    /// The person's status, or that of a membership of a site.
    #[napi(ts_type = "import('./index.js').UserStatus | null")]
    pub status: Option<&'static str>,
    /// The key of the attribute of a value.
    pub attribute: Option<String>,
    /// The value.
    #[napi(ts_type = "string | number | boolean | Array<string> | Moment | null")]
    pub value: Option<Value>,
    /// The key of the site.
    pub site: Option<String>,
    /// The key of the segment.
    pub segment: Option<String>,
    /// What was decided by hand.
    #[napi(ts_type = "import('./index.js').SegmentDecision | null")]
    pub exception: Option<&'static str>,
    /// The key of the course.
    pub course: Option<String>,
    /// What happened to an enrolment.
    #[napi(ts_type = "import('./index.js').Action | null")]
    pub action: Option<&'static str>,
    /// The key of the enrolment rule, or `manual` or `bulk`.
    pub reason: Option<String>,
    /// The key of the role that was given.
    pub role: Option<String>,
    /// The number of the grant that was given or taken away.
    pub grant: Option<u32>,
}

impl UserEvent {
    /// The event, with values as the snapshot can still tell them.
    pub(crate) fn new(event: matricula::UserEvent, snapshot: &Snapshot) -> Self {
        let matricula::UserEvent { revision, at, author, note, what } = event;
        let happened = |word| Self {
            revision: number(revision.0),
            at: millis(at),
            author: author.clone(),
            note: note.clone(),
            what: word,
            message: what.to_string(),
            status: None,
            attribute: None,
            value: None,
            site: None,
            segment: None,
            exception: None,
            course: None,
            action: None,
            reason: None,
            role: None,
            grant: None,
        };
        match what.clone() {
            Happened::Created => happened("created"),
            Happened::Status(status) => Self { status: Some(status.name()), ..happened("status") },
            Happened::Value { attribute, value } => {
                let value = value.and_then(|value| told(snapshot, &attribute, &value));
                Self { attribute: Some(attribute), value, ..happened("value") }
            }
            Happened::Membership { site, status } => {
                Self { site: Some(site), status: status.map(Status::name), ..happened("membership") }
            }
            Happened::Decided { segment, exception } => {
                let exception = exception.map(Exception::name);
                Self { segment: Some(segment), exception, ..happened("decided") }
            }
            Happened::Recorded { course } => Self { course: Some(course), ..happened("recorded") },
            Happened::Joined { segment } => Self { segment: Some(segment), ..happened("joined") },
            Happened::Left { segment } => Self { segment: Some(segment), ..happened("left") },
            Happened::Step { action, course, reason } => Self {
                action: Some(action.name()),
                course: Some(course),
                reason: Some(reason),
                ..happened("step")
            },
            Happened::Granted { role, grant } => {
                Self { role: Some(role), grant: Some(grant.0), ..happened("granted") }
            }
            Happened::Revoked { grant } => Self { grant: Some(grant.0), ..happened("revoked") },
            Happened::Erased => happened("erased"),
            // What a newer library knows is told in English.
            _ => happened("something"),
        }
    }
}

/// A value of the past, if what it is of still tells it.
fn told(snapshot: &Snapshot, key: &str, value: &Held) -> Option<Value> {
    let fits = |attribute: &&Attribute| match value {
        Held::Choice(option) => attribute.option_key(*option).is_some(),
        Held::Choices(options) => options.iter().all(|option| attribute.option_key(*option).is_some()),
        _ => true,
    };
    let mut of_key = snapshot.schema().attributes().iter().filter(|attribute| attribute.key == key);
    Some(output(snapshot, of_key.find(fits)?, value))
}

/// Something that an audit found to be otherwise than it should be.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Difference {
    /// The revision of the commit that it concerns, if it concerns one.
    pub revision: Option<f64>,
    /// The entry of that commit, by position, if it concerns one.
    pub entry: Option<f64>,
    /// What is wrong.
    pub what: String,
    /// The same with where.
    pub message: String,
}

/// What an audit found.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Verification {
    /// Whether everything is as it should be.
    pub is_intact: bool,
    /// The last revision.
    pub revision: f64,
    /// The end of the chain.
    pub head: Option<String>,
    /// The first commit that is sealed.
    pub sealed_from: Option<f64>,
    /// The first commit that is sealed with a journal key.
    pub keyed_from: Option<f64>,
    /// The last commit that is archived.
    pub archived_to: Option<f64>,
    /// How many commits were read.
    pub commits: f64,
    /// How many parts of them are erased.
    pub erased: f64,
    /// What is not as it should be.
    pub differences: Vec<Difference>,
    /// The same in English.
    pub summary: String,
}

impl From<matricula::Verification> for Verification {
    fn from(found: matricula::Verification) -> Self {
        let difference = |difference: &matricula::Difference| Difference {
            revision: difference.revision.map(|revision| number(revision.0)),
            entry: difference.entry.map(number),
            what: difference.what.clone(),
            message: difference.to_string(),
        };
        Self {
            is_intact: found.is_intact(),
            revision: number(found.revision.0),
            head: found.head.map(|head| head.to_string()),
            sealed_from: found.sealed_from.map(|revision| number(revision.0)),
            keyed_from: found.keyed_from.map(|revision| number(revision.0)),
            archived_to: found.archived_to.map(|revision| number(revision.0)),
            commits: number(found.commits),
            erased: number(found.erased),
            differences: found.differences.iter().map(difference).collect(),
            summary: found.to_string(),
        }
    }
}
