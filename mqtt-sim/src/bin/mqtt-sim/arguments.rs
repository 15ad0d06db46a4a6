use core::num::{IntErrorKind, ParseIntError};
use core::ops::RangeInclusive;
use core::time::Duration;
use std::thread;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};
use mqtt_sim::Scenario;

/// Runs whole MQTT deployments in virtual time, one for each seed, and checks the rules
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(name = "mqtt-sim", version)]
pub(crate) struct Arguments {
    /// Run this many seeds
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value = "1", value_parser = at_least_one)]
    pub(crate) seeds: u64,

    /// Begin with this seed
    #[arg(long, allow_negative_numbers = true, value_name = "SEED", default_value = "1", value_parser = number)]
    pub(crate) from: u64,

    /// Have this many clients in each world
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value = "100", value_parser = clients)]
    pub(crate) clients: u64,

    /// Let them work for this many simulated seconds
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value = "60", value_parser = secs)]
    pub(crate) secs: u64,

    /// Cut each client off once in this many seconds, on average
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value = "10", value_parser = secs)]
    pub(crate) cut_every: u64,

    /// Crash the broker once in this many seconds
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value = "60", value_parser = secs)]
    pub(crate) crash_every: u64,

    /// Run this many worlds at a time; as many as there are cores by default
    #[arg(long, allow_negative_numbers = true, value_name = "N", default_value_t = cores(), value_parser = jobs)]
    pub(crate) jobs: u64,

    /// Print all that is observed in the world of one seed
    #[arg(long)]
    pub(crate) trace: bool,
}

impl Arguments {
    /// Those of the program. It ends here, with code 2, when they are wrong.
    pub(crate) fn of_program() -> Self {
        let arguments = Self::parse();
        arguments.check().unwrap_or_else(|error| error.exit());
        arguments
    }

    /// What the arguments mean together.
    fn check(&self) -> Result<(), clap::Error> {
        let wrong = |what: String| Err(Self::command().error(ErrorKind::ValueValidation, what));
        if self.from.checked_add(self.seeds - 1).is_none() {
            let (seeds, from) = (self.seeds, self.from);
            return wrong(format!(
                "--seeds {seeds} from --from {from} on goes past the last seed, {}",
                u64::MAX
            ));
        }
        if self.trace && self.seeds > 1 {
            return wrong(format!(
                "--trace is for one seed, not --seeds {}",
                self.seeds
            ));
        }
        Ok(())
    }

    pub(crate) const fn range(&self) -> RangeInclusive<u64> {
        self.from..=self.from + (self.seeds - 1)
    }

    pub(crate) fn scenario(&self) -> Scenario {
        Scenario {
            clients: usize::try_from(self.clients).unwrap_or(usize::MAX),
            span: Duration::from_secs(self.secs),
            cut_every: Duration::from_secs(self.cut_every),
            crash_every: Duration::from_secs(self.crash_every),
            ..Scenario::default()
        }
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|error: ParseIntError| {
        if *error.kind() == IntErrorKind::PosOverflow {
            format!("larger than {}", u64::MAX)
        } else {
            "not a number".to_owned()
        }
    })
}

fn in_range(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let number = number(text)?;
    match range.contains(&number) {
        true => Ok(number),
        false => Err(format!("not in {} to {}", range.start(), range.end())),
    }
}

fn at_least_one(text: &str) -> Result<u64, String> {
    match number(text)? {
        0 => Err("it must be at least 1".to_owned()),
        number => Ok(number),
    }
}

fn clients(text: &str) -> Result<u64, String> {
    in_range(text, 1..=CLIENTS)
}

fn secs(text: &str) -> Result<u64, String> {
    in_range(text, 1..=SECS)
}

fn jobs(text: &str) -> Result<u64, String> {
    in_range(text, 1..=JOBS)
}

fn cores() -> u64 {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    cores.min(JOBS)
}

/// Each filter is held against each topic before the world begins: seconds for so many.
const CLIENTS: u64 = 5_000;
/// The whole plan is in memory.
const SECS: u64 = 3_600;
const JOBS: u64 = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_one_standard_world() {
        let arguments = of(&[]).unwrap();
        let standard = Scenario::default();
        let scenario = arguments.scenario();
        assert_eq!(
            (scenario.clients, scenario.span),
            (standard.clients, standard.span)
        );
        assert_eq!(
            (scenario.cut_every, scenario.crash_every),
            (standard.cut_every, standard.crash_every)
        );
        assert_eq!(arguments.range(), 1..=1);
        assert_eq!(arguments.jobs, cores());
    }

    #[test]
    fn the_last_seed_is_taken_and_none_behind_it() {
        let last = u64::MAX.to_string();
        assert_eq!(of(&["--from", &last]).unwrap().range(), u64::MAX..=u64::MAX);
        assert!(of(&["--from", &last, "--seeds", "2"]).is_err());
    }

    fn of(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        let arguments = Arguments::try_parse_from([&["mqtt-sim"], arguments].concat())?;
        arguments.check().map(|()| arguments)
    }
}
