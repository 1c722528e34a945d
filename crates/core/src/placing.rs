//! One more definition among many: whether it can be, and who is settled when because of it, at the cost of what it
//! names and of what moves, not of all there are. Not here: all of them at once (`nesting`).

use std::collections::{BTreeSet, HashMap, VecDeque};

use matricula_rule::{CourseId, SegmentId};

use crate::nesting::{Definitions, Levels, MAX_NESTING, Part, Place, goes_round, place_after, too_long};
use crate::{EnrolmentRule, EnrolmentRuleId, Error};

/// A definition that is about to be made, new or in place of an earlier one.
#[derive(Clone, Copy)]
pub(crate) enum Edit<'a> {
    /// A segment of this key, whose rule names these.
    Segment(SegmentId, &'a str, &'a BTreeSet<Part>),
    Rule(EnrolmentRuleId, &'a EnrolmentRule),
}

/// What a definition does to the order.
#[derive(Debug, Default)]
pub(crate) struct Placing {
    moved: HashMap<Part, Place>,
    /// How many places were looked at to find out.
    looked_at: usize,
}

impl Levels {
    /// What a definition would do to the order.
    ///
    /// # Errors
    /// `not_possible` if it would close a circle, with its path; `too_many` if a chain would be too long.
    pub(crate) fn try_edit(&self, definitions: Definitions<'_>, edit: Edit<'_>) -> Result<Placing, Error> {
        let mut trial = Trial { levels: self, definitions, edit, placing: Placing::default() };
        trial.refuse_circle()?;
        trial.place()?;
        Ok(trial.placing)
    }

    /// Makes a definition, which the definitions given do not have yet.
    pub(crate) fn edit(&mut self, definitions: Definitions<'_>, edit: Edit<'_>, placing: Placing) {
        match edit {
            Edit::Segment(id, _, names) => {
                let before = definitions.named_by(id);
                // What it names as before keeps its place.
                self.link_segment(id, names);
                self.unlink_segment(id, &before.difference(names).copied().collect());
            }
            Edit::Rule(id, rule) => {
                if let Some(before) = definitions.rule(id) {
                    self.unlink_rule(id, before);
                }
                self.link_rule(id, rule);
            }
        }
        placing.moved.into_iter().for_each(|(part, place)| self.put(part, place));
    }
}

struct Trial<'a> {
    levels: &'a Levels,
    definitions: Definitions<'a>,
    edit: Edit<'a>,
    placing: Placing,
}

