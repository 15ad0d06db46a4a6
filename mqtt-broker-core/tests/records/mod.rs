//! Records for tests: one of each kind, and any.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod script;

use bytes::Bytes;
use mqtt_broker_core::{Message, MessageId, Publisher, Record, SessionRecord};
use mqtt_codec::packet::{
    PublishProperties, PublishPropertiesBuf, RetainHandling, SubscriptionOptions, Will, WillBuf,
    WillProperties,
};
use mqtt_codec::property::{PayloadFormat, SubscriptionIdentifier, UserProperties};
use mqtt_codec::{
    Binary, ClientIdBuf, PacketId, QoS, Text, TextBuf, TopicFilterBuf, TopicName, TopicNameBuf,
    Version,
};
use mqtt_session::Instant;
use proptest::prelude::*;

pub(crate) fn client_id(id: &str) -> ClientIdBuf {
    ClientIdBuf::new(id).unwrap()
}

pub(crate) fn topic(name: &str) -> TopicNameBuf {
    TopicNameBuf::new(name).unwrap()
}

pub(crate) fn filter(filter: &str) -> TopicFilterBuf {
    TopicFilterBuf::new(filter).unwrap()
}

pub(crate) fn packet_id(number: u16) -> PacketId {
    PacketId::new(number).unwrap()
}

pub(crate) fn identifier(number: u32) -> SubscriptionIdentifier {
    SubscriptionIdentifier::new(number).unwrap()
}

pub(crate) fn message_id(sequence: u64) -> MessageId {
    MessageId {
        incarnation: 1,
        shard: 2,
        sequence,
    }
}

/// The values of a session that has no more of them than it must.
pub(crate) fn plain_session(id: &str) -> SessionRecord {
    SessionRecord {
        client_id: client_id(id),
        version: Version::V3_1_1,
        principal: None,
        expiry_interval: u32::MAX,
        disconnected_at: None,
        will: None,
    }
}

/// The values of a session that has all of them.
pub(crate) fn full_session(id: &str) -> SessionRecord {
    let user_properties = [(Text::new("k").unwrap(), Text::new("v").unwrap())];
    let will = Will {
        topic: TopicName::new("w").unwrap(),
        payload: Binary::new(b"gone").unwrap(),
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: WillProperties {
            will_delay_interval: Some(5),
            payload_format_indicator: Some(PayloadFormat::Utf8),
            message_expiry_interval: Some(60),
            content_type: Some(Text::new("t").unwrap()),
            response_topic: Some(TopicName::new("r").unwrap()),
            correlation_data: Some(Binary::new(&[0xFF]).unwrap()),
            user_properties: UserProperties::new(&user_properties),
        },
    };
    SessionRecord {
        client_id: client_id(id),
        version: Version::V5_0,
        principal: Some(TextBuf::new("p").unwrap()),
        expiry_interval: 3600,
        disconnected_at: Some(Instant::from_micros(1_700_000_000_000_000)),
        will: Some(Box::new(WillBuf::from(&will))),
    }
}

/// A message that has everything.
pub(crate) fn full_message(id: MessageId) -> Message {
    let user_properties = [
        (Text::new("k").unwrap(), Text::new("v").unwrap()),
        (Text::new("k").unwrap(), Text::new("").unwrap()),
    ];
    let properties = PublishProperties {
        payload_format_indicator: Some(PayloadFormat::Unspecified),
        message_expiry_interval: Some(60),
        response_topic: Some(TopicName::new("r").unwrap()),
        correlation_data: Some(Binary::new(&[1, 2]).unwrap()),
        user_properties: UserProperties::new(&user_properties),
        content_type: Some(Text::new("t").unwrap()),
        ..PublishProperties::default()
    };
    let publisher = Publisher {
        client_id: client_id("c"),
        principal: Some(TextBuf::new("p").unwrap()),
    };
    Message::builder(topic("a/b"), Bytes::from_static(b"open"))
        .id(id)
        .qos(QoS::ExactlyOnce)
        .retain(true)
        .expires_at(Instant::from_micros(1_700_000_060_000_000))
        .properties(PublishPropertiesBuf::from(&properties))
        .publisher(publisher)
        .build()
}

