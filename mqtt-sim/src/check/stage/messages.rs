//! What clients publish, get and subscribe to.

use mqtt_codec::packet::{Delivery, Publish, PublishProperties, PublishTopic, SubscriptionOptions};
use mqtt_codec::{Packet, PacketId, QoS, TopicName};
use mqtt_session::Instant;

use super::Stage;
use crate::check::{Broken, Check};
use crate::messages::{MessageNumber, Origin, PublishedMessage};
use crate::names::Filter;
use crate::observation::{Answer, Observation};

impl Stage {
    /// A message of a client, on the one topic.
    pub(in crate::check) fn message(&mut self, client: usize, qos: QoS) -> MessageNumber {
        self.message_with(client, qos, |_| {})
    }

    pub(in crate::check) fn message_with(
        &mut self,
        client: usize,
        qos: QoS,
        change: impl FnOnce(&mut PublishedMessage),
    ) -> MessageNumber {
        let mut message = PublishedMessage {
            client,
            origin: Origin::Application,
            topic: self.topic,
            qos,
            retain: false,
            expiry: None,
            bytes: 100,
            at: Instant::from_micros(self.now * 1_000_000),
        };
        change(&mut message);
        self.messages.add(message)
    }

    pub(in crate::check) fn publish(&mut self, check: &mut dyn Check, message: MessageNumber) {
        let client = self.messages.get(message).unwrap().client;
        self.fine(check, &Observation::Published { client, message });
    }

    pub(in crate::check) fn acknowledge(&mut self, check: &mut dyn Check, message: MessageNumber) {
        let client = self.messages.get(message).unwrap().client;
        let answer = Answer::Taken;
        let acknowledged = Observation::Acknowledged {
            client,
            message,
            answer,
        };
        self.fine(check, &acknowledged);
    }

    /// A message of QoS 1 that is published and acknowledged.
    pub(in crate::check) fn published(
        &mut self,
        check: &mut dyn Check,
        client: usize,
    ) -> MessageNumber {
        let message = self.message(client, QoS::AtLeastOnce);
        self.publish(check, message);
        self.acknowledge(check, message);
        message
    }

    pub(in crate::check) fn deliver(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        message: MessageNumber,
        qos: QoS,
    ) -> Result<(), Broken> {
        let delivered = Observation::Delivered {
            client,
            message,
            qos,
            dup: false,
            retain: false,
        };
        self.observe(check, &delivered)
    }

    pub(in crate::check) fn subscribing(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        filter: Filter,
        options: SubscriptionOptions,
    ) {
        let subscribing = Observation::Subscribing {
            client,
            filter,
            options,
        };
        self.fine(check, &subscribing);
    }

    pub(in crate::check) fn subscribed(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        filter: Filter,
        granted: Option<QoS>,
    ) {
        let subscribed = Observation::Subscribed {
            client,
            filter,
            granted,
        };
        self.fine(check, &subscribed);
    }

    pub(in crate::check) fn subscribe(
        &mut self,
        check: &mut dyn Check,
        client: usize,
        filter: Filter,
        qos: QoS,
    ) {
        self.subscribing(check, client, filter, at_most(qos));
        self.subscribed(check, client, filter, Some(qos));
    }
}

pub(in crate::check) fn at_most(maximum_qos: QoS) -> SubscriptionOptions {
    SubscriptionOptions {
        maximum_qos,
        ..SubscriptionOptions::default()
    }
}

/// A PUBLISH with the payload of a message.
pub(in crate::check) fn publish_packet(
    payload: &[u8],
    expiry: Option<u32>,
    dup: bool,
) -> Packet<'_> {
    Packet::Publish(Publish {
        delivery: Delivery::AtLeastOnce {
            packet_id: PacketId::new(1).unwrap(),
            dup,
        },
        retain: false,
        topic: PublishTopic::Name(TopicName::new("a/b").unwrap()),
        properties: PublishProperties {
            message_expiry_interval: expiry,
            ..PublishProperties::EMPTY
        },
        payload,
    })
}
