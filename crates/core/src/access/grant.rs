//! Grants: who holds which role where, over whom and when; kept by holder, so that a decision looks at one person's and a
//! change copies one person's. Not here: whom an audience is (`audience`), and what a role gives (`table`).

use std::collections::BTreeMap;
use std::sync::Arc;

use matricula_rule::{AttributeId, RoleId, SegmentId, UserId};
use serde::{Deserialize, Serialize};

use crate::chunks::Chunks;
use crate::{Bytes, Instant, Scope};

/// A grant; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(pub u32);

impl GrantId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who holds a role by a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// One person.
    User(UserId),
    /// Whoever is in a segment.
    Segment(SegmentId),
}

/// Over whom a grant counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Those in a segment, also while they are suspended.
    Segment(SegmentId),
    /// Those who name the holder in this attribute.
    Reports(AttributeId),
    /// Those, and those who name them, and so on.
    Line(AttributeId),
    /// Those who have the same value of this attribute as the holder.
    Same(AttributeId),
}

/// A role held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Which role.
    pub role: RoleId,
    /// Who holds it.
    pub holder: Holder,
    /// Where, and in everything within.
    pub scope: Scope,
    /// Over whom; `None` for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// The first instant at which it counts; always, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// The first instant at which it no longer counts; never, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// Why, in the words of whoever gave it; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Grant {
    /// Whether it counts at an instant.
    pub fn is_valid(&self, at: Instant) -> bool {
        counts(self.from, self.until, at)
    }
}

fn counts(from: Option<Instant>, until: Option<Instant>, at: Instant) -> bool {
    from.is_none_or(|from| from <= at) && until.is_none_or(|until| at < until)
}

/// What few grants have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct More {
    pub(crate) audience: Option<Audience>,
    from: Option<Instant>,
    until: Option<Instant>,
    note: Box<str>,
}

/// A grant as it is kept with its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) scope: Scope,
    pub(crate) role: RoleId,
    pub(crate) id: GrantId,
    pub(crate) more: Option<Arc<More>>,
}

impl Held {
    fn new(id: GrantId, grant: &Grant) -> Self {
        let Grant { role, scope, audience, from, until, .. } = *grant;
        let plain = audience.is_none() && from.is_none() && until.is_none() && grant.note.is_empty();
        let more =
            (!plain).then(|| Arc::new(More { audience, from, until, note: grant.note.as_str().into() }));
        Self { scope, role, id, more }
    }

    fn grant(&self, holder: Holder) -> Grant {
        let (role, scope) = (self.role, self.scope);
        let more = self.more.as_deref();
        Grant {
            role,
            holder,
            scope,
            audience: more.and_then(|more| more.audience),
            from: more.and_then(|more| more.from),
            until: more.and_then(|more| more.until),
            note: more.map_or_else(String::new, |more| more.note.to_string()),
        }
    }

    pub(crate) fn audience(&self) -> Option<Audience> {
        self.more.as_ref()?.audience
    }

    /// Whether it counts at every instant and over everybody.
    pub(crate) fn is_always_over_everybody(&self) -> bool {
        self.more
            .as_ref()
            .is_none_or(|more| more.audience.is_none() && more.from.is_none() && more.until.is_none())
    }

    pub(crate) fn is_valid(&self, at: Instant) -> bool {
        self.more.as_ref().is_none_or(|more| counts(more.from, more.until, at))
    }
}

/// The place of a scope among all scopes of all kinds.
fn place_of(scope: Scope) -> usize {
    let number = match scope {
        Scope::Registry => 0,
        Scope::Site(site) => site.index(),
        Scope::Category(category) => category.index(),
        Scope::Course(course) => course.index(),
    };
    number * 4 + usize::from(scope.depth())
}

/// What one person holds at one scope, in few bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeldAt {
    pub(crate) user: UserId,
    /// The role; with the highest bit if there is more to know.
    role: u32,
}

const MORE: u32 = 1 << 31;

impl HeldAt {
    fn new(user: UserId, held: &Held) -> Self {
        let more = held
            .more
            .as_ref()
            .is_some_and(|more| more.audience.is_some() || more.from.is_some() || more.until.is_some());
        Self { user, role: if more { held.role.0 | MORE } else { held.role.0 } }
    }

    pub(crate) fn role(self) -> RoleId {
        RoleId(self.role & !MORE)
    }

    /// Whether it counts always and over everybody.
    pub(crate) fn is_plain(self) -> bool {
        self.role & MORE == 0
    }
}

/// What segments hold at one scope, in the order of grants.
type OfSegments = Arc<Vec<(SegmentId, Held)>>;

/// One holder's grants, by scope.
type Several = Arc<Vec<Held>>;

