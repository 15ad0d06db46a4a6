//! A world: everybody in it, and the loop that makes things happen.

mod end;
mod steps;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use mqtt_session::Instant;

use crate::check::{Broken, Check, Rule};
use crate::client::Client;
use crate::echo::Echo;
use crate::events::Event;
use crate::hostile::Hostiles;
use crate::network::{Direction, End, Network, Party};
use crate::observation::ConnectionNumber;
use crate::plan::Plan;
use crate::process::Process;
use crate::profile::Server;
use crate::sabotage::Sabotage;
use crate::stage::{BEGIN, Counts, Stage};
use crate::trace::Trace;

/// A deployment: clients, a network, the broker's process with its disk, and clocks.
///
/// ```text
/// plan ──steps──▶ World ──▶ Client (ClientSession) ⇄ Network ⇄ Process (Broker, LogStore, Disk)
///                   │                                   ⇅
///                 Events (what happens next)          Echo (ServerSession), hostile clients
///                   └──▶ every edge is observed by the checks
/// ```
///
/// It runs in one thread, without a clock: time is that of the next event. The same plan gives the same run.
#[derive(Debug)]
pub struct World {
    stage: Stage,
    plan: Plan,
    /// The next step of the plan.
    next: usize,
    clients: Vec<Client>,
    process: Process,
    echo: Echo,
    hostiles: Hostiles,
    /// Until when the disk is full.
    full_until: Instant,
}

/// What came of a run in which every rule was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// What was done.
    pub counts: Counts,
    /// How many things happened.
    pub steps: u64,
    /// How much time passed.
    pub span: Duration,
}

/// What broke a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed of the plan.
    pub seed: u64,
    /// Which step of the run it was.
    pub step: u64,
    /// How long after the begin.
    pub at: Duration,
    /// The rule, and how it was broken.
    pub broken: Broken,
}

impl World {
    /// A world in which nothing has happened yet.
    #[must_use]
    pub fn new(plan: Plan, checks: Vec<Box<dyn Check>>) -> Self {
        Self::sabotaged(plan, checks, None)
    }

    /// A world that breaks a rule on purpose.
    #[must_use]
    pub fn sabotaged(plan: Plan, checks: Vec<Box<dyn Check>>, sabotage: Option<Sabotage>) -> Self {
        let mut stage = Stage::new(plan.setting.clone(), Network::new(plan.seed), checks);
        stage.sabotage = sabotage;
        let process = Process::new(plan.seed, &mut stage);
        let mut clients = Vec::new();
        for (number, profile) in plan.setting.clients.iter().enumerate() {
            match Client::new(plan.seed, number, profile) {
                Ok(client) => clients.push(client),
                Err(error) => {
                    let what = alloc::format!("client {number} cannot be: {error}");
                    stage.break_rule(Broken::new(Rule::Protocol, what));
                }
            }
        }
        let hostiles = Hostiles::new(plan.seed);
        Self {
            stage,
            plan,
            next: 0,
            clients,
            process,
            echo: Echo::default(),
            hostiles,
            full_until: BEGIN,
        }
    }

    /// How many things have happened.
    #[must_use]
    pub const fn step(&self) -> u64 {
        self.stage.step
    }

