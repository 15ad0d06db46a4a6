//! What a client makes of malformed packets and of those that break a rule: MQTT 5.0 §4.13, and rules of the text without a
//! number.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Publish, PublishProperties};
use mqtt_codec::property::{SubscriptionIdentifier, SubscriptionIdentifiers, UserProperties};
use mqtt_codec::{Text, Version};
use mqtt_session::CloseReason;
use mqtt_session::client::Action;

const V5: Version = Version::V5_0;
const MALFORMED: u8 = 0x81;
const PROTOCOL_ERROR: u8 = 0x82;

/// [5.0-1] What cannot be parsed gets DISCONNECT 0x81, before CONNACK, too, and nothing of it reaches the application.
#[test]
fn what_cannot_be_parsed_is_a_malformed_packet() {
    for (name, packet) in [
        ("reserved flags of PINGRESP", &[0xD1, 0][..]),
        ("reserved flags of PUBREL", &[0x60, 2, 0, 1]),
        ("PUBLISH of QoS 3", &[0x36, 6, 0, 1, b'a', 0, 1, 0]),
        ("ill-formed UTF-8", &[0x30, 4, 0, 1, 0xC3, 0]),
        ("a surrogate", &[0x30, 6, 0, 3, 0xED, 0xA0, 0x80, 0]),
        ("U+0000", &[0x30, 5, 0, 2, b'a', 0, 0]),
        (
            "Will Delay Interval in PUBLISH",
            &[0x30, 9, 0, 1, b'a', 5, 0x18, 0, 0, 0, 1],
        ),
        ("Topic Alias in PUBACK", &[0x40, 7, 0, 1, 0, 3, 0x23, 0, 1]),
        (
            "a property that nobody has",
            &[0x30, 6, 0, 1, b'a', 2, 0x7F, 0],
        ),
        (
            "an integer of two bytes for four",
            &[0x30, 7, 0, 1, b'a', 3, 0x02, 0, 1],
        ),
        (
            "a string of fewer bytes than it says",
            &[0x30, 8, 0, 1, b'a', 4, 0x03, 0, 2, b'x'],
        ),
    ] {
        assert_refused(name, packet, MALFORMED);
    }
    for (name, packet) in [
        ("reserved flags", &[0x21, 3, 0, 0, 0][..]),
        ("reserved acknowledge flags", &[0x20, 3, 2, 0, 0]),
        ("Will Delay Interval", &[0x20, 8, 0, 0, 5, 0x18, 0, 0, 0, 1]),
        ("U+0000", &[0x20, 7, 0, 0, 4, 0x1F, 0, 1, 0]),
        ("one byte for two", &[0x20, 5, 0, 0, 2, 0x21, 1]),
    ] {
        assert_connack_refused(name, packet, MALFORMED);
    }
}

/// [5.0-2] What can be parsed and is not allowed gets DISCONNECT 0x82. A Topic Alias of 0 has a code of its own, 0x94. What
/// AUTH breaks is in `authentication.rs`.
#[test]
fn what_is_not_allowed_is_a_protocol_error() {
    for (name, packet) in [
        ("neither topic nor alias", &[0x30, 3, 0, 0, 0][..]),
        (
            "Subscription Identifier 0",
            &[0x30, 6, 0, 1, b'a', 2, 0x0B, 0],
        ),
        ("Packet Identifier 0", &[0x32, 6, 0, 1, b'a', 0, 0, 0]),
        (
            "Payload Format Indicator 2",
            &[0x30, 6, 0, 1, b'a', 2, 0x01, 2],
        ),
        ("SUBACK without a code", &[0x90, 3, 0, 1, 0]),
    ] {
        assert_refused(name, packet, PROTOCOL_ERROR);
    }
    assert_refused("Topic Alias 0", &[0x30, 7, 0, 1, b'a', 3, 0x23, 0, 0], 0x94);
    for (name, packet) in [
        ("Receive Maximum 0", &[0x20, 6, 0, 0, 3, 0x21, 0, 0][..]),
        (
            "Maximum Packet Size 0",
            &[0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 0],
        ),
        ("Maximum QoS 2", &[0x20, 5, 0, 0, 2, 0x24, 2]),
        (
            "Receive Maximum twice",
            &[0x20, 9, 0, 0, 6, 0x21, 0, 1, 0x21, 0, 1],
        ),
    ] {
        assert_connack_refused(name, packet, PROTOCOL_ERROR);
    }
}

