use alloc::vec::Vec;

use hashbrown::HashTable;
use mqtt_codec::TopicFilter;

use super::keyed_state::KeyedState;
use super::levels::Levels;
use super::slab::{Key, Slab};
use super::subscribers::Subscribers;

/// The tree of the Topic Filters that somebody is subscribed to: a node for each level, with the filters that begin
/// alike sharing nodes.
///
/// The nodes lie in one slab. A node finds a child by its level with one look into a table of all nodes.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) state: KeyedState,
    pub(super) levels: Levels,
    nodes: Slab<Node>,
    /// The nodes with a text, by parent and level.
    table: HashTable<Key>,
    root: Option<Key>,
    /// What the lists of subscribers take on the heap.
    heap: usize,
}

/// A Topic Filter, or the beginning of one.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// None for the root.
    parent: Option<Key>,
    /// None for the root and for wildcards; the parent knows which.
    level: Option<Key>,
    /// The child `+`.
    pub(super) plus: Option<Key>,
    /// The child `#`; it has no children.
    pub(super) hash: Option<Key>,
    /// How many children with a text there are.
    literals: u32,
    /// The first of the shared groups.
    pub(super) groups: Option<Key>,
    /// Who is subscribed to exactly this filter.
    pub(super) subscribers: Subscribers,
}

impl Node {
    /// Whether it has children with a text.
    #[inline]
    pub(super) const fn has_literals(&self) -> bool {
        self.literals > 0
    }

    /// Whether nobody needs it.
    fn is_unused(&self) -> bool {
        self.subscribers.is_empty()
            && self.groups.is_none()
            && self.literals == 0
            && self.plus.is_none()
            && self.hash.is_none()
    }
}

impl Tree {
    /// Without filters.
    pub(super) const fn new(state: KeyedState) -> Self {
        Self {
            state,
            levels: Levels::new(),
            nodes: Slab::new(),
            table: HashTable::new(),
            root: None,
            heap: 0,
        }
    }

    /// The node above all filters; none while there are no filters.
    pub(super) const fn root(&self) -> Option<Key> {
        self.root
    }

    /// What it takes on the heap, about.
    pub(super) const fn bytes(&self) -> usize {
        self.levels.bytes() + self.nodes.len() * COST + self.heap
    }

    /// A node.
    #[inline]
    pub(super) fn node(&self, key: Key) -> Option<&Node> {
        self.nodes.get(key)
    }

    /// The child of a node with this text.
    #[inline]
    pub(super) fn child(&self, parent: Key, level: Key) -> Option<Key> {
        let same = |key: &Key| {
            self.nodes
                .get(*key)
                .is_some_and(|child| child.parent == Some(parent) && child.level == Some(level))
        };
        self.table
            .find(self.state.hash_pair(parent.get(), level.get()), same)
            .copied()
    }

    /// The node of a filter that is not shared.
    pub(super) fn find(&self, filter: TopicFilter<'_>) -> Option<Key> {
        let mut key = self.root?;
        for level in filter.levels() {
            let node = self.nodes.get(key)?;
            key = match level {
                "+" => node.plus?,
                "#" => node.hash?,
                text => self.child(key, self.levels.find(&self.state, text.as_bytes())?)?,
            };
        }
        Some(key)
    }

    /// The node of a filter that is not shared, made if need be. `None` when no more nodes can be kept; the caller
    /// then prunes nothing, as nodes were made from the root on and the last one stays reachable.
    pub(super) fn insert(&mut self, filter: TopicFilter<'_>) -> Option<Key> {
        let mut key = match self.root {
            Some(root) => root,
            None => *self.root.insert(self.nodes.insert(Node::default())?),
        };
        for level in filter.levels() {
            key = match level {
                "+" => self.insert_plus(key)?,
                "#" => self.insert_hash(key)?,
                text => self.insert_literal(key, text.as_bytes())?,
            };
        }
        Some(key)
    }

    fn insert_plus(&mut self, parent: Key) -> Option<Key> {
        if let Some(child) = self.nodes.get(parent)?.plus {
            return Some(child);
        }
        let child = self.nodes.insert(Node {
            parent: Some(parent),
            ..Node::default()
        })?;
        self.nodes.get_mut(parent)?.plus = Some(child);
        Some(child)
    }

    fn insert_hash(&mut self, parent: Key) -> Option<Key> {
        if let Some(child) = self.nodes.get(parent)?.hash {
            return Some(child);
        }
        let child = self.nodes.insert(Node {
            parent: Some(parent),
            ..Node::default()
        })?;
        self.nodes.get_mut(parent)?.hash = Some(child);
        Some(child)
    }

    fn insert_literal(&mut self, parent: Key, text: &[u8]) -> Option<Key> {
        let known = self.levels.find(&self.state, text);
        if let Some(child) = known.and_then(|level| self.child(parent, level)) {
            return Some(child);
        }
        let level = self.levels.acquire(&self.state, text)?;
        let child = self.nodes.insert(Node {
            parent: Some(parent),
            level: Some(level),
            ..Node::default()
        })?;
        self.nodes.get_mut(parent)?.literals += 1;
        let Self {
            nodes,
            table,
            state,
            ..
        } = self;
        table.insert_unique(state.hash_pair(parent.get(), level.get()), child, |key| {
            hash_of(state, nodes, *key)
        });
        Some(child)
    }

