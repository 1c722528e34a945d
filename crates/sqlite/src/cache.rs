//! The column cache: images of the registry in chunks, beside the tables that they can be made anew from. The newest
//! makes opening fast; older ones make views of the past fast. A chunk is kept once, however many images have it.
//! Not here: what is in a chunk (`matricula_core`).

use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::sync_channel;

use matricula_core::{Commit, Error, ErrorKind, IMAGE_FORMAT, Revision, Snapshot};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use twox_hash::XxHash3_128;

use crate::load::{each, get};
use crate::schema::{VERSION, check_version};
use crate::{codec, failed, invalid, journal};

/// What a store knows of its cache, to say when it is worth writing.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Whether there is an image of use.
    imaged: bool,
    /// Commits since, or since the registry was opened.
    commits: u64,
    /// What they changed: entries, memberships, steps of enrolments.
    changes: u64,
    /// An image could not be read: all are to be made anew.
    damaged: bool,
}

/// Below so many changes reading them in again is as fast as an image.
const FEW: u64 = 4_000;
/// After so many commits closing is worth an image, however little they changed.
const MANY: u64 = 1_000;
/// While the registry is open an image is written after as many changes as take about a second to replay...
const SECOND: u64 = 50_000;
/// ...or, of a large registry, after a change for each so many people and enrolments, so that writing images takes a small
/// part of the time that commits take...
const SHARE: u64 = 32;
/// ...and never on account of a few huge commits alone, which are not to take longer for it.
const SOME: u64 = 16;
/// A commit takes as long to replay as so many changes.
const COMMIT: u64 = 10;

impl Kept {
    pub(crate) fn count(&mut self, commit: &Commit) {
        let joined = commit.moments.iter().flat_map(|moment| &moment.memberships);
        let members: usize = joined.map(|change| change.joined.len() + change.left.len()).sum();
        let steps: usize =
            commit.moments.iter().flat_map(|moment| &moment.steps).map(|steps| steps.users.len()).sum();
        self.commits = self.commits.saturating_add(1);
        self.changes = self.changes.saturating_add((commit.entries.len() + members + steps) as u64);
    }

    /// Whether an image of a snapshot is worth its while now.
    pub(crate) fn wants(&self, snapshot: &Snapshot, closing: bool) -> bool {
        let size = size(snapshot);
        if closing {
            let changed = self.changes >= FEW.max(size / 64) || self.commits >= MANY;
            return size >= FEW && (!self.imaged || changed);
        }
        let replaying = self.changes.saturating_add(self.commits.saturating_mul(COMMIT));
        self.commits >= SOME && replaying >= SECOND.max(size / SHARE)
    }

    /// Notes that images are gone, or that one could not be read.
    pub(crate) fn forget(&mut self) {
        *self = Self { damaged: true, ..Self::default() };
    }

    /// Notes that an image could not be kept, which is not to be tried again after every commit.
    pub(crate) fn put_off(&mut self) {
        (self.commits, self.changes) = (0, 0);
    }

    fn begin(&mut self, commits: u64, changes: u64) {
        *self = Self { imaged: true, commits, changes, damaged: false };
    }
}

/// People and enrolments.
fn size(snapshot: &Snapshot) -> u64 {
    (snapshot.user_count() + snapshot.enrolment_count()) as u64
}

fn sql(error: rusqlite::Error) -> Error {
    failed("cannot use the cache", error)
}

/// How images and their chunks are written: of another version of the library they are of no use.
fn format() -> String {
    format!("{IMAGE_FORMAT}.{VERSION} {}", env!("CARGO_PKG_VERSION"))
}

/// A chunk of an image: where it stands, and what vouches for it.
type Part = (i64, [u8; 16]);

fn digest(bytes: &[u8]) -> [u8; 16] {
    XxHash3_128::oneshot(bytes).to_le_bytes()
}

/// The list of an image's chunks as bytes, with a digest of their own at the end.
fn list_bytes(revision: i64, format: &str, parts: &[Part]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.len() * 24 + 16);
    for (id, digest) in parts {
        bytes.extend_from_slice(&id.to_le_bytes());
        bytes.extend_from_slice(digest);
    }
    let of_all = digest_of_list(revision, format, &bytes);
    bytes.extend_from_slice(&of_all);
    bytes
}

