//! MQTT 5.0 §3.3, MQTT 3.1.1 §3.3: PUBLISH.

use crate::harness::{
    VERSIONS, accepted, assert_breaks, assert_same, binary, encoded, id, publish, refused, text,
    topic,
};
use mqtt_codec::packet::{DUP_FLAG, Delivery, Publish, PublishProperties, PublishTopic};
use mqtt_codec::property::TopicAlias;
use mqtt_codec::{DecodeError as E, Field, Packet, ReasonCode, TopicName, TopicNameError, Version};

const V3_1_1: Version = Version::V3_1_1;
const V5_0: Version = Version::V5_0;

/// [MQTT-3.3.1-2] A PUBLISH of QoS 0 has DUP 0.
#[test]
fn dup_at_qos_0_is_malformed_in_5_0() {
    assert_breaks(V5_0, "MQTT-3.3.1-2", "38 04 00 01 61 00", E::DupAtMostOnce);
    assert_breaks(V5_0, "MQTT-3.3.1-2", "39 04 00 01 61 00", E::DupAtMostOnce);
    for dup in [false, true] {
        let first = if dup { 0x3A } else { 0x32 };
        let delivery = Delivery::AtLeastOnce {
            packet_id: id(1),
            dup,
        };
        let hex = format!("{first:02X} 06 00 01 61 00 01 00");
        assert_same(
            V5_0,
            &hex,
            Publish {
                delivery,
                ..publish("a", "")
            },
        );
    }
}

/// [v3.1.1 MQTT-3.3.1-2] A PUBLISH of QoS 0 has DUP 0.
#[test]
fn dup_at_qos_0_is_malformed_in_3_1_1() {
    assert_breaks(V3_1_1, "MQTT-3.3.1-2", "38 03 00 01 61", E::DupAtMostOnce);
    for dup in [false, true] {
        let first = if dup { 0x3C } else { 0x34 };
        let delivery = Delivery::ExactlyOnce {
            packet_id: id(1),
            dup,
        };
        let hex = format!("{first:02X} 05 00 01 61 00 01");
        assert_same(
            V3_1_1,
            &hex,
            Publish {
                delivery,
                ..publish("a", "")
            },
        );
    }
}

/// [MQTT-3.3.1-4] The QoS bits are never both 1: Malformed Packet.
#[test]
fn qos_3_is_malformed_in_5_0() {
    let error = E::QoS3 {
        field: Field::PacketTypeAndFlags,
    };
    for first in ["36", "37", "3E", "3F"] {
        let hex = format!("{first} 06 00 01 61 00 01 00");
        assert_breaks(V5_0, "MQTT-3.3.1-4", &hex, error);
    }
    assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
}

/// [v3.1.1 MQTT-3.3.1-4] The QoS bits are never both 1.
#[test]
fn qos_3_is_malformed_in_3_1_1() {
    let error = E::QoS3 {
        field: Field::PacketTypeAndFlags,
    };
    for first in ["36", "37", "3E", "3F"] {
        let hex = format!("{first} 05 00 01 61 00 01");
        assert_breaks(V3_1_1, "MQTT-3.3.1-4", &hex, error);
        assert_eq!(refused(Version::V3_1, &hex), error);
    }
}

