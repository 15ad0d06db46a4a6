//! `mqttd`: an MQTT broker.
#![forbid(unsafe_code)]

extern crate alloc;

mod arguments;
mod clock;
mod drops;
mod event_log;
mod limiter;
mod memory;
mod process;
mod run;
mod sys_topics;

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match arguments::parse(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(arguments::Stop::Answer(text)) => {
            // Who asked may have stopped reading.
            let _ = write!(std::io::stdout(), "{text}");
            return ExitCode::SUCCESS;
        }
        Err(arguments::Stop::Mistake(line)) => return fail(&line),
    };
    match run::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

/// One line, and the exit code of every failure.
fn fail(line: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "mqttd: {line}");
    ExitCode::FAILURE
}
