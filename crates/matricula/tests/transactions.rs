//! Transactions as a host uses them: requests that are asked again, what the guard holds, what is judged at the end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

use std::ops::ControlFlow;
use std::path::Path;

use matricula::{
    AttributeDefinition, AttributeType, BadRows, Change, CourseDefinition, Deletable, Delta, Error,
    ErrorKind, GuardDefinition, ImportOptions, Instant, LeavePolicy, Lost, Mapping, Memory, RecordUpdate,
    Registry, Revision, SiteDefinition, Sqlite, Status, Transaction, UserUpdate,
};

fn at(day: i64) -> Instant {
    Instant::from_millis((20_000 + day) * 86_400_000).unwrap()
}

fn open(path: &Path) -> Registry {
    Registry::open(Sqlite::at(path).unwrap()).unwrap()
}

/// Two hundred people of two sites, half of them in the course of each.
fn company(registry: &Registry) {
    let mut tx = registry.as_host("set-up").begin(at(0)).unwrap();
    tx.apply(SiteDefinition { key: "labs".into(), name: None, zone: None }).unwrap();
    tx.define_attribute("country", AttributeType::Text).unwrap();
    tx.define_attribute("hired_on", AttributeType::Date).unwrap();
    tx.define_course("gdpr").unwrap();
    tx.apply(CourseDefinition { site: Some("labs".into()), ..CourseDefinition::new("safety") }).unwrap();
    tx.define_segment("germans", r#"user.country == "DE""#).unwrap();
    tx.define_segment("starters", "user.hired_on > today - days(90)").unwrap();
    tx.define_enrolment_rule("gdpr-de", "germans", &["gdpr"], LeavePolicy::Suspend).unwrap();
    tx.define_enrolment_rule("safe", "germans", &["safety"], LeavePolicy::Unenrol).unwrap();
    tx.define_course("welcome").unwrap();
    tx.define_enrolment_rule("first", "starters", &["welcome"], LeavePolicy::Unenrol).unwrap();
    tx.apply(Change::Users((0..200).map(person).collect())).unwrap();
    tx.commit().unwrap();
}

fn person(number: u32) -> UserUpdate {
    let site = if number < 100 { "primary" } else { "labs" };
    let country = if number.is_multiple_of(2) { "DE" } else { "ZA" };
    UserUpdate::new(format!("u{number}")).join(site).set("country", country)
}

/// Moves so many Germans of the primary site, from one on.
fn move_germans(tx: &mut Transaction, from: u32, count: u32) {
    let moved =
        (from..from + count).map(|number| UserUpdate::new(format!("u{}", number * 2)).set("country", "ZA"));
    tx.apply(Change::Users(moved.collect())).unwrap();
}

fn suspend(registry: &Registry, author: &str, day: i64, from: u32, count: u32) -> Result<Delta, Error> {
    let mut tx = registry.as_host(author).begin(at(day)).unwrap();
    let people =
        (from..from + count).map(|number| UserUpdate::new(format!("u{number}")).status(Status::Suspended));
    tx.apply(Change::Users(people.collect())).unwrap();
    tx.commit()
}

fn request(registry: &Registry, host: &str, day: i64, key: &str, country: &str) -> Result<Delta, Error> {
    let mut tx = registry.as_host(host).begin(at(day))?;
    tx.set_idempotency(key)?;
    tx.update_user(UserUpdate::new("u0").set("country", country))?;
    let preview = tx.preview()?;
    let delta = tx.commit_expecting(&preview)?;
    assert!(delta.same_as(preview.delta()));
    Ok(delta)
}

#[test]
fn a_request_asked_again_is_answered_with_the_first_result() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = open(&path);
    company(&registry);
    let first = request(&registry, "hr", 1, "feed-1", "ZA").unwrap();
    assert_eq!((first.revision().0, first.users_changed(), first.steps().count()), (2, 1, 1));
    request(&registry, "hr", 2, "feed-2", "DE").unwrap();
    // The acknowledgement was lost: the same registry, another process, and one that opens the file later. It is the
    // first result, whenever it is asked for, and nothing is made again on top of what came since.
    let other = open(&path);
    for registry in [&registry, &other, &open(&path)] {
        let again = request(registry, "hr", 3, "feed-1", "ZA").unwrap();
        assert!(again.same_as(&first));
        assert_eq!((again.revision(), registry.refresh().unwrap().revision()), (Revision(2), Revision(3)));
    }
    for (host, country, message) in [
        ("hr", "BR", "idempotency key `feed-1` was used for other changes in commit 2, expected a new one"),
        ("hr-2", "ZA", "idempotency key `feed-1` was used by another author in commit 2, expected a new one"),
    ] {
        let error = request(&other, host, 3, "feed-1", country).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::IdempotencyConflict, message));
    }
    assert_eq!(registry.refresh().unwrap().revision(), Revision(3));
}

