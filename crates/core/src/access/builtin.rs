//! The capabilities and roles that are there from the start. `docs/access-table.md` is made from them.

use matricula_rule::RoleId;

use crate::access::capability::{Capability, CapabilityKind, Flag};
use crate::access::{Effect, Effects, Role};

/// A capability that is built in.
pub(crate) struct BuiltIn {
    pub(crate) name: &'static str,
    pub(crate) kind: CapabilityKind,
    pub(crate) innermost: &'static str,
    pub(crate) over: bool,
    pub(crate) flags: &'static [Flag],
    sentence: &'static str,
}

impl BuiltIn {
    pub(crate) fn capability(&self) -> Capability {
        Capability {
            name: self.name.to_owned(),
            kind: self.kind,
            innermost: self.innermost,
            over: self.over,
            flags: self.flags.to_vec(),
            sentence: self.sentence.to_owned(),
        }
    }
}

macro_rules! capabilities {
    ($($name:literal $kind:ident $innermost:literal $over:literal [$($flag:ident)*] $sentence:literal)*) => {
        &[$(BuiltIn {
            name: $name,
            kind: CapabilityKind::$kind,
            innermost: $innermost,
            over: $over,
            flags: &[$(Flag::$flag),*],
            sentence: $sentence,
        },)*]
    };
}

