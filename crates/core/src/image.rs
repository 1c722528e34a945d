//! An image of a snapshot: everything that is true, as bytes in chunks, from which the same snapshot can be had far
//! faster than from records. Each structure writes and reads its own chunks (`users/image`, `roster/image`, and so on);
//! here are the head, the definitions and the order of the others. Not here: where chunks are kept, and what vouches
//! for their bytes.
//!
//! A store keeps an image beside its records and may lose it at any time. Chunks of people are cut where blocks of
//! people are, so that two images of one registry have most of their chunks in common.
//!
//! What is read is checked as far as nothing that is there can do harm: numbers name what exists, order is order,
//! text is text. That the bytes are those that were written is for the store to check, with a digest of each chunk.

mod bytes;

use std::sync::Arc;

use matricula_rule::{Attribute, AttributeId, Schema, from_json};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use bytes::{In, Out};

use crate::chunks::Chunks;
use crate::enrolment::Enrolments;
use crate::load::check_definitions;
use crate::model::{Catalog, put};
use crate::roster::Roster;
use crate::state::{Hand, Slot, State};
use crate::users::Users;
use crate::{
    Course, EnrolmentRule, Entry, Error, ErrorKind, Hash, Instant, Revision, RowSet, Segment, SegmentId,
    Site, SiteId, Snapshot,
};

/// The number of the way in which images are written. An image of another is of no use: take the records.
pub const IMAGE_FORMAT: u32 = 3;

/// Takes the chunks of an image, one after the other.
pub(crate) struct Sink<'a> {
    put: &'a mut dyn FnMut(&[u8]) -> Result<(), Error>,
    out: Out,
}

impl Sink<'_> {
    /// Puts one chunk.
    pub(crate) fn chunk(&mut self, fill: impl FnOnce(&mut Out)) -> Result<(), Error> {
        self.out.clear();
        fill(&mut self.out);
        (self.put)(self.out.as_bytes())
    }
}

/// Gives the chunks of an image, one after the other.
pub(crate) struct Source<'a> {
    next: &'a mut dyn FnMut() -> Result<Option<Vec<u8>>, Error>,
}

impl Source<'_> {
    /// Reads the next chunk, all of it; `None` from `read` says that it cannot be.
    pub(crate) fn chunk<T>(
        &mut self,
        what: &str,
        read: impl FnOnce(&mut In<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        let Some(bytes) = (self.next)()? else {
            return Err(damaged(&format!("it ends before {what}")));
        };
        let mut input = In::new(&bytes);
        read(&mut input).filter(|_| input.is_empty()).ok_or_else(|| damaged(what))
    }

    fn json<T: DeserializeOwned>(&mut self, what: &str) -> Result<T, Error> {
        self.chunk(what, |input| from_json(std::str::from_utf8(input.rest()).ok()?).ok())
    }
}

/// The error for an image that cannot be understood.
pub(crate) fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::InvalidStore, format!("the image of the registry is damaged: {what}"))
}

/// What the other chunks are to be understood by.
struct Head {
    revision: Revision,
    clock: Option<Instant>,
    head: Option<Hash>,
    slots: Vec<Slot>,
    hands: Vec<SegmentId>,
}

impl Head {
    fn write(&self, out: &mut Out) {
        out.number(IMAGE_FORMAT.into());
        out.number(self.revision.0);
        out.option(self.clock, |out, clock| out.signed(clock.millis()));
        out.option(self.head, |out, head| out.bytes(&head.0));
        out.count(self.slots.len());
        for (segment, site) in &self.slots {
            out.number(segment.0.into());
            out.option(*site, |out, site| out.number(site.0.into()));
        }
        out.count(self.hands.len());
        self.hands.iter().for_each(|segment| out.number(segment.0.into()));
    }

