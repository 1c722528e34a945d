//! Whether a registry is as its seals say: the chain of commits, and tables and images against the journal.

use matricula_core::{
    Chain, Difference, Error, ErrorKind, Head, MAX_DIFFERENCES, Revision, Snapshot, Verification,
    WrittenCommit,
};

use crate::Registry;
use crate::registry::BATCH;

/// How often an audit looks again at a store that others write to meanwhile.
const ATTEMPTS: usize = 16;

/// The journal as an audit has read it so far.
struct Audit {
    chain: Chain,
    /// What the commits so far come to; `None` once one could not be replayed.
    replayed: Option<Snapshot>,
    /// The revision that was read last.
    last: Revision,
    saved: Option<Head>,
    /// The revisions that the store keeps images of, the first last.
    images: Vec<Revision>,
    found: Verification,
}

impl Registry {
    /// The end of the chain of sealed commits. Whoever keeps it in another place can have [`Registry::verify`] prove
    /// later that nothing up to it has been edited. `None` if nothing has been sealed.
    ///
    /// # Errors
    /// `store` or `invalid_store`.
    pub fn head(&self) -> Result<Option<Head>, Error> {
        Ok(self.refresh()?.head())
    }

    /// Looks through everything: that the chain of commits is unbroken and leads through a head saved earlier, and that
    /// replaying the journal comes to what tables and images say. What is wrong is in the answer; it names the first
    /// commit and entry.
    ///
    /// What is sealed with a journal key is checked with the one that the registry was opened with. Without it, that this
    /// cannot be checked is a difference.
    ///
    /// It reads the whole journal, and holds no lock that keeps others from committing.
    ///
    /// # Errors
    /// `store` if reading fails; `invalid_store` if the journal itself cannot be read at all; `conflict` if others committed
    /// so fast that tables and journal could not be compared.
    ///
    /// ```
    /// use matricula::{Instant, Memory, Registry, UserUpdate};
    ///
    /// let registry = Registry::open(Memory::default())?;
    /// let mut tx = registry.as_host("hr").begin(Instant::EPOCH)?;
    /// tx.update_user(UserUpdate::new("ann"))?;
    /// tx.commit()?;
    /// let head = registry.head()?;
    /// let verification = registry.verify(head)?;
    /// assert!(verification.is_intact(), "{verification}");
    /// # Ok::<(), matricula::Error>(())
    /// ```
    pub fn verify(&self, saved: Option<Head>) -> Result<Verification, Error> {
        let store = self.store();
        let start = store.start()?;
        let mut audit = Audit::new(start, saved, self)?;
        for _ in 0..ATTEMPTS {
            let tables = match store.load_tables() {
                Ok(tables) => tables,
                Err(error) if error.kind() == ErrorKind::InvalidStore => {
                    audit.read_to(self, None)?;
                    audit.found.note(Difference::somewhere(format!("the tables: {error}")));
                    return Ok(audit.finish());
                }
                Err(error) => return Err(error),
            };
            audit.read_to(self, Some(tables.revision()))?;
            let Some(rest) = store.check(&tables)? else { continue };
            audit.compare(&tables, rest);
            return Ok(audit.finish());
        }
        let message = "other writers were always faster, so that tables and journal could not be compared";
        Err(Error::new(ErrorKind::Conflict, message))
    }
}

impl Audit {
    fn new(start: Option<Snapshot>, saved: Option<Head>, registry: &Registry) -> Result<Self, Error> {
        let mut found = Verification::default();
        let mut chain = Chain::default().keyed(registry.key().cloned());
        let mut last = Revision::default();
        if let Some(start) = &start {
            last = start.revision();
            chain = Chain::after(last, start.head().map(|head| head.hash)).keyed(registry.key().cloned());
            found.archived_to = Some(last);
            if let Some(saved) = saved.filter(|saved| saved.revision < last) {
                let what = format!("the saved head is of revision {}, which is archived", saved.revision);
                found.note(Difference::at(saved.revision, what));
            }
        }
        let images = registry.store().images()?;
        let mut audit = Self { chain, replayed: Some(start.unwrap_or_default()), last, saved, images, found };
        audit.compare_head();
        Ok(audit)
    }

    /// Follows the chain up to a revision, or to the end.
    fn read_to(&mut self, registry: &Registry, to: Option<Revision>) -> Result<(), Error> {
        while to.is_none_or(|to| self.last < to) {
            let room = to.map_or(BATCH, |to| usize::try_from(to.0 - self.last.0).unwrap_or(BATCH).min(BATCH));
            let commits = registry.store().written(self.last, room)?;
            if commits.is_empty() {
                return Ok(());
            }
            for written in &commits {
                self.follow(written, registry)?;
            }
        }
        Ok(())
    }

    fn follow(&mut self, written: &WrittenCommit, registry: &Registry) -> Result<(), Error> {
        let revision = written.rest.revision;
        self.last = revision;
        let commit = match written.read() {
            Ok(commit) => Some(commit),
            Err((place, error)) => {
                self.found.note(Difference::of_entry(revision, place, error.message()));
                None
            }
        };
        if let Err(difference) = self.chain.follow(written, commit.as_ref()) {
            self.found.note(difference);
        }
        let replayed = self.replayed.take().zip(commit);
        match replayed.map(|(before, commit)| before.replay(&commit)) {
            Some(Ok(snapshot)) => self.replayed = Some(snapshot),
            Some(Err(error)) => {
                self.found.note(Difference::at(revision, format!("it cannot be replayed: {error}")))
            }
            None => {}
        }
        self.compare_head();
        while self.images.pop_if(|image| *image <= revision).is_some() {
            let Some(replayed) = &self.replayed else { continue };
            let image = registry.store().image_before(revision)?;
            for image in image.iter().filter(|image| image.revision() == revision) {
                for what in replayed.differences(image, MAX_DIFFERENCES) {
                    self.found.note(Difference::at(revision, format!("the image of it: {what}")));
                }
            }
        }
        Ok(())
    }

    /// Compares with the saved head, once its revision is reached.
    fn compare_head(&mut self) {
        let Some(saved) = self.saved.filter(|saved| saved.revision == self.last) else { return };
        self.saved = None;
        if self.chain.head().is_none_or(|head| head.hash != saved.hash) {
            self.found.note(Difference::at(saved.revision, "its hash is not that of the saved head"));
        }
    }

    fn compare(&mut self, tables: &Snapshot, rest: Vec<String>) {
        if let Some(replayed) = &self.replayed {
            if replayed.revision() != tables.revision() {
                let (journal, tables) = (replayed.revision(), tables.revision());
                let what = format!("the journal ends at revision {journal}, the tables are of {tables}");
                self.found.note(Difference::somewhere(what));
            } else {
                for what in replayed.differences(tables, MAX_DIFFERENCES) {
                    self.found.note(Difference::somewhere(format!("the tables: {what}")));
                }
            }
        }
        for what in rest {
            self.found.note(Difference::somewhere(what));
        }
    }

    fn finish(mut self) -> Verification {
        if let Some(saved) = self.saved.filter(|saved| saved.revision > self.last) {
            let (saved, last) = (saved.revision, self.last);
            let what =
                format!("the journal ends at revision {last}, before the saved head of revision {saved}");
            self.found.note(Difference::somewhere(what));
        }
        self.chain.finish(&mut self.found);
        self.found
    }
}
