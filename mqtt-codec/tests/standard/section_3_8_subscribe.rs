//! MQTT 5.0 §3.8, §3.10, MQTT 3.1.1 §3.8, §3.10: SUBSCRIBE and UNSUBSCRIBE.

use crate::harness::{
    VERSIONS, accepted, assert_breaks, assert_same, filter, refused, subscribe, subscription, text,
    unsubscribe,
};
use mqtt_codec::packet::{
    RetainHandling, Subscribe, SubscribeProperties, Subscription, SubscriptionOptions,
    Subscriptions, TopicFilters, Unsubscribe,
};
use mqtt_codec::property::{SubscriptionIdentifier, UserProperties};
use mqtt_codec::{DecodeError as E, Field, Packet, PacketType, QoS, ReasonCode, Version};

const V3_1_1: Version = Version::V3_1_1;
const V5_0: Version = Version::V5_0;

/// [MQTT-3.8.1-1] The flags of SUBSCRIBE are 0010, anything else is malformed.
#[test]
fn the_flags_of_subscribe_of_5_0_are_0010() {
    assert_same(
        V5_0,
        "82 07 00 01 00 00 01 61 00",
        subscribe(&[subscription("a", QoS::AtMostOnce)]),
    );
    assert_flags(
        V5_0,
        "MQTT-3.8.1-1",
        PacketType::Subscribe,
        "06 00 01 00 00 01 61 00",
    );
}

/// [v3.1.1 MQTT-3.8.1-1] The flags of SUBSCRIBE are 0010, anything else is malformed.
#[test]
fn the_flags_of_subscribe_of_3_1_1_are_0010() {
    assert_same(
        V3_1_1,
        "82 06 00 01 00 01 61 00",
        subscribe(&[subscription("a", QoS::AtMostOnce)]),
    );
    assert_flags(
        V3_1_1,
        "MQTT-3.8.1-1",
        PacketType::Subscribe,
        "06 00 01 00 01 61 00",
    );
}

/// [MQTT-3.10.1-1] The flags of UNSUBSCRIBE are 0010, anything else is malformed.
#[test]
fn the_flags_of_unsubscribe_of_5_0_are_0010() {
    assert_same(V5_0, "A2 06 00 01 00 00 01 61", unsubscribe(&[filter("a")]));
    assert_flags(
        V5_0,
        "MQTT-3.10.1-1",
        PacketType::Unsubscribe,
        "06 00 01 00 00 01 61",
    );
}

/// [v3.1.1 MQTT-3.10.1-1] The flags of UNSUBSCRIBE are 0010, anything else is malformed.
#[test]
fn the_flags_of_unsubscribe_of_3_1_1_are_0010() {
    assert_same(V3_1_1, "A2 05 00 01 00 01 61", unsubscribe(&[filter("a")]));
    assert_flags(
        V3_1_1,
        "MQTT-3.10.1-1",
        PacketType::Unsubscribe,
        "05 00 01 00 01 61",
    );
}

fn assert_flags(version: Version, statement: &str, packet_type: PacketType, rest: &str) {
    for flags in (0..16).filter(|&flags| flags != 2) {
        let hex = format!("{:X}{flags:X} {rest}", packet_type.bits());
        let error = E::FixedHeaderFlags { packet_type, flags };
        assert_breaks(version, statement, &hex, error);
        assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
    }
}

/// [3.1-2] Sent again, SUBSCRIBE and UNSUBSCRIBE of 3.1 have DUP.
#[test]
fn dup_in_subscribe_and_unsubscribe_of_3_1_is_taken() {
    let (subscriptions, filters) = ([subscription("a", QoS::AtMostOnce)], [filter("a")]);
    let subscribe = Packet::from(subscribe(&subscriptions));
    let unsubscribe = Packet::from(unsubscribe(&filters));
    assert_eq!(
        accepted(Version::V3_1, "8A 06 00 01 00 01 61 00"),
        subscribe
    );
    assert_eq!(accepted(Version::V3_1, "AA 05 00 01 00 01 61"), unsubscribe);
}

