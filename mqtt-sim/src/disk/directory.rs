use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::disk::DiskError;
use crate::random::Random;

/// A file, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Inode(pub(super) u64);

/// Which file has which name, as a program sees it and as the disk knows it.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    seen: BTreeMap<String, Inode>,
    durable: BTreeMap<String, Inode>,
    /// What makes `seen` of `durable`.
    changes: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Create(String, Inode),
    Rename(String, String),
    Remove(String),
}

impl Directory {
    pub(super) fn find(&self, name: &str) -> Result<Inode, DiskError> {
        self.seen.get(name).copied().ok_or(DiskError::NotFound)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.seen.keys().map(String::as_str)
    }

    /// Gives a name to a new file.
    pub(super) fn create(&mut self, name: &str, inode: Inode) {
        self.change(Change::Create(String::from(name), inode));
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        self.change(Change::Rename(String::from(from), String::from(to)));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.change(Change::Remove(String::from(name)));
    }

    /// Makes all changes durable.
    pub(super) fn sync(&mut self) {
        for change in self.changes.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// Some first changes survive, those behind them never were.
    pub(super) fn lose_power(&mut self, random: &mut Random) {
        self.changes.truncate(random.below(self.changes.len() + 1));
        self.sync();
        self.seen.clone_from(&self.durable);
    }

    /// Whether the file has a name now, or may have one again after a loss of power.
    pub(super) fn may_name(&self, inode: Inode) -> bool {
        let created = |change: &Change| matches!(change, Change::Create(_, of) if *of == inode);
        self.durable.values().any(|of| *of == inode) || self.changes.iter().any(created)
    }

    fn change(&mut self, change: Change) {
        change.clone().apply(&mut self.seen);
        self.changes.push(change);
    }
}

impl Change {
    fn apply(self, names: &mut BTreeMap<String, Inode>) {
        match self {
            Self::Create(name, inode) => {
                names.insert(name, inode);
            }
            Self::Rename(from, to) => {
                if let Some(inode) = names.remove(&from) {
                    names.insert(to, inode);
                }
            }
            Self::Remove(name) => {
                names.remove(&name);
            }
        }
    }
}
