//! A registry as newline-delimited JSON: a line that says what follows, an inventory of the registry if the first commits are not
//! in it, then each commit as one line of its own, one for each entry and one for each fact, and a line for the end. Every
//! line ends in a check of it and all before, so that what is cut off or altered is found, and where. Not here: reading and
//! writing, which is the host's.

use std::sync::Arc;

use chrono::NaiveDate;
use matricula_rule::from_json;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::verify::Chain;
use crate::{
    Action, Author, Commit, CourseId, Entry, Error, ErrorKind, Fingerprint, Hash, Head, Idempotency, Instant,
    Inventory, JournalKey, KeyId, Losses, MembershipChange, Moment, Part, Reason, Revision, RowSet, Salt,
    Seal, SegmentId, Snapshot, Steps, Was, WrittenCommit, people_text,
};

/// The version of the lines.
const FORMAT: u32 = 1;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    matricula: Contents,
}

#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    format: u32,
    /// The revision before the first commit; an inventory of it follows unless it is 0.
    after: Revision,
    /// The last one.
    to: Revision,
    head: Option<Hash>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitLine {
    commit: CommitHeader,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommitHeader {
    revision: Revision,
    at: Instant,
    author: Author,
    note: String,
    /// The key of the request, and the fingerprint of what was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<(String, Fingerprint)>,
    #[serde(default, skip_serializing_if = "Losses::is_empty")]
    losses: Losses,
    entries: usize,
    facts: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    salt: Option<Salt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commitment: Option<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<Hash>,
    /// The journal key that the hash is made with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<KeyId>,
}

/// A salt, or the commitment in place of one.
#[derive(Debug, Default)]
struct SealLine {
    salt: Option<Salt>,
    commitment: Option<Hash>,
}

impl SealLine {
    fn of(part: Option<&Part>) -> Self {
        match part {
            None => Self::default(),
            Some(Part::Open { salt, .. }) => Self { salt: *salt, commitment: None },
            Some(Part::Erased(commitment)) => Self { salt: None, commitment: Some(*commitment) },
        }
    }

    fn part(&self, bytes: &[u8]) -> Option<Part> {
        match (self.salt, self.commitment) {
            (salt, None) => Some(Part::sealing(salt, bytes)),
            (None, Some(commitment)) => Some(Part::Erased(commitment)),
            (Some(_), Some(_)) => None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryLine<'a> {
    #[serde(borrow)]
    entry: &'a RawValue,
    salt: Option<Salt>,
    commitment: Option<Hash>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FactLine {
    fact: Fact,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Fact {
    Segment {
        moment: usize,
        at: Instant,
        segment: SegmentId,
        joined: String,
        left: String,
    },
    Course {
        moment: usize,
        at: Instant,
        action: Action,
        course: CourseId,
        reason: Reason,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<NaiveDate>,
        users: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    end: u64,
}

/// What stands between a line's contents and the digits of its check.
const CHECK: &str = ",\"check\":\"";
/// The digits of a check and what closes the line.
const TAIL: usize = CHECK.len() + 8 + "\"}".len();

/// The checks along the lines.
#[derive(Clone, Debug)]
struct Checks {
    hasher: Sha256,
    lines: u64,
}

impl Default for Checks {
    fn default() -> Self {
        Self { hasher: Sha256::new(), lines: 0 }
    }
}

impl Checks {
    /// The check of the next line, of which this is all but the check and the last brace.
    fn next(&mut self, contents: &str) -> String {
        self.lines += 1;
        self.hasher.update(contents);
        self.hasher.update(b"\n");
        let [a, b, c, d, ..]: [u8; 32] = self.hasher.clone().finalize().into();
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }
}

/// Makes the lines of an export, one part after the other.
///
/// ```
/// use matricula_core::{Archive, Draft, Exporter, Instant, Snapshot, UserUpdate, WrittenCommit};
///
/// let mut draft = Draft::new(&Snapshot::default(), Instant::EPOCH);
/// draft.apply(UserUpdate::new("ann").into())?;
/// let outcome = draft.finish("hr", "first day");
///
/// let (mut exporter, mut lines) = (Exporter::default(), String::new());
/// exporter.begin(None, &outcome.snapshot, &mut lines);
/// exporter.commit(&WrittenCommit::from(&*outcome.commit), &mut lines);
/// exporter.end(&mut lines);
///
/// let mut archive = Archive::read(lines.lines().map(|line| Ok(line.to_owned())))?;
/// assert_eq!(archive.next().transpose()?, Some(outcome.commit));
/// assert!(archive.next().is_none());
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Exporter {
    checks: Checks,
}

impl Exporter {
    fn line(&mut self, json: &str, out: &mut String) {
        let contents = json.strip_suffix('}').unwrap_or(json);
        let check = self.checks.next(contents);
        out.push_str(contents);
        out.push_str(CHECK);
        out.push_str(&check);
        out.push_str("\"}\n");
    }

    fn put(&mut self, line: &impl Serialize, out: &mut String) {
        // What is written are numbers, texts and words: it always has JSON.
        self.line(&serde_json::to_string(line).unwrap_or_default(), out);
    }

    /// The first lines: of commits after `start`, or from the first on, up to the last of the registry.
    pub fn begin(&mut self, start: Option<&Snapshot>, last: &Snapshot, out: &mut String) {
        let after = start.map(Snapshot::revision).unwrap_or_default();
        let (to, head) = (last.revision(), last.0.head);
        self.put(&Header { matricula: Contents { format: FORMAT, after, to, head } }, out);
        if let Some(start) = start {
            let written = start.write_inventory(|line| {
                self.line(&line.json, out);
                Ok::<(), std::convert::Infallible>(())
            });
            debug_assert!(written.is_ok(), "nothing can fail here");
        }
    }

    /// The lines of the next commit.
    pub fn commit(&mut self, written: &WrittenCommit, out: &mut String) {
        let Commit { revision, at, author, note, idempotency, entries: _, moments, losses, seal } =
            &written.rest;
        let facts = facts_of(moments);
        let SealLine { salt, commitment } = SealLine::of(seal.as_ref().map(|seal| &seal.words));
        let header = CommitHeader {
            revision: *revision,
            at: *at,
            author: author.clone(),
            note: note.clone(),
            request: idempotency.as_ref().map(|keyed| (keyed.key.clone(), keyed.asked.clone())),
            losses: losses.clone(),
            entries: written.entries.len(),
            facts: facts.len(),
            salt,
            commitment,
            hash: seal.as_ref().map(|seal| seal.hash),
            key: seal.as_ref().and_then(|seal| seal.key),
        };
        self.put(&CommitLine { commit: header }, out);
        for (place, json) in written.entries.iter().enumerate() {
            let SealLine { salt, commitment } =
                SealLine::of(seal.as_ref().and_then(|seal| seal.entries.get(place)));
            let mut line = format!("{{\"entry\":{json}");
            if let Some(salt) = salt {
                line.push_str(&format!(",\"salt\":\"{salt}\""));
            }
            if let Some(commitment) = commitment {
                line.push_str(&format!(",\"commitment\":\"{commitment}\""));
            }
            line.push('}');
            self.line(&line, out);
        }
        for fact in facts {
            self.put(&FactLine { fact }, out);
        }
    }

    /// The last line.
    pub fn end(&mut self, out: &mut String) {
        let end = self.checks.lines;
        self.put(&End { end }, out);
    }
}

fn facts_of(moments: &[Moment]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (moment, Moment { at, memberships, steps }) in moments.iter().enumerate() {
        let at = *at;
        for MembershipChange { segment, joined, left } in memberships {
            let (joined, left) = (people_text::written(joined), people_text::written(left));
            facts.push(Fact::Segment { moment, at, segment: *segment, joined, left });
        }
        for Steps { action, course, reason, due, users } in steps {
            let (action, course, reason, due) = (*action, *course, *reason, *due);
            let users = people_text::written(users);
            facts.push(Fact::Course { moment, at, action, course, reason, due, users });
        }
    }
    facts
}

/// Reads the lines of an export or an archive: the registry that it begins with, then commit after commit, each checked
/// against its seal.
#[derive(Debug)]
pub struct Archive<I> {
    lines: I,
    checks: Checks,
    contents: Contents,
    start: Option<Snapshot>,
    /// A line that was read ahead.
    ahead: Option<String>,
    chain: Chain,
    people: u32,
    /// The commit that was read last.
    last: Revision,
    over: bool,
}

impl<I: Iterator<Item = Result<String, Error>>> Archive<I> {
    /// Begins to read lines, without their ends.
    ///
    /// # Errors
    /// `invalid_archive` with the number of the line; and what reading a line fails with.
    pub fn read(lines: I) -> Result<Self, Error> {
        Self::read_keyed(lines, None)
    }

    /// The same; commits that are sealed with a journal key are checked with this one. Without a key they are not.
    ///
    /// # Errors
    /// As [`Archive::read`].
    pub fn read_keyed(lines: I, key: Option<JournalKey>) -> Result<Self, Error> {
        let contents = Contents { format: FORMAT, after: Revision(0), to: Revision(0), head: None };
        let mut archive = Self {
            lines,
            checks: Checks::default(),
            contents,
            start: None,
            ahead: None,
            chain: Chain::default().keyed(key),
            people: 0,
            last: Revision(0),
            over: false,
        };
        let header: Header = archive.next_as()?;
        if header.matricula.format != FORMAT {
            let format = header.matricula.format;
            return Err(archive.wrong(format!("the format is {format}, expected {FORMAT}")));
        }
        archive.contents = header.matricula;
        if archive.contents.after > Revision(0) {
            archive.read_inventory()?;
        }
        Ok(archive)
    }

    fn read_inventory(&mut self) -> Result<(), Error> {
        let mut inventory = Inventory::default();
        loop {
            let line = self.next_line()?;
            if line.starts_with("{\"commit\":") || line.starts_with("{\"end\":") {
                self.ahead = Some(line);
                break;
            }
            inventory.line(&line).map_err(|error| self.wrong(error.message()))?;
        }
        let start = inventory.finish().map_err(|error| self.wrong(error.message()))?;
        if start.revision() != self.contents.after {
            let (is, expected) = (start.revision(), self.contents.after);
            return Err(self.wrong(format!("the inventory is of revision {is}, expected {expected}")));
        }
        self.people = u32::try_from(start.user_count()).unwrap_or(u32::MAX);
        let chain = std::mem::take(&mut self.chain);
        self.chain = chain.begun_after(start.revision(), start.head().map(|head| head.hash));
        self.last = start.revision();
        self.start = Some(start);
        Ok(())
    }

    /// The registry that the commits begin with; none if they begin with the first.
    pub fn start(&self) -> Option<&Snapshot> {
        self.start.as_ref()
    }

    /// The last revision that there is to read.
    pub fn to(&self) -> Revision {
        self.contents.to
    }

    fn wrong(&self, what: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::InvalidArchive, format!("line {}: {what}", self.checks.lines))
    }

    /// The next line as JSON, without its check.
    fn next_line(&mut self) -> Result<String, Error> {
        if let Some(line) = self.ahead.take() {
            return Ok(line);
        }
        let Some(line) = self.lines.next() else {
            let line = self.checks.lines + 1;
            let message = format!("line {line}: the archive ends here, expected its last line to say so");
            return Err(Error::new(ErrorKind::InvalidArchive, message));
        };
        let line = line?;
        let place =
            line.len().checked_sub(TAIL).filter(|place| line.is_char_boundary(*place)).unwrap_or_default();
        let (contents, tail) = line.split_at(place);
        let check = self.checks.next(contents);
        if tail.strip_prefix(CHECK).and_then(|tail| tail.strip_suffix("\"}")) != Some(&check) {
            return Err(
                self.wrong("it is altered or cut off, or one before it is missing: its check does not fit")
            );
        }
        Ok(format!("{contents}}}"))
    }

    fn next_as<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        let line = self.next_line()?;
        from_json(&line).map_err(|error| self.wrong(format!("it cannot be understood: {error}")))
    }

    fn next_commit(&mut self) -> Result<Option<Arc<Commit>>, Error> {
        let line = self.next_line()?;
        if line.starts_with("{\"end\":") {
            return self.finish(&line).map(|()| None);
        }
        let CommitLine { commit: header } =
            from_json(&line).map_err(|error| self.wrong(format!("it cannot be understood: {error}")))?;
        let first = self.checks.lines;
        let (mut entries, mut parts, mut read) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..header.entries {
            let (json, part, entry) = self.next_entry()?;
            self.people += u32::from(creates(&entry));
            entries.push(json);
            parts.push(part);
            read.push(entry);
        }
        let moments = self.next_facts(header.facts)?;
        let mut rest = Commit {
            revision: header.revision,
            at: header.at,
            author: header.author,
            note: header.note,
            idempotency: header.request.map(|(key, asked)| Idempotency { key, asked }),
            entries: Arc::default(),
            moments,
            losses: header.losses,
            seal: None,
        };
        if let Some(hash) = header.hash {
            let seal = SealLine { salt: header.salt, commitment: header.commitment };
            let words = seal.part(&rest.words()).ok_or_else(|| self.wrong("a seal has a salt too many"))?;
            rest.seal = Some(Seal { words, entries: Arc::new(parts), hash, key: header.key });
        }
        let written = WrittenCommit { rest, entries };
        let commit = Commit { entries: Arc::new(read), ..written.rest.clone() };
        if let Err(difference) = self.chain.follow(&written, Some(&commit)) {
            let line = first + difference.entry.map_or(0, |entry| entry as u64 + 1);
            return Err(Error::new(ErrorKind::InvalidArchive, format!("line {line}: {difference}")));
        }
        for (place, (json, entry)) in written.entries.iter().zip(commit.entries.iter()).enumerate() {
            // Stores write entries in the words of this version; what was sealed in others would no longer fit.
            if commit.seal.is_some() && *json != entry.json() {
                let line = first + place as u64 + 1;
                let message =
                    format!("line {line}: the entry is in the words of another version of the library");
                return Err(Error::new(ErrorKind::InvalidArchive, message));
            }
        }
        self.last = commit.revision;
        Ok(Some(Arc::new(commit)))
    }

    fn next_entry(&mut self) -> Result<(String, Part, Entry), Error> {
        let line = self.next_line()?;
        let wrong = |error: serde_json::Error| self.wrong(format!("it cannot be understood: {error}"));
        let EntryLine { entry: json, salt, commitment } = serde_json::from_str(&line).map_err(wrong)?;
        let json = json.get().to_owned();
        let entry: Entry = from_json(&json).map_err(wrong)?;
        let part = SealLine { salt, commitment }.part(json.as_bytes());
        let part = part.ok_or_else(|| self.wrong("a seal has a salt too many"))?;
        Ok((json, part, entry))
    }

    fn next_facts(&mut self, count: usize) -> Result<Vec<Moment>, Error> {
        let mut moments: Vec<Moment> = Vec::new();
        for _ in 0..count {
            let FactLine { fact } = self.next_as()?;
            let (Fact::Segment { moment, at, .. } | Fact::Course { moment, at, .. }) = &fact;
            if *moment == moments.len() {
                moments.push(Moment { at: *at, memberships: Vec::new(), steps: Vec::new() });
            }
            let in_order = *moment + 1 == moments.len();
            let Some(last) = moments.last_mut().filter(|last| in_order && last.at == *at) else {
                return Err(self.wrong("the facts are out of order"));
            };
            let people = |text: &str| people_text::read(text, self.people);
            let known = match fact {
                Fact::Segment { segment, joined, left, .. } => {
                    let change = people(&joined).zip(people(&left));
                    let change = change.map(|(joined, left)| MembershipChange { segment, joined, left });
                    change.map(|change| last.memberships.push(change))
                }
                Fact::Course { action, course, reason, due, users, .. } => {
                    let users: Option<RowSet> = people(&users);
                    users.map(|users| last.steps.push(Steps { action, course, reason, due, users }))
                }
            };
            if known.is_none() {
                return Err(self.wrong("the fact is about people who are not there"));
            }
        }
        Ok(moments)
    }

    fn finish(&mut self, line: &str) -> Result<(), Error> {
        self.over = true;
        let end: End =
            from_json(line).map_err(|error| self.wrong(format!("it cannot be understood: {error}")))?;
        if end.end + 1 != self.checks.lines {
            return Err(self.wrong(format!("it says that {} lines are before it", end.end)));
        }
        if self.last != self.contents.to
            || self.chain.head().map(|Head { hash, .. }| hash) != self.contents.head
        {
            return Err(self.wrong("the commits do not end as the first line says"));
        }
        match self.lines.next() {
            None => Ok(()),
            Some(line) => {
                line?;
                Err(Error::new(
                    ErrorKind::InvalidArchive,
                    format!("line {}: expected nothing after the end", self.checks.lines + 1),
                ))
            }
        }
    }
}

/// Whether an entry creates somebody.
fn creates(entry: &Entry) -> bool {
    match entry {
        Entry::User(user) => user.key.is_some(),
        Entry::Erased { was, .. } => *was == Was::Created,
        _ => false,
    }
}

impl<I: Iterator<Item = Result<String, Error>>> Iterator for Archive<I> {
    type Item = Result<Arc<Commit>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let commit = self.next_commit().transpose();
        self.over |= !matches!(commit, Some(Ok(_)));
        commit
    }
}
