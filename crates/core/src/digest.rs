//! Fingerprints: of what was asked for, so that it is known again; of what follows, so that exactly that is confirmed.
//! They are SHA-256 over JSON, in which nothing depends on the machine or on chance.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::Commit;

/// A fingerprint in the making of what a transaction was asked for, in order, whether or not it was accepted.
///
/// ```
/// use matricula_core::{Asked, Change, UserUpdate};
///
/// let asked = |country: &str| {
///     let mut asked = Asked::default();
///     asked.add(&Change::from(UserUpdate::new("ann").set("country", country)));
///     asked.digest()
/// };
/// assert_eq!(asked("ZA"), asked("ZA"));
/// assert_ne!(asked("ZA"), asked("DE"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Asked {
    sink: Sink,
}

impl Asked {
    /// Adds a change, or anything else that says what was asked for.
    pub fn add(&mut self, what: &impl Serialize) {
        self.sink.json(what);
    }

    /// Adds bytes, such as those of a feed.
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        self.sink.bytes(bytes);
    }

    /// The fingerprint of what was added so far.
    pub fn digest(&self) -> [u8; 32] {
        self.sink.clone().finish()
    }
}

/// The fingerprint of what a commit does: when, what was changed, and what followed; not who made it and why.
pub(crate) fn of_delta(commit: &Commit) -> [u8; 32] {
    let mut sink = Sink::default();
    sink.json(&commit.at);
    for entry in commit.entries.iter() {
        sink.json(entry);
    }
    for moment in &commit.moments {
        sink.json(&("moment", moment.at));
        for change in &moment.memberships {
            sink.json(&change.segment);
            sink.bytes(&change.joined.to_bytes());
            sink.bytes(&change.left.to_bytes());
        }
        for steps in &moment.steps {
            sink.json(&(steps.action, steps.course, steps.reason, steps.due));
            sink.bytes(&steps.users.to_bytes());
        }
    }
    sink.finish()
}

/// Takes pieces such that no two sequences of pieces are the same bytes.
#[derive(Clone, Debug, Default)]
struct Sink(Sha256);

impl Sink {
    fn json(&mut self, value: &impl Serialize) {
        // JSON has no line breaks of its own; what has no JSON, which nothing of ours is, counts as its error.
        if let Err(error) = serde_json::to_writer(&mut *self, value) {
            self.0.update(error.to_string());
        }
        self.0.update(b"\n");
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.json(&("bytes", bytes.len()));
        self.0.update(bytes);
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
