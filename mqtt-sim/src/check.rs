//! The rules that are checked beside the workload.

mod at_rest;
mod causality;
mod delivered;
mod expiry;
mod lifetime;
mod lives;
mod message_set;
mod model;
mod once;
mod one_connection;
mod order;
mod peer_limits;
mod protocol;
mod retained;
#[cfg(test)]
mod stage;
mod subscribed;
mod subscriptions;
mod wills;
#[cfg(test)]
pub(crate) mod wire_scene;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::messages::MessageNumber;
use crate::observation::{Context, Observation, Quiet};

pub use at_rest::AtRest;
pub use delivered::Delivered;
pub use expiry::Expiry;
pub use lifetime::Lifetime;
pub use lives::{Arrival, Life, Lives, Presence};
pub use model::SameAsModel;
pub use once::Once;
pub use one_connection::OneConnection;
pub use order::Order;
pub use peer_limits::PeerLimits;
pub use protocol::Protocol;
pub use retained::Retained;
pub use subscribed::Subscribed;
pub use wills::Wills;

/// Watches a world for one rule. It knows nothing of the machines but what is observed at their edges.
pub trait Check: fmt::Debug {
    /// Something was observed.
    ///
    /// # Errors
    ///
    /// [`Broken`]: the rule, and how.
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken>;

    /// Nothing is under way any more, all clients with lasting sessions are connected, and nothing was lost for some time:
    /// what was promised has to be there.
    ///
    /// # Errors
    ///
    /// [`Broken`]: the rule, and how.
    fn quiet(&mut self, _context: &Context<'_>, _quiet: &Quiet<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

/// All checks.
#[must_use]
pub fn all() -> Vec<Box<dyn Check>> {
    Rule::ALL.iter().flat_map(|rule| of(*rule)).collect()
}

/// The checks of one rule: none for those that the world itself looks at.
#[must_use]
pub fn of(rule: Rule) -> Vec<Box<dyn Check>> {
    let check: Box<dyn Check> = match rule {
        Rule::AcknowledgedIsDelivered => Box::new(Delivered::default()),
        Rule::DeliveredOnce => Box::new(Once::default()),
        Rule::Order => Box::new(Order::default()),
        Rule::SessionLifetime => Box::new(Lifetime::default()),
        Rule::Expiry => Box::new(Expiry::default()),
        Rule::Retained => Box::new(Retained::default()),
        Rule::Wills => Box::new(Wills::default()),
        Rule::OneConnection => Box::new(OneConnection::default()),
        Rule::PeerLimits => Box::new(PeerLimits::default()),
        Rule::Subscribed => Box::new(Subscribed::default()),
        Rule::Model => Box::new(SameAsModel::default()),
        Rule::Protocol => Box::new(Protocol),
        Rule::AtRest => Box::new(AtRest::default()),
        Rule::Unchanged
        | Rule::Bounds
        | Rule::NothingLeft
        | Rule::Restart
        | Rule::Quiescence
        | Rule::NoPanic
        | Rule::Own => return Vec::new(),
    };
    Vec::from([check])
}

/// A rule was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: {what}")]
pub struct Broken {
    /// Which rule.
    pub rule: Rule,
    /// How.
    pub what: String,
    /// The clients that it is about.
    pub clients: Vec<usize>,
    /// The message that it is about.
    pub message: Option<MessageNumber>,
}

/// What has to be true of every world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// What was acknowledged is delivered to every session that was subscribed.
    AcknowledgedIsDelivered,
    /// A message of QoS 0 or 2 is delivered at most once.
    DeliveredOnce,
    /// Messages of one publisher, topic and QoS are delivered in the order in which they were published.
    Order,
    /// A session is there for as long as its expiry says, and no longer.
    SessionLifetime,
    /// Retained messages are what was published last.
    Retained,
    /// A will is published exactly once when its connection is lost, and never when it is cancelled.
    Wills,
    /// A Client Identifier has one connection.
    OneConnection,
    /// Nothing is sent after its lifetime.
    Expiry,
    /// Nobody gets more messages at once than its Receive Maximum, or larger packets than it takes.
    PeerLimits,
    /// No queue passes its bound.
    Bounds,
    /// Nothing is left when nothing is under way: no identifier, timer or byte.
    NothingLeft,
    /// Nobody gets what it is not subscribed to.
    Subscribed,
    /// The broker's state is that of the reference model.
    Model,
    /// Each side keeps the protocol: none closes a connection for a mistake of the other.
    Protocol,
    /// A message that comes is what was published.
    Unchanged,
    /// Where nothing hinders, a message comes as it was published.
    AtRest,
    /// The broker starts from what its disk has.
    Restart,
    /// The world comes to rest.
    Quiescence,
    /// Nothing panics.
    NoPanic,
    /// A rule of who uses this library.
    Own,
}

impl Rule {
    /// All of ours.
    pub const ALL: &'static [Self] = &[
        Self::AcknowledgedIsDelivered,
        Self::DeliveredOnce,
        Self::Order,
        Self::SessionLifetime,
        Self::Retained,
        Self::Wills,
        Self::OneConnection,
        Self::Expiry,
        Self::PeerLimits,
        Self::Bounds,
        Self::NothingLeft,
        Self::Subscribed,
        Self::Model,
        Self::Protocol,
        Self::Unchanged,
        Self::AtRest,
        Self::Restart,
        Self::Quiescence,
        Self::NoPanic,
    ];
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AcknowledgedIsDelivered => "what was acknowledged is delivered",
            Self::DeliveredOnce => "a message of QoS 0 or 2 is delivered at most once",
            Self::Order => "messages keep their order",
            Self::SessionLifetime => "a session lives until its expiry",
            Self::Retained => "retained messages are the last ones",
            Self::Wills => "a will is published once or cancelled",
            Self::OneConnection => "a Client Identifier has one connection",
            Self::Expiry => "nothing is sent after its lifetime",
            Self::PeerLimits => "a peer's limits are kept",
            Self::Bounds => "no queue passes its bound",
            Self::NothingLeft => "nothing is left when nothing is under way",
            Self::Subscribed => "nobody gets what it is not subscribed to",
            Self::Model => "the broker is as the model",
            Self::Protocol => "each side keeps the protocol",
            Self::Unchanged => "a message that comes is what was published",
            Self::AtRest => "where nothing hinders, a message comes as it was published",
            Self::Restart => "the broker starts again",
            Self::Quiescence => "the world comes to rest",
            Self::Own => "a rule of its own",
            Self::NoPanic => "nothing panics",
        })
    }
}

impl Broken {
    /// How a rule was broken, about nobody yet.
    #[must_use]
    pub fn new(rule: Rule, what: impl Into<String>) -> Self {
        Self {
            rule,
            what: what.into(),
            clients: Vec::new(),
            message: None,
        }
    }

    /// Which client it is about.
    #[must_use]
    pub fn of_client(mut self, client: usize) -> Self {
        if !self.clients.contains(&client) {
            self.clients.push(client);
        }
        self
    }

    /// Which message it is about.
    #[must_use]
    pub fn of_message(mut self, message: MessageNumber) -> Self {
        self.message = Some(message);
        self
    }
}
