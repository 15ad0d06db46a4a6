//! Acknowledgements of what the broker has sent: those that fit, come twice, are of the wrong kind or for nothing. MQTT 5.0
//! §4.3, §4.13.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

use std::num::NonZeroU16;

use crate::harness::table::{answer, assert_table};
use crate::harness::{
    World, again, connect, encoded, id, leak, puback, pubcomp, pubrec, pubrel, qos1, qos2,
    resuming, subscribe,
};
use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::{Puback, Pubcomp, Pubrec, Pubrel};
use mqtt_codec::reason_code::{PublishReasonCode, ReleaseReasonCode};
use mqtt_codec::{Packet, QoS, Version};

/// What comes of each acknowledgement of identifier 1, by what is under way with it, and how many of two places in the window
/// are free then. The words are those of `link_states.rs`.
const MQTT_5_0: &str = "
           | nothing       | QoS 1         | QoS 2         | PUBREL sent   | QoS 1 over    | QoS 2 over    | refused
PUBACK     | -; 2          | -; 2          | D82 !wrong    | D82 !wrong    | -; 2          | -; 2          | -; 2
PUBREC     | PUBREL 92; 2  | D82 !wrong    | PUBREL; 1     | PUBREL; 1     | PUBREL 92; 2  | PUBREL 92; 2  | PUBREL 92; 2
PUBREL     | PUBCOMP 92; 2 | PUBCOMP 92; 1 | PUBCOMP 92; 1 | PUBCOMP 92; 1 | PUBCOMP 92; 2 | PUBCOMP 92; 2 | PUBCOMP 92; 2
PUBCOMP    | -; 2          | D82 !wrong    | D82 !wrong    | -; 2          | -; 2          | -; 2          | -; 2
PUBACK 97  | -; 2          | -; 2          | D82 !wrong    | D82 !wrong    | -; 2          | -; 2          | -; 2
PUBREC 97  | -; 2          | D82 !wrong    | -; 2          | -; 1          | -; 2          | -; 2          | -; 2
PUBREL 92  | PUBCOMP 92; 2 | PUBCOMP 92; 1 | PUBCOMP 92; 1 | PUBCOMP 92; 1 | PUBCOMP 92; 2 | PUBCOMP 92; 2 | PUBCOMP 92; 2
PUBCOMP 92 | -; 2          | D82 !wrong    | D82 !wrong    | -; 2          | -; 2          | -; 2          | -; 2
";

const MQTT_3_X: &str = "
        | nothing    | QoS 1      | QoS 2      | PUBREL sent | QoS 1 over | QoS 2 over
PUBACK  | -; 2       | -; 2       | -; 1       | -; 1        | -; 2       | -; 2
PUBREC  | PUBREL; 2  | -; 1       | PUBREL; 1  | PUBREL; 1   | PUBREL; 2  | PUBREL; 2
PUBREL  | PUBCOMP; 2 | PUBCOMP; 1 | PUBCOMP; 1 | PUBCOMP; 1  | PUBCOMP; 2 | PUBCOMP; 2
PUBCOMP | -; 2       | -; 1       | -; 1       | -; 2        | -; 2       | -; 2
";

/// [MQTT-2.2.1-5] [MQTT-4.3.3-4] [MQTT-4.3.3-11] [MQTT-4.4.0-2] [often-wrong-4] [often-wrong-23] [often-wrong-24] [choice-4]
/// A message is settled by PUBACK, PUBCOMP and a PUBREC of 0x80 or above, and so is its place in the window; what fits
/// nothing is ignored, what fits something else ends the connection.
#[test]
fn an_acknowledgement_of_the_wrong_kind_ends_a_5_0_connection() {
    let version = Version::V5_0;
    assert_table(
        MQTT_5_0,
        &acknowledgements(version),
        &EXCHANGES,
        |bytes, exchange| outcome(version, bytes, *exchange),
    );
}

/// [v3.1.1 MQTT-4.3.3-2] [often-wrong-23] The same, but that nothing ends the connection: it may be a late copy.
#[test]
fn an_acknowledgement_of_the_wrong_kind_is_ignored_in_3_x() {
    for version in [Version::V3_1, Version::V3_1_1] {
        assert_table(
            MQTT_3_X,
            &acknowledgements(version),
            &EXCHANGES[..6],
            |bytes, exchange| outcome(version, bytes, *exchange),
        );
    }
}

/// What the broker is doing with identifier 1.
#[derive(Clone, Copy, Debug)]
enum Exchange {
    None,
    Qos1,
    Qos2,
    Released,
    Qos1Over,
    Qos2Over,
    Refused,
}

/// The last one is of 5.0 only.
const EXCHANGES: [(&str, Exchange); 7] = [
    ("nothing", Exchange::None),
    ("QoS 1", Exchange::Qos1),
    ("QoS 2", Exchange::Qos2),
    ("PUBREL sent", Exchange::Released),
    ("QoS 1 over", Exchange::Qos1Over),
    ("QoS 2 over", Exchange::Qos2Over),
    ("refused", Exchange::Refused),
];

