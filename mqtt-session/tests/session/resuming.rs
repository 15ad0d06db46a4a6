//! What a session that is resumed does while it sends again what the send buffer has no room for: MQTT 5.0 §4.4.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU32;
use core::time::Duration;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connack, Connect, ConnectProperties};
use mqtt_codec::{QoS, Version};
use mqtt_session::client::{CleanStart, Config as ClientConfig};
use mqtt_session::server::{Accept, Config as ServerConfig, Event as ServerEvent};
use mqtt_session::{AbandonCause, Message, PublishError, PublishOutcome};

const SECOND: Duration = Duration::from_secs(1);

/// Nothing new of QoS 1 and 2 goes before that, and the quota says so: none until all have
/// gone again, and then what they leave.
#[test]
fn there_is_no_quota_until_all_have_gone_again() {
    for version in VERSIONS {
        let config = ClientConfig {
            send_buffer: 50,
            ..lasting(version)
        };
        let mut client = Client::connected(config);
        publish_three(&mut client);
        client.lose_connection();
        client.machine.handle_connected(client.now);
        client
            .machine
            .handle_written(client.now, client.machine.tx().len());
        let connack = Connack {
            session_present: true,
            ..accepted()
        };
        let bytes = encode(version, &connack.into());
        client.machine.handle_bytes(client.now, &bytes);
        assert_has_no_quota_until_all_have_gone(&mut client);

        let config = ServerConfig {
            send_buffer: 50,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(config, &resuming(version));
        publish_three(&mut server);
        server.lose_connection();
        let session = server.machine.take_state();
        server.open(&resuming(version));
        let accept = Accept {
            session,
            ..Accept::default()
        };
        server.machine.accept(server.now, accept).unwrap();
        assert_has_no_quota_until_all_have_gone(&mut server);
    }
}

fn assert_has_no_quota_until_all_have_gone<M: Machine>(side: &mut Side<M>) {
    for written in 0..3 {
        assert_eq!(side.machine.send_quota(), 0, "{written}");
        let refused = side.machine.publish(side.now, at_least_once("new"));
        let resuming = matches!(
            refused,
            Err(PublishError::Resuming | PublishError::SendBufferFull { .. })
        );
        assert!(resuming, "{refused:?}");
        side.machine
            .handle_written(side.now, side.machine.tx().len());
    }
    assert_eq!(side.machine.send_quota(), 1_024 - 3);
    let (_, outs) = side.publish(at_least_once("new"));
    assert_eq!(outs.last(), Some(&send(side.version, qos1(4, "a", "new"))));
}

/// [MQTT-3.1.2-20] [v3.1.1 MQTT-3.1.2-23] What goes again is a packet that was sent: the next PINGREQ is due an interval
/// later. A write that makes no room for one puts nothing off.
#[test]
fn what_goes_again_puts_off_pingreq() {
    for version in VERSIONS {
        let config = ClientConfig {
            send_buffer: 50,
            ..lasting(version)
        };
        let mut client = Client::connected(config);
        publish_three(&mut client);
        client.lose_connection();
        client.machine.handle_connected(client.now);
        client
            .machine
            .handle_written(client.now, client.machine.tx().len());
        let connack = Connack {
            session_present: true,
            ..accepted()
        };
        let connected = client.now;
        let mut bytes = encode(version, &connack.into());
        client.machine.handle_bytes(client.now, &bytes);
        assert_eq!(client.machine.poll_timeout(), Some(connected + 60 * SECOND));

        // Something comes, and is no sign of what we have sent.
        client.now = connected + 5 * SECOND;
        bytes = encode(version, &qos0("a", "x").into());
        client.machine.handle_bytes(client.now, &bytes);
        assert_eq!(client.machine.poll_timeout(), Some(connected + 60 * SECOND));
        client.now = connected + 6 * SECOND;
        client.machine.handle_written(client.now, 1);
        assert_eq!(client.machine.poll_timeout(), Some(connected + 60 * SECOND));
        client
            .machine
            .handle_written(client.now, client.machine.tx().len());
        // An interval after what came: that is before the end of the one after what was sent.
        assert_eq!(client.machine.poll_timeout(), Some(connected + 65 * SECOND));
    }
}

/// [MQTT-3.1.2-20] [v3.1.1 MQTT-3.1.2-23] A message of an earlier connection that is handed out on this one is acknowledged
/// when it comes again. Nothing is sent by that, and nothing put off.
#[test]
fn what_is_not_sent_puts_off_nothing() {
    for version in VERSIONS {
        for publish in [qos1(1, "a", "x"), qos2(1, "a", "x")] {
            let mut client = Client::connected(lasting(version));
            let bytes = encode(version, &publish.into());
            client.machine.handle_bytes(client.now, &bytes);
            client.machine.handle_closed(client.now);
            client.machine.handle_connected(client.now);
            client
                .machine
                .handle_written(client.now, client.machine.tx().len());
            let connected = client.now;
            client.now = connected + 5 * SECOND;
            let connack = Connack {
                session_present: true,
                ..accepted()
            };
            let bytes = encode(version, &connack.into());
            client.machine.handle_bytes(client.now, &bytes);
            assert_eq!(client.drain()[0], deliver("a", "x"));
            assert_eq!(client.machine.poll_timeout(), Some(connected + 60 * SECOND));
        }
    }
}

/// [MQTT-3.1.2-25] What is larger than the client takes by now is not sent again, and the server's caller is told.
#[test]
fn a_server_gives_up_what_the_client_takes_no_more() {
    let version = Version::V5_0;
    let mut server = Server::connected_with(ServerConfig::default(), &resuming(version));
    let large = at_least_once(&"x".repeat(100));
    let (token, _) = server.publish(large.clone());
    server.publish(at_least_once("small"));
    server.lose_connection();
    let properties = ConnectProperties {
        maximum_packet_size: NonZeroU32::new(100),
        ..ConnectProperties::default()
    };
    let outs = server.reconnect(&Connect {
        properties,
        ..resuming(version)
    });
    let abandoned = PublishOutcome::Abandoned {
        token,
        message: Some(Box::new(large)),
        cause: AbandonCause::TooLarge,
    };
    assert_eq!(outs[..1], [Out::Server(ServerEvent::Published(abandoned))],);
    assert_eq!(
        outs[2..],
        [send(version, again(qos1(2, "a", "small")))],
        "behind CONNACK"
    );
}

/// What nobody has taken away ends with the next session, and the server's caller is told what was under way in it.
#[test]
fn a_server_says_what_became_of_a_session_that_ended() {
    for version in VERSIONS {
        let mut server = Server::connected_with(ServerConfig::default(), &resuming(version));
        let message = at_least_once("x");
        let (token, _) = server.publish(message.clone());
        server.lose_connection();
        server.open(&connect(version));
        let abandoned = PublishOutcome::Abandoned {
            token,
            message: Some(Box::new(message)),
            cause: AbandonCause::SessionEnded,
        };
        assert_eq!(
            server.accept(Accept::default())[0],
            Out::Server(ServerEvent::Published(abandoned))
        );
    }
}

/// In 3.1, whose CONNACK does not say it, a session is present when we have one.
#[test]
fn mqtt_3_1_begins_without_a_session() {
    let config = ClientConfig {
        clean_start: CleanStart::Never,
        ..lasting(Version::V3_1)
    };
    let mut client = Client::new(config);
    for session_present in [false, true, true] {
        client.connect();
        let outs = client.receive(accepted());
        let [Out::Client(mqtt_session::client::Event::Connected(connected))] = outs.as_slice()
        else {
            panic!("{outs:?}")
        };
        assert_eq!(connected.session_present, session_present);
        client.lose_connection();
    }
}

/// Each larger than half of the send buffer.
fn publish_three<M: Machine>(side: &mut Side<M>) {
    for _ in 0..3 {
        side.publish(at_least_once(&"x".repeat(60)));
    }
}

fn at_least_once(payload: &str) -> Message {
    message(QoS::AtLeastOnce, "a", payload)
}
