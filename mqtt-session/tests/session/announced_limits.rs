//! What CONNECT and CONNACK say of the limits: MQTT 5.0 §3.1.2.11 and §3.2.2.3. What is absent means its default.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::{NonZeroU16, NonZeroU32};
use core::time::Duration;

use crate::support::*;
use mqtt_codec::packet::{ConnackProperties, Connect, ConnectProperties};
use mqtt_codec::{Limits, Version};
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::{Accept, Config as ServerConfig};

const V5: Version = Version::V5_0;
const ALMOST: NonZeroU16 = NonZeroU16::new(u16::MAX - 1).unwrap();

/// A limit that is the protocol's own is not said; one that is narrower by one is.
#[test]
fn only_limits_of_ones_own_are_announced() {
    let client = ClientConfig {
        receive_maximum: NonZeroU16::MAX,
        maximum_packet_size: Limits::MAX_PACKET_SIZE,
        topic_alias_maximum: 0,
        ..client_config(V5)
    };
    assert_eq!(
        Client::new(client.clone()).connect(),
        [send(V5, connect(V5))]
    );
    let properties = ConnectProperties {
        receive_maximum: Some(ALMOST),
        maximum_packet_size: NonZeroU32::new(Limits::MAX_PACKET_SIZE - 1),
        topic_alias_maximum: Some(1),
        ..ConnectProperties::default()
    };
    let narrow = Connect {
        properties,
        ..connect(V5)
    };
    let client = ClientConfig {
        receive_maximum: ALMOST,
        maximum_packet_size: Limits::MAX_PACKET_SIZE - 1,
        topic_alias_maximum: 1,
        ..client
    };
    assert_eq!(Client::new(client).connect(), [send(V5, narrow)]);

    let server = ServerConfig {
        receive_maximum: NonZeroU16::MAX,
        maximum_packet_size: Limits::MAX_PACKET_SIZE,
        topic_alias_maximum: 0,
        ..ServerConfig::default()
    };
    assert_eq!(accept(server.clone()), [Out::Resume, send(V5, accepted())]);
    let properties = ConnackProperties {
        receive_maximum: Some(ALMOST),
        maximum_packet_size: NonZeroU32::new(Limits::MAX_PACKET_SIZE - 1),
        topic_alias_maximum: Some(1),
        ..ConnackProperties::default()
    };
    let server = ServerConfig {
        receive_maximum: ALMOST,
        maximum_packet_size: Limits::MAX_PACKET_SIZE - 1,
        topic_alias_maximum: 1,
        ..server
    };
    let narrow = send(V5, connack(properties));
    assert_eq!(accept(server), [Out::Resume, narrow]);
}

/// Spans go out in whole seconds and never shorter than they are.
#[test]
fn spans_are_rounded_up() {
    let second = Duration::from_secs(1);
    let nano = Duration::from_nanos(1);
    for (span, seconds) in [
        (Duration::ZERO, 0),
        (nano, 1),
        (second - nano, 1),
        (second, 1),
        (second + nano, 2),
    ] {
        let mut client = Client::new(ClientConfig {
            receive_maximum: NonZeroU16::MAX,
            maximum_packet_size: Limits::MAX_PACKET_SIZE,
            topic_alias_maximum: 0,
            keep_alive: span,
            session_expiry: span,
            ..client_config(V5)
        });
        let session_expiry_interval = Some(u32::from(seconds)).filter(|&it| it > 0);
        let properties = ConnectProperties {
            session_expiry_interval,
            ..ConnectProperties::default()
        };
        let expected = Connect {
            keep_alive: seconds,
            properties,
            ..connect(V5)
        };
        assert_eq!(client.connect(), [send(V5, expected)]);
    }
}

fn accept(config: ServerConfig) -> Vec<Out> {
    let mut server = Server::new(config, V5);
    server.open(&connect(V5));
    server.accept(Accept::default())
}
