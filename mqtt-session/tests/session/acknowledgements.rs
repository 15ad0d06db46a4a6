//! Acknowledgements of what we have sent: those that fit, come twice, are of the wrong kind or for nothing. MQTT 5.0 §4.3,
//! §4.13.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use mqtt_codec::packet::{Puback, Pubcomp, Pubrec, Pubrel};
use mqtt_codec::reason_code::{PublishReasonCode, ReleaseReasonCode};
use mqtt_codec::{Packet, QoS, Version, decode};
use mqtt_session::{Connection, Instant, Negotiated, OutboundExchange, Role, Session};

use crate::support::packets::*;
use crate::support::table::{answer, assert_table};
use crate::support::*;

/// What comes of each acknowledgement of identifier 1, by what is under way with it. The words are those of
/// `server_states.rs`, and `settled` is the outcome of a message, `counted` an acknowledgement of nothing.
const MQTT_5_0: &str = "
           | nothing    | QoS 1      | QoS 2      | PUBREL sent | QoS 1 over | QoS 2 over | refused
PUBACK     | counted    | settled    | D82 !wrong | D82 !wrong  | counted    | counted    | counted
PUBREC     | PUBREL 92  | D82 !wrong | PUBREL     | PUBREL      | PUBREL 92  | PUBREL 92  | PUBREL 92
PUBREL     | PUBCOMP 92 | PUBCOMP 92 | PUBCOMP 92 | PUBCOMP 92  | PUBCOMP 92 | PUBCOMP 92 | PUBCOMP 92
PUBCOMP    | counted    | D82 !wrong | D82 !wrong | settled     | counted    | counted    | counted
PUBACK 97  | counted    | settled 97 | D82 !wrong | D82 !wrong  | counted    | counted    | counted
PUBREC 97  | counted    | D82 !wrong | settled 97 | counted     | counted    | counted    | counted
PUBREL 92  | PUBCOMP 92 | PUBCOMP 92 | PUBCOMP 92 | PUBCOMP 92  | PUBCOMP 92 | PUBCOMP 92 | PUBCOMP 92
PUBCOMP 92 | counted    | D82 !wrong | D82 !wrong | settled     | counted    | counted    | counted
";

const MQTT_3_X: &str = "
        | nothing | QoS 1   | QoS 2   | PUBREL sent | QoS 1 over | QoS 2 over
PUBACK  | counted | settled | counted | counted     | counted    | counted
PUBREC  | PUBREL  | counted | PUBREL  | PUBREL      | PUBREL     | PUBREL
PUBREL  | PUBCOMP | PUBCOMP | PUBCOMP | PUBCOMP     | PUBCOMP    | PUBCOMP
PUBCOMP | counted | counted | counted | settled     | counted    | counted
";

/// [MQTT-2.2.1-5] [MQTT-4.3.3-4] [MQTT-4.3.3-11] [MQTT-4.4.0-2] [often-wrong-4] [often-wrong-23] [often-wrong-24] [choice-4]
/// A message is settled by PUBACK, PUBCOMP and a PUBREC of 0x80 or above, and so is its place in the window; what fits
/// nothing is counted, what fits something else ends the connection.
#[test]
fn an_acknowledgement_of_the_wrong_kind_ends_a_5_0_connection() {
    let version = Version::V5_0;
    let rows = acknowledgements(version);
    let client = || Client::connected(lasting(version));
    assert_table(MQTT_5_0, &rows, &EXCHANGES, outcome(client));
    let server = || Server::connected(version);
    assert_table(MQTT_5_0, &rows, &EXCHANGES, outcome(server));
}

/// [v3.1.1 MQTT-4.3.3-2] [often-wrong-23] The same, but that nothing ends the connection: it may be a late copy.
#[test]
fn an_acknowledgement_of_the_wrong_kind_is_ignored_in_3_x() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let (rows, columns) = (acknowledgements(version), &EXCHANGES[..6]);
        let client = || Client::connected(lasting(version));
        assert_table(MQTT_3_X, &rows, columns, outcome(client));
        let server = || Server::connected(version);
        assert_table(MQTT_3_X, &rows, columns, outcome(server));
    }
}

/// An identifier is in use exactly as long as its exchange is under way, whatever was acknowledged.
#[test]
fn no_acknowledgement_frees_an_identifier_in_use_or_keeps_a_free_one() {
    for version in VERSIONS {
        let mut connection = Connection::new(Negotiated::new(version, Role::Client));
        for (name, bytes) in acknowledgements(version) {
            for exchange in [
                OutboundExchange::AwaitPuback(()),
                OutboundExchange::AwaitPubrec(()),
                OutboundExchange::AwaitPubcomp,
            ] {
                let mut session = Session::new();
                session.restore_outbound(id(1), exchange.clone());
                let (packet, _) = decode(version, &limits(), &bytes).unwrap().unwrap();
                let _ = session.receive(&mut connection, Instant::default(), packet);
                let in_use = session.outbound().next().is_some();
                let is_free = session.restore_outbound(id(1), OutboundExchange::AwaitPubcomp);
                assert_eq!(is_free, !in_use, "{name} for {exchange:?}");
            }
        }
    }
}

