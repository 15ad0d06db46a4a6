//! MQTT 5.0 §3.1: what CONNECT says reaches who decides about it. MQTT 3.1.1 §3.1.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::packets::*;
use crate::support::*;
use mqtt_codec::packet::{Connect, ConnectProperties, Will, WillBuf, WillProperties};
use mqtt_codec::property::UserProperties;
use mqtt_codec::{Binary, QoS, Text, Version};
use mqtt_session::Password;
use mqtt_session::server::{Config as ServerConfig, ConnectRequest, Event};

/// All of it, and in 3.x what there is: there the session is kept for ever, or not at all.
#[test]
fn the_caller_learns_what_connect_says() {
    let pairs = [(Text::new("name").unwrap(), Text::new("value").unwrap())];
    let user_properties = UserProperties::new(&pairs);
    let will = Will {
        qos: QoS::AtLeastOnce,
        retain: true,
        topic: topic("will"),
        payload: Binary::new(b"gone").unwrap(),
        properties: WillProperties::default(),
    };
    for version in VERSIONS {
        for clean_start in [true, false] {
            for asked in [None, Some(false), Some(true)] {
                let properties = ConnectProperties {
                    session_expiry_interval: Some(7),
                    request_response_information: asked,
                    user_properties,
                    authentication_method: Text::new("X").ok(),
                    authentication_data: Binary::new(b"data").ok(),
                    ..ConnectProperties::default()
                };
                let mut server = Server::new(ServerConfig::default(), version);
                let outs = server.open(&Connect {
                    clean_start,
                    keep_alive: 9,
                    properties,
                    will: Some(will),
                    user_name: Text::new("user").ok(),
                    password: Binary::new(b"secret").ok(),
                    ..connect(version)
                });
                let mut request = ConnectRequest {
                    version,
                    bridge: false,
                    client_id: connect(version).client_id.into(),
                    clean_start,
                    session_expiry_interval: 7,
                    keep_alive: 9,
                    user_name: Some(text("user")),
                    password: Password::new("secret").ok(),
                    will: Some(WillBuf::from(&will)),
                    request_response_information: asked == Some(true),
                    user_properties: user_properties.into(),
                    authentication_method: Some(text("X")),
                    authentication_data: Some("data".into()),
                };
                if version != Version::V5_0 {
                    request.session_expiry_interval = if clean_start { 0 } else { u32::MAX };
                    request.request_response_information = false;
                    request.user_properties = UserProperties::EMPTY.into();
                    request.authentication_method = None;
                    request.authentication_data = None;
                }
                let event = Event::Connect(Box::new(request));
                assert_eq!(outs, [Out::Server(event), Out::Pause]);
            }
        }
    }
}
