//! How a world comes to rest, and how it ends.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use mqtt_broker_core::Broker;
use mqtt_codec::QoS;

use super::World;
use crate::check::{Broken, Rule};
use crate::client::Client;
use crate::messages::MessageNumber;
use crate::plan::Publication;
use crate::profile::Server;
use crate::sabotage::Sabotage;
use crate::stage::BEGIN;

impl World {
    /// Nothing goes wrong any more. Everybody connects, and gets what is due.
    pub(super) fn come_to_rest(&mut self) -> Result<(), Broken> {
        self.heal();
        self.rest(LEAST_REST)?;
        self.look()?;
        // Now that nothing hinders, how does a message come?
        let Some(observer) = self.clients.len().checked_sub(1) else {
            return Ok(());
        };
        if let Some(observer) = self.clients.get_mut(observer) {
            observer.begin(&mut self.stage);
        }
        self.rest(Duration::ZERO)?;
        self.publish_at_rest();
        self.rest(Duration::ZERO)?;
        self.look()
    }

    /// Until nobody is under way any more.
    fn rest(&mut self, least: Duration) -> Result<(), Broken> {
        let begin = self.stage.now;
        let deadline = begin + REST;
        loop {
            let at = self.stage.now + PACE;
            self.run_until(at)?;
            let restless = self.restless();
            if restless.is_none() && self.stage.now >= begin + least {
                return Ok(());
            }
            if self.stage.now >= deadline {
                let what = format!(
                    "after {} s {}",
                    REST.as_secs(),
                    restless.unwrap_or_default()
                );
                return Err(Broken::new(Rule::Quiescence, what));
            }
            for client in &mut self.clients {
                client.ask_again(&mut self.stage);
            }
        }
    }

    /// Shows the world to everybody who watches.
    fn look(&mut self) -> Result<(), Broken> {
        if let Some(quiet) = self.process.quiet() {
            self.stage.observe_quiet(&quiet);
        }
        self.check()
    }

    /// The first client publishes at each QoS, retained and not.
    fn publish_at_rest(&mut self) {
        let Self { stage, clients, .. } = self;
        let first = clients.first_mut().filter(|client| client.has_begun());
        let (Some(client), Some(topic)) = (first, stage.setting.names.topics().next()) else {
            return;
        };
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            for retain in [false, true] {
                let publication = Publication {
                    topic,
                    qos,
                    retain,
                    expiry: None,
                    bytes: MessageNumber::PAYLOAD_BYTES,
                };
                client.publish(stage, &publication);
            }
        }
    }

    fn heal(&mut self) {
        let Self {
            stage,
            process,
            clients,
            hostiles,
            ..
        } = self;
        hostiles.heal(stage);
        stage.network.heal(stage.now, &mut stage.events);
        process.heal();
        for client in clients {
            client.hurry(stage);
        }
    }

    /// Who is not at rest; `None` when everybody is.
    fn restless(&self) -> Option<String> {
        let begun = || self.clients.iter().filter(|client| client.has_begun());
        if let Some(why) = begun().find_map(Client::restless) {
            return Some(why);
        }
        if let Some(connection) = self.stage.network.restless() {
            return Some(format!(
                "bytes are on their way on connection {}",
                connection.0
            ));
        }
        let of = |server| begun().filter(move |client| client.server() == server);
        let restless = self.process.restless(of(Server::Broker).count());
        restless.or_else(|| self.echo.restless(of(Server::Echo).count()))
    }

    /// Everybody ends its session, and nothing is left.
    pub(super) fn end_everything(&mut self) -> Result<(), Broken> {
        for client in &mut self.clients {
            client.end(&mut self.stage);
        }
        let deadline = self.stage.now + REST;
        while let Some(client) = self
            .clients
            .iter()
            .find(|client| client.has_begun() && !client.has_ended())
        {
            if self.stage.now >= deadline {
                let what = format!(
                    "after {} s client {} has not ended",
                    REST.as_secs(),
                    client.number()
                );
                return Err(Broken::new(Rule::Quiescence, what));
            }
            let at = self.stage.now + PACE;
            self.run_until(at)?;
        }
        if !self.stage.is_sabotaged(Sabotage::KeepRetained) {
            self.process.clear_retained(&mut self.stage);
        }
        // What is deleted becomes durable.
        let at = self.stage.now + DELETED;
        self.run_until(at)?;
        self.nothing_is_left()?;
        // A timer that has lost its object goes when its time comes.
        let at = self.stage.now + LAST;
        self.run_until(at)?;
        self.no_timer_is_left()
    }

    fn nothing_is_left(&mut self) -> Result<(), Broken> {
        let Some(quiet) = self.process.quiet() else {
            return Err(Broken::new(
                Rule::Quiescence,
                "there is no broker at the end",
            ));
        };
        let left = |what: String| Err(Broken::new(Rule::NothingLeft, what));
        let idle = Broker::new(self.stage.setting.broker.clone(), [0; 16], BEGIN).gauges();
        let gauges = quiet.broker.gauges();
        let memory = gauges.memory_bytes.saturating_sub(idle.memory_bytes);
        let mut counted = gauges;
        counted.memory_bytes = idle.memory_bytes;
        if counted != idle || memory > CACHED {
            return left(format!(
                "the broker has {gauges:?}, and at its begin {idle:?}"
            ));
        }
        let stored = (
            quiet.store.sessions(),
            quiet.store.retained(),
            quiet.store.messages(),
        );
        if stored != (0, 0, 0) {
            return left(format!(
                "the store has {stored:?} sessions, retained topics and messages"
            ));
        }
        if let Some(what) = self.echo.left(self.stage.now) {
            return left(what);
        }
        self.check()
    }

    fn no_timer_is_left(&mut self) -> Result<(), Broken> {
        let left = self
            .process
            .quiet()
            .and_then(|quiet| quiet.broker.poll_timeout());
        if let Some(at) = left {
            let what = format!("the broker waits for {at:?}, with nobody there");
            return Err(Broken::new(Rule::NothingLeft, what));
        }
        self.check()
    }
}

/// How long a world may take to come to rest.
const REST: Duration = Duration::from_secs(180);
/// How long it is looked at before it counts as at rest: wills wait for their delay.
const LEAST_REST: Duration = Duration::from_secs(5);
/// How often it is looked at.
const PACE: Duration = Duration::from_millis(250);
/// How long it takes until what is deleted is durable.
const DELETED: Duration = Duration::from_secs(2);
/// Longer than any timer, whatever the clocks were set to.
const LAST: Duration = Duration::from_secs(24 * 60 * 60);
/// A match result may stay in its place in the cache.
const CACHED: usize = 64 * 1_024;
