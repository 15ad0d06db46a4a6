use core::num::{NonZeroU16, NonZeroU32};

use crate::encode::{Layout, PropertyLengths, encodes, flag};
use crate::field::Field;
use crate::output::Output;
use crate::packet::PacketType;
use crate::property::{PropertyBlock, PropertyOutput, Run, UserProperties, id};
use crate::reader::Reader;
use crate::reason_code::ConnectReasonCode;
use crate::trace::Trace;
use crate::{Binary, DecodeError, QoS, Text, Version};

/// CONNACK answers CONNECT. Standard: MQTT 5.0 §3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connack<'a> {
    /// Session Present; false with an error code [MQTT-3.2.2-6]. 3.1 has no such flag.
    pub session_present: bool,
    /// In 3.x a Connect Return code, see [`ConnectReasonCode::return_code`]; what has none cannot be said in 3.x.
    pub reason_code: ConnectReasonCode,
    /// 5.0 only.
    pub properties: ConnackProperties<'a>,
}

/// The properties of CONNACK. Standard: MQTT 5.0 §3.2.2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ConnackProperties<'a> {
    /// Seconds; absent means what CONNECT said.
    pub session_expiry_interval: Option<u32>,
    /// How many QoS 1 and 2 PUBLISH the server takes at once; absent means 65,535.
    pub receive_maximum: Option<NonZeroU16>,
    /// QoS 0 or 1; absent means 2. The value 2 itself is left out when encoded.
    pub maximum_qos: Option<QoS>,
    /// Absent means true.
    pub retain_available: Option<bool>,
    /// Bytes; absent means no limit but the protocol's.
    pub maximum_packet_size: Option<NonZeroU32>,
    /// In answer to an empty Client Identifier.
    pub assigned_client_identifier: Option<Text<'a>>,
    /// Absent means 0.
    pub topic_alias_maximum: Option<u16>,
    /// For people.
    pub reason_string: Option<Text<'a>>,
    /// For diagnostics.
    pub user_properties: UserProperties<'a>,
    /// Absent means true.
    pub wildcard_subscription_available: Option<bool>,
    /// Absent means true.
    pub subscription_identifier_available: Option<bool>,
    /// Absent means true.
    pub shared_subscription_available: Option<bool>,
    /// Seconds; replaces what CONNECT said.
    pub server_keep_alive: Option<u16>,
    /// From which the client may build response topics.
    pub response_information: Option<Text<'a>>,
    /// Where to go instead.
    pub server_reference: Option<Text<'a>>,
    /// The one of CONNECT.
    pub authentication_method: Option<Text<'a>>,
    /// The method's.
    pub authentication_data: Option<Binary<'a>>,
}

impl<'a> Connack<'a> {
    pub(crate) fn decode<T: Trace>(
        version: Version,
        reader: &mut Reader<'a, T>,
    ) -> Result<Self, DecodeError> {
        let flags = reader.byte(Field::ConnectAcknowledgeFlags)?;
        let code = reader.byte(Field::ReasonCode)?;
        // 3.1 does not use the first byte.
        let flags = if version == Version::V3_1 { 0 } else { flags };
        if flags > 1 {
            return Err(DecodeError::ReservedBits {
                field: Field::ConnectAcknowledgeFlags,
                value: flags,
            });
        }
        let reason_code = if version.has_properties() {
            ConnectReasonCode::from_byte(code)
        } else {
            ConnectReasonCode::from_return_code(code)
        };
        let Some(reason_code) = reason_code else {
            return Err(DecodeError::InvalidReasonCode {
                packet_type: PacketType::Connack,
                code,
            });
        };
        let session_present = flags == 1;
        if session_present && reason_code != ConnectReasonCode::Success {
            return Err(DecodeError::SessionPresentWithError);
        }
        if !version.has_properties() {
            reader.finish(Field::ReasonCode)?;
            return Ok(Self {
                session_present,
                reason_code,
                properties: ConnackProperties::default(),
            });
        }
        let properties = ConnackProperties::decode(reader)?;
        reader.finish(Field::PropertyLength)?;
        Ok(Self {
            session_present,
            reason_code,
            properties,
        })
    }
}

