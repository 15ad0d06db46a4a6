//! MQTT 5.0 §3.1.2.1, §3.1.2.2, §3.1.3, MQTT 3.1.1 §3.1.2.1, §3.1.2.2, §3.1.3: the version and the payload of CONNECT.

use crate::harness::{
    VERSIONS, accepted, assert_breaks, assert_same, binary, connect, refused, text, will,
};
use mqtt_codec::packet::{Connect, ConnectProperties, Will, WillProperties};
use mqtt_codec::{ClientId, DecodeError as E, Field, Packet, ProtocolName, ReasonCode, Version};

const V3_1_1: Version = Version::V3_1_1;
const V5_0: Version = Version::V5_0;

/// [MQTT-3.1.3-1] Client Identifier, Will Properties, Will Topic, Will Payload, User Name, Password, in this order.
#[test]
fn the_payload_fields_of_5_0_come_in_their_order() {
    let properties = WillProperties {
        content_type: Some(text("t")),
        ..WillProperties::default()
    };
    let all = Connect {
        client_id: ClientId::new("client").unwrap(),
        will: Some(Will {
            properties,
            ..will("topic", "payload")
        }),
        user_name: Some(text("name")),
        password: Some(binary(b"password")),
        ..connect(V5_0)
    };
    assert_same(
        V5_0,
        "10 38 00 04 4D 51 54 54 05 C6 00 3C 00 00 06 63 6C 69 65 6E 74 04 03 00 01 74 00 05 74 6F 70 69 63 00 07 70 61 79 6C 6F 61 64 00 04 6E 61 6D 65 00 08 70 61 73 73 77 6F 72 64",
        all,
    );
}

/// [v3.1.1 MQTT-3.1.3-1] Client Identifier, Will Topic, Will Message, User Name, Password, in this order.
#[test]
fn the_payload_fields_of_3_1_1_come_in_their_order() {
    let all = |version| Connect {
        client_id: ClientId::new("client").unwrap(),
        will: Some(will("topic", "message")),
        user_name: Some(text("name")),
        password: Some(binary(b"password")),
        ..connect(version)
    };
    let hex = "10 32 00 04 4D 51 54 54 04 C6 00 3C 00 06 63 6C 69 65 6E 74 00 05 74 6F 70 69 63 00 07 6D 65 73 73 61 67 65 00 04 6E 61 6D 65 00 08 70 61 73 73 77 6F 72 64";
    assert_same(V3_1_1, hex, all(V3_1_1));
    let hex = "10 34 00 06 4D 51 49 73 64 70 03 C6 00 3C 00 06 63 6C 69 65 6E 74 00 05 74 6F 70 69 63 00 07 6D 65 73 73 61 67 65 00 04 6E 61 6D 65 00 08 70 61 73 73 77 6F 72 64";
    assert_same(Version::V3_1, hex, all(Version::V3_1));
}

/// [MQTT-3.1.3-3] The Client Identifier is there, if empty, and comes first.
#[test]
fn a_connect_of_5_0_has_a_client_identifier() {
    let empty = Connect {
        client_id: ClientId::EMPTY,
        ..connect(V5_0)
    };
    assert_same(V5_0, "10 0D 00 04 4D 51 54 54 05 02 00 3C 00 00 00", empty);
    let error = E::Truncated {
        field: Field::ClientIdentifier,
        at: 13,
    };
    assert_breaks(
        V5_0,
        "MQTT-3.1.3-3",
        "10 0B 00 04 4D 51 54 54 05 02 00 3C 00",
        error,
    );
}

/// [v3.1.1 MQTT-3.1.3-3] The Client Identifier is there, if empty, and comes first.
#[test]
fn a_connect_of_3_1_1_has_a_client_identifier() {
    let empty = Connect {
        client_id: ClientId::EMPTY,
        ..connect(V3_1_1)
    };
    assert_same(V3_1_1, "10 0C 00 04 4D 51 54 54 04 02 00 3C 00 00", empty);
    let error = E::Truncated {
        field: Field::ClientIdentifier,
        at: 12,
    };
    assert_breaks(
        V3_1_1,
        "MQTT-3.1.3-3",
        "10 0A 00 04 4D 51 54 54 04 02 00 3C",
        error,
    );
}

