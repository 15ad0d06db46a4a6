//! Any packet that a version can say. What packets borrow is leaked: a test process lives for seconds.

mod properties;

use mqtt_codec::packet::{
    Auth, Connack, Connect, Delivery, Disconnect, Puback, Pubcomp, Publish, PublishTopic, Pubrec,
    Pubrel, RetainHandling, Suback, Subscribe, SubscribeReasonCodes, Subscription,
    SubscriptionOptions, Subscriptions, TopicFilters, Unsuback, Unsubscribe,
    UnsubscribeReasonCodes, Will,
};
use mqtt_codec::property::TopicAlias;
use mqtt_codec::reason_code::{
    AuthReasonCode, ConnectReasonCode, DisconnectReasonCode, PublishReasonCode, ReleaseReasonCode,
    SubscribeReasonCode, UnsubscribeReasonCode,
};
use mqtt_codec::{Binary, ClientId, Packet, PacketId, QoS, Text, TopicFilter, TopicName, Version};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

pub(super) fn version() -> impl Strategy<Value = Version> {
    select(vec![Version::V3_1, Version::V3_1_1, Version::V5_0])
}

/// A version and a packet of it.
pub(super) fn versioned() -> impl Strategy<Value = (Version, Packet<'static>)> {
    version().prop_flat_map(|version| (Just(version), packet(version)))
}

pub(super) fn packet(version: Version) -> BoxedStrategy<Packet<'static>> {
    let acknowledgement = || (packet_id(), properties::acknowledgement(version));
    let five = version.has_properties();
    let publish_code = code(five, PublishReasonCode::Success, PublishReasonCode::ALL);
    let release_code = code(five, ReleaseReasonCode::Success, ReleaseReasonCode::ALL);
    let each = prop_oneof![
        3 => connect(version).prop_map(Packet::from),
        1 => connack(version).prop_map(Packet::from),
        4 => publish(version).prop_map(Packet::from),
        1 => (acknowledgement(), publish_code.clone()).prop_map(|((packet_id, properties), reason_code)| {
            Puback { packet_id, reason_code, properties }.into()
        }),
        1 => (acknowledgement(), publish_code).prop_map(|((packet_id, properties), reason_code)| {
            Pubrec { packet_id, reason_code, properties }.into()
        }),
        1 => (acknowledgement(), release_code.clone()).prop_map(|((packet_id, properties), reason_code)| {
            Pubrel { packet_id, reason_code, properties }.into()
        }),
        1 => (acknowledgement(), release_code).prop_map(|((packet_id, properties), reason_code)| {
            Pubcomp { packet_id, reason_code, properties }.into()
        }),
        2 => subscribe(version).prop_map(Packet::from),
        1 => suback(version).prop_map(Packet::from),
        2 => (packet_id(), properties::user(version), vec(filter(), 1..5)).prop_map(
            |(packet_id, user_properties, filters)| {
                let filters = TopicFilters::new(filters.leak()).unwrap();
                Unsubscribe { packet_id, user_properties, filters }.into()
            }
        ),
        1 => unsuback(version).prop_map(Packet::from),
        1 => Just(Packet::Pingreq),
        1 => Just(Packet::Pingresp),
        1 => (
            code(five, DisconnectReasonCode::Success, DisconnectReasonCode::ALL),
            properties::disconnect(version),
        )
            .prop_map(|(reason_code, properties)| Disconnect { reason_code, properties }.into()),
    ];
    if !five {
        return each.boxed();
    }
    let auth =
        (select(AuthReasonCode::ALL), properties::auth()).prop_map(|(reason_code, properties)| {
            Auth {
                reason_code,
                properties,
            }
            .into()
        });
    prop_oneof![19 => each, 1 => auth].boxed()
}

pub(super) fn publish(version: Version) -> impl Strategy<Value = Publish<'static>> {
    let alias = || (1..=u16::MAX).prop_map(|alias| TopicAlias::new(alias).unwrap());
    let topic = if version.has_properties() {
        prop_oneof![
            topic_name().prop_map(PublishTopic::Name),
            (topic_name(), alias()).prop_map(|(name, alias)| PublishTopic::Both(name, alias)),
            alias().prop_map(PublishTopic::Alias),
        ]
        .boxed()
    } else {
        topic_name().prop_map(PublishTopic::Name).boxed()
    };
    let delivery = prop_oneof![
        Just(Delivery::AtMostOnce),
        (packet_id(), any::<bool>())
            .prop_map(|(packet_id, dup)| Delivery::AtLeastOnce { packet_id, dup }),
        (packet_id(), any::<bool>())
            .prop_map(|(packet_id, dup)| Delivery::ExactlyOnce { packet_id, dup }),
    ];
    (
        delivery,
        any::<bool>(),
        topic,
        properties::publish(version),
        bytes(300),
    )
        .prop_map(|(delivery, retain, topic, properties, payload)| Publish {
            delivery,
            retain,
            topic,
            properties,
            payload,
        })
}

pub(super) fn will(version: Version) -> impl Strategy<Value = Will<'static>> {
    (
        topic_name(),
        binary(),
        qos(),
        any::<bool>(),
        properties::will(version),
    )
        .prop_map(|(topic, payload, qos, retain, properties)| Will {
            topic,
            payload,
            qos,
            retain,
            properties,
        })
}

