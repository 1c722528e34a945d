//! Reading who is in which segment, now and when it was paused, and what was decided by hand.

use std::collections::BTreeMap;

use matricula_core::{Error, Exception, Loader, RowSet, SegmentId};
use rusqlite::Transaction;

use crate::load::{Counts, each, get, sql};
use crate::{codec, invalid};

pub(crate) fn load_members(tx: &Transaction<'_>, counts: &Counts, loader: &mut Loader) -> Result<(), Error> {
    for (table, exception) in [("segment_pin", Exception::Pinned), ("segment_ban", Exception::Banned)] {
        let mut segments: BTreeMap<u32, RowSet> = BTreeMap::new();
        let select = format!("SELECT segment_id, user_id FROM {table} ORDER BY segment_id, user_id");
        each(tx, &select, |row| {
            let user: u32 = get(row, 1)?;
            segments.entry(get(row, 0)?).or_default().set(user, true);
            Ok(())
        })?;
        for (segment, users) in segments {
            check(counts, segment, &users)?;
            loader.exceptions(SegmentId(segment), exception, &users);
        }
    }
    for (segment, members) in bitmaps(tx, counts, "segment_frozen")? {
        loader.frozen(segment, members);
    }
    for (segment, members) in bitmaps(tx, counts, "segment_members")? {
        loader.members(segment, members);
    }
    Ok(())
}

fn bitmaps(tx: &Transaction<'_>, counts: &Counts, table: &str) -> Result<Vec<(SegmentId, RowSet)>, Error> {
    let mut segments: BTreeMap<u32, RowSet> = BTreeMap::new();
    let select = format!("SELECT segment_id, members FROM {table} ORDER BY segment_id, part");
    each(tx, &select, |row| {
        let part = row.get_ref(1).map_err(sql)?;
        let part =
            codec::people(part.as_blob().map_err(|_| invalid("the members of a segment are no bitmap"))?)?;
        let members = segments.entry(get(row, 0)?).or_default();
        *members = members.union(&part);
        Ok(())
    })?;
    segments
        .into_iter()
        .map(|(segment, members)| {
            check(counts, segment, &members)?;
            Ok((SegmentId(segment), members))
        })
        .collect()
}

/// Makes sure that a segment and people are there.
fn check(counts: &Counts, segment: u32, people: &RowSet) -> Result<(), Error> {
    if segment < counts.segments && people.max().is_none_or(|last| last < counts.users) {
        return Ok(());
    }
    Err(invalid(format!("segment number {segment} or somebody in it is not there")))
}
