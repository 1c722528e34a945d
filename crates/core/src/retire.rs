//! What is taken away, for good or for a while: enrolment rules, segments and attributes deleted, courses archived,
//! sites closed. Not here: what follows for people (`derive`, `movements`).

use std::collections::BTreeSet;
use std::sync::Arc;

use matricula_rule::{Attribute, AttributeId, CourseId, Kind, Options, SegmentId, SiteId};

use crate::draft::{Draft, find, not_possible};
use crate::model::{SegmentState, put};
use crate::nesting::levels;
use crate::{Course, Deletable, EnrolmentRule, EnrolmentRuleId, Entry, Error, ErrorKind, Segment, Site};

impl Draft {
    pub(crate) fn delete(&mut self, what: Deletable, key: &str) -> Result<(), Error> {
        match what {
            Deletable::EnrolmentRule => self.delete_rule(key),
            Deletable::Segment => self.delete_segment(key),
            Deletable::Attribute => self.delete_attribute(key),
            Deletable::Role => self.delete_role(key),
        }
    }

    fn delete_rule(&mut self, key: &str) -> Result<(), Error> {
        let index = find(&self.next.rules, key, ErrorKind::UnknownEnrolmentRule, "enrolment rule")?;
        let id = EnrolmentRuleId::at(index);
        let Some(old) = self.next.rule(id) else { return Ok(()) };
        let rule = EnrolmentRule { enabled: false, deleted: true, ..old.clone() };
        put(Arc::make_mut(&mut self.next.rules), index, &rule.key, true, rule.clone());
        self.settle_levels();
        self.rules.insert(id);
        self.recompile = true;
        self.record(Entry::EnrolmentRule(id, rule));
        Ok(())
    }

    fn delete_segment(&mut self, key: &str) -> Result<(), Error> {
        let index = find(&self.next.segments, key, ErrorKind::UnknownSegment, "segment")?;
        let id = SegmentId::at(index);
        let mut dependants = self.dependants_of_segment(id);
        dependants.extend(self.grants_naming(id));
        if self.hands.wait_for(id) {
            dependants.push("a bulk enrolment of this transaction".to_owned());
        }
        if !dependants.is_empty() {
            return Err(not_possible(format!(
                "segment `{key}` cannot be deleted, since others refer to it: {}",
                dependants.join(", ")
            )));
        }
        let Some(old) = self.next.segment(id) else { return Ok(()) };
        let segment =
            Segment { rule: None, state: SegmentState::Draft, sql_rows: false, deleted: true, ..old.clone() };
        put(Arc::make_mut(&mut self.next.segments), index, &segment.key, true, segment.clone());
        self.next.forget_hand(id);
        self.settle_levels();
        self.stale.insert(id);
        self.recompile = true;
        self.record(Entry::Segment(id, segment));
        Ok(())
    }

    fn delete_attribute(&mut self, key: &str) -> Result<(), Error> {
        let Some(old) = self.next.schema.find(key) else {
            let keys = self.next.schema.live().map(|attribute| attribute.key.as_str());
            return Err(Error::unknown(ErrorKind::UnknownAttribute, "attribute", key, keys));
        };
        let segments = self.segments_naming(old.id).map(|(_, segment)| format!("segment `{segment}`"));
        let named: Vec<String> = segments.chain(self.grants_by(old.id)).collect();
        if !named.is_empty() {
            return Err(not_possible(format!(
                "attribute `{key}` cannot be deleted, since others refer to it: {}",
                named.join(", ")
            )));
        }
        let attribute = buried(old);
        self.next.users.clear_attribute(&attribute);
        self.pending.forget_attribute(attribute.id);
        self.access_stale = true;
        Arc::make_mut(&mut self.next.schema).define(attribute.clone());
        self.record(Entry::Attribute(attribute));
        Ok(())
    }

    /// Puts everything in order again, once something is gone. What is gone closes no circle.
    fn settle_levels(&mut self) {
        if let Ok(levels) = levels(&self.next.segments, &self.next.rules) {
            self.next.levels = Arc::new(levels);
        }
    }

    pub(crate) fn archive(&mut self, key: &str, archived: bool) -> Result<(), Error> {
        let index = find(&self.next.courses, key, ErrorKind::UnknownCourse, "course")?;
        let id = CourseId::at(index);
        let Some(old) = self.next.course(id).filter(|old| old.archived != archived) else { return Ok(()) };
        let course = Course { archived, ..old.clone() };
        Arc::make_mut(&mut self.next.courses).insert(course.key.clone(), course.clone());
        self.record(Entry::Course(id, course));
        Ok(())
    }

    /// The courses that were archived before the transaction and are no longer.
    pub(crate) fn restored(&self) -> BTreeSet<CourseId> {
        if Arc::ptr_eq(&self.before.courses, &self.next.courses) {
            return BTreeSet::new();
        }
        let before = self.before.courses.values().zip((0..).map(CourseId));
        let archived = before.filter(|(course, _)| course.archived).map(|(_, id)| id);
        archived.filter(|id| !self.next.is_archived(*id)).collect()
    }

    pub(crate) fn close(&mut self, key: &str, closed: bool) -> Result<(), Error> {
        let id = self.find_site(key)?;
        if id == SiteId(0) && closed {
            return Err(not_possible(format!("site `{key}` is the primary one, which cannot be closed")));
        }
        let old = self.next.sites.get_index(id.index()).map(|(_, site)| site);
        let Some(old) = old.filter(|old| old.closed != closed) else { return Ok(()) };
        let site = Site { closed, ..old.clone() };
        self.unsettle_site(id);
        Arc::make_mut(&mut self.next.sites).insert(site.key.clone(), site.clone());
        self.record(Entry::Site(id, site));
        Ok(())
    }
}

/// What stays of an attribute that was deleted: its number, key and type, so that history can be read.
fn buried(attribute: &Attribute) -> Attribute {
    let kind = match &attribute.kind {
        Kind::Choice { .. } => Kind::Choice { options: Options::default() },
        Kind::MultiChoice { .. } => Kind::MultiChoice { options: Options::default() },
        other => other.clone(),
    };
    let id: AttributeId = attribute.id;
    Attribute {
        name: attribute.name.clone(),
        site: attribute.site,
        deleted: true,
        ..Attribute::new(id, attribute.key.clone(), kind)
    }
}
