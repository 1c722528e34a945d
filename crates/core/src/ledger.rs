//! Many enrolments at once, in the order of people: whatever bears on each is gathered block by block, turned
//! into steps, applied and noted; a great many on several threads, each with its own people. Not here: which steps
//! (`reconcile`).

use std::hash::Hash;
use std::num::NonZero;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::block::BLOCK;
use crate::enrolment::{Enrolments, Planned, Record, Turnover, apply_step, is_active};
use crate::records::{Block, Changed, ChangedEnrolment, PEOPLE};
use crate::{CourseId, Instant, RowSet, Steps, UserId};

/// So many enrolments are sorted at once, rather than merged block by block.
const FEW: usize = 256;

/// Fewer enrolments than this are not worth a second thread.
const WORTH_A_THREAD: usize = 200_000;

/// The same thing bearing on the enrolments of many people in one course.
pub(crate) struct Stream<'a, C> {
    pub(crate) rows: &'a RowSet,
    pub(crate) course: CourseId,
    pub(crate) cause: C,
}

/// Plans and applies steps for everybody whom a stream names; the causes of each enrolment reach `plan`
/// sorted. Returns the steps, grouped, in the order in which they can be applied again.
pub(crate) fn work_through<'a, C: Copy + Ord + Send + Sync + 'a>(
    enrolments: &mut Enrolments,
    streams: impl Iterator<Item = Stream<'a, C>>,
    at: Instant,
    plan: impl Fn(CourseId, &[Record], &[C], &mut Vec<Planned>) + Sync,
) -> Vec<Steps> {
    let streams: Vec<Stream<'_, C>> = streams.filter(|stream| !stream.rows.is_empty()).collect();
    let count = streams.iter().map(|stream| stream.rows.len()).sum::<usize>();
    if count <= FEW {
        return few(enrolments, &streams, at, plan);
    }
    let last = streams.iter().filter_map(|stream| stream.rows.max()).max().unwrap_or_default();
    let runs = last as usize / BLOCK + 1;
    let threads = match (count / WORTH_A_THREAD).min(runs) {
        0..2 => 1,
        worth => std::thread::available_parallelism().map_or(1, NonZero::get).min(worth),
    };
    many(enrolments, streams, at, plan, runs, threads)
}

