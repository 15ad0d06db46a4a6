//! MQTT 5.0 §2.2.2.1: Property Length, identifiers that no property has, and the order of properties.

use crate::harness::{UNLIMITED, accepted, hex, refused};
use crate::tables::{Place, Property, general, properties};
use mqtt_codec::{DecodeError as E, Field as F, Packet, ReasonCode, Version, decode};

const V5: Version = Version::V5_0;

/// [5.0-1] Identifiers that no property has, all of them, in each packet; also one of more bytes than it needs.
#[test]
fn unknown_identifiers_are_malformed() {
    let known: Vec<u8> = properties().iter().map(Property::id).collect();
    for place in Place::ALL.into_iter().filter(|it| it.has_properties()) {
        for id in (0..=u8::MAX).filter(|id| !known.contains(id)) {
            assert_eq!(F::from_property_identifier(id), None, "{id}");
            let error = E::UnknownProperty { at: place.begin() };
            let packet = place.packet(&[id, 0, 0, 0, 0]);
            assert_refused(&packet, error, general().misplaced);
        }
        // User Property, written with a byte more.
        let error = E::UnknownProperty { at: place.begin() };
        let packet = place.packet(b"\xA6\0\0\0\0\0");
        assert_refused(&packet, error, general().misplaced);
    }
}

/// [5.0-1] A Property Length that is none, or larger than what is left of the packet; equal to it is another error.
#[test]
fn properties_end_within_the_packet() {
    for place in Place::ALL.into_iter().filter(|it| it.has_properties()) {
        let begin = place.begin();
        let behind = place.packet(b"").len() - begin as usize;
        let too_much = u8::try_from(behind + 1).unwrap();
        let field = F::PropertyLength;
        let error = E::Truncated { field, at: begin };
        let packet = place.packet_with(&[too_much]);
        assert_refused(&packet, error, general().past_the_end);
        let up_to_the_end = place.packet_with(&[too_much - 1]);
        assert_ne!(decoded(&up_to_the_end), Err(error), "{place:?}");
        for none in [&b"\x80\0"[..], b"\xFF\xFF\xFF\xFF\x01"] {
            let error = E::VariableByteInteger { at: begin - 1 };
            assert_refused(&place.packet_with(none), error, general().misplaced);
        }
    }
}

/// [5.0-1] A property that runs past Property Length, though the packet goes on, in each packet and at each byte.
#[test]
fn properties_end_within_the_property_length() {
    let property = b"\x26\0\x01k\0\x01v";
    for place in Place::ALL.into_iter().filter(|it| it.has_properties()) {
        for len in 1..property.len() {
            let block = [&[u8::try_from(len).unwrap()], &property[..]].concat();
            let packet = place.packet_with(&block);
            let error = refused(V5, &hex(&packet));
            let at = match len {
                1..=3 => 1,
                _ => 4,
            };
            let expected = E::Truncated {
                field: F::UserProperty,
                at: place.begin() + at,
            };
            assert_eq!(error, expected, "{len} of {place:?}");
            assert_refused(&packet, error, general().past_the_end);
        }
        let block = [&[u8::try_from(property.len()).unwrap()], &property[..]].concat();
        accepted(V5, &hex(&place.packet_with(&block)));
    }
}

/// The order of different properties has no meaning: the packet is the same.
#[test]
fn properties_may_come_in_any_order() {
    for place in Place::ALL.into_iter().filter(|it| it.has_properties()) {
        let here: Vec<Vec<u8>> = properties()
            .iter()
            .filter(|property| property.sender(place).is_some())
            .map(|property| property.with(&property.good()[0]))
            .collect();
        let back: Vec<Vec<u8>> = here.iter().rev().cloned().collect();
        let [forth, back] =
            [here, back].map(|block| accepted(V5, &hex(&place.packet(&block.concat()))));
        assert_eq!(forth, back, "{place:?}");
    }
}

/// User Properties keep their order, and so do Subscription Identifiers, whatever stands between them.
#[test]
fn repeated_properties_keep_their_order() {
    let block =
        b"\x0B\x01\x26\0\x01a\0\x011\x01\x01\x26\0\x01b\0\x012\x0B\x80\x01\x03\0\0\x26\0\x01a\0\x013\x0B\x01";
    let Packet::Publish(publish) = accepted(V5, &hex(&Place::Publish.packet(block))) else {
        panic!("a PUBLISH");
    };
    let pairs: Vec<(&str, &str)> = publish
        .properties
        .user_properties
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(pairs, [("a", "1"), ("b", "2"), ("a", "3")]);
    let identifiers: Vec<u32> = publish
        .properties
        .subscription_identifiers
        .iter()
        .map(|identifier| identifier.get())
        .collect();
    assert_eq!(identifiers, [1, 128, 1]);
}

fn decoded(packet: &[u8]) -> Result<(), E> {
    decode(V5, &UNLIMITED, packet).map(drop)
}

fn assert_refused(packet: &[u8], error: E, code: ReasonCode) {
    assert_eq!(refused(V5, &hex(packet)), error, "{}", hex(packet));
    assert_eq!(error.reason_code(), code, "{error:?}");
}
