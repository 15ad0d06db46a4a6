//! Observations made by hand, for the tests of the model and of the checks of the wire.

mod packets;

use alloc::vec::Vec;
use core::num::{NonZeroU16, NonZeroU32};
use core::time::Duration;

use mqtt_broker_core::{Broker, Config, MemoryStore, Persistence, Position};
use mqtt_codec::packet::{
    Connack, ConnackProperties, Connect, ConnectProperties, Delivery, Disconnect,
    DisconnectProperties, Publish, PublishProperties, PublishTopic, Subscribe, Subscription,
    SubscriptionOptions, Subscriptions, TopicFilters, Unsubscribe, Will, WillProperties,
};
use mqtt_codec::reason_code::{ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Binary, ClientId, Packet, PacketId, QoS, Version};
use mqtt_session::{CloseReason, Instant};

use crate::check::{Broken, Check, Rule};
use crate::messages::{MessageNumber, Messages, Origin, PublishedMessage};
use crate::names::{Filter, Names, Topic};
use crate::observation::{ConnectionNumber, Context, Observation, Quiet, Setting};
use crate::profile::{Lasting, Profile, Server, WillProfile};

/// A check, and what it sees. Client 0 publishes, the others subscribe; all are clients of 5.0 with lasting sessions.
#[derive(Debug)]
pub(crate) struct Scene<C> {
    pub(crate) check: C,
    pub(crate) setting: Setting,
    pub(crate) messages: Messages,
    pub(crate) broker_now: Instant,
    step: u64,
}

/// How a client connects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) clean_start: bool,
    pub(crate) expiry: u32,
    /// With its delay.
    pub(crate) will: Option<(MessageNumber, u32)>,
}

pub(crate) const LASTING: Start = Start {
    clean_start: false,
    expiry: 100,
    will: None,
};

impl<C: Check + Default> Scene<C> {
    /// With the filters `a`, `+`, `wills/#` and `$share/g/a`, the topics `a`, `b` and `wills/0`, and one more client that
    /// watches wills.
    pub(crate) fn new(clients: usize) -> Self {
        let mut names = Names::default();
        for filter in ["a", "+", "wills/#", "$share/g/a"] {
            names.add_filter(filter).unwrap();
        }
        for topic in ["a", "b", "wills/0"] {
            names.add_topic(topic).unwrap();
        }
        let profile = Profile {
            version: Version::V5_0,
            server: Server::Broker,
            session: Lasting::For(100),
            receive_maximum: NonZeroU16::new(2).unwrap(),
            maximum_packet_size: 1_000,
            keep_alive: Duration::from_secs(60),
            will: Some(WillProfile {
                topic: names.find_topic("wills/0").unwrap(),
                qos: QoS::ExactlyOnce,
                retain: false,
                delay: 0,
            }),
            subscriptions: Vec::new(),
        };
        let mut clients: Vec<_> = (0..clients).map(|_| profile.clone()).collect();
        let options = SubscriptionOptions {
            maximum_qos: QoS::ExactlyOnce,
            ..SubscriptionOptions::default()
        };
        clients.push(Profile {
            subscriptions: [(names.find_filter("wills/#").unwrap(), options)].into(),
            ..profile
        });
        let broker = Config {
            persistence: Persistence::Store,
            receive_maximum: 2,
            ..Config::default()
        };
        Self {
            check: C::default(),
            setting: Setting {
                names,
                clients,
                broker,
            },
            messages: Messages::default(),
            broker_now: Instant::from_micros(0),
            step: 0,
        }
    }

    pub(crate) fn filter(&self, name: &str) -> Filter {
        self.setting.names.find_filter(name).unwrap()
    }

    pub(crate) fn topic(&self, name: &str) -> Topic {
        self.setting.names.find_topic(name).unwrap()
    }

    pub(crate) fn at(&mut self, seconds: u64) -> &mut Self {
        self.broker_now = Instant::from_micros(0) + Duration::from_secs(seconds);
        self
    }

    /// A new message of client 0; a will when its topic is one of wills.
    pub(crate) fn message(&mut self, topic: &str, qos: QoS) -> MessageNumber {
        self.message_with(topic, qos, false, None)
    }

    pub(crate) fn retained(&mut self, topic: &str, qos: QoS) -> MessageNumber {
        self.message_with(topic, qos, true, None)
    }

