//! What the identifier of a PUBLISH that comes in means, by what is under way with it. MQTT 5.0 §2.2.1, §4.3.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use mqtt_codec::packet::Pubrel;
use mqtt_codec::reason_code::{PublishReasonCode, ReleaseReasonCode, SubscribeReasonCode};
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::Acknowledgement;
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::{Config as ServerConfig, Event};

use crate::support::packets::*;
use crate::support::table::{answer, assert_table, in_words};
use crate::support::*;

/// What comes of each packet with identifier 7, and what comes when all that was taken is acknowledged. The words are those of
/// `server_states.rs`.
const MQTT_5_0: &str = "
              | nothing       | QoS 1 taken          | QoS 2 taken          | PUBREC sent   | QoS 1 over    | QoS 2 over    | refused
PUBLISH 1     | taken; PUBACK | taken; PUBACK PUBACK | taken; PUBREC PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK
PUBLISH 1 DUP | taken; PUBACK | taken; PUBACK PUBACK | taken; PUBREC PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK
PUBLISH 2     | taken; PUBREC | taken; PUBACK PUBREC | -; PUBREC PUBREC     | PUBREC; -     | taken; PUBREC | taken; PUBREC | taken; PUBREC
PUBLISH 2 DUP | taken; PUBREC | taken; PUBACK PUBREC | -; PUBREC PUBREC     | PUBREC; -     | taken; PUBREC | taken; PUBREC | taken; PUBREC
PUBREL        | PUBCOMP 92; - | PUBCOMP 92; PUBACK   | D82 !wrong; -        | PUBCOMP; -    | PUBCOMP 92; - | PUBCOMP 92; - | PUBCOMP 92; -
PUBREL 92     | PUBCOMP 92; - | PUBCOMP 92; PUBACK   | D82 !wrong; -        | PUBCOMP; -    | PUBCOMP 92; - | PUBCOMP 92; - | PUBCOMP 92; -
";

const MQTT_3_X: &str = "
              | nothing       | QoS 1 taken          | QoS 2 taken          | PUBREC sent   | QoS 1 over    | QoS 2 over
PUBLISH 1     | taken; PUBACK | taken; PUBACK PUBACK | taken; PUBREC PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK
PUBLISH 1 DUP | taken; PUBACK | taken; PUBACK PUBACK | taken; PUBREC PUBACK | taken; PUBACK | taken; PUBACK | taken; PUBACK
PUBLISH 2     | taken; PUBREC | taken; PUBACK PUBREC | -; PUBREC PUBREC     | PUBREC; -     | taken; PUBREC | taken; PUBREC
PUBLISH 2 DUP | taken; PUBREC | taken; PUBACK PUBREC | -; PUBREC PUBREC     | PUBREC; -     | taken; PUBREC | taken; PUBREC
PUBREL        | PUBCOMP; -    | PUBCOMP; PUBACK      | !wrong; -            | PUBCOMP; -    | PUBCOMP; -    | PUBCOMP; -
";

/// [MQTT-4.3.2-5] [MQTT-4.3.3-9] [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.3.3-12] [often-wrong-23] Until PUBREL a QoS 2 message
/// is not taken a second time, whatever is in the packet, and each repetition has its PUBREC; an identifier that is taken for
/// another message too soon is a message of its own; a PUBREL for what was not acknowledged ends the connection.
#[test]
fn an_identifier_is_that_of_its_exchange_in_5_0() {
    let version = Version::V5_0;
    let rows = packets(version);
    assert_table(MQTT_5_0, &rows, &EXCHANGES, |bytes, exchange| {
        both(version, bytes, *exchange)
    });
}

/// [3.1-9] [v3.1.1 MQTT-4.3.2-2] [v3.1.1 MQTT-4.3.3-2] [often-wrong-23] The same; a peer may send again at any time.
#[test]
fn an_identifier_is_that_of_its_exchange_in_3_x() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let rows = packets(version);
        assert_table(MQTT_3_X, &rows, &EXCHANGES[..6], |bytes, exchange| {
            both(version, bytes, *exchange)
        });
    }
}

/// [MQTT-3.8.4-2] [v3.1.1 MQTT-3.8.4-2] [3.1-9] A SUBSCRIBE is answered whatever else is under way with its identifier, and as
/// often as it comes.
#[test]
fn a_request_is_answered_though_its_identifier_is_in_use() {
    let subscriptions = [subscription("a", QoS::AtMostOnce)];
    let codes = [SubscribeReasonCode::Success];
    for version in VERSIONS {
        let config = ServerConfig {
            acknowledgement: Acknowledgement::Manual,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &connect(version));
        server.receive(qos2(7, "a", "x"));
        for _ in 0..2 {
            let outs = server.receive(subscribe(7, &subscriptions));
            let [Out::Server(Event::Subscribe(request))] = outs.as_slice() else {
                panic!("{outs:?}")
            };
            let (machine, now) = (&mut server.machine, server.now);
            machine
                .suback(now, request.token, &codes, Default::default())
                .unwrap();
            assert_eq!(server.drain(), [send(version, suback(7, &codes))]);
        }
        let outs = server.acknowledge_all(PublishReasonCode::Success);
        assert_eq!(outs, [send(version, pubrec(7))]);
        assert_eq!(server.receive(pubrel(7)), [send(version, pubcomp(7))]);
    }
}