    /// How much time has passed since the begin.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.stage.now - BEGIN
    }

    /// Notes from now on what is observed.
    pub fn trace(&mut self) {
        self.stage.trace = Some(Trace::default());
    }

    /// What was noted.
    pub fn take_trace(&mut self) -> Option<Trace> {
        self.stage.trace.take()
    }

    /// Runs the plan, lets the world come to rest, looks at everything, and ends all sessions.
    ///
    /// # Errors
    ///
    /// [`Failure`]: the first rule that was broken, and at which step.
    pub fn run(&mut self) -> Result<Report, Failure> {
        self.run_plan()
            .and_then(|()| self.come_to_rest())
            .and_then(|()| self.end_everything())
            .map_err(|broken| Failure {
                seed: self.plan.seed,
                step: self.stage.step,
                at: self.stage.now - BEGIN,
                broken,
            })?;
        Ok(Report {
            counts: self.stage.counts,
            steps: self.stage.step,
            span: self.stage.now - BEGIN,
        })
    }

    fn run_plan(&mut self) -> Result<(), Broken> {
        let end = BEGIN + self.plan.span;
        loop {
            let step_at = self
                .plan
                .steps
                .get(self.next)
                .map(|planned| BEGIN + planned.at);
            let event_at = self.stage.events.next_at();
            let is_step = match (step_at, event_at) {
                (Some(step), Some(event)) => step <= event,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if is_step {
                self.take_step();
            } else if event_at.is_some_and(|at| at <= end) {
                self.happen();
            } else {
                self.stage.now = self.stage.now.max(end);
                return self.check();
            }
            self.check()?;
        }
    }

    /// Everything that is known to happen until then.
    fn run_until(&mut self, end: Instant) -> Result<(), Broken> {
        while self.stage.events.next_at().is_some_and(|at| at <= end) {
            self.happen();
            self.check()?;
        }
        self.stage.now = self.stage.now.max(end);
        Ok(())
    }

    fn check(&mut self) -> Result<(), Broken> {
        match self.stage.take_broken() {
            Some(broken) => Err(broken),
            // Who answers at once for ever would keep the time from passing.
            None if self.stage.step > STEPS => {
                let what = alloc::format!("more than {STEPS} things have happened");
                Err(Broken::new(Rule::Quiescence, what))
            }
            None => Ok(()),
        }
    }

    /// The next event.
    fn happen(&mut self) {
        let Some((at, event)) = self.stage.events.pop() else {
            return;
        };
        self.stage.now = self.stage.now.max(at);
        self.stage.step += 1;
        let Self {
            stage,
            process,
            clients,
            echo,
            hostiles,
            ..
        } = self;
        match event {
            Event::Arrival(connection, direction) => self.arrive(connection, direction),
            Event::Notice(connection, end) => self.notice(connection, end),
            Event::ClientTimer(client) => {
                if let Some(client) = clients.get_mut(client) {
                    client.handle_timeout(stage);
                }
            }
            Event::Connect(client) => self.connect(client),
            Event::BrokerTimer => process.handle_timeout(stage),
            Event::ConnectDeadline(connection) => {
                process.handle_connect_deadline(stage, connection)
            }
            Event::Written(start) => process.handle_written(stage, start),
            Event::Start => process.handle_start(stage),
            Event::SpaceIsBack => {
                if stage.now >= self.full_until {
                    process.disk_mut().set_capacity(None);
                }
            }
            Event::EchoTimer(connection) => echo.handle_timeout(stage, connection),
            Event::Hostile(hostile) => hostiles.handle_timeout(stage, hostile),
        }
    }

    fn connect(&mut self, client: usize) {
        let Self {
            stage,
            process,
            clients,
            echo,
            ..
        } = self;
        let Some(client) = clients.get_mut(client) else {
            return;
        };
        let is_reachable = match client.server() {
            Server::Broker => process.is_up(),
            Server::Echo => true,
        };
        if let Some(connection) = client.connect(stage, is_reachable) {
            match client.server() {
                Server::Broker => process.handle_opened(stage, connection, Some(client.number())),
                Server::Echo => echo.handle_opened(stage, connection, client.number()),
            }
        }
    }

    /// Something arrives, and there is room again for who sent it.
    fn arrive(&mut self, connection: ConnectionNumber, direction: Direction) {
        let Self {
            stage,
            process,
            clients,
            echo,
            hostiles,
            ..
        } = self;
        let Some((party, server)) = stage.network.parties(connection) else {
            return;
        };
        match (direction, server) {
            (Direction::Up, Server::Broker) => process.handle_arrival(stage, connection),
            (Direction::Up, Server::Echo) => echo.handle_arrival(stage, connection),
            (Direction::Down, _) => {}
        }
        match (party, direction) {
            (Party::Client(client), _) => {
                if let Some(client) = clients.get_mut(client) {
                    match direction {
                        Direction::Up => client.handle_room(stage, connection),
                        Direction::Down => client.handle_arrival(stage, connection),
                    }
                }
            }
            (Party::Hostile(hostile), Direction::Up) => hostiles.handle_room(stage, hostile),
            (Party::Hostile(hostile), Direction::Down) => hostiles.handle_arrival(stage, hostile),
        }
        match (direction, server) {
            (Direction::Up, _) => {}
            (Direction::Down, Server::Broker) => process.handle_room(stage, connection),
            (Direction::Down, Server::Echo) => echo.handle_room(stage, connection),
        }
    }

    fn notice(&mut self, connection: ConnectionNumber, end: End) {
        let Self {
            stage,
            process,
            clients,
            echo,
            hostiles,
            ..
        } = self;
        let Some((party, server)) = stage.network.parties(connection) else {
            return;
        };
        match (end, party, server) {
            (End::Client, Party::Client(client), _) => {
                if let Some(client) = clients.get_mut(client) {
                    client.handle_lost(stage, connection);
                }
            }
            (End::Client, Party::Hostile(hostile), _) => hostiles.handle_lost(stage, hostile),
            (End::Server, _, Server::Broker) => process.handle_lost(stage, connection),
            (End::Server, _, Server::Echo) => echo.handle_lost(stage, connection),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.at.as_micros();
        let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
        write!(
            f,
            "seed {}, step {}, {seconds}.{micros:06} s: {}",
            self.seed, self.step, self.broken
        )
    }
}

/// How many things may happen in a world: hundreds of times what happens in the standard one.
const STEPS: u64 = 100_000_000;
