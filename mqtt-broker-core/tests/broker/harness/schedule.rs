//! All orders of a few inputs, and of the commits of what they record.

use mqtt_broker_core::LinkId;
use mqtt_codec::{QoS, Version};

use super::store::Durable;
use super::{connect_as, resuming};

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub enum Event<T> {
    Input(T),
    /// The oldest batch becomes durable.
    Commit,
}

/// Each order of `inputs`, with each place that the commits of those that are recorded may have behind them.
pub fn schedules<T: Copy>(inputs: &[T], is_recorded: impl Fn(T) -> bool) -> Vec<Vec<Event<T>>> {
    let mut whole = Vec::new();
    let mut begun = vec![(Vec::new(), inputs.to_vec(), 0)];
    while let Some((events, left, waiting)) = begun.pop() {
        if left.is_empty() && waiting == 0 {
            whole.push(events);
            continue;
        }
        if waiting > 0 {
            let longer = with(&events, Event::Commit);
            begun.push((longer, left.clone(), waiting - 1));
        }
        for (at, &input) in left.iter().enumerate() {
            let mut left = left.clone();
            left.remove(at);
            let waiting = waiting + usize::from(is_recorded(input));
            begun.push((with(&events, Event::Input(input)), left, waiting));
        }
    }
    whole
}

fn with<T: Copy>(events: &[Event<T>], next: Event<T>) -> Vec<Event<T>> {
    events.iter().copied().chain([next]).collect()
}

/// What the client on the link sends, or gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input {
    Publish(QoS, Recorded),
    Subscribe,
    Ping,
}

/// Whether the store gets something whatever session the client has: the message is retained, or its publisher has a
/// session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Recorded {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Session {
    /// Ends with its connection: nothing of it is recorded.
    Passing,
    Lasting,
}

impl Input {
    /// Whether the store gets something when a client sends it.
    pub fn is_recorded_of(self, session: Session) -> bool {
        match self {
            Self::Publish(_, Recorded::Yes) => true,
            Self::Publish(qos, Recorded::No) => {
                qos == QoS::ExactlyOnce && session == Session::Lasting
            }
            Self::Subscribe => session == Session::Lasting,
            Self::Ping => false,
        }
    }

    /// Whether the store gets something when a client gets it.
    pub fn is_recorded_for(self, session: Session) -> bool {
        match self {
            Self::Publish(_, Recorded::Yes) => true,
            Self::Publish(qos, Recorded::No) => {
                qos != QoS::AtMostOnce && session == Session::Lasting
            }
            Self::Subscribe | Self::Ping => false,
        }
    }
}

/// A client with an empty session, and nothing else is on its way to the store.
pub fn client(world: &mut Durable, version: Version, session: Session) -> LinkId {
    let (link, _) = world.connect(connect_as(version, "client"));
    if session == Session::Passing {
        return link;
    }
    world.cut(link);
    world.commit_all();
    let (link, present) = world.connect(resuming(version, "client", 600));
    assert!(!present);
    link
}
