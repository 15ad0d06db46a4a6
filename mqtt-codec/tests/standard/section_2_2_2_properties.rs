//! MQTT 5.0 §2.2.2.2: each property in each packet, as `properties-v5.0.csv` has it.

use crate::harness::{UNLIMITED, accepted, encoded, hex, refused};
use crate::tables::{
    Breach, Place, Property, WireType, general, known_clauses, properties, properties_table,
    property,
};
use mqtt_codec::{DecodeError as E, Field as F, Packet, ReasonCode, Version, decode};

const V5: Version = Version::V5_0;

/// The table has a row for each property that the codec knows, and for no other.
#[test]
fn every_property_has_a_row() {
    let rows: Vec<u8> = properties().iter().map(Property::id).collect();
    let known: Vec<u8> = (0..=u8::MAX)
        .filter(|&id| F::from_property_identifier(id).is_some())
        .collect();
    assert_eq!(rows, known);
    assert_eq!(rows.len(), 27);
}

/// What the tests know of the cells of the table stands there.
#[test]
fn every_clause_stands_in_the_table() {
    let table = properties_table();
    for clause in known_clauses() {
        assert!(table.contains(clause), "{clause}");
    }
}

/// Every value within its range, wherever the property may stand; encoded again the bytes are the same.
#[test]
fn each_property_is_taken_where_it_may_stand() {
    for_each_place(|property, place| {
        for value in property.good() {
            let (block, _) = block(property, place, &value);
            let packet = hex(&place.packet(&block));
            let again = encoded(V5, &accepted(V5, &packet));
            assert_eq!(hex(&again), packet, "{} in {place:?}", property.field);
        }
    });
}

/// [5.0-1] Anywhere else it is a Malformed Packet.
#[test]
fn each_property_is_refused_where_it_may_not_stand() {
    for property in properties() {
        for place in Place::ALL {
            if property.sender(place).is_some() {
                continue;
            }
            for value in property.good() {
                let packet = hex(&place.packet(&property.with(&value)));
                let expected = if place.has_properties() {
                    E::PropertyNotAllowed {
                        property: property.field,
                        at: place.begin(),
                    }
                } else {
                    E::TrailingBytes {
                        after: F::RemainingLength,
                        at: 2,
                    }
                };
                assert_refused(&packet, expected, general().misplaced);
            }
        }
    }
    assert_eq!(general().misplaced, ReasonCode::MalformedPacket);
}

/// [5.0-2] [often-wrong-29] [choice-3] A second one is a Protocol Error, beside the first and behind others. User Property
/// may be there again, and Subscription Identifier in PUBLISH.
#[test]
fn each_property_stands_once_but_for_those_that_may_repeat() {
    for_each_place(|property, place| {
        for value in property.good() {
            for between in [&b""[..], &[0x26, 0, 0, 0, 0]] {
                let (first, begin) = block(property, place, &value);
                let second = property.with(&value);
                let packet = hex(&place.packet(&[&first[..], between, &second].concat()));
                let Some(code) = property.repeated(place) else {
                    let is_user_property = property.field == F::UserProperty;
                    let count = 2 + usize::from(is_user_property && !between.is_empty());
                    let decoded = accepted(V5, &packet);
                    assert_eq!(repeated(&decoded, property.field), count, "{decoded:?}");
                    continue;
                };
                let error = E::RepeatedProperty {
                    property: property.field,
                    at: begin + number(second.len() + between.len()),
                };
                assert_refused(&packet, error, code);
                assert_eq!(code, ReasonCode::ProtocolError);
            }
        }
    });
}

/// [5.0-2] [MQTT-3.3.2-8] A value out of its range is a Protocol Error; Topic Alias has a code of its own.
#[test]
fn each_value_is_within_its_range() {
    for_each_place(|property, place| {
        let bad = property.bad();
        let code = property.code(Breach::Value);
        assert_eq!(code.is_some(), !bad.is_empty(), "{}", property.field);
        for (value, number) in bad {
            let (block, _) = block(property, place, &value);
            let error = E::PropertyValue {
                property: property.field,
                value: number,
            };
            assert_refused(&hex(&place.packet(&block)), error, code.unwrap());
        }
    });
    let of = |field| property(field).code(Breach::Value).unwrap();
    assert_eq!(of(F::TopicAlias), ReasonCode::TopicAliasInvalid);
    assert_eq!(of(F::ReceiveMaximum), ReasonCode::ProtocolError);
}

/// [5.0-1] [often-wrong-30] [MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-1.5.7-1] [MQTT-1.5.5-1] A value that has the length of its
/// type and is none: no UTF-8, a surrogate, U+0000, an integer of more bytes than it needs.
#[test]
fn each_value_is_well_formed() {
    for_each_place(|property, place| {
        for value in property.wire_type.ill_formed() {
            let (block, _) = block(property, place, &value);
            let packet = hex(&place.packet(&block));
            let error = refused(V5, &packet);
            if let E::Utf8 { field, .. } | E::NullCharacter { field, .. } = error {
                assert_eq!(field, property.field);
            } else {
                assert_eq!(property.wire_type, WireType::VariableByteInteger);
                assert!(matches!(error, E::VariableByteInteger { .. }), "{error:?}");
            }
            assert!(error.statement(V5).is_some(), "{error:?}");
            let code = property.code(Breach::IllFormed);
            assert_refused(&packet, error, code.unwrap_or(general().misplaced));
        }
    });
}

