//! A broker as the standard describes it, as plain as possible: what the real one is compared with.

mod effect;
mod sessions;
mod state;
#[cfg(test)]
mod tests;
mod topics;

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use mqtt_broker_core::{Persistence, Position};
use mqtt_codec::{Packet, PacketId};
use mqtt_session::Instant;

use crate::observation::{ConnectionNumber, Context, Observation};
use crate::profile::{Profile, Server};

pub use effect::Effect;
pub use state::{Keeping, Place, Retained, Session, State, Will};

use state::Change;

/// The broker's sessions, subscriptions, retained messages and wills, as they follow from what was observed of it.
///
/// A crash takes back what was not handed to the store before the batch that was found again.
#[derive(Debug, Default)]
pub struct Model {
    live: State,
    /// What is in the store for sure.
    durable: State,
    /// What was done since.
    log: VecDeque<Change>,
    /// The batches that were handed out since, with how much of the log each took.
    batches: VecDeque<(Position, usize)>,
    /// How much at the end of the log is in no batch yet.
    unbatched: usize,
    process: Process,
    persistence: Persistence,
    effects: Vec<Effect>,
    /// Nothing is due before.
    due: Instant,
    started_at: Instant,
    next_order: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Process {
    #[default]
    Runs,
    Crashed,
}

/// Whether a client of a world talks to the broker.
pub(crate) fn is_of_broker(context: &Context<'_>, client: usize) -> bool {
    let profile = context.setting.clients.get(client);
    profile.is_some_and(|profile| profile.server == Server::Broker)
}

impl Model {
    /// A broker that knows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the broker knows now.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.live
    }

    /// What the last observation led to, in its order.
    #[must_use]
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// Whether what comes on a connection counts for a client.
    #[must_use]
    pub fn is_on(&self, client: usize, connection: ConnectionNumber) -> bool {
        let session = self.live.sessions.get(&client);
        self.process == Process::Runs
            && session.is_some_and(|session| session.place == Place::On(connection))
    }

