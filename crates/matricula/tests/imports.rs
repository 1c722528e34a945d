//! Feeds in both formats, with rows that are wrong, left out or refused.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

use std::ops::ControlFlow;

use matricula::{
    Absent, AttributeDefinition, AttributeType, BadRows, Blank, Error, ErrorKind, Format, ImportOptions,
    ImportReport, Instant, Mapping, Memory, RefusedRows, Registry, RowError, Snapshot, Status, Transaction,
    UserUpdate,
};
use proptest::prelude::*;

fn registry() -> Registry {
    let registry = Registry::open(Memory::default()).unwrap();
    let mut tx = registry.as_host("hr").begin(Instant::EPOCH).unwrap();
    tx.define_attribute("dept", AttributeType::Text).unwrap();
    tx.define_attribute("phone", AttributeType::Text).unwrap();
    tx.define_attribute("level", AttributeType::Integer).unwrap();
    tx.define_attribute("langs", AttributeType::MultiChoice(vec!["de".into(), "en".into()])).unwrap();
    tx.define_attribute("boss", AttributeType::User).unwrap();
    let badge = AttributeDefinition::new("badge", AttributeType::Text);
    tx.apply(AttributeDefinition { unique: true, ..badge }).unwrap();
    tx.update_user(UserUpdate::new("zoe").set("badge", "z").set("dept", "IT").set("phone", "1")).unwrap();
    tx.commit().unwrap();
    registry
}

const COLUMNS: [&str; 7] = ["id", "dept", "phone", "level", "langs", "boss", "badge"];

fn mapping() -> Mapping {
    let pairs = COLUMNS.map(|column| match column {
        "id" => ("id", "key".to_owned()),
        _ => (column, format!("user.{column}")),
    });
    let mapping =
        Mapping::from_pairs(pairs.iter().map(|(column, target)| (*column, target.as_str()))).unwrap();
    mapping.with_blank("phone", Blank::Leave).unwrap()
}

fn options(format: Format, bad_rows: BadRows) -> ImportOptions {
    ImportOptions { format, bad_rows, ..ImportOptions::default() }
}

fn import(tx: &mut Transaction, feed: &str, options: ImportOptions) -> Result<ImportReport, Error> {
    tx.import_users(feed.as_bytes(), &mapping(), options, |_| ControlFlow::Continue(()))
}

fn begin(registry: &Registry) -> Transaction {
    registry.as_host("hr").begin(Instant::EPOCH).unwrap()
}

#[test]
fn an_empty_cell_says_what_its_column_says() {
    let registry = registry();
    let mut tx = begin(&registry);
    import(&mut tx, "id,dept,phone,level,langs,boss,badge\nzoe,,,,,,z\n", ImportOptions::default()).unwrap();
    let snapshot = tx.commit().unwrap().snapshot().clone();
    let value = |key: &str| {
        let attribute = snapshot.schema().find(key).unwrap().id;
        snapshot.value(snapshot.user_id("zoe").unwrap(), attribute).is_some()
    };
    assert_eq!((value("dept"), value("phone")), (false, true));
}

#[test]
fn all_rows_are_taken_or_none() {
    let registry = registry();
    let mut tx = begin(&registry);
    let before = tx.inputs();
    let feed = "id,dept,phone,level,langs,boss,badge\nann,,,x,,,\nbob,,,1,,,\ncy,,,2,fr,,\n,,,,,,\n";
    let error = import(&mut tx, feed, options(Format::Csv, BadRows::Refuse)).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (
            ErrorKind::BadRows,
            "3 of 4 rows are wrong, expected none; line 2, column level, value \"x\": `x` is not a number, expected \
             a whole number such as 12"
        )
    );
    let rows: Vec<u64> = error.cause::<RefusedRows>().unwrap().errors.iter().map(|row| row.line).collect();
    assert_eq!(rows, [2, 4, 5]);
    assert!(tx.inputs().same_as(&before), "nothing of it is there");
    assert_eq!(tx.problems(), []);
    // The same feed with bad rows left out.
    let report = import(&mut tx, feed, ImportOptions::default()).unwrap();
    assert_eq!((report.created, report.errors.len()), (1, 3));
}

#[test]
fn a_feed_that_is_taken_whole_may_name_who_comes_later() {
    let registry = registry();
    let mut tx = begin(&registry);
    tx.update_user(UserUpdate::new("ann")).unwrap();
    let whole = options(Format::Csv, BadRows::Refuse);
    let header = "id,dept,phone,level,langs,boss,badge\n";
    import(&mut tx, &format!("{header}ann,,,,,eve,z\nbob,,,,,,\n"), whole).unwrap();
    let told: Vec<String> =
        tx.problems().iter().map(|problem| format!("{} {problem}", problem.change)).collect();
    assert_eq!(
        told,
        [
            "2 line 2, user `ann`: there is no user `eve` for `boss`",
            "2 line 2, user `ann`: `z` is taken, expected a value of `badge` that nobody else has",
        ]
    );
    assert_eq!(tx.preview().unwrap_err().kind(), ErrorKind::InvalidValue);
    import(&mut tx, &format!("{header}eve,,,,,ann,e\nzoe,,,,,,x\n"), whole).unwrap();
    let delta = tx.commit().unwrap();
    assert_eq!(delta.users_created(), 3);
    // Where rows are left out, that is said with the feed.
    let mut tx = begin(&registry);
    let report = import(&mut tx, &format!("{header}kim,,,,,joe,\n"), ImportOptions::default()).unwrap();
    assert_eq!(
        report.errors[0].to_string(),
        "line 2, column boss, value \"joe\": there is no user `joe` for `boss`"
    );
    tx.preview().unwrap();
}

