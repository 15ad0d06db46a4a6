//! A sequence chart of what led to a failure.

mod selection;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::trace::{Entry, Kind, Seconds, Trace, Way};
use crate::world::Failure;
use selection::Selection;

/// A sequence chart of the packets that matter: a column for each client concerned, one for the server and one for its
/// disk, and a row for each thing that happened. Packets stand where the server sees them.
///
/// ```text
///        s      c3        c7      server     disk
///   0.004211    |         |         |         |    c3 publishes m2 qos1 a3/s4
///   0.005012    |------------------>|         |    PUBLISH qos1 id 1 m2 a3/s4 24 B
///   0.005012    |         |         |-------->|    hands out batch 7
///   0.005330    |<------------------|         |    PUBACK 1
/// … 12 others
/// ```
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// In the order of their columns.
    clients: Vec<usize>,
    rows: Vec<&'a Entry>,
    /// How many entries are not shown.
    others: usize,
    failure: &'a Failure,
}

impl<'a> Chart<'a> {
    /// The chart of a failure, of the trace of its run.
    #[must_use]
    pub fn new(trace: &'a Trace, failure: &'a Failure) -> Self {
        let clients = clients_concerned(trace, failure);
        let mut selection = Selection::new(&clients, failure.broken.message);
        let entries = trace.entries().iter();
        let rows: Vec<_> = entries.filter(|entry| selection.takes(entry)).collect();
        Self {
            clients,
            others: trace.entries().len() - rows.len(),
            rows,
            failure,
        }
    }

    /// Where the column of the server is.
    fn server(&self) -> usize {
        FIRST + SPACING * self.clients.len()
    }

    fn disk(&self) -> usize {
        self.server() + SPACING
    }

    fn client(&self, client: Option<usize>) -> usize {
        let place = |client| self.clients.iter().position(|it| *it == client);
        client
            .and_then(place)
            .map_or(self.disk(), |place| FIRST + SPACING * place)
    }

    fn header(&self) -> String {
        let mut line = Line::new(self.disk() + SPACING);
        for client in &self.clients {
            line.put(self.client(Some(*client)), &format!("c{client}"));
        }
        line.put(self.server(), "server");
        line.put(self.disk(), "disk");
        format!("{:>10}{}", "s", line.0).trim_end().into()
    }

    fn row(&self, entry: &Entry) -> String {
        let (server, disk) = (self.server(), self.disk());
        let client = self.client(entry.client);
        let mut line = Line::new(disk + 1 + GAP);
        let columns = (FIRST..).step_by(SPACING).take(self.clients.len() + 2);
        columns.for_each(|column| line.set(column, '|'));
        let mut what = String::new();
        match (entry.way, entry.kind) {
            (Way::Up, _) => line.arrow(client, server),
            (Way::Down, _) => line.arrow(server, client),
            (Way::Process, Kind::HandedOut(_)) => line.arrow(server, disk),
            (Way::Process, Kind::Durable(_)) => line.arrow(disk, server),
            (Way::Process, _) => line.set(disk, '#'),
            (Way::Outside, _) => line.set(client, 'X'),
            (Way::Client, _) => line.set(client, '*'),
            (Way::Server, _) => line.set(server, '*'),
        }
        // Who it is stands in the column; what is not in words of a packet has it in the text as well.
        if let (Way::Client | Way::Server, Some(client)) = (entry.way, entry.client) {
            what = format!("c{client}: ");
        }
        what.push_str(&entry.text);
        cut(format!("{}{}{what}", Seconds(entry.at), line.0))
    }
}

/// The clients of the failure, then those of its message: as many as there is room for.
fn clients_concerned(trace: &Trace, failure: &Failure) -> Vec<usize> {
    let broken = &failure.broken;
    let mut clients = broken.clients.clone();
    let mut add = |entry: &Entry| {
        if let Some(client) = entry.client.filter(|client| !clients.contains(client)) {
            clients.push(client);
        }
    };
    match broken.message {
        Some(message) => {
            let of_message = |entry: &&Entry| entry.message == Some(message);
            trace.entries().iter().filter(of_message).for_each(add);
        }
        // Who did something last.
        None if broken.clients.is_empty() => trace.entries().iter().rev().for_each(&mut add),
        None => {}
    }
    clients.truncate(CLIENTS);
    clients.sort_unstable();
    clients
}

