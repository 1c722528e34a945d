//! The behaviour suite on SQLite files, and what is particular to them.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

use matricula_core::{Memory, Store};
use matricula_sqlite::Sqlite;
use matricula_testkit::behaviour::suite;

#[test]
fn files_behave() {
    suite(|| {
        let folder = tempfile::tempdir().unwrap();
        move || -> Box<dyn Store> { Box::new(Sqlite::at(folder.path().join("registry.db")).unwrap()) }
    });
}

#[test]
fn memory_behaves() {
    suite(|| {
        let memory = Memory::default();
        move || -> Box<dyn Store> { Box::new(memory.clone()) }
    });
}
