//! What a server does with each packet in each state of a connection, said or not by the standard: nothing is left out.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use mqtt_codec::Version;
use mqtt_session::server::Config as ServerConfig;

use crate::support::packets::*;
use crate::support::table::{answer, assert_table};
use crate::support::*;

/// `-` nothing comes of it, `waits` it is not taken yet, `counted` it is counted as an acknowledgement of nothing; else what
/// comes, in order. `!` is a close: `!type` for an unexpected type, `!second` for a second CONNECT, `!turn`, `!method` and
/// `!bare` for an AUTH out of turn, of another method or without one, `!left` for a DISCONNECT. C and D are CONNACK and
/// DISCONNECT with their code.
const MQTT_5_0: &str = "
            | new            | deciding | asked         | connected     | connected X   | again         | asked again   | closed | left
type 0      | !reserved      | waits    | C81 !reserved | D81 !reserved | D81 !reserved | D81 !reserved | D81 !reserved | -      | -
CONNECT     | connect? pause | waits    | C82 !second   | D82 !second   | D82 !second   | D82 !second   | D82 !second   | -      | -
CONNACK     | !type          | waits    | C82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
PUBLISH 0   | !type          | waits    | C82 !type     | taken         | taken         | taken         | taken         | -      | -
PUBLISH 1   | !type          | waits    | C82 !type     | taken PUBACK  | taken PUBACK  | taken PUBACK  | taken PUBACK  | -      | -
PUBLISH 2   | !type          | waits    | C82 !type     | taken PUBREC  | taken PUBREC  | taken PUBREC  | taken PUBREC  | -      | -
PUBACK      | !type          | waits    | C82 !type     | counted       | counted       | counted       | counted       | -      | -
PUBREC      | !type          | waits    | C82 !type     | PUBREL 92     | PUBREL 92     | PUBREL 92     | PUBREL 92     | -      | -
PUBREL      | !type          | waits    | C82 !type     | PUBCOMP 92    | PUBCOMP 92    | PUBCOMP 92    | PUBCOMP 92    | -      | -
PUBCOMP     | !type          | waits    | C82 !type     | counted       | counted       | counted       | counted       | -      | -
SUBSCRIBE   | !type          | waits    | C82 !type     | subscribe?    | subscribe?    | subscribe?    | subscribe?    | -      | -
SUBACK      | !type          | waits    | C82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
UNSUBSCRIBE | !type          | waits    | C82 !type     | unsubscribe?  | unsubscribe?  | unsubscribe?  | unsubscribe?  | -      | -
UNSUBACK    | !type          | waits    | C82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
PINGREQ     | !type          | waits    | C82 !type     | PINGRESP      | PINGRESP      | PINGRESP      | PINGRESP      | -      | -
PINGRESP    | !type          | waits    | C82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
DISCONNECT  | !type          | waits    | !left 00      | told !left 00 | told !left 00 | told !left 00 | told !left 00 | -      | -
CONNACK X   | !type          | waits    | C82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
AUTH 00     | !type          | waits    | C82 !turn     | D82 !bare     | D82 !turn     | D82 !turn     | D82 !turn     | -      | -
AUTH 18     | !type          | waits    | auth? pause   | D82 !bare     | D82 !turn     | D82 !turn     | auth?         | -      | -
AUTH 19     | !type          | waits    | C82 !turn     | D82 !bare     | again?        | D82 !turn     | D82 !turn     | -      | -
AUTH Y      | !type          | waits    | C82 !method   | D82 !bare     | D82 !method   | D82 !method   | D82 !method   | -      | -
AUTH bare   | !type          | waits    | C82 !bare     | D82 !bare     | D82 !bare     | D82 !bare     | D82 !bare     | -      | -
";

const MQTT_3_X: &str = "
            | new            | deciding | connected     | closed | left