/// The lines of a row, one character for each place.
struct Line(String);

impl Line {
    fn new(width: usize) -> Self {
        Self(" ".repeat(width))
    }

    fn set(&mut self, at: usize, sign: char) {
        self.put_at(at, sign.encode_utf8(&mut [0; 4]));
    }

    /// Writes a word around a place.
    fn put(&mut self, at: usize, word: &str) {
        self.put_at(at.saturating_sub(word.len().saturating_sub(1) / 2), word);
    }

    fn put_at(&mut self, at: usize, word: &str) {
        if self.0.is_char_boundary(at) && at + word.len() <= self.0.len() {
            self.0.replace_range(at..at + word.len(), word);
        }
    }

    fn arrow(&mut self, from: usize, to: usize) {
        let (left, right) = (from.min(to) + 1, from.max(to) - 1);
        (left..=right).for_each(|at| self.set(at, '-'));
        match from < to {
            true => self.set(right, '>'),
            false => self.set(left, '<'),
        }
    }
}

impl fmt::Display for Chart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.header())?;
        let left_out = self.rows.len().saturating_sub(ROWS);
        let begin = if left_out > 0 { BEGIN_ROWS } else { 0 };
        for entry in self.rows.iter().take(begin) {
            writeln!(f, "{}", self.row(entry))?;
        }
        if left_out > 0 {
            writeln!(f, "… {left_out} more")?;
        }
        for entry in self.rows.iter().skip(begin + left_out) {
            writeln!(f, "{}", self.row(entry))?;
        }
        let (at, broken) = (Seconds(self.failure.at), &self.failure.broken);
        writeln!(f, "{}", cut(format!("{at} !! {broken}")))?;
        writeln!(f, "… {} others", self.others)
    }
}

/// As much as a terminal shows.
fn cut(line: String) -> String {
    match line.char_indices().nth(WIDTH) {
        Some(_) => line
            .chars()
            .take(WIDTH - 1)
            .chain(['…'])
            .collect::<String>(),
        None => line,
    }
}

