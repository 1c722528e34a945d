//! A commit as it is written: its entries as the very text that stands in the journal, since that is what is sealed.

use std::sync::Arc;

use matricula_rule::from_json;

use crate::{Commit, Entry, Error, ErrorKind};

/// A commit with its entries as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenCommit {
    /// Everything but the entries, of which it has none.
    pub rest: Commit,
    /// The entries in order, each as JSON.
    pub entries: Vec<String>,
}

impl From<&Commit> for WrittenCommit {
    fn from(commit: &Commit) -> Self {
        let entries = commit.entries.iter().map(Entry::json).collect();
        Self { rest: Commit { entries: Arc::default(), ..commit.clone() }, entries }
    }
}

impl WrittenCommit {
    /// The commit, its entries read.
    ///
    /// # Errors
    /// `invalid_store` if an entry cannot be understood, with its position.
    pub fn read(&self) -> Result<Commit, (usize, Error)> {
        let read = |(place, json): (usize, &String)| {
            from_json(json).map_err(|error| {
                let message = format!("it cannot be understood: {error}");
                (place, Error::new(ErrorKind::InvalidStore, message))
            })
        };
        let entries: Vec<Entry> = self.entries.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Commit { entries: Arc::new(entries), ..self.rest.clone() })
    }
}
