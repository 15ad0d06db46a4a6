//! What the broker asks for, and how it is done.

use alloc::format;
use alloc::string::String;

use mqtt_broker_core::{Action, AuthenticationOutcome, Cause, Config, LinkId};
use mqtt_session::CloseReason;

use super::links::{Reading, ServerEnd};
use super::writer::Wanted;
use super::{Process, Running, broker_clock};
use crate::check::{Broken, Rule};
use crate::events::Event;
use crate::network::Direction;
use crate::observation::{ConnectionNumber, Observation};
use crate::sabotage::Sabotage;
use crate::stage::Stage;

impl Process {
    /// The time of the broker's next deadline may have come.
    pub(crate) fn handle_timeout(&mut self, stage: &mut Stage) {
        let Some(running) = self.running() else {
            return;
        };
        // Another event comes for a later one.
        if running.timer.is_none_or(|at| at > stage.now) {
            return;
        }
        running.timer = None;
        let now = broker_clock(stage);
        if running.broker.poll_timeout().is_some_and(|at| at <= now) {
            stage.observe(&Observation::TimedOut);
            running.broker.handle_timeout(now);
        }
        running.settle(stage);
    }
}

impl Running {
    /// Does what the broker asks for until it asks for nothing more.
    pub(super) fn settle(&mut self, stage: &mut Stage) {
        self.dirty.extend(&self.blocked);
        for turn in 0.. {
            if turn > TURNS {
                let what = format!("the broker asks for more after {TURNS} turns at one moment");
                stage.break_rule(Broken::new(Rule::Quiescence, what));
                break;
            }
            while let Some(action) = self.broker.poll_action() {
                self.act(stage, action);
            }
            for link in core::mem::take(&mut self.dirty) {
                self.flush(stage, link);
            }
            for link in core::mem::take(&mut self.resumed) {
                if let Some(connection) = self.connections.get(&link).copied() {
                    self.resume(stage, connection);
                }
            }
            if self.dirty.is_empty() && self.resumed.is_empty() && !self.has_actions(stage) {
                break;
            }
        }
        self.note_drops(stage);
        self.write_next(stage);
        self.set_timer(stage);
    }

    fn note_drops(&mut self, stage: &mut Stage) {
        let counters = self.broker.counters();
        let dropped = Cause::DROPS
            .iter()
            .map(|cause| counters.refused(*cause))
            .sum();
        let count = dropped - core::mem::replace(&mut self.dropped, dropped);
        if count > 0 {
            stage.observe(&Observation::Dropped { count });
        }
    }

    /// Whether the broker asks for something: does the first of it.
    fn has_actions(&mut self, stage: &mut Stage) -> bool {
        match self.broker.poll_action() {
            Some(action) => {
                self.act(stage, action);
                true
            }
            None => false,
        }
    }

    fn act(&mut self, stage: &mut Stage, action: Action) {
        match action {
            Action::Transmit { link } | Action::Flush { link } => self.dirty.push(link),
            Action::Pause { link } => {
                if let Some(end) = self.end_of(link) {
                    end.reading = Reading::Paused;
                }
            }
            Action::Resume { link } => self.resumed.push(link),
            Action::Close {
                reason: CloseReason::TakenOver,
                ..
            } if stage.is_sabotaged(Sabotage::EndLate) => {}
            Action::Close { link, reason } => {
                self.tap(stage, link);
                let Some(connection) = self.connections.remove(&link) else {
                    return;
                };
                let Some(end) = self.ends.remove(&connection) else {
                    return;
                };
                self.blocked.remove(&link);
                let written = end.tap.end(stage, reason);
                let now = broker_clock(stage);
                self.broker.handle_written(now, link, written);
                self.broker.handle_closed(now, link);
            }
            // At once: who is let in is decided in the order of the CONNECTs, as the model has it.
            Action::Authenticate { link, .. } => {
                let outcome = AuthenticationOutcome::Accepted {
                    principal: None,
                    data: None,
                };
                let now = broker_clock(stage);
                self.broker.handle_authenticated(now, link, outcome);
            }
            Action::Persist { records, position } => {
                stage.observe(&Observation::HandedOut { position });
                self.writer.submit(records, position);
                if stage.is_sabotaged(Sabotage::AcknowledgeEarly) {
                    self.broker.handle_persisted(broker_clock(stage), position);
                }
            }
            Action::Page {
                client_id,
                from,
                messages,
                bytes,
            } => {
                self.writer.ask(Wanted {
                    client_id,
                    from,
                    messages,
                    bytes,
                });
            }
            Action::Notify(_) => {}
        }
    }

