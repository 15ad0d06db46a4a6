//! What the client promises.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test"
)]

mod harness;

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use harness::{GRACE, run, start};
use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{ClientIdBuf, QoS, TopicFilterBuf, TopicNameBuf, Version};
use mqtt_session::client::Config;
use mqtt_session::{CloseReason, Message, ProtocolError};
use runtime_tokio::{Client, ConnectError, ConnectionLimits, PublishFailed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Publishing never waits on the task that reads: here both are one task, which reads when it has published everything.
#[test]
fn a_client_that_publishes_before_it_reads_does_not_hang_itself() {
    let (server, address, _told) = start(harness::builder());
    run(async {
        let client = Client::connect(address, config("a")).await.unwrap();
        let mut messages = client
            .subscribe(filter("a"), QoS::AtLeastOnce)
            .await
            .unwrap();
        // The server may send 1,024 of them before the first is taken; the others wait there.
        for n in 0..5_000 {
            let sent = Message {
                qos: QoS::AtLeastOnce,
                ..message("a", &n.to_string())
            };
            client.publish(sent).await.unwrap().await.unwrap();
        }
        for n in 0..5_000 {
            assert_eq!(
                messages.recv().await.unwrap().message.payload,
                n.to_string()
            );
        }
        server.shutdown(GRACE).await;
    });
}

#[test]
fn a_full_subscription_drops_messages_of_qos_0_and_keeps_the_others() {
    let (server, address, _told) = start(harness::builder());
    run(async {
        let client = Client::connect(address, config("a")).await.unwrap();
        let mut messages = client
            .subscribe(filter("a"), QoS::AtLeastOnce)
            .await
            .unwrap();
        for _ in 0..3_000 {
            client
                .publish(message("a", "0"))
                .await
                .unwrap()
                .await
                .unwrap();
        }
        for _ in 0..1_000 {
            let sent = Message {
                qos: QoS::AtLeastOnce,
                ..message("a", "1")
            };
            client.publish(sent).await.unwrap().await.unwrap();
        }
        let mut received = (0, 0);
        while received.1 < 1_000 {
            match messages.recv().await.unwrap().message.qos {
                QoS::AtMostOnce => received.0 += 1,
                QoS::AtLeastOnce | QoS::ExactlyOnce => received.1 += 1,
            }
        }
        assert_eq!(received, (1_024, 1_000));
        assert_eq!(messages.dropped(), 3_000 - 1_024);
        server.shutdown(GRACE).await;
    });
}

#[test]
fn a_message_goes_to_every_subscription_that_matches_and_is_acknowledged_once() {
    let (server, address, _told) = start(harness::builder());
    run(async {
        let client = Client::connect(address, config("a")).await.unwrap();
        let mut exact = client
            .subscribe(filter("a/b"), QoS::ExactlyOnce)
            .await
            .unwrap();
        let mut all = client
            .subscribe(filter("#"), QoS::ExactlyOnce)
            .await
            .unwrap();
        for _ in 0..2_000 {
            let sent = Message {
                qos: QoS::ExactlyOnce,
                ..message("a/b", "x")
            };
            client.publish(sent.clone()).await.unwrap().await.unwrap();
            assert_eq!(exact.recv().await.unwrap().message, sent);
            assert_eq!(all.recv().await.unwrap().message, sent);
        }
        assert!(exact.try_recv().is_none() && all.try_recv().is_none());
        server.shutdown(GRACE).await;
    });
}

/// The server stops sending when nobody acknowledges, so messages that nobody wants must be.
#[test]
fn messages_of_a_dropped_subscription_are_acknowledged() {
    let (server, address, _told) = start(harness::builder());
    run(async {
        let client = Client::connect(address, config("a")).await.unwrap();
        drop(
            client
                .subscribe(filter("dropped"), QoS::AtLeastOnce)
                .await
                .unwrap(),
        );
        let mut kept = client
            .subscribe(filter("kept"), QoS::AtLeastOnce)
            .await
            .unwrap();
        for _ in 0..3_000 {
            let sent = Message {
                qos: QoS::AtLeastOnce,
                ..message("dropped", "x")
            };
            client.publish(sent).await.unwrap().await.unwrap();
        }
        let sent = Message {
            qos: QoS::AtLeastOnce,
            ..message("kept", "x")
        };
        client.publish(sent).await.unwrap().await.unwrap();
        assert_eq!(kept.recv().await.unwrap().message.payload, "x");
        server.shutdown(GRACE).await;
    });
}

#[test]
fn the_connection_ends_in_order_with_the_last_handle() {
    let (server, address, told) = start(harness::builder());
    run(async {
        let client = Client::connect(address, config("first")).await.unwrap();
        let messages = client
            .subscribe(filter("a"), QoS::AtMostOnce)
            .await
            .unwrap();
        let clone = client.clone();
        drop(client);
        clone
            .publish(message("b", "c"))
            .await
            .unwrap()
            .await
            .unwrap();
        drop(clone);
        drop(messages);
        while server.statistics().await.gauges.connected > 0 {}
    });
    told.wait_for("first disconnected");
    run(server.shutdown(GRACE));
}

#[test]
fn all_who_wait_learn_that_the_connection_ended() {
    let (server, address, _told) = start(harness::builder());
    run(async {
        let client = Client::connect(address, config("a")).await.unwrap();
        let mut messages = client
            .subscribe(filter("a"), QoS::AtMostOnce)
            .await
            .unwrap();
        server.shutdown(GRACE).await;
        assert!(messages.recv().await.is_none());
        let reason = CloseReason::PeerDisconnected {
            reason: DisconnectReasonCode::ServerShuttingDown,
        };
        assert_eq!(client.ended().await, reason);
        assert!(client.publish(message("a", "b")).await.is_err());
        assert!(
            client
                .subscribe(filter("a"), QoS::AtMostOnce)
                .await
                .is_err()
        );
        client.disconnect().await;
    });
}

#[test]
fn why_there_is_no_connection_is_told() {
    let limits = ConnectionLimits {
        connections: Some(1),
        ..harness::limits()
    };
    let (server, address, _told) = start(harness::builder().limits(limits));
    run(async {
        let nobody = Config {
            version: Version::V3_1_1,
            client_id: ClientIdBuf::new(&"x".repeat(300)).unwrap(),
            ..config("")
        };
        let refused = Client::connect(address, nobody).await;
        assert!(
            matches!(refused, Err(ConnectError::Refused(_))),
            "{refused:?}"
        );
        // The place is free again when the server has seen the end of that connection.
        let _first = loop {
            match Client::connect(address, config("a")).await {
                Ok(client) => break client,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        let closed = Client::connect(address, config("b")).await;
        assert!(
            matches!(
                closed,
                Err(ConnectError::Closed(CloseReason::ConnectionLost) | ConnectError::Io(_))
            ),
            "{closed:?}"
        );
        server.shutdown(GRACE).await;
        let refused = Client::connect(address, config("c")).await;
        assert!(matches!(refused, Err(ConnectError::Io(_))), "{refused:?}");
    });
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    run(async {
        let config = Config {
            connect_timeout: Duration::from_millis(50),
            ..config("a")
        };
        let connected = Client::connect(silent.local_addr().unwrap(), config).await;
        assert!(
            matches!(
                connected,
                Err(ConnectError::Closed(CloseReason::ConnectTimeout))
            ),
            "{connected:?}"
        );
    });
}

#[test]
fn a_message_that_cannot_be_sent_is_refused_and_the_others_go_on() {
    let (server, address, _told) = start(harness::builder());
    run(async {
        let client = Client::connect(address, config("a")).await.unwrap();
        let long = Message::new(TopicNameBuf::new("a").unwrap(), vec![0; 3 * 1024 * 1024]);
        let failed = client.publish(long).await.unwrap().await;
        assert!(
            matches!(failed, Err(PublishFailed::NotSent(_))),
            "{failed:?}"
        );
        let denied = Message {
            qos: QoS::AtLeastOnce,
            ..message("$SYS/x", "y")
        };
        let failed = client.publish(denied).await.unwrap().await;
        assert!(
            matches!(failed, Err(PublishFailed::Refused(_))),
            "{failed:?}"
        );
        let sent = Message {
            qos: QoS::ExactlyOnce,
            ..message("a", "b")
        };
        let published = client.publish(sent).await.unwrap().await;
        // Nobody subscribed, which is no failure.
        assert_eq!(published, Ok(()));
        server.shutdown(GRACE).await;
    });
}

/// Messages wait for a server that never acknowledges. Nothing else does.
#[test]
fn a_server_that_does_not_acknowledge_cannot_keep_a_client() {
    run(async {
        let (client, mut server) = with_raw_server(&[0x20, 6, 0, 0, 3, 0x21, 0, 1], 5).await;
        let _first = client.publish(qos1("a")).await.unwrap();
        let _second = client.publish(qos1("b")).await.unwrap();
        let _third = client.publish(message("c", "")).await.unwrap();
        assert_eq!(server.packet().await[0] >> 4, 3);

        let subscribing = client.subscribe(filter("a"), QoS::AtMostOnce);
        let answering = async {
            let subscribe = server.packet().await;
            assert_eq!(subscribe[0], 0x82);
            let suback = [0x90, 4, subscribe[2], subscribe[3], 0, 0];
            server.0.write_all(&suback).await.unwrap();
        };
        let (subscribed, ()) = both(subscribing, answering).await;
        let subscription = subscribed.unwrap();
        assert_eq!(subscription.dropped(), 0);

        let ((), disconnect) = both(client.disconnect(), server.packet()).await;
        assert_eq!(disconnect, [0xE0, 0]);
        assert_eq!(client.ended().await, CloseReason::Requested);
    });
}

#[test]
fn the_last_handle_is_missed_while_messages_wait() {
    run(async {
        let (client, mut server) = with_raw_server(&[0x20, 6, 0, 0, 3, 0x21, 0, 1], 5).await;
        let _first = client.publish(qos1("a")).await.unwrap();
        let second = client.publish(qos1("b")).await.unwrap();
        drop(client);
        assert_eq!(server.packet().await[0] >> 4, 3);
        assert_eq!(server.packet().await, [0xE0, 0]);
        assert_eq!(second.await, Err(PublishFailed::Ended));
    });
}

#[test]
fn what_was_published_before_goodbye_is_sent_before_it() {
    run(async {
        let (client, mut server) = with_raw_server(&[0x20, 2, 0, 0], 4).await;
        for _ in 0..100 {
            drop(client.publish(message("a", "b")).await.unwrap());
        }
        let reading = async {
            for _ in 0..100 {
                assert_eq!(server.packet().await, harness::publish("a", b"b"));
            }
            assert_eq!(server.packet().await, [0xE0, 0]);
        };
        both(client.disconnect(), reading).await;
    });
}

/// [v3.1.1 MQTT-4.8.0-2] In 3.x it was never told a limit, so this is ours: what nobody takes is not held without
/// bound.
#[test]
fn a_server_of_3_that_sends_more_than_there_is_room_for_is_told_apart() {
    run(async {
        let (client, mut server) = with_raw_server(&[0x20, 2, 0, 0], 4).await;
        let subscribing = client.subscribe(filter("a"), QoS::AtLeastOnce);
        let answering = async {
            let subscribe = server.packet().await;
            let suback = [0x90, 3, subscribe[2], subscribe[3], 1];
            server.0.write_all(&suback).await.unwrap();
        };
        let (subscription, ()) = both(subscribing, answering).await;
        let _subscription = subscription.unwrap();
        let flood: Vec<u8> = (1..=3_000)
            .flat_map(|id| harness::publish_qos1("a", id, b"b"))
            .collect();
        // It need not take all of it.
        let _ = server.0.write_all(&flood).await;
        let ended = client.ended().await;
        assert!(
            matches!(
                ended,
                CloseReason::Protocol(ProtocolError::ReceiveMaximumExceeded { limit: 1_024 })
            ),
            "{ended:?}"
        );
    });
}

/// Waits for two futures at once.
async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut a_done, mut b_done) = (None, None);
    poll_fn(|cx| {
        if a_done.is_none() {
            if let Poll::Ready(output) = a.as_mut().poll(cx) {
                a_done = Some(output);
            }
        }
        if b_done.is_none() {
            if let Poll::Ready(output) = b.as_mut().poll(cx) {
                b_done = Some(output);
            }
        }
        match (a_done.take(), b_done.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (a_done, b_done) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

/// The server's side of a client's connection.
struct RawServer(tokio::net::TcpStream);

impl RawServer {
    /// The next packet, of at most 127 bytes behind its fixed header.
    async fn packet(&mut self) -> Vec<u8> {
        let mut packet = vec![0; 2];
        self.0.read_exact(&mut packet).await.unwrap();
        packet.resize(2 + usize::from(packet[1]), 0);
        self.0.read_exact(&mut packet[2..]).await.unwrap();
        packet
    }
}

/// A client whose CONNECT was answered with these bytes.
async fn with_raw_server(connack: &[u8], level: u8) -> (Client, RawServer) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let version = if level == 5 {
        Version::V5_0
    } else {
        Version::V3_1_1
    };
    let config = Config {
        version,
        ..config("a")
    };
    let connecting = Client::connect(listener.local_addr().unwrap(), config);
    let accepting = async {
        let mut server = RawServer(listener.accept().await.unwrap().0);
        assert_eq!(server.packet().await[0], 0x10);
        server.0.write_all(connack).await.unwrap();
        server
    };
    let (client, server) = both(connecting, accepting).await;
    (client.unwrap(), server)
}

fn qos1(topic: &str) -> Message {
    Message {
        qos: QoS::AtLeastOnce,
        ..message(topic, "x")
    }
}

fn config(client_id: &str) -> Config {
    Config {
        client_id: ClientIdBuf::new(client_id).unwrap(),
        ..Config::default()
    }
}

fn message(topic: &str, payload: &str) -> Message {
    Message::new(TopicNameBuf::new(topic).unwrap(), payload.to_owned())
}

fn filter(filter: &str) -> TopicFilterBuf {
    TopicFilterBuf::new(filter).unwrap()
}
