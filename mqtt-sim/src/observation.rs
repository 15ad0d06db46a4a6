use mqtt_broker_core::{Broker, MemoryStore, Position};
use mqtt_codec::packet::SubscriptionOptions;
use mqtt_codec::{Packet, QoS};
use mqtt_session::{CloseReason, Instant};

use crate::messages::{MessageNumber, Messages};
use crate::names::{Filter, Names};
use crate::profile::Profile;

/// A network connection of a world. No number is used twice; they rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionNumber(pub u32);

/// What is seen at the edges of the machines: by the applications, on the wires at the broker, and of its process.
///
/// A client is named by its number in [`Setting::clients`]. `client: None` is a hostile one, which keeps no rule.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    // What an application does and hears.
    /// The client's session took a message over.
    Published {
        /// Whose.
        client: usize,
        /// Which.
        message: MessageNumber,
    },
    /// The exchange of a message of QoS 1 or 2 is over.
    Acknowledged {
        /// Whose.
        client: usize,
        /// Which.
        message: MessageNumber,
        /// Whether the server has taken it over.
        answer: Answer,
    },
    /// The exchange of a message of QoS 1 or 2 ended without an answer: nobody knows whether the server has it.
    Abandoned {
        /// Whose.
        client: usize,
        /// Which.
        message: MessageNumber,
    },
    /// A message came to the application.
    Delivered {
        /// Whose.
        client: usize,
        /// Which.
        message: MessageNumber,
        /// At which QoS.
        qos: QoS,
        /// The DUP flag.
        dup: bool,
        /// The RETAIN flag.
        retain: bool,
    },
    /// SUBSCRIBE is on its way. A request has one filter.
    Subscribing {
        /// Whose.
        client: usize,
        /// To what.
        filter: Filter,
        /// How.
        options: SubscriptionOptions,
    },
    /// SUBACK came.
    Subscribed {
        /// Whose.
        client: usize,
        /// To what.
        filter: Filter,
        /// With which highest QoS; `None` when the server refused.
        granted: Option<QoS>,
    },
    /// UNSUBSCRIBE is on its way.
    Unsubscribing {
        /// Whose.
        client: usize,
        /// To what.
        filter: Filter,
    },
    /// UNSUBACK came.
    Unsubscribed {
        /// Whose.
        client: usize,
        /// To what.
        filter: Filter,
    },
    /// The client has opened a connection: CONNECT is on its way.
    Connecting {
        /// Which client.
        client: usize,
        /// On which connection.
        connection: ConnectionNumber,
        /// The flag of CONNECT.
        clean_start: bool,
        /// The Session Expiry Interval in seconds that it asked for; in 3.x 0 or `u32::MAX`.
        expiry: u32,
        /// Its will.
        will: Option<MessageNumber>,
    },
    /// CONNACK 0x00 came.
    Connected {
        /// Which client.
        client: usize,
        /// On which connection.
        connection: ConnectionNumber,
        /// The flag of CONNACK; in 3.1, which has none, what the client expects.
        session_present: bool,
    },
    /// DISCONNECT is on its way.
    Leaving {
        /// Which client.
        client: usize,
        /// The Session Expiry Interval in seconds, when it sets it anew.
        expiry: Option<u32>,
        /// Whether the will is dropped: DISCONNECT 0x00.
        drops_will: bool,
    },
    /// The client's connection has ended, as far as the client knows.
    Closed {
        /// Which client.
        client: usize,
        /// Why.
        reason: CloseReason,
    },
    /// The client's program ended and was started anew.
    Restarted {
        /// Which client.
        client: usize,
        /// What it knows of its session.
        state: Kept,
    },

    // The wire at the server.
    /// The server took a whole packet. What it does because of that is seen behind it.
    Received {
        /// On which connection.
        connection: ConnectionNumber,
        /// Whose it is.
        client: Option<usize>,
        /// What.
        packet: &'a Packet<'a>,
        /// Its bytes.
        bytes: usize,
    },
    /// The server put a whole packet into its send buffer.
    Sent {
        /// On which connection.
        connection: ConnectionNumber,
        /// Whose it is.
        client: Option<usize>,
        /// What.
        packet: &'a Packet<'a>,
        /// Its bytes.
        bytes: usize,
    },
    /// The server ends a connection.
    Ended {
        /// Which connection.
        connection: ConnectionNumber,
        /// Whose it is.
        client: Option<usize>,
        /// Why.
        reason: CloseReason,
    },
    /// The server hears that a connection is gone. It may have ended it before.
    Lost {
        /// Which connection.
        connection: ConnectionNumber,
        /// Whose it is.
        client: Option<usize>,
    },

    // The broker's process.
    /// The time of its next deadline came: it is told now.
    TimedOut,
    /// The broker handed out a batch of records, for all that was seen since the last one.
    HandedOut {
        /// The batch.
        position: Position,
    },
    /// The broker was told that everything up to here is durable.
    Durable {
        /// The batch.
        position: Position,
    },
    /// The broker counted messages that did not reach a subscriber, by a policy that it states.
    Dropped {
        /// How many, since the last such observation.
        count: u64,
    },
    /// The process ended, and with it all connections.
    Crashed,
    /// A new process has restored what was stored, and takes connections.
    Started {
        /// The last batch of the process before that was found.
        recovered: Position,
    },
}

/// Whether a server has taken a message over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A reason code below 0x80.
    Taken,
    /// A reason code of 0x80 or above.
    Refused,
}

/// What a program that is started anew knows of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Everything: it was stored.
    State,
    /// Nothing: it begins an empty session.
    Nothing,
}

/// What checkers know when they observe.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// How many things have happened in this world, with this one.
    pub step: u64,
    /// The time, of which there is only one.
    pub now: Instant,
    /// What the broker's clock says; what it said last while there is no broker. It jumps between two processes.
    pub broker_now: Instant,
    /// All messages.
    pub messages: &'a Messages,
    /// What does not change.
    pub setting: &'a Setting,
}

/// What does not change in a world.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Topics and filters.
    pub names: Names,
    /// Who there is.
    pub clients: Vec<Profile>,
    /// What the broker is started with.
    pub broker: mqtt_broker_core::Config,
}

/// A world in which nothing is under way any more.
#[derive(Clone, Copy, Debug)]
pub struct Quiet<'a> {
    /// The broker.
    pub broker: &'a Broker,
    /// What is durable.
    pub store: &'a MemoryStore,
}
