//! The steps of a plan.

use mqtt_codec::reason_code::DisconnectReasonCode;

use super::World;
use crate::client::Client;
use crate::network::{Cut, Direction};
use crate::observation::ConnectionNumber;
use crate::plan::{Step, Will};
use crate::stage::{BEGIN, Stage};

impl World {
    /// Takes the next step of the plan.
    pub(super) fn take_step(&mut self) {
        let Some(planned) = self.plan.steps.get(self.next).copied() else {
            return;
        };
        self.next += 1;
        self.stage.now = self.stage.now.max(BEGIN + planned.at);
        self.stage.step += 1;
        self.stage.note_step(&planned.step);
        match planned.step.client() {
            Some(client) => {
                if let Some(client) = self.clients.get_mut(client) {
                    of_client(&mut self.stage, client, planned.step);
                }
            }
            None => self.of_world(planned.step),
        }
    }

    fn of_world(&mut self, step: Step) {
        let Self {
            stage,
            process,
            hostiles,
            ..
        } = self;
        match step {
            Step::Crash(crash) => process.crash(stage, crash),
            Step::FullDisk { span, room, append } => {
                let disk = process.disk_mut();
                let used = disk.used();
                disk.set_failed_append(append);
                disk.set_capacity(Some(used + room));
                self.full_until = stage.now + span;
                stage.after(span, crate::events::Event::SpaceIsBack);
            }
            Step::FailedWrite => process.disk_mut().fail_next_write(),
            Step::FailedSync => process.disk_mut().fail_next_sync(),
            Step::ClockJump { micros } => process.jump(micros),
            Step::Hostile { hostile } => {
                let connection = hostiles.begin(stage, hostile);
                process.handle_opened(stage, connection, None);
            }
            Step::Begin { .. }
            | Step::Publish { .. }
            | Step::Remove { .. }
            | Step::Subscribe { .. }
            | Step::Unsubscribe { .. }
            | Step::Leave { .. }
            | Step::Cut { .. }
            | Step::HalfClose { .. }
            | Step::Stall { .. }
            | Step::Restart { .. } => {}
        }
    }
}

fn of_client(stage: &mut Stage, client: &mut Client, step: Step) {
    match step {
        Step::Begin { .. } => client.begin(stage),
        Step::Publish { publication, .. } => client.publish(stage, &publication),
        Step::Remove { topic, qos, .. } => client.remove_retained(stage, topic, qos),
        Step::Subscribe {
            filter, options, ..
        } => client.subscribe(stage, filter, options),
        Step::Unsubscribe { filter, .. } => client.unsubscribe(stage, filter),
        Step::Leave { will, away, .. } => {
            client.stay_away(stage, away);
            let reason = match will {
                Will::Dropped => DisconnectReasonCode::Success,
                Will::Published => DisconnectReasonCode::DisconnectWithWillMessage,
            };
            client.leave(stage, None, reason);
        }
        Step::Cut { cut, away, .. } => {
            if let Some(connection) = client.connection() {
                client.stay_away(stage, away);
                cut_connection(stage, connection, cut);
            }
        }
        Step::HalfClose { .. } => {
            if let Some(connection) = client.connection() {
                let at = (connection, Direction::Up);
                stage.network.finish(stage.now, &mut stage.events, at, &[]);
            }
        }
        Step::Stall {
            direction, span, ..
        } => {
            if let Some(connection) = client.connection() {
                stage
                    .network
                    .stall((connection, direction), stage.now + span);
            }
        }
        Step::Restart { kept, away, .. } => client.restart(stage, kept, away),
        Step::Crash(_)
        | Step::FullDisk { .. }
        | Step::FailedWrite
        | Step::FailedSync
        | Step::ClockJump { .. }
        | Step::Hostile { .. } => {}
    }
}

fn cut_connection(stage: &mut Stage, connection: ConnectionNumber, cut: Cut) {
    stage
        .network
        .cut(stage.now, &mut stage.events, connection, cut);
}
