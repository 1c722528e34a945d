//! What SQL sees of categories, capabilities, roles, overrides, locks and grants; that it follows what is changed, revoked
//! and erased; and that rows which cannot be are refused, or found. Every commit is also read back.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod common;

use std::path::Path;

use common::{NOW, attribute, column, commit, replay};
use matricula_core::{
    AttributeType, AudienceKey, CapabilityDefinition, CapabilityKind, CategoryDefinition, Change,
    CourseDefinition, Deletable, Draft, Effect, Flag, GrantDefinition, GrantId, HolderKey, Instant, Override,
    Revision, RoleDefinition, ScopeKey, SegmentDefinition, SegmentState, SiteDefinition, Store, UserUpdate,
};
use matricula_sqlite::Sqlite;
use rusqlite::Connection;

fn scope(word: &str, key: &str) -> ScopeKey {
    match word {
        "site" => ScopeKey::Site(key.to_owned()),
        "category" => ScopeKey::Category(key.to_owned()),
        "course" => ScopeKey::Course(key.to_owned()),
        _ => ScopeKey::Registry,
    }
}

fn noted(grant: GrantDefinition, note: &str) -> Change {
    GrantDefinition { note: note.to_owned(), ..grant }.into()
}

/// A file with something of everything.
fn everything(path: &Path) {
    let instant = |millis| Some(Instant::from_millis(millis).unwrap());
    let category = |key: &str, parent: Option<&str>| CategoryDefinition {
        key: key.to_owned(),
        name: Some(format!("The {key}")),
        site: Some("emea".to_owned()),
        parent: parent.map(str::to_owned),
    };
    let capability = |name: &str, flags: Vec<Flag>| CapabilityDefinition {
        name: name.to_owned(),
        kind: CapabilityKind::Write,
        innermost: "site".to_owned(),
        over: true,
        flags,
        sentence: "approve an invoice".to_owned(),
    };
    let segment = |key: &str| SegmentDefinition {
        state: Some(SegmentState::Active),
        ..SegmentDefinition::with_rule(key, "has(user.boss)")
    };
    commit(
        path,
        vec![
            SiteDefinition { key: "emea".to_owned(), name: None, zone: None }.into(),
            attribute("boss", AttributeType::User),
            attribute("city", AttributeType::Text),
            category("safety", None).into(),
            category("fire", Some("safety")).into(),
            CourseDefinition {
                category: Some("fire".to_owned()),
                site: Some("emea".to_owned()),
                ..CourseDefinition::new("doors".to_owned())
            }
            .into(),
            CourseDefinition::new("gdpr".to_owned()).into(),
            segment("led").into(),
            segment("free").into(),
            UserUpdate::new("ann").into(),
            UserUpdate::new("bob").set("boss", "ann").into(),
            capability("invoice.approve", vec![Flag::Escalates, Flag::Many]).into(),
            capability("invoice.pay", vec![]).into(),
            RoleDefinition {
                description: Some("Looks after fire doors".to_owned()),
                site: Some("emea".to_owned()),
                may_assign: vec!["learner".to_owned(), "instructor".to_owned()],
                needs_audience: true,
                ..RoleDefinition::new("warden")
                    .like("instructor")
                    .deny("course.delete")
                    .withhold("course.edit")
            }
            .into(),
            RoleDefinition::new("auditor").allow("record.view").allow("invoice.*").into(),
            Override {
                role: "auditor".to_owned(),
                scope: scope("course", "doors"),
                effects: vec![
                    ("record.view".to_owned(), Effect::Deny),
                    ("course.view".to_owned(), Effect::Allow),
                ],
            }
            .into(),
            Change::Lock { scope: scope("site", "emea"), locked: true },
            Change::Lock { scope: scope("registry", ""), locked: true },
            GrantDefinition::new("auditor", "ann", scope("registry", "")).into(),
            noted(
                GrantDefinition::new("warden", "bob", scope("category", "fire"))
                    .over(AudienceKey::Line("boss".to_owned()))
                    .during(instant(NOW), instant(NOW + 1_500)),
                "zanzibar covers",
            ),
            GrantDefinition::to("auditor", HolderKey::Segment("led".to_owned()), scope("course", "doors"))
                .over(AudienceKey::Segment("free".to_owned()))
                .into(),
            noted(
                GrantDefinition::new("auditor", "ann", scope("site", "emea"))
                    .over(AudienceKey::Same("city".to_owned())),
                "quokka \"visits\"",
            ),
            GrantDefinition::new("instructor", "bob", scope("course", "gdpr")).into(),
        ],
    );
}

