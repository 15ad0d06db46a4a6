//! What the tests say of packets, in hex.

use mqtt_codec::packet::{
    Connect, ConnectProperties, Delivery, Publish, PublishProperties, PublishTopic, Subscribe,
    SubscribeProperties, Subscription, SubscriptionOptions, Subscriptions, TopicFilters,
    Unsubscribe, Will, WillProperties,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::{
    Binary, ClientId, DecodeError, Limits, Packet, PacketId, QoS, ReasonCode, Text, TopicFilter,
    TopicName, Version, decode,
};

pub(crate) const VERSIONS: [Version; 3] = [Version::V3_1, Version::V3_1_1, Version::V5_0];

/// Accepts all that the protocol can express.
pub(crate) const UNLIMITED: Limits = Limits {
    packet_size: Limits::MAX_PACKET_SIZE,
};

/// A packet that is to be refused.
#[derive(Debug)]
pub(crate) struct Case {
    name: &'static str,
    /// Empty when the rule has no number.
    statement: &'static str,
    hex: &'static str,
    error: DecodeError,
    reason_code: ReasonCode,
}

pub(crate) const fn case(
    name: &'static str,
    statement: &'static str,
    hex: &'static str,
    error: DecodeError,
    reason_code: ReasonCode,
) -> Case {
    Case {
        name,
        statement,
        hex,
        error,
        reason_code,
    }
}

/// Each is refused for its reason, whatever follows, and not before it can be known.
pub(crate) fn assert_refused(version: Version, cases: &[Case]) {
    for case in cases {
        let name = case.name;
        let mut bytes = bytes(case.hex);
        assert_eq!(refused(version, case.hex), case.error, "{name}");
        assert_eq!(case.error.reason_code(), case.reason_code, "{name}");
        let statement = (!case.statement.is_empty()).then_some(case.statement);
        assert_eq!(case.error.statement(version), statement, "{name}");
        for len in 0..bytes.len() {
            let part = decode(version, &UNLIMITED, &bytes[..len]);
            assert!(
                part == Ok(None) || part == Err(case.error),
                "{name}: {part:?} of {len} bytes"
            );
        }
        bytes.extend([0x30, 0x05, 0x00]);
        assert_eq!(
            decode(version, &UNLIMITED, &bytes),
            Err(case.error),
            "{name}, and more bytes"
        );
    }
}

/// Why these bytes are no packet.
pub(crate) fn refused(version: Version, hex: &str) -> DecodeError {
    match decode(version, &UNLIMITED, &bytes(hex)) {
        Err(error) => error,
        Ok(packet) => panic!("{hex} is taken in {version}: {packet:?}"),
    }
}

/// The one packet that these bytes are. Encoded again it is the same packet.
pub(crate) fn accepted(version: Version, hex: &str) -> Packet<'static> {
    let bytes = bytes(hex).leak();
    match decode(version, &UNLIMITED, bytes) {
        Ok(Some((packet, len))) if len == bytes.len() => {
            let again = encoded(version, &packet).leak();
            let len = again.len();
            assert_eq!(
                decode(version, &UNLIMITED, again),
                Ok(Some((packet, len))),
                "{hex} again"
            );
            packet
        }
        other => panic!("{hex} in {version}: {other:?}"),
    }
}

/// These bytes are that packet, and that packet is these bytes.
pub(crate) fn assert_same<'a>(version: Version, hex: &str, packet: impl Into<Packet<'a>>) {
    let packet = packet.into();
    assert_eq!(accepted(version, hex), packet, "{hex}");
    assert_eq!(encoded(version, &packet), bytes(hex), "{packet:?}");
}

/// The packet in exactly the bytes that it asks for.
pub(crate) fn encoded(version: Version, packet: &Packet<'_>) -> Vec<u8> {
    let len = packet
        .encoded_len(version)
        .unwrap_or_else(|| panic!("{version} has no {packet:?}"));
    let mut bytes = vec![0xAA; len];
    assert_eq!(packet.encode(version, &mut bytes), len, "{packet:?}");
    bytes
}

