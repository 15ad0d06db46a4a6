//! Counts the instructions of each decode and encode, ours beside the peers', and prints a table.
//!
//! ```text
//! cargo run --release --bin instructions [FILTER]
//! ```
//!
//! Needs valgrind. The program runs itself under callgrind, each bench four times: with and without the measured call,
//! at two iteration counts. The count of one call is the difference of the differences.

use std::env;
use std::error::Error;
use std::io;
use std::process::{Command, Output};

use mqttd_benches::{Case, Harness, all};

const FEW: u64 = 1_000;
const MANY: u64 = 3_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [case, peer, run, iterations] => {
            let run = if run == "run" {
                Run::Whole
            } else {
                Run::SetupOnly
            };
            all(&mut One {
                case,
                peer,
                run,
                iterations: iterations.parse()?,
            });
            Ok(())
        }
        [] => table(""),
        [filter] => table(filter),
        _ => Err("at most one argument: a part of a case's name".into()),
    }
}

fn table(filter: &str) -> Result<(), Box<dyn Error>> {
    let mut list = List(Vec::new());
    all(&mut list);
    list.0.retain(|(case, _)| case.to_string().contains(filter));
    let mut cases: Vec<Case> = Vec::new();
    let mut peers: Vec<&str> = Vec::new();
    for &(case, peer) in &list.0 {
        if !cases.contains(&case) {
            cases.push(case);
        }
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    println!("| instructions | {} |", peers.join(" | "));
    println!("|---|{}", "---:|".repeat(peers.len()));
    for case in cases {
        print!("| {case} |");
        for &peer in &peers {
            if list.0.contains(&(case, peer)) {
                print!(" {} |", instructions(case, peer)?);
            } else {
                print!(" |");
            }
        }
        println!();
    }
    Ok(())
}

/// Of one call.
fn instructions(case: Case, peer: &str) -> Result<u64, Box<dyn Error>> {
    let per_round = |run| -> Result<u64, Box<dyn Error>> {
        Ok((collect(case, peer, run, MANY)? - collect(case, peer, run, FEW)?) / (MANY - FEW))
    };
    Ok(per_round("run")?.saturating_sub(per_round("setup")?))
}

/// What callgrind collects in one process.
fn collect(case: Case, peer: &str, run: &str, iterations: u64) -> Result<u64, Box<dyn Error>> {
    let output: Output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([
            case.to_string().as_str(),
            peer,
            run,
            &iterations.to_string(),
        ])
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("valgrind: {error}")))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let count = report
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .ok_or_else(|| report.to_string())?;
    Ok(count.1.trim().parse()?)
}

/// Notes what there is.
struct List(Vec<(Case, &'static str)>);

impl Harness for List {
    fn bench<I>(
        &mut self,
        case: Case,
        peer: &'static str,
        _: impl FnMut() -> I,
        _: impl FnMut(&mut I),
    ) {
        self.0.push((case, peer));
    }
}

enum Run {
    Whole,
    SetupOnly,
}

/// Runs one of them.
struct One<'a> {
    case: &'a str,
    peer: &'a str,
    run: Run,
    iterations: u64,
}

impl Harness for One<'_> {
    fn bench<I>(
        &mut self,
        case: Case,
        peer: &'static str,
        mut setup: impl FnMut() -> I,
        mut run: impl FnMut(&mut I),
    ) {
        if peer != self.peer || case.to_string() != self.case {
            return;
        }
        for _ in 0..self.iterations {
            let mut input = setup();
            if let Run::Whole = self.run {
                run(&mut input);
            }
            std::hint::black_box(&mut input);
        }
    }
}
