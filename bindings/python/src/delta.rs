//! What a commit did, or would do. Not here: why (`snapshot`, explanations).

use chrono::NaiveDate;
use matricula::{Action, Instant, UserId};
use pyo3::prelude::*;

use crate::convert::{When, record};
use crate::definitions::course_key;
use crate::guard::Hold;
use crate::rule::Lint;
use crate::snapshot::Snapshot;

record! {
    /// One thing that happened to one enrolment.
    Step {
        /// When, in UTC.
        at: When,
        /// What happened.
        action: &'static str,
        /// The user's key.
        user: String,
        /// The course's key.
        course: String,
        /// The key of the enrolment rule, or `manual` or `bulk`.
        reason: String,
        /// The day on which the person is to be done by this reason from then on; `None` if the step gives none.
        due: Option<NaiveDate>,
    }
}

/// The steps that would make enrolments what the rules want.
pub(crate) fn planned(snapshot: &matricula::Snapshot) -> Vec<Step> {
    let at = When(snapshot.clock().unwrap_or(Instant::EPOCH));
    let plan = snapshot.plan();
    let steps = plan.iter().flat_map(|steps| {
        steps.users.iter().map(move |row| Step {
            at,
            action: steps.action.name(),
            user: snapshot.user_key(UserId(row)).to_owned(),
            course: course_key(snapshot, steps.course),
            reason: snapshot.reason_key(steps.reason).to_owned(),
            due: steps.due,
        })
    });
    steps.collect()
}

record! {
    /// One person joining or leaving one segment.
    MembershipStep {
        /// When, in UTC.
        at: When,
        /// The user's key.
        user: String,
        /// The segment's key.
        segment: String,
        /// Whether the person joined; otherwise left.
        joined: bool,
    }
}

record! {
    /// Something that a commit does, is allowed and is probably not meant.
    Warning {
        /// What kind of thing.
        warning: &'static str,
        /// The same in English.
        message: String,
        /// The key of the segment that was defined.
        segment: Option<String>,
        /// What is strange about its rule.
        lint: Option<Lint>,
        /// The key of the attribute that says to whom people report.
        attribute: Option<String>,
        /// The first of those who report to each other.
        users: Option<Vec<String>>,
        /// How many they are.
        people: Option<usize>,
        /// Where a segment says something of a person who is erased.
        place: Option<&'static str>,
        /// Why the store has to be cleaned later.
        reason: Option<String>,
    }

    fn __str__(&self) -> &str {
        &self.message
    }
}

impl From<matricula::Warning> for Warning {
    fn from(warning: matricula::Warning) -> Self {
        let of_kind = |kind| Self {
            warning: kind,
            message: warning.to_string(),
            segment: None,
            lint: None,
            attribute: None,
            users: None,
            people: None,
            place: None,
            reason: None,
        };
        match &warning {
            matricula::Warning::Rule { segment, lint } => {
                Self { segment: Some(segment.clone()), lint: Some(Lint::from(lint)), ..of_kind("rule") }
            }
            matricula::Warning::Circle { attribute, users, people } => Self {
                attribute: Some(attribute.clone()),
                users: Some(users.clone()),
                people: Some(*people),
                ..of_kind("circle")
            },
            matricula::Warning::Erased { segment, place } => {
                Self { segment: Some(segment.clone()), place: Some(place.name()), ..of_kind("erased") }
            }
            matricula::Warning::Unclean { reason } => {
                Self { reason: Some(reason.clone()), ..of_kind("unclean") }
            }
        }
    }
}

/// Everything that a commit did, or that a previewed one would do.
#[pyclass(frozen, eq, module = "matricula")]
#[derive(Clone)]
pub(crate) struct Delta(pub(crate) matricula::Delta);

