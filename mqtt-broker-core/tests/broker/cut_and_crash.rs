//! One message through the broker, which ends behind any byte of the exchange and before and behind each commit, also
//! with a connection that is lost before or after that.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::exchange::{Back, Behind, Case, Commits, READER, Run, To, WRITER, cases};
use mqtt_codec::{QoS, Version};

/// [MQTT-4.3.2-4] [MQTT-4.3.3-6] [MQTT-4.3.3-8] [MQTT-4.3.3-10] [v3.1.1 MQTT-4.3.2-2] [v3.1.1 MQTT-4.3.3-1]
/// [v3.1.1 MQTT-4.3.3-2] QoS 2 is delivered once, QoS 1 as often as its PUBLISH arrives and at least once, the
/// publisher gets one acknowledgement, and nothing is left.
#[test]
fn an_exchange_is_finished_over_a_crash_behind_each_byte() {
    for case in durable() {
        for behind in [Behind::Nothing, Behind::Commit] {
            let mut steps = 0;
            while let Some(mut run) = stepped(case, &[READER, WRITER], steps) {
                run.crash(behind);
                run.settle();
                steps += 1;
            }
            assert!(steps > 20, "{case:?}: {steps} steps");
        }
    }
}

/// [MQTT-4.3.3-6] [MQTT-4.3.3-10] [often-wrong-19] [often-wrong-20]
#[test]
fn an_exchange_is_finished_over_a_lost_connection_and_a_crash() {
    for (case, client) in
        exactly_once().flat_map(|case| [READER, WRITER].map(|client| (case, client)))
    {
        each_pair(
            case,
            |run| run.come_back(client, Back::Resumed),
            |run| run.crash(Behind::Nothing),
        );
        each_pair(
            case,
            |run| run.crash(Behind::Nothing),
            |run| run.come_back(client, Back::Resumed),
        );
    }
}

/// [MQTT-4.3.3-6] [MQTT-4.3.3-10]
#[test]
fn an_exchange_is_finished_over_two_crashes() {
    for case in exactly_once() {
        for behind in [Behind::Nothing, Behind::Commit] {
            each_pair(
                case,
                |run| run.crash(behind),
                |run| run.crash(Behind::Nothing),
            );
        }
    }
}

/// Two faults, before each step and before each step behind the first one.
fn each_pair(case: Case, first: impl Fn(&mut Run), second: impl Fn(&mut Run)) {
    for before in 0.. {
        let mut between = 0;
        while let Some(mut run) = stepped(case, &[], before) {
            first(&mut run);
            if !run.steps(between) {
                break;
            }
            second(&mut run);
            run.settle();
            between += 1;
        }
        if between == 0 {
            assert!(before > 5, "{case:?}: {before} steps");
            return;
        }
    }
}

fn stepped(case: Case, looked_at: &[usize], steps: usize) -> Option<Run> {
    let mut run = Run::new(case, To::Subscriber, looked_at);
    run.steps(steps).then_some(run)
}

fn durable() -> impl Iterator<Item = Case> {
    cases().filter(|case| case.commits != Commits::None)
}

fn exactly_once() -> impl Iterator<Item = Case> {
    durable().filter(|case| case.qos == QoS::ExactlyOnce && case.version == Version::V5_0)
}
