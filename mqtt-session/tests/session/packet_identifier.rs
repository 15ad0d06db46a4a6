//! MQTT 5.0 §2.2.1: Packet Identifiers. MQTT 3.1.1 §2.3.1.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{
    AcknowledgementProperties, Pubrec, SubscribeProperties, Unsuback, UnsubscribeReasonCodes,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{PublishReasonCode, SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{Packet, PacketType, QoS, Version};
use mqtt_session::server::Event as ServerEvent;
use mqtt_session::{
    AcknowledgedQoS, CloseReason, Connection, Instant, Negotiated, OutboundExchange, ProtocolError,
    Refused, Role, Session,
};

/// [MQTT-2.2.1-3] [v3.1.1 MQTT-2.3.1-2] PUBLISH, SUBSCRIBE and UNSUBSCRIBE take their identifiers from one pool.
#[test]
fn one_pool_serves_publish_subscribe_and_unsubscribe() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let (_, outs) = client.publish(message(QoS::AtLeastOnce, "a", "x"));
        assert_eq!(outs, [send(version, qos1(1, "a", "x"))]);
        let subscriptions = [subscription("a", QoS::AtLeastOnce)];
        client
            .machine
            .subscribe(client.now, &subscriptions, SubscribeProperties::default())
            .unwrap();
        assert_eq!(
            client.drain(),
            [send(version, subscribe(2, &subscriptions))]
        );
        client
            .machine
            .unsubscribe(client.now, &[filter("a")], UserProperties::EMPTY)
            .unwrap();
        assert_eq!(
            client.drain(),
            [send(version, unsubscribe(3, &[filter("a")]))]
        );
        let (_, outs) = client.publish(message(QoS::ExactlyOnce, "a", "x"));
        assert_eq!(outs, [send(version, qos2(4, "a", "x"))]);
    }
}

/// [MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] [v3.1.1 MQTT-2.3.1-2] [v3.1.1 MQTT-2.3.1-4]
/// [v3.1.1 MQTT-4.3.2-1] [v3.1.1 MQTT-4.3.3-1] An identifier in use is skipped, 0 is never given, and when all are in use
/// there is none.
#[test]
fn an_identifier_in_use_is_not_given_again() {
    for role in [Role::Client, Role::Server] {
        let connection = Connection::new(Negotiated::new(Version::V5_0, role));
        let mut session = Session::new();
        for expected in 1..=u16::MAX {
            let packet_id = session
                .start(&connection, AcknowledgedQoS::AtLeastOnce, ())
                .unwrap();
            assert_eq!(packet_id.get(), expected);
        }
        let refused = session.start(&connection, AcknowledgedQoS::AtLeastOnce, ());
        assert_eq!(
            refused,
            Err(Refused::QuotaExhausted {
                kept: (),
                limit: u16::MAX
            })
        );
        session.abandon(id(40_000)).unwrap();
        assert_eq!(
            session.start(&connection, AcknowledgedQoS::ExactlyOnce, ()),
            Ok(id(40_000))
        );

        let mut session = Session::new();
        while session.take_id().is_some() {}
        let refused = session.start(&connection, AcknowledgedQoS::AtLeastOnce, ());
        assert_eq!(refused, Err(Refused::NoPacketId { kept: () }));
    }
}

/// [v3.1.1 MQTT-2.3.1-3] [MQTT-2.2.1-5] An identifier stays in use until its exchange has ended, over reconnects, and what
/// is sent again keeps it.
#[test]
fn an_identifier_is_free_when_its_exchange_has_ended() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut client = Client::connected(lasting(version));
        client.publish(message(QoS::AtLeastOnce, "a", "1"));
        client.publish(message(QoS::ExactlyOnce, "a", "2"));
        client.lose_connection();
        assert_eq!(
            client.reconnect(true),
            [
                send(version, again(qos1(1, "a", "1"))),
                send(version, again(qos2(2, "a", "2")))
            ]
        );
        let (_, outs) = client.publish(message(QoS::AtLeastOnce, "a", "3"));
        assert_eq!(outs, [send(version, qos1(3, "a", "3"))]);
        client.receive(puback(1));
        client.receive(pubrec(2));
        client.receive(pubcomp(2));
        client.receive(puback(3));
        assert_eq!(client.machine.in_flight(), 0);
    }
}

/// [MQTT-2.2.1-5] [v3.1.1 MQTT-2.3.1-6] Each packet of an exchange repeats its identifier.
#[test]
fn acknowledgements_repeat_the_identifier() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        assert_eq!(
            client.receive(qos1(65_535, "a", "x")).last(),
            Some(&send(version, puback(65_535)))
        );
        assert_eq!(
            client.receive(qos2(258, "a", "x")).last(),
            Some(&send(version, pubrec(258)))
        );
        assert_eq!(client.receive(pubrel(258)), [send(version, pubcomp(258))]);
    }
}