fn grants(path: &Path) -> Vec<String> {
    let dashed = |name: &str| format!("coalesce({name}, '-')");
    let names =
        ["role", "user", "segment", "scope", "scope_key", "audience", "audience_key", "begins", "ends"];
    let shown = names.map(dashed).join(" || ' ' || ");
    column(path, &format!("SELECT id || ' ' || {shown} || ' ' || note FROM grants ORDER BY id"))
}

#[test]
fn everything_about_access_is_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    everything(path);
    let begins = "2025-11-21T04:40:00.000Z 2025-11-21T04:40:01.500Z";
    assert_eq!(
        grants(path),
        [
            "0 auditor ann - registry - - - - - ".to_owned(),
            format!("1 warden bob - category fire line boss {begins} zanzibar covers"),
            "2 auditor - led course doors segment free - - ".to_owned(),
            "3 auditor ann - site emea same city - - quokka \"visits\"".to_owned(),
            "4 instructor bob - course gdpr - - - - ".to_owned(),
        ]
    );
    assert_eq!(
        column(
            path,
            "SELECT key || ' ' || name || ' ' || site_id || ' ' || coalesce(parent_id, '-') FROM category"
        ),
        ["safety The safety 1 -", "fire The fire 1 0"]
    );
    assert_eq!(column(path, "SELECT category_id FROM course ORDER BY id"), ["1", "NULL"]);
    assert_eq!(
        column(
            path,
            "SELECT position || name || kind || innermost || over_people || flags || sentence FROM capability"
        ),
        [
            r#"0invoice.approvewritesite1["escalates","many"]approve an invoice"#,
            "1invoice.paywritesite1[]approve an invoice"
        ]
    );
    let role = "SELECT description || site_id || may_assign || needs_audience || built_in || deleted FROM role WHERE key = 'warden'";
    assert_eq!(column(path, role), [r#"Looks after fire doors1["learner","instructor"]100"#]);
    let effects = "SELECT e.pattern || ' ' || e.effect FROM role_effect e JOIN role r ON r.id = e.role_id WHERE r.key = 'auditor'";
    assert_eq!(column(path, effects), ["invoice.* allow", "record.view allow"]);
    let overrides = "SELECT r.key || scope || scope_id || pattern || effect FROM role_override o JOIN role r ON r.id = o.role_id";
    assert_eq!(column(path, overrides), ["auditorcourse0course.viewallow", "auditorcourse0record.viewdeny"]);
    assert_eq!(column(path, "SELECT scope || scope_id FROM scope_lock"), ["registry0", "site1"]);
    assert_eq!(column(path, "SELECT grants FROM registry"), ["5"]);

    // All of it changed.
    commit(
        path,
        vec![
            CategoryDefinition {
                key: "fire".to_owned(),
                name: Some("Fire".to_owned()),
                ..CategoryDefinition::default()
            }
            .into(),
            CapabilityDefinition {
                name: "invoice.approve".to_owned(),
                kind: CapabilityKind::Read,
                innermost: "course".to_owned(),
                over: false,
                flags: vec![],
                sentence: "see".to_owned(),
            }
            .into(),
            RoleDefinition::new("auditor").allow("course.view").into(),
            RoleDefinition::new("learner").allow("course.view").into(),
            Override { role: "auditor".to_owned(), scope: scope("course", "doors"), effects: vec![] }.into(),
            Change::Lock { scope: scope("site", "emea"), locked: false },
            noted(GrantDefinition::new("auditor", "ann", scope("registry", "")), "said later"),
        ],
    );
    assert_eq!(column(path, "SELECT name FROM category"), ["The safety", "Fire"]);
    assert_eq!(column(path, "SELECT position || kind FROM capability"), ["0read", "1write"]);
    assert_eq!(column(path, effects), ["course.view allow"]);
    assert_eq!(column(path, "SELECT built_in FROM role WHERE key = 'learner'"), ["0"]);
    assert!(column(path, overrides).is_empty());
    assert_eq!(column(path, "SELECT scope FROM scope_lock"), ["registry"]);
    assert_eq!(column(path, "SELECT note FROM role_grant WHERE id = 0"), ["said later"]);

    let store = Sqlite::at(path).unwrap();
    let last = store.load_tables().unwrap();
    assert!(replay(path).same_as(&last));
    assert_eq!(store.check(&last).unwrap().unwrap(), Vec::<String>::new());
    let copy = &folder.path().join("copy.db");
    store.backup(copy).unwrap();
    assert!(Sqlite::at(copy).unwrap().load_tables().unwrap().same_as(&last));
    // Another file filled from what there is now.
    let other = &folder.path().join("other.db");
    let restored = Sqlite::at(other).unwrap();
    restored.restore(Some(&last), &mut std::iter::empty()).unwrap();
    assert!(restored.load_tables().unwrap().same_as(&last));
    assert_eq!(restored.check(&last).unwrap().unwrap(), Vec::<String>::new());
    for table in
        ["category", "capability", "role", "role_effect", "role_override", "scope_lock", "role_grant"]
    {
        let all = &format!("SELECT json_array(t.*) FROM (SELECT * FROM {table}) t");
        let columns = column(path, &format!("SELECT name FROM pragma_table_info('{table}')")).join(", ");
        let all = all.replace("t.*", &columns);
        assert_eq!(column(other, &all), column(path, &all), "{table}");
    }
}

#[test]
fn roles_that_are_built_in_have_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let snapshot = commit(path, vec![UserUpdate::new("ann").into()]);
    let keys: Vec<&str> = snapshot.role_keys().collect();
    assert_eq!(column(path, "SELECT key FROM role WHERE built_in = 1 ORDER BY id"), keys);
    let effects: usize = snapshot.roles().map(|role| role.effects.len()).sum();
    assert_eq!(column(path, "SELECT count(*) FROM role_effect"), [effects.to_string()]);
    let damage = [
        "UPDATE role SET name = 'x' WHERE id = 2",
        "DELETE FROM role_effect WHERE role_id = 2",
        "DELETE FROM role WHERE id = 7; DELETE FROM role_effect WHERE role_id = 7",
    ];
    for sql in damage {
        let copy = &folder.path().join("copy.db");
        let _ = std::fs::remove_file(copy);
        Sqlite::at(path).unwrap().backup(copy).unwrap();
        let quiet = format!("PRAGMA foreign_keys = OFF; {sql}");
        Connection::open(copy).unwrap().execute_batch(&quiet).unwrap();
        let store = Sqlite::at(copy).unwrap();
        assert!(store.load_tables().unwrap().same_as(&snapshot), "{sql}");
        let wrong = store.check(&snapshot).unwrap().unwrap();
        assert!(wrong.iter().any(|wrong| wrong.contains("built in")), "{sql}: {wrong:?}");
    }
}