/// All grants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grants {
    /// Who holds each, or held it if it was taken away, which the second says.
    holders: Chunks<Option<(Holder, bool)>, 256>,
    count: u32,
    users: Chunks<Option<Several>, 64>,
    /// Who of them holds what at a scope, by [`place_of`].
    holders_at: Chunks<Option<Arc<Vec<HeldAt>>>, 64>,
    /// Those of segments, by scope.
    segments: Arc<BTreeMap<Scope, OfSegments>>,
}

impl Grants {
    /// The number that the next grant has.
    pub(crate) fn next(&self) -> GrantId {
        GrantId(self.count)
    }

    /// Who holds a grant that there is.
    pub(crate) fn holder(&self, id: GrantId) -> Option<Holder> {
        self.holders.get(id.index()).copied().flatten().filter(|(_, gone)| !gone).map(|(holder, _)| holder)
    }

    /// Who held the last grant, if it was taken away: its number is not given again.
    pub(crate) fn last_gone(&self) -> Option<(GrantId, Holder)> {
        let last = GrantId(self.count.checked_sub(1)?);
        let (holder, gone) = self.holders.get(last.index()).copied().flatten()?;
        gone.then_some((last, holder))
    }

    pub(crate) fn get(&self, id: GrantId) -> Option<Grant> {
        let holder = self.holder(id)?;
        let held = match holder {
            Holder::User(user) => self.of_user(user).iter().find(|held| held.id == id)?,
            Holder::Segment(_) => self.of_segments().map(|(_, held)| held).find(|held| held.id == id)?,
        };
        Some(held.grant(holder))
    }

