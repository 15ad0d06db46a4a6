use alloc::vec::Vec;

use mqtt_codec::TopicName;

use super::slab::Key;
use super::tree::{Node, Tree};

/// Finds the nodes whose filters match a Topic Name. Its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The levels of the name as far as they were needed; none for a text that no filter has.
    levels: Vec<Option<Key>>,
    /// Nodes that are still to be visited, with their depth.
    todo: Vec<(Key, usize)>,
    /// What matches and has subscribers or groups.
    pub(super) found: Vec<Key>,
}

impl Walk {
    /// Fills `found`.
    pub(super) fn run(&mut self, tree: &Tree, topic: TopicName<'_>) {
        self.levels.clear();
        self.found.clear();
        self.todo.clear();
        let mut rest = Some(topic.as_str().as_bytes());
        let Some(root) = tree.root() else { return };
        // [MQTT-4.7.2-1]: no wildcard at the first level.
        let mut wildcards = !topic.is_dollar();
        let mut next = Some((root, 0));
        while let Some((key, depth)) = next.or_else(|| self.todo.pop()) {
            next = None;
            let Some(node) = tree.node(key) else { continue };
            if let Some(hash) = node.hash.filter(|_| wildcards) {
                // It stands for the levels below and for the parent itself.
                self.found.push(hash);
            }
            if self.levels.len() == depth {
                if let Some(level) = next_level(&mut rest) {
                    self.levels.push(tree.levels.find(&tree.state, level));
                }
            }
            let Some(level) = self.levels.get(depth) else {
                self.found_at(key, node);
                continue;
            };
            if let Some(plus) = node.plus.filter(|_| wildcards) {
                self.todo.push((plus, depth + 1));
            }
            next = level.and_then(|level| tree.child(key, node, level)).map(|child| (child, depth + 1));
            wildcards = true;
        }
    }

    /// The name ends at a node.
    #[inline]
    fn found_at(&mut self, key: Key, node: &Node) {
        if !node.subscribers.is_empty() || node.groups.is_some() {
            self.found.push(key);
        }
    }
}

/// Takes the next level from the front; none behind the last one.
#[inline]
fn next_level<'a>(rest: &mut Option<&'a [u8]>) -> Option<&'a [u8]> {
    let text = (*rest)?;
    let (level, behind) = match text.iter().position(|&byte| byte == b'/') {
        Some(end) => (text.get(..end)?, text.get(end + 1..)),
        None => (text, None),
    };
    *rest = behind;
    Some(level)
}
