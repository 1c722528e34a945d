//! Changes of segments: their rules in any notation, their state, and who is in or out by hand. Not here: who follows
//! from a rule (`derive`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use matricula_rule::{Fact, Field, Rule, SegmentId, SiteId, check, parse, validate};

use crate::RowSet;
use crate::draft::{Draft, find, not_possible};
use crate::model::{Catalog, check_key};
use crate::nesting::{levels, named};
use crate::state::State;
use crate::{
    EnrolmentRuleId, Entry, Error, ErrorKind, Exception, RuleSource, Segment, SegmentDefinition,
    SegmentState, Snapshot,
};

/// A rule from any notation, checked against everything that it names.
pub(crate) fn compile_rule(source: &RuleSource, site: Option<SiteId>, state: &State) -> Result<Rule, Error> {
    let rule = match source {
        RuleSource::Text(text) => check(&parse(text)?, state)?,
        RuleSource::Typed(rule) => {
            validate(rule, state)?;
            rule.clone()
        }
        RuleSource::Builder(json) => matricula_rule::from_builder_text(json, state)?,
    };
    refuse_what_is_not_for(&rule, site, state)?;
    Ok(rule)
}

/// Drafts may not be referred to, and what a site owns may be named by its own segments only.
fn refuse_what_is_not_for(rule: &Rule, site: Option<SiteId>, state: &State) -> Result<(), Error> {
    let mut wrong = None;
    rule.visit(&mut |part| {
        if let Some(Field::Attribute(attribute)) = part.field()
            && let Some(attribute) = state.schema.get(attribute)
            && let Some(owner) = attribute.site
            && Some(owner) != site
        {
            let owner = state.sites.get_index(owner.index()).map_or("", |(key, _)| key.as_str());
            wrong = Some(format!(
                "attribute `{}` belongs to site `{owner}`, expected it in segments of that site only",
                attribute.key
            ));
        }
        if let Rule::Is(Fact::Segment(id)) = part
            && let Some(segment) = state.segment(*id)
            && segment.state == SegmentState::Draft
        {
            wrong = Some(format!("segment `{}` is a draft, which nothing may refer to", segment.key));
        }
    });
    wrong.map_or(Ok(()), |message| Err(not_possible(message)))
}

impl Draft {
    pub(crate) fn define_segment(&mut self, definition: SegmentDefinition) -> Result<(), Error> {
        let key = check_key("segment", &definition.key)?.into_owned();
        let within = |error: Error| error.within(format_args!("segment `{key}`"));
        let site = definition.site.as_deref().map(|site| self.find_site(site)).transpose().map_err(within)?;
        let old = self.next.segments.get_full(&key).map(|(id, _, segment)| (id, segment.clone()));
        let site = match &old {
            Some((_, old)) if site.is_none() => old.site,
            _ => site,
        };
        if old.as_ref().is_some_and(|(_, old)| old.site != site) {
            return Err(not_possible(format!(
                "segment `{key}` is of another site, or of none, and cannot move"
            )));
        }
        let rule = definition.rule.as_ref().map(|rule| compile_rule(rule, site, &self.next));
        let rule = rule.transpose().map_err(within)?;
        let was = old.as_ref().map(|(_, old)| old);
        let segment = Segment {
            name: definition.name.or_else(|| was.map(|was| was.name.clone())).unwrap_or_else(|| key.clone()),
            key: key.clone(),
            site,
            rule: rule.or_else(|| was.and_then(|was| was.rule.clone())),
            state: definition.state.or(was.map(|was| was.state)).unwrap_or_default(),
            owner: definition.owner.or_else(|| was.and_then(|was| was.owner.clone())),
            description: definition.description.or_else(|| was.and_then(|was| was.description.clone())),
            sql_rows: definition.sql_rows.or(was.map(|was| was.sql_rows)).unwrap_or_default(),
        };
        if was == Some(&segment) {
            return Ok(());
        }
        let id = SegmentId::at(old.as_ref().map_or(self.next.segments.len(), |(id, _)| *id));
        let changes = was.is_none_or(|was| was.rule != segment.rule || was.state != segment.state);
        if changes {
            self.check_place(id, &segment, was).map_err(within)?;
            self.stale.insert(id);
            self.recompile = true;
        }
        self.freeze(id, was.map(|was| was.state), segment.state);
        Arc::make_mut(&mut self.next.segments).insert(key, segment.clone());
        self.record(Entry::Segment(id, segment));
        Ok(())
    }

