//! SUBACK and UNSUBACK that fit, come twice, are of the wrong kind or for nothing. MQTT 5.0 §3.9, §3.11.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use mqtt_codec::packet::Pubrec;
use mqtt_codec::reason_code::{PublishReasonCode, SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{Packet, QoS, Version};

use crate::support::packets::*;
use crate::support::table::{answer, assert_table};
use crate::support::*;

/// What comes of each answer to identifier 1, by what is under way with it. The words are those of `server_states.rs`.
const MQTT_5_0: &str = "
             | nothing      | SUBSCRIBE               | UNSUBSCRIBE             | answered     | QoS 1        | QoS 2
SUBACK 1     | D82 !unasked | subscribed              | unanswered D82 !unasked | D82 !unasked | D82 !unasked | D82 !unasked
SUBACK 80    | D82 !unasked | subscribed              | unanswered D82 !unasked | D82 !unasked | D82 !unasked | D82 !unasked
SUBACK 1 80  | D82 !unasked | unanswered D82 !count   | unanswered D82 !unasked | D82 !unasked | D82 !unasked | D82 !unasked
UNSUBACK     | D82 !unasked | unanswered D82 !unasked | unsubscribed            | D82 !unasked | D82 !unasked | D82 !unasked
PUBACK       | counted      | counted                 | counted                 | counted      | settled      | D82 !wrong
PUBREC       | PUBREL 92    | PUBREL 92               | PUBREL 92               | PUBREL 92    | D82 !wrong   | PUBREL
PUBCOMP      | counted      | counted                 | counted                 | counted      | D82 !wrong   | D82 !wrong
UNSUBACK 0 0 | D82 !unasked | unanswered D82 !unasked | unanswered D82 !count   | D82 !unasked | D82 !unasked | D82 !unasked
PUBREC 97    | counted      | counted                 | counted                 | counted      | D82 !wrong   | settled 97
";

const MQTT_3_X: &str = "
            | nothing  | SUBSCRIBE           | UNSUBSCRIBE         | answered | QoS 1    | QoS 2
SUBACK 1    | !unasked | subscribed          | unanswered !unasked | !unasked | !unasked | !unasked
SUBACK 80   | !unasked | subscribed          | unanswered !unasked | !unasked | !unasked | !unasked
SUBACK 1 80 | !unasked | unanswered !count   | unanswered !unasked | !unasked | !unasked | !unasked
UNSUBACK    | !unasked | unanswered !unasked | unsubscribed        | !unasked | !unasked | !unasked
PUBACK      | counted  | counted             | counted             | counted  | settled  | counted
PUBREC      | PUBREL   | PUBREL              | PUBREL              | PUBREL   | counted  | PUBREL
PUBCOMP     | counted  | counted             | counted             | counted  | counted  | counted
";

/// [MQTT-2.2.1-6] [MQTT-3.8.4-6] An answer has the identifier of a request of its kind, and a code for each filter; who
/// asked is told in the end that there was no answer.
#[test]
fn an_answer_that_fits_no_request_ends_a_5_0_connection() {
    let rows = answers(Version::V5_0);
    assert_table(MQTT_5_0, &rows, &UNDER_WAY, |bytes, begin| {
        outcome(Version::V5_0, bytes, *begin)
    });
}

/// [v3.1.1 MQTT-2.3.1-7] [v3.1.1 MQTT-3.8.4-5] [v3.1.1 MQTT-4.8.0-1] The same, but that an UNSUBACK has no codes.
#[test]
fn an_answer_that_fits_no_request_ends_a_3_x_connection() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let rows = answers(version);
        assert_table(MQTT_3_X, &rows, &UNDER_WAY, |bytes, begin| {
            outcome(version, bytes, *begin)
        });
    }
}

/// Gives the identifier that is next.
type Begin = fn(&mut Client) -> u16;

/// What we are doing with identifier 1.
const UNDER_WAY: [(&str, Begin); 6] = [
    ("nothing", |_| 1),
    ("SUBSCRIBE", |client| {
        request(client);
        2
    }),
    ("UNSUBSCRIBE", |client| {
        let filters = [filter("a")];
        let machine = &mut client.machine;
        machine
            .unsubscribe(client.now, &filters, Default::default())
            .unwrap();
        2
    }),
    ("answered", |client| {
        request(client);
        client.drain();
        client.receive(suback(1, &[GRANTED]));
        2
    }),
    ("QoS 1", |client| {
        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        2
    }),
    ("QoS 2", |client| {
        client.publish(message(QoS::ExactlyOnce, "a", "x"));
        2
    }),
];

fn request(client: &mut Client) {
    let subscriptions = [subscription("a", QoS::AtMostOnce)];
    let machine = &mut client.machine;
    machine
        .subscribe(client.now, &subscriptions, Default::default())
        .unwrap();
}

const GRANTED: SubscribeReasonCode = SubscribeReasonCode::GrantedQoS1;
const FAILED: SubscribeReasonCode = SubscribeReasonCode::UnspecifiedError;
const ENDED: UnsubscribeReasonCode = UnsubscribeReasonCode::Success;

/// The answers to a request of one Topic Filter, and what answers a message.
fn answers(version: Version) -> Vec<(&'static str, Vec<u8>)> {
    let mut packets: Vec<(_, Packet<'_>)> = vec![
        ("SUBACK 1", suback(1, &[GRANTED]).into()),
        ("SUBACK 80", suback(1, &[FAILED]).into()),
        ("SUBACK 1 80", suback(1, &[GRANTED, FAILED]).into()),
        ("UNSUBACK", unsuback(1, &[ENDED]).into()),
        ("PUBACK", puback(1).into()),
        ("PUBREC", pubrec(1).into()),
        ("PUBCOMP", pubcomp(1).into()),
    ];
    if version == Version::V5_0 {
        packets.push(("UNSUBACK 0 0", unsuback(1, &[ENDED, ENDED]).into()));
        let refusal = Pubrec::new(id(1), PublishReasonCode::QuotaExceeded);
        packets.push(("PUBREC 97", refusal.into()));
    }
    let encoded = |(name, packet)| (name, encode(version, &packet));
    packets.into_iter().map(encoded).collect()
}

/// What comes of an answer. Behind it the connection is over, or the next request and the next message are answered.
fn outcome(version: Version, bytes: &[u8], begin: Begin) -> String {
    let mut client = Client::connected(lasting(version));
    let next = begin(&mut client);
    client.drain();
    let words = answer(&mut client, bytes);
    if !words.contains('!') {
        request(&mut client);
        client.drain();
        let suback = encode(version, &suback(next, &[GRANTED]).into());
        assert_eq!(answer(&mut client, &suback), "subscribed");
        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        let puback = encode(version, &puback(next + 1).into());
        assert_eq!(answer(&mut client, &puback), "settled");
    }
    words
}
