use crate::encode::{Layout, PropertyLengths, encodes};
use crate::field::Field;
use crate::output::Output;
use crate::packet::PacketType;
use crate::property::{PropertyBlock, PropertyOutput, Run, UserProperties, id};
use crate::reader::Reader;
use crate::reason_code::DisconnectReasonCode;
use crate::trace::Trace;
use crate::{DecodeError, Text, Version};

/// DISCONNECT is the last packet of a connection. In 3.x only the client sends it. Standard: MQTT 5.0 §3.14.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnect<'a> {
    /// In 3.x always Success.
    pub reason_code: DisconnectReasonCode,
    /// 5.0 only.
    pub properties: DisconnectProperties<'a>,
}

/// The properties of DISCONNECT. Standard: MQTT 5.0 §3.14.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DisconnectProperties<'a> {
    /// Seconds; absent means what CONNECT said. From the client only [MQTT-3.14.2-2].
    pub session_expiry_interval: Option<u32>,
    /// For people.
    pub reason_string: Option<Text<'a>>,
    /// For diagnostics.
    pub user_properties: UserProperties<'a>,
    /// Where to go instead; from the server only.
    pub server_reference: Option<Text<'a>>,
}

impl<'a> DisconnectProperties<'a> {
    /// None.
    pub const EMPTY: DisconnectProperties<'static> = DisconnectProperties {
        session_expiry_interval: None,
        reason_string: None,
        user_properties: UserProperties::EMPTY,
        server_reference: None,
    };

    /// Whether there are none.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.session_expiry_interval.is_none()
            && self.reason_string.is_none()
            && self.user_properties.is_empty()
            && self.server_reference.is_none()
    }

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
                id::SESSION_EXPIRY_INTERVAL => {
                    reader.once(
                        &mut properties.session_expiry_interval,
                        Field::SessionExpiryInterval,
                        Reader::four,
                    )?;
                }
                id::REASON_STRING => reader.once(
                    &mut properties.reason_string,
                    Field::ReasonString,
                    Reader::text,
                )?,
                id::USER_PROPERTY => reader.user_property(&mut user, start)?,
                id::SERVER_REFERENCE => {
                    reader.once(
                        &mut properties.server_reference,
                        Field::ServerReference,
                        Reader::text,
                    )?;
                }
                id => return Err(reader.unexpected_property(id)),
            }
        }
        reader.leave(outer);
        properties.user_properties = UserProperties::from_run(&user);
        Ok(properties)
    }
}

impl<'a> Disconnect<'a> {
    /// Without properties.
    #[must_use]
    pub const fn new(reason_code: DisconnectReasonCode) -> Self {
        Self {
            reason_code,
            properties: DisconnectProperties::EMPTY,
        }
    }

    pub(crate) fn decode<T: Trace>(
        version: Version,
        reader: &mut Reader<'a, T>,
    ) -> Result<Self, DecodeError> {
        if !version.has_properties() || reader.is_empty() {
            reader.finish(Field::RemainingLength)?;
            return Ok(Self::new(DisconnectReasonCode::Success));
        }
        let code = reader.byte(Field::ReasonCode)?;
        let Some(reason_code) = DisconnectReasonCode::from_byte(code) else {
            return Err(DecodeError::InvalidReasonCode {
                packet_type: PacketType::Disconnect,
                code,
            });
        };
        if reader.is_empty() {
            return Ok(Self::new(reason_code));
        }
        let properties = DisconnectProperties::decode(reader)?;
        reader.finish(Field::PropertyLength)?;
        Ok(Self {
            reason_code,
            properties,
        })
    }
}

impl PropertyBlock for DisconnectProperties<'_> {
    #[inline(always)]
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }

    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        out.property_four(Field::SessionExpiryInterval, self.session_expiry_interval);
        out.property_text(Field::ReasonString, self.reason_string);
        out.user_properties(self.user_properties);
        out.property_text(Field::ServerReference, self.server_reference);
    }
}

impl Layout for Disconnect<'_> {
    #[inline]
    fn first_byte(&self) -> u8 {
        0xE0
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
        if !version.has_properties() {
            return;
        }
        let bare = self.properties.is_empty();
        if !bare || self.reason_code != DisconnectReasonCode::Success {
            out.byte(self.reason_code.byte());
        }
        if !bare {
            out.properties(lengths.properties, &self.properties);
        }
    }
}

encodes!(Disconnect<'_>);
