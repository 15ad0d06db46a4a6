//! MQTT 5.0 §2.2.2: each property in each packet.

use crate::harness::{accepted, bytes, encoded, framed, hex, refused, sized};
use mqtt_codec::{DecodeError as E, Field as F, Packet, ReasonCode, Version};

/// A block of properties, and what stands around it.
struct Place {
    name: &'static str,
    first: u8,
    before: &'static str,
    after: &'static str,
}

/// A property as the standard has it. Values are hex.
struct Property {
    field: F,
    /// Where it may stand.
    places: &'static str,
    /// Where it may stand twice.
    repeats_in: &'static str,
    good: &'static [&'static str],
    bad: &'static [(&'static str, u32)],
}

impl Property {
    fn id(&self) -> u8 {
        self.field.property_identifier().unwrap()
    }

    fn stands_in(&self, place: &Place) -> bool {
        has(self.places, place)
    }

    /// With what must stand before it: Authentication Data of CONNECT needs a method.
    fn block(&self, place: &Place, value: &str) -> (Vec<u8>, usize) {
        let mut block = match (place.name, self.field) {
            ("CONNECT", F::AuthenticationData) => vec![0x15, 0, 1, b'm'],
            _ => vec![],
        };
        let at = 2 + bytes(place.before).len() + 1 + block.len();
        block.push(self.id());
        block.extend(bytes(value));
        (block, at)
    }
}

impl Place {
    fn packet(&self, block: &[u8]) -> String {
        let body = [bytes(self.before), sized(block), bytes(self.after)].concat();
        hex(&framed(self.first, &body))
    }
}

fn has(names: &str, place: &Place) -> bool {
    names == "all" || names.split(' ').any(|name| name == place.name)
}

fn at(at: usize) -> u32 {
    u32::try_from(at).unwrap()
}

/// Every value within its range, wherever the property may stand; encoded again the bytes are the same.
#[test]
fn each_property_is_taken_where_it_may_stand() {
    for_each(|property, place| {
        if property.stands_in(place) {
            for value in property.good {
                let (block, _) = property.block(place, value);
                let packet = place.packet(&block);
                let again = encoded(Version::V5_0, &accepted(Version::V5_0, &packet));
                assert_eq!(hex(&again), packet, "{} in {}", property.field, place.name);
            }
        }
    });
}

/// [5.0-1] Anywhere else it is malformed.
#[test]
fn each_property_is_refused_where_it_may_not_stand() {
    for_each(|property, place| {
        if !property.stands_in(place) {
            for value in property.good {
                let (block, begin) = property.block(place, value);
                let error = E::PropertyNotAllowed {
                    property: property.field,
                    at: at(begin),
                };
                assert_eq!(
                    refused(Version::V5_0, &place.packet(&block)),
                    error,
                    "{}",
                    place.name
                );
                assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
            }
        }
    });
}

/// [often-wrong-29] [choice-3] [5.0-2] A second one is a Protocol Error, beside the first and behind others; User
/// Property may be there again, and Subscription Identifier in PUBLISH.
#[test]
fn each_property_stands_once_but_for_those_that_may_repeat() {
    for_each(|property, place| {
        if !property.stands_in(place) {
            return;
        }
        for value in property.good {
            for between in [&[][..], &[0x26, 0, 0, 0, 0]] {
                let (first, begin) = property.block(place, value);
                let second = [&[property.id()][..], &bytes(value)].concat();
                let packet = place.packet(&[&first[..], between, &second].concat());
                if has(property.repeats_in, place) {
                    let count = if property.field == F::UserProperty {
                        between.len() / 5
                    } else {
                        0
                    };
                    let decoded = accepted(Version::V5_0, &packet);
                    assert_eq!(repeated(&decoded, property.field), 2 + count, "{decoded:?}");
                } else {
                    let second = begin + 1 + bytes(value).len() + between.len();
                    let error = E::RepeatedProperty {
                        property: property.field,
                        at: at(second),
                    };
                    assert_eq!(refused(Version::V5_0, &packet), error, "{}", place.name);
                    assert_eq!(error.reason_code(), ReasonCode::ProtocolError);
                }
            }
        }
    });
}

/// [5.0-2] A value out of its range is a Protocol Error; Topic Alias has a code of its own.
#[test]
fn each_value_is_within_its_range() {
    for_each(|property, place| {
        if property.stands_in(place) {
            for &(hex, value) in property.bad {
                let (block, _) = property.block(place, hex);
                let error = E::PropertyValue {
                    property: property.field,
                    value,
                };
                assert_eq!(
                    refused(Version::V5_0, &place.packet(&block)),
                    error,
                    "{}",
                    place.name
                );
                let reason_code = if property.field == F::TopicAlias {
                    ReasonCode::TopicAliasInvalid
                } else {
                    ReasonCode::ProtocolError
                };
                assert_eq!(error.reason_code(), reason_code);
            }
        }
    });
}

