//! People imported from a feed, as part of a transaction: bad rows are left out and reported, or the feed is refused for
//! them. Not here: the format (`matricula-interop`).

use std::io::Read;
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::sync::{Mutex, PoisonError};

use matricula_core::rule::Kind;
use matricula_core::{
    CheckedUsers, Draft, Error, ErrorKind, Question, Snapshot, Status, Updated, UserError, UserUpdate,
};
use matricula_interop::{Mapping, RowError, Rows, shortened};

pub use matricula_interop::{Blank, Format};

use crate::Transaction;

#[cfg(test)]
mod tests;

/// What happens to people whom a feed does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Absent {
    /// Nothing.
    #[default]
    Leave,
    /// They are suspended. Somebody whose row is bad is not absent; a feed of which it cannot be said whom it
    /// names (no rows, a row without a key, a quote that is not closed) is refused as a whole. Somebody who is
    /// suspended and comes back needs a status column to become active again.
    Suspend,
}

impl std::str::FromStr for Absent {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "leave" => Ok(Self::Leave),
            "suspend" => Ok(Self::Suspend),
            _ => Err(Error::new(
                ErrorKind::InvalidDefinition,
                format!("unknown treatment of absent people `{word}`, expected leave or suspend"),
            )),
        }
    }
}

impl Absent {
    fn name(self) -> &'static str {
        match self {
            Self::Leave => "leave",
            Self::Suspend => "suspend",
        }
    }
}

/// What becomes of a feed in which rows are wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BadRows {
    /// They are left out and reported; the others are taken. A row is also wrong if it names somebody who is neither
    /// there nor in the feed, lacks a required value, or has one that must be unique and is somebody else's.
    #[default]
    Skip,
    /// None is taken, and the import fails with all that is wrong with any. Who is named, what is required and what must
    /// be unique is judged with the transaction, so that later changes can make it right.
    Refuse,
}

impl BadRows {
    fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip_bad_rows",
            Self::Refuse => "all_or_nothing",
        }
    }
}

impl std::str::FromStr for BadRows {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        match word {
            "skip_bad_rows" => Ok(Self::Skip),
            "all_or_nothing" => Ok(Self::Refuse),
            _ => Err(Error::new(
                ErrorKind::InvalidDefinition,
                format!("unknown treatment of bad rows `{word}`, expected all_or_nothing or skip_bad_rows"),
            )),
        }
    }
}

/// The rows for which a feed was refused: the cause of a `bad_rows` error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRows {
    /// All that are wrong, in order.
    pub errors: Vec<RowError>,
}

impl std::fmt::Display for RefusedRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rows are wrong", self.errors.len())
    }
}

impl std::error::Error for RefusedRows {}

/// How a feed is to be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// What an empty cell says, in columns for which the mapping does not say otherwise.
    pub blank: Blank,
    /// What happens to people whom the feed does not name.
    pub absent: Absent,
    /// What becomes of a feed in which rows are wrong.
    pub bad_rows: BadRows,
    /// How the feed is written.
    pub format: Format,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows read so far.
    pub rows: usize,
    /// Bytes read so far.
    pub bytes: u64,
    /// Bytes of the feed.
    pub total_bytes: u64,
}

/// What an import came to. The rows that are right are in the transaction; nothing is written before its
/// commit, so that an import followed by a preview and no commit is a dry run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Rows read.
    pub rows: usize,
    /// People created.
    pub created: usize,
    /// People changed, not counting those suspended because they are absent.
    pub changed: usize,
    /// Rows that said what was true already.
    pub unchanged: usize,
    /// People suspended because the feed does not name them.
    pub suspended: usize,
    /// Columns that the mapping leaves alone.
    pub ignored_columns: Vec<String>,
    /// The rows that were left out, in order.
    pub errors: Vec<RowError>,
}

/// A feed as it was given, for the case that another writer commits first.
#[derive(Debug)]
pub(crate) struct Import {
    feed: Vec<u8>,
    mapping: Mapping,
    options: ImportOptions,
    errors: Vec<RowError>,
}

/// Rows that are read at a time; where no later row matters to them they are applied at once.
const BATCH: usize = 16 * 1024;

