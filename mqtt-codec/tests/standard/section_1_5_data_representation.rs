//! MQTT 5.0 §1.5, MQTT 3.1.1 §1.5: strings, Variable Byte Integers and string pairs.

use crate::harness::{
    VERSIONS, accepted, assert_breaks, assert_same, counted, encoded, framed, hex, publish,
    refused, sized, text,
};
use mqtt_codec::packet::{PublishProperties, PublishTopic};
use mqtt_codec::property::{SubscriptionIdentifier, SubscriptionIdentifiers, UserProperties};
use mqtt_codec::{
    ClientId, DecodeError as E, Field, Packet, ReasonCode, Text, TextError, TopicFilter, TopicName,
    Version, variable_byte_integer,
};

/// [MQTT-1.5.4-1] [often-wrong-30] Ill-formed UTF-8, surrogates among it, makes a packet malformed in each of its
/// string fields.
#[test]
fn ill_formed_utf8_in_any_string_field_of_5_0_is_malformed() {
    assert_ill_formed_utf8_is_malformed(Version::V5_0, "MQTT-1.5.4-1");
}

/// [v3.1.1 MQTT-1.5.3-1] Ill-formed UTF-8, surrogates among it, makes a packet malformed in each of its string fields.
#[test]
fn ill_formed_utf8_in_any_string_field_of_3_1_1_is_malformed() {
    assert_ill_formed_utf8_is_malformed(Version::V3_1_1, "MQTT-1.5.3-1");
}

fn assert_ill_formed_utf8_is_malformed(version: Version, statement: &str) {
    // The string and where it breaks.
    let strings: [(&[u8], usize); 11] = [
        (b"\x80", 0),
        (b"a\xC3", 1),
        (b"a\xC3\x28", 1),
        (b"\xC0\x80", 0),
        (b"ab\xE0\x80\x80", 2),
        (b"\xE2\x82", 0),
        (b"a\xED\xA0\x80", 1),
        (b"\xED\xBF\xBF", 0),
        (b"\xF4\x90\x80\x80", 0),
        (b"\xF8\x88\x80\x80\x80", 0),
        (b"a string that is longer than sixteen bytes\xFF", 42),
    ];
    for (string, breaks) in strings {
        for (field, packet, at) in with_each_string(version, string) {
            let at = u32::try_from(at + breaks).unwrap();
            let error = E::Utf8 { field, at };
            assert_breaks(version, statement, &hex(&packet), error);
            assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
        }
    }
}

/// [MQTT-1.5.4-2] [often-wrong-30] U+0000 makes a packet malformed in each of its string fields, and no string can be
/// made with it.
#[test]
fn u_0000_in_any_string_field_of_5_0_is_malformed() {
    assert_null_is_malformed(Version::V5_0, "MQTT-1.5.4-2");
    let error = TextError::NullCharacter { at: 2 };
    assert_eq!(Text::new("ab\0"), Err(error));
    assert_eq!(ClientId::new("ab\0"), Err(error));
    assert_eq!(TopicName::new("ab\0"), Err(error.into()));
    assert_eq!(TopicFilter::new("ab\0"), Err(error.into()));
}

/// [v3.1.1 MQTT-1.5.3-2] U+0000 makes a packet malformed in each of its string fields.
#[test]
fn u_0000_in_any_string_field_of_3_1_1_is_malformed() {
    assert_null_is_malformed(Version::V3_1_1, "MQTT-1.5.3-2");
}

fn assert_null_is_malformed(version: Version, statement: &str) {
    let strings: [&[u8]; 4] = [
        b"\0",
        b"ab\0",
        b"\xC3\xA9\0b",
        b"more than sixteen bytes, then \0",
    ];
    for string in strings {
        let null = string.iter().position(|&byte| byte == 0).unwrap();
        for (field, packet, at) in with_each_string(version, string) {
            let at = u32::try_from(at + null).unwrap();
            let error = E::NullCharacter { field, at };
            assert_breaks(version, statement, &hex(&packet), error);
            assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
        }
    }
}

/// [MQTT-1.5.4-3] [v3.1.1 MQTT-1.5.3-3] U+FEFF is a character like others wherever it stands; none is dropped.
#[test]
fn a_byte_order_mark_is_kept() {
    let packet = publish("\u{FEFF}a\u{FEFF}", "\u{FEFF}");
    assert_same(
        Version::V3_1_1,
        "30 0C 00 07 EF BB BF 61 EF BB BF EF BB BF",
        packet,
    );
    let content_type = Some(text("\u{FEFF}"));
    let properties = PublishProperties {
        content_type,
        ..packet.properties
    };
    let packet = mqtt_codec::packet::Publish {
        properties,
        ..packet
    };
    assert_same(
        Version::V5_0,
        "30 13 00 07 EF BB BF 61 EF BB BF 06 03 00 03 EF BB BF EF BB BF",
        packet,
    );
    for version in VERSIONS {
        for (field, packet, _) in with_each_string(version, b"\xEF\xBB\xBFa") {
            let packet = accepted(version, &hex(&packet));
            assert!(
                format!("{packet:?}").contains("\"\\u{feff}a\""),
                "{field} of {packet:?}"
            );
        }
    }
}

