//! People imported from a feed, as part of a transaction: bad rows are left out and reported, good ones are
//! applied. Not here: the format (`matricula-interop`).

use std::io::Read;
use std::ops::ControlFlow;

use matricula_core::rule::Kind;
use matricula_core::{Draft, Error, ErrorKind, Status, Updated, UserError, UserUpdate};
use matricula_interop::{Mapping, RowError, Rows, shortened};

pub use matricula_interop::{Blank, Format};

use crate::Transaction;

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

/// Rows that are applied at a time.
const BATCH: usize = 16 * 1024;

impl Transaction {
    /// Imports people from CSV with a header line, or from JSON with an object on each line. Texts are trimmed; a row
    /// that is wrong is left out and reported, or has the whole feed refused. `progress` is told every 16,384 rows and at the end, and may stop the import.
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
        let repeated = self.is_repeated();
        self.ask(|asked| {
            let ImportOptions { blank, absent, bad_rows, format } = options;
            asked.add(&("import", mapping, blank, absent.name(), bad_rows.name(), format.name()));
            asked.add_bytes(&bytes);
        });
        let draft = self.draft_mut();
        let before = draft.clone();
        match run(draft, &bytes, mapping, options, &mut progress) {
            Ok(report) => {
                draft.close_change();
                let (mapping, errors) = (mapping.clone(), report.errors.clone());
                self.remember(Import { feed: bytes, mapping, options, errors });
                Ok(report)
            }
            Err(error) => {
                *draft = before;
                // What was taken when it was asked for first may not go with what has happened since.
                match error.cause::<RefusedRows>() {
                    Some(refused) if repeated => {
                        Ok(ImportReport { errors: refused.errors.clone(), ..ImportReport::default() })
                    }
                    _ => Err(error),
                }
            }
        }
    }
}

impl Import {
    /// Imports the same feed on top of what another writer did.
    pub(crate) fn apply_again(&self, draft: &mut Draft) -> Result<(), Error> {
        let mut progress = |_| ControlFlow::Continue(());
        let report = run(draft, &self.feed, &self.mapping, self.options, &mut progress)?;
        if report.errors != self.errors {
            let message = "another writer changed what the feed's rows are checked against";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        draft.close_change();
        Ok(())
    }
}

fn run(
    draft: &mut Draft,
    feed: &[u8],
    mapping: &Mapping,
    options: ImportOptions,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<ImportReport, Error> {
    let mut rows = Rows::new(feed, options.format, mapping, options.blank)?;
    let mut report = ImportReport::default();
    let total_bytes = u64::try_from(feed.len()).unwrap_or(u64::MAX);
    // A row may name a person of a later row: then all of them are taken together.
    let inputs = draft.inputs();
    let names_people = |attribute: &str| {
        inputs.schema().find(attribute).is_some_and(|attribute| attribute.kind == Kind::User)
    };
    let batch = if rows.attributes().into_iter().any(names_people) { usize::MAX } else { BATCH };
    drop(inputs);
    loop {
        let before = report.rows;
        let (mut lines, mut updates) = (Vec::new(), Vec::new());
        for row in rows.by_ref().take(batch) {
            report.rows += 1;
            match row {
                Ok(row) => {
                    lines.push(row.line);
                    updates.push(row.update);
                }
                Err(error) => report.errors.push(error),
            }
        }
        if report.rows == before {
            break;
        }
        let bytes = rows.position();
        if progress(Progress { rows: report.rows, bytes, total_bytes }).is_break() {
            return Err(Error::new(ErrorKind::Cancelled, "the import was stopped"));
        }
        let updated = match options.bad_rows {
            BadRows::Skip => draft.update_users_leniently(updates)?,
            BadRows::Refuse => draft.update_users_together(updates, &lines)?,
        };
        report.take(updated, |error| row_error(&error, &lines, mapping));
    }
    rows.has_columns()?;
    report.ignored_columns = rows.ignored();
    report.errors.sort_by_key(|error| error.line);
    if options.bad_rows == BadRows::Refuse
        && let Some(first) = report.errors.first()
    {
        let (wrong, all) = (report.errors.len(), report.rows);
        let message = format!("{wrong} of {all} rows are wrong, expected none; {first}");
        return Err(Error::caused_by(ErrorKind::BadRows, message, RefusedRows { errors: report.errors }));
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