impl<'a> ConnackProperties<'a> {
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
                id::USER_PROPERTY => reader.user_property(&mut user, start)?,
                id => properties.decode_one(id, reader)?,
            }
        }
        reader.leave(outer);
        properties.user_properties = UserProperties::from_run(&user);
        Ok(properties)
    }

    #[inline]
    fn decode_one<T: Trace>(&mut self, id: u8, r: &mut Reader<'a, T>) -> Result<(), DecodeError> {
        use Field as F;
        match id {
            id::SESSION_EXPIRY_INTERVAL => r.once(
                &mut self.session_expiry_interval,
                F::SessionExpiryInterval,
                Reader::four,
            ),
            id::RECEIVE_MAXIMUM => r.once(
                &mut self.receive_maximum,
                F::ReceiveMaximum,
                Reader::non_zero_two,
            ),
            id::MAXIMUM_QOS => r.once(&mut self.maximum_qos, F::MaximumQoS, maximum_qos),
            id::RETAIN_AVAILABLE => {
                r.once(&mut self.retain_available, F::RetainAvailable, Reader::bool)
            }
            id::MAXIMUM_PACKET_SIZE => r.once(
                &mut self.maximum_packet_size,
                F::MaximumPacketSize,
                Reader::non_zero_four,
            ),
            id::ASSIGNED_CLIENT_IDENTIFIER => r.once(
                &mut self.assigned_client_identifier,
                F::AssignedClientIdentifier,
                Reader::text,
            ),
            id::TOPIC_ALIAS_MAXIMUM => r.once(
                &mut self.topic_alias_maximum,
                F::TopicAliasMaximum,
                Reader::two,
            ),
            id::REASON_STRING => r.once(&mut self.reason_string, F::ReasonString, Reader::text),
            id::WILDCARD_SUBSCRIPTION_AVAILABLE => r.once(
                &mut self.wildcard_subscription_available,
                F::WildcardSubscriptionAvailable,
                Reader::bool,
            ),
            id::SUBSCRIPTION_IDENTIFIER_AVAILABLE => r.once(
                &mut self.subscription_identifier_available,
                F::SubscriptionIdentifierAvailable,
                Reader::bool,
            ),
            id::SHARED_SUBSCRIPTION_AVAILABLE => r.once(
                &mut self.shared_subscription_available,
                F::SharedSubscriptionAvailable,
                Reader::bool,
            ),
            id::SERVER_KEEP_ALIVE => {
                r.once(&mut self.server_keep_alive, F::ServerKeepAlive, Reader::two)
            }
            id::RESPONSE_INFORMATION => r.once(
                &mut self.response_information,
                F::ResponseInformation,
                Reader::text,
            ),
            id::SERVER_REFERENCE => {
                r.once(&mut self.server_reference, F::ServerReference, Reader::text)
            }
            id::AUTHENTICATION_METHOD => r.once(
                &mut self.authentication_method,
                F::AuthenticationMethod,
                Reader::text,
            ),
            id::AUTHENTICATION_DATA => r.once(
                &mut self.authentication_data,
                F::AuthenticationData,
                Reader::binary,
            ),
            id => Err(r.unexpected_property(id)),
        }
    }
}

/// 0 or 1: 2 is said by leaving it out.
fn maximum_qos<T: Trace>(reader: &mut Reader<'_, T>, property: Field) -> Result<QoS, DecodeError> {
    match reader.byte(property)? {
        0 => Ok(QoS::AtMostOnce),
        1 => Ok(QoS::AtLeastOnce),
        value => Err(DecodeError::PropertyValue {
            property,
            value: value.into(),
        }),
    }
}

impl PropertyBlock for ConnackProperties<'_> {
    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        let maximum_qos = self.maximum_qos.filter(|&qos| qos != QoS::ExactlyOnce);
        out.property_four(Field::SessionExpiryInterval, self.session_expiry_interval);
        out.property_two(
            Field::ReceiveMaximum,
            self.receive_maximum.map(NonZeroU16::get),
        );
        out.property_byte(Field::MaximumQoS, maximum_qos.map(QoS::bits));
        out.property_bool(Field::RetainAvailable, self.retain_available);
        out.property_four(
            Field::MaximumPacketSize,
            self.maximum_packet_size.map(NonZeroU32::get),
        );
        out.property_text(
            Field::AssignedClientIdentifier,
            self.assigned_client_identifier,
        );
        out.property_two(Field::TopicAliasMaximum, self.topic_alias_maximum);
        out.property_text(Field::ReasonString, self.reason_string);
        out.user_properties(self.user_properties);
        out.property_bool(
            Field::WildcardSubscriptionAvailable,
            self.wildcard_subscription_available,
        );
        out.property_bool(
            Field::SubscriptionIdentifierAvailable,
            self.subscription_identifier_available,
        );
        out.property_bool(
            Field::SharedSubscriptionAvailable,
            self.shared_subscription_available,
        );
        out.property_two(Field::ServerKeepAlive, self.server_keep_alive);
        out.property_text(Field::ResponseInformation, self.response_information);
        out.property_text(Field::ServerReference, self.server_reference);
        out.property_text(Field::AuthenticationMethod, self.authentication_method);
        out.property_binary(Field::AuthenticationData, self.authentication_data);
    }
}

impl Layout for Connack<'_> {
    #[inline]
    fn exists_in(&self, version: Version) -> bool {
        version.has_properties() || self.reason_code.return_code().is_some()
    }

    #[inline]
    fn first_byte(&self) -> u8 {
        0x20
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
        // [MQTT-3.2.2-6]: a refusal has no session. 3.1 does not have the flag.
        let accepted = self.reason_code == ConnectReasonCode::Success;
        out.byte(flag(
            self.session_present && accepted && version != Version::V3_1,
            1,
        ));
        if version.has_properties() {
            out.byte(self.reason_code.byte());
            out.properties(lengths.properties, &self.properties);
        } else {
            out.byte(self.reason_code.return_code().unwrap_or_default());
        }
    }
}

encodes!(Connack<'_>);
