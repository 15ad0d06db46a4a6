//! The column `value_rules`.

use super::Place;

/// What is said of the values of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// From the first to the last.
    Range(u32, u32),
    /// Any number of bytes that two bytes can count.
    Bytes,
    /// A Topic Name.
    TopicName,
    /// The number that no property stands for, in one packet or wherever it may stand.
    Default(Option<Place>, u32),
    /// A server sends it on as it is.
    Forwarded,
    /// A server sends what is left of it.
    ForwardedInPart,
    /// What it means and does: for tests of their own.
    Meaning,
}

impl Rule {
    pub(super) fn parse(clause: &str) -> Self {
        RULES
            .iter()
            .find(|(text, _)| *text == clause)
            .unwrap_or_else(|| panic!("no test knows this rule: {clause}"))
            .1
    }
}

#[rustfmt::skip]
pub(super) const RULES: &[(&str, Rule)] = &[
    ("0 or 1", Rule::Range(0, 1)),
    ("0 = unspecified bytes", Rule::Range(0, 1)),
    ("1 = UTF-8 text", Rule::Range(0, 1)),
    ("other values are not described", Rule::Range(0, 1)),
    ("0 to 65535", Rule::Range(0, 65_535)),
    ("1 to 65535", Rule::Range(1, 65_535)),
    ("1 up to the Topic Alias Maximum of the receiver", Rule::Range(1, 65_535)),
    ("1 to 268435455", Rule::Range(1, 268_435_455)),
    ("1 to 4294967295", Rule::Range(1, u32::MAX)),
    ("0 to 65535 bytes", Rule::Bytes),
    ("topic name without wildcards", Rule::TopicName),
    ("absent = 0", Rule::Default(None, 0)),
    ("absent in CONNECT = 0", Rule::Default(Some(Place::Connect), 0)),
    ("absent = 0 (no aliases)", Rule::Default(None, 0)),
    ("absent = 1", Rule::Default(None, 1)),
    ("absent = 2 (the value 2 itself is not allowed)", Rule::Default(None, 2)),
    ("absent = 65535", Rule::Default(None, 65_535)),
    ("forwarded unchanged", Rule::Forwarded),
    ("order is kept when a PUBLISH or Will is forwarded", Rule::Forwarded),
    ("a server sends on the rest of it", Rule::ForwardedInPart),
    ("0xFFFFFFFF = never", Rule::Meaning),
    ("absent = does not expire", Rule::Meaning),
    ("absent = no limit but the protocol's", Rule::Meaning),
    ("absent = value from CONNECT", Rule::Meaning),
    ("absent in CONNACK = value from CONNECT", Rule::Meaning),
    ("absent in CONNECT = no enhanced authentication", Rule::Meaning),
    ("absent in DISCONNECT = value from CONNECT stays", Rule::Meaning),
    ("counts QoS 1 and 2 together", Rule::Meaning),
    ("counts the whole packet with its fixed header", Rule::Meaning),
    ("defined by the method", Rule::Meaning),
    ("diagnostic text, not to be parsed", Rule::Meaning),
    ("elsewhere left out if the packet would exceed the receiver's Maximum Packet Size", Rule::Meaning),
    ("free text for the application", Rule::Meaning),
    ("goes with 0x9C or 0x9D", Rule::Meaning),
    ("in PUBLISH one per matching subscription that has one, equal values may occur twice", Rule::Meaning),
    ("its presence makes the message a request", Rule::Meaning),
    ("left out if the packet would exceed the receiver's Maximum Packet Size", Rule::Meaning),
    ("lifetime in seconds", Rule::Meaning),
    ("name of the method", Rule::Meaning),
    ("new and unique on the server", Rule::Meaning),
    ("only if the client asked with 1", Rule::Meaning),
    ("only in answer to an empty ClientID", Rule::Meaning),
    ("optional even then", Rule::Meaning),
    ("per connection", Rule::Meaning),
    ("per connection and direction", Rule::Meaning),
    ("replaces the value from CONNECT", Rule::Meaning),
    ("same name may occur again", Rule::Meaning),
    ("same value in all packets of the connection", Rule::Meaning),
    ("seconds", Rule::Meaning),
    ("space separated list", Rule::Meaning),
];