/// [MQTT-3.1.3-4] [v3.1.1 MQTT-3.1.3-4] The Client Identifier is a UTF-8 string.
#[test]
fn the_client_identifier_is_a_string() {
    assert_string(
        Field::ClientIdentifier,
        [
            (
                V5_0,
                "10 0F 00 04 4D 51 54 54 05 02 00 3C 00 00 02 C3 A9",
                "10 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 E9",
                15,
            ),
            (
                V3_1_1,
                "10 0E 00 04 4D 51 54 54 04 02 00 3C 00 02 C3 A9",
                "10 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 E9",
                14,
            ),
        ],
    );
}

/// [MQTT-3.1.3-11] [v3.1.1 MQTT-3.1.3-10] The Will Topic is a UTF-8 string.
#[test]
fn the_will_topic_is_a_string() {
    assert_string(
        Field::WillTopic,
        [
            (
                V5_0,
                "10 15 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 02 C3 A9 00 00",
                "10 14 00 04 4D 51 54 54 05 06 00 3C 00 00 01 63 00 00 01 E9 00 00",
                19,
            ),
            (
                V3_1_1,
                "10 13 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 02 C3 A9 00 00",
                "10 12 00 04 4D 51 54 54 04 06 00 3C 00 01 63 00 01 E9 00 00",
                17,
            ),
        ],
    );
}

/// [MQTT-3.1.3-12] [v3.1.1 MQTT-3.1.3-11] The User Name is a UTF-8 string.
#[test]
fn the_user_name_is_a_string() {
    assert_string(
        Field::UserName,
        [
            (
                V5_0,
                "10 12 00 04 4D 51 54 54 05 82 00 3C 00 00 01 63 00 02 C3 A9",
                "10 11 00 04 4D 51 54 54 05 82 00 3C 00 00 01 63 00 01 E9",
                18,
            ),
            (
                V3_1_1,
                "10 11 00 04 4D 51 54 54 04 82 00 3C 00 01 63 00 02 C3 A9",
                "10 10 00 04 4D 51 54 54 04 82 00 3C 00 01 63 00 01 E9",
                17,
            ),
        ],
    );
}

/// `é` in UTF-8, and in Latin-1 at the place given.
fn assert_string(field: Field, packets: [(Version, &str, &str, u32); 2]) {
    for (version, utf8, latin_1, at) in packets {
        let packet = accepted(version, utf8);
        assert!(format!("{packet:?}").contains("\"é\""), "{packet:?}");
        assert_eq!(
            refused(version, latin_1),
            E::Utf8 { field, at },
            "{version}"
        );
    }
}

/// [3.1-8] In 3.1 Remaining Length wins over the flags: User Name and Password may be announced and missing.
#[test]
fn announced_fields_may_be_missing_in_3_1() {
    let version = Version::V3_1;
    let missing = [
        "10 0F 00 06 4D 51 49 73 64 70 03 82 00 3C 00 01 63",
        "10 0F 00 06 4D 51 49 73 64 70 03 C2 00 3C 00 01 63",
    ];
    for hex in missing {
        assert_eq!(accepted(version, hex), Packet::from(connect(version)));
    }
    let user_name = Some(text("u"));
    let without_password = accepted(
        version,
        "10 12 00 06 4D 51 49 73 64 70 03 C2 00 3C 00 01 63 00 01 75",
    );
    assert_eq!(
        without_password,
        Packet::from(Connect {
            user_name,
            ..connect(version)
        })
    );
    // What is there is there whole.
    let error = E::Truncated {
        field: Field::UserName,
        at: 17,
    };
    assert_eq!(
        refused(
            version,
            "10 10 00 06 4D 51 49 73 64 70 03 82 00 3C 00 01 63 00"
        ),
        error
    );
}

