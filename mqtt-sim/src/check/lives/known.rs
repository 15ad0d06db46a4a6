use alloc::vec::Vec;
use core::time::Duration;

use mqtt_broker_core::{Persistence, Position};
use mqtt_session::Instant;

use super::{Arrival, Life, Presence};
use crate::observation::{ConnectionNumber, Context};
use crate::profile::Server;

/// What is known of the sessions of one client.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) life: Option<Life>,
    last_life: u32,
    /// All that the broker may have of it.
    may_have: Vec<Possible>,
    /// What a crash may bring back, until this batch is durable.
    superseded: Vec<(Possible, u64)>,
    arrivals: Vec<Arrival>,
    /// Connections that were over before their CONNECT came: it does nothing any more.
    never: Vec<ConnectionNumber>,
}

/// What the broker may have of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Possible {
    Nothing,
    /// Somebody else may have used its Client Identifier, or it was refused.
    Anything,
    Session(Session),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Session {
    life: Life,
    /// Seconds; `u32::MAX` means never.
    expiry: u32,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    On(ConnectionNumber),
    /// Since when, on the broker's clock.
    Off(Instant),
}

/// When something happens to a session, as far as its broker records it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recording {
    /// On the broker's clock.
    pub(super) now: Instant,
    /// When the broker was last told the time, in this process.
    pub(super) timed_out_at: Option<Instant>,
    /// The batch that it will be in.
    pub(super) batch: u64,
    /// The last batch that is durable.
    pub(super) durable: u64,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            life: None,
            last_life: 0,
            may_have: [Possible::Nothing].into(),
            superseded: Vec::new(),
            arrivals: Vec::new(),
            never: Vec::new(),
        }
    }
}

impl Known {
    /// The CONNECT of a connection that was answered.
    pub(super) fn arrival(&self, connection: ConnectionNumber) -> Option<Arrival> {
        let of_it = |it: &&Arrival| it.connection == connection && it.is_answered;
        self.arrivals.iter().find(of_it).copied()
    }

    fn new_life(&mut self) -> Life {
        self.last_life += 1;
        Life(self.last_life)
    }

    pub(super) fn presence(&self, now: Instant, timed_out_at: Option<Instant>) -> Presence {
        let is_alive = |it: &Possible| matches!(it, Possible::Session(it) if !it.is_over(now));
        let is_gone = |it: &Possible| match it {
            Possible::Nothing => true,
            Possible::Anything => false,
            Possible::Session(it) => timed_out_at.is_some_and(|at| it.is_over(at)),
        };
        if self.may_have.iter().all(is_alive) {
            Presence::Alive
        } else if self.may_have.iter().all(is_gone) {
            Presence::Gone
        } else {
            Presence::Unsure
        }
    }

    /// The session that the broker surely has, and on a connection.
    pub(super) fn connected_life(&self) -> Option<Life> {
        let life_of = |it: &Possible| match it {
            Possible::Session(Session {
                life,
                place: Place::On(_),
                ..
            }) => Some(*life),
            Possible::Session(_) | Possible::Nothing | Possible::Anything => None,
        };
        let life = self.may_have.first().and_then(life_of)?;
        let is_it = |it: &Possible| life_of(it) == Some(life);
        self.may_have.iter().all(is_it).then_some(life)
    }

    /// CONNECT comes to the broker. Until it is answered, nobody knows whether it has done something already.
    pub(super) fn arrives(
        &mut self,
        recording: &Recording,
        connection: ConnectionNumber,
        clean_start: bool,
        expiry: u32,
    ) {
        if self.never.contains(&connection) {
            return;
        }
        let life = match self.surely_goes_on(recording.now).filter(|_| !clean_start) {
            Some(life) => life,
            None => self.new_life(),
        };
        let arrival = Arrival {
            connection,
            clean_start,
            older: self.presence_at_connect(recording),
            life,
            expiry,
            is_answered: false,
        };
        self.arrivals.push(arrival);
        self.may_have.push(Possible::Session(Session::of(&arrival)));
    }

