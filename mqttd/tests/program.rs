//! The program as people and their scripts meet it.
#![cfg(unix)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

extern crate alloc;

use alloc::collections::BTreeMap;
use core::net::SocketAddr;
use core::time::Duration;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use mqtt_codec::reason_code::DisconnectReasonCode;
use mqtt_codec::{ClientIdBuf, QoS, TextBuf, TopicFilterBuf};
use mqtt_session::CloseReason;
use mqtt_session::client::Config;
use runtime_tokio::Client;

#[test]
fn it_begins_with_lines_to_copy() {
    let mut program = Program::start(&["--no-persistence"]);
    let port = program.address.port();
    assert_eq!(
        program.begin,
        [
            format!("mqttd listens at 127.0.0.1:{port}. To try it, in two other terminals:"),
            String::new(),
            format!("    mosquitto_sub -h 127.0.0.1 -p {port} -v -t 'hello/#'"),
            format!("    mosquitto_pub -h 127.0.0.1 -p {port} -t hello/world -m 'Hello, world'"),
        ]
    );
    let log = program.stop("TERM");
    assert!(
        log.contains(&format!("listening at 127.0.0.1:{port}")),
        "{log}"
    );
    assert!(!log.contains("--no-persistence"), "{log}");
}

#[test]
fn without_persistence_it_warns_unless_it_was_told() {
    let log = Program::start(&[]).stop("TERM");
    assert!(
        log.contains("WARN") && log.contains("--no-persistence"),
        "{log}"
    );
}

#[test]
fn a_signal_ends_it_in_order() {
    for signal in ["TERM", "INT"] {
        let mut program = Program::start(&["--no-persistence"]);
        let address = program.address;
        let log = run(async {
            let client = Client::connect(address, Config::default()).await.unwrap();
            let log = program.stop(signal);
            let told = CloseReason::PeerDisconnected {
                reason: DisconnectReasonCode::ServerShuttingDown,
            };
            assert_eq!(client.ended().await, told);
            log
        });
        assert!(
            log.contains(&format!("SIG{signal}: shutting down")),
            "{log}"
        );
    }
}

#[test]
fn who_comes_and_goes_is_logged_in_mosquittos_words() {
    let mut program = Program::start(&["--no-persistence"]);
    let config = Config {
        client_id: ClientIdBuf::new("sensor\n7").unwrap(),
        user_name: Some(TextBuf::new("anna").unwrap()),
        ..Config::default()
    };
    run(async {
        let client = Client::connect(program.address, config).await.unwrap();
        client.disconnect().await;
        // Not MQTT.
        let http = tokio::net::TcpStream::connect(program.address)
            .await
            .unwrap();
        http.writable().await.unwrap();
        http.try_write(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        http.readable().await.unwrap();
    });
    let log = program.stop("TERM");
    let line = |text: &str| {
        log.lines()
            .find(|line| line.contains(text))
            .unwrap_or_else(|| panic!("{text}: {log}"))
    };
    assert!(
        line("New client connected from 127.0.0.1:")
            .ends_with(r" as sensor\n7 (p5, c1, k60, u'anna').")
    );
    assert!(line(r"Client sensor\n7 [127.0.0.1:").ends_with("] disconnected."));
    assert!(
        line("Connection from 127.0.0.1:").ends_with(" closed: this is HTTP, on a port for MQTT.")
    );
}

#[test]
fn its_numbers_are_under_sys() {
    let mut program = Program::start(&["--no-persistence"]);
    run(async {
        let client = Client::connect(program.address, Config::default())
            .await
            .unwrap();
        let filter = TopicFilterBuf::new("$SYS/broker/#").unwrap();
        let mut messages = client.subscribe(filter, QoS::AtMostOnce).await.unwrap();
        let mut numbers = BTreeMap::new();
        while numbers.len() < 8 {
            let message = messages.recv().await.unwrap().message;
            let value = String::from_utf8(message.payload.to_vec()).unwrap();
            numbers.insert(
                message
                    .topic
                    .as_str()
                    .trim_start_matches("$SYS/broker/")
                    .to_owned(),
                value,
            );
        }
        let version = format!("mqttd version {}", env!("CARGO_PKG_VERSION"));
        let names = [
            "clients/connected",
            "clients/total",
            "messages/received",
            "messages/sent",
            "retained messages/count",
            "subscriptions/count",
            "uptime",
            "version",
        ];
        assert_eq!(numbers.keys().collect::<Vec<_>>(), names);
        assert_eq!(numbers["version"], version);
        assert!(numbers["uptime"].ends_with(" seconds"), "{numbers:?}");
        for name in &names[..6] {
            numbers[*name].parse::<u64>().unwrap();
        }
    });
    program.stop("TERM");
}

#[test]
fn quiet_is_quiet() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut child = mqttd(&["--no-persistence", "-q", "-p", &port.to_string()])
        .spawn()
        .unwrap();
    run(async {
        while Client::connect(("127.0.0.1", port), Config::default())
            .await
            .is_err()
        {}
    });
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.lines()
            .all(|line| line.contains("WARN Running as root")),
        "{log}"
    );
}

