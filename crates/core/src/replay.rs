//! A recorded commit applied to the state before it. Facts are taken as they are; no rule is evaluated, so a
//! newer engine cannot rewrite history. Not here: how a commit comes about (`draft`).

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashSet;
use matricula_rule::{AttributeId, RoleId, Value};

use crate::erase::{Secrets, erased_key};
use crate::intersections::{Moved, follow_intersections};
use crate::model::put;
use crate::nesting::levels;
use crate::state::State;
use crate::users::{ColumnId, status_code};
use crate::{
    Author, Commit, Entry, Error, ErrorKind, Reason, RecordEntry, RowSet, SegmentId, SegmentState, SiteId,
    Snapshot, Status, UserEntry, UserId, Was, reconcile,
};

impl Snapshot {
    /// The snapshot after a commit that was recorded on this one.
    ///
    /// # Errors
    /// `invalid_store` if the commit does not follow this snapshot or names what is not there.
    pub fn replay(&self, commit: &Commit) -> Result<Self, Error> {
        self.replay_all([commit])
    }

    /// The snapshot after commits that were recorded on this one, in order. What several of them change is copied once, so
    /// that it takes less time than one by one.
    ///
    /// # Errors
    /// As [`Snapshot::replay`]; of none of the commits there is then a snapshot.
    pub fn replay_all<'a>(&self, commits: impl IntoIterator<Item = &'a Commit>) -> Result<Self, Error> {
        let mut state = State::clone(&self.0);
        for commit in commits {
            state.replay(commit)?;
        }
        Ok(Self(Arc::new(state)))
    }
}