#[test]
fn a_request_that_changes_nothing_has_been_dealt_with_too() {
    let registry = Registry::open(Memory::default()).unwrap();
    company(&registry);
    let first = request(&registry, "hr", 1, "same", "DE").unwrap();
    assert!(first.is_empty());
    assert_eq!(first.revision(), Revision(2));
    request(&registry, "hr", 2, "other", "ZA").unwrap();
    // A late repetition does not undo what came since.
    assert!(request(&registry, "hr", 3, "same", "DE").unwrap().is_empty());
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.revision(), Revision(3));
    assert!(!snapshot.is_member("u0", "germans").unwrap());
}

#[test]
fn what_cannot_be_done_twice_is_no_error_of_a_request_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = open(&path);
    company(&registry);
    let mut tx = registry.as_host("hr").begin(at(1)).unwrap();
    tx.enrol("u1", "gdpr").unwrap();
    tx.commit().unwrap();
    let unenrol = |registry: &Registry| {
        let mut tx = registry.as_host("hr").begin(at(2)).unwrap();
        tx.set_idempotency("out").unwrap();
        // One that is refused, then and now.
        let refused = tx.enrol("nobody", "gdpr").is_err();
        let done = tx.unenrol("u1", "gdpr").is_ok();
        (refused, done, tx.commit().unwrap().revision().0)
    };
    // The second process has not seen that the first one was done, and finds out in the middle of its commit.
    let behind = open(&path);
    let mut late = behind.as_host("hr").begin(at(2)).unwrap();
    late.set_idempotency("out").unwrap();
    assert!(late.enrol("nobody", "gdpr").is_err());
    late.unenrol("u1", "gdpr").unwrap();
    assert_eq!(unenrol(&registry), (true, true, 3));
    assert_eq!(late.commit().unwrap().revision().0, 3);
    assert_eq!(unenrol(&registry), (true, true, 3));
    assert_eq!(registry.refresh().unwrap().revision(), Revision(3));
}

/// What is asked for in turn, as its error or nothing.
type Ask = fn(&mut Transaction) -> Result<(), Error>;

/// Asks in turn and commits; the codes of what was refused, and the revision.
fn ask(registry: &Registry, key: &str, asked: &[Ask]) -> (Vec<Option<ErrorKind>>, Result<u64, ErrorKind>) {
    let mut tx = registry.as_host("hr").begin(at(5)).unwrap();
    tx.set_idempotency(key).unwrap();
    let refused = asked.iter().map(|ask| ask(&mut tx).err().map(|error| error.kind())).collect();
    (refused, tx.commit().map(|delta| delta.revision().0).map_err(|error| error.kind()))
}

fn import(tx: &mut Transaction, feed: &str, bad_rows: BadRows, stop: bool) -> Result<(), Error> {
    let mapping =
        Mapping::from_pairs([("id", "key"), ("country", "user.country"), ("hired", "user.hired_on")]);
    let options = ImportOptions { bad_rows, ..ImportOptions::default() };
    let go_on = |_| if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    tx.import_users(feed.as_bytes(), &mapping?, options, go_on).map(drop)
}

