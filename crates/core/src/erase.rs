//! Erasing people: everything that says who somebody was goes, and a number stays, so that counts, facts and the chain of
//! seals hold. Here: the change itself, what is left of the entries of a journal, and names in the words of commits.
//! Not here: rewriting what a store keeps, which each store does in its own way.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashSet;
use matricula_rule::{AttributeId, Kind, Rule, UserId, Value, fold, normalise};
use serde::{Deserialize, Serialize};

use crate::access::{Grant, Holder};
use crate::draft::{Draft, not_possible};
use crate::graph::{Node, Point};
use crate::state::State;
use crate::users::{Coded, ColumnId, status_code};
use crate::warnings::Place;
use crate::{
    Author, Commit, Entry, Error, Exception, Fingerprint, Reason, SegmentId, SiteId, Snapshot, Status, Steps,
    Warning,
};

/// What the keys of erased people begin with; the number follows. Nobody else's key may begin so.
pub const ERASED_KEY: &str = "erased:";

/// The key of somebody who is erased.
pub fn erased_key(user: UserId) -> String {
    format!("{ERASED_KEY}{}", user.0)
}

/// The people whose stubs a text names.
pub(crate) fn stubs_named_in(text: &str) -> impl Iterator<Item = UserId> + '_ {
    text.match_indices(ERASED_KEY).filter_map(|(place, _)| {
        let number = text.get(place + ERASED_KEY.len()..)?;
        let end = number.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(number.len());
        number.get(..end)?.parse().ok().map(UserId)
    })
}

/// What an entry had been before the person was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Was {
    /// The person was created.
    Created,
    /// Something of the person was changed.
    Changed,
    /// Something was decided by hand.
    Decided,
}

impl Entry {
    /// The person whom the entry is about, if it is about one.
    pub fn person(&self) -> Option<UserId> {
        match self {
            Self::User(entry) => Some(entry.id),
            Self::Exception { user, .. } | Self::Erased { user, .. } | Self::Erase(user) => Some(*user),
            Self::Record(entry) => Some(entry.user),
            Self::Site(..)
            | Self::Attribute(_)
            | Self::Course(..)
            | Self::Segment(..)
            | Self::EnrolmentRule(..)
            | Self::Guard(_)
            | Self::Category(..)
            | Self::Capability(_)
            | Self::Role(..)
            | Self::Override { .. }
            | Self::Lock { .. }
            | Self::Archive { .. } => None,
            Self::Grant(_, Grant { holder, .. }) | Self::Revoke { holder, .. } => match holder {
                Holder::User(user) => Some(*user),
                Holder::Segment(_) => None,
            },
        }
    }

    /// What is left of the entry when the person whom it is about is erased; `None` if it stays as it is, because it has
    /// numbers only that facts and reports rest on.
    pub fn stub(&self) -> Option<Self> {
        match self {
            Self::User(entry) => {
                let was = if entry.key.is_some() { Was::Created } else { Was::Changed };
                Some(Self::Erased { user: entry.id, was })
            }
            Self::Exception { user, .. } => Some(Self::Erased { user: *user, was: Was::Decided }),
            Self::Record(_) | Self::Erased { .. } | Self::Erase(_) => None,
            // Numbers, but for the words.
            Self::Grant(id, grant) if !grant.note.is_empty() => {
                Some(Self::Grant(*id, Grant { note: String::new(), ..grant.clone() }))
            }
            Self::Site(..)
            | Self::Attribute(_)
            | Self::Course(..)
            | Self::Segment(..)
            | Self::EnrolmentRule(..)
            | Self::Guard(_)
            | Self::Category(..)
            | Self::Capability(_)
            | Self::Role(..)
            | Self::Override { .. }
            | Self::Lock { .. }
            | Self::Grant(..)
            | Self::Revoke { .. }
            | Self::Archive { .. } => None,
        }
    }
}

/// What tells in free words who somebody is: keys, and values that no two people share.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The longest first.
    texts: Vec<(Vec<char>, UserId)>,
}

