//! Hostile clients: each opens a connection to the broker, and keeps no rule on it.

mod kind;
mod limit;
mod packets;
mod script;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use mqtt_session::Instant;

use crate::events::Event;
use crate::network::{Arrived, Direction, End, Party};
use crate::observation::ConnectionNumber;
use crate::profile::Server;
use crate::random::{Random, Stream};
use crate::stage::Stage;
use script::{Parting, Reads, Script};

/// All hostile clients that hold a connection.
///
/// What each does is worked out when it comes. Nothing that they do may be seen by anybody but the broker: see `limit`.
#[derive(Debug)]
pub(crate) struct Hostiles {
    seed: u64,
    present: BTreeMap<usize, Hostile>,
}

#[derive(Debug)]
struct Hostile {
    connection: ConnectionNumber,
    begun: Instant,
    script: Script,
    /// How many pieces of the script are in `unwritten`, or were.
    next: usize,
    unwritten: Vec<u8>,
}

impl Hostiles {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            seed,
            present: BTreeMap::new(),
        }
    }

    /// A hostile client comes: its connection.
    pub(crate) fn begin(&mut self, stage: &mut Stage, number: usize) -> ConnectionNumber {
        let connection = stage.network.open(Party::Hostile(number), Server::Broker);
        let mut random = Random::new(self.seed, Stream::Hostile(number));
        let hostile = Hostile {
            connection,
            begun: stage.now,
            script: Script::new(&mut random, number),
            next: 0,
            unwritten: Vec::new(),
        };
        self.present.insert(number, hostile);
        self.handle_timeout(stage, number);
        connection
    }

    /// The time of the next piece has come, or that of the end.
    pub(crate) fn handle_timeout(&mut self, stage: &mut Stage, number: usize) {
        let Some(hostile) = self.present.get_mut(&number) else {
            return;
        };
        let mut next_at = hostile.begun + hostile.script.span;
        if next_at <= stage.now {
            return self.give_up(stage, number);
        }
        while let Some(piece) = hostile.script.pieces.get(hostile.next) {
            let at = hostile.begun + piece.at;
            if at > stage.now {
                next_at = next_at.min(at);
                break;
            }
            hostile.unwritten.extend_from_slice(&piece.bytes);
            hostile.next += 1;
        }
        stage.events.add(next_at, Event::Hostile(number));
        hostile.write(stage);
    }

    /// There is room on its connection again.
    pub(crate) fn handle_room(&mut self, stage: &mut Stage, number: usize) {
        if let Some(hostile) = self.present.get_mut(&number) {
            hostile.write(stage);
        }
    }

    /// Bytes arrive, or the end. Who does not read does not hear of it.
    pub(crate) fn handle_arrival(&mut self, stage: &mut Stage, number: usize) {
        let Some(hostile) = self.present.get_mut(&number) else {
            return;
        };
        if hostile.script.reads == Reads::Nothing {
            return;
        }
        let at = (hostile.connection, Direction::Down);
        let mut unread = Vec::new();
        match stage
            .network
            .arrive(stage.now, &mut stage.events, at, &mut unread)
        {
            Arrived::Nothing | Arrived::Bytes => {}
            Arrived::End => self.leave(stage, number),
        }
    }

    /// Its connection is gone.
    pub(crate) fn handle_lost(&mut self, stage: &mut Stage, number: usize) {
        self.leave(stage, number);
    }

    /// All of them give up.
    pub(crate) fn heal(&mut self, stage: &mut Stage) {
        while let Some((number, _)) = self.present.first_key_value() {
            let number = *number;
            self.give_up(stage, number);
        }
    }

    fn give_up(&mut self, stage: &mut Stage, number: usize) {
        let Some(hostile) = self.present.get(&number) else {
            return;
        };
        if let Parting::IsCut(cut) = hostile.script.parting {
            let connection = hostile.connection;
            stage
                .network
                .cut(stage.now, &mut stage.events, connection, cut);
        }
        self.leave(stage, number);
    }

    fn leave(&mut self, stage: &mut Stage, number: usize) {
        if let Some(hostile) = self.present.remove(&number) {
            let connection = hostile.connection;
            stage
                .network
                .release(stage.now, &mut stage.events, connection, End::Client);
        }
    }
}

impl Hostile {
    fn write(&mut self, stage: &mut Stage) {
        let at = (self.connection, Direction::Up);
        let n = stage
            .network
            .write(stage.now, &mut stage.events, at, &self.unwritten);
        self.unwritten.drain(..n);
    }
}