fn digest_of_list(revision: i64, format: &str, parts: &[u8]) -> [u8; 16] {
    digest(&[&revision.to_le_bytes(), format.as_bytes(), parts].concat())
}

fn list_of(revision: i64, format: &str, bytes: &[u8]) -> Option<Vec<Part>> {
    let (parts, of_all) = bytes.split_last_chunk::<16>()?;
    let (list, rest) = parts.as_chunks::<24>();
    if !rest.is_empty() || digest_of_list(revision, format, parts) != *of_all {
        return None;
    }
    list.iter()
        .map(|part| {
            let (id, digest) = part.split_first_chunk::<8>()?;
            Some((i64::from_le_bytes(*id), digest.try_into().ok()?))
        })
        .collect()
}

/// Forgets all images.
pub(crate) fn clear(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    tx.execute_batch("DELETE FROM cache_image; DELETE FROM cache_chunk")
}

/// Does what writes to the file; if that is full, once more without the images in it, with which nothing is lost.
pub(crate) fn giving_way<T>(
    connection: &mut Connection,
    kept: &mut Kept,
    work: impl Fn(&mut Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let result = work(connection);
    if result.as_ref().is_err_and(is_full) && make_room(connection).unwrap_or_default() {
        kept.forget();
        return work(connection);
    }
    result
}

fn is_full(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<rusqlite::Error>());
    let Some(rusqlite::Error::SqliteFailure(failure, _)) = cause else { return false };
    // Beyond a quota, or a limit of the system, writing fails in another way.
    failure.code == rusqlite::ErrorCode::DiskFull
        || failure.extended_code == rusqlite::ffi::SQLITE_IOERR_WRITE
}

/// Forgets all images, if there are any, so that what they took up is free.
fn make_room(connection: &mut Connection) -> rusqlite::Result<bool> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let any: bool = tx.query_row("SELECT EXISTS (SELECT 1 FROM cache_chunk)", [], |row| row.get(0))?;
    if any {
        clear(&tx)?;
    }
    tx.commit()?;
    if any {
        // So that the log begins anew, where others let it.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(any)
}

/// Makes sure that an image leaves an eighth of a file of limited size to commits.
fn check_room(tx: &Transaction<'_>, most: Option<u64>) -> Result<(), Error> {
    let Some(most) = most else { return Ok(()) };
    let ask = |pragma: &str| tx.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).map_err(sql);
    let used = ask("page_count")?.saturating_sub(ask("freelist_count")?).saturating_mul(ask("page_size")?);
    let most_used = most - most / 8;
    if used.unsigned_abs() <= most_used {
        return Ok(());
    }
    let message = format!(
        "cannot keep an image: the file would have {used} bytes, expected at most {most_used} of the {most} that it may grow \
         to, so that there is room for commits"
    );
    Err(Error::new(ErrorKind::Store, message))
}

/// Keeps an image of a snapshot, and of older ones as many as are of use.
pub(crate) fn save(
    connection: &mut Connection,
    kept: &mut Kept,
    snapshot: &Snapshot,
    most: Option<u64>,
) -> Result<(), Error> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
    check_version(&tx)?;
    let newest: i64 = tx.query_row("SELECT revision FROM registry", [], |row| row.get(0)).map_err(sql)?;
    let (revision, format) = (codec::number(snapshot.revision()), format());
    if newest < revision {
        return Err(invalid("the registry is not the one in the file"));
    }
    let (erased, archived): (i64, i64) = tx
        .query_row("SELECT erased, archived FROM registry", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(sql)?;
    if revision < erased.max(archived) {
        // It would say again what was erased, and no commit would vouch for it.
        return Ok(());
    }
    if kept.damaged {
        clear(&tx).map_err(sql)?;
    }
    let mut images = lists(&tx, &format)?;
    check_room(&tx, most)?;
    if images.iter().all(|(at, _)| *at != revision) {
        let known: HashMap<[u8; 16], i64> =
            images.iter().flat_map(|(_, parts)| parts.iter().map(|(id, digest)| (*digest, *id))).collect();
        let parts = write_chunks(&tx, snapshot, known)?;
        tx.prepare_cached("INSERT INTO cache_image (revision, format, chunks) VALUES (?1, ?2, ?3)")
            .and_then(|mut put| put.execute(params![revision, format, list_bytes(revision, &format, &parts)]))
            .map_err(sql)?;
        let place = images.partition_point(|(at, _)| *at < revision);
        images.insert(place, (revision, parts));
        thin_out(&tx, &images).map_err(sql)?;
        check_room(&tx, most)?;
    }
    tx.commit().map_err(sql)?;
    kept.begin(0, 0);
    Ok(())
}

