//! What clients do.

use core::time::Duration;

use alloc::collections::btree_map::Entry;

use mqtt_broker_core::{Authentication, Peer};
use mqtt_codec::packet::{
    Connect, ConnectProperties, Delivery, Disconnect, DisconnectProperties, Publish,
    PublishProperties, PublishTopic, RetainHandling, Subscribe, Subscription, SubscriptionOptions,
    Subscriptions, TopicFilters, Unsubscribe, Will, WillProperties,
};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Binary, ClientId, ClientIdBuf, Packet, PacketId, QoS, Version};
use mqtt_sim::{
    ConnectionNumber, Lasting, MessageNumber, Observation, Origin, PublishedMessage, Topic,
};

use super::{Answering, FILTERS, TOPICS, WATCHER, World, options};

impl World {
    pub(super) fn connect(&mut self, client: usize) {
        self.open(client);
        let profile = self.setting.clients[client].clone();
        let is_v5 = profile.version == Version::V5_0;
        let expiry = match profile.session {
            Lasting::Clean => 0,
            Lasting::For(u32::MAX) => u32::MAX,
            Lasting::For(_) => *self.random.pick(&[0, 5, 30, 200]).unwrap(),
        };
        let is_clean = profile.session == Lasting::Clean;
        let clean_start = is_clean || self.random.percent(5) && client != WATCHER;
        let is_willing = self.random.percent(60);
        let will = profile.will.filter(|_| is_willing);
        let will = will.map(|will| (self.new_will(client, will.topic), will.topic));
        let payload = will.map(|(message, _)| message.payload(8));
        let topic = will.map(|(_, topic)| self.setting.names.topic(topic).unwrap().clone());
        let delay = *self.random.pick(&[0, 0, 2, 40]).unwrap();
        let will = will.map(|(message, _)| {
            let message = self.messages.get(message).unwrap();
            Will {
                topic: topic.as_ref().unwrap().borrowed(),
                payload: Binary::new(payload.as_ref().unwrap()).unwrap(),
                qos: message.qos,
                retain: message.retain,
                properties: WillProperties {
                    will_delay_interval: is_v5.then_some(delay),
                    message_expiry_interval: message.expiry,
                    ..WillProperties::default()
                },
            }
        });
        let client_id = format!("c{client}");
        let properties = ConnectProperties {
            session_expiry_interval: Some(expiry),
            receive_maximum: Some(profile.receive_maximum),
            ..ConnectProperties::default()
        };
        let packet = Packet::Connect(Connect {
            version: profile.version,
            bridge: false,
            clean_start,
            keep_alive: 10,
            properties: match is_v5 {
                true => properties,
                false => ConnectProperties::default(),
            },
            client_id: ClientId::new(&client_id).unwrap(),
            will,
            user_name: None,
            password: None,
        });
        self.send(client, &packet);
    }

    /// A network connection, beside the old one if there is one.
    fn open(&mut self, client: usize) {
        let link = self.broker.handle_connected(
            self.now,
            Peer {
                address: None,
                connect_deadline: self.now + Duration::from_secs(10),
                assigned_client_id: ClientIdBuf::new("assigned").unwrap(),
                authentication: Authentication::Anonymous,
            },
        );
        let link = link.unwrap();
        self.connections += 1;
        let connection = ConnectionNumber(self.connections);
        self.links.insert(link, (connection, client));
        if let Some((old, _)) = self.clients[client].link {
            self.forget(client, old);
        }
        self.clients[client].link = Some((link, connection));
    }

    fn new_will(&mut self, client: usize, topic: Topic) -> MessageNumber {
        let is_v5 = self.setting.clients[client].version == Version::V5_0;
        let message = PublishedMessage {
            client,
            origin: Origin::Will,
            topic,
            qos: self.qos(),
            retain: self.random.percent(30),
            expiry: (is_v5 && self.random.percent(10)).then_some(3),
            bytes: 8,
            at: self.now,
        };
        self.messages.add(message)
    }

    pub(super) fn publish(&mut self, client: usize) {
        if !self.clients[client].is_connected || self.clients[client].under_way.len() >= 5 {
            return;
        }
        let is_v5 = self.setting.clients[client].version == Version::V5_0;
        let topic = *self.random.pick(&TOPICS).unwrap();
        let topic = self.setting.names.find_topic(topic).unwrap();
        if self.random.percent(2) {
            return self.remove(client, topic);
        }
        let message = PublishedMessage {
            client,
            origin: Origin::Application,
            topic,
            qos: self.qos(),
            retain: self.random.percent(30),
            expiry: (is_v5 && self.random.percent(20)).then_some(4),
            bytes: 8,
            at: self.now,
        };
        let number = self.messages.add(message);
        let packet_id = (message.qos > QoS::AtMostOnce).then(|| {
            let at = &mut self.clients[client];
            loop {
                at.next_packet_id = at.next_packet_id % 20 + 1;
                let packet_id = PacketId::new(at.next_packet_id).unwrap();
                if let Entry::Vacant(free) = at.under_way.entry(packet_id) {
                    free.insert((number, false));
                    break packet_id;
                }
            }
        });
        self.see(Observation::Published {
            client,
            message: number,
        });
        self.send_message(client, number, packet_id, false);
    }

