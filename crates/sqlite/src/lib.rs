//! A registry in one SQLite file. The journal and the tables of the current state change together, in one
//! durable database transaction. Tables are named in the singular and refer by id; views are named in the
//! plural and give names. `docs/storage.md` describes each of them.

mod append;
mod attributes;
mod codec;
mod journal;
mod load;
mod load_members;
mod members;
mod migrate;
mod people;
mod schema;
mod steps;
mod texts;
mod values;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use matricula_core::{Appended, Commit, Error, ErrorKind, Revision, Snapshot, Store};
use rusqlite::{Connection, OpenFlags};

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
    connection: Mutex<Connection>,
}

/// How long a writer waits for another process to finish.
const PATIENCE: Duration = Duration::from_secs(5);
/// Prepared statements kept: one for each attribute and each table, and some to spare.
const STATEMENTS: usize = matricula_core::MAX_ATTRIBUTES + 64;

impl Sqlite {
    /// Opens a file, or creates it. A file of an earlier version of this library is brought up to this one, which
    /// earlier ones do not open. Commits are durable when they return (`synchronous = FULL`), and readers
    /// of the file are not blocked (write-ahead log).
    ///
    /// # Errors
    /// `store` if the file cannot be opened or written; `invalid_store` if it is no registry, or of a newer
    /// version of this library.
    pub fn at(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        // SQLite would take these for a database in memory, and what is written would be gone.
        if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
            let message = format!("`{}` is not the path of a file", path.display());
            return Err(Error::new(ErrorKind::Store, message));
        }
        // Nor is a name that begins with `file:` meant as a URI, which could say the same.
        let file = if path.is_relative() { Path::new(".").join(path) } else { path.to_owned() };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)
            .map_err(|error| failed(&format!("cannot open `{}`", path.display()), error))?;
        Self::new(connection).map_err(|error| error.within(format_args!("`{}`", path.display())))
    }

    /// A registry in a private database in memory, for tests of what SQL sees.
    ///
    /// # Errors
    /// `store` if SQLite fails.
    pub fn in_memory() -> Result<Self, Error> {
        Self::new(Connection::open_in_memory().map_err(|error| failed("cannot open memory", error))?)
    }

    fn new(mut connection: Connection) -> Result<Self, Error> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_timeout(PATIENCE).map_err(|error| failed("cannot configure", error))?;
        schema::prepare(&mut connection)?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// How far SQLite goes to make a commit durable: 2 is `FULL`, as [`Sqlite::at`] sets it.
    ///
    /// # Errors
    /// `store` if SQLite fails.
    pub fn synchronous(&self) -> Result<i64, Error> {
        let connection = self.connection();
        let level = connection.pragma_query_value(None, "synchronous", |row| row.get(0));
        level.map_err(|error| failed("cannot read a setting", error))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A database transaction that a panic interrupts is rolled back when it is dropped.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Sqlite {
    fn load(&self) -> Result<Snapshot, Error> {
        load::load(&mut self.connection())
    }

    fn append(&self, commit: &Arc<Commit>) -> Result<Appended, Error> {
        append::append(&mut self.connection(), commit)
    }

    fn since(&self, after: Revision, limit: usize) -> Result<Vec<Arc<Commit>>, Error> {
        journal::since(&mut self.connection(), after, limit)
    }

    fn find(&self, idempotency: &str) -> Result<Option<Arc<Commit>>, Error> {
        journal::find(&mut self.connection(), idempotency)
    }
}

/// The error of a database call: what was tried, and what SQLite said.
fn failed(what: &str, error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let (kind, said) = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => (ErrorKind::InvalidStore, "the file is not a database".to_owned()),
        Some(ErrorCode::DatabaseCorrupt) => (ErrorKind::InvalidStore, "the database is damaged".to_owned()),
        Some(ErrorCode::DatabaseBusy) => {
            let patience = PATIENCE.as_secs();
            (ErrorKind::Store, format!("another process has held the database for more than {patience} s"))
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
