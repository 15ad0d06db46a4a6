//! MQTT 5.0 §3.3.2.3.4: topic aliases, in both directions.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{
    Connack, ConnackProperties, Connect, ConnectProperties, Publish, PublishTopic,
};
use mqtt_codec::{DecodeError, Field, QoS, Version};
use mqtt_session::client::Config as ClientConfig;
use mqtt_session::server::Config as ServerConfig;
use mqtt_session::{CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// [MQTT-3.1.2-26] [MQTT-3.3.2-11] The server uses no alias above what the client allows.
#[test]
fn the_server_keeps_to_the_clients_topic_alias_maximum() {
    let properties = ConnectProperties {
        topic_alias_maximum: Some(2),
        ..ConnectProperties::default()
    };
    let config = ServerConfig {
        outbound_topic_aliases: 100,
        ..ServerConfig::default()
    };
    let mut server = Server::connected_with(
        config,
        &Connect {
            properties,
            ..connect(V5)
        },
    );
    let publish = |server: &mut Server, name| server.publish(message(QoS::AtMostOnce, name, "x")).1;
    assert_eq!(
        publish(&mut server, "a"),
        [send(V5, both(qos0("a", "x"), "a", 1))]
    );
    assert_eq!(
        publish(&mut server, "a"),
        [send(V5, short(qos0("a", "x"), 1))]
    );
    assert_eq!(
        publish(&mut server, "b"),
        [send(V5, both(qos0("b", "x"), "b", 2))]
    );
    // A third topic takes over the alias of the one that was not used since.
    assert_eq!(
        publish(&mut server, "c"),
        [send(V5, both(qos0("c", "x"), "c", 2))]
    );
    assert_eq!(
        publish(&mut server, "a"),
        [send(V5, short(qos0("a", "x"), 1))]
    );
}

/// [often-wrong-1] [often-wrong-2] The limit binds every way of sending: each QoS, retained or not, what goes again, and
/// what is sent on a connection whose server allows fewer aliases than an earlier one, or none.
#[test]
fn no_way_of_sending_passes_the_limit_of_this_connection() {
    let config = ClientConfig {
        outbound_topic_aliases: 100,
        ..lasting(V5)
    };
    let allowing = |topic_alias_maximum| Connack {
        session_present: true,
        ..connack(ConnackProperties {
            topic_alias_maximum,
            ..ConnackProperties::default()
        })
    };
    for later in [None, Some(0)] {
        let first = Connack {
            session_present: false,
            ..allowing(Some(2))
        };
        let mut client = Client::connected_with(config.clone(), first);
        for (name, expected) in [("a", 1), ("b", 2), ("c", 1), ("d", 2)] {
            let (_, outs) = client.publish(message(QoS::AtLeastOnce, name, "x"));
            let [Out::Send(sent)] = outs.as_slice() else {
                panic!("{outs:?}")
            };
            let alias = [0x23, 0, expected];
            assert!(
                sent.bytes.windows(3).any(|bytes| bytes == alias),
                "{sent:?}"
            );
        }
        client.lose_connection();
        let outs = client.reconnect_with(allowing(later));
        let again = [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
            .map(|(packet_id, name)| send(V5, again(qos1(packet_id, name, "x"))));
        assert_eq!(outs, again);
        for (qos, retain) in [
            (QoS::AtMostOnce, false),
            (QoS::AtMostOnce, true),
            (QoS::AtLeastOnce, false),
            (QoS::ExactlyOnce, true),
        ] {
            let published = mqtt_session::Message {
                retain,
                ..message(qos, "a", "x")
            };
            let (_, outs) = client.publish(published);
            let [Out::Send(sent)] = outs.as_slice() else {
                panic!("{outs:?}")
            };
            let decoded = mqtt_codec::decode(V5, &limits(), &sent.bytes);
            let Ok(Some((mqtt_codec::Packet::Publish(publish), _))) = decoded else {
                panic!("{decoded:?}")
            };
            assert_eq!(publish.topic, PublishTopic::Name(topic("a")));
        }
    }
}

/// [MQTT-3.1.2-27] [MQTT-3.2.2-18] [often-wrong-1] Without a maximum, or with 0, no alias is used.
#[test]
fn no_alias_is_used_where_none_is_allowed() {
    for topic_alias_maximum in [None, Some(0)] {
        let properties = ConnectProperties {
            topic_alias_maximum,
            ..ConnectProperties::default()
        };
        let config = ServerConfig {
            outbound_topic_aliases: 100,
            ..ServerConfig::default()
        };
        let mut server = Server::connected_with(
            config,
            &Connect {
                properties,
                ..connect(V5)
            },
        );
        assert_eq!(
            server.publish(message(QoS::AtMostOnce, "a", "x")).1,
            [send(V5, qos0("a", "x"))]
        );

        let properties = ConnackProperties {
            topic_alias_maximum,
            ..ConnackProperties::default()
        };
        let config = ClientConfig {
            outbound_topic_aliases: 100,
            ..client_config(V5)
        };
        let mut client = Client::connected_with(config, connack(properties));
        assert_eq!(
            client.publish(message(QoS::AtMostOnce, "a", "x")).1,
            [send(V5, qos0("a", "x"))]
        );
    }
}

/// [MQTT-3.2.2-17] [MQTT-3.3.2-9] The client uses no alias above what the server allows, and none at all unless asked to.
#[test]
fn the_client_keeps_to_the_servers_topic_alias_maximum() {
    let properties = ConnackProperties {
        topic_alias_maximum: Some(1),
        ..ConnackProperties::default()
    };
    let config = ClientConfig {
        outbound_topic_aliases: 100,
        ..client_config(V5)
    };
    let mut client = Client::connected_with(config, connack(properties));
    let publish = |client: &mut Client, name| client.publish(message(QoS::AtMostOnce, name, "x")).1;
    assert_eq!(
        publish(&mut client, "a"),
        [send(V5, both(qos0("a", "x"), "a", 1))]
    );
    assert_eq!(
        publish(&mut client, "a"),
        [send(V5, short(qos0("a", "x"), 1))]
    );
    assert_eq!(
        publish(&mut client, "b"),
        [send(V5, both(qos0("b", "x"), "b", 1))]
    );

    let mut client = Client::connected_with(client_config(V5), connack(properties));
    assert_eq!(publish(&mut client, "a"), [send(V5, qos0("a", "x"))]);
}

/// [MQTT-3.3.2-10] [MQTT-3.3.2-12] Each alias from 1 to what was announced is taken, and resolved from then on.
#[test]
fn each_alias_up_to_the_announced_maximum_is_accepted() {
    let mut client = Client::connected(client_config(V5));
    let mut server = Server::connected(V5);
    for alias in 1..=16 {
        let name = format!("topic/{alias}");
        let (first, then) = (
            both(qos0(&name, "x"), &name, alias),
            short(qos0(&name, "y"), alias),
        );
        assert_eq!(client.receive(first), [deliver(&name, "x")]);
        assert_eq!(client.receive(then), [deliver(&name, "y")]);
        assert_eq!(server.receive(first), [deliver(&name, "x")]);
        assert_eq!(server.receive(then), [deliver(&name, "y")]);
    }
    // A new name for an alias replaces the old one.
    assert_eq!(
        server.receive(both(qos0("new", "x"), "new", 3)),
        [deliver("new", "x")]
    );
    assert_eq!(
        server.receive(short(qos1(1, "new", "y"), 3)),
        [deliver("new", "y"), send(V5, puback(1))]
    );
}

/// [MQTT-3.3.2-8] [MQTT-3.3.2-9] [MQTT-3.3.2-11] [often-wrong-1] [often-wrong-2] [5.0-2] An alias of 0 and one above the maximum end
/// the connection with 0x94, and one that stands for nothing with 0x82: at each QoS, with a topic or without, and each alias
/// where none is allowed. Nothing is kept of such a packet.
#[test]
fn an_alias_that_is_not_allowed_ends_the_connection() {
    let above = |value, maximum| {
        let alias = alias(value);
        CloseReason::Protocol(ProtocolError::TopicAliasInvalid { alias, maximum })
    };
    let unknown = CloseReason::Protocol(ProtocolError::UnknownTopicAlias { alias: alias(3) });
    let zero = CloseReason::Malformed(DecodeError::PropertyValue {
        property: Field::TopicAlias,
        value: 0,
    });
    for plain in [qos0("a", "x"), qos1(1, "a", "x"), qos2(1, "a", "x")] {
        let cases = [
            (
                16,
                encode(V5, &both(plain, "a", 17).into()),
                0x94,
                above(17, 16),
            ),
            (
                16,
                encode(V5, &short(plain, 17).into()),
                0x94,
                above(17, 16),
            ),
            (
                0,
                encode(V5, &both(plain, "a", 1).into()),
                0x94,
                above(1, 0),
            ),
            (0, encode(V5, &short(plain, 1).into()), 0x94, above(1, 0)),
            (16, encode(V5, &short(plain, 3).into()), 0x82, unknown),
            (16, of_alias_0(plain), 0x94, zero),
        ];
        for (maximum, bytes, byte, reason) in cases {
            let outs = [send(V5, disconnect(code(byte))), Out::Close(reason)];
            let mut client = Client::connected(ClientConfig {
                topic_alias_maximum: maximum,
                ..lasting(V5)
            });
            assert_eq!(client.receive_bytes(&bytes), outs);
            client.reconnect(true);
            assert_eq!(client.receive(plain)[0], deliver("a", "x"));

            let config = ServerConfig {
                topic_alias_maximum: maximum,
                ..ServerConfig::default()
            };
            let mut server = Server::connected_with(config, &connect(V5));
            assert_eq!(server.receive_bytes(&bytes), outs);
        }
    }
}

/// [MQTT-3.3.2-7] No alias outlives its connection: neither those that came in nor those that went out.
#[test]
fn aliases_end_with_the_connection() {
    let properties = ConnackProperties {
        topic_alias_maximum: Some(4),
        ..ConnackProperties::default()
    };
    let config = ClientConfig {
        outbound_topic_aliases: 4,
        ..lasting(V5)
    };
    let mut client = Client::connected_with(config, connack(properties));
    client.receive(both(qos0("in", "x"), "in", 1));
    assert_eq!(
        client.publish(message(QoS::AtLeastOnce, "a", "x")).1,
        [send(V5, both(qos1(1, "a", "x"), "a", 1))]
    );
    assert_eq!(
        client.publish(message(QoS::AtLeastOnce, "a", "y")).1,
        [send(V5, short(qos1(2, "a", "y"), 1))]
    );
    client.lose_connection();

    // What goes again has its name.
    let outs = client.reconnect_with(Connack {
        session_present: true,
        ..connack(properties)
    });
    assert_eq!(
        outs,
        [
            send(V5, again(qos1(1, "a", "x"))),
            send(V5, again(qos1(2, "a", "y")))
        ]
    );
    assert_eq!(
        client.publish(message(QoS::AtMostOnce, "a", "z")).1,
        [send(V5, both(qos0("a", "z"), "a", 1))]
    );
    let error = ProtocolError::UnknownTopicAlias { alias: alias(1) };
    assert_eq!(
        client.receive(short(qos0("in", "x"), 1)).last(),
        Some(&Out::Close(CloseReason::Protocol(error)))
    );

    let mut server = Server::connected(V5);
    server.receive(both(qos0("in", "x"), "in", 1));
    server.lose_connection();
    server.reconnect(&Connect {
        clean_start: false,
        ..connect(V5)
    });
    assert_eq!(
        server.receive(short(qos0("in", "x"), 1)).last(),
        Some(&Out::Close(CloseReason::Protocol(error)))
    );
}

/// [MQTT-3.1.2-27] [MQTT-3.2.2-18] [often-wrong-1] A maximum ends with its connection: where the next one has none, no alias
/// is used.
#[test]
fn no_topic_alias_maximum_is_kept_from_an_earlier_connection() {
    let properties = ConnackProperties {
        topic_alias_maximum: Some(4),
        ..ConnackProperties::default()
    };
    let config = ClientConfig {
        outbound_topic_aliases: 4,
        ..lasting(V5)
    };
    let mut client = Client::connected_with(config, connack(properties));
    client.publish(message(QoS::AtMostOnce, "a", "x"));
    client.lose_connection();
    client.reconnect(true);
    for _ in 0..2 {
        let (_, outs) = client.publish(message(QoS::AtMostOnce, "a", "x"));
        assert_eq!(outs, [send(V5, qos0("a", "x"))]);
    }

    let properties = ConnectProperties {
        topic_alias_maximum: Some(4),
        ..ConnectProperties::default()
    };
    let config = ServerConfig {
        outbound_topic_aliases: 4,
        ..ServerConfig::default()
    };
    let allowing = Connect {
        properties,
        ..connect(V5)
    };
    let mut server = Server::connected_with(config, &allowing);
    server.publish(message(QoS::AtMostOnce, "a", "x"));
    server.lose_connection();
    server.reconnect(&Connect {
        clean_start: false,
        ..connect(V5)
    });
    for _ in 0..2 {
        let (_, outs) = server.publish(message(QoS::AtMostOnce, "a", "x"));
        assert_eq!(outs, [send(V5, qos0("a", "x"))]);
    }
}

/// 3.x has no aliases, whatever is configured.
#[test]
fn there_are_no_aliases_in_3_x() {
    for version in [Version::V3_1, Version::V3_1_1] {
        let mut client = Client::connected(ClientConfig {
            outbound_topic_aliases: 4,
            ..client_config(version)
        });
        assert_eq!(
            client.publish(message(QoS::AtMostOnce, "a", "x")).1,
            [send(version, qos0("a", "x"))]
        );
    }
}

fn both<'a>(publish: Publish<'a>, name: &'a str, value: u16) -> Publish<'a> {
    Publish {
        topic: PublishTopic::Both(topic(name), alias(value)),
        ..publish
    }
}

fn short(publish: Publish<'_>, value: u16) -> Publish<'_> {
    Publish {
        topic: PublishTopic::Alias(alias(value)),
        ..publish
    }
}

/// With a Topic Alias of 1, which becomes 0.
fn of_alias_0(plain: Publish<'_>) -> Vec<u8> {
    let mut bytes = encode(V5, &both(plain, "a", 1).into());
    let at = bytes.windows(3).position(|it| it == [0x23, 0, 1]).unwrap();
    bytes[at + 2] = 0;
    bytes
}
