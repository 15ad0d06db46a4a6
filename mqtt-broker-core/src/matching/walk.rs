use core::ops::Range;

use alloc::vec::Vec;

use mqtt_codec::TopicName;

use super::slab::Key;
use super::tree::{Node, Tree};

/// Finds the nodes whose filters match a Topic Name. Its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The levels of the name as far as they were reached.
    levels: Vec<Level>,
    /// Nodes that are still to be visited, with their depth.
    todo: Vec<(Key, usize)>,
    /// What matches and has subscribers or groups.
    pub(super) found: Vec<Key>,
}

/// A level of the name: its text, and its key once a node with such children asked for it.
#[derive(Debug)]
struct Level {
    text: Range<usize>,
    key: LevelKey,
}

#[derive(Clone, Copy, Debug)]
enum LevelKey {
    NotAsked,
    Known(Key),
    /// No filter has this text.
    Unused,
}

/// Whether a wildcard may match a level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wildcards {
    Yes,
    No,
}

impl Walk {
    /// Fills `found`. Each node is visited at most once.
    pub(super) fn run(&mut self, tree: &Tree, topic: TopicName<'_>) {
        self.levels.clear();
        self.found.clear();
        self.todo.clear();
        let name = topic.as_str().as_bytes();
        // [MQTT-4.7.2-1]: no wildcard at the first level.
        let mut wildcards = if topic.is_dollar() {
            Wildcards::No
        } else {
            Wildcards::Yes
        };
        let mut next = tree.root().map(|root| (root, 0));
        while let Some((start, mut depth)) = next {
            let mut on = Some(start);
            // Down along the texts; what goes by `+` is for later.
            while let Some(key) = on {
                on = self.visit(tree, name, key, depth, wildcards);
                wildcards = Wildcards::Yes;
                depth += 1;
            }
            next = self.todo.pop();
        }
    }

    /// Visits a node: the child with the text of the name's level.
    #[inline]
    fn visit(
        &mut self,
        tree: &Tree,
        name: &[u8],
        key: Key,
        depth: usize,
        wildcards: Wildcards,
    ) -> Option<Key> {
        let node = tree.node(key)?;
        let ends = !self.reach(name, depth);
        if wildcards == Wildcards::Yes {
            if let Some(hash) = node.hash {
                // It stands for the levels below and for the parent itself.
                self.found.push(hash);
            }
            if let (Some(plus), false) = (node.plus, ends) {
                self.todo.push((plus, depth + 1));
            }
        }
        if ends {
            if !node.subscribers.is_empty() || node.groups.is_some() {
                self.found.push(key);
            }
            return None;
        }
        self.child(tree, name, key, node, depth)
    }

    /// Whether the name has a level at this depth. Those above were reached before.
    #[inline]
    fn reach(&mut self, name: &[u8], depth: usize) -> bool {
        if depth < self.levels.len() {
            return true;
        }
        let start = self.levels.last().map_or(0, |level| level.text.end + 1);
        let Some(rest) = name.get(start..) else {
            return false;
        };
        let end = rest
            .iter()
            .position(|&byte| byte == b'/')
            .map_or(name.len(), |at| start + at);
        self.levels.push(Level {
            text: start..end,
            key: LevelKey::NotAsked,
        });
        true
    }

    /// The child of a node with the text of the name's level at this depth.
    #[inline]
    fn child(
        &mut self,
        tree: &Tree,
        name: &[u8],
        key: Key,
        node: &Node,
        depth: usize,
    ) -> Option<Key> {
        if !node.has_literals() {
            return None;
        }
        let level = self.levels.get_mut(depth)?;
        if let LevelKey::NotAsked = level.key {
            let found = tree.levels.find(&tree.state, name.get(level.text.clone())?);
            level.key = found.map_or(LevelKey::Unused, LevelKey::Known);
        }
        match level.key {
            LevelKey::Known(level) => tree.child(key, level),
            LevelKey::NotAsked | LevelKey::Unused => None,
        }
    }
}
