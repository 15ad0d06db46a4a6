//! MQTT 5.0 §3.1.2.11.2, §3.2.2.3.2 and §3.14.2.2.2: the Session Expiry Interval, at both ends. MQTT 3.1.1 §3.1.2.4.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{ConnackProperties, Connect, Disconnect, DisconnectProperties};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{Packet, QoS, Version, decode};
use mqtt_session::client::{
    CleanStart, Config as ClientConfig, DisconnectError, Event as ClientEvent, NORMAL_DISCONNECTION,
};
use mqtt_session::server::{Accept, Config as ServerConfig, Event as ServerEvent};
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;
const NEVER: u32 = u32::MAX;

/// [MQTT-3.1.2-23] [5.0-9] [often-wrong-27] [choice-2] What was said last counts at the end of a connection: DISCONNECT, else
/// CONNACK, else CONNECT. At 0 the client's state goes with the connection, else it stays, however long.
#[test]
fn the_clients_state_stays_when_what_was_said_last_is_not_0() {
    for asked in [0, 10, NEVER] {
        for told in [None, Some(0), Some(5), Some(NEVER)] {
            for said in [
                None,
                Some(None),
                Some(Some(0)),
                Some(Some(5)),
                Some(Some(NEVER)),
            ] {
                let mut client = Client::connected_with(
                    client_asking(asked),
                    connack(ConnackProperties {
                        session_expiry_interval: told,
                        ..ConnackProperties::default()
                    }),
                );
                client.publish(message(QoS::AtLeastOnce, "a", "x"));
                let what = format!("{asked} {told:?} {said:?}");
                let mut last = told.unwrap_or(asked);
                let outs = match said {
                    None => client.lose_connection(),
                    Some(said) => {
                        let result = client.machine.disconnect(client.now, leaving(said));
                        // What CONNECT said decides, and not what the server made of it.
                        if asked == 0 && said.is_some_and(|said| said > 0) {
                            assert_eq!(result, Err(DisconnectError::SessionExpiryRaised), "{what}");
                            continue;
                        }
                        assert_eq!(result, Ok(()), "{what}");
                        last = said.unwrap_or(last);
                        let outs = client.drain();
                        // Absent and 0 differ.
                        assert!(outs.contains(&send(V5, leaving(said))), "{what}");
                        outs
                    }
                };
                let has_outcome = |out: &Out| matches!(out, Out::Client(ClientEvent::Published(_)));
                assert_eq!(outs.iter().any(has_outcome), last == 0, "{what}: {outs:?}");
                client.now = client.now + Duration::from_secs(1_000_000_000);
                assert_eq!(client.machine.in_flight(), usize::from(last > 0), "{what}");
            }
        }
    }
}

/// [5.0-9] In whole seconds, begun ones count; what is longer than can be said is for ever; 0 is not said.
#[test]
fn the_client_asks_for_whole_seconds() {
    for (wanted, asked) in [
        (Duration::ZERO, None),
        (MICRO, Some(1)),
        (SECOND, Some(1)),
        (SECOND + MICRO, Some(2)),
        (Duration::from_secs(u64::from(NEVER) - 1), Some(NEVER - 1)),
        (Duration::from_secs(u64::from(NEVER)), Some(NEVER)),
        (Duration::MAX, Some(NEVER)),
    ] {
        let mut client = Client::new(ClientConfig {
            session_expiry: wanted,
            ..client_config(V5)
        });
        let outs = client.connect();
        let [Out::Send(sent)] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        let Ok(Some((Packet::Connect(connect), _))) = decode(V5, &limits(), &sent.bytes) else {
            panic!("{sent:?}")
        };
        assert_eq!(connect.properties.session_expiry_interval, asked);
    }
}