impl Transaction {
    /// Imports people from CSV with a header line, or from JSON with an object on each line. Texts are trimmed; a row
    /// that is wrong is left out and reported, or has the whole feed refused. `progress` is told every 16,384 rows that are read and at the last, and
    /// may stop the import.
    ///
    /// # Errors
    /// `invalid_feed` if the feed cannot be read at all, or absent people are to be suspended and it does not say
    /// for certain who they are; `bad_rows` if rows are wrong and none is to be left out, with [`RefusedRows`] as its
    /// cause; `cancelled` if `progress` stopped it. Nothing of the
    /// feed is then in the transaction.
    pub fn import_users(
        &mut self,
        mut feed: impl Read,
        mapping: &Mapping,
        options: ImportOptions,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ImportReport, Error> {
        let mut bytes = Vec::new();
        feed.read_to_end(&mut bytes).map_err(|error| {
            Error::caused_by(ErrorKind::InvalidFeed, format!("the feed cannot be read: {error}"), error)
        })?;
        let question = self.ask(|| {
            let ImportOptions { blank, absent, bad_rows, format } = options;
            let how = (mapping, blank, absent.name(), bad_rows.name(), format.name());
            Question::of("import", &how, &bytes)
        });
        let source = Source { feed: &bytes, mapping, options, batch: BATCH };
        let quietly = |mut draft: Draft| source.take(&mut draft, &mut |_| ControlFlow::Continue(())).err();
        if let Some(error) = self.refused_then(question, quietly) {
            return Err(error);
        }
        let repeated = self.is_repeated();
        let draft = self.draft_mut();
        let before = draft.clone();
        match source.take(draft, &mut progress) {
            Ok(report) => {
                draft.close_change();
                self.accepted(question);
                let (mapping, errors) = (mapping.clone(), report.errors.clone());
                self.remember(Import { feed: bytes, mapping, options, errors });
                Ok(report)
            }
            Err(error) => {
                *draft = before;
                // What was taken when it was asked for first may not go with what has happened since.
                match error.cause::<RefusedRows>() {
                    Some(refused) if repeated => {
                        self.accepted(question);
                        Ok(ImportReport { errors: refused.errors.clone(), ..ImportReport::default() })
                    }
                    _ => {
                        self.refused(question, &error);
                        Err(error)
                    }
                }
            }
        }
    }
}

impl Import {
    /// Imports the same feed on top of what another writer did.
    pub(crate) fn apply_again(&self, draft: &mut Draft) -> Result<(), Error> {
        let mut progress = |_| ControlFlow::Continue(());
        let Self { feed, mapping, options, .. } = self;
        let report = Source { feed, mapping, options: *options, batch: BATCH }.take(draft, &mut progress)?;
        if report.errors != self.errors {
            let message = "another writer changed what the feed's rows are checked against";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        draft.close_change();
        Ok(())
    }
}

/// What is imported, and how.
#[derive(Clone, Copy)]
struct Source<'a> {
    feed: &'a [u8],
    mapping: &'a Mapping,
    options: ImportOptions,
    /// How many rows are read at a time.
    batch: usize,
}

impl Source<'_> {
    /// Takes the feed into a draft. If it fails, some of it may be in the draft.
    fn take(
        &self,
        draft: &mut Draft,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<ImportReport, Error> {
        let Self { feed, mapping, options, batch } = *self;
        let mut rows = Rows::new(feed, options.format, mapping, options.blank)?;
        let mut report = ImportReport::default();
        let total_bytes = u64::try_from(feed.len()).unwrap_or(u64::MAX);
        let inputs = draft.inputs();
        let whole = later_rows_matter(&inputs, &rows, options.bad_rows);
        let mut all: Option<Batch> = None;
        let mut apply = |batch: Batch, report: &mut ImportReport| {
            let Batch { lines, checked, .. } = batch;
            let updated = match options.bad_rows {
                BadRows::Skip => draft.take_users_leniently(checked)?,
                BadRows::Refuse => draft.take_users_together(checked, &lines)?,
            };
            report.take(updated, |error| row_error(&error, &lines, mapping));
            Ok::<(), Error>(())
        };
        each_batch(&mut rows, &inputs, (feed.len(), batch), |mut read| {
            report.rows += read.rows;
            report.errors.append(&mut read.errors);
            let now = Progress { rows: report.rows, bytes: read.position, total_bytes };
            if progress(now).is_break() {
                return Err(Error::new(ErrorKind::Cancelled, "the import was stopped"));
            }
            match &mut all {
                _ if !whole => apply(read, &mut report),
                Some(all) => all.append(read),
                None => {
                    all = Some(read);
                    Ok(())
                }
            }
        })?;
        all.map_or(Ok(()), |all| apply(all, &mut report))?;
        rows.has_columns()?;
        report.ignored_columns = rows.ignored();
        report.errors.sort_by_key(|error| error.line);
        if options.bad_rows == BadRows::Refuse
            && let Some(first) = report.errors.first()
        {
            let (wrong, all) = (report.errors.len(), report.rows);
            let message = format!("{wrong} of {all} rows are wrong, expected none; {first}");
            let refused = RefusedRows { errors: report.errors };
            return Err(Error::caused_by(ErrorKind::BadRows, message, refused));
        }
        if options.absent == Absent::Suspend {
            rows.names_everybody()?;
            let inputs = draft.inputs();
            let absent = inputs.users().filter(|user| {
                inputs.status(*user) == Some(Status::Active) && !rows.names(inputs.user_key(*user))
            });
            let suspend = |user| UserUpdate::new(inputs.user_key(user)).status(Status::Suspended);
            let updates: Vec<UserUpdate> = absent.map(suspend).collect();
            report.suspended = draft.update_users_leniently(updates)?.changed;
        }
        Ok(report)
    }
}

/// Whether a row can be right or wrong by what later ones say: who is named may be created by them, and where rows are
/// left out, a value that must be unique may be given up by them.
fn later_rows_matter(inputs: &Snapshot, rows: &Rows<'_>, bad_rows: BadRows) -> bool {
    rows.attributes()
        .into_iter()
        .filter_map(|key| inputs.schema().find(key))
        .any(|attribute| attribute.kind == Kind::User || attribute.unique && bad_rows == BadRows::Skip)
}

/// Rows that were read together.
struct Batch {
    /// How many they were, right and wrong.
    rows: usize,
    /// The byte up to which the feed was read then.
    position: u64,
    /// The lines of those that could be read, and what they say, each checked by itself.
    lines: Vec<u64>,
    checked: CheckedUsers,
    /// What is wrong with the others.
    errors: Vec<RowError>,
}

impl Batch {
    fn append(&mut self, later: Self) -> Result<(), Error> {
        self.lines.extend(later.lines);
        self.checked.append(later.checked)
    }
}

/// So many rows that are wrong are told with the nearest option, which takes time.
const HINTS: usize = 1000;

/// Reads rows and checks each by itself; `None` after the last.
fn read(rows: &mut Rows<'_>, inputs: &Snapshot, batch: usize, hints: &mut usize) -> Option<Batch> {
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    // Row by row: memory for the texts of one is used again for those of the next.
    let updates = rows.by_ref().take(batch).filter_map(|row| match row {
        Ok(row) => {
            lines.push(row.line);
            Some(row.update)
        }
        Err(error) => {
            errors.push(error);
            None
        }
    });
    let checked = inputs.check_users(updates, *hints);
    let (rows_read, position) = (lines.len() + errors.len(), Rows::position(rows));
    *hints = hints.saturating_sub(checked.wrong());
    (rows_read > 0).then_some(Batch { rows: rows_read, position, lines, checked, errors })
}

/// A feed of so many bytes is read and checked by a thread of its own, while what it has read is applied.
const LARGE: usize = 1024 * 1024;

/// Visits the batches of a feed in order.
fn each_batch(
    rows: &mut Rows<'_>,
    inputs: &Snapshot,
    (bytes, batch): (usize, usize),
    mut visit: impl FnMut(Batch) -> Result<(), Error>,
) -> Result<(), Error> {
    let reading = Mutex::new((rows, HINTS));
    let next = || {
        let mut reading = reading.lock().unwrap_or_else(PoisonError::into_inner);
        let (rows, hints) = &mut *reading;
        read(rows, inputs, batch, hints)
    };
    std::thread::scope(|scope| {
        if bytes >= LARGE {
            let (sender, receiver) = sync_channel(1);
            // It ends with the feed, or when nobody takes what it reads any longer.
            let work = move || while next().is_some_and(|batch| sender.send(batch).is_ok()) {};
            if std::thread::Builder::new().spawn_scoped(scope, work).is_ok() {
                return receiver.into_iter().try_for_each(&mut visit);
            }
        }
        // Of a small feed, and where there is no thread to be had.
        while let Some(batch) = next() {
            visit(batch)?;
        }
        Ok(())
    })
}

impl ImportReport {
    fn take(&mut self, updated: Updated, error: impl Fn(UserError) -> RowError) {
        self.created += updated.created;
        self.changed += updated.changed;
        self.unchanged += updated.unchanged;
        self.errors.extend(updated.errors.into_iter().map(error));
    }
}

/// What is wrong with an update, as what is wrong with its row.
fn row_error(error: &UserError, lines: &[u64], mapping: &Mapping) -> RowError {
    let line = lines.get(error.index).copied().unwrap_or_default();
    let column = error.attribute.as_deref().map(|key| mapping.column_of(key).unwrap_or(key).to_owned());
    let value = error.input.as_ref().map(|input| shortened(&input.to_string()));
    RowError { line, column, value, reason: error.error.message().to_owned() }
}

impl std::fmt::Display for ImportReport {
    /// One line of counts, then the first rows that were left out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { rows, created, changed, unchanged, suspended, errors, .. } = self;
        write!(f, "{rows} rows: {created} created, {changed} changed, {unchanged} unchanged")?;
        if *suspended > 0 {
            write!(f, ", {suspended} absent and suspended")?;
        }
        write!(f, ", {} left out", errors.len())?;
        errors.iter().take(10).try_for_each(|error| write!(f, "\n  {error}"))?;
        if errors.len() > 10 {
            write!(f, "\n  and {} more", errors.len() - 10)?;
        }
        Ok(())
    }
}
