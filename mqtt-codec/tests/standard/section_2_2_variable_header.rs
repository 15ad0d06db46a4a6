//! MQTT 5.0 §2.2, MQTT 3.1.1 §2.3: Packet Identifier and Property Length.

use crate::harness::{
    VERSIONS, accepted, assert_breaks, assert_same, filter, id, publish, refused, subscribe,
    subscription, unsubscribe,
};
use mqtt_codec::packet::{
    AcknowledgementProperties, Auth, AuthProperties, Connack, ConnackProperties, Connect, Delivery,
    Puback, Publish, Suback, SubscribeReasonCodes, Unsuback, UnsubscribeReasonCodes,
};
use mqtt_codec::reason_code::{
    AuthReasonCode, ConnectReasonCode, SubscribeReasonCode, UnsubscribeReasonCode,
};
use mqtt_codec::{DecodeError as E, Field, Packet, PacketId, PacketType, QoS, Version};

/// [MQTT-2.2.1-2] At QoS 0 the properties follow the Topic Name: no Packet Identifier is between.
#[test]
fn a_qos_0_publish_of_5_0_has_no_packet_identifier() {
    assert_same(Version::V5_0, "30 06 00 01 61 00 68 69", publish("a", "hi"));
}

/// [v3.1.1 MQTT-2.3.1-5] At QoS 0 the payload follows the Topic Name: no Packet Identifier is between.
#[test]
fn a_qos_0_publish_of_3_1_1_has_no_packet_identifier() {
    for version in [Version::V3_1, Version::V3_1_1] {
        assert_same(version, "30 05 00 01 61 68 69", publish("a", "hi"));
    }
}

/// [v3.1.1 MQTT-2.3.1-1] SUBSCRIBE, UNSUBSCRIBE and PUBLISH above QoS 0 have a Packet Identifier of 16 bits, not 0.
#[test]
fn a_packet_identifier_of_3_1_1_is_16_bits_and_not_0() {
    let version = Version::V3_1_1;
    let delivery = Delivery::ExactlyOnce {
        packet_id: id(0xFFFF),
        dup: false,
    };
    assert_same(
        version,
        "34 07 00 01 61 FF FF 68 69",
        Publish {
            delivery,
            ..publish("a", "hi")
        },
    );
    let delivery = Delivery::AtLeastOnce {
        packet_id: id(0x0102),
        dup: false,
    };
    assert_same(
        version,
        "32 05 00 01 61 01 02",
        Publish {
            delivery,
            ..publish("a", "")
        },
    );
    assert_same(
        version,
        "82 06 00 01 00 01 61 00",
        subscribe(&[subscription("a", QoS::AtMostOnce)]),
    );
    assert_same(version, "A2 05 00 01 00 01 61", unsubscribe(&[filter("a")]));

    assert_eq!(PacketId::new(0), None);
    let zeros = [
        (PacketType::Publish, "32 05 00 01 61 00 00"),
        (PacketType::Publish, "34 05 00 01 61 00 00"),
        (PacketType::Subscribe, "82 06 00 00 00 01 61 00"),
        (PacketType::Unsubscribe, "A2 05 00 00 00 01 61"),
    ];
    for (packet_type, hex) in zeros {
        assert_breaks(
            version,
            "MQTT-2.3.1-1",
            hex,
            E::PacketIdentifierZero { packet_type },
        );
        assert_eq!(
            refused(Version::V3_1, hex),
            E::PacketIdentifierZero { packet_type }
        );
    }
    let field = Field::PacketIdentifier;
    assert_breaks(
        version,
        "MQTT-2.3.1-1",
        "32 03 00 01 61",
        E::Truncated { field, at: 5 },
    );
    assert_breaks(
        version,
        "MQTT-2.3.1-1",
        "82 01 00",
        E::Truncated { field, at: 2 },
    );
}

/// [MQTT-2.2.1-3] The same in 5.0.
#[test]
fn a_packet_identifier_of_5_0_is_16_bits_and_not_0() {
    let version = Version::V5_0;
    let delivery = Delivery::ExactlyOnce {
        packet_id: id(0xFFFF),
        dup: false,
    };
    assert_same(
        version,
        "34 08 00 01 61 FF FF 00 68 69",
        Publish {
            delivery,
            ..publish("a", "hi")
        },
    );
    let zeros = [
        (PacketType::Publish, "32 06 00 01 61 00 00 00"),
        (PacketType::Publish, "34 06 00 01 61 00 00 00"),
        (PacketType::Subscribe, "82 07 00 00 00 00 01 61 00"),
        (PacketType::Unsubscribe, "A2 06 00 00 00 00 01 61"),
    ];
    for (packet_type, hex) in zeros {
        assert_breaks(
            version,
            "MQTT-2.2.1-3",
            hex,
            E::PacketIdentifierZero { packet_type },
        );
    }
}

