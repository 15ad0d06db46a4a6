use core::num::NonZeroU32;

use super::slab::Key;

/// The dense key of a session in its broker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct SessionKey(pub(crate) u32);

/// Names a shared group, that is a ShareName with a Topic Filter, for as long as it has members.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct GroupKey(pub(super) Key);

/// Names a Topic Filter, with its ShareName if it is shared, for as long as somebody is subscribed to it.
///
/// Four bytes, also as an `Option`: a session keeps a list of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct FilterKey(NonZeroU32);

/// What a [`FilterKey`] names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    /// A node of the tree.
    Node(Key),
    /// A shared group.
    Group(GroupKey),
}

impl FilterKey {
    /// The lowest bit tells the two apart; a key has room for it.
    pub(super) const fn new(named: Named) -> Self {
        match named {
            Named::Node(Key(key)) | Named::Group(GroupKey(Key(key))) => {
                let group = matches!(named, Named::Group(_)) as u32;
                Self(NonZeroU32::MIN.saturating_add((key.get() << 1) + group - 1))
            }
        }
    }

    /// `None` for no key that was ever given out.
    pub(super) fn named(self) -> Option<Named> {
        let key = Key(NonZeroU32::new(self.0.get() >> 1)?);
        Some(if self.0.get() & 1 == 0 {
            Named::Node(key)
        } else {
            Named::Group(GroupKey(key))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_key_is_four_bytes_and_tells_nodes_from_groups() {
        assert_eq!(size_of::<Option<FilterKey>>(), 4);
        for number in [1, 2, 77, Key::MAX] {
            let key = Key(NonZeroU32::new(number).unwrap());
            for named in [Named::Node(key), Named::Group(GroupKey(key))] {
                assert_eq!(FilterKey::new(named).named(), Some(named));
            }
        }
    }
}