#[test]
fn a_busy_port_is_one_line_with_another_port() {
    let mut program = Program::start(&["--no-persistence"]);
    let port = program.address.port().to_string();
    let output = output(&["-p", &port]);
    let line = only_line(&output);
    assert!(
        line.starts_with(&format!("mqttd: port {port} of 127.0.0.1 is in use")),
        "{line}"
    );
    assert!(line.contains("-p"), "{line}");
    program.stop("TERM");
}

#[test]
fn an_address_that_others_reach_needs_a_word() {
    for address in ["0.0.0.0", "::"] {
        let line = only_line(&output(&["-p", "0", "--bind", address]));
        assert!(
            line.contains(address) && line.contains("--allow-anonymous"),
            "{line}"
        );
    }
    let mut program =
        Program::start(&["--bind", "0.0.0.0", "--allow-anonymous", "--no-persistence"]);
    program.stop("TERM");
}

#[test]
fn a_mistake_is_one_line() {
    for (arguments, named) in [
        (&["-p", "99999"][..], "99999"),
        (&["--bind", "nowhere"], "nowhere"),
        (&["--queue-messages", "0"], "--queue-messages"),
        (&["--max-packet-size", "many"], "--max-packet-size"),
        (&["--no-such-flag"], "--no-such-flag"),
        (&["-v", "-q"], "-"),
        (&["extra"], "extra"),
    ] {
        let line = only_line(&output(arguments));
        assert!(line.contains(named), "{line}");
    }
}

#[test]
fn the_flags_reach_the_broker() {
    let arguments = [
        "--no-persistence",
        "--max-packet-size",
        "1000",
        "--queue-messages",
        "1",
        "-v",
    ];
    let mut program = Program::start(&arguments);
    run(async {
        let client = Client::connect(program.address, Config::default())
            .await
            .unwrap();
        assert_eq!(client.connected().maximum_packet_size, 1_000);
        client.disconnect().await;
    });
    let log = program.stop("TERM");
    assert!(log.contains("queue_messages: 1,"), "{log}");
}

#[test]
fn help_and_version_go_to_standard_output() {
    for (flag, text) in [
        ("--help", "--allow-anonymous"),
        ("--version", env!("CARGO_PKG_VERSION")),
    ] {
        let output = output(&[flag]);
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains(text));
        assert!(output.stderr.is_empty());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn its_files_are_for_its_user_alone() {
    let mut program = Program::start(&["--no-persistence"]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    assert_eq!(mask.map(str::trim), Some("0077"), "{status}");
    program.stop("TERM");
}

/// A running `mqttd`.
struct Program {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// The beginning of its standard output.
    begin: Vec<String>,
    address: SocketAddr,
}

impl Program {
    /// Starts it on a free port, and waits until it says at which.
    fn start(arguments: &[&str]) -> Self {
        let mut child = mqttd(arguments).args(["-p", "0"]).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let begin: Vec<_> = stdout.lines().map(Result::unwrap).take(4).collect();
        let port = begin
            .get(2)
            .and_then(|line| line.split(" -p ").nth(1)?.split(' ').next()?.parse().ok());
        let port = port.unwrap_or_else(|| panic!("{begin:?}"));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            child,
            stderr,
            begin,
            address,
        }
    }

    /// Ends it by a signal, and gives its log.
    fn stop(&mut self, signal: &str) -> String {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        let mut log = String::new();
        self.stderr.read_to_string(&mut log).unwrap();
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn mqttd(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mqttd"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it when it ends by itself.
fn output(arguments: &[&str]) -> Output {
    mqttd(arguments).output().unwrap()
}

/// The one line of a failure.
fn only_line(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(
        (output.status.code(), text.lines().count()),
        (Some(1), 1),
        "{text}"
    );
    text.trim_end().to_owned()
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), test)
            .await
            .unwrap()
    })
}
