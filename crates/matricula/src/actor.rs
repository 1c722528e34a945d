//! A person's view: what they may do and see, by keys, and changes that they may make. Not here: how that is decided
//! (`matricula-core`).

use std::ops::Deref;

use matricula_core::rule::{Attribute, Value};
use matricula_core::{
    Actor, Change, Decision, Denied, Error, ErrorKind, GrantId, Instant, MembershipExplanation, Over, Proof,
    Revision, RowSet, Scope, ScopeKey, Snapshot, UserId,
};

use crate::Registry;
use crate::transaction::Transaction;

/// Over whom a question is asked, by key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OverKey<'a> {
    /// Over nobody: the capability is not about people.
    #[default]
    Nobody,
    /// Over one person.
    User(&'a str),
    /// Over anybody at all.
    Any,
    /// Over everybody at the scope.
    All,
}

/// Where, and over whom, by keys: `course("gdpr").over("bob")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Where<'a> {
    kind: Kind,
    key: &'a str,
    over: OverKey<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Registry,
    Site,
    Category,
    Course,
}

/// The whole registry.
pub fn registry<'a>() -> Where<'a> {
    Where { kind: Kind::Registry, key: "", over: OverKey::Nobody }
}

/// A site.
pub fn site(key: &str) -> Where<'_> {
    Where { kind: Kind::Site, key, over: OverKey::Nobody }
}

/// A category of courses.
pub fn category(key: &str) -> Where<'_> {
    Where { kind: Kind::Category, key, over: OverKey::Nobody }
}

/// A course.
pub fn course(key: &str) -> Where<'_> {
    Where { kind: Kind::Course, key, over: OverKey::Nobody }
}

impl<'a> Where<'a> {
    /// Over one person.
    #[must_use]
    pub fn over(self, user: &'a str) -> Self {
        Self { over: OverKey::User(user), ..self }
    }

    /// Over anybody at all: may the menu be shown?
    #[must_use]
    pub fn over_any(self) -> Self {
        Self { over: OverKey::Any, ..self }
    }

    /// Over everybody there.
    #[must_use]
    pub fn over_all(self) -> Self {
        Self { over: OverKey::All, ..self }
    }

    /// The scope by its key, for definitions.
    pub fn scope_key(&self) -> ScopeKey {
        let key = self.key.to_owned();
        match self.kind {
            Kind::Registry => ScopeKey::Registry,
            Kind::Site => ScopeKey::Site(key),
            Kind::Category => ScopeKey::Category(key),
            Kind::Course => ScopeKey::Course(key),
        }
    }

    fn scope(&self, snapshot: &Snapshot) -> Result<Scope, Error> {
        Ok(match self.kind {
            Kind::Registry => Scope::Registry,
            Kind::Site => Scope::Site(snapshot.site_id(self.key)?),
            Kind::Category => Scope::Category(snapshot.category_id(self.key)?),
            Kind::Course => Scope::Course(snapshot.course_id(self.key)?),
        })
    }

    fn find(&self, snapshot: &Snapshot) -> Option<(Scope, Over)> {
        let scope = match self.kind {
            Kind::Registry => Scope::Registry,
            Kind::Site => Scope::Site(snapshot.find_site(self.key)?),
            Kind::Category => Scope::Category(snapshot.find_category(self.key)?),
            Kind::Course => Scope::Course(snapshot.find_course(self.key)?),
        };
        let over = match self.over {
            OverKey::Nobody => Over::Nobody,
            // Nobody whom anybody is over.
            OverKey::User(key) => Over::User(snapshot.find_user(key).unwrap_or(UserId(u32::MAX))),
            OverKey::Any => Over::Any,
            OverKey::All => Over::All,
        };
        Some((scope, over))
    }
}

/// The registry as one person may see and change it, at an instant.
///
/// ```
/// use matricula::{GrantDefinition, Instant, Memory, Registry, ScopeKey, UserUpdate, course};
///
/// let registry = Registry::open(Memory::default())?;
/// let mut tx = registry.as_host("hr").begin(Instant::EPOCH)?;
/// tx.define_course("gdpr")?;
/// tx.update_user(UserUpdate::new("ann"))?;
/// tx.update_user(UserUpdate::new("bob"))?;
/// tx.apply(GrantDefinition::new("instructor", "ann", ScopeKey::Course("gdpr".into())))?;
/// tx.commit()?;
///
/// let ann = registry.as_actor("ann", Instant::EPOCH);
/// assert!(ann.can("grade.edit", course("gdpr").over("bob"))?);
/// assert!(!ann.can("course.delete", course("gdpr"))?);
/// println!("{}", ann.explain("course.delete", course("gdpr"))?);
/// # Ok::<(), matricula::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ActorView {
    registry: Registry,
    key: String,
    at: Instant,
    asked: ActorSnapshot,
}

impl Deref for ActorView {
    type Target = ActorSnapshot;

    fn deref(&self) -> &ActorSnapshot {
        &self.asked
    }
}

impl ActorView {
    pub(crate) fn new(registry: Registry, key: &str, at: Instant) -> Self {
        let asked = ActorSnapshot::new(&registry.snapshot(), key, at);
        Self { registry, key: key.to_owned(), at, asked }
    }

