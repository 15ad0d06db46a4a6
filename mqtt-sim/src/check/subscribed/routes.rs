use alloc::vec::Vec;
use core::iter;

use mqtt_codec::QoS;
use mqtt_codec::packet::SubscriptionOptions;

use crate::messages::MessageNumber;
use crate::names::Filter;

/// To whom messages went, each in a list; all lists are in one vector, so that a message costs no allocation.
#[derive(Debug, Default)]
pub(super) struct Routes {
    /// By the numbers of the messages.
    messages: Vec<Routed>,
    all: Vec<Route>,
}

/// One of those to whom a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    Client(usize),
    /// One of a shared group, and another one when that one is gone.
    Group(Filter),
}

/// With what a client may get a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    pub(super) qos: QoS,
    /// Whether RETAIN may be set on what is no replay.
    pub(super) retain_as_published: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Routed {
    /// When the server took it first; 0 is never.
    at: u64,
    /// The last of its routes, above its place in the vector; 0 is none.
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct Route {
    to: To,
    allowed: Allowed,
    /// As [`Routed::last`].
    before: u32,
}

impl Routes {
    /// When the server took a message first.
    pub(super) fn taken_at(&self, number: MessageNumber) -> Option<u64> {
        let routed = self.messages.get(number.index())?;
        (routed.at > 0).then_some(routed.at)
    }

    /// The server took a message at this step, above 0.
    pub(super) fn take(&mut self, number: MessageNumber, step: u64) {
        let index = number.index();
        if self.messages.len() <= index {
            self.messages.resize(index + 1, Routed::default());
        }
        if let Some(routed) = self.messages.get_mut(index).filter(|it| it.at == 0) {
            routed.at = step;
        }
    }

    /// A message that was taken goes to somebody.
    pub(super) fn add(&mut self, number: MessageNumber, to: To, allowed: Allowed) {
        let Some(routed) = self.messages.get_mut(number.index()) else {
            return;
        };
        self.all.push(Route {
            to,
            allowed,
            before: routed.last,
        });
        routed.last = u32::try_from(self.all.len()).unwrap_or(0);
    }

    /// All to whom a message went, perhaps more than once.
    pub(super) fn of(&self, number: MessageNumber) -> impl Iterator<Item = (To, Allowed)> + '_ {
        let at = |place: u32| self.all.get((place as usize).checked_sub(1)?);
        let last = self.messages.get(number.index()).map(|it| it.last);
        let routes = iter::successors(last.and_then(at), move |route| at(route.before));
        routes.map(|route| (route.to, route.allowed))
    }
}

impl Allowed {
    pub(super) fn by(options: SubscriptionOptions) -> Self {
        Self {
            qos: options.maximum_qos,
            retain_as_published: options.retain_as_published,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self {
            qos: self.qos.max(other.qos),
            retain_as_published: self.retain_as_published || other.retain_as_published,
        }
    }
}
