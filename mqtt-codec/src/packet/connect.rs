use core::num::{NonZeroU16, NonZeroU32};

use crate::decode_error::ProtocolName;
use crate::encode::{Layout, PropertyLengths, encodes, flag, qos_bits};
use crate::field::Field;
use crate::output::Output;
use crate::packet::{PacketType, Will};
use crate::property::{PropertyBlock, PropertyOutput, Run, UserProperties, id};
use crate::reader::Reader;
use crate::trace::{Shape, Trace};
use crate::{Binary, ClientId, DecodeError, QoS, Text, Version};

/// CONNECT asks for a connection. It carries its own version, in which it is encoded whatever
/// version is asked for. 3.x cannot say a password without a user name, 5.0 not authentication data without a method.
/// Standard: MQTT 5.0 §3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect<'a> {
    /// By Protocol Name and Protocol Version.
    pub version: Version,
    /// The top bit of the version byte, which bridges set in 3.x (levels 0x83 and 0x84; practice, in no standard).
    pub bridge: bool,
    /// Clean Start; in 3.x Clean Session, which also ends the session with the connection.
    pub clean_start: bool,
    /// Keep Alive in seconds; 0 turns it off.
    pub keep_alive: u16,
    /// 5.0 only.
    pub properties: ConnectProperties<'a>,
    /// May be empty.
    pub client_id: ClientId<'a>,
    /// What to publish when the connection is lost.
    pub will: Option<Will<'a>>,
    /// For authentication.
    pub user_name: Option<Text<'a>>,
    /// For authentication; in 3.1.1 only with a user name [v3.1.1 MQTT-3.1.2-22].
    pub password: Option<Binary<'a>>,
}

/// The properties of CONNECT. Standard: MQTT 5.0 §3.1.2.11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ConnectProperties<'a> {
    /// Seconds; absent means 0, `u32::MAX` means never.
    pub session_expiry_interval: Option<u32>,
    /// How many QoS 1 and 2 PUBLISH the client takes at once; absent means 65,535.
    pub receive_maximum: Option<NonZeroU16>,
    /// Bytes; absent means no limit but the protocol's.
    pub maximum_packet_size: Option<NonZeroU32>,
    /// Absent means 0.
    pub topic_alias_maximum: Option<u16>,
    /// Absent means false.
    pub request_response_information: Option<bool>,
    /// Absent means true.
    pub request_problem_information: Option<bool>,
    /// For the application.
    pub user_properties: UserProperties<'a>,
    /// Asks for the enhanced authentication.
    pub authentication_method: Option<Text<'a>>,
    /// The method's; only with a method.
    pub authentication_data: Option<Binary<'a>>,
}

/// The Connect Flags. Standard: MQTT 5.0 §3.1.2.3.
mod flags {
    pub(super) const RESERVED: u8 = 0x01;
    pub(super) const CLEAN_START: u8 = 0x02;
    pub(super) const WILL: u8 = 0x04;
    pub(super) const WILL_QOS_SHIFT: u8 = 3;
    pub(super) const WILL_QOS: u8 = 0x18;
    pub(super) const WILL_RETAIN: u8 = 0x20;
    pub(super) const PASSWORD: u8 = 0x40;
    pub(super) const USER_NAME: u8 = 0x80;
}

/// The top bit of the level, which bridges set in 3.x.
const BRIDGE: u8 = 0x80;

