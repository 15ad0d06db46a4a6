use crate::encode::{Layout, PropertyLengths, encodes};
use crate::field::Field;
use crate::list::list;
use crate::output::Output;
use crate::packet::{AcknowledgementProperties, PacketType};
use crate::property::PropertyBlock;
use crate::reader::Reader;
use crate::reason_code::UnsubscribeReasonCode;
use crate::trace::Trace;
use crate::{DecodeError, PacketId, Version};

/// UNSUBACK answers UNSUBSCRIBE. 5.0 cannot say one without reason codes. Standard: MQTT 5.0 §3.11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsuback<'a> {
    /// Of the UNSUBSCRIBE [MQTT-3.10.4-5].
    pub packet_id: PacketId,
    /// 5.0 only.
    pub properties: AcknowledgementProperties<'a>,
    /// One for each Topic Filter, in their order [MQTT-3.11.3-1]. 3.x has none: empty there.
    pub reason_codes: UnsubscribeReasonCodes<'a>,
}

/// The reason codes of an UNSUBACK. Equality compares the items.
#[derive(Clone, Copy)]
pub struct UnsubscribeReasonCodes<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    /// Checked bytes.
    Wire(&'a [u8]),
    Slice(&'a [UnsubscribeReasonCode]),
}

impl<'a> UnsubscribeReasonCodes<'a> {
    /// The caller's codes; `None` when there are none.
    #[must_use]
    #[inline]
    pub const fn new(codes: &'a [UnsubscribeReasonCode]) -> Option<Self> {
        if codes.is_empty() {
            None
        } else {
            Some(Self(Source::Slice(codes)))
        }
    }

    /// None, as in 3.x.
    pub const EMPTY: UnsubscribeReasonCodes<'static> = UnsubscribeReasonCodes(Source::Slice(&[]));

    /// Whether there are none, as in 3.x.
    #[must_use]
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The codes in their order.
    #[must_use]
    #[inline]
    pub fn iter(self) -> UnsubscribeReasonCodesIter<'a> {
        UnsubscribeReasonCodesIter(self.0)
    }

    /// How many there are.
    #[must_use]
    #[inline]
    pub const fn len(self) -> usize {
        match self.0 {
            Source::Wire(bytes) => bytes.len(),
            Source::Slice(codes) => codes.len(),
        }
    }
}

/// The codes of [`UnsubscribeReasonCodes`] in their order.
#[derive(Clone)]
pub struct UnsubscribeReasonCodesIter<'a>(Source<'a>);

impl Iterator for UnsubscribeReasonCodesIter<'_> {
    type Item = UnsubscribeReasonCode;

    #[inline]
    fn next(&mut self) -> Option<UnsubscribeReasonCode> {
        match &mut self.0 {
            Source::Wire(rest) => {
                let (&first, behind) = rest.split_first()?;
                *rest = behind;
                UnsubscribeReasonCode::from_byte(first)
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
    UnsubscribeReasonCodes,
    UnsubscribeReasonCodesIter,
    UnsubscribeReasonCode
);

impl<'a> Unsuback<'a> {
    pub(crate) fn decode<T: Trace>(
        version: Version,
        reader: &mut Reader<'a, T>,
    ) -> Result<Self, DecodeError> {
        let packet_type = PacketType::Unsuback;
        let packet_id = reader.packet_id(packet_type)?;
        if !version.has_properties() {
            reader.finish(Field::PacketIdentifier)?;
            let properties = AcknowledgementProperties::EMPTY;
            return Ok(Self {
                packet_id,
                properties,
                reason_codes: UnsubscribeReasonCodes::EMPTY,
            });
        }
        let properties = AcknowledgementProperties::decode(reader)?;
        let codes = reader.rest();
        if codes.is_empty() {
            return Err(DecodeError::EmptyList { packet_type });
        }
        while !reader.is_empty() {
            let code = reader.byte(Field::ReasonCode)?;
            if UnsubscribeReasonCode::from_byte(code).is_none() {
                return Err(DecodeError::InvalidReasonCode { packet_type, code });
            }
        }
        Ok(Self {
            packet_id,
            properties,
            reason_codes: UnsubscribeReasonCodes(Source::Wire(codes)),
        })
    }
}

impl Layout for Unsuback<'_> {
    #[inline]
    fn exists_in(&self, version: Version) -> bool {
        !version.has_properties() || !self.reason_codes.is_empty()
    }

    #[inline]
    fn first_byte(&self) -> u8 {
        0xB0
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
            self.reason_codes
                .iter()
                .for_each(|code| out.byte(code.byte()));
        }
    }
}

encodes!(Unsuback<'_>);
