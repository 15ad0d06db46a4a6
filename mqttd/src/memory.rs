//! How much memory the broker may count.

use std::fs;
use std::path::{Path, PathBuf};

/// 75 % of the memory that the process may have: of its cgroup's limit, else of the machine. `None` when that is not known.
pub(crate) fn limit() -> Option<usize> {
    let bytes = cgroup_limit(Path::new("/proc/self/cgroup"), Path::new("/sys/fs/cgroup"));
    let bytes = bytes
        .into_iter()
        .chain(machine(Path::new("/proc/meminfo")))
        .min()?;
    usize::try_from(bytes / 4 * 3).ok()
}

/// The lowest limit of the process's cgroup and those above it.
fn cgroup_limit(of_process: &Path, mount: &Path) -> Option<u64> {
    let text = fs::read_to_string(of_process).unwrap_or_default();
    let mut folders = vec![mount.to_owned(), mount.join("memory")];
    for line in text.lines() {
        // hierarchy:controllers:path
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let root = match controllers {
            "" => mount.to_owned(),
            _ if controllers
                .split(',')
                .any(|controller| controller == "memory") =>
            {
                mount.join("memory")
            }
            _ => continue,
        };
        folders.extend(
            Path::new(path.trim_start_matches('/'))
                .ancestors()
                .map(|ancestor| root.join(ancestor)),
        );
    }
    folders
        .iter()
        .flat_map(|folder| limit_files(folder))
        .filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok())
        .min()
}

/// Of version 2 and of version 1.
fn limit_files(folder: &Path) -> [PathBuf; 2] {
    [
        folder.join("memory.max"),
        folder.join("memory.limit_in_bytes"),
    ]
}

/// `MemTotal:       16316000 kB`
fn machine(meminfo: &Path) -> Option<u64> {
    let text = fs::read_to_string(meminfo).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_limit_of_the_cgroups_above_counts() {
        let folder = Folder::new("cgroups");
        folder.write("proc", "0::/system/mqttd\n");
        folder.write("fs/system/mqttd/memory.max", "max\n");
        folder.write("fs/system/memory.max", "1000000\n");
        folder.write("fs/memory.max", "2000000\n");
        assert_eq!(
            cgroup_limit(&folder.0.join("proc"), &folder.0.join("fs")),
            Some(1_000_000)
        );
    }

    #[test]
    fn version_1_is_read_too() {
        let folder = Folder::new("cgroups-v1");
        folder.write("proc", "5:cpu:/a\n4:memory,x:/docker/1\n");
        folder.write("fs/memory/docker/1/memory.limit_in_bytes", "500\n");
        folder.write("fs/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(
            cgroup_limit(&folder.0.join("proc"), &folder.0.join("fs")),
            Some(500)
        );
    }

    #[test]
    fn without_a_limit_the_machine_counts() {
        let folder = Folder::new("machine");
        folder.write("meminfo", "MemTotal:       16316000 kB\nMemFree: 1 kB\n");
        assert_eq!(machine(&folder.0.join("meminfo")), Some(16_316_000 * 1024));
        assert_eq!(
            cgroup_limit(&folder.0.join("none"), &folder.0.join("none")),
            None
        );
    }

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("mqttd-{}-{name}", std::process::id())))
        }

        fn write(&self, file: &str, text: &str) {
            let file = self.0.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
