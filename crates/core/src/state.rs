//! Everything that is true at a revision, as one value: cheap to copy, because copies share all that neither
//! writes. Not here: how one state becomes the next (`draft`, `replay`).

use std::sync::Arc;

use chrono_tz::Tz;
use indexmap::{IndexMap, IndexSet};
use matricula_rule::{Rule, Schema};

use crate::chunks::Chunks;
use crate::column::Column;
use crate::enrolment::Enrolments;
use crate::evaluate::Questions;
use crate::graph::{Graph, NodeId};
use crate::model::Catalog;
use crate::ranges::Ranges;
use crate::users::{ColumnId, Users, status_code};
use crate::{
    Bytes, Course, CourseId, EnrolmentRule, EnrolmentRuleId, Instant, Revision, RowSet, Segment, SegmentId,
    Site, SiteId, Status,
};

/// A set of people that is kept up to date: the members of a segment or, for a rule that joins a
/// registry-wide segment to courses of a site, those of them who are active members of that site.
pub(crate) type Slot = (SegmentId, Option<SiteId>);

/// Everything that is true at a revision.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) revision: Revision,
    /// The instant of the last commit.
    pub(crate) clock: Option<Instant>,
    pub(crate) sites: Arc<Catalog<Site>>,
    pub(crate) schema: Arc<Schema>,
    pub(crate) courses: Arc<Catalog<Course>>,
    pub(crate) segments: Arc<Catalog<Segment>>,
    pub(crate) rules: Arc<Catalog<EnrolmentRule>>,
    pub(crate) users: Users,
    pub(crate) slots: Arc<IndexSet<Slot>>,
    /// Who is in each slot.
    pub(crate) members: Chunks<Arc<RowSet>, 64>,
    pub(crate) graph: Arc<Graph>,
    pub(crate) ranges: Arc<Ranges>,
    pub(crate) enrolments: Enrolments,
}

