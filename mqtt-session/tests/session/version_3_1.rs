//! What is different in MQTT 3.1, at the client. 3.1 has no numbered statements: see `docs/standard/unnumbered.csv`.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::property::UserProperties;
use mqtt_codec::{QoS, Version};
use mqtt_session::client::Event as ClientEvent;
use mqtt_session::{AbandonCause, PublishOutcome};

const V3_1: Version = Version::V3_1;

/// [3.1-2] SUBSCRIBE, UNSUBSCRIBE and PUBREL go out with QoS 1 in the low four bits of their header, and DUP in a PUBREL
/// of the server's is no error.
#[test]
fn requests_and_pubrel_go_out_with_qos_1() {
    let mut client = Client::connected(client_config(V3_1));
    let subscriptions = [subscription("a", QoS::ExactlyOnce)];
    client
        .machine
        .subscribe(client.now, &subscriptions, Default::default())
        .unwrap();
    assert_eq!(sent(&client.drain()), [[0x82, 6, 0, 1, 0, 1, b'a', 2]]);
    client
        .machine
        .unsubscribe(client.now, &[filter("a")], UserProperties::EMPTY)
        .unwrap();
    assert_eq!(sent(&client.drain()), [[0xA2, 5, 0, 2, 0, 1, b'a']]);
    client.publish(message(QoS::ExactlyOnce, "a", "x"));
    assert_eq!(sent(&client.receive(pubrec(3))), [[0x62, 2, 0, 3]]);

    client.receive(qos2(9, "a", "x"));
    let outs = client.receive_bytes(&[0x6A, 2, 0, 9]);
    assert_eq!(outs, [send(V3_1, pubcomp(9))]);
}

/// [3.1-4] A client reads no Session Present: whatever stands there, it goes on with its session if it has one, and does
/// not mind if it has none.
#[test]
fn byte_1_of_connack_is_not_read() {
    for byte in [0, 1, 2, 0xFF] {
        let connack = [0x20, 2, byte, 0];
        let mut client = Client::new(lasting(V3_1));
        client.connect();
        assert!(!is_resumed(&client.receive_bytes(&connack)));
        let (token, _) = client.publish(message(QoS::AtLeastOnce, "a", "x"));
        client.lose_connection();
        client.connect();
        let outs = client.receive_bytes(&connack);
        assert!(is_resumed(&outs));
        assert_eq!(outs[1..], [send(V3_1, again(qos1(1, "a", "x")))]);

        // Nor does it hold on to one that was to be clean.
        let mut state = Vec::new();
        client.machine.encode_state(&mut state);
        let mut client = Client::new(client_config(V3_1));
        client.machine.restore_state(&state).unwrap();
        let outs = client.connect();
        let [Out::Client(ClientEvent::Published(lost)), Out::Send(_)] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        let cause = AbandonCause::SessionEnded;
        assert!(
            matches!(lost, PublishOutcome::Abandoned { token: of, cause: why, .. } if *of == token && *why == cause)
        );
        let outs = client.receive_bytes(&connack);
        assert!(!is_resumed(&outs));
        assert_eq!(outs.len(), 1);
    }
}

/// [3.1-9] What a server sends again on a live connection is answered like the first: a message of QoS 1 comes twice, one
/// of QoS 2 once. Acknowledgements that come twice do no harm.
#[test]
fn what_comes_again_on_a_live_connection_is_answered_like_the_first() {
    let mut client = Client::connected(client_config(V3_1));
    for publish in [qos1(7, "a", "x"), again(qos1(7, "a", "x"))] {
        assert_eq!(
            client.receive(publish),
            [deliver("a", "x"), send(V3_1, puback(7))]
        );
    }
    let first = client.receive(qos2(8, "a", "y"));
    assert_eq!(first, [deliver("a", "y"), send(V3_1, pubrec(8))]);
    let second = client.receive(again(qos2(8, "a", "y")));
    assert_eq!(second, [send(V3_1, pubrec(8))]);
    for flags in [0x2, 0xA] {
        let outs = client.receive_bytes(&[0x60 | flags, 2, 0, 8]);
        assert_eq!(outs, [send(V3_1, pubcomp(8))]);
    }

    client.publish(message(QoS::AtLeastOnce, "a", "x"));
    client.publish(message(QoS::ExactlyOnce, "a", "x"));
    assert_eq!(client.receive(puback(1)).len(), 1);
    assert_eq!(client.receive(puback(1)), []);
    for _ in 0..2 {
        assert_eq!(client.receive(pubrec(2)), [send(V3_1, pubrel(2))]);
    }
    assert_eq!(client.receive(pubcomp(2)).len(), 1);
    assert_eq!(client.receive(pubcomp(2)), []);
    // A late copy changes nothing of what has its identifier.
    client.publish(message(QoS::ExactlyOnce, "a", "x"));
    assert_eq!(client.receive(puback(3)), []);
    assert_eq!(client.receive(pubcomp(3)), []);
    assert_eq!(client.receive(pubrec(3)), [send(V3_1, pubrel(3))]);
}

fn is_resumed(outs: &[Out]) -> bool {
    let [Out::Client(ClientEvent::Connected(connected)), ..] = outs else {
        panic!("{outs:?}")
    };
    connected.session_present
}
