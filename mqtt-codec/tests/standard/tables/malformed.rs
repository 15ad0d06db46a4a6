//! What the table of properties forbids, packet by packet, as far as one packet alone shows it.

use super::{Breach, General, Place, Property, Rule, general, properties};
use mqtt_codec::{Field, ReasonCode};

/// A packet whose properties break a rule.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) why: String,
    pub(crate) packet: Vec<u8>,
    /// What is said of it.
    pub(crate) code: ReasonCode,
}

impl Malformed {
    fn new(place: Place, why: &str, packet: Vec<u8>, code: ReasonCode) -> Self {
        let why = format!("{why} in {place:?}");
        Self { why, packet, code }
    }
}

/// All ways to spoil the properties of a packet.
pub(crate) fn malformed(place: Place) -> Vec<Malformed> {
    let mut all = spoiled_blocks(place);
    for property in properties() {
        if property.sender(place).is_some() {
            all.extend(spoiled(property, place));
        } else {
            let packet = place.packet(&property.with(&property.good()[0]));
            let code = general().misplaced;
            all.push(Malformed::new(place, property.field.name(), packet, code));
        }
    }
    all
}

/// Whatever the property: identifiers that are none, and blocks that do not end where they should.
fn spoiled_blocks(place: Place) -> Vec<Malformed> {
    let (
        begin,
        General {
            misplaced,
            past_the_end,
        },
    ) = (place.begin() as usize, general());
    let too_long = u8::try_from(place.packet(b"").len() - begin + 1).unwrap();
    [
        ("identifier 0", place.packet(b"\0\0"), misplaced),
        ("identifier 127", place.packet(b"\x7F\0"), misplaced),
        (
            "an identifier of two bytes",
            place.packet(b"\xA6\0\0\0\0\0"),
            misplaced,
        ),
        (
            "past the packet",
            place.packet_with(&[too_long]),
            past_the_end,
        ),
        (
            "past Property Length",
            place.packet_with(b"\x04\x26\0\0\0\0"),
            past_the_end,
        ),
    ]
    .map(|(why, packet, code)| Malformed::new(place, why, packet, code))
    .into()
}

/// What is wrong with a property that may stand there.
fn spoiled(property: &Property, place: Place) -> Vec<Malformed> {
    let mut all = Vec::new();
    let prefix = property.prefix(place);
    let mut add = |why: &str, properties: &[&[u8]], code| {
        let why = format!("{}, {why},", property.field);
        let packet = place.packet(&[prefix, &properties.concat()].concat());
        all.push(Malformed::new(place, &why, packet, code));
    };
    for value in property.good() {
        let whole = property.with(&value);
        if let Some(code) = property.repeated(place) {
            add("twice", &[&whole, &whole], code);
        }
        let part = &whole[..whole.len() - 1];
        add("cut", &[part], general().past_the_end);
        add(
            "with a byte too many",
            &[&whole, b"\0"],
            general().misplaced,
        );
    }
    for (value, number) in property.bad() {
        let code = property.code(Breach::Value).unwrap();
        add(&format!("{number}"), &[&property.with(&value)], code);
    }
    for value in property.wire_type.ill_formed() {
        let code = property
            .code(Breach::IllFormed)
            .unwrap_or(general().misplaced);
        add("ill-formed", &[&property.with(&value)], code);
    }
    if property.rules.contains(&Rule::TopicName) {
        let code = property.code(Breach::Wildcard).unwrap();
        add("a wildcard", &[&property.with(b"\0\x03a/#")], code);
    }
    if (property.field, place) == (Field::AuthenticationData, Place::Connect) {
        let code = property.code(Breach::WithoutMethod).unwrap();
        let packet = place.packet(&property.with(b"\0\x01d"));
        all.push(Malformed::new(place, "data without method", packet, code));
    }
    all
}
