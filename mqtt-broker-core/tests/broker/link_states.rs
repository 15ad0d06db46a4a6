//! What a broker does with each packet in each state of a link, said or not by the standard: nothing is left out.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::table::{answer, assert_table};
use crate::harness::{World, auth, connect_as, disconnect, every_type, resuming, with_method};
use mqtt_broker_core::{Authentication, AuthenticationOutcome, Config, LinkId, Persistence};
use mqtt_codec::Version;
use mqtt_codec::reason_code::{AuthReasonCode, DisconnectReasonCode};

/// `-` nothing comes of it, `waits` it is not taken yet, `taken` a message is, `asked` who the client is; else what comes, in
/// order. `!` is a close: `!type` for an unexpected type, `!second` for a second CONNECT, `!turn`, `!method` and `!bare` for an
/// AUTH out of turn, of another method or without one, `!left` for a DISCONNECT. C and D are CONNACK and DISCONNECT with their
/// code.
const MQTT_5_0: &str = "
              | new       | deciding | asked           | storing | connected       | connected X     | again | asked again     | leaving | left | closed
type 0        | !reserved | waits    | !reserved       | waits   | D81 !reserved   | D81 !reserved   | waits | D81 !reserved   | -       | -    | -
CONNECT       | connected | waits    | !second         | waits   | D82 !second     | D82 !second     | waits | D82 !second     | -       | -    | -
CONNACK       | !type     | waits    | !type           | waits   | D82 !type       | D82 !type       | waits | D82 !type       | -       | -    | -
PUBLISH 0     | !type     | waits    | !type           | waits   | taken           | taken           | waits | taken           | -       | -    | -
PUBLISH 1     | !type     | waits    | !type           | waits   | taken PUBACK 10 | taken PUBACK 10 | waits | taken PUBACK 10 | -       | -    | -
PUBLISH 2     | !type     | waits    | !type           | waits   | taken PUBREC 10 | taken PUBREC 10 | waits | taken PUBREC 10 | -       | -    | -
PUBACK        | !type     | waits    | !type           | waits   | -               | -               | waits | -               | -       | -    | -
PUBREC        | !type     | waits    | !type           | waits   | PUBREL 92       | PUBREL 92       | waits | PUBREL 92       | -       | -    | -
PUBREL        | !type     | waits    | !type           | waits   | PUBCOMP 92      | PUBCOMP 92      | waits | PUBCOMP 92      | -       | -    | -
PUBCOMP       | !type     | waits    | !type           | waits   | -               | -               | waits | -               | -       | -    | -
SUBSCRIBE     | !type     | waits    | !type           | waits   | SUBACK 00       | SUBACK 00       | waits | SUBACK 00       | -       | -    | -
SUBACK        | !type     | waits    | !type           | waits   | D82 !type       | D82 !type       | waits | D82 !type       | -       | -    | -
UNSUBSCRIBE   | !type     | waits    | !type           | waits   | UNSUBACK 11     | UNSUBACK 11     | waits | UNSUBACK 11     | -       | -    | -
UNSUBACK      | !type     | waits    | !type           | waits   | D82 !type       | D82 !type       | waits | D82 !type       | -       | -    | -
PINGREQ       | !type     | waits    | !type           | waits   | PINGRESP        | PINGRESP        | waits | PINGRESP        | -       | -    | -
PINGRESP      | !type     | waits    | !type           | waits   | D82 !type       | D82 !type       | waits | D82 !type       | -       | -    | -
DISCONNECT    | !type     | waits    | !left 00        | waits   | !left 00        | !left 00        | waits | !left 00        | -       | -    | -
DISCONNECT 04 | !type     | waits    | !left 04        | waits   | !left 04        | !left 04        | waits | !left 04        | -       | -    | -
AUTH 00       | !type     | waits    | C82 !refused 82 | waits   | D82 !bare       | D82 !turn       | waits | D82 !turn       | -       | -    | -
AUTH 18       | !type     | waits    | pause asked     | waits   | D82 !bare       | D82 !turn       | waits | pause asked     | -       | -    | -
AUTH 19       | !type     | waits    | C82 !refused 82 | waits   | D82 !bare       | pause asked     | waits | D82 !turn       | -       | -    | -
AUTH Y        | !type     | waits    | C82 !refused 82 | waits   | D82 !bare       | D82 !method     | waits | D82 !method     | -       | -    | -
AUTH bare     | !type     | waits    | C82 !refused 82 | waits   | D82 !bare       | D82 !bare       | waits | D82 !bare       | -       | -    | -
";

const MQTT_3_X: &str = "
            | new        | deciding | storing | connected    | leaving | left | closed
type 0      | !reserved  | waits    | waits   | !reserved    | -       | -    | -
CONNECT     | connected  | waits    | waits   | !second      | -       | -    | -
CONNACK     | !malformed | waits    | waits   | !type        | -       | -    | -
PUBLISH 0   | !malformed | waits    | waits   | taken        | -       | -    | -
PUBLISH 1   | !malformed | waits    | waits   | taken PUBACK | -       | -    | -
PUBLISH 2   | !malformed | waits    | waits   | taken PUBREC | -       | -    | -
PUBACK      | !type      | waits    | waits   | -            | -       | -    | -
PUBREC      | !type      | waits    | waits   | PUBREL       | -       | -    | -
PUBREL      | !type      | waits    | waits   | PUBCOMP      | -       | -    | -
PUBCOMP     | !type      | waits    | waits   | -            | -       | -    | -
SUBSCRIBE   | !malformed | waits    | waits   | SUBACK 00    | -       | -    | -
SUBACK      | !malformed | waits    | waits   | !type        | -       | -    | -
UNSUBSCRIBE | !malformed | waits    | waits   | UNSUBACK     | -       | -    | -
UNSUBACK    | !malformed | waits    | waits   | !type        | -       | -    | -
PINGREQ     | !type      | waits    | waits   | PINGRESP     | -       | -    | -
PINGRESP    | !type      | waits    | waits   | !type        | -       | -    | -
DISCONNECT  | !type      | waits    | waits   | !left 00     | -       | -    | -
AUTH        | !type      | waits    | waits   | !reserved    | -       | -    | -
";