/// How far we are with identifier 7.
#[derive(Clone, Copy, Debug)]
enum Exchange {
    None,
    /// Not acknowledged.
    Qos1,
    Qos2,
    Received,
    Qos1Over,
    Qos2Over,
    Refused,
}

/// The last one is of 5.0 only.
const EXCHANGES: [(&str, Exchange); 7] = [
    ("nothing", Exchange::None),
    ("QoS 1 taken", Exchange::Qos1),
    ("QoS 2 taken", Exchange::Qos2),
    ("PUBREC sent", Exchange::Received),
    ("QoS 1 over", Exchange::Qos1Over),
    ("QoS 2 over", Exchange::Qos2Over),
    ("refused", Exchange::Refused),
];

fn begin<M: Machine>(side: &mut Side<M>, exchange: Exchange) {
    match exchange {
        Exchange::None => {}
        Exchange::Qos1 | Exchange::Qos1Over => _ = side.receive(qos1(7, "a", "x")),
        Exchange::Qos2 | Exchange::Received | Exchange::Qos2Over | Exchange::Refused => {
            side.receive(qos2(7, "a", "x"));
        }
    }
    match exchange {
        Exchange::None | Exchange::Qos1 | Exchange::Qos2 => {}
        Exchange::Qos1Over | Exchange::Received => {
            _ = side.acknowledge_all(PublishReasonCode::Success)
        }
        Exchange::Refused => _ = side.acknowledge_all(PublishReasonCode::QuotaExceeded),
        Exchange::Qos2Over => {
            side.acknowledge_all(PublishReasonCode::Success);
            side.receive(pubrel(7));
        }
    }
}

/// What a peer may send with the identifier.
fn packets(version: Version) -> Vec<(&'static str, Vec<u8>)> {
    let mut packets: Vec<(_, Packet<'_>)> = vec![
        ("PUBLISH 1", qos1(7, "b", "y").into()),
        ("PUBLISH 1 DUP", again(qos1(7, "a", "x")).into()),
        ("PUBLISH 2", qos2(7, "b", "y").into()),
        ("PUBLISH 2 DUP", again(qos2(7, "a", "x")).into()),
        ("PUBREL", pubrel(7).into()),
    ];
    if version == Version::V5_0 {
        let unknown = ReleaseReasonCode::PacketIdentifierNotFound;
        packets.push(("PUBREL 92", Pubrel::new(id(7), unknown).into()));
    }
    let encoded = |(name, packet)| (name, encode(version, &packet));
    packets.into_iter().map(encoded).collect()
}

/// The same at both ends.
fn both(version: Version, bytes: &[u8], exchange: Exchange) -> String {
    let acknowledgement = Acknowledgement::Manual;
    let config = ClientConfig {
        acknowledgement,
        ..lasting(version)
    };
    let at_client = outcome(&mut Client::connected(config), bytes, exchange);
    let config = ServerConfig {
        acknowledgement,
        ..ServerConfig::default()
    };
    let at_server = outcome(
        &mut Server::connected_with(config, &connect(version)),
        bytes,
        exchange,
    );
    assert_eq!(at_client, at_server);
    at_client
}

fn outcome<M: Machine>(side: &mut Side<M>, bytes: &[u8], exchange: Exchange) -> String {
    begin(side, exchange);
    let at_once = answer(side, bytes);
    let later = side.acknowledge_all(PublishReasonCode::Success);
    if !at_once.contains('!') {
        assert_goes_on(side);
    }
    format!("{at_once}; {}", in_words(&later, None))
}

/// The next messages are taken and acknowledged, behind nothing that waits for ever.
fn assert_goes_on<M: Machine>(side: &mut Side<M>) {
    let version = side.version;
    assert_eq!(
        side.receive(qos1(8, "a", "x")),
        [deliver_manually("a", "x")]
    );
    assert_eq!(
        side.receive(qos2(9, "a", "x")),
        [deliver_manually("a", "x")]
    );
    let outs = side.acknowledge_all(PublishReasonCode::Success);
    assert_eq!(outs, [send(version, puback(8)), send(version, pubrec(9))]);
    assert_eq!(side.receive(pubrel(9)), [send(version, pubcomp(9))]);
}
