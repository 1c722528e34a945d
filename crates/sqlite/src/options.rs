//! How a file is opened: how durable commits are, how long a writer waits, and what the file is used for.

use std::path::Path;
use std::time::Duration;

use matricula_core::{Error, ErrorKind};

use crate::Sqlite;

/// How far SQLite goes to make a commit last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A commit is on disk when it returns, whatever happens to the machine.
    #[default]
    Full,
    /// A commit outlives the process; if the machine loses power the last ones may be gone, all of each of them. Single
    /// commits take a fraction of the time.
    Normal,
}

impl std::str::FromStr for Durability {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "full" => Ok(Self::Full),
            "normal" => Ok(Self::Normal),
            _ => {
                let word: String = word.chars().take(40).flat_map(char::escape_debug).collect();
                let message = format!("unknown durability `{word}`, expected full or normal");
                Err(Error::new(ErrorKind::InvalidDefinition, message))
            }
        }
    }
}

/// How a file is opened.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("matricula-options-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("acme.db");
/// use std::time::Duration;
/// use matricula_sqlite::{Durability, Sqlite};
///
/// let options = Sqlite::options().durability(Durability::Normal).busy_timeout(Duration::from_secs(30));
/// let store = options.open(path)?;
/// # std::fs::remove_dir_all(&folder).unwrap();
/// # Ok::<(), matricula_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) durability: Durability,
    pub(crate) busy_timeout: Duration,
    pub(crate) read_only: bool,
    pub(crate) secure_delete: bool,
    pub(crate) cache: bool,
    pub(crate) max_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Full,
            busy_timeout: Duration::from_secs(5),
            read_only: false,
            secure_delete: false,
            cache: true,
            max_bytes: None,
        }
    }
}

impl Options {
    /// How durable commits are; [`Durability::Full`] unless told otherwise.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How long a commit waits for another process to finish its own; 5 s unless told otherwise.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Only reads: commits are refused with `store`, and neither the file nor anything beside it is written. The file
    /// has to be there, and of this version. While nobody else has it open it may lie where nothing can be written.
    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// Overwrites with zeros what is deleted from the file, instead of leaving it until its place is used again.
    /// Commits that delete take longer.
    #[must_use]
    pub fn secure_delete(mut self, secure_delete: bool) -> Self {
        self.secure_delete = secure_delete;
        self
    }

    /// Whether opening may use the column cache, and closing write it; it does unless told otherwise.
    #[must_use]
    pub fn cache(mut self, cache: bool) -> Self {
        self.cache = cache;
        self
    }

    /// The most that this store lets the file grow to, in bytes: a commit that does not fit fails with `store`, as it
    /// would on a full disk, and nothing of it is written. There is no such limit unless told otherwise.
    #[must_use]
    pub fn max_bytes(mut self, most: u64) -> Self {
        self.max_bytes = Some(most);
        self
    }

    /// Opens a file, or creates it, as [`Sqlite::at`] does.
    ///
    /// # Errors
    /// Those of [`Sqlite::at`]; of a file that is only read, `store` if it is not there, and `invalid_store` if it is
    /// of an earlier version.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Sqlite, Error> {
        Sqlite::open(path.as_ref(), self)
    }
}
