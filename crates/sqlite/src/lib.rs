//! A registry in one SQLite file. The journal and the tables of the current state change together, in one
//! durable database transaction. Tables are named in the singular and refer by id; views are named in the
//! plural and give names. `docs/storage.md` describes each of them.

mod access;
mod append;
mod attributes;
mod backup;
mod cache;
mod check;
mod codec;
mod erase;
mod journal;
mod link;
mod load;
mod load_members;
mod members;
mod migrate;
mod options;
mod people;
mod reading;
mod restore;
mod schema;
mod seals;
mod start;
mod steps;
mod texts;
mod values;

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use matricula_core::{
    Appended, Commit, Error, ErrorKind, Instant, KeyId, Revision, Seal, Sealer, Snapshot, Store,
    WrittenCommit,
};

use crate::append::Put;
use crate::link::Link;
pub use crate::link::limit_connections;
pub use crate::options::{Durability, Options};

/// A store in an SQLite file.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("matricula-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("acme.db");
/// use matricula_core::Store;
/// use matricula_sqlite::Sqlite;
///
/// let store = Sqlite::at(path)?;
/// assert_eq!(store.load()?.user_count(), 0);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Sqlite {
    link: Arc<Link>,
}

impl Sqlite {
    /// Opens a file, or creates it. A file of an earlier version of this library is brought up to this one, which
    /// earlier ones do not open. Commits are durable when they return (`synchronous = FULL`), and readers
    /// of the file are not blocked (write-ahead log). [`Sqlite::options`] has other ways.
    ///
    /// # Errors
    /// `store` if the file cannot be opened or written; `invalid_store` if it is no registry, or of a newer
    /// version of this library.
    pub fn at(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::options().open(path)
    }

    /// How a file is to be opened, where it is not as [`Sqlite::at`] does.
    pub fn options() -> Options {
        Options::default()
    }

    fn open(path: &Path, options: Options) -> Result<Self, Error> {
        // SQLite would take these for a database in memory, and what is written would be gone.
        if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
            let message = format!("`{}` is not the path of a file", path.display());
            return Err(Error::new(ErrorKind::Store, message));
        }
        Ok(Self { link: Link::open(path, options)? })
    }

    /// A registry in a private database in memory, for tests of what SQL sees.
    ///
    /// # Errors
    /// `store` if SQLite fails.
    pub fn in_memory() -> Result<Self, Error> {
        Ok(Self { link: Link::in_memory()? })
    }

    /// How far SQLite goes to make a commit durable: 2 is `FULL`, as [`Sqlite::at`] sets it, and 1 `NORMAL`.
    ///
    /// # Errors
    /// `store` if SQLite fails.
    pub fn synchronous(&self) -> Result<i64, Error> {
        self.link.used(|connection, _| {
            let level = connection.pragma_query_value(None, "synchronous", |row| row.get(0));
            level.map_err(|error| failed("cannot read a setting", error))
        })
    }

    /// Appends a commit, with what seals it if it is not yet sealed.
    fn put(&self, commit: &Arc<Commit>, sealer: Option<&Sealer<'_>>) -> Result<Put, Error> {
        self.writable()?;
        self.link.used(|connection, held| {
            let put = cache::giving_way(connection, &mut held.kept, |connection| {
                append::append(connection, commit, sealer)
            })?;
            if put.appended() == Appended::Done {
                held.wrote(commit.revision);
                held.kept.count(commit);
                if !commit.erases().is_empty() {
                    // All images are gone.
                    held.kept.forget();
                }
            }
            Ok(put)
        })
    }

    fn writable(&self) -> Result<(), Error> {
        if self.link.options.read_only {
            return Err(Error::new(ErrorKind::Store, "cannot write: the file was opened to be read only"));
        }
        Ok(())
    }
}

impl Store for Sqlite {
    fn load(&self) -> Result<Snapshot, Error> {
        self.link.used(|connection, held| {
            let snapshot = load::load(connection, held, &self.link)?;
            // Pages that were read once to make the snapshot are not needed for what comes now.
            let _ = connection.execute_batch("PRAGMA shrink_memory");
            Ok(snapshot)
        })
    }

    fn append(&self, commit: &Arc<Commit>) -> Result<Appended, Error> {
        Ok(self.put(commit, None)?.appended())
    }

    fn append_sealing(&self, commit: &Arc<Commit>, sealer: &Sealer<'_>) -> Result<Option<Seal>, Error> {
        match self.put(commit, Some(sealer))? {
            Put::Done(seal) => Ok(seal),
            Put::Conflict => Ok(None),
        }
    }

