//! The connection of a store: opened when it is needed, and closed again when a process has more registries open than
//! it should have connections. Not here: what is asked over it, and how to tell whether others have a file open (`reading`).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use matricula_core::{Error, ErrorKind, Revision};
use rusqlite::{Connection, OpenFlags};

use crate::cache::Kept;
use crate::options::Options;
use crate::reading::{self, Trace};
use crate::{failed, schema};

/// Prepared statements kept: one for each attribute and each table, and some to spare.
const STATEMENTS: usize = matricula_core::MAX_ATTRIBUTES + 64;

/// How many connections stay open at most in this process.
static MOST: AtomicUsize = AtomicUsize::new(64);
/// Counts up with every use of a connection, so that the one that has rested longest is known.
static USES: AtomicU64 = AtomicU64::new(0);
/// The stores with a connection.
static OPEN: Mutex<Vec<Weak<Link>>> = Mutex::new(Vec::new());

/// Says how many connections stay open in this process while nobody uses them, 64 unless told otherwise. Each takes
/// three file descriptors and some memory. Of more stores the connections that have rested longest are closed; they are
/// opened again when they are needed, which takes about a millisecond.
pub fn limit_connections(most: usize) {
    MOST.store(most.max(1), Ordering::Relaxed);
}

/// What a store knows of its file.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) options: Options,
    /// `None` of a database in memory, which would be gone with its connection.
    path: Option<PathBuf>,
    /// Whether the file was there once: it is then not made anew if somebody took it away.
    known: AtomicBool,
    used: AtomicU64,
    held: Mutex<Held>,
}

/// What is kept between uses.
#[derive(Debug, Default)]
pub(crate) struct Held {
    connection: Option<Connection>,
    /// The newest revision, at a state of the file by the number that it has for this connection.
    newest: Option<(i64, Revision)>,
    /// The newest revision of a file that is only read, when it was last written as the trace says.
    seen: Option<(Trace, Revision)>,
    pub(crate) kept: Kept,
}

impl Link {
    pub(crate) fn open(path: &Path, options: Options) -> Result<Arc<Self>, Error> {
        // What is relative stays what it was when the process goes to another folder; and a name that begins with
        // `file:` is not taken for a URI.
        let path = std::path::absolute(path).map_err(|error| {
            Error::caused_by(ErrorKind::Store, format!("cannot open `{}`: {error}", path.display()), error)
        })?;
        let link = Arc::new(Self {
            options,
            path: Some(path),
            known: AtomicBool::new(false),
            used: AtomicU64::new(0),
            held: Mutex::default(),
        });
        link.used(|_, _| Ok(()))?;
        link.known.store(true, Ordering::Relaxed);
        if !link.options.read_only {
            // An erasure that was interrupted is finished; if others are reading it is done another time.
            link.used(|connection, _| {
                let _ = crate::erase::clean(connection);
                Ok(())
            })?;
        }
        Ok(link)
    }

    pub(crate) fn in_memory() -> Result<Arc<Self>, Error> {
        let options = Options::default();
        let mut connection =
            Connection::open_in_memory().map_err(|error| failed("cannot open memory", error))?;
        prepare(&mut connection, &options)?;
        let held = Held { connection: Some(connection), ..Held::default() };
        Ok(Arc::new(Self {
            options,
            path: None,
            known: AtomicBool::new(true),
            used: AtomicU64::new(0),
            held: Mutex::new(held),
        }))
    }

