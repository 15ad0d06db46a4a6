//! Whole MQTT deployments in virtual time, from one seed: clients, a broker's process, its disk, the network, the clocks.
//!
//! The state machines of this family do no I/O, so all of them run in one thread, with every byte, every delay and every
//! failure drawn from one number. A run that breaks a rule is run again from its seed, made small, and shown.
//!
//! ```
//! use core::time::Duration;
//! use mqtt_sim::{Plan, Scenario, World, check};
//!
//! let scenario = Scenario { clients: 10, span: Duration::from_secs(5), ..Scenario::default() };
//! let report = World::new(Plan::new(7, &scenario), check::all()).run()?;
//! assert!(report.counts.delivered > 100);
//! # Ok::<(), mqtt_sim::Failure>(())
//! ```
//!
//! # The parts
//!
//! ```text
//! seed ──▶ Plan: who there is, what they do, what goes wrong          Check: one rule each, told of every
//!            │ steps                                                         │   Observation at the edges
//!            ▼                                                               ▼
//!          World ──▶ Client: an application around a ClientSession ─┐
//!            │       hostile clients: bytes                         ├─ Network: late, split, stuck, cut, half-closed
//!            │       Echo: a server of ServerSessions ──────────────┤
//!            │       Process: Broker ── LogStore ── Disk ───────────┘
//!            └ Events: what happens next, and when
//! ```
//!
//! - A [`Plan`] is worked out before the run: each [`Step`] of the applications and each failure, with its time. A plan
//!   without some of its steps is a plan, too; that is how a failing one is made small.
//! - A [`World`] runs it. Time is that of the next event. What is not in the plan (how bytes travel, how long the disk
//!   takes) is drawn from [`Random`] streams of the seed, one for each connection, so that leaving a client out does not
//!   change the others.
//! - After the plan the world is healed: nothing goes wrong any more, everybody connects, and within three minutes of its
//!   time nothing may be under way. Then everything that was promised has to be there. Then all sessions end, and nothing may be
//!   left.
//! - A [`Check`] knows one [`Rule`] and sees [`Observation`]s only: what applications do and hear, the packets at the
//!   server's edge, the life of its process. The broker's state is compared with the reference model at the end.
//! - A [`Disk`] keeps what a program sees apart from what is durable: a power loss takes any part of what was not synced.
//!   [`LogStore`] is a [`Store`](mqtt_broker_core::Store) on it, of real encoded records.
//! - [`Sabotage`] breaks a rule on purpose, so that each check is seen to notice.
//!
//! # A rule of your own
//!
//! ```
//! use mqtt_sim::{Broken, Check, Context, FailureReport, GuardedRun, Observation, Plan, Rerun, Rule, Scenario, World};
//!
//! /// No client may get more than three messages.
//! #[derive(Debug, Default)]
//! struct AtMostThree(usize);
//!
//! impl Check for AtMostThree {
//!     fn observe(&mut self, _: &Context<'_>, observation: &Observation<'_>) -> Result<(), Broken> {
//!         if let Observation::Delivered { client, message, .. } = *observation {
//!             self.0 += 1;
//!             if self.0 > 3 {
//!                 let broken = Broken::new(Rule::Own, "a fourth message");
//!                 return Err(broken.of_client(client).of_message(message));
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! let scenario = Scenario { clients: 10, span: Duration::from_secs(2), ..Scenario::default() };
//! let checks = || -> Vec<Box<dyn Check>> { vec![Box::<AtMostThree>::default()] };
//! let run = GuardedRun::new(7, || World::new(Plan::new(7, &scenario), checks()));
//! let failure = run.outcome.unwrap_err();
//! let rerun = Rerun { checks: &checks, sabotage: None };
//! // With the smallest plan that was found, and a chart.
//! let report = FailureReport::new(&scenario, failure, &rerun).to_string();
//! assert!(report.contains("a fourth message"));
//! # use core::time::Duration;
//! ```
//!
//! # Time
//!
//! There is one time. The clock of the broker's process is that time with an offset; when the clock on the wall is set, the
//! next process begins with the new offset, as an adapter reads the wall once, at its start.
//!
//! # What it leaves out
//!
//! A process is one shard, and a client's session is driven by an application of our own. Shards stand in
//! `Process` beside each other, with queues between them whose messages arrive as events; a driver of reconnects stands in
//! the place of `Client`.
#![forbid(unsafe_code)]

extern crate alloc;

mod chart;
pub mod check;
mod client;
mod disk;
mod echo;
mod events;
mod failure_report;
mod guarded_run;
mod hostile;
mod log_store;
mod messages;
mod minimize;
pub mod model;
mod names;
mod network;
mod observation;
mod plan;
mod process;
mod profile;
mod random;
mod sabotage;
mod scenario;
mod stage;
mod tap;
mod thousands;
mod trace;
mod world;

pub use chart::Chart;
pub use check::{Broken, Check, Rule};
pub use disk::{Disk, DiskCounters, DiskError, FailedAppend, Loss};
pub use failure_report::FailureReport;
pub use guarded_run::{GuardedRun, keep_panics_for_reports};
pub use log_store::{LogCounters, LogStore, Recovery};
pub use messages::{MessageNumber, Messages, Origin, PublishedMessage};
pub use minimize::{Minimal, Rerun, SearchEnd};
pub use names::{Filter, Names, Topic};
pub use network::{Cut, Direction};
pub use observation::{Answer, ConnectionNumber, Context, Kept, Observation, Quiet, Setting};
pub use plan::{Crash, Plan, Planned, Publication, Step, Will};
pub use profile::{Lasting, Profile, Server, WillProfile};
pub use random::{Random, Stream};
pub use sabotage::Sabotage;
pub use scenario::Scenario;
pub use stage::Counts;
pub use thousands::Thousands;
pub use trace::{Entry, Kind, Trace, Way};
pub use world::{Failure, Report, World};
