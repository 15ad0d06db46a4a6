use alloc::boxed::Box;

use bytes::Bytes;
use mqtt_codec::packet::{Connack, ConnackProperties, Connect, WillBuf};
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{
    Binary, DecodeError, Limits, Packet, PacketType, ProtocolName, TextBuf, Version, decode,
    fixed_header,
};

use super::{Action, ConnectRequest, Event, ServerSession, State};
use crate::endpoint::Link;
use crate::{
    Authentication, CloseReason, Instant, Negotiated, Password, ProblemInformation, ProtocolError,
    Role,
};

/// A connection whose CONNECT waits for the caller's decision.
#[derive(Debug)]
pub(super) struct Deciding {
    pub(super) link: Link,
    pub(super) deadline: Instant,
    pub(super) reading: Reading,
    pub(super) clean_start: bool,
    pub(super) has_client_id: bool,
    pub(super) keep_alive: u16,
    pub(super) session_expiry_interval: u32,
    pub(super) wants_response_information: bool,
}

/// What the client may send before CONNACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Nothing that we would look at now.
    Paused,
    /// AUTH, or DISCONNECT [MQTT-3.1.2-30].
    Auth,
}

impl ServerSession {
    /// The first packet, if it is complete. `None` when it is not, or when the connection is closed because of it.
    pub(super) fn first_packet(&mut self, bytes: &[u8], deadline: Instant) -> Option<usize> {
        let header = match fixed_header(bytes) {
            Ok(None) => return None,
            Ok(Some(header)) if header.packet_type == PacketType::Connect => header,
            Ok(Some(header)) => {
                let error = ProtocolError::UnexpectedPacket(header.packet_type);
                self.close(CloseReason::Protocol(error));
                return None;
            }
            Err(error) => {
                self.close(CloseReason::Malformed(error));
                return None;
            }
        };
        let start = header.header_len + START_OF_V5.len();
        if bytes.len() < start.min(header.packet_len()) {
            // In which form it is to be answered is not known yet.
            return None;
        }
        let limits = Limits {
            packet_size: self.config.connect_packet_size,
        };
        // CONNECT has its own version.
        match decode(Version::V5_0, &limits, bytes) {
            Ok(Some((Packet::Connect(connect), len))) => {
                self.connect(&connect, deadline);
                Some(len)
            }
            Ok(Some(_) | None) => None,
            Err(error) => {
                self.refuse_malformed(error, bytes);
                None
            }
        }
    }

    fn connect(&mut self, connect: &Connect<'_>, deadline: Instant) {
        let version = connect.version;
        let link = Link::new(self.negotiated(connect), self.config.capabilities);
        if let Err(reason) = self.check(connect) {
            return self.refuse_with(&link, reason, ConnackProperties::default());
        }
        let session_expiry_interval = match version {
            Version::V5_0 => connect.properties.session_expiry_interval.unwrap_or(0),
            Version::V3_1 | Version::V3_1_1 if connect.clean_start => 0,
            Version::V3_1 | Version::V3_1_1 => u32::MAX,
        };
        let method = connect.properties.authentication_method.map(TextBuf::from);
        self.authentication = Authentication::new(Role::Server, method);
        self.state = State::Deciding(Box::new(Deciding {
            link,
            deadline,
            reading: Reading::Paused,
            clean_start: connect.clean_start,
            has_client_id: !connect.client_id.is_empty(),
            keep_alive: connect.keep_alive,
            session_expiry_interval,
            wants_response_information: connect.properties.request_response_information
                == Some(true),
        }));
        let request = request(connect, session_expiry_interval);
        self.notify(Event::Connect(Box::new(request)));
        self.actions.push_back(Action::Pause);
    }

    /// What no server may accept.
    fn check(&self, connect: &Connect<'_>) -> Result<(), ConnectReasonCode> {
        let needs_client_id = match connect.version {
            Version::V3_1 => true,
            // [v3.1.1 MQTT-3.1.3-8]
            Version::V3_1_1 => !connect.clean_start,
            Version::V5_0 => false,
        };
        if needs_client_id && connect.client_id.is_empty() {
            return Err(ConnectReasonCode::ClientIdentifierNotValid);
        }
        let Some(will) = &connect.will else {
            return Ok(());
        };
        // [MQTT-3.2.2-12] [MQTT-3.2.2-13]
        self.config
            .capabilities
            .check_publish(will.qos, will.retain)
            .map_err(ProtocolError::connect_reason_code)
    }

