//! What a commit did, or would do, with names.

use napi_derive::napi;

use crate::convert::{millis, number};
use crate::error::held;
use crate::snapshot::Snapshot;

/// Everything that a commit did, or that a previewed one would do.
#[napi]
pub struct Delta {
    delta: matricula::Delta,
    /// Counted where the delta was made, off the JavaScript thread.
    summary: Summary,
}

/// What is short to say of a delta.
#[napi(object, object_from_js = false)]
#[derive(Clone, Debug)]
pub struct Summary {
    /// The revision of the commit.
    pub revision: f64,
    /// When it took effect, in milliseconds.
    pub at: f64,
    /// Who.
    pub author: String,
    /// Why.
    pub note: String,
    /// Whether nothing changed.
    pub is_empty: bool,
    /// How many people were created.
    pub users_created: f64,
    /// How many people were changed.
    pub users_changed: f64,
    /// How many people were suspended.
    pub users_suspended: f64,
}

/// Something that is probably not meant.
#[napi(object, object_from_js = false)]
pub struct Warning {
    /// For programs, as JSON.
    pub json: String,
    /// In English.
    pub text: String,
    /// What is strange about a rule, in English, if that is what it is about.
    pub lint: Option<String>,
}

impl From<&matricula::Warning> for Warning {
    fn from(warning: &matricula::Warning) -> Self {
        let lint = match warning {
            matricula::Warning::Rule { lint, .. } => Some(lint.to_string()),
            matricula::Warning::Circle { .. }
            | matricula::Warning::Erased { .. }
            | matricula::Warning::Unclean { .. } => None,
        };
        let json = serde_json::to_string(warning).unwrap_or_default();
        Self { json, text: warning.to_string(), lint }
    }
}

/// One thing that happened to the enrolments of some people, one after the other in the delta. In groups, because
/// JavaScript makes an object of each step much faster than it is handed one.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Steps {
    /// When, in milliseconds.
    pub at: f64,
    /// What happened.
    #[napi(ts_type = "import('./index.js').Action")]
    pub action: &'static str,
    /// The keys of the users.
    pub users: Vec<String>,
    /// The course's key.
    pub course: String,
    /// The key of the enrolment rule, or `manual` or `bulk`.
    pub reason: String,
    /// The day on which they are to be done by this reason from then on.
    pub due: Option<String>,
}

/// Some people joining or leaving one segment.
#[napi(object, object_from_js = false)]
pub struct MembershipSteps {
    /// When, in milliseconds.
    pub at: f64,
    /// The keys of the users.
    pub users: Vec<String>,
    /// The segment's key.
    pub segment: String,
    /// Whether they joined; otherwise left.
    pub joined: bool,
}

/// How many joined and left a segment.
#[napi(object, object_from_js = false)]
pub struct SegmentCount {
    /// The segment's key.
    pub segment: String,
    /// How many joined.
    pub joined: f64,
    /// How many left.
    pub left: f64,
}

/// How often a thing happened in a course.
#[napi(object, object_from_js = false)]
pub struct CourseCount {
    /// The course's key.
    pub course: String,
    /// What happened.
    #[napi(ts_type = "import('./index.js').Action")]
    pub action: &'static str,
    /// How often.
    pub count: f64,
}

impl From<matricula::Delta> for Delta {
    fn from(delta: matricula::Delta) -> Self {
        let summary = Summary {
            revision: number(delta.revision().0),
            at: millis(delta.at()),
            author: delta.author().to_owned(),
            note: delta.commit().note.clone(),
            is_empty: delta.is_empty(),
            users_created: number(delta.users_created()),
            users_changed: number(delta.users_changed()),
            users_suspended: number(delta.users_suspended()),
        };
        Self { delta, summary }
    }
}

#[napi]
impl Delta {
    /// What is short to say.
    #[napi(catch_unwind)]
    pub fn summary(&self) -> Summary {
        self.summary.clone()
    }

    /// What is probably not meant, although it is allowed.
    #[napi(catch_unwind)]
    pub fn warnings(&self) -> Vec<Warning> {
        self.delta.warnings().iter().map(Warning::from).collect()
    }

