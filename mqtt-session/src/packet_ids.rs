use mqtt_codec::PacketId;

use crate::PacketIdSet;

/// The Packet Identifiers of one side: one pool for PUBLISH, SUBSCRIBE and UNSUBSCRIBE [MQTT-2.2.1-3] [MQTT-2.2.1-4].
///
/// They are given out in turn, so that one is used again as late as possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketIds {
    in_use: PacketIdSet,
    next: PacketId,
}

impl PacketIds {
    /// All free; the first will be 1.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            in_use: PacketIdSet::new(),
            next: PacketId::MIN,
        }
    }

    /// Takes a free one; `None` when all 65,535 are in use.
    #[inline]
    pub fn allocate(&mut self) -> Option<PacketId> {
        let id = if self.in_use.contains(self.next) {
            self.in_use.first_free(self.next)?
        } else {
            self.next
        };
        self.in_use.insert(id);
        self.next = id.next();
        Some(id)
    }

    /// Gives one back; false when it was free.
    #[inline]
    pub fn release(&mut self, id: PacketId) -> bool {
        self.in_use.remove(id)
    }

    /// Takes this one; false when it is in use. For what is restored.
    pub fn claim(&mut self, id: PacketId) -> bool {
        self.in_use.insert(id)
    }

    /// Whether it is free.
    #[must_use]
    #[inline]
    pub fn is_free(&self, id: PacketId) -> bool {
        !self.in_use.contains(id)
    }

    /// How many are in use.
    #[must_use]
    pub const fn in_use(&self) -> usize {
        self.in_use.len()
    }

    /// Where the search for the next one begins.
    pub(crate) const fn next(&self) -> PacketId {
        self.next
    }

    pub(crate) fn set_next(&mut self, next: PacketId) {
        self.next = next;
    }
}

impl Default for PacketIds {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(value: u16) -> PacketId {
        PacketId::new(value).unwrap()
    }

    #[test]
    fn are_given_out_in_turn_and_wrap_around_zero() {
        let mut ids = PacketIds::new();
        for value in 1..=u16::MAX {
            assert_eq!(ids.allocate(), Some(id(value)));
            assert!(ids.release(id(value)));
        }
        assert_eq!(ids.allocate(), Some(id(1)));
    }

    #[test]
    fn one_in_use_is_skipped_and_none_is_given_when_all_are() {
        let mut ids = PacketIds::new();
        assert!(ids.claim(id(2)) && !ids.claim(id(2)));
        assert_eq!((ids.allocate(), ids.allocate()), (Some(id(1)), Some(id(3))));
        while ids.allocate().is_some() {}
        assert_eq!(ids.in_use(), 65_535);
        assert!(ids.release(id(500)) && !ids.release(id(500)));
        assert!(ids.is_free(id(500)));
        assert_eq!(ids.allocate(), Some(id(500)));
        assert_eq!(ids.allocate(), None);
    }

    #[test]
    fn one_that_was_given_out_is_not_free() {
        let mut ids = PacketIds::new();
        assert!(ids.is_free(id(1)));
        ids.allocate();
        assert!(!ids.is_free(id(1)) && ids.is_free(id(2)));
    }
}
