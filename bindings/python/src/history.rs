//! The registry as it was, what became of a person, and what an audit found. Not here: exports and archives (`transfer`).

use matricula::rule::{Attribute, Value};
use matricula::{AsOf, Exception, Happened, Revision, Snapshot, Status};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDateTime, PyInt};

use crate::convert::{When, instant, record, type_name};
use crate::error::Outcome;
use crate::value::{Plain, plain};

record! {
    /// Something that happened to a person, and the commit that did it.
    UserEvent {
        /// The revision of the commit.
        revision: u64,
        /// When, in UTC.
        at: When,
        /// Who made the commit.
        author: String,
        /// Why, in the host's words; may be empty.
        note: String,
        /// What happened.
        what: &'static str,
        /// The same in English.
        message: String,
        /// The person's status, or that of a membership of a site.
        status: Option<&'static str>,
        /// The key of the attribute of a value.
        attribute: Option<String>,
        /// The value.
        value: Option<Plain>,
        /// The key of the site.
        site: Option<String>,
        /// The key of the segment.
        segment: Option<String>,
        /// What was decided by hand.
        exception: Option<&'static str>,
        /// The key of the course.
        course: Option<String>,
        /// What happened to an enrolment.
        action: Option<&'static str>,
        /// The key of the enrolment rule, or `manual` or `bulk`.
        reason: Option<String>,
        /// The key of the role that was given.
        role: Option<String>,
        /// The number of the grant that was given or taken away.
        grant: Option<u32>,
    }

    fn __str__(&self) -> &str {
        &self.message
    }
}

impl UserEvent {
    /// The event, with values as the snapshot can still tell them.
    pub(crate) fn new(event: matricula::UserEvent, snapshot: &Snapshot) -> Self {
        let matricula::UserEvent { revision, at, author, note, what } = event;
        let happened = |word| Self {
            revision: revision.0,
            at: When(at),
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
fn told(snapshot: &Snapshot, key: &str, value: &Value) -> Option<Plain> {
    let fits = |attribute: &&Attribute| match value {
        Value::Choice(option) => attribute.option_key(*option).is_some(),
        Value::Choices(options) => options.iter().all(|option| attribute.option_key(*option).is_some()),
        _ => true,
    };
    let mut of_key = snapshot.schema().attributes().iter().filter(|attribute| attribute.key == key);
    Some(plain(snapshot, of_key.find(fits)?, value))
}

record! {
    /// Something that an audit found to be otherwise than it should be.
    Difference {
        /// The revision of the commit that it concerns, if it concerns one.
        revision: Option<u64>,
        /// The entry of that commit, by position, if it concerns one.
        entry: Option<usize>,
        /// What is wrong.
        what: String,
        /// The same with where.
        message: String,
    }

    fn __str__(&self) -> &str {
        &self.message
    }
}

record! {
    /// What an audit found.
    Verification {
        /// Whether everything is as it should be.
        is_intact: bool,
        /// The last revision.
        revision: u64,
        /// The end of the chain, to be kept in another place.
        head: Option<String>,
        /// The first commit that is sealed.
        sealed_from: Option<u64>,
        /// The first commit that is sealed with a journal key.
        keyed_from: Option<u64>,
        /// The last commit that is archived.
        archived_to: Option<u64>,
        /// How many commits were read.
        commits: u64,
        /// How many parts of them are erased.
        erased: u64,
        /// What is not as it should be, the first things first.
        differences: Vec<Difference>,
        /// The same in English.
        summary: String,
    }

    fn __str__(&self) -> &str {
        &self.summary
    }
}

impl From<matricula::Verification> for Verification {
    fn from(found: matricula::Verification) -> Self {
        let difference = |difference: &matricula::Difference| Difference {
            revision: difference.revision.map(|revision| revision.0),
            entry: difference.entry,
            what: difference.what.clone(),
            message: difference.to_string(),
        };
        Self {
            is_intact: found.is_intact(),
            revision: found.revision.0,
            head: found.head.map(|head| head.to_string()),
            sealed_from: found.sealed_from.map(|revision| revision.0),
            keyed_from: found.keyed_from.map(|revision| revision.0),
            archived_to: found.archived_to.map(|revision| revision.0),
            commits: found.commits,
            erased: found.erased,
            differences: found.differences.iter().map(difference).collect(),
            summary: found.to_string(),
        }
    }
}

/// Reads a point in the history of a registry: a revision, or an instant.
///
/// # Errors
/// `TypeError` for anything else, `OverflowError` for a negative revision, `ValueError` for a `datetime` without a time
/// zone.
pub(crate) fn when(given: &Bound<'_, PyAny>) -> Outcome<AsOf> {
    if given.is_instance_of::<PyDateTime>() {
        return Ok(AsOf::Instant(instant("when", given)?));
    }
    // A `bool` is an `int` to Python.
    if given.is_instance_of::<PyInt>() && !given.is_instance_of::<PyBool>() {
        return Ok(AsOf::Revision(Revision(given.extract()?)));
    }
    let found = type_name(given);
    let message = format!("`when`: expected a revision or an aware datetime, found {found}");
    Err(PyTypeError::new_err(message).into())
}