    /// Refuses what goes round in a circle, and to make a draft of what others refer to.
    fn check_place(&self, id: SegmentId, segment: &Segment, was: Option<&Segment>) -> Result<(), Error> {
        let names = segment.rule.as_ref().map(named).unwrap_or_default();
        if !(names.0.is_empty() && names.1.is_empty()) {
            let mut segments = Catalog::clone(&self.next.segments);
            segments.insert(segment.key.clone(), segment.clone());
            levels(&segments, &self.next.rules)?;
        }
        if segment.state == SegmentState::Draft && was.is_some_and(|was| was.state != SegmentState::Draft) {
            let dependants = self.dependants_of_segment(id);
            if !dependants.is_empty() {
                let message =
                    format!("cannot become a draft, since others refer to it: {}", dependants.join(", "));
                return Err(not_possible(message));
            }
        }
        Ok(())
    }

    /// The segments and enrolment rules that refer to a segment, in words.
    fn dependants_of_segment(&self, id: SegmentId) -> Vec<String> {
        let names =
            |segment: &&Segment| segment.rule.as_ref().is_some_and(|rule| named(rule).0.contains(&id));
        let segments =
            self.next.segments.values().filter(names).map(|other| format!("segment `{}`", other.key));
        let rules = self.next.rules.values().filter(|rule| rule.segment == id);
        segments.chain(rules.map(|rule| format!("enrolment rule `{}`", rule.key))).collect()
    }

    /// Keeps, or lets go, the members that a segment has when it is paused.
    fn freeze(&mut self, id: SegmentId, was: Option<SegmentState>, is: SegmentState) {
        let was = was.unwrap_or(SegmentState::Draft);
        if was == is {
            return;
        }
        if is == SegmentState::Paused {
            // Paused again within one transaction, it has been paused all along.
            let all_along =
                self.before.segment(id).is_some_and(|before| before.state == SegmentState::Paused);
            let frozen = match self.before.hand(id) {
                Some(hand) if all_along => RowSet::clone(&hand.frozen),
                _ => self.before.members((id, None)),
            };
            self.next.set_frozen(id, frozen);
        } else if was == SegmentState::Paused {
            self.next.set_frozen(id, RowSet::default());
            // Its rules have held on to people; now they let go.
            let rules = self.next.rules.values().zip((0..).map(EnrolmentRuleId));
            let concerned = rules.filter(|(rule, _)| rule.segment == id).map(|(_, id)| id);
            self.rules.extend(concerned);
        }
    }

    /// The segments that have to be answered for everybody, those that name them included.
    pub(crate) fn stale_segments(&self) -> BTreeSet<SegmentId> {
        let mut stale = self.stale.clone();
        if stale.is_empty() {
            return stale;
        }
        let mut by_named: BTreeMap<SegmentId, Vec<SegmentId>> = BTreeMap::new();
        for (segment, id) in self.next.segments.values().zip((0..).map(SegmentId)) {
            for other in segment.rule.as_ref().map(named).unwrap_or_default().0 {
                by_named.entry(other).or_default().push(id);
            }
        }
        let mut rest: Vec<SegmentId> = stale.iter().copied().collect();
        while let Some(id) = rest.pop() {
            let others = by_named.get(&id).map_or(&[][..], Vec::as_slice);
            rest.extend(others.iter().copied().filter(|other| stale.insert(*other)));
        }
        stale
    }

    /// Whether any segment names enrolments, so that enrolment rules might go round in a circle.
    pub(crate) fn names_enrolments(&self) -> bool {
        !self.next.levels.courses.is_empty()
            || self
                .stale
                .iter()
                .filter_map(|id| self.next.segment(*id))
                .any(|segment| segment.rule.as_ref().is_some_and(|rule| !named(rule).1.is_empty()))
    }

    pub(crate) fn set_exception(
        &mut self,
        segment: &str,
        user: &str,
        exception: Option<Exception>,
    ) -> Result<(), Error> {
        let id =
            find(&self.next.segments, segment, ErrorKind::UnknownSegment, "segment").map(SegmentId::at)?;
        let user_id = Snapshot::user_in(&self.next, user)?;
        let manual = self.next.segment(id).is_some_and(|segment| segment.rule.is_none());
        if manual && exception == Some(Exception::Banned) {
            return Err(not_possible(format!(
                "segment `{segment}` has no rule that could select user `{user}`, so that there is nothing to ban"
            )));
        }
        if self.next.exception(id, user_id) == exception {
            return Ok(());
        }
        // The first decision puts other nodes into the graph.
        self.recompile |= self.next.hand(id).is_none();
        self.next.set_exception(id, user_id, exception);
        self.touched.note_hand(id, user_id.0);
        self.record(Entry::Exception { segment: id, user: user_id, exception });
        Ok(())
    }
}