/// The images that can be read, oldest first, with their chunks. Others are forgotten.
fn lists(tx: &Transaction<'_>, format: &str) -> Result<Vec<(i64, Vec<Part>)>, Error> {
    let mut select = tx
        .prepare_cached("SELECT revision, format, chunks FROM cache_image ORDER BY revision")
        .map_err(sql)?;
    let mut rows = select.query([]).map_err(sql)?;
    let mut images = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        let revision: i64 = row.get(0).map_err(sql)?;
        let of = row.get_ref(1).map_err(sql)?.as_str().unwrap_or_default();
        let chunks = row.get_ref(2).map_err(sql)?.as_blob().unwrap_or_default();
        match list_of(revision, of, chunks).filter(|_| of == format) {
            Some(parts) => images.push((revision, parts)),
            // There is no telling which chunks it has, and the others will be made anew.
            None => {
                clear(tx).map_err(sql)?;
                return Ok(Vec::new());
            }
        }
    }
    Ok(images)
}

fn write_chunks(
    tx: &Transaction<'_>,
    snapshot: &Snapshot,
    mut known: HashMap<[u8; 16], i64>,
) -> Result<Vec<Part>, Error> {
    let mut put = tx.prepare_cached("INSERT INTO cache_chunk (bytes) VALUES (?1)").map_err(sql)?;
    let mut parts = Vec::new();
    snapshot.write_image(|bytes| {
        let digest = digest(bytes);
        let id = match known.get(&digest) {
            Some(id) => *id,
            None => {
                let id = put.insert([bytes]).map_err(sql)?;
                known.insert(digest, id);
                id
            }
        };
        parts.push((id, digest));
        Ok(())
    })?;
    Ok(parts)
}

/// Deletes images that lie close to others, as seen from now: from one to the next is at most about a quarter of the way
/// back. And the chunks that no other image has.
fn thin_out(tx: &Transaction<'_>, images: &[(i64, Vec<Part>)]) -> rusqlite::Result<()> {
    let kept = worth_keeping(&images.iter().map(|(revision, _)| *revision).collect::<Vec<_>>());
    let (stay, go): (Vec<_>, Vec<_>) = images.iter().partition(|(revision, _)| kept.contains(revision));
    let used: BTreeSet<i64> = stay.iter().flat_map(|(_, parts)| parts).map(|(id, _)| *id).collect();
    let mut gone: BTreeSet<i64> = BTreeSet::new();
    for (revision, parts) in go {
        tx.prepare_cached("DELETE FROM cache_image WHERE revision = ?1")?.execute([revision])?;
        gone.extend(parts.iter().map(|(id, _)| *id).filter(|id| !used.contains(id)));
    }
    let mut delete = tx.prepare_cached("DELETE FROM cache_chunk WHERE id = ?1")?;
    for id in gone {
        delete.execute([id])?;
    }
    Ok(())
}

/// Which of some revisions, ascending, are worth an image.
fn worth_keeping(revisions: &[i64]) -> BTreeSet<i64> {
    let newest = revisions.last().copied().unwrap_or_default();
    let mut kept: Vec<i64> = Vec::new();
    for &revision in revisions {
        while let [.., before, _] = kept.as_slice()
            && (revision - before) * 4 <= newest - revision
        {
            kept.pop();
        }
        kept.push(revision);
    }
    kept.into_iter().collect()
}

/// The revisions of the images that this version can read, the newest first.
pub(crate) fn revisions(connection: &Connection) -> Result<Vec<Revision>, Error> {
    let mut select = connection
        .prepare_cached("SELECT revision FROM cache_image WHERE format = ?1 ORDER BY revision DESC")
        .map_err(sql)?;
    let mut rows = select.query([format()]).map_err(sql)?;
    let mut revisions = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        revisions.push(codec::revision(row.get(0).map_err(sql)?)?);
    }
    Ok(revisions)
}