/// What we are doing with identifier 1.
#[derive(Clone, Copy, Debug)]
enum Exchange {
    None,
    Qos1,
    Qos2,
    Released,
    Qos1Over,
    Qos2Over,
    Refused,
}

/// The last one is of 5.0 only.
const EXCHANGES: [(&str, Exchange); 7] = [
    ("nothing", Exchange::None),
    ("QoS 1", Exchange::Qos1),
    ("QoS 2", Exchange::Qos2),
    ("PUBREL sent", Exchange::Released),
    ("QoS 1 over", Exchange::Qos1Over),
    ("QoS 2 over", Exchange::Qos2Over),
    ("refused", Exchange::Refused),
];

fn begin<M: Machine>(side: &mut Side<M>, exchange: Exchange) {
    let mut publish = |qos| side.publish(message(qos, "a", "x"));
    match exchange {
        Exchange::None => {}
        Exchange::Qos1 | Exchange::Qos1Over => _ = publish(QoS::AtLeastOnce),
        Exchange::Qos2 | Exchange::Released | Exchange::Qos2Over | Exchange::Refused => {
            publish(QoS::ExactlyOnce);
        }
    }
    match exchange {
        Exchange::None | Exchange::Qos1 | Exchange::Qos2 => {}
        Exchange::Qos1Over => _ = side.receive(puback(1)),
        Exchange::Released => _ = side.receive(pubrec(1)),
        Exchange::Qos2Over => {
            side.receive(pubrec(1));
            side.receive(pubcomp(1));
        }
        Exchange::Refused => {
            side.receive(Pubrec::new(id(1), PublishReasonCode::QuotaExceeded));
        }
    }
}

/// The acknowledgements of a message, of both sides, each with the codes that it may have.
fn acknowledgements(version: Version) -> Vec<(&'static str, Vec<u8>)> {
    let refused = PublishReasonCode::QuotaExceeded;
    let unknown = ReleaseReasonCode::PacketIdentifierNotFound;
    let mut packets: Vec<(_, Packet<'_>)> = vec![
        ("PUBACK", puback(1).into()),
        ("PUBREC", pubrec(1).into()),
        ("PUBREL", pubrel(1).into()),
        ("PUBCOMP", pubcomp(1).into()),
    ];
    if version == Version::V5_0 {
        packets.push(("PUBACK 97", Puback::new(id(1), refused).into()));
        packets.push(("PUBREC 97", Pubrec::new(id(1), refused).into()));
        packets.push(("PUBREL 92", Pubrel::new(id(1), unknown).into()));
        packets.push(("PUBCOMP 92", Pubcomp::new(id(1), unknown).into()));
    }
    let encoded = |(name, packet)| (name, encode(version, &packet));
    packets.into_iter().map(encoded).collect()
}

/// What comes of an acknowledgement. Behind it the connection is over, or all goes on.
fn outcome<M: Machine>(new: impl Fn() -> Side<M>) -> impl Fn(&Vec<u8>, &Exchange) -> String {
    move |bytes, &exchange| {
        let mut side = new();
        begin(&mut side, exchange);
        let words = answer(&mut side, bytes);
        let was_open = matches!(
            exchange,
            Exchange::Qos1 | Exchange::Qos2 | Exchange::Released
        );
        let is_open = was_open && !words.contains("settled");
        assert_eq!(side.machine.in_flight(), usize::from(is_open));
        if !words.contains('!') {
            assert_eq!(side.machine.send_quota(), 1_024 - u16::from(is_open));
            finish(&mut side, exchange, is_open);
        }
        words
    }
}

/// What is under way comes to its end, and so does the next message.
fn finish<M: Machine>(side: &mut Side<M>, exchange: Exchange, is_open: bool) {
    if is_open && matches!(exchange, Exchange::Qos1) {
        side.receive(puback(1));
    } else if is_open {
        side.receive(pubrec(1));
        side.receive(pubcomp(1));
    }
    let next = if matches!(exchange, Exchange::None) {
        1
    } else {
        2
    };
    let (_, outs) = side.publish(message(QoS::AtLeastOnce, "a", "next"));
    assert_eq!(outs, [send(side.version, qos1(next, "a", "next"))]);
    side.receive(puback(next));
    assert_eq!(
        (side.machine.in_flight(), side.machine.send_quota()),
        (0, 1_024)
    );
}
