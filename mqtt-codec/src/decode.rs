use crate::field::Field;
use crate::fixed_header::{FixedHeader, fixed_header};
use crate::packet::{
    Auth, Connack, Connect, Delivery, Disconnect, Packet, PacketType, Puback, Pubcomp, PublishHead,
    Pubrec, Pubrel, Suback, Subscribe, Unsuback, Unsubscribe,
};
use crate::reader::Reader;
use crate::trace::{Shape, Trace};
use crate::{DecodeError, Limits, TopicName, Version};

/// Decodes the packet at the front of `bytes`; gives it and its length.
///
/// `Ok(None)` means that it is not complete yet; then only its fixed header was read. `version` is that of the
/// connection; CONNECT carries its own and is decoded by that.
///
/// # Errors
///
/// [`DecodeError`] says what is wrong and which statement of the standard it breaks. A packet that is larger than
/// `limits` allow is an error as soon as its fixed header is there.
///
/// ```
/// use mqtt_codec::{Limits, Packet, Version, decode};
///
/// let bytes = [0x30, 0x05, 0x00, 0x01, b'a', b'h', b'i', 0xC0];
/// let Some((Packet::Publish(publish), 7)) = decode(Version::V3_1_1, &Limits::default(), &bytes)? else {
///     return Err("incomplete".into());
/// };
/// assert_eq!(publish.payload, b"hi");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[inline(never)]
pub fn decode<'a>(
    version: Version,
    limits: &Limits,
    bytes: &'a [u8],
) -> Result<Option<(Packet<'a>, usize)>, DecodeError> {
    decode_traced(version, limits, bytes, ())
}

#[inline(always)]
pub(crate) fn decode_traced<'a, T: Trace>(
    version: Version,
    limits: &Limits,
    bytes: &'a [u8],
    mut trace: T,
) -> Result<Option<(Packet<'a>, usize)>, DecodeError> {
    let Some(header) = fixed_header(bytes)? else {
        return Ok(None);
    };
    let len = header.packet_len();
    if len > limits.packet_size as usize {
        return Err(too_large(len, limits));
    }
    let Some(body) = bytes.get(header.header_len..len) else {
        return Ok(None);
    };
    let (first, length) = bytes.split_at_checked(1).unwrap_or_default();
    trace.field(Field::PacketTypeAndFlags, Shape::Byte, first, 1);
    let length = length.get(..header.header_len - 1).unwrap_or_default();
    trace.field(
        Field::RemainingLength,
        Shape::VariableByteInteger,
        length,
        header.header_len,
    );
    let reader = Reader::new(body, len, trace);
    if header.packet_type == PacketType::Publish {
        decode_publish(version, header, reader)
    } else {
        decode_other(version, header, reader)
    }
}

/// Here, where the most frequent kind stays in registers: one without properties.
#[inline(always)]
fn decode_publish<'a, T: Trace>(
    version: Version,
    header: FixedHeader,
    mut reader: Reader<'a, T>,
) -> Result<Option<(Packet<'a>, usize)>, DecodeError> {
    let len = header.packet_len();
    let head = PublishHead::decode(header.flags, &mut reader)?;
    if version.has_properties() && !reader.no_properties() {
        return decode_with_properties(head.name, head.delivery, head.retain, len, reader);
    }
    let publish = head.without_properties(version, reader.payload())?;
    Ok(Some((Packet::Publish(publish), len)))
}

#[inline(never)]
fn decode_with_properties<'a, T: Trace>(
    name: Option<TopicName<'a>>,
    delivery: Delivery,
    retain: bool,
    len: usize,
    mut reader: Reader<'a, T>,
) -> Result<Option<(Packet<'a>, usize)>, DecodeError> {
    let head = PublishHead {
        name,
        delivery,
        retain,
    };
    let publish = head.with_properties(&mut reader)?;
    Ok(Some((Packet::Publish(publish), len)))
}

/// Each packet is built where it is returned: moving one is dearer than decoding a small one.
#[inline(never)]
fn decode_other<'a, T: Trace>(
    version: Version,
    header: FixedHeader,
    mut reader: Reader<'a, T>,
) -> Result<Option<(Packet<'a>, usize)>, DecodeError> {
    let FixedHeader {
        packet_type, flags, ..
    } = header;
    let len = header.packet_len();
    check_header(version, packet_type, flags)?;
    Ok(Some(match packet_type {
        PacketType::Connect => (Packet::Connect(Connect::decode(flags, &mut reader)?), len),
        PacketType::Connack => (Packet::Connack(Connack::decode(version, &mut reader)?), len),
        PacketType::Publish => return decode_publish(version, header, reader),
        PacketType::Puback => (Packet::Puback(Puback::decode(version, &mut reader)?), len),
        PacketType::Pubrec => (Packet::Pubrec(Pubrec::decode(version, &mut reader)?), len),
        PacketType::Pubrel => (Packet::Pubrel(Pubrel::decode(version, &mut reader)?), len),
        PacketType::Pubcomp => (Packet::Pubcomp(Pubcomp::decode(version, &mut reader)?), len),
        PacketType::Subscribe => (
            Packet::Subscribe(Subscribe::decode(version, &mut reader)?),
            len,
        ),
        PacketType::Suback => (Packet::Suback(Suback::decode(version, &mut reader)?), len),
        PacketType::Unsubscribe => (
            Packet::Unsubscribe(Unsubscribe::decode(version, &mut reader)?),
            len,
        ),
        PacketType::Unsuback => (
            Packet::Unsuback(Unsuback::decode(version, &mut reader)?),
            len,
        ),
        PacketType::Pingreq => {
            reader.finish(Field::RemainingLength)?;
            (Packet::Pingreq, len)
        }
        PacketType::Pingresp => {
            reader.finish(Field::RemainingLength)?;
            (Packet::Pingresp, len)
        }
        PacketType::Disconnect => (
            Packet::Disconnect(Disconnect::decode(version, &mut reader)?),
            len,
        ),
        PacketType::Auth => (Packet::Auth(Auth::decode(&mut reader)?), len),
    }))
}

/// The flags of all packets but PUBLISH, whose flags mean something, and CONNECT, whose version is not known yet.
#[inline]
fn check_header(version: Version, packet_type: PacketType, flags: u8) -> Result<(), DecodeError> {
    if packet_type == PacketType::Auth && !version.has_properties() {
        return Err(DecodeError::ReservedPacketType {
            packet_type: packet_type.bits(),
        });
    }
    // In 3.1 the bits are DUP, QoS and RETAIN for all types, and stray ones are common.
    if flags == packet_type.reserved_flags()
        || packet_type == PacketType::Connect
        || version == Version::V3_1
    {
        return Ok(());
    }
    Err(DecodeError::FixedHeaderFlags { packet_type, flags })
}

#[cold]
#[inline(never)]
fn too_large(len: usize, limits: &Limits) -> DecodeError {
    DecodeError::PacketTooLarge {
        len: u32::try_from(len).unwrap_or(u32::MAX),
        limit: limits.packet_size,
    }
}
