use core::num::NonZeroU16;
use core::time::Duration;

use alloc::format;
use alloc::vec::Vec;

use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::{ClientIdBuf, QoS, Version};

use crate::names::{Filter, Topic};

/// What a client of a world is: all that does not change while it runs.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Of the protocol.
    pub version: Version,
    /// Whom it talks to.
    pub server: Server,
    /// What becomes of its session between connections.
    pub session: Lasting,
    /// How many messages of QoS 1 and 2 it takes at once. 3.x clients cannot say so.
    pub receive_maximum: NonZeroU16,
    /// The largest packet that it takes. 3.x clients cannot say so.
    pub maximum_packet_size: u32,
    /// Something is sent at least this often.
    pub keep_alive: Duration,
    /// What it leaves behind when its connection is lost; a new message with each connection.
    pub will: Option<WillProfile>,
    /// What it is subscribed to from the start.
    pub subscriptions: Vec<(Filter, SubscriptionOptions)>,
}

/// Whom a client talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The broker.
    Broker,
    /// The echo server, which is made of `ServerSession`: it sends each message back to who published it.
    Echo,
}

/// What becomes of a session when its connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// It ends, and each connection begins a new one.
    Clean,
    /// It goes on for so many seconds; in 3.x for as long as the broker allows.
    For(u32),
}

/// The will of a client.
#[derive(Clone, Copy, Debug)]
pub struct WillProfile {
    /// Where it is published.
    pub topic: Topic,
    /// With which assurance.
    pub qos: QoS,
    /// The RETAIN flag.
    pub retain: bool,
    /// The Will Delay Interval in seconds; none in 3.x.
    pub delay: u32,
}

impl Profile {
    /// The Client Identifier of the client with this number.
    #[must_use]
    pub fn client_id(client: usize) -> Option<ClientIdBuf> {
        ClientIdBuf::new(&format!("c{client}")).ok()
    }

    /// The number of a Client Identifier.
    #[must_use]
    pub fn client(client_id: &str) -> Option<usize> {
        client_id.strip_prefix('c')?.parse().ok()
    }
}