impl State {
    /// Becomes the state after a commit. After an error it is of no use.
    fn replay(&mut self, commit: &Commit) -> Result<(), Error> {
        let state = self;
        if commit.revision != state.revision.next() {
            return Err(invalid(format!(
                "commit {} does not follow revision {}",
                commit.revision, state.revision
            )));
        }
        let has = |what: fn(&Entry) -> bool| commit.entries.iter().any(what);
        let sites = has(|entry| matches!(entry, Entry::Site(..)));
        let open: Vec<bool> = open_sites(state).take_while(|_| sites).collect();
        let erased = commit.erases();
        let mut secrets = Secrets::default();
        erased.iter().for_each(|user| secrets.add_person(state, *user));
        let known = state.slots.len();
        let segments = has(|entry| matches!(entry, Entry::Segment(..)));
        let paused: HashSet<SegmentId> = paused_in(state).take_while(|_| segments).collect();
        let mut definitions = false;
        // Definitions never depend on people: they come first, whatever the order was.
        let mut moved = Moved::default();
        for entry in commit.entries.iter() {
            definitions |= match entry {
                Entry::User(_) | Entry::Record(_) | Entry::Guard(_) => false,
                Entry::Erase(_) | Entry::Erased { .. } | Entry::Archive { .. } => false,
                // The first decision by hand puts other nodes into the graph.
                Entry::Exception { segment, .. } => state.hand(*segment).is_none(),
                // Rules see another column where an attribute begins or ceases to ignore case.
                Entry::Attribute(attribute) => {
                    let old = state.schema.get(attribute.id);
                    old.is_some_and(|old| old.ignore_case != attribute.ignore_case)
                }
                Entry::Course(..) | Entry::Category(..) | Entry::Capability(_) | Entry::Role(..) => false,
                Entry::Override { .. } | Entry::Lock { .. } | Entry::Grant(..) | Entry::Revoke { .. } => {
                    false
                }
                Entry::Site(..) | Entry::Segment(..) | Entry::EnrolmentRule(..) => true,
            };
            if let Entry::User(entry) = entry
                && (entry.key.is_some() || entry.status.is_some() || !entry.sites.is_empty())
            {
                moved.note(entry.id);
            }
            if let Entry::Erase(user) | Entry::Erased { user, was: Was::Created } = entry {
                moved.note(*user);
            }
            check_definition(state, entry)?;
            apply_definition(state, entry);
        }
        if commit.entries.iter().any(shapes_access) {
            state.compile_access();
        }
        let mut renumbered = learn_values(state, commit);
        let created: Vec<UserId> = commit.entries.iter().filter_map(created_by).collect();
        for entry in commit.entries.iter() {
            match entry {
                Entry::User(entry) => apply_user(state, entry)?,
                Entry::Exception { segment, user, exception } => {
                    if state.segment(*segment).is_none() || user.0 >= state.users.count() {
                        return Err(invalid(format!("commit {} names what is not there", commit.revision)));
                    }
                    state.set_exception(*segment, *user, *exception);
                }
                Entry::Record(entry) => apply_record(state, entry, &mut renumbered)?,
                Entry::Segment(id, segment) if segment.deleted => state.forget_hand(*id),
                Entry::Erased { user, was: Was::Created } => {
                    if state.users.add(&erased_key(*user)) != Some(*user) {
                        return Err(invalid(format!("user number {} is out of order", user.0)));
                    }
                    state.users.set_code(ColumnId::Status, *user, status_code(Some(Status::Erased)));
                }
                Entry::Erase(user) => {
                    if user.0 >= state.users.count() {
                        return Err(invalid(format!("commit {} erases who is not there", commit.revision)));
                    }
                    state.erase(*user);
                }
                _ => {}
            }
        }
        if !created.is_empty() && state.users.set_created(created.into_iter(), commit.at) {
            renumbered.insert(ColumnId::Created);
        }
        if let Author::Actor(user) = commit.author
            && user.0 >= state.users.count()
        {
            return Err(invalid(format!("commit {} is by nobody who is there", commit.revision)));
        }
        check_facts(state, commit)?;
        if definitions {
            levels(&state.segments, &state.rules).map_err(|error| invalid(error.message().to_owned()))?;
            state.compile(commit.at);
        } else {
            state.measure_columns(renumbered, commit.at);
            if let Some(clock) = state.clock {
                state.follow_time(clock, commit.at);
            }
        }
        for moment in &commit.moments {
            let mut turnover = Vec::with_capacity(moment.memberships.len());
            for change in &moment.memberships {
                let slot = state.slots.get_index_of(&(change.segment, None));
                let Some(slot) = slot.and_then(|slot| u32::try_from(slot).ok()) else {
                    return Err(invalid(format!("commit {} names an unknown segment", commit.revision)));
                };
                turnover.push((slot, &change.joined, &change.left));
                moved.follow(change);
            }
            state.members.merge(turnover.into_iter(), false);
            reconcile::replay(&mut state.enrolments, &moment.steps, moment.at);
            state.follow_due(&moment.steps, commit.at);
        }
        let mut turned = BTreeSet::new();
        if sites {
            let was = open.into_iter().chain(std::iter::repeat(false));
            let both = open_sites(state).zip(was).enumerate();
            turned.extend(both.filter(|(_, (is, was))| is != was).map(|(site, _)| SiteId::at(site)));
        }
        follow_intersections(state, known, &moved, &turned);
        if segments {
            let now: HashSet<SegmentId> = paused_in(state).collect();
            for &segment in paused.difference(&now) {
                state.set_frozen(segment, RowSet::default());
            }
            for &segment in now.difference(&paused) {
                let members = state.members((segment, None));
                state.set_frozen(segment, members);
            }
        }
        if state.watch.concerns(commit.at, &commit.losses) {
            Arc::make_mut(&mut state.watch).follow(commit.at, &commit.author, &commit.losses);
        }
        if !erased.is_empty() {
            Arc::make_mut(&mut state.watch).scrub(&secrets);
            state.forget_texts();
        }
        state.head = commit.seal.as_ref().map(|seal| seal.hash);
        state.revision = commit.revision;
        state.clock = Some(commit.at);
        Ok(())
    }
}

fn open_sites(state: &State) -> impl Iterator<Item = bool> {
    (0..state.sites.len()).map(|site| state.is_open(SiteId::at(site)))
}

fn paused_in(state: &State) -> impl Iterator<Item = SegmentId> {
    let segments = state.segments.values().zip((0..).map(SegmentId));
    segments.filter(|(segment, _)| segment.state == SegmentState::Paused).map(|(_, id)| id)
}

/// Whom an entry creates.
fn created_by(entry: &Entry) -> Option<UserId> {
    match entry {
        Entry::User(entry) => entry.key.as_ref().map(|_| entry.id),
        Entry::Erased { user, was: Was::Created } => Some(*user),
        _ => None,
    }
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidStore, message)
}

