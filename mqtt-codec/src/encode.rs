#[cfg(feature = "bytes")]
use crate::output::Buffer;
use crate::output::{Length, Output, Slice};
use crate::{QoS, Version, variable_byte_integer};

/// The layout of a packet, said once: its length and its bytes come from the same function.
pub(crate) trait Layout {
    /// Whether this version can say it; most packets can be said in each.
    #[inline]
    fn exists_in(&self, _: Version) -> bool {
        true
    }

    /// The version in which it is encoded: the connection's, but for CONNECT, which has its own.
    #[inline(always)]
    fn version(&self, connection: Version) -> Version {
        connection
    }

    /// The first byte of the fixed header.
    fn first_byte(&self) -> u8;

    /// What the Property Lengths say in 5.0. They are asked for once and handed to [`body`](Self::body).
    #[inline]
    fn property_lengths(&self) -> PropertyLengths {
        PropertyLengths::default()
    }

    /// What follows the fixed header, but for the payload.
    fn body<O: Output>(&self, version: Version, lengths: PropertyLengths, out: &mut O);

    /// What follows the body and is not looked into.
    #[inline]
    fn payload(&self) -> &[u8] {
        &[]
    }
}

const MAX: u64 = variable_byte_integer::MAX as u64;

/// Zero in 3.x, and for packets without properties.
#[derive(Clone, Copy, Default)]
pub(crate) struct PropertyLengths {
    pub(crate) properties: u32,
    /// CONNECT only.
    pub(crate) will_properties: u32,
}

/// The lengths of one packet.
#[derive(Clone, Copy)]
pub(crate) struct Lengths {
    pub(crate) properties: PropertyLengths,
    /// The Remaining Length.
    pub(crate) remaining: u32,
    /// Of the fixed header.
    pub(crate) header: usize,
}

impl Lengths {
    /// `None` when there is no such packet.
    #[inline(always)]
    pub(crate) fn of(packet: &impl Layout, version: Version) -> Option<Self> {
        let properties = if packet.version(version).has_properties() {
            packet.property_lengths()
        } else {
            PropertyLengths::default()
        };
        let mut length = Length::new(packet.payload().len());
        packet.body(version, properties, &mut length);
        if !packet.exists_in(version) {
            return None;
        }
        let header = match length.get() {
            0..0x80 => 2,
            0x80..0x4000 => 3,
            0x4000..0x20_0000 => 4,
            0x20_0000..=MAX => 5,
            _ => return None,
        };
        let [.., a, b, c, d] = length.get().to_be_bytes();
        Some(Self {
            properties,
            remaining: u32::from_be_bytes([a, b, c, d]),
            header,
        })
    }

    #[inline(always)]
    pub(crate) fn packet(&self) -> usize {
        self.header + self.remaining as usize
    }

    #[inline(always)]
    fn write(&self, packet: &impl Layout, version: Version, out: &mut impl Output) {
        out.fixed_header(packet.first_byte(), self.remaining);
        packet.body(version, self.properties, out);
    }
}

/// Without the payload.
#[inline]
pub(crate) fn head_len(packet: &impl Layout, version: Version) -> Option<usize> {
    encoded_len(packet, version).map(|len| len - packet.payload().len())
}

#[inline]
pub(crate) fn encoded_len(packet: &impl Layout, version: Version) -> Option<usize> {
    Lengths::of(packet, version).map(|lengths| lengths.packet())
}

/// Everything but the payload; returns the bytes written.
#[inline]
pub(crate) fn encode_head(packet: &impl Layout, version: Version, out: &mut [u8]) -> usize {
    let Some(lengths) = Lengths::of(packet, version) else {
        return 0;
    };
    let len = lengths.packet() - packet.payload().len();
    let Some(out) = out.get_mut(..len) else {
        return 0;
    };
    lengths.write(packet, version, &mut Slice::new(out));
    len
}

/// Returns the bytes written.
#[inline]
pub(crate) fn encode(packet: &impl Layout, version: Version, out: &mut [u8]) -> usize {
    let Some(lengths) = Lengths::of(packet, version) else {
        return 0;
    };
    let len = lengths.packet();
    let Some(out) = out.get_mut(..len) else {
        return 0;
    };
    let mut out = Slice::new(out);
    lengths.write(packet, version, &mut out);
    out.bytes(packet.payload());
    debug_assert!(out.is_full());
    len
}