/// Name, kind, innermost scope, whether it is over somebody, flags, and what it lets people do.
pub(crate) const BUILT_IN: &[BuiltIn] = capabilities! {
    "site.view" Read "site" false [] "see a site and its brand"
    "site.create" Write "registry" false [] "make a site"
    "site.edit" Write "site" false [] "change a site's name, zone and domains"
    "site.brand" Write "site" false [] "change a site's logo, theme and colours"
    "site.close" Write "registry" false [Destroys Many] "close a site and reopen it"
    "settings.view" Read "site" false [] "see settings"
    "settings.edit" Write "site" false [Many] "change settings, the guard included"
    "category.view" Read "category" false [] "see a category"
    "category.create" Write "category" false [] "make a category"
    "category.edit" Write "category" false [] "change a category"
    "category.delete" Write "category" false [Destroys] "delete a category"
    "course.view" Read "course" false [] "see a course and take it"
    "course.create" Write "category" false [] "make a course"
    "course.edit" Write "course" false [] "change a course"
    "course.delete" Write "course" false [Destroys] "delete a course"
    "course.publish" Write "course" false [] "publish a course"
    "course.archive" Write "course" false [Many] "archive a course and restore it"
    "content.view" Read "course" false [] "see the content of a course"
    "content.create" Write "course" false [] "add content to a course"
    "content.edit" Write "course" false [] "change content"
    "content.delete" Write "course" false [Destroys] "delete content"
    "content.publish" Write "course" false [] "publish content"
    "assessment.view" Read "course" false [] "see an assessment"
    "assessment.create" Write "course" false [] "set up an assessment"
    "assessment.edit" Write "course" false [] "change an assessment"
    "assessment.delete" Write "course" false [Destroys] "delete an assessment"
    "assessment.submit" Write "course" false [] "take an assessment"
    "assignment.view" Read "course" false [] "see an assignment"
    "assignment.create" Write "course" false [] "set an assignment"
    "assignment.edit" Write "course" false [] "change an assignment"
    "assignment.delete" Write "course" false [Destroys] "delete an assignment"
    "assignment.submit" Write "course" false [] "hand in an assignment"
    "grade.view" Read "course" true [Personal] "see somebody's grades"
    "grade.edit" Write "course" true [Personal] "grade somebody's work"
    "record.view" Read "course" true [Personal] "see what somebody has completed, and with what score"
    "record.edit" Write "course" true [Personal] "record what somebody has completed, and with what score"
    "enrolment.view" Read "course" true [] "see who is enrolled, and why"
    "enrolment.create" Write "course" true [] "enrol somebody"
    "enrolment.suspend" Write "course" true [] "suspend somebody's enrolment and resume it"
    "enrolment.delete" Write "course" true [] "unenrol somebody"
    "enrolment.bulk" Write "course" false [Many] "enrol many people at once"
    "user.view" Read "course" true [] "see that somebody is there"
    "user.create" Write "site" false [] "add people"
    "user.edit" Write "site" true [] "change somebody's memberships of sites"
    "user.suspend" Write "site" true [] "suspend somebody and restore them"
    "user.erase" Write "registry" true [Destroys Personal] "erase somebody"
    "user.import" Write "site" false [Many] "import people"
    "attribute.view" Read "site" false [] "see which fields there are"
    "attribute.define" Write "site" false [Escalates Many] "define fields, and who may read them by how sensitive they are"
    "segment.view" Read "site" false [] "see segments and their rules"
    "segment.create" Write "site" false [] "make a segment"
    "segment.edit" Write "site" false [Many] "change a segment"
    "segment.delete" Write "site" false [Destroys] "delete a segment"
    "segment.members" Read "site" true [] "see who is in a segment"
    "segment.pin" Write "site" true [] "pin somebody to a segment or ban them from it"
    "group.view" Read "course" false [] "see the groups of a course"
    "group.create" Write "course" false [] "make a group"
    "group.edit" Write "course" false [] "change a group"
    "group.delete" Write "course" false [Destroys] "delete a group"
    "group.members" Write "course" true [] "put somebody into a group and take them out"
    "group.access_all" Read "course" false [] "see people of all groups where groups are separate"
    "rule.view" Read "site" false [] "see enrolment rules"
    "rule.create" Write "site" false [Many] "make an enrolment rule"
    "rule.edit" Write "site" false [Many] "change an enrolment rule"
    "rule.delete" Write "site" false [Many Destroys] "delete an enrolment rule"
    "role.view" Read "course" false [] "see roles and what they give"
    "role.define" Write "site" false [Escalates] "define roles"
    "role.override" Write "course" false [Escalates] "change what roles give in a scope"
    "role.assign" Write "course" true [Escalates] "give somebody a role and take it away"
    "grant.view" Read "course" true [] "see who holds which role, and why"
    "capability.define" Write "registry" false [Escalates] "register capabilities"
    "scope.lock" Write "course" false [Many] "lock a scope, so that nothing is changed in it"
    "scope.unlock" Write "course" false [] "unlock a scope"
    "journal.view" Read "registry" false [Personal] "read the journal"
    "journal.export" Read "registry" false [Personal Many] "export the registry and its journal"
    "journal.archive" Write "registry" false [Destroys] "archive old commits"
    "journal.revert" Write "registry" false [Escalates Many] "undo a commit"
    "message.send" Write "course" true [] "send somebody a message"
    "report.view" Read "course" true [Personal] "see reports of somebody's learning"
    "report.export" Read "course" true [Personal Many] "export reports of somebody's learning"
    "report.view.completion" Read "course" true [Personal] "see who has completed what"
    "report.export.completion" Read "course" true [Personal Many] "export who has completed what"
    "report.view.compliance" Read "course" true [Personal] "see what is due and overdue"
    "report.export.compliance" Read "course" true [Personal Many] "export what is due and overdue"
    "report.view.scores" Read "course" true [Personal] "see scores"
    "report.export.scores" Read "course" true [Personal Many] "export scores"
    "report.view.time_spent" Read "course" true [Personal] "see time spent"
    "report.export.time_spent" Read "course" true [Personal Many] "export time spent"
    "report.view.activity" Read "course" true [Personal] "see who has been active"
    "report.export.activity" Read "course" true [Personal Many] "export who has been active"
    "report.view.trend" Read "course" true [] "see trends"
    "report.export.trend" Read "course" true [Many] "export trends"
    "report.view.transcript" Read "course" true [Personal] "see somebody's transcript"
    "report.export.transcript" Read "course" true [Personal] "export somebody's transcript"
    "report.view.enrolment_audit" Read "course" true [Personal] "see who was enrolled when, and by which rule"
    "report.export.enrolment_audit" Read "course" true [Personal Many] "export who was enrolled when, and by which rule"
    "report.view.access_review" Read "course" true [] "see who holds which role by which grant"
    "report.export.access_review" Read "course" true [Many] "export who holds which role by which grant"
};

/// The key of the role that may do everything.
pub const ADMINISTRATOR: &str = "administrator";

