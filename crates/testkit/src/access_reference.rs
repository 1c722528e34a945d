//! Who may do what, slowly and obviously: written from what access means (`docs/access.md`), over nothing but what can be
//! read of a snapshot, and without a line of the engine that it is compared with.
//!
//! Nothing is worked out beforehand. Each answer walks all grants, all patterns and all people.

use chrono::{DateTime, NaiveDate, Utc};
use matricula_core::Tz;
use matricula_core::rule::{AttributeId, Fact, Field, Person, RoleId, Sensitivity, Truth, Value, evaluate};
use matricula_core::{
    Audience, CapabilityKind, CategoryId, CourseId, Effect, Effects, EnrolmentStatus, Entry, Exception, Flag,
    Grant, Holder, Instant, Over, ReasonState, Role, Scope, SegmentId, SegmentState, SiteId, Snapshot,
    Status, UserId,
};

/// What is asked about, as far as it matters.
struct Capability {
    name: String,
    changes_something: bool,
    about_somebody: bool,
    escalates: bool,
    innermost: &'static str,
    /// Of a field: its attribute, and whether it is written.
    field: Option<(AttributeId, bool)>,
}

/// Over whom a role counts that the actor holds.
enum Reach {
    Everybody,
    Oneself,
    Some(Audience),
}

/// A snapshot, asked slowly.
pub struct Reference<'a> {
    snapshot: &'a Snapshot,
    grants: Vec<Grant>,
    overrides: Vec<(RoleId, Scope, Effects)>,
    locks: Vec<Scope>,
}

