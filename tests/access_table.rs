//! `docs/access-table.md` is what the code says of capabilities and roles. `MATRICULA_WRITE_TABLE=1 cargo test -p matricula
//! --test access_table` writes it anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by panicking")]

use std::fmt::Write as _;

use matricula::{CapabilityKind, Effect, Flag, Scope, Snapshot};

fn table() -> String {
    let snapshot = Snapshot::default();
    let roles: Vec<_> = snapshot.roles().map(|role| role.key.clone()).collect();
    let mut text = String::from(
        "# Capabilities and what the built-in roles say of them\n\n\
         Made from the code by a test; see [access](access.md) for what it means. *Kind* is read or write; *within* the \
         innermost scope at which it can be asked; *over* whether it is about a person. Flags: **e** gives rights to \
         others, so that only `*` and its own name stand for it; **d** cannot be undone; **p** is personal; **m** concerns \
         many people. A role has ✓ where it allows, ✗ where it denies, and nothing where it says nothing. Besides there are \
         `field.read.X` and `field.write.X` for each attribute.\n\n| capability | kind | within | over | flags | lets people |",
    );
    let header = |text: &mut String, cells: &[&str]| {
        for cell in cells {
            write!(text, " {cell} |").unwrap();
        }
    };
    let roles_short: Vec<&str> = roles.iter().map(String::as_str).collect();
    header(&mut text, &roles_short);
    text.push_str("\n|---|---|---|---|---|---|");
    text.push_str(&"---|".repeat(roles.len()));
    text.push('\n');
    for (id, capability) in snapshot.capabilities() {
        let kind = if capability.kind == CapabilityKind::Read { "read" } else { "write" };
        let flags: String = capability
            .flags
            .iter()
            .map(|flag| match flag {
                Flag::Escalates => 'e',
                Flag::Destroys => 'd',
                Flag::Personal => 'p',
                Flag::Many => 'm',
            })
            .collect();
        let over = if capability.over { "yes" } else { "" };
        write!(
            text,
            "| `{}` | {kind} | {} | {over} | {flags} | {} |",
            capability.name, capability.innermost, capability.sentence
        )
        .unwrap();
        for role in &roles {
            let role = snapshot.role_id(role).unwrap();
            let mark = match snapshot.effect(role, id, Scope::Registry) {
                Some(Effect::Allow) => "✓",
                Some(Effect::Deny) => "✗",
                Some(Effect::Withhold) => "–",
                None => "",
            };
            write!(text, " {mark} |").unwrap();
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_table_in_the_documentation_is_what_the_code_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/access-table.md");
    let table = table();
    if std::env::var_os("MATRICULA_WRITE_TABLE").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap();
    assert!(
        written == table,
        "docs/access-table.md is of another version, expected what MATRICULA_WRITE_TABLE=1 writes"
    );
}
