//! MQTT 5.0 §4.12 and §3.15: enhanced authentication and re-authentication, with AUTH.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Auth, AuthProperties, Connack, ConnackProperties};
use mqtt_codec::reason_code::{AuthReasonCode, ConnectReasonCode, DisconnectReasonCode};
use mqtt_codec::{Binary, Text, Version};
use mqtt_session::client::Event as ClientEvent;
use mqtt_session::server::{Accept, Config as ServerConfig, Event as ServerEvent};
use mqtt_session::{AuthenticateError, CloseReason, ProtocolError};

const V5: Version = Version::V5_0;

/// [MQTT-4.12.0-2] [MQTT-4.12.0-3] [MQTT-4.12.0-5] [often-wrong-36] An exchange of any length: each AUTH has code 0x18
/// and the method of CONNECT, and so has the CONNACK.
#[test]
fn both_ends_authenticate_step_by_step() {
    let mut client = Client::new(authenticating("SCRAM"));
    let mut server = Server::new(ServerConfig::default(), V5);
    let outs = client.connect();
    let [Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    server.machine.handle_connected(server.now);
    let outs = server.receive_bytes(&sent.bytes);
    let [Out::Server(ServerEvent::Connect(request)), Out::Pause] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(request.authentication_method, Some(text("SCRAM")));
    assert_eq!(
        request.authentication_data.as_deref(),
        Some(&b"client first"[..])
    );

    for (question, answer) in [
        ("server first", "client final"),
        ("once more", "as you wish"),
    ] {
        server
            .machine
            .authenticate(server.now, Some(question.as_bytes()))
            .unwrap();
        let asked = auth(0x18, "SCRAM", question);
        assert_eq!(server.drain(), [Out::Resume, send(V5, asked)]);
        let data = Some(question.into());
        assert_eq!(
            client.receive(asked),
            [Out::Client(ClientEvent::Authenticate { data })]
        );

        client
            .machine
            .authenticate(client.now, Some(answer.as_bytes()))
            .unwrap();
        let answered = auth(0x18, "SCRAM", answer);
        assert_eq!(client.drain(), [send(V5, answered)]);
        let data = Some(answer.into());
        assert_eq!(
            server.receive(answered),
            [Out::Server(ServerEvent::Authenticate { data }), Out::Pause]
        );
    }

    let authentication_data = Binary::new(b"server final").ok();
    let outs = server.accept(Accept {
        authentication_data,
        ..Accept::default()
    });
    let [Out::Resume, Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    let outs = client.receive_bytes(&sent.bytes);
    let [Out::Client(ClientEvent::Connected(connected))] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(
        connected.authentication_data.as_deref(),
        Some(&b"server final"[..])
    );
}

/// [MQTT-4.12.0-1] [MQTT-4.12.0-4] A server that does not want the method, or is not convinced, says so in CONNACK and
/// closes.
#[test]
fn a_server_can_end_the_exchange_with_a_refusal() {
    for (steps, reason) in [
        (0, ConnectReasonCode::BadAuthenticationMethod),
        (1, ConnectReasonCode::NotAuthorized),
    ] {
        let mut server = Server::new(ServerConfig::default(), V5);
        server.open(&with_method("X"));
        for _ in 0..steps {
            server.machine.authenticate(server.now, None).unwrap();
            server.receive(auth(0x18, "X", ""));
        }
        server.drain();
        server
            .machine
            .refuse(server.now, reason, ConnackProperties::default())
            .unwrap();
        let refusal = send(
            V5,
            Connack {
                reason_code: reason,
                ..accepted()
            },
        );
        assert_eq!(
            server.drain(),
            [refusal, Out::Close(CloseReason::Refused(reason))]
        );
    }
}

/// [MQTT-4.12.0-5] [often-wrong-36] [5.0-2] Another method than CONNECT's, or none, in AUTH or CONNACK breaks the
/// rules at both ends.
#[test]
fn the_method_stays_the_same() {
    let changed = Out::Close(CloseReason::Protocol(ProtocolError::AuthMethodChanged));
    let missing = Out::Close(CloseReason::Protocol(ProtocolError::AuthWithoutMethod));
    let bare = Auth {
        reason_code: AuthReasonCode::ContinueAuthentication,
        properties: AuthProperties::default(),
    };
    for (packet, close) in [(auth(0x18, "Y", ""), &changed), (bare, &missing)] {
        let mut client = Client::new(authenticating("X"));
        client.connect();
        assert_eq!(client.receive(packet).last(), Some(close));

        let mut server = Server::new(ServerConfig::default(), V5);
        server.open(&with_method("X"));
        server.machine.authenticate(server.now, None).unwrap();
        server.drain();
        let refusal = send(
            V5,
            Connack {
                reason_code: ConnectReasonCode::ProtocolError,
                ..accepted()
            },
        );
        let outs = server.receive(packet);
        assert_eq!(outs[0], refusal);
        assert_eq!(outs.last(), Some(close));
    }
    for method in [None, Some("Y")] {
        let mut client = Client::new(authenticating("X"));
        client.connect();
        let authentication_method = method.map(|method| Text::new(method).unwrap());
        let packet = connack(ConnackProperties {
            authentication_method,
            ..ConnackProperties::default()
        });
        assert_eq!(client.receive(packet).last(), Some(&changed));
    }
}

/// [MQTT-4.12.0-6] [MQTT-4.12.0-7] Where CONNECT had no method neither end sends AUTH, CONNACK has none, and an AUTH breaks
/// the rules.
#[test]
fn without_a_method_there_is_no_auth() {
    let mut server = Server::new(ServerConfig::default(), V5);
    server.open(&connect(V5));
    assert_eq!(
        server.machine.authenticate(server.now, None),
        Err(AuthenticateError::NoMethod)
    );
    let authentication_data = Binary::new(b"data").ok();
    let outs = server.accept(Accept {
        authentication_data,
        ..Accept::default()
    });
    let [Out::Resume, Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    let (packet, _) = mqtt_codec::decode(V5, &limits(), &sent.bytes)
        .unwrap()
        .unwrap();
    let mqtt_codec::Packet::Connack(connack) = packet else {
        panic!("{packet:?}")
    };
    assert_eq!(connack.properties.authentication_method, None);
    assert_eq!(connack.properties.authentication_data, None);
    let close = Out::Close(CloseReason::Protocol(ProtocolError::AuthWithoutMethod));
    assert_eq!(server.receive(auth(0x19, "X", "")).last(), Some(&close));

    let mut client = Client::connected(client_config(V5));
    assert_eq!(
        client.machine.authenticate(client.now, None),
        Err(AuthenticateError::NoMethod)
    );
    assert_eq!(
        client.machine.reauthenticate(client.now, None),
        Err(AuthenticateError::NoMethod)
    );
    assert_eq!(client.drain(), []);
    assert_eq!(client.receive(auth(0x18, "X", "")).last(), Some(&close));
}

/// [MQTT-4.12.1-1] Only behind CONNACK is there something to authenticate again.
#[test]
fn nobody_authenticates_again_before_connack() {
    let mut client = Client::new(authenticating("X"));
    client.connect();
    assert_eq!(
        client.machine.reauthenticate(client.now, None),
        Err(AuthenticateError::NotConnected)
    );
    assert_eq!(client.drain(), []);
}

/// [MQTT-4.12.1-1] Re-authentication begins with AUTH 0x19 of the client, uses the method of CONNECT, ends with AUTH 0x00, and
/// does not disturb anything else.
#[test]
fn a_client_can_authenticate_again() {
    let (mut client, mut server) = authenticated();
    client
        .machine
        .reauthenticate(client.now, Some(b"again"))
        .unwrap();
    assert_eq!(client.drain(), [send(V5, auth(0x19, "X", "again"))]);
    assert_eq!(
        client.machine.reauthenticate(client.now, None),
        Err(AuthenticateError::NotOurTurn)
    );
    let outs = server.receive(auth(0x19, "X", "again"));
    assert_eq!(
        outs,
        [Out::Server(ServerEvent::Reauthenticate {
            data: Some("again".into())
        })]
    );

    assert_eq!(
        client.receive(qos1(1, "a", "x")),
        [deliver("a", "x"), send(V5, puback(1))]
    );
    assert_eq!(
        server.receive(qos1(1, "a", "x")),
        [deliver("a", "x"), send(V5, puback(1))]
    );

    server
        .machine
        .authenticate(server.now, Some(b"why"))
        .unwrap();
    assert_eq!(server.drain(), [send(V5, auth(0x18, "X", "why"))]);
    let outs = client.receive(auth(0x18, "X", "why"));
    assert_eq!(
        outs,
        [Out::Client(ClientEvent::Authenticate {
            data: Some("why".into())
        })]
    );
    client
        .machine
        .authenticate(client.now, Some(b"so"))
        .unwrap();
    client.drain();
    let outs = server.receive(auth(0x18, "X", "so"));
    assert_eq!(
        outs,
        [Out::Server(ServerEvent::Authenticate {
            data: Some("so".into())
        })]
    );

    server.machine.reauthenticated(server.now, None).unwrap();
    let outs = server.drain();
    let [Out::Send(sent)] = outs.as_slice() else {
        panic!("{outs:?}")
    };
    assert_eq!(
        client.receive_bytes(&sent.bytes),
        [Out::Client(ClientEvent::Reauthenticated { data: None })]
    );
    client.machine.reauthenticate(client.now, None).unwrap();
}

/// [MQTT-4.12.1-2] A re-authentication that fails ends the connection, with a reason.
#[test]
fn a_failed_reauthentication_ends_the_connection() {
    let (_, mut server) = authenticated();
    server.receive(auth(0x19, "X", ""));
    server
        .machine
        .disconnect(server.now, disconnect(DisconnectReasonCode::NotAuthorized))
        .unwrap();
    let goodbye = send(V5, disconnect(DisconnectReasonCode::NotAuthorized));
    assert_eq!(
        server.drain(),
        [goodbye, Out::Close(CloseReason::Requested)]
    );

    let (mut client, _) = authenticated();
    client.machine.reauthenticate(client.now, None).unwrap();
    client.drain();
    let reason = DisconnectReasonCode::NotAuthorized;
    let outs = client.receive(disconnect(reason));
    assert_eq!(
        outs.last(),
        Some(&Out::Close(CloseReason::PeerDisconnected { reason }))
    );

    // Who is not convinced may be the client.
    let (mut client, _) = authenticated();
    client.machine.reauthenticate(client.now, None).unwrap();
    client.drain();
    client.receive(auth(0x18, "X", "not what the server would say"));
    let reason = disconnect(DisconnectReasonCode::UnspecifiedError);
    client.machine.disconnect(client.now, reason).unwrap();
    assert_eq!(
        client.drain(),
        [send(V5, reason), Out::Close(CloseReason::Requested)]
    );
}

/// While the server decides about an AUTH, nothing more is taken.
#[test]
fn a_server_takes_one_auth_at_a_time() {
    let mut server = Server::new(ServerConfig::default(), V5);
    server.open(&with_method("X"));
    server.machine.authenticate(server.now, None).unwrap();
    server.drain();
    let bytes = encode(V5, &auth(0x18, "X", "").into());
    let both = bytes.repeat(2);
    assert_eq!(server.machine.handle_bytes(server.now, &both), bytes.len());
    server.drain();
    assert_eq!(server.machine.handle_bytes(server.now, &bytes), 0);
}
