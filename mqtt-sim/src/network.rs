//! Connections between clients and servers: bytes that are late, split, stuck or lost.

mod pipe;

use alloc::vec::Vec;
use core::time::Duration;

use mqtt_session::Instant;

use crate::events::{Event, Events};
use crate::observation::ConnectionNumber;
use crate::profile::Server;
use crate::random::{Random, Stream};
use pipe::Pipe;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// One of the two at a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Who opened it.
    Client,
    /// Who took it.
    Server,
}

/// Who opens connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// A client with its number.
    Client(usize),
    /// A hostile client with its number.
    Hostile(usize),
}

/// How a connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Both ends hear of it.
    Both,
    /// The client does not hear of it.
    ClientIsBlind,
    /// The server does not hear of it.
    ServerIsBlind,
    /// Neither does.
    BothAreBlind,
}

#[derive(Debug)]
struct Connection {
    party: Party,
    server: Server,
    up: Pipe,
    down: Pipe,
    /// Whether the ends still hold it.
    client_holds: bool,
    server_holds: bool,
    /// Nothing arrives any more.
    is_cut: bool,
    random: Random,
}

/// What arrived at an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// Nothing, or an end that does not look any more.
    Nothing,
    /// These bytes.
    Bytes,
    /// The other end does not send any more.
    End,
}

/// All connections of a world.
#[derive(Debug)]
pub(crate) struct Network {
    seed: u64,
    connections: Vec<Connection>,
    /// How many connections each client has opened.
    opened: Vec<u64>,
    /// From when on nothing is stalled and bytes are quick.
    is_healed: bool,
}

impl Network {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            seed,
            connections: Vec::new(),
            opened: Vec::new(),
            is_healed: false,
        }
    }

    /// A connection that both ends hold.
    pub(crate) fn open(&mut self, party: Party, server: Server) -> ConnectionNumber {
        let stream = match party {
            Party::Client(client) => {
                if self.opened.len() <= client {
                    self.opened.resize(client + 1, 0);
                }
                let opened = self.opened.get_mut(client);
                let nth = opened.map_or(0, |nth| {
                    *nth += 1;
                    *nth
                });
                Stream::Link(client, nth)
            }
            Party::Hostile(hostile) => Stream::Link(usize::MAX - hostile, 0),
        };
        let mut random = Random::new(self.seed, stream);
        let mut capacity = || random.pick(&CAPACITIES).copied().unwrap_or(4_096);
        let (up, down) = (Pipe::new(capacity()), Pipe::new(capacity()));
        let number = u32::try_from(self.connections.len()).unwrap_or(u32::MAX);
        self.connections.push(Connection {
            party,
            server,
            up,
            down,
            client_holds: true,
            server_holds: true,
            is_cut: false,
            random,
        });
        ConnectionNumber(number)
    }

    fn get(&self, number: ConnectionNumber) -> Option<&Connection> {
        self.connections.get(number.0 as usize)
    }

    /// Who is at the two ends.
    pub(crate) fn parties(&self, number: ConnectionNumber) -> Option<(Party, Server)> {
        self.get(number)
            .map(|connection| (connection.party, connection.server))
    }

    fn get_mut(&mut self, number: ConnectionNumber) -> Option<&mut Connection> {
        self.connections.get_mut(number.0 as usize)
    }

    /// Sends as many bytes as there is room for: how many that is.
    pub(crate) fn write(
        &mut self,
        now: Instant,
        events: &mut Events,
        (number, direction): (ConnectionNumber, Direction),
        bytes: &[u8],
    ) -> usize {
        let is_healed = self.is_healed;
        let Some(connection) = self.get_mut(number) else {
            return bytes.len();
        };
        let taken = connection.pipe(direction).write(bytes);
        connection.schedule(now, events, (number, direction), is_healed);
        taken
    }

    /// Sends all bytes, whether there is room or not, and then the end.
    pub(crate) fn finish(
        &mut self,
        now: Instant,
        events: &mut Events,
        (number, direction): (ConnectionNumber, Direction),
        bytes: &[u8],
    ) {
        let is_healed = self.is_healed;
        if let Some(connection) = self.get_mut(number) {
            connection.pipe(direction).finish(bytes);
            connection.schedule(now, events, (number, direction), is_healed);
        }
    }

    /// What arrives now goes behind what `into` holds.
    pub(crate) fn arrive(
        &mut self,
        now: Instant,
        events: &mut Events,
        (number, direction): (ConnectionNumber, Direction),
        into: &mut Vec<u8>,
    ) -> Arrived {
        let is_healed = self.is_healed;
        let Some(connection) = self.get_mut(number) else {
            return Arrived::Nothing;
        };
        connection.pipe(direction).is_scheduled = false;
        if connection.is_cut || !connection.holds(direction.reader()) {
            return Arrived::Nothing;
        }
        if !is_healed && connection.pipe(direction).stalled_until > now {
            connection.schedule(now, events, (number, direction), is_healed);
            return Arrived::Nothing;
        }
        let waiting = connection.pipe(direction).len();
        if waiting == 0 {
            let ended = connection.pipe(direction).is_finished;
            return if ended {
                Arrived::End
            } else {
                Arrived::Nothing
            };
        }
        // Cut anywhere, but not always: most packets of a real network arrive whole.
        let n = match connection.random.below(8) {
            0 => 1 + connection.random.below(waiting),
            1 => 1 + connection.random.below(waiting.min(8)),
            _ => waiting,
        };
        connection.pipe(direction).take(n, into);
        connection.schedule(now, events, (number, direction), is_healed);
        Arrived::Bytes
    }

    /// Nothing arrives in this direction before that time.
    pub(crate) fn stall(
        &mut self,
        (number, direction): (ConnectionNumber, Direction),
        until: Instant,
    ) {
        if let Some(connection) = self.get_mut(number) {
            connection.pipe(direction).stalled_until = until;
        }
    }

    /// The connection is lost, with what is on its way. Who hears of it hears soon.
    pub(crate) fn cut(
        &mut self,
        now: Instant,
        events: &mut Events,
        number: ConnectionNumber,
        cut: Cut,
    ) {
        let Some(connection) = self.get_mut(number) else {
            return;
        };
        connection.is_cut = true;
        let ends: &[End] = match cut {
            Cut::Both => &[End::Client, End::Server],
            Cut::ClientIsBlind => &[End::Server],
            Cut::ServerIsBlind => &[End::Client],
            Cut::BothAreBlind => &[],
        };
        for end in ends {
            let at = now + connection.random.span(Duration::ZERO..=NOTICE);
            events.add(at, Event::Notice(number, *end));
        }
    }

    /// An end lets go of the connection. The other hears of it by the end of the bytes; when the connection is cut, not at
    /// all.
    pub(crate) fn release(
        &mut self,
        now: Instant,
        events: &mut Events,
        number: ConnectionNumber,
        end: End,
    ) {
        let is_healed = self.is_healed;
        let Some(connection) = self.get_mut(number) else {
            return;
        };
        let direction = end.writes();
        match end {
            End::Client => connection.client_holds = false,
            End::Server => connection.server_holds = false,
        }
        // Nobody reads it any more.
        connection.pipe(direction.other()).clear();
        connection.pipe(direction).finish(&[]);
        connection.schedule(now, events, (number, direction), is_healed);
        if !connection.client_holds && !connection.server_holds {
            connection.up.clear();
            connection.down.clear();
        }
    }

    /// From now on nothing is stalled.
    pub(crate) fn heal(&mut self, now: Instant, events: &mut Events) {
        self.is_healed = true;
        for (number, connection) in (0..).map(ConnectionNumber).zip(&mut self.connections) {
            for direction in [Direction::Up, Direction::Down] {
                connection.pipe(direction).stalled_until = now;
                connection.pipe(direction).is_scheduled = false;
                connection.schedule(now, events, (number, direction), true);
            }
        }
    }

    /// A connection with something on its way, or one that is lost and somebody does not know it.
    pub(crate) fn restless(&self) -> Option<ConnectionNumber> {
        let is_restless = |connection: &Connection| {
            let Connection {
                client_holds,
                server_holds,
                ..
            } = *connection;
            match connection.is_cut {
                true => client_holds || server_holds,
                false => {
                    client_holds && server_holds && connection.up.len() + connection.down.len() > 0
                }
            }
        };
        let mut numbered = (0..).map(ConnectionNumber).zip(&self.connections);
        numbered
            .find(|(_, connection)| is_restless(connection))
            .map(|(number, _)| number)
    }
}

