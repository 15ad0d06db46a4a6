use core::net::IpAddr;
use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;
use tracing::level_filters::LevelFilter;

/// An MQTT 3.1, 3.1.1 and 5.0 broker.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(name = "mqttd", version)]
pub(crate) struct Arguments {
    /// Listen at this port; 0 takes a free one
    #[arg(short, long, default_value_t = 1883)]
    pub(crate) port: u16,

    /// Listen at this address; one that other machines reach needs --allow-anonymous
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(crate) bind: IpAddr,

    /// Let in everybody who can reach the address, without a password
    #[arg(long)]
    pub(crate) allow_anonymous: bool,

    /// Keep nothing on disk, without a warning
    #[arg(long)]
    pub(crate) no_persistence: bool,

    /// Keep at most this many messages for each client that is away or slow
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) queue_messages: Option<usize>,

    /// Take packets of at most this many bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(64..=268_435_460))]
    pub(crate) max_packet_size: Option<u32>,

    /// Log more
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Log warnings and errors only
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl Arguments {
    pub(crate) fn level(&self) -> LevelFilter {
        match (self.verbose, self.quiet) {
            (true, _) => LevelFilter::DEBUG,
            (_, true) => LevelFilter::WARN,
            (false, false) => LevelFilter::INFO,
        }
    }
}

/// Why the arguments do not start a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// They asked for this text.
    Answer(String),
    /// They are wrong, in one line.
    Mistake(String),
}

pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, Stop> {
    Arguments::try_parse_from(arguments).map_err(|error| {
        let text = error.to_string();
        if matches!(
            error.kind(),
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
        ) {
            return Stop::Answer(text);
        }
        // What stands below the first line is a reference to the help, or the help.
        let line = text.lines().next().unwrap_or_default();
        let line = line.strip_prefix("error: ").unwrap_or(line);
        Stop::Mistake(format!("{line} (mqttd --help shows the flags)"))
    })
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_mosquittos_port_on_this_machine_alone() {
        let arguments = of("").unwrap();
        assert_eq!(
            (arguments.port, arguments.bind.to_string().as_str()),
            (1883, "127.0.0.1")
        );
        assert!(!arguments.allow_anonymous && !arguments.no_persistence);
        assert_eq!(arguments.level(), LevelFilter::INFO);
    }

    #[test]
    fn every_flag_is_taken() {
        let arguments = of(
            "-p 0 --bind ::1 --allow-anonymous --no-persistence --queue-messages 1 --max-packet-size 268435460 -v",
        );
        let expected = Arguments {
            port: 0,
            bind: "::1".parse().unwrap(),
            allow_anonymous: true,
            no_persistence: true,
            queue_messages: Some(1),
            max_packet_size: Some(268_435_460),
            verbose: true,
            quiet: false,
        };
        assert_eq!(arguments, Ok(expected));
        assert_eq!(of("-q").unwrap().level(), LevelFilter::WARN);
    }

    #[test]
    fn a_mistake_is_one_line_that_names_it() {
        for (arguments, named) in [
            ("-p 65536", "65536"),
            ("-p", "--port"),
            ("--bind localhost", "localhost"),
            ("--queue-messages 0", "at least 1"),
            ("--queue-messages -1", "-1"),
            ("--max-packet-size 63", "63"),
            ("--max-packet-size 268435461", "268435461"),
            ("-v -q", "--quiet"),
            ("--prot 1", "--prot"),
            ("what", "what"),
        ] {
            let Err(Stop::Mistake(line)) = of(arguments) else {
                panic!("{arguments} is taken")
            };
            assert!(
                line.contains(named) && line.lines().count() == 1,
                "{arguments}: {line}"
            );
        }
    }

    #[test]
    fn help_and_version_are_answers() {
        assert!(
            matches!(of("--help"), Err(Stop::Answer(text)) if text.contains("--allow-anonymous"))
        );
        assert!(matches!(of("-V"), Err(Stop::Answer(text)) if text.starts_with("mqttd ")));
    }

    fn of(arguments: &str) -> Result<Arguments, Stop> {
        parse(
            core::iter::once("mqttd")
                .chain(arguments.split_whitespace())
                .map(OsString::from),
        )
    }
}
