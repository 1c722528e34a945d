//! `cargo xtask version`: one version for every package.
//!
//! Cargo packages inherit it from the workspace and the Python package reads it from Cargo, so that only the
//! workspace's manifest and Node's two files write it down.

use crate::workspace::{Outcome, Workspace, run};

const CARGO: &str = "Cargo.toml";
const PYTHON: &str = "bindings/python/pyproject.toml";
/// Node's files, with how many of their first `version` lines are the package's own.
const NODE: [(&str, usize); 2] = [("bindings/node/package.json", 1), ("bindings/node/package-lock.json", 2)];

/// Says whether every package has the workspace's version.
///
/// # Errors
/// Names the first file that disagrees.
pub(crate) fn check(workspace: &Workspace) -> Outcome {
    let manifest = workspace.read(CARGO)?;
    let (_, found) = in_manifest(&manifest, None);
    let version = found.first().ok_or("the workspace's manifest has no version")?;
    agree(CARGO, &found, version)?;
    for member in members(&manifest) {
        let file = format!("{member}/Cargo.toml");
        if !workspace.read(&file)?.lines().any(|line| line == "version.workspace = true") {
            return Err(format!("`{file}` does not say `version.workspace = true`"));
        }
    }
    if !workspace.read(PYTHON)?.lines().any(|line| line == r#"dynamic = ["version"]"#) {
        return Err(format!("`{PYTHON}` does not leave its version to Cargo"));
    }
    for (file, count) in NODE {
        let (_, found) = in_json(&workspace.read(file)?, count, None);
        if found.len() != count {
            return Err(format!("`{file}` has {} of its {count} versions", found.len()));
        }
        agree(file, &found, version)?;
    }
    println!("{version}");
    Ok(())
}

/// Writes `version` wherever a version is written down, `Cargo.lock` included.
pub(crate) fn set(workspace: &Workspace, version: &str) -> Outcome {
    if !is_version(version) {
        return Err(format!("`{version}` is no version such as 1.2.3 or 1.2.3-beta.1"));
    }
    let write = |file: &str, text: String| {
        std::fs::write(workspace.root.join(file), text).map_err(|error| format!("`{file}`: {error}"))
    };
    write(CARGO, in_manifest(&workspace.read(CARGO)?, Some(version)).0)?;
    for (file, count) in NODE {
        write(file, in_json(&workspace.read(file)?, count, Some(version)).0)?;
    }
    run(workspace.cargo().args(["update", "--workspace", "--offline", "--quiet"]))?;
    check(workspace)
}

fn agree(file: &str, found: &[String], version: &str) -> Outcome {
    match found.iter().find(|found| *found != version) {
        Some(other) => Err(format!("`{file}` says {other}, the workspace {version}")),
        None => Ok(()),
    }
}

/// The versions in the workspace's manifest: its own, then those of its packages as dependencies.
fn in_manifest(text: &str, new: Option<&str>) -> (String, Vec<String>) {
    let mut table = String::new();
    rewrite(text, new, |line| {
        if line.starts_with('[') {
            table = line.to_owned();
        }
        match table.as_str() {
            "[workspace.package]" => line.starts_with("version "),
            "[workspace.dependencies]" => line.contains("path = ") && line.contains("version = "),
            _ => false,
        }
    })
}

fn in_json(text: &str, mut count: usize, new: Option<&str>) -> (String, Vec<String>) {
    rewrite(text, new, |line| {
        let here = count > 0 && line.trim_start().starts_with(r#""version":"#);
        count -= usize::from(here);
        here
    })
}

/// Returns `text` with the version `new` in each of its chosen lines, and the versions that stood there.
fn rewrite(text: &str, new: Option<&str>, mut chosen: impl FnMut(&str) -> bool) -> (String, Vec<String>) {
    let mut found = Vec::new();
    let mut result = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        match if chosen(line.trim_end()) { split(line) } else { None } {
            Some((before, version, after)) => {
                found.push(version.to_owned());
                result.extend([before, new.unwrap_or(version), after]);
            }
            None => result.push_str(line),
        }
    }
    (result, found)
}

/// Parts a line around the quoted value of its last `version` key.
fn split(line: &str) -> Option<(&str, &str, &str)> {
    let key = line.rfind("version")?;
    let separator = key + line.get(key..)?.find(['=', ':'])?;
    let start = separator + line.get(separator..)?.find('"')? + 1;
    let end = start + line.get(start..)?.find('"')?;
    Some((line.get(..start)?, line.get(start..end)?, line.get(end..)?))
}

fn members(manifest: &str) -> impl Iterator<Item = &str> {
    let list =
        manifest.lines().skip_while(|line| *line != "members = [").skip(1).take_while(|line| *line != "]");
    list.filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
}

fn is_version(text: &str) -> bool {
    let (core, suffix) = text.split_once('-').unwrap_or((text, "release"));
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers.iter().all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        && suffix
            .split('.')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::{in_json, in_manifest, is_version, members};

    const MANIFEST: &str = r#"[workspace]
members = [
    "crates/a",
    "xtask",
]
[workspace.package]
version = "0.1.0"
rust-version = "1.90"
[workspace.dependencies]
a = { path = "crates/a", version = "0.1.0" }
b = { version = "0.1.0", features = ["c"] }
"#;

    #[test]
    fn only_the_packages_of_the_workspace_change() {
        let (text, found) = in_manifest(MANIFEST, Some("1.2.3"));
        assert_eq!(found, ["0.1.0", "0.1.0"]);
        assert!(text.contains("\nversion = \"1.2.3\"\nrust-version = \"1.90\"\n"), "{text}");
        assert!(
            text.contains("a = { path = \"crates/a\", version = \"1.2.3\" }\nb = { version = \"0.1.0\""),
            "{text}"
        );
        assert_eq!(in_manifest(MANIFEST, None).0, MANIFEST);
        assert_eq!(members(MANIFEST).collect::<Vec<_>>(), ["crates/a", "xtask"]);
    }

    #[test]
    fn versions_of_npm_dependencies_stay() {
        let lock = "{\n  \"version\": \"0.1.0\",\n  \"\": {\n    \"version\": \"0.1.0\"\n  },\n  \"x\": {\n    \"version\": \"0.1.0\"\n";
        let (text, found) = in_json(lock, 2, Some("1.2.3"));
        assert_eq!((found.len(), text.matches("1.2.3").count(), text.matches("0.1.0").count()), (2, 2, 1));
    }

    #[test]
    fn versions_are_three_numbers_and_perhaps_a_suffix() {
        for good in ["0.1.0", "12.0.3", "1.0.0-beta.1"] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.x", "1.2.3-", "--check"] {
            assert!(!is_version(bad), "{bad}");
        }
    }
}