impl Connection {
    fn pipe(&mut self, direction: Direction) -> &mut Pipe {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }

    const fn holds(&self, end: End) -> bool {
        match end {
            End::Client => self.client_holds,
            End::Server => self.server_holds,
        }
    }

    /// The next arrival, if something is on its way and none is known yet.
    fn schedule(
        &mut self,
        now: Instant,
        events: &mut Events,
        (number, direction): (ConnectionNumber, Direction),
        is_healed: bool,
    ) {
        if self.is_cut || !self.holds(direction.reader()) {
            return;
        }
        let slowest = if is_healed { FAST } else { SLOW };
        let delay = match self.random.below(16) {
            0 => self.random.span(Duration::ZERO..=slowest),
            _ => self.random.span(Duration::ZERO..=FAST),
        };
        let pipe = self.pipe(direction);
        if pipe.is_scheduled || (pipe.len() == 0 && !pipe.is_finished) {
            return;
        }
        pipe.is_scheduled = true;
        let at = (now + delay).max(pipe.stalled_until);
        events.add(at, Event::Arrival(number, direction));
    }
}

impl Direction {
    /// Who reads what goes this way.
    pub(crate) const fn reader(self) -> End {
        match self {
            Self::Up => End::Server,
            Self::Down => End::Client,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }
}

impl End {
    const fn writes(self) -> Direction {
        match self {
            Self::Client => Direction::Up,
            Self::Server => Direction::Down,
        }
    }
}

/// How many bytes may be on their way: small ones make slow readers felt.
const CAPACITIES: [usize; 4] = [1_024, 4_096, 16_384, 65_536];
/// How long bytes are on their way at most, mostly.
const FAST: Duration = Duration::from_millis(5);
/// And now and then.
const SLOW: Duration = Duration::from_millis(200);
/// After how long an end hears of a loss at most.
const NOTICE: Duration = Duration::from_millis(100);
