//! MQTT 5.0 §3.2.2: what the caller of a server has said stands in CONNACK, and reaches the application of the client.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connack, ConnackProperties, Connect, ConnectProperties};
use mqtt_codec::property::UserProperties;
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_codec::{Binary, ClientId, Text, Version};
use mqtt_session::CloseReason;
use mqtt_session::client::{Event as ClientEvent, Refusal};
use mqtt_session::server::{Accept, Config as ServerConfig};

/// All of it in 5.0 and nothing in 3.x; what the client asked for stands where it asked.
#[test]
fn an_accepting_connack_says_what_the_caller_said() {
    let pairs = pairs();
    for version in VERSIONS {
        let mut server = Server::new(ServerConfig::default(), version);
        server.open(&asking(version));
        let outs = server.accept(Accept {
            session: None,
            session_expiry_interval: Some(7),
            server_keep_alive: Some(8),
            assigned_client_id: ClientId::new("assigned").ok(),
            response_information: Text::new("responses").ok(),
            server_reference: Text::new("elsewhere").ok(),
            authentication_data: Binary::new(b"data").ok(),
            reason_string: Text::new("because").ok(),
            user_properties: UserProperties::new(&pairs),
        });
        let properties = ConnackProperties {
            session_expiry_interval: Some(7),
            server_keep_alive: Some(8),
            assigned_client_identifier: Text::new("assigned").ok(),
            response_information: Text::new("responses").ok(),
            server_reference: Text::new("elsewhere").ok(),
            authentication_method: Text::new("X").ok(),
            authentication_data: Binary::new(b"data").ok(),
            reason_string: Text::new("because").ok(),
            user_properties: UserProperties::new(&pairs),
            ..announced()
        };
        let expected = match version {
            Version::V5_0 => connack(properties),
            Version::V3_1 | Version::V3_1_1 => accepted(),
        };
        assert_eq!(outs, [Out::Resume, send(version, expected)]);
    }
}

/// Of what CONNACK can say a refusal has the reasons only, and they reach the application.
#[test]
fn a_refusing_connack_says_what_the_caller_said() {
    let pairs = pairs();
    let reason_code = ConnectReasonCode::UseAnotherServer;
    let reasons = ConnackProperties {
        reason_string: Text::new("because").ok(),
        server_reference: Text::new("elsewhere").ok(),
        user_properties: UserProperties::new(&pairs),
        ..ConnackProperties::default()
    };
    let all = ConnackProperties {
        session_expiry_interval: Some(7),
        server_keep_alive: Some(8),
        topic_alias_maximum: Some(9),
        ..reasons
    };
    let version = Version::V5_0;
    let mut server = Server::new(ServerConfig::default(), version);
    server.open(&connect(version));
    server.machine.refuse(server.now, reason_code, all).unwrap();
    let refusal = Connack {
        reason_code,
        ..connack(reasons)
    };
    let close = || Out::Close(CloseReason::Refused(reason_code));
    assert_eq!(server.drain(), [send(version, refusal), close()]);

    let mut client = Client::new(client_config(version));
    client.connect();
    let refused = ClientEvent::Refused(Box::new(Refusal {
        reason: reason_code,
        reason_string: Some(text("because")),
        server_reference: Some(text("elsewhere")),
        user_properties: UserProperties::new(&pairs).into(),
    }));
    let outs = client.receive(refusal);
    assert_eq!(outs, [Out::Client(refused), close()]);
}

/// A client that asks for all that a server may answer.
fn asking(version: Version) -> Connect<'static> {
    let properties = ConnectProperties {
        authentication_method: Text::new("X").ok(),
        request_response_information: Some(true),
        ..ConnectProperties::default()
    };
    match version {
        Version::V5_0 => Connect {
            properties,
            client_id: ClientId::EMPTY,
            ..connect(version)
        },
        Version::V3_1 | Version::V3_1_1 => connect(version),
    }
}

fn pairs() -> [(Text<'static>, Text<'static>); 1] {
    [(Text::new("name").unwrap(), Text::new("value").unwrap())]
}