    fn negotiated(&self, connect: &Connect<'_>) -> Negotiated {
        let properties = &connect.properties;
        let receive_maximum = properties
            .receive_maximum
            .map_or(u16::MAX, core::num::NonZeroU16::get);
        let packet_size = properties
            .maximum_packet_size
            .map_or(u32::MAX, core::num::NonZeroU32::get);
        let is_v5 = connect.version.has_properties();
        Negotiated {
            version: connect.version,
            role: Role::Server,
            send_maximum: receive_maximum.min(self.config.in_flight.get()),
            receive_maximum: if is_v5 {
                self.config.receive_maximum.get()
            } else {
                u16::MAX
            },
            packet_size_out: packet_size.min(Limits::MAX_PACKET_SIZE),
            packet_size_in: self.config.maximum_packet_size,
            topic_alias_maximum_in: self.config.topic_alias_maximum,
            // [MQTT-3.1.2-26] [MQTT-3.1.2-27]
            topic_alias_maximum_out: properties
                .topic_alias_maximum
                .unwrap_or(0)
                .min(self.config.outbound_topic_aliases),
            problem_information: match properties.request_problem_information {
                Some(false) => ProblemInformation::Unwanted,
                Some(true) | None => ProblemInformation::Wanted,
            },
        }
    }

    /// A CONNECT that is none: 5.0 gets a CONNACK where its version can be told, 3.x does not [v3.1.1 MQTT-3.1.4-1].
    fn refuse_malformed(&mut self, error: DecodeError, bytes: &[u8]) {
        let (version, code) = if let DecodeError::UnsupportedProtocolVersion { name, .. } = error {
            // [MQTT-3.1.2-1] [MQTT-3.1.2-2]
            let version = match name {
                ProtocolName::Mqisdp => Version::V3_1_1,
                ProtocolName::Mqtt | ProtocolName::Other => Version::V5_0,
            };
            (version, Some(ConnectReasonCode::UnsupportedProtocolVersion))
        } else {
            (
                Version::V5_0,
                CloseReason::Malformed(error)
                    .connect_reason_code()
                    .filter(|_| claims_v5(bytes)),
            )
        };
        if let Some(reason_code) = code {
            let properties = ConnackProperties::default();
            let connack = Connack {
                session_present: false,
                reason_code,
                properties,
            };
            self.endpoint
                .tx_mut()
                .put(version, &Packet::Connack(connack));
        }
        self.close(CloseReason::Malformed(error));
    }
}

/// Whether a CONNECT begins as one of 5.0 does.
fn claims_v5(bytes: &[u8]) -> bool {
    let Ok(Some(header)) = fixed_header(bytes) else {
        return false;
    };
    bytes
        .get(header.header_len..)
        .is_some_and(|body| body.starts_with(START_OF_V5))
}

fn request(connect: &Connect<'_>, session_expiry_interval: u32) -> ConnectRequest {
    let properties = &connect.properties;
    let owned = |data: Binary<'_>| Bytes::copy_from_slice(data.as_bytes());
    ConnectRequest {
        version: connect.version,
        bridge: connect.bridge,
        client_id: connect.client_id.into(),
        clean_start: connect.clean_start,
        session_expiry_interval,
        keep_alive: connect.keep_alive,
        user_name: connect.user_name.map(TextBuf::from),
        password: connect.password.map(Password::from),
        will: connect.will.as_ref().map(WillBuf::from),
        request_response_information: properties.request_response_information == Some(true),
        user_properties: properties.user_properties.into(),
        authentication_method: properties.authentication_method.map(TextBuf::from),
        authentication_data: properties.authentication_data.map(owned),
    }
}

/// Protocol Name and Protocol Version.
const START_OF_V5: &[u8] = b"\x00\x04MQTT\x05";
