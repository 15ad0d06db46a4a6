//! The Rust sources of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Each source file: its path from the root, and its text.
pub(crate) fn all() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with('.') || name == "target" || name == "node_modules" {
                continue;
            }
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

/// Files below a folder of tests that the file above them does not declare as a module.
pub(crate) fn orphans() -> Vec<String> {
    let files = all();
    let declares = |parent: &str, module: &str| {
        let line = format!("mod {module};");
        files
            .iter()
            .any(|(path, text)| path == parent && text.lines().any(|l| l.ends_with(&line)))
    };
    files
        .iter()
        .filter_map(|(path, _)| {
            let (crate_name, inner) = path.split_once("/tests/")?;
            let (folder, file) = inner.rsplit_once('/')?;
            let (folder, module) = match file.strip_suffix(".rs").unwrap() {
                "main" => return None,
                "mod" => match folder.rsplit_once('/') {
                    Some((above, module)) => (above, module),
                    // A module that the programs beside its folder share.
                    None => return None,
                },
                module => (folder, module),
            };
            let parents = [
                format!("{crate_name}/tests/{folder}/main.rs"),
                format!("{crate_name}/tests/{folder}/mod.rs"),
                format!("{crate_name}/tests/{folder}.rs"),
            ];
            let found = parents.iter().any(|parent| declares(parent, module));
            (!found).then(|| path.clone())
        })
        .collect()
}

fn from_root(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap();
    let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
    parts.join("/")
}