impl Trial<'_> {
    /// The enrolment rule that is about to be, if it leads to a course.
    fn edited_rule(&self, course: CourseId) -> Option<&EnrolmentRule> {
        match self.edit {
            Edit::Rule(_, rule) if rule.courses.contains(&course) => Some(rule),
            _ => None,
        }
    }

    /// The enrolment rules that lead to a course, but for the one that is about to be.
    fn other_rules(&self, course: CourseId) -> impl Iterator<Item = &EnrolmentRule> {
        let edited = match self.edit {
            Edit::Rule(id, _) => Some(id),
            Edit::Segment(..) => None,
        };
        let rules = self.levels.rules(Part::Course(course)).iter().filter(move |id| Some(**id) != edited);
        rules.filter_map(|id| self.definitions.rule(*id))
    }

    /// What a part follows from, once the definition is made.
    fn follows_from(&self, part: Part) -> Vec<Part> {
        match (part, self.edit) {
            (Part::Segment(id), Edit::Segment(edited, _, names)) if id == edited => {
                names.iter().copied().collect()
            }
            (Part::Segment(id), _) => self.definitions.named_by(id).into_iter().collect(),
            (Part::Course(id), _) => {
                let rules = self.other_rules(id).chain(self.edited_rule(id));
                rules.map(|rule| Part::Segment(rule.segment)).collect()
            }
        }
    }

    /// Whether a segment names a course, once the definition is made.
    fn is_named(&self, course: Part) -> bool {
        let newly = matches!(self.edit, Edit::Segment(_, _, names) if names.contains(&course));
        newly || self.levels.place(course).is_some()
    }

    /// The parts that segments name and that follow from a segment, or the segments that name a course.
    fn followers(&self, part: Part) -> Vec<Part> {
        let mut followers: Vec<Part> = self.levels.naming(part).iter().copied().map(Part::Segment).collect();
        if let Part::Segment(_) = part {
            let rules = self.levels.rules(part).iter().filter_map(|id| self.definitions.rule(*id));
            let edited = match self.edit {
                Edit::Rule(_, rule) if Part::Segment(rule.segment) == part => Some(rule),
                _ => None,
            };
            let rules = rules.chain(edited);
            let courses: BTreeSet<CourseId> = rules.flat_map(|rule| &rule.courses).copied().collect();
            let courses = courses.into_iter().map(Part::Course);
            followers.extend(courses.filter(|course| self.is_named(*course)));
        }
        followers
    }

    /// Looks downward from what the definition is about, for whether it comes back there.
    fn refuse_circle(&mut self) -> Result<(), Error> {
        // Where the way would begin, and where it would have to come by to be a circle.
        let (start, ends): (Part, Vec<Part>) = match self.edit {
            Edit::Segment(id, _, names) => {
                let itself = Part::Segment(id);
                let is_followed = names.contains(&itself) || !self.followers(itself).is_empty();
                (itself, if is_followed { vec![itself] } else { Vec::new() })
            }
            Edit::Rule(_, rule) => {
                let named = rule.courses.iter().filter(|course| self.levels.courses.contains_key(course));
                (Part::Segment(rule.segment), named.copied().map(Part::Course).collect())
            }
        };
        if ends.is_empty() {
            return Ok(());
        }
        // A segment that leads down to an end has a longer chain than that, a course at least as long a one.
        // Of a course that no segment named before, nothing is known.
        let chain = |part: Part| self.levels.place(part).map(|place| place.chain);
        let leads_down = |part: Part, shortest: usize| match part {
            Part::Segment(_) => chain(part).is_none_or(|chain| chain > shortest),
            Part::Course(_) => chain(part).is_none_or(|chain| chain >= shortest),
        };
        let shortest = ends.iter().map(|end| chain(*end).unwrap_or_default()).min().unwrap_or_default();
        let mut came_from: HashMap<Part, Part> = HashMap::new();
        let mut rest = VecDeque::from([start]);
        let mut looked_at = 0;
        while let Some(part) = rest.pop_front() {
            for next in self.follows_from(part) {
                looked_at += 1;
                let is_end = ends.contains(&next);
                if !is_end && (came_from.contains_key(&next) || !leads_down(next, shortest)) {
                    continue;
                }
                came_from.entry(next).or_insert(part);
                if is_end {
                    return Err(self.circle(start, next, &came_from));
                }
                rest.push_back(next);
            }
        }
        self.placing.looked_at += looked_at;
        Ok(())
    }

    fn circle(&self, start: Part, end: Part, came_from: &HashMap<Part, Part>) -> Error {
        let mut way = vec![end];
        let mut at = end;
        while let Some(before) = came_from.get(&at) {
            way.push(*before);
            at = *before;
            if at == start {
                break;
            }
        }
        way.reverse();
        if end != start {
            way.push(start);
        }
        let key = |id| match self.edit {
            Edit::Segment(edited, key, _) if edited == id => key,
            _ => self.definitions.segment(id).map_or("", |segment| &segment.key),
        };
        let rule = |course, segment| {
            let edited = self.edited_rule(course).filter(|rule| rule.segment == segment);
            let rule = edited.or_else(|| self.other_rules(course).find(|rule| rule.segment == segment));
            rule.map_or("", |rule| &rule.key)
        };
        goes_round(way.into_iter(), key, rule)
    }

    /// Puts the definition in its place, and what follows from it, as far as that moves.
    fn place(&mut self) -> Result<(), Error> {
        let mut rest: VecDeque<Part> = VecDeque::new();
        match self.edit {
            Edit::Segment(id, _, names) => {
                let new = names.iter().filter(|part| self.levels.place(**part).is_none());
                rest.extend(new.copied().chain([Part::Segment(id)]));
            }
            Edit::Rule(id, rule) => {
                let before = self.definitions.rule(id);
                let is_named = |course: &&CourseId| self.levels.courses.contains_key(course);
                match before {
                    // A course stands after all rules that lead there: one more can only move it up.
                    None => {
                        for course in rule.courses.iter().filter(is_named) {
                            let part = Part::Course(*course);
                            let after =
                                place_after(part, [self.now(Part::Segment(rule.segment))].into_iter());
                            let was = self.levels.place(part).unwrap_or_default();
                            let place = Place {
                                round: was.round.max(after.round),
                                chain: was.chain.max(after.chain),
                            };
                            self.placing.looked_at += 1;
                            self.set(part, place, &mut rest);
                        }
                    }
                    Some(before) => {
                        let courses: BTreeSet<_> = before.courses.iter().chain(&rule.courses).collect();
                        rest.extend(courses.into_iter().filter(is_named).map(|id| Part::Course(*id)));
                    }
                }
            }
        }
        while let Some(part) = rest.pop_front() {
            let others = self.follows_from(part);
            self.placing.looked_at += 1 + others.len();
            let place = place_after(part, others.into_iter().map(|other| self.now(other)));
            self.set(part, place, &mut rest);
        }
        if self.placing.moved.values().any(|place| place.chain > MAX_NESTING) {
            return Err(too_long());
        }
        Ok(())
    }

    /// Where a part stands as far as is known now.
    fn now(&self, part: Part) -> Place {
        let known = self.placing.moved.get(&part).copied().or_else(|| self.levels.place(part));
        known.unwrap_or_default()
    }

    fn set(&mut self, part: Part, place: Place, rest: &mut VecDeque<Part>) {
        let known = self.placing.moved.get(&part).copied().or_else(|| self.levels.place(part));
        if known != Some(place) {
            self.placing.moved.insert(part, place);
            rest.extend(self.followers(part));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says so by panicking")]
mod tests {
    use std::sync::Arc;

    use matricula_rule::{Fact, Rule};
    use proptest::prelude::*;

    use super::*;
    use crate::model::Catalog;
    use crate::nesting::{levels, named};
    use crate::{LeavePolicy, Segment, SegmentState};

    #[derive(Clone, Debug)]
    enum Made {
        /// A segment that names these segments and courses.
        Segment(u32, Vec<u32>, Vec<u32>),
        /// An enrolment rule over a segment that leads to these courses.
        Rule(u32, u32, Vec<u32>),
    }

    /// Definitions, put in place one by one.
    #[derive(Clone, Default)]
    struct Bench {
        segments: Catalog<Segment>,
        rules: Catalog<EnrolmentRule>,
        levels: Arc<Levels>,
    }

    fn segment(id: u32, segments: &[u32], courses: &[u32]) -> Segment {
        let segments = segments.iter().map(|id| Rule::Is(Fact::Segment(SegmentId(*id))));
        let courses = courses.iter().map(|id| Rule::Is(Fact::Enrolled(CourseId(*id))));
        Segment {
            key: format!("s{id}"),
            name: String::new(),
            site: None,
            rule: Some(Rule::Any(segments.chain(courses).collect())),
            state: SegmentState::Active,
            owner: None,
            description: None,
            sql_rows: false,
            deleted: false,
        }
    }

    fn rule(id: u32, segment: u32, courses: &[u32]) -> EnrolmentRule {
        let courses = courses.iter().map(|id| CourseId(*id)).collect();
        EnrolmentRule::new(format!("r{id}"), SegmentId(segment), courses, LeavePolicy::Keep)
    }

    impl Bench {
        /// Makes a definition, and says how many places were looked at.
        fn make(&mut self, made: &Made) -> Result<usize, Error> {
            let definitions = Definitions { segments: &self.segments, rules: &self.rules };
            match made {
                Made::Segment(id, segments, courses) => {
                    let new = segment(*id, segments, courses);
                    let names = named(new.rule.as_ref());
                    let edit = Edit::Segment(SegmentId(*id), &new.key, &names);
                    let placing = self.levels.try_edit(definitions, edit)?;
                    let looked_at = placing.looked_at;
                    Arc::make_mut(&mut self.levels).edit(definitions, edit, placing);
                    self.segments.insert(new.key.clone(), new);
                    Ok(looked_at)
                }
                Made::Rule(id, of, courses) => {
                    let new = rule(*id, *of, courses);
                    let edit = Edit::Rule(EnrolmentRuleId(*id), &new);
                    let placing = self.levels.try_edit(definitions, edit)?;
                    let looked_at = placing.looked_at;
                    Arc::make_mut(&mut self.levels).edit(definitions, edit, placing);
                    self.rules.insert(new.key.clone(), new);
                    Ok(looked_at)
                }
            }
        }

        /// The same from scratch: everything put in order again.
        fn all_at_once(&self, made: &Made) -> Result<Levels, Error> {
            let mut all = self.clone();
            match made {
                Made::Segment(id, segments, courses) => {
                    drop(all.segments.insert(format!("s{id}"), segment(*id, segments, courses)));
                }
                Made::Rule(id, of, courses) => {
                    drop(all.rules.insert(format!("r{id}"), rule(*id, *of, courses)));
                }
            }
            levels(&all.segments, &all.rules)
        }
    }

    fn some(of: u32, most: usize) -> impl Strategy<Value = Vec<u32>> {
        prop::collection::vec(0..of, 0..most)
    }

    proptest! {
        #![proptest_config(matricula_testkit::cases(256))]

        #[test]
        fn one_by_one_is_all_at_once(
            made in prop::collection::vec(
                prop_oneof![
                    2 => (0..9_u32, some(9, 3), some(4, 2)).prop_map(|(id, s, c)| Made::Segment(id, s, c)),
                    1 => (0..5_u32, 0..9_u32, some(4, 3)).prop_map(|(id, s, c)| Made::Rule(id, s, c)),
                ],
                1..60,
            )
        ) {
            let mut bench = Bench::default();
            for id in 0..9 {
                bench.make(&Made::Segment(id, vec![], vec![])).unwrap();
            }
            for id in 0..5 {
                bench.make(&Made::Rule(id, 0, vec![])).unwrap();
            }
            for made in made {
                let (before, expected) = (bench.levels.clone(), bench.all_at_once(&made));
                match (bench.make(&made), expected) {
                    (Ok(_), Ok(expected)) => prop_assert_eq!(&*bench.levels, &expected, "after {:?}", made),
                    (Err(_), Err(_)) => prop_assert_eq!(&bench.levels, &before),
                    (found, expected) => prop_assert!(false, "{made:?}: {found:?}, {expected:?}"),
                }
            }
        }
    }

    #[test]
    fn a_chain_ends_at_so_many_in_whatever_order_it_is_made() {
        let longest = u32::try_from(MAX_NESTING).unwrap();
        let named_first =
            (0..longest + 1).map(|id| Made::Segment(id, id.checked_sub(1).into_iter().collect(), vec![]));
        let mut bench = Bench::default();
        let refused: Vec<bool> = named_first.map(|made| bench.make(&made).is_err()).collect();
        assert_eq!(refused.iter().position(|refused| *refused), Some(MAX_NESTING));
        // The other way round: each begins to name the next, which begins the chain.
        let mut bench = Bench::default();
        for id in 0..=longest {
            bench.make(&Made::Segment(id, vec![], vec![])).unwrap();
        }
        let namers = (0..longest).map(|id| Made::Segment(id, vec![id + 1], vec![]));
        let refused: Vec<bool> = namers.map(|made| bench.make(&made).is_err()).collect();
        assert_eq!(refused.iter().position(|refused| *refused), Some(MAX_NESTING - 1));
    }

    #[test]
    fn a_definition_costs_what_it_names_however_many_there_are() {
        let mut bench = Bench::default();
        let mut looked_at = Vec::new();
        for id in 0..3_000_u32 {
            // Chains of 30 over one segment that all begin with, which names enrolments in one course.
            let below = if id % 30 == 0 { 0 } else { id - 1 };
            let (segments, courses) = if id == 0 { (vec![], vec![0]) } else { (vec![0, below], vec![]) };
            looked_at.push(bench.make(&Made::Segment(id, segments, courses)).unwrap());
        }
        for id in 0..3_000_u32 {
            looked_at.push(bench.make(&Made::Rule(id, id, vec![1 + id % 7])).unwrap());
        }
        // Made again as they were, which moves nothing.
        for id in 1..3_000_u32 {
            let below = if id % 30 == 0 { 0 } else { id - 1 };
            looked_at.push(bench.make(&Made::Segment(id, vec![0, below], vec![])).unwrap());
        }
        assert!(looked_at.iter().all(|count| *count <= 40), "{:?}", looked_at.iter().max());
        let all: usize = looked_at.iter().sum();
        assert!(all <= 6 * looked_at.len(), "{all} places for {} definitions", looked_at.len());
    }
}
