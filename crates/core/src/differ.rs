//! Where two snapshots that should be the same differ, in words: for audits. Not here: whether they do, for which comparing
//! is enough (`snapshot`).

use crate::{CourseId, Exception, SiteId, Snapshot, UserId};

/// How two lists of definitions differ.
fn definitions<'a, T: PartialEq + 'a>(
    what: &str,
    ours: impl Iterator<Item = &'a T>,
    theirs: impl Iterator<Item = &'a T>,
    key: impl Fn(&T) -> &str,
    found: &mut Vec<String>,
) {
    let (mut ours, mut theirs) = (ours.fuse(), theirs.fuse());
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return,
            (Some(ours), Some(theirs)) if ours == theirs => {}
            (Some(ours), Some(_)) => found.push(format!("{what} `{}` differs", key(ours))),
            (Some(ours), None) => found.push(format!("{what} `{}` is missing", key(ours))),
            (None, Some(theirs)) => found.push(format!("{what} `{}` should not be there", key(theirs))),
        }
    }
}

impl Snapshot {
    /// Where another snapshot differs from this one, in words, at most `limit` places. There are none if, and only if,
    /// [`Snapshot::same_as`] holds.
    pub fn differences(&self, other: &Self, limit: usize) -> Vec<String> {
        let (ours, theirs) = (&self.0, &other.0);
        let mut found = Vec::new();
        if (ours.revision, ours.clock) != (theirs.revision, theirs.clock) {
            found.push(format!(
                "the revision is {} and not {}, or the clock differs",
                theirs.revision, ours.revision
            ));
        }
        if ours.head != theirs.head {
            found.push("the hash of the last commit differs".to_owned());
        }
        if ours.watch.guard != theirs.watch.guard {
            found.push("the guard differs".to_owned());
        } else if ours.watch != theirs.watch {
            found.push("what was ended of late differs".to_owned());
        }
        definitions("site", self.sites(), other.sites(), |site| &site.key, &mut found);
        let attributes = (self.schema().attributes().iter(), other.schema().attributes().iter());
        definitions("attribute", attributes.0, attributes.1, |attribute| &attribute.key, &mut found);
        definitions("course", self.courses(), other.courses(), |course| &course.key, &mut found);
        definitions(
            "segment",
            ours.segments.values(),
            theirs.segments.values(),
            |segment| &segment.key,
            &mut found,
        );
        let rules = (ours.rules.values(), theirs.rules.values());
        definitions("enrolment rule", rules.0, rules.1, |rule| &rule.key, &mut found);
        if !ours.access.says_what(&theirs.access) {
            found.push("what is said about access differs".to_owned());
        }
        if self.user_count() != other.user_count() {
            found.push(format!("there are {} people and not {}", other.user_count(), self.user_count()));
        }
        if !found.is_empty() {
            // The rest is told apart by numbers of these.
            found.truncate(limit);
            return found;
        }
        for (segment, definition) in self.segments_ever() {
            let mut differs = |what: &str| found.push(format!("{what} segment `{}` differ", definition.key));
            if self.members_of(segment) != other.members_of(segment) {
                differs("the members of");
            }
            if self.frozen_in(segment) != other.frozen_in(segment) {
                differs("the members when it was paused of");
            }
            for exception in [Exception::Pinned, Exception::Banned] {
                if self.exceptions_of(segment, exception) != other.exceptions_of(segment, exception) {
                    differs(match exception {
                        Exception::Pinned => "the pins of",
                        Exception::Banned => "the bans of",
                    });
                }
            }
        }
        let users = self.users().filter(|user| !self.same_user(other, *user));
        for user in users {
            if found.len() >= limit {
                break;
            }
            found.push(self.difference_of(other, user));
        }
        if found.is_empty() && !self.same_as(other) {
            found.push("the people who are enrolled, or in a segment and a site, differ".to_owned());
        }
        found.truncate(limit);
        found
    }

    fn difference_of(&self, other: &Self, user: UserId) -> String {
        let mut parts = Vec::new();
        let mut differs = |same: bool, what: String| {
            if !same {
                parts.push(what);
            }
        };
        differs(self.user_key(user) == other.user_key(user), "key".to_owned());
        differs(self.status(user) == other.status(user), "status".to_owned());
        differs(self.created(user) == other.created(user), "creation".to_owned());
        for (site, definition) in (0..).map(SiteId).zip(self.sites()) {
            let same = self.membership(user, site) == other.membership(user, site);
            differs(same, format!("membership of site `{}`", definition.key));
        }
        for attribute in self.schema().attributes() {
            let same = self.value(user, attribute.id) == other.value(user, attribute.id);
            differs(same, format!("attribute `{}`", attribute.key));
        }
        for (course, definition) in (0..).map(CourseId).zip(self.courses()) {
            let same = self.completed(user, course) == other.completed(user, course)
                && self.score(user, course) == other.score(user, course);
            differs(same, format!("record of course `{}`", definition.key));
            let same = self.enrolment(user, course) == other.enrolment(user, course);
            differs(same, format!("enrolment in course `{}`", definition.key));
        }
        format!("user `{}`: {} differ", self.user_key(user), parts.join(", "))
    }
}
