use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use mqtt_broker_core::{Loaded, LoadedSession, Persistence, Position, Store};
use mqtt_codec::packet::SubscriptionOptions;

use crate::check::{Broken, Check, Rule};
use crate::messages::MessageNumber;
use crate::model::{Keeping, Model, Place, Session};
use crate::names::Names;
use crate::observation::{Context, Observation, Quiet};
use crate::profile::Profile;

/// [`Rule::Model`]: what is stored, and how much the broker has of everything, is as in the [`Model`].
///
/// A batch that was durable is found again after a crash.
#[derive(Debug, Default)]
pub struct SameAsModel {
    model: Model,
    /// The last batch that the process was told to be durable.
    durable: Option<Position>,
}

impl SameAsModel {
    /// A model that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Check for SameAsModel {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        self.model.observe(context, observation);
        if let Observation::Durable { position } = *observation {
            self.durable = Some(position);
        }
        if let Observation::Started { recovered } = *observation {
            if let Some(durable) = self.durable.take().filter(|durable| recovered < *durable) {
                return Err(broken(format!(
                    "batch {} was durable, but only {} were found again",
                    durable.0, recovered.0
                )));
            }
        }
        Ok(())
    }

    fn quiet(&mut self, context: &Context<'_>, quiet: &Quiet<'_>) -> Result<(), Broken> {
        if context.setting.broker.persistence == Persistence::Store {
            let stored = Stored::load(quiet)?;
            self.compare_sessions(&context.setting.names, &stored.sessions)?;
            self.compare_retained(&context.setting.names, &stored.retained)?;
        }
        let (gauges, state) = (quiet.broker.gauges(), self.model.state());
        for (what, expected, found) in [
            ("sessions", state.sessions.len(), gauges.sessions),
            (
                "subscriptions",
                state.subscriptions.len(),
                gauges.subscriptions,
            ),
            (
                "retained messages",
                state.retained.len(),
                gauges.retained_messages,
            ),
        ] {
            if expected != found {
                return Err(broken(format!(
                    "{expected} {what} expected, the broker has {found}"
                )));
            }
        }
        Ok(())
    }
}

impl SameAsModel {
    fn compare_sessions(
        &self,
        names: &Names,
        found: &BTreeMap<usize, LoadedSession>,
    ) -> Result<(), Broken> {
        let sessions = &self.model.state().sessions;
        let stored = |session: &&Session| session.kept == Keeping::Stored;
        for &client in found.keys() {
            if sessions.get(&client).filter(stored).is_none() {
                return Err(broken(format!(
                    "the session of client {client} is stored, but over"
                ))
                .of_client(client));
            }
        }
        for (&client, session) in sessions.iter().filter(|(_, session)| stored(session)) {
            let Some(found) = found.get(&client) else {
                return Err(
                    broken(format!("the session of client {client} is not stored"))
                        .of_client(client),
                );
            };
            compare_session(session, found)
                .and_then(|()| self.compare_subscriptions(names, client, found))
                .and_then(|()| self.compare_unreleased(client, found))
                .map_err(|what| {
                    broken(format!("the session of client {client}: {what}")).of_client(client)
                })?;
        }
        Ok(())
    }

    fn compare_subscriptions(
        &self,
        names: &Names,
        client: usize,
        found: &LoadedSession,
    ) -> Result<(), String> {
        let name = |filter| names.filter(filter).map_or("?", |it| it.as_str());
        let expected: BTreeMap<&str, SubscriptionOptions> = (self.model.state())
            .subscriptions_of(client)
            .map(|(filter, options)| (name(filter), options))
            .collect();
        let found: BTreeMap<&str, SubscriptionOptions> = (found.subscriptions.iter())
            .map(|it| (it.filter.as_str(), it.options))
            .collect();
        for filter in expected.keys().chain(found.keys()) {
            let (expected, found) = (expected.get(filter), found.get(filter));
            if expected != found {
                return Err(format!(
                    "subscription to {filter}: {expected:?} expected, {found:?} found"
                ));
            }
        }
        Ok(())
    }

