//! MQTT 5.0 §3.1.2.11.7: a client that wants no Reason Strings and User Properties. See `connect_properties.rs` for those that
//! come all the same.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{
    Auth, AuthProperties, ConnackProperties, Unsuback, UnsubscribeReasonCodes,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{AuthReasonCode, SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{Packet, QoS, Text, Version};
use mqtt_session::ProblemInformation;
use mqtt_session::client::{Config, InitialAuthentication};

const V5: Version = Version::V5_0;

/// It takes every packet that has none, and its exchanges run as ever.
#[test]
fn packets_without_explanations_are_taken_from_who_was_asked_for_none() {
    let connack = connack(ConnackProperties {
        authentication_method: Text::new("X").ok(),
        ..ConnackProperties::default()
    });
    let config = Config {
        problem_information: ProblemInformation::Unwanted,
        authentication: Some(InitialAuthentication {
            method: text("X"),
            data: None,
        }),
        ..client_config(V5)
    };
    let mut client = Client::connected_with(config, connack);
    client.publish(message(QoS::AtLeastOnce, "a", "x"));
    client.publish(message(QoS::ExactlyOnce, "a", "x"));
    let (machine, now) = (&mut client.machine, client.now);
    let subscriptions = [subscription("a", QoS::AtMostOnce)];
    machine
        .subscribe(now, &subscriptions, Default::default())
        .unwrap();
    machine
        .unsubscribe(now, &[filter("a")], UserProperties::EMPTY)
        .unwrap();
    machine.reauthenticate(now, None).unwrap();
    client.drain();

    let unsubscribed = [UnsubscribeReasonCode::Success];
    let auth = Auth {
        reason_code: AuthReasonCode::Success,
        properties: AuthProperties {
            authentication_method: Text::new("X").ok(),
            ..AuthProperties::default()
        },
    };
    let unsuback = Unsuback {
        packet_id: id(4),
        properties: Default::default(),
        reason_codes: UnsubscribeReasonCodes::new(&unsubscribed).unwrap(),
    };
    assert_eq!(client.receive(pubrec(2)), [send(V5, pubrel(2))]);
    for packet in [
        Packet::from(puback(1)),
        pubcomp(2).into(),
        suback(3, &[SubscribeReasonCode::Success]).into(),
        unsuback.into(),
        auth.into(),
    ] {
        let outs = client.receive(packet);
        assert!(matches!(outs.as_slice(), [Out::Client(_)]), "{outs:?}");
    }
    let delivered = [deliver("a", "x"), send(V5, pubrec(1))];
    assert_eq!(client.receive(qos2(1, "a", "x")), delivered);
    assert_eq!(client.receive(pubrel(1)), [send(V5, pubcomp(1))]);
}
