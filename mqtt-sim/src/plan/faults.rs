//! What goes wrong.

use alloc::vec::Vec;
use core::time::Duration;

use super::step::{Crash, Planned, Step};
use super::workload::times;
use crate::disk::{FailedAppend, Loss};
use crate::network::{Cut, Direction};
use crate::observation::Kept;
use crate::random::Random;
use crate::scenario::Scenario;

/// What goes wrong with a client and its connections.
pub(super) fn add_of_client(
    random: &mut Random,
    scenario: &Scenario,
    client: usize,
    steps: &mut Vec<Planned>,
) {
    for at in times(random, Duration::ZERO, scenario.cut_every, scenario.span) {
        // Most clients are back at once, some after their session has expired.
        let away = if random.percent(20) {
            random.span(Duration::ZERO..=LONG)
        } else {
            Duration::ZERO
        };
        let step = match random.below(20) {
            0..=9 => Step::Cut {
                client,
                cut: Cut::Both,
                away,
            },
            10..=12 => Step::Cut {
                client,
                cut: Cut::ServerIsBlind,
                away,
            },
            13..=14 => Step::Cut {
                client,
                cut: Cut::ClientIsBlind,
                away,
            },
            15 => Step::Cut {
                client,
                cut: Cut::BothAreBlind,
                away,
            },
            16 => Step::HalfClose { client },
            // The watcher may not forget what it has seen.
            17 if client != super::clients::WATCHER => Step::Restart {
                client,
                kept: Kept::Nothing,
                away,
            },
            _ => Step::Restart {
                client,
                kept: Kept::State,
                away,
            },
        };
        steps.push(Planned { at, step });
    }
    for at in times(
        random,
        Duration::ZERO,
        2 * scenario.cut_every,
        scenario.span,
    ) {
        let direction = if random.percent(50) {
            Direction::Up
        } else {
            Direction::Down
        };
        let span = random.span(Duration::ZERO..=STALL);
        steps.push(Planned {
            at,
            step: Step::Stall {
                client,
                direction,
                span,
            },
        });
    }
}

/// What goes wrong with the broker's process, its disk and its clock, and who comes to do harm.
pub(super) fn add_of_world(random: &mut Random, scenario: &Scenario, steps: &mut Vec<Planned>) {
    let mut begin = Duration::ZERO;
    while begin < scenario.span && !scenario.crash_every.is_zero() {
        let end = (begin + scenario.crash_every).min(scenario.span);
        let at = random.span(begin..=end);
        add_crash(random, at, steps);
        begin += scenario.crash_every;
    }
    for at in times(random, Duration::ZERO, scenario.crash_every, scenario.span) {
        let step = match random.below(6) {
            0 => Step::FailedSync,
            1 => Step::FailedWrite,
            _ => Step::FullDisk {
                span: random.span(Duration::ZERO..=FULL),
                room: random.between(0..=ROOM),
                append: match random.percent(50) {
                    true => FailedAppend::WritesPart,
                    false => FailedAppend::WritesNothing,
                },
            },
        };
        steps.push(Planned { at, step });
    }
    for (hostile, at) in times(
        random,
        Duration::ZERO,
        scenario.hostile_every,
        scenario.span,
    )
    .into_iter()
    .enumerate()
    {
        steps.push(Planned {
            at,
            step: Step::Hostile { hostile },
        });
    }
}

fn add_crash(random: &mut Random, at: Duration, steps: &mut Vec<Planned>) {
    if random.percent(40) {
        let size = random.between(0..=3_600_000_000);
        let micros = i64::try_from(size).unwrap_or(0);
        let micros = if random.percent(50) { -micros } else { micros };
        steps.push(Planned {
            at,
            step: Step::ClockJump { micros },
        });
    }
    let crash = Crash {
        loss: if random.percent(50) {
            Loss::Power
        } else {
            Loss::Process
        },
        down: random.span(Duration::from_millis(10)..=DOWN),
        again: u8::from(random.percent(20)),
    };
    steps.push(Planned {
        at,
        step: Step::Crash(crash),
    });
}

/// For how long a client stays away at most.
const LONG: Duration = Duration::from_secs(8);
/// For how long nothing arrives at most.
const STALL: Duration = Duration::from_secs(3);
/// For how long there is no process at most.
const DOWN: Duration = Duration::from_secs(2);
/// For how long the disk is full at most.
const FULL: Duration = Duration::from_secs(3);
/// How many bytes there is space for at most when the disk is nearly full.
const ROOM: u64 = 4_096;
