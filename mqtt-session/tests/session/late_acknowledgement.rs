//! Acknowledgements of the application for what came twice, or came on another connection: MQTT 5.0 §4.3 and §4.4. MQTT
//! 3.1.1 §4.3.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::Version;
use mqtt_codec::packet::Connect;
use mqtt_codec::reason_code::PublishReasonCode;
use mqtt_session::Acknowledgement;
use mqtt_session::client::{CleanStart, Config as ClientConfig};
use mqtt_session::server::Config as ServerConfig;

const SUCCESS: PublishReasonCode = PublishReasonCode::Success;

/// [3.1-9] [often-wrong-19] [MQTT-4.3.3-10] [v3.1.1 MQTT-4.3.3-2] A PUBLISH of QoS 2 that comes again on the same connection
/// before the application has acknowledged it is delivered once, and answered by PUBREC as often as it came; what comes
/// behind it is answered, too.
#[test]
fn each_repeat_of_an_unacknowledged_publish_gets_its_pubrec() {
    for version in VERSIONS {
        for acknowledgement in [Acknowledgement::Automatic, Acknowledgement::Manual] {
            repeats(&mut client(version, acknowledgement), acknowledgement);
            repeats(&mut server(version, acknowledgement), acknowledgement);
        }
    }
}

fn repeats<M: Machine>(side: &mut Side<M>, acknowledgement: Acknowledgement) {
    let version = side.version;
    let first = qos2(1, "a", "x");
    let bytes = [first, again(first), qos2(2, "a", "y"), again(first)]
        .map(|publish| encode(version, &publish.into()))
        .concat();
    let pubrecs = [1, 1, 2, 1].map(|n| send(version, pubrec(n)));
    let mut outs = side.receive_bytes(&bytes);
    match acknowledgement {
        Acknowledgement::Automatic => {
            assert_eq!(
                outs.drain(..2).as_slice(),
                [deliver("a", "x"), deliver("a", "y")]
            );
        }
        Acknowledgement::Manual => {
            assert_eq!(
                outs,
                [deliver_manually("a", "x"), deliver_manually("a", "y")]
            );
            let (one, two) = (side.tokens.remove(0), side.tokens.remove(0));
            assert_eq!(side.acknowledge(two, SUCCESS), (Ok(()), vec![]));
            outs = side.acknowledge(one, SUCCESS).1;
        }
    }
    assert_eq!(outs, pubrecs);
    for n in [1, 2] {
        assert_eq!(side.receive(pubrel(n)), [send(version, pubcomp(n))]);
    }
}

/// [often-wrong-19] [MQTT-4.3.3-10] [v3.1.1 MQTT-4.3.3-2] What came on an earlier connection and comes again is answered as
/// often as it came on this one.
#[test]
fn repeats_of_an_earlier_connection_are_not_answered_on_the_next() {
    for version in VERSIONS {
        let mut client = client(version, Acknowledgement::Manual);
        let first = qos2(1, "a", "x");
        assert_eq!(client.receive(first), [deliver_manually("a", "x")]);
        assert_eq!(client.receive(again(first)), []);
        client.lose_connection();
        client.reconnect(true);
        assert_eq!(client.receive(again(first)), []);
        let token = client.tokens.remove(0);
        let answer = client.acknowledge(token, SUCCESS);
        assert_eq!(answer, (Ok(()), vec![send(version, pubrec(1))]));
        assert_eq!(client.receive(pubrel(1)), [send(version, pubcomp(1))]);
    }
}

fn client(version: Version, acknowledgement: Acknowledgement) -> Client {
    Client::connected(ClientConfig {
        acknowledgement,
        clean_start: CleanStart::Never,
        ..lasting(version)
    })
}

fn server(version: Version, acknowledgement: Acknowledgement) -> Server {
    let config = ServerConfig {
        acknowledgement,
        ..ServerConfig::default()
    };
    let connect = Connect {
        clean_start: false,
        ..connect(version)
    };
    Server::connected_with(config, &connect)
}