/// [MQTT-3.1.0-2] [MQTT-3.14.0-1] [MQTT-4.3.3-11] [MQTT-4.13.1-1] [often-wrong-23] A packet that the state does not allow
/// ends the connection: with DISCONNECT behind CONNACK, without it before. What only tells of an exchange that is not there
/// ends nothing.
#[test]
fn every_packet_has_its_answer_in_every_state_of_a_5_0_link() {
    let version = Version::V5_0;
    let states: [(&str, State); 11] = [
        ("new", new),
        ("deciding", deciding),
        ("asked", asked),
        ("storing", storing),
        ("connected", connected),
        ("connected X", connected_with_method),
        ("again", again),
        ("asked again", asked_again),
        ("leaving", leaving),
        ("left", left),
        ("closed", closed),
    ];
    assert_table(MQTT_5_0, &every_type(version), &states, |bytes, state| {
        let (mut world, link) = state(version);
        world.forget();
        answer(&mut world, link, bytes)
    });
}

/// [v3.1.1 MQTT-3.1.0-1] [v3.1.1 MQTT-3.1.0-2] [v3.1.1 MQTT-4.8.0-1] [often-wrong-23] The same without a word: 3.x has no
/// DISCONNECT of a server's.
#[test]
fn every_packet_has_its_answer_in_every_state_of_a_3_x_link() {
    let states: [(&str, State); 7] = [
        ("new", new),
        ("deciding", deciding),
        ("storing", storing),
        ("connected", connected),
        ("leaving", leaving),
        ("left", left),
        ("closed", closed),
    ];
    for version in [Version::V3_1, Version::V3_1_1] {
        assert_table(MQTT_3_X, &every_type(version), &states, |bytes, state| {
            let (mut world, link) = state(version);
            world.forget();
            answer(&mut world, link, bytes)
        });
    }
}

type State = fn(Version) -> (World, LinkId);

/// Nothing came.
fn new(version: Version) -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let link = world.link();
    world.speaks(link, version);
    (world, link)
}

/// It is asked who the client is.
fn deciding(version: Version) -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let link = world.link_from(Authentication::Ask);
    world.send(link, connect_as(version, "a"));
    (world, link)
}

fn deciding_with_method() -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let link = world.link_from(Authentication::Ask);
    world.send(link, with_method("a", "X"));
    (world, link)
}

/// AUTH was sent.
fn asked(_: Version) -> (World, LinkId) {
    let (mut world, link) = deciding_with_method();
    world.authenticated(link, AuthenticationOutcome::Continue { data: Vec::new() });
    (world, link)
}

/// CONNACK waits for the store.
fn storing(version: Version) -> (World, LinkId) {
    let mut world = World::new(Config {
        persistence: Persistence::Store,
        ..Config::default()
    });
    let link = world.link();
    world.send(link, resuming(version, "a", 60));
    assert_eq!(world.persists.len(), 1);
    (world, link)
}

fn connected(version: Version) -> (World, LinkId) {
    let mut world = World::new(Config::default());
    let link = world.connect(connect_as(version, "a"));
    (world, link)
}

fn connected_with_method(_: Version) -> (World, LinkId) {
    let (mut world, link) = deciding_with_method();
    world.authenticated(link, accepted());
    (world, link)
}

/// The client has sent AUTH 0x19.
fn again(version: Version) -> (World, LinkId) {
    let (mut world, link) = connected_with_method(version);
    world.send(link, auth(AuthReasonCode::ReAuthenticate, "X", ""));
    (world, link)
}

/// It is asked for more.
fn asked_again(version: Version) -> (World, LinkId) {
    let (mut world, link) = again(version);
    world.authenticated(link, AuthenticationOutcome::Continue { data: Vec::new() });
    (world, link)
}

/// DISCONNECT came, and what it changes is not durable yet.
fn leaving(version: Version) -> (World, LinkId) {
    let (mut world, link) = storing(version);
    let (position, _) = world.persists.remove(0);
    world.persisted(position);
    world.send(link, disconnect(DisconnectReasonCode::Success));
    assert_eq!(world.persists.len(), 1);
    (world, link)
}

/// The client has ended the connection.
fn left(version: Version) -> (World, LinkId) {
    let (mut world, link) = connected(version);
    world.send(link, disconnect(DisconnectReasonCode::Success));
    (world, link)
}

/// The broker has ended the connection.
fn closed(version: Version) -> (World, LinkId) {
    let (mut world, link) = connected(version);
    let reason = DisconnectReasonCode::AdministrativeAction;
    world.broker.disconnect(world.now, link, reason);
    world.settle();
    (world, link)
}

fn accepted() -> AuthenticationOutcome {
    AuthenticationOutcome::Accepted {
        principal: None,
        data: None,
    }
}