    /// Changes who is subscribed at a node, and counts what that takes.
    pub(super) fn change_subscribers<R>(
        &mut self,
        key: Key,
        change: impl FnOnce(&mut Subscribers) -> R,
    ) -> Option<R> {
        let subscribers = &mut self.nodes.get_mut(key)?.subscribers;
        self.heap -= subscribers.bytes();
        let result = change(subscribers);
        self.heap += subscribers.bytes();
        Some(result)
    }

    /// Sets the first of the shared groups at a node.
    pub(super) fn set_groups(&mut self, key: Key, groups: Option<Key>) {
        if let Some(node) = self.nodes.get_mut(key) {
            node.groups = groups;
        }
    }

    /// Removes a node if nobody needs it, and then those above it that nobody needs.
    pub(super) fn prune(&mut self, key: Key) {
        let mut next = Some(key);
        while let Some(key) = next {
            let Some(node) = self.nodes.get(key).filter(|node| node.is_unused()) else {
                return;
            };
            let (parent, level) = (node.parent, node.level);
            self.nodes.remove(key);
            match parent {
                Some(parent) => self.unlink(parent, level, key),
                None => {
                    self.root = None;
                    self.table = HashTable::new();
                }
            }
            next = parent;
        }
    }

    /// Takes a removed child out of what leads to it.
    fn unlink(&mut self, parent: Key, level: Option<Key>, child: Key) {
        if let Some(level) = level {
            let hash = self.state.hash_pair(parent.get(), level.get());
            if let Ok(entry) = self.table.find_entry(hash, |key| *key == child) {
                entry.remove();
            }
            self.levels.release(&self.state, level);
        }
        let Some(node) = self.nodes.get_mut(parent) else {
            return;
        };
        match level {
            Some(_) => node.literals -= 1,
            None if node.plus == Some(child) => node.plus = None,
            None => node.hash = None,
        }
    }

    /// The filter of a node, as it was written.
    pub(super) fn text(&self, key: Key) -> Option<Vec<u8>> {
        let mut levels: Vec<&[u8]> = Vec::new();
        let mut key = key;
        loop {
            let node = self.nodes.get(key)?;
            let Some(parent) = node.parent else { break };
            levels.push(match node.level {
                Some(level) => self.levels.text(level),
                None if self.nodes.get(parent)?.plus == Some(key) => b"+",
                None => b"#",
            });
            key = parent;
        }
        levels.reverse();
        Some(levels.join(&b'/'))
    }
}

#[cfg(test)]
impl Tree {
    /// How many nodes there are.
    pub(super) const fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn table_len(&self) -> usize {
        self.table.len()
    }

    /// As [`bytes`](Self::bytes), counted anew.
    pub(super) fn counted_bytes(&self) -> usize {
        let lists: usize = self
            .nodes
            .values()
            .map(|node| node.subscribers.bytes())
            .sum();
        self.levels.bytes() + self.nodes.len() * COST + lists
    }
}

fn hash_of(state: &KeyedState, nodes: &Slab<Node>, key: Key) -> u64 {
    let levels = nodes.get(key).and_then(|node| node.parent.zip(node.level));
    levels.map_or(0, |(parent, level)| {
        state.hash_pair(parent.get(), level.get())
    })
}

/// Of a node: its place in the slab and in the table, which is not quite full.
const COST: usize = size_of::<Node>() + 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::new(KeyedState::new([3; 16]))
    }

    fn filter(text: &str) -> TopicFilter<'_> {
        TopicFilter::new(text).unwrap()
    }

    #[test]
    fn filters_come_out_as_they_were_put_in() {
        let mut tree = tree();
        for text in [
            "a", "a/b", "/", "//", "+", "#", "+/+/#", "/+", "a/+/b/#", "a/", "/a", "$SYS/#",
            "a//b", "\u{e9}/x",
        ] {
            let key = tree.insert(filter(text)).unwrap();
            assert_eq!(tree.text(key).unwrap(), text.as_bytes());
            assert_eq!(tree.find(filter(text)), Some(key));
            assert_eq!(tree.insert(filter(text)), Some(key));
        }
    }

    #[test]
    fn pruning_stops_at_what_is_needed() {
        let mut tree = tree();
        let long = tree.insert(filter("a/b/+/d/#")).unwrap();
        let short = tree.insert(filter("a/b")).unwrap();
        tree.set_groups(short, Some(long));
        tree.prune(long);
        assert_eq!(
            (tree.find(filter("a/b")), tree.find(filter("a/b/+"))),
            (Some(short), None)
        );
        assert_eq!((tree.len(), tree.levels.len(), tree.table.len()), (3, 2, 2));
        tree.set_groups(short, None);
        tree.prune(short);
        assert_eq!(
            (
                tree.len(),
                tree.levels.len(),
                tree.table.len(),
                tree.bytes()
            ),
            (0, 0, 0, 0)
        );
    }

    #[test]
    fn a_node_fits_a_cache_line() {
        assert_eq!(size_of::<Node>(), 48);
    }

    /// The lists double, and this is just before they do.
    #[test]
    fn what_is_counted_for_a_node_is_about_what_it_takes() {
        let mut tree = tree();
        for number in 0..895 {
            tree.insert(filter(&alloc::format!("{number}"))).unwrap();
        }
        let counted = tree.bytes() - tree.levels.bytes();
        let taken = tree.nodes.allocation_size() + tree.table.allocation_size();
        assert!(counted.abs_diff(taken) < taken / 8, "{counted} of {taken}");
    }
}
