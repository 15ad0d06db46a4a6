//! Says what each byte of MQTT packets is, and which statement of the standard they break.
//!
//! ```text
//! cargo run -p mqttd-codec --example annotate -- 30 05 00 01 61 68 69
//! cargo run -p mqttd-codec --example annotate -- --version 3.1.1 < packets.hex
//! ```
//!
//! Hex as `xxd` and `hexdump -C` print it is taken as well. Without `--version` packets are of 5.0, and behind a CONNECT
//! of its version.

use std::io::Read as _;
use std::process::ExitCode;

use mqtt_codec::Version;
use mqtt_codec::annotate::{Outcome, annotate, parse_hex_dump};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(message) => {
            eprintln!("annotate: {message}");
            ExitCode::from(2)
        }
    }
}

/// 0 when all are packets, 1 when one is not.
fn run() -> Result<ExitCode, String> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut version = Version::V5_0;
    if arguments.first().is_some_and(|first| first == "--version") {
        let name = arguments.get(1).map_or("nothing", String::as_str);
        version = [Version::V3_1, Version::V3_1_1, Version::V5_0]
            .into_iter()
            .find(|version| version.to_string() == name)
            .ok_or_else(|| format!("--version is 3.1, 3.1.1 or 5.0, not {name}"))?;
        arguments.drain(..2);
    }
    let mut text = arguments.join(" ");
    if text.is_empty() {
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| format!("input: {error}"))?;
    }
    let bytes = parse_hex_dump(&text).map_err(|error| format!("no hex dump: {error}"))?;
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let annotation = annotate(version, rest);
        println!("{annotation}");
        let Outcome::Packet { len } = annotation.outcome else {
            return Ok(ExitCode::from(1));
        };
        version = annotation.version;
        rest = rest.get(len..).unwrap_or_default();
    }
    Ok(ExitCode::SUCCESS)
}