/// [MQTT-3.3.2-1] The Topic Name comes first and is a string; it is empty only where an alias replaces it.
#[test]
fn the_topic_name_of_5_0_comes_first() {
    assert_same(
        V5_0,
        "30 0E 00 0A 73 65 6E 73 6F 72 73 2F C3 A9 00 31",
        publish("sensors/é", "1"),
    );
    let error = E::Truncated {
        field: Field::TopicName,
        at: 2,
    };
    assert_breaks(V5_0, "MQTT-3.3.2-1", "30 00", error);
    assert_breaks(V5_0, "MQTT-3.3.2-1", "30 04 00 05 61 62", error);
    let error = E::Utf8 {
        field: Field::TopicName,
        at: 4,
    };
    assert_eq!(refused(V5_0, "30 04 00 01 E9 00"), error);

    let alias = TopicAlias::new(7).unwrap();
    let by_alias = Publish {
        topic: PublishTopic::Alias(alias),
        ..publish("a", "1")
    };
    assert_same(V5_0, "30 07 00 00 03 23 00 07 31", by_alias);
    let both = Publish {
        topic: PublishTopic::Both(topic("a"), alias),
        ..publish("a", "1")
    };
    assert_same(V5_0, "30 08 00 01 61 03 23 00 07 31", both);
    assert_eq!(refused(V5_0, "30 04 00 00 00 31"), E::NoTopic);
    assert_eq!(refused(V5_0, "30 06 00 00 02 01 00 31"), E::NoTopic);
    assert_eq!(E::NoTopic.reason_code(), ReasonCode::ProtocolError);
    // What 3.x cannot say.
    assert_eq!(by_alias.encoded_len(V3_1_1), None);
    assert_eq!(
        encoded(V3_1_1, &both.into()),
        encoded(V3_1_1, &publish("a", "1").into())
    );
}

/// [v3.1.1 MQTT-3.3.2-1] The Topic Name comes first and is a string.
#[test]
fn the_topic_name_of_3_1_1_comes_first() {
    assert_same(
        V3_1_1,
        "30 0D 00 0A 73 65 6E 73 6F 72 73 2F C3 A9 31",
        publish("sensors/é", "1"),
    );
    let error = E::Truncated {
        field: Field::TopicName,
        at: 2,
    };
    assert_breaks(V3_1_1, "MQTT-3.3.2-1", "30 00", error);
    assert_breaks(V3_1_1, "MQTT-3.3.2-1", "30 04 00 05 61 62", error);
    let error = E::Utf8 {
        field: Field::TopicName,
        at: 4,
    };
    assert_eq!(refused(V3_1_1, "30 03 00 01 E9"), error);
}

/// [MQTT-3.3.2-2] No wildcard in a Topic Name, wherever: Malformed Packet.
#[test]
fn a_topic_name_of_5_0_has_no_wildcard() {
    assert_no_wildcard(V5_0, "MQTT-3.3.2-2");
}

/// [v3.1.1 MQTT-3.3.2-2] No wildcard in a Topic Name, wherever.
#[test]
fn a_topic_name_of_3_1_1_has_no_wildcard() {
    assert_no_wildcard(V3_1_1, "MQTT-3.3.2-2");
}

fn assert_no_wildcard(version: Version, statement: &str) {
    for len in 1..40 {
        for at in 0..len {
            for wildcard in [b'+', b'#'] {
                let mut name = vec![b'a'; len];
                name[at] = wildcard;
                let mut body = crate::harness::counted(&name);
                body.push(0);
                let hex = crate::harness::hex(&crate::harness::framed(0x30, &body));
                let at = u32::try_from(at).unwrap() + 4;
                let error = E::TopicWildcard {
                    field: Field::TopicName,
                    at,
                };
                assert_breaks(version, statement, &hex, error);
                assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
                // Nor is there one to be sent.
                assert!(TopicName::new(core::str::from_utf8(&name).unwrap()).is_err());
            }
        }
    }
}

/// [MQTT-3.3.2-8] Topic Alias 0 is not in use: there is no such value, and it is refused with a code of its own.
#[test]
fn topic_alias_0_is_refused() {
    assert_eq!(TopicAlias::new(0), None);
    let error = E::PropertyValue {
        property: Field::TopicAlias,
        value: 0,
    };
    assert_breaks(V5_0, "MQTT-3.3.2-8", "30 07 00 01 61 03 23 00 00", error);
    assert_eq!(error.reason_code(), ReasonCode::TopicAliasInvalid);
    for value in [1, 65_535] {
        let alias = TopicAlias::new(value).unwrap();
        let hex = format!(
            "30 07 00 00 03 23 {:02X} {:02X} 78",
            value >> 8,
            value & 0xFF
        );
        assert_same(
            V5_0,
            &hex,
            Publish {
                topic: PublishTopic::Alias(alias),
                ..publish("a", "x")
            },
        );
    }
}

