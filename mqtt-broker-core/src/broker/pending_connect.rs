//! A CONNECT while it is decided whether the client may come in, and what it is answered.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::{NonZeroU16, NonZeroU32};

use mqtt_codec::packet::{Connack, ConnackProperties, Connect, WillBuf};
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{ClientIdBuf, Limits, Packet, TextBuf, Version};
use mqtt_session::{Negotiated, ProblemInformation, Role};

use super::connect::encode;
use crate::config::{Availability, Config};

/// A CONNECT that keeps to the limits, while it is decided whether the client may come in.
#[derive(Debug)]
pub(crate) struct PendingConnect {
    pub(crate) version: Version,
    pub(crate) client_id: ClientIdBuf,
    /// Whether the Client Identifier is ours.
    pub(super) assigned: bool,
    pub(super) clean_start: bool,
    pub(super) keep_alive: u16,
    /// As asked for; in 3.x what Clean Session stands for.
    pub(super) session_expiry: u32,
    pub(super) wants_response_information: bool,
    pub(super) will: Option<Box<WillBuf>>,
    pub(super) user_name: Option<TextBuf>,
    pub(crate) method: Option<TextBuf>,
}

impl PendingConnect {
    pub(super) fn new(config: &Config, connect: &Connect<'_>, assigned: ClientIdBuf) -> Self {
        let properties = &connect.properties;
        let session_expiry = match connect.version {
            Version::V5_0 => properties.session_expiry_interval.unwrap_or(0),
            Version::V3_1 | Version::V3_1_1 if connect.clean_start => 0,
            Version::V3_1 | Version::V3_1_1 => config.maximum_session_expiry,
        };
        let ours = connect.client_id.is_empty();
        Self {
            version: connect.version,
            client_id: if ours {
                assigned
            } else {
                ClientIdBuf::from(connect.client_id)
            },
            assigned: ours,
            clean_start: connect.clean_start,
            keep_alive: connect.keep_alive,
            session_expiry,
            wants_response_information: properties.request_response_information.unwrap_or(false),
            will: connect
                .will
                .as_ref()
                .map(|will| Box::new(WillBuf::from(will))),
            user_name: connect.user_name.map(TextBuf::from),
            method: properties.authentication_method.map(TextBuf::from),
        }
    }

    /// The Keep Alive that both sides run on: the server's in 5.0, where the client asked for more or for none.
    pub(super) fn keep_alive_in_force(&self, config: &Config) -> u16 {
        if self.version == Version::V5_0
            && (self.keep_alive == 0 || self.keep_alive > config.maximum_keep_alive.get())
        {
            config.maximum_keep_alive.get()
        } else {
            self.keep_alive
        }
    }

    /// The Session Expiry Interval that is in force: what was asked for, up to ours.
    pub(super) fn session_expiry_in_force(&self, config: &Config) -> u32 {
        self.session_expiry.min(config.maximum_session_expiry)
    }

    /// The encoded CONNACK of success.
    pub(super) fn connack(
        &self,
        config: &Config,
        session_present: bool,
        data: Option<&[u8]>,
    ) -> Vec<u8> {
        let keep_alive = self.keep_alive_in_force(config);
        let expiry = self.session_expiry_in_force(config);
        let response = (self.wants_response_information && !config.response_information.is_empty())
            .then(|| mqtt_codec::Text::new(&config.response_information).ok())
            .flatten();
        let properties = ConnackProperties {
            session_expiry_interval: (expiry != self.session_expiry).then_some(expiry),
            receive_maximum: NonZeroU16::new(config.receive_maximum)
                .filter(|maximum| maximum.get() < u16::MAX),
            maximum_packet_size: NonZeroU32::new(config.maximum_packet_size),
            assigned_client_identifier: self.assigned.then(|| self.client_id.borrowed().as_text()),
            topic_alias_maximum: (config.topic_alias_maximum > 0)
                .then_some(config.topic_alias_maximum),
            shared_subscription_available: match config.shared_subscriptions {
                Availability::Available => None,
                Availability::Unavailable => Some(false),
            },
            server_keep_alive: (keep_alive != self.keep_alive).then_some(keep_alive),
            response_information: response,
            authentication_method: self.method.as_ref().map(TextBuf::borrowed),
            // Without a method there is no data. Standard: MQTT 5.0 §3.2.2.3.18.
            authentication_data: data
                .filter(|_| self.method.is_some())
                .and_then(|data| mqtt_codec::Binary::new(data).ok()),
            ..ConnackProperties::default()
        };
        let packet = Packet::Connack(Connack {
            session_present,
            reason_code: ConnectReasonCode::Success,
            properties,
        });
        encode(&packet, self.version)
    }
}

/// What holds on a connection from its CONNECT on.
pub(super) fn negotiated(config: &Config, connect: &Connect<'_>) -> Negotiated {
    let properties = &connect.properties;
    let is_v5 = connect.version == Version::V5_0;
    Negotiated {
        version: connect.version,
        role: Role::Server,
        send_maximum: if is_v5 {
            let receive_maximum = properties.receive_maximum.map_or(u16::MAX, NonZeroU16::get);
            receive_maximum.min(config.send_maximum)
        } else {
            config.send_maximum_v3
        },
        receive_maximum: if is_v5 {
            config.receive_maximum
        } else {
            u16::MAX
        },
        // [MQTT-3.1.2-24]: of an answer to CONNECT, too.
        packet_size_out: properties
            .maximum_packet_size
            .map_or(Limits::MAX_PACKET_SIZE, NonZeroU32::get),
        packet_size_in: config.maximum_packet_size,
        topic_alias_maximum_in: if is_v5 { config.topic_alias_maximum } else { 0 },
        topic_alias_maximum_out: properties.topic_alias_maximum.unwrap_or(0),
        problem_information: match properties.request_problem_information {
            Some(false) => ProblemInformation::Unwanted,
            Some(true) | None => ProblemInformation::Wanted,
        },
    }
}