/// The bytes of hex digits, with blanks between them.
pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: String = hex.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| {
            let byte = digits
                .get(at..at + 2)
                .unwrap_or_else(|| panic!("half a byte in {hex}"));
            u8::from_str_radix(byte, 16).unwrap_or_else(|_| panic!("no hex in {hex}"))
        })
        .collect()
}

/// These bytes are refused for that reason, which is that statement's.
pub(crate) fn assert_breaks(version: Version, statement: &str, hex: &str, error: DecodeError) {
    assert_eq!(refused(version, hex), error, "{hex} in {version}");
    assert_eq!(error.statement(version), Some(statement), "{error:?}");
}

/// A packet of this first byte and body.
pub(crate) fn framed(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    bytes.extend(sized(body));
    bytes
}

/// Bytes behind their length as a Variable Byte Integer of one or two bytes.
pub(crate) fn sized(bytes: &[u8]) -> Vec<u8> {
    let (low, high) = (bytes.len() % 128, bytes.len() / 128);
    let prefix = if high == 0 {
        vec![low]
    } else {
        vec![low | 0x80, high]
    };
    let mut sized: Vec<u8> = prefix
        .into_iter()
        .map(|byte| u8::try_from(byte).unwrap())
        .collect();
    sized.extend(bytes);
    sized
}

/// Bytes behind their length of two bytes.
pub(crate) fn counted(bytes: &[u8]) -> Vec<u8> {
    let mut counted = u16::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
    counted.extend(bytes);
    counted
}

/// Bytes as `accepted` and `refused` take them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X} ")).collect()
}

pub(crate) fn text(text: &str) -> Text<'_> {
    Text::new(text).unwrap()
}

pub(crate) fn topic(name: &str) -> TopicName<'_> {
    TopicName::new(name).unwrap()
}

pub(crate) fn filter(filter: &str) -> TopicFilter<'_> {
    TopicFilter::new(filter).unwrap()
}

pub(crate) fn binary(bytes: &[u8]) -> Binary<'_> {
    Binary::new(bytes).unwrap()
}

pub(crate) fn id(number: u16) -> PacketId {
    PacketId::new(number).unwrap()
}

/// Clean Start, a minute of Keep Alive, Client Identifier `c`.
pub(crate) fn connect(version: Version) -> Connect<'static> {
    Connect {
        version,
        bridge: false,
        clean_start: true,
        keep_alive: 60,
        properties: ConnectProperties::default(),
        client_id: ClientId::new("c").unwrap(),
        will: None,
        user_name: None,
        password: None,
    }
}

/// At QoS 0, not retained, without properties.
pub(crate) fn will(topic: &'static str, payload: &'static str) -> Will<'static> {
    Will {
        topic: TopicName::new(topic).unwrap(),
        payload: binary(payload.as_bytes()),
        qos: QoS::AtMostOnce,
        retain: false,
        properties: WillProperties::default(),
    }
}

/// At QoS 0, not retained, without properties.
pub(crate) fn publish(topic: &'static str, payload: &'static str) -> Publish<'static> {
    Publish {
        delivery: Delivery::AtMostOnce,
        retain: false,
        topic: PublishTopic::Name(TopicName::new(topic).unwrap()),
        properties: PublishProperties::default(),
        payload: payload.as_bytes(),
    }
}

/// At QoS 0, with Packet Identifier 1.
pub(crate) fn subscribe<'a>(subscriptions: &'a [Subscription<'a>]) -> Subscribe<'a> {
    Subscribe {
        packet_id: PacketId::MIN,
        properties: SubscribeProperties::default(),
        subscriptions: Subscriptions::new(subscriptions).unwrap(),
    }
}

/// With Packet Identifier 1.
pub(crate) fn unsubscribe<'a>(filters: &'a [TopicFilter<'a>]) -> Unsubscribe<'a> {
    Unsubscribe {
        packet_id: PacketId::MIN,
        user_properties: UserProperties::EMPTY,
        filters: TopicFilters::new(filters).unwrap(),
    }
}

/// With default options but for the QoS.
pub(crate) fn subscription(name: &str, maximum_qos: QoS) -> Subscription<'_> {
    let options = SubscriptionOptions {
        maximum_qos,
        ..SubscriptionOptions::default()
    };
    Subscription {
        filter: filter(name),
        options,
    }
}
