//! The program as people and their scripts meet it.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test")]

use core::time::Duration;
use std::process::{Command, Output};

use mqtt_sim::{Counts, Plan, Scenario, Thousands, World, check};

#[test]
fn a_run_that_keeps_all_rules_ends_with_code_0_and_its_counts() {
    let mut sum = Counts::default();
    for seed in 3..=5 {
        let scenario = Scenario {
            clients: 5,
            span: Duration::from_secs(2),
            ..Scenario::default()
        };
        let report = World::new(Plan::new(seed, &scenario), check::all()).run();
        let counts = report.unwrap().counts;
        sum.published += counts.published;
        sum.delivered += counts.delivered;
        sum.connections += counts.connections;
        sum.commits += counts.commits;
        sum.restarts += counts.restarts;
    }
    let expected = format!(
        "3 of 3 worlds kept all rules: {} published, {} delivered, {} connections, {} commits, {} restarts, 6 simulated seconds\n",
        Thousands(sum.published),
        Thousands(sum.delivered),
        Thousands(sum.connections),
        Thousands(sum.commits),
        Thousands(sum.restarts)
    );
    assert!(sum.delivered > 0);
    for jobs in ["1", "2"] {
        let run = sim(&format!(
            "--from 3 --seeds 3 --clients 5 --secs 2 --jobs {jobs}"
        ));
        assert_eq!(text(&run), (Some(0), expected.as_str(), ""));
    }
}

#[test]
fn a_trace_is_the_same_each_time_and_ends_with_the_summary() {
    let arguments = "--from 3 --clients 3 --secs 1 --trace";
    let (first, second) = (sim(arguments), sim(arguments));
    assert_eq!(text(&first), text(&second));
    let (code, out, _) = text(&first);
    assert_eq!(code, Some(0));
    let lines: Vec<_> = out.lines().collect();
    assert!(
        lines
            .iter()
            .any(|line| line.contains("--> ") && line.contains("PUBLISH"))
    );
    assert!(lines[lines.len() - 1].starts_with("1 of 1 worlds kept all rules"));
}

#[test]
fn what_is_wrong_with_an_argument_is_said_with_its_name_and_value() {
    let too_many = "--seeds 2 --from 18446744073709551615";
    let cases = [
        ("--from abc", ["'abc'", "--from", "not a number"]),
        ("--from -1", ["-1", "", ""]),
        ("--from 18446744073709551616", ["--from", "larger than", ""]),
        ("--seeds 0", ["'0'", "--seeds", "at least 1"]),
        ("--seeds -1", ["'-1'", "--seeds", "not a number"]),
        ("--clients 0", ["'0'", "--clients", "1 to 5000"]),
        ("--clients 70000", ["'70000'", "--clients", "1 to 5000"]),
        ("--secs 0", ["'0'", "--secs", "1 to 3600"]),
        ("--secs 1.5", ["'1.5'", "--secs", "not a number"]),
        ("--jobs 0", ["'0'", "--jobs", "1 to 1024"]),
        (too_many, ["--seeds 2", "--from 18446744073709551615", ""]),
        ("--trace --seeds 2", ["--trace", "--seeds 2", ""]),
        ("7", ["'7'", "", ""]),
    ];
    for (arguments, words) in cases {
        let run = sim(arguments);
        let (code, out, error) = text(&run);
        assert_eq!((code, out), (Some(2), ""), "{arguments}");
        for word in words {
            assert!(error.contains(word), "{arguments}: {error}");
        }
    }
}

fn sim(arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mqtt-sim"));
    command.args(arguments.split(' ')).output().unwrap()
}

fn text(run: &Output) -> (Option<i32>, &str, &str) {
    let text = |bytes| core::str::from_utf8(bytes).unwrap();
    (run.status.code(), text(&run.stdout), text(&run.stderr))
}
