//! Feeds of people: where they are read from, what is told meanwhile, and what they came to. Not here: the
//! import itself (`transaction`).

use std::fs::File;
use std::ops::ControlFlow;
use std::sync::mpsc::channel;

use matricula::{Error, ErrorKind, ImportOptions, Mapping, Transaction};
use napi::Status;
use napi::bindgen_prelude::{Either, FnArgs, Function, Uint8Array};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;

use crate::convert::{Pair, number};
use crate::error::{Answer, Code};

/// How a feed is to be taken.
#[napi(object, object_to_js = false)]
pub struct ImportArguments {
    /// What each column means.
    pub mapping: Vec<Pair>,
    /// What an empty cell says, of single columns.
    pub blanks: Vec<Pair>,
    /// What an empty cell says.
    pub blank: String,
    /// What happens to people whom the feed does not name.
    pub absent: String,
    /// What becomes of a feed in which rows are wrong.
    pub bad_rows: String,
    /// How the feed is written.
    pub format: String,
}

/// The same, checked.
pub(crate) struct How {
    mapping: Mapping,
    options: ImportOptions,
}

impl TryFrom<ImportArguments> for How {
    type Error = Error;

    fn try_from(how: ImportArguments) -> Answer<Self> {
        let pairs =
            how.mapping.iter().map(|pair| (pair.key.as_str(), pair.value.as_deref().unwrap_or_default()));
        let options = ImportOptions {
            blank: how.blank.parse()?,
            absent: how.absent.parse()?,
            bad_rows: how.bad_rows.parse()?,
            format: how.format.parse()?,
        };
        let mut mapping = Mapping::from_pairs(pairs)?;
        for Pair { key, value } in &how.blanks {
            mapping = mapping.with_blank(key, value.as_deref().unwrap_or_default().parse()?)?;
        }
        Ok(Self { mapping, options })
    }
}

/// What an import came to.
#[napi(object, object_from_js = false)]
pub struct ImportReport {
    /// Rows read.
    pub rows: f64,
    /// People created.
    pub created: f64,
    /// People changed.
    pub changed: f64,
    /// Rows that said what was true already.
    pub unchanged: f64,
    /// People suspended because the feed does not name them.
    pub suspended: f64,
    /// Columns that the mapping leaves alone.
    pub ignored_columns: Vec<String>,
    /// The rows that were left out.
    pub errors: Vec<RowError>,
    /// In English.
    pub text: String,
}

/// A row that was left out.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct RowError {
    /// The line on which the row begins.
    pub line: f64,
    /// The column to blame.
    pub column: Option<String>,
    /// What stands there.
    pub value: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// In English.
    pub text: String,
}

impl From<matricula::ImportReport> for ImportReport {
    fn from(report: matricula::ImportReport) -> Self {
        let text = report.to_string();
        let error = |error: matricula::RowError| RowError {
            text: error.to_string(),
            line: number(error.line),
            column: error.column,
            value: error.value,
            reason: error.reason,
        };
        Self {
            rows: number(report.rows),
            created: number(report.created),
            changed: number(report.changed),
            unchanged: number(report.unchanged),
            suspended: number(report.suspended),
            ignored_columns: report.ignored_columns,
            errors: report.errors.into_iter().map(error).collect(),
            text,
        }
    }
}

/// Rows read, bytes read, bytes of the feed.
type Numbers = FnArgs<(f64, f64, f64)>;

/// Is told of progress, and says whether to go on.
pub type ProgressFunction<'a> = Function<'a, Numbers, bool>;

/// The same, to be called from another thread.
pub(crate) type Teller = ThreadsafeFunction<Numbers, bool, Numbers, Status, false>;

pub(crate) fn teller(function: ProgressFunction<'_>) -> napi::Result<Teller, Code> {
    let built = function.build_threadsafe_function().callee_handled::<false>().build();
    built.map_err(|error| napi::Error::new("GenericFailure", error.reason.clone()))
}

/// Tells the JavaScript thread, and waits for what it says: it never waits for this one.
fn told(teller: &Teller, progress: matricula::Progress) -> ControlFlow<()> {
    let (answer, answered) = channel();
    let numbers = (number(progress.rows), number(progress.bytes), number(progress.total_bytes));
    let status = teller.call_with_return_value(
        numbers.into(),
        ThreadsafeFunctionCallMode::NonBlocking,
        move |go_on, _| {
            // Nobody listens any more if the pool has given up: then there is nothing to say either.
            let _ = answer.send(go_on.unwrap_or(false));
            Ok(())
        },
    );
    // An environment that ends drops the question unanswered, and the import stops.
    if status == Status::Ok && answered.recv() == Ok(true) {
        ControlFlow::Continue(())
    } else {
        ControlFlow::Break(())
    }
}

/// The path of a feed, or its bytes.
pub(crate) struct Feed(pub(crate) Either<String, Uint8Array>);

impl Feed {
    pub(crate) fn import(
        &self,
        transaction: &mut Transaction,
        how: &How,
        teller: Option<&Teller>,
    ) -> Answer<matricula::ImportReport> {
        let progress = |progress| teller.map_or(ControlFlow::Continue(()), |teller| told(teller, progress));
        match &self.0 {
            Either::A(path) => transaction.import_users(open(path)?, &how.mapping, how.options, progress),
            Either::B(bytes) => transaction.import_users(bytes.as_ref(), &how.mapping, how.options, progress),
        }
    }
}

fn open(path: &str) -> Answer<File> {
    File::open(path).map_err(|error| {
        let message = format!("the feed `{}` cannot be read: {error}", path.escape_debug());
        Error::caused_by(ErrorKind::InvalidFeed, message, error)
    })
}