#[test]
fn the_number_of_a_grant_that_was_revoked_is_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    everything(path);
    commit(path, vec![Change::Revoke(GrantId(4)), Change::Revoke(GrantId(2))]);
    assert_eq!(column(path, "SELECT id FROM role_grant"), ["0", "1", "3"]);
    assert_eq!(column(path, "SELECT grants FROM registry"), ["5"]);
    commit(path, vec![GrantDefinition::new("instructor", "bob", scope("course", "gdpr")).into()]);
    assert_eq!(column(path, "SELECT id FROM role_grant"), ["0", "1", "3", "5"]);
    let all = (0..6).filter(|id| ![2, 4].contains(id)).map(|id| Change::Revoke(GrantId(id)));
    let none = commit(path, all.collect());
    assert_eq!(column(path, "SELECT grants FROM registry"), ["6"]);
    assert!(replay(path).same_as(&none));
    let other = Sqlite::at(folder.path().join("other.db")).unwrap();
    other.restore(Some(&none), &mut std::iter::empty()).unwrap();
    assert!(other.load_tables().unwrap().same_as(&none));
    let last = commit(path, vec![GrantDefinition::new("auditor", "bob", ScopeKey::Registry).into()]);
    assert_eq!(last.grants().map(|(id, _)| id).collect::<Vec<_>>(), [GrantId(6)]);
}

