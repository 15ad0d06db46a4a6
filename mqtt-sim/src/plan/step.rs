use core::fmt;
use core::time::Duration;

use mqtt_codec::QoS;
use mqtt_codec::packet::SubscriptionOptions;

use crate::disk::{FailedAppend, Loss};
use crate::names::{Filter, Topic};
use crate::network::{Cut, Direction};
use crate::observation::Kept;

/// Something that happens from outside, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planned {
    /// How long after the begin of the world.
    pub at: Duration,
    /// What.
    pub step: Step,
}

/// Something that happens from outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// A client comes into being and connects.
    Begin {
        /// Which.
        client: usize,
    },
    /// A client publishes.
    Publish {
        /// Which client.
        client: usize,
        /// What.
        publication: Publication,
    },
    /// A client removes the retained message of a topic. The message that does it has no number.
    Remove {
        /// Which client.
        client: usize,
        /// Of what.
        topic: Topic,
        /// With which assurance.
        qos: QoS,
    },
    /// A client subscribes, perhaps once more.
    Subscribe {
        /// Which client.
        client: usize,
        /// To what.
        filter: Filter,
        /// How.
        options: SubscriptionOptions,
    },
    /// A client ends a subscription.
    Unsubscribe {
        /// Which client.
        client: usize,
        /// To what.
        filter: Filter,
    },
    /// A client sends DISCONNECT and comes back later.
    Leave {
        /// Which client.
        client: usize,
        /// Whether its will is published all the same (5.0).
        will: Will,
        /// For how long it stays away.
        away: Duration,
    },
    /// A client's connection is lost.
    Cut {
        /// Which client.
        client: usize,
        /// Who hears of it.
        cut: Cut,
        /// For how long the client stays away.
        away: Duration,
    },
    /// A client sends no more on its connection, and reads on.
    HalfClose {
        /// Which client.
        client: usize,
    },
    /// Nothing arrives at one end of a client's connection for a while.
    Stall {
        /// Which client.
        client: usize,
        /// Which way.
        direction: Direction,
        /// For how long.
        span: Duration,
    },
    /// A client's program ends and is started anew.
    Restart {
        /// Which client.
        client: usize,
        /// What it knows then.
        kept: Kept,
        /// For how long it stays away.
        away: Duration,
    },
    /// The broker's process ends and is started anew.
    Crash(Crash),
    /// The disk has hardly any space for a while.
    FullDisk {
        /// For how long.
        span: Duration,
        /// How many bytes there is space for.
        room: u64,
        /// What becomes of a write for which there is not enough space.
        append: FailedAppend,
    },
    /// The next write of the disk fails: the process ends.
    FailedWrite,
    /// The next sync of the disk fails: the process ends.
    FailedSync,
    /// The clock on the wall is set: the next process of the broker begins with that.
    ClockJump {
        /// By so many microseconds.
        micros: i64,
    },
    /// A hostile client connects.
    Hostile {
        /// Which.
        hostile: usize,
    },
}

/// How the broker's process ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crash {
    /// What the disk loses.
    pub loss: Loss,
    /// For how long there is no process.
    pub down: Duration,
    /// How often it crashes once more while it starts.
    pub again: u8,
}

/// Whether a will is published when a client leaves in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Will {
    /// DISCONNECT 0x00 drops it.
    Dropped,
    /// DISCONNECT 0x04 has it published; in 3.x it is dropped.
    Published,
}

/// What a client publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Where.
    pub topic: Topic,
    /// With which assurance.
    pub qos: QoS,
    /// The RETAIN flag.
    pub retain: bool,
    /// Its lifetime in seconds; left out in 3.x.
    pub expiry: Option<u32>,
    /// The bytes of its payload.
    pub bytes: usize,
}

impl Step {
    /// The client that it is about.
    #[must_use]
    pub const fn client(&self) -> Option<usize> {
        match self {
            Self::Begin { client }
            | Self::Publish { client, .. }
            | Self::Remove { client, .. }
            | Self::Subscribe { client, .. }
            | Self::Unsubscribe { client, .. }
            | Self::Leave { client, .. }
            | Self::Cut { client, .. }
            | Self::HalfClose { client }
            | Self::Stall { client, .. }
            | Self::Restart { client, .. } => Some(*client),
            Self::Crash(_)
            | Self::FullDisk { .. }
            | Self::FailedWrite
            | Self::FailedSync
            | Self::ClockJump { .. }
            | Self::Hostile { .. } => None,
        }
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.at.as_micros();
        write!(
            f,
            "{:>3}.{:06} {:?}",
            micros / 1_000_000,
            micros % 1_000_000,
            self.step
        )
    }
}
