//! The Rust sources of the workspace's members.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Each source file of what `cargo test --workspace` builds: its path from the root, and its text.
pub(crate) fn all() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = members()
        .iter()
        .flat_map(|member| ["src", "tests"].map(|folder| root().join(member).join(folder)))
        .filter(|folder| folder.is_dir())
        .collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push((from_root(&path), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// Files in a folder of tests that no file above them declares as a module.
pub(crate) fn orphans() -> Vec<String> {
    let files = all();
    let declares = |parent: &str, module: &str| {
        let declared = ["", "pub ", "pub(crate) "].map(|how| format!("{how}mod {module};"));
        files.iter().any(|(path, text)| {
            let lines = || text.lines().map(str::trim);
            path == parent && lines().any(|line| declared.iter().any(|it| it == line))
        })
    };
    files
        .iter()
        .filter(|(path, _)| is_module_of_tests(path))
        .filter(|(path, _)| {
            let (folder, file) = path.rsplit_once('/').unwrap();
            let (folder, module) = match file.strip_suffix(".rs").unwrap() {
                "mod" => folder.rsplit_once('/').unwrap(),
                module => (folder, module),
            };
            let mut parents = ["main.rs", "mod.rs", "lib.rs"]
                .map(|it| format!("{folder}/{it}"))
                .to_vec();
            parents.push(format!("{folder}.rs"));
            // Programs beside a folder share it.
            let beside = |path: &&(String, String)| path.0.rsplit_once('/').unwrap().0 == folder;
            let programs = files.iter().filter(beside).map(|(path, _)| path.clone());
            parents.extend(programs.filter(|_| folder.ends_with("/tests")));
            !parents.iter().any(|parent| declares(parent, module))
        })
        .map(|(path, _)| path.clone())
        .collect()
}

/// Below a folder `tests`, and not a program of its own.
fn is_module_of_tests(path: &str) -> bool {
    let Some((above, inner)) = path.split_once("/tests/") else {
        return false;
    };
    let is_program = !above.contains('/') && (!inner.contains('/') || inner.ends_with("/main.rs"));
    !is_program
}

/// The folders of the workspace's members, as its manifest names them.
fn members() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, list) = manifest.split_once("members = [").unwrap();
    let (list, _) = list.split_once(']').unwrap();
    let names = list.split(',').map(|name| name.trim().trim_matches('"'));
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn from_root(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap();
    let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
    parts.join("/")
}
