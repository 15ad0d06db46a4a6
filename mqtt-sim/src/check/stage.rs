//! Observations made by hand, for the tests of the checks that see what applications see.

mod messages;

use core::num::NonZeroU16;
use core::time::Duration;

use alloc::format;
use alloc::vec::Vec;

use mqtt_broker_core::{Broker, Config, MemoryStore, Persistence, Position};
use mqtt_codec::packet::{
    Connack, ConnackProperties, Connect, ConnectProperties, Disconnect, DisconnectProperties,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{ClientId, Packet, Version};
use mqtt_session::{CloseReason, Instant};

use super::{Broken, Check, Rule};
use crate::messages::{MessageNumber, Messages};
use crate::names::{Filter, Names, Topic};
use crate::observation::{ConnectionNumber, Context, Kept, Observation, Quiet, Setting};
use crate::profile::{Lasting, Profile, Server};

pub(super) use messages::{at_most, publish_packet};

/// Some clients of 5.0 with one topic, `a/b`, and filters that match it.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) setting: Setting,
    pub(super) messages: Messages,
    pub(super) topic: Topic,
    pub(super) filter: Filter,
    pub(super) wider: Filter,
    pub(super) shared: Filter,
    /// The one time, in seconds.
    pub(super) now: u64,
    /// The broker's clock, in seconds.
    pub(super) broker_now: u64,
    step: u64,
    connections: u32,
}

/// How a test's client connects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connecting {
    pub(super) client: usize,
    pub(super) clean_start: bool,
    pub(super) expiry: u32,
}

/// Goes on with an older session, which lasts for 100 seconds.
pub(super) const fn resuming(client: usize) -> Connecting {
    Connecting {
        client,
        clean_start: false,
        expiry: 100,
    }
}

impl Default for Stage {
    fn default() -> Self {
        let mut names = Names::default();
        let topic = names.add_topic("a/b").unwrap();
        let mut filter = |name| names.add_filter(name).unwrap();
        let (filter, wider, shared) = (filter("a/b"), filter("a/#"), filter("$share/g/a/b"));
        let profile = Profile {
            version: Version::V5_0,
            server: Server::Broker,
            session: Lasting::For(100),
            receive_maximum: NonZeroU16::MAX,
            maximum_packet_size: 10_000,
            keep_alive: Duration::from_secs(60),
            will: None,
            subscriptions: Vec::new(),
        };
        let broker = Config {
            persistence: Persistence::Store,
            ..Config::default()
        };
        let setting = Setting {
            names,
            clients: alloc::vec![profile; 4],
            broker,
        };
        Self {
            setting,
            messages: Messages::default(),
            topic,
            filter,
            wider,
            shared,
            now: 1_000,
            broker_now: 1_000,
            step: 0,
            connections: 0,
        }
    }
}

impl Stage {
    pub(super) fn observe(
        &mut self,
        check: &mut dyn Check,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        self.step += 1;
        let seconds = |seconds: u64| Instant::from_micros(seconds * 1_000_000);
        let context = Context {
            step: self.step,
            now: seconds(self.now),
            broker_now: seconds(self.broker_now),
            messages: &self.messages,
            setting: &self.setting,
        };
        check.observe(&context, observation)
    }

    /// What breaks no rule.
    #[track_caller]
    pub(super) fn fine(&mut self, check: &mut dyn Check, observation: &Observation<'_>) {
        assert_eq!(self.observe(check, observation), Ok(()), "{observation:?}");
    }

    pub(super) fn quiet(&mut self, check: &mut dyn Check) -> Result<(), Broken> {
        let broker = Broker::new(self.setting.broker.clone(), [0; 16], Instant::default());
        let store = MemoryStore::default();
        let context = Context {
            step: self.step,
            now: Instant::from_micros(self.now * 1_000_000),
            broker_now: Instant::from_micros(self.broker_now * 1_000_000),
            messages: &self.messages,
            setting: &self.setting,
        };
        let quiet = Quiet {
            broker: &broker,
            store: &store,
        };
        check.quiet(&context, &quiet)
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.now += seconds;
        self.broker_now += seconds;
    }

    /// CONNECT leaves the client.
    pub(super) fn connecting(
        &mut self,
        check: &mut dyn Check,
        connecting: Connecting,
    ) -> ConnectionNumber {
        self.connections += 1;
        let connection = ConnectionNumber(self.connections);
        let Connecting {
            client,
            clean_start,
            expiry,
        } = connecting;
        let opens = Observation::Connecting {
            client,
            connection,
            clean_start,
            expiry,
            will: None,
        };
        self.fine(check, &opens);
        connection
    }

    /// CONNECT comes to the broker.
    pub(super) fn arrives(
        &mut self,
        check: &mut dyn Check,
        connecting: Connecting,
        connection: ConnectionNumber,
    ) {
        self.arrives_from(check, connecting, connection, Some(connecting.client));
    }

