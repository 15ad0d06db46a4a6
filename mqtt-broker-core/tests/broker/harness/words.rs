//! Packets in a few words.

use mqtt_codec::packet::Delivery;
use mqtt_codec::{Packet, Version};

use super::{Item, Outcome, decoded};

impl Outcome {
    /// The packets, each in a few words; anything else that was seen fails the test.
    pub fn words(&self) -> Vec<String> {
        assert_eq!(self.packets().len(), self.items.len());
        self.sent_words()
    }

    /// The packets in words, whatever else was seen.
    pub fn sent_words(&self) -> Vec<String> {
        let packet = |item: &Item| match item {
            Item::Packet(bytes) => Some(short(self.version, bytes)),
            Item::Closed(_) | Item::Paused | Item::Resumed => None,
        };
        self.items.iter().filter_map(packet).collect()
    }
}

/// A packet in a few words.
pub(super) fn short(version: Version, bytes: &[u8]) -> String {
    match decoded(version, bytes) {
        Packet::Publish(publish) => {
            let payload = String::from_utf8_lossy(publish.payload);
            match publish.delivery {
                Delivery::AtMostOnce => format!("PUBLISH {payload}"),
                Delivery::AtLeastOnce { packet_id, dup }
                | Delivery::ExactlyOnce { packet_id, dup } => {
                    let again = if dup { " again" } else { "" };
                    format!("PUBLISH {packet_id} {payload}{again}")
                }
            }
        }
        Packet::Puback(it) => with_code("PUBACK", it.packet_id.get(), it.reason_code.byte()),
        Packet::Pubrec(it) => with_code("PUBREC", it.packet_id.get(), it.reason_code.byte()),
        Packet::Pubrel(it) => with_code("PUBREL", it.packet_id.get(), it.reason_code.byte()),
        Packet::Pubcomp(it) => with_code("PUBCOMP", it.packet_id.get(), it.reason_code.byte()),
        other => format!("{:?}", other.packet_type()).to_uppercase(),
    }
}

fn with_code(name: &str, packet_id: u16, code: u8) -> String {
    match code {
        0 => format!("{name} {packet_id}"),
        code => format!("{name} {packet_id} {code:#04x}"),
    }
}
