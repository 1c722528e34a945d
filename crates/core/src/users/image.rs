//! People in an image: keys, then columns in a fixed order. What finds a person by key, and who reports to whom, is
//! made from these.

use std::sync::Arc;

use hashbrown::HashTable;
use matricula_rule::{Attribute, Kind};

use super::{ByCourse, KEYS, KeyIndex, PARTS, Users, Values, part_of, status_code};
use crate::chunks::Chunks;
use crate::column::Column;
use crate::image::{In, Out, Sink, Source, damaged};
use crate::lines::Lines;
use crate::sets::Sets;
use crate::state::State;
use crate::{Error, Status};

/// The greatest code of a status.
const STATUSES: u64 = status_code(Some(Status::Erased));

impl Users {
    pub(crate) fn write_image(&self, sink: &mut Sink<'_>) -> Result<(), Error> {
        let Self { count, keys, index: _, status, created, sites, attributes, completed, scores, due: _ } =
            self;
        let of_courses = [completed, scores].map(|columns| {
            let there = columns.iter().filter_map(|(course, column)| Some((course, column.as_deref()?)));
            there.collect::<Vec<(usize, &Column)>>()
        });
        sink.chunk(|out| {
            out.number((*count).into());
            for columns in &of_courses {
                out.count(columns.len());
                columns.iter().for_each(|(course, _)| out.count(*course));
            }
        })?;
        for index in 0..(*count as usize).div_ceil(KEYS) {
            sink.chunk(|out| write_keys(keys.chunk(index), out))?;
        }
        status.write_image(sink)?;
        created.write_image(sink)?;
        sites.iter().try_for_each(|site| site.write_image(sink))?;
        for Values { column, folded, sets, lines: _ } in attributes {
            column.write_image(sink)?;
            folded.iter().try_for_each(|folded| folded.write_image(sink))?;
            sets.iter().try_for_each(|sets| sets.write_image(sink))?;
        }
        of_courses.iter().flatten().try_for_each(|(_, column)| column.write_image(sink))
    }

    /// The people of a state whose definitions are there.
    pub(crate) fn read_image(source: &mut Source<'_>, state: &State) -> Result<Self, Error> {
        let courses = state.courses.len();
        let (count, completed, scores) = source.chunk("the number of people", |input| {
            let count = input.u32()?;
            let mut course = |input: &mut In<'_>| input.size().filter(|course| *course < courses);
            Some((count, input.list(&mut course)?, input.list(&mut course)?))
        })?;
        let mut chunks = Vec::new();
        for start in (0..count as usize).step_by(KEYS) {
            let people = (count as usize - start).min(KEYS);
            chunks.push(Arc::new(source.chunk("the keys of people", |input| read_keys(input, people))?));
        }
        let keys = Chunks::from_chunks(chunks);
        std::thread::scope(|scope| {
            // Finding people by their keys is prepared aside; where no thread can be had, afterwards.
            let of_keys = keys.clone();
            let index =
                std::thread::Builder::new().spawn_scoped(scope, move || KeyIndex::of(count, &of_keys)).ok();
            let status = Arc::new(Column::read_plain(source, count, STATUSES)?);
            let created = Arc::new(Column::read_image(source, &Kind::Timestamp, count)?);
            let mut sites = Vec::with_capacity(state.sites.len());
            for _ in 0..state.sites.len() {
                sites.push(Arc::new(Column::read_plain(source, count, STATUSES)?));
            }
            let mut attributes = Vec::with_capacity(state.schema.attributes().len());
            for attribute in state.schema.attributes() {
                attributes.push(Values::read_image(source, attribute, count)?);
            }
            let completed = read_columns(source, &completed, &Kind::Timestamp, count)?;
            let scores = read_columns(source, &scores, &Kind::Decimal, count)?;
            let index = match index {
                Some(thread) => thread.join().map_err(|_| damaged("the keys of people"))?,
                None => KeyIndex::of(count, &keys),
            };
            let index = Arc::new(index.ok_or_else(|| damaged("two people have one key"))?);
            // What is due is gathered from enrolments, where rules ask for it.
            let due = ByCourse::default();
            Ok(Self { count, keys, index, status, created, sites, attributes, completed, scores, due })
        })
    }
}

fn write_keys(keys: &[Arc<str>], out: &mut Out) {
    keys.iter().for_each(|key| out.count(key.len()));
    keys.iter().for_each(|key| out.raw(key.as_bytes()));
}

fn read_keys(input: &mut In<'_>, people: usize) -> Option<Vec<Arc<str>>> {
    let mut lengths = Vec::with_capacity(people);
    for _ in 0..people {
        lengths.push(input.size()?);
    }
    let mut rest = std::str::from_utf8(input.rest()).ok()?;
    let mut keys = Vec::with_capacity(people);
    for length in lengths {
        let (key, others) = rest.split_at_checked(length)?;
        keys.push(key.into());
        rest = others;
    }
    rest.is_empty().then_some(keys)
}

fn read_columns(
    source: &mut Source<'_>,
    courses: &[usize],
    kind: &Kind,
    people: u32,
) -> Result<ByCourse, Error> {
    let mut columns = ByCourse::default();
    for course in courses {
        columns.set(*course, Some(Arc::new(Column::read_image(source, kind, people)?)));
    }
    Ok(columns)
}

impl Values {
    fn read_image(source: &mut Source<'_>, attribute: &Attribute, people: u32) -> Result<Self, Error> {
        let kind = &attribute.kind;
        let column = Column::read_image(source, kind, people)?;
        let folded = attribute
            .ignore_case
            .then(|| Column::read_image(source, kind, people))
            .transpose()?
            .map(Arc::new);
        let sets = match kind {
            Kind::MultiChoice { options } => Some(Arc::new(Sets::read_image(source, options.len(), people)?)),
            _ => None,
        };
        let lines = matches!(kind, Kind::User).then(|| Arc::new(Lines::of(&column, people)));
        Ok(Self { column: Arc::new(column), folded, sets, lines })
    }
}

impl KeyIndex {
    /// All keys at once; `None` if one comes twice.
    fn of(count: u32, keys: &Chunks<Arc<str>, KEYS>) -> Option<Self> {
        let mut index = Self::default();
        let usual = count as usize / PARTS;
        let mut parts: Vec<Vec<(u64, u32)>> = Vec::new();
        parts.resize_with(PARTS, || Vec::with_capacity(usual + usual / 8));
        for (row, (_, key)) in (0..count).zip(keys.iter()) {
            let hash = index.hash(key);
            parts.get_mut(part_of(hash))?.push((hash, row));
        }
        for (part, rows) in index.parts.iter_mut().zip(parts) {
            let mut table = HashTable::with_capacity(rows.len());
            for (hash, row) in rows {
                let key = keys.get(row as usize)?;
                let same = |other: &u32| keys.get(*other as usize).is_some_and(|other| other == key);
                if table.find(hash, same).is_some() {
                    return None;
                }
                // There is room for all: nothing is hashed again.
                table.insert_unique(hash, row, |_| hash);
            }
            *part = Arc::new(table);
        }
        Some(index)
    }
}