    pub(crate) fn message_with(
        &mut self,
        topic: &str,
        qos: QoS,
        retain: bool,
        expiry: Option<u32>,
    ) -> MessageNumber {
        let origin = match topic.starts_with("wills") {
            true => Origin::Will,
            false => Origin::Application,
        };
        let topic = self.topic(topic);
        self.messages.add(PublishedMessage {
            client: 0,
            origin,
            topic,
            qos,
            retain,
            expiry,
            bytes: 8,
            at: self.broker_now,
        })
    }

    pub(crate) fn see(&mut self, observation: Observation<'_>) -> Result<(), Broken> {
        self.step += 1;
        let context = Context {
            step: self.step,
            now: self.broker_now,
            broker_now: self.broker_now,
            messages: &self.messages,
            setting: &self.setting,
        };
        self.check.observe(&context, &observation)
    }

    pub(crate) fn quiet(&mut self, broker: &Broker, store: &MemoryStore) -> Result<(), Broken> {
        let context = Context {
            step: self.step,
            now: self.broker_now,
            broker_now: self.broker_now,
            messages: &self.messages,
            setting: &self.setting,
        };
        self.check.quiet(&context, &Quiet { broker, store })
    }

    /// Quiet with an empty broker.
    pub(crate) fn quiet_alone(&mut self) -> Result<(), Broken> {
        let broker = Broker::new(self.setting.broker.clone(), [0; 16], self.broker_now);
        self.quiet(&broker, &MemoryStore::new())
    }

    pub(crate) fn receive(
        &mut self,
        client: usize,
        connection: u32,
        packet: Packet<'_>,
    ) -> Result<(), Broken> {
        let version = self.setting.clients[client].version;
        self.see(Observation::Received {
            connection: ConnectionNumber(connection),
            client: Some(client),
            packet: &packet,
            bytes: packet.encoded_len(version).unwrap(),
        })
    }

    pub(crate) fn send(
        &mut self,
        client: usize,
        connection: u32,
        packet: Packet<'_>,
    ) -> Result<(), Broken> {
        let version = self.setting.clients[client].version;
        self.see(Observation::Sent {
            connection: ConnectionNumber(connection),
            client: Some(client),
            packet: &packet,
            bytes: packet.encoded_len(version).unwrap(),
        })
    }

    pub(crate) fn lose(&mut self, client: usize, connection: u32) -> Result<(), Broken> {
        self.see(Observation::Lost {
            connection: ConnectionNumber(connection),
            client: Some(client),
        })
    }

    pub(crate) fn end(&mut self, client: usize, connection: u32) -> Result<(), Broken> {
        self.see(Observation::Ended {
            connection: ConnectionNumber(connection),
            client: Some(client),
            reason: CloseReason::TakenOver,
        })
    }

    pub(crate) fn time_out(&mut self) -> Result<(), Broken> {
        self.see(Observation::TimedOut)
    }

    pub(crate) fn hand_out(&mut self, position: u64) -> Result<(), Broken> {
        self.see(Observation::HandedOut {
            position: Position(position),
        })
    }

    /// The process ends, and the next one finds what is stored.
    pub(crate) fn crash(&mut self, recovered: u64) -> Result<(), Broken> {
        self.see(Observation::Crashed)?;
        self.see(Observation::Started {
            recovered: Position(recovered),
        })
    }

    fn topic_of(&self, message: MessageNumber) -> Topic {
        self.messages.get(message).unwrap().topic
    }
}

pub(crate) fn delivery(qos: QoS, packet_id: u16, dup: bool) -> Delivery {
    match (qos, PacketId::new(packet_id)) {
        (QoS::AtMostOnce, _) | (_, None) => Delivery::AtMostOnce,
        (QoS::AtLeastOnce, Some(packet_id)) => Delivery::AtLeastOnce { packet_id, dup },
        (QoS::ExactlyOnce, Some(packet_id)) => Delivery::ExactlyOnce { packet_id, dup },
    }
}

pub(crate) fn options(maximum_qos: QoS) -> SubscriptionOptions {
    SubscriptionOptions {
        maximum_qos,
        ..SubscriptionOptions::default()
    }
}

/// What a rule says of clients and a message.
pub(crate) fn assert_broken(
    result: Result<(), Broken>,
    rule: Rule,
    clients: &[usize],
    message: Option<MessageNumber>,
    what: &str,
) {
    let broken = result.unwrap_err();
    assert_eq!((broken.rule, broken.message), (rule, message), "{broken}");
    assert_eq!(broken.clients, clients, "{broken}");
    assert!(broken.what.contains(what), "{broken}");
}
