//! What a rule would select, before it is saved: who would join and leave, how many at each site, and what is strange
//! about it. Nothing is changed. Not here: what a transaction would do to enrolments, which its own preview says.

use matricula_rule::{Rule, SegmentId, SiteId, describe, print};

use crate::compile::Compiler;
use crate::draft::find;
use crate::graph::{Graph, Node, Rows};
use crate::lint::lints;
use crate::nesting::{Definitions, named};
use crate::placing::Edit;
use crate::segments::compile_rule;
use crate::state::State;
use crate::{Draft, Error, ErrorKind, Instant, Lint, RowSet, RuleSource, Snapshot, UserId};

/// What a rule would select.
#[derive(Clone, Debug)]
pub struct RulePreview {
    /// The rule, checked.
    pub rule: Rule,
    /// The rule as text, in its one canonical form.
    pub text: String,
    /// The rule in English.
    pub description: String,
    /// Who would be in, pins and bans considered, as rows: the numbers of [`UserId`]s.
    pub members: RowSet,
    /// Who of them is not in the segment otherwise.
    pub joining: RowSet,
    /// Who is in the segment otherwise and would no longer be.
    pub leaving: RowSet,
    /// Who is left out because the rule cannot be answered for want of a value.
    pub unknown: RowSet,
    /// How many of those who would be in are active members of each site, by key; one person may count at several.
    pub by_site: Vec<(String, usize)>,
    /// The keys of the first of them.
    pub sample: Vec<String>,
    /// What is strange about the rule.
    pub lints: Vec<Lint>,
}

/// So many people are named in a sample.
const SAMPLE: usize = 10;

impl Snapshot {
    /// What a rule would select among the active members of a site, or of any, if a transaction at an instant saved it;
    /// compared with a segment that has another rule until then, if one is given, whose site then counts. As for a
    /// transaction, time passes first, and the registry's clock counts if that is later.
    ///
    /// ```
    /// use matricula_core::{Draft, Instant, Snapshot, UserUpdate};
    ///
    /// let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
    /// draft.apply(UserUpdate::new("ann").into())?;
    /// let snapshot = draft.finish("hr", "").snapshot;
    /// let preview = snapshot.preview_rule(&r#"account.key == "ann""#.into(), None, None, Instant::EPOCH)?;
    /// assert_eq!((preview.members.len(), preview.joining.len()), (1, 1));
    /// # Ok::<(), matricula_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong with the rule; `unknown_site`, `unknown_segment`; `not_possible` if the segment would depend on
    /// itself, `too_many` if it would end a chain of too many.
    pub fn preview_rule(
        &self,
        source: &RuleSource,
        site: Option<&str>,
        segment: Option<&str>,
        at: Instant,
    ) -> Result<RulePreview, Error> {
        let site = site.map(|site| find(&self.0.sites, site, ErrorKind::UnknownSite, "site")).transpose()?;
        let segment = segment.map(|segment| self.segment_id(segment)).transpose()?;
        let site = match segment.and_then(|segment| self.segment(segment)) {
            Some(segment) => segment.site,
            None => site.map(SiteId::at),
        };
        let rule = compile_rule(source, site, &self.0)?;
        let id = segment.unwrap_or_else(|| SegmentId::at(self.0.segments.len()));
        let key = self.segment(id).map_or("", |segment| &segment.key);
        let definitions = Definitions { segments: &self.0.segments, rules: &self.0.rules };
        self.0.levels.try_edit(definitions, Edit::Segment(id, key, &named(Some(&rule))))?;
        Ok(Draft::new(self, at).inputs().preview_of(rule, site, segment))
    }

    /// What is strange about the rule of a segment; nothing about one whose members are put in by hand.
    ///
    /// # Errors
    /// `unknown_segment`.
    pub fn lints(&self, segment: &str) -> Result<Vec<Lint>, Error> {
        let id = self.segment_id(segment)?;
        let segment = self.segment(id);
        let rule = segment.and_then(|segment| segment.rule.clone());
        let site = segment.and_then(|segment| segment.site);
        Ok(rule.map(|rule| self.preview_of(rule, site, Some(id)).lints).unwrap_or_default())
    }

    fn preview_of(&self, rule: Rule, site: Option<SiteId>, segment: Option<SegmentId>) -> RulePreview {
        let (selected, unknown) = select(&self.0, &rule, site, segment);
        let now = segment.map(|segment| self.members_of(segment)).unwrap_or_default();
        let by_site = self.sites().zip(0..).map(|(site, index)| {
            let here = |row: &u32| self.0.counts_in(UserId(*row), SiteId::at(index));
            (site.key.clone(), selected.iter().filter(here).count())
        });
        RulePreview {
            text: print(&rule, self),
            description: describe(&rule, self),
            joining: selected.difference(&now),
            leaving: now.difference(&selected),
            by_site: by_site.collect(),
            sample: selected.iter().take(SAMPLE).map(|row| self.user_key(UserId(row)).to_owned()).collect(),
            lints: lints(self, &rule, site, segment, &unknown),
            members: selected,
            unknown,
            rule,
        }
    }
}

/// Those whom a rule selects, and those for whom it is unknown.
fn select(state: &State, rule: &Rule, site: Option<SiteId>, segment: Option<SegmentId>) -> (RowSet, RowSet) {
    let mut state = state.clone();
    let mut graph = Graph::default();
    let mut compiler = Compiler::new(&state, &mut graph);
    let zone = state.zone(site);
    let (yes, no) = (compiler.rule(rule, zone, false), compiler.rule(rule, zone, true));
    let universe = compiler.universe(site);
    let chosen = match segment {
        None => yes,
        Some(segment) => {
            let pinned = graph.add(Node::Rows(Rows::Pinned(segment)));
            let banned = graph.add(Node::Rows(Rows::Banned(segment)));
            let chosen = graph.add_any(vec![yes, pinned]);
            graph.add(Node::Except(chosen, banned))
        }
    };
    let selected = graph.add_all(vec![universe, chosen]);
    let known = graph.add_any(vec![yes, no]);
    let unknown = graph.add(Node::Except(universe, known));
    graph.finish();
    state.graph = std::sync::Arc::new(graph);
    state.gather_due();
    state.teach_constants();
    state.measure(state.clock.unwrap_or(Instant::EPOCH));
    let mut sets = state.questions().sets(&[selected, unknown]).into_iter();
    (sets.next().unwrap_or_default(), sets.next().unwrap_or_default())
}