/// [5.0-11] Control characters and non-characters should not be sent; they are taken all the same, and all others are.
#[test]
fn characters_that_should_not_be_sent_are_taken() {
    for version in VERSIONS {
        for string in [
            "\u{1}",
            "\u{1F}\u{7F}",
            "\u{9F}",
            "\u{FFFF}\u{10FFFF}",
            "\u{D7FF}\u{E000}",
            "ß水🦀",
        ] {
            for (_, packet, _) in with_each_string(version, string.as_bytes()) {
                let packet = accepted(version, &hex(&packet));
                assert!(
                    format!("{packet:?}").contains(&format!("{string:?}")),
                    "{packet:?}"
                );
            }
        }
    }
}

/// [MQTT-1.5.5-1] A Variable Byte Integer is written in as few bytes as hold it, and taken in no more.
#[test]
fn a_variable_byte_integer_has_as_few_bytes_as_hold_it() {
    let borders: [(u32, &str); 7] = [
        (1, "01"),
        (127, "7F"),
        (128, "80 01"),
        (16_383, "FF 7F"),
        (16_384, "80 80 01"),
        (2_097_151, "FF FF 7F"),
        (variable_byte_integer::MAX, "FF FF FF 7F"),
    ];
    for (value, on_the_wire) in borders {
        let value_bytes = crate::harness::bytes(on_the_wire);
        assert_eq!(
            variable_byte_integer(&value_bytes),
            Ok(Some((value, value_bytes.len())))
        );
        let identifiers = [SubscriptionIdentifier::new(value).unwrap()];
        let mut packet = publish("a", "");
        packet.properties.subscription_identifiers = SubscriptionIdentifiers::new(&identifiers);
        let mut body = counted(b"a");
        body.extend(sized(&[&[0x0B][..], &value_bytes].concat()));
        assert_same(Version::V5_0, &hex(&framed(0x30, &body)), packet);
    }
    // Padded: as a Remaining Length, as a Property Length and as a value.
    let padded = |at| E::VariableByteInteger { at };
    let statement = "MQTT-1.5.5-1";
    assert_breaks(Version::V5_0, statement, "30 84 00 00 01 61 00", padded(1));
    assert_breaks(
        Version::V5_0,
        statement,
        "30 84 80 00 00 01 61 00",
        padded(1),
    );
    assert_breaks(
        Version::V5_0,
        statement,
        "30 84 80 80 00 00 01 61 00",
        padded(1),
    );
    assert_breaks(
        Version::V5_0,
        statement,
        "30 84 80 80 80 00 00 01 61 00",
        padded(1),
    );
    assert_breaks(Version::V5_0, statement, "30 05 00 01 61 80 00", padded(5));
    assert_breaks(
        Version::V5_0,
        statement,
        "30 07 00 01 61 03 0B 81 00",
        padded(7),
    );
    assert_breaks(
        Version::V5_0,
        statement,
        "30 09 00 01 61 05 0B 81 80 80 00",
        padded(7),
    );
}

/// [MQTT-1.5.7-1] Name and value of a User Property are strings, each with the rules of strings.
#[test]
fn both_strings_of_a_user_property_are_checked() {
    let pairs = [(text("é"), text("")), (text(""), text("\u{FEFF}"))];
    let mut packet = publish("a", "");
    packet.properties.user_properties = UserProperties::new(&pairs);
    assert_same(
        Version::V5_0,
        "30 13 00 01 61 0F 26 00 02 C3 A9 00 00 26 00 00 00 03 EF BB BF",
        packet,
    );

    let field = Field::UserProperty;
    let statement = "MQTT-1.5.7-1";
    for (name, value, at) in [(&b"\xFF"[..], &b"v"[..], 9), (b"n", b"v\xED\xA0\x80", 13)] {
        let error = E::Utf8 { field, at };
        let hex = user_property(name, value);
        assert_breaks(Version::V5_0, statement, &hex, error);
        assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
    }
    for (name, value, at) in [(&b"n\0"[..], &b"v"[..], 10), (b"n", b"\0", 12)] {
        let error = E::NullCharacter { field, at };
        let hex = user_property(name, value);
        assert_breaks(Version::V5_0, statement, &hex, error);
        assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
    }
}

fn user_property(name: &[u8], value: &[u8]) -> String {
    let property = [&[0x26][..], &counted(name), &counted(value)].concat();
    hex(&framed(0x30, &[counted(b"a"), sized(&property)].concat()))
}

