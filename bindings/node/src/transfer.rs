//! Registries going out of a file and in again: exports, archives. Not here: feeds of people (`import`).

use std::fs::File;

use matricula::{Error, ErrorKind, Memory, NewFile, Registry as Inner, Revision, Sqlite};
use napi::Result;
use napi::bindgen_prelude::{AsyncTask, Either, Uint8Array};
use napi_derive::napi;

use crate::convert::{number, whole};
use crate::delta::Delta;
use crate::error::{Answer, Code, thrown};
use crate::history::{When, when};
use crate::job::Job;
use crate::registry::Registry;
use crate::snapshot::Snapshot;

/// What became of an archiving.
#[napi]
pub struct Archived {
    archived: matricula::Archived,
}

#[napi]
impl Archived {
    /// The first revision in the archive.
    #[napi(catch_unwind)]
    pub fn from(&self) -> f64 {
        number(self.archived.from.0)
    }

    /// The last one.
    #[napi(catch_unwind)]
    pub fn to(&self) -> f64 {
        number(self.archived.to.0)
    }

    /// What the commit did that records it.
    #[napi(catch_unwind)]
    pub fn delta(&self) -> Delta {
        self.archived.delta.clone().into()
    }
}

fn new_file(path: &str) -> Answer<NewFile> {
    NewFile::create(path).map_err(|error| {
        let message = format!("`{}` cannot be written: {error}", path.escape_debug());
        Error::caused_by(ErrorKind::Store, message, error)
    })
}

fn open(path: &str) -> Answer<File> {
    File::open(path).map_err(|error| {
        let message = format!("the archive `{}` cannot be read: {error}", path.escape_debug());
        Error::caused_by(ErrorKind::InvalidArchive, message, error)
    })
}

/// Fills a new registry with what was exported: bytes that nobody may change until it is done, or a file.
#[napi(catch_unwind, ts_return_type = "Promise<Registry>")]
pub fn import_registry(source: Either<String, Uint8Array>, path: Option<String>) -> AsyncTask<Job<Registry>> {
    fn fill(source: impl std::io::Read, path: Option<String>) -> Answer<Inner> {
        match path {
            Some(path) => Inner::import(Sqlite::at(path)?, source),
            None => Inner::import(Memory::default(), source),
        }
    }
    Job::on_pool(move || {
        let registry = match &source {
            Either::A(file) => fill(open(file)?, path)?,
            Either::B(bytes) => fill(bytes.as_ref(), path)?,
        };
        Ok(registry.into())
    })
}

#[napi]
impl Registry {
    /// Writes the whole registry to a new file.
    #[napi(catch_unwind, ts_return_type = "Promise<number>")]
    pub fn export(&self, target: String) -> Result<AsyncTask<Job<f64>>, Code> {
        let registry = self.get()?;
        Ok(Job::on_pool(move || Ok(number(registry.export(new_file(&target)?)?.0))))
    }

    /// Moves the commits before a revision into a new file.
    #[napi(catch_unwind, ts_return_type = "Promise<Archived>")]
    pub fn archive(
        &self,
        before: f64,
        author: String,
        target: String,
    ) -> Result<AsyncTask<Job<Archived>>, Code> {
        let registry = self.get()?;
        let before = whole("before", before).map(Revision).map_err(thrown)?;
        Ok(Job::on_pool(move || {
            let archived = registry.archive(before, &author, new_file(&target)?)?;
            Ok(Archived { archived })
        }))
    }

    /// The registry as it was, from an archive that has it.
    #[napi(catch_unwind, ts_return_type = "Promise<Snapshot>")]
    pub fn as_of_in(
        &self,
        source: Either<String, Uint8Array>,
        #[napi(ts_arg_type = "number | Moment")] when: When,
    ) -> Result<AsyncTask<Job<Snapshot>>, Code> {
        let registry = self.get()?;
        let when = self::when(when).map_err(thrown)?;
        Ok(Job::on_pool(move || {
            let snapshot = match &source {
                Either::A(file) => registry.as_of_in(open(file)?, when)?,
                Either::B(bytes) => registry.as_of_in(bytes.as_ref(), when)?,
            };
            Ok(snapshot.into())
        }))
    }
}
