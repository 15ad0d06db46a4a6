//! One message through the broker, and a connection that is lost behind any byte of its exchange, at either side of the
//! broker: what MQTT 5.0 §4.3 and §4.4 promise then. MQTT 3.1.1 §4.3, §4.4. With a store that commits soon, late, or
//! not there.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use crate::harness::exchange::{Back, Case, READER, Run, To, WRITER, cases};

/// [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.4.0-1] [MQTT-3.1.2-5] [v3.1.1 MQTT-4.3.3-2] [v3.1.1 MQTT-3.1.2-4]
/// [v3.1.1 MQTT-3.2.2-2] [often-wrong-19] With its session a message of QoS 2 is delivered once, and of QoS 1 once for
/// each time that its PUBLISH arrives, wherever the publisher's connection is lost, and the publisher gets one
/// acknowledgement.
#[test]
fn a_publisher_that_resumes_its_session_finishes_the_exchange() {
    each_cut(WRITER, &[Back::Resumed, Back::Restarted]);
}

/// [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.4.0-1] [MQTT-3.3.1-1] [v3.1.1 MQTT-4.3.2-1]
/// [v3.1.1 MQTT-4.3.3-1] [v3.1.1 MQTT-4.4.0-1] [v3.1.1 MQTT-3.3.1-1] [often-wrong-20] [often-wrong-21] [5.0-8] The same
/// for a subscriber's connection: the broker sends PUBLISH again with DUP 1, or PUBREL, and gives back the place in the
/// window once.
#[test]
fn a_subscriber_that_resumes_its_session_finishes_the_exchange() {
    each_cut(READER, &[Back::Resumed, Back::Restarted]);
}

/// [MQTT-3.1.2-4] [MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-4.1.0-2] [v3.1.1 MQTT-3.1.2-6] [v3.1.1 MQTT-3.2.2-3] A publisher
/// whose session is gone sends nothing again, and its identifiers mean new messages. A client of 3.1, which is not
/// told, goes on.
#[test]
fn a_publisher_without_its_session_ends_the_exchange() {
    each_cut(WRITER, &[Back::CleanStart, Back::Expired]);
}

/// [MQTT-3.1.2-4] [MQTT-4.1.0-2] [v3.1.1 MQTT-3.1.2-6] [often-wrong-5] A subscriber whose session is gone gets nothing
/// again, and a whole window.
#[test]
fn a_subscriber_without_its_session_ends_the_exchange() {
    each_cut(READER, &[Back::CleanStart, Back::Expired]);
}

/// Loses the connection of a client behind each byte, and before and behind each commit.
fn each_cut(client: usize, backs: &[Back]) {
    for (case, &back) in cases().flat_map(|case| backs.iter().map(move |back| (case, back))) {
        let mut steps = first_step(client);
        while let Some(mut run) = stepped(case, client, steps) {
            run.come_back(client, back);
            run.finish(client, back);
            steps += 1;
        }
        assert!(steps > 10, "{case:?}: {steps} steps");
    }
}

/// The exchange with the subscriber begins when the PUBLISH has arrived at the broker.
const fn first_step(client: usize) -> usize {
    if client == READER { 1 } else { 0 }
}

fn stepped(case: Case, client: usize, steps: usize) -> Option<Run> {
    let mut run = Run::new(case, To::Subscriber, &[client]);
    run.steps(steps).then_some(run)
}