    /// The file; `None` of a database in memory.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What is kept, without a need for the connection.
    pub(crate) fn held(&self) -> MutexGuard<'_, Held> {
        // A database transaction that a panic interrupts is rolled back when it is dropped.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses the connection; opens one if there is none. Of a file that is only read none is kept.
    pub(crate) fn used<T>(
        self: &Arc<Self>,
        work: impl Fn(&mut Connection, &mut Held) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut held = self.held();
        self.used.store(USES.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        if let Some(path) = self.path().filter(|_| self.options.read_only) {
            return self.read(path, |connection| {
                held.newest = None;
                work(connection, &mut held)
            });
        }
        let mut connection = match held.connection.take() {
            Some(connection) => connection,
            None => {
                held.newest = None;
                let connection = self.connect()?;
                self.make_room();
                connection
            }
        };
        let result = work(&mut connection, &mut held);
        held.connection = Some(connection);
        result
    }

    /// Reads over a connection of its own, which keeps nobody else of this process waiting.
    pub(crate) fn aside<T>(
        &self,
        mut work: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match self.path() {
            Some(path) if self.options.read_only => self.read(path, work),
            _ => work(&mut self.connect()?),
        }
    }

    /// A connection of its own, ready for use. Whoever has one to a file that is only read, and that nobody else had open
    /// at the time, has to see to it that it was not written meanwhile.
    pub(crate) fn connect(&self) -> Result<Connection, Error> {
        let Some(path) = &self.path else {
            return Err(Error::new(ErrorKind::Store, "a database in memory has no second connection"));
        };
        let flags = match (self.options.read_only, self.known.load(Ordering::Relaxed)) {
            (true, _) => return self.connect_to_read(path, reading::is_in_use(path)?),
            (false, true) => OpenFlags::SQLITE_OPEN_READ_WRITE,
            (false, false) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        open(path, path, flags, &self.options)
    }

    fn connect_to_read(&self, path: &Path, in_use: bool) -> Result<Connection, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        if in_use {
            return open(path, path, flags, &self.options);
        }
        let uri = reading::unchanging(path);
        open(Path::new(&uri), path, flags | OpenFlags::SQLITE_OPEN_URI, &self.options)
    }

    /// Reads a file without a trace of having done so. If nobody has it open, SQLite is told that it does not change, and
    /// afterwards it is seen whether that was so. If somebody has, the newest commits may be in the log: it is read as any
    /// other, but the connection is not kept, since it would keep the log there when the others have gone.
    fn read<T>(
        &self,
        path: &Path,
        mut work: impl FnMut(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        const ATTEMPTS: usize = 8;
        for _ in 0..ATTEMPTS {
            let before = Trace::of(path);
            let in_use = reading::is_in_use(path)?;
            let result = self.connect_to_read(path, in_use).and_then(|mut connection| work(&mut connection));
            if in_use || before == Trace::of(path) {
                return result;
            }
        }
        let message = format!("`{}` is being written, again and again, while it is read", path.display());
        Err(Error::new(ErrorKind::Store, message))
    }

    /// The newest revision. Seeing that there is no newer one costs a look at the file's log or, of a file that is only
    /// read, at when it and its log were last written.
    pub(crate) fn newest(self: &Arc<Self>) -> Result<Revision, Error> {
        let reads = self.path().filter(|_| self.options.read_only);
        let trace = reads.and_then(Trace::of).filter(Trace::is_settled);
        if let Some((_, newest)) = self.held().seen.filter(|(then, _)| Some(*then) == trace) {
            return Ok(newest);
        }
        let newest = self.used(|connection, held| {
            newest(connection, held).map_err(|error| failed("cannot read the revision", error))
        })?;
        self.held().seen = trace.map(|trace| (trace, newest));
        Ok(newest)
    }

    /// Notes that there is one connection more, and closes others that rest, if there are too many.
    fn make_room(self: &Arc<Self>) {
        let mut closed = Vec::new();
        {
            let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
            open.push(Arc::downgrade(self));
            let mut links: Vec<Arc<Self>> = open.iter().filter_map(Weak::upgrade).collect();
            links.sort_by_key(|link| link.used.load(Ordering::Relaxed));
            links.dedup_by(|a, b| Arc::ptr_eq(a, b));
            let mut many = links.len().saturating_sub(MOST.load(Ordering::Relaxed));
            links.retain(|link| {
                // One that is in use is left alone, this one too.
                if many > 0
                    && let Ok(mut held) = link.held.try_lock()
                {
                    many -= 1;
                    closed.extend(held.connection.take());
                    return false;
                }
                true
            });
            *open = links.iter().map(Arc::downgrade).collect();
        }
        // Closing may write what the log has into the file: others need not wait for that.
        drop(closed);
    }
}

/// The newest revision, for the price of a look at the file's log, if nobody has written since the last look.
fn newest(connection: &Connection, held: &mut Held) -> rusqlite::Result<Revision> {
    let version: i64 = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
    if let Some((_, newest)) = held.newest.filter(|(at, _)| *at == version) {
        return Ok(newest);
    }
    let newest: i64 =
        connection.prepare_cached("SELECT revision FROM registry")?.query_row([], |row| row.get(0))?;
    let newest = Revision(u64::try_from(newest).unwrap_or_default());
    held.newest = Some((version, newest));
    Ok(newest)
}

impl Held {
    /// Knows nothing any longer of what the file has.
    pub(crate) fn forget(&mut self) {
        self.newest = None;
        self.kept = Kept::default();
    }

    /// What this connection itself writes does not give the file another number.
    pub(crate) fn wrote(&mut self, revision: Revision) {
        if let Some((_, newest)) = &mut self.newest {
            *newest = revision;
        }
    }
}

fn open(file: &Path, path: &Path, flags: OpenFlags, options: &Options) -> Result<Connection, Error> {
    let mut connection = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| failed(&format!("cannot open `{}`", path.display()), error))?;
    prepare(&mut connection, options).map_err(|error| error.within(format_args!("`{}`", path.display())))?;
    Ok(connection)
}

fn prepare(connection: &mut Connection, options: &Options) -> Result<(), Error> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    configure(connection, options).map_err(|error| failed("cannot configure", error))?;
    schema::prepare(connection, options)
}

fn configure(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    connection.busy_timeout(options.busy_timeout)?;
    if options.secure_delete {
        connection.pragma_update(None, "secure_delete", true)?;
    }
    if let Some(most) = options.max_bytes {
        let page: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let pages = i64::try_from(most / u64::from(page.max(1))).unwrap_or(i64::MAX).max(1);
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}
