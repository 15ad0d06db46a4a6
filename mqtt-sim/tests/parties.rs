//! Who takes part in a world beside the broker and its clients: the echo server, and hostile clients.

#![allow(
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of a test may what the test may"
)]

extern crate alloc;

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::time::Duration;
use std::sync::Mutex;

use mqtt_codec::Packet;
use mqtt_sim::{
    Broken, Check, Context, Failure, MessageNumber, Observation, Plan, Report, Scenario, Server,
    World, check,
};

/// Nothing goes wrong here, so every message comes back, once, to who has published it.
#[test]
fn without_faults_each_message_comes_back_once() {
    let scenario = Scenario {
        cut_every: NEVER,
        ..echo_clients()
    };
    for seed in 0..5 {
        let mut plan = Plan::new(seed, &scenario);
        for client in &mut plan.setting.clients {
            client.maximum_packet_size = 100_000;
        }
        let echoed = Echoed::default();
        let mut checks = check::all();
        checks.push(Box::new(echoed.clone()));
        let report = World::new(plan, checks).run().unwrap();
        let (published, delivered) = echoed.counted();
        assert!(published > 500, "{report:?}");
        assert_eq!(delivered, published);
    }
}

#[test]
fn a_world_of_echo_clients_comes_to_its_end() {
    for seed in 0..20 {
        let report = run(seed, &echo_clients()).unwrap();
        assert!(report.counts.delivered > 500, "{report:?}");
    }
}

#[test]
fn a_world_of_twenty_has_an_echo_client_that_is_not_the_watcher() {
    for seed in 0..100 {
        let plan = Plan::new(seed, &small(20));
        let is_echo: Vec<_> = plan
            .setting
            .clients
            .iter()
            .map(|client| client.server == Server::Echo)
            .collect();
        assert!(!is_echo[0] && is_echo.contains(&true), "seed {seed}");
    }
}

#[test]
fn hostile_clients_do_no_harm() {
    for seed in 0..20 {
        let hostile = Hostile::default();
        let mut checks = check::all();
        checks.push(Box::new(hostile.clone()));
        let plan = Plan::new(seed, &hostile_clients());
        let report = World::new(plan, checks).run().unwrap();
        assert!(report.counts.delivered > 100, "{report:?}");
        assert!(hostile.admitted() > 20, "{hostile:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for scenario in [echo_clients(), hostile_clients()] {
        assert_eq!(run(3, &scenario), run(3, &scenario));
    }
}

fn run(seed: u64, scenario: &Scenario) -> Result<Report, Failure> {
    World::new(Plan::new(seed, scenario), check::all()).run()
}

/// All but the watcher talk to the echo server.
fn echo_clients() -> Scenario {
    Scenario {
        echo_percent: 100,
        hostile_every: NEVER,
        ..small(10)
    }
}

fn hostile_clients() -> Scenario {
    Scenario {
        hostile_every: Duration::from_millis(100),
        ..small(10)
    }
}

fn small(clients: usize) -> Scenario {
    Scenario {
        clients,
        span: Duration::from_secs(20),
        ..Scenario::default()
    }
}

/// Sees which messages of clients that are subscribed come back.
#[derive(Clone, Debug, Default)]
struct Echoed(Arc<Mutex<EchoedState>>);

#[derive(Debug, Default)]
struct EchoedState {
    subscribed: BTreeSet<usize>,
    published: BTreeSet<MessageNumber>,
    delivered: Vec<MessageNumber>,
}

impl Echoed {
    /// How many messages were published, and how many came back.
    fn counted(&self) -> (usize, usize) {
        let mut state = self.0.lock().expect("one thread");
        let EchoedState {
            published,
            delivered,
            ..
        } = &mut *state;
        delivered.retain(|message| published.contains(message));
        (published.len(), delivered.len())
    }
}

impl Check for Echoed {
    fn observe(
        &mut self,
        context: &Context<'_>,
        observation: &Observation<'_>,
    ) -> Result<(), Broken> {
        let mut state = self.0.lock().expect("one thread");
        match *observation {
            Observation::Subscribed { client, .. } => {
                state.subscribed.insert(client);
            }
            Observation::Published { client, message } => {
                let is_echo = context.setting.clients[client].server == Server::Echo;
                if is_echo && state.subscribed.contains(&client) {
                    state.published.insert(message);
                }
            }
            Observation::Delivered {
                client, message, ..
            } => {
                // The observer gets what is published at rest.
                if client + 1 == context.setting.clients.len() {
                    return Ok(());
                }
                let publisher = context.messages.get(message).map(|message| message.client);
                assert_eq!(publisher, Some(client));
                state.delivered.push(message);
            }
            _ => {}
        }
        Ok(())
    }
}

/// Counts the hostile clients that the broker lets in.
#[derive(Clone, Debug, Default)]
struct Hostile(Arc<Mutex<usize>>);

impl Hostile {
    fn admitted(&self) -> usize {
        *self.0.lock().expect("one thread")
    }
}

impl Check for Hostile {
    fn observe(&mut self, _: &Context<'_>, observation: &Observation<'_>) -> Result<(), Broken> {
        if let Observation::Sent {
            client: None,
            packet: Packet::Connack(connack),
            ..
        } = observation
        {
            *self.0.lock().expect("one thread") += usize::from(!connack.reason_code.is_error());
        }
        Ok(())
    }
}

const NEVER: Duration = Duration::from_secs(1_000_000);