    fn since(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Commit>>, Error> {
        self.link.used(|connection, _| journal::since(connection, after, limit))
    }

    fn newest(&self) -> Result<Revision, Error> {
        self.link.newest()
    }

    fn image_before(&self, revision: Revision) -> Result<Option<Snapshot>, Error> {
        if !self.link.options.cache {
            return Ok(None);
        }
        self.link.used(|connection, held| {
            let sql = |error| failed("cannot use the cache", error);
            let tx = connection.transaction().map_err(sql)?;
            schema::check_version(&tx)?;
            match cache::read(&tx, revision) {
                // It can be had without.
                Err(error) if error.kind() == ErrorKind::InvalidStore => {
                    held.kept.forget();
                    Ok(None)
                }
                image => image,
            }
        })
    }

    fn images(&self) -> Result<Vec<Revision>, Error> {
        if !self.link.options.cache {
            return Ok(Vec::new());
        }
        self.link.used(|connection, _| cache::revisions(connection))
    }

    fn wants_image(&self, snapshot: &Snapshot, closing: bool) -> bool {
        let options = &self.link.options;
        let possible = options.cache && !options.read_only && self.link.path().is_some();
        possible && self.link.held().kept.wants(snapshot, closing)
    }

    fn save_image(&self, snapshot: &Snapshot) -> Result<(), Error> {
        self.writable()?;
        if !self.link.options.cache {
            return Ok(());
        }
        let most = self.link.options.max_bytes;
        self.link.used(|connection, held| {
            let saved = cache::save(connection, &mut held.kept, snapshot, most);
            if saved.is_err() {
                held.kept.put_off();
            }
            saved
        })
    }

    fn backup(&self, path: &Path) -> Result<(), Error> {
        backup::backup(&self.link, path)
    }

    fn find(&self, idempotency: &str) -> Result<Option<Arc<Commit>>, Error> {
        self.link.used(|connection, _| journal::find(connection, idempotency))
    }

    fn key_of(&self, revision: Revision) -> Result<Option<KeyId>, Error> {
        self.link.used(|connection, _| journal::key_of(connection, revision))
    }

    fn written(&self, after: Revision, limit: usize) -> Result<Vec<WrittenCommit>, Error> {
        self.link.used(|connection, _| journal::written(connection, after, limit))
    }

    fn revision_at(&self, at: Instant) -> Result<Revision, Error> {
        self.link.used(|connection, _| journal::revision_at(connection, at))
    }

    fn start(&self) -> Result<Option<Snapshot>, Error> {
        self.link.used(|connection, _| start::read(connection))
    }

    fn load_tables(&self) -> Result<Snapshot, Error> {
        self.link.used(|connection, _| load::load_tables(connection, &self.link))
    }

    fn check(&self, snapshot: &Snapshot) -> Result<Option<Vec<String>>, Error> {
        self.link.used(|connection, _| check::check(connection, snapshot))
    }

    fn restore(
        &self,
        start: Option<&Snapshot>,
        commits: &mut dyn Iterator<Item = Result<Arc<Commit>, Error>>,
    ) -> Result<(), Error> {
        self.writable()?;
        let commits = RefCell::new(commits);
        self.link.used(|connection, held| {
            let restored = restore::restore(connection, start, &mut **commits.borrow_mut());
            held.forget();
            restored
        })
    }

    fn begins_after(&self) -> Result<Revision, Error> {
        self.link.used(|connection, _| start::after(connection))
    }

    fn trim(&self, commit: &Arc<Commit>, after: Revision, start: &Snapshot) -> Result<Appended, Error> {
        self.writable()?;
        self.link.used(|connection, held| {
            let appended = cache::giving_way(connection, &mut held.kept, |connection| {
                append::append_in(connection, commit, None, |tx| {
                    if start::after(tx)? != after {
                        return Ok(Appended::Conflict);
                    }
                    start::write(tx, start)?;
                    // The commits that older images are of are gone, and with them what vouches for those.
                    cache::clear(tx).map_err(|error| failed("cannot archive commits", error))?;
                    Ok(Appended::Done)
                })
            })?;
            let appended = appended.appended();
            if appended == Appended::Done {
                held.wrote(commit.revision);
                held.kept.forget();
            }
            Ok(appended)
        })
    }

    fn clean(&self) -> Result<(), Error> {
        self.writable()?;
        self.link.used(|connection, _| erase::clean(connection))
    }
}

/// The error of a database call: what was tried, and what SQLite said.
fn failed(what: &str, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let (kind, said) = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => (ErrorKind::InvalidStore, "the file is not a database".to_owned()),
        Some(ErrorCode::DatabaseCorrupt) => (ErrorKind::InvalidStore, "the database is damaged".to_owned()),
        Some(ErrorCode::DatabaseBusy) => (
            ErrorKind::Store,
            "another process has held the database for longer than the busy timeout".to_owned(),
        ),
        Some(ErrorCode::DiskFull) => {
            (ErrorKind::Store, "the disk is full, or the file has reached its greatest size".to_owned())
        }
        _ => (ErrorKind::Store, error.to_string()),
    };
    Error::caused_by(kind, format!("{what}: {said}"), error)
}

/// The error for something in the database that this library does not write.
fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidStore, message)
}

/// For JSON that cannot be made, as an error among those of a statement.
fn to_sql(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}
