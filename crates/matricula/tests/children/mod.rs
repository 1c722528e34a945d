//! Tests that need other processes: the test binary runs itself, with what the child is to do in the environment.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test says so by panicking; each test file uses some of it"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use chrono::{DateTime, Utc};
use matricula::core::Appended;
use matricula::{AttributeType, LeavePolicy, Registry, Revision, Snapshot, Sqlite, Store, UserUpdate};

/// Says to a child what it is to do; the test that children run does nothing without it.
const TASK: &str = "MATRICULA_TEST_CHILD";

/// Whether much more is asked.
pub(crate) fn deep() -> bool {
    std::env::var_os("MATRICULA_DEEP").is_some()
}

/// The words of the task, in a child.
pub(crate) fn task() -> Option<Vec<String>> {
    Some(std::env::var(TASK).ok()?.split('|').map(str::to_owned).collect())
}

/// The command that runs the ignored test `child` of this binary with a task.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "child", "--nocapture", "--test-threads", "1"])
        .env(TASK, words.join("|"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// A child and what it says. It is killed when dropped.
pub(crate) struct Worker {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start(words: &[&str]) -> Self {
        Self::spawn(&mut command(words))
    }

    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The next thing that it says; `None` once it has ended. What the test harness says is left out.
    pub(crate) fn hear(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            // A line that was cut off by a kill was never acknowledged.
            if let Some(said) = line.strip_prefix("> ").and_then(|said| said.strip_suffix('\n')) {
                return Some(said.to_owned());
            }
        }
    }

    /// All that it still says, until it ends.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.hear()).collect()
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Whether it ended well.
    pub(crate) fn succeeded(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a child says to its parent, at once.
pub(crate) fn say(words: impl std::fmt::Display) {
    let mut output = std::io::stdout().lock();
    // On a line of its own, whatever the harness has begun; in one write, so that a kill hardly ever cuts within.
    // A broken pipe is the parent's end.
    let _ = output.write_all(format!("\n> {words}\n").as_bytes());
    let _ = output.flush();
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

/// A registry in which what a person's department is decides about memberships and enrolments.
pub(crate) fn set_up(path: &Path) -> Registry {
    let registry = Registry::open(Sqlite::at(path).unwrap()).unwrap();
    let mut tx = registry.as_host("setup").begin(now()).unwrap();
    tx.define_attribute("department", AttributeType::Text).unwrap();
    for course in ["selling", "safety"] {
        tx.define_course(course).unwrap();
    }
    tx.define_segment("sales", r#"user.department == "Sales""#).unwrap();
    tx.define_segment("others", r#"user.department != "Sales""#).unwrap();
    tx.define_enrolment_rule("sales", "sales", &["selling"], LeavePolicy::Suspend).unwrap();
    tx.define_enrolment_rule("others", "others", &["safety"], LeavePolicy::Unenrol).unwrap();
    tx.update_user(UserUpdate::new("shared").set("department", "Sales")).unwrap();
    tx.commit().unwrap();
    registry
}

/// Commits somebody new and a change of somebody whom all change; gives the revision.
pub(crate) fn commit_one(registry: &Registry, author: &str, key: &str, department: &str) -> Revision {
    let mut tx = registry.as_host(author).begin(now()).unwrap();
    tx.set_note(key);
    tx.update_user(UserUpdate::new(key).set("department", department)).unwrap();
    tx.update_user(UserUpdate::new("shared").set("department", format!("of {key}"))).unwrap();
    tx.commit().unwrap().revision()
}

/// A replay of a journal that goes on where it stopped.
#[derive(Default)]
pub(crate) struct Replay(pub(crate) Snapshot);

impl Replay {
    /// Reads on to the end, and makes sure that the tables are the same; gives the notes of the new commits.
    pub(crate) fn follow(&mut self, store: &impl Store) -> Vec<String> {
        let commits = store.since(self.0.revision(), usize::MAX).unwrap();
        for commit in &commits {
            self.0 = self.0.replay(commit).unwrap();
        }
        assert!(store.load().unwrap().same_as(&self.0), "the tables are not what the journal comes to");
        // What has a revision already is not taken again.
        if let Some(last) = commits.last() {
            assert_eq!(store.append(last).unwrap(), Appended::Conflict);
        }
        commits.iter().map(|commit| commit.note.clone()).collect()
    }
}
