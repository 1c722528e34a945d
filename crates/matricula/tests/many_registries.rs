//! A host that holds a registry for each of its customers, with few file descriptors.
#![allow(clippy::unwrap_used, reason = "a test says so by panicking")]
#![cfg(unix)]

mod children;

use std::path::Path;

use children::{Worker, command, commit_one, deep, say, set_up, task};
use matricula::{Registry, Sqlite};

#[test]
#[ignore = "run by other tests, as a process of its own"]
fn child() {
    let Some(words) = task() else { return };
    let [folder, count] = words.as_slice() else { return };
    let count: usize = count.parse().unwrap();
    let registries: Vec<Registry> = (0..count)
        .map(|number| {
            let path = Path::new(folder).join(format!("{number}.db"));
            std::fs::copy(Path::new(folder).join("template.db"), &path).unwrap();
            Registry::open(Sqlite::at(path).unwrap()).unwrap()
        })
        .collect();
    // Those that rest are still there, in the order in which they went to rest and in another.
    for (number, registry) in registries.iter().enumerate().chain(registries.iter().enumerate().step_by(7)) {
        assert!(registry.snapshot().find_user("shared").is_some());
        if number % 5 == 0 {
            commit_one(registry, "host", "ann", "IT");
        }
        registry.refresh().unwrap();
    }
    drop(registries);
    let committed = (0..count).filter(|number| {
        let path = Path::new(folder).join(format!("{number}.db"));
        Registry::open(Sqlite::at(path).unwrap()).unwrap().snapshot().find_user("ann").is_some()
    });
    say(committed.count());
}

#[test]
fn thousands_of_registries_can_be_open_with_few_file_descriptors() {
    let (count, descriptors) = if deep() { (2_000_usize, 1_024) } else { (300, 256) };
    let folder = tempfile::tempdir().unwrap();
    drop(set_up(&folder.path().join("template.db")));
    let plain = command(&[folder.path().to_str().unwrap(), &count.to_string()]);
    let mut limited = std::process::Command::new("sh");
    limited.arg("-c").arg(format!("ulimit -n {descriptors} && exec \"$0\" \"$@\""));
    limited.arg(plain.get_program()).args(plain.get_args());
    limited.envs(plain.get_envs().filter_map(|(key, value)| Some((key, value?))));
    limited.stdout(std::process::Stdio::piped());
    let mut worker = Worker::spawn(&mut limited);
    assert_eq!(worker.rest(), [count.div_ceil(5).to_string()]);
    assert!(worker.succeeded());
}
