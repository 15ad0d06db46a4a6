//! MQTT 5.0 §2.2.1: Packet Identifiers. MQTT 3.1.1 §2.3.1.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use core::num::NonZeroU16;

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{
    AcknowledgementProperties, Pubrec, SubscribeProperties, Subscription, Unsuback,
    UnsubscribeReasonCodes,
};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::{PublishReasonCode, SubscribeReasonCode, UnsubscribeReasonCode};
use mqtt_codec::{Packet, QoS, Version};
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::Event as ServerEvent;
use mqtt_session::{
    AcknowledgedQoS, Connection, Instant, Negotiated, OutboundExchange, Refused, Role, Session,
};

/// [MQTT-2.2.1-3] [v3.1.1 MQTT-2.3.1-2] [often-wrong-25] PUBLISH, SUBSCRIBE and UNSUBSCRIBE take their identifiers from
/// one pool.
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

/// [MQTT-2.2.1-3] [v3.1.1 MQTT-2.3.1-2] [often-wrong-25] [often-wrong-24] Once around the pool: 0 is never given, nor is what
/// an open PUBLISH, SUBSCRIBE or UNSUBSCRIBE has. What was acknowledged, answered or refused is free.
#[test]
fn identifiers_go_around_and_skip_those_in_use() {
    for version in VERSIONS {
        let mut client = Client::connected(client_config(version));
        let subscriptions = [subscription("a", QoS::AtMostOnce)];
        client.publish(message(QoS::ExactlyOnce, "a", "open"));
        subscribed(&mut client, &subscriptions);
        client
            .machine
            .unsubscribe(client.now, &[filter("a")], UserProperties::EMPTY)
            .unwrap();
        client.drain();
        // 1 to 3 stay open.
        for packet_id in 4..=u16::MAX {
            assert_eq!(take(&mut client, packet_id % 4, &subscriptions), packet_id);
            give_back(&mut client, packet_id % 4, packet_id);
        }
        for (kind, expected) in [(0, 4), (1, 5), (2, 6), (3, 7)] {
            assert_eq!(take(&mut client, kind, &subscriptions), expected);
        }
        client.receive(pubrec(1));
        client.receive(pubcomp(1));
        assert_eq!(client.machine.in_flight(), 3);
    }
}

