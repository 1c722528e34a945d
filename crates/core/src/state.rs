//! Everything that is true at a revision, as one value: cheap to copy, because copies share all that neither
//! writes. Not here: how one state becomes the next (`draft`, `replay`).

use std::sync::Arc;

use chrono_tz::Tz;
use indexmap::{IndexMap, IndexSet};
use matricula_rule::{Named, Names, Schema};

use crate::access::Access;
use crate::chunks::Chunks;
use crate::compile::Compiler;
use crate::due::Boundaries;
use crate::enrolment::Enrolments;
use crate::evaluate::Questions;
use crate::graph::{Graph, Node, Point};
use crate::model::{Catalog, live_keys, position};
use crate::nesting::{Levels, levels};
use crate::ranges::Ranges;
use crate::roster::Roster;
use crate::users::{ColumnId, Users};
use crate::watch::Watch;
use crate::{
    Bytes, Course, CourseId, EnrolmentRule, EnrolmentRuleId, Exception, Hash, Instant, Revision, RowSet,
    Segment, SegmentId, Site, SiteId, Status, UserId,
};

/// A set of people that is kept up to date: the members of a segment or, for a rule that joins a
/// registry-wide segment to courses of a site, those of them who are active members of that site.
pub(crate) type Slot = (SegmentId, Option<SiteId>);

/// What was decided by hand about a segment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hand {
    /// Always in.
    pub(crate) pinned: Arc<RowSet>,
    /// Never in.
    pub(crate) banned: Arc<RowSet>,
    /// Who was in when it was paused; empty unless it is.
    pub(crate) frozen: Arc<RowSet>,
}

/// Everything that is true at a revision.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) revision: Revision,
    /// The instant of the last commit.
    pub(crate) clock: Option<Instant>,
    /// The hash of the last commit, if it is sealed.
    pub(crate) head: Option<Hash>,
    pub(crate) sites: Arc<Catalog<Site>>,
    pub(crate) schema: Arc<Schema>,
    pub(crate) courses: Arc<Catalog<Course>>,
    pub(crate) segments: Arc<Catalog<Segment>>,
    pub(crate) rules: Arc<Catalog<EnrolmentRule>>,
    pub(crate) users: Users,
    pub(crate) slots: Arc<IndexSet<Slot>>,
    /// Who is in each slot.
    pub(crate) members: Roster,
    /// What was decided by hand, by segment.
    pub(crate) hands: Chunks<Option<Arc<Hand>>, 64>,
    /// In which round each segment and each course is settled.
    pub(crate) levels: Arc<Levels>,
    /// The enrolment rules that draw on each slot.
    pub(crate) rules_of: Arc<Vec<Vec<EnrolmentRuleId>>>,
    pub(crate) graph: Arc<Graph>,
    pub(crate) ranges: Arc<Ranges>,
    /// When windows of enrolment rules open and end.
    pub(crate) boundaries: Arc<Boundaries>,
    pub(crate) enrolments: Enrolments,
    pub(crate) watch: Arc<Watch>,
    /// Who may do what.
    pub(crate) access: Access,
}

impl Default for State {
    fn default() -> Self {
        let mut users = Users::default();
        users.add_site(SiteId(0));
        let (key, name) = ("primary".to_owned(), "Primary site".to_owned());
        let primary = Site { key, name, zone: Tz::UTC, closed: false };
        Self {
            revision: Revision::default(),
            clock: None,
            head: None,
            sites: Arc::new(IndexMap::from([(primary.key.clone(), primary)])),
            schema: Arc::default(),
            courses: Arc::default(),
            segments: Arc::default(),
            rules: Arc::default(),
            users,
            slots: Arc::default(),
            members: Roster::default(),
            hands: Chunks::default(),
            levels: Arc::default(),
            rules_of: Arc::default(),
            graph: Arc::default(),
            ranges: Arc::default(),
            boundaries: Arc::default(),
            enrolments: Enrolments::default(),
            watch: Arc::default(),
            access: Access::default(),
        }
    }
}

impl State {
    /// The zone of a site; for registry-wide questions that of the primary one.
    pub(crate) fn zone(&self, site: Option<SiteId>) -> Tz {
        let site = site.unwrap_or(SiteId(0));
        self.sites.get_index(site.index()).map_or(Tz::UTC, |(_, site)| site.zone)
    }

    pub(crate) fn course(&self, id: CourseId) -> Option<&Course> {
        self.courses.get_index(id.index()).map(|(_, course)| course)
    }

    pub(crate) fn segment(&self, id: SegmentId) -> Option<&Segment> {
        self.segments.get_index(id.index()).map(|(_, segment)| segment)
    }

    pub(crate) fn rule(&self, id: EnrolmentRuleId) -> Option<&EnrolmentRule> {
        self.rules.get_index(id.index()).map(|(_, rule)| rule)
    }

    /// Whether a course is archived.
    pub(crate) fn is_archived(&self, id: CourseId) -> bool {
        self.course(id).is_some_and(|course| course.archived)
    }

    /// Whether a site is there and not closed.
    pub(crate) fn is_open(&self, id: SiteId) -> bool {
        self.sites.get_index(id.index()).is_some_and(|(_, site)| !site.closed)
    }