/// [MQTT-2.2.1-5] An acknowledgement of another kind than the exchange wants breaks it. In 3.x, where a peer may send again
/// at any time, it may be a late copy and changes nothing.
#[test]
fn an_acknowledgement_of_the_wrong_kind_is_a_protocol_error_in_5_0() {
    for version in VERSIONS {
        let wrong = [
            (
                QoS::AtLeastOnce,
                encode(version, &pubrec(1).into()),
                PacketType::Pubrec,
            ),
            (
                QoS::AtLeastOnce,
                encode(version, &pubcomp(1).into()),
                PacketType::Pubcomp,
            ),
            (
                QoS::ExactlyOnce,
                encode(version, &puback(1).into()),
                PacketType::Puback,
            ),
            (
                QoS::ExactlyOnce,
                encode(version, &pubcomp(1).into()),
                PacketType::Pubcomp,
            ),
        ];
        for (qos, bytes, packet_type) in wrong {
            let mut server = Server::connected(version);
            server.publish(message(qos, "a", "x"));
            let outs = server.receive_bytes(&bytes);
            if version == Version::V5_0 {
                let error = ProtocolError::WrongAcknowledgement {
                    packet_type,
                    packet_id: id(1),
                };
                assert_eq!(outs.last(), Some(&Out::Close(CloseReason::Protocol(error))));
            } else {
                assert_eq!(outs, []);
            }
            assert_eq!(server.machine.state().in_flight(), 1);
        }
    }
}

/// [MQTT-2.2.1-6] [v3.1.1 MQTT-2.3.1-7] SUBACK and UNSUBACK repeat the identifier of the request.
#[test]
fn suback_and_unsuback_repeat_the_identifier() {
    for version in VERSIONS {
        let mut server = Server::connected(version);
        let outs = server.receive(subscribe(10, &[subscription("a", QoS::AtMostOnce)]));
        let [Out::Server(ServerEvent::Subscribe(request))] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        let codes = [SubscribeReasonCode::Success];
        server
            .machine
            .suback(server.now, request.token, &codes, Default::default())
            .unwrap();
        assert_eq!(server.drain(), [send(version, suback(10, &codes))]);

        let outs = server.receive(unsubscribe(65_535, &[filter("a")]));
        let [Out::Server(ServerEvent::Unsubscribe(request))] = outs.as_slice() else {
            panic!("{outs:?}")
        };
        let codes = [UnsubscribeReasonCode::Success];
        server
            .machine
            .unsuback(server.now, request.token, &codes, Default::default())
            .unwrap();
        let unsuback = Unsuback {
            packet_id: id(65_535),
            properties: AcknowledgementProperties::default(),
            reason_codes: UnsubscribeReasonCodes::new(&codes).unwrap(),
        };
        assert_eq!(server.drain(), [send(version, unsuback)]);
    }
}

/// An answer to nothing that was asked breaks the rules.
#[test]
fn an_answer_to_no_request_is_a_protocol_error() {
    let version = Version::V5_0;
    let mut client = Client::connected(client_config(version));
    client.publish(message(QoS::AtLeastOnce, "a", "x"));
    let outs = client.receive(suback(1, &[SubscribeReasonCode::Success]));
    let error = ProtocolError::UnknownRequest {
        packet_type: PacketType::Suback,
        packet_id: id(1),
    };
    assert_eq!(outs.last(), Some(&Out::Close(CloseReason::Protocol(error))));
    assert_eq!(error.statement(version), Some("MQTT-2.2.1-6"));
}

/// [v3.1.1 MQTT-2.3.1-3] Whatever ends an exchange frees its identifier.
#[test]
fn every_end_of_an_exchange_frees_its_identifier() {
    let mut connection = Connection::new(Negotiated::new(Version::V5_0, Role::Client));
    let mut session = Session::new();
    let mut receive = |session: &mut Session<()>, packet: Packet<'static>| {
        session
            .receive(&mut connection, Instant::default(), packet)
            .unwrap();
    };
    let awaiting = [
        OutboundExchange::AwaitPuback(()),
        OutboundExchange::AwaitPubrec(()),
        OutboundExchange::AwaitPubrec(()),
        OutboundExchange::AwaitPuback(()),
    ];
    for (packet_id, exchange) in (1..).map(id).zip(awaiting) {
        assert!(session.restore_outbound(packet_id, exchange));
    }
    receive(&mut session, puback(1).into());
    receive(&mut session, pubrec(2).into());
    assert!(!session.restore_outbound(id(2), OutboundExchange::AwaitPubcomp));
    receive(&mut session, pubcomp(2).into());
    let refusal = Pubrec::new(id(3), PublishReasonCode::QuotaExceeded);
    receive(&mut session, refusal.into());
    session.drain_outbound();
    for packet_id in (1..=4).map(id) {
        assert!(session.restore_outbound(packet_id, OutboundExchange::AwaitPubcomp));
    }
}

/// [v3.1.1 MQTT-2.3.1-3] The identifiers of requests are free again with their answers, or with their connection.
#[test]
fn requests_give_their_identifiers_back() {
    let mut client = Client::connected(lasting(Version::V3_1_1));
    let codes = [SubscribeReasonCode::Success];
    for n in 0..65_536u32 {
        let packet_id = u16::try_from(n % 65_535 + 1).unwrap();
        let subscriptions = [subscription("a", QoS::AtMostOnce)];
        client
            .machine
            .subscribe(client.now, &subscriptions, SubscribeProperties::default())
            .unwrap();
        client.receive(suback(packet_id, &codes));
    }
    for _ in 0..=65_536 / 64 {
        for _ in 0..64 {
            let filters = [filter("a")];
            let machine = &mut client.machine;
            machine
                .unsubscribe(client.now, &filters, UserProperties::EMPTY)
                .unwrap();
        }
        client.lose_connection();
        client.reconnect(true);
    }
}
