use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use bytes::Bytes;
use mqtt_codec::packet::PublishPropertiesBuf;
use mqtt_codec::{ClientIdBuf, QoS, TextBuf, TopicNameBuf};
use mqtt_session::Instant;

use crate::memory::{Charge, MemoryGauge};

/// An Application Message that is kept: queued, in flight or retained. A clone shares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message(Arc<Body>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Body {
    id: MessageId,
    topic: TopicNameBuf,
    payload: Bytes,
    qos: QoS,
    retain: bool,
    expires_at: Option<Instant>,
    properties: Option<Box<PublishPropertiesBuf>>,
    publisher: Option<Publisher>,
    /// What it counts in its broker, while it lives.
    charge: Charge,
}

/// Who published a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// For No Local.
    pub client_id: ClientIdBuf,
    /// The principal: for checks of its rights after it was published. `None` is anonymous.
    pub principal: Option<TextBuf>,
}

/// Names a kept message for as long as it is kept anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MessageId {
    /// Which start of the broker.
    pub incarnation: u32,
    /// Which shard took it in.
    pub shard: u32,
    /// Which of that shard's messages.
    pub sequence: u64,
}

impl Message {
    /// A message of QoS 0 that is not retained and does not expire.
    #[must_use]
    pub fn new(topic: TopicNameBuf, payload: Bytes) -> Self {
        Self::builder(topic, payload).build()
    }
    /// Its name in the store; the default until it is kept there.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.0.id
    }
    /// A message with more than a topic and a payload.
    pub fn builder(topic: TopicNameBuf, payload: Bytes) -> MessageBuilder {
        MessageBuilder(Body {
            id: MessageId::default(),
            topic,
            payload,
            qos: QoS::AtMostOnce,
            retain: false,
            expires_at: None,
            properties: None,
            publisher: None,
            charge: Charge::default(),
        })
    }
    /// The same message under another name. Copies the body (not the payload) only when it is shared.
    #[must_use]
    pub fn with_id(mut self, id: MessageId) -> Self {
        if self.0.id != id {
            Arc::make_mut(&mut self.0).id = id;
        }
        self
    }
    /// The same message, counted by a gauge from now on. Copies the body (not the payload) when it is shared.
    #[must_use]
    pub(crate) fn charged(mut self, gauge: &MemoryGauge) -> Self {
        if self.0.charge.is_of(gauge) {
            return self;
        }
        let charge = gauge.charge(self.bytes());
        Arc::make_mut(&mut self.0).charge = charge;
        self
    }
    /// The same message, whose payload the gauge counts already.
    #[must_use]
    pub(crate) fn charged_beside_payload(mut self, gauge: &MemoryGauge) -> Self {
        let charge = gauge.charge(self.bytes() - self.0.payload.len());
        Arc::make_mut(&mut self.0).charge = charge;
        self
    }
    /// Where it was published.
    #[must_use]
    pub fn topic(&self) -> &TopicNameBuf {
        &self.0.topic
    }
    /// What was published.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.0.payload
    }
    /// The QoS at which it was published.
    #[must_use]
    pub fn qos(&self) -> QoS {
        self.0.qos
    }
    /// The RETAIN flag with which it was published.
    #[must_use]
    pub fn retain(&self) -> bool {
        self.0.retain
    }
    /// When it expires; `None` means never. Standard: MQTT 5.0 §3.3.2.3.3.
    #[must_use]
    pub fn expires_at(&self) -> Option<Instant> {
        self.0.expires_at
    }
    /// Its properties, as they came in; `None` when it has none. The Message Expiry Interval among them, if it is there,
    /// is as old as the message: [`lifetime`](Self::lifetime) is what counts.
    #[must_use]
    pub fn properties(&self) -> Option<&PublishPropertiesBuf> {
        self.0.properties.as_deref()
    }
    /// Who published it; `None` is the broker itself.
    #[must_use]
    pub fn publisher(&self) -> Option<&Publisher> {
        self.0.publisher.as_ref()
    }
    /// Whether its lifetime ran out.
    #[must_use]
    pub fn is_expired(&self, now: Instant) -> bool {
        self.0.expires_at.is_some_and(|at| at <= now)
    }
    /// What is left of its lifetime, for the Message Expiry Interval that is sent on [MQTT-3.3.2-6].
    #[must_use]
    pub fn lifetime(&self, now: Instant) -> Option<Duration> {
        self.0
            .expires_at
            .map(|at| at.saturating_duration_since(now))
    }
    /// What it costs in memory, for accounting: topic, payload, properties and publisher, and [`Self::OVERHEAD`].
    #[must_use]
    pub fn bytes(&self) -> usize {
        let properties = self.0.properties.as_deref().map_or(0, properties_bytes);
        let publisher = self.0.publisher.as_ref().map_or(0, |publisher| {
            publisher.client_id.as_str().len()
                + publisher
                    .principal
                    .as_ref()
                    .map_or(0, |it| it.as_str().len())
        });
        Self::OVERHEAD + self.0.topic.as_str().len() + self.0.payload.len() + properties + publisher
    }

    /// What a message costs beside its contents, in bytes: the body with its reference counts, and the headers of its
    /// allocations.
    pub const OVERHEAD: usize = size_of::<Body>() + 2 * size_of::<usize>() + 3 * ALLOCATION;
}

