//! What a message waits for before it goes to its subscriber.

use mqtt_broker_core::{Config, LinkId};
use mqtt_codec::packet::Publish;
use mqtt_codec::{Packet, Version};

use super::store::{Durable, answer};
use super::{World, connect, puback, qos0, qos1, resuming};

/// What a message waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its client is not there.
    Offline,
    /// The client's window is full.
    Window,
    /// The send buffer is full.
    Buffer,
    /// It is in the store alone.
    Tail,
    /// Its client is not there and the broker is started anew.
    Restart,
}

pub const PLACES: [Place; 5] = [
    Place::Offline,
    Place::Window,
    Place::Buffer,
    Place::Tail,
    Place::Restart,
];

/// A reader of `a` that does not get what is published now.
pub struct Waiting {
    pub world: Durable,
    version: Version,
    place: Place,
    pub reader: LinkId,
    writer: LinkId,
}

impl Waiting {
    /// The reader is subscribed, and what keeps messages waiting is there.
    pub fn new(version: Version, place: Place) -> Self {
        let config = Config {
            send_maximum: 1,
            send_maximum_v3: 1,
            send_buffer: 10,
            queue_head_messages: 1,
            ..Config::default()
        };
        let mut world = match place {
            Place::Tail => Durable::new(config),
            Place::Restart => Durable::new(Config::default()),
            Place::Offline | Place::Window | Place::Buffer => Durable::without_store(config),
        };
        let reader = world.subscriber(version, "reader");
        let (writer, _) = world.connect(connect("writer"));
        let mut waiting = Self {
            world,
            version,
            place,
            reader,
            writer,
        };
        waiting.shut();
        waiting
    }

    /// What keeps messages waiting.
    fn shut(&mut self) {
        match self.place {
            Place::Offline | Place::Restart => self.world.cut(self.reader),
            Place::Window => {
                self.publish(qos1(1, "a", "in flight"));
                assert_eq!(payloads(&mut self.world, self.reader).len(), 1);
            }
            Place::Buffer => {
                self.world.draining = false;
                self.publish(qos0("a", "fills the buffer"));
            }
            Place::Tail => {
                self.world.cut(self.reader);
                self.publish(qos1(1, "a", "ahead"));
            }
        }
        self.world.commit_all();
    }

    /// The publisher sends a message.
    pub fn publish(&mut self, publish: Publish<'static>) {
        self.world.exchange(self.writer, publish);
    }

    /// The reader is back: its new link.
    pub fn resume(&mut self) -> LinkId {
        let link = self.world.link();
        self.world.send(link, resuming(self.version, "reader", 600));
        self.world.commit_all();
        link
    }

    /// The way is free: what comes behind that which kept it shut.
    pub fn open(&mut self) -> Vec<(String, Option<u32>)> {
        match self.place {
            Place::Offline => self.reader = self.resume(),
            Place::Restart => {
                self.world.crash();
                self.reader = self.resume();
            }
            Place::Window => self.world.send(self.reader, puback(1)),
            Place::Buffer => {
                self.world.draining = true;
                self.world.write(self.reader, usize::MAX);
            }
            Place::Tail => self.reader = self.resume(),
        }
        let mut all = drain(&mut self.world, self.reader);
        all.retain(|(payload, _)| !["ahead", "fills the buffer"].contains(&payload.as_str()));
        all
    }
}

/// What a link gets until nothing more comes; it acknowledges everything.
fn drain(world: &mut Durable, link: LinkId) -> Vec<(String, Option<u32>)> {
    let mut all = Vec::new();
    loop {
        world.commit_all();
        let outcome = world.take(link);
        let packets = outcome.sent();
        if packets.is_empty() {
            return all;
        }
        all.extend(packets.iter().filter_map(dated));
        for answer in packets.iter().filter_map(answer) {
            world.send(link, answer);
        }
    }
}

/// The PUBLISHes that a link got: payload and Message Expiry Interval.
pub fn payloads(world: &mut World, link: LinkId) -> Vec<(String, Option<u32>)> {
    world.take(link).sent().iter().filter_map(dated).collect()
}

fn dated(packet: &Packet<'_>) -> Option<(String, Option<u32>)> {
    let Packet::Publish(publish) = packet else {
        return None;
    };
    let payload = String::from_utf8(publish.payload.to_vec()).unwrap();
    Some((payload, publish.properties.message_expiry_interval))
}