    /// Whether a person is an active member of a site that is open.
    pub(crate) fn counts_in(&self, user: UserId, site: SiteId) -> bool {
        self.users.membership(user, site) == Some(Status::Active) && self.is_open(site)
    }

    /// The slot that an enrolment rule draws on.
    pub(crate) fn slot_of_rule(&self, rule: &EnrolmentRule) -> Option<Slot> {
        let segment = self.segment(rule.segment)?;
        let site = self.course(*rule.courses.first()?)?.site;
        Some((rule.segment, segment.site.is_none().then_some(site)))
    }

    /// Who is in a slot.
    pub(crate) fn members(&self, slot: Slot) -> RowSet {
        self.slots.get_index_of(&slot).map(|slot| self.members.get(slot)).unwrap_or_default()
    }

    /// Whether a person is in a slot.
    pub(crate) fn is_member(&self, slot: Slot, user: UserId) -> bool {
        let slot = self.slots.get_index_of(&slot).and_then(|slot| u32::try_from(slot).ok());
        slot.is_some_and(|slot| self.members.contains(slot, user.0))
    }

    pub(crate) fn questions(&self) -> Questions<'_> {
        Questions(self)
    }

    /// What was decided by hand about a segment, if anything was.
    pub(crate) fn hand(&self, segment: SegmentId) -> Option<&Hand> {
        self.hands.get(segment.index())?.as_deref()
    }

    fn hand_mut(&mut self, segment: SegmentId) -> Option<&mut Hand> {
        if self.hand(segment).is_none() {
            self.hands.set(segment.index(), Some(Arc::default()));
        }
        self.hands.get_mut(segment.index())?.as_mut().map(Arc::make_mut)
    }

    /// What was decided by hand about a person and a segment.
    pub(crate) fn exception(&self, segment: SegmentId, user: UserId) -> Option<Exception> {
        let hand = self.hand(segment)?;
        if hand.banned.contains(user.0) {
            return Some(Exception::Banned);
        }
        hand.pinned.contains(user.0).then_some(Exception::Pinned)
    }

    pub(crate) fn set_exception(&mut self, segment: SegmentId, user: UserId, exception: Option<Exception>) {
        if let Some(hand) = self.hand_mut(segment) {
            Arc::make_mut(&mut hand.pinned).set(user.0, exception == Some(Exception::Pinned));
            Arc::make_mut(&mut hand.banned).set(user.0, exception == Some(Exception::Banned));
        }
    }

    /// Forgets everything that was decided by hand about a segment.
    pub(crate) fn forget_hand(&mut self, segment: SegmentId) {
        if self.hand(segment).is_some() {
            self.hands.set(segment.index(), None);
        }
    }

    /// Who stays in a segment while it is paused.
    pub(crate) fn set_frozen(&mut self, segment: SegmentId, frozen: RowSet) {
        if (self.hand(segment).is_some() || !frozen.is_empty())
            && let Some(hand) = self.hand_mut(segment)
        {
            hand.frozen = Arc::new(frozen);
        }
    }

    /// Makes the graph of all rules anew, after definitions changed. New slots are empty until evaluated.
    pub(crate) fn compile(&mut self, at: Instant) {
        // What cannot be put in order was refused when it was defined, or when it was loaded.
        self.levels = Arc::new(levels(&self.segments, &self.rules).unwrap_or_default());
        self.boundaries = Arc::new(Boundaries::of(&self.rules));
        let slot_of = |rule: &EnrolmentRule| self.slot_of_rule(rule).filter(|_| !rule.deleted);
        let of_rules: Vec<Option<Slot>> = self.rules.values().map(slot_of).collect();
        let slots = Arc::make_mut(&mut self.slots);
        slots.extend((0..self.segments.len()).map(|segment| (SegmentId::at(segment), None)));
        slots.extend(of_rules.iter().flatten());
        let mut rules_of = vec![Vec::new(); self.slots.len()];
        for (slot, rule) in of_rules.iter().zip(0..) {
            let index = slot.as_ref().and_then(|slot| self.slots.get_index_of(slot));
            if let Some(rules) = index.and_then(|index| rules_of.get_mut(index)) {
                rules.push(EnrolmentRuleId(rule));
            }
        }
        self.rules_of = Arc::new(rules_of);
        let mut graph = Graph::default();
        let mut compiler = Compiler::new(self, &mut graph);
        let mut roots = Vec::with_capacity(self.slots.len());
        for &(segment, site) in self.slots.iter() {
            let members = compiler.segment(segment);
            let root = match site {
                None => members,
                Some(site) => compiler.intersection(members, site),
            };
            roots.push((root, self.levels.of_segment(segment)));
        }
        for (root, level) in roots {
            graph.add_slot(root, level);
        }
        graph.finish();
        self.graph = Arc::new(graph);
        self.gather_due();
        self.teach_constants();
        self.measure(at);
    }

    /// Gives every text that a rule compares with a place in its column's order, so that people's new texts
    /// fall on the right side of it and the ranges stay as they are.
    pub(crate) fn teach_constants(&mut self) {
        let graph = self.graph.clone();
        for (id, tests) in graph.tests() {
            let Some(column) = self.users.column(id) else { continue };
            let mut unknown: Vec<&[u8]> = Vec::new();
            for test in tests {
                let Some(Node::Test(_, test)) = graph.node(*test) else { continue };
                unknown.extend(test.points().filter_map(|point| match point {
                    Point::Key(key) if column.cut_key(key, false).is_none() => Some(&**key),
                    _ => None,
                }));
            }
            if !unknown.is_empty()
                && let Some(column) = self.users.column_mut(id)
            {
                column.learn_keys(&unknown);
            }
        }
    }

    /// Gives every number that a rule compares, and the one after it, a code of its own, so that ranges say what is
    /// possible and not only what there is. For a copy of the people that is not kept.
    pub(crate) fn teach_numbers(&mut self) {
        let graph = self.graph.clone();
        for (id, tests) in graph.tests() {
            let mut numbers = Vec::new();
            for test in tests {
                let Some(Node::Test(_, test)) = graph.node(*test) else { continue };
                numbers.extend(test.points().filter_map(|point| match point {
                    Point::Number(number) => Some(*number),
                    _ => None,
                }));
            }
            if !numbers.is_empty()
                && let Some(column) = self.users.column_mut(id)
            {
                column.learn_around(&numbers);
            }
        }
    }

    /// Makes all ranges anew.
    pub(crate) fn measure(&mut self, at: Instant) {
        self.ranges = Arc::new(Ranges::new(&self.graph, &self.users, at));
    }

    /// Makes the ranges of some columns anew, after their codes were renumbered.
    pub(crate) fn measure_columns(&mut self, columns: impl IntoIterator<Item = ColumnId>, at: Instant) {
        for column in columns {
            if !self.graph.tests_of(column).is_empty() {
                Arc::make_mut(&mut self.ranges).measure(column, &self.graph, &self.users, at);
            }
        }
    }

    /// Makes the ranges anew that move with time, if a day has ended somewhere since an instant.
    pub(crate) fn follow_time(&mut self, from: Instant, to: Instant) {
        if self.graph.zones().iter().any(|zone| from.day(*zone) != to.day(*zone)) {
            Arc::make_mut(&mut self.ranges).follow_time(&self.graph, &self.users, to);
        }
    }

    /// Memory held, and the part not shared with another state.
    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = self.users.bytes(other.map(|other| &other.users));
        bytes.add(self.enrolments.bytes(other.map(|other| &other.enrolments)));
        bytes.add(self.members.bytes(other.map(|other| &other.members)));
        bytes.add(self.access.grants.bytes(other.map(|other| &other.access.grants)));
        bytes.add(self.hands.bytes(other.map(|other| &other.hands)));
        for (index, hand) in self.hands.iter() {
            let Some(ours) = hand else { continue };
            let theirs = other.and_then(|other| other.hands.get(index)).and_then(Option::as_ref);
            let sets = |hand: &Hand| [hand.pinned.clone(), hand.banned.clone(), hand.frozen.clone()];
            let theirs = theirs.map(|theirs| sets(theirs));
            for (place, set) in sets(ours).iter().enumerate() {
                bytes.add(set.bytes(theirs.as_ref().and_then(|theirs| theirs.get(place)).map(Arc::as_ref)));
            }
        }
        bytes
    }
}