    /// Does what the broker has to do.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "it takes note of a few observations only"
    )]
    pub fn observe(&mut self, context: &Context<'_>, observation: &Observation<'_>) {
        self.effects.clear();
        self.persistence = context.setting.broker.persistence;
        match *observation {
            Observation::Received {
                connection,
                client: Some(client),
                packet,
                ..
            } if is_of_broker(context, client) && self.process == Process::Runs => {
                self.received(context, client, connection, packet)
            }
            Observation::Sent {
                connection,
                client: Some(client),
                packet: Packet::Pubrec(pubrec),
                ..
            } if pubrec.reason_code.is_error() && self.is_on(client, connection) => {
                // [MQTT-4.3.3-9]: the exchange is over.
                self.refused(client, pubrec.packet_id);
            }
            Observation::Ended {
                connection,
                client: Some(client),
                ..
            }
            | Observation::Lost {
                connection,
                client: Some(client),
            } if self.is_on(client, connection) => self.detach(context.broker_now, client),
            Observation::TimedOut => self.timed_out(context.broker_now),
            Observation::HandedOut { position } => {
                self.batches.push_back((position, self.unbatched));
                self.unbatched = 0;
            }
            Observation::Durable { position } => self.store(position),
            Observation::Crashed => self.process = Process::Crashed,
            Observation::Started { recovered } => self.start(context.broker_now, recovered),
            _ => {}
        }
    }

    fn received(
        &mut self,
        context: &Context<'_>,
        client: usize,
        connection: ConnectionNumber,
        packet: &Packet<'_>,
    ) {
        if let Packet::Connect(connect) = packet {
            return self.connect(context, client, connection, connect);
        }
        if !self.is_on(client, connection) {
            return;
        }
        if let Packet::Publish(publish) = packet {
            self.publish(context, client, publish);
        } else if let Packet::Pubrel(pubrel) = packet {
            self.change(Change::Released(client, pubrel.packet_id));
        } else if let Packet::Subscribe(subscribe) = packet {
            self.subscribe(context, client, subscribe);
        } else if let Packet::Unsubscribe(unsubscribe) = packet {
            self.unsubscribe(context, client, unsubscribe);
        } else if let Packet::Disconnect(disconnect) = packet {
            self.disconnect(context, client, disconnect);
        }
    }

    fn change(&mut self, change: Change) {
        self.live.apply(&change);
        if self.persistence == Persistence::Store {
            self.log.push_back(change);
            self.unbatched += 1;
        }
    }

    /// A message of QoS 2 is refused. That was so from the moment at which it came, whatever was handed out before PUBREC
    /// is seen.
    fn refused(&mut self, client: usize, packet_id: PacketId) {
        let begun = |change: &Change| matches!(*change, Change::Unreleased(whose, it) if (whose, it) == (client, packet_id));
        let released = Change::Released(client, packet_id);
        self.live.apply(&released);
        let Some(begun) = self.log.iter().rposition(begun) else {
            return self.durable.apply(&released);
        };
        self.log.insert(begun + 1, released);
        let mut end = 0;
        for (_, changes) in &mut self.batches {
            end += *changes;
            if begun < end {
                *changes += 1;
                return;
            }
        }
        self.unbatched += 1;
    }

    /// Everything up to a batch is durable.
    fn store(&mut self, position: Position) {
        while let Some(&(at, changes)) = self.batches.front() {
            if at > position {
                return;
            }
            self.batches.pop_front();
            for change in self.log.drain(..changes) {
                self.durable.apply(&change);
            }
        }
    }

    /// A new process: what was stored is there, and all connections are lost at this moment.
    fn start(&mut self, now: Instant, recovered: Position) {
        self.store(recovered);
        self.log.clear();
        self.batches.clear();
        self.unbatched = 0;
        for client in self.durable.unstored().collect::<Vec<_>>() {
            self.durable.apply(&Change::SessionEnded(client));
        }
        let before = mem::replace(&mut self.live, self.durable.clone());
        self.tell_of_start(&before);
        self.process = Process::Runs;
        self.started_at = now;
        self.due = Instant::default();
        let mut connected: Vec<_> = self
            .live
            .sessions
            .iter()
            .map(|(&it, session)| (it, *session))
            .collect();
        // Those that are due at the same moment go in the order of the store.
        connected.sort_by_key(|(client, _)| Profile::client_id(*client));
        for (client, mut session) in connected {
            self.next_order += 1;
            let since = match session.place {
                Place::On(_) => now,
                Place::Off { since, .. } => since,
            };
            session.place = Place::Off {
                since,
                order: self.next_order,
            };
            self.change(Change::Session(client, session));
        }
        self.expire_retained(now);
    }

    /// What is not as it was before the crash.
    fn tell_of_start(&mut self, before: &State) {
        let Self { live, effects, .. } = self;
        for &(filter, client) in before.subscriptions.keys() {
            if !live.subscriptions.contains_key(&(filter, client)) {
                effects.push(Effect::Unsubscribed { client, filter });
            }
        }
        for (&(filter, client), &options) in &live.subscriptions {
            let before = before.subscriptions.get(&(filter, client)).copied();
            if before != Some(options) {
                effects.push(Effect::Subscribed {
                    client,
                    filter,
                    options,
                    before,
                });
            }
        }
        for (&client, session) in &before.sessions {
            if !live.sessions.contains_key(&client) {
                effects.push(Effect::SessionEnded { client });
                if let Some(will) = session.will {
                    effects.push(Effect::WillDropped {
                        client,
                        message: will.message,
                    });
                }
            }
        }
        let retained = |state: &State| {
            state
                .retained
                .values()
                .map(|it| it.message)
                .collect::<Vec<_>>()
        };
        let gone = retained(before)
            .into_iter()
            .map(|message| Effect::Unretained { message });
        let back = retained(live)
            .into_iter()
            .map(|message| Effect::Retained { message });
        effects.extend(gone.chain(back));
    }
}
