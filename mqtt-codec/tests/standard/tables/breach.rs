//! The column `violation`.

use super::Place;
use super::csv::clauses;
use mqtt_codec::ReasonCode;

/// What breaks the rules of a property, and what is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) breach: Breach,
    pub(crate) code: ReasonCode,
}

/// A way to break the rules of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breach {
    /// It stands twice, there or wherever it stands.
    Repeated(Option<Place>),
    /// Its value is out of its range.
    Value,
    /// One of its strings is no string.
    IllFormed,
    /// Its topic name has a wildcard.
    Wildcard,
    /// The payload is not what it says. A receiver need not look.
    PayloadMismatch,
    /// It stands in the PUBLISH of a client.
    InPublishFromClient,
    /// It stands in the DISCONNECT of a server.
    InDisconnectFromServer,
    /// It is not 0 in a DISCONNECT, and was 0 or absent in CONNECT.
    RaisedInDisconnect,
    /// It is not in AUTH.
    MissingInAuth,
    /// It is in AUTH, and was not in CONNECT.
    AuthAfterNone,
    /// It is a method that the server does not know.
    UnsupportedMethod,
    /// It is in CONNECT without Authentication Method.
    WithoutMethod,
    /// It is 0, and the server gives reasons where it should not.
    UnwantedReasons,
    /// The peer has more messages under way.
    MoreInFlight,
    /// The peer uses an alias above it.
    AliasAboveMaximum,
    /// An alias alone that stands for nothing.
    UnknownAlias,
    /// Neither alias nor topic name.
    NoTopic,
    /// A PUBLISH is of a higher QoS.
    QoSAbove,
    /// A retained PUBLISH after 0.
    Retained,
    /// The peer sends a larger packet.
    PacketAbove,
    /// A wildcard in a SUBSCRIBE after 0.
    WildcardFilter,
    /// A Subscription Identifier in a SUBSCRIBE after 0.
    IdentifierInSubscribe,
    /// A shared subscription after 0.
    SharedFilter,
}

/// What is said of any property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct General {
    /// Unknown, not allowed in the packet, or not of its type.
    pub(crate) misplaced: ReasonCode,
    /// Behind the end of the properties, or of the packet.
    pub(crate) past_the_end: ReasonCode,
}

impl Violation {
    pub(super) fn parse(cell: &'static str) -> Vec<Self> {
        clauses(cell)
            .flat_map(|clause| {
                let (what, said) = clause.split_once(": ").unwrap();
                let code = code(said);
                breaches(what)
                    .iter()
                    .map(move |&breach| Self { breach, code })
            })
            .collect()
    }
}

impl General {
    pub(super) fn parse(cell: &'static str) -> Self {
        let said: Vec<(&str, &str)> = clauses(cell)
            .map(|clause| clause.split_once(": ").unwrap())
            .collect();
        let [(misplaced, first), (past_the_end, second)] = said[..] else {
            panic!("{said:?}")
        };
        assert_eq!(
            misplaced,
            "unknown identifier, identifier not allowed in this packet, or value not of its wire type"
        );
        assert_eq!(
            past_the_end,
            "properties that run past Property Length or past the packet"
        );
        Self {
            misplaced: code(first),
            past_the_end: code(second),
        }
    }
}

/// A number, where there is one: the first where there is a choice. A Protocol Error, where the text has no code.
fn code(said: &str) -> ReasonCode {
    if let Some(at) = said.find("0x") {
        let byte = u8::from_str_radix(&said[at + 2..at + 4], 16).unwrap();
        return ReasonCode::from_byte(byte).unwrap();
    }
    if said == "Malformed Packet" {
        return ReasonCode::MalformedPacket;
    }
    let known = [
        "Protocol Error",
        "not stated (treat as Protocol Error)",
        "breaks MQTT-3.14.2-2",
    ];
    assert!(known.contains(&said), "what is said: {said}");
    ReasonCode::ProtocolError
}

fn breaches(what: &str) -> &'static [Breach] {
    BREACHES
        .iter()
        .find(|(text, _)| *text == what)
        .unwrap_or_else(|| panic!("no test knows this violation: {what}"))
        .1
}

#[rustfmt::skip]
pub(super) const BREACHES: &[(&str, &[Breach])] = &[
    ("repeated", &[Breach::Repeated(None)]),
    ("repeated in PUBLISH", &[Breach::Repeated(Some(Place::Publish))]),
    ("repeated in SUBSCRIBE", &[Breach::Repeated(Some(Place::Subscribe))]),
    ("repeated in Will", &[Breach::Repeated(Some(Place::Will))]),
    ("other value", &[Breach::Value]),
    ("value 0", &[Breach::Value]),
    ("value above 1", &[Breach::Value]),
    ("0 or above the maximum", &[Breach::Value, Breach::AliasAboveMaximum]),
    ("either string not valid UTF-8 or with U+0000", &[Breach::IllFormed]),
    ("wildcard inside", &[Breach::Wildcard]),
    ("payload that does not match", &[Breach::PayloadMismatch]),
    ("in a PUBLISH from a client", &[Breach::InPublishFromClient]),
    ("in DISCONNECT from a server", &[Breach::InDisconnectFromServer]),
    ("non-zero in DISCONNECT after 0 or absent in CONNECT", &[Breach::RaisedInDisconnect]),
    ("missing in AUTH", &[Breach::MissingInAuth]),
    ("AUTH with a method that CONNECT did not have", &[Breach::AuthAfterNone]),
    ("method not supported", &[Breach::UnsupportedMethod]),
    ("in CONNECT without Authentication Method", &[Breach::WithoutMethod]),
    ("client with 0 that gets Reason String or User Property outside PUBLISH, CONNACK, DISCONNECT", &[Breach::UnwantedReasons]),
    ("peer exceeds it", &[Breach::MoreInFlight]),
    ("empty topic name with an alias that has no mapping", &[Breach::UnknownAlias]),
    ("empty topic name without alias", &[Breach::NoTopic]),
    ("PUBLISH above it", &[Breach::QoSAbove]),
    ("PUBLISH with RETAIN 1 after 0", &[Breach::Retained]),
    ("packet above it", &[Breach::PacketAbove]),
    ("wildcard filter after 0", &[Breach::WildcardFilter]),
    ("identifier in SUBSCRIBE after 0", &[Breach::IdentifierInSubscribe]),
    ("in SUBSCRIBE after Subscription Identifier Available 0", &[Breach::IdentifierInSubscribe]),
    ("$share filter after 0", &[Breach::SharedFilter]),
];