/// [often-wrong-29] [5.0-2] [choice-3] A property that stands twice is a Protocol Error, whatever its values are, also
/// where PUBLISH has no word for it: Payload Format Indicator and Message Expiry Interval.
#[test]
fn a_property_that_stands_twice_is_a_protocol_error() {
    let publish = b"\0\x01a".as_slice();
    let acknowledgement = b"\0\x01\0".as_slice();
    for (name, first, before, property, after) in [
        (
            "Payload Format Indicator",
            0x30,
            publish,
            &[0x01, 0][..],
            &b""[..],
        ),
        (
            "Message Expiry Interval",
            0x30,
            publish,
            &[0x02, 0, 0, 0, 9],
            b"",
        ),
        ("Content Type", 0x30, publish, &[0x03, 0, 1, b'x'], b""),
        ("Response Topic", 0x30, publish, &[0x08, 0, 1, b'x'], b""),
        ("Correlation Data", 0x30, publish, &[0x09, 0, 1, b'x'], b""),
        ("Topic Alias", 0x30, publish, &[0x23, 0, 1], b""),
        ("PUBACK", 0x40, acknowledgement, &[0x1F, 0, 1, b'x'], b""),
        ("PUBREC", 0x50, acknowledgement, &[0x1F, 0, 1, b'x'], b""),
        ("PUBREL", 0x62, acknowledgement, &[0x1F, 0, 1, b'x'], b""),
        ("PUBCOMP", 0x70, acknowledgement, &[0x1F, 0, 1, b'x'], b""),
        ("SUBACK", 0x90, b"\0\x01", &[0x1F, 0, 1, b'x'], b"\0"),
        ("UNSUBACK", 0xB0, b"\0\x01", &[0x1F, 0, 1, b'x'], b"\0"),
        ("DISCONNECT", 0xE0, b"\0", &[0x1C, 0, 1, b'x'], b""),
        ("AUTH", 0xF0, b"\x18", &[0x15, 0, 1, b'm'], b""),
    ] {
        let body = [before, &block(&property.repeat(2)), after].concat();
        assert_refused(name, &framed(first, &body), PROTOCOL_ERROR);
    }
}

/// [often-wrong-29] But for User Property, and for Subscription Identifier in a server's PUBLISH.
#[test]
fn user_property_and_subscription_identifier_may_stand_twice() {
    let identifiers = [7, 7, 9].map(|value| SubscriptionIdentifier::new(value).unwrap());
    let pair = (Text::new("name").unwrap(), Text::new("value").unwrap());
    let pairs = [pair, pair];
    let properties = PublishProperties {
        subscription_identifiers: SubscriptionIdentifiers::new(&identifiers),
        user_properties: UserProperties::new(&pairs),
        ..PublishProperties::default()
    };
    let mut client = Client::connected(client_config(V5));
    let publish = Publish {
        properties,
        ..qos0("a", "x")
    };
    let bytes = encode(V5, &publish.into());
    client.machine.handle_bytes(client.now, &bytes);
    let Some(Action::Deliver(delivered)) = client.machine.poll_action() else {
        panic!("nothing delivered")
    };
    assert_eq!(delivered.subscription_identifiers, identifiers);
    let properties = delivered.message.properties.borrowed();
    assert!(properties.user_properties.iter().eq(pairs));
    assert_eq!(client.machine.poll_action(), None);
}

