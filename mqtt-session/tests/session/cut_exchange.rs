//! One message, and a connection that is lost behind any byte of its exchange: what MQTT 5.0 §4.3 and §4.4 promise
//! then. MQTT 3.1.1 §4.3, §4.4.
//!
//! With one message there is at each moment something on its way in one direction only. So cutting behind the n-th
//! byte, for each n, is cutting at each pair of bytes that arrived at the server and bytes that arrived at the client.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, too, may fail"
)]

use crate::support::exchange::{Case, Ending, Polled, Run, cases};

/// [MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-5] [MQTT-4.3.3-6] [MQTT-4.3.3-10] [MQTT-4.3.3-11] [MQTT-4.4.0-1]
/// [MQTT-3.3.1-1] [v3.1.1 MQTT-4.3.2-1] [v3.1.1 MQTT-4.3.3-1] [v3.1.1 MQTT-4.3.3-2]
/// [v3.1.1 MQTT-4.4.0-1] [v3.1.1 MQTT-3.3.1-1] [often-wrong-19] [often-wrong-20] [often-wrong-21] [5.0-8] With the
/// session at both ends QoS 2 is delivered once and QoS 1 once for each time that its PUBLISH arrives, wherever the
/// connection is lost.
#[test]
fn a_resumed_session_finishes_the_exchange() {
    each_cut(&[Ending::Resumed]);
}

/// [MQTT-4.3.3-6] [MQTT-4.3.3-10] [MQTT-4.4.0-1] The same when the program of one end is started anew, with the state
/// that it stored before it sent anything that depends on it.
#[test]
fn a_restored_session_finishes_the_exchange() {
    each_cut(&[Ending::ClientRestarted, Ending::ServerRestarted]);
}

/// [MQTT-3.2.2-5] [MQTT-3.2.2-3] [v3.1.1 MQTT-3.2.2-3] [often-wrong-5] [often-wrong-31] A server that has forgotten the
/// session ends the exchange: nothing is sent again, and who published gets to know. A client of 3.1, which is not
/// told, goes on.
#[test]
fn a_session_that_the_server_lost_ends_the_exchange() {
    each_cut(&[Ending::ServerForgot]);
}

/// [MQTT-3.1.2-4] [v3.1.1 MQTT-3.1.2-6] A client that starts anew ends the exchange at both ends.
#[test]
fn a_clean_start_ends_the_exchange() {
    each_cut(&[Ending::CleanStart, Ending::NewCleanClient]);
}

/// A client that lost its state and adopts what the server has gets what the server has not finished, and has nothing
/// to send again. In 3.1, which has no Session Present, each client does.
#[test]
fn a_client_that_lost_its_state_gets_what_the_server_has_not_finished() {
    each_cut(&[Ending::ClientForgot]);
}

/// [MQTT-4.3.3-6] [MQTT-4.3.3-10] [MQTT-4.4.0-1] [v3.1.1 MQTT-4.3.3-1] [v3.1.1 MQTT-4.3.3-2] [v3.1.1 MQTT-4.4.0-1]
/// [often-wrong-19] [often-wrong-20] The same over two losses: the second one behind each byte of what goes on behind
/// the first one, CONNECT and CONNACK included.
#[test]
fn a_session_that_is_resumed_twice_finishes_the_exchange() {
    for case in cases() {
        for packets in 0.. {
            let mut bytes = 0;
            while let Some(mut run) = resumed_behind(case, packets) {
                if !run.cut_behind(bytes, Polled::Yes) {
                    break;
                }
                run.finish();
                bytes += 1;
            }
            if bytes == 0 {
                assert!(packets > 2, "{case:?}: {packets} packets");
                break;
            }
        }
    }
}

/// Lost behind so many packets of the exchange and made again, if it has so many.
fn resumed_behind(case: Case, packets: usize) -> Option<Run> {
    let mut run = Run::new(case, Ending::Resumed);
    run.cut_behind_packets(packets).then_some(run)
}

/// Loses the connection behind each byte of the exchange.
fn each_cut(endings: &[Ending]) {
    for (case, &ending) in cases().flat_map(|case| endings.iter().map(move |ending| (case, ending)))
    {
        // The program that ends with the connection looks at nothing any more.
        let restarts = matches!(ending, Ending::ClientRestarted | Ending::ServerRestarted);
        let polled = [Polled::Yes, Polled::No];
        for &polled in &polled[..if restarts { 1 } else { 2 }] {
            for cut in 0.. {
                let mut run = Run::new(case, ending);
                if !run.cut_behind(cut, polled) {
                    assert!(cut > 10, "{case:?} {ending:?}: {cut} bytes");
                    break;
                }
                run.finish();
            }
        }
    }
}