#[test]
fn a_role_that_was_deleted_stays_as_a_row_and_its_key_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    commit(path, vec![RoleDefinition::new("guide").allow("course.view").into()]);
    commit(path, vec![Change::Delete(Deletable::Role, "guide".to_owned())]);
    let last = commit(path, vec![RoleDefinition::new("guide").allow("course.edit").into()]);
    assert_eq!(column(path, "SELECT deleted FROM role WHERE key = 'guide' ORDER BY id"), ["1", "0"]);
    assert!(replay(path).same_as(&last));
}

fn has(path: &Path, words: &str) -> bool {
    let log = path.with_extension("db-wal");
    [path, &log].iter().any(|path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(words.len()).any(|window| window == words.as_bytes())
    })
}

#[test]
fn what_an_erased_person_held_is_gone_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    everything(path);
    // Noted otherwise before, and revoked before.
    commit(
        path,
        vec![
            noted(GrantDefinition::new("auditor", "ann", ScopeKey::Registry), "wombat was first"),
            noted(GrantDefinition::new("auditor", "ann", scope("course", "gdpr")), "numbat is gone"),
        ],
    );
    commit(
        path,
        vec![
            noted(GrantDefinition::new("auditor", "ann", ScopeKey::Registry), "dingo is now"),
            Change::Revoke(GrantId(5)),
        ],
    );
    let words = ["quokka", "wombat was first", "numbat is gone", "dingo is now"];
    assert!(words.iter().all(|words| has(path, words)));
    let erased = commit(path, vec![Change::Erase { user: "ann".to_owned() }]);
    assert_eq!(column(path, "SELECT id FROM role_grant"), ["1", "2", "4"]);
    let store = Sqlite::at(path).unwrap();
    store.clean().unwrap();
    for words in words {
        assert!(!has(path, words), "{words}");
    }
    // Those of others stay.
    assert!(has(path, "zanzibar covers"));
    assert!(replay(path).same_as(&erased));
    assert!(store.load_tables().unwrap().same_as(&erased));
    assert_eq!(store.check(&erased).unwrap().unwrap(), Vec::<String>::new());
    let others = commit(path, vec![Change::Erase { user: "bob".to_owned() }]);
    assert_eq!(column(path, "SELECT grants FROM registry"), ["6"]);
    assert!(replay(path).same_as(&others));
}

#[test]
fn words_go_also_from_where_the_journal_begins() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    everything(path);
    let start =
        commit(path, vec![noted(GrantDefinition::new("auditor", "ann", scope("course", "gdpr")), "wombat")]);
    let store = Sqlite::at(path).unwrap();
    let draft = Draft::new(&start, Instant::from_millis(NOW).unwrap());
    let archive = draft.finish_with("hr", "", matricula_core::Entry::Archive { to: start.revision() });
    store.trim(&archive.commit, Revision(0), &start).unwrap();
    assert!(has(path, "wombat") && has(path, "quokka"));
    let erased = commit(path, vec![Change::Erase { user: "ann".to_owned() }]);
    store.clean().unwrap();
    assert!(!has(path, "wombat") && !has(path, "quokka") && has(path, "zanzibar"));
    assert_eq!(store.check(&erased).unwrap().unwrap(), Vec::<String>::new());
    let start = store.start().unwrap().unwrap();
    assert_eq!(start.grants().map(|(id, _)| id.0).collect::<Vec<_>>(), [1, 2, 4]);
    let commits = store.since(start.revision(), usize::MAX).unwrap();
    let replayed = commits.iter().fold(start, |snapshot, commit| snapshot.replay(commit).unwrap());
    assert!(replayed.same_as(&erased));
    // The number of the last grant, which is gone, is not given again.
    let last = commit(path, vec![GrantDefinition::new("auditor", "bob", ScopeKey::Registry).into()]);
    assert_eq!(last.grants().last().unwrap().0, GrantId(6));
    assert!(store.load_tables().unwrap().same_as(&last));
}