/// [MQTT-3.3.2-13] The Response Topic is a UTF-8 string.
#[test]
fn the_response_topic_is_a_string() {
    let properties = PublishProperties {
        response_topic: Some(topic("é")),
        ..PublishProperties::default()
    };
    assert_same(
        V5_0,
        "30 09 00 01 61 05 08 00 02 C3 A9",
        Publish {
            properties,
            ..publish("a", "")
        },
    );
    let error = E::Utf8 {
        field: Field::ResponseTopic,
        at: 9,
    };
    assert_eq!(refused(V5_0, "30 08 00 01 61 04 08 00 01 E9"), error);
}

/// [MQTT-3.3.2-14] No wildcard in the Response Topic: it can be parsed and is not allowed.
#[test]
fn the_response_topic_has_no_wildcard() {
    let error = |at| E::TopicWildcard {
        field: Field::ResponseTopic,
        at,
    };
    assert_breaks(
        V5_0,
        "MQTT-3.3.2-14",
        "30 0A 00 01 61 06 08 00 03 72 2F 2B",
        error(11),
    );
    assert_breaks(
        V5_0,
        "MQTT-3.3.2-14",
        "30 08 00 01 61 04 08 00 01 23",
        error(9),
    );
    assert_eq!(error(9).reason_code(), ReasonCode::ProtocolError);
    assert_eq!(
        TopicName::new("r/+"),
        Err(TopicNameError::Wildcard { at: 2 })
    );
}

/// [MQTT-3.3.2-19] The Content Type is a UTF-8 string.
#[test]
fn the_content_type_is_a_string() {
    let properties = PublishProperties {
        content_type: Some(text("é+#")),
        ..PublishProperties::default()
    };
    assert_same(
        V5_0,
        "30 0B 00 01 61 07 03 00 04 C3 A9 2B 23",
        Publish {
            properties,
            ..publish("a", "")
        },
    );
    let error = E::Utf8 {
        field: Field::ContentType,
        at: 9,
    };
    assert_eq!(refused(V5_0, "30 08 00 01 61 04 03 00 01 E9"), error);
}

/// A payload is any bytes, none among them. Standard: MQTT 5.0 §3.3.3.
#[test]
fn a_payload_is_any_bytes() {
    for version in VERSIONS {
        for payload in [&b""[..], b"\0\xFF\xED\xA0\x80", &[0; 300]] {
            let packet = Packet::from(Publish {
                payload,
                ..publish("a", "")
            });
            let bytes = encoded(version, &packet);
            assert_eq!(accepted(version, &crate::harness::hex(&bytes)), packet);
        }
    }
}

/// What may be patched in an encoded PUBLISH stands where the offsets say.
#[test]
fn the_offsets_tell_where_to_patch() {
    let properties = PublishProperties {
        message_expiry_interval: Some(1),
        correlation_data: Some(binary(&[7; 200])),
        ..PublishProperties::default()
    };
    let delivery = |number, dup| Delivery::AtLeastOnce {
        packet_id: id(number),
        dup,
    };
    let first = Publish {
        delivery: delivery(1, false),
        properties,
        ..publish("a/b", "hi")
    };
    let mut bytes = encoded(V5_0, &first.into());
    let offsets = first.offsets(V5_0);
    let packet_id = offsets.packet_id.unwrap();
    bytes[packet_id..packet_id + 2].copy_from_slice(&0xABCD_u16.to_be_bytes());
    let expiry = offsets.message_expiry_interval.unwrap();
    bytes[expiry..expiry + 4].copy_from_slice(&0x0102_0304_u32.to_be_bytes());
    bytes[0] |= DUP_FLAG;
    let properties = PublishProperties {
        message_expiry_interval: Some(0x0102_0304),
        ..properties
    };
    let second = Publish {
        delivery: delivery(0xABCD, true),
        properties,
        ..first
    };
    assert_eq!(bytes, encoded(V5_0, &second.into()));
}
