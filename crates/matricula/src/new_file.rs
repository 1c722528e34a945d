//! A new file for what goes out of a registry: an export, or an archive. Not here: what is written (`transfer`).

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that was not there before, to hand to [`Registry::export`](crate::Registry::export) or
/// [`Registry::archive`](crate::Registry::archive). What was written is on its disk once it is flushed. If it is dropped
/// before, it is gone again, so that no half of an archive is taken for a whole one.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("matricula-new-file-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("acme.ndjson");
/// use matricula::{Memory, NewFile, Registry};
///
/// let registry = Registry::open(Memory::default())?;
/// registry.export(NewFile::create(&path)?)?;
/// assert!(path.is_file());
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    file: BufWriter<File>,
    flushed: bool,
}

impl NewFile {
    /// Makes the file.
    ///
    /// # Errors
    /// Those of the system; `AlreadyExists` if there is a file of this name.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self { path, file: BufWriter::with_capacity(1 << 16, file), flushed: false })
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.flushed = false;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        // Its name is on the disk once its folder is. Not every system can say so.
        if let Some(folder) = self.path.parent()
            && let Ok(folder) = File::open(folder)
        {
            let _ = folder.sync_all();
        }
        self.flushed = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.flushed {
            // That it cannot be removed does not change what went wrong.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

    use super::*;

    #[test]
    fn it_is_there_once_it_is_flushed_and_gone_if_it_was_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert!(!path.exists());
        let mut file = NewFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        file.flush().unwrap();
        drop(file);
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        let mut file = NewFile::create(folder.path().join("b.ndjson")).unwrap();
        file.flush().unwrap();
        file.write_all(b"more").unwrap();
        drop(file);
        assert!(!folder.path().join("b.ndjson").exists(), "what came after the flush is missing");
    }

    #[test]
    fn what_is_there_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(NewFile::create(&path).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }
}