/// The same for few enrolments.
fn few<C: Copy + Ord>(
    enrolments: &mut Enrolments,
    streams: &[Stream<'_, C>],
    at: Instant,
    plan: impl Fn(CourseId, &[Record], &[C], &mut Vec<Planned>),
) -> Vec<Steps> {
    let count = streams.iter().map(|stream| stream.rows.len()).sum();
    let mut work: Vec<(UserId, CourseId, C)> = Vec::with_capacity(count);
    for stream in streams {
        work.extend(stream.rows.iter().map(|row| (UserId(row), stream.course, stream.cause)));
    }
    work.sort_unstable();
    let (mut ledger, mut desk) = (Ledger::few(at, count), Desk::default());
    let block_of = |user: UserId| user.index() / PEOPLE;
    for of_block in work.chunk_by(|a, b| block_of(a.0) == block_of(b.0)) {
        let Some((user, ..)) = of_block.first() else { continue };
        ledger.enter(enrolments, block_of(*user), of_block, &mut desk, &plan);
    }
    ledger.close(enrolments)
}

/// The same for many enrolments, of people in so many blocks of [`BLOCK`], on so many threads.
fn many<C: Copy + Ord + Send + Sync>(
    enrolments: &mut Enrolments,
    mut streams: Vec<Stream<'_, C>>,
    at: Instant,
    plan: impl Fn(CourseId, &[Record], &[C], &mut Vec<Planned>) + Sync,
    runs: usize,
    threads: usize,
) -> Vec<Steps> {
    // Whoever is gathered from streams in this order has the causes of each course together and sorted.
    streams.sort_by_key(|stream| (stream.course, stream.cause));
    let there: &Enrolments = enrolments;
    let work = |thread: usize| {
        let row = |part: usize| u32::try_from(runs * part / threads * BLOCK).unwrap_or(u32::MAX);
        let (from, to) = (row(thread), row(thread + 1));
        let rows: Vec<_> = streams.iter().map(|stream| stream.rows.range(from, to)).collect();
        let mut rows: Vec<_> =
            streams.iter().zip(&rows).map(|(it, rows)| (it, rows.iter().peekable())).collect();
        let mut ledger = Ledger::many(at);
        let mut desk = Desk::default();
        let mut of_person: [Vec<(CourseId, C)>; PEOPLE] = Default::default();
        let mut work: Vec<(UserId, CourseId, C)> = Vec::new();
        while let Some(first) = rows.iter_mut().filter_map(|(_, rows)| rows.peek().copied()).min() {
            let block = first as usize / PEOPLE;
            let end = u32::try_from((block + 1) * PEOPLE).unwrap_or(u32::MAX);
            for (stream, rows) in &mut rows {
                while let Some(row) = rows.next_if(|row| *row < end) {
                    if let Some(causes) = of_person.get_mut(row as usize % PEOPLE) {
                        causes.push((stream.course, stream.cause));
                    }
                }
            }
            rows.retain_mut(|(_, rows)| rows.peek().is_some());
            work.clear();
            for (place, causes) in of_person.iter_mut().enumerate() {
                let user = UserId(u32::try_from(block * PEOPLE + place).unwrap_or(u32::MAX));
                work.extend(causes.drain(..).map(|(course, cause)| (user, course, cause)));
            }
            ledger.enter(there, block, &work, &mut desk, &plan);
        }
        ledger
    };
    let ledger = if threads < 2 {
        work(0)
    } else {
        std::thread::scope(|scope| {
            let work = &work;
            let others = 1..threads;
            // Where the system refuses a thread, this one does its work.
            let helper = |thread| {
                let spawned = std::thread::Builder::new().spawn_scoped(scope, move || work(thread));
                (thread, spawned.ok())
            };
            let others: Vec<_> = others.map(helper).collect();
            let mut ledger = work(0);
            for (thread, other) in others {
                ledger.append(match other.map(|other| other.join()) {
                    None => work(thread),
                    Some(Ok(more)) => more,
                    Some(Err(panic)) => std::panic::resume_unwind(panic),
                });
            }
            ledger
        })
    };
    ledger.close(enrolments)
}

/// What is used again from one block of people to the next.
struct Desk<C> {
    changed: Changed,
    causes: Vec<C>,
    steps: Vec<Planned>,
    records: Vec<Record>,
}

impl<C> Default for Desk<C> {
    fn default() -> Self {
        Self { changed: Changed::default(), causes: Vec::new(), steps: Vec::new(), records: Vec::new() }
    }
}

/// People by what happened to them: few in one list, many each in a list of what it was.
enum People<K> {
    Few(Vec<(K, u32)>),
    Many(HashMap<K, Vec<u32>>),
}

impl<K: Copy + Ord + Hash> People<K> {
    /// People come in ascending order.
    fn add(&mut self, key: K, row: u32) {
        match self {
            Self::Few(people) => people.push((key, row)),
            Self::Many(people) => people.entry(key).or_default().push(row),
        }
    }

    /// Adds those who come after all of these.
    fn append(&mut self, later: Self) {
        match later {
            Self::Few(later) => later.into_iter().for_each(|(key, row)| self.add(key, row)),
            Self::Many(later) => {
                for (key, mut rows) in later {
                    match self {
                        Self::Few(people) => people.extend(rows.into_iter().map(|row| (key, row))),
                        Self::Many(people) => people.entry(key).or_default().append(&mut rows),
                    }
                }
            }
        }
    }

    fn into_sets(self) -> Vec<(K, RowSet)> {
        match self {
            Self::Few(mut people) => {
                people.sort_unstable();
                let same = people.chunk_by(|a, b| a.0 == b.0);
                let set =
                    |same: &[(K, u32)]| Some((same.first()?.0, same.iter().map(|(_, row)| *row).collect()));
                same.filter_map(set).collect()
            }
            Self::Many(people) => {
                people.into_iter().map(|(key, rows)| (key, rows.into_iter().collect())).collect()
            }
        }
    }
}

/// The steps so far, the blocks of records as they become, and what became of the people of each course.
struct Ledger {
    at: Instant,
    steps: People<(CourseId, Planned)>,
    blocks: Vec<(usize, Arc<Block>)>,
    joined: People<CourseId>,
    left: People<CourseId>,
    active: HashMap<CourseId, i64>,
}

impl Ledger {
    fn few(at: Instant, count: usize) -> Self {
        let (joined, left) = (People::Few(Vec::new()), People::Few(Vec::new()));
        let steps = People::Few(Vec::with_capacity(count));
        Self { at, steps, blocks: Vec::new(), joined, left, active: HashMap::new() }
    }

    fn many(at: Instant) -> Self {
        let people = || People::Many(HashMap::new());
        let steps = People::Many(HashMap::new());
        Self { at, steps, blocks: Vec::new(), joined: people(), left: people(), active: HashMap::new() }
    }

    /// Adds what became of people who come after all of these.
    fn append(&mut self, later: Self) {
        self.steps.append(later.steps);
        self.blocks.extend(later.blocks);
        self.joined.append(later.joined);
        self.left.append(later.left);
        for (course, more) in later.active {
            *self.active.entry(course).or_default() += more;
        }
    }

    /// Works through everything that bears on one block of people, sorted by person and course.
    fn enter<C: Copy>(
        &mut self,
        enrolments: &Enrolments,
        index: usize,
        work: &[(UserId, CourseId, C)],
        desk: &mut Desk<C>,
        plan: impl Fn(CourseId, &[Record], &[C], &mut Vec<Planned>),
    ) {
        let Desk { changed, causes, steps, records } = desk;
        changed.clear();
        for same in work.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some((user, course, _)) = same.first().copied() else { continue };
            causes.clear();
            causes.extend(same.iter().map(|(_, _, cause)| *cause));
            let before = enrolments.records(user, course);
            steps.clear();
            plan(course, before, causes, steps);
            if steps.is_empty() {
                continue;
            }
            records.clear();
            records.extend(before);
            for &step in &*steps {
                apply_step(records, course, step, self.at);
                self.steps.add((course, step), user.0);
            }
            match (before.is_empty(), records.is_empty()) {
                (true, false) => self.joined.add(course, user.0),
                (false, true) => self.left.add(course, user.0),
                _ => {}
            }
            let (was, is) = (is_active(before), is_active(records));
            if was != is {
                *self.active.entry(course).or_default() += i64::from(is) - i64::from(was);
            }
            let start = changed.records.len();
            changed.records.extend(&*records);
            let records = start..changed.records.len();
            changed.enrolments.push(ChangedEnrolment { user, course, records });
        }
        if !changed.enrolments.is_empty() {
            self.blocks.push((index, enrolments.changed(index, changed)));
        }
    }

    /// Puts everything in place, and gives out the steps.
    fn close(self, enrolments: &mut Enrolments) -> Vec<Steps> {
        for (index, block) in self.blocks {
            enrolments.write(index, block);
        }
        enrolments.turn_over(&Turnover {
            joined: self.joined.into_sets(),
            left: self.left.into_sets(),
            active: self.active.into_iter().collect(),
        });
        let steps = self.steps.into_sets().into_iter();
        let mut steps: Vec<Steps> = steps
            .map(|((course, (action, reason, due)), users)| Steps { action, course, reason, due, users })
            .collect();
        // Always in the same order, and one in which they can be applied again.
        steps.sort_unstable_by_key(|steps| (steps.action, steps.course, steps.reason, steps.due));
        steps
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says so by panicking")]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::{Action, EnrolmentRuleId, Reason};

    /// Steps that depend on what is there and on every cause and its place.
    fn toggle(records: &[Record], causes: &[u32], steps: &mut Vec<Planned>) {
        let mut enrolled = !records.is_empty();
        for cause in causes {
            let action = match (enrolled, cause % 3) {
                (false, _) => Action::Enrolled,
                (true, 0) => Action::Unenrolled,
                (true, _) => Action::ReasonAdded,
            };
            enrolled = action != Action::Unenrolled;
            steps.push((action, Reason::Rule(EnrolmentRuleId(*cause)), None));
        }
    }

    fn same(a: &Enrolments, b: &Enrolments) -> bool {
        a.count() == b.count()
            && (0..5).map(CourseId).all(|course| {
                a.active_in(course) == b.active_in(course)
                    && a.courses().get(course.index()) == b.courses().get(course.index())
                    && (0..13_000).map(UserId).all(|user| a.records(user, course) == b.records(user, course))
            })
    }

    proptest! {
        #![proptest_config(matricula_testkit::cases(24))]

        #[test]
        fn few_and_many_and_threads_come_to_the_same(
            rounds in prop::collection::vec(
                prop::collection::vec(
                    (prop::collection::btree_set(prop_oneof![0..40_u32, 4_080..4_110_u32, 0..13_000_u32], 0..60), 0..5_u32, 0..6_u32),
                    1..12,
                ),
                1..5,
            ),
        ) {
            let mut all = [Enrolments::default(), Enrolments::default(), Enrolments::default()];
            for (round, streams) in rounds.into_iter().enumerate() {
                let at = Instant::from_millis(i64::try_from(round).unwrap()).unwrap();
                let sets: Vec<(RowSet, CourseId, u32)> = streams
                    .into_iter()
                    .map(|(rows, course, cause): (BTreeSet<u32>, _, _)| (rows.into_iter().collect(), CourseId(course), cause))
                    .collect();
                let streams = || -> Vec<Stream<'_, u32>> {
                    sets.iter().map(|(rows, course, cause)| Stream { rows, course: *course, cause: *cause }).collect()
                };
                let plan = |_, records: &[Record], causes: &[u32], steps: &mut Vec<Planned>| {
                    toggle(records, causes, steps);
                };
                let [one, two, three] = &mut all;
                let steps = few(one, &streams(), at, plan);
                prop_assert_eq!(&many(two, streams(), at, plan, 4, 1), &steps);
                prop_assert_eq!(&many(three, streams(), at, plan, 4, 3), &steps);
            }
            prop_assert!(same(&all[0], &all[1]) && same(&all[0], &all[2]));
        }
    }
}
