//! A copy of the register in a file of its own, made while others go on.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use matricula_core::{Error, ErrorKind};

use crate::failed;
use crate::link::Link;

/// Copies the newest state of the database to a new file: written beside it, made durable, and only then given its name.
pub(crate) fn backup(link: &Link, path: &Path) -> Result<(), Error> {
    let place = format!("cannot back up to `{}`", path.display());
    let io = |error: std::io::Error| Error::caused_by(ErrorKind::Store, format!("{place}: {error}"), error);
    if path.exists() {
        return Err(Error::new(ErrorKind::Store, format!("{place}: there is a file of this name already")));
    }
    let unfinished = unfinished(&std::path::absolute(path).map_err(io)?);
    let Some(name) = unfinished.to_str() else {
        return Err(Error::new(ErrorKind::Store, format!("{place}: expected a path in UTF-8")));
    };
    // Over a connection of its own, which sees one state of the database and keeps no writer waiting.
    let copy = link.aside(|connection| {
        // Of a copy that is made again, because the file was written while it was read.
        let _ = std::fs::remove_file(&unfinished);
        connection.execute("VACUUM INTO ?1", [name]).map(drop).map_err(|error| failed(&place, error))
    });
    let copied = copy.and_then(|()| finish(&unfinished, path).map_err(io));
    if copied.is_err() {
        // What is not whole is of no use. That it cannot be removed does not change what went wrong.
        let _ = std::fs::remove_file(&unfinished);
    }
    copied
}

/// A name that no other copy is written under, of this process or another, even if both are to be called the same.
fn unfinished(path: &Path) -> PathBuf {
    static COPIES: AtomicU64 = AtomicU64::new(0);
    let copy = COPIES.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{}-{copy}.unfinished", std::process::id(), now.as_nanos()));
    name.into()
}

fn finish(unfinished: &Path, path: &Path) -> std::io::Result<()> {
    std::fs::File::open(unfinished)?.sync_all()?;
    // Unlike a renaming, a link never replaces a file that has come to be there meanwhile.
    match std::fs::hard_link(unfinished, path) {
        Ok(()) => std::fs::remove_file(unfinished)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => std::fs::rename(unfinished, path)?,
    }
    // The name is durable once its folder is. Not every system can say so.
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        && let Ok(folder) = std::fs::File::open(folder)
    {
        let _ = folder.sync_all();
    }
    Ok(())
}
