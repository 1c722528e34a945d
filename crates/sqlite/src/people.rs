//! Writing people: their rows, their options of multi-choices, their memberships of sites, and what is recorded of
//! them in courses. Not here: how a value stands in a cell (`values`).

use std::cell::RefCell;

use matricula_core::rule::{AttributeId, Value};
use matricula_core::{Instant, RecordEntry, Status, UserEntry, UserId, erased_key};
use rusqlite::{CachedStatement, Params, Result, Transaction, params, params_from_iter};

use crate::attributes::{Columns, column, columns, folded_column};
use crate::values;

/// The people while a commit is written, by one state of the attributes.
pub(crate) struct People<'a> {
    tx: &'a Transaction<'a>,
    /// When new people are created.
    at: Instant,
    columns: Vec<Columns>,
    /// The statement for a new person, with a place for every column, so that it is prepared once for a whole feed.
    insert: String,
    /// Where the columns of each attribute are in it.
    places: Vec<(Option<usize>, Option<usize>)>,
    /// How many places it has.
    width: usize,
    /// The statements that an import repeats for everybody, once they were needed.
    inserting: RefCell<Option<CachedStatement<'a>>>,
    joining: RefCell<Option<CachedStatement<'a>>>,
}

/// Executes a statement that is kept.
fn execute<'a>(
    tx: &'a Transaction<'a>,
    kept: &RefCell<Option<CachedStatement<'a>>>,
    sql: &str,
    params: impl Params,
) -> Result<()> {
    let mut kept = kept.borrow_mut();
    let statement = match &mut *kept {
        Some(statement) => statement,
        none => none.insert(tx.prepare_cached(sql)?),
    };
    statement.execute(params).map(drop)
}

impl<'a> People<'a> {
    pub(crate) fn new(tx: &'a Transaction<'a>, at: Instant) -> Result<Self> {
        let columns = columns(tx)?;
        let mut insert = "INSERT INTO user (id, key, status, created".to_owned();
        let mut width = 4;
        let mut place = |there: bool, column: String| {
            there.then(|| {
                insert.push_str(", ");
                insert.push_str(&column);
                width += 1;
                width - 1
            })
        };
        let places = columns
            .iter()
            .map(|of| {
                let value = place(of.value, column(of.attribute));
                (value, place(of.folded, folded_column(of.attribute)))
            })
            .collect();
        insert.push_str(&format!(") VALUES (?{})", ", ?".repeat(width - 1)));
        let (inserting, joining) = (RefCell::default(), RefCell::default());
        Ok(Self { tx, at, columns, insert, places, width, inserting, joining })
    }

    pub(crate) fn write(&self, entry: &UserEntry) -> Result<()> {
        let id = entry.id.0;
        if let Some(key) = &entry.key {
            self.create(entry, key)?;
        } else {
            if let Some(status) = entry.status {
                let mut set = self.tx.prepare_cached("UPDATE user SET status = ?2 WHERE id = ?1")?;
                set.execute(params![id, status.name()])?;
            }
            for (attribute, value) in &entry.values {
                self.set(id, *attribute, value.as_ref())?;
            }
        }
        for (site, status) in &entry.sites {
            match status {
                Some(status) => {
                    let join = "INSERT INTO site_member (user_id, site_id, status) VALUES (?1, ?2, ?3)
                         ON CONFLICT (user_id, site_id) DO UPDATE SET status = ?3";
                    execute(self.tx, &self.joining, join, params![id, site.0, status.name()])?;
                }
                None => {
                    let mut end = self
                        .tx
                        .prepare_cached("DELETE FROM site_member WHERE user_id = ?1 AND site_id = ?2")?;
                    end.execute(params![id, site.0])?;
                }
            }
        }
        Ok(())
    }

    /// Somebody who has been erased since being created.
    pub(crate) fn create_stub(&self, user: UserId) -> Result<()> {
        let status = Some(Status::Erased);
        self.create(
            &UserEntry { id: user, key: None, status, values: Vec::new(), sites: Vec::new() },
            &erased_key(user),
        )
    }

    fn create(&self, entry: &UserEntry, key: &str) -> Result<()> {
        let status = entry.status.unwrap_or(Status::Active);
        let mut cells = Vec::with_capacity(self.width);
        cells.extend([
            entry.id.0.into(),
            values::text(key),
            values::text(status.name()),
            self.at.millis().into(),
        ]);
        cells.resize(self.width, values::NULL);
        for (attribute, value) in &entry.values {
            let (plain, folded) = self.places.get(attribute.index()).copied().unwrap_or_default();
            if let Some(cell) = plain.and_then(|place| cells.get_mut(place)) {
                *cell = values::cell(value.as_ref());
            }
            if let Some(cell) = folded.and_then(|place| cells.get_mut(place)) {
                *cell = values::folded_cell(value.as_ref());
            }
        }
        execute(self.tx, &self.inserting, &self.insert, params_from_iter(cells))?;
        for (attribute, value) in &entry.values {
            self.put_options(entry.id.0, *attribute, value.as_ref())?;
        }
        Ok(())
    }

    fn set(&self, user: u32, attribute: AttributeId, value: Option<&Value>) -> Result<()> {
        let Some(of) = self.columns.get(attribute.index()) else { return Ok(()) };
        if !of.value {
            self.tx
                .prepare_cached("DELETE FROM user_option WHERE user_id = ?1 AND attribute_id = ?2")?
                .execute([user, attribute.0])?;
            return self.put_options(user, attribute, value);
        }
        let (plain, folded) = (column(of.attribute), folded_column(of.attribute));
        if of.folded {
            let set = format!("UPDATE user SET {plain} = ?2, {folded} = ?3 WHERE id = ?1");
            let cells = params![user, values::cell(value), values::folded_cell(value)];
            self.tx.prepare_cached(&set)?.execute(cells).map(drop)
        } else {
            let set = format!("UPDATE user SET {plain} = ?2 WHERE id = ?1");
            self.tx.prepare_cached(&set)?.execute(params![user, values::cell(value)]).map(drop)
        }
    }

    /// The options of a multi-choice, where there were none.
    fn put_options(&self, user: u32, attribute: AttributeId, value: Option<&Value>) -> Result<()> {
        let Some(Value::Choices(options)) = value else { return Ok(()) };
        let mut put = self.tx.prepare_cached(
            "INSERT INTO user_option (user_id, attribute_id, option_id) VALUES (?1, ?2, ?3)",
        )?;
        for option in options {
            put.execute([user, attribute.0, option.0])?;
        }
        Ok(())
    }

    pub(crate) fn record(&self, entry: &RecordEntry) -> Result<()> {
        let (user, course) = (entry.user.0, entry.course.0);
        let completed = entry.completed.flatten().map(Instant::millis);
        let score = entry.score.flatten().map(|score| score.millionths());
        self.tx
            .prepare_cached(
                "INSERT INTO course_record (user_id, course_id, completed, score) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (user_id, course_id) DO UPDATE
                 SET completed = iif(?5, ?3, completed), score = iif(?6, ?4, score)",
            )?
            .execute(params![
                user,
                course,
                completed,
                score,
                entry.completed.is_some(),
                entry.score.is_some()
            ])?;
        if completed.is_some() && score.is_some() {
            return Ok(());
        }
        self.tx
            .prepare_cached(
                "DELETE FROM course_record
                 WHERE user_id = ?1 AND course_id = ?2 AND completed IS NULL AND score IS NULL",
            )?
            .execute([user, course])
            .map(drop)
    }
}