impl Secrets {
    /// Adds a text that stands for a person.
    pub fn add(&mut self, user: UserId, text: &str) {
        if text.is_empty() || text.starts_with(ERASED_KEY) {
            return;
        }
        let text: Vec<char> = fold(&normalise(text)).chars().collect();
        self.join(Self { texts: vec![(text, user)] });
    }

    fn join(&mut self, others: Self) {
        for (text, user) in others.texts {
            if self.texts.iter().all(|(there, _)| *there != text) {
                let place = self.texts.partition_point(|(there, _)| there.len() >= text.len());
                self.texts.insert(place, (text, user));
            }
        }
    }

    /// Adds what stands for a person in a snapshot.
    pub fn add_user(&mut self, snapshot: &Snapshot, user: UserId) {
        self.add_person(&snapshot.0, user);
    }

    pub(crate) fn add_person(&mut self, state: &State, user: UserId) {
        self.add(user, state.users.key(user).map_or("", |key| key));
        for attribute in state.schema.attributes().iter().filter(|attribute| attribute.unique) {
            match state.users.value(user, attribute.id) {
                Some(Value::Text(text)) => self.add(user, &text),
                Some(Value::Integer(number)) => self.add(user, &number.to_string()),
                _ => {}
            }
        }
    }

    /// Adds what an entry has of them: a key, and values of these attributes.
    pub fn add_entry(&mut self, entry: &Entry, unique: &BTreeSet<AttributeId>) {
        let Entry::User(entry) = entry else { return };
        if let Some(key) = &entry.key {
            self.add(entry.id, key);
        }
        for (attribute, value) in &entry.values {
            match value {
                Some(Value::Text(text)) if unique.contains(attribute) => self.add(entry.id, text),
                Some(Value::Integer(number)) if unique.contains(attribute) => {
                    self.add(entry.id, &number.to_string());
                }
                _ => {}
            }
        }
    }

    /// The texts that others do not have.
    fn beyond(&self, others: &Self) -> Self {
        let new = self.texts.iter().filter(|(text, _)| !others.texts.iter().any(|(there, _)| there == text));
        Self { texts: new.cloned().collect() }
    }

    /// The text with the stub's key in every place where it names somebody; `None` if it names nobody. Words are compared
    /// whole and without regard to letter case. Where a script puts no spaces between words, any place is the end of one;
    /// digits within a date, a time or a number are not.
    pub fn scrubbed(&self, text: &str) -> Option<String> {
        let text = &*normalise(text);
        let letters: Vec<(usize, char)> = text.char_indices().collect();
        let letter = |place: usize| letters.get(place).map(|(_, letter)| *letter);
        let (mut scrubbed, mut copied, mut place) = (String::new(), 0, 0);
        while place < letters.len() {
            let back = |by: usize| place.checked_sub(by).and_then(letter);
            let found = self.texts.iter().find_map(|(secret, user)| {
                let end = place + matches(&letters, place, secret)?;
                let last = end.checked_sub(1).and_then(letter);
                let goes_on = joins(back(1), letter(place)) || joins(last, letter(end));
                let is_number = secret.iter().all(char::is_ascii_digit);
                let in_number = is_number && (parts(back(2), back(1)) || parts(letter(end + 1), letter(end)));
                (!goes_on && !in_number).then_some((end, *user))
            });
            let Some((end, user)) = found else {
                place += 1;
                continue;
            };
            let offset = |place: usize| letters.get(place).map_or(text.len(), |(offset, _)| *offset);
            scrubbed.push_str(text.get(copied..offset(place)).unwrap_or_default());
            scrubbed.push_str(&erased_key(user));
            (copied, place) = (offset(end), end);
        }
        (copied > 0).then(|| scrubbed + text.get(copied..).unwrap_or_default())
    }