/// Teaches the columns all values of a commit at once, which is many times faster than one by one.
fn learn_values(state: &mut State, commit: &Commit) -> BTreeSet<ColumnId> {
    let mut renumbered = BTreeSet::new();
    let mut values: Vec<HashSet<&Value>> = Vec::new();
    values.resize_with(state.schema.attributes().len(), HashSet::new);
    for entry in commit.entries.iter() {
        let Entry::User(entry) = entry else { continue };
        for (attribute, value) in &entry.values {
            if let (Some(values), Some(value)) = (values.get_mut(attribute.0 as usize), value) {
                values.insert(value);
            }
        }
    }
    for (values, attribute) in values.into_iter().zip((0..).map(AttributeId)) {
        let values: Vec<&Value> = values.into_iter().collect();
        if !values.is_empty() && state.users.learn(attribute, &values).1 {
            renumbered.extend([ColumnId::Attribute(attribute), ColumnId::Folded(attribute)]);
        }
    }
    renumbered
}

/// Makes sure that the facts name people, segments, courses and rules that are there.
fn check_facts(state: &State, commit: &Commit) -> Result<(), Error> {
    let known = |users: &RowSet| users.max().is_none_or(|last| last < state.users.count());
    for moment in &commit.moments {
        let members = moment.memberships.iter().all(|change| {
            known(&change.joined) && known(&change.left) && state.segment(change.segment).is_some()
        });
        let steps = moment.steps.iter().all(|steps| {
            let rule = match steps.reason {
                Reason::Manual | Reason::Bulk => true,
                Reason::Rule(rule) => state.rule(rule).is_some(),
            };
            rule && known(&steps.users) && state.course(steps.course).is_some()
        });
        if !members || !steps {
            return Err(invalid(format!("commit {} has facts about what is not there", commit.revision)));
        }
    }
    Ok(())
}

/// Whether what roles come to has to be worked out anew.
fn shapes_access(entry: &Entry) -> bool {
    matches!(entry, Entry::Attribute(_) | Entry::Capability(_) | Entry::Role(..) | Entry::Override { .. })
}

/// Makes sure that a definition is of what is there, or of what comes next.
fn check_definition(state: &State, entry: &Entry) -> Result<(), Error> {
    check_access(state, entry)?;
    let (what, id, key, count, there) = match entry {
        Entry::Site(id, site) => {
            let there = state.sites.get_index(id.index()).map(|(key, _)| &**key);
            ("site", id.index(), Some(&*site.key), state.sites.len(), there)
        }
        Entry::Course(id, course) => {
            let there = state.courses.get_index(id.index()).map(|(key, _)| &**key);
            ("course", id.index(), Some(&*course.key), state.courses.len(), there)
        }
        Entry::Attribute(attribute) => {
            ("attribute", attribute.id.index(), None, state.schema.attributes().len(), None)
        }
        Entry::Segment(id, _) => ("segment", id.index(), None, state.segments.len(), None),
        Entry::EnrolmentRule(id, _) => ("enrolment rule", id.index(), None, state.rules.len(), None),
        Entry::Category(id, category) => {
            let there = state.access.categories.get_index(id.index()).map(|(key, _)| &**key);
            ("category", id.index(), Some(&*category.key), state.access.categories.len(), there)
        }
        Entry::Role(id, _) => ("role", id.index(), None, state.access.roles.len(), None),
        _ => return Ok(()),
    };
    if id > count {
        return Err(invalid(format!("{what} number {id} is out of order, expected at most {count}")));
    }
    // Sites and courses keep their keys for good.
    if there.is_some() && there != key {
        return Err(invalid(format!("{what} number {id} has another key")));
    }
    Ok(())
}

/// Makes sure that what is said about access names what is there.
fn check_access(state: &State, entry: &Entry) -> Result<(), Error> {
    let has_role = |role: RoleId| role.index() < state.access.roles.len();
    let fits = match entry {
        Entry::Course(_, course) => course.category.is_none_or(|id| state.access.category(id).is_some()),
        // What lies within itself has no end.
        Entry::Category(id, category) => {
            category.parent.is_none_or(|parent| parent < *id && state.access.category(parent).is_some())
        }
        Entry::Override { role, scope, .. } => has_role(*role) && state.has_scope(*scope),
        Entry::Lock { scope, .. } => state.has_scope(*scope),
        Entry::Grant(id, grant) => {
            // People whom the same commit creates come after.
            *id <= state.access.grants.next()
                && has_role(grant.role)
                && state.names_what_is_there(grant, u32::MAX)
        }
        Entry::Revoke { grant, .. } => *grant < state.access.grants.next(),
        _ => true,
    };
    if fits { Ok(()) } else { Err(invalid("something about access names what is not there".to_owned())) }
}

