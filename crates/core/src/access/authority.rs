//! What an actor may change: each change needs its capability where it is made and over whom. Not here: what a change does
//! (`define` and the rest of a draft), and what would be gained by it (`escalation`).

use std::collections::BTreeSet;

use matricula_rule::{CourseId, Fact, Field, RoleId, Rule, SegmentId, SiteId, UserId};

use crate::access::builtin::ADMINISTRATORS;
use crate::access::escalation::{Gain, Lack, lacks};
use crate::access::{CapabilityId, CapabilityKind, Denied, GrantDefinition, Holder, HolderKey, Over, Scope};
use crate::draft::Draft;
use crate::error::shown;
use crate::model::{Catalog, position};
use crate::segments::compile_rule;
use crate::state::State;
use crate::{Change, Deletable, Error, ErrorKind, Instant, SegmentDefinition, Snapshot, UserUpdate, Whom};

/// One thing that has to be allowed.
struct Need {
    capability: CapabilityId,
    scope: Scope,
    over: Over,
    /// The key of the person, as it was given, if it is over one.
    user: Option<String>,
}

impl Draft {
    /// The same as [`Draft::new`] for somebody who may do only what their roles give.
    pub fn new_as(snapshot: &Snapshot, at: Instant, actor: UserId) -> Self {
        let mut draft = Self::new(snapshot, at);
        draft.actor = Some(actor);
        draft
    }

    /// Refuses a change that the actor may not make, as things were before the transaction.
    pub(crate) fn authorise(&self, change: &Change) -> Result<(), Error> {
        let Some(actor) = self.actor else { return Ok(()) };
        let mut needs = Needs { draft: self, actor, found: Vec::new(), assigned: Vec::new() };
        needs.of(change)?;
        let Needs { found, assigned, .. } = needs;
        for need in found {
            let Need { capability, scope, over, .. } = need;
            match self.before.decide(Some(actor.into()), capability, scope, over, self.at()) {
                Ok(_) => {}
                // Who may do it over everybody is told what else is wrong.
                Err(Denied::UnknownSubject | Denied::SubjectElsewhere)
                    if self
                        .before
                        .decide(Some(actor.into()), capability, scope, Over::All, self.at())
                        .is_ok() => {}
                Err(_) => return Err(self.not_permitted(&need)),
            }
        }
        assigned.into_iter().try_for_each(|(role, scope)| self.may_assign(actor, role, scope))
    }

    /// Refuses what is not judged change by change.
    pub(crate) fn refuse_actor(&self, what: &str) -> Result<(), Error> {
        match self.actor {
            None => Ok(()),
            Some(_) => {
                Err(Error::new(ErrorKind::NotPermitted, format!("not permitted: {what} by the host alone")))
            }
        }
    }

    /// Refuses a role that the holders of no role of the actor's may give.
    fn may_assign(&self, actor: UserId, role: RoleId, scope: Scope) -> Result<(), Error> {
        let state = &self.before;
        let key =
            state.access.role(role).or_else(|| self.next.access.role(role)).map_or("", |role| &role.key);
        let mut may = false;
        state.each_holding(actor, scope, self.at(), |holding| {
            let list = state.access.role(holding.role).map_or(&[][..], |role| role.may_assign.as_slice());
            may = list.iter().any(|it| it == "*" || it == key);
            !may
        });
        if may {
            return Ok(());
        }
        let message = format!(
            "not permitted: no role that the actor holds in {} may give role `{key}`",
            self.before.scope_key(scope)
        );
        Err(Error::new(ErrorKind::NotPermitted, message))
    }

    /// The error that names what is missing, in the same words whether the person is there or not.
    fn not_permitted(&self, need: &Need) -> Error {
        let name = self.before.capability(need.capability).map_or_else(String::new, |it| it.name);
        let scope = self.before.scope_key(need.scope);
        let over = match (need.over, &need.user) {
            (Over::Nobody, _) => String::new(),
            (Over::User(_), Some(user)) => format!(" over user `{}`", shown(user)),
            (Over::User(_), None) => " over that user".to_owned(),
            (Over::Any, _) => " over anybody".to_owned(),
            (Over::All, _) => " over everybody".to_owned(),
        };
        Error::new(ErrorKind::NotPermitted, format!("not permitted: `{name}` in {scope}{over}"))
    }
}

