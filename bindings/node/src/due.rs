//! When people are to be done: on a day, or so many days after the reason arose. In JavaScript text, or a number. Not
//! here: the days that people have, which are text.

use matricula::{DueDate, Error, ErrorKind};
use napi::bindgen_prelude::Either;

use crate::convert::whole;
use crate::error::Answer;

/// When people whom a rule enrols are to be done: in so many days, or on a day.
pub type Due = Either<f64, String>;

/// Reads when people are to be done.
pub(crate) fn due(given: Option<Due>) -> Answer<Option<DueDate>> {
    Ok(match given {
        None => None,
        // The library says how many days are too many.
        Some(Either::A(days)) => Some(DueDate::After(u32::try_from(whole("due", days)?).unwrap_or(u32::MAX))),
        Some(Either::B(text)) => Some(day(&text)?),
    })
}

fn day(text: &str) -> Answer<DueDate> {
    match text.parse().map(DueDate::On) {
        // Only as days are written everywhere else.
        Ok(due @ DueDate::On(day)) if day.to_string() == text => Ok(due),
        _ => {
            let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            let message = format!("due on `{shown}`, expected a day such as 2026-01-31");
            Err(Error::new(ErrorKind::InvalidDefinition, message))
        }
    }
}

/// When people are to be done, as JavaScript reads it.
pub(crate) fn shown(due: DueDate) -> Due {
    match due {
        DueDate::After(days) => Either::A(days.into()),
        DueDate::On(day) => Either::B(day.to_string()),
    }
}
