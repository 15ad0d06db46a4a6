//! The packets, one struct each for all versions. What a version does not have is left out when it is encoded and has its
//! default when it is decoded.

mod acknowledgement;
mod auth;
mod connack;
mod connect;
mod disconnect;
mod publish;
mod publish_properties;
#[cfg(feature = "alloc")]
mod publish_properties_buf;
mod suback;
mod subscribe;
mod subscriptions;
mod unsuback;
mod unsubscribe;
mod will;
#[cfg(feature = "alloc")]
mod will_buf;

pub use acknowledgement::{AcknowledgementProperties, Puback, Pubcomp, Pubrec, Pubrel};
pub use auth::{Auth, AuthProperties};
pub use connack::{Connack, ConnackProperties};
pub use connect::{Connect, ConnectProperties};
pub use disconnect::{Disconnect, DisconnectProperties};
pub(crate) use publish::PublishHead;
pub use publish::{DUP_FLAG, Delivery, Publish, PublishOffsets, PublishTopic};
pub use publish_properties::PublishProperties;
#[cfg(feature = "alloc")]
pub use publish_properties_buf::PublishPropertiesBuf;
pub use suback::{Suback, SubscribeReasonCodes, SubscribeReasonCodesIter};
pub use subscribe::{Subscribe, SubscribeProperties};
pub use subscriptions::{
    RetainHandling, Subscription, SubscriptionOptions, Subscriptions, SubscriptionsIter,
};
pub use unsuback::{Unsuback, UnsubscribeReasonCodes, UnsubscribeReasonCodesIter};
pub use unsubscribe::{TopicFilters, TopicFiltersIter, Unsubscribe};
pub use will::{Will, WillProperties};
#[cfg(feature = "alloc")]
pub use will_buf::WillBuf;

use crate::Version;
use crate::encode::{self, Layout, PropertyLengths};
use crate::output::Output;

