//! MQTT 5.0 §3.8 to §3.11: SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK. MQTT 3.1.1 §3.8 to §3.11.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{
    AcknowledgementProperties, RetainHandling, SubscribeProperties, SubscriptionOptions,
};
use mqtt_codec::property::{SubscriptionIdentifier, UserProperties};
use mqtt_codec::reason_code::{DisconnectReasonCode, SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{QoS, Version};
use mqtt_session::client::{
    Config as ClientConfig, Event as ClientEvent, RequestError, SubscribeError,
};
use mqtt_session::server::{AnswerError, Config as ServerConfig, Event as ServerEvent};
use mqtt_session::{CloseReason, ProtocolError};

/// [MQTT-3.8.3-4] No Local on a shared subscription breaks the rules; the client does not send it.
#[test]
fn no_local_on_a_shared_subscription_is_a_protocol_error() {
    let version = Version::V5_0;
    let mut subscriptions = [subscription("$share/g/a", QoS::AtMostOnce)];
    subscriptions[0].options.no_local = true;
    let mut client = Client::connected(client_config(version));
    let refused =
        client
            .machine
            .subscribe(client.now, &subscriptions, SubscribeProperties::default());
    assert_eq!(refused, Err(SubscribeError::NoLocalOnShared));
    assert_eq!(client.drain(), []);

    let mut server = Server::connected(version);
    let goodbye = send(version, disconnect(DisconnectReasonCode::ProtocolError));
    let close = Out::Close(CloseReason::Protocol(ProtocolError::NoLocalOnShared));
    assert_eq!(
        server.receive(subscribe(1, &subscriptions)),
        [goodbye, close]
    );
}

/// [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [v3.1.1 MQTT-3.8.4-1] [v3.1.1 MQTT-3.8.4-2]
/// [v3.1.1 MQTT-3.8.4-5] [v3.1.1 MQTT-3.9.3-1] SUBSCRIBE is answered by a SUBACK with its identifier and one code for each
/// filter, in their order.
#[test]
fn a_subscribe_is_answered_by_one_code_per_filter() {
    for version in VERSIONS {
        let mut server = Server::connected(version);
        let subscriptions = [
            subscription("a", QoS::AtMostOnce),
            subscription("b/#", QoS::ExactlyOnce),
        ];
        let outs = server.receive(subscribe(5, &subscriptions));
        let [Out::Server(ServerEvent::Subscribe(request))] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        let asked: Vec<_> = request
            .subscriptions
            .iter()
            .map(|(filter, options)| (filter.as_str(), *options))
            .collect();
        assert_eq!(
            asked,
            [
                ("a", subscriptions[0].options),
                ("b/#", subscriptions[1].options)
            ]
        );

        let codes = [
            SubscribeReasonCode::Success,
            SubscribeReasonCode::GrantedQoS2,
        ];
        let answer = |server: &mut Server, codes: &[SubscribeReasonCode]| {
            server.machine.suback(
                server.now,
                request.token,
                codes,
                AcknowledgementProperties::default(),
            )
        };
        let error = AnswerError::ReasonCodeCount {
            codes: 1,
            filters: 2,
        };
        assert_eq!(answer(&mut server, &codes[..1]), Err(error));
        let wrong_kind = [UnsubscribeReasonCode::Success; 2];
        let refused =
            server
                .machine
                .unsuback(server.now, request.token, &wrong_kind, Default::default());
        assert_eq!(refused, Err(AnswerError::UnknownRequest));
        assert_eq!(server.drain(), []);
        assert_eq!(answer(&mut server, &codes), Ok(()));
        assert_eq!(server.drain(), [send(version, suback(5, &codes))]);
        assert_eq!(
            answer(&mut server, &codes),
            Err(AnswerError::UnknownRequest)
        );
    }
}

/// [MQTT-3.8.4-7] [v3.1.1 MQTT-3.8.4-5] A failure is said as far as the version can say it.
#[test]
fn a_refused_subscription_is_said_as_the_version_can() {
    for (version, sent) in [
        (Version::V3_1, SubscribeReasonCode::Success),
        (Version::V3_1_1, SubscribeReasonCode::UnspecifiedError),
        (Version::V5_0, SubscribeReasonCode::NotAuthorized),
    ] {
        let mut server = Server::connected(version);
        let outs = server.receive(subscribe(5, &[subscription("a", QoS::AtMostOnce)]));
        let [Out::Server(ServerEvent::Subscribe(request))] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        let codes = [SubscribeReasonCode::NotAuthorized];
        server
            .machine
            .suback(server.now, request.token, &codes, Default::default())
            .unwrap();
        assert_eq!(server.drain(), [send(version, suback(5, &[sent]))]);
    }
}

/// [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.11.3-1] [v3.1.1 MQTT-3.10.4-4] [v3.1.1 MQTT-3.10.4-5] UNSUBSCRIBE is answered by
/// an UNSUBACK with its identifier and, in 5.0, one code for each filter, also where there was nothing to end.
#[test]
fn an_unsubscribe_is_answered() {
    for version in VERSIONS {
        let mut server = Server::connected(version);
        let outs = server.receive(unsubscribe(6, &[filter("a"), filter("b/#")]));
        let [Out::Server(ServerEvent::Unsubscribe(request))] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        assert_eq!(
            request
                .filters
                .iter()
                .map(|filter| filter.as_str())
                .collect::<Vec<_>>(),
            ["a", "b/#"]
        );
        let codes = [
            UnsubscribeReasonCode::NoSubscriptionExisted,
            UnsubscribeReasonCode::Success,
        ];
        server
            .machine
            .unsuback(server.now, request.token, &codes, Default::default())
            .unwrap();
        assert_eq!(server.drain(), [send(version, unsuback(6, &codes))]);
    }
}

/// The client learns the answers to its requests, by their tokens.
#[test]
fn the_application_learns_what_became_of_its_requests() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let options = SubscriptionOptions {
            maximum_qos: QoS::AtLeastOnce,
            no_local: version == Version::V5_0,
            retain_as_published: version == Version::V5_0,
            retain_handling: if version == Version::V5_0 {
                RetainHandling::SendIfNew
            } else {
                RetainHandling::default()
            },
        };
        let subscriptions = [mqtt_codec::packet::Subscription {
            filter: filter("a"),
            options,
        }];
        let identifier = SubscriptionIdentifier::new(7).filter(|_| version == Version::V5_0);
        let properties = SubscribeProperties {
            subscription_identifier: identifier,
            ..SubscribeProperties::default()
        };
        let token = client
            .machine
            .subscribe(client.now, &subscriptions, properties)
            .unwrap();
        let packet = mqtt_codec::packet::Subscribe {
            properties,
            ..subscribe(1, &subscriptions)
        };
        assert_eq!(client.drain(), [send(version, packet)]);
        let reason_codes = vec![SubscribeReasonCode::GrantedQoS1];
        let event = ClientEvent::Subscribed {
            token,
            reason_codes: reason_codes.clone(),
            reason_string: None,
        };
        assert_eq!(
            client.receive(suback(1, &reason_codes)),
            [Out::Client(event)]
        );

        let token = client
            .machine
            .unsubscribe(
                client.now,
                &[filter("a"), filter("b")],
                UserProperties::EMPTY,
            )
            .unwrap();
        client.drain();
        let reason_codes = vec![UnsubscribeReasonCode::Success; 2];
        let event = ClientEvent::Unsubscribed {
            token,
            reason_codes: reason_codes.clone(),
            reason_string: None,
        };
        assert_eq!(
            client.receive(unsuback(2, &reason_codes)),
            [Out::Client(event)]
        );
    }
}

