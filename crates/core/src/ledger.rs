//! Many enrolments at once, in the order of people: whatever bears on each is gathered block by block, turned
//! into steps, applied and noted. Not here: which steps (`reconcile`).

use hashbrown::HashMap;

use crate::enrolment::{Enrolments, Planned, Record, apply_step};
use crate::records::{Changed, ChangedEnrolment, PEOPLE, of_course};
use crate::{CourseId, Instant, RowSet, Steps, UserId};

/// So many enrolments are sorted at once, rather than merged block by block.
const FEW: usize = 256;

/// The same thing bearing on the enrolments of many people in one course.
pub(crate) struct Stream<'a, C> {
    pub(crate) rows: &'a RowSet,
    pub(crate) course: CourseId,
    pub(crate) cause: C,
}

/// Plans and applies steps for everybody whom a stream names; the causes of each enrolment reach `plan`
/// sorted. Returns the steps, grouped, in the order in which they can be applied again.
pub(crate) fn work_through<'a, C: Copy + Ord + 'a>(
    enrolments: &mut Enrolments,
    streams: impl Iterator<Item = Stream<'a, C>>,
    at: Instant,
    plan: impl Fn(CourseId, &[Record], &[C], &mut Vec<Planned>),
) -> Vec<Steps> {
    let streams: Vec<Stream<'_, C>> = streams.filter(|stream| !stream.rows.is_empty()).collect();
    let count = streams.iter().map(|stream| stream.rows.len()).sum::<usize>();
    let some = count.min(FEW);
    let mut ledger =
        Ledger { at, steps: HashMap::with_capacity(some), turnover: HashMap::with_capacity(some) };
    let mut work: Vec<(UserId, CourseId, C)> = Vec::with_capacity(some);
    if count <= FEW {
        for stream in &streams {
            work.extend(stream.rows.iter().map(|row| (UserId(row), stream.course, stream.cause)));
        }
        work.sort_unstable();
        let block_of = |user: UserId| user.index() / PEOPLE;
        for of_block in work.chunk_by(|a, b| block_of(a.0) == block_of(b.0)) {
            let Some((user, ..)) = of_block.first() else { continue };
            ledger.enter(enrolments, block_of(*user), of_block, &plan);
        }
        return ledger.close(enrolments);
    }
    let mut streams: Vec<_> =
        streams.iter().map(|stream| (stream.rows.iter().peekable(), stream.course, stream.cause)).collect();
    while let Some(first) = streams.iter_mut().filter_map(|(rows, ..)| rows.peek().copied()).min() {
        let block = first as usize / PEOPLE;
        let end = u32::try_from((block + 1) * PEOPLE).unwrap_or(u32::MAX);
        work.clear();
        for (rows, course, cause) in &mut streams {
            while let Some(row) = rows.next_if(|row| *row < end) {
                work.push((UserId(row), *course, *cause));
            }
        }
        streams.retain_mut(|(rows, ..)| rows.peek().is_some());
        work.sort_unstable();
        ledger.enter(enrolments, block, &work, &plan);
    }
    ledger.close(enrolments)
}

/// The steps so far, and who began and ended being enrolled in each course.
struct Ledger {
    at: Instant,
    steps: HashMap<(CourseId, Planned), Vec<u32>>,
    turnover: HashMap<CourseId, (Vec<u32>, Vec<u32>)>,
}

impl Ledger {
    /// Works through everything that bears on one block of people, sorted by person and course.
    fn enter<C: Copy>(
        &mut self,
        enrolments: &mut Enrolments,
        index: usize,
        work: &[(UserId, CourseId, C)],
        plan: impl Fn(CourseId, &[Record], &[C], &mut Vec<Planned>),
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
            plan(course, before, &causes, &mut steps);
            if steps.is_empty() {
                continue;
            }
            records.clear();
            records.extend(before);
            for &step in &steps {
                apply_step(&mut records, course, step, self.at);
                self.steps.entry((course, step)).or_default().push(user.0);
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
            .map(|((course, (action, reason, due)), users)| {
                let users = set(users);
                Steps { action, course, reason, due, users }
            })
            .collect();
        // Always in the same order, and one in which they can be applied again.
        steps.sort_unstable_by_key(|steps| (steps.action, steps.course, steps.reason, steps.due));
        steps
    }
}