#[test]
fn rows_that_name_what_is_not_there_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    everything(path);
    let damage = [
        "UPDATE course SET category_id = 9 WHERE id = 0",
        "UPDATE course SET category_id = 1 WHERE id = 1",
        "UPDATE category SET parent_id = 1 WHERE id = 1",
        "UPDATE category SET parent_id = 7 WHERE id = 1",
        "UPDATE category SET site_id = 7 WHERE id = 1",
        "DELETE FROM category WHERE id = 0",
        "UPDATE role SET id = 100 WHERE key = 'auditor'",
        "UPDATE role SET site_id = 9 WHERE key = 'warden'",
        "UPDATE role SET may_assign = '[1]' WHERE key = 'warden'",
        "DELETE FROM role WHERE key = 'auditor'",
        "UPDATE role_effect SET role_id = 99 WHERE pattern = 'invoice.*'",
        "UPDATE role_effect SET effect = 'perhaps' WHERE pattern = 'invoice.*'",
        "UPDATE role_override SET role_id = 99",
        "UPDATE role_override SET scope_id = 99",
        "UPDATE role_override SET effect = 'perhaps'",
        "UPDATE role_override SET scope = 'planet'",
        "UPDATE scope_lock SET scope_id = 99 WHERE scope = 'site'",
        "UPDATE scope_lock SET scope_id = 1 WHERE scope = 'registry'",
        "UPDATE capability SET kind = 'look'",
        "UPDATE capability SET flags = '[\"odd\"]'",
        "UPDATE role_grant SET role_id = 99 WHERE id = 3",
        "UPDATE role_grant SET user_id = 99 WHERE id = 3",
        "UPDATE role_grant SET user_id = NULL WHERE id = 3",
        "UPDATE role_grant SET segment_id = 99 WHERE id = 2",
        "UPDATE role_grant SET user_id = 0 WHERE id = 2",
        "UPDATE role_grant SET scope_id = 99 WHERE id = 1",
        "UPDATE role_grant SET scope = 'planet' WHERE id = 1",
        "UPDATE role_grant SET audience_id = 99 WHERE id = 1",
        "UPDATE role_grant SET audience = 'everybody' WHERE id = 1",
        "UPDATE role_grant SET audience = NULL WHERE id = 1",
        "UPDATE role_grant SET begins = 9000000000000000000 WHERE id = 1",
        "UPDATE role_grant SET id = 5 WHERE id = 4",
        "UPDATE registry SET grants = 2",
    ];
    for sql in damage {
        let copy = &folder.path().join("copy.db");
        let _ = std::fs::remove_file(copy);
        Sqlite::at(path).unwrap().backup(copy).unwrap();
        let quiet = format!("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; {sql}");
        Connection::open(copy).unwrap().execute_batch(&quiet).unwrap();
        let error = Sqlite::at(copy).unwrap().load().expect_err(sql);
        assert_eq!(error.code(), "invalid_store", "{sql}: {error}");
    }
}

#[test]
fn rows_that_say_something_else_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    everything(path);
    let expected = replay(path);
    let damage = [
        "UPDATE role_grant SET scope = 'registry', scope_id = 0 WHERE id = 3",
        "UPDATE role_grant SET ends = NULL WHERE id = 1",
        "UPDATE role_grant SET note = '' WHERE id = 1",
        "INSERT INTO role_grant SELECT 5, role_id, 0, NULL, scope, scope_id, NULL, NULL, NULL, NULL, '' FROM role_grant WHERE id = 0; UPDATE registry SET grants = 6",
        "DELETE FROM role_grant WHERE id = 4",
        "UPDATE registry SET grants = 6",
        "UPDATE role_effect SET effect = 'allow' WHERE effect = 'deny'",
        "UPDATE role SET built_in = 0, name = 'Chief' WHERE id = 1",
        "DELETE FROM scope_lock",
        "DELETE FROM role_override WHERE effect = 'deny'",
        "UPDATE course SET category_id = NULL",
        "UPDATE capability SET over_people = 0",
    ];
    for sql in damage {
        let copy = &folder.path().join("copy.db");
        let _ = std::fs::remove_file(copy);
        Sqlite::at(path).unwrap().backup(copy).unwrap();
        Connection::open(copy).unwrap().execute_batch(sql).unwrap();
        let found = Sqlite::at(copy).unwrap().load_tables().unwrap();
        assert!(!expected.same_as(&found), "{sql}");
        assert!(!expected.differences(&found, 10).is_empty(), "{sql}");
    }
}