impl Default for State {
    fn default() -> Self {
        let mut users = Users::default();
        users.add_site(SiteId(0));
        let primary = Site { key: "primary".to_owned(), name: "Primary site".to_owned(), zone: Tz::UTC };
        Self {
            revision: Revision::default(),
            clock: None,
            sites: Arc::new(IndexMap::from([(primary.key.clone(), primary)])),
            schema: Arc::default(),
            courses: Arc::default(),
            segments: Arc::default(),
            rules: Arc::default(),
            users,
            slots: Arc::default(),
            members: Chunks::default(),
            graph: Arc::default(),
            ranges: Arc::default(),
            enrolments: Enrolments::default(),
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

    /// The slot that an enrolment rule draws on.
    pub(crate) fn slot_of_rule(&self, rule: &EnrolmentRule) -> Option<Slot> {
        let segment = self.segment(rule.segment)?;
        let site = self.course(*rule.courses.first()?)?.site;
        Some((rule.segment, segment.site.is_none().then_some(site)))
    }

    /// Who is in a slot.
    pub(crate) fn members(&self, slot: Slot) -> Arc<RowSet> {
        let index = self.slots.get_index_of(&slot);
        index.and_then(|index| self.members.get(index)).cloned().unwrap_or_default()
    }

    pub(crate) fn questions(&self) -> Questions<'_> {
        Questions { graph: &self.graph, ranges: &self.ranges, users: &self.users }
    }

    /// Makes the graph of all rules anew, after definitions changed. New slots are empty until evaluated.
    pub(crate) fn compile(&mut self, at: Instant) {
        let slots = Arc::make_mut(&mut self.slots);
        slots.extend((0..self.segments.len()).map(|segment| (SegmentId::at(segment), None)));
        let of_rules: Vec<Slot> = self.rules.values().filter_map(|rule| self.slot_of_rule(rule)).collect();
        let slots = Arc::make_mut(&mut self.slots);
        slots.extend(of_rules);
        let mut graph = Graph::default();
        let registry = self.universe(&mut graph, None);
        for &(segment, site) in self.slots.iter() {
            let Some(segment) = self.segments.get_index(segment.index()).map(|(_, segment)| segment) else {
                continue;
            };
            let universe = match site.or(segment.site) {
                None => registry,
                Some(site) => self.universe(&mut graph, Some(site)),
            };
            graph.add_slot(&segment.rule, self.zone(segment.site), universe);
        }
        graph.finish();
        self.graph = Arc::new(graph);
        self.teach_constants();
        self.measure(at);
    }

    /// The node of the people who can be members: active, with an active membership of the site, or of any.
    fn universe(&self, graph: &mut Graph, site: Option<SiteId>) -> NodeId {
        let active = status_code(Some(Status::Active));
        let of_site = |graph: &mut Graph, site| graph.add_code(ColumnId::Site(site), active);
        let member = match site {
            Some(site) => of_site(graph, site),
            None => {
                let sites = (0..self.sites.len()).map(|site| of_site(graph, SiteId::at(site))).collect();
                graph.add_any(sites)
            }
        };
        let active = graph.add_code(ColumnId::Status, active);
        graph.add_all(vec![active, member])
    }

    /// Gives every text that a rule compares with a place in its column's order, so that people's new texts
    /// fall on the right side of it and the ranges stay as they are.
    fn teach_constants(&mut self) {
        let mut constants = Vec::new();
        for segment in self.segments.values() {
            collect_constants(&segment.rule, &mut constants);
        }
        constants.sort_unstable();
        for same in constants.chunk_by(|a, b| a.0 == b.0) {
            let Some((attribute, _)) = same.first() else {
                continue;
            };
            let column = ColumnId::Attribute(*attribute);
            let values: Vec<_> = same.iter().map(|(_, value)| value).collect();
            let known = |column: &Column| same.iter().all(|(_, value)| column.code(value).is_some());
            if !self.users.column(column).is_some_and(known)
                && let Some(column) = self.users.column_mut(column)
            {
                column.learn(&values);
            }
        }
    }

    /// Makes the ranges anew: after codes were renumbered, or on another day.
    pub(crate) fn measure(&mut self, at: Instant) {
        self.ranges = Arc::new(Ranges::new(&self.graph, &self.users, at));
    }

    pub(crate) fn set_members(&mut self, slot: usize, members: RowSet) {
        self.members.set(slot, Arc::new(members));
    }

    /// Memory held, and the part not shared with another state.
    pub(crate) fn bytes(&self, other: Option<&Self>) -> Bytes {
        let mut bytes = self.users.bytes(other.map(|other| &other.users));
        bytes.add(self.enrolments.bytes(other.map(|other| &other.enrolments)));
        bytes.add(self.members.bytes(other.map(|other| &other.members)));
        for slot in 0..self.slots.len() {
            let Some(ours) = self.members.get(slot) else {
                continue;
            };
            let theirs = other.and_then(|other| other.members.get(slot));
            if theirs.is_some_and(|theirs| Arc::ptr_eq(ours, theirs)) {
                bytes.held += ours.bytes(None).held;
            } else {
                bytes.add(ours.bytes(theirs.map(Arc::as_ref)));
            }
        }
        bytes
    }
}

fn collect_constants(rule: &Rule, into: &mut Vec<(matricula_rule::AttributeId, matricula_rule::Value)>) {
    use matricula_rule::Operand;
    match rule {
        Rule::All(parts) | Rule::Any(parts) => parts.iter().for_each(|part| collect_constants(part, into)),
        Rule::Not(part) => collect_constants(part, into),
        Rule::Has(_) => {}
        Rule::Compare { attribute, with: Operand::Value(value), .. } => {
            into.push((*attribute, value.clone()))
        }
        Rule::Compare { .. } => {}
        Rule::In { attribute, values } => into.extend(values.iter().map(|value| (*attribute, value.clone()))),
    }
}