fn connect(version: Version) -> impl Strategy<Value = Connect<'static>> {
    (
        (any::<bool>(), any::<bool>(), any::<u16>()),
        properties::connect(version),
        text().prop_map(|id| ClientId::new(id.as_str()).unwrap()),
        option::of(will(version)),
        (option::of(text()), option::of(binary())),
    )
        .prop_map(
            move |((bridge, clean_start, keep_alive), properties, client_id, will, login)| {
                let five = version.has_properties();
                let (user_name, password) = login;
                Connect {
                    version,
                    bridge: bridge && !five,
                    clean_start,
                    keep_alive,
                    properties,
                    client_id,
                    will,
                    user_name,
                    password: password.filter(|_| five || user_name.is_some()),
                }
            },
        )
}

fn connack(version: Version) -> impl Strategy<Value = Connack<'static>> {
    let codes: Vec<ConnectReasonCode> = if version.has_properties() {
        ConnectReasonCode::ALL.to_vec()
    } else {
        (0..=5)
            .filter_map(ConnectReasonCode::from_return_code)
            .collect()
    };
    (any::<bool>(), select(codes), properties::connack(version)).prop_map(
        move |(session_present, reason_code, properties)| Connack {
            session_present: session_present && !reason_code.is_error() && version != Version::V3_1,
            reason_code,
            properties,
        },
    )
}

fn subscribe(version: Version) -> impl Strategy<Value = Subscribe<'static>> {
    let five = version.has_properties();
    let handling = [
        RetainHandling::SendAtSubscribe,
        RetainHandling::SendIfNew,
        RetainHandling::DoNotSend,
    ];
    let options = (
        qos(),
        any::<bool>(),
        any::<bool>(),
        select(handling.to_vec()),
    )
        .prop_map(
            move |(maximum_qos, no_local, retain_as_published, retain_handling)| {
                SubscriptionOptions {
                    maximum_qos,
                    no_local: no_local && five,
                    retain_as_published: retain_as_published && five,
                    retain_handling: if five {
                        retain_handling
                    } else {
                        RetainHandling::default()
                    },
                }
            },
        );
    let subscription =
        (filter(), options).prop_map(|(filter, options)| Subscription { filter, options });
    (
        packet_id(),
        properties::subscribe(version),
        vec(subscription, 1..5),
    )
        .prop_map(|(packet_id, properties, subscriptions)| Subscribe {
            packet_id,
            properties,
            subscriptions: Subscriptions::new(subscriptions.leak()).unwrap(),
        })
}

fn suback(version: Version) -> impl Strategy<Value = Suback<'static>> {
    let codes: Vec<SubscribeReasonCode> = SubscribeReasonCode::ALL
        .iter()
        .copied()
        .filter(|code| match version {
            Version::V3_1 => !code.is_error(),
            Version::V3_1_1 => code.byte() <= 0x80,
            Version::V5_0 => true,
        })
        .collect();
    (
        packet_id(),
        properties::acknowledgement(version),
        vec(select(codes), 1..20),
    )
        .prop_map(|(packet_id, properties, codes)| Suback {
            packet_id,
            properties,
            reason_codes: SubscribeReasonCodes::new(codes.leak()).unwrap(),
        })
}

fn unsuback(version: Version) -> impl Strategy<Value = Unsuback<'static>> {
    let codes = vec(select(UnsubscribeReasonCode::ALL), 1..20);
    (packet_id(), properties::acknowledgement(version), codes).prop_map(
        move |(packet_id, properties, codes)| Unsuback {
            packet_id,
            properties,
            reason_codes: if version.has_properties() {
                UnsubscribeReasonCodes::new(codes.leak()).unwrap()
            } else {
                UnsubscribeReasonCodes::EMPTY
            },
        },
    )
}

/// One of `all` in 5.0; 3.x has none to choose.
fn code<T: Copy + core::fmt::Debug + 'static>(
    five: bool,
    success: T,
    all: &'static [T],
) -> BoxedStrategy<T> {
    if five {
        select(all).boxed()
    } else {
        Just(success).boxed()
    }
}

pub(super) fn packet_id() -> impl Strategy<Value = PacketId> {
    (1..=u16::MAX).prop_map(|id| PacketId::new(id).unwrap())
}

fn qos() -> impl Strategy<Value = QoS> {
    select(vec![QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce])
}

/// Short and long ones, in ASCII and not.
fn text() -> impl Strategy<Value = Text<'static>> {
    prop_oneof![
        2 => "[a-z/ ]{0,12}",
        1 => "[ -~]{0,60}",
        1 => "[^\0]{0,30}",
    ]
    .prop_map(|text| Text::new(text.leak()).unwrap())
}

fn topic_name() -> impl Strategy<Value = TopicName<'static>> {
    prop_oneof![
        2 => "[a-z/$]{1,12}",
        1 => "[a-z0-9/]{13,60}",
        1 => "[^\0+#]{1,30}",
    ]
    .prop_map(|name| TopicName::new(name.leak()).unwrap())
}

fn filter() -> impl Strategy<Value = TopicFilter<'static>> {
    let level = prop_oneof![3 => "[a-z]{0,9}", 1 => "[^\0+#/]{0,9}", 1 => Just("+".to_owned())];
    let last = prop_oneof![2 => Just(""), 1 => Just("/#")];
    let share = prop_oneof![3 => Just(""), 1 => Just("$share/g/"), 1 => Just("$share/der Kreis°/")];
    (share, vec(level, 1..6), last)
        .prop_map(|(share, levels, last)| format!("{share}{}{last}", levels.join("/")))
        .prop_filter_map("a Topic Filter", |filter| {
            TopicFilter::new(filter.leak()).ok()
        })
}

fn bytes(most: usize) -> impl Strategy<Value = &'static [u8]> {
    vec(any::<u8>(), 0..most).prop_map(|bytes| &*bytes.leak())
}

fn binary() -> impl Strategy<Value = Binary<'static>> {
    bytes(40).prop_map(|bytes| Binary::new(bytes).unwrap())
}