/// The role that may do everything.
pub(crate) const ADMINISTRATORS: RoleId = RoleId(0);
/// The role that every active member of a site has there.
pub(crate) const AUTHENTICATED: RoleId = RoleId(6);
/// The role that everybody has over themselves.
pub(crate) const SELF: RoleId = RoleId(7);

/// Whether it is the role that everybody has over themselves.
pub(crate) fn is_self(role: RoleId) -> bool {
    role == SELF
}

/// Whether nobody is given it, because people have it anyway.
pub(crate) fn is_implied(role: RoleId) -> bool {
    role == AUTHENTICATED || role == SELF
}

/// How many roles are built in.
pub(crate) const ROLES: usize = 8;

const REPORTS: [&str; 12] = [
    "report.view",
    "report.view.*",
    "report.export",
    "report.export.*",
    "user.view",
    "record.view",
    "grade.view",
    "enrolment.view",
    "segment.view",
    "segment.members",
    "field.read.sensitivity.public",
    "field.read.sensitivity.internal",
];

/// The roles that are built in.
pub(crate) fn roles() -> impl Iterator<Item = Role> {
    let course_creator: &[&str] = &[
        "site.view",
        "category.view",
        "category.create",
        "category.edit",
        "course.*",
        "content.*",
        "assessment.view",
        "assessment.create",
        "assessment.edit",
        "assessment.delete",
        "assignment.view",
        "assignment.create",
        "assignment.edit",
        "assignment.delete",
        "enrolment.*",
        "user.view",
        "group.*",
        "rule.view",
        "segment.view",
        "field.read.sensitivity.public",
    ];
    let instructor: &[&str] = &[
        "course.view",
        "content.*",
        "assessment.view",
        "assessment.create",
        "assessment.edit",
        "assignment.view",
        "assignment.create",
        "assignment.edit",
        "grade.*",
        "record.*",
        "enrolment.view",
        "user.view",
        "group.view",
        "group.members",
        "message.send",
        "report.view",
        "report.view.completion",
        "report.view.compliance",
        "report.view.scores",
        "report.view.time_spent",
        "report.view.activity",
        "report.view.trend",
        "field.read.sensitivity.public",
    ];
    let learner: &[&str] = &[
        "course.view",
        "content.view",
        "assessment.view",
        "assessment.submit",
        "assignment.view",
        "assignment.submit",
        "group.view",
        "message.send",
    ];
    let own: &[&str] = &[
        "user.view",
        "record.view",
        "grade.view",
        "enrolment.view",
        "grant.view",
        "report.view.transcript",
        "report.export.transcript",
        "field.read.*",
    ];
    let role = |key: &str, name: &str, description: &str, allowed: &[&str]| Role {
        key: key.to_owned(),
        name: name.to_owned(),
        description: Some(description.to_owned()),
        site: None,
        effects: allowed.iter().map(|name| ((*name).to_owned(), Effect::Allow)).collect::<Effects>(),
        may_assign: Vec::new(),
        needs_audience: false,
        deleted: false,
    };
    let all = [
        Role {
            may_assign: vec!["*".to_owned()],
            ..role(ADMINISTRATOR, "Administrator", "may do everything", &["*"])
        },
        Role {
            may_assign: vec!["instructor".to_owned(), "learner".to_owned()],
            ..role(
                "course_creator",
                "Course creator",
                "develops and designs courses, sets up assessments and assignments, manages enrolment",
                course_creator,
            )
        },
        role(
            "instructor",
            "Instructor",
            "delivers and manages content, assigns and grades, monitors learners",
            instructor,
        ),
        role("reporter", "Reporter", "monitors, views and exports the reports of an audience", &REPORTS),
        role(
            "learner",
            "Learner",
            "takes courses, completes assessments and assignments, messages others in the course",
            learner,
        ),
        Role {
            needs_audience: true,
            ..role("manager", "Manager", "a reporter over one's own people", &REPORTS)
        },
        role("authenticated", "Member", "what every active member of a site may do there", &["site.view"]),
        role("self", "Oneself", "what everybody may do about themselves", own),
    ];
    all.into_iter()
}
