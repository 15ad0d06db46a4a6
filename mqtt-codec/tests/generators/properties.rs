//! The properties of each packet; 3.x has none.

use core::num::{NonZeroU16, NonZeroU32};

use mqtt_codec::packet::{
    AcknowledgementProperties, AuthProperties, ConnackProperties, ConnectProperties,
    DisconnectProperties, PublishProperties, SubscribeProperties, WillProperties,
};
use mqtt_codec::property::{
    PayloadFormat, SubscriptionIdentifier, SubscriptionIdentifiers, UserProperties,
};
use mqtt_codec::{QoS, Version, variable_byte_integer};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{binary, text, topic_name};

fn of_5_0<T, S>(version: Version, none: T, properties: S) -> BoxedStrategy<T>
where
    T: Clone + core::fmt::Debug + 'static,
    S: Strategy<Value = T> + 'static,
{
    if version.has_properties() {
        prop_oneof![1 => Just(none), 2 => properties].boxed()
    } else {
        Just(none).boxed()
    }
}

pub(crate) fn user(version: Version) -> BoxedStrategy<UserProperties<'static>> {
    let pairs = vec((text(), text()), 0..4);
    of_5_0(
        version,
        UserProperties::EMPTY,
        pairs.prop_map(|pairs| UserProperties::new(pairs.leak())),
    )
}

fn pairs() -> BoxedStrategy<UserProperties<'static>> {
    user(Version::V5_0)
}

fn identifier() -> impl Strategy<Value = SubscriptionIdentifier> {
    prop_oneof![1..200u32, 1..=variable_byte_integer::MAX]
        .prop_map(|identifier| SubscriptionIdentifier::new(identifier).unwrap())
}

fn format() -> impl Strategy<Value = PayloadFormat> {
    select(vec![PayloadFormat::Unspecified, PayloadFormat::Utf8])
}

fn two() -> impl Strategy<Value = NonZeroU16> {
    (1..=u16::MAX).prop_map(|value| NonZeroU16::new(value).unwrap())
}

fn four() -> impl Strategy<Value = NonZeroU32> {
    (1..=u32::MAX).prop_map(|value| NonZeroU32::new(value).unwrap())
}

pub(crate) fn publish(version: Version) -> BoxedStrategy<PublishProperties<'static>> {
    let properties = (
        (
            option::of(format()),
            option::of(any::<u32>()),
            option::of(topic_name()),
        ),
        option::of(binary()),
        pairs(),
        vec(identifier(), 0..4),
        option::of(text()),
    )
        .prop_map(
            |((format, expiry, topic), data, user_properties, identifiers, content_type)| {
                PublishProperties {
                    payload_format_indicator: format,
                    message_expiry_interval: expiry,
                    response_topic: topic,
                    correlation_data: data,
                    user_properties,
                    subscription_identifiers: SubscriptionIdentifiers::new(identifiers.leak()),
                    content_type,
                }
            },
        );
    of_5_0(version, PublishProperties::default(), properties)
}

pub(crate) fn will(version: Version) -> BoxedStrategy<WillProperties<'static>> {
    let properties = (publish(Version::V5_0), option::of(any::<u32>())).prop_map(
        |(publish, will_delay_interval)| WillProperties {
            will_delay_interval,
            payload_format_indicator: publish.payload_format_indicator,
            message_expiry_interval: publish.message_expiry_interval,
            content_type: publish.content_type,
            response_topic: publish.response_topic,
            correlation_data: publish.correlation_data,
            user_properties: publish.user_properties,
        },
    );
    of_5_0(version, WillProperties::default(), properties)
}