/// What a change needs.
struct Needs<'a> {
    draft: &'a Draft,
    actor: UserId,
    found: Vec<Need>,
    /// Roles given or taken away, and where.
    assigned: Vec<(RoleId, Scope)>,
}

/// A person whom nobody has heard of: whoever asks learns nothing from the answer.
const NOBODY: UserId = UserId(u32::MAX);

impl Needs<'_> {
    fn state(&self) -> &State {
        &self.draft.next
    }

    fn need(&mut self, name: &str, scope: Scope, over: Over) -> Result<(), Error> {
        let capability = self.draft.before.capability_id(name)?;
        self.found.push(Need { capability, scope, over, user: None });
        Ok(())
    }

    /// The place of a definition, by its key in the form in which it is kept.
    fn place<T>(catalog: &Catalog<T>, key: &str) -> Option<usize> {
        position(catalog, &matricula_rule::normalise(key))
    }

    /// Over one person, who may not be there.
    fn need_over(&mut self, name: &str, scope: Scope, user: &str) -> Result<(), Error> {
        let (capability, over) = (self.draft.before.capability_id(name)?, Over::User(self.user(user)));
        self.found.push(Need { capability, scope, over, user: Some(user.to_owned()) });
        Ok(())
    }

    fn user(&self, key: &str) -> UserId {
        self.state().users.find(&matricula_rule::normalise(key)).unwrap_or(NOBODY)
    }

    fn course(&self, key: &str) -> Result<Scope, Error> {
        self.draft.scope_of(&crate::ScopeKey::Course(key.to_owned()))
    }

    fn site(&self, key: Option<&str>) -> Result<Scope, Error> {
        match key {
            None => Ok(Scope::Registry),
            Some(key) => Ok(Scope::Site(self.draft.find_site(key)?)),
        }
    }

    fn segment(&self, key: &str) -> Option<(SegmentId, Scope)> {
        let place = Self::place(&self.state().segments, key)?;
        let id = SegmentId::at(place);
        let site = self.state().segment(id)?.site;
        Some((id, site.map_or(Scope::Registry, Scope::Site)))
    }

    /// The scope of a segment that is there, or an error that says no more than that it may not be seen.
    fn segment_scope(&self, key: &str) -> Result<Scope, Error> {
        self.segment(key).map(|(_, scope)| scope).ok_or_else(|| {
            let message = format!("unknown segment `{}`", shown(key));
            Error::new(ErrorKind::UnknownSegment, message)
        })
    }

    fn of(&mut self, change: &Change) -> Result<(), Error> {
        match change {
            Change::Site(definition) => match Self::place(&self.state().sites, &definition.key) {
                Some(place) => self.need("site.edit", Scope::Site(SiteId::at(place)), Over::Nobody),
                None => self.need("site.create", Scope::Registry, Over::Nobody),
            },
            Change::Close { .. } => self.need("site.close", Scope::Registry, Over::Nobody),
            Change::Guard(_) => self.need("settings.edit", Scope::Registry, Over::Nobody),
            Change::Attribute(definition) => {
                let there = self.state().schema.find(&definition.key).map(|attribute| attribute.site);
                let scope = match there {
                    Some(site) => site.map_or(Scope::Registry, Scope::Site),
                    None => self.site(definition.site.as_deref())?,
                };
                self.need("attribute.define", scope, Over::Nobody)
            }
            Change::Category(definition) => {
                if let Some(place) = Self::place(&self.state().access.categories, &definition.key) {
                    let scope = Scope::Category(crate::CategoryId::at(place));
                    return self.need("category.edit", scope, Over::Nobody);
                }
                let scope = match &definition.parent {
                    Some(parent) => Scope::Category(self.draft.find_category(parent)?),
                    None => self.site(Some(definition.site.as_deref().unwrap_or("primary")))?,
                };
                self.need("category.create", scope, Over::Nobody)
            }
            Change::Course(definition) => {
                let place = Self::place(&self.state().courses, &definition.key);
                let target = match &definition.category {
                    Some(category) => Some(Scope::Category(self.draft.find_category(category)?)),
                    None => None,
                };
                let Some(place) = place else {
                    let scope = match target {
                        Some(scope) => scope,
                        None => self.site(Some(definition.site.as_deref().unwrap_or("primary")))?,
                    };
                    return self.need("course.create", scope, Over::Nobody);
                };
                let course = CourseId::at(place);
                self.need("course.edit", Scope::Course(course), Over::Nobody)?;
                if target.is_some() && target != self.state().above(Scope::Course(course)) {
                    // Whoever holds something in the other category would hold it over this course.
                    let site = self.state().site_of(Scope::Course(course)).unwrap_or(SiteId(0));
                    self.all_of_a_site(site)?;
                }
                Ok(())
            }
            Change::Archive { course, .. } => self.need("course.archive", self.course(course)?, Over::Nobody),
            Change::Segment(definition) => self.of_segment(definition),
            Change::EnrolmentRule(definition) => {
                let there = Self::place(&self.state().rules, &definition.key).is_some();
                let (segment, _) = self.segment(&definition.segment).ok_or_else(|| {
                    let message = format!("unknown segment `{}`", shown(&definition.segment));
                    Error::new(ErrorKind::UnknownSegment, message)
                })?;
                for course in &definition.courses {
                    let course = self.course(course)?;
                    let site = self.state().site_of(course).map_or(Scope::Registry, Scope::Site);
                    self.need(if there { "rule.edit" } else { "rule.create" }, site, Over::Nobody)?;
                    self.need("segment.view", self.scope_to_see(segment, site), Over::Nobody)?;
                    self.need("enrolment.create", course, Over::All)?;
                }
                if there {
                    self.of_rule(&definition.key, "rule.edit")?;
                }
                Ok(())
            }
            Change::Users(updates) => updates.iter().try_for_each(|update| self.of_user(update)),
            Change::Exception { segment, user, .. } => {
                let scope = self.segment_scope(segment)?;
                self.need_over("segment.pin", scope, user)
            }
            Change::Record(record) => {
                let course = self.course(&record.course)?;
                self.need_over("record.edit", course, &record.user)
            }
            Change::Enrol { user, course } => {
                let course = self.course(course)?;
                self.need_over("enrolment.create", course, user)
            }
            Change::Unenrol { user, course } => {
                let course = self.course(course)?;
                self.need_over("enrolment.delete", course, user)
            }
            Change::SuspendEnrolment { user, course, .. } => {
                let course = self.course(course)?;
                self.need_over("enrolment.suspend", course, user)
            }
            Change::EnrolMany(many) => {
                for course in &many.courses {
                    let course = self.course(course)?;
                    self.need("enrolment.bulk", course, Over::Nobody)?;
                    match &many.whom {
                        Whom::Segment(segment) => {
                            let site = self.state().site_of(course).map_or(Scope::Registry, Scope::Site);
                            if let Some((segment, _)) = self.segment(segment) {
                                self.need("segment.view", self.scope_to_see(segment, site), Over::Nobody)?;
                            }
                            self.need("enrolment.create", course, Over::All)?;
                        }
                        Whom::Users(users) => {
                            for user in users {
                                self.need_over("enrolment.create", course, user)?;
                            }
                        }
                    }
                }
                Ok(())
            }
            Change::Erase { user } => self.need_over("user.erase", Scope::Registry, user),
            Change::Capability(_) => self.need("capability.define", Scope::Registry, Over::Nobody),
            Change::Role(definition) => {
                let there = Self::place(&self.state().access.roles, &definition.key);
                let role = there.and_then(|place| self.state().access.roles.get_index(place));
                let scope = match role {
                    Some((_, role)) => role.site.map_or(Scope::Registry, Scope::Site),
                    None => self.site(definition.site.as_deref())?,
                };
                self.need("role.define", scope, Over::Nobody)
            }
            Change::Override(definition) => {
                let scope = self.draft.scope_of(&definition.scope)?;
                self.need("role.override", scope, Over::Nobody)
            }
            Change::Lock { scope, locked } => {
                let scope = self.draft.scope_of(scope)?;
                self.need(if *locked { "scope.lock" } else { "scope.unlock" }, scope, Over::Nobody)
            }
            Change::Grant(definition) => self.of_grant(definition),
            Change::Revoke(id) => {
                let Some(grant) = self.state().access.grants.get(*id) else {
                    let message = format!("there is no grant number {}", id.0);
                    return Err(Error::new(ErrorKind::UnknownGrant, message));
                };
                self.need("role.assign", grant.scope, over_holder(grant.holder))?;
                self.assigned.push((grant.role, grant.scope));
                Ok(())
            }
            Change::Delete(what, key) => match what {
                Deletable::EnrolmentRule => self.of_rule(key, "rule.delete"),
                Deletable::Segment => self.need("segment.delete", self.segment_scope(key)?, Over::Nobody),
                Deletable::Attribute => {
                    let site = self.state().schema.find(key).and_then(|attribute| attribute.site);
                    let scope = site.map_or(Scope::Registry, Scope::Site);
                    self.need("attribute.define", scope, Over::Nobody)
                }
                Deletable::Role => {
                    let role = self.draft.find_role(key)?;
                    let site = self.state().access.role(role).and_then(|role| role.site);
                    self.need("role.define", site.map_or(Scope::Registry, Scope::Site), Over::Nobody)
                }
            },
        }
    }

    /// Everything that administrators of a site may do.
    fn all_of_a_site(&mut self, site: SiteId) -> Result<(), Error> {
        let state = &self.draft.before;
        let gain = Gain::whole(ADMINISTRATORS, Scope::Site(site), None, String::new());
        match lacks(state, self.actor, state, &gain, self.draft.at()) {
            None => Ok(()),
            Some(Lack { capability, scope }) => {
                let need = Need { capability, scope, over: Over::Nobody, user: None };
                Err(self.draft.not_permitted(&need))
            }
        }
    }

    /// A registry-wide segment is seen from any site.
    fn scope_to_see(&self, segment: SegmentId, site: Scope) -> Scope {
        let owner = self.state().segment(segment).and_then(|segment| segment.site);
        owner.map_or(site, Scope::Site)
    }

    fn of_rule(&mut self, key: &str, capability: &str) -> Result<(), Error> {
        let place = Self::place(&self.state().rules, key);
        let courses =
            place.and_then(|place| self.state().rules.get_index(place)).map(|(_, it)| it.courses.clone());
        let Some(courses) = courses else {
            let message = format!("unknown enrolment rule `{}`", shown(key));
            return Err(Error::new(ErrorKind::UnknownEnrolmentRule, message));
        };
        for course in courses {
            let site = self.state().site_of(Scope::Course(course)).map_or(Scope::Registry, Scope::Site);
            self.need(capability, site, Over::Nobody)?;
            self.need("enrolment.delete", Scope::Course(course), Over::All)?;
        }
        Ok(())
    }

    /// Whoever writes a rule learns of everybody what it asks: that needs reading all that it names, over all.
    fn of_segment(&mut self, definition: &SegmentDefinition) -> Result<(), Error> {
        let there = self.segment(&definition.key);
        let scope = match there {
            Some((_, scope)) => scope,
            None => self.site(definition.site.as_deref())?,
        };
        self.need(if there.is_some() { "segment.edit" } else { "segment.create" }, scope, Over::Nobody)?;
        let Some(source) = &definition.rule else { return Ok(()) };
        let site = match scope {
            Scope::Site(site) => Some(site),
            _ => None,
        };
        let rule = compile_rule(source, site, &self.draft.next)?;
        let mut named: BTreeSet<(&'static str, Option<u32>)> = BTreeSet::new();
        rule.visit(&mut |part: &Rule| {
            match part.field() {
                Some(Field::Attribute(attribute)) => drop(named.insert(("field", Some(attribute.0)))),
                Some(Field::Completed(course) | Field::Score(course)) => {
                    named.insert(("record.view", Some(course.0)));
                }
                Some(Field::Due(course)) => drop(named.insert(("enrolment.view", Some(course.0)))),
                Some(Field::AccountKey | Field::AccountCreated) | None => {}
            }
            if let Rule::Is(fact) = part {
                match fact {
                    Fact::Segment(segment) => drop(named.insert(("segment.members", Some(segment.0)))),
                    Fact::Enrolled(course) => drop(named.insert(("enrolment.view", Some(course.0)))),
                    Fact::Site(_) | Fact::Group(..) => drop(named.insert(("user.view", None))),
                    Fact::Role(_) => drop(named.insert(("grant.view", None))),
                }
            }
        });
        for (what, id) in named {
            match (what, id) {
                ("field", Some(id)) => {
                    let id = CapabilityId::field(matricula_rule::AttributeId(id), CapabilityKind::Read);
                    self.found.push(Need { capability: id, scope, over: Over::All, user: None });
                }
                ("segment.members", Some(id)) => {
                    let scope = self.scope_to_see(SegmentId(id), scope);
                    self.need(what, scope, Over::All)?;
                }
                (_, Some(course)) => self.need(what, Scope::Course(CourseId(course)), Over::All)?,
                (_, None) => self.need(what, scope, Over::All)?,
            }
        }
        Ok(())
    }

    fn of_user(&mut self, update: &UserUpdate) -> Result<(), Error> {
        let user = self.user(&update.key);
        let is_new = user == NOBODY;
        if is_new {
            if update.sites.is_empty() {
                self.need("user.create", Scope::Site(SiteId(0)), Over::Nobody)?;
            }
            for (site, _) in &update.sites {
                self.need("user.create", self.site(Some(site))?, Over::Nobody)?;
            }
        } else {
            if update.status.is_some() {
                self.need_over("user.suspend", Scope::Registry, &update.key)?;
            }
            for (site, status) in &update.sites {
                let scope = self.site(Some(site))?;
                let Scope::Site(id) = scope else { continue };
                let joins = self.state().users.membership(user, id).is_none();
                match (joins, status) {
                    (true, Some(_)) => self.need("user.create", scope, Over::Nobody)?,
                    (false, Some(_)) => self.need_over("user.suspend", scope, &update.key)?,
                    (_, None) => self.need_over("user.edit", scope, &update.key)?,
                }
            }
        }
        for (key, _) in &update.values {
            let Some(attribute) = self.state().schema.find(key) else { continue };
            let scope = attribute.site.map_or(Scope::Registry, Scope::Site);
            let over = if is_new { Over::All } else { Over::User(user) };
            let capability = CapabilityId::field(attribute.id, CapabilityKind::Write);
            let user = (!is_new).then(|| update.key.clone());
            self.found.push(Need { capability, scope, over, user });
        }
        Ok(())
    }

    fn of_grant(&mut self, definition: &GrantDefinition) -> Result<(), Error> {
        let scope = self.draft.scope_of(&definition.scope)?;
        match &definition.holder {
            HolderKey::User(user) => self.need_over("role.assign", scope, user)?,
            HolderKey::Segment(_) => self.need("role.assign", scope, Over::All)?,
        }
        self.assigned.push((self.draft.find_role(&definition.role)?, scope));
        Ok(())
    }
}

fn over_holder(holder: Holder) -> Over {
    match holder {
        Holder::User(user) => Over::User(user),
        Holder::Segment(_) => Over::All,
    }
}