impl<'a> Reference<'a> {
    /// Asks of a snapshot.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let (mut overrides, mut locks) = (Vec::new(), Vec::new());
        for entry in snapshot.access_entries() {
            match entry {
                Entry::Override { role, scope, effects } => overrides.push((role, scope, effects)),
                Entry::Lock { scope, .. } => locks.push(scope),
                _ => {}
            }
        }
        let grants = snapshot.grants().map(|(_, grant)| grant).collect();
        Self { snapshot, grants, overrides, locks }
    }

    /// Whether an actor may do something, or the word for why not.
    ///
    /// # Errors
    /// Why not.
    pub fn can(
        &self,
        actor: UserId,
        capability: &str,
        scope: Scope,
        over: Over,
        at: Instant,
    ) -> Result<(), &'static str> {
        match self.snapshot.status(actor) {
            None => return Err("unknown_actor"),
            Some(Status::Active) => {}
            Some(_) => return Err("inactive_actor"),
        }
        let Some(capability) = self.capability(capability) else { return Err("unknown_capability") };
        // A site's own field is not there for other sites.
        if let Some((attribute, _)) = capability.field
            && let Some(owner) = self.attribute(attribute).and_then(|attribute| attribute.site)
            && self.site_of(scope).is_some_and(|site| site != owner)
        {
            return Err("unknown_capability");
        }
        let Some(ways_out) = self.outwards(scope) else { return Err("unknown_scope") };
        let depth = |word: &str| ["registry", "site", "category", "course"].iter().position(|it| *it == word);
        if depth(scope.kind()) > depth(capability.innermost) {
            return Err("wrong_scope");
        }
        let site = self.site_of(scope);
        if site.is_some_and(|site| self.snapshot.site(site).is_none_or(|site| site.closed)) {
            return Err("closed_site");
        }
        if capability.changes_something
            && capability.name != "scope.unlock"
            && ways_out.iter().any(|scope| self.locks.contains(scope))
        {
            return Err("locked");
        }
        match over {
            Over::Nobody if capability.about_somebody => Err("no_subject"),
            Over::Nobody => self.over_nobody(actor, &capability, scope, at),
            _ if !capability.about_somebody => Err("needs_no_subject"),
            Over::User(subject) => {
                match self.snapshot.status(subject) {
                    None | Some(Status::Erased) => return Err("unknown_subject"),
                    Some(_) => {}
                }
                if site.is_some_and(|site| self.snapshot.membership(subject, site).is_none()) {
                    return Err("subject_elsewhere");
                }
                self.over_somebody(actor, &capability, scope, subject, at)
            }
            Over::Any => self.over_anybody(actor, &capability, scope, at),
            Over::All => self.over_all(actor, &capability, scope, at),
        }
    }

    /// Everybody over whom it may be done, one after the other.
    pub fn audience(&self, actor: UserId, capability: &str, scope: Scope, at: Instant) -> Vec<UserId> {
        let may = |user: &UserId| self.can(actor, capability, scope, Over::User(*user), at).is_ok();
        self.snapshot.users().filter(may).collect()
    }

    fn over_nobody(
        &self,
        actor: UserId,
        capability: &Capability,
        scope: Scope,
        at: Instant,
    ) -> Result<(), &'static str> {
        let said = self.said(actor, capability, scope, at);
        if said.iter().any(|(effect, reach)| *effect == Effect::Deny && matches!(reach, Reach::Everybody)) {
            return Err("denied");
        }
        // What one may do about oneself is about somebody.
        let allows =
            |(effect, reach): &(Effect, Reach)| *effect == Effect::Allow && !matches!(reach, Reach::Oneself);
        if said.iter().any(allows) { Ok(()) } else { Err("not_given") }
    }

    fn over_somebody(
        &self,
        actor: UserId,
        capability: &Capability,
        scope: Scope,
        subject: UserId,
        at: Instant,
    ) -> Result<(), &'static str> {
        let said = self.said(actor, capability, scope, at);
        let counting: Vec<Effect> = said
            .iter()
            .filter(|(_, reach)| self.reaches(actor, reach, subject))
            .map(|(effect, _)| *effect)
            .collect();
        if counting.contains(&Effect::Deny) {
            Err("denied")
        } else if counting.contains(&Effect::Allow) {
            Ok(())
        } else {
            Err("not_given")
        }
    }

    /// Everybody who can be asked about, and of them those over whom it may be done.
    fn each(
        &self,
        actor: UserId,
        capability: &Capability,
        scope: Scope,
        at: Instant,
    ) -> (Vec<UserId>, Vec<UserId>) {
        let site = self.site_of(scope);
        let there = |user: &UserId| {
            self.snapshot.status(*user) != Some(Status::Erased)
                && site.is_none_or(|site| self.snapshot.membership(*user, site).is_some())
        };
        let all: Vec<UserId> = self.snapshot.users().filter(there).collect();
        let over = |user: &UserId| self.over_somebody(actor, capability, scope, *user, at).is_ok();
        let reached = all.iter().copied().filter(over).collect();
        (all, reached)
    }

    fn over_anybody(
        &self,
        actor: UserId,
        capability: &Capability,
        scope: Scope,
        at: Instant,
    ) -> Result<(), &'static str> {
        let said = self.said(actor, capability, scope, at);
        let is = |wanted: Effect| said.iter().filter(move |(effect, _)| *effect == wanted);
        let everybody = |(_, reach): &&(Effect, Reach)| matches!(reach, Reach::Everybody);
        if is(Effect::Deny).any(|deny| everybody(&deny)) {
            return Err("denied");
        }
        if is(Effect::Allow).next().is_none() {
            return Err("not_given");
        }
        let denied = is(Effect::Deny).next().is_some();
        let (_, reached) = self.each(actor, capability, scope, at);
        if !reached.is_empty() || is(Effect::Allow).any(|allow| everybody(&allow)) && !denied {
            return Ok(());
        }
        Err(if denied { "denied" } else { "not_given" })
    }

    fn over_all(
        &self,
        actor: UserId,
        capability: &Capability,
        scope: Scope,
        at: Instant,
    ) -> Result<(), &'static str> {
        let said = self.said(actor, capability, scope, at);
        let denied = said.iter().any(|(effect, _)| *effect == Effect::Deny);
        let unlimited =
            said.iter().any(|(effect, reach)| *effect == Effect::Deny && matches!(reach, Reach::Everybody));
        let given = said.iter().any(|(effect, _)| *effect == Effect::Allow);
        let (all, reached) = self.each(actor, capability, scope, at);
        if given && !unlimited && all == reached {
            return Ok(());
        }
        Err(if denied { "denied" } else { "not_given" })
    }

    /// What each role that the actor holds at the scope says, and over whom it counts.
    fn said(
        &self,
        actor: UserId,
        capability: &Capability,
        scope: Scope,
        at: Instant,
    ) -> Vec<(Effect, Reach)> {
        let ways_out = self.outwards(scope).unwrap_or_default();
        let held = self.held(actor, scope, at).into_iter();
        held.filter_map(|(role, reach)| Some((self.says(role, capability, &ways_out)?, reach))).collect()
    }

    /// The roles that the actor holds at the scope.
    fn held(&self, actor: UserId, scope: Scope, at: Instant) -> Vec<(RoleId, Reach)> {
        let snapshot = self.snapshot;
        let ways_out = self.outwards(scope).unwrap_or_default();
        let site = self.site_of(scope);
        let belongs = site.is_some_and(|site| snapshot.membership(actor, site) == Some(Status::Active));
        let mut held = Vec::new();
        for grant in &self.grants {
            let here = ways_out.contains(&grant.scope) && (belongs || grant.scope == Scope::Registry);
            let now = grant.from.is_none_or(|from| from <= at) && grant.until.is_none_or(|until| at < until);
            let theirs = match grant.holder {
                Holder::User(user) => user == actor,
                Holder::Segment(segment) => snapshot.members_of(segment).contains(actor.0),
            };
            if here && now && theirs {
                held.push((grant.role, grant.audience.map_or(Reach::Everybody, Reach::Some)));
            }
        }
        if belongs {
            held.extend(self.role("authenticated").map(|role| (role, Reach::Everybody)));
            for enrolment in snapshot.enrolments_of(actor) {
                if Scope::Course(enrolment.course) != scope || enrolment.status != EnrolmentStatus::Active {
                    continue;
                }
                for held_reason in &enrolment.reasons {
                    if matches!(held_reason.state, ReasonState::InForce | ReasonState::Kept) {
                        let role = self.role(snapshot.role_of(held_reason.reason));
                        held.extend(role.map(|role| (role, Reach::Everybody)));
                    }
                }
            }
        }
        held.extend(self.role("self").map(|role| (role, Reach::Oneself)));
        held
    }

    /// What a role says at a scope: a deny anywhere on the way, or else what is said nearest.
    fn says(&self, role: RoleId, capability: &Capability, ways_out: &[Scope]) -> Option<Effect> {
        let definition = self.snapshot.role(role).filter(|role| !role.deleted)?;
        let mut said = Vec::new();
        for scope in ways_out {
            for (of, at, effects) in &self.overrides {
                if *of == role && at == scope {
                    said.push(self.of_effects(effects, capability));
                }
            }
        }
        said.push(self.of_definition(definition, capability));
        let said: Vec<Effect> = said.into_iter().flatten().collect();
        if said.contains(&Effect::Deny) { Some(Effect::Deny) } else { said.first().copied() }
    }

    fn of_definition(&self, role: &Role, capability: &Capability) -> Option<Effect> {
        self.of_effects(&role.effects, capability).or_else(|| {
            let (attribute, written) = capability.field?;
            let writable = self.attribute(attribute)?.self_writable;
            (role.key == "self" && written && writable).then_some(Effect::Allow)
        })
    }

    fn of_effects(&self, effects: &Effects, capability: &Capability) -> Option<Effect> {
        let mut fitting: Vec<((u8, usize), Effect)> = effects
            .iter()
            .filter_map(|(pattern, effect)| Some((self.closeness(pattern, capability)?, *effect)))
            .collect();
        if fitting.iter().any(|(_, effect)| *effect == Effect::Deny) {
            return Some(Effect::Deny);
        }
        fitting.sort_by_key(|(closeness, _)| *closeness);
        fitting.last().map(|(_, effect)| *effect)
    }

    /// How close a pattern is to a capability, if it means it at all: its name, its sensitivity, a longer beginning, `*`.
    fn closeness(&self, pattern: &str, capability: &Capability) -> Option<(u8, usize)> {
        if pattern == capability.name {
            return Some((3, 0));
        }
        if pattern == "*" {
            return Some((0, 0));
        }
        if capability.escalates {
            return None;
        }
        if let Some((attribute, written)) = capability.field {
            let class = match self.attribute(attribute)?.sensitivity {
                Sensitivity::Public => "public",
                Sensitivity::Internal => "internal",
                Sensitivity::Personal => "personal",
                Sensitivity::Sensitive => "sensitive",
            };
            let verb = if written { "write" } else { "read" };
            if pattern == format!("field.{verb}.sensitivity.{class}") {
                return Some((2, 0));
            }
        }
        let words: Vec<&str> = pattern.split('.').collect();
        let (last, beginning) = words.split_last()?;
        let of_name: Vec<&str> = capability.name.split('.').collect();
        let fits = *last == "*" && of_name.len() > beginning.len() && of_name.starts_with(beginning);
        fits.then_some((1, beginning.len()))
    }

    fn reaches(&self, actor: UserId, reach: &Reach, subject: UserId) -> bool {
        let value = |user, attribute| self.snapshot.value(user, attribute);
        match reach {
            Reach::Everybody => true,
            Reach::Oneself => subject == actor,
            Reach::Some(Audience::Segment(segment)) => self.by_data(*segment, subject),
            Reach::Some(Audience::Reports(attribute)) => {
                subject != actor && value(subject, *attribute) == Some(Value::User(actor))
            }
            Reach::Some(Audience::Line(attribute)) => {
                subject != actor && self.line(*attribute, subject).contains(&actor)
            }
            Reach::Some(Audience::Same(attribute)) => {
                let own = value(actor, *attribute);
                own.is_some() && own == value(subject, *attribute)
            }
        }
    }

    /// Everybody to whom an attribute leads from somebody.
    fn line(&self, attribute: AttributeId, user: UserId) -> Vec<UserId> {
        let mut seen = Vec::new();
        let mut next = user;
        while let Some(Value::User(named)) = self.snapshot.value(next, attribute) {
            if seen.contains(&named) {
                break;
            }
            seen.push(named);
            next = named;
        }
        seen
    }

    /// Whether somebody is in a segment: whoever counts there as a member, and whoever is suspended there by their data.
    fn by_data(&self, id: SegmentId, user: UserId) -> bool {
        let snapshot = self.snapshot;
        let Some(segment) = snapshot.segment(id) else { return false };
        let sites: Vec<SiteId> = match segment.site {
            Some(site) => vec![site],
            None => (0..).map(SiteId).zip(snapshot.sites()).map(|(id, _)| id).collect(),
        };
        let active = sites.iter().any(|site| {
            snapshot.membership(user, *site) == Some(Status::Active)
                && snapshot.site(*site).is_some_and(|site| !site.closed)
        });
        match snapshot.status(user) {
            None | Some(Status::Erased) => return false,
            Some(Status::Active) if active => return snapshot.members_of(id).contains(user.0),
            Some(_) => {}
        }
        if segment.site.is_some_and(|site| snapshot.membership(user, site).is_none()) {
            return false;
        }
        if segment.state == SegmentState::Paused {
            return snapshot.frozen_in(id).contains(user.0);
        }
        if segment.deleted || segment.state == SegmentState::Draft {
            return false;
        }
        match (snapshot.exception(id, user), &segment.rule) {
            (Some(Exception::Banned), _) | (None, None) => false,
            (Some(Exception::Pinned), _) => true,
            (None, Some(rule)) => {
                evaluate(rule, &ByData { of: self, user, site: segment.site }) == Truth::True
            }
        }
    }

    fn attribute(&self, id: AttributeId) -> Option<&matricula_core::rule::Attribute> {
        self.snapshot.schema().attributes().iter().find(|attribute| attribute.id == id)
    }

    fn role(&self, key: &str) -> Option<RoleId> {
        let mut ever = (0..).map(RoleId).map_while(|id| Some((id, self.snapshot.role(id)?)));
        ever.find(|(_, role)| !role.deleted && role.key == key).map(|(id, _)| id)
    }

    fn capability(&self, name: &str) -> Option<Capability> {
        let (_, found) = self.snapshot.capabilities().find(|(_, capability)| capability.name == name)?;
        let words: Vec<&str> = name.splitn(3, '.').collect();
        let field = match words.as_slice() {
            ["field", verb, key] => {
                let attribute = self.snapshot.schema().live().find(|attribute| attribute.key == *key)?;
                Some((attribute.id, *verb == "write"))
            }
            _ => None,
        };
        Some(Capability {
            name: name.to_owned(),
            changes_something: found.kind == CapabilityKind::Write,
            about_somebody: found.over,
            escalates: found.flags.contains(&Flag::Escalates),
            innermost: found.innermost,
            field,
        })
    }

    fn category(&self, id: CategoryId) -> Option<&matricula_core::Category> {
        self.snapshot.categories().nth(id.0 as usize)
    }

    fn course(&self, id: CourseId) -> Option<&matricula_core::Course> {
        self.snapshot.courses().nth(id.0 as usize)
    }

    /// The scope and everything around it; `None` if it is not there.
    fn outwards(&self, scope: Scope) -> Option<Vec<Scope>> {
        let around = match scope {
            Scope::Registry => return Some(vec![Scope::Registry]),
            Scope::Site(site) => {
                self.snapshot.site(site)?;
                Scope::Registry
            }
            Scope::Category(id) => {
                let category = self.category(id)?;
                category.parent.map_or(Scope::Site(category.site), Scope::Category)
            }
            Scope::Course(id) => {
                let course = self.course(id)?;
                course.category.map_or(Scope::Site(course.site), Scope::Category)
            }
        };
        let mut all = vec![scope];
        all.extend(self.outwards(around)?);
        Some(all)
    }

    fn site_of(&self, scope: Scope) -> Option<SiteId> {
        match scope {
            Scope::Registry => None,
            Scope::Site(site) => Some(site),
            Scope::Category(id) => self.category(id).map(|category| category.site),
            Scope::Course(id) => self.course(id).map(|course| course.site),
        }
    }
}

