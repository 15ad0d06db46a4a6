use core::num::NonZeroU16;
use core::time::Duration;

use mqtt_codec::packet::{Connect, ConnectProperties, WillBuf};
use mqtt_codec::property::UserPropertiesBuf;
use mqtt_codec::{ClientIdBuf, Limits, TextBuf, Version};

use crate::{Acknowledgement, Password, ProblemInformation};

/// What a client wants, and its limits.
///
/// What only 5.0 has is left out in 3.x.
#[derive(Clone, Debug)]
pub struct Config {
    /// Of the protocol. 5.0.
    pub version: Version,
    /// Empty: the server assigns one, which is used from then on.
    pub client_id: ClientIdBuf,
    /// Whether to begin an empty session. With the first connection.
    pub clean_start: CleanStart,
    /// For how long the server keeps the session after a connection, in whole seconds (rounded up); `Duration::MAX` for
    /// ever. Zero. In 3.x the session is kept unless `clean_start` is set.
    ///
    /// Ours is kept until the server says that it has none, or until the connection ends when this is zero.
    pub session_expiry: Duration,
    /// Something is sent at least this often, in whole seconds (rounded up), at most 65,535; zero turns it off. 60 s. The
    /// server may say otherwise.
    pub keep_alive: Duration,
    /// For how long to wait for PINGRESP, at most `keep_alive`. 10 s.
    pub ping_timeout: Duration,
    /// For how long to wait for CONNACK. 10 s.
    pub connect_timeout: Duration,
    /// For authentication.
    pub user_name: Option<TextBuf>,
    /// For authentication; in 3.x only with a user name.
    pub password: Option<Password>,
    /// What the server publishes when the connection is lost.
    pub will: Option<WillBuf>,
    /// Asks for enhanced authentication; 5.0 only.
    pub authentication: Option<InitialAuthentication>,
    /// How many messages of QoS 1 and 2 the server may send before one is acknowledged. 1,024. 3.x knows no such limit.
    pub receive_maximum: NonZeroU16,
    /// The largest packet that we take, in bytes with its fixed header. 2 MiB.
    pub maximum_packet_size: u32,
    /// How many topic aliases the server may use. 16.
    pub topic_alias_maximum: u16,
    /// How many topic aliases we use, as far as the server allows. 0.
    pub outbound_topic_aliases: u16,
    /// Asks for the base of response topics.
    pub request_response_information: bool,
    /// Whether the server shall explain itself.
    pub problem_information: ProblemInformation,
    /// For the application on the other side.
    pub user_properties: UserPropertiesBuf,
    /// Who acknowledges messages that come in.
    pub acknowledgement: Acknowledgement,
    /// What to do when the server goes on with a session that we do not know.
    pub unknown_session: UnknownSession,
    /// How many messages of QoS 1 and 2 may be open at once, whatever the server allows. 1,024.
    pub in_flight: NonZeroU16,
    /// How many SUBSCRIBEs and UNSUBSCRIBEs may be unanswered. 64.
    pub requests: usize,
    /// How many bytes may wait to be written. A command is refused beyond; what must be answered to the server may double
    /// it, and then the connection is closed. 1 MiB.
    pub send_buffer: usize,
    /// How many actions may wait for `poll_action` until messages of QoS 0 are dropped, and counted. 65,536. Those of QoS 1
    /// and 2 are limited by `receive_maximum`.
    pub waiting_actions: usize,
}

/// Whether CONNECT asks for an empty session. Standard: MQTT 5.0 §3.1.2.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum CleanStart {
    /// Never: each connection goes on with what there is.
    Never,
    /// With the first connection; later ones go on with its session. In 3.x, where one flag says both, as `Always`.
    #[default]
    First,
    /// With each connection.
    Always,
}

/// What to do when CONNACK says Session Present and we have no session: our program was started anew and its state was not
/// stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum UnknownSession {
    /// Close the connection, as the standard demands [MQTT-3.2.2-4].
    #[default]
    Close,
    /// Go on with it. Its subscriptions and queued messages are there. A message of QoS 2 that was under way when our
    /// program ended may come a second time; and one that we publish is taken for the one of the last program that has the
    /// same identifier and no PUBREL, and is lost [MQTT-4.3.3-10].
    Adopt,
}

/// How the enhanced authentication begins. Standard: MQTT 5.0 §4.12.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitialAuthentication {
    /// The Authentication Method.
    pub method: TextBuf,
    /// Its first data, at most 65,535 bytes.
    pub data: Option<Password>,
}