impl PartialEq for Delta {
    /// Whether they say the same: what was previewed is what was recorded, though only the latter is sealed.
    fn eq(&self, other: &Self) -> bool {
        let said = |delta: &matricula::Delta| {
            let commit = delta.commit();
            (commit.revision, commit.author.clone(), commit.note.clone(), commit.idempotency.clone())
        };
        said(&self.0) == said(&other.0) && self.0.same_as(&other.0)
    }
}

#[pymethods]
impl Delta {
    /// The revision of the commit; of the last one before it if there was nothing to record.
    #[getter]
    fn revision(&self) -> u64 {
        self.0.revision().0
    }

    /// When it took effect, in UTC.
    #[getter]
    fn at(&self) -> When {
        When(self.0.at())
    }

    /// The name of the host that made it.
    #[getter]
    fn author(&self) -> &str {
        self.0.author()
    }

    /// Why, in the host's words; may be empty.
    #[getter]
    fn note(&self) -> &str {
        &self.0.commit().note
    }

    /// Whether nothing changed.
    #[getter]
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many people were created.
    #[getter]
    fn users_created(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.users_created())
    }

    /// How many people who were there before were changed.
    #[getter]
    fn users_changed(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.users_changed())
    }

    /// How many people were suspended; they are among those who were changed.
    #[getter]
    fn users_suspended(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.users_suspended())
    }

    /// What is probably not meant, although it is allowed; a new list each time.
    #[getter]
    fn warnings(&self, py: Python<'_>) -> Vec<Warning> {
        py.detach(|| self.0.warnings().into_iter().map(Warning::from).collect())
    }

    /// What `str()` says, and the warnings.
    #[getter]
    fn summary(&self, py: Python<'_>) -> String {
        py.detach(|| self.0.summary())
    }

    /// What happened to enrolments, in order; a new list each time.
    #[getter]
    fn steps(&self) -> Vec<Step> {
        let steps = self.0.steps().map(|step| Step {
            at: When(step.at),
            action: step.action.name(),
            user: step.user.to_owned(),
            course: step.course.to_owned(),
            reason: step.reason.to_owned(),
            due: step.due,
        });
        steps.collect()
    }

    /// Who joined and left which segment, in order; a new list each time.
    #[getter]
    fn memberships(&self) -> Vec<MembershipStep> {
        let steps = self.0.memberships().map(|step| MembershipStep {
            at: When(step.at),
            user: step.user.to_owned(),
            segment: step.segment.to_owned(),
            joined: step.joined,
        });
        steps.collect()
    }

    /// How many joined and left each segment.
    #[getter]
    fn segment_counts(&self) -> Vec<(&str, u64, u64)> {
        self.0.segment_counts()
    }

    /// How often each thing happened in each course.
    #[getter]
    fn course_counts(&self) -> Vec<(&str, &'static str, u64)> {
        let named = |(course, action, count): (_, Action, _)| (course, action.name(), count);
        self.0.course_counts().into_iter().map(named).collect()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        let summary = self.0.to_string();
        let summary = summary.lines().next().unwrap_or_default();
        format!("<Delta of revision {}: {summary}>", self.0.revision())
    }
}

/// What a transaction would do if it were committed now.
#[pyclass(frozen, module = "matricula")]
pub(crate) struct Preview(pub(crate) matricula::Preview);

#[pymethods]
impl Preview {
    /// What would happen.
    #[getter]
    fn delta(&self) -> Delta {
        Delta(self.0.delta().clone())
    }

    /// The registry as it would be.
    #[getter]
    fn snapshot(&self) -> Snapshot {
        Snapshot(self.0.snapshot().clone())
    }

    /// What holds its commit, if anything does.
    #[getter]
    fn held(&self) -> Option<Hold> {
        self.0.held().map(Hold::from)
    }

    /// Whether the same request was committed before.
    #[getter]
    fn repeats(&self) -> bool {
        self.0.repeats()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.delta() == other.delta()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        let summary = self.0.to_string();
        format!("<Preview: {}>", summary.lines().next().unwrap_or_default())
    }
}
