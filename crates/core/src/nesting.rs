//! Segments that name other segments, or enrolments that follow from segments: in what order they are answered, and
//! that none of them goes round in a circle. Not here: one more definition among many (`placing`), and the answers
//! (`derive`).

use std::collections::{BTreeSet, HashMap};

use matricula_rule::{CourseId, Fact, Field, Rule, SegmentId};

use crate::model::Catalog;
use crate::{EnrolmentRule, EnrolmentRuleId, Error, ErrorKind, Segment};

/// How long a chain of segments that name each other may be.
pub(crate) const MAX_NESTING: usize = 32;

/// What is settled in some order: who is in a segment, and who is enrolled in a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    Segment(SegmentId),
    Course(CourseId),
}

/// Where a part stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) round: u32,
    /// How many segments the longest chain down from here has, itself included.
    pub(crate) chain: usize,
}

/// In which round each segment and each course is settled: segments of round 0 name no enrolments, courses of round
/// n + 1 follow from segments of round n, and segments that name those courses are of round n + 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Levels {
    pub(crate) segments: Vec<Place>,
    /// The rounds of the courses that segments name; others wait until everything is settled.
    pub(crate) courses: HashMap<CourseId, u32>,
    /// The longest chains down from those courses.
    pub(crate) chains: HashMap<CourseId, usize>,
    /// The segments that name a part, in order.
    naming: HashMap<Part, Vec<SegmentId>>,
    /// The enrolment rules over a segment, and those that lead to a course, in order.
    rules: HashMap<Part, Vec<EnrolmentRuleId>>,
}

impl Levels {
    pub(crate) fn of_segment(&self, segment: SegmentId) -> u32 {
        self.segments.get(segment.index()).map_or(0, |place| place.round)
    }

    /// Where a part stands, if it has been put anywhere.
    pub(crate) fn place(&self, part: Part) -> Option<Place> {
        match part {
            Part::Segment(id) => self.segments.get(id.index()).copied(),
            Part::Course(id) => Some(Place { round: *self.courses.get(&id)?, chain: *self.chains.get(&id)? }),
        }
    }

    pub(crate) fn put(&mut self, part: Part, place: Place) {
        match part {
            Part::Segment(id) => {
                if id.index() >= self.segments.len() {
                    self.segments.resize(id.index() + 1, Place::default());
                }
                if let Some(stands) = self.segments.get_mut(id.index()) {
                    *stands = place;
                }
            }
            Part::Course(id) => {
                self.courses.insert(id, place.round);
                self.chains.insert(id, place.chain);
            }
        }
    }

    /// The segments that name a part.
    pub(crate) fn naming(&self, part: Part) -> &[SegmentId] {
        self.naming.get(&part).map_or(&[], Vec::as_slice)
    }

    /// The enrolment rules over a segment, or those that lead to a course.
    pub(crate) fn rules(&self, part: Part) -> &[EnrolmentRuleId] {
        self.rules.get(&part).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn link_segment(&mut self, id: SegmentId, names: &BTreeSet<Part>) {
        names.iter().for_each(|part| add(&mut self.naming, *part, id));
    }

    pub(crate) fn unlink_segment(&mut self, id: SegmentId, names: &BTreeSet<Part>) {
        for part in names {
            remove(&mut self.naming, *part, id);
            if let Part::Course(course) = part
                && self.naming(*part).is_empty()
            {
                self.courses.remove(course);
                self.chains.remove(course);
            }
        }
    }

    pub(crate) fn link_rule(&mut self, id: EnrolmentRuleId, rule: &EnrolmentRule) {
        parts_of(rule).for_each(|part| add(&mut self.rules, part, id));
    }

    pub(crate) fn unlink_rule(&mut self, id: EnrolmentRuleId, rule: &EnrolmentRule) {
        parts_of(rule).for_each(|part| remove(&mut self.rules, part, id));
    }
}

fn parts_of(rule: &EnrolmentRule) -> impl Iterator<Item = Part> + '_ {
    std::iter::once(Part::Segment(rule.segment)).chain(rule.courses.iter().copied().map(Part::Course))
}

fn add<T: Ord>(to: &mut HashMap<Part, Vec<T>>, part: Part, id: T) {
    let ids = to.entry(part).or_default();
    if let Err(place) = ids.binary_search(&id) {
        ids.insert(place, id);
    }
}

fn remove<T: Ord>(from: &mut HashMap<Part, Vec<T>>, part: Part, id: T) {
    let Some(ids) = from.get_mut(&part) else { return };
    if let Ok(place) = ids.binary_search(&id) {
        ids.remove(place);
    }
    if ids.is_empty() {
        from.remove(&part);
    }
}

/// The segments and the courses whose members and enrolments a rule names.
pub(crate) fn named(rule: Option<&Rule>) -> BTreeSet<Part> {
    let mut parts = BTreeSet::new();
    if let Some(rule) = rule {
        rule.visit(&mut |part| {
            match part {
                Rule::Is(Fact::Segment(segment)) => parts.insert(Part::Segment(*segment)),
                Rule::Is(Fact::Enrolled(course)) => parts.insert(Part::Course(*course)),
                // A due date is one of an enrolment.
                other => match other.field() {
                    Some(Field::Due(course)) => parts.insert(Part::Course(course)),
                    _ => false,
                },
            };
        });
    }
    parts
}

