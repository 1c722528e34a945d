//! Registries and parts of their journals going out of a store and in again, as newline-delimited JSON: export, import,
//! archives. Not here: the lines themselves (core's `export`).

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;

use matricula_core::{
    Appended, Archive, Commit, Delta, Draft, Entry, Error, ErrorKind, Exporter, Hash, Instant, JournalKey,
    Revision, Snapshot, Status, Store, UserId,
};

use crate::history::no_revision;
use crate::registry::{ATTEMPTS, BATCH};
use crate::{AsOf, Registry};

/// Lines are longer than this only in a file that is no archive.
const MAX_LINE: u64 = 1 << 28;

/// What became of an archiving.
#[derive(Clone, Debug)]
pub struct Archived {
    /// The first revision in the archive.
    pub from: Revision,
    /// The last one.
    pub to: Revision,
    /// The commit that records it.
    pub delta: Delta,
}

impl Registry {
    /// Writes the whole registry: every commit with its seal, and before them, if earlier commits are archived, the
    /// registry as it was after those. The same registry always comes to the same bytes.
    ///
    /// # Errors
    /// `store` if it cannot be read or written to, `invalid_store`; `archived` if others archived meanwhile.
    pub fn export(&self, writer: impl Write) -> Result<Revision, Error> {
        // In this order: what others archive in between shows as commits that are gone.
        let start = self.store().start()?;
        let last = self.refresh()?;
        self.write_lines(writer, start.as_ref(), &last)?;
        Ok(last.revision())
    }

    /// Opens a store that is empty, filled with what was exported: all of it or, if anything in it is wrong, nothing.
    ///
    /// # Errors
    /// `invalid_archive` with the number of the line that is cut off or altered; `not_possible` if the store is not
    /// empty; `store`.
    ///
    /// ```
    /// use matricula::{Instant, Memory, Registry, UserUpdate};
    ///
    /// let registry = Registry::open(Memory::default())?;
    /// let mut tx = registry.as_host("hr").begin(Instant::EPOCH)?;
    /// tx.update_user(UserUpdate::new("ann"))?;
    /// tx.commit()?;
    ///
    /// let mut exported = Vec::new();
    /// registry.export(&mut exported)?;
    /// let copy = Registry::import(Memory::default(), exported.as_slice())?;
    /// assert!(copy.snapshot().same_as(&registry.snapshot()));
    /// # Ok::<(), matricula::Error>(())
    /// ```
    pub fn import(store: impl Store + 'static, reader: impl Read) -> Result<Self, Error> {
        Self::restore(store, reader, None, None, |commit, _| commit)
    }

    /// The same for what is sealed with a journal key, which is checked with this one and continued with it. Without a key,
    /// [`Registry::import`] takes the hashes of such commits as they are.
    ///
    /// # Errors
    /// Those of [`Registry::import`]; `invalid_archive` if something is sealed with another key.
    pub fn import_keyed(
        store: impl Store + 'static,
        reader: impl Read,
        key: JournalKey,
    ) -> Result<Self, Error> {
        Self::restore(store, reader, Some(key.clone()), Some(key), |commit, _| commit)
    }

    /// Imports what was exported and seals it anew, from the first commit on, with another journal key, or without one: so a
    /// registry comes by a key, changes it or gives it up. What is sealed with a key is checked with `old` if that is
    /// given. Heads that were saved before are of the old seals; keep the new one.
    ///
    /// # Errors
    /// Those of [`Registry::import_keyed`].
    pub fn import_resealed(
        store: impl Store + 'static,
        reader: impl Read,
        old: Option<JournalKey>,
        new: Option<JournalKey>,
    ) -> Result<Self, Error> {
        let key = new.clone();
        Self::restore(store, reader, old, new, move |commit, previous| {
            Arc::new(Arc::unwrap_or_clone(commit).resealed(previous, key.as_ref()))
        })
    }