    /// The commit without what it says of some people, if it says anything. Its seal stays what it was.
    pub fn redacted(&self, commit: &Commit, erased: &BTreeSet<UserId>) -> Option<Commit> {
        let about = |entry: &Entry| {
            let erased = entry.person().is_some_and(|user| erased.contains(&user));
            if erased { entry.stub() } else { None }
        };
        let stubs: Vec<(usize, Entry)> = commit
            .entries
            .iter()
            .enumerate()
            .filter_map(|(place, entry)| Some((place, about(entry)?)))
            .collect();
        let words = commit.words();
        let mut redacted = commit.clone();
        let scrubbed = redacted.scrub(self, commit.concerns(erased));
        // Of what was refused nobody knows whom it was about. It is not sealed.
        let keyed = redacted.idempotency.as_mut();
        let forgotten = keyed.is_some_and(|keyed| keyed.asked.forget_refused());
        if stubs.is_empty() && !scrubbed && !forgotten {
            return None;
        }
        if let Some(seal) = &mut redacted.seal {
            if scrubbed {
                seal.words = seal.words.erased(&words);
            }
            let parts = Arc::make_mut(&mut seal.entries);
            for (place, _) in &stubs {
                if let (Some(part), Some(entry)) = (parts.get_mut(*place), commit.entries.get(*place)) {
                    *part = part.erased(entry.json().as_bytes());
                }
            }
        }
        let entries = Arc::make_mut(&mut redacted.entries);
        for (place, stub) in stubs {
            if let Some(entry) = entries.get_mut(place) {
                *entry = stub;
            }
        }
        Some(redacted)
    }
}

/// Whether two letters are of one word.
fn joins(a: Option<char>, b: Option<char>) -> bool {
    let of_word = |letter: Option<char>| {
        letter.is_some_and(|letter| letter.is_alphanumeric() && !is_without_spaces(letter))
    };
    of_word(a) && of_word(b)
}