    pub(super) fn send_message(
        &mut self,
        client: usize,
        number: MessageNumber,
        packet_id: Option<PacketId>,
        dup: bool,
    ) {
        let message = *self.messages.get(number).unwrap();
        let payload = number.payload(8);
        let topic = self.setting.names.topic(message.topic).unwrap().clone();
        let packet_id = packet_id.unwrap_or(PacketId::MIN);
        let packet = Packet::Publish(Publish {
            delivery: match message.qos {
                QoS::AtMostOnce => Delivery::AtMostOnce,
                QoS::AtLeastOnce => Delivery::AtLeastOnce { packet_id, dup },
                QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id, dup },
            },
            retain: message.retain,
            topic: PublishTopic::Name(topic.borrowed()),
            properties: PublishProperties {
                message_expiry_interval: message.expiry,
                ..PublishProperties::default()
            },
            payload: &payload,
        });
        self.send(client, &packet);
    }

    pub(super) fn remove(&mut self, client: usize, topic: Topic) {
        let topic = self.setting.names.topic(topic).unwrap().clone();
        let packet = Packet::Publish(Publish {
            delivery: Delivery::AtMostOnce,
            retain: true,
            topic: PublishTopic::Name(topic.borrowed()),
            properties: PublishProperties::default(),
            payload: &[],
        });
        self.send(client, &packet);
    }

    pub(super) fn subscribe(&mut self, client: usize) {
        if client == WATCHER || !self.clients[client].is_connected {
            return;
        }
        let filter = *self.random.pick(&FILTERS).unwrap();
        let mut options = options(self.qos());
        if self.setting.clients[client].version == Version::V5_0 {
            options.no_local = !filter.starts_with("$share") && self.random.percent(30);
            options.retain_as_published = self.random.percent(30);
            let handling = [
                RetainHandling::SendAtSubscribe,
                RetainHandling::SendIfNew,
                RetainHandling::DoNotSend,
            ];
            options.retain_handling = *self.random.pick(&handling).unwrap();
        }
        self.subscribe_to(client, filter, options);
    }

    pub(super) fn subscribe_to(
        &mut self,
        client: usize,
        filter: &str,
        options: SubscriptionOptions,
    ) {
        let filter = mqtt_codec::TopicFilter::new(filter).unwrap();
        let subscriptions = [Subscription { filter, options }];
        let packet = Packet::Subscribe(Subscribe {
            packet_id: PacketId::new(1_000).unwrap(),
            properties: Default::default(),
            subscriptions: Subscriptions::new(&subscriptions).unwrap(),
        });
        self.send(client, &packet);
    }

    pub(super) fn unsubscribe(&mut self, client: usize) {
        if client == WATCHER || !self.clients[client].is_connected {
            return;
        }
        let filter = *self.random.pick(&FILTERS).unwrap();
        let filters = [mqtt_codec::TopicFilter::new(filter).unwrap()];
        let packet = Packet::Unsubscribe(Unsubscribe {
            packet_id: PacketId::new(1_000).unwrap(),
            user_properties: Default::default(),
            filters: TopicFilters::new(&filters).unwrap(),
        });
        self.send(client, &packet);
    }

    pub(super) fn disconnect(&mut self, client: usize) {
        let Some((link, _)) = self.clients[client].link else {
            return;
        };
        if !self.clients[client].is_connected {
            return;
        }
        let mut packet = Disconnect::new(DisconnectReasonCode::Success);
        if self.setting.clients[client].version == Version::V5_0 {
            if self.random.percent(30) {
                packet.reason_code = DisconnectReasonCode::DisconnectWithWillMessage;
            }
            let expiry = *self.random.pick(&[None, None, Some(0)]).unwrap();
            packet.properties = DisconnectProperties {
                session_expiry_interval: expiry.filter(|_| client != WATCHER),
                ..DisconnectProperties::default()
            };
        }
        self.send(client, &Packet::Disconnect(packet));
        self.forget(client, link);
    }

    pub(super) fn lose(&mut self, client: usize) {
        let of_client = self.links.iter().filter(|(_, (_, whose))| *whose == client);
        let links: Vec<_> = of_client.map(|(&link, &(it, _))| (link, it)).collect();
        let Some(&(link, connection)) = self.random.pick(&links) else {
            return;
        };
        self.forget(client, link);
        self.see(Observation::Lost {
            connection,
            client: Some(client),
        });
        self.broker.handle_closed(self.now, link);
        self.drain();
        self.links.remove(&link);
    }

    pub(super) fn answer(&mut self, client: usize) {
        match self.clients[client].answers.pop_front() {
            Some(Answering::Packet(packet)) => self.send(client, &packet),
            Some(Answering::Again(packet_id, message)) => {
                self.send_message(client, message, Some(packet_id), true);
            }
            Some(Answering::Subscribe) => {
                self.subscribe_to(client, "w/#", options(QoS::ExactlyOnce));
            }
            None => {}
        }
    }
}
