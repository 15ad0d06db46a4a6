//! MQTT 5.0 §1.5.5 and §2.1.4, MQTT 3.1.1 §2.2.3: the lengths of what follows.

use crate::harness::{UNLIMITED, VERSIONS, bytes, encoded, publish, text};
use mqtt_codec::packet::{Publish, PublishProperties};
use mqtt_codec::{Packet, Version, decode};

/// The largest value of each length but the longest, and the one behind it.
const BORDERS: [(usize, &str); 6] = [
    (127, "7F"),
    (128, "80 01"),
    (16_383, "FF 7F"),
    (16_384, "80 80 01"),
    (2_097_151, "FF FF 7F"),
    (2_097_152, "80 80 80 01"),
];

/// [MQTT-1.5.5-1] A Remaining Length, too, is written in as few bytes as hold it.
#[test]
fn a_remaining_length_has_as_few_bytes_as_hold_it() {
    for version in VERSIONS {
        for (length, on_the_wire) in BORDERS {
            // The length of the topic, the topic, and in 5.0 the Property Length stand before it.
            let before = if version.has_properties() { 4 } else { 3 };
            let payload = vec![b'x'; length - before];
            let packet = Packet::from(Publish {
                payload: &payload,
                ..publish("a", "")
            });
            let encoded = encoded(version, &packet);
            let expected = bytes(on_the_wire);
            let (header, rest) = encoded.split_at(encoded.len() - length);
            assert_eq!(header, [&[0x30], &expected[..]].concat());
            assert_eq!(rest[..3], [0, 1, b'a']);
            let decoded = decode(version, &UNLIMITED, &encoded);
            assert_eq!(decoded, Ok(Some((packet, encoded.len()))));
        }
    }
}

/// [MQTT-1.5.5-1] And so is a Property Length.
#[test]
fn a_property_length_has_as_few_bytes_as_hold_it() {
    for (length, on_the_wire) in &BORDERS[..4] {
        // Its identifier and the length of the string stand before it.
        let content_type = "x".repeat(length - 3);
        let properties = PublishProperties {
            content_type: Some(text(&content_type)),
            ..PublishProperties::default()
        };
        let packet = Packet::from(Publish {
            properties,
            ..publish("a", "")
        });
        let encoded = encoded(Version::V5_0, &packet);
        let (before, property) = encoded.split_at(encoded.len() - length);
        assert_eq!(property[0], 0x03);
        let expected = [&[0, 1, b'a'], &bytes(on_the_wire)[..]].concat();
        assert_eq!(before[before.len() - expected.len()..], expected);
        let decoded = decode(Version::V5_0, &UNLIMITED, &encoded);
        assert_eq!(decoded, Ok(Some((packet, encoded.len()))));
    }
}