    fn read(input: &mut In<'_>) -> Option<Self> {
        if input.u32()? != IMAGE_FORMAT {
            return None;
        }
        Some(Self {
            revision: Revision(input.number()?),
            clock: input.option(|input| Instant::from_millis(input.signed()?).ok())?,
            head: input.option(|input| Hash::from_bytes(input.bytes()?))?,
            slots: input.list(|input| {
                Some((SegmentId(input.u32()?), input.option(|input| input.u32().map(SiteId))?))
            })?,
            hands: input.list(|input| input.u32().map(SegmentId))?,
        })
    }
}

impl Snapshot {
    /// Writes an image of the snapshot: `put` is given its chunks, in the order in which [`Snapshot::read_image`] wants
    /// them back. The same snapshot always gives the same chunks, and two of one registry have most of them in common.
    ///
    /// ```
    /// use matricula_core::Snapshot;
    ///
    /// let mut chunks = Vec::new();
    /// Snapshot::default().write_image(|chunk| Ok(chunks.push(chunk.to_vec())))?;
    /// let mut chunks = chunks.into_iter();
    /// let read = Snapshot::read_image(|| Ok(chunks.next()))?;
    /// assert!(read.same_as(&Snapshot::default()));
    /// # Ok::<(), matricula_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `put`.
    pub fn write_image(&self, mut put: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        // Whatever a state comes to have is written, or can be made from what is.
        let State {
            revision,
            clock,
            head,
            sites,
            schema,
            courses,
            segments,
            rules,
            users,
            slots,
            members,
            hands,
            levels: _,
            rules_of: _,
            graph: _,
            ranges: _,
            boundaries: _,
            enrolments,
            watch,
            access: _,
        } = &*self.0;
        let sink = &mut Sink { put: &mut put, out: Out::default() };
        let by_hand = || {
            let hands = hands.iter().filter_map(|(index, hand)| Some((index, hand.as_deref()?)));
            hands.map(|(index, hand)| (SegmentId::at(index), hand))
        };
        let head = Head {
            revision: *revision,
            clock: *clock,
            head: *head,
            slots: slots.iter().copied().collect(),
            hands: by_hand().map(|(segment, _)| segment).collect(),
        };
        sink.chunk(|out| head.write(out))?;
        write_json(sink, &sites.values().collect::<Vec<_>>())?;
        write_json(sink, &schema.attributes())?;
        write_json(sink, &courses.values().collect::<Vec<_>>())?;
        write_json(sink, &segments.values().collect::<Vec<_>>())?;
        write_json(sink, &rules.values().collect::<Vec<_>>())?;
        write_json(sink, &**watch)?;
        let mut about_access = self.access_entries().peekable();
        while about_access.peek().is_some() {
            write_json(sink, &about_access.by_ref().take(ENTRIES).collect::<Vec<_>>())?;
        }
        write_json(sink, &Vec::<Entry>::new())?;
        users.write_image(sink)?;
        members.write_image(sink)?;
        for (_, Hand { pinned, banned, frozen }) in by_hand() {
            sink.chunk(|out| [pinned, banned, frozen].iter().for_each(|set| out.bytes(&set.to_bytes())))?;
        }
        enrolments.write_image(sink)
    }