impl Names for State {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn find(&self, what: Named, key: &str) -> Option<u32> {
        let id = |index: Option<usize>| index.and_then(|index| u32::try_from(index).ok());
        match what {
            Named::User => self.users.find(key).map(|user| user.0),
            Named::Segment => id(position(&self.segments, key)),
            Named::Site => id(position(&self.sites, key)),
            Named::Course => id(position(&self.courses, key)),
            Named::Group(_) | Named::Role => None,
        }
    }

    fn key(&self, what: Named, id: u32) -> Option<std::borrow::Cow<'_, str>> {
        fn at<T>(catalog: &Catalog<T>, id: u32) -> Option<&str> {
            catalog.get_index(id as usize).map(|(key, _)| key.as_str())
        }
        let key = match what {
            Named::User => self.users.key(UserId(id)).map(|key| &**key),
            // One that was deleted stands under no key that anybody gave.
            Named::Segment => self.segment(SegmentId(id)).map(|segment| segment.key.as_str()),
            Named::Site => at(&self.sites, id),
            Named::Course => at(&self.courses, id),
            Named::Group(_) | Named::Role => None,
        };
        key.map(std::borrow::Cow::Borrowed)
    }

    fn keys(&self, what: Named) -> Box<dyn Iterator<Item = std::borrow::Cow<'_, str>> + '_> {
        use std::borrow::Cow::Borrowed;
        match what {
            Named::Segment => Box::new(live_keys(&self.segments).map(Borrowed)),
            Named::Site => Box::new(live_keys(&self.sites).map(Borrowed)),
            Named::Course => Box::new(live_keys(&self.courses).map(Borrowed)),
            // Whose keys there are is for nobody to guess.
            Named::User | Named::Group(_) | Named::Role => Box::new(std::iter::empty()),
        }
    }
}