#[test]
fn json_lines_can_be_stopped_and_suspend_whom_they_do_not_name() {
    let registry = registry();
    let mut tx = begin(&registry);
    let all = r#"{"id":"ann","dept":"IT","phone":null,"level":3,"langs":["de"],"boss":"zoe","badge":"a"}"#;
    let json = ImportOptions { absent: Absent::Suspend, ..options(Format::NdJson, BadRows::Skip) };
    let mut told = Vec::new();
    let stopped = tx.import_users(all.as_bytes(), &mapping(), json, |progress| {
        told.push((progress.rows, progress.bytes, progress.total_bytes));
        ControlFlow::Break(())
    });
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(told, [(1, all.len() as u64, all.len() as u64)]);
    let error = import(&mut tx, &format!("{all}\n{{\"dept\":\"IT\"}}"), json).unwrap_err();
    assert_eq!(
        error.to_string(),
        "who is absent cannot be told: the row on line 2 does not say whom it is about"
    );
    let error = import(&mut tx, r#"{"id":"ann","dpt":"IT"}"#, json).unwrap_err();
    assert_eq!(error.to_string(), "no line of the feed has `dept`, did you mean `dpt`?");
    let report = import(&mut tx, all, json).unwrap();
    assert_eq!((report.created, report.suspended), (1, 1));
    let snapshot = tx.commit().unwrap().snapshot().clone();
    assert_eq!(snapshot.status(snapshot.user_id("zoe").unwrap()), Some(Status::Suspended));
}

/// Cells of a row, by column; some of them wrong.
fn row() -> impl Strategy<Value = Vec<String>> {
    let one_of = |values: &'static [&'static str]| prop::sample::select(values).prop_map(str::to_owned);
    (
        one_of(&["ann", "bob", "cy", "zoe", " eve ", ""]),
        one_of(&["", "IT", "é, \"x\"", "IT "]),
        one_of(&["", "1", "2"]),
        one_of(&["", "1", "-7", "x"]),
        one_of(&["", "de", "de;en", "fr"]),
        one_of(&["", "zoe", "ann", "nobody"]),
        one_of(&["", "a", "b", "z"]),
    )
        .prop_map(|(id, dept, phone, level, langs, boss, badge)| {
            vec![id, dept, phone, level, langs, boss, badge]
        })
}

fn csv(rows: &[Vec<String>]) -> String {
    let cell = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(",");
    let header = COLUMNS.join(",");
    std::iter::once(header).chain(rows.iter().map(line)).collect::<Vec<_>>().join("\n")
}

/// The same as JSON, numbers and lists as such where they are.
fn json(rows: &[Vec<String>]) -> String {
    let member = |(column, cell): (&str, &String)| {
        let value = match column {
            "level" if cell.parse::<i64>().is_ok() => cell.parse::<i64>().unwrap().into(),
            "langs" if cell == "de;en" => serde_json::json!(["de", "en"]),
            "phone" if cell.is_empty() => serde_json::Value::Null,
            _ => cell.as_str().into(),
        };
        format!("{column:?}:{value}")
    };
    let line = |row: &Vec<String>| {
        // In the order of the columns, since the first that is wrong is told.
        let members: Vec<String> = COLUMNS.into_iter().zip(row).map(member).collect();
        format!("{{{}}}", members.join(","))
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn taken(feed: &str, options: ImportOptions) -> (Result<ImportReport, (ErrorKind, Vec<RowError>)>, Snapshot) {
    let registry = registry();
    let mut tx = begin(&registry);
    let report = import(&mut tx, feed, options).map_err(|error| {
        let rows = error.cause::<RefusedRows>().map(|refused| refused.errors.clone());
        (error.kind(), rows.unwrap_or_default())
    });
    (report, tx.inputs())
}

proptest! {
    #![proptest_config(matricula_testkit::cases(64))]

    #[test]
    fn both_formats_say_the_same(rows in prop::collection::vec(row(), 1..8), whole in any::<bool>()) {
        let bad_rows = if whole { BadRows::Refuse } else { BadRows::Skip };
        let (from_csv, after_csv) = taken(&csv(&rows), options(Format::Csv, bad_rows));
        let (from_json, after_json) = taken(&json(&rows), options(Format::NdJson, bad_rows));
        // A header is a line of its own.
        let moved = |errors: &mut Vec<RowError>| errors.iter_mut().for_each(|error| {
            error.line += 1;
            error.reason = error.reason.replace("on line ", "on line +");
        });
        let plain = |errors: &mut Vec<RowError>| errors.iter_mut().for_each(|error| {
            for line in 1..20 {
                error.reason = error.reason.replace(&format!("on line {} ", line + 1), &format!("on line +{line} "));
            }
        });
        let from_json = from_json
            .map(|mut report| { moved(&mut report.errors); report })
            .map_err(|(kind, mut errors)| { moved(&mut errors); (kind, errors) });
        let from_csv = from_csv
            .map(|mut report| { plain(&mut report.errors); report })
            .map_err(|(kind, mut errors)| { plain(&mut errors); (kind, errors) });
        prop_assert_eq!(from_csv, from_json);
        prop_assert!(after_csv.says_what(&after_json));
    }
}