/// Builds a [`Message`]. What is not set is as in [`Message::new`].
///
/// ```
/// use bytes::Bytes;
/// use mqtt_broker_core::Message;
/// use mqtt_codec::{QoS, TopicNameBuf};
///
/// let topic = TopicNameBuf::new("sensors/door")?;
/// let message = Message::builder(topic, Bytes::from_static(b"open")).qos(QoS::AtLeastOnce).retain(true).build();
/// assert_eq!((message.qos(), message.retain()), (QoS::AtLeastOnce, true));
/// # Ok::<(), mqtt_codec::TopicNameError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct MessageBuilder(Body);

impl MessageBuilder {
    /// Its name in the store.
    pub fn id(mut self, id: MessageId) -> Self {
        self.0.id = id;
        self
    }
    /// The QoS at which it is published.
    pub fn qos(mut self, qos: QoS) -> Self {
        self.0.qos = qos;
        self
    }
    /// The RETAIN flag with which it is published.
    pub fn retain(mut self, retain: bool) -> Self {
        self.0.retain = retain;
        self
    }
    /// When it expires; `None` means never.
    pub fn expires_at(mut self, at: impl Into<Option<Instant>>) -> Self {
        self.0.expires_at = at.into();
        self
    }
    /// Its properties. Empty ones are the same as none.
    pub fn properties(mut self, properties: impl Into<Option<PublishPropertiesBuf>>) -> Self {
        self.0.properties = properties.into().filter(|it| !it.is_empty()).map(Box::new);
        self
    }
    /// Who publishes it; `None` is the broker itself.
    pub fn publisher(mut self, publisher: impl Into<Option<Publisher>>) -> Self {
        self.0.publisher = publisher.into();
        self
    }
    /// The message.
    #[must_use]
    pub fn build(self) -> Message {
        Message(Arc::new(self.0))
    }
}

/// What properties cost in memory.
fn properties_bytes(properties: &PublishPropertiesBuf) -> usize {
    let borrowed = properties.borrowed();
    let user: usize = borrowed
        .user_properties
        .iter()
        .map(|(name, value)| name.as_str().len() + value.as_str().len())
        .sum();
    size_of::<PublishPropertiesBuf>()
        + ALLOCATION
        + user
        + borrowed.response_topic.map_or(0, |it| it.as_str().len())
        + borrowed
            .correlation_data
            .map_or(0, |it| it.as_bytes().len())
        + borrowed.content_type.map_or(0, |it| it.as_str().len())
}

/// What an allocator usually adds to an allocation.
const ALLOCATION: usize = 16;

#[cfg(test)]
mod tests {
    use mqtt_codec::packet::PublishProperties;
    use mqtt_codec::property::UserProperties;
    use mqtt_codec::{Binary, Text, TopicName};