impl<'a> Connect<'a> {
    pub(crate) fn decode<T: Trace>(
        header_flags: u8,
        reader: &mut Reader<'a, T>,
    ) -> Result<Self, DecodeError> {
        let (version, bridge) = decode_version(reader)?;
        // Old clients of 3.1 send DUP and QoS in every packet, even here.
        if header_flags != 0 && version != Version::V3_1 {
            return Err(DecodeError::FixedHeaderFlags {
                packet_type: PacketType::Connect,
                flags: header_flags,
            });
        }
        let flags = reader.byte(Field::ConnectFlags)?;
        check_flags(version, flags)?;
        let keep_alive = reader.two(Field::KeepAlive)?;
        let properties = if version.has_properties() {
            ConnectProperties::decode(reader)?
        } else {
            ConnectProperties::default()
        };
        let client_id = ClientId::from_text(reader.text(Field::ClientIdentifier)?);
        let will = if flags & flags::WILL == 0 {
            None
        } else {
            let Some(qos) = QoS::from_bits((flags & flags::WILL_QOS) >> flags::WILL_QOS_SHIFT)
            else {
                return Err(DecodeError::QoS3 {
                    field: Field::ConnectFlags,
                });
            };
            Some(Will::decode(
                version,
                qos,
                flags & flags::WILL_RETAIN != 0,
                reader,
            )?)
        };
        // In 3.1 Remaining Length wins over the flags: a field that is announced may be missing.
        let announced = |flag, reader: &Reader<'a, T>| {
            flags & flag != 0 && !(version == Version::V3_1 && reader.is_empty())
        };
        let mut last = if will.is_some() {
            Field::WillPayload
        } else {
            Field::ClientIdentifier
        };
        let mut user_name = None;
        if announced(flags::USER_NAME, reader) {
            user_name = Some(reader.text(Field::UserName)?);
            last = Field::UserName;
        }
        let mut password = None;
        if announced(flags::PASSWORD, reader) {
            password = Some(reader.binary(Field::Password)?);
            last = Field::Password;
        }
        reader.finish(last)?;
        let clean_start = flags & flags::CLEAN_START != 0;
        Ok(Self {
            version,
            bridge,
            clean_start,
            keep_alive,
            properties,
            client_id,
            will,
            user_name,
            password,
        })
    }
}

/// Protocol Name and Protocol Version, and whether the bridges' bit is set.
fn decode_version<T: Trace>(reader: &mut Reader<'_, T>) -> Result<(Version, bool), DecodeError> {
    let name = match reader.counted(Field::ProtocolName, Shape::Text)? {
        b"MQTT" => ProtocolName::Mqtt,
        b"MQIsdp" => ProtocolName::Mqisdp,
        _ => ProtocolName::Other,
    };
    let level = match reader.byte(Field::ProtocolVersion) {
        Ok(level) => level,
        // Whatever protocol it is, it need not have a level.
        Err(_) if name == ProtocolName::Other => 0,
        Err(error) => return Err(error),
    };
    match (name, level) {
        (ProtocolName::Mqtt, 5) => Ok((Version::V5_0, false)),
        (ProtocolName::Mqtt, 4 | 0x84) => Ok((Version::V3_1_1, level & BRIDGE != 0)),
        (ProtocolName::Mqisdp, 3 | 0x83) => Ok((Version::V3_1, level & BRIDGE != 0)),
        (name, level) => Err(DecodeError::UnsupportedProtocolVersion { level, name }),
    }
}

/// 3.1 disregards reserved bits, and the bits of a Will that is not there.
fn check_flags(version: Version, flags: u8) -> Result<(), DecodeError> {
    let user_name = flags & flags::USER_NAME != 0;
    if version != Version::V5_0 && flags & flags::PASSWORD != 0 && !user_name {
        return Err(DecodeError::PasswordWithoutUserName);
    }
    if version == Version::V3_1 {
        return Ok(());
    }
    if flags & flags::RESERVED != 0 {
        return Err(DecodeError::ReservedBits {
            field: Field::ConnectFlags,
            value: flags,
        });
    }
    if flags & flags::WILL == 0 && flags & flags::WILL_QOS != 0 {
        return Err(DecodeError::WillQoSWithoutWill);
    }
    if flags & flags::WILL == 0 && flags & flags::WILL_RETAIN != 0 {
        return Err(DecodeError::WillRetainWithoutWill);
    }
    Ok(())
}

