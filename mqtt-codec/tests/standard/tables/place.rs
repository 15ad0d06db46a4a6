//! Where properties stand: the packets, and the Will in CONNECT.

use super::{framed, sized};
use mqtt_codec::PacketType;

/// A packet, or the Will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Connect,
    Will,
    Connack,
    Publish,
    Puback,
    Pubrec,
    Pubrel,
    Pubcomp,
    Subscribe,
    Suback,
    Unsubscribe,
    Unsuback,
    Pingreq,
    Pingresp,
    Disconnect,
    Auth,
}

/// Who sends something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Client,
    Server,
    Both,
}

impl Sender {
    pub(crate) fn includes(self, side: Self) -> bool {
        self == Self::Both || self == side
    }
}

impl Place {
    pub(crate) const ALL: [Self; 16] = [
        Self::Connect,
        Self::Will,
        Self::Connack,
        Self::Publish,
        Self::Puback,
        Self::Pubrec,
        Self::Pubrel,
        Self::Pubcomp,
        Self::Subscribe,
        Self::Suback,
        Self::Unsubscribe,
        Self::Unsuback,
        Self::Pingreq,
        Self::Pingresp,
        Self::Disconnect,
        Self::Auth,
    ];

    /// Of its name in the tables.
    pub(super) fn named(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|place| place.name() == name)
            .unwrap_or_else(|| panic!("no packet: {name}"))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Will => "Will",
            other => other.packet_type().name(),
        }
    }

    pub(crate) fn packet_type(self) -> PacketType {
        match self {
            Self::Connect | Self::Will => PacketType::Connect,
            Self::Connack => PacketType::Connack,
            Self::Publish => PacketType::Publish,
            Self::Puback => PacketType::Puback,
            Self::Pubrec => PacketType::Pubrec,
            Self::Pubrel => PacketType::Pubrel,
            Self::Pubcomp => PacketType::Pubcomp,
            Self::Subscribe => PacketType::Subscribe,
            Self::Suback => PacketType::Suback,
            Self::Unsubscribe => PacketType::Unsubscribe,
            Self::Unsuback => PacketType::Unsuback,
            Self::Pingreq => PacketType::Pingreq,
            Self::Pingresp => PacketType::Pingresp,
            Self::Disconnect => PacketType::Disconnect,
            Self::Auth => PacketType::Auth,
        }
    }

    /// Who sends the packet.
    pub(crate) fn sender(self) -> Sender {
        match self {
            Self::Connect | Self::Will | Self::Subscribe | Self::Unsubscribe | Self::Pingreq => {
                Sender::Client
            }
            Self::Connack | Self::Suback | Self::Unsuback | Self::Pingresp => Sender::Server,
            Self::Publish
            | Self::Puback
            | Self::Pubrec
            | Self::Pubrel
            | Self::Pubcomp
            | Self::Disconnect
            | Self::Auth => Sender::Both,
        }
    }

    /// Whether the packet has properties at all.
    pub(crate) fn has_properties(self) -> bool {
        !matches!(self, Self::Pingreq | Self::Pingresp)
    }

    /// The packet with these properties. Its Packet Identifier is 1, its topic `a`, its Client Identifier `c`.
    pub(crate) fn packet(self, properties: &[u8]) -> Vec<u8> {
        self.packet_with(&sized(properties))
    }

    /// The packet with these bytes for Property Length and properties.
    pub(crate) fn packet_with(self, block: &[u8]) -> Vec<u8> {
        let (first, before, after) = self.parts();
        framed(first, &[before, block, after].concat())
    }

    /// Where in the packet a property block begins that is shorter than 100 bytes: behind the Property Length.
    pub(crate) fn begin(self) -> u32 {
        let (_, before, _) = self.parts();
        u32::try_from(2 + before.len() + 1).unwrap()
    }

    /// The first byte, and what stands around the properties.
    fn parts(self) -> (u8, &'static [u8], &'static [u8]) {
        match self {
            Self::Connect => (0x10, b"\0\x04MQTT\x05\x02\0\x3C", b"\0\x01c"),
            Self::Will => (
                0x10,
                b"\0\x04MQTT\x05\x06\0\x3C\0\0\x01c",
                b"\0\x01w\0\x01x",
            ),
            Self::Connack => (0x20, b"\0\0", b""),
            Self::Publish => (0x30, b"\0\x01a", b"hi"),
            Self::Puback => (0x40, b"\0\x01\0", b""),
            Self::Pubrec => (0x50, b"\0\x01\0", b""),
            Self::Pubrel => (0x62, b"\0\x01\0", b""),
            Self::Pubcomp => (0x70, b"\0\x01\0", b""),
            Self::Subscribe => (0x82, b"\0\x01", b"\0\x01a\0"),
            Self::Suback => (0x90, b"\0\x01", b"\0"),
            Self::Unsubscribe => (0xA2, b"\0\x01", b"\0\x01a"),
            Self::Unsuback => (0xB0, b"\0\x01", b"\0"),
            Self::Pingreq => (0xC0, b"", b""),
            Self::Pingresp => (0xD0, b"", b""),
            Self::Disconnect => (0xE0, b"\0", b""),
            Self::Auth => (0xF0, b"\x18", b""),
        }
    }
}
