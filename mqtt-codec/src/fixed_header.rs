use crate::packet::PacketType;
use crate::{DecodeError, variable_byte_integer};

/// The first two to five bytes of a packet. Standard: MQTT 5.0 §2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedHeader {
    /// The packet type.
    pub packet_type: PacketType,
    /// The low four bits of the first byte, not checked.
    pub flags: u8,
    /// How many bytes follow the fixed header.
    pub remaining_length: u32,
    /// How many bytes the fixed header has, 2 to 5.
    pub header_len: usize,
}

impl FixedHeader {
    /// The bytes of the whole packet with its fixed header.
    #[must_use]
    #[inline]
    pub const fn packet_len(&self) -> usize {
        self.header_len + self.remaining_length as usize
    }
}

/// Reads a fixed header from the front of `bytes`, so that the length of a packet is known before it is complete.
///
/// `Ok(None)` means that it is not complete yet.
///
/// # Errors
///
/// [`DecodeError::ReservedPacketType`] for type 0, [`DecodeError::VariableByteInteger`] for the Remaining Length.
/// Standard: MQTT 5.0 §2.1.
///
/// ```
/// use mqtt_codec::{PacketType, fixed_header};
///
/// let header = fixed_header(&[0x30, 0x81, 0x02])?.ok_or("incomplete")?;
/// assert_eq!((header.packet_type, header.packet_len()), (PacketType::Publish, 3 + 257));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[inline]
pub const fn fixed_header(bytes: &[u8]) -> Result<Option<FixedHeader>, DecodeError> {
    let [first, rest @ ..] = bytes else {
        return Ok(None);
    };
    let Some(packet_type) = PacketType::from_bits(*first >> 4) else {
        return Err(DecodeError::ReservedPacketType {
            packet_type: *first >> 4,
        });
    };
    match variable_byte_integer::read(rest) {
        Ok(Some((remaining_length, len))) => Ok(Some(FixedHeader {
            packet_type,
            flags: *first & 0x0F,
            remaining_length,
            header_len: 1 + len,
        })),
        Ok(None) => Ok(None),
        Err(_) => Err(DecodeError::VariableByteInteger { at: 1 }),
    }
}