    /// One comes from who keeps no rule, with the Client Identifier of a client.
    pub(super) fn arrives_from_nobody(&mut self, check: &mut dyn Check, connecting: Connecting) {
        self.connections += 1;
        let connection = ConnectionNumber(self.connections);
        self.arrives_from(check, connecting, connection, None);
    }

    fn arrives_from(
        &mut self,
        check: &mut dyn Check,
        connecting: Connecting,
        connection: ConnectionNumber,
        client: Option<usize>,
    ) {
        let id = format!("c{}", connecting.client);
        let packet = Packet::Connect(Connect {
            version: self.setting.clients[connecting.client].version,
            bridge: false,
            clean_start: connecting.clean_start,
            keep_alive: 60,
            properties: ConnectProperties {
                session_expiry_interval: Some(connecting.expiry),
                ..ConnectProperties::default()
            },
            client_id: ClientId::new(&id).unwrap(),
            will: None,
            user_name: None,
            password: None,
        });
        let received = Observation::Received {
            connection,
            client,
            packet: &packet,
            bytes: 0,
        };
        self.fine(check, &received);
    }

    /// CONNACK leaves the broker.
    pub(super) fn answers(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        connection: ConnectionNumber,
    ) {
        self.answers_with(check, client, connection, ConnectReasonCode::Success);
    }

    pub(super) fn answers_with(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        connection: ConnectionNumber,
        reason_code: ConnectReasonCode,
    ) {
        let packet = Packet::Connack(Connack {
            session_present: false,
            reason_code,
            properties: ConnackProperties::default(),
        });
        let sent = Observation::Sent {
            connection,
            client: Some(client),
            packet: &packet,
            bytes: 0,
        };
        self.fine(check, &sent);
    }

    /// CONNACK comes to the client.
    pub(super) fn connected(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        connection: ConnectionNumber,
        session_present: bool,
    ) -> Result<(), Broken> {
        let connected = Observation::Connected {
            client,
            connection,
            session_present,
        };
        self.observe(check, &connected)
    }

    /// All of a connection's beginning.
    pub(super) fn connect(
        &mut self,
        check: &mut dyn Check,
        connecting: Connecting,
        session_present: bool,
    ) -> Result<ConnectionNumber, Broken> {
        let connection = self.connecting(check, connecting);
        self.arrives(check, connecting, connection);
        self.answers(check, connecting.client, connection);
        self.connected(check, connecting.client, connection, session_present)
            .map(|()| connection)
    }

    /// A new session.
    #[track_caller]
    pub(super) fn begin(&mut self, check: &mut dyn Check, client: usize) -> ConnectionNumber {
        let connected = self.connect(check, resuming(client), false);
        connected.unwrap()
    }

    /// The connection is cut, and both know.
    #[track_caller]
    pub(super) fn cut(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        connection: ConnectionNumber,
    ) {
        let reason = CloseReason::ConnectionLost;
        self.fine(check, &Observation::Closed { client, reason });
        self.lost(check, client, connection);
    }

    #[track_caller]
    pub(super) fn lost(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        connection: ConnectionNumber,
    ) {
        let lost = Observation::Lost {
            connection,
            client: Some(client),
        };
        self.fine(check, &lost);
    }

    /// The client leaves, and the broker hears of it.
    pub(super) fn leave(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        connection: ConnectionNumber,
        expiry: Option<u32>,
    ) {
        let leaving = Observation::Leaving {
            client,
            expiry,
            drops_will: true,
        };
        self.fine(check, &leaving);
        let packet = Packet::Disconnect(Disconnect {
            reason_code: DisconnectReasonCode::Success,
            properties: DisconnectProperties {
                session_expiry_interval: expiry,
                reason_string: None,
                user_properties: UserProperties::EMPTY,
                server_reference: None,
            },
        });
        self.received(check, client, connection, &packet);
    }

    pub(super) fn received(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        connection: ConnectionNumber,
        packet: &Packet<'_>,
    ) {
        let received = Observation::Received {
            connection,
            client: Some(client),
            packet,
            bytes: 0,
        };
        self.fine(check, &received);
    }

    /// The broker hears the time.
    pub(super) fn times_out(&mut self, check: &mut dyn Check) {
        self.fine(check, &Observation::TimedOut);
    }

    pub(super) fn crash(&mut self, check: &mut dyn Check) {
        self.fine(check, &Observation::Crashed);
    }

    pub(super) fn start(&mut self, check: &mut dyn Check, recovered: u64) {
        let recovered = Position(recovered);
        self.fine(check, &Observation::Started { recovered });
    }

    pub(super) fn restart(&mut self, check: &mut dyn Check, client: usize, state: Kept) {
        self.fine(check, &Observation::Restarted { client, state });
    }
}

/// Asserts which rule, client and message it is about.
#[track_caller]
pub(super) fn assert_broken(
    result: Result<(), Broken>,
    rule: Rule,
    client: usize,
    message: Option<MessageNumber>,
) {
    let broken = result.unwrap_err();
    assert_eq!(broken.rule, rule, "{broken}");
    assert!(broken.clients.contains(&client), "{broken:?}");
    assert_eq!(broken.message, message, "{broken}");
}