/// A Control Packet. Standard: MQTT 5.0 §3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The client asks for a connection.
    Connect(Connect<'a>),
    /// The server answers CONNECT.
    Connack(Connack<'a>),
    /// An Application Message.
    Publish(Publish<'a>),
    /// QoS 1: received.
    Puback(Puback<'a>),
    /// QoS 2: received, the first step.
    Pubrec(Pubrec<'a>),
    /// QoS 2: released, the second step.
    Pubrel(Pubrel<'a>),
    /// QoS 2: complete, the third step.
    Pubcomp(Pubcomp<'a>),
    /// The client subscribes.
    Subscribe(Subscribe<'a>),
    /// The server answers SUBSCRIBE.
    Suback(Suback<'a>),
    /// The client unsubscribes.
    Unsubscribe(Unsubscribe<'a>),
    /// The server answers UNSUBSCRIBE.
    Unsuback(Unsuback<'a>),
    /// The client shows that it is there.
    Pingreq,
    /// The server shows that it is there.
    Pingresp,
    /// The last packet of a connection.
    Disconnect(Disconnect<'a>),
    /// A step of the enhanced authentication; 5.0 only.
    Auth(Auth<'a>),
}

/// The type in the first byte of a packet. Standard: MQTT 5.0 §2.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "`Packet` says what each is")]
pub enum PacketType {
    Connect = 1,
    Connack = 2,
    Publish = 3,
    Puback = 4,
    Pubrec = 5,
    Pubrel = 6,
    Pubcomp = 7,
    Subscribe = 8,
    Suback = 9,
    Unsubscribe = 10,
    Unsuback = 11,
    Pingreq = 12,
    Pingresp = 13,
    Disconnect = 14,
    Auth = 15,
}

impl PacketType {
    /// The type of a first byte's high four bits; `None` for 0.
    #[must_use]
    #[inline]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            1 => Self::Connect,
            2 => Self::Connack,
            3 => Self::Publish,
            4 => Self::Puback,
            5 => Self::Pubrec,
            6 => Self::Pubrel,
            7 => Self::Pubcomp,
            8 => Self::Subscribe,
            9 => Self::Suback,
            10 => Self::Unsubscribe,
            11 => Self::Unsuback,
            12 => Self::Pingreq,
            13 => Self::Pingresp,
            14 => Self::Disconnect,
            15 => Self::Auth,
            _ => return None,
        })
    }

    /// The high four bits of the first byte.
    #[must_use]
    #[inline]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// The low four bits that the first byte must have, but for PUBLISH. Standard: MQTT 5.0 §2.1.3.
    #[inline]
    pub(crate) const fn reserved_flags(self) -> u8 {
        match self {
            Self::Pubrel | Self::Subscribe | Self::Unsubscribe => 2,
            Self::Connect
            | Self::Connack
            | Self::Publish
            | Self::Puback
            | Self::Pubrec
            | Self::Pubcomp
            | Self::Suback
            | Self::Unsuback
            | Self::Pingreq
            | Self::Pingresp
            | Self::Disconnect
            | Self::Auth => 0,
        }
    }

    /// The name in the standard, such as `PUBLISH`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Connack => "CONNACK",
            Self::Publish => "PUBLISH",
            Self::Puback => "PUBACK",
            Self::Pubrec => "PUBREC",
            Self::Pubrel => "PUBREL",
            Self::Pubcomp => "PUBCOMP",
            Self::Subscribe => "SUBSCRIBE",
            Self::Suback => "SUBACK",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Unsuback => "UNSUBACK",
            Self::Pingreq => "PINGREQ",
            Self::Pingresp => "PINGRESP",
            Self::Disconnect => "DISCONNECT",
            Self::Auth => "AUTH",
        }
    }
}

impl core::fmt::Display for PacketType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

/// Calls a method of whatever packet it is; PINGREQ and PINGRESP have a first byte and nothing else.
macro_rules! each {
    ($packet:expr, $inner:ident => $call:expr, $ping:expr) => {
        match $packet {
            Packet::Connect($inner) => $call,
            Packet::Connack($inner) => $call,
            Packet::Publish($inner) => $call,
            Packet::Puback($inner) => $call,
            Packet::Pubrec($inner) => $call,
            Packet::Pubrel($inner) => $call,
            Packet::Pubcomp($inner) => $call,
            Packet::Subscribe($inner) => $call,
            Packet::Suback($inner) => $call,
            Packet::Unsubscribe($inner) => $call,
            Packet::Unsuback($inner) => $call,
            Packet::Pingreq => $ping(Empty(0xC0)),
            Packet::Pingresp => $ping(Empty(0xD0)),
            Packet::Disconnect($inner) => $call,
            Packet::Auth($inner) => $call,
        }
    };
}

impl Packet<'_> {
    /// Its type.
    #[must_use]
    #[inline]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::Connect,
            Self::Connack(_) => PacketType::Connack,
            Self::Publish(_) => PacketType::Publish,
            Self::Puback(_) => PacketType::Puback,
            Self::Pubrec(_) => PacketType::Pubrec,
            Self::Pubrel(_) => PacketType::Pubrel,
            Self::Pubcomp(_) => PacketType::Pubcomp,
            Self::Subscribe(_) => PacketType::Subscribe,
            Self::Suback(_) => PacketType::Suback,
            Self::Unsubscribe(_) => PacketType::Unsubscribe,
            Self::Unsuback(_) => PacketType::Unsuback,
            Self::Pingreq => PacketType::Pingreq,
            Self::Pingresp => PacketType::Pingresp,
            Self::Disconnect(_) => PacketType::Disconnect,
            Self::Auth(_) => PacketType::Auth,
        }
    }

    /// The bytes of the encoded packet.
    ///
    /// `None` when `version` cannot say it: above 268,435,455 bytes of Remaining Length, or a packet that the version does
    /// not have (see the packets).
    #[must_use]
    pub fn encoded_len(&self, version: Version) -> Option<usize> {
        each!(self, packet => packet.encoded_len(version), |ping| encode::encoded_len(&ping, version))
    }

    /// Writes the packet to the front of `out` and returns its length.
    ///
    /// Cannot fail when `out` has the bytes that [`encoded_len`](Self::encoded_len) asks for; otherwise it writes nothing
    /// and returns 0.
    pub fn encode(&self, version: Version, out: &mut [u8]) -> usize {
        each!(self, packet => packet.encode(version, out), |ping| encode::encode(&ping, version, out))
    }

    /// Puts the packet behind what `out` holds and returns its length; `None`, and nothing is put, when
    /// [`encoded_len`](Self::encoded_len) is `None` or `out` has no room for it.
    #[cfg(feature = "bytes")]
    #[cfg_attr(docsrs, doc(cfg(feature = "bytes")))]
    pub fn put(&self, version: Version, out: &mut impl bytes::BufMut) -> Option<usize> {
        each!(self, packet => packet.put(version, out), |ping| encode::put(&ping, version, out))
    }
}

/// A packet that is a fixed header alone, by its first byte.
struct Empty(u8);

impl Layout for Empty {
    fn first_byte(&self) -> u8 {
        self.0
    }

    fn body<O: Output>(&self, _: Version, _: PropertyLengths, _: &mut O) {}
}

/// Makes each packet a [`Packet`].
macro_rules! into_packet {
    ($($packet:ident)+) => {
        $(impl<'a> From<$packet<'a>> for Packet<'a> {
            fn from(packet: $packet<'a>) -> Self {
                Self::$packet(packet)
            }
        })+
    };
}

into_packet! {
    Connect Connack Publish Puback Pubrec Pubrel Pubcomp Subscribe Suback Unsubscribe Unsuback Disconnect Auth
}