    use super::*;

    #[test]
    fn another_name_leaves_those_who_share_the_message_with_theirs() {
        let id = MessageId {
            incarnation: 1,
            shard: 2,
            sequence: 3,
        };
        let old = message();
        let new = old.clone().with_id(id);
        assert_eq!((old.id(), new.id()), (MessageId::default(), id));
        assert_eq!(old.payload().as_ptr(), new.payload().as_ptr());
    }

    #[test]
    fn a_message_costs_what_it_holds_and_its_overhead() {
        assert_eq!(message().bytes(), Message::OVERHEAD + 1 + 4);
    }

    #[test]
    fn each_property_and_the_publisher_cost_what_they_hold() {
        let user_properties = [
            (Text::new("name").unwrap(), Text::new("value").unwrap()),
            (Text::new("n").unwrap(), Text::new("").unwrap()),
        ];
        let properties = PublishProperties {
            response_topic: TopicName::new("reply/to").ok(),
            correlation_data: Binary::new(b"123").ok(),
            content_type: Text::new("text/plain").ok(),
            user_properties: UserProperties::new(&user_properties),
            ..PublishProperties::default()
        };
        let with_properties = builder()
            .properties(PublishPropertiesBuf::from(&properties))
            .build();
        let of_user = "name".len() + "value".len() + "n".len();
        let texts = of_user + "reply/to".len() + "123".len() + "text/plain".len();
        assert_eq!(
            with_properties.bytes(),
            message().bytes() + size_of::<PublishPropertiesBuf>() + ALLOCATION + texts
        );

        for (principal, len) in [(None, 0), (TextBuf::new("user").ok(), 4)] {
            let publisher = Publisher {
                client_id: ClientIdBuf::new("client").unwrap(),
                principal,
            };
            let published = builder().publisher(publisher).build();
            assert_eq!(published.bytes(), message().bytes() + 6 + len);
        }
    }

    #[test]
    fn a_message_counts_once_however_often_it_is_shared_and_charged() {
        let gauge = MemoryGauge::default();
        let charged = message().charged(&gauge);
        let clone = charged.clone();
        let again = clone.clone().charged(&gauge);
        assert_eq!(gauge.bytes(), message().bytes());
        // Another broker's gauge counts a copy of the body.
        let other = MemoryGauge::default();
        let foreign = clone.clone().charged(&other);
        assert_eq!(
            (gauge.bytes(), other.bytes()),
            (message().bytes(), message().bytes())
        );
        drop((charged, clone, again));
        assert_eq!((gauge.bytes(), other.bytes()), (0, message().bytes()));
        drop(foreign);
        assert_eq!(other.bytes(), 0);
    }

    #[test]
    fn a_message_beside_its_payload_counts_all_but_that() {
        let gauge = MemoryGauge::default();
        let charged = message().charged_beside_payload(&gauge);
        assert_eq!(gauge.bytes(), message().bytes() - "open".len());
        drop(charged);
        assert_eq!(gauge.bytes(), 0);
    }

    #[test]
    fn a_message_is_what_it_was_built_from() {
        let at = Instant::from_micros(1_000_000);
        let message = builder().qos(QoS::ExactlyOnce).retain(true).expires_at(at);
        let message = message.build();
        assert_eq!((message.qos(), message.retain()), (QoS::ExactlyOnce, true));
        assert_eq!(message.expires_at(), Some(at));
        assert_eq!(builder().build().expires_at(), None);
    }

    #[test]
    fn empty_properties_are_none() {
        let message = Message::builder(topic(), Bytes::new())
            .properties(PublishPropertiesBuf::from(&PublishProperties::default()))
            .build();
        assert_eq!(message.properties(), None);
        assert_eq!(message, Message::new(topic(), Bytes::new()));
    }

    fn message() -> Message {
        builder().build()
    }

    fn builder() -> MessageBuilder {
        Message::builder(topic(), Bytes::from_static(b"open"))
    }

    fn topic() -> TopicNameBuf {
        TopicNameBuf::new("t").unwrap()
    }
}