    fn end_of(&mut self, link: LinkId) -> Option<&mut ServerEnd> {
        self.ends.get_mut(self.connections.get(&link)?)
    }

    fn resume(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        let Some(end) = self.ends.get_mut(&connection) else {
            return;
        };
        let was = core::mem::replace(&mut end.reading, Reading::On);
        self.present(stage, connection);
        if was == Reading::Due {
            self.read(stage, connection);
        }
    }

    /// Copies what is new in the send buffer, and shows its packets.
    fn tap(&mut self, stage: &mut Stage, link: LinkId) {
        let Self {
            broker,
            connections,
            ends,
            ..
        } = self;
        let (Some(tx), Some(connection)) = (broker.tx(link), connections.get(&link).copied())
        else {
            return;
        };
        let Some(end) = ends.get_mut(&connection) else {
            return;
        };
        let Config {
            send_buffer,
            turn_bytes,
            ..
        } = stage.setting.broker;
        // Above twice the bound nothing is read, so that only a turn's answers and the packet that was admitted last can be.
        let bound = 2 * send_buffer + turn_bytes + LARGEST_PACKET;
        if tx.len() > bound {
            let what = format!(
                "a send buffer of {} bytes, where {bound} is the bound",
                tx.len()
            );
            stage.break_rule(Broken::new(Rule::Bounds, what));
        }
        let version = end.tap.version;
        let new = end.tap.copy(stage, tx);
        if let Some(sabotage) = stage.sabotage {
            if sabotage == Sabotage::Misdeliver && matches!(new.first(), Some(0x30 | 0x31)) {
                self.stray = Some((version, connection, new.to_vec()));
            } else {
                sabotage.tamper(new);
            }
        }
    }

    /// Writes what there is room for.
    fn flush(&mut self, stage: &mut Stage, link: LinkId) {
        let Some(connection) = self.connections.get(&link).copied() else {
            self.blocked.remove(&link);
            return;
        };
        loop {
            self.tap(stage, link);
            let Some(end) = self.ends.get_mut(&connection) else {
                return;
            };
            let n = end.tap.write(stage);
            let is_done = end.tap.is_drained();
            // Room in the send buffer is filled from the queues.
            self.broker.handle_written(broker_clock(stage), link, n);
            match is_done {
                true => self.blocked.remove(&link),
                false => self.blocked.insert(link),
            };
            if is_done && stage.is_sabotaged(Sabotage::Misdeliver) {
                self.misdeliver(stage, connection);
            }
            let has_more = self.broker.tx(link).is_some_and(|tx| !tx.is_empty());
            if n == 0 || !has_more {
                return;
            }
        }
    }

    /// Sends what another client got last.
    fn misdeliver(&mut self, stage: &mut Stage, connection: ConnectionNumber) {
        let Some(end) = self.ends.get(&connection) else {
            return;
        };
        let of = end.tap.version;
        let stray = self
            .stray
            .take_if(|(version, whose, _)| *version == of && *whose != connection);
        if let Some((_, _, bytes)) = stray {
            end.tap.sent(stage, &bytes);
            let at = (connection, Direction::Down);
            stage
                .network
                .write(stage.now, &mut stage.events, at, &bytes);
        }
    }

    fn set_timer(&mut self, stage: &mut Stage) {
        let Some(at) = self.broker.poll_timeout() else {
            return;
        };
        // The broker's clock is not the time.
        let left = at.saturating_duration_since(broker_clock(stage));
        let slower = if stage.is_sabotaged(Sabotage::SlowClock) {
            2
        } else {
            1
        };
        let at = stage.now + left * slower;
        if self.timer.is_none_or(|timer| at < timer) {
            self.timer = Some(at);
            stage.events.add(at, Event::BrokerTimer);
        }
    }

    /// What is under way, with so many clients connected.
    pub(super) fn restless(&self, connections: usize) -> Option<String> {
        if !self.writer.is_idle() {
            return Some("the store's writer works".into());
        }
        let links = self.broker.gauges().links;
        if (self.ends.len(), links) != (connections, connections) {
            let ends = self.ends.len();
            return Some(format!(
                "the broker has {ends} connections and {links} links, where {connections} clients are connected"
            ));
        }
        let is_reading = |end: &ServerEnd| end.unread.is_empty() && end.reading == Reading::On;
        if !self.blocked.is_empty() || !self.ends.values().all(is_reading) {
            return Some("the broker has unread or unwritten bytes".into());
        }
        None
    }
}

/// The largest packet of a world, in bytes.
const LARGEST_PACKET: usize = 8 * 1_024;
/// How often the broker may ask for more because of one thing that happens: a turn is some bytes of each link.
const TURNS: u32 = 100_000;
