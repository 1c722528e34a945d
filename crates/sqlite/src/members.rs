//! The members of segments: bitmaps of all, those that were there when a segment was paused, rows for those segments
//! that have them, and what was decided by hand.

use std::collections::BTreeMap;

use matricula_core::{Commit, Entry, Error, Exception, MembershipChange, RowSet, SegmentId, UserId};
use rusqlite::{OptionalExtension, Result, Transaction, params};

use crate::{codec, failed};

/// The part of a bitmap that a row falls in.
const PART: u32 = 1 << 16;

/// What the definition of a segment asks of the tables of members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Kept {
    paused: bool,
    rows: bool,
}

fn kept(tx: &Transaction<'_>, segment: u32) -> Result<Kept> {
    let kept = tx
        .prepare_cached("SELECT state = 'paused', sql_rows FROM segment WHERE id = ?1")?
        .query_row([segment], |row| Ok(Kept { paused: row.get(0)?, rows: row.get(1)? }))
        .optional()?;
    Ok(kept.unwrap_or_default())
}

/// The members of segments while a commit is written.
pub(crate) struct Members<'a> {
    tx: &'a Transaction<'a>,
    /// What was asked before the commit, of the segments that it redefines.
    before: BTreeMap<u32, Kept>,
}

impl<'a> Members<'a> {
    /// Before the first entry of a commit.
    pub(crate) fn new(tx: &'a Transaction<'a>, commit: &Commit) -> Result<Self> {
        let mut before = BTreeMap::new();
        for entry in commit.entries.iter() {
            if let Entry::Segment(SegmentId(id), _) = entry {
                before.insert(*id, kept(tx, *id)?);
            }
        }
        Ok(Self { tx, before })
    }

    /// Follows who joined and left a segment, after the last entry of the commit.
    pub(crate) fn follow(&self, change: &MembershipChange) -> std::result::Result<(), Error> {
        let sql = |error| failed("cannot write members", error);
        let segment = change.segment.0;
        let first = change.joined.min().into_iter().chain(change.left.min()).min();
        let last = change.joined.max().into_iter().chain(change.left.max()).max();
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(());
        };
        for part in first / PART..=last / PART {
            let (joined, left) = (in_part(&change.joined, part), in_part(&change.left, part));
            if joined.is_empty() && left.is_empty() {
                continue;
            }
            let old: Option<Vec<u8>> = self
                .tx
                .prepare_cached("SELECT members FROM segment_members WHERE segment_id = ?1 AND part = ?2")
                .and_then(|mut get| get.query_row(params![segment, part], |row| row.get(0)).optional())
                .map_err(sql)?;
            let members = match old {
                Some(bytes) => codec::people(&bytes)?,
                None => RowSet::default(),
            };
            let members = members.difference(&left).union(&joined);
            self.tx
                .prepare_cached(
                    "INSERT OR REPLACE INTO segment_members (segment_id, part, members) VALUES (?1, ?2, ?3)",
                )
                .and_then(|mut put| put.execute(params![segment, part, members.to_bytes()]))
                .map_err(sql)?;
        }
        // Rows that have only now been asked for are all written at the end.
        let had_rows = self.before.get(&segment).is_none_or(|before| before.rows);
        if had_rows && kept(self.tx, segment).map_err(sql)?.rows {
            self.rows(
                segment,
                &change.left,
                "DELETE FROM segment_row WHERE segment_id = ?1 AND user_id = ?2",
            )
            .and_then(|()| self.rows(segment, &change.joined, INSERT_ROW))
            .map_err(sql)?;
        }
        Ok(())
    }

    fn rows(&self, segment: u32, users: &RowSet, statement: &str) -> Result<()> {
        let mut statement = self.tx.prepare_cached(statement)?;
        for user in users.iter() {
            statement.execute([segment, user])?;
        }
        Ok(())
    }

    /// Makes good what redefinitions of segments ask for, once everybody has joined and left.
    pub(crate) fn settle(&self) -> std::result::Result<(), Error> {
        let sql = |error| failed("cannot write members", error);
        for (&segment, before) in &self.before {
            let now = kept(self.tx, segment).map_err(sql)?;
            let run = |statement: &str| {
                self.tx
                    .prepare_cached(statement)
                    .and_then(|mut it| it.execute([segment]))
                    .map(drop)
                    .map_err(sql)
            };
            if before.paused != now.paused {
                run("DELETE FROM segment_frozen WHERE segment_id = ?1")?;
            }
            if now.paused && !before.paused {
                run("INSERT INTO segment_frozen (segment_id, part, members)
                     SELECT segment_id, part, members FROM segment_members WHERE segment_id = ?1")?;
            }
            if before.rows != now.rows {
                run("DELETE FROM segment_row WHERE segment_id = ?1")?;
            }
            if now.rows && !before.rows {
                for part in self.parts(segment).map_err(sql)? {
                    self.rows(segment, &codec::people(&part)?, INSERT_ROW).map_err(sql)?;
                }
            }
        }
        Ok(())
    }

    fn parts(&self, segment: u32) -> Result<Vec<Vec<u8>>> {
        let mut select = self
            .tx
            .prepare_cached("SELECT members FROM segment_members WHERE segment_id = ?1 ORDER BY part")?;
        select.query_map([segment], |row| row.get(0))?.collect()
    }

    /// Forgets what was decided by hand about a segment.
    pub(crate) fn forget(&self, segment: SegmentId) -> Result<()> {
        for table in ["segment_pin", "segment_ban"] {
            let forget = format!("DELETE FROM {table} WHERE segment_id = ?1");
            self.tx.prepare_cached(&forget)?.execute([segment.0])?;
        }
        Ok(())
    }

    /// What was decided by hand about a person.
    pub(crate) fn decide(
        &self,
        segment: SegmentId,
        user: UserId,
        exception: Option<Exception>,
    ) -> Result<()> {
        let run = |statement: &str| self.tx.prepare_cached(statement)?.execute([segment.0, user.0]).map(drop);
        if exception != Some(Exception::Pinned) {
            run("DELETE FROM segment_pin WHERE segment_id = ?1 AND user_id = ?2")?;
        }
        if exception != Some(Exception::Banned) {
            run("DELETE FROM segment_ban WHERE segment_id = ?1 AND user_id = ?2")?;
        }
        match exception {
            Some(Exception::Pinned) => {
                run("INSERT OR IGNORE INTO segment_pin (segment_id, user_id) VALUES (?1, ?2)")
            }
            Some(Exception::Banned) => {
                run("INSERT OR IGNORE INTO segment_ban (segment_id, user_id) VALUES (?1, ?2)")
            }
            None => Ok(()),
        }
    }
}

const INSERT_ROW: &str = "INSERT OR IGNORE INTO segment_row (segment_id, user_id) VALUES (?1, ?2)";

fn in_part(users: &RowSet, part: u32) -> RowSet {
    let start = part * PART;
    users.range(start, start.saturating_add(PART))
}
