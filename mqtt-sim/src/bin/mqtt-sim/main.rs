//! Runs simulated worlds, one for each seed.
#![forbid(unsafe_code)]

extern crate alloc;

mod arguments;
mod progress;
mod seeds;

use std::io::Write as _;
use std::process::ExitCode;

use mqtt_sim::{
    Failure, FailureReport, GuardedRun, Plan, Report, Rerun, Scenario, Trace, World, check,
    keep_panics_for_reports,
};

use arguments::Arguments;
use progress::Progress;

fn main() -> ExitCode {
    let arguments = Arguments::of_program();
    keep_panics_for_reports();
    let scenario = arguments.scenario();
    let (tally, failure) = if arguments.trace {
        trace(&arguments, &scenario)
    } else {
        let progress = Progress::new(arguments.seeds);
        let run = |seed| run(seed, &scenario);
        seeds::run_all(arguments.range(), arguments.jobs, &progress, &run)
    };
    // Who asked may have stopped reading: the exit code says it all the same.
    let mut out = std::io::stdout().lock();
    let exit_code = match failure {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            // Making it small takes a while.
            eprintln!("{failure}");
            let rule = failure.broken.rule;
            let rerun = Rerun {
                checks: &|| check::of(rule),
                sabotage: None,
            };
            let report = FailureReport::new(&scenario, failure, &rerun);
            let _ = writeln!(out, "{report}");
            ExitCode::FAILURE
        }
    };
    let _ = writeln!(out, "{}", tally.summary(arguments.seeds, arguments.secs));
    exit_code
}

fn run(seed: u64, scenario: &Scenario) -> Result<Report, Failure> {
    GuardedRun::new(seed, || World::new(Plan::new(seed, scenario), check::all())).outcome
}

/// Runs one seed and prints what was observed.
fn trace(arguments: &Arguments, scenario: &Scenario) -> (seeds::Tally, Option<Failure>) {
    let seed = arguments.from;
    let run = GuardedRun::new(seed, || {
        let mut world = World::new(Plan::new(seed, scenario), check::all());
        world.trace();
        world
    });
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let _ = write!(out, "{}", run.trace.as_ref().unwrap_or(&Trace::default()));
    let _ = out.flush();
    let mut tally = seeds::Tally::new(seed);
    match run.outcome {
        Ok(report) => {
            tally.add(seed, report);
            (tally, None)
        }
        Err(failure) => (tally, Some(failure)),
    }
}
