use alloc::collections::VecDeque;
use alloc::sync::Arc;

use mqtt_codec::packet::AcknowledgementProperties;
use mqtt_codec::property::UserPropertiesBuf;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_codec::{PacketId, TextBuf};

/// PUBACKs, or PUBRECs, that have not left: each waits for all before it [MQTT-4.6.0-2] [MQTT-4.6.0-3].
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldAcknowledgements {
    queue: VecDeque<Held>,
}

#[derive(Clone, Debug)]
struct Held {
    packet_id: PacketId,
    /// `None` while the PUBLISH waits for its answer.
    answer: Option<PublishReasonCode>,
    details: Option<Arc<Details>>,
}

/// What an answer says beside its reason code. It is shared by all PUBRECs of a message.
#[derive(Debug)]
pub(crate) struct Details {
    reason_string: Option<TextBuf>,
    user_properties: UserPropertiesBuf,
}

impl Details {
    /// `None` when there are none.
    pub(crate) fn new(properties: &AcknowledgementProperties<'_>) -> Option<Arc<Self>> {
        if properties.reason_string.is_none() && properties.user_properties.is_empty() {
            return None;
        }
        Some(Arc::new(Self {
            reason_string: properties.reason_string.map(TextBuf::from),
            user_properties: properties.user_properties.into(),
        }))
    }

    pub(crate) fn borrowed(&self) -> AcknowledgementProperties<'_> {
        AcknowledgementProperties {
            reason_string: self.reason_string.as_ref().map(TextBuf::borrowed),
            user_properties: self.user_properties.borrowed(),
        }
    }
}

/// An answer that may leave now.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) packet_id: PacketId,
    pub(crate) reason: PublishReasonCode,
    pub(crate) details: Option<Arc<Details>>,
}

impl HeldAcknowledgements {
    pub(crate) const fn new() -> Self {
        Self {
            queue: VecDeque::new(),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Its answer comes later.
    pub(crate) fn hold(&mut self, packet_id: PacketId) {
        self.queue.push_back(Held {
            packet_id,
            answer: None,
            details: None,
        });
    }

    /// Has its answer, behind what waits.
    pub(crate) fn push(
        &mut self,
        packet_id: PacketId,
        answer: PublishReasonCode,
        details: Option<Arc<Details>>,
    ) {
        self.queue.push_back(Held {
            packet_id,
            answer: Some(answer),
            details,
        });
    }

    /// The answer for the oldest of that identifier which has none; false when there is none.
    pub(crate) fn answer(
        &mut self,
        packet_id: PacketId,
        answer: PublishReasonCode,
        details: Option<Arc<Details>>,
    ) -> bool {
        let waiting = self
            .queue
            .iter_mut()
            .find(|held| held.packet_id == packet_id && held.answer.is_none());
        let Some(held) = waiting else { return false };
        (held.answer, held.details) = (Some(answer), details);
        true
    }

    /// The answer for all of that identifier which have none, in one pass: a peer decides how many there are. False when
    /// there is none.
    pub(crate) fn answer_all(
        &mut self,
        packet_id: PacketId,
        answer: PublishReasonCode,
        details: Option<&Arc<Details>>,
    ) -> bool {
        let mut was_held = false;
        for held in &mut self.queue {
            if held.packet_id == packet_id && held.answer.is_none() {
                (held.answer, held.details) = (Some(answer), details.cloned());
                was_held = true;
            }
        }
        was_held
    }

    /// The first, when it has its answer.
    pub(crate) fn pop_ready(&mut self) -> Option<Ready> {
        let reason = self.queue.front()?.answer?;
        let held = self.queue.pop_front()?;
        if self.queue.is_empty() && self.queue.capacity() > KEPT_CAPACITY {
            self.queue = VecDeque::new();
        }
        Some(Ready {
            packet_id: held.packet_id,
            reason,
            details: held.details,
        })
    }
}

/// A queue that became empty keeps memory for at most so many entries.
const KEPT_CAPACITY: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_for_the_oldest_that_has_none() {
        let (first, second) = (PacketId::MIN, PacketId::MIN.next());
        let mut held = HeldAcknowledgements::new();
        held.hold(second);
        held.hold(first);
        held.hold(first);
        assert!(held.answer(first, PublishReasonCode::Success, None));
        assert!(held.answer(first, PublishReasonCode::NotAuthorized, None));
        assert!(!held.answer(first, PublishReasonCode::Success, None));
        assert!(held.pop_ready().is_none());
        assert!(held.answer(second, PublishReasonCode::Success, None));
        let mut next = || {
            held.pop_ready()
                .map(|ready| (ready.packet_id, ready.reason))
        };
        assert_eq!(next(), Some((second, PublishReasonCode::Success)));
        assert_eq!(next(), Some((first, PublishReasonCode::Success)));
        assert_eq!(next(), Some((first, PublishReasonCode::NotAuthorized)));
        assert_eq!(next(), None);
    }

    #[test]
    fn an_answer_for_all_leaves_those_alone_that_have_one() {
        let (first, second) = (PacketId::MIN, PacketId::MIN.next());
        let mut held = HeldAcknowledgements::new();
        for packet_id in [first, first, second, first] {
            held.hold(packet_id);
        }
        assert!(held.answer(first, PublishReasonCode::NotAuthorized, None));
        assert!(held.answer_all(first, PublishReasonCode::Success, None));
        assert!(!held.answer_all(first, PublishReasonCode::QuotaExceeded, None));
        let mut next = || {
            held.pop_ready()
                .map(|ready| (ready.packet_id, ready.reason))
        };
        assert_eq!(next(), Some((first, PublishReasonCode::NotAuthorized)));
        assert_eq!(next(), Some((first, PublishReasonCode::Success)));
        assert_eq!(next(), None);
    }

    #[test]
    fn the_memory_of_many_goes_when_all_have_left() {
        for (n, is_kept) in [(KEPT_CAPACITY, true), (KEPT_CAPACITY + 1, false)] {
            let mut held = HeldAcknowledgements::new();
            for _ in 0..n {
                held.hold(PacketId::MIN);
            }
            for left in (0..n).rev() {
                assert!(held.answer(PacketId::MIN, PublishReasonCode::Success, None));
                assert!(held.pop_ready().is_some());
                assert_eq!((held.len(), held.is_empty()), (left, left == 0));
            }
            assert_eq!(held.queue.capacity() > 0, is_kept);
        }
    }
}