type 0      | !reserved      | waits    | !reserved     | -      | -
CONNECT     | connect? pause | waits    | !second       | -      | -
CONNACK     | !type          | waits    | !type         | -      | -
PUBLISH 0   | !type          | waits    | taken         | -      | -
PUBLISH 1   | !type          | waits    | taken PUBACK  | -      | -
PUBLISH 2   | !type          | waits    | taken PUBREC  | -      | -
PUBACK      | !type          | waits    | counted       | -      | -
PUBREC      | !type          | waits    | PUBREL        | -      | -
PUBREL      | !type          | waits    | PUBCOMP       | -      | -
PUBCOMP     | !type          | waits    | counted       | -      | -
SUBSCRIBE   | !type          | waits    | subscribe?    | -      | -
SUBACK      | !type          | waits    | !type         | -      | -
UNSUBSCRIBE | !type          | waits    | unsubscribe?  | -      | -
UNSUBACK    | !type          | waits    | !type         | -      | -
PINGREQ     | !type          | waits    | PINGRESP      | -      | -
PINGRESP    | !type          | waits    | !type         | -      | -
DISCONNECT  | !type          | waits    | told !left 00 | -      | -
AUTH        | !type          | waits    | !reserved     | -      | -
";

/// [MQTT-3.1.0-2] [MQTT-3.14.0-1] [MQTT-4.3.3-11] [MQTT-4.13.1-1] [often-wrong-23] A packet that the state does not allow
/// ends the connection: with DISCONNECT behind CONNACK, with a refusing CONNACK before it, without a word before CONNECT.
/// What only tells of an exchange that is not there ends nothing.
#[test]
fn every_packet_has_its_answer_in_every_state_of_a_5_0_connection() {
    let states: [(&str, State); 9] = [
        ("new", new),
        ("deciding", deciding),
        ("asked", asked),
        ("connected", Server::connected),
        ("connected X", |_| authenticated().1),
        ("again", again),
        ("asked again", asked_again),
        ("closed", closed),
        ("left", left),
    ];
    let version = Version::V5_0;
    assert_table(MQTT_5_0, &every_type(version), &states, |bytes, state| {
        answer(&mut state(version), bytes)
    });
}

/// [v3.1.1 MQTT-3.1.0-2] [v3.1.1 MQTT-4.8.0-1] [often-wrong-23] The same without a word: 3.x has no DISCONNECT of a server's.
#[test]
fn every_packet_has_its_answer_in_every_state_of_a_3_x_connection() {
    let states: [(&str, State); 5] = [
        ("new", new),
        ("deciding", deciding),
        ("connected", Server::connected),
        ("closed", closed),
        ("left", left),
    ];
    for version in [Version::V3_1, Version::V3_1_1] {
        assert_table(MQTT_3_X, &every_type(version), &states, |bytes, state| {
            answer(&mut state(version), bytes)
        });
    }
}

type State = fn(Version) -> Server;

/// There is a network connection, and nothing came.
fn new(version: Version) -> Server {
    let mut server = Server::new(ServerConfig::default(), version);
    server.machine.handle_connected(server.now);
    server
}

/// CONNECT waits for its answer.
fn deciding(version: Version) -> Server {
    let mut server = Server::new(ServerConfig::default(), version);
    server.open(&connect(version));
    server
}

/// The server has sent AUTH.
fn asked(version: Version) -> Server {
    let mut server = Server::new(ServerConfig::default(), version);
    server.open(&with_method("X"));
    server.machine.authenticate(server.now, None).unwrap();
    server.drain();
    server
}

/// The client has sent AUTH 0x19.
fn again(_: Version) -> Server {
    let (_, mut server) = authenticated();
    server.receive(auth(0x19, "X", ""));
    server
}

/// The server has answered with AUTH 0x18.
fn asked_again(version: Version) -> Server {
    let mut server = again(version);
    server.machine.authenticate(server.now, None).unwrap();
    server.drain();
    server
}

/// The server has ended the connection.
fn closed(version: Version) -> Server {
    let mut server = Server::connected(version);
    server
        .machine
        .disconnect(server.now, disconnect(code(0)))
        .unwrap();
    server.drain();
    server
}

/// The client has ended the connection.
fn left(version: Version) -> Server {
    let mut server = Server::connected(version);
    server.receive(disconnect(code(0)));
    server
}
