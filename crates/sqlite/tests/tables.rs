//! What SQL sees of attributes of every type, of segments by hand, draft, paused and with rows, and of learning
//! records; and that it follows redefinitions. Every commit is also read back.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod common;

use std::path::Path;

use common::{NOW, attribute, column, commit, commit_at, options, replay};
use matricula_core::{
    AttributeDefinition, AttributeType, Change, CourseDefinition, Decimal, Exception, Instant,
    OptionDefinition, RecordUpdate, SegmentDefinition, SegmentState, SiteDefinition, Status, Store,
    UserUpdate,
};
use matricula_sqlite::Sqlite;
use rusqlite::Connection;

fn course(key: &str) -> Change {
    CourseDefinition::new(key.to_owned()).into()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn exception(segment: &str, user: &str, exception: Option<Exception>) -> Change {
    Change::Exception { segment: segment.to_owned(), user: user.to_owned(), exception }
}

fn people(names: &[&str]) -> Change {
    Change::Users(names.iter().map(|name| UserUpdate::new(*name)).collect())
}

/// A file with an attribute of each type, and a person with a value of each and one with none.
fn every_type(path: &Path) {
    let seen = Instant::from_millis(-1).unwrap();
    commit(
        path,
        vec![
            attribute("text", AttributeType::Text),
            attribute("integer", AttributeType::Integer),
            attribute("decimal", AttributeType::Decimal),
            attribute("boolean", AttributeType::Boolean),
            attribute("day", AttributeType::Date),
            attribute("seen", AttributeType::Timestamp),
            attribute("choice", AttributeType::Choice(options(&["ZA", "DE"]))),
            attribute("skills", AttributeType::MultiChoice(options(&["go", "rust", "sql"]))),
            attribute("boss", AttributeType::User),
            attribute("unit", AttributeType::Path),
            UserUpdate::new("none").into(),
            UserUpdate::new("ann")
                .set("text", "Zoë")
                .set("integer", -12)
                .set("decimal", decimal("-0.000001"))
                .set("boolean", false)
                .set("day", "2024-02-29")
                .set("seen", seen)
                .set("choice", "DE")
                .set("skills", "sql;go")
                .set("boss", "none")
                .set("unit", "EMEA/ZA")
                .into(),
        ],
    );
}

#[test]
fn every_type_has_a_column_and_is_shown_to_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    every_type(path);
    let kept = [
        ("a0", "Zoë"),
        ("a1", "-12"),
        ("a2", "-1"),
        ("a3", "0"),
        ("a4", "2024-02-29"),
        ("a5", "-1"),
        ("a6", "1"),
        ("a8", "0"),
        ("a9", "EMEA/ZA"),
        ("created", "1763700000000"),
    ];
    for (name, value) in kept {
        let selected = column(path, &format!("SELECT {name} FROM user WHERE key = 'ann'"));
        assert_eq!(selected, [value], "{name}");
    }
    let shown = [
        ("text", "Zoë"),
        ("integer", "-12"),
        ("decimal", "-1e-6"),
        ("boolean", "0"),
        ("day", "2024-02-29"),
        ("seen", "1969-12-31T23:59:59.999Z"),
        ("choice", "DE"),
        ("skills", "go; sql"),
        ("boss", "none"),
        ("unit", "EMEA/ZA"),
        ("created", "2025-11-21T04:40:00.000Z"),
    ];
    for (name, value) in shown {
        let selected = column(path, &format!("SELECT {name} FROM users ORDER BY key"));
        let none = if name == "created" { value } else { "NULL" };
        assert_eq!(selected, [value, none], "{name}");
    }
    assert_eq!(column(path, "SELECT option_id FROM user_option"), ["0", "2"]);
    assert_eq!(column(path, "SELECT count(*) FROM pragma_table_info('user') WHERE name = 'a7'"), ["0"]);
    // Changed one by one, and taken away.
    commit(path, vec![UserUpdate::new("ann").set("skills", "rust").set("boolean", true).into()]);
    assert_eq!(column(path, "SELECT skills || boolean FROM users WHERE key = 'ann'"), ["rust1"]);
    commit(path, vec![UserUpdate::new("ann").clear("skills").clear("unit").set("decimal", "2.5").into()]);
    assert_eq!(column(path, "SELECT coalesce(skills, unit, decimal) FROM users WHERE key = 'ann'"), ["2.5"]);
    assert!(replay(path).same_as(&Sqlite::at(path).unwrap().load().unwrap()));
}

