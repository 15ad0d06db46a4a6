//! What was observed in a world, for people.

mod observed;
mod packet_text;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use mqtt_broker_core::Position;
use mqtt_codec::{PacketId, PacketType};
use mqtt_session::Instant;

use crate::messages::MessageNumber;
use crate::names::Names;
use crate::observation::{ConnectionNumber, Context, Observation};
use crate::plan::Step;
use crate::stage::BEGIN;

/// What was observed in a world, in order. There is one only in runs that are traced.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    entries: Vec<Entry>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How long after the begin.
    pub at: Duration,
    /// Which step of the world.
    pub step: u64,
    /// Where, and which way it goes.
    pub way: Way,
    /// What kind of thing.
    pub kind: Kind,
    /// Whose; `None` for what is nobody's, and for hostile clients.
    pub client: Option<usize>,
    /// On which connection.
    pub connection: Option<ConnectionNumber>,
    /// The message that it is about.
    pub message: Option<MessageNumber>,
    /// What, in a few words.
    pub text: String,
}

/// Where something was observed, and which way it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the server: the server has taken it.
    Up,
    /// From the server to the client: it is in the send buffer.
    Down,
    /// At the client's application.
    Client,
    /// At the server.
    Server,
    /// Of the broker's process and its disk.
    Process,
    /// From outside: a step of the plan.
    Outside,
}

/// What kind of thing was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A packet, with its Packet Identifier.
    Packet(PacketType, Option<PacketId>),
    /// An application sends or gets a message.
    Message,
    /// An application changes what it is subscribed to.
    Subscription,
    /// A connection or a session begins or ends.
    Connection,
    /// The broker hands out a batch of records.
    HandedOut(Position),
    /// A batch is durable.
    Durable(Position),
    /// A process begins or ends.
    Process,
    /// A deadline has come.
    Deadline,
    /// Something goes wrong.
    Fault,
}

impl Trace {
    /// Notes an observation.
    pub(crate) fn note(&mut self, context: &Context<'_>, observation: &Observation<'_>) {
        self.entries.push(Entry {
            at: context.now - BEGIN,
            step: context.step,
            ..observed::entry(context, observation)
        });
    }

    /// Notes a step of the plan. What applications do is observed by itself.
    pub(crate) fn note_step(&mut self, now: Instant, step: u64, planned: &Step, names: &Names) {
        let kind = match planned {
            Step::Begin { .. }
            | Step::Publish { .. }
            | Step::Remove { .. }
            | Step::Subscribe { .. }
            | Step::Unsubscribe { .. }
            | Step::Leave { .. }
            | Step::Restart { .. } => return,
            Step::Cut { .. }
            | Step::HalfClose { .. }
            | Step::Stall { .. }
            | Step::Crash(_)
            | Step::FullDisk { .. }
            | Step::FailedWrite
            | Step::FailedSync
            | Step::ClockJump { .. } => Kind::Fault,
            Step::Hostile { .. } => Kind::Connection,
        };
        self.entries.push(Entry {
            at: now - BEGIN,
            step,
            client: planned.client(),
            ..Entry::new(Way::Outside, kind, planned.words(names))
        });
    }

    /// One of these entries.
    #[cfg(test)]
    pub(crate) const fn of(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// All of them.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Entry {
    /// One of nobody, at no time.
    pub(crate) const fn new(way: Way, kind: Kind, text: String) -> Self {
        Self {
            at: Duration::ZERO,
            step: 0,
            way,
            kind,
            client: None,
            connection: None,
            message: None,
            text,
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            writeln!(f, "{entry}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.client.map_or_else(String::new, |it| format!("c{it}"));
        let way = match self.way {
            Way::Up => "-->",
            Way::Down => "<--",
            Way::Client => "client",
            Way::Server => "server",
            Way::Process => "process",
            Way::Outside => "outside",
        };
        let (at, step) = (Seconds(self.at), self.step);
        write!(f, "{at} {step:>8} {who:>6} {way:<7} {}", self.text)
    }
}

/// A time with its microseconds, in a fixed width.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>3}.{:06}", self.0.as_secs(), self.0.subsec_micros())
    }
}
