use crate::encode::{Layout, PropertyLengths, encodes};
use crate::field::Field;
use crate::output::Output;
use crate::packet::PacketType;
use crate::property::{PropertyBlock, PropertyOutput, Run, UserProperties, id};
use crate::reader::Reader;
use crate::reason_code::{PublishReasonCode, ReleaseReasonCode};
use crate::trace::Trace;
use crate::{DecodeError, PacketId, Text, Version};

/// The properties of PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK. Standard: MQTT 5.0 §3.4.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AcknowledgementProperties<'a> {
    /// For people.
    pub reason_string: Option<Text<'a>>,
    /// For diagnostics.
    pub user_properties: UserProperties<'a>,
}

impl<'a> AcknowledgementProperties<'a> {
    /// None.
    pub const EMPTY: AcknowledgementProperties<'static> = AcknowledgementProperties {
        reason_string: None,
        user_properties: UserProperties::EMPTY,
    };

    /// Whether there are none.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.reason_string.is_none() && self.user_properties.is_empty()
    }

    pub(crate) fn decode<T: Trace>(reader: &mut Reader<'a, T>) -> Result<Self, DecodeError> {
        if reader.no_properties() {
            return Ok(Self::default());
        }
        let mut properties = Self::default();
        let mut user = Run::default();
        let outer = reader.enter_properties()?;
        while !reader.is_empty() {
            let start = reader.rest();
            match reader.property_id()? {
                id::REASON_STRING => reader.once(
                    &mut properties.reason_string,
                    Field::ReasonString,
                    Reader::text,
                )?,
                id::USER_PROPERTY => reader.user_property(&mut user, start)?,
                id => return Err(reader.unexpected_property(id)),
            }
        }
        reader.leave(outer);
        properties.user_properties = UserProperties::from_run(&user);
        Ok(properties)
    }
}

impl PropertyBlock for AcknowledgementProperties<'_> {
    #[inline(always)]
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }

    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        out.property_text(Field::ReasonString, self.reason_string);
        out.user_properties(self.user_properties);
    }
}

/// What follows the Packet Identifier: nothing, a code, or a code and properties. Standard: MQTT 5.0 §3.4.2.1.
fn decode_code<'a, T: Trace>(
    version: Version,
    reader: &mut Reader<'a, T>,
) -> Result<(u8, AcknowledgementProperties<'a>), DecodeError> {
    if reader.is_empty() || !version.has_properties() {
        reader.finish(Field::PacketIdentifier)?;
        return Ok((0, AcknowledgementProperties::EMPTY));
    }
    let code = reader.byte(Field::ReasonCode)?;
    if reader.is_empty() {
        return Ok((code, AcknowledgementProperties::EMPTY));
    }
    let properties = AcknowledgementProperties::decode(reader)?;
    reader.finish(Field::PropertyLength)?;
    Ok((code, properties))
}

/// Declares one of the four packets of a Packet Identifier and a reason code.
macro_rules! acknowledgement {
    ($(#[$doc:meta])* $name:ident, $code:ident, $first_byte:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name<'a> {
            /// Of the PUBLISH that it belongs to [MQTT-2.2.1-5].
            pub packet_id: PacketId,
            /// In 3.x always Success.
            pub reason_code: $code,
            /// 5.0 only.
            pub properties: AcknowledgementProperties<'a>,
        }

        impl<'a> $name<'a> {
            /// Success, without properties.
            #[must_use]
            pub const fn success(packet_id: PacketId) -> Self {
                Self::new(packet_id, $code::Success)
            }

            /// Without properties.
            #[must_use]
            pub const fn new(packet_id: PacketId, reason_code: $code) -> Self {
                Self { packet_id, reason_code, properties: AcknowledgementProperties::EMPTY }
            }

            #[inline]
            pub(crate) fn decode<T: Trace>(version: Version, reader: &mut Reader<'a, T>) -> Result<Self, DecodeError> {
                let packet_id = reader.packet_id(PacketType::$name)?;
                if reader.is_empty() {
                    return Ok(Self::success(packet_id));
                }
                let (code, properties) = decode_code(version, reader)?;
                let Some(reason_code) = $code::from_byte(code) else {
                    return Err(DecodeError::InvalidReasonCode { packet_type: PacketType::$name, code });
                };
                Ok(Self { packet_id, reason_code, properties })
            }
        }

        impl Layout for $name<'_> {
            #[inline]
            fn first_byte(&self) -> u8 {
                $first_byte
            }

            #[inline]
            fn property_lengths(&self) -> PropertyLengths {
                PropertyLengths { properties: self.properties.property_length(), ..PropertyLengths::default() }
            }

            #[inline]
            fn body<O: Output>(&self, version: Version, lengths: PropertyLengths, out: &mut O) {
                out.two(self.packet_id.get());
                if !version.has_properties() {
                    return;
                }
                let bare = self.properties.is_empty();
                if !bare || self.reason_code != $code::Success {
                    out.byte(self.reason_code.byte());
                }
                if !bare {
                    out.properties(lengths.properties, &self.properties);
                }
            }
        }

        encodes!($name<'_>);
    };
}

acknowledgement! {
    /// PUBACK answers a PUBLISH of QoS 1. Standard: MQTT 5.0 §3.4.
    Puback, PublishReasonCode, 0x40
}
acknowledgement! {
    /// PUBREC answers a PUBLISH of QoS 2. Standard: MQTT 5.0 §3.5.
    Pubrec, PublishReasonCode, 0x50
}
acknowledgement! {
    /// PUBREL answers PUBREC. Standard: MQTT 5.0 §3.6.
    Pubrel, ReleaseReasonCode, 0x62
}
acknowledgement! {
    /// PUBCOMP answers PUBREL. Standard: MQTT 5.0 §3.7.
    Pubcomp, ReleaseReasonCode, 0x70
}
