//! Several processes on one file: nothing is lost, nobody waits forever, each delta comes once.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod children;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use children::{Replay, Worker, commit_one, deep, say, set_up, task};
use matricula::{Registry, Revision, Sqlite};

/// What each process runs: so many commits, each said to the parent, and all deltas as they come.
#[test]
#[ignore = "run by other tests, as a process of its own"]
fn child() {
    let Some(words) = task() else { return };
    let [path, name, commits, all] = words.as_slice() else { return };
    let (commits, all): (u64, u64) = (commits.parse().unwrap(), all.parse().unwrap());
    let registry = Registry::open(Sqlite::at(path).unwrap()).unwrap();
    let mut cursor = Revision::default();
    let follow = |cursor: &mut Revision| {
        for delta in registry.deltas(*cursor, 7).unwrap() {
            *cursor = delta.revision();
            say(format_args!("delta {} {}", delta.revision(), delta.commit().note));
        }
    };
    for number in 0..commits {
        let key = format!("{name}-{number}");
        let department = if number % 2 == 0 { "Sales" } else { "IT" };
        let revision = commit_one(&registry, name, &key, department);
        say(format_args!("done {revision} {key}"));
        follow(&mut cursor);
    }
    while cursor.0 < all {
        follow(&mut cursor);
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn race(processes: u64) {
    let commits = if deep() { 250 } else { 25 };
    let all = 1 + processes * commits;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    // Open all the time, and following from time to time.
    let watcher = set_up(&path);
    let start = Instant::now();
    let outputs: Vec<Vec<String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..processes)
            .map(|number| {
                let words = [&format!("w{number}"), &commits.to_string(), &all.to_string()];
                let [name, commits, all] = words.map(String::as_str);
                let mut worker = Worker::start(&[path.to_str().unwrap(), name, commits, all]);
                scope.spawn(move || {
                    let said = worker.rest();
                    assert!(worker.succeeded(), "process {number} failed after {said:?}");
                    said
                })
            })
            .collect();
        while watcher.refresh().unwrap().revision().0 < all {
            assert!(start.elapsed() < Duration::from_secs(120), "the processes hold each other up");
            std::thread::sleep(Duration::from_millis(2));
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // Every commit has a revision of its own, and none was lost.
    let done: Vec<&str> = outputs.iter().flatten().filter_map(|line| line.strip_prefix("done ")).collect();
    let revisions: BTreeSet<u64> =
        done.iter().map(|line| line.split_once(' ').unwrap().0.parse().unwrap()).collect();
    assert_eq!(revisions, (2..=all).collect());
    assert_eq!(done.len() as u64, all - 1);
    let store = Sqlite::at(&path).unwrap();
    let mut replay = Replay::default();
    let notes = replay.follow(&store);
    assert_eq!(notes.len() as u64, all);
    assert!(done.iter().all(|line| {
        let (revision, key) = line.split_once(' ').unwrap();
        notes.get(revision.parse::<usize>().unwrap() - 1).is_some_and(|note| note == key)
    }));
    assert!(watcher.snapshot().same_as(&replay.0));
    assert_eq!(replay.0.user_count() as u64, all);
    // Everybody saw each delta once, in order.
    let expected: Vec<String> =
        (1..).zip(&notes).map(|(revision, note)| format!("delta {revision} {note}")).collect();
    for output in &outputs {
        let deltas: Vec<&String> = output.iter().filter(|line| line.starts_with("delta ")).collect();
        assert!(deltas.into_iter().eq(&expected));
    }
}

#[test]
fn two_processes_commit_to_one_file_and_lose_nothing() {
    race(2);
}

#[test]
fn four_processes_commit_to_one_file_and_lose_nothing() {
    race(4);
}
