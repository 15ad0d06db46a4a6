//! One message for a shared group, and the connection of its member that is lost behind any byte of the exchange: MQTT
//! 5.0 §4.8.2. The same in 3.x.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::exchange::{Back, Behind, Case, Commits, READER, Run, To, cases};

/// [MQTT-4.8.2-4] [MQTT-4.4.0-1] What has begun is finished to the same member when it comes back, and no other member
/// gets it.
#[test]
fn a_delivery_is_finished_to_the_member_that_comes_back() {
    each_cut(&[Back::Resumed, Back::Restarted]);
}

/// [MQTT-4.8.2-5] [often-wrong-39] When the member's session ends first, a message of QoS 2 goes to nobody else, and
/// one of QoS 1 that was not acknowledged goes to another member.
#[test]
fn only_a_qos_1_message_goes_to_another_member_when_the_session_ends() {
    each_cut(&[Back::CleanStart, Back::Expired]);
}

/// [MQTT-4.3.3-10] [v3.1.1 MQTT-4.3.3-2] A message of QoS 2 is delivered to one member, and once, also when the broker
/// ends and picks anew.
#[test]
fn a_message_is_delivered_to_one_member_over_a_crash() {
    for case in cases().filter(|case| case.commits != Commits::None) {
        for behind in [Behind::Nothing, Behind::Commit] {
            let mut steps = 0;
            while let Some(mut run) = stepped(case, steps) {
                run.crash(behind);
                run.settle();
                steps += 1;
            }
            assert!(steps > 10, "{case:?}: {steps} steps");
        }
    }
}

/// Loses the member's connection behind each byte, and before and behind each commit.
fn each_cut(backs: &[Back]) {
    for (case, &back) in cases().flat_map(|case| backs.iter().map(move |back| (case, back))) {
        let mut steps = 0;
        while let Some(mut run) = stepped(case, steps) {
            run.come_back(READER, back);
            run.finish(READER, back);
            steps += 1;
        }
        assert!(steps > 10, "{case:?}: {steps} steps");
    }
}

fn stepped(case: Case, steps: usize) -> Option<Run> {
    let mut run = Run::new(case, To::Group, &[READER]);
    run.steps(steps).then_some(run)
}
