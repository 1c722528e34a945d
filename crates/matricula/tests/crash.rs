//! Writers that are killed in the middle, of a commit or of keeping an image: what was acknowledged is there, at most one
//! commit more, and everything is as it was sealed.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]

mod children;

use std::path::Path;
use std::time::Duration;

use children::{Replay, Worker, commit_one, deep, say, set_up, task};
use matricula::{Head, Registry, Revision, Sqlite, Store};
use matricula_testkit::company::Random;

/// What a killed process runs: commits without end, each said to the parent once it is recorded.
#[test]
#[ignore = "run by other tests, as a process of its own"]
fn child() {
    let Some(words) = task() else { return };
    let [path, round] = words.as_slice() else { return };
    let registry = Registry::open(Sqlite::at(path).unwrap()).unwrap();
    for number in 0.. {
        let key = format!("r{round}-{number}");
        let department = if number % 3 == 0 { "Sales" } else { "IT" };
        let revision = commit_one(&registry, "child", &key, department);
        let head = registry.snapshot().head().unwrap();
        say(format_args!("{revision} {key} {head}"));
        // What a process does that has much to keep, here after every other commit.
        if number % 2 == 0 {
            registry.save_cache().unwrap();
        }
    }
}

#[test]
fn every_acknowledged_commit_survives_a_kill_and_at_most_one_other() {
    let kills = if deep() { 1_000 } else { 50 };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    drop(set_up(&path));
    let mut replay = Replay::default();
    assert_eq!(replay.follow(&Sqlite::at(&path).unwrap()).len(), 1);
    let mut random = Random::new(11);
    let (mut acknowledged, mut others) = (0, 0);
    let mut head: Option<Head> = None;
    for round in 0..kills {
        let said = run_and_kill(&path, round, &mut random);
        let (said, heads): (Vec<String>, Vec<Head>) = said
            .iter()
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(said, head)| (said.to_owned(), head.parse::<Head>().unwrap()))
            .unzip();
        acknowledged += said.len();
        let before = replay.0.revision().0;
        let notes = replay.follow(&Sqlite::at(&path).unwrap());
        assert!(notes.len() <= said.len() + 1, "round {round}: {notes:?} where {said:?} were acknowledged");
        others += notes.len().saturating_sub(said.len());
        let expected: Vec<String> =
            (before + 1..).zip(&notes).map(|(revision, key)| format!("{revision} {key}")).collect();
        assert_eq!(said, expected.get(..said.len()).unwrap_or(&expected), "round {round}");
        // The images that were being kept say nothing else than the journal, and it is the one that was acknowledged.
        head = heads.last().copied().or(head);
        let verification = Registry::open(Sqlite::at(&path).unwrap()).unwrap().verify(head).unwrap();
        assert!(verification.is_intact(), "round {round}: {verification}");
        assert!(head.is_none_or(|head| verification.revision >= head.revision));
    }
    assert!(
        Sqlite::at(&path).unwrap().image_before(Revision(u64::MAX)).unwrap().is_some(),
        "no image was kept"
    );
    assert!(acknowledged > kills / 2, "the kills came too early to mean anything: {acknowledged}");
    // In a run of a thousand some kill falls between the end of a commit and its acknowledgement.
    assert!(!deep() || others > 0, "no kill fell within a commit");
}

/// Starts a writer, lets it commit for a random while, and kills it; gives what it acknowledged.
fn run_and_kill(path: &Path, round: usize, random: &mut Random) -> Vec<String> {
    let mut worker = Worker::start(&[path.to_str().unwrap(), &round.to_string()]);
    let mut said = Vec::new();
    match random.below(4) {
        // While it opens the file, or soon after.
        0 => std::thread::sleep(Duration::from_micros(random.below(15_000) as u64)),
        commits => {
            said.extend((0..commits).map_while(|_| worker.hear()));
            std::thread::sleep(Duration::from_micros(random.below(6_000) as u64));
        }
    }
    worker.kill();
    said.extend(worker.rest());
    said
}