/// [often-wrong-30] [5.0-1] Each string of each packet is checked, also one that only the application reads.
#[test]
fn every_string_is_checked() {
    let strings: [&[u8]; 5] = [
        b"\x80",
        b"a\xC3",
        b"a\xED\xA0\x80",
        b"\0",
        b"more than sixteen bytes, then \xFF",
    ];
    for string in strings {
        let counted = [&[0, u8::try_from(string.len()).unwrap()], string].concat();
        let property = |id: &[u8], behind: &[u8]| block(&[id, &counted, behind].concat());
        let publish = |properties: Vec<u8>| [b"\0\x01a".as_slice(), &properties].concat();
        let reason = || property(&[0x1F], b"");
        for (name, first, body) in [
            ("Topic Name", 0x30, [counted.as_slice(), &[0]].concat()),
            ("Content Type", 0x30, publish(property(&[0x03], b""))),
            ("Response Topic", 0x30, publish(property(&[0x08], b""))),
            (
                "User Property",
                0x30,
                publish(property(&[0x26], b"\0\x01v")),
            ),
            (
                "User Property",
                0x30,
                publish(property(&[0x26, 0, 1, b'n'], b"")),
            ),
            ("PUBACK", 0x40, [b"\0\x01\0".as_slice(), &reason()].concat()),
            ("PUBREC", 0x50, [b"\0\x01\0".as_slice(), &reason()].concat()),
            ("PUBREL", 0x62, [b"\0\x01\0".as_slice(), &reason()].concat()),
            (
                "PUBCOMP",
                0x70,
                [b"\0\x01\0".as_slice(), &reason()].concat(),
            ),
            (
                "SUBACK",
                0x90,
                [b"\0\x01".as_slice(), &reason(), b"\0"].concat(),
            ),
            (
                "UNSUBACK",
                0xB0,
                [b"\0\x01".as_slice(), &reason(), b"\0"].concat(),
            ),
            ("DISCONNECT", 0xE0, [b"\0".as_slice(), &reason()].concat()),
            (
                "Server Reference",
                0xE0,
                [b"\0".as_slice(), &property(&[0x1C], b"")].concat(),
            ),
            (
                "AUTH",
                0xF0,
                [b"\x18".as_slice(), &property(&[0x15], b"")].concat(),
            ),
        ] {
            assert_refused(name, &framed(first, &body), MALFORMED);
        }
        for id in [0x12, 0x15, 0x1A, 0x1C, 0x1F] {
            let body = [b"\0\0".as_slice(), &property(&[id], b"")].concat();
            assert_connack_refused("CONNACK", &framed(0x20, &body), MALFORMED);
        }
    }
}

/// [5.0-11] Control characters and non-characters are taken like all others, whenever they come, and sent as they are.
#[test]
fn disallowed_characters_are_taken_always() {
    for string in [
        "\u{1}",
        "\u{1F}",
        "\u{7F}",
        "\u{9F}",
        "\u{FDD0}",
        "\u{FFFE}",
        "\u{10FFFF}",
    ] {
        for version in VERSIONS {
            let mut client = Client::connected(client_config(version));
            for _ in 0..2 {
                let outs = client.receive(qos0(string, string));
                assert_eq!(outs, [deliver(string, string)]);
            }
            let (_, outs) = client.publish(message(mqtt_codec::QoS::AtMostOnce, string, "x"));
            assert_eq!(outs, [send(version, qos0(string, "x"))]);
        }
    }
}

/// These bytes end the connection of a connected client with DISCONNECT and this code, and that is all they do.
fn assert_refused(name: &str, packet: &[u8], reason_code: u8) {
    let client = Client::connected(client_config(V5));
    assert_ends(client, name, packet, reason_code);
}

/// The same in place of CONNACK.
fn assert_connack_refused(name: &str, packet: &[u8], reason_code: u8) {
    let mut client = Client::new(client_config(V5));
    client.connect();
    assert_ends(client, name, packet, reason_code);
}

fn assert_ends(mut client: Client, name: &str, packet: &[u8], reason_code: u8) {
    let outs = client.receive_bytes(packet);
    let [told, Out::Close(CloseReason::Malformed(error))] = outs.as_slice() else {
        panic!("{name}: {outs:?}")
    };
    assert_eq!(told, &send(V5, disconnect(code(reason_code))), "{name}");
    assert_eq!(error.reason_code().byte(), reason_code, "{name}");
}

/// Properties behind their length.
fn block(properties: &[u8]) -> Vec<u8> {
    [&[u8::try_from(properties.len()).unwrap()], properties].concat()
}

fn framed(first: u8, body: &[u8]) -> Vec<u8> {
    [&[first, u8::try_from(body.len()).unwrap()], body].concat()
}
