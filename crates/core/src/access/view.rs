//! What an actor is shown: people, their fields, segments, enrolments, records and grants, each as far as a role of the
//! actor gives it. What may not be seen is as if it were not there. Not here: what may be changed (`authority`).

use std::collections::BTreeSet;

use matricula_rule::{
    Attribute, AttributeId, CourseId, Decimal, Fact, Field, Rule, SegmentId, UserId, Value,
};

use crate::access::{Actor, CapabilityId, CapabilityKind, Grant, GrantId, Holder, Over, Scope};
use crate::{
    Enrolment, EnrolmentExplanation, Error, ErrorKind, Instant, MembershipExplanation, RowSet, Segment,
};

impl Actor {
    fn named(&self, capability: &str) -> Option<CapabilityId> {
        self.snapshot.0.find_capability(capability)
    }

    fn may_named(&self, capability: &str, scope: Scope, over: Over) -> bool {
        self.named(capability).is_some_and(|capability| self.may(capability, scope, over))
    }

    fn audience_named(&self, capability: &str, scope: Scope) -> RowSet {
        self.named(capability).map(|capability| self.audience(capability, scope)).unwrap_or_default()
    }

    /// The error for what may not be seen. It is the same whether it is there or not.
    fn refused(&self, capability: &str, scope: Scope) -> Error {
        let scope = self.snapshot.scope_key(scope);
        Error::new(ErrorKind::NotPermitted, format!("not permitted: `{capability}` in {scope}"))
    }

    /// The people who may be seen at a scope, as rows.
    pub fn people(&self, scope: Scope) -> RowSet {
        self.audience_named("user.view", scope)
    }

    /// A person's value of an attribute, if it may be read at the scope.
    pub fn value(&self, user: UserId, attribute: AttributeId, scope: Scope) -> Option<Value> {
        let read = CapabilityId::field(attribute, CapabilityKind::Read);
        self.may(read, scope, Over::User(user)).then(|| self.snapshot.value(user, attribute)).flatten()
    }

    /// Everything of a person that may be read at a scope; nothing of somebody who may not be seen there.
    pub fn profile(&self, user: UserId, scope: Scope) -> Vec<(&Attribute, Value)> {
        if !self.may_named("user.view", scope, Over::User(user)) {
            return Vec::new();
        }
        let fields = self.fields(user, scope, CapabilityKind::Read).into_iter();
        fields.filter_map(|attribute| Some((attribute, self.snapshot.value(user, attribute.id)?))).collect()
    }

    fn scope_of_segment(&self, segment: SegmentId) -> Option<Scope> {
        let segment = self.snapshot.segment(segment).filter(|segment| !segment.deleted)?;
        Some(segment.site.map_or(Scope::Registry, Scope::Site))
    }

    /// The segments that may be seen.
    pub fn segments(&self) -> impl Iterator<Item = (SegmentId, &Segment)> {
        self.snapshot.segments_ever().filter(|(id, _)| {
            let scope = self.scope_of_segment(*id);
            scope.is_some_and(|scope| self.may_named("segment.view", scope, Over::Nobody))
        })
    }

    /// The members of a segment who may be seen in it, as rows.
    pub fn members_of(&self, segment: SegmentId) -> RowSet {
        let Some(scope) = self.scope_of_segment(segment) else { return RowSet::default() };
        self.snapshot.members_of(segment).intersection(&self.audience_named("segment.members", scope))
    }