/// [5.0-1] A value that ends early, at each of its bytes, though the packet goes on.
#[test]
fn each_value_is_whole() {
    for_each(|property, place| {
        if !property.stands_in(place) {
            return;
        }
        for value in property.good {
            let (block, begin) = property.block(place, value);
            let value_len = bytes(value).len();
            for cut in 1..=value_len {
                let part = &block[..block.len() - cut];
                let error = refused(Version::V5_0, &place.packet(part));
                let E::Truncated { field, at: found } = error else {
                    panic!(
                        "{} cut by {cut} in {}: {error:?}",
                        property.field, place.name
                    );
                };
                assert_eq!(field, property.field);
                // The second string of a User Property is told by where that begins.
                assert!((at(begin + 1)..=at(begin + 1 + value_len)).contains(&found));
                assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
            }
        }
    });
}

/// Identifiers that no property has, all of them, in each packet.
#[test]
fn unknown_identifiers_are_malformed() {
    let known: Vec<u8> = PROPERTIES.iter().map(Property::id).collect();
    for place in PLACES {
        for id in (0..=u8::MAX).filter(|id| !known.contains(id)) {
            assert_eq!(F::from_property_identifier(id), None, "{id}");
            let begin = at(2 + bytes(place.before).len() + 1);
            let error = refused(Version::V5_0, &place.packet(&[id, 0, 0, 0, 0]));
            assert_eq!(
                error,
                E::UnknownProperty { at: begin },
                "{id} in {}",
                place.name
            );
            assert_eq!(error.reason_code(), ReasonCode::MalformedPacket);
        }
    }
    assert_eq!(known.len(), 27);
}

/// The order of different properties has no meaning: the packet is the same.
#[test]
fn properties_may_come_in_any_order() {
    for place in PLACES {
        let here: Vec<&Property> = PROPERTIES
            .iter()
            .filter(|property| property.stands_in(place))
            .collect();
        let block = |order: &mut dyn Iterator<Item = &&Property>| -> Vec<u8> {
            order
                .flat_map(|property| [vec![property.id()], bytes(property.good[0])].concat())
                .collect()
        };
        let forth = accepted(Version::V5_0, &place.packet(&block(&mut here.iter())));
        let back = accepted(Version::V5_0, &place.packet(&block(&mut here.iter().rev())));
        assert_eq!(forth, back, "{}", place.name);
    }
}