/// [MQTT-3.8.3-1] Topic Filters in SUBSCRIBE are UTF-8 strings.
#[test]
fn the_filters_of_subscribe_of_5_0_are_strings() {
    let subscriptions = [
        subscription("é/+", QoS::AtMostOnce),
        subscription("#", QoS::AtLeastOnce),
    ];
    assert_same(
        V5_0,
        "82 0E 00 01 00 00 04 C3 A9 2F 2B 00 00 01 23 01",
        subscribe(&subscriptions),
    );
    let error = E::Utf8 {
        field: Field::TopicFilter,
        at: 7,
    };
    assert_eq!(refused(V5_0, "82 07 00 01 00 00 01 E9 00"), error);
    let error = E::Utf8 {
        field: Field::TopicFilter,
        at: 11,
    };
    assert_eq!(
        refused(V5_0, "82 0B 00 01 00 00 01 61 00 00 01 E9 00"),
        error
    );
}

/// [v3.1.1 MQTT-3.8.3-1] Topic Filters in SUBSCRIBE are UTF-8 strings.
#[test]
fn the_filters_of_subscribe_of_3_1_1_are_strings() {
    let subscriptions = [
        subscription("é/+", QoS::AtMostOnce),
        subscription("#", QoS::AtLeastOnce),
    ];
    assert_same(
        V3_1_1,
        "82 0D 00 01 00 04 C3 A9 2F 2B 00 00 01 23 01",
        subscribe(&subscriptions),
    );
    let error = E::Utf8 {
        field: Field::TopicFilter,
        at: 6,
    };
    assert_eq!(refused(V3_1_1, "82 06 00 01 00 01 E9 00"), error);
}

/// [MQTT-3.10.3-1] [v3.1.1 MQTT-3.10.3-1] Topic Filters in UNSUBSCRIBE are UTF-8 strings, one behind the other.
#[test]
fn the_filters_of_unsubscribe_are_strings() {
    let filters = [filter("é/+"), filter("#")];
    assert_same(
        V5_0,
        "A2 0C 00 01 00 00 04 C3 A9 2F 2B 00 01 23",
        unsubscribe(&filters),
    );
    assert_same(
        V3_1_1,
        "A2 0B 00 01 00 04 C3 A9 2F 2B 00 01 23",
        unsubscribe(&filters),
    );
    let error = |at| E::Utf8 {
        field: Field::TopicFilter,
        at,
    };
    assert_eq!(refused(V5_0, "A2 09 00 01 00 00 01 61 00 01 E9"), error(10));
    assert_eq!(refused(V3_1_1, "A2 05 00 01 00 01 E9"), error(6));
}

/// [MQTT-3.8.3-2] A SUBSCRIBE without a filter is a Protocol Error, and cannot be made.
#[test]
fn a_subscribe_of_5_0_has_a_filter() {
    let error = E::EmptyList {
        packet_type: PacketType::Subscribe,
    };
    assert_breaks(V5_0, "MQTT-3.8.3-2", "82 03 00 01 00", error);
    assert_eq!(error.reason_code(), ReasonCode::ProtocolError);
    assert_eq!(Subscriptions::new(&[]), None);
    // A filter comes with its options byte.
    let error = E::Truncated {
        field: Field::SubscriptionOptions,
        at: 8,
    };
    assert_eq!(refused(V5_0, "82 06 00 01 00 00 01 61"), error);
}

/// [v3.1.1 MQTT-3.8.3-3] A SUBSCRIBE without a filter and QoS violates the protocol.
#[test]
fn a_subscribe_of_3_1_1_has_a_filter() {
    let error = E::EmptyList {
        packet_type: PacketType::Subscribe,
    };
    assert_breaks(V3_1_1, "MQTT-3.8.3-3", "82 02 00 01", error);
    assert_eq!(refused(Version::V3_1, "82 02 00 01"), error);
    let error = E::Truncated {
        field: Field::SubscriptionOptions,
        at: 7,
    };
    assert_eq!(refused(V3_1_1, "82 05 00 01 00 01 61"), error);
}