    /// Those of one holder.
    pub(crate) fn of(&self, holder: Holder) -> impl Iterator<Item = (GrantId, Grant)> + '_ {
        let (own, segment) = match holder {
            Holder::User(user) => (self.of_user(user), None),
            Holder::Segment(segment) => (&[][..], Some(segment)),
        };
        let of_segment = segment.into_iter().flat_map(move |segment| {
            self.of_segments().filter(move |(of, _)| *of == segment).map(|(_, held)| held)
        });
        own.iter().chain(of_segment).map(move |held| (held.id, held.grant(holder)))
    }

    /// Takes away all that a person holds, who is erased.
    pub(crate) fn forget(&mut self, user: UserId) {
        let ids: Vec<GrantId> = self.of_user(user).iter().map(|held| held.id).collect();
        for id in ids {
            self.revoke(id, Holder::User(user));
        }
    }

    /// All that there are, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (GrantId, Grant)> + '_ {
        let of_segments: BTreeMap<GrantId, &Held> =
            self.of_segments().map(|(_, held)| (held.id, held)).collect();
        // Who holds many is not gone through for each of them.
        let mut of_many: BTreeMap<UserId, BTreeMap<GrantId, &Held>> = BTreeMap::new();
        (0..self.count).map(GrantId).filter_map(move |id| {
            let holder = self.holder(id)?;
            let held = match holder {
                Holder::Segment(_) => of_segments.get(&id).copied()?,
                Holder::User(user) => match self.of_user(user) {
                    few if few.len() <= 16 => few.iter().find(|held| held.id == id)?,
                    many => {
                        let by_id = || many.iter().map(|held| (held.id, held)).collect();
                        of_many.entry(user).or_insert_with(by_id).get(&id).copied()?
                    }
                },
            };
            Some((id, held.grant(holder)))
        })
    }

    /// The grant that says the same, its note aside.
    pub(crate) fn same(&self, grant: &Grant) -> Option<(GrantId, Grant)> {
        let says = |held: &Held| {
            let more = held.more.as_deref();
            (held.role, held.scope) == (grant.role, grant.scope)
                && more.and_then(|more| more.audience) == grant.audience
                && more.and_then(|more| more.from) == grant.from
                && more.and_then(|more| more.until) == grant.until
        };
        let found = match grant.holder {
            Holder::User(user) => {
                let own = self.of_user(user);
                let from = own.partition_point(|held| held.scope < grant.scope);
                let here = own.get(from..).unwrap_or(&[]);
                here.iter().take_while(|held| held.scope == grant.scope).find(|held| says(held))
            }
            Holder::Segment(segment) => {
                let here = self.of_segments_at(grant.scope).iter();
                here.filter(|(of, _)| *of == segment).map(|(_, held)| held).find(|held| says(held))
            }
        };
        found.map(|held| (held.id, held.grant(grant.holder)))
    }

    /// A person's own, by scope.
    pub(crate) fn of_user(&self, user: UserId) -> &[Held] {
        let several = self.users.get(user.index()).and_then(Option::as_ref);
        several.map_or(&[], |several| several.as_slice())
    }

    /// Those of segments, by scope.
    pub(crate) fn of_segments(&self) -> impl Iterator<Item = &(SegmentId, Held)> {
        self.segments.values().flat_map(|held| held.iter())
    }

    /// What people hold at a scope themselves, at whatever instant, in their order.
    pub(crate) fn held_at(&self, scope: Scope) -> &[HeldAt] {
        let held = self.holders_at.get(place_of(scope)).and_then(Option::as_ref);
        held.map_or(&[], |held| held.as_slice())
    }

    /// Those who hold something at a scope, to be changed.
    fn held_at_mut(&mut self, scope: Scope) -> Option<&mut Vec<HeldAt>> {
        if self.holders_at.get(place_of(scope)).is_none_or(Option::is_none) {
            self.holders_at.set(place_of(scope), Some(Arc::default()));
        }
        self.holders_at.get_mut(place_of(scope))?.as_mut().map(Arc::make_mut)
    }

    /// Those of segments at one scope.
    pub(crate) fn of_segments_at(&self, scope: Scope) -> &[(SegmentId, Held)] {
        self.segments.get(&scope).map_or(&[], |held| held.as_slice())
    }

    /// Takes a grant away from its holder.
    pub(crate) fn revoke(&mut self, id: GrantId, holder: Holder) {
        self.take(id);
        self.holders.set(id.index(), Some((holder, true)));
        self.count = self.count.max(id.0.saturating_add(1));
    }

    fn take(&mut self, id: GrantId) {
        match self.holder(id) {
            Some(Holder::User(user)) => {
                let Some(held) = self.of_user(user).iter().find(|held| held.id == id).cloned() else {
                    return;
                };
                self.change(user, |held| held.retain(|held| held.id != id));
                if let Some(there) = self.held_at_mut(held.scope) {
                    let gone = HeldAt::new(user, &held);
                    let from = there.partition_point(|held| held.user < user);
                    if let Some(place) = there.iter().skip(from).position(|held| *held == gone) {
                        there.remove(from + place);
                    }
                }
            }
            Some(Holder::Segment(_)) => {
                let all = Arc::make_mut(&mut self.segments);
                all.retain(|_, held| {
                    if held.iter().any(|(_, held)| held.id == id) {
                        Arc::make_mut(held).retain(|(_, held)| held.id != id);
                    }
                    !held.is_empty()
                });
            }
            None => {}
        }
    }

    /// Puts a grant in its place.
    pub(crate) fn put(&mut self, id: GrantId, grant: &Grant) {
        self.take(id);
        self.holders.set(id.index(), Some((grant.holder, false)));
        self.count = self.count.max(id.0.saturating_add(1));
        let new = Held::new(id, grant);
        match grant.holder {
            Holder::User(user) => {
                let at_scope = HeldAt::new(user, &new);
                self.change(user, |held| {
                    let place = held.partition_point(|held| (held.scope, held.id) < (new.scope, id));
                    held.insert(place, new);
                });
                if let Some(there) = self.held_at_mut(grant.scope) {
                    let place = there.partition_point(|held| held.user <= user);
                    there.insert(place, at_scope);
                }
            }
            Holder::Segment(segment) => {
                let all = Arc::make_mut(&mut self.segments);
                let there = Arc::make_mut(all.entry(new.scope).or_default());
                let place = there.partition_point(|(_, held)| held.id < id);
                there.insert(place, (segment, new));
            }
        }
    }

    fn change(&mut self, user: UserId, change: impl FnOnce(&mut Vec<Held>)) {
        if self.of_user(user).is_empty() {
            self.users.set(user.index(), Some(Arc::default()));
        }
        let Some(place) = self.users.get_mut(user.index()) else { return };
        if let Some(several) = place {
            change(Arc::make_mut(several));
        }
        if place.as_ref().is_some_and(|several| several.is_empty()) {
            *place = None;
        }
    }

    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = self.holders.bytes(other.map(|other| &other.holders));
        bytes.add(self.holders_at.bytes_with(other.map(|other| &other.holders_at), |held| {
            held.as_ref()
                .map_or(0, |held| size_of::<Vec<HeldAt>>() + 16 + held.capacity() * size_of::<HeldAt>())
        }));
        let more =
            |held: &Held| held.more.as_ref().map_or(0, |more| size_of::<More>() + 16 + more.note.len());
        bytes.add(self.users.bytes_with(other.map(|other| &other.users), |several| {
            several.as_ref().map_or(0, |several| {
                let list = size_of::<Vec<Held>>() + 16 + several.capacity() * size_of::<Held>();
                list + several.iter().map(more).sum::<usize>()
            })
        }));
        bytes
    }
}

impl PartialEq for Grants {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.iter().eq(other.iter())
    }
}