    /// The enrolments in a course that may be seen.
    pub fn enrolments_in(&self, course: CourseId) -> impl Iterator<Item = Enrolment> + '_ {
        let audience = self.audience_named("enrolment.view", Scope::Course(course));
        let seen = self.snapshot.enrolled_in(course).intersection(&audience);
        let users: Vec<u32> = seen.iter().collect();
        users.into_iter().filter_map(move |user| self.snapshot.enrolment(UserId(user), course))
    }

    /// A person's enrolments that may be seen.
    pub fn enrolments_of(&self, user: UserId) -> impl Iterator<Item = Enrolment> + '_ {
        let seen = move |course| self.may_named("enrolment.view", Scope::Course(course), Over::User(user));
        self.snapshot.enrolments_of(user).filter(move |enrolment| seen(enrolment.course))
    }

    /// When a person completed a course, and with what score, as far as that may be seen.
    pub fn record(&self, user: UserId, course: CourseId) -> Option<(Option<Instant>, Option<Decimal>)> {
        let may = self.may_named("record.view", Scope::Course(course), Over::User(user));
        may.then(|| (self.snapshot.completed(user, course), self.snapshot.score(user, course)))
    }

    /// The grants that may be seen: of people whose grants may be, and of segments if everybody's may be.
    pub fn grants(&self) -> impl Iterator<Item = (GrantId, Grant)> + '_ {
        self.snapshot.grants().filter(|(_, grant)| {
            let over = match grant.holder {
                Holder::User(user) => Over::User(user),
                Holder::Segment(_) => Over::All,
            };
            self.may_named("grant.view", grant.scope, over)
        })
    }

    /// Why a person is, or is not, in a segment. It shows what the rule asks and what the person's values are, so all of
    /// that must be allowed to be read.
    ///
    /// # Errors
    /// `not_permitted` if anything of it may not be, or the person or the segment is not there.
    pub fn explain_membership(
        &self,
        user: UserId,
        segment: SegmentId,
    ) -> Result<MembershipExplanation, Error> {
        let scope = self.scope_of_segment(segment).unwrap_or(Scope::Registry);
        for (capability, over) in [("segment.view", Over::Nobody), ("segment.members", Over::User(user))] {
            if self.scope_of_segment(segment).is_none() || !self.may_named(capability, scope, over) {
                return Err(self.refused(capability, scope));
            }
        }
        self.check_asked(segment, user, scope)?;
        let key = self.snapshot.segment(segment).map_or("", |segment| &segment.key);
        self.snapshot.explain_membership(self.snapshot.user_key(user), key)
    }

    /// Refuses unless everything that a segment asks of somebody may be read, through the segments that it names.
    fn check_asked(&self, segment: SegmentId, user: UserId, scope: Scope) -> Result<(), Error> {
        let (mut seen, mut waiting) = (BTreeSet::new(), vec![segment]);
        let over = Over::User(user);
        while let Some(segment) = waiting.pop() {
            if !seen.insert(segment) {
                continue;
            }
            let Some(rule) = self.snapshot.segment(segment).and_then(|segment| segment.rule.as_ref()) else {
                continue;
            };
            let mut needs: Vec<(String, Scope)> = Vec::new();
            rule.visit(&mut |part: &Rule| {
                match part.field() {
                    Some(Field::Attribute(id)) => {
                        let key = self.snapshot.schema().get(id).map_or("", |attribute| &attribute.key);
                        needs.push((format!("field.read.{key}"), scope));
                    }
                    Some(Field::Completed(course) | Field::Score(course)) => {
                        needs.push(("record.view".to_owned(), Scope::Course(course)));
                    }
                    Some(Field::Due(course)) => {
                        needs.push(("enrolment.view".to_owned(), Scope::Course(course)));
                    }
                    Some(Field::AccountKey | Field::AccountCreated) | None => {}
                }
                if let Rule::Is(fact) = part {
                    match fact {
                        Fact::Segment(named) => {
                            let scope = self.scope_of_segment(*named).unwrap_or(scope);
                            needs.push(("segment.members".to_owned(), scope));
                            waiting.push(*named);
                        }
                        Fact::Enrolled(course) => {
                            needs.push(("enrolment.view".to_owned(), Scope::Course(*course)));
                        }
                        Fact::Site(site) => needs.push(("user.view".to_owned(), Scope::Site(*site))),
                        Fact::Group(course, _) => {
                            needs.push(("user.view".to_owned(), Scope::Course(*course)));
                        }
                        Fact::Role(_) => needs.push(("grant.view".to_owned(), scope)),
                    }
                }
            });
            for (capability, scope) in needs {
                if !self.may_named(&capability, scope, over) {
                    return Err(self.refused(&capability, scope));
                }
            }
        }
        Ok(())
    }

    /// Why a person is, or is not, enrolled in a course; as for segments, all that it shows must be allowed to be read.
    ///
    /// # Errors
    /// `not_permitted`.
    pub fn explain_enrolment(&self, user: UserId, course: CourseId) -> Result<EnrolmentExplanation, Error> {
        let scope = Scope::Course(course);
        if !self.may_named("enrolment.view", scope, Over::User(user)) {
            return Err(self.refused("enrolment.view", scope));
        }
        let site = self.snapshot.0.site_of(scope).map_or(Scope::Registry, Scope::Site);
        for (_, rule) in self.snapshot.enrolment_rules_ever().filter(|(_, it)| it.courses.contains(&course)) {
            if !rule.deleted && !self.may_named("rule.view", site, Over::Nobody) {
                return Err(self.refused("rule.view", site));
            }
            let scope = self.scope_of_segment(rule.segment).unwrap_or(site);
            self.check_asked(rule.segment, user, scope)?;
        }
        let key = self.snapshot.course(course).map_or("", |course| &course.key);
        self.snapshot.explain_enrolment(self.snapshot.user_key(user), key)
    }
}