/// User Properties keep their order, and so do Subscription Identifiers, whatever stands between them.
#[test]
fn repeated_properties_keep_their_order() {
    let block = "0B 01 26 00 01 61 00 01 31 01 01 26 00 01 62 00 01 32 0B 80 01 03 00 00 26 00 01 61 00 01 33 0B 01";
    let publish = PLACES.iter().find(|place| place.name == "PUBLISH").unwrap();
    let Packet::Publish(publish) = accepted(Version::V5_0, &publish.packet(&bytes(block))) else {
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

fn for_each(check: impl Fn(&Property, &Place)) {
    for property in PROPERTIES {
        for place in PLACES {
            check(property, place);
        }
    }
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

/// Every packet that has properties, and the Will.
#[rustfmt::skip]
const PLACES: &[Place] = &[
    Place { name: "CONNECT", first: 0x10, before: "00 04 4D 51 54 54 05 02 00 3C", after: "00 01 63" },
    Place { name: "Will", first: 0x10, before: "00 04 4D 51 54 54 05 06 00 3C 00 00 01 63", after: "00 01 77 00 01 78" },
    Place { name: "CONNACK", first: 0x20, before: "00 00", after: "" },
    Place { name: "PUBLISH", first: 0x30, before: "00 01 61", after: "68 69" },
    Place { name: "PUBACK", first: 0x40, before: "00 01 00", after: "" },
    Place { name: "PUBREC", first: 0x50, before: "00 01 00", after: "" },
    Place { name: "PUBREL", first: 0x62, before: "00 01 00", after: "" },
    Place { name: "PUBCOMP", first: 0x70, before: "00 01 00", after: "" },
    Place { name: "SUBSCRIBE", first: 0x82, before: "00 01", after: "00 01 61 00" },
    Place { name: "SUBACK", first: 0x90, before: "00 01", after: "00" },
    Place { name: "UNSUBSCRIBE", first: 0xA2, before: "00 01", after: "00 01 61" },
    Place { name: "UNSUBACK", first: 0xB0, before: "00 01", after: "00" },
    Place { name: "DISCONNECT", first: 0xE0, before: "00", after: "" },
    Place { name: "AUTH", first: 0xF0, before: "18", after: "" },
];

const BOOL: &[&str] = &["00", "01"];
const NO_BOOL: &[(&str, u32)] = &[("02", 2), ("FF", 255)];
const TWO: &[&str] = &["00 01", "01 02", "FF FF"];
const FOUR: &[&str] = &["00 00 00 01", "01 02 03 04", "FF FF FF FF"];
const FOUR_OR_0: &[&str] = &["00 00 00 00", "00 00 00 01", "FF FF FF FF"];
const STRING: &[&str] = &["00 00", "00 01 61", "00 04 2B C3 A9 23"];
const BYTES: &[&str] = &["00 00", "00 03 00 FF 61"];

/// The table of the standard, §2.2.2.2, with the rules of the packets' sections.
#[rustfmt::skip]
const PROPERTIES: &[Property] = &[
    Property { field: F::PayloadFormatIndicator, places: "PUBLISH Will", repeats_in: "", good: BOOL, bad: NO_BOOL },
    Property { field: F::MessageExpiryInterval, places: "PUBLISH Will", repeats_in: "", good: FOUR_OR_0, bad: &[] },
    Property { field: F::ContentType, places: "PUBLISH Will", repeats_in: "", good: STRING, bad: &[] },
    Property { field: F::ResponseTopic, places: "PUBLISH Will", repeats_in: "", good: &["00 01 61", "00 04 61 2F C3 A9"], bad: &[] },
    Property { field: F::CorrelationData, places: "PUBLISH Will", repeats_in: "", good: BYTES, bad: &[] },
    Property { field: F::SubscriptionIdentifier, places: "SUBSCRIBE PUBLISH", repeats_in: "PUBLISH", good: &["01", "7F", "80 01", "FF FF FF 7F"], bad: &[("00", 0)] },
    Property { field: F::SessionExpiryInterval, places: "CONNECT CONNACK DISCONNECT", repeats_in: "", good: FOUR_OR_0, bad: &[] },
    Property { field: F::AssignedClientIdentifier, places: "CONNACK", repeats_in: "", good: STRING, bad: &[] },
    Property { field: F::ServerKeepAlive, places: "CONNACK", repeats_in: "", good: &["00 00", "00 01", "FF FF"], bad: &[] },
    Property { field: F::AuthenticationMethod, places: "CONNECT CONNACK AUTH", repeats_in: "", good: STRING, bad: &[] },
    Property { field: F::AuthenticationData, places: "CONNECT CONNACK AUTH", repeats_in: "", good: BYTES, bad: &[] },
    Property { field: F::RequestProblemInformation, places: "CONNECT", repeats_in: "", good: BOOL, bad: NO_BOOL },
    Property { field: F::WillDelayInterval, places: "Will", repeats_in: "", good: FOUR_OR_0, bad: &[] },
    Property { field: F::RequestResponseInformation, places: "CONNECT", repeats_in: "", good: BOOL, bad: NO_BOOL },
    Property { field: F::ResponseInformation, places: "CONNACK", repeats_in: "", good: STRING, bad: &[] },
    Property { field: F::ServerReference, places: "CONNACK DISCONNECT", repeats_in: "", good: STRING, bad: &[] },
    Property { field: F::ReasonString, places: "CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH", repeats_in: "", good: STRING, bad: &[] },
    Property { field: F::ReceiveMaximum, places: "CONNECT CONNACK", repeats_in: "", good: TWO, bad: &[("00 00", 0)] },
    Property { field: F::TopicAliasMaximum, places: "CONNECT CONNACK", repeats_in: "", good: &["00 00", "00 01", "FF FF"], bad: &[] },
    Property { field: F::TopicAlias, places: "PUBLISH", repeats_in: "", good: TWO, bad: &[("00 00", 0)] },
    Property { field: F::MaximumQoS, places: "CONNACK", repeats_in: "", good: BOOL, bad: &[("02", 2), ("03", 3), ("FF", 255)] },
    Property { field: F::RetainAvailable, places: "CONNACK", repeats_in: "", good: BOOL, bad: NO_BOOL },
    Property { field: F::UserProperty, places: "all", repeats_in: "all", good: &["00 00 00 00", "00 01 6B 00 01 76", "00 02 C3 A9 00 00"], bad: &[] },
    Property { field: F::MaximumPacketSize, places: "CONNECT CONNACK", repeats_in: "", good: FOUR, bad: &[("00 00 00 00", 0)] },
    Property { field: F::WildcardSubscriptionAvailable, places: "CONNACK", repeats_in: "", good: BOOL, bad: NO_BOOL },
    Property { field: F::SubscriptionIdentifierAvailable, places: "CONNACK", repeats_in: "", good: BOOL, bad: NO_BOOL },
    Property { field: F::SharedSubscriptionAvailable, places: "CONNACK", repeats_in: "", good: BOOL, bad: NO_BOOL },
];