/// An acknowledgement carries the identifier of what it acknowledges, which is never 0.
#[test]
fn an_acknowledgement_of_packet_identifier_0_is_refused() {
    for version in VERSIONS {
        let lists: [&str; 2] = if version.has_properties() {
            ["90 04 00 00 00 00", "B0 04 00 00 00 00"]
        } else {
            ["90 03 00 00 00", "B0 02 00 00"]
        };
        let zeros = [
            (PacketType::Puback, "40 02 00 00"),
            (PacketType::Pubrec, "50 02 00 00"),
            (PacketType::Pubrel, "62 02 00 00"),
            (PacketType::Pubcomp, "70 02 00 00"),
            (PacketType::Suback, lists[0]),
            (PacketType::Unsuback, lists[1]),
        ];
        for (packet_type, hex) in zeros {
            assert_eq!(
                refused(version, hex),
                E::PacketIdentifierZero { packet_type },
                "{version}"
            );
        }
    }
}

/// [MQTT-2.2.2-1] A packet without properties says so with a Property Length of 0, but for the short forms.
#[test]
fn no_properties_are_a_property_length_of_0() {
    let connack = Connack {
        session_present: false,
        reason_code: ConnectReasonCode::Success,
        properties: ConnackProperties::default(),
    };
    assert_same(Version::V5_0, "20 03 00 00 00", connack);
    assert_same(Version::V5_0, "30 04 00 01 61 00", publish("a", ""));
    assert_same(
        Version::V5_0,
        "82 07 00 01 00 00 01 61 02",
        subscribe(&[subscription("a", QoS::ExactlyOnce)]),
    );
    assert_same(
        Version::V5_0,
        "A2 06 00 01 00 00 01 61",
        unsubscribe(&[filter("a")]),
    );
    assert_same(
        Version::V5_0,
        "10 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 63",
        crate::harness::connect(Version::V5_0),
    );
    assert_same(
        Version::V5_0,
        "10 14 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 01 77 00 00",
        Connect {
            will: Some(crate::harness::will("w", "")),
            ..crate::harness::connect(Version::V5_0)
        },
    );

    let missing = [
        ("10 0A 00 04 4D 51 54 54 05 02 00 3C", 12),
        ("10 0E 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63", 16),
        ("20 02 00 00", 4),
        ("30 03 00 01 61", 5),
        ("82 02 00 01", 4),
        ("90 02 00 01", 4),
        ("A2 02 00 01", 4),
        ("B0 02 00 01", 4),
        ("F0 01 18", 3),
    ];
    for (hex, at) in missing {
        let field = Field::PropertyLength;
        assert_breaks(
            Version::V5_0,
            "MQTT-2.2.2-1",
            hex,
            E::Truncated { field, at },
        );
    }
    // The short form of PUBACK has none.
    let success = Packet::from(Puback::success(id(1)));
    assert_same(Version::V5_0, "40 02 00 01", success);
    assert_eq!(accepted(Version::V5_0, "40 03 00 01 00"), success);
    assert_eq!(accepted(Version::V5_0, "40 04 00 01 00 00"), success);
}

/// [MQTT-2.2.2-1] So do the answers that have a list, and a step of an authentication.
#[test]
fn answers_without_properties_have_a_property_length_of_0() {
    let (packet_id, properties) = (id(1), AcknowledgementProperties::EMPTY);
    let suback = Suback {
        packet_id,
        properties,
        reason_codes: SubscribeReasonCodes::new(&[SubscribeReasonCode::Success]).unwrap(),
    };
    assert_same(Version::V5_0, "90 04 00 01 00 00", suback);
    let unsuback = Unsuback {
        packet_id,
        properties,
        reason_codes: UnsubscribeReasonCodes::new(&[UnsubscribeReasonCode::Success]).unwrap(),
    };
    assert_same(Version::V5_0, "B0 04 00 01 00 00", unsuback);
    let auth = Auth {
        reason_code: AuthReasonCode::ContinueAuthentication,
        properties: AuthProperties::default(),
    };
    assert_same(Version::V5_0, "F0 02 18 00", auth);
}