#[test]
fn cells_that_cannot_be_are_an_error() {
    let damage = [
        "UPDATE user SET a1 = 9007199254740992",
        "UPDATE user SET a2 = 9000000000000000000",
        "UPDATE user SET a3 = 2",
        "UPDATE user SET a4 = '2023-02-29'",
        "UPDATE user SET a5 = 9000000000000000000",
        "UPDATE user SET a6 = 2",
        "UPDATE user SET a8 = 2",
        "UPDATE user SET a8 = -1",
        "UPDATE user SET a9 = '/EMEA'",
        "UPDATE user_option SET option_id = 3 WHERE option_id = 2",
        "UPDATE user_option SET user_id = 2",
    ];
    for sql in damage {
        let folder = tempfile::tempdir().unwrap();
        let path = &folder.path().join("acme.db");
        every_type(path);
        Connection::open(path).unwrap().execute_batch(sql).unwrap();
        let error = Sqlite::at(path).unwrap().load().expect_err(sql);
        assert_eq!(error.code(), "invalid_store", "{sql}: {error}");
    }
}

#[test]
fn texts_that_ignore_case_are_there_as_they_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let define = |ignore_case| {
        Change::from(AttributeDefinition {
            ignore_case,
            ..AttributeDefinition::new("mail", AttributeType::Text)
        })
    };
    let folded = || column(path, "SELECT coalesce(f0, '-') || '/' || coalesce(a0, '-') FROM user");
    commit(path, vec![define(false), UserUpdate::new("ann").set("mail", "ÉCOLE").into(), people(&["bob"])]);
    commit(path, vec![define(true), UserUpdate::new("cy").set("mail", "A@b.C").into()]);
    assert_eq!(folded(), ["école/ÉCOLE", "-/-", "a@b.c/A@b.C"]);
    commit(
        path,
        vec![UserUpdate::new("ann").clear("mail").into(), UserUpdate::new("bob").set("mail", "B").into()],
    );
    assert_eq!(folded(), ["-/-", "b/B", "a@b.c/A@b.C"]);
    commit(path, vec![define(false), UserUpdate::new("dora").set("mail", "D").into()]);
    assert_eq!(column(path, "SELECT count(*) FROM pragma_table_info('user') WHERE name = 'f0'"), ["0"]);
    commit(path, vec![define(true)]);
    assert_eq!(folded(), ["-/-", "b/B", "a@b.c/A@b.C", "d/D"]);
}

#[test]
fn many_texts_are_folded_when_a_redefinition_asks_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let people =
        (0..25_000).map(|number| UserUpdate::new(format!("u{number}")).set("mail", format!("U{number}")));
    commit(path, vec![attribute("mail", AttributeType::Text), Change::Users(people.collect())]);
    let definition = AttributeDefinition::new("mail", AttributeType::Text);
    commit(path, vec![AttributeDefinition { ignore_case: true, ..definition }.into()]);
    assert_eq!(column(path, "SELECT count(*) FROM user WHERE f0 = lower(a0)"), ["25000"]);
}

