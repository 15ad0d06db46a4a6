use alloc::vec::Vec;

use mqtt_codec::TopicName;

use super::slab::Key;
use super::tree::Tree;

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
        self.todo.extend(tree.root().map(|root| (root, 0)));
        let mut texts = topic.levels();
        while let Some((key, depth)) = self.todo.pop() {
            let Some(node) = tree.node(key) else { continue };
            // [MQTT-4.7.2-1]: no wildcard at the first level.
            let wildcards = depth > 0 || !topic.is_dollar();
            if wildcards {
                // `#` stands for the levels below and for the parent itself.
                self.found.extend(node.hash);
            }
            if self.levels.len() == depth {
                if let Some(text) = texts.next() {
                    self.levels.push(tree.levels.find(&tree.state, text.as_bytes()));
                }
            }
            let Some(level) = self.levels.get(depth) else {
                if !node.subscribers.is_empty() || node.groups.is_some() {
                    self.found.push(key);
                }
                continue;
            };
            if wildcards {
                self.todo.extend(node.plus.map(|plus| (plus, depth + 1)));
            }
            if let Some(child) = level.and_then(|level| tree.child(key, node, level)) {
                self.todo.push((child, depth + 1));
            }
        }
    }
}