pub(crate) fn connect(version: Version) -> BoxedStrategy<ConnectProperties<'static>> {
    let properties = (
        (
            option::of(any::<u32>()),
            option::of(two()),
            option::of(four()),
            option::of(any::<u16>()),
        ),
        (option::of(any::<bool>()), option::of(any::<bool>())),
        pairs(),
        option::of((text(), option::of(binary()))),
    )
        .prop_map(
            |((expiry, receive, size, alias), (response, problem), user_properties, login)| {
                ConnectProperties {
                    session_expiry_interval: expiry,
                    receive_maximum: receive,
                    maximum_packet_size: size,
                    topic_alias_maximum: alias,
                    request_response_information: response,
                    request_problem_information: problem,
                    user_properties,
                    authentication_method: login.map(|(method, _)| method),
                    authentication_data: login.and_then(|(_, data)| data),
                }
            },
        );
    of_5_0(version, ConnectProperties::default(), properties)
}

pub(crate) fn connack(version: Version) -> BoxedStrategy<ConnackProperties<'static>> {
    let numbers = (
        (
            option::of(any::<u32>()),
            option::of(two()),
            option::of(four()),
            option::of(any::<u16>()),
        ),
        (
            option::of(select(vec![QoS::AtMostOnce, QoS::AtLeastOnce])),
            option::of(any::<u16>()),
        ),
        [(); 4].map(|()| option::of(any::<bool>())),
    )
        .prop_map(
            |((expiry, receive, size, alias), (qos, keep_alive), available)| {
                let [retain, wildcard, identifier, shared] = available;
                ConnackProperties {
                    session_expiry_interval: expiry,
                    receive_maximum: receive,
                    maximum_qos: qos,
                    retain_available: retain,
                    maximum_packet_size: size,
                    topic_alias_maximum: alias,
                    wildcard_subscription_available: wildcard,
                    subscription_identifier_available: identifier,
                    shared_subscription_available: shared,
                    server_keep_alive: keep_alive,
                    ..ConnackProperties::default()
                }
            },
        );
    let strings = (
        [(); 5].map(|()| option::of(text())),
        option::of(binary()),
        pairs(),
    );
    let properties = (numbers, strings).prop_map(|(numbers, (texts, data, user_properties))| {
        let [id, reason, information, reference, method] = texts;
        ConnackProperties {
            assigned_client_identifier: id,
            reason_string: reason,
            user_properties,
            response_information: information,
            server_reference: reference,
            authentication_method: method,
            authentication_data: data,
            ..numbers
        }
    });
    of_5_0(version, ConnackProperties::default(), properties)
}

pub(crate) fn acknowledgement(
    version: Version,
) -> BoxedStrategy<AcknowledgementProperties<'static>> {
    let properties = (option::of(text()), pairs()).prop_map(|(reason_string, user_properties)| {
        AcknowledgementProperties {
            reason_string,
            user_properties,
        }
    });
    of_5_0(version, AcknowledgementProperties::EMPTY, properties)
}

pub(crate) fn subscribe(version: Version) -> BoxedStrategy<SubscribeProperties<'static>> {
    let properties = (option::of(identifier()), pairs()).prop_map(
        |(subscription_identifier, user_properties)| SubscribeProperties {
            subscription_identifier,
            user_properties,
        },
    );
    of_5_0(version, SubscribeProperties::default(), properties)
}

pub(crate) fn disconnect(version: Version) -> BoxedStrategy<DisconnectProperties<'static>> {
    let properties = (
        option::of(any::<u32>()),
        option::of(text()),
        pairs(),
        option::of(text()),
    )
        .prop_map(
            |(session_expiry_interval, reason_string, user_properties, server_reference)| {
                DisconnectProperties {
                    session_expiry_interval,
                    reason_string,
                    user_properties,
                    server_reference,
                }
            },
        );
    of_5_0(version, DisconnectProperties::EMPTY, properties)
}

pub(crate) fn auth() -> BoxedStrategy<AuthProperties<'static>> {
    let properties = (
        option::of(text()),
        option::of(binary()),
        option::of(text()),
        pairs(),
    )
        .prop_map(
            |(authentication_method, authentication_data, reason_string, user_properties)| {
                AuthProperties {
                    authentication_method,
                    authentication_data,
                    reason_string,
                    user_properties,
                }
            },
        );
    of_5_0(Version::V5_0, AuthProperties::default(), properties)
}
