use alloc::vec::Vec;

use mqtt_codec::Version;

use super::lives::{Life, Lives, Presence};
use super::subscriptions::{Moment, Subscriber, Subscriptions, at};
use crate::messages::{MessageNumber, PublishedMessage};
use crate::names::Filter;
use crate::observation::{Context, Kept, Observation};

/// What surely came before what, as the clients can know: sessions, subscriptions and messages.
#[derive(Debug, Default)]
pub(super) struct Causality {
    moment: Moment,
    lives: Lives,
    subscriptions: Subscriptions,
    published: Vec<Option<Moment>>,
    clients: Vec<Client>,
    crashed_at: Moment,
    dropped_at: Moment,
}

#[derive(Clone, Debug, Default)]
struct Client {
    connected_at: Moment,
    life_at: Moment,
    /// It may be in a new session and not know it.
    is_mistaken: bool,
    /// Since when it was so last.
    mistaken_at: Option<Moment>,
    /// Its program forgot its session, and goes on with it.
    is_forgetful: bool,
}

impl Causality {
    pub(super) fn observe(&mut self, context: &Context<'_>, observation: &Observation<'_>) {
        self.moment.0 += 1;
        let moment = self.moment;
        if let Observation::Published { message, .. } = *observation {
            *at(&mut self.published, message.index()) = Some(moment);
        } else if let Observation::Connected {
            client,
            connection,
            session_present,
        } = *observation
        {
            let before = self.lives.life(client);
            let arrival = self.lives.arrival(client, connection);
            self.lives.observe(context, observation);
            let known = at(&mut self.clients, client);
            known.connected_at = moment;
            if self.lives.life(client) != before {
                known.life_at = moment;
                // The CONNACK that told of the new session was lost, and the next one says that it goes on. In 3.1 none
                // says anything.
                let may_go_on = arrival.is_some_and(|arrival| arrival.older != Presence::Gone);
                known.is_mistaken =
                    session_present && (is_3_1(context, client) || (may_go_on && before.is_some()));
                if known.is_mistaken {
                    known.mistaken_at = Some(moment);
                }
                known.is_forgetful &= session_present;
                self.subscriptions
                    .begin_life(moment, client, session_present);
            }
        } else {
            if matches!(observation, Observation::Crashed) {
                self.crashed_at = moment;
            } else if matches!(observation, Observation::Dropped { .. }) {
                self.dropped_at = moment;
            } else if let Observation::Restarted {
                client,
                state: Kept::Nothing,
            } = *observation
            {
                at(&mut self.clients, client).is_forgetful = true;
            }
            self.lives.observe(context, observation);
            self.subscriptions.observe(moment, context, observation);
        }
    }

    /// The session that a client is in, as far as it knows.
    pub(super) fn life(&self, client: usize) -> Option<Life> {
        self.lives.life(client)
    }

    /// The session that a client is in, when the broker surely has it, on a connection.
    pub(super) fn sure_life(&self, client: usize) -> Option<Life> {
        let life = self.lives.life(client)?;
        (self.lives.connected_life(client) == Some(life)).then_some(life)
    }

    /// When a message was published.
    pub(super) fn published(&self, message: MessageNumber) -> Option<Moment> {
        *self.published.get(message.index())?
    }

    /// Who has ever asked for a filter.
    pub(super) fn subscribers(&self, filter: Filter) -> &[Subscriber] {
        self.subscriptions.of(filter)
    }

    /// Whether the same ones are subscribed to a filter since then.
    pub(super) fn unchanged_since(&self, moment: Moment, filter: Filter) -> bool {
        self.subscriptions.unchanged_since(moment, filter)
    }

    /// Whether a client has ever asked for a shared subscription.
    pub(super) fn has_shared(&self, context: &Context<'_>, client: usize) -> bool {
        self.subscriptions.has_shared(context, client)
    }

    /// How many of the shared subscriptions that a message matches a client has ever asked for.
    pub(super) fn shared_of(
        &self,
        context: &Context<'_>,
        client: usize,
        message: &PublishedMessage,
    ) -> usize {
        let names = &context.setting.names;
        let is_of_it = |filter: &&Filter| {
            names.is_shared(**filter)
                && self
                    .subscribers(**filter)
                    .iter()
                    .any(|it| it.client == client)
        };
        names
            .matching(message.topic)
            .iter()
            .filter(is_of_it)
            .count()
    }

    /// Whether a publisher connected again behind a message, so that it may have sent it again.
    pub(super) fn has_reconnected_since(&self, client: usize, published: Moment) -> bool {
        self.clients
            .get(client)
            .is_some_and(|client| client.connected_at > published)
    }

    /// Whether a publisher may have sent a message of QoS 2 again in another session, of which it was not told.
    pub(super) fn may_be_in_two_sessions(
        &self,
        context: &Context<'_>,
        client: usize,
        published: Moment,
    ) -> bool {
        self.clients.get(client).is_some_and(|known| {
            let is_untold = is_3_1(context, client) && known.life_at > published;
            is_untold || known.mistaken_at.is_some_and(|at| at > published)
        })
    }

    /// Whether a client may take a message of QoS 2 for one of an older session: it was not told of a new one.
    pub(super) fn is_mistaken(&self, client: usize) -> bool {
        self.clients
            .get(client)
            .is_some_and(|client| client.is_mistaken)
    }

    /// Whether the broker crashed behind a message.
    pub(super) fn has_crashed_since(&self, published: Moment) -> bool {
        self.crashed_at > published
    }

    /// Whether the broker dropped something behind a message: it may have been that one, for a subscriber or for all.
    pub(super) fn has_dropped_since(&self, published: Moment) -> bool {
        self.dropped_at > published
    }

    /// Whether a client forgot its session and went on with it: it may use a Packet Identifier that the broker still knows
    /// for another message.
    pub(super) fn is_forgetful(&self, client: usize) -> bool {
        self.clients
            .get(client)
            .is_some_and(|client| client.is_forgetful)
    }
}

fn is_3_1(context: &Context<'_>, client: usize) -> bool {
    let profile = context.setting.clients.get(client);
    profile.is_some_and(|it| it.version == Version::V3_1)
}