    /// CONNACK is sent: the session is on this connection. What is said of one that outlives its connection is durable.
    pub(super) fn answers(&mut self, recording: &Recording, connection: ConnectionNumber) {
        let of_it = |it: &Arrival| it.connection == connection && !it.is_answered;
        let Some(index) = self.arrivals.iter().position(of_it) else {
            return;
        };
        let mut arrival = self.arrivals.remove(index);
        let older = Self {
            may_have: self.others(Place::On(connection)),
            ..Self::default()
        };
        if older.presence_at_connect(recording) != arrival.older {
            arrival.older = Presence::Unsure;
        }
        let goes_on = older.surely_goes_on(recording.now) == Some(arrival.life);
        if !arrival.clean_start && !goes_on {
            arrival.life = self.new_life();
        }
        arrival.is_answered = true;
        let mut may_have = Vec::from([Possible::Session(Session::of(&arrival))]);
        for waiting in self.arrivals.iter_mut().filter(|it| !it.is_answered) {
            // Its turn may come behind this one.
            if !waiting.clean_start && arrival.expiry > 0 {
                waiting.life = arrival.life;
            }
            waiting.older = Presence::Unsure;
            may_have.push(Possible::Session(Session::of(waiting)));
        }
        self.arrivals.push(arrival);
        self.becomes(recording, may_have);
        if arrival.expiry > 0 {
            self.superseded.clear();
        }
    }

    /// CONNACK says that the client is not let in.
    pub(super) fn refuses(&mut self, recording: &Recording, connection: ConnectionNumber) {
        self.arrivals.retain(|it| it.connection != connection);
        self.is_in_doubt(recording);
    }

    /// Somebody else came with its Client Identifier.
    pub(super) fn is_in_doubt(&mut self, recording: &Recording) {
        self.becomes(recording, [Possible::Anything].into());
    }

    /// The broker takes the session off its connection; DISCONNECT may set the expiry anew.
    pub(super) fn leaves(
        &mut self,
        recording: &Recording,
        connection: ConnectionNumber,
        expiry: Option<u32>,
    ) {
        if !self.arrivals.iter().any(|it| it.connection == connection) {
            self.never.push(connection);
        }
        self.arrivals
            .retain(|it| it.is_answered || it.connection != connection);
        let on = Place::On(connection);
        let is_on = |it: &Possible| matches!(it, Possible::Session(it) if it.place == on);
        if !self.may_have.iter().any(is_on) {
            return;
        }
        let leave = |possible: &Possible| match *possible {
            Possible::Session(session) if session.place == on => {
                // One that had no expiry cannot get one. Standard: MQTT 5.0 §3.14.2.2.2.
                let expiry = match session.expiry {
                    0 => 0,
                    old => expiry.unwrap_or(old),
                };
                let place = Place::Off(recording.now);
                match expiry {
                    0 => Possible::Nothing,
                    _ => Possible::Session(Session {
                        expiry,
                        place,
                        ..session
                    }),
                }
            }
            other @ (Possible::Session(_) | Possible::Nothing | Possible::Anything) => other,
        };
        let may_have = self.may_have.iter().map(leave).collect();
        self.becomes(recording, may_have);
    }

    /// A session that does not outlive its connection may or may not outlive that this connection is taken over.
    fn presence_at_connect(&self, recording: &Recording) -> Presence {
        match self.presence(recording.now, recording.timed_out_at) {
            Presence::Alive if self.ends_with_connection() => Presence::Unsure,
            presence @ (Presence::Alive | Presence::Unsure | Presence::Gone) => presence,
        }
    }

    fn ends_with_connection(&self) -> bool {
        let ends = |it: &Possible| matches!(it, Possible::Session(Session { expiry: 0, .. }));
        self.may_have.iter().any(ends)
    }

