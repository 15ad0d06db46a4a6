//! The broker's process: the broker, its store, its connections, and how it ends and begins.

mod bounds;
mod links;
mod settle;
mod writer;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;
use mqtt_broker_core::{Broker, LinkId, Message, Position, Store, StoreError};
use mqtt_codec::Version;
use mqtt_session::Instant;

use crate::check::{Broken, Rule};
use crate::disk::{Disk, Loss};
use crate::events::Event;
use crate::log_store::{LogStore, Recovery};
use crate::network::{Cut, End};
use crate::observation::{ConnectionNumber, Observation, Quiet};
use crate::plan::Crash;
use crate::random::{Random, Stream};
use crate::sabotage::Sabotage;
use crate::stage::{BEGIN, Stage};
pub(crate) use links::Reading;
use links::ServerEnd;
use writer::Writer;

/// The broker's process, one after the other, with the disk that outlives them.
///
/// One process is one [`Broker`], that is one shard. More shards stand beside it, with queues between them whose messages
/// arrive as events.
#[derive(Debug)]
pub(crate) struct Process {
    seed: u64,
    /// Which start this is.
    start: u64,
    /// The store's number for the last process that came to work.
    incarnation: u32,
    state: State,
    /// What the clock on the wall says more than the time: the next start begins with it.
    wall_offset: i64,
    random: Random,
}

#[derive(Debug)]
enum State {
    Up(Box<Running>),
    Down {
        disk: Disk,
        /// How often it crashes once more while it starts.
        again: u8,
    },
}

/// A process that runs.
#[derive(Debug)]
pub(super) struct Running {
    start: u64,
    incarnation: u32,
    broker: Broker,
    store: LogStore,
    writer: Writer,
    ends: BTreeMap<ConnectionNumber, ServerEnd>,
    connections: BTreeMap<LinkId, ConnectionNumber>,
    /// When the next `BrokerTimer` comes.
    timer: Option<Instant>,
    /// Links that have something to write, and those that have no room for it.
    dirty: Vec<LinkId>,
    blocked: BTreeSet<LinkId>,
    /// Links whose unread bytes are to be presented.
    resumed: Vec<LinkId>,
    /// How many dropped messages the broker had counted when that was observed last.
    dropped: u64,
    /// Packets that are to go astray, see `Sabotage::Misdeliver`.
    stray: Option<(Version, ConnectionNumber, Vec<u8>)>,
    random: Random,
}

impl Process {
    /// The first process, on an empty disk.
    pub(crate) fn new(seed: u64, stage: &mut Stage) -> Self {
        let mut process = Self {
            seed,
            start: 0,
            incarnation: 0,
            state: State::Down {
                disk: Disk::new(),
                again: 0,
            },
            wall_offset: 0,
            random: Random::new(seed, Stream::Disk),
        };
        process.begin(stage);
        process
    }

    /// Whether it takes connections.
    pub(crate) const fn is_up(&self) -> bool {
        matches!(self.state, State::Up(_))
    }

    pub(super) fn running(&mut self) -> Option<&mut Running> {
        match &mut self.state {
            State::Up(running) => Some(running),
            State::Down { .. } => None,
        }
    }

    /// The process starts from what the disk has.
    pub(crate) fn handle_start(&mut self, stage: &mut Stage) {
        if let Some(recovered) = self.begin(stage) {
            stage.observe(&Observation::Started { recovered });
            self.settle(stage);
        }
    }

    fn begin(&mut self, stage: &mut Stage) -> Option<Position> {
        let State::Down { disk, again } = &mut self.state else {
            return None;
        };
        let mut disk = core::mem::take(disk);
        for _ in 0..core::mem::take(again) {
            // It reads the log and writes it anew, and does not come to the end of that, mostly.
            disk.stop_after(self.random.between(0..=STARTING));
            disk = match LogStore::open(disk) {
                Ok((store, _)) => store.into_disk(),
                Err(failed) => failed.0,
            };
            disk.crash(&mut self.random, Loss::Power);
        }
        self.start += 1;
        stage.broker_offset = self.wall_offset;
        match self.open(stage, disk) {
            Ok((running, recovery)) => {
                let last = core::mem::replace(&mut self.incarnation, running.incarnation);
                self.state = State::Up(Box::new(running));
                Some(recovery.position_of(last))
            }
            Err(failed) => {
                let (disk, error) = *failed;
                // What the disk does not do now it may do later; what it has is right or wrong for ever.
                if matches!(error, StoreError::OutOfSpace | StoreError::Io { .. }) {
                    stage.after(START_AGAIN, Event::Start);
                } else {
                    let what = format!("the broker does not start: {error}");
                    stage.break_rule(Broken::new(Rule::Restart, what));
                }
                self.state = State::Down { disk, again: 0 };
                None
            }
        }
    }