/// [MQTT-3.10.3-2] [v3.1.1 MQTT-3.10.3-2] An UNSUBSCRIBE without a filter is a Protocol Error, and cannot be made.
#[test]
fn an_unsubscribe_has_a_filter() {
    let error = E::EmptyList {
        packet_type: PacketType::Unsubscribe,
    };
    assert_breaks(V5_0, "MQTT-3.10.3-2", "A2 03 00 01 00", error);
    assert_breaks(V3_1_1, "MQTT-3.10.3-2", "A2 02 00 01", error);
    assert_eq!(refused(Version::V3_1, "A2 02 00 01"), error);
    assert_eq!(error.reason_code(), ReasonCode::ProtocolError);
    assert_eq!(TopicFilters::new(&[]), None);
}

/// [MQTT-3.8.3-5] Bits 6 and 7 of the Subscription Options are 0; of the rest QoS 3 and Retain Handling 3 are Protocol
/// Errors.
#[test]
fn every_subscription_options_byte_of_5_0_is_judged() {
    let field = Field::SubscriptionOptions;
    for value in 0..=u8::MAX {
        let hex = format!("82 07 00 01 00 00 01 61 {value:02X}");
        if value & 0xC0 != 0 {
            let error = E::ReservedBits { field, value };
            assert_breaks(V5_0, "MQTT-3.8.3-5", &hex, error);
            assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
            continue;
        }
        let error = match (value & 0x03, value & 0x30) {
            (3, _) => E::QoS3 { field },
            (_, 0x30) => E::RetainHandling3,
            _ => {
                assert_same(V5_0, &hex, subscribe(&[with_options(value)]));
                continue;
            }
        };
        assert_eq!(refused(V5_0, &hex), error);
        assert_eq!(error.reason_code(), ReasonCode::ProtocolError);
    }
}

/// [v3.1.1 MQTT-3.8.3-4] The QoS byte is 0, 1 or 2.
#[test]
fn every_qos_byte_of_3_1_1_is_judged() {
    let field = Field::SubscriptionOptions;
    for value in 0..=u8::MAX {
        let hex = format!("82 06 00 01 00 01 61 {value:02X}");
        let error = match value {
            0..=2 => {
                let granted = subscription("a", QoS::from_bits(value).unwrap());
                assert_same(V3_1_1, &hex, subscribe(&[granted]));
                assert_same(Version::V3_1, &hex, subscribe(&[granted]));
                continue;
            }
            3 => E::QoS3 { field },
            _ => E::ReservedBits { field, value },
        };
        assert_breaks(V3_1_1, "MQTT-3.8.3-4", &hex, error);
        assert_eq!(refused(Version::V3_1, &hex), error);
    }
}

fn with_options(byte: u8) -> Subscription<'static> {
    let retain_handling = match byte >> 4 {
        0 => RetainHandling::SendAtSubscribe,
        1 => RetainHandling::SendIfNew,
        _ => RetainHandling::DoNotSend,
    };
    let options = SubscriptionOptions {
        maximum_qos: QoS::from_bits(byte & 3).unwrap(),
        no_local: byte & 4 != 0,
        retain_as_published: byte & 8 != 0,
        retain_handling,
    };
    Subscription {
        filter: filter("a"),
        options,
    }
}

/// The properties of both, and the options that 3.x leaves out.
#[test]
fn properties_and_options_are_of_5_0_only() {
    let pairs = [(text("k"), text("v"))];
    let user_properties = UserProperties::new(&pairs);
    let subscription_identifier = SubscriptionIdentifier::new(300);
    let properties = SubscribeProperties {
        subscription_identifier,
        user_properties,
    };
    let list = [with_options(0x2E)];
    let full = Subscribe {
        properties,
        ..subscribe(&list)
    };
    assert_same(
        V5_0,
        "82 11 00 01 0A 0B AC 02 26 00 01 6B 00 01 76 00 01 61 2E",
        full,
    );
    let filters = [filter("a")];
    let unsubscribe = Unsubscribe {
        user_properties,
        ..unsubscribe(&filters)
    };
    assert_same(
        V5_0,
        "A2 0D 00 01 07 26 00 01 6B 00 01 76 00 01 61",
        unsubscribe,
    );
    for version in VERSIONS
        .into_iter()
        .filter(|version| !version.has_properties())
    {
        let plain = crate::harness::bytes("82 06 00 01 00 01 61 02");
        assert_eq!(crate::harness::encoded(version, &full.into()), plain);
    }
}
