//! Enrolments in an image, by blocks of people. Most records of a block are alike: those that differ are written once,
//! and for each place which of them stands there. Who is enrolled in each course follows from the records.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use hashbrown::HashMap;

use super::{Enrolments, Hold, Record, add_active, is_active};
use crate::block::{self, BLOCK, WORDS, Words};
use crate::chunks::Chunks;
use crate::image::{In, Out, Sink, Source};
use crate::records::{Block, PEOPLE};
use crate::roster::Roster;
use crate::{CourseId, EnrolmentRuleId, Error, Instant};

/// Blocks of records in a block of people.
const BLOCKS: usize = BLOCK / PEOPLE;
/// Blocks of records in a chunk of [`Enrolments`].
const CHUNK: usize = 64;

impl Enrolments {
    pub(crate) fn write_image(&self, sink: &mut Sink<'_>) -> Result<(), Error> {
        // Who is enrolled, and how many, is read from the records.
        let Self { blocks, courses: _, count: _, active: _ } = self;
        let nothing = Block::default();
        let of_run = |run: usize| {
            let blocks = (run * BLOCKS..(run + 1) * BLOCKS).map(|index| blocks.get(index));
            blocks.map(|block| block.map_or(&nothing, Arc::as_ref)).collect::<Vec<&Block>>()
        };
        let mut runs = (blocks.chunk_count() * CHUNK).div_ceil(BLOCKS);
        // Those whose last enrolment has ended leave nothing behind, as if there had never been one.
        while let Some(last) = runs.checked_sub(1)
            && of_run(last).into_iter().all(|block| records_of(block).next().is_none())
        {
            runs = last;
        }
        sink.chunk(|out| out.count(runs))?;
        for run in 0..runs {
            let mut of_run = of_run(run);
            while of_run.pop_if(|last| records_of(last).next().is_none()).is_some() {}
            sink.chunk(|out| write_run(&of_run, out))?;
        }
        Ok(())
    }

    /// The enrolments of so many people in so many courses, by so many rules.
    pub(crate) fn read_image(
        source: &mut Source<'_>,
        people: u32,
        counts: (usize, usize),
    ) -> Result<Self, Error> {
        let runs = source.chunk("the head of the enrolments", |input| {
            input.size().filter(|runs| *runs <= (people as usize).div_ceil(BLOCK))
        })?;
        let (mut chunks, mut layers) = (Vec::new(), Vec::with_capacity(runs));
        let mut active = Vec::new();
        for run in 0..runs {
            let room = (people as usize - run * BLOCK).min(BLOCK);
            let blocks = source.chunk("the enrolments", |input| read_run(input, room, counts))?;
            layers.push(enrolled(&blocks, &mut active));
            let blocks: Vec<Arc<Block>> = blocks.into_iter().map(Arc::new).collect();
            // A run that is not full is the last, or has chunks that are not: then nobody is behind.
            chunks.extend(blocks.chunks(CHUNK).map(|chunk| Arc::new(chunk.to_vec())));
            if run + 1 < runs {
                chunks.resize_with((run + 1) * BLOCKS / CHUNK, Arc::default);
            }
        }
        let courses = Roster::from_layers(layers);
        let count = (0..counts.0).map(|course| courses.len(course)).sum();
        Ok(Self { blocks: Chunks::from_chunks(chunks), courses, count, active: Arc::new(active) })
    }
}

fn records_of(block: &Block) -> impl Iterator<Item = &Record> {
    (0..PEOPLE).flat_map(|place| block.of(place))
}

fn write_run(blocks: &[&Block], out: &mut Out) {
    let mut places: HashMap<Record, usize> = HashMap::new();
    let mut kinds: Vec<Record> = Vec::new();
    let mut order = Vec::new();
    for record in blocks.iter().flat_map(|block| records_of(block)) {
        order.push(*places.entry(*record).or_insert_with(|| {
            kinds.push(*record);
            kinds.len() - 1
        }));
    }
    out.count(kinds.len());
    kinds.iter().for_each(|record| record.write(out));
    out.count(blocks.len());
    for block in blocks {
        (0..PEOPLE).for_each(|place| out.count(block.of(place).len()));
    }
    order.iter().for_each(|kind| out.count(*kind));
}