/// [v3.1.1 MQTT-3.1.2-4] [v3.1.1 MQTT-3.1.2-6] In 3.x Clean Session says it, and DISCONNECT nothing.
#[test]
fn a_client_of_3_x_keeps_its_state_without_clean_session() {
    for version in [Version::V3_1, Version::V3_1_1] {
        for (clean_start, kept) in [(CleanStart::Always, 0), (CleanStart::Never, 1)] {
            for said in [None, Some(None), Some(Some(0)), Some(Some(5))] {
                let mut client = Client::connected(ClientConfig {
                    clean_start,
                    session_expiry: Duration::ZERO,
                    ..client_config(version)
                });
                client.publish(message(QoS::AtLeastOnce, "a", "x"));
                match said {
                    None => assert!(!client.lose_connection().is_empty()),
                    Some(said) => client
                        .machine
                        .disconnect(client.now, leaving(said))
                        .unwrap(),
                }
                assert_eq!(client.machine.in_flight(), kept, "{clean_start:?} {said:?}");
            }
        }
    }
}

/// [often-wrong-27] [choice-2] The server's side of it: an interval in DISCONNECT reaches the caller as it is, and is an error
/// where CONNECT said 0 or nothing, whatever CONNACK said.
#[test]
fn the_server_refuses_an_interval_after_0() {
    for asked in [None, Some(0), Some(9), Some(NEVER)] {
        for told in [None, Some(0), Some(5)] {
            for said in [None, Some(0), Some(1), Some(NEVER)] {
                let mut connect = connect(V5);
                connect.properties.session_expiry_interval = asked;
                let mut server = Server::new(ServerConfig::default(), V5);
                server.open(&connect);
                server.accept(Accept {
                    session_expiry_interval: told,
                    ..Accept::default()
                });
                let outs = server.receive(leaving(said));
                let what = format!("{asked:?} {told:?} {said:?}");
                if asked.unwrap_or(0) == 0 && said.unwrap_or(0) > 0 {
                    let goodbye = send(V5, disconnect(DisconnectReasonCode::ProtocolError));
                    let error = ProtocolError::SessionExpiryRaised;
                    let close = Out::Close(CloseReason::Protocol(error));
                    assert_eq!(outs, [goodbye, close], "{what}");
                    continue;
                }
                let [
                    Out::Server(ServerEvent::Disconnected(left)),
                    Out::Close(reason),
                ] = outs.as_slice()
                else {
                    panic!("{what}: {outs:?}")
                };
                assert_eq!(left.session_expiry_interval, said, "{what}");
                assert!(reason.drops_will());
            }
        }
    }
}

/// [5.0-9] [choice-2] [v3.1.1 MQTT-3.1.2-4] [v3.1.1 MQTT-3.1.2-6] Absent is 0; in 3.x Clean Session is 0, and without it never.
#[test]
fn the_server_learns_for_how_long_to_keep_the_session() {
    for (version, clean_start, asked, learned) in [
        (V5, true, None, 0),
        (V5, false, None, 0),
        (V5, true, Some(0), 0),
        (V5, true, Some(7), 7),
        (V5, false, Some(NEVER), NEVER),
        (Version::V3_1_1, true, None, 0),
        (Version::V3_1_1, false, None, NEVER),
        (Version::V3_1, true, None, 0),
        (Version::V3_1, false, None, NEVER),
    ] {
        let mut connect = Connect {
            clean_start,
            ..connect(version)
        };
        connect.properties.session_expiry_interval = asked;
        let mut server = Server::new(ServerConfig::default(), version);
        let outs = server.open(&connect);
        let [Out::Server(ServerEvent::Connect(request)), Out::Pause] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        assert_eq!(
            request.session_expiry_interval, learned,
            "{version:?} {asked:?}"
        );
    }
}

fn client_asking(seconds: u32) -> ClientConfig {
    ClientConfig {
        session_expiry: Duration::from_secs(seconds.into()),
        ..client_config(V5)
    }
}

fn leaving(session_expiry_interval: Option<u32>) -> Disconnect<'static> {
    Disconnect {
        properties: DisconnectProperties {
            session_expiry_interval,
            ..DisconnectProperties::default()
        },
        ..NORMAL_DISCONNECTION
    }
}