    /// Fills a store with what was exported, and opens it with a key.
    fn restore(
        store: impl Store + 'static,
        reader: impl Read,
        old: Option<JournalKey>,
        new: Option<JournalKey>,
        reseal: impl Fn(Arc<Commit>, Option<Hash>) -> Arc<Commit>,
    ) -> Result<Self, Error> {
        let mut archive = Archive::read_keyed(lines(reader), old)?;
        let start = archive.start().cloned();
        let mut replayed = start.clone().unwrap_or_default();
        let mut is_checked = false;
        let mut commits = std::iter::from_fn(|| {
            let Some(commit) = archive.next() else {
                // What a store would not open again is not put into it.
                let checked = if is_checked { Ok(()) } else { replayed.check_definitions() };
                is_checked = true;
                return checked.err().map(Err);
            };
            Some(commit.and_then(|commit| {
                let commit = reseal(commit, replayed.head().map(|head| head.hash));
                replayed = replayed.replay(&commit).map_err(|error| {
                    Error::caused_by(ErrorKind::InvalidArchive, error.message().to_owned(), error)
                })?;
                Ok(commit)
            }))
        });
        store.restore(start.as_ref(), &mut commits)?;
        let registry = Self::open_with(store, new)?;
        if !registry.snapshot().same_as(&replayed) {
            let message = "the store does not hold what was imported";
            return Err(Error::new(ErrorKind::InvalidStore, message));
        }
        Ok(registry)
    }