/// A CONNECT is decoded by the version that it carries, whatever the connection's.
#[test]
fn a_connect_carries_its_own_version() {
    for version in VERSIONS {
        assert_same(
            version,
            "10 0F 00 06 4D 51 49 73 64 70 03 02 00 3C 00 01 63",
            connect(Version::V3_1),
        );
        assert_same(
            version,
            "10 0D 00 04 4D 51 54 54 04 02 00 3C 00 01 63",
            connect(V3_1_1),
        );
        assert_same(
            version,
            "10 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 63",
            connect(V5_0),
        );
        let properties = ConnectProperties {
            topic_alias_maximum: Some(9),
            ..ConnectProperties::default()
        };
        let with_properties = Connect {
            properties,
            ..connect(V5_0)
        };
        assert_same(
            version,
            "10 11 00 04 4D 51 54 54 05 02 00 3C 03 22 00 09 00 01 63",
            with_properties,
        );
    }
}

/// Bridges set the top bit of the level. It is practice and in no standard.
#[test]
fn the_bit_of_bridges_is_taken_in_3_x() {
    let bridge = |version| Connect {
        bridge: true,
        ..connect(version)
    };
    assert_same(
        Version::V3_1,
        "10 0F 00 06 4D 51 49 73 64 70 83 02 00 3C 00 01 63",
        bridge(Version::V3_1),
    );
    assert_same(
        V3_1_1,
        "10 0D 00 04 4D 51 54 54 84 02 00 3C 00 01 63",
        bridge(V3_1_1),
    );
    assert_same(
        V5_0,
        "10 0E 00 04 4D 51 54 54 05 02 00 3C 00 00 01 63",
        connect(V5_0),
    );
}

/// Every level that is none of ours, under each name: the server is told enough to answer. Standard: MQTT 5.0 §3.1.2.2.
#[test]
fn an_unknown_protocol_version_is_told_with_its_name() {
    let names = [
        ("MQTT", ProtocolName::Mqtt),
        ("MQIsdp", ProtocolName::Mqisdp),
        ("mqtt", ProtocolName::Other),
    ];
    for (string, name) in names {
        for level in 0..=u8::MAX {
            let known = match name {
                ProtocolName::Mqtt => matches!(level, 4 | 5 | 0x84),
                ProtocolName::Mqisdp => matches!(level, 3 | 0x83),
                ProtocolName::Other => false,
            };
            let mut body = crate::harness::counted(string.as_bytes());
            body.push(level);
            let hex = crate::harness::hex(&crate::harness::framed(0x10, &body));
            let error = refused(V5_0, &hex);
            if known {
                let at = u32::try_from(body.len() + 2).unwrap();
                assert_eq!(
                    error,
                    E::Truncated {
                        field: Field::ConnectFlags,
                        at
                    }
                );
            } else {
                assert_eq!(error, E::UnsupportedProtocolVersion { level, name });
                assert_eq!(error.reason_code(), ReasonCode::UnsupportedProtocolVersion);
            }
        }
    }
}

/// Authentication Data belongs to a method. Standard: MQTT 5.0 §3.1.2.11.10.
#[test]
fn authentication_data_needs_a_method() {
    let properties = ConnectProperties {
        authentication_method: Some(text("m")),
        authentication_data: Some(binary(b"d")),
        ..ConnectProperties::default()
    };
    let with_method = Connect {
        properties,
        ..connect(V5_0)
    };
    assert_same(
        V5_0,
        "10 16 00 04 4D 51 54 54 05 02 00 3C 08 15 00 01 6D 16 00 01 64 00 01 63",
        with_method,
    );
    assert_eq!(
        refused(
            V5_0,
            "10 12 00 04 4D 51 54 54 05 02 00 3C 04 16 00 01 64 00 01 63"
        ),
        E::AuthenticationDataWithoutMethod
    );
    let properties = ConnectProperties {
        authentication_method: None,
        ..properties
    };
    assert_eq!(
        Connect {
            properties,
            ..connect(V5_0)
        }
        .encoded_len(V5_0),
        None
    );
}
