use crate::encode::{Layout, PropertyLengths, encodes};
use crate::field::Field;
use crate::list::list;
use crate::output::Output;
use crate::packet::{AcknowledgementProperties, PacketType};
use crate::property::PropertyBlock;
use crate::reader::Reader;
use crate::reason_code::SubscribeReasonCode;
use crate::trace::Trace;
use crate::{DecodeError, PacketId, Version};

/// SUBACK answers SUBSCRIBE. Standard: MQTT 5.0 §3.9.
///
/// All refusals are 0x80 in 3.1.1. 3.1 cannot tell one: it is encoded as a grant of QoS 0 there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suback<'a> {
    /// Of the SUBSCRIBE [MQTT-3.8.4-2].
    pub packet_id: PacketId,
    /// 5.0 only.
    pub properties: AcknowledgementProperties<'a>,
    /// One for each Topic Filter, in their order [MQTT-3.9.3-1].
    pub reason_codes: SubscribeReasonCodes<'a>,
}

/// The reason codes of a SUBACK, at least one. Equality compares the items.
#[derive(Clone, Copy)]
pub struct SubscribeReasonCodes<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    /// Checked bytes.
    Wire(&'a [u8]),
    Slice(&'a [SubscribeReasonCode]),
}

impl<'a> SubscribeReasonCodes<'a> {
    /// The caller's codes; `None` when there are none.
    #[must_use]
    #[inline]
    pub const fn new(codes: &'a [SubscribeReasonCode]) -> Option<Self> {
        if codes.is_empty() {
            None
        } else {
            Some(Self(Source::Slice(codes)))
        }
    }

    /// The codes in their order.
    #[must_use]
    #[inline]
    pub fn iter(self) -> SubscribeReasonCodesIter<'a> {
        SubscribeReasonCodesIter(self.0)
    }

    /// How many there are.
    #[must_use]
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub const fn len(self) -> usize {
        match self.0 {
            Source::Wire(bytes) => bytes.len(),
            Source::Slice(codes) => codes.len(),
        }
    }
}

/// The codes of [`SubscribeReasonCodes`] in their order.
#[derive(Clone)]
pub struct SubscribeReasonCodesIter<'a>(Source<'a>);

impl Iterator for SubscribeReasonCodesIter<'_> {
    type Item = SubscribeReasonCode;

    #[inline]
    fn next(&mut self) -> Option<SubscribeReasonCode> {
        match &mut self.0 {
            Source::Wire(rest) => {
                let (&first, behind) = rest.split_first()?;
                *rest = behind;
                SubscribeReasonCode::from_byte(first)
            }
            Source::Slice(rest) => {
                let (&first, behind) = rest.split_first()?;
                *rest = behind;
                Some(first)
            }
        }
    }
}

list!(
    SubscribeReasonCodes,
    SubscribeReasonCodesIter,
    SubscribeReasonCode
);

impl<'a> Suback<'a> {
    pub(crate) fn decode<T: Trace>(
        version: Version,
        reader: &mut Reader<'a, T>,
    ) -> Result<Self, DecodeError> {
        let packet_type = PacketType::Suback;
        let packet_id = reader.packet_id(packet_type)?;
        let properties = if version.has_properties() {
            AcknowledgementProperties::decode(reader)?
        } else {
            AcknowledgementProperties::EMPTY
        };
        let codes = reader.rest();
        if codes.is_empty() {
            return Err(DecodeError::EmptyList { packet_type });
        }
        while !reader.is_empty() {
            let code = reader.byte(Field::ReasonCode)?;
            let allowed = match version {
                Version::V3_1 => code <= 2,
                Version::V3_1_1 => code <= 2 || code == 0x80,
                Version::V5_0 => SubscribeReasonCode::from_byte(code).is_some(),
            };
            if !allowed {
                return Err(DecodeError::InvalidReasonCode { packet_type, code });
            }
        }
        Ok(Self {
            packet_id,
            properties,
            reason_codes: SubscribeReasonCodes(Source::Wire(codes)),
        })
    }
}

impl Layout for Suback<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        0x90
    }

    #[inline]
    fn property_lengths(&self) -> PropertyLengths {
        PropertyLengths {
            properties: self.properties.property_length(),
            ..PropertyLengths::default()
        }
    }

    #[inline]
    fn body<O: Output>(&self, version: Version, lengths: PropertyLengths, out: &mut O) {
        out.two(self.packet_id.get());
        if version.has_properties() {
            out.properties(lengths.properties, &self.properties);
        }
        for code in self.reason_codes {
            out.byte(match version {
                Version::V5_0 => code.byte(),
                Version::V3_1_1 if code.is_error() => SubscribeReasonCode::UnspecifiedError.byte(),
                // 3.1 has no way to refuse.
                Version::V3_1 if code.is_error() => SubscribeReasonCode::Success.byte(),
                Version::V3_1_1 | Version::V3_1 => code.byte(),
            });
        }
    }
}

encodes!(Suback<'_>);