    fn open(
        &mut self,
        stage: &Stage,
        disk: Disk,
    ) -> Result<(Running, Recovery), Box<(Disk, StoreError)>> {
        let (mut store, recovery) = LogStore::open(disk)?;
        let now = broker_clock(stage);
        let mut key = [0; 16];
        let mut keys = Random::new(self.seed, Stream::Process(self.start));
        key.fill_with(|| keys.below(256).try_into().unwrap_or(0));
        let sabotage = stage.sabotage;
        let mut config = stage.setting.broker.clone();
        if let Some(sabotage) = sabotage {
            config = sabotage.config(config);
        }
        let mut broker = Broker::new(config, key, now);
        let head = stage.setting.broker.queue_head_messages;
        let restored = store.incarnation().and_then(|incarnation| {
            store.load(head, &mut |loaded| {
                if sabotage.is_none_or(|sabotage| sabotage.restores(&loaded)) {
                    broker.restore(now, incarnation, loaded);
                }
            })?;
            Ok(incarnation)
        });
        let incarnation = match restored {
            Ok(incarnation) => incarnation,
            Err(error) => return Err(Box::new((store.into_disk(), error))),
        };
        let running = Running {
            start: self.start,
            incarnation,
            broker,
            store,
            writer: Writer::default(),
            ends: BTreeMap::new(),
            connections: BTreeMap::new(),
            timer: None,
            dirty: Vec::new(),
            blocked: BTreeSet::new(),
            resumed: Vec::new(),
            dropped: 0,
            stray: None,
            random: Random::new(keys.number(), Stream::Disk),
        };
        Ok((running, recovery))
    }

    /// The process ends. Another one starts later.
    pub(crate) fn crash(&mut self, stage: &mut Stage, crash: Crash) {
        if !self.is_up() {
            return;
        }
        let down = State::Down {
            disk: Disk::new(),
            again: crash.again,
        };
        let State::Up(running) = core::mem::replace(&mut self.state, down) else {
            return;
        };
        stage.observe(&Observation::Crashed);
        for connection in running.ends.keys() {
            // With the power on, the system closes what the process had open. Without it, who writes hears that there is no
            // such connection, when the system is back.
            if crash.loss == Loss::Power {
                let cut = Cut::BothAreBlind;
                stage
                    .network
                    .cut(stage.now, &mut stage.events, *connection, cut);
                let late = self.random.span(Duration::ZERO..=RESET);
                stage.after(crash.down + late, Event::Notice(*connection, End::Client));
            }
            stage
                .network
                .release(stage.now, &mut stage.events, *connection, End::Server);
        }
        if let Err(broken) = bounds::check(running.store.contents(), &stage.setting.broker) {
            stage.break_rule(broken);
        }
        let mut disk = running.store.into_disk();
        disk.crash(&mut self.random, crash.loss);
        if stage.is_sabotaged(Sabotage::DamageDisk) {
            damage(&mut disk);
        }
        if let State::Down { disk: place, .. } = &mut self.state {
            *place = disk;
        }
        stage.after(crash.down, Event::Start);
    }

    /// The clock on the wall is set.
    pub(crate) const fn jump(&mut self, micros: i64) {
        self.wall_offset += micros;
    }

    /// The disk that there is, whether the process runs or not.
    pub(crate) fn disk_mut(&mut self) -> &mut Disk {
        match &mut self.state {
            State::Up(running) => running.store.disk_mut(),
            State::Down { disk, .. } => disk,
        }
    }

    /// What is under way in it, with so many clients connected.
    pub(crate) fn restless(&self, connections: usize) -> Option<String> {
        match &self.state {
            State::Up(running) => running.restless(connections),
            State::Down { .. } => Some("there is no broker".into()),
        }
    }

    /// The disk has space, and does not fail.
    pub(crate) fn heal(&mut self) {
        self.disk_mut().heal();
    }

    /// Removes the retained messages of all topics.
    pub(crate) fn clear_retained(&mut self, stage: &mut Stage) {
        let topics: Vec<_> = stage.setting.names.topics().collect();
        let now = broker_clock(stage);
        if let Some(running) = self.running() {
            for topic in topics {
                if let Some(name) = stage.setting.names.topic(topic) {
                    let removal = Message::builder(name.clone(), Bytes::new())
                        .retain(true)
                        .build();
                    running.broker.publish(now, &removal);
                }
            }
        }
        self.settle(stage);
    }

    /// What can be looked at when it is at rest.
    pub(crate) fn quiet(&self) -> Option<Quiet<'_>> {
        match &self.state {
            State::Up(running) => Some(Quiet {
                broker: &running.broker,
                store: running.store.contents(),
            }),
            State::Down { .. } => None,
        }
    }

    /// Does what the broker asks for.
    fn settle(&mut self, stage: &mut Stage) {
        if let Some(running) = self.running() {
            running.settle(stage);
        }
    }
}

/// What the clock of the broker's process says.
fn broker_clock(stage: &Stage) -> Instant {
    let now = stage.broker_now();
    if !stage.is_sabotaged(Sabotage::SlowClock) {
        return now;
    }
    let passed = stage.now.saturating_duration_since(BEGIN) / 2;
    let lost = u64::try_from(passed.as_micros()).unwrap_or(0);
    Instant::from_micros(now.as_micros() - lost)
}

/// Changes a byte in the middle of each file.
fn damage(disk: &mut Disk) {
    let files: Vec<String> = disk.files().map(String::from).collect();
    for file in files {
        let mut bytes = disk.read(&file).unwrap_or_default().to_vec();
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 0x40;
        }
        let _ = disk.truncate(&file, 0);
        let _ = disk.append(&file, &bytes);
    }
}

/// How many operations of the disk a start takes, about.
const STARTING: u64 = 10;
/// How long after the system is back a client hears that its connection is gone at most.
const RESET: Duration = Duration::from_secs(1);
/// After how long a process that has found no space is started again.
const START_AGAIN: Duration = Duration::from_millis(500);