/// The newest image at or before a revision, if there is one that this version can read.
pub(crate) fn read(tx: &Transaction<'_>, revision: Revision) -> Result<Option<Snapshot>, Error> {
    let select = "SELECT revision, chunks FROM cache_image
                  WHERE revision <= ?1 AND format = ?2 ORDER BY revision DESC LIMIT 1";
    let format = format();
    let found: Option<(i64, Vec<u8>)> = tx
        .prepare_cached(select)
        .and_then(|mut select| {
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            select.query_row(params![codec::number(revision), format], row).optional()
        })
        .map_err(sql)?;
    let Some((at, chunks)) = found else { return Ok(None) };
    let parts = list_of(at, &format, &chunks).ok_or_else(|| invalid("the list of an image is damaged"))?;
    let snapshot = decode(tx, &parts)?;
    // It is an image of this journal if the commit is there and says so.
    let commit: Option<(Option<i64>, Option<Vec<u8>>)> = tx
        .prepare_cached("SELECT at, hash FROM journal WHERE revision = ?1")
        .and_then(|mut select| select.query_row([at], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(sql)?;
    let clock = snapshot.clock().map(matricula_core::Instant::millis);
    let head = snapshot.head().map(|head| head.hash.0.to_vec());
    if codec::number(snapshot.revision()) != at || commit != Some((clock, head)) {
        return Err(invalid("an image is not of its commit"));
    }
    Ok(Some(snapshot))
}

/// Makes sure that images and chunks are as they were written. Whether an image is right shows only when the journal is
/// replayed; whether it is of its commit, when it is read.
pub(crate) fn check(tx: &Transaction<'_>, wrong: &mut Vec<String>) -> Result<(), Error> {
    let mut chunks: HashMap<i64, [u8; 16]> = HashMap::new();
    each(tx, "SELECT id, bytes FROM cache_chunk", |row| {
        let bytes = row.get_ref(1).map_err(sql)?.as_bytes_or_null().ok().flatten().unwrap_or_default();
        chunks.insert(get(row, 0)?, digest(bytes));
        Ok(())
    })?;
    let mut used: BTreeSet<i64> = BTreeSet::new();
    each(tx, "SELECT revision, format, chunks FROM cache_image", |row| {
        let revision: i64 = get(row, 0)?;
        let of = row.get_ref(1).map_err(sql)?.as_str().unwrap_or_default();
        let list = row.get_ref(2).map_err(sql)?.as_blob().unwrap_or_default();
        let parts = list_of(revision, of, list);
        let is_whole = parts.iter().flatten().all(|(id, digest)| chunks.get(id) == Some(digest));
        used.extend(parts.iter().flatten().map(|(id, _)| *id));
        if parts.is_none() || !is_whole {
            wrong.push(format!("the image of revision {revision} is damaged"));
        }
        Ok(())
    })?;
    match chunks.keys().filter(|id| !used.contains(id)).count() {
        0 => {}
        count => wrong.push(format!("table `cache_chunk` has {count} rows that belong to no image")),
    }
    Ok(())
}

/// Chunks that wait to be understood while others are read.
const AHEAD: usize = 64;

/// Reads the chunks of an image here, and understands them on another thread where there are many.
fn decode(tx: &Transaction<'_>, parts: &[Part]) -> Result<Snapshot, Error> {
    let mut select = tx.prepare_cached("SELECT bytes FROM cache_chunk WHERE id = ?1").map_err(sql)?;
    let mut parts_left = parts.iter();
    let mut next = || -> Result<Option<Vec<u8>>, Error> {
        let Some((id, expected)) = parts_left.next() else { return Ok(None) };
        let mut rows = select.query([id]).map_err(sql)?;
        let bytes = match rows.next().map_err(sql)? {
            Some(row) => row.get_ref(0).map_err(sql)?.as_blob().unwrap_or_default().to_vec(),
            None => return Err(invalid("a chunk of an image is not there")),
        };
        if digest(&bytes) != *expected {
            return Err(invalid("a chunk of an image is damaged"));
        }
        Ok(Some(bytes))
    };
    if parts.len() < AHEAD {
        return Snapshot::read_image(next);
    }
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel::<Result<Option<Vec<u8>>, Error>>(AHEAD);
        let understand = move || Snapshot::read_image(|| receive.recv().unwrap_or(Ok(None)));
        let Ok(reader) = std::thread::Builder::new().spawn_scoped(scope, understand) else {
            return Snapshot::read_image(next);
        };
        loop {
            let chunk = next();
            let last = !matches!(chunk, Ok(Some(_)));
            if send.send(chunk).is_err() || last {
                break;
            }
        }
        drop(send);
        reader.join().unwrap_or_else(|_| Err(invalid("an image cannot be understood")))
    })
}

