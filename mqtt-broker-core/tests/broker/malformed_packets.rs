//! What is a Malformed Packet and what a Protocol Error: MQTT 5.0 §4.13, and rules of the text without a number.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::{Saw, World, connect, connect_as, disconnect, qos0, subscribe};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, ReasonCode, Text, Version};
use mqtt_session::CloseReason;

const MALFORMED: DisconnectReasonCode = DisconnectReasonCode::MalformedPacket;
const PROTOCOL_ERROR: DisconnectReasonCode = DisconnectReasonCode::ProtocolError;

/// [5.0-1] What cannot be parsed gets DISCONNECT 0x81, and nothing of it is done.
#[test]
fn what_cannot_be_parsed_is_a_malformed_packet() {
    for (name, packet) in [
        ("reserved flags of PINGREQ", &[0xC1, 0][..]),
        (
            "reserved flags of SUBSCRIBE",
            &[0x80, 7, 0, 1, 0, 0, 1, b'b', 0],
        ),
        ("PUBLISH of QoS 3", &[0x36, 6, 0, 1, b'a', 0, 1, 0]),
        (
            "reserved option bit 6",
            &[0x82, 7, 0, 1, 0, 0, 1, b'b', 0x40],
        ),
        (
            "reserved option bit 7",
            &[0x82, 7, 0, 1, 0, 0, 1, b'b', 0x80],
        ),
        ("ill-formed UTF-8", &[0x30, 4, 0, 1, 0xC3, 0]),
        ("a surrogate", &[0x30, 6, 0, 3, 0xED, 0xA0, 0x80, 0]),
        ("U+0000", &[0x30, 5, 0, 2, b'a', 0, 0]),
        (
            "Content Type in SUBSCRIBE",
            &[0x82, 11, 0, 1, 4, 0x03, 0, 1, b'x', 0, 1, b'b', 0],
        ),
        (
            "Will Delay Interval in PUBLISH",
            &[0x30, 9, 0, 1, b'a', 5, 0x18, 0, 0, 0, 1],
        ),
        (
            "Server Keep Alive in DISCONNECT",
            &[0xE0, 5, 0, 3, 0x13, 0, 1],
        ),
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
}

/// [v3.1.1 MQTT-1.5.3-1] [v3.1.1 MQTT-1.5.3-2] [v3.1.1 MQTT-2.2.2-2] [v3.1.1 MQTT-3.3.1-4] [MQTT-1.5.4-1] [MQTT-1.5.4-2]
/// [MQTT-2.1.3-1] [MQTT-3.3.1-4] The same in 3.1.1, which is told nothing.
#[test]
fn a_malformed_packet_ends_the_connection_in_each_version() {
    let malformed: [(&[u8], &[u8]); 4] = [
        (b"\x30\x03\0\x01\xFF", b"\x30\x04\0\x01\xFF\0"), // ill-formed UTF-8
        (b"\x30\x03\0\x01\0", b"\x30\x04\0\x01\0\0"),     // U+0000
        (b"\xC1\0", b"\xC1\0"),                           // flags
        (b"\x36\x05\0\x01a\0\x01", b"\x36\x06\0\x01a\0\x01\0"), // QoS 3
    ];
    for (of_3_1_1, of_5_0) in malformed {
        for (version, bytes) in [(Version::V3_1_1, of_3_1_1), (Version::V5_0, of_5_0)] {
            let mut world = World::new(Config::default());
            let link = world.connect(connect_as(version, "c"));
            world.send_bytes(link, bytes);
            let outcome = world.take(link);
            let seen = outcome.all();
            let Some((Saw::Closed(CloseReason::Malformed(_)), before)) = seen.split_last() else {
                panic!("{seen:?}")
            };
            let said = (version == Version::V5_0).then_some(Saw::Packet(disconnect(MALFORMED)));
            assert_eq!(before, Vec::from_iter(said));
        }
    }
}

/// [5.0-1] [5.0-2] A CONNECT that is none is closed without a CONNACK; the reason of the close says which of the two it
/// is.
#[test]
fn a_connect_that_is_malformed_or_breaks_a_rule_is_closed() {
    let connect = |flags: u8, properties: &[u8], rest: &[u8]| {
        let block = [&[u8::try_from(properties.len()).unwrap()], properties].concat();
        let body = [b"\0\x04MQTT\x05".as_slice(), &[flags, 0, 60], &block, rest].concat();
        [&[0x10, u8::try_from(body.len()).unwrap()], body.as_slice()].concat()
    };
    let id: &[u8] = b"\0\x01c";
    let malformed = ReasonCode::MalformedPacket;
    let protocol_error = ReasonCode::ProtocolError;
    for (name, packet, code) in [
        ("bit 0", connect(0x03, &[], id), malformed),
        (
            "Will QoS 3",
            connect(0x1E, &[], b"\0\x01c\0\0\x01w\0\0"),
            malformed,
        ),
        ("U+0000", connect(0x02, &[], b"\0\x02c\0"), malformed),
        (
            "ill-formed UTF-8",
            connect(0x82, &[], b"\0\x01c\0\x01\xFF"),
            malformed,
        ),
        ("Topic Alias", connect(0x02, &[0x23, 0, 1], id), malformed),
        (
            "two bytes for four",
            connect(0x02, &[0x11, 0, 1], id),
            malformed,
        ),
        (
            "Receive Maximum 0",
            connect(0x02, &[0x21, 0, 0], id),
            protocol_error,
        ),
        (
            "Maximum Packet Size 0",
            connect(0x02, &[0x27, 0, 0, 0, 0], id),
            protocol_error,
        ),
        (
            "Request Problem Information 2",
            connect(0x02, &[0x17, 2], id),
            protocol_error,
        ),
        (
            "Receive Maximum twice",
            connect(0x02, &[0x21, 0, 1, 0x21, 0, 1], id),
            protocol_error,
        ),
        (
            "data without method",
            connect(0x02, &[0x16, 0, 1, b'd'], id),
            protocol_error,
        ),
    ] {
        let mut world = World::new(Config::default());
        let link = world.link();
        world.send_bytes(link, &packet);
        let outcome = world.take(link);
        let [Saw::Closed(CloseReason::Malformed(error))] = outcome.all()[..] else {
            panic!("{name}: {:?}", outcome.all())
        };
        assert_eq!(error.reason_code(), code, "{name}");
    }
}

/// [5.0-2] What can be parsed and is not allowed gets DISCONNECT 0x82. A Topic Alias of 0 has a code of its own, 0x94.
#[test]
fn what_is_not_allowed_is_a_protocol_error() {
    for (name, packet) in [
        (
            "subscription of QoS 3",
            &[0x82, 7, 0, 1, 0, 0, 1, b'b', 0x03][..],
        ),
        ("Retain Handling 3", &[0x82, 7, 0, 1, 0, 0, 1, b'b', 0x30]),
        ("SUBSCRIBE without filter", &[0x82, 3, 0, 1, 0]),
        ("UNSUBSCRIBE without filter", &[0xA2, 3, 0, 1, 0]),
        (
            "Subscription Identifier 0",
            &[0x82, 9, 0, 1, 2, 0x0B, 0, 0, 1, b'b', 0],
        ),
        ("Packet Identifier 0", &[0x32, 6, 0, 1, b'a', 0, 0, 0]),
        ("neither topic nor alias", &[0x30, 3, 0, 0, 0]),
        (
            "Payload Format Indicator 2",
            &[0x30, 6, 0, 1, b'a', 2, 0x01, 2],
        ),
    ] {
        assert_refused(name, packet, PROTOCOL_ERROR);
    }
    let packet = [0x30, 7, 0, 1, b'a', 3, 0x23, 0, 0];
    assert_refused(
        "Topic Alias 0",
        &packet,
        DisconnectReasonCode::TopicAliasInvalid,
    );
}

/// [often-wrong-29] [5.0-2] [choice-3] A property that stands twice is a Protocol Error, whatever its values are, also
/// where PUBLISH has no word for it: Payload Format Indicator and Message Expiry Interval.
#[test]
fn a_property_that_stands_twice_is_a_protocol_error() {
    for (name, property) in [
        ("Payload Format Indicator", &[0x01, 0][..]),
        ("Message Expiry Interval", &[0x02, 0, 0, 0, 9]),
        ("Content Type", &[0x03, 0, 1, b'x']),
        ("Response Topic", &[0x08, 0, 1, b'x']),
        ("Correlation Data", &[0x09, 0, 1, b'x']),
        ("Topic Alias", &[0x23, 0, 1]),
    ] {
        let twice = property.repeat(2);
        let block = [&[u8::try_from(twice.len()).unwrap()], twice.as_slice()].concat();
        assert_refused(
            name,
            &framed(0x30, &[b"\0\x01a", block.as_slice()].concat()),
            PROTOCOL_ERROR,
        );
    }
    for (name, first, before, property, after) in [
        (
            "SUBSCRIBE",
            0x82,
            &b"\0\x01"[..],
            &[0x0B, 1][..],
            &b"\0\x01b\0"[..],
        ),
        ("PUBACK", 0x40, b"\0\x01\0", &[0x1F, 0, 1, b'x'], b""),
        ("PUBREC", 0x50, b"\0\x01\0", &[0x1F, 0, 1, b'x'], b""),
        ("PUBREL", 0x62, b"\0\x01\0", &[0x1F, 0, 1, b'x'], b""),
        ("PUBCOMP", 0x70, b"\0\x01\0", &[0x1F, 0, 1, b'x'], b""),
        ("DISCONNECT", 0xE0, b"\0", &[0x11, 0, 0, 0, 0], b""),
        ("AUTH", 0xF0, b"\x18", &[0x15, 0, 1, b'm'], b""),
    ] {
        let twice = property.repeat(2);
        let len = [u8::try_from(twice.len()).unwrap()];
        let body = [before, &len, &twice, after].concat();
        assert_refused(name, &framed(first, &body), PROTOCOL_ERROR);
    }
}

/// [often-wrong-29] But for User Property, which may stand as often as one likes.
#[test]
fn a_user_property_may_stand_twice() {
    let (mut world, link) = world();
    let pair = (Text::new("name").unwrap(), Text::new("value").unwrap());
    let mut publish = qos0("a", "x");
    publish.properties.user_properties = UserProperties::new(vec![pair; 3].leak());
    world.send(link, publish);
    assert_eq!(world.take(link).packets(), [Packet::Publish(publish)]);
}

/// [often-wrong-30] [5.0-1] Each string of each packet is checked, also one that is only passed on and one that nobody
/// looks at.
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
        let block = |id: &[u8], behind: &[u8]| {
            let block = [id, &counted, behind].concat();
            [&[u8::try_from(block.len()).unwrap()], block.as_slice()].concat()
        };
        let plain: &[u8] = b"\0\x01p";
        let publish = |properties: Vec<u8>| [b"\0\x01a".as_slice(), &properties].concat();
        for (name, first, body) in [
            ("Topic Name", 0x30, [&counted, &[0][..]].concat()),
            (
                "Topic Filter",
                0x82,
                [b"\0\x01\0", &counted[..], b"\0"].concat(),
            ),
            ("Topic Filter", 0xA2, [b"\0\x01\0", &counted[..]].concat()),
            ("Content Type", 0x30, publish(block(&[0x03], b""))),
            ("Response Topic", 0x30, publish(block(&[0x08], b""))),
            ("User Property", 0x30, publish(block(&[0x26], plain))),
            (
                "User Property",
                0x30,
                publish(block(&[0x26, 0, 1, b'n'], b"")),
            ),
            (
                "Reason String",
                0x40,
                [b"\0\x01\0", &block(&[0x1F], b"")[..]].concat(),
            ),
            (
                "Reason String",
                0xE0,
                [b"\0", &block(&[0x1F], b"")[..]].concat(),
            ),
            (
                "Authentication Method",
                0xF0,
                [b"\x19", &block(&[0x15], b"")[..]].concat(),
            ),
        ] {
            assert_refused(name, &framed(first, &body), MALFORMED);
        }
    }
}

/// A client that is subscribed to `a`.
fn world() -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let link = world.connect(connect("c"));
    world.send(link, subscribe(1, "a", QoS::AtMostOnce));
    world.forget();
    (world, link)
}

/// These bytes end the connection with DISCONNECT and this code, and that is all they do.
fn assert_refused(name: &str, packet: &[u8], code: DisconnectReasonCode) {
    let (mut world, link) = world();
    world.send_bytes(link, packet);
    let outcome = world.take(link);
    let told = disconnect(code);
    assert!(
        matches!(
            outcome.all()[..],
            [Saw::Packet(packet), Saw::Closed(CloseReason::Malformed(error))]
                if packet == told && error.reason_code().byte() == code.byte()
        ),
        "{name}: {:?}",
        outcome.all()
    );
    assert_eq!(world.broker.counters().publishes_received, 0, "{name}");
    assert_eq!(world.broker.gauges().sessions, 0, "{name}");
}

fn framed(first: u8, body: &[u8]) -> Vec<u8> {
    [&[first, u8::try_from(body.len()).unwrap()], body].concat()
}