fn read_run(input: &mut In<'_>, room: usize, (courses, rules): (usize, usize)) -> Option<Vec<Block>> {
    let kinds = input.list(|input| Record::read(input, courses, rules))?;
    let counts = input.list(|input| {
        let mut counts = [0; PEOPLE];
        for count in &mut counts {
            *count = input.count()?;
        }
        Some(counts)
    })?;
    let mut blocks = Vec::with_capacity(counts.len());
    for counts in counts {
        let count = counts.iter().sum();
        let mut records = Vec::with_capacity(if count <= input.len() { count } else { return None });
        for _ in 0..count {
            records.push(*kinds.get(input.size()?)?);
        }
        let block = Block::packed(&counts, records);
        if !(0..PEOPLE).all(|place| block.of(place).is_sorted_by(|a, b| a < b)) {
            return None;
        }
        blocks.push(block);
    }
    // Nobody is enrolled who is not there.
    let beyond = (room..blocks.len() * PEOPLE)
        .map(|row| blocks.get(row / PEOPLE).map_or(0, |it| it.of(row % PEOPLE).len()));
    (blocks.len() <= BLOCKS && beyond.sum::<usize>() == 0).then_some(blocks)
}

impl Record {
    fn write(&self, out: &mut Out) {
        let Self { course, hold, since, due } = self;
        out.number(course.0.into());
        let (tag, rule) = match hold {
            Hold::Opened => (0, None),
            Hold::Manual => (1, None),
            Hold::Rule(rule) => (2, Some(rule)),
            Hold::Kept(rule) => (3, Some(rule)),
            Hold::Suspended(rule) => (4, Some(rule)),
            Hold::Halted => (5, None),
            Hold::Bulk => (6, None),
        };
        out.byte(tag);
        if let Some(rule) = rule {
            out.number(rule.0.into());
        }
        out.signed(since.millis());
        out.option(due.as_ref(), |out, due| out.signed(due.num_days_from_ce().into()));
    }

    fn read(input: &mut In<'_>, courses: usize, rules: usize) -> Option<Self> {
        let course = input.u32().map(CourseId).filter(|course| course.index() < courses)?;
        let tag = input.byte()?;
        let mut rule = || input.u32().map(EnrolmentRuleId).filter(|rule| rule.index() < rules);
        let hold = match tag {
            0 => Hold::Opened,
            1 => Hold::Manual,
            2 => Hold::Rule(rule()?),
            3 => Hold::Kept(rule()?),
            4 => Hold::Suspended(rule()?),
            5 => Hold::Halted,
            6 => Hold::Bulk,
            _ => return None,
        };
        let since = Instant::from_millis(input.signed()?).ok()?;
        let day = |number: i64| NaiveDate::from_num_days_from_ce_opt(number.try_into().ok()?);
        Some(Self { course, hold, since, due: input.option(|input| day(input.signed()?))? })
    }
}

/// For each course who of a block of people is enrolled in it; how many of them not suspended is added up.
fn enrolled(blocks: &[Block], active: &mut Vec<u32>) -> Vec<block::Block> {
    let mut courses: Vec<Words> = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        for place in 0..PEOPLE {
            let row = index * PEOPLE + place;
            for of_course in block.of(place).chunk_by(|a, b| a.course == b.course) {
                let Some(course) = of_course.first().map(|record| record.course) else { continue };
                if is_active(of_course) {
                    add_active(active, course, 1);
                }
                let course = course.index();
                if course >= courses.len() {
                    courses.resize(course + 1, [0; WORDS]);
                }
                if let Some(word) = courses.get_mut(course).and_then(|words| words.get_mut(row / 64)) {
                    *word |= 1 << (row % 64);
                }
            }
        }
    }
    courses.iter().map(block::Block::from_words).collect()
}