/// Any record.
pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    let client = any_client_id;
    prop_oneof![
        any_session().prop_map(|session| Record::Session(Box::new(session))),
        client().prop_map(|client_id| Record::SessionEnded { client_id }),
        (
            client(),
            any_filter(),
            any_options(),
            prop::option::of(any_identifier())
        )
            .prop_map(
                |(client_id, filter, options, identifier)| Record::Subscribed {
                    client_id,
                    filter,
                    options,
                    identifier
                }
            ),
        (client(), any_filter())
            .prop_map(|(client_id, filter)| Record::Unsubscribed { client_id, filter }),
        any_message().prop_map(Record::Message),
        any_queued(),
        (client(), any::<u64>(), any_packet_id()).prop_map(|(client_id, sequence, packet_id)| {
            Record::Sent {
                client_id,
                sequence,
                packet_id,
            }
        }),
        (client(), any::<u64>()).prop_map(|(client_id, sequence)| Record::Received {
            client_id,
            sequence
        }),
        (client(), any::<u64>()).prop_map(|(client_id, sequence)| Record::Settled {
            client_id,
            sequence
        }),
        (client(), any_packet_id()).prop_map(|(client_id, packet_id)| Record::Unreleased {
            client_id,
            packet_id
        }),
        (client(), any_packet_id()).prop_map(|(client_id, packet_id)| Record::Released {
            client_id,
            packet_id
        }),
        (any_message_id(), any_topic())
            .prop_map(|(message, topic)| Record::Retained { message, topic }),
        any_topic().prop_map(|topic| Record::RetainedCleared { topic }),
    ]
}

fn any_queued() -> impl Strategy<Value = Record> {
    let identifiers = prop::collection::vec(any_identifier(), 0..4);
    (
        any_client_id(),
        any::<u64>(),
        any_message_id(),
        any_qos(),
        any::<bool>(),
        identifiers,
        prop::option::of(any_filter()),
    )
        .prop_map(
            |(client_id, sequence, message, qos, retain, identifiers, group)| Record::Queued {
                client_id,
                sequence,
                message,
                qos,
                retain,
                identifiers,
                group,
            },
        )
}

pub(crate) fn any_session() -> impl Strategy<Value = SessionRecord> {
    let version = prop_oneof![
        Just(Version::V3_1),
        Just(Version::V3_1_1),
        Just(Version::V5_0)
    ];
    let principal = prop::option::of(any_text());
    let disconnected_at = prop::option::of(any::<u64>().prop_map(Instant::from_micros));
    let will = prop::option::of(any_will().prop_map(Box::new));
    (
        any_client_id(),
        version,
        principal,
        any::<u32>(),
        disconnected_at,
        will,
    )
        .prop_map(
            |(client_id, version, principal, expiry_interval, disconnected_at, will)| {
                SessionRecord {
                    client_id,
                    version,
                    principal,
                    expiry_interval,
                    disconnected_at,
                    will,
                }
            },
        )
}

fn any_will() -> impl Strategy<Value = WillBuf> {
    (
        any_topic(),
        any_data(),
        any_qos(),
        any::<bool>(),
        any_properties(),
        prop::option::of(any::<u32>()),
    )
        .prop_map(
            |(topic, payload, qos, retain, properties, will_delay_interval)| {
                let properties = properties.borrowed();
                WillBuf::from(&Will {
                    topic: topic.borrowed(),
                    payload: Binary::new(&payload).unwrap(),
                    qos,
                    retain,
                    properties: WillProperties {
                        will_delay_interval,
                        payload_format_indicator: properties.payload_format_indicator,
                        message_expiry_interval: properties.message_expiry_interval,
                        content_type: properties.content_type,
                        response_topic: properties.response_topic,
                        correlation_data: properties.correlation_data,
                        user_properties: properties.user_properties,
                    },
                })
            },
        )
}

