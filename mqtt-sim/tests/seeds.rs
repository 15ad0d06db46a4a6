//! Worlds that broke a rule once, and a few that never did: each keeps all rules now.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use core::time::Duration;

use mqtt_sim::{GuardedRun, Plan, Scenario, World, check};

#[test]
fn worlds_that_broke_a_rule_keep_all_rules_now() {
    for (arguments, found) in SEEDS {
        let (seed, scenario) = world(arguments);
        let make = || World::new(Plan::new(seed, &scenario), check::all());
        if let Err(failure) = GuardedRun::new(seed, make).outcome {
            panic!("{failure}\nWhat it found once: {found}");
        }
    }
}

/// The seed and the scenario of a program's arguments.
fn world(arguments: &str) -> (u64, Scenario) {
    let mut seed = 1;
    let mut scenario = Scenario::default();
    let words: Vec<&str> = arguments.split(' ').collect();
    for pair in words.chunks(2) {
        let number: u64 = pair[1].parse().unwrap();
        match pair[0] {
            "--from" => seed = number,
            "--clients" => scenario.clients = number.try_into().unwrap(),
            "--secs" => scenario.span = Duration::from_secs(number),
            "--cut-every" => scenario.cut_every = Duration::from_secs(number),
            "--crash-every" => scenario.crash_every = Duration::from_secs(number),
            other => panic!("no argument {other}"),
        }
    }
    (seed, scenario)
}

/// The arguments of the program, and what they found.
const SEEDS: [(&str, &str); 3] = [
    (
        "--from 5166 --clients 10 --secs 10 --cut-every 1 --crash-every 3",
        "the session that a clean start had ended came back behind a crash",
    ),
    ("--from 1 --clients 20 --secs 5", "nothing yet"),
    (
        "--from 18446744073709551615 --clients 3 --secs 2",
        "nothing yet",
    ),
];
