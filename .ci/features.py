#!/usr/bin/env python3
"""Checks each library with no features and with each of its features alone.

The list comes from `cargo metadata`, so a new crate or feature is checked from its first day. The libraries
in NO_STD are also checked against a toolchain folder that holds `core` and `alloc` and nothing else: whatever
reaches for `std`, in them or in a dependency, does not compile there.
"""

import json
import os
import pathlib
import subprocess
import sys

NO_STD = ["mqtt_codec", "mqtt_session", "mqtt_broker_core"]
ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def output(*command):
    return subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout


def run(command, **env):
    print("$", " ".join(f"{k}={v}" for k, v in env.items()), *command, flush=True)
    if subprocess.run(command, cwd=ROOT, env={**os.environ, **env}).returncode != 0:
        sys.exit(1)


def library(package):
    return next((t for t in package["targets"] if "lib" in t["kind"]), None)


def needs_std(package, feature):
    """Whether a feature turns on `std`, here or in a dependency, itself or through others."""
    table, seen, todo = package["features"], set(), [feature]
    while todo:
        name = todo.pop()
        if name == "std" or name.endswith("/std"):
            return True
        if name not in seen:
            seen.add(name)
            todo += table.get(name, [])
    return False


def core_and_alloc(host):
    """A toolchain folder with `core` and `alloc` only."""
    folder = pathlib.Path("lib/rustlib", host, "lib")
    bare = TARGET / "core-and-alloc"
    (bare / folder).mkdir(parents=True, exist_ok=True)
    for old in (bare / folder).iterdir():
        old.unlink()
    for crate in ["core", "alloc", "compiler_builtins"]:
        for file in pathlib.Path(output("rustc", "--print", "sysroot").strip(), folder).glob(f"lib{crate}-*"):
            (bare / folder / file.name).symlink_to(file)
    return bare


def main():
    packages = json.loads(output("cargo", "metadata", "--format-version=1", "--no-deps"))["packages"]
    packages = [p for p in packages if library(p)]
    missing = set(NO_STD) - {library(p)["name"] for p in packages}
    if missing:
        sys.exit(f"not in the workspace: {', '.join(sorted(missing))}")
    host = next(line[6:] for line in output("rustc", "-vV").splitlines() if line.startswith("host: "))
    bare = core_and_alloc(host)
    for package in packages:
        name, no_std = package["name"], library(package)["name"] in NO_STD
        if no_std:
            source = pathlib.Path(library(package)["src_path"]).read_text()
            for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"]:
                if attribute not in source.splitlines():
                    sys.exit(f"{name}: lib.rs does not say {attribute}")
        alone = sorted(f for f in package["features"] if f != "default")
        for feature in [None, *alone]:
            chosen = ["-p", name, "--lib", "--no-default-features"] + (["--features", feature] if feature else [])
            run(["cargo", "clippy", "--quiet", "--locked", *chosen, "--", "-D", "warnings"])
            if no_std and not (feature and needs_std(package, feature)):
                run(["cargo", "check", "--quiet", "--locked", "--target", host, *chosen], RUSTFLAGS=f"--sysroot={bare}")


main()