const FEED: &str = "id,country,hired\nu1,DE,\nu2,ZA,\n";
const BAD_FEED: &str = "id,country,hired\nu1,DE,\nu2,ZA,soon\n";
const STOPPED: Ask = |tx| import(tx, FEED, BadRows::Skip, true);
const REFUSED: Ask = |tx| import(tx, BAD_FEED, BadRows::Refuse, false);
const IMPORT: Ask = |tx| import(tx, FEED, BadRows::Skip, false);
const EVE: Ask =
    |tx| tx.record(RecordUpdate { user: "eve".into(), course: "gdpr".into(), completed: None, score: None });
const NEW: Ask =
    |tx| tx.update_user(UserUpdate::new("new").set("country", "BR").set("hired_on", "2026-01-31"));

#[test]
fn what_was_refused_and_handled_is_no_part_of_a_request() {
    use ErrorKind::{BadRows as Rows, Cancelled, IdempotencyConflict, UnknownUser};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = open(&path);
    company(&registry);
    let first = ask(&registry, "k", &[EVE, STOPPED, REFUSED, IMPORT, EVE, NEW]);
    let codes = [Some(UnknownUser), Some(Cancelled), Some(Rows), None, Some(UnknownUser), None];
    assert_eq!(first, (codes.to_vec(), Ok(2)));
    let turned: Ask =
        |tx| tx.update_user(UserUpdate::new("new").set("hired_on", "2026-01-31").set("country", "BR"));
    for registry in [&registry, &open(&path)] {
        // With all, some or none of what was refused.
        assert_eq!(ask(registry, "k", &[EVE, STOPPED, REFUSED, IMPORT, EVE, NEW]), (codes.to_vec(), Ok(2)));
        assert_eq!(ask(registry, "k", &[IMPORT, NEW]), (vec![None, None], Ok(2)));
        assert_eq!(ask(registry, "k", &[IMPORT, turned]), (vec![None, None], Ok(2)));
        assert_eq!(ask(registry, "k", &[REFUSED, STOPPED, IMPORT, NEW]).1, Ok(2));
        // Anything else is another request: more, less, in another order, or refused elsewhere.
        for other in [
            &[IMPORT][..],
            &[NEW, IMPORT],
            &[IMPORT, NEW, NEW],
            &[],
            &[IMPORT, NEW, EVE],
            &[IMPORT, IMPORT, NEW],
        ] {
            assert_eq!(ask(registry, "k", other).1, Err(IdempotencyConflict));
        }
    }
    // What was refused is refused again when it could be made, and what was accepted is accepted when it could not.
    let mut tx = registry.as_host("hr").begin(at(6)).unwrap();
    tx.update_user(UserUpdate::new("eve")).unwrap();
    tx.commit().unwrap();
    assert_eq!(ask(&registry, "k", &[EVE, REFUSED, IMPORT, EVE, NEW]).1, Ok(2));
    let mut tx = registry.as_host("hr").begin(at(6)).unwrap();
    tx.set_idempotency("k").unwrap();
    let error = EVE(&mut tx).unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (UnknownUser, "refused as it was when the request was first made, in commit 2")
    );
    drop(tx);
    let delete: Ask = |tx| tx.apply(Change::Delete(Deletable::EnrolmentRule, "first".into()));
    let archive: Ask = |tx| tx.apply(Change::Archive { course: "welcome".into(), archived: true });
    assert_eq!(ask(&registry, "gone", &[delete, archive]), (vec![None, None], Ok(4)));
    assert_eq!(ask(&registry, "gone", &[delete, archive]), (vec![None, None], Ok(4)));
}