/// A request that has no answer when the connection ends is not sent again, and its caller is told.
#[test]
fn a_request_without_answer_is_over_with_its_connection() {
    let version = Version::V5_0;
    let mut client = Client::connected(lasting(version));
    let token = client
        .machine
        .subscribe(
            client.now,
            &[subscription("a", QoS::AtMostOnce)],
            Default::default(),
        )
        .unwrap();
    client.drain();
    let unanswered = Out::Client(ClientEvent::Unanswered { token });
    assert_eq!(
        client.lose_connection(),
        [unanswered, Out::Close(CloseReason::ConnectionLost)]
    );
    assert_eq!(client.reconnect(true), []);
    client.publish(message(QoS::AtLeastOnce, "a", "x"));
    assert_eq!(client.machine.in_flight(), 1);
}

/// A server's answer to a request of an earlier connection goes nowhere.
#[test]
fn a_request_of_an_earlier_connection_is_not_answered() {
    let version = Version::V5_0;
    let mut server = Server::connected(version);
    let outs = server.receive(subscribe(5, &[subscription("a", QoS::AtMostOnce)]));
    let [Out::Server(ServerEvent::Subscribe(request))] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    server.lose_connection();
    server.reconnect(&mqtt_codec::packet::Connect {
        clean_start: false,
        ..connect(version)
    });
    let codes = [SubscribeReasonCode::Success];
    let machine = &mut server.machine;
    let refused = machine.suback(server.now, request.token, &codes, Default::default());
    assert_eq!(refused, Err(AnswerError::UnknownRequest));
    assert_eq!(server.drain(), []);
}

/// A request has at least one filter, and there is a limit to requests at both ends.
#[test]
fn requests_are_limited() {
    let version = Version::V5_0;
    let mut client = Client::connected(ClientConfig {
        requests: 2,
        ..client_config(version)
    });
    let empty = client
        .machine
        .subscribe(client.now, &[], Default::default());
    assert_eq!(empty, Err(SubscribeError::Request(RequestError::Empty)));
    assert_eq!(
        client
            .machine
            .unsubscribe(client.now, &[], UserProperties::EMPTY),
        Err(RequestError::Empty)
    );
    let subscriptions = [subscription("a", QoS::AtMostOnce)];
    client
        .machine
        .subscribe(client.now, &subscriptions, Default::default())
        .unwrap();
    client
        .machine
        .unsubscribe(client.now, &[filter("a")], UserProperties::EMPTY)
        .unwrap();
    let refused = client
        .machine
        .unsubscribe(client.now, &[filter("a")], UserProperties::EMPTY);
    assert_eq!(refused, Err(RequestError::TooManyRequests { limit: 2 }));

    let config = ServerConfig {
        requests: 2,
        ..ServerConfig::default()
    };
    let mut server = Server::connected_with(config, &connect(version));
    server.receive(subscribe(1, &subscriptions));
    server.receive(subscribe(2, &subscriptions));
    let reason = DisconnectReasonCode::QuotaExceeded;
    let outs = [
        send(version, disconnect(reason)),
        Out::Close(CloseReason::Disconnected { reason }),
    ];
    assert_eq!(server.receive(subscribe(3, &subscriptions)), outs);
}