fn any_message() -> impl Strategy<Value = Message> {
    let publisher =
        (any_client_id(), prop::option::of(any_text())).prop_map(|(client_id, principal)| {
            Publisher {
                client_id,
                principal,
            }
        });
    let expires_at = prop::option::of(any::<u64>().prop_map(Instant::from_micros));
    let fields = (
        any_message_id(),
        any_topic(),
        any_data(),
        any_qos(),
        any::<bool>(),
    );
    (
        fields,
        expires_at,
        any_properties(),
        prop::option::of(publisher),
    )
        .prop_map(
            |((id, topic, payload, qos, retain), expires_at, properties, publisher)| {
                Message::builder(topic, Bytes::from(payload))
                    .id(id)
                    .qos(qos)
                    .retain(retain)
                    .expires_at(expires_at)
                    .properties(properties)
                    .publisher(publisher)
                    .build()
            },
        )
}

fn any_properties() -> impl Strategy<Value = PublishPropertiesBuf> {
    let format = prop::option::of(prop_oneof![
        Just(PayloadFormat::Unspecified),
        Just(PayloadFormat::Utf8)
    ]);
    let user = prop::collection::vec((any_text(), any_text()), 0..3);
    (
        format,
        prop::option::of(any::<u32>()),
        prop::option::of(any_topic()),
        prop::option::of(any_data()),
        user,
        prop::option::of(any_text()),
    )
        .prop_map(
            |(format, expiry, response_topic, correlation_data, user, content_type)| {
                let user: Vec<_> = user
                    .iter()
                    .map(|(name, value)| (name.borrowed(), value.borrowed()))
                    .collect();
                PublishPropertiesBuf::from(&PublishProperties {
                    payload_format_indicator: format,
                    message_expiry_interval: expiry,
                    response_topic: response_topic.as_ref().map(TopicNameBuf::borrowed),
                    correlation_data: correlation_data
                        .as_deref()
                        .map(|data| Binary::new(data).unwrap()),
                    user_properties: UserProperties::new(&user),
                    content_type: content_type.as_ref().map(TextBuf::borrowed),
                    ..PublishProperties::default()
                })
            },
        )
}

fn any_message_id() -> impl Strategy<Value = MessageId> {
    (any::<u32>(), any::<u32>(), any::<u64>()).prop_map(|(incarnation, shard, sequence)| {
        MessageId {
            incarnation,
            shard,
            sequence,
        }
    })
}

pub(crate) fn any_options() -> impl Strategy<Value = SubscriptionOptions> {
    let handling = prop_oneof![
        Just(RetainHandling::SendAtSubscribe),
        Just(RetainHandling::SendIfNew),
        Just(RetainHandling::DoNotSend)
    ];
    (any_qos(), any::<bool>(), any::<bool>(), handling).prop_map(
        |(maximum_qos, no_local, retain_as_published, retain_handling)| SubscriptionOptions {
            maximum_qos,
            no_local,
            retain_as_published,
            retain_handling,
        },
    )
}

fn any_client_id() -> impl Strategy<Value = ClientIdBuf> {
    "[a-c\u{1}é]{0,3}".prop_map(|id| client_id(&id))
}

fn any_topic() -> impl Strategy<Value = TopicNameBuf> {
    "[a-c$/ü]{1,6}".prop_map(|name| topic(&name))
}

fn any_filter() -> impl Strategy<Value = TopicFilterBuf> {
    prop_oneof![
        Just("#"),
        Just("+/a"),
        Just("$share/g/a/#"),
        Just("/"),
        Just("a/b/+")
    ]
    .prop_map(filter)
}

fn any_text() -> impl Strategy<Value = TextBuf> {
    "[^\u{0}]{0,5}".prop_map(|text| TextBuf::new(&text).unwrap())
}

fn any_data() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..8)
}

pub(crate) fn any_qos() -> impl Strategy<Value = QoS> {
    prop_oneof![
        Just(QoS::AtMostOnce),
        Just(QoS::AtLeastOnce),
        Just(QoS::ExactlyOnce)
    ]
}

fn any_packet_id() -> impl Strategy<Value = PacketId> {
    (1..=u16::MAX).prop_map(packet_id)
}

pub(crate) fn any_identifier() -> impl Strategy<Value = SubscriptionIdentifier> {
    (1..=268_435_455u32).prop_map(identifier)
}
