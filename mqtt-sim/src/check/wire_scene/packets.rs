//! The packets that clients and the broker send.

use super::*;

impl<C: Check + Default> Scene<C> {
    /// CONNECT comes.
    pub(crate) fn connect(
        &mut self,
        client: usize,
        connection: u32,
        start: Start,
    ) -> Result<(), Broken> {
        let profile = self.setting.clients[client].clone();
        let payload = start.will.map(|(message, _)| message.payload(8));
        let topic = start.will.map(|(message, _)| {
            let topic = self.messages.get(message).unwrap().topic;
            self.setting.names.topic(topic).unwrap().clone()
        });
        let will = start.will.zip(payload.as_ref()).zip(topic.as_ref());
        let will = will.map(|(((message, delay), payload), topic)| {
            let message = self.messages.get(message).unwrap();
            Will {
                topic: topic.borrowed(),
                payload: Binary::new(payload).unwrap(),
                qos: message.qos,
                retain: message.retain,
                properties: WillProperties {
                    will_delay_interval: Some(delay),
                    message_expiry_interval: message.expiry,
                    ..WillProperties::default()
                },
            }
        });
        let packet = Packet::Connect(Connect {
            version: profile.version,
            bridge: false,
            clean_start: start.clean_start,
            keep_alive: 60,
            properties: ConnectProperties {
                session_expiry_interval: Some(start.expiry),
                receive_maximum: Some(profile.receive_maximum),
                maximum_packet_size: NonZeroU32::new(profile.maximum_packet_size),
                ..ConnectProperties::default()
            },
            client_id: ClientId::new("c").unwrap(),
            will,
            user_name: None,
            password: None,
        });
        self.receive(client, connection, packet)
    }

    /// CONNACK goes.
    pub(crate) fn connack(
        &mut self,
        client: usize,
        connection: u32,
        session_present: bool,
    ) -> Result<(), Broken> {
        let connack = Connack {
            session_present,
            reason_code: ConnectReasonCode::Success,
            properties: ConnackProperties::default(),
        };
        self.send(client, connection, Packet::Connack(connack))
    }

    pub(crate) fn disconnect(
        &mut self,
        client: usize,
        connection: u32,
        reason_code: DisconnectReasonCode,
        expiry: Option<u32>,
    ) -> Result<(), Broken> {
        let properties = DisconnectProperties {
            session_expiry_interval: expiry,
            ..DisconnectProperties::default()
        };
        let packet = Packet::Disconnect(Disconnect {
            reason_code,
            properties,
        });
        self.receive(client, connection, packet)
    }

    pub(crate) fn subscribe(
        &mut self,
        client: usize,
        connection: u32,
        filter: &str,
        options: SubscriptionOptions,
    ) -> Result<(), Broken> {
        let filter = self
            .setting
            .names
            .filter(self.filter(filter))
            .unwrap()
            .clone();
        let subscriptions = [Subscription {
            filter: filter.borrowed(),
            options,
        }];
        let packet = Packet::Subscribe(Subscribe {
            packet_id: PacketId::MIN,
            properties: Default::default(),
            subscriptions: Subscriptions::new(&subscriptions).unwrap(),
        });
        self.receive(client, connection, packet)
    }

    pub(crate) fn unsubscribe(
        &mut self,
        client: usize,
        connection: u32,
        filter: &str,
    ) -> Result<(), Broken> {
        let filter = self
            .setting
            .names
            .filter(self.filter(filter))
            .unwrap()
            .clone();
        let filters = [filter.borrowed()];
        let packet = Packet::Unsubscribe(Unsubscribe {
            packet_id: PacketId::MIN,
            user_properties: Default::default(),
            filters: TopicFilters::new(&filters).unwrap(),
        });
        self.receive(client, connection, packet)
    }

    /// PUBLISH comes, with an id for QoS 1 and 2.
    pub(crate) fn publish(
        &mut self,
        client: usize,
        connection: u32,
        message: MessageNumber,
        packet_id: u16,
    ) -> Result<(), Broken> {
        let retain = self.messages.get(message).unwrap().retain;
        let payload = message.payload(8);
        let topic = self.topic_of(message);
        let topic = self.setting.names.topic(topic).unwrap().clone();
        let packet = Packet::Publish(Publish {
            delivery: delivery(self.messages.get(message).unwrap().qos, packet_id, false),
            retain,
            topic: PublishTopic::Name(topic.borrowed()),
            properties: PublishProperties {
                message_expiry_interval: self.messages.get(message).unwrap().expiry,
                ..PublishProperties::default()
            },
            payload: &payload,
        });
        self.receive(client, connection, packet)
    }

    /// An empty retained PUBLISH comes.
    pub(crate) fn remove(
        &mut self,
        client: usize,
        connection: u32,
        topic: &str,
    ) -> Result<(), Broken> {
        let topic = self.setting.names.topic(self.topic(topic)).unwrap().clone();
        let packet = Packet::Publish(Publish {
            delivery: Delivery::AtMostOnce,
            retain: true,
            topic: PublishTopic::Name(topic.borrowed()),
            properties: PublishProperties::default(),
            payload: &[],
        });
        self.receive(client, connection, packet)
    }

    /// PUBLISH goes.
    pub(crate) fn deliver(
        &mut self,
        client: usize,
        connection: u32,
        message: MessageNumber,
        delivery: Delivery,
        retain: bool,
    ) -> Result<(), Broken> {
        let payload = message.payload(8);
        let topic = self.topic_of(message);
        let topic = self.setting.names.topic(topic).unwrap().clone();
        let packet = Packet::Publish(Publish {
            delivery,
            retain,
            topic: PublishTopic::Name(topic.borrowed()),
            properties: PublishProperties::default(),
            payload: &payload,
        });
        self.send(client, connection, packet)
    }
}