pub(crate) fn apply_definition(state: &mut State, entry: &Entry) {
    match entry {
        Entry::Site(id, site) => {
            state.users.add_site(*id);
            Arc::make_mut(&mut state.sites).insert(site.key.clone(), site.clone());
        }
        Entry::Attribute(attribute) => {
            state.users.define_attribute(attribute);
            if attribute.deleted {
                state.users.clear_attribute(attribute);
            }
            Arc::make_mut(&mut state.schema).define(attribute.clone());
        }
        Entry::Course(_, course) => {
            Arc::make_mut(&mut state.courses).insert(course.key.clone(), course.clone());
        }
        Entry::Segment(id, segment) => {
            let segments = Arc::make_mut(&mut state.segments);
            put(segments, id.index(), &segment.key, segment.deleted, segment.clone());
        }
        Entry::EnrolmentRule(id, rule) => {
            put(Arc::make_mut(&mut state.rules), id.index(), &rule.key, rule.deleted, rule.clone());
        }
        Entry::Guard(guard) => Arc::make_mut(&mut state.watch).guard = *guard,
        Entry::Category(_, category) => {
            Arc::make_mut(&mut state.access.categories).insert(category.key.clone(), category.clone());
        }
        Entry::Capability(own) => {
            Arc::make_mut(&mut state.access.capabilities).insert(own.name.clone(), own.clone());
        }
        Entry::Role(id, role) => {
            put(Arc::make_mut(&mut state.access.roles), id.index(), &role.key, role.deleted, role.clone());
        }
        Entry::Override { role, scope, effects } => {
            let overrides = Arc::make_mut(&mut state.access.overrides);
            if effects.is_empty() {
                overrides.remove(&(*role, *scope));
            } else {
                overrides.insert((*role, *scope), effects.clone());
            }
        }
        Entry::Lock { scope, locked: true } => drop(Arc::make_mut(&mut state.access.locks).insert(*scope)),
        Entry::Lock { scope, locked: false } => drop(Arc::make_mut(&mut state.access.locks).remove(scope)),
        Entry::Grant(id, grant) => state.access.grants.put(*id, grant),
        Entry::Revoke { grant, holder } => state.access.grants.revoke(*grant, *holder),
        Entry::User(_)
        | Entry::Exception { .. }
        | Entry::Record(_)
        | Entry::Erase(_)
        | Entry::Erased { .. }
        | Entry::Archive { .. } => {}
    }
}

fn apply_record(
    state: &mut State,
    entry: &RecordEntry,
    renumbered: &mut BTreeSet<ColumnId>,
) -> Result<(), Error> {
    if entry.user.0 >= state.users.count() || state.course(entry.course).is_none() {
        return Err(invalid(format!("a record of user {} names what is not there", entry.user.0)));
    }
    let completed = entry.completed.map(|at| at.map(|at| Value::Timestamp(at.to_utc())));
    let score = entry.score.map(|score| score.map(Value::Decimal));
    for (id, value) in
        [(ColumnId::Completed(entry.course), completed), (ColumnId::Score(entry.course), score)]
    {
        let Some(value) = value else { continue };
        let Some(column) = state.users.column_mut(id) else { continue };
        let learnt = value.as_ref().map(|value| column.learn(&[value]));
        if learnt.as_ref().is_some_and(|learnt| learnt.renumbered) {
            renumbered.insert(id);
        }
        let code = learnt.and_then(|learnt| learnt.codes.first().copied()).unwrap_or_default();
        column.set(entry.user.0, code);
    }
    Ok(())
}

fn apply_user(state: &mut State, entry: &UserEntry) -> Result<(), Error> {
    if let Some(key) = &entry.key
        && state.users.add(key) != Some(entry.id)
    {
        return Err(invalid(format!("user number {} is out of order", entry.id.0)));
    }
    if entry.id.0 >= state.users.count() {
        return Err(invalid(format!("unknown user number {}", entry.id.0)));
    }
    if entry.status.is_some() {
        state.users.set_code(ColumnId::Status, entry.id, status_code(entry.status));
    }
    // The values of an attribute that the same commit deletes went with it.
    for (attribute, value) in entry.values.iter().filter(|(id, _)| state.schema.get(*id).is_some()) {
        state.users.set_value(entry.id, *attribute, value.as_ref());
    }
    for (site, status) in &entry.sites {
        state.users.set_code(ColumnId::Site(*site), entry.id, status_code(*status));
    }
    Ok(())
}