/// Whether a letter is of a script that puts no spaces between words, or joins particles to them: those of South-East Asia,
/// China, Japan and Korea.
fn is_without_spaces(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x9FFF
        | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Whether a sign stands between digits, as in `2026-11-21`, `10:30` and `1.5`.
fn parts(digit: Option<char>, sign: Option<char>) -> bool {
    sign.is_some_and(|sign| "-:/.,".contains(sign)) && digit.is_some_and(|digit| digit.is_ascii_digit())
}

/// How many letters from a place on are a text, letter case aside.
fn matches(letters: &[(usize, char)], place: usize, secret: &[char]) -> Option<usize> {
    let mut rest = secret;
    let mut length = 0;
    while !rest.is_empty() {
        let (_, letter) = letters.get(place + length)?;
        for folded in fold(letter.encode_utf8(&mut [0; 4])).chars() {
            let (first, others) = rest.split_first()?;
            if *first != folded {
                return None;
            }
            rest = others;
        }
        length += 1;
    }
    Some(length)
}

impl Commit {
    /// Takes names of people out of the words; whether there were any. The fingerprint of a request that said something of
    /// somebody erased goes as well, since whoever guesses the request could check the guess with it.
    pub fn scrub(&mut self, secrets: &Secrets, says_something: bool) -> bool {
        let mut found = false;
        let host = match &mut self.author {
            Author::Host(name) => Some(name),
            Author::Actor(_) => None,
        };
        for words in host.into_iter().chain([&mut self.note]) {
            if let Some(scrubbed) = secrets.scrubbed(words) {
                *words = scrubbed;
                found = true;
            }
        }
        if let Some(keyed) = &mut self.idempotency {
            if let Some(scrubbed) = secrets.scrubbed(&keyed.key) {
                // No two commits have the same key.
                keyed.key = format!("{scrubbed}#{}", self.revision);
                found = true;
            }
            if (found || says_something) && !keyed.asked.is_erased() {
                keyed.asked = Fingerprint::default();
                found = true;
            }
        }
        found
    }

    /// Whether an entry, or what followed from a decision by hand, is about one of these people: then the request said
    /// something of that person.
    pub fn concerns(&self, people: &BTreeSet<UserId>) -> bool {
        self.entries.iter().filter_map(Entry::person).any(|user| people.contains(&user))
            || self.by_hand().any(|steps| people.iter().any(|user| steps.users.contains(user.0)))
    }

    /// What followed from decisions by hand about people, which have no entries.
    pub(crate) fn by_hand(&self) -> impl Iterator<Item = &Steps> {
        let steps = self.moments.iter().flat_map(|moment| &moment.steps);
        steps.filter(|steps| matches!(steps.reason, Reason::Manual | Reason::Bulk))
    }

    /// Whom the commit erases.
    pub fn erases(&self) -> BTreeSet<UserId> {
        let erased = |entry: &Entry| match entry {
            Entry::Erase(user) => Some(*user),
            _ => None,
        };
        self.entries.iter().filter_map(erased).collect()
    }
}

impl Draft {
    /// Makes a stub of a person.
    pub(crate) fn erase(&mut self, key: &str) -> Result<(), Error> {
        let user = Snapshot::user_in(&self.next, key)?;
        if self.next.users.status(user) == Some(Status::Erased) {
            return Err(not_possible(format!("user `{key}` is erased already")));
        }
        let mut secrets = Secrets::default();
        secrets.add_person(&self.next, user);
        self.warn_of(user, &secrets);
        self.secrets.add_person(&self.before, user);
        self.secrets.add_person(&self.next, user);
        let mut known = Secrets::default();
        known.add_person(&self.before, user);
        self.unrecorded.join(secrets.beyond(&known));
        self.retract(user);
        let attributes: Vec<AttributeId> =
            self.next.schema.attributes().iter().map(|attribute| attribute.id).collect();
        for attribute in attributes {
            if self.next.users.value(user, attribute).is_some() {
                self.touch_value(user, attribute);
            }
        }
        for site in (0..self.next.sites.len()).map(SiteId::at) {
            if self.next.users.membership(user, site).is_some() {
                self.touch(user, ColumnId::Site(site));
            }
        }
        for segment in (0..self.next.segments.len()).map(SegmentId::at) {
            if self.next.exception(segment, user).is_some() {
                self.touched.note_hand(segment, user.0);
            }
        }
        self.touch(user, ColumnId::Status);
        self.next.erase(user);
        self.erases = true;
        self.record(Entry::Erase(user));
        Ok(())
    }

    /// What this transaction itself said of a person is not recorded.
    fn retract(&mut self, user: UserId) {
        for entry in Arc::make_mut(&mut self.entries) {
            if entry.person() == Some(user)
                && let Some(stub) = entry.stub()
            {
                *entry = stub;
            }
        }
        self.hands.forget(user);
        self.pending.forget(user);
    }

    /// Notes the definitions that go on saying something of a person.
    fn warn_of(&mut self, user: UserId, secrets: &Secrets) {
        let mut warnings = Vec::new();
        for segment in self.next.segments.values() {
            let names =
                |text: &Option<String>| text.as_ref().is_some_and(|it| secrets.scrubbed(it).is_some());
            let mut warn = |place| warnings.push(Warning::Erased { segment: segment.key.clone(), place });
            match segment.rule.as_ref().map(|rule| naming(rule, user, secrets)) {
                Some(Naming { person: true, .. }) => warn(Place::Rule),
                Some(Naming { text: true, .. }) => warn(Place::Text),
                _ => {}
            }
            if names(&segment.owner) || names(&segment.description) || names(&Some(segment.name.clone())) {
                warn(Place::Words);
            }
        }
        self.warnings.extend(warnings);
    }
}

/// How a rule names a person.
struct Naming {
    person: bool,
    text: bool,
}

fn naming(rule: &Rule, user: UserId, secrets: &Secrets) -> Naming {
    fn walk(json: &serde_json::Value, visit: &mut impl FnMut(Option<&str>, &serde_json::Value)) {
        match json {
            serde_json::Value::Array(parts) => parts.iter().for_each(|part| walk(part, visit)),
            serde_json::Value::Object(members) => {
                for (name, part) in members {
                    visit(Some(name), part);
                    walk(part, visit);
                }
            }
            _ => visit(None, json),
        }
    }
    let mut naming = Naming { person: false, text: false };
    // In JSON all kinds of tests look alike.
    let json = serde_json::to_value(rule).unwrap_or_default();
    walk(&json, &mut |name, part| {
        naming.person |= name == Some("user") && part.as_u64() == Some(user.0.into());
        naming.text |= part.as_str().is_some_and(|text| secrets.scrubbed(text).is_some());
    });
    naming
}

impl State {
    /// Leaves of a person the number, when the person was created, what is recorded in courses, and enrolments.
    pub(crate) fn erase(&mut self, user: UserId) {
        let attributes: Vec<AttributeId> =
            self.schema.attributes().iter().map(|attribute| attribute.id).collect();
        for attribute in attributes {
            self.users.put(user, attribute, None, Coded::default());
        }
        for site in (0..self.sites.len()).map(SiteId::at) {
            if self.users.membership(user, site).is_some() {
                self.users.set_code(ColumnId::Site(site), user, 0);
            }
        }
        for segment in (0..self.segments.len()).map(SegmentId::at) {
            if matches!(self.exception(segment, user), Some(Exception::Pinned | Exception::Banned)) {
                self.set_exception(segment, user, None);
            }
        }
        self.access.grants.forget(user);
        self.users.set_code(ColumnId::Status, user, status_code(Some(Status::Erased)));
        self.users.rename(user, &erased_key(user));
    }

    /// Forgets the texts that nobody has any longer and no rule compares. Codes of others stay as they are.
    pub(crate) fn forget_texts(&mut self) {
        let mut constants: Vec<(ColumnId, HashSet<Box<[u8]>>)> = Vec::new();
        for (id, tests) in self.graph.tests() {
            let mut keys = HashSet::new();
            for test in tests {
                let Some(Node::Test(_, test)) = self.graph.node(*test) else { continue };
                keys.extend(test.points().filter_map(|point| match point {
                    Point::Key(key) => Some(key.to_vec().into_boxed_slice()),
                    _ => None,
                }));
            }
            constants.push((id, keys));
        }
        let texts = self.schema.attributes().iter().filter(|it| matches!(it.kind, Kind::Text | Kind::Path));
        let ids: Vec<AttributeId> = texts.map(|attribute| attribute.id).collect();
        for id in ids.into_iter().flat_map(|id| [ColumnId::Attribute(id), ColumnId::Folded(id)]) {
            let kept = constants.iter().find(|(of, _)| *of == id).map(|(_, keys)| keys);
            let is_kept = |text: &[u8]| kept.is_some_and(|kept| kept.contains(text));
            if self.users.column(id).is_some_and(|column| column.has_unused(&is_kept))
                && let Some(column) = self.users.column_mut(id)
            {
                column.forget_unused(&is_kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_out_of_words_whole_and_in_any_case() {
        let mut secrets = Secrets::default();
        secrets.add(UserId(5), "ann");
        secrets.add(UserId(5), "ann@acme.org");
        secrets.add(UserId(6), "E-7");
        secrets.add(UserId(7), "erased:7");
        secrets.add(UserId(8), "");
        let scrubbed = |text: &str| secrets.scrubbed(text);
        assert_eq!(scrubbed("annual import, Hannah"), None);
        assert_eq!(scrubbed("leave of Ann (ANN@acme.org)").unwrap(), "leave of erased:5 (erased:5)");
        assert_eq!(scrubbed("ann").unwrap(), "erased:5");
        assert_eq!(scrubbed("e-7, E-77, xE-7").unwrap(), "erased:6, E-77, xE-7");
        assert_eq!(scrubbed("é ann é").unwrap(), "é erased:5 é");
        assert_eq!(scrubbed(""), None);
        assert_eq!(scrubbed("erased:7"), None);
    }
}
