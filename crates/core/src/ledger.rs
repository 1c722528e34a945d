//! Many enrolments at once, in the order of people: whatever bears on each is gathered block by block, turned
//! into steps, applied and noted. Not here: which steps (`reconcile`).

use std::iter::Peekable;

use hashbrown::HashMap;

use crate::enrolment::{Changed, ChangedEnrolment, Enrolments, PEOPLE, Record, apply_step, of_course};
use crate::{Action, CourseId, Instant, Reason, RowSet, Steps, UserId};

/// The same thing bearing on the enrolments of many people in one course.
pub(crate) struct Stream<'a, C> {
    rows: Peekable<Box<dyn Iterator<Item = u32> + 'a>>,
    course: CourseId,
    cause: C,
}

impl<'a, C> Stream<'a, C> {
    pub(crate) fn new(rows: &'a RowSet, course: CourseId, cause: C) -> Self {
        let rows: Box<dyn Iterator<Item = u32> + 'a> = Box::new(rows.iter());
        Self { rows: rows.peekable(), course, cause }
    }
}

/// Plans and applies steps for everybody whom a stream names; the causes of each enrolment reach `plan`
/// sorted. Returns the steps, grouped, in the order in which they can be applied again.
pub(crate) fn work_through<C: Copy + Ord>(
    enrolments: &mut Enrolments,
    mut streams: Vec<Stream<'_, C>>,
    at: Instant,
    plan: impl Fn(&[Record], &[C], &mut Vec<(Action, Reason)>),
) -> Vec<Steps> {
    let mut ledger = Ledger { at, steps: HashMap::new(), turnover: HashMap::new() };
    let mut work: Vec<(UserId, CourseId, C)> = Vec::new();
    while let Some(first) = streams.iter_mut().filter_map(|stream| stream.rows.peek().copied()).min() {
        let block = first as usize / PEOPLE;
        let end = u32::try_from((block + 1) * PEOPLE).unwrap_or(u32::MAX);
        work.clear();
        for stream in &mut streams {
            while let Some(row) = stream.rows.next_if(|row| *row < end) {
                work.push((UserId(row), stream.course, stream.cause));
            }
        }
        streams.retain_mut(|stream| stream.rows.peek().is_some());
        work.sort_unstable();
        ledger.enter(enrolments, block, &work, &plan);
    }
    ledger.close(enrolments)
}

/// The steps so far, and who began and ended being enrolled in each course.
struct Ledger {
    at: Instant,
    steps: HashMap<(Action, CourseId, Reason), Vec<u32>>,
    turnover: HashMap<CourseId, (Vec<u32>, Vec<u32>)>,
}

impl Ledger {
    /// Works through everything that bears on one block of people, sorted by person and course.
    fn enter<C: Copy>(
        &mut self,
        enrolments: &mut Enrolments,
        index: usize,
        work: &[(UserId, CourseId, C)],
        plan: impl Fn(&[Record], &[C], &mut Vec<(Action, Reason)>),
    ) {
        let block = enrolments.block(index);
        let mut changed = Changed::default();
        let (mut causes, mut steps, mut records) = (Vec::new(), Vec::new(), Vec::new());
        for same in work.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some((user, course, _)) = same.first().copied() else { continue };
            causes.clear();
            causes.extend(same.iter().map(|(_, _, cause)| *cause));
            let before = of_course(block.of(user.index() % PEOPLE), course);
            steps.clear();
            plan(before, &causes, &mut steps);
            if steps.is_empty() {
                continue;
            }
            records.clear();
            records.extend(before);
            for &(action, reason) in &steps {
                apply_step(&mut records, course, action, reason, self.at);
                self.steps.entry((action, course, reason)).or_default().push(user.0);
            }
            if before.is_empty() != records.is_empty() {
                let (joined, left) = self.turnover.entry(course).or_default();
                if before.is_empty() { joined.push(user.0) } else { left.push(user.0) }
            }
            let start = changed.records.len();
            changed.records.extend(&records);
            let records = start..changed.records.len();
            changed.enrolments.push(ChangedEnrolment { user, course, records });
        }
        drop(block);
        if !changed.enrolments.is_empty() {
            enrolments.write(index, &changed);
        }
    }

    /// Puts in place who is enrolled in each course, and gives out the steps.
    fn close(self, enrolments: &mut Enrolments) -> Vec<Steps> {
        let set = |rows: Vec<u32>| rows.into_iter().collect::<RowSet>();
        let turnover = self.turnover.into_iter();
        let turnover: Vec<_> =
            turnover.map(|(course, (joined, left))| (course, set(joined), set(left))).collect();
        enrolments.turn_over(&turnover);
        let steps = self.steps.into_iter();
        let mut steps: Vec<Steps> = steps
            .map(|((action, course, reason), users)| Steps { action, course, reason, users: set(users) })
            .collect();
        // Always in the same order, and one in which they can be applied again.
        steps.sort_unstable_by_key(|steps| (steps.action, steps.course, steps.reason));
        steps
    }
}