/// The registry as it is now by way of the newest image and what was committed since; `None` if that is no shorter than
/// reading the tables.
pub(crate) fn load(tx: &Transaction<'_>, kept: &mut Kept, newest: Revision) -> Option<Snapshot> {
    let found = newest_image(tx, newest).and_then(|image| match image {
        Some((image, commits, changes)) => {
            let since = journal::since_in(tx, image.revision(), usize::MAX)?;
            let snapshot = image.replay_all(since.iter().map(|commit| &**commit))?;
            kept.begin(commits, changes);
            Ok(Some(snapshot).filter(|snapshot| snapshot.revision() == newest))
        }
        None => Ok(None),
    });
    found.unwrap_or_else(|error| {
        // Whatever is wrong with it, the tables are there. That the file itself fails is seen there too.
        if error.kind() == ErrorKind::InvalidStore {
            kept.forget();
        }
        None
    })
}

/// The newest image, if little has changed since: with how many commits and entries.
fn newest_image(tx: &Transaction<'_>, newest: Revision) -> Result<Option<(Snapshot, u64, u64)>, Error> {
    let at: Option<i64> =
        tx.query_row("SELECT max(revision) FROM cache_image", [], |row| row.get(0)).map_err(sql)?;
    let Some(at) = at else { return Ok(None) };
    let people: u32 =
        tx.query_row("SELECT coalesce(max(id) + 1, 0) FROM user", [], |row| row.get(0)).map_err(sql)?;
    let commits = newest.0.saturating_sub(u64::try_from(at).unwrap_or_default());
    // A commit that is replayed takes as long as some people that are read.
    let room = (u64::from(people) + FEW) / 4;
    if commits.saturating_mul(50) > room {
        return Ok(None);
    }
    let entries: i64 = tx
        .query_row(
            "SELECT count(*) FROM (SELECT 1 FROM journal_entry WHERE revision > ?1 LIMIT ?2)",
            params![at, i64::try_from(room).unwrap_or(i64::MAX)],
            |row| row.get(0),
        )
        .map_err(sql)?;
    let entries = entries.unsigned_abs();
    if entries >= room {
        return Ok(None);
    }
    Ok(read(tx, newest)?.map(|image| (image, commits, entries)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_thin_out_into_the_past_and_are_never_far_apart() {
        let mut kept: Vec<i64> = Vec::new();
        for revision in (7..40_000).step_by(7) {
            kept.push(revision);
            kept = worth_keeping(&kept).into_iter().collect();
            assert_eq!(kept.last(), Some(&revision));
            assert_eq!(kept.first(), Some(&7));
            assert!(kept.len() < 60, "{kept:?}");
            for pair in kept.windows(2) {
                let (gap, back) = (pair[1] - pair[0], revision - pair[0]);
                assert!(gap <= 14 || gap * 2 <= back, "{gap} of {back}");
            }
        }
    }

    #[test]
    fn a_list_of_chunks_is_read_as_it_was_written_or_not_at_all() {
        let parts = vec![(1, digest(b"a")), (-7, digest(b"b"))];
        let bytes = list_bytes(5, "1", &parts);
        assert_eq!(list_of(5, "1", &bytes), Some(parts));
        assert_eq!(list_of(6, "1", &bytes), None);
        assert_eq!(list_of(5, "2", &bytes), None);
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            assert_eq!(list_of(5, "1", &damaged), None);
            assert_eq!(list_of(5, "1", &bytes[..place]), None);
        }
    }
}