#[test]
fn what_was_refused_is_forgotten_with_whoever_is_erased() {
    let registry = Registry::open(Sqlite::in_memory().unwrap()).unwrap();
    company(&registry);
    let update: Ask = |tx| tx.update_user(UserUpdate::new("u7").set("hired_on", "soon"));
    let request: &[Ask] = &[update, NEW];
    assert_eq!(ask(&registry, "k", request), (vec![Some(ErrorKind::InvalidValue), None], Ok(2)));
    let mut tx = registry.as_host("hr").begin(at(6)).unwrap();
    tx.erase("u7").unwrap();
    tx.commit().unwrap();
    let kept = registry.recorded(Revision(2)).unwrap().unwrap();
    assert_eq!(kept.idempotency.as_ref().unwrap().asked.to_bytes().len(), 33);
    assert_eq!(ask(&registry, "k", &[NEW]), (vec![None], Ok(2)));
    assert_eq!(ask(&registry, "k", request).1, Err(ErrorKind::IdempotencyConflict));
    assert!(registry.verify(None).unwrap().is_intact());
}

#[test]
fn a_key_is_given_first_and_is_a_key() {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(at(0)).unwrap();
    for wrong in ["", " x", "a\nb", &"x".repeat(256)] {
        assert_eq!(tx.set_idempotency(wrong).unwrap_err().kind(), ErrorKind::InvalidKey);
    }
    tx.set_idempotency(&"x".repeat(255)).unwrap();
    tx.define_course("gdpr").unwrap();
    assert_eq!(tx.set_idempotency("late").unwrap_err().kind(), ErrorKind::NotPossible);
}

#[test]
fn what_takes_away_too_much_is_held_until_it_is_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = open(&path);
    company(&registry);
    let lower = GuardDefinition { count: Some(10), percent: Some(20), enabled: None };
    let mut tx = registry.as_host("set-up").begin(at(0)).unwrap();
    tx.define_guard(lower).unwrap();
    tx.commit().unwrap();

    let asked = |registry: &Registry| {
        let mut tx = registry.as_host("hr").begin(at(1)).unwrap();
        move_germans(&mut tx, 0, 30);
        tx
    };
    let mut tx = asked(&registry);
    let preview = tx.preview().unwrap();
    let hold = preview.held().unwrap().clone();
    assert_eq!(preview.delta().steps().count(), 30, "the delta can be looked at");
    let places: Vec<_> = hold
        .excesses
        .iter()
        .map(|found| (found.site.as_deref(), found.what, found.count, found.of))
        .collect();
    assert_eq!(places, [(None, Lost::Enrolments, 30, 100), (Some("primary"), Lost::Enrolments, 30, 50)]);
    assert_eq!(
        hold.to_string(),
        "held: 30 of 100 enrolments would end or be suspended in the registry, 30 of 50 enrolments would end or be \
         suspended at site `primary`; more than 20 % and more than 10 has to be confirmed"
    );
    let error = tx.commit_expecting(&preview).unwrap_err();
    assert_eq!((error.kind(), error.hold()), (ErrorKind::Held, Some(&hold)));
    assert_eq!(asked(&registry).commit().unwrap_err().kind(), ErrorKind::Held);
    assert_eq!(registry.snapshot().revision(), Revision(2), "nothing is written");

    // The token is of this delta on this revision only.
    let mut other = asked(&registry);
    other.update_user(UserUpdate::new("u199").set("country", "DE")).unwrap();
    for (tx, token) in [(other, hold.token.as_str()), (asked(&registry), "2-0"), (asked(&registry), "")] {
        assert_eq!(tx.confirm(token).unwrap_err().kind(), ErrorKind::InvalidToken);
    }
    let stale = asked(&registry);
    let second = open(&path);
    let mut tx = second.as_host("clerk").begin(at(1)).unwrap();
    tx.update_user(UserUpdate::new("zoe")).unwrap();
    tx.commit().unwrap();
    let error = stale.confirm(&hold.token).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidToken, "another process was first: {error}");
    // Whoever looks again may confirm again, in another process as well.
    let mut tx = asked(&second);
    let token = tx.preview().unwrap().held().unwrap().token.clone();
    drop(tx);
    let delta = asked(&registry).confirm(&token).unwrap();
    assert_eq!((delta.steps().count(), delta.commit().losses.confirmed), (30, true));
    // What was confirmed does not count again.
    assert!(suspend(&registry, "hr", 1, 1, 5).is_ok());
}