/// A writer, and a reader that takes two messages at a time.
struct Scene {
    world: World,
    writer: LinkId,
    reader: LinkId,
}

impl Scene {
    fn new(version: Version) -> Self {
        let mut world = World::new(Config {
            send_maximum_v3: 2,
            ..Config::default()
        });
        let writer = world.connect(connect("writer"));
        let reader = world.connect(reader(version));
        world.send(reader, subscribe(9, "a", QoS::ExactlyOnce));
        world.forget();
        Self {
            world,
            writer,
            reader,
        }
    }

    fn begin(&mut self, exchange: Exchange) {
        match exchange {
            Exchange::None => {}
            Exchange::Qos1 | Exchange::Qos1Over => self.world.send(self.writer, qos1(1, "a", "x")),
            Exchange::Qos2 | Exchange::Released | Exchange::Qos2Over | Exchange::Refused => {
                self.world.send(self.writer, qos2(1, "a", "x"));
                self.world.send(self.writer, pubrel(1));
            }
        }
        match exchange {
            Exchange::None | Exchange::Qos1 | Exchange::Qos2 => {}
            Exchange::Qos1Over => self.world.send(self.reader, puback(1)),
            Exchange::Released => self.world.send(self.reader, pubrec(1)),
            Exchange::Qos2Over => {
                self.world.send(self.reader, pubrec(1));
                self.world.send(self.reader, pubcomp(1));
            }
            Exchange::Refused => {
                let refusal = Pubrec::new(id(1), PublishReasonCode::QuotaExceeded);
                self.world.send(self.reader, refusal);
            }
        }
        self.world.forget();
    }

    /// Ends what is under way.
    fn finish(&mut self, exchange: Exchange) {
        let ends = match exchange {
            Exchange::Qos1 => vec![puback(1)],
            Exchange::Qos2 | Exchange::Released => vec![pubrec(1), pubcomp(1)],
            Exchange::None | Exchange::Qos1Over | Exchange::Qos2Over | Exchange::Refused => vec![],
        };
        for packet in ends {
            self.world.send(self.reader, packet);
        }
        self.world.forget();
    }

    /// How many of three more messages the reader gets at once: the places in its window.
    fn window(&mut self) -> usize {
        for n in 1..=3 {
            self.world
                .send(self.writer, qos1(n, "a", leak(n.to_string())));
        }
        self.world.take(self.reader).packets().len()
    }
}

fn reader(version: Version) -> mqtt_codec::packet::Connect<'static> {
    let mut connect = resuming(version, "reader", 60);
    connect.properties.receive_maximum = NonZeroU16::new(2);
    connect
}

/// The acknowledgements of a message, of both sides, each with the codes that it may have.
fn acknowledgements(version: Version) -> Vec<(&'static str, Vec<u8>)> {
    let refused = PublishReasonCode::QuotaExceeded;
    let unknown = ReleaseReasonCode::PacketIdentifierNotFound;
    let mut packets: Vec<(_, Packet<'_>)> = vec![
        ("PUBACK", puback(1)),
        ("PUBREC", pubrec(1)),
        ("PUBREL", pubrel(1)),
        ("PUBCOMP", pubcomp(1)),
    ];
    if version == Version::V5_0 {
        packets.push(("PUBACK 97", Puback::new(id(1), refused).into()));
        packets.push(("PUBREC 97", Pubrec::new(id(1), refused).into()));
        packets.push(("PUBREL 92", Pubrel::new(id(1), unknown).into()));
        packets.push(("PUBCOMP 92", Pubcomp::new(id(1), unknown).into()));
    }
    let bytes = |(name, packet)| (name, encoded(version, packet));
    packets.into_iter().map(bytes).collect()
}

/// What comes of an acknowledgement, and how many more messages the reader may have at once: a place less where something
/// is still under way, and both in the end.
fn outcome(version: Version, bytes: &[u8], exchange: Exchange) -> String {
    let mut scene = Scene::new(version);
    scene.begin(exchange);
    let words = answer(&mut scene.world, scene.reader, bytes);
    if words.contains('!') {
        let link = scene.world.connect_and_keep(reader(version));
        assert_eq!(scene.world.take(link).packets(), [expected_again(exchange)]);
        return words;
    }
    let open = scene.window();
    let mut scene = Scene::new(version);
    scene.begin(exchange);
    answer(&mut scene.world, scene.reader, bytes);
    scene.finish(exchange);
    assert_eq!(scene.window(), 2, "in the end");
    format!("{words}; {open}")
}

/// What goes on with the next connection.
fn expected_again(exchange: Exchange) -> Packet<'static> {
    match exchange {
        Exchange::Qos1 => again(qos1(1, "a", "x")).into(),
        Exchange::Qos2 => again(qos2(1, "a", "x")).into(),
        Exchange::Released => pubrel(1),
        Exchange::None | Exchange::Qos1Over | Exchange::Qos2Over | Exchange::Refused => {
            panic!("nothing is under way")
        }
    }
}