    /// The key of the person.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The same view of the registry as it is now.
    #[must_use]
    pub fn refreshed(&self) -> Self {
        Self::new(self.registry.clone(), &self.key, self.at)
    }

    /// Begins changes that take effect at an instant; at the registry's clock if that is later. Each is refused unless a
    /// role of the person gives it, and so is what would give anybody what the person lacks.
    ///
    /// # Errors
    /// `invalid_instant` outside the years 1 to 9999; `not_permitted` for somebody who is not there.
    pub fn begin<T>(&self, at: T) -> Result<ActorTransaction, Error>
    where
        T: TryInto<Instant>,
        Error: From<T::Error>,
    {
        let at = at.try_into()?;
        let Some(user) = self.actor.user() else {
            return Err(Error::new(ErrorKind::NotPermitted, "not permitted: nobody may change anything"));
        };
        Ok(ActorTransaction { inner: Transaction::of_actor(self.registry.clone(), user, at) })
    }
}

/// A snapshot as one person may see it, at an instant: what an [`ActorView`] answers of, without the registry, and so
/// without what keeps its store open.
#[derive(Clone, Debug)]
pub struct ActorSnapshot {
    actor: Actor,
}

impl ActorSnapshot {
    /// A snapshot as the person of this key may see it. A key that nobody has is one who may do nothing.
    pub fn new(snapshot: &Snapshot, key: &str, at: Instant) -> Self {
        Self { actor: snapshot.as_actor(key, at) }
    }

    /// The same by ids: for those who ask often.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What is decided about a question, and why not if it is a no.
    pub fn decide(&self, capability: &str, place: Where<'_>) -> Decision {
        let snapshot = self.actor.snapshot();
        let Some(capability) = snapshot.find_capability(capability) else {
            return Decision::Denied(Denied::UnknownCapability);
        };
        match place.find(snapshot) {
            Some((scope, over)) => self.actor.decide(capability, scope, over),
            None => Decision::Denied(Denied::UnknownScope),
        }
    }

    /// Whether something may be done. What nobody knows of may not be done.
    ///
    /// # Errors
    /// `invalid_question` if the capability is about people and the question names none, or the other way round: that is a
    /// mistake of whoever asks, and would always be a no.
    pub fn can(&self, capability: &str, place: Where<'_>) -> Result<bool, Error> {
        match self.decide(capability, place) {
            Decision::Denied(Denied::NoSubject) => Err(no_subject(capability)),
            Decision::Denied(Denied::NeedsNoSubject) => Err(needs_no_subject(capability)),
            decision => Ok(decision.is_allowed()),
        }
    }

    /// Why something may or may not be done.
    ///
    /// # Errors
    /// `unknown_capability`; `not_permitted` if the place is not there.
    pub fn explain(&self, capability: &str, place: Where<'_>) -> Result<Proof, Error> {
        let snapshot = self.actor.snapshot();
        let id = snapshot.capability_id(capability)?;
        let (scope, over) = place.find(snapshot).ok_or_else(|| {
            Error::new(
                ErrorKind::NotPermitted,
                format!("not permitted: `{capability}` in {}", place.scope_key()),
            )
        })?;
        Ok(self.actor.explain(id, scope, over))
    }

    /// The keys of everybody over whom something may be done at a place.
    ///
    /// # Errors
    /// `unknown_capability`.
    pub fn audience(&self, capability: &str, place: Where<'_>) -> Result<Vec<String>, Error> {
        let snapshot = self.actor.snapshot();
        let id = snapshot.capability_id(capability)?;
        let rows = place.find(snapshot).map(|(scope, _)| self.actor.audience(id, scope)).unwrap_or_default();
        Ok(keys(snapshot, &rows))
    }

    /// The keys of the courses in which something may be done, over anybody if it is about people.
    ///
    /// # Errors
    /// `unknown_capability`.
    pub fn courses(&self, capability: &str) -> Result<Vec<String>, Error> {
        let snapshot = self.actor.snapshot();
        let courses = self.actor.courses(snapshot.capability_id(capability)?).into_iter();
        Ok(courses.filter_map(|id| snapshot.course(id)).map(|course| course.key.clone()).collect())
    }

    /// The keys of the people who may be seen at a place.
    pub fn people(&self, place: Where<'_>) -> Vec<String> {
        let snapshot = self.actor.snapshot();
        let rows = place.find(snapshot).map(|(scope, _)| self.actor.people(scope)).unwrap_or_default();
        keys(snapshot, &rows)
    }

    /// The keys of the members of a segment who may be seen in it. A segment that may not be seen, or is not there, has none.
    pub fn members(&self, segment: &str) -> Vec<String> {
        let snapshot = self.actor.snapshot();
        let rows = snapshot.segment_id(segment).map(|id| self.actor.members_of(id)).unwrap_or_default();
        keys(snapshot, &rows)
    }