/// Where a part stands that follows from others.
pub(crate) fn place_after(part: Part, others: impl Iterator<Item = Place>) -> Place {
    let most = others.fold(None, |most: Option<Place>, other| {
        let most = most.unwrap_or_default();
        Some(Place { round: most.round.max(other.round), chain: most.chain.max(other.chain) })
    });
    match (part, most) {
        (Part::Segment(_), most) => {
            let most = most.unwrap_or_default();
            Place { chain: most.chain + 1, ..most }
        }
        (Part::Course(_), None) => Place::default(),
        (Part::Course(_), Some(most)) => Place { round: most.round + 1, ..most },
    }
}

/// The definitions, and what follows from what among them.
#[derive(Clone, Copy)]
pub(crate) struct Definitions<'a> {
    pub(crate) segments: &'a Catalog<Segment>,
    pub(crate) rules: &'a Catalog<EnrolmentRule>,
}

impl<'a> Definitions<'a> {
    pub(crate) fn segment(&self, id: SegmentId) -> Option<&'a Segment> {
        self.segments.get_index(id.index()).map(|(_, segment)| segment)
    }

    pub(crate) fn rule(&self, id: EnrolmentRuleId) -> Option<&'a EnrolmentRule> {
        self.rules.get_index(id.index()).map(|(_, rule)| rule)
    }

    pub(crate) fn named_by(&self, id: SegmentId) -> BTreeSet<Part> {
        named(self.segment(id).and_then(|segment| segment.rule.as_ref()))
    }
}

/// Puts all segments and courses in order.
///
/// # Errors
/// `not_possible` if some go round in a circle, with its path; `too_many` if a chain is too long.
pub(crate) fn levels(segments: &Catalog<Segment>, rules: &Catalog<EnrolmentRule>) -> Result<Levels, Error> {
    let definitions = Definitions { segments, rules };
    let mut levels = Levels::default();
    for (rule, id) in rules.values().zip((0..).map(EnrolmentRuleId)).filter(|(rule, _)| !rule.deleted) {
        levels.link_rule(id, rule);
    }
    let ids = || (0..segments.len()).map(SegmentId::at);
    ids().for_each(|id| levels.link_segment(id, &definitions.named_by(id)));
    levels.segments.resize(segments.len(), Place::default());
    let mut walk = Walk { definitions, levels, path: Vec::new() };
    for id in ids() {
        walk.settle(Part::Segment(id))?;
    }
    Ok(walk.levels)
}

struct Walk<'a> {
    definitions: Definitions<'a>,
    levels: Levels,
    path: Vec<Part>,
}

impl Walk<'_> {
    fn settle(&mut self, part: Part) -> Result<Place, Error> {
        // Every segment is in a chain of at least itself, once it has been put in its place.
        let settled =
            self.levels.place(part).filter(|place| place.chain > 0 || matches!(part, Part::Course(_)));
        if let Some(place) = settled {
            return Ok(place);
        }
        if let Some(start) = self.path.iter().position(|earlier| *earlier == part) {
            let circle = self.path.get(start..).unwrap_or_default().iter().copied().chain([part]);
            let rule = |course, segment| self.rule_between(course, segment);
            let key = |segment| self.definitions.segment(segment).map_or("", |segment| &segment.key);
            return Err(goes_round(circle, key, rule));
        }
        self.path.push(part);
        let segments = self.path.iter().filter(|part| matches!(part, Part::Segment(_))).count();
        if segments > MAX_NESTING {
            return Err(too_long());
        }
        let others: BTreeSet<Part> = match part {
            Part::Segment(id) => self.definitions.named_by(id),
            Part::Course(_) => {
                let rules = self.levels.rules(part).iter().filter_map(|id| self.definitions.rule(*id));
                rules.map(|rule| Part::Segment(rule.segment)).collect()
            }
        };
        let mut places = Vec::with_capacity(others.len());
        for other in others {
            places.push(self.settle(other)?);
        }
        self.path.pop();
        let place = place_after(part, places.into_iter());
        if place.chain > MAX_NESTING {
            return Err(too_long());
        }
        self.levels.put(part, place);
        Ok(place)
    }

    fn rule_between(&self, course: CourseId, segment: SegmentId) -> &str {
        let mut rules = self.levels.rules(Part::Course(course)).iter();
        let rule = rules.find_map(|id| self.definitions.rule(*id).filter(|rule| rule.segment == segment));
        rule.map_or("", |rule| &rule.key)
    }
}

pub(crate) fn too_long() -> Error {
    let message = format!("segments name each other in a chain of more than {MAX_NESTING}");
    Error::new(ErrorKind::TooMany, message)
}

/// The error of a circle, with the way round.
pub(crate) fn goes_round<'a>(
    circle: impl Iterator<Item = Part>,
    key: impl Fn(SegmentId) -> &'a str,
    rule: impl Fn(CourseId, SegmentId) -> &'a str,
) -> Error {
    let mut way: Vec<String> = Vec::new();
    let mut enrolled = None;
    for part in circle {
        match part {
            Part::Segment(id) => {
                if let Some(course) = enrolled.take() {
                    way.push(format!("enrolment rule {}", rule(course, id)));
                }
                way.push(format!("segment {}", key(id)));
            }
            Part::Course(id) => {
                way.push("enrolled".to_owned());
                enrolled = Some(id);
            }
        }
    }
    let message = format!("membership would depend on itself: {}", way.join(" → "));
    Error::new(ErrorKind::NotPossible, message)
}