/// Somebody who is suspended, as a rule would see them otherwise.
struct ByData<'a> {
    of: &'a Reference<'a>,
    user: UserId,
    site: Option<SiteId>,
}

impl ByData<'_> {
    fn zone(&self) -> Tz {
        let site = self.of.snapshot.site(self.site.unwrap_or(SiteId(0)));
        site.map_or(Tz::UTC, |site| site.zone)
    }
}

impl Person for ByData<'_> {
    fn value(&self, field: Field) -> Option<Value> {
        let snapshot = self.of.snapshot;
        match field {
            Field::Attribute(attribute) => snapshot.value(self.user, attribute),
            Field::AccountKey => Some(Value::Text(snapshot.user_key(self.user).into())),
            Field::AccountCreated => snapshot.created(self.user).map(|at| Value::Timestamp(at.to_utc())),
            Field::Completed(course) => {
                snapshot.completed(self.user, course).map(|at| Value::Timestamp(at.to_utc()))
            }
            Field::Score(course) => snapshot.score(self.user, course).map(Value::Decimal),
            Field::Due(course) => {
                snapshot.enrolment(self.user, course).and_then(|enrolment| enrolment.due()).map(Value::Date)
            }
        }
    }

    fn today(&self) -> NaiveDate {
        self.of.snapshot.clock().unwrap_or(Instant::EPOCH).day(self.zone())
    }

    fn start_of(&self, day: NaiveDate) -> DateTime<Utc> {
        Instant::start_of(day, self.zone()).to_utc()
    }

    fn is(&self, fact: Fact) -> bool {
        let snapshot = self.of.snapshot;
        match fact {
            Fact::Segment(segment) => self.of.by_data(segment, self.user),
            Fact::Site(site) => snapshot.membership(self.user, site).is_some(),
            Fact::Enrolled(course) => snapshot.enrolment(self.user, course).is_some(),
            Fact::Group(..) | Fact::Role(_) => false,
        }
    }

    fn reports_to(&self, attribute: AttributeId, user: UserId) -> bool {
        self.of.line(attribute, self.user).contains(&user)
    }

    fn ignores_case(&self, attribute: AttributeId) -> bool {
        self.of.attribute(attribute).is_some_and(|attribute| attribute.ignore_case)
    }
}