#[test]
fn what_an_author_ended_in_the_day_before_counts_wherever_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    let registry = open(&path);
    company(&registry);
    // Twenty-four hours after the first, fifty are let pass again; another author has a day of one's own.
    assert!(suspend(&registry, "hr", 1, 1, 30).is_ok());
    assert!(suspend(&open(&path), "hr", 1, 31, 20).is_ok());
    assert!(suspend(&open(&path), "clerk", 1, 51, 10).is_ok());
    let error = suspend(&open(&path), "hr", 1, 61, 1).unwrap_err();
    let excess = error.hold().unwrap().excesses.iter().find(|found| found.what == Lost::Users).unwrap();
    assert_eq!((excess.site.as_deref(), excess.count, excess.earlier, excess.of), (None, 1, 50, 190));
    assert!(
        error.to_string().contains("51 of 190 people would be suspended in the registry (50 of them already")
    );
    assert!(suspend(&registry, "hr", 2, 61, 50).is_ok());
}

#[test]
fn time_that_takes_away_too_much_is_held_too() {
    let registry = Registry::open(Memory::default()).unwrap();
    company(&registry);
    let mut tx = registry.as_host("hr").begin(at(0)).unwrap();
    let hired = at(0).to_utc().date_naive();
    let hire = |number: u32| UserUpdate::new(format!("u{number}")).set("hired_on", hired);
    tx.apply(Change::Users((0..80).map(hire).collect())).unwrap();
    tx.commit().unwrap();
    assert_eq!(registry.next_change_at(), Some(at(90)));
    assert!(registry.as_host("clock").advance(at(89)).unwrap().is_empty());
    let error = registry.as_host("clock").advance(at(90)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Held);
    let tx = registry.as_host("clock").begin(at(90)).unwrap();
    let delta = tx.confirm(&error.hold().unwrap().token).unwrap();
    assert_eq!(delta.steps().count(), 80);
    assert_eq!(error.delta().unwrap().commit().moments, delta.commit().moments);
    assert_eq!(registry.next_change_at(), None);
}

#[test]
fn the_next_change_is_found_beyond_dates_that_stand_for_never() {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(at(0)).unwrap();
    tx.define_attribute("until", AttributeType::Date).unwrap();
    tx.define_segment("gone", "user.until < today").unwrap();
    let until = |number: u32| match number {
        0 => "2190-02-28",
        1 => "2190-03-01",
        _ => "9999-12-31",
    };
    let people = (0..500).map(|number| UserUpdate::new(format!("u{number}")).set("until", until(number)));
    tx.apply(Change::Users(people.collect())).unwrap();
    tx.commit().unwrap();
    // 2190-03-01 and the day after it.
    for expected in [at(60_413), at(60_414)] {
        assert_eq!(registry.next_change_at(), Some(expected));
        let joined = registry.as_host("clock").advance(expected).unwrap();
        assert_eq!(joined.memberships().count(), 1);
    }
    // The last day that there is ends after all others.
    assert_eq!(registry.next_change_at(), None);
}

