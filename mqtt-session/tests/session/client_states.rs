//! What a client does with each packet in each state of a connection, said or not by the standard: nothing is left out.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use mqtt_codec::Version;

use crate::support::packets::*;
use crate::support::table::{answer, assert_table};
use crate::support::*;

/// The words are those of `server_states.rs`.
const MQTT_5_0: &str = "
            | sent          | sent X        | asked         | connected     | connected X   | again         | asked again   | closed | left
type 0      | D81 !reserved | D81 !reserved | D81 !reserved | D81 !reserved | D81 !reserved | D81 !reserved | D81 !reserved | -      | -
CONNECT     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
CONNACK     | connected     | D82 !method   | D82 !method   | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
PUBLISH 0   | D82 !type     | D82 !type     | D82 !type     | taken         | taken         | taken         | taken         | -      | -
PUBLISH 1   | D82 !type     | D82 !type     | D82 !type     | taken PUBACK  | taken PUBACK  | taken PUBACK  | taken PUBACK  | -      | -
PUBLISH 2   | D82 !type     | D82 !type     | D82 !type     | taken PUBREC  | taken PUBREC  | taken PUBREC  | taken PUBREC  | -      | -
PUBACK      | D82 !type     | D82 !type     | D82 !type     | counted       | counted       | counted       | counted       | -      | -
PUBREC      | D82 !type     | D82 !type     | D82 !type     | PUBREL 92     | PUBREL 92     | PUBREL 92     | PUBREL 92     | -      | -
PUBREL      | D82 !type     | D82 !type     | D82 !type     | PUBCOMP 92    | PUBCOMP 92    | PUBCOMP 92    | PUBCOMP 92    | -      | -
PUBCOMP     | D82 !type     | D82 !type     | D82 !type     | counted       | counted       | counted       | counted       | -      | -
SUBSCRIBE   | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
SUBACK      | D82 !type     | D82 !type     | D82 !type     | D82 !unasked  | D82 !unasked  | D82 !unasked  | D82 !unasked  | -      | -
UNSUBSCRIBE | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
UNSUBACK    | D82 !type     | D82 !type     | D82 !type     | D82 !unasked  | D82 !unasked  | D82 !unasked  | D82 !unasked  | -      | -
PINGREQ     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
PINGRESP    | D82 !type     | D82 !type     | D82 !type     | -             | -             | -             | -             | -      | -
DISCONNECT  | D82 !type     | D82 !type     | D82 !type     | told !left 00 | told !left 00 | told !left 00 | told !left 00 | -      | -
CONNACK X   | D82 !method   | connected     | connected     | D82 !type     | D82 !type     | D82 !type     | D82 !type     | -      | -
AUTH 00     | D82 !bare     | D82 !turn     | D82 !turn     | D82 !bare     | D82 !turn     | authenticated | D82 !turn     | -      | -
AUTH 18     | D82 !bare     | auth?         | D82 !turn     | D82 !bare     | D82 !turn     | auth?         | D82 !turn     | -      | -
AUTH 19     | D82 !bare     | D82 !turn     | D82 !turn     | D82 !bare     | D82 !turn     | D82 !turn     | D82 !turn     | -      | -
AUTH Y      | D82 !bare     | D82 !method   | D82 !method   | D82 !bare     | D82 !method   | D82 !method   | D82 !method   | -      | -
AUTH bare   | D82 !bare     | D82 !bare     | D82 !bare     | D82 !bare     | D82 !bare     | D82 !bare     | D82 !bare     | -      | -
";

const MQTT_3_X: &str = "
            | sent      | connected    | closed | lost
type 0      | !reserved | !reserved    | -      | -
CONNECT     | !type     | !type        | -      | -
CONNACK     | connected | !type        | -      | -
PUBLISH 0   | !type     | taken        | -      | -
PUBLISH 1   | !type     | taken PUBACK | -      | -
PUBLISH 2   | !type     | taken PUBREC | -      | -
PUBACK      | !type     | counted      | -      | -
PUBREC      | !type     | PUBREL       | -      | -
PUBREL      | !type     | PUBCOMP      | -      | -
PUBCOMP     | !type     | counted      | -      | -
SUBSCRIBE   | !type     | !type        | -      | -
SUBACK      | !type     | !unasked     | -      | -
UNSUBSCRIBE | !type     | !type        | -      | -
UNSUBACK    | !type     | !unasked     | -      | -
PINGREQ     | !type     | !type        | -      | -
PINGRESP    | !type     | -            | -      | -
DISCONNECT  | !type     | !type        | -      | -
AUTH        | !reserved | !reserved    | -      | -
";

/// [MQTT-4.12.0-5] [often-wrong-23] [often-wrong-36] A packet that the state does not allow ends the connection with
/// DISCONNECT, and so does a CONNACK without the Authentication Method of CONNECT, or with one where CONNECT had none.
#[test]
fn every_packet_has_its_answer_in_every_state_of_a_5_0_connection() {
    let states: [(&str, State); 9] = [
        ("sent", sent),
        ("sent X", sent_with_method),
        ("asked", asked),
        ("connected", connected),
        ("connected X", |_| authenticated().0),
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

/// [v3.1.1 MQTT-4.8.0-1] [often-wrong-23] The same without a word: a DISCONNECT of 3.x would drop the Will.
#[test]
fn every_packet_has_its_answer_in_every_state_of_a_3_x_connection() {
    let states: [(&str, State); 4] = [
        ("sent", sent),
        ("connected", connected),
        ("closed", closed),
        ("lost", lost),
    ];
    for version in [Version::V3_1, Version::V3_1_1] {
        assert_table(MQTT_3_X, &every_type(version), &states, |bytes, state| {
            answer(&mut state(version), bytes)
        });
    }
}

type State = fn(Version) -> Client;

/// CONNECT was sent.
fn sent(version: Version) -> Client {
    let mut client = Client::new(client_config(version));
    client.connect();
    client
}

/// CONNECT was sent with an Authentication Method.
fn sent_with_method(_: Version) -> Client {
    let mut client = Client::new(authenticating("X"));
    client.connect();
    client
}

/// The server has sent AUTH.
fn asked(version: Version) -> Client {
    let mut client = sent_with_method(version);
    client.receive(auth(0x18, "X", ""));
    client
}

fn connected(version: Version) -> Client {
    Client::connected(client_config(version))
}

/// The client has sent AUTH 0x19.
fn again(_: Version) -> Client {
    let (mut client, _) = authenticated();
    client.machine.reauthenticate(client.now, None).unwrap();
    client.drain();
    client
}

/// The server has answered with AUTH 0x18.
fn asked_again(version: Version) -> Client {
    let mut client = again(version);
    client.receive(auth(0x18, "X", ""));
    client
}

/// The client has ended the connection.
fn closed(version: Version) -> Client {
    let mut client = connected(version);
    client
        .machine
        .disconnect(client.now, disconnect(code(0)))
        .unwrap();
    client.drain();
    client
}

/// The server has ended the connection.
fn left(version: Version) -> Client {
    let mut client = connected(version);
    client.receive(disconnect(code(0)));
    client
}

/// The network has ended the connection.
fn lost(version: Version) -> Client {
    let mut client = connected(version);
    client.lose_connection();
    client
}