    fn compare_unreleased(&self, client: usize, found: &LoadedSession) -> Result<(), String> {
        let unreleased = self.model.state().unreleased.iter();
        let expected: Vec<_> = unreleased
            .filter(|(whose, _)| *whose == client)
            .map(|&(_, packet_id)| packet_id)
            .collect();
        if expected != found.unreleased {
            return Err(format!(
                "unreleased are {expected:?}, {:?} found",
                found.unreleased
            ));
        }
        Ok(())
    }

    fn compare_retained(
        &self,
        names: &Names,
        found: &BTreeMap<String, Option<MessageNumber>>,
    ) -> Result<(), Broken> {
        let name = |topic| names.topic(topic).map_or("?", |it| it.as_str());
        let retained = self.model.state().retained.iter();
        let expected: BTreeMap<&str, MessageNumber> = retained
            .map(|(&topic, retained)| (name(topic), retained.message))
            .collect();
        for topic in expected
            .keys()
            .copied()
            .chain(found.keys().map(String::as_str))
        {
            let (expected, found) = (expected.get(topic).copied(), found.get(topic).copied());
            if expected.map(Some) != found {
                let broken = broken(format!(
                    "retained at {topic}: {} expected, {} found",
                    text(expected),
                    found.map_or_else(
                        || "nothing".into(),
                        |found| match found {
                            Some(found) => text(Some(found)),
                            None => "what nobody published".into(),
                        }
                    ),
                ));
                return Err(match expected.or(found.flatten()) {
                    Some(message) => broken.of_message(message),
                    None => broken,
                });
            }
        }
        Ok(())
    }
}

/// Everything in the store.
#[derive(Debug, Default)]
struct Stored {
    /// By their clients.
    sessions: BTreeMap<usize, LoadedSession>,
    /// By their topics; `None` for what is no message of the world.
    retained: BTreeMap<String, Option<MessageNumber>>,
}

impl Stored {
    fn load(quiet: &Quiet<'_>) -> Result<Self, Broken> {
        let mut stored = Self::default();
        let mut strange = None;
        let mut store = quiet.store.clone();
        let loaded = store.load(usize::MAX, &mut |loaded| match loaded {
            Loaded::Session(session) => match Profile::client(session.record.client_id.as_str()) {
                Some(client) => _ = stored.sessions.insert(client, session),
                None => strange = Some(session.record.client_id),
            },
            Loaded::Retained(message) => {
                let topic = message.topic().as_str().into();
                let number = MessageNumber::of(message.payload());
                stored.retained.insert(topic, number);
            }
        });
        loaded.map_err(|error| broken(format!("the store cannot be read: {error}")))?;
        match strange {
            Some(client_id) => Err(broken(format!("nobody's session is stored: {client_id}"))),
            None => Ok(stored),
        }
    }
}

/// The values of one session, and that it has nothing waiting for who is there.
fn compare_session(expected: &Session, found: &LoadedSession) -> Result<(), String> {
    let record = &found.record;
    if expected.version != record.version || expected.expiry != record.expiry_interval {
        return Err(format!(
            "{:?} with an expiry of {} s expected, {:?} with {} s found",
            expected.version, expected.expiry, record.version, record.expiry_interval
        ));
    }
    let is_connected = matches!(expected.place, Place::On(_));
    if is_connected != record.disconnected_at.is_none() {
        return Err(format!(
            "{:?} expected, but disconnected at {:?}",
            expected.place, record.disconnected_at
        ));
    }
    let will = record.will.as_ref().map(|will| will.borrowed());
    let will = will.map(|will| MessageNumber::of(will.payload.as_bytes()));
    if expected.will.map(|will| Some(will.message)) != will {
        return Err(format!(
            "will: {:?} expected, {will:?} found",
            expected.will
        ));
    }
    let tail = found.tail.map_or(0, |tail| tail.messages);
    let waiting = found.queue.len() + tail;
    if is_connected && waiting > 0 {
        return Err(format!("{waiting} messages wait, though it is connected"));
    }
    Ok(())
}

fn text(message: Option<MessageNumber>) -> String {
    message.map_or_else(
        || "nothing".into(),
        |message| format!("message {}", message.index()),
    )
}

fn broken(what: String) -> Broken {
    Broken::new(Rule::Model, what)
}

#[cfg(test)]
mod tests;