/// A string field holds 65,535 bytes, on the wire and when it is made. Standard: MQTT 5.0 §1.5.4.
#[test]
fn a_string_has_at_most_65535_bytes() {
    let longest = "a".repeat(65_535);
    let too_long = "a".repeat(65_536);
    let error = TextError::TooLong { len: 65_536 };
    assert_eq!(Text::new(&longest).map(Text::as_str), Ok(longest.as_str()));
    assert_eq!(Text::new(&too_long), Err(error));
    assert_eq!(TopicName::new(&too_long), Err(error.into()));
    assert_eq!(TopicFilter::new(&too_long), Err(error.into()));
    let packet = Packet::from(mqtt_codec::packet::Publish {
        topic: PublishTopic::Name(TopicName::new(&longest).unwrap()),
        ..publish("a", "")
    });
    for version in VERSIONS {
        let bytes = encoded(version, &packet);
        assert_eq!(accepted(version, &hex(&bytes)), packet);
    }
    assert_eq!(
        refused(Version::V3_1_1, "30 03 FF FF 61"),
        E::Truncated {
            field: Field::TopicName,
            at: 2
        }
    );
}

/// A packet for each string field of a version, which holds these bytes there; and where they begin.
fn with_each_string(version: Version, string: &[u8]) -> Vec<(Field, Vec<u8>, usize)> {
    let level = [version.level()];
    let name = counted(version.protocol_name().as_bytes());
    let five = version.has_properties();
    let none: &[u8] = if five { &[0] } else { &[] };
    let flags = |flags: u8| [&name[..], &level, &[flags, 0, 60], none].concat();
    let options: &[u8] = &[0];
    // First byte, what stands before the string and behind it.
    let mut packets = vec![
        (Field::ClientIdentifier, 0x10, flags(0x02), vec![]),
        (
            Field::WillTopic,
            0x10,
            [flags(0x06), counted(b"c"), none.to_vec()].concat(),
            counted(b"w"),
        ),
        (
            Field::UserName,
            0x10,
            [flags(0x82), counted(b"c")].concat(),
            vec![],
        ),
        (Field::TopicName, 0x30, vec![], none.to_vec()),
        (
            Field::TopicFilter,
            0x82,
            [&[0, 1], none].concat(),
            options.to_vec(),
        ),
        (Field::TopicFilter, 0xA2, [&[0, 1], none].concat(), vec![]),
    ];
    if five {
        packets.extend(properties(&name, string));
    }
    packets
        .into_iter()
        .map(|(field, first, before, after)| {
            let body = [&before[..], &counted(string), &after].concat();
            (field, framed(first, &body), 2 + before.len() + 2)
        })
        .collect()
}

/// The properties that are strings: field, first byte, what stands before the string and behind it.
fn properties(name: &[u8], string: &[u8]) -> Vec<(Field, u8, Vec<u8>, Vec<u8>)> {
    let property = |id: u8| sized(&[&[id][..], &counted(string)].concat())[..2].to_vec();
    let connect = |id| [name.to_vec(), vec![5, 2, 0, 60], property(id)].concat();
    let publish = |id| [counted(b"a"), property(id)].concat();
    let connack = |id| [vec![0, 0], property(id)].concat();
    let acknowledgement = |id| [vec![0, 1, 0], property(id)].concat();
    let list = |id| [vec![0, 1], property(id)].concat();
    let disconnect = |id| [vec![0x9C], property(id)].concat();
    let auth = |id| [vec![0x18], property(id)].concat();
    let will = |id| {
        let before = [name.to_vec(), vec![5, 6, 0, 60, 0], counted(b"c")].concat();
        [before, property(id)].concat()
    };
    let topic_and_payload = [counted(b"w"), counted(b"p")].concat();
    vec![
        (
            Field::ContentType,
            0x10,
            will(0x03),
            topic_and_payload.clone(),
        ),
        (Field::ResponseTopic, 0x10, will(0x08), topic_and_payload),
        (
            Field::AuthenticationMethod,
            0x10,
            connect(0x15),
            counted(b"c"),
        ),
        (Field::AssignedClientIdentifier, 0x20, connack(0x12), vec![]),
        (Field::AuthenticationMethod, 0x20, connack(0x15), vec![]),
        (Field::ResponseInformation, 0x20, connack(0x1A), vec![]),
        (Field::ServerReference, 0x20, connack(0x1C), vec![]),
        (Field::ReasonString, 0x20, connack(0x1F), vec![]),
        (Field::ContentType, 0x30, publish(0x03), vec![]),
        (Field::ResponseTopic, 0x30, publish(0x08), vec![]),
        (Field::ReasonString, 0x40, acknowledgement(0x1F), vec![]),
        (Field::ReasonString, 0x50, acknowledgement(0x1F), vec![]),
        (Field::ReasonString, 0x62, acknowledgement(0x1F), vec![]),
        (Field::ReasonString, 0x70, acknowledgement(0x1F), vec![]),
        (Field::ReasonString, 0x90, list(0x1F), vec![0]),
        (Field::ReasonString, 0xB0, list(0x1F), vec![0]),
        (Field::ReasonString, 0xE0, disconnect(0x1F), vec![]),
        (Field::ServerReference, 0xE0, disconnect(0x1C), vec![]),
        (Field::AuthenticationMethod, 0xF0, auth(0x15), vec![]),
        (Field::ReasonString, 0xF0, auth(0x1F), vec![]),
    ]
}