/// Takes an identifier for QoS 1, QoS 2, QoS 2 that is to be refused, or SUBSCRIBE.
fn take(client: &mut Client, kind: u16, subscriptions: &[Subscription<'_>]) -> u16 {
    let qos = match kind {
        0 => QoS::AtLeastOnce,
        3 => return subscribed(client, subscriptions),
        _ => QoS::ExactlyOnce,
    };
    let (_, outs) = client.publish(message(qos, "a", ""));
    let [Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    u16::from_be_bytes([sent.bytes[5], sent.bytes[6]])
}

fn subscribed(client: &mut Client, subscriptions: &[Subscription<'_>]) -> u16 {
    client
        .machine
        .subscribe(client.now, subscriptions, SubscribeProperties::default())
        .unwrap();
    let outs = client.drain();
    let [Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    u16::from_be_bytes([sent.bytes[2], sent.bytes[3]])
}

fn give_back(client: &mut Client, kind: u16, packet_id: u16) {
    let is_v5 = client.version == Version::V5_0;
    let refusal = Pubrec::new(id(packet_id), PublishReasonCode::QuotaExceeded);
    let outs = match kind {
        0 => client.receive(puback(packet_id)),
        2 if is_v5 => client.receive(refusal),
        3 => client.receive(suback(packet_id, &[SubscribeReasonCode::Success])),
        _ => {
            client.receive(pubrec(packet_id));
            client.receive(pubcomp(packet_id))
        }
    };
    assert!(matches!(outs.as_slice(), [Out::Client(_)]), "{outs:?}");
}

/// [MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.3-1] [v3.1.1 MQTT-2.3.1-2] [v3.1.1 MQTT-2.3.1-4]
/// [v3.1.1 MQTT-4.3.2-1] [v3.1.1 MQTT-4.3.3-1] An identifier in use is skipped, 0 is never given, and when all are in use
/// there is none.
#[test]
fn an_identifier_in_use_is_not_given_again() {
    for (role, version) in [
        (Role::Client, Version::V3_1_1),
        (Role::Client, Version::V5_0),
        (Role::Server, Version::V3_1_1),
        (Role::Server, Version::V5_0),
    ] {
        let connection = Connection::new(Negotiated::new(version, role));
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

/// [MQTT-2.2.1-3] [v3.1.1 MQTT-2.3.1-2] [v3.1.1 MQTT-2.3.1-3] When all but one are in use, that one is given. SUBACK, UNSUBACK,
/// PUBACK and PUBCOMP give one back; PUBREC does not.
#[test]
fn the_only_free_identifier_is_given() {
    for version in [Version::V3_1_1, Version::V5_0] {
        let mut client = Client::connected(ClientConfig {
            in_flight: NonZeroU16::MAX,
            send_buffer: 16 * 1024 * 1024,
            ..client_config(version)
        });
        let subscriptions = [subscription("a", QoS::AtMostOnce)];
        let (machine, now) = (&mut client.machine, client.now);
        machine
            .subscribe(now, &subscriptions, SubscribeProperties::default())
            .unwrap();
        machine
            .unsubscribe(now, &[filter("a")], UserProperties::EMPTY)
            .unwrap();
        machine
            .publish(now, message(QoS::ExactlyOnce, "a", "x"))
            .unwrap();
        let at_least_once = message(QoS::AtLeastOnce, "a", "x");
        for _ in 4..=u16::MAX {
            machine.publish(now, at_least_once.clone()).unwrap();
        }
        machine.handle_written(now, machine.tx().len());
        client.drain();
        let success = [SubscribeReasonCode::Success];
        let mut unsuback = Unsuback {
            packet_id: id(2),
            properties: AcknowledgementProperties::default(),
            reason_codes: UnsubscribeReasonCodes::EMPTY,
        };
        let unsubscribed = [UnsubscribeReasonCode::Success];
        if version == Version::V5_0 {
            unsuback.reason_codes = UnsubscribeReasonCodes::new(&unsubscribed).unwrap();
        }
        for (packet, free) in [
            (suback(1, &success).into(), Some(1)),
            (unsuback.into(), Some(2)),
            (Packet::from(pubrec(3)), None),
            (pubcomp(3).into(), Some(3)),
            (puback(40_000).into(), Some(40_000)),
            (puback(4).into(), Some(4)),
        ] {
            let refused = client
                .machine
                .publish(client.now, message(QoS::AtLeastOnce, "a", "x"));
            assert!(refused.is_err(), "{refused:?}");
            client.receive(packet);
            if let Some(free) = free {
                let (_, outs) = client.publish(message(QoS::AtLeastOnce, "a", "x"));
                assert_eq!(outs, [send(version, qos1(free, "a", "x"))]);
            }
        }
    }
}

/// [v3.1.1 MQTT-2.3.1-3] An identifier stays in use until its exchange has ended, over reconnects, and what is sent again
/// keeps it.
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

        client.publish(message(QoS::AtLeastOnce, "a", "x"));
        client.publish(message(QoS::ExactlyOnce, "a", "x"));
        assert_eq!(client.receive(pubrec(2)), [send(version, pubrel(2))]);
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

/// [v3.1.1 MQTT-2.3.1-3] Whatever ends an exchange frees its identifier.
#[test]
fn every_end_of_an_exchange_frees_its_identifier() {
    for version in VERSIONS {
        let mut connection = Connection::new(Negotiated::new(version, Role::Client));
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
        // Only 5.0 has refusals; there the end of the session frees it.
        if version == Version::V5_0 {
            let refusal = Pubrec::new(id(3), PublishReasonCode::QuotaExceeded);
            receive(&mut session, refusal.into());
            assert_eq!(session.in_flight(), 1);
        }
        session.drain_outbound();
        for packet_id in (1..=4).map(id) {
            assert!(session.restore_outbound(packet_id, OutboundExchange::AwaitPubcomp));
        }
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
