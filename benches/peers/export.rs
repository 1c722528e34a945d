//! The people and the rules as files that other programs read: tab-separated values, and JSON. Not here: how the
//! others read them, which is in the Python files beside this one.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use matricula::Snapshot;
use matricula::rule::{Kind, OptionId, Value};
use serde_json::{Value as Json, json};

/// Writes `people.tsv` and `rules.json` into a folder.
///
/// In the table a missing value is an empty cell, and so is a list without options. Options have their names, and in a
/// list are joined by `|`; another person is a number.
pub fn write(snapshot: &Snapshot, folder: &Path) -> std::io::Result<()> {
    let attributes = snapshot.schema().attributes();
    let mut table = BufWriter::new(File::create(folder.join("people.tsv"))?);
    write!(table, "id")?;
    for attribute in attributes {
        write!(table, "\t{}", attribute.key)?;
    }
    for user in snapshot.users() {
        write!(table, "\n{}", user.0)?;
        for attribute in attributes {
            let value = snapshot.value(user, attribute.id);
            write!(table, "\t{}", value.map(|value| cell(&value, &attribute.kind)).unwrap_or_default())?;
        }
    }
    writeln!(table)?;
    table.flush()?;
    let attributes: Vec<Json> = attributes
        .iter()
        .map(|attribute| json!({ "id": attribute.id, "key": attribute.key, "kind": attribute.kind }))
        .collect();
    let rules: Vec<Json> = snapshot.segments().map(|segment| json!(segment.rule)).collect();
    let all = json!({ "today": workforce::today(), "attributes": attributes, "rules": rules });
    std::fs::write(folder.join("rules.json"), all.to_string())
}

fn cell(value: &Value, kind: &Kind) -> String {
    let name = |option: &OptionId| match kind {
        Kind::Choice { options } | Kind::MultiChoice { options } => {
            options.get(*option).unwrap().key.as_str()
        }
        _ => unreachable!("only choices have options"),
    };
    match value {
        Value::Text(text) | Value::Path(text) => text.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Date(day) => day.to_string(),
        Value::Timestamp(at) => at.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        Value::Choice(option) => name(option).to_owned(),
        Value::Choices(options) => options.iter().map(name).collect::<Vec<_>>().join("|"),
        Value::User(user) => user.0.to_string(),
    }
}