/// [5.0-1] A value that ends early, at each of its bytes, though the packet goes on, and one with a byte too many.
#[test]
fn each_value_has_the_length_of_its_type() {
    for_each_place(|property, place| {
        for value in property.good() {
            let (block, begin) = block(property, place, &value);
            for cut in 1..=value.len() {
                let packet = hex(&place.packet(&block[..block.len() - cut]));
                let error = refused(V5, &packet);
                let E::Truncated { field, at } = error else {
                    panic!("{} cut by {cut} in {place:?}: {error:?}", property.field);
                };
                assert_eq!(field, property.field);
                // The second string of a User Property is told by where that begins.
                assert!((begin + 1..=begin + 1 + number(value.len())).contains(&at));
                assert_refused(&packet, error, general().past_the_end);
            }
            let packet = hex(&place.packet(&[&block[..], &[0]].concat()));
            let at = begin + 1 + number(value.len());
            assert_refused(&packet, E::UnknownProperty { at }, general().misplaced);
        }
    });
}

/// [MQTT-3.3.2-14] A Response Topic is a Topic Name: no wildcard, and not empty.
#[test]
fn a_response_topic_has_no_wildcard() {
    let property = property(F::ResponseTopic);
    let code = property.code(Breach::Wildcard).unwrap();
    assert_eq!(code, ReasonCode::ProtocolError);
    for (place, _) in &property.places {
        let begin = place.begin() + 3;
        for (value, at) in [(b"\0\x01#", 0), (b"\0\x01+", 0)] {
            let packet = hex(&place.packet(&property.with(value)));
            let error = E::TopicWildcard {
                field: property.field,
                at: begin + at,
            };
            assert_refused(&packet, error, code);
            assert_eq!(error.statement(V5), Some("MQTT-3.3.2-14"));
        }
        let packet = hex(&place.packet(&property.with(b"\0\0")));
        let field = property.field;
        assert_refused(&packet, E::EmptyTopic { field }, code);
    }
}

/// Authentication Data in CONNECT needs a method, before it or behind it.
#[test]
fn authentication_data_in_connect_needs_a_method() {
    let property = property(F::AuthenticationData);
    let data = property.with(b"\0\x01d");
    let packet = hex(&Place::Connect.packet(&data));
    let code = property.code(Breach::WithoutMethod).unwrap();
    assert_refused(&packet, E::AuthenticationDataWithoutMethod, code);
    let behind = [&data[..], b"\x15\0\x01m"].concat();
    accepted(V5, &hex(&Place::Connect.packet(&behind)));
}

/// Strings and binary data are as long as two bytes can count.
#[test]
fn texts_have_up_to_65535_bytes() {
    for_each_place(|property, place| {
        let text = [&b"\xFF\xFF"[..], &[b'a'; 65_535]].concat();
        let value = match property.wire_type {
            WireType::Utf8String | WireType::BinaryData => text,
            WireType::Utf8StringPair => [&text[..], &text].concat(),
            WireType::Byte
            | WireType::TwoByteInteger
            | WireType::FourByteInteger
            | WireType::VariableByteInteger => return,
        };
        let (block, _) = block(property, place, &value);
        let bytes = place.packet(&block);
        let (packet, _) = decode(V5, &UNLIMITED, &bytes).unwrap().unwrap();
        assert!(
            encoded(V5, &packet) == bytes,
            "{} in {place:?}",
            property.field
        );
    });
}

fn for_each_place(check: impl Fn(&Property, Place)) {
    for property in properties() {
        for &(place, _) in &property.places {
            check(property, place);
        }
    }
}

/// A block that ends with this property, and where in the packet its identifier stands.
fn block(property: &Property, place: Place, value: &[u8]) -> (Vec<u8>, u32) {
    let prefix = property.prefix(place);
    let block = [prefix, &property.with(value)].concat();
    (block, place.begin() + number(prefix.len()))
}

fn assert_refused(packet: &str, error: E, code: ReasonCode) {
    assert_eq!(refused(V5, packet), error, "{packet}");
    assert_eq!(error.reason_code(), code, "{error:?}");
}

fn number(len: usize) -> u32 {
    u32::try_from(len).unwrap()
}

/// How often a packet has a property that may repeat.
fn repeated(packet: &Packet<'_>, field: F) -> usize {
    match (packet, field) {
        (Packet::Publish(packet), F::SubscriptionIdentifier) => {
            packet.properties.subscription_identifiers.len()
        }
        (Packet::Publish(packet), _) => packet.properties.user_properties.len(),
        (Packet::Connect(packet), _) => match packet.will {
            Some(will) => will.properties.user_properties.len(),
            None => packet.properties.user_properties.len(),
        },
        (Packet::Connack(packet), _) => packet.properties.user_properties.len(),
        (Packet::Puback(packet), _) => packet.properties.user_properties.len(),
        (Packet::Pubrec(packet), _) => packet.properties.user_properties.len(),
        (Packet::Pubrel(packet), _) => packet.properties.user_properties.len(),
        (Packet::Pubcomp(packet), _) => packet.properties.user_properties.len(),
        (Packet::Subscribe(packet), _) => packet.properties.user_properties.len(),
        (Packet::Suback(packet), _) => packet.properties.user_properties.len(),
        (Packet::Unsubscribe(packet), _) => packet.user_properties.len(),
        (Packet::Unsuback(packet), _) => packet.properties.user_properties.len(),
        (Packet::Disconnect(packet), _) => packet.properties.user_properties.len(),
        (Packet::Auth(packet), _) => packet.properties.user_properties.len(),
        (Packet::Pingreq | Packet::Pingresp, _) => 0,
    }
}