/// Puts the packet behind what `out` holds; returns the bytes put.
#[cfg(feature = "bytes")]
pub(crate) fn put(
    packet: &impl Layout,
    version: Version,
    out: &mut impl bytes::BufMut,
) -> Option<usize> {
    let lengths = Lengths::of(packet, version)?;
    if out.remaining_mut() < lengths.packet() {
        return None;
    }
    let mut out = Buffer::new(out);
    lengths.write(packet, version, &mut out);
    out.bytes(packet.payload());
    Some(lengths.packet())
}

/// Gives a packet its public methods.
macro_rules! encodes {
    ($packet:ty) => {
        impl $packet {
            /// The bytes of the encoded packet.
            ///
            /// `None` when `version` cannot say it: above 268,435,455 bytes of Remaining Length, or a packet that the
            /// version does not have (see the packet).
            #[must_use]
            pub fn encoded_len(&self, version: $crate::Version) -> Option<usize> {
                $crate::encode::encoded_len(self, version)
            }

            /// Writes the packet to the front of `out` and returns its length.
            ///
            /// Cannot fail when `out` has the bytes that [`encoded_len`](Self::encoded_len) asks for; otherwise it writes
            /// nothing and returns 0.
            pub fn encode(&self, version: $crate::Version, out: &mut [u8]) -> usize {
                $crate::encode::encode(self, version, out)
            }

            /// Puts the packet behind what `out` holds and returns its length; `None`, and nothing is put, when
            /// [`encoded_len`](Self::encoded_len) is `None` or `out` has no room for it.
            #[cfg(feature = "bytes")]
            #[cfg_attr(docsrs, doc(cfg(feature = "bytes")))]
            pub fn put(
                &self,
                version: $crate::Version,
                out: &mut impl bytes::BufMut,
            ) -> Option<usize> {
                $crate::encode::put(self, version, out)
            }
        }
    };
}
pub(crate) use encodes;

/// The low bits of a flags byte.
#[inline]
pub(crate) const fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

/// A QoS at its place in a flags byte.
#[inline]
pub(crate) const fn qos_bits(qos: QoS, shift: u8) -> u8 {
    qos.bits() << shift
}

#[cfg(test)]
mod tests {
    use crate::packet::AcknowledgementProperties;
    use crate::packet::{
        Auth, AuthProperties, Connack, ConnackProperties, Delivery, Publish, PublishProperties,
        PublishTopic, Unsuback, UnsubscribeReasonCodes,
    };
    use crate::property::TopicAlias;
    use crate::reason_code::{AuthReasonCode, ConnectReasonCode};
    use crate::{Packet, PacketId, Version};

    const VERSIONS: [Version; 3] = [Version::V3_1, Version::V3_1_1, Version::V5_0];

    /// The versions in which there is such a packet.
    fn assert_exists_in(packet: Packet<'_>, expected: [bool; 3]) {
        for (version, expected) in VERSIONS.into_iter().zip(expected) {
            let mut out = [0xAA; 16];
            let len = packet.encoded_len(version);
            assert_eq!(len.is_some(), expected, "{packet:?} in {version}");
            assert_eq!(
                packet.encode(version, &mut out),
                len.unwrap_or(0),
                "{packet:?} in {version}"
            );
            assert!(expected || out == [0xAA; 16], "{packet:?} in {version}");
        }
    }

    #[test]
    fn what_a_version_cannot_say_has_no_length_and_writes_nothing() {
        let auth = Auth {
            reason_code: AuthReasonCode::Success,
            properties: AuthProperties::default(),
        };
        assert_exists_in(auth.into(), [false, false, true]);

        let connack = |reason_code| {
            Packet::Connack(Connack {
                session_present: false,
                reason_code,
                properties: ConnackProperties::default(),
            })
        };
        assert_exists_in(connack(ConnectReasonCode::NotAuthorized), [true; 3]);
        assert_exists_in(
            connack(ConnectReasonCode::UseAnotherServer),
            [false, false, true],
        );

        let publish = Publish {
            delivery: Delivery::AtMostOnce,
            retain: false,
            topic: PublishTopic::Alias(TopicAlias::new(1).unwrap()),
            properties: PublishProperties::EMPTY,
            payload: b"",
        };
        assert_exists_in(publish.into(), [false, false, true]);

        let unsuback = Unsuback {
            packet_id: PacketId::MIN,
            properties: AcknowledgementProperties::EMPTY,
            reason_codes: UnsubscribeReasonCodes::EMPTY,
        };
        assert_exists_in(unsuback.into(), [true, true, false]);
    }
}
