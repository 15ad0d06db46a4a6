use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use mqtt_session::Instant;

use crate::check::{Broken, Check};
use crate::events::{Event, Events};
use crate::messages::{MessageNumber, Messages, PublishedMessage};
use crate::network::Network;
use crate::observation::{Context, Observation, Quiet, Setting};
use crate::plan::Step;
use crate::sabotage::Sabotage;
use crate::trace::Trace;

/// What everybody in a world acts on: the time, what happens next, the network, and who watches.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) now: Instant,
    /// How many things have happened.
    pub(crate) step: u64,
    /// What the clock of the broker's process says more than the time, or less.
    pub(crate) broker_offset: i64,
    pub(crate) events: Events,
    pub(crate) network: Network,
    pub(crate) setting: Setting,
    pub(crate) messages: Messages,
    pub(crate) trace: Option<Trace>,
    pub(crate) sabotage: Option<Sabotage>,
    pub(crate) counts: Counts,
    checks: Vec<Box<dyn Check>>,
    broken: Option<Broken>,
}

/// What was done in a world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that clients have published.
    pub published: u64,
    /// Messages that came to applications.
    pub delivered: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// Starts of the broker behind the first.
    pub restarts: u64,
    /// Commits of the store.
    pub commits: u64,
}

impl Counts {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "most of what is observed is not counted"
    )]
    const fn count(&mut self, observation: &Observation<'_>) {
        match observation {
            Observation::Published { .. } => self.published += 1,
            Observation::Delivered { .. } => self.delivered += 1,
            Observation::Connecting { .. } => self.connections += 1,
            Observation::Started { .. } => self.restarts += 1,
            Observation::Durable { .. } => self.commits += 1,
            _ => {}
        }
    }
}

impl Stage {
    pub(crate) fn new(setting: Setting, network: Network, checks: Vec<Box<dyn Check>>) -> Self {
        Self {
            now: BEGIN,
            step: 0,
            broker_offset: 0,
            events: Events::default(),
            network,
            setting,
            messages: Messages::default(),
            trace: None,
            sabotage: None,
            counts: Counts::default(),
            checks,
            broken: None,
        }
    }

    /// What the broker's clock says.
    pub(crate) fn broker_now(&self) -> Instant {
        Instant::from_micros(
            self.now
                .as_micros()
                .saturating_add_signed(self.broker_offset),
        )
    }

    /// Whether a rule is broken on purpose, and this way.
    pub(crate) fn is_sabotaged(&self, by: Sabotage) -> bool {
        self.sabotage == Some(by)
    }

    /// Says that something will happen.
    pub(crate) fn after(&mut self, delay: Duration, event: Event) {
        self.events.add(self.now + delay, event);
    }

    /// A new message of a client.
    pub(crate) fn add_message(&mut self, message: PublishedMessage) -> MessageNumber {
        self.messages.add(message)
    }

    /// Shows everybody who watches what was observed.
    pub(crate) fn observe(&mut self, observation: &Observation<'_>) {
        self.counts.count(observation);
        let context = Context {
            step: self.step,
            now: self.now,
            broker_now: Instant::from_micros(
                self.now
                    .as_micros()
                    .saturating_add_signed(self.broker_offset),
            ),
            messages: &self.messages,
            setting: &self.setting,
        };
        if let Some(trace) = &mut self.trace {
            trace.note(&context, observation);
        }
        for check in &mut self.checks {
            if let Err(broken) = check.observe(&context, observation) {
                self.broken.get_or_insert(broken);
            }
        }
    }

    /// Notes a step of the plan, in runs that are traced.
    pub(crate) fn note_step(&mut self, planned: &Step) {
        if let Some(trace) = &mut self.trace {
            trace.note_step(self.now, self.step, planned, &self.setting.names);
        }
    }

    /// Shows everybody who watches a world at rest.
    pub(crate) fn observe_quiet(&mut self, quiet: &Quiet<'_>) {
        let context = Context {
            step: self.step,
            now: self.now,
            broker_now: Instant::from_micros(
                self.now
                    .as_micros()
                    .saturating_add_signed(self.broker_offset),
            ),
            messages: &self.messages,
            setting: &self.setting,
        };
        for check in &mut self.checks {
            if let Err(broken) = check.quiet(&context, quiet) {
                self.broken.get_or_insert(broken);
            }
        }
    }

    /// A rule is broken. Only the first one counts: what follows may follow from it.
    pub(crate) fn break_rule(&mut self, broken: Broken) {
        self.broken.get_or_insert(broken);
    }

    /// The rule that is broken, if one is.
    pub(crate) fn take_broken(&mut self) -> Option<Broken> {
        self.broken.take()
    }
}

/// When worlds begin: in 2023, far from the origin of time.
pub(crate) const BEGIN: Instant = Instant::from_micros(1_700_000_000_000_000);
