//! Changes of segments: their rules in any notation, their state, and who is in or out by hand. Not here: who follows
//! from a rule (`derive`).

use std::collections::BTreeSet;
use std::sync::Arc;

use matricula_rule::{Rule, SegmentId, SiteId, check, parse, validate};

use crate::RowSet;
use crate::draft::{Draft, find, not_possible};
use crate::isolation::{NamesFor, check_rule};
use crate::model::check_key;
use crate::nesting::{Definitions, Part, named};
use crate::placing::Edit;
use crate::state::State;
use crate::{Entry, Error, ErrorKind, Exception, RuleSource, Segment, SegmentDefinition, SegmentState};

/// A rule from any notation, checked against everything that it names.
pub(crate) fn compile_rule(source: &RuleSource, site: Option<SiteId>, state: &State) -> Result<Rule, Error> {
    let names = NamesFor { site, state };
    let rule = match source {
        RuleSource::Text(text) => check(&parse(text)?, &names)?,
        RuleSource::Typed(rule) => {
            validate(rule, &names)?;
            rule.clone()
        }
        RuleSource::Builder(json) => matricula_rule::from_builder_text(json, &names)?,
    };
    check_rule(&rule, site, state)?;
    Ok(rule)
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
            deleted: false,
        };
        if was == Some(&segment) {
            return Ok(());
        }
        let id = SegmentId::at(old.as_ref().map_or(self.next.segments.len(), |(id, _)| *id));
        self.put_segment(id, was, segment)
    }

    /// Makes a segment what it was before.
    pub(crate) fn restore_segment(&mut self, id: SegmentId, segment: Segment) -> Result<(), Error> {
        let within = |error: Error| error.within(format_args!("segment `{}`", segment.key));
        if let Some(rule) = &segment.rule {
            compile_rule(&RuleSource::Typed(rule.clone()), segment.site, &self.next).map_err(within)?;
        }
        let was = self.next.segment(id).cloned();
        self.put_segment(id, was.as_ref(), segment)
    }

    fn put_segment(&mut self, id: SegmentId, was: Option<&Segment>, segment: Segment) -> Result<(), Error> {
        let key = segment.key.clone();
        let within = |error: Error| error.within(format_args!("segment `{key}`"));
        let changes = was.is_none_or(|was| was.rule != segment.rule || was.state != segment.state);
        if changes {
            self.refuse_draft_in_use(id, &segment, was).map_err(within)?;
            let names = named(segment.rule.as_ref());
            self.put_in_place(Edit::Segment(id, &key, &names)).map_err(within)?;
            self.stale.insert(id);
            self.recompile = true;
        }
        self.freeze(id, was.map(|was| was.state), segment.state);
        Arc::make_mut(&mut self.next.segments).insert(key, segment.clone());
        self.record(Entry::Segment(id, segment));
        Ok(())
    }

    /// Puts a definition that is about to be made in its place among the others, unless it would close a circle.
    pub(crate) fn put_in_place(&mut self, edit: Edit<'_>) -> Result<(), Error> {
        let state = &mut self.next;
        let definitions = Definitions { segments: &state.segments, rules: &state.rules };
        let placing = state.levels.try_edit(definitions, edit)?;
        Arc::make_mut(&mut state.levels).edit(definitions, edit, placing);
        Ok(())
    }

    /// Refuses to make a draft of what others refer to.
    fn refuse_draft_in_use(
        &self,
        id: SegmentId,
        segment: &Segment,
        was: Option<&Segment>,
    ) -> Result<(), Error> {
        if segment.state != SegmentState::Draft || was.is_none_or(|was| was.state == SegmentState::Draft) {
            return Ok(());
        }
        let dependants = self.dependants_of_segment(id);
        if dependants.is_empty() {
            return Ok(());
        }
        let message = format!("cannot become a draft, since others refer to it: {}", dependants.join(", "));
        Err(not_possible(message))
    }

    /// The segments and enrolment rules that refer to a segment, in words.
    pub(crate) fn dependants_of_segment(&self, id: SegmentId) -> Vec<String> {
        let (levels, part) = (&self.next.levels, Part::Segment(id));
        let segments = levels.naming(part).iter().filter_map(|id| self.next.segment(*id));
        let segments = segments.map(|other| format!("segment `{}`", other.key));
        let rules = levels.rules(part).iter().filter_map(|id| self.next.rule(*id));
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
            self.rules.extend(self.next.levels.rules(Part::Segment(id)));
        }
    }

    /// The segments that have to be answered for everybody, those that name them included.
    pub(crate) fn stale_segments(&self) -> BTreeSet<SegmentId> {
        let mut stale = self.stale.clone();
        let mut rest: Vec<SegmentId> = stale.iter().copied().collect();
        while let Some(id) = rest.pop() {
            let others = self.next.levels.naming(Part::Segment(id));
            rest.extend(others.iter().copied().filter(|other| stale.insert(*other)));
        }
        stale
    }

    pub(crate) fn set_exception(
        &mut self,
        segment: &str,
        user: &str,
        exception: Option<Exception>,
    ) -> Result<(), Error> {
        let id =
            find(&self.next.segments, segment, ErrorKind::UnknownSegment, "segment").map(SegmentId::at)?;
        let user_id = self.living(user)?;
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
