use alloc::vec::Vec;

use bytes::Bytes;
use mqtt_codec::QoS;
use mqtt_codec::property::PayloadFormat;
use mqtt_session::Instant;

use crate::names::Topic;

/// Names a message of a world: its payload begins with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageNumber(u32);

impl MessageNumber {
    /// From 0, in the order in which the messages were made.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// A payload that begins with the number; at least [`PAYLOAD_BYTES`](Self::PAYLOAD_BYTES).
    #[must_use]
    pub fn payload(self, bytes: usize) -> Bytes {
        let mut payload = Vec::with_capacity(bytes.max(Self::PAYLOAD_BYTES));
        payload.extend_from_slice(&self.0.to_be_bytes());
        payload.extend_from_slice(&check(self.0).to_be_bytes());
        payload.resize(bytes.max(Self::PAYLOAD_BYTES), b'.');
        payload.into()
    }

    /// The message of a payload; `None` for one that was not made by [`payload`](Self::payload).
    #[must_use]
    pub fn of(payload: &[u8]) -> Option<Self> {
        let (number, rest) = payload.split_first_chunk::<4>()?;
        let number = u32::from_be_bytes(*number);
        let is_ours = *rest.first_chunk::<4>()? == check(number).to_be_bytes();
        is_ours.then_some(Self(number))
    }

    /// The Payload Format Indicator with which clients of 5.0 publish it: some have one.
    #[must_use]
    pub const fn format(self) -> Option<PayloadFormat> {
        match self.0 % 3 {
            0 => Some(PayloadFormat::Unspecified),
            _ => None,
        }
    }

    /// The smallest payload.
    pub const PAYLOAD_BYTES: usize = 8;
}

/// Tells our payloads from any others.
const fn check(number: u32) -> u32 {
    number.wrapping_mul(0x9E37_79B1) ^ 0x6D71_7474
}

/// Who had a message published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The application of a client.
    Application,
    /// The broker, as the will of a client.
    Will,
}

/// A message that a client has published, or has left as its will.
#[derive(Clone, Copy, Debug)]
pub struct PublishedMessage {
    /// Which client.
    pub client: usize,
    /// By whom.
    pub origin: Origin,
    /// Where.
    pub topic: Topic,
    /// With which assurance.
    pub qos: QoS,
    /// The RETAIN flag.
    pub retain: bool,
    /// Its lifetime in seconds.
    pub expiry: Option<u32>,
    /// The bytes of its payload.
    pub bytes: usize,
    /// When the client published it; of a will, when it connected.
    pub at: Instant,
}

/// All messages of a world.
#[derive(Clone, Debug, Default)]
pub struct Messages(Vec<PublishedMessage>);

impl Messages {
    /// Adds one.
    pub fn add(&mut self, message: PublishedMessage) -> MessageNumber {
        let number = MessageNumber(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(message);
        number
    }

    /// Takes the last one back: it was not published.
    pub fn take_back(&mut self, number: MessageNumber) {
        if number.index() + 1 == self.0.len() {
            self.0.pop();
        }
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, number: MessageNumber) -> Option<&PublishedMessage> {
        self.0.get(number.index())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_says_which_message_it_is() {
        for number in [0, 1, 77_000, u32::MAX] {
            let number = MessageNumber(number);
            for bytes in [0, 8, 100] {
                let payload = number.payload(bytes);
                assert_eq!(payload.len(), bytes.max(8));
                assert_eq!(MessageNumber::of(&payload), Some(number));
            }
        }
        assert_eq!(MessageNumber::of(b"another.payload"), None);
        assert_eq!(MessageNumber::of(b"short"), None);
    }
}