/// Why a configuration cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A password and no user name, in 3.x [v3.1.1 MQTT-3.1.2-22].
    #[error("a password needs a user name in MQTT 3.x")]
    PasswordWithoutUserName,
    /// An empty Client Identifier, in 3.1.
    #[error("MQTT 3.1 needs a Client Identifier")]
    NoClientId,
    /// An empty Client Identifier without Clean Session, in 3.1.1 [v3.1.1 MQTT-3.1.3-7].
    #[error("a session that is kept needs a Client Identifier in MQTT 3.1.1")]
    NoClientIdForSession,
    /// A CONNECT that is too long for the protocol.
    #[error("CONNECT is longer than the protocol allows")]
    TooLong,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: Version::V5_0,
            client_id: mqtt_codec::ClientId::EMPTY.into(),
            clean_start: CleanStart::default(),
            session_expiry: Duration::ZERO,
            keep_alive: Duration::from_secs(60),
            ping_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            user_name: None,
            password: None,
            will: None,
            authentication: None,
            receive_maximum: DEFAULT_WINDOW,
            maximum_packet_size: Limits::default().packet_size,
            topic_alias_maximum: 16,
            outbound_topic_aliases: 0,
            request_response_information: false,
            problem_information: ProblemInformation::Wanted,
            user_properties: UserPropertiesBuf::default(),
            acknowledgement: Acknowledgement::default(),
            unknown_session: UnknownSession::default(),
            in_flight: DEFAULT_WINDOW,
            requests: 64,
            send_buffer: 1024 * 1024,
            waiting_actions: 65_536,
        }
    }
}

const DEFAULT_WINDOW: NonZeroU16 = match NonZeroU16::new(1_024) {
    Some(window) => window,
    None => NonZeroU16::MAX,
};

impl Config {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_v5 = self.version.has_properties();
        if !is_v5 && self.password.is_some() && self.user_name.is_none() {
            return Err(ConfigError::PasswordWithoutUserName);
        }
        if self.client_id.as_str().is_empty() {
            match self.version {
                Version::V3_1 => return Err(ConfigError::NoClientId),
                Version::V3_1_1 if self.clean_start == CleanStart::Never => {
                    return Err(ConfigError::NoClientIdForSession);
                }
                Version::V3_1_1 | Version::V5_0 => {}
            }
        }
        match self
            .connect(&self.client_id, true)
            .encoded_len(self.version)
        {
            Some(_) => Ok(()),
            None => Err(ConfigError::TooLong),
        }
    }

    pub(super) fn connect<'a>(
        &'a self,
        client_id: &'a ClientIdBuf,
        clean_start: bool,
    ) -> Connect<'a> {
        let session_expiry = whole_seconds(self.session_expiry);
        let authentication = self.authentication.as_ref();
        Connect {
            version: self.version,
            bridge: false,
            clean_start,
            keep_alive: u16::try_from(whole_seconds(self.keep_alive)).unwrap_or(u16::MAX),
            properties: ConnectProperties {
                session_expiry_interval: (session_expiry > 0).then_some(session_expiry),
                receive_maximum: (self.receive_maximum < NonZeroU16::MAX)
                    .then_some(self.receive_maximum),
                maximum_packet_size: (self.maximum_packet_size < Limits::MAX_PACKET_SIZE)
                    .then(|| self.maximum_packet_size.max(1).try_into().ok())
                    .flatten(),
                topic_alias_maximum: (self.topic_alias_maximum > 0)
                    .then_some(self.topic_alias_maximum),
                request_response_information: self.request_response_information.then_some(true),
                request_problem_information: match self.problem_information {
                    ProblemInformation::Wanted => None,
                    ProblemInformation::Unwanted => Some(false),
                },
                user_properties: self.user_properties.borrowed(),
                authentication_method: authentication.map(|it| it.method.borrowed()),
                authentication_data: authentication.and_then(|it| it.data.as_ref()?.borrowed()),
            },
            client_id: client_id.borrowed(),
            will: self.will.as_ref().map(WillBuf::borrowed),
            user_name: self.user_name.as_ref().map(TextBuf::borrowed),
            password: self.password.as_ref().and_then(Password::borrowed),
        }
    }
}

/// Rounded up; what is too much is for ever, `u32::MAX`.
pub(super) fn whole_seconds(duration: Duration) -> u32 {
    let begun = u64::from(duration.subsec_nanos() > 0);
    duration
        .as_secs()
        .checked_add(begun)
        .and_then(|seconds| u32::try_from(seconds).ok())
        .unwrap_or(u32::MAX)
}