    /// Why a person is, or is not, in a segment.
    ///
    /// # Errors
    /// `not_permitted` if anything that it would show may not be read, or is not there.
    pub fn explain_membership(&self, user: &str, segment: &str) -> Result<MembershipExplanation, Error> {
        let snapshot = self.actor.snapshot();
        let (Some(user), Ok(id)) = (snapshot.find_user(user), snapshot.segment_id(segment)) else {
            let message = "not permitted: `segment.view` in the registry";
            return Err(Error::new(ErrorKind::NotPermitted, message));
        };
        self.actor.explain_membership(user, id)
    }

    /// The keys and values of what may be read of a person at a place; nothing of somebody who may not be seen there.
    pub fn profile(&self, user: &str, place: Where<'_>) -> Vec<(&Attribute, Value)> {
        let snapshot = self.actor.snapshot();
        let found = snapshot.find_user(user).zip(place.find(snapshot));
        found.map(|(user, (scope, _))| self.actor.profile(user, scope)).unwrap_or_default()
    }

    /// The names of the reports that may be seen at a place, of anybody at all.
    pub fn reports(&self, place: Where<'_>) -> Vec<String> {
        let found = place.find(self.actor.snapshot());
        found.map(|(scope, _)| self.actor.reports(scope)).unwrap_or_default()
    }
}

/// The keys of everybody who may do something at an instant.
///
/// # Errors
/// `unknown_capability`; `unknown_site` and so on for a place or person that is not there; `invalid_question` as of
/// [`ActorSnapshot::can`].
pub fn who_can(
    snapshot: &Snapshot,
    capability: &str,
    place: Where<'_>,
    at: Instant,
) -> Result<Vec<String>, Error> {
    let id = snapshot.capability_id(capability)?;
    let scope = place.scope(snapshot)?;
    let over = match place.over {
        OverKey::Nobody => Over::Nobody,
        OverKey::User(key) => Over::User(snapshot.user_id(key)?),
        OverKey::Any => Over::Any,
        OverKey::All => Over::All,
    };
    match (snapshot.capability(id).is_some_and(|it| it.over), over) {
        (true, Over::Nobody) => Err(no_subject(capability)),
        (false, Over::User(_) | Over::Any | Over::All) => Err(needs_no_subject(capability)),
        _ => Ok(keys(snapshot, &snapshot.who_can(id, scope, over, at))),
    }
}

fn no_subject(capability: &str) -> Error {
    let message =
        format!("`{capability}` is about people, expected over whom it is asked: a user, anybody, everybody");
    Error::new(ErrorKind::InvalidQuestion, message)
}

fn needs_no_subject(capability: &str) -> Error {
    let message = format!("`{capability}` is not about people, expected no one over whom it is asked");
    Error::new(ErrorKind::InvalidQuestion, message)
}

/// The keys of people by their rows.
fn keys(snapshot: &Snapshot, rows: &RowSet) -> Vec<String> {
    rows.iter().map(|row| snapshot.user_key(UserId(row)).to_owned()).collect()
}

/// A set of changes by a person, made and committed as a whole or not at all. It tells of what follows no more than that:
/// counts of people whom the person may not see would be answers to questions that they may not ask.
#[derive(Debug)]
pub struct ActorTransaction {
    inner: Transaction,
}

impl ActorTransaction {
    /// The instant at which the changes take effect.
    pub fn at(&self) -> Instant {
        self.inner.at()
    }

    /// Makes a change.
    ///
    /// # Errors
    /// `not_permitted`, naming the capability, the place and the person; and what is wrong with the change.
    pub fn apply(&mut self, change: impl Into<Change>) -> Result<(), Error> {
        self.inner.apply(change)
    }

    /// Takes a grant away.
    ///
    /// # Errors
    /// `not_permitted`, `unknown_grant`.
    pub fn revoke(&mut self, grant: GrantId) -> Result<(), Error> {
        self.inner.apply(Change::Revoke(grant))
    }

    /// Why, in the person's words; recorded with the commit.
    pub fn set_note(&mut self, note: impl Into<String>) {
        self.inner.set_note(note);
    }

    /// Names the request: see [`Transaction::set_idempotency`].
    ///
    /// # Errors
    /// As there.
    pub fn set_idempotency(&mut self, key: &str) -> Result<(), Error> {
        self.inner.set_idempotency(key)
    }

    /// Whether the changes can be committed as they are.
    ///
    /// # Errors
    /// `not_permitted` if they would give anybody what the person lacks; `held` if more would end than the guard lets pass;
    /// whatever else keeps them from being committed.
    pub fn check(&mut self) -> Result<(), Error> {
        match self.inner.preview() {
            Ok(preview) if preview.held().is_some() => Err(held()),
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Records the changes and everything that follows from them; the number of the commit.
    ///
    /// # Errors
    /// As of [`ActorTransaction::check`]; `conflict`, `store`.
    pub fn commit(self) -> Result<Revision, Error> {
        match self.inner.commit() {
            Ok(delta) => Ok(delta.revision()),
            // The error would tell what ends, of everybody.
            Err(error) if error.kind() == ErrorKind::Held => Err(held()),
            Err(error) => Err(error),
        }
    }
}

fn held() -> Error {
    let message = "held: more would end by it than the guard lets pass, which the host has to confirm";
    Error::new(ErrorKind::Held, message)
}