    /// The session that a CONNECT surely finds.
    fn surely_goes_on(&self, now: Instant) -> Option<Life> {
        let life_of = |it: &Possible| match it {
            Possible::Session(session) if !session.is_over(now) => Some(session.life),
            Possible::Session(_) | Possible::Nothing | Possible::Anything => None,
        };
        let life = self.may_have.first().and_then(life_of)?;
        let is_it = |it: &Possible| life_of(it) == Some(life);
        let is_sure = !self.ends_with_connection() && self.may_have.iter().all(is_it);
        is_sure.then_some(life)
    }

    /// What the broker may have but for a session in this place.
    fn others(&self, place: Place) -> Vec<Possible> {
        let is_other = |it: &&Possible| !matches!(it, Possible::Session(it) if it.place == place);
        self.may_have.iter().filter(is_other).copied().collect()
    }

    fn becomes(&mut self, recording: &Recording, may_have: Vec<Possible>) {
        self.superseded
            .retain(|(_, batch)| *batch > recording.durable);
        for old in core::mem::take(&mut self.may_have) {
            match self.superseded.iter_mut().find(|(it, _)| *it == old) {
                Some(known) => known.1 = recording.batch,
                None => self.superseded.push((old, recording.batch)),
            }
        }
        for new in may_have {
            if !self.may_have.contains(&new) {
                self.may_have.push(new);
            }
        }
    }

    pub(super) fn connected(
        &mut self,
        connection: ConnectionNumber,
        session_present: bool,
        server: Option<Server>,
    ) {
        let arrival = self.arrival(connection);
        let arrival = arrival.filter(|_| server == Some(Server::Broker));
        self.arrivals
            .retain(|it| it.connection >= connection || !it.is_answered);
        self.never.clear();
        let Some(arrival) = arrival else {
            self.life = Some(self.new_life());
            self.may_have = [Possible::Anything].into();
            return;
        };
        if session_present || Some(arrival.life) != self.life {
            self.life = Some(arrival.life);
            return;
        }
        // It should have gone on, and did not.
        let new = self.new_life();
        for possible in &mut self.may_have {
            if let Possible::Session(session) = possible {
                session.life = if session.life == arrival.life {
                    new
                } else {
                    session.life
                };
            }
        }
        self.life = Some(new);
    }

    pub(super) fn crashed(&mut self, context: &Context<'_>) {
        self.arrivals.retain(|it| it.is_answered);
        if context.setting.broker.persistence == Persistence::None {
            self.may_have = [Possible::Nothing].into();
            self.superseded.clear();
            return;
        }
        let now = context.broker_now;
        let is_over = |it: &Possible| matches!(it, Possible::Session(it) if it.is_over(now));
        if self.may_have.iter().any(is_over) {
            // The clock of the next process may say something else, and the end of the session be durable.
            self.may_have.push(Possible::Nothing);
        }
    }

    /// The crash was the end of all connections, by the clock of the new process.
    pub(super) fn restored(&mut self, now: Instant, recovered: Position) {
        let mut found = core::mem::take(&mut self.may_have);
        let superseded = core::mem::take(&mut self.superseded);
        let may_be_back = superseded
            .into_iter()
            .filter(|(_, batch)| *batch > recovered.0);
        found.extend(may_be_back.map(|(it, _)| it));
        for possible in found {
            let mut now_it_is = possible;
            if let Possible::Session(session) = &mut now_it_is {
                if matches!(session.place, Place::On(_)) {
                    session.place = Place::Off(now);
                    // Until that is durable, the next crash will be the end of the connection.
                    self.superseded.push((possible, 1));
                }
            }
            if !self.may_have.contains(&now_it_is) {
                self.may_have.push(now_it_is);
            }
        }
    }
}

impl Session {
    const fn of(arrival: &Arrival) -> Self {
        Self {
            life: arrival.life,
            expiry: arrival.expiry,
            place: Place::On(arrival.connection),
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        let Place::Off(at) = self.place else {
            return false;
        };
        let expiry = Duration::from_secs(u64::from(self.expiry));
        self.expiry < u32::MAX && at + expiry <= now
    }
}
