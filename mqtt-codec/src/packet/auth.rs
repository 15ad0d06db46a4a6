use crate::encode::{Layout, PropertyLengths, encodes};
use crate::field::Field;
use crate::output::Output;
use crate::packet::PacketType;
use crate::property::{PropertyBlock, PropertyOutput, Run, UserProperties, id};
use crate::reader::Reader;
use crate::reason_code::AuthReasonCode;
use crate::trace::Trace;
use crate::{Binary, DecodeError, Text, Version};

/// AUTH is a step of the enhanced authentication. 3.x cannot say it. Standard: MQTT 5.0 §3.15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    /// Which step.
    pub reason_code: AuthReasonCode,
    /// The method and its data.
    pub properties: AuthProperties<'a>,
}

/// The properties of AUTH. Standard: MQTT 5.0 §3.15.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct AuthProperties<'a> {
    /// The one of CONNECT. Obligatory; a decoder takes its absence in the short form and the session refuses it.
    pub authentication_method: Option<Text<'a>>,
    /// The method's.
    pub authentication_data: Option<Binary<'a>>,
    /// For people.
    pub reason_string: Option<Text<'a>>,
    /// For diagnostics.
    pub user_properties: UserProperties<'a>,
}

impl AuthProperties<'_> {
    /// Whether there are none.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.authentication_method.is_none()
            && self.authentication_data.is_none()
            && self.reason_string.is_none()
            && self.user_properties.is_empty()
    }
}

impl<'a> Auth<'a> {
    /// Of 5.0: 3.x has no AUTH.
    pub(crate) fn decode<T: Trace>(reader: &mut Reader<'a, T>) -> Result<Self, DecodeError> {
        if reader.is_empty() {
            return Ok(Self {
                reason_code: AuthReasonCode::Success,
                properties: AuthProperties::default(),
            });
        }
        let code = reader.byte(Field::ReasonCode)?;
        let Some(reason_code) = AuthReasonCode::from_byte(code) else {
            return Err(DecodeError::InvalidReasonCode {
                packet_type: PacketType::Auth,
                code,
            });
        };
        let properties = AuthProperties::decode(reader)?;
        reader.finish(Field::PropertyLength)?;
        Ok(Self {
            reason_code,
            properties,
        })
    }
}

impl<'a> AuthProperties<'a> {
    fn decode<T: Trace>(reader: &mut Reader<'a, T>) -> Result<Self, DecodeError> {
        if reader.no_properties() {
            return Ok(Self::default());
        }
        let mut properties = Self::default();
        let mut user = Run::default();
        let outer = reader.enter_properties()?;
        while !reader.is_empty() {
            let start = reader.rest();
            match reader.property_id()? {
                id::AUTHENTICATION_METHOD => {
                    reader.once(
                        &mut properties.authentication_method,
                        Field::AuthenticationMethod,
                        Reader::text,
                    )?;
                }
                id::AUTHENTICATION_DATA => {
                    reader.once(
                        &mut properties.authentication_data,
                        Field::AuthenticationData,
                        Reader::binary,
                    )?;
                }
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

impl PropertyBlock for AuthProperties<'_> {
    #[inline(always)]
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }

    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        out.property_text(Field::AuthenticationMethod, self.authentication_method);
        out.property_binary(Field::AuthenticationData, self.authentication_data);
        out.property_text(Field::ReasonString, self.reason_string);
        out.user_properties(self.user_properties);
    }
}

impl Layout for Auth<'_> {
    #[inline]
    fn exists_in(&self, version: Version) -> bool {
        version.has_properties()
    }

    #[inline]
    fn first_byte(&self) -> u8 {
        0xF0
    }

    #[inline]
    fn property_lengths(&self) -> PropertyLengths {
        PropertyLengths {
            properties: self.properties.property_length(),
            ..PropertyLengths::default()
        }
    }

    #[inline]
    fn body<O: Output>(&self, _: Version, lengths: PropertyLengths, out: &mut O) {
        // The short form says all that there is.
        if self.reason_code == AuthReasonCode::Success && self.properties.is_empty() {
            return;
        }
        out.byte(self.reason_code.byte());
        out.properties(lengths.properties, &self.properties);
    }
}

encodes!(Auth<'_>);