#[test]
fn a_guard_is_what_it_was_before_the_transaction() {
    let registry = Registry::open(Memory::default()).unwrap();
    company(&registry);
    let off = GuardDefinition { enabled: Some(false), ..GuardDefinition::default() };
    let everybody = |tx: &mut Transaction| {
        let people = (0..200).map(|number| UserUpdate::new(format!("u{number}")).status(Status::Suspended));
        tx.apply(Change::Users(people.collect())).unwrap();
    };
    let mut tx = registry.as_host("hr").begin(at(1)).unwrap();
    tx.define_guard(off).unwrap();
    everybody(&mut tx);
    assert_eq!(tx.commit().unwrap_err().kind(), ErrorKind::Held);
    let mut tx = registry.as_host("hr").begin(at(1)).unwrap();
    tx.define_guard(off).unwrap();
    let wrong = GuardDefinition { percent: Some(101), ..GuardDefinition::default() };
    assert_eq!(tx.define_guard(wrong).unwrap_err().to_string(), "guard: 101 percent, expected at most 100");
    let wrong = GuardDefinition { count: Some(u64::MAX), ..GuardDefinition::default() };
    let error = tx.define_guard(wrong).unwrap_err().to_string();
    assert_eq!(error, "guard: a count of 18446744073709551615, expected at most 9007199254740991");
    tx.commit().unwrap();
    let mut tx = registry.as_host("hr").begin(at(1)).unwrap();
    everybody(&mut tx);
    assert!(tx.preview().unwrap().held().is_none());
    tx.commit().unwrap();
}

#[test]
fn a_transaction_with_problems_is_refused_as_a_whole() {
    let registry = Registry::open(Memory::default()).unwrap();
    company(&registry);
    let mut tx = registry.as_host("hr").begin(at(1)).unwrap();
    tx.define_attribute("manager", AttributeType::User).unwrap();
    tx.update_user(UserUpdate::new("u1").set("manager", "boss").set("country", "DE")).unwrap();
    assert_eq!(tx.problems().len(), 1);
    let message = "change 2, user `u1`: there is no user `boss` for `manager`";
    assert_eq!(tx.preview().unwrap_err().to_string(), message);
    let mut again = registry.as_host("hr").begin(at(1)).unwrap();
    again.define_attribute("manager", AttributeType::User).unwrap();
    again.update_user(UserUpdate::new("u1").set("manager", "boss")).unwrap();
    assert_eq!(again.commit().unwrap_err().to_string(), message);
    assert_eq!(registry.snapshot().revision(), Revision(1));
    tx.update_user(UserUpdate::new("boss")).unwrap();
    let delta = tx.commit().unwrap();
    let snapshot = delta.snapshot();
    let manager = snapshot.schema().find("manager").unwrap().id;
    let boss = snapshot.value(snapshot.user_id("u1").unwrap(), manager);
    assert_eq!(boss, Some(matricula::rule::Value::User(snapshot.user_id("boss").unwrap())));
}

#[test]
fn what_an_attribute_now_demands_is_told_of_all_whom_it_concerns() {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(at(0)).unwrap();
    tx.define_attribute("email", AttributeType::Text).unwrap();
    for (user, email) in [("ann", "a@x"), ("bob", "a@x"), ("cy", "c@x")] {
        tx.update_user(UserUpdate::new(user).set("email", email)).unwrap();
    }
    tx.update_user(UserUpdate::new("dan")).unwrap();
    tx.update_user(UserUpdate::new("eve")).unwrap();
    tx.commit().unwrap();
    let told = |change: AttributeDefinition, update: UserUpdate| -> Vec<String> {
        let mut tx = registry.as_host("hr").begin(at(1)).unwrap();
        tx.apply(change).unwrap();
        tx.update_user(update).unwrap();
        tx.problems().iter().map(ToString::to_string).collect()
    };
    let email = || AttributeDefinition::new("email", AttributeType::Text);
    // Ann and Bob are none of what is said of Dan, and are told as well.
    let unique = AttributeDefinition { unique: true, ..email() };
    let mut said = told(unique.clone(), UserUpdate::new("dan").set("email", "c@x"));
    said.sort();
    assert_eq!(
        said,
        [
            "attribute `email`: the value of user `bob` is somebody else's too",
            "user `dan`: `c@x` is taken, expected a value of `email` that nobody else has",
        ]
    );
    let required = AttributeDefinition { required: true, ..email() };
    let mut said = told(required, UserUpdate::new("fay"));
    said.sort();
    assert_eq!(
        said,
        [
            "attribute `email`: 2 people have no value, `dan` among them",
            "user `fay`: attribute `email` is required"
        ]
    );
}
