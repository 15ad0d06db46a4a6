//! The server in programs of others.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test"
)]

mod harness;

use core::time::Duration;
use std::sync::{Arc, Mutex};

use harness::{BOUND, GRACE, Raw, connect, run, shut_down, start};
use mqtt_broker_core::AuthenticationOutcome;
use mqtt_codec::reason_code::ConnectReasonCode;
use mqtt_session::client::Config;
use runtime_tokio::{Client, ConnectionLimits, StartError};
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::{LocalSet, spawn_local};

#[test]
fn a_busy_address_is_an_error() {
    let (server, address, _told) = start(harness::builder());
    let started = harness::builder().bind(address).start();
    assert!(
        matches!(started, Err(StartError::Bind { address: at, .. }) if at == address),
        "{started:?}"
    );
    shut_down(&server);
    // It can be used again at once.
    shut_down(&harness::builder().bind(address).start().unwrap());
}

#[test]
fn it_listens_at_several_addresses() {
    let any = "127.0.0.1:0".parse().unwrap();
    let server = harness::builder().bind(any).bind(any).start().unwrap();
    let [first, second] = server.local_addrs() else {
        panic!()
    };
    assert_ne!(first, second);
    Raw::connected(*first, "a");
    Raw::connected(*second, "b");
    shut_down(&server);
}

#[test]
fn who_can_be_reached_from_elsewhere_must_say_that_everybody_may_come() {
    let everywhere = "0.0.0.0:0".parse().unwrap();
    assert!(matches!(
        harness::builder().bind(everywhere).start(),
        Err(StartError::Anonymous { .. })
    ));
    assert!(matches!(
        harness::builder().bind_authenticated(everywhere).start(),
        Err(StartError::NoAuthenticator { .. })
    ));
    assert!(matches!(
        harness::builder().start(),
        Err(StartError::NoListener)
    ));
    shut_down(
        &harness::builder()
            .bind(everywhere)
            .allow_anonymous()
            .start()
            .unwrap(),
    );
}

#[test]
fn a_function_decides_who_comes_in() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let server = harness::builder()
        .bind_authenticated("127.0.0.1:0".parse().unwrap())
        .authenticate(move |request| {
            seen.lock().unwrap().push(request.client_id.to_string());
            async move {
                tokio::task::yield_now().await;
                if request.client_id.as_str() == "good" {
                    AuthenticationOutcome::Accepted {
                        principal: None,
                        data: None,
                    }
                } else {
                    AuthenticationOutcome::Refused(ConnectReasonCode::NotAuthorized)
                }
            }
        })
        .start()
        .unwrap();
    let address = server.local_addrs()[0];
    let mut good = Raw::connected(address, "good");
    good.send(&[0xC0, 0]);
    good.expect(&[0xD0, 0]);
    let mut bad = Raw::open(address);
    bad.send(&connect(4, "bad"));
    bad.expect(&[0x20, 2, 0, 5]);
    bad.expect_end();
    assert_eq!(*asked.lock().unwrap(), ["good", "bad"]);
    shut_down(&server);
}

#[test]
fn a_shard_runs_in_a_local_runtime() {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .unwrap();
    runtime.block_on(in_one_thread());
}

#[test]
fn a_shard_runs_in_a_local_set() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, in_one_thread());
}

async fn in_one_thread() {
    let (server, shard) = harness::builder()
        .bind("127.0.0.1:0".parse().unwrap())
        .build_local()
        .unwrap();
    let shard = spawn_local(shard);
    let test = async {
        let client = Client::connect(server.local_addrs()[0], Config::default())
            .await
            .unwrap();
        client.disconnect().await;
        server.shutdown(GRACE).await;
        shard.await.unwrap();
    };
    tokio::time::timeout(BOUND, test).await.unwrap();
}

#[test]
fn a_dropped_shard_closes_its_connections() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let (server, shard) = harness::builder()
            .bind("127.0.0.1:0".parse().unwrap())
            .build_local()
            .unwrap();
        let shard = spawn_local(shard);
        let client = Client::connect(server.local_addrs()[0], Config::default())
            .await
            .unwrap();
        shard.abort();
        tokio::time::timeout(BOUND, client.ended()).await.unwrap();
        server.ended().await;
    });
}

#[test]
fn a_server_is_used_from_other_runtimes_and_threads() {
    let (server, address, _told) = start(harness::builder());
    let server = Arc::new(server);
    let _client = Raw::connected(address, "a");
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let server = Arc::clone(&server);
            std::thread::Builder::new()
                .spawn(move || run(server.statistics()).gauges.connected)
                .unwrap()
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 1);
    }
    shut_down(&server);
    shut_down(&server);
}

/// What connections share may be half changed then: better no broker than a wrong one.
#[test]
fn a_panic_ends_the_server() {
    // In the task of a connection, and in the one that lets time pass.
    for level in [4, 5] {
        let limits = ConnectionLimits {
            connect_timeout: Duration::from_millis(if level == 4 { 60_000 } else { 10 }),
            ..harness::limits()
        };
        let server = harness::builder()
            .limits(limits)
            .bind("127.0.0.1:0".parse().unwrap())
            .bind_authenticated("127.0.0.1:0".parse().unwrap())
            .authenticate(|_| core::future::pending())
            .on_event(|event| panic!("{event:?}"))
            .start()
            .unwrap();
        let address = server.local_addrs()[level - 4];
        let mut raw = Raw::open(address);
        raw.send(&connect(4, "a"));
        run(server.ended());
        while raw.try_packet().is_some() {}
    }
}

/// The same in the tasks of connections that are no links yet, of those that wait for an answer, and of the listeners.
#[test]
fn a_panic_beside_the_links_ends_the_server_too() {
    for case in ["no connect", "authenticated", "refused"] {
        let limits = ConnectionLimits {
            connections: Some(if case == "refused" { 0 } else { 10 }),
            ..harness::limits()
        };
        let server = harness::builder()
            .limits(limits)
            .bind_authenticated("127.0.0.1:0".parse().unwrap())
            .authenticate(|_| async {
                tokio::task::yield_now().await;
                AuthenticationOutcome::Refused(ConnectReasonCode::NotAuthorized)
            })
            .on_event(|event| panic!("{event:?}"))
            .start()
            .unwrap();
        let mut raw = Raw::open(server.local_addrs()[0]);
        match case {
            "authenticated" => raw.send(&connect(4, "a")),
            "no connect" => raw.send(b"GET / HTTP/1.1"),
            _ => {}
        }
        run(server.ended());
        while raw.try_packet().is_some() {}
    }
}
