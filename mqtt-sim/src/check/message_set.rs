use alloc::vec::Vec;

use crate::messages::MessageNumber;

/// Some of the messages of a world: a bit for each.
#[derive(Clone, Debug, Default)]
pub(super) struct MessageSet(Vec<u64>);

impl MessageSet {
    /// Whether it was not in it yet.
    pub(super) fn insert(&mut self, message: MessageNumber) -> bool {
        let (word, bit) = place(message);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let Some(bits) = self.0.get_mut(word) else {
            return false;
        };
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }

    /// Whether it was in it.
    pub(super) fn remove(&mut self, message: MessageNumber) -> bool {
        let (word, bit) = place(message);
        let Some(bits) = self.0.get_mut(word) else {
            return false;
        };
        let was_in = *bits & bit != 0;
        *bits &= !bit;
        was_in
    }

    pub(super) fn contains(&self, message: MessageNumber) -> bool {
        let (word, bit) = place(message);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

const fn place(message: MessageNumber) -> (usize, u64) {
    (message.index() / 64, 1 << (message.index() % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::stage::Stage;

    #[test]
    fn a_set_has_what_was_put_into_it() {
        let mut stage = Stage::default();
        let messages: Vec<_> = (0..130)
            .map(|_| stage.message(0, mqtt_codec::QoS::AtMostOnce))
            .collect();
        let (mut set, far) = (MessageSet::default(), messages[129]);
        assert!(!set.contains(far) && !set.remove(far));
        assert!(set.insert(far) && !set.insert(far));
        assert!(set.insert(messages[64]) && set.contains(far) && !set.contains(messages[65]));
        assert!(set.remove(far) && !set.remove(far) && !set.contains(far));
        set.clear();
        assert!(!set.contains(messages[64]));
    }
}
