//! Reading a file that is not to be written, nor anything beside it: whether others have it open, and whether they have
//! written.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use matricula_core::{Error, ErrorKind};

/// What shows that a file was written: it or its log is longer or newer, or has come or gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    file: Written,
    log: Option<Written>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Written {
    length: u64,
    at: SystemTime,
}

/// What was written so long ago has another time than whatever is written from now on, on every file system.
const SETTLED: Duration = Duration::from_secs(3);

impl Trace {
    /// The trace of a file as it is now; `None` if it is not there.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        Some(Self { file: Written::of(path)?, log: Written::of(&beside(path, "-wal")) })
    }

    /// Whether the file cannot be written from now on without another trace. File systems tell times in steps: what is
    /// written just after something else may have the same.
    pub(crate) fn is_settled(&self) -> bool {
        let now = SystemTime::now();
        let settled = |written: &Written| now.duration_since(written.at).is_ok_and(|age| age > SETTLED);
        settled(&self.file) && self.log.iter().all(settled)
    }
}

impl Written {
    fn of(path: &Path) -> Option<Self> {
        let file = std::fs::metadata(path).ok()?;
        Some(Self { length: file.len(), at: file.modified().ok()? })
    }
}

/// How long whoever opens or closes a file may be seen half-way.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether somebody has a file open, or had and did not close it: its log stands beside it, and an index of that.
///
/// SQLite cannot read a log without its index but by making one, so a log alone is an error.
pub(crate) fn is_in_use(path: &Path) -> Result<bool, Error> {
    let (log, index) = (beside(path, "-wal"), beside(path, "-shm"));
    let start = Instant::now();
    loop {
        match (log.exists(), index.exists()) {
            (false, _) => return Ok(false),
            (true, true) => return Ok(true),
            // Whoever opens the file makes the log first, and whoever closes it takes it away last.
            (true, false) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(1)),
            (true, false) => {
                let message = format!(
                    "cannot read `{}`: its log `{}` is without `-shm`, expected both or neither; opened once to be written the \
                     file takes in what the log has",
                    path.display(),
                    log.display()
                );
                return Err(Error::new(ErrorKind::Store, message));
            }
        }
    }
}

/// The name of a file that does not change, as SQLite understands it.
pub(crate) fn unchanging(path: &Path) -> String {
    format!("file:{}?immutable=1", escaped(path))
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// A path as part of a URI.
fn escaped(path: &Path) -> String {
    let mut escaped = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                escaped.push(char::from(*byte))
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