    /// Reads an image: `next` gives its chunks in the order in which they were written, then `None`.
    ///
    /// # Errors
    /// Those of `next`; `invalid_store` if the image is damaged, or written in another way than this version of the
    /// library does. It is then of no use, and the records have to be read.
    pub fn read_image(mut next: impl FnMut() -> Result<Option<Vec<u8>>, Error>) -> Result<Self, Error> {
        let source = &mut Source { next: &mut next };
        let head = source.chunk("its head", Head::read)?;
        let mut state =
            State { revision: head.revision, clock: head.clock, head: head.head, ..State::default() };
        state.sites = catalog(source.json("the sites")?, |site: &Site| (site.key.clone(), false))?;
        if state.sites.is_empty() {
            return Err(damaged("there is no site"));
        }
        state.schema = Arc::new(schema(source.json("the attributes")?)?);
        state.courses = catalog(source.json("the courses")?, |course: &Course| (course.key.clone(), false))?;
        state.segments = catalog(source.json("the segments")?, |segment: &Segment| {
            (segment.key.clone(), segment.deleted)
        })?;
        state.rules = catalog(source.json("the enrolment rules")?, |rule: &EnrolmentRule| {
            (rule.key.clone(), rule.deleted)
        })?;
        state.watch = Arc::new(source.json("the guard")?);
        let mut about_access: Vec<Entry> = Vec::new();
        loop {
            let entries: Vec<Entry> = source.json("what is said about access")?;
            if entries.is_empty() {
                break;
            }
            about_access.extend(entries);
        }
        state.users = Users::read_image(source, &state)?;
        about_access.iter().try_for_each(|entry| state.take_access(entry))?;
        state.compile_access();
        let people = state.users.count();
        state.slots = Arc::new(head.slots.iter().copied().collect());
        state.members = Roster::read_image(source, head.slots.len(), people)?;
        state.hands = hands(source, &head.hands, state.segments.len(), people)?;
        let courses = state.courses.len();
        state.enrolments = Enrolments::read_image(source, people, (courses, state.rules.len()))?;
        if (source.next)()?.is_some() {
            return Err(damaged("it goes on after its end"));
        }
        check_definitions(&state)?;
        if let Some(clock) = state.clock {
            state.compile(clock);
        }
        if state.slots.len() != head.slots.len() || state.rules_of.len() != head.slots.len() {
            return Err(damaged("the segments are not those of the rules"));
        }
        Ok(Self(Arc::new(state)))
    }
}

/// So many entries about access are in one chunk.
const ENTRIES: usize = 4096;

fn write_json(sink: &mut Sink<'_>, definitions: &impl Serialize) -> Result<(), Error> {
    let json = serde_json::to_vec(definitions).map_err(|error| {
        Error::caused_by(ErrorKind::Store, "a definition cannot be written as JSON", error)
    })?;
    sink.chunk(|out| out.raw(&json))
}

/// Definitions in order, by their keys, if they are not deleted.
fn catalog<T>(list: Vec<T>, key: impl Fn(&T) -> (String, bool)) -> Result<Arc<Catalog<T>>, Error> {
    let count = list.len();
    let mut catalog = Catalog::with_capacity(count);
    for (position, item) in list.into_iter().enumerate() {
        let (key, deleted) = key(&item);
        put(&mut catalog, position, &key, deleted, item);
    }
    if catalog.len() == count { Ok(Arc::new(catalog)) } else { Err(damaged("two definitions have one key")) }
}

fn schema(list: Vec<Attribute>) -> Result<Schema, Error> {
    let mut schema = Schema::default();
    for (position, attribute) in list.into_iter().enumerate() {
        let there = schema.find(&attribute.key).is_some();
        if there || attribute.id != AttributeId::at(position) {
            return Err(damaged("the attributes are out of order"));
        }
        schema.define(attribute);
    }
    Ok(schema)
}

fn hands(
    source: &mut Source<'_>,
    of: &[SegmentId],
    segments: usize,
    people: u32,
) -> Result<Chunks<Option<Arc<Hand>>, 64>, Error> {
    let mut hands = Chunks::default();
    let set = |input: &mut In<'_>| {
        let set = RowSet::from_bytes(input.bytes()?).ok()?;
        set.max().is_none_or(|last| last < people).then(|| Arc::new(set))
    };
    for segment in of {
        let hand = source.chunk("what was decided by hand", |input| {
            Some(Hand { pinned: set(input)?, banned: set(input)?, frozen: set(input)? })
        })?;
        if segment.index() >= segments {
            return Err(damaged("what was decided by hand is of no segment"));
        }
        hands.set(segment.index(), Some(Arc::new(hand)));
    }
    Ok(hands)
}