impl<'a> ConnectProperties<'a> {
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
        if properties.authentication_data.is_some() && properties.authentication_method.is_none() {
            return Err(DecodeError::AuthenticationDataWithoutMethod);
        }
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
            id::MAXIMUM_PACKET_SIZE => r.once(
                &mut self.maximum_packet_size,
                F::MaximumPacketSize,
                Reader::non_zero_four,
            ),
            id::TOPIC_ALIAS_MAXIMUM => r.once(
                &mut self.topic_alias_maximum,
                F::TopicAliasMaximum,
                Reader::two,
            ),
            id::REQUEST_RESPONSE_INFORMATION => r.once(
                &mut self.request_response_information,
                F::RequestResponseInformation,
                Reader::bool,
            ),
            id::REQUEST_PROBLEM_INFORMATION => r.once(
                &mut self.request_problem_information,
                F::RequestProblemInformation,
                Reader::bool,
            ),
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

impl PropertyBlock for ConnectProperties<'_> {
    #[inline]
    fn write<O: Output>(&self, out: &mut O) {
        out.property_four(Field::SessionExpiryInterval, self.session_expiry_interval);
        out.property_two(
            Field::ReceiveMaximum,
            self.receive_maximum.map(NonZeroU16::get),
        );
        out.property_four(
            Field::MaximumPacketSize,
            self.maximum_packet_size.map(NonZeroU32::get),
        );
        out.property_two(Field::TopicAliasMaximum, self.topic_alias_maximum);
        out.property_bool(
            Field::RequestResponseInformation,
            self.request_response_information,
        );
        out.property_bool(
            Field::RequestProblemInformation,
            self.request_problem_information,
        );
        out.user_properties(self.user_properties);
        out.property_text(Field::AuthenticationMethod, self.authentication_method);
        out.property_binary(Field::AuthenticationData, self.authentication_data);
    }
}

impl Layout for Connect<'_> {
    #[inline]
    fn exists_in(&self, _: Version) -> bool {
        let password_alone = self.password.is_some() && self.user_name.is_none();
        let data_alone = self.properties.authentication_data.is_some()
            && self.properties.authentication_method.is_none();
        if self.version.has_properties() {
            !data_alone
        } else {
            !password_alone
        }
    }

    #[inline(always)]
    fn version(&self, _: Version) -> Version {
        self.version
    }

    #[inline]
    fn first_byte(&self) -> u8 {
        0x10
    }

    #[inline]
    fn property_lengths(&self) -> PropertyLengths {
        PropertyLengths {
            properties: self.properties.property_length(),
            will_properties: self
                .will
                .map_or(0, |will| will.properties.property_length()),
        }
    }

    #[inline]
    fn body<O: Output>(&self, _: Version, lengths: PropertyLengths, out: &mut O) {
        let version = self.version;
        let will = self.will.as_ref();
        out.counted(version.protocol_name().as_bytes());
        out.byte(version.level() | flag(self.bridge && !version.has_properties(), BRIDGE));
        out.byte(
            flag(self.clean_start, flags::CLEAN_START)
                | flag(self.user_name.is_some(), flags::USER_NAME)
                | flag(self.password.is_some(), flags::PASSWORD)
                | will.map_or(0, |will| {
                    flags::WILL
                        | qos_bits(will.qos, flags::WILL_QOS_SHIFT)
                        | flag(will.retain, flags::WILL_RETAIN)
                }),
        );
        out.two(self.keep_alive);
        if version.has_properties() {
            out.properties(lengths.properties, &self.properties);
        }
        out.text(self.client_id.as_text());
        if let Some(will) = will {
            will.write(version, lengths, out);
        }
        if let Some(user_name) = self.user_name {
            out.text(user_name);
        }
        if let Some(password) = self.password {
            out.binary(password);
        }
    }
}

encodes!(Connect<'_>);