    /// In English, with the warnings.
    #[napi(catch_unwind)]
    pub fn text_with_warnings(&self) -> String {
        self.delta.summary()
    }

    /// What happened to enrolments, in order.
    #[napi(catch_unwind)]
    pub fn steps(&self) -> Vec<Steps> {
        let mut groups: Vec<Steps> = Vec::new();
        for step in self.delta.steps() {
            let (at, action, user) = (millis(step.at), step.action.name(), step.user.to_owned());
            let due = step.due.map(|due| due.to_string());
            match groups.last_mut() {
                Some(last)
                    if last.at == at
                        && last.action == action
                        && last.course == step.course
                        && last.reason == step.reason
                        && last.due == due =>
                {
                    last.users.push(user);
                }
                _ => {
                    let (course, reason) = (step.course.to_owned(), step.reason.to_owned());
                    groups.push(Steps { at, action, users: vec![user], course, reason, due });
                }
            }
        }
        groups
    }

    /// Who joined and left which segment, in order.
    #[napi(catch_unwind)]
    pub fn memberships(&self) -> Vec<MembershipSteps> {
        let mut groups: Vec<MembershipSteps> = Vec::new();
        for step in self.delta.memberships() {
            let (at, joined, user) = (millis(step.at), step.joined, step.user.to_owned());
            match groups.last_mut() {
                Some(last) if last.at == at && last.joined == joined && last.segment == step.segment => {
                    last.users.push(user);
                }
                _ => groups.push(MembershipSteps {
                    at,
                    users: vec![user],
                    segment: step.segment.to_owned(),
                    joined,
                }),
            }
        }
        groups
    }

    /// How many joined and left each segment.
    #[napi(catch_unwind)]
    pub fn segment_counts(&self) -> Vec<SegmentCount> {
        let count = |(segment, joined, left): (&str, u64, u64)| SegmentCount {
            segment: segment.to_owned(),
            joined: number(joined),
            left: number(left),
        };
        self.delta.segment_counts().into_iter().map(count).collect()
    }

    /// How often each thing happened in each course.
    #[napi(catch_unwind)]
    pub fn course_counts(&self) -> Vec<CourseCount> {
        let count = |(course, action, count): (&str, matricula::Action, u64)| CourseCount {
            course: course.to_owned(),
            action: action.name(),
            count: number(count),
        };
        self.delta.course_counts().into_iter().map(count).collect()
    }

    /// A summary in English.
    #[napi(catch_unwind)]
    pub fn text(&self) -> String {
        self.delta.to_string()
    }
}

/// What a transaction would do if it were committed now.
#[napi]
pub struct Preview {
    preview: std::sync::Arc<matricula::Preview>,
    delta: Delta,
}

impl From<matricula::Preview> for Preview {
    fn from(preview: matricula::Preview) -> Self {
        Self { delta: preview.delta().clone().into(), preview: std::sync::Arc::new(preview) }
    }
}

impl Preview {
    pub(crate) fn expected(&self) -> std::sync::Arc<matricula::Preview> {
        self.preview.clone()
    }
}

#[napi]
impl Preview {
    /// What would happen.
    #[napi(catch_unwind)]
    pub fn delta(&self) -> Delta {
        Delta { delta: self.delta.delta.clone(), summary: self.delta.summary.clone() }
    }

    /// What holds its commit, as JSON.
    #[napi(catch_unwind)]
    pub fn held(&self) -> Option<String> {
        self.preview.held().map(|hold| held(hold).to_string())
    }

    /// Whether the same request was committed before.
    #[napi(catch_unwind)]
    pub fn repeats(&self) -> bool {
        self.preview.repeats()
    }

    /// In English.
    #[napi(catch_unwind)]
    pub fn text(&self) -> String {
        self.preview.to_string()
    }

    /// The registry as it would be.
    #[napi(catch_unwind)]
    pub fn snapshot(&self) -> Snapshot {
        self.preview.snapshot().clone().into()
    }
}