/// The most columns of a line.
const WIDTH: usize = 120;
/// The most clients that have columns.
const CLIENTS: usize = 4;
/// Where the first column is, behind the time.
const FIRST: usize = 4;
/// How far apart columns are.
const SPACING: usize = 10;
/// Where the text begins, behind the last column.
const GAP: usize = 4;
/// The most rows, and how many of them are of the begin where there are more.
const ROWS: usize = 76;
const BEGIN_ROWS: usize = 16;

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use core::time::Duration;

    use mqtt_broker_core::Position;
    use mqtt_codec::{PacketId, PacketType, QoS};

    use super::*;
    use crate::check::{Broken, Rule};
    use crate::messages::{MessageNumber, Messages, Origin, PublishedMessage};
    use crate::names::Names;
    use crate::stage::BEGIN;

    #[test]
    fn a_chart_shows_the_exchanges_of_the_message_and_what_ends_them() {
        let [other, message] = numbers();
        let publish = Kind::Packet(PacketType::Publish, PacketId::new(1));
        let puback = Kind::Packet(PacketType::Puback, PacketId::new(1));
        let connect = Kind::Packet(PacketType::Connect, None);
        let ping = Kind::Packet(PacketType::Pingreq, None);
        let of = |number, entry| Entry {
            message: Some(number),
            ..entry
        };
        let trace = of_entries([
            at(7, Way::Up, connect, "CONNECT 5.0"),
            at(3, Way::Up, ping, "PINGREQ"),
            of(other, at(3, Way::Up, publish, "PUBLISH qos1 id 1 m0")),
            at(3, Way::Down, puback, "PUBACK 1"),
            of(message, at(3, Way::Client, Kind::Message, "publishes m1")),
            of(message, at(3, Way::Up, publish, "PUBLISH qos1 id 1 m1")),
            of(message, at(5, Way::Down, publish, "PUBLISH qos1 id 1 m1")),
            process(Kind::HandedOut(Position(4)), "hands out batch 4"),
            process(Kind::HandedOut(Position(5)), "hands out batch 5"),
            process(Kind::Durable(Position(4)), "batch 4 is durable"),
            at(3, Way::Down, puback, "PUBACK 1"),
            at(7, Way::Up, puback, "PUBACK 1"),
            at(3, Way::Outside, Kind::Fault, "c3 is cut off"),
            process(Kind::Process, "the process ends"),
            at(7, Way::Server, Kind::Connection, &"long ".repeat(20)),
        ]);
        let broken = Broken::new(Rule::Order, "m1 is first").of_client(7);
        let failure = failure(broken.of_message(message));
        let chart = Chart::new(&trace, &failure).to_string();
        assert_eq!(
            chart.lines().collect::<Vec<_>>(),
            [
                "         s    c3        c5        c7      server     disk",
                "  0.000001    |         |         |-------->|         |    CONNECT 5.0",
                "  0.000005    *         |         |         |         |    c3: publishes m1",
                "  0.000006    |---------------------------->|         |    PUBLISH qos1 id 1 m1",
                "  0.000007    |         |<------------------|         |    PUBLISH qos1 id 1 m1",
                "  0.000008    |         |         |         |-------->|    hands out batch 4",
                "  0.000010    |         |         |         |<--------|    batch 4 is durable",
                "  0.000011    |<----------------------------|         |    PUBACK 1",
                "  0.000013    X         |         |         |         |    c3 is cut off",
                "  0.000014    |         |         |         |         #    the process ends",
                "  0.000015    |         |         |         *         |    c7: long long long long long long long long long long long l…",
                "  0.000016 !! messages keep their order: m1 is first",
                "… 5 others",
            ]
        );
    }

    #[test]
    fn a_chart_has_at_most_eighty_rows_of_a_hundred_and_twenty_columns() {
        let entry = |_| at(3, Way::Client, Kind::Connection, &"long ".repeat(50));
        let trace = Trace::of((0..1_000).map(entry).collect());
        let failure = failure(Broken::new(Rule::Order, "word ".repeat(50)));
        let chart = Chart::new(&trace, &failure).to_string();
        let lines: Vec<_> = chart.lines().collect();
        assert_eq!(lines.len(), 80);
        assert!(lines.iter().all(|line| line.chars().count() <= 120));
        assert_eq!((lines[17], lines[79]), ("… 924 more", "… 0 others"));
    }

    fn at(client: usize, way: Way, kind: Kind, text: &str) -> Entry {
        Entry {
            client: Some(client),
            ..Entry::new(way, kind, text.into())
        }
    }

    fn process(kind: Kind, text: &str) -> Entry {
        Entry::new(Way::Process, kind, text.into())
    }

    /// One each microsecond.
    fn of_entries<const N: usize>(entries: [Entry; N]) -> Trace {
        let timed = (1..).zip(entries).map(|(micros, entry)| Entry {
            at: Duration::from_micros(micros),
            ..entry
        });
        Trace::of(timed.collect())
    }

    fn failure(broken: Broken) -> Failure {
        Failure {
            seed: 1,
            step: 16,
            at: Duration::from_micros(16),
            broken,
        }
    }

    fn numbers() -> [MessageNumber; 2] {
        let mut messages = Messages::default();
        let topic = Names::default().add_topic("a").unwrap();
        [0, 1].map(|_| {
            messages.add(PublishedMessage {
                client: 3,
                origin: Origin::Application,
                topic,
                qos: QoS::AtLeastOnce,
                retain: false,
                expiry: None,
                bytes: 8,
                at: BEGIN,
            })
        })
    }
}
