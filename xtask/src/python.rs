//! The Python part of the test: the wheel is built, installed and tested as users get it.
//!
//! Everything it makes is under `target/python`. Versions of tools are in `bindings/python/tests/requirements.txt`.

use std::path::{Path, PathBuf};

use crate::test::Ran;
use crate::workspace::{Outcome, Workspace, files, once, run, step, succeeds};

const PACKAGE: &str = "bindings/python";
const REQUIREMENTS: &str = "bindings/python/tests/requirements.txt";
const EXAMPLES: &str = "examples/python";

/// Builds, installs and tests the wheel; checks its types and those of what uses it.
pub(crate) fn test(workspace: &Workspace) -> Outcome<Ran> {
    let Some(system) = find(workspace) else {
        return Ok(Ran::Without("python3 (3.11 or newer)"));
    };
    let home = workspace.target.join("python");
    let python = interpreter(&home);
    let module = |arguments: &[&str]| {
        run(workspace
            .command(&python, PACKAGE)
            .env("MYPY_CACHE_DIR", home.join("mypy"))
            .arg("-m")
            .args(arguments))
    };

    step("Python: environment", || environment(workspace, system, &home, REQUIREMENTS))?;
    step("Python: wheel", || install(workspace, &home))?;
    step("Python: stubs describe the module", || {
        // It leaves its cache where it runs, whatever the environment says.
        let mut stubtest = workspace.command(&python, ".");
        run(stubtest.current_dir(&home).args(["-m", "mypy.stubtest", "matricula"]))
    })?;
    step("Python: types", || {
        module(&["mypy", "--strict", "tests"])?;
        if !files(&workspace.root.join(EXAMPLES), "py").is_empty() {
            let examples = format!("../../{EXAMPLES}");
            module(&["mypy", "--strict", &examples])?;
        }
        Ok(())
    })?;
    let cache = format!("cache_dir={}", home.join("pytest").display());
    step("Python: tests", || module(&["pytest", "--quiet", "-o", &cache]))?;
    Ok(Ran::Fully)
}

/// The first Python on this machine that is new enough.
pub(crate) fn find(workspace: &Workspace) -> Option<&'static str> {
    let new_enough = ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"];
    ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"]
        .into_iter()
        .find(|name| succeeds(workspace.command(name, ".").args(new_enough)))
}

pub(crate) fn interpreter(home: &Path) -> PathBuf {
    if cfg!(windows) { home.join("Scripts").join("python.exe") } else { home.join("bin").join("python") }
}

/// Makes a virtual environment with what a file of requirements names, unless it is there.
pub(crate) fn environment(workspace: &Workspace, system: &str, home: &Path, requirements: &str) -> Outcome {
    let stamp = home.join("installed");
    if !succeeds(workspace.command(interpreter(home), ".").arg("--version")) {
        // The Python that it was made from may be gone; then the stamp says nothing.
        std::fs::remove_file(&stamp).ok();
    }
    once(&stamp, &workspace.read(requirements)?, || {
        if !succeeds(workspace.command(system, ".").args(["-c", "import venv, ensurepip"])) {
            return Err(format!("`{system}` has no `venv` with `ensurepip`"));
        }
        run(workspace.command(system, ".").args(["-m", "venv", "--clear"]).arg(home))?;
        let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--requirement"];
        run(workspace.command(interpreter(home), ".").args(pip).arg(workspace.root.join(requirements)))
    })
}

/// Builds the wheel and installs that file, so that what is tested is what is shipped.
fn install(workspace: &Workspace, home: &Path) -> Outcome {
    let python = interpreter(home);
    let wheels = home.join("wheels");
    if wheels.exists() {
        std::fs::remove_dir_all(&wheels).map_err(|error| format!("`{}`: {error}", wheels.display()))?;
    }
    let mut build = workspace.command(&python, PACKAGE);
    build.args(["-m", "maturin", "build"]).arg("--interpreter").arg(&python).arg("--out").arg(&wheels);
    run(&mut build)?;
    let wheel = files(&wheels, "whl").pop().ok_or("maturin wrote no wheel")?;
    let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"];
    let exactly = ["--force-reinstall", "--no-deps", "--no-index"];
    run(workspace.command(&python, ".").args(pip).args(exactly).arg(wheel))
}
