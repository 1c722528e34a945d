//! Segments that name other segments, or enrolments that follow from segments: in what order they are answered, and
//! that none of them goes round in a circle. Not here: the answers (`derive`).

use std::collections::{BTreeSet, HashMap};

use matricula_rule::{CourseId, Fact, Rule, SegmentId};

use crate::model::Catalog;
use crate::{EnrolmentRule, Error, ErrorKind, Segment};

/// How long a chain of segments that name each other may be.
pub(crate) const MAX_NESTING: usize = 32;

/// In which round each segment and each course is settled: segments of round 0 name no enrolments, courses of round
/// n + 1 follow from segments of round n, and segments that name those courses are of round n + 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Levels {
    pub(crate) segments: Vec<u32>,
    pub(crate) courses: HashMap<CourseId, u32>,
}

impl Levels {
    pub(crate) fn of_segment(&self, segment: SegmentId) -> u32 {
        self.segments.get(segment.index()).copied().unwrap_or_default()
    }
}

/// The segments and the courses whose members and enrolments a rule names.
pub(crate) fn named(rule: &Rule) -> (BTreeSet<SegmentId>, BTreeSet<CourseId>) {
    let (mut segments, mut courses) = (BTreeSet::new(), BTreeSet::new());
    rule.visit(&mut |part| {
        match part {
            Rule::Is(Fact::Segment(segment)) => segments.insert(*segment),
            Rule::Is(Fact::Enrolled(course)) => courses.insert(*course),
            _ => false,
        };
    });
    (segments, courses)
}

/// Puts segments and courses in order.
///
/// # Errors
/// `not_possible` if some go round in a circle, with its path, or a chain is too long.
pub(crate) fn levels(segments: &Catalog<Segment>, rules: &Catalog<EnrolmentRule>) -> Result<Levels, Error> {
    let mut walk = Walk {
        segments,
        rules,
        by_course: HashMap::new(),
        settled: vec![None; segments.len()],
        courses: HashMap::new(),
        path: Vec::new(),
    };
    let names = |segment: &Segment| {
        segment
            .rule
            .as_ref()
            .map(named)
            .is_some_and(|(segments, courses)| !(segments.is_empty() && courses.is_empty()))
    };
    if segments.values().any(names) {
        for (rule, index) in rules.values().zip(0..) {
            for course in &rule.courses {
                walk.by_course.entry(*course).or_default().push(index);
            }
        }
        for segment in (0..segments.len()).map(SegmentId::at) {
            walk.segment(segment)?;
        }
    }
    let segments = walk.settled.into_iter().map(Option::unwrap_or_default).collect();
    Ok(Levels { segments, courses: walk.courses })
}

/// Something on the way from one segment to what it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Segment(SegmentId),
    Course(CourseId),
    Rule(usize),
}

struct Walk<'a> {
    segments: &'a Catalog<Segment>,
    rules: &'a Catalog<EnrolmentRule>,
    by_course: HashMap<CourseId, Vec<usize>>,
    settled: Vec<Option<u32>>,
    courses: HashMap<CourseId, u32>,
    path: Vec<Stop>,
}

impl Walk<'_> {
    fn segment(&mut self, id: SegmentId) -> Result<u32, Error> {
        if let Some(Some(level)) = self.settled.get(id.index()) {
            return Ok(*level);
        }
        self.enter(Stop::Segment(id))?;
        let rule = self.segments.get_index(id.index()).and_then(|(_, segment)| segment.rule.as_ref());
        let (segments, courses) = rule.map(named).unwrap_or_default();
        let mut level = 0;
        for segment in segments {
            level = level.max(self.segment(segment)?);
        }
        for course in courses {
            level = level.max(self.course(course)?);
        }
        self.path.pop();
        if let Some(settled) = self.settled.get_mut(id.index()) {
            *settled = Some(level);
        }
        Ok(level)
    }

    fn course(&mut self, id: CourseId) -> Result<u32, Error> {
        if let Some(level) = self.courses.get(&id) {
            return Ok(*level);
        }
        self.enter(Stop::Course(id))?;
        let mut level = 0;
        for rule in self.by_course.get(&id).cloned().unwrap_or_default() {
            let Some((_, definition)) = self.rules.get_index(rule) else { continue };
            let segment = definition.segment;
            self.path.push(Stop::Rule(rule));
            level = level.max(self.segment(segment)? + 1);
            self.path.pop();
        }
        self.path.pop();
        self.courses.insert(id, level);
        Ok(level)
    }

    fn enter(&mut self, stop: Stop) -> Result<(), Error> {
        if let Some(start) = self.path.iter().position(|earlier| *earlier == stop) {
            let circle = self.path.get(start..).unwrap_or_default();
            let names: Vec<String> = circle.iter().chain([&stop]).map(|stop| self.name(*stop)).collect();
            let message = format!("membership would depend on itself: {}", names.join(" → "));
            return Err(Error::new(ErrorKind::NotPossible, message));
        }
        self.path.push(stop);
        let segments = self.path.iter().filter(|stop| matches!(stop, Stop::Segment(_))).count();
        if segments > MAX_NESTING {
            let message = format!("segments name each other in a chain of more than {MAX_NESTING}");
            return Err(Error::new(ErrorKind::TooMany, message));
        }
        Ok(())
    }

    fn name(&self, stop: Stop) -> String {
        let key = |key: Option<&String>| key.cloned().unwrap_or_default();
        match stop {
            Stop::Segment(id) => {
                format!("segment {}", key(self.segments.get_index(id.index()).map(|(key, _)| key)))
            }
            Stop::Course(_) => "enrolled".to_owned(),
            Stop::Rule(index) => {
                format!("enrolment rule {}", key(self.rules.get_index(index).map(|(key, _)| key)))
            }
        }
    }
}