#[test]
fn a_redefinition_of_an_attribute_reaches_its_row_its_options_and_the_text_of_rules() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let segment = |key: &str, rule: &str| Change::from(SegmentDefinition::with_rule(key, rule));
    commit(
        path,
        vec![
            SiteDefinition { key: "emea".to_owned(), name: None, zone: None }.into(),
            attribute("country", AttributeType::Choice(options(&["ZA", "DE"]))),
            attribute("city", AttributeType::Text),
            segment("africans", r#"user.country == "ZA""#),
            segment("capetonians", r#"user.city == "Cape Town""#),
            segment("both", r#"inSegment("africans") && inSegment("capetonians") && memberOf("emea")"#),
            UserUpdate::new("ann").set("country", "ZA").into(),
        ],
    );
    let texts = || column(path, "SELECT rule_text FROM segments ORDER BY key");
    let [both, capetonians] = [
        r#"inSegment("africans") && inSegment("capetonians") && memberOf("emea")"#,
        r#"user.city == "Cape Town""#,
    ];
    assert_eq!(texts(), [r#"user.country == "ZA""#, both, capetonians]);
    let renamed = OptionDefinition {
        name: Some("South Africa".to_owned()),
        was: Some("ZA".to_owned()),
        ..OptionDefinition::new("RSA")
    };
    let retired = OptionDefinition { retired: true, ..OptionDefinition::new("DE") };
    let kind = AttributeType::Choice(vec![renamed, retired, OptionDefinition::new("FR")]);
    let snapshot = commit(
        path,
        vec![
            AttributeDefinition {
                name: Some("Country".to_owned()),
                help: Some("Where you work".to_owned()),
                ..AttributeDefinition::new("country", kind)
            }
            .into(),
        ],
    );
    assert_eq!(texts(), [r#"user.country == "RSA""#, both, capetonians]);
    assert_eq!(column(path, "SELECT country FROM users"), ["RSA"]);
    assert_eq!(
        column(path, "SELECT key || coalesce(name, '') || retired FROM attribute_option ORDER BY id"),
        ["RSASouth Africa0", "DE1", "FR0"]
    );
    assert_eq!(column(path, "SELECT name FROM attribute WHERE key = 'country'"), ["Country"]);
    assert_eq!(
        column(path, "SELECT json_extract(definition, '$.help') FROM attribute ORDER BY id"),
        ["Where you work", "NULL"]
    );
    assert_eq!(snapshot.schema().find("country").unwrap().help.as_deref(), Some("Where you work"));
}

#[test]
fn people_pinned_and_banned_stand_in_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    commit(
        path,
        vec![
            attribute("city", AttributeType::Text),
            people(&["ann", "bob", "cy"]),
            SegmentDefinition::new("by-hand").into(),
            SegmentDefinition::with_rule("nowhere", "!has(user.city)").into(),
            exception("by-hand", "bob", Some(Exception::Pinned)),
            exception("nowhere", "ann", Some(Exception::Banned)),
            exception("nowhere", "cy", Some(Exception::Banned)),
        ],
    );
    let by_hand = || {
        let select = |table: &str, word: &str| {
            format!(
                "SELECT s.key || ' {word} ' || u.key FROM {table} x
                 JOIN segment s ON s.id = x.segment_id JOIN user u ON u.id = x.user_id"
            )
        };
        column(path, &format!("{} UNION ALL {}", select("segment_pin", "+"), select("segment_ban", "-")))
    };
    assert_eq!(by_hand(), ["by-hand + bob", "nowhere - ann", "nowhere - cy"]);
    assert_eq!(column(path, "SELECT rule IS NULL AND rule_text IS NULL FROM segment"), ["1", "0"]);
    commit(
        path,
        vec![
            exception("nowhere", "ann", Some(Exception::Pinned)),
            exception("nowhere", "cy", None),
            exception("by-hand", "bob", None),
        ],
    );
    assert_eq!(by_hand(), ["nowhere + ann"]);
    let entries = "SELECT u.key FROM journal_entry e JOIN user u ON u.id = e.user_id
                   WHERE e.entry LIKE '{\"exception\":%' ORDER BY e.revision, e.position";
    assert_eq!(column(path, entries), ["bob", "ann", "cy", "ann", "cy", "bob"]);
}

#[test]
fn a_paused_segment_keeps_who_was_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let state =
        |state| Change::from(SegmentDefinition { state: Some(state), ..SegmentDefinition::new("nowhere") });
    commit(
        path,
        vec![
            attribute("city", AttributeType::Text),
            people(&["ann", "bob"]),
            SegmentDefinition {
                state: Some(SegmentState::Draft),
                owner: Some("hr".to_owned()),
                description: Some("People whose city is not known".to_owned()),
                ..SegmentDefinition::with_rule("nowhere", "!has(user.city)")
            }
            .into(),
        ],
    );
    let shown = "SELECT state || owner || description FROM segments";
    assert_eq!(column(path, shown), ["drafthrPeople whose city is not known"]);
    commit(path, vec![state(SegmentState::Active)]);
    let frozen = "SELECT count(*) FROM segment_frozen";
    assert_eq!(column(path, frozen), ["0"]);
    let paused = commit(path, vec![state(SegmentState::Paused)]);
    assert_eq!(paused.frozen_in(paused.segment_id("nowhere").unwrap()).len(), 2);
    assert_eq!(column(path, frozen), ["1"]);
    // Somebody suspended meanwhile comes back.
    let absent = commit(
        path,
        vec![
            UserUpdate::new("ann").status(Status::Suspended).into(),
            UserUpdate::new("bob").set("city", "Paarl").into(),
        ],
    );
    assert_eq!(absent.members("nowhere").unwrap().len(), 1);
    let back = commit(path, vec![UserUpdate::new("ann").status(Status::Active).into()]);
    assert_eq!(back.members("nowhere").unwrap().len(), 2);
    assert!(replay(path).same_as(&back));
    let active = commit(path, vec![state(SegmentState::Active)]);
    assert_eq!(active.members("nowhere").unwrap().len(), 1);
    assert_eq!(column(path, frozen), ["0"]);
}

#[test]
fn segments_that_ask_for_it_have_a_row_for_each_member() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let rows =
        |rows| Change::from(SegmentDefinition { sql_rows: Some(rows), ..SegmentDefinition::new("recent") });
    let members = || {
        column(
            path,
            "SELECT u.key FROM segment_row r JOIN user u ON u.id = r.user_id
             JOIN segment s ON s.id = r.segment_id WHERE s.key = 'recent' ORDER BY u.id",
        )
    };
    let hired = |user: &str, day: &str| Change::from(UserUpdate::new(user).set("hired_on", day));
    commit(
        path,
        vec![
            attribute("hired_on", AttributeType::Date),
            SegmentDefinition::with_rule("recent", "user.hired_on >= today - days(10)").into(),
            SegmentDefinition::with_rule("others", "has(user.hired_on)").into(),
            hired("ann", "2025-11-20"),
        ],
    );
    assert!(members().is_empty());
    // Switched on while somebody joins.
    commit(path, vec![hired("bob", "2025-11-21"), rows(true), hired("cy", "2020-01-01")]);
    assert_eq!(members(), ["ann", "bob"]);
    commit(path, vec![hired("ann", "2020-01-01"), hired("cy", "2025-11-18")]);
    assert_eq!(members(), ["bob", "cy"]);
    // As time passes, they leave at two midnights.
    commit_at(path, NOW + 30 * 86_400_000, vec![hired("dora", "2025-12-20")]);
    assert_eq!(members(), ["dora"]);
    commit_at(path, NOW + 30 * 86_400_000, vec![rows(false)]);
    assert!(members().is_empty());
    commit_at(path, NOW + 30 * 86_400_000, vec![hired("eve", "2025-12-19"), rows(true)]);
    assert_eq!(members(), ["dora", "eve"]);
    assert_eq!(column(path, "SELECT count(DISTINCT segment_id) FROM segment_row"), ["1"]);
}

#[test]
fn records_of_learning_are_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = &folder.path().join("acme.db");
    let record = |user: &str, completed: Option<Option<i64>>, score: Option<Option<&str>>| {
        Change::from(RecordUpdate {
            user: user.to_owned(),
            course: "gdpr".to_owned(),
            completed: completed.map(|at| at.map(|at| Instant::from_millis(at).unwrap())),
            score: score.map(|score| score.map(decimal)),
        })
    };
    let records = || {
        let select =
            "SELECT user || ' ' || course || ' ' || coalesce(completed, '-') || ' ' || coalesce(score, '-')
                      FROM records ORDER BY user";
        column(path, select)
    };
    commit(
        path,
        vec![
            course("safety"),
            course("gdpr"),
            people(&["ann", "bob"]),
            record("ann", Some(Some(1_500)), None),
            record("bob", None, Some(Some("0.825"))),
        ],
    );
    assert_eq!(records(), ["ann gdpr 1970-01-01T00:00:01.500Z -", "bob gdpr - 0.825"]);
    assert_eq!(column(path, "SELECT score FROM course_record WHERE score IS NOT NULL"), ["825000"]);
    commit(path, vec![record("ann", None, Some(Some("1"))), record("bob", Some(Some(0)), Some(None))]);
    assert_eq!(records(), ["ann gdpr 1970-01-01T00:00:01.500Z 1.0", "bob gdpr 1970-01-01T00:00:00.000Z -"]);
    let last = commit(path, vec![record("ann", Some(None), None), record("bob", Some(None), None)]);
    assert_eq!(records(), ["ann gdpr - 1.0"]);
    assert!(replay(path).same_as(&last));
    let entries = "SELECT group_concat(user_id) FROM journal_entry WHERE entry LIKE '{\"record\":%'";
    assert_eq!(column(path, entries), ["0,1,0,1,0,1"]);
}