    /// Moves the commits before a revision into an archive: they are written, then a commit records that they were, and
    /// they are removed from the store, which keeps the registry as it was after the last of them. From then on the
    /// journal begins there.
    ///
    /// The archive is complete when this returns; whether it is safe on disk is the writer's business, so it is flushed
    /// before anything is removed.
    ///
    /// # Errors
    /// `unknown_revision` if there is no such revision, `not_possible` if there is nothing before it to archive, `store`
    /// if it cannot be read or written to: then nothing is removed; `conflict` if other writers were always faster.
    pub fn archive(&self, before: Revision, author: &str, mut writer: impl Write) -> Result<Archived, Error> {
        let current = self.refresh()?;
        if before > current.revision() {
            return Err(no_revision(before, current.revision()));
        }
        let start = self.store().start()?;
        let after = start.as_ref().map(Snapshot::revision).unwrap_or_default();
        let to = Revision(before.0.saturating_sub(1));
        if to <= after {
            let message = format!(
                "there is nothing to archive before commit {before}, the first one here is {}",
                after.next()
            );
            return Err(Error::new(ErrorKind::NotPossible, message));
        }
        let mut last = self.as_of(to)?;
        self.write_lines(&mut writer, start.as_ref(), &last)?;
        writer.flush().map_err(unwritten)?;
        let writing = self.writer();
        for _ in 0..ATTEMPTS {
            let current = self.catch_up_to_store(&writing)?;
            if self.store().begins_after()? != after {
                let message =
                    "another writer has archived commits meanwhile, what was written here is of no use";
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            let outcome = Draft::new(&current, current.clock().unwrap_or(Instant::EPOCH)).finish_with(
                author,
                "",
                Entry::Archive { to },
            );
            let outcome = self.sealed(outcome)?;
            // Somebody may have been erased since the lines were written.
            last = last.without(&erased_in(&current));
            if self.store().trim(&outcome.commit, after, &last)? == Appended::Done {
                self.publish(&writing, &outcome);
                return Ok(Archived { from: after.next(), to, delta: Delta::from(&outcome) });
            }
        }
        let message = format!("another writer committed first, {ATTEMPTS} times in a row");
        Err(Error::new(ErrorKind::Conflict, message))
    }

    /// The registry as it was at a revision or an instant, from an archive that has it. People who have been erased since
    /// are stubs in it, whatever the archive says.
    ///
    /// # Errors
    /// `invalid_archive` with the number of the line that is cut off or altered; `unknown_revision` if the archive does
    /// not have it; `archived` if an earlier archive does.
    pub fn as_of_in(&self, archive: impl Read, when: impl Into<AsOf>) -> Result<Snapshot, Error> {
        let when = when.into();
        let mut archive = Archive::read_keyed(lines(archive), self.key().cloned())?;
        let mut snapshot = archive.start().cloned().unwrap_or_default();
        let too_early = match when {
            AsOf::Revision(revision) => revision < snapshot.revision(),
            AsOf::Instant(at) => snapshot.clock().is_some_and(|clock| clock > at),
        };
        if too_early {
            let first = snapshot.revision();
            let message = format!("this archive begins after revision {first}, expected an earlier archive");
            return Err(Error::new(ErrorKind::Archived, message));
        }
        let mut found = None;
        let mut last = None;
        for commit in archive.by_ref() {
            let commit = commit?;
            let beyond = match when {
                AsOf::Revision(revision) => commit.revision > revision,
                AsOf::Instant(at) => commit.at > at,
            };
            if beyond && found.is_none() {
                found = Some(snapshot.clone());
            }
            snapshot = snapshot.replay(&commit)?;
            last = Some(commit.at);
        }
        let current = self.refresh()?;
        self.check_adjoining(&snapshot)?;
        // All of it is read, so that what is altered further on is found as well. After its last commit it says how things
        // were only where it is known when the next one was.
        if let (None, AsOf::Instant(at)) = (&found, when)
            && last.is_none_or(|last| last < at)
            && !self.follows_after(snapshot.revision(), at)?
        {
            let message = format!("this archive ends before {at}, expected a later one");
            return Err(Error::new(ErrorKind::UnknownRevision, message));
        }
        let found = found.unwrap_or(snapshot);
        if let AsOf::Revision(revision) = when
            && found.revision() != revision
        {
            return Err(no_revision(revision, found.revision()));
        }
        Ok(found.without(&erased_in(&current)))
    }

    /// Makes sure that an archive which ends where this journal begins is of this registry.
    fn check_adjoining(&self, last: &Snapshot) -> Result<(), Error> {
        if self.store().begins_after()? != last.revision() {
            return Ok(());
        }
        let start = self.store().start()?.and_then(|start| start.head());
        if start == last.head() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::InvalidArchive, "it is an archive of another registry"))
    }

    /// Whether the commit after a revision is here, and later than an instant, or is to come.
    fn follows_after(&self, revision: Revision, at: Instant) -> Result<bool, Error> {
        if self.store().begins_after()? > revision {
            return Ok(false);
        }
        let next = self.store().since(revision, 1)?;
        Ok(next.first().is_none_or(|next| next.at > at))
    }

    fn write_lines(
        &self,
        mut writer: impl Write,
        start: Option<&Snapshot>,
        last: &Snapshot,
    ) -> Result<(), Error> {
        let (mut exporter, mut out) = (Exporter::default(), String::new());
        let mut put = |out: &mut String| {
            writer.write_all(out.as_bytes()).map_err(unwritten)?;
            out.clear();
            Ok::<(), Error>(())
        };
        exporter.begin(start, last, &mut out);
        put(&mut out)?;
        let mut after = start.map(Snapshot::revision).unwrap_or_default();
        while after < last.revision() {
            let room = usize::try_from(last.revision().0 - after.0).unwrap_or(BATCH).min(BATCH);
            let commits = self.store().written(after, room)?;
            if commits.is_empty() {
                return Err(no_revision(after.next(), after));
            }
            for written in &commits {
                exporter.commit(written, &mut out);
                put(&mut out)?;
                after = written.rest.revision;
            }
        }
        exporter.end(&mut out);
        put(&mut out)?;
        writer.flush().map_err(unwritten)
    }
}

/// Everybody who is erased.
fn erased_in(snapshot: &Snapshot) -> std::collections::BTreeSet<UserId> {
    snapshot.users().filter(|user| snapshot.status(*user) == Some(Status::Erased)).collect()
}

fn unwritten(error: std::io::Error) -> Error {
    Error::caused_by(ErrorKind::Store, format!("the archive cannot be written: {error}"), error)
}

/// The lines of a reader, without their ends.
fn lines(reader: impl Read) -> impl Iterator<Item = Result<String, Error>> {
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut number = 0_u64;
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        number += 1;
        let wrong = |what: &str| Error::new(ErrorKind::InvalidArchive, format!("line {number}: {what}"));
        match reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) if line.pop() != Some(b'\n') => {
                Some(Err(wrong("it is cut off, expected the end of the line")))
            }
            Ok(_) => Some(String::from_utf8(line).map_err(|_| wrong("it is not UTF-8"))),
            Err(error) => {
                let message = format!("line {number}: the archive cannot be read: {error}");
                Some(Err(Error::caused_by(ErrorKind::InvalidArchive, message, error)))
            }
        }
    })
}
