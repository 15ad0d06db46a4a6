//! Messages over real sockets, with our client.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test"
)]

mod harness;

use harness::{GRACE, run, start};
use mqtt_codec::{ClientIdBuf, QoS, TopicFilterBuf, TopicNameBuf, Version};
use mqtt_session::Message;
use mqtt_session::client::{CleanStart, Config};
use runtime_tokio::Client;

const VERSIONS: [Version; 3] = [Version::V3_1, Version::V3_1_1, Version::V5_0];
const ALL_QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

#[test]
fn a_message_arrives_at_every_qos_in_every_version() {
    let (server, address, _told) = start(harness::builder());
    run(async {
        for version in VERSIONS {
            let publisher = Client::connect(address, config(version, "publisher"))
                .await
                .unwrap();
            let subscriber = Client::connect(address, config(version, "subscriber"))
                .await
                .unwrap();
            let mut messages = subscriber
                .subscribe(filter("a/+"), QoS::ExactlyOnce)
                .await
                .unwrap();
            for qos in ALL_QOS {
                let sent = Message {
                    qos,
                    ..message("a/b", format!("{version} {qos:?}"))
                };
                publisher
                    .publish(sent.clone())
                    .await
                    .unwrap()
                    .await
                    .unwrap();
                assert_eq!(messages.recv().await.unwrap().message, sent);
            }
            publisher.disconnect().await;
            subscriber.disconnect().await;
            assert!(messages.recv().await.is_none());
        }
        server.shutdown(GRACE).await;
    });
}

/// [MQTT-4.2.0-1] TCP, in both directions.
#[test]
fn many_messages_arrive_in_order() {
    let (server, address, _told) = start(harness::builder());
    run(async {
        let publisher = Client::connect(address, config(Version::V5_0, "publisher"))
            .await
            .unwrap();
        let subscriber = Client::connect(address, config(Version::V5_0, "subscriber"))
            .await
            .unwrap();
        for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let mut messages = subscriber.subscribe(filter("a"), qos).await.unwrap();
            let publishing = async {
                for n in 0..5_000 {
                    let publishing = publisher
                        .publish(Message {
                            qos,
                            ..message("a", n.to_string())
                        })
                        .await
                        .unwrap();
                    drop(publishing);
                }
            };
            let receiving = async {
                for n in 0..5_000 {
                    assert_eq!(
                        messages.recv().await.unwrap().message.payload,
                        n.to_string()
                    );
                }
            };
            both(publishing, receiving).await;
            subscriber.unsubscribe(filter("a")).await.unwrap();
            assert!(messages.recv().await.is_none());
        }
        server.shutdown(GRACE).await;
    });
}

/// The server reads 256 KiB at once: these are longer than that, about as long, and as long as it takes.
#[test]
fn packets_longer_than_one_read_arrive_whole() {
    let (server, address, _told) = start(harness::builder());
    run(async {
        let client = Client::connect(address, config(Version::V3_1_1, "a"))
            .await
            .unwrap();
        let mut messages = client
            .subscribe(filter("a"), QoS::ExactlyOnce)
            .await
            .unwrap();
        const KIB: usize = 1024;
        // The head of these packets has 7 bytes at QoS 0.
        let longest = 2 * KIB * KIB - 10;
        for (n, size) in [
            4 * KIB,
            256 * KIB - 8,
            256 * KIB - 7,
            256 * KIB,
            300 * KIB,
            1_500 * KIB,
            longest,
        ]
        .into_iter()
        .enumerate()
        {
            for qos in ALL_QOS {
                let byte = u8::try_from(n).unwrap() + qos.bits();
                let sent = Message {
                    qos,
                    ..message("a", vec![byte; size])
                };
                client.publish(sent.clone()).await.unwrap().await.unwrap();
                let got = messages.recv().await.unwrap().message;
                assert!(got == sent, "{size} bytes");
            }
        }
        server.shutdown(GRACE).await;
    });
}

#[test]
fn a_packet_above_the_limit_closes_the_connection() {
    let (server, address, told) = start(harness::builder());
    run(async {
        let client = Client::connect(address, config(Version::V3_1_1, "a"))
            .await
            .unwrap();
        let sent = Message {
            qos: QoS::AtLeastOnce,
            ..message("a", vec![0; 2 * 1024 * 1024])
        };
        client.publish(sent).await.unwrap().await.unwrap_err();
        server.shutdown(GRACE).await;
    });
    told.wait_for("a closed: malformed");
}

#[test]
fn the_server_publishes_by_itself() {
    let (server, address, _told) = start(harness::builder());
    run(async {
        let client = Client::connect(address, config(Version::V5_0, "a"))
            .await
            .unwrap();
        let mut messages = client
            .subscribe(filter("$SYS/#"), QoS::AtMostOnce)
            .await
            .unwrap();
        let topic = TopicNameBuf::new("$SYS/x").unwrap();
        server
            .publish(mqtt_broker_core::Message::new(topic, "y".into()))
            .await
            .unwrap();
        assert_eq!(messages.recv().await.unwrap().message.payload, "y");
        let statistics = server.statistics().await;
        assert_eq!(
            (statistics.gauges.connected, statistics.gauges.subscriptions),
            (1, 1)
        );
        server.shutdown(GRACE).await;
        assert!(
            server
                .publish(mqtt_broker_core::Message::new(
                    TopicNameBuf::new("x").unwrap(),
                    "".into()
                ))
                .await
                .is_err()
        );
        assert_eq!(server.statistics().await.accepts.accepted, 1);
    });
}

fn config(version: Version, client_id: &str) -> Config {
    Config {
        version,
        client_id: ClientIdBuf::new(client_id).unwrap(),
        clean_start: CleanStart::Always,
        ..Config::default()
    }
}

fn message(topic: &str, payload: impl Into<Vec<u8>>) -> Message {
    Message::new(TopicNameBuf::new(topic).unwrap(), payload.into())
}

fn filter(filter: &str) -> TopicFilterBuf {
    TopicFilterBuf::new(filter).unwrap()
}

async fn both(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (Box::pin(one), Box::pin(other));
    let (mut one_done, mut other_done) = (false, false);
    core::future::poll_fn(|cx| {
        one_done = one_done || one.as_mut().poll(cx).is_ready();
        other_done = other_done || other.as_mut().poll(cx).is_ready();
        if one_done && other_done {
            core::task::Poll::Ready(())
        } else {
            core::task::Poll::Pending
        }
    })
    .await;
}
