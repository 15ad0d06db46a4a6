//! What is acknowledged is in the store, and comes back.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "a test"
)]

mod harness;

use std::sync::{Arc, Mutex};

use harness::{Raw, packet, publish_qos1, run, shut_down, start, subscribe};
use mqtt_broker_core::{Loaded, MemoryStore, Operation, Page, Record, Store, StoreError};
use mqtt_codec::ClientIdBuf;
use runtime_tokio::StartError;

#[test]
fn a_session_with_its_messages_survives_a_restart() {
    let store = Shared::default();
    let (server, address, _told) = start(harness::builder().store(Box::new(store.clone())));
    let mut subscriber = persistent(address, "subscriber");
    subscriber.expect(&[0x20, 2, 0, 0]);
    subscriber.send(&subscribe("a", 1));
    subscriber.expect(&[0x90, 3, 0, 1, 1]);
    subscriber.send(&[0xE0, 0]);
    subscriber.expect_end();
    let mut publisher = Raw::connected(address, "publisher");
    for n in 1..=3 {
        publisher.send(&publish_qos1("a", n, &[u8::try_from(n).unwrap()]));
        publisher.expect(&[0x40, 2, 0, u8::try_from(n).unwrap()]);
    }
    shut_down(&server);

    let (server, address, _told) = start(harness::builder().store(Box::new(store)));
    let mut subscriber = persistent(address, "subscriber");
    subscriber.expect(&[0x20, 2, 1, 0]);
    for n in 1..=3 {
        let message = subscriber.packet();
        assert_eq!((message[0], message.last()), (0x32, Some(&n)));
    }
    shut_down(&server);
}

/// More than the head of the queue that is kept in memory: the rest is paged in.
#[test]
fn a_long_queue_comes_from_the_store() {
    let config = mqtt_broker_core::Config {
        queue_head_messages: 10,
        ..mqtt_broker_core::Config::default()
    };
    let (server, address, _told) = start(
        harness::builder()
            .config(config)
            .store(Box::new(Shared::default())),
    );
    let mut subscriber = persistent(address, "subscriber");
    subscriber.expect(&[0x20, 2, 0, 0]);
    subscriber.send(&subscribe("a", 1));
    subscriber.expect(&[0x90, 3, 0, 1, 1]);
    subscriber.send(&[0xE0, 0]);
    subscriber.expect_end();
    let mut publisher = Raw::connected(address, "publisher");
    for n in 1..=200 {
        publisher.send(&publish_qos1("a", n, &n.to_be_bytes()));
    }
    for n in 1..=200_u16 {
        publisher.expect(&[&[0x40, 2][..], &n.to_be_bytes()].concat());
    }
    let mut subscriber = persistent(address, "subscriber");
    subscriber.expect(&[0x20, 2, 1, 0]);
    for n in 1..=200_u16 {
        let message = subscriber.packet();
        assert_eq!((message[0], &message[7..]), (0x32, &n.to_be_bytes()[..]));
        subscriber.send(&[&[0x40, 2][..], &message[5..7]].concat());
    }
    shut_down(&server);
}

/// [v3.1.1 MQTT-4.8.0-2] Who sent what could not be stored is closed.
#[test]
fn what_could_not_be_stored_is_not_acknowledged_and_a_broken_store_ends_the_server() {
    let store = Shared::default();
    let (server, address, told) = start(harness::builder().store(Box::new(store.clone())));
    let mut subscriber = persistent(address, "subscriber");
    subscriber.expect(&[0x20, 2, 0, 0]);
    subscriber.send(&subscribe("a", 1));
    subscriber.expect(&[0x90, 3, 0, 1, 1]);
    *store.broken.lock().unwrap() = true;
    let mut publisher = Raw::connected(address, "publisher");
    publisher.send(&publish_qos1("a", 1, b"b"));
    publisher.expect_end();
    told.wait_for("StoreFailed");
    run(server.ended());
}

#[test]
fn a_store_that_cannot_be_read_starts_no_server() {
    let store = Shared::default();
    *store.broken.lock().unwrap() = true;
    let started = harness::builder()
        .bind("127.0.0.1:0".parse().unwrap())
        .store(Box::new(store))
        .start();
    assert!(matches!(
        started,
        Err(StartError::Store(StoreError::Io { .. }))
    ));
}

/// A store that outlives its server.
#[derive(Clone, Default)]
struct Shared {
    store: Arc<Mutex<MemoryStore>>,
    broken: Arc<Mutex<bool>>,
}

impl Shared {
    fn check(&self) -> Result<(), StoreError> {
        if *self.broken.lock().unwrap() {
            Err(StoreError::Io {
                operation: Operation::Sync,
                code: Some(5),
            })
        } else {
            Ok(())
        }
    }
}

impl Store for Shared {
    fn incarnation(&mut self) -> Result<u32, StoreError> {
        self.check()?;
        self.store.lock().unwrap().incarnation()
    }

    fn load(&mut self, queue_head: usize, each: &mut dyn FnMut(Loaded)) -> Result<(), StoreError> {
        self.store.lock().unwrap().load(queue_head, each)
    }

    fn commit(&mut self, batch: &[Record]) -> Result<(), StoreError> {
        self.check()?;
        self.store.lock().unwrap().commit(batch)
    }

    fn page(
        &mut self,
        client_id: &ClientIdBuf,
        from: u64,
        messages: usize,
        bytes: usize,
    ) -> Result<Page, StoreError> {
        self.store
            .lock()
            .unwrap()
            .page(client_id, from, messages, bytes)
    }
}

/// Who embeds a shard has other things to do than to wait for its store: here what the store waits for.
#[test]
fn a_store_that_ends_slowly_does_not_hold_its_executor() {
    let (dropping, mut dropped) = tokio::sync::mpsc::unbounded_channel();
    let (release, released) = std::sync::mpsc::channel();
    let (told, tells) = std::sync::mpsc::channel();
    let store = Slow {
        store: MemoryStore::new(),
        dropping,
        released,
        told,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(tokio::runtime::LocalOptions::default())
        .unwrap();
    runtime.block_on(async {
        let builder = harness::builder().bind("127.0.0.1:0".parse().unwrap());
        let (server, shard) = builder.store(Box::new(store)).build_local().unwrap();
        let shard = tokio::task::spawn_local(shard);
        tokio::task::spawn_local(async move {
            dropped.recv().await.unwrap();
            release.send(()).unwrap();
        });
        server.shutdown(harness::GRACE).await;
        shard.await.unwrap();
    });
    assert_eq!(tells.recv(), Ok(true));
}

/// A store whose end waits for a word.
struct Slow {
    store: MemoryStore,
    dropping: tokio::sync::mpsc::UnboundedSender<()>,
    released: std::sync::mpsc::Receiver<()>,
    told: std::sync::mpsc::Sender<bool>,
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.dropping.send(()).unwrap();
        let released = self.released.recv_timeout(harness::BOUND / 4);
        self.told.send(released.is_ok()).unwrap();
    }
}

impl Store for Slow {
    fn incarnation(&mut self) -> Result<u32, StoreError> {
        self.store.incarnation()
    }

    fn load(&mut self, queue_head: usize, each: &mut dyn FnMut(Loaded)) -> Result<(), StoreError> {
        self.store.load(queue_head, each)
    }

    fn commit(&mut self, batch: &[Record]) -> Result<(), StoreError> {
        self.store.commit(batch)
    }

    fn page(
        &mut self,
        client_id: &ClientIdBuf,
        from: u64,
        messages: usize,
        bytes: usize,
    ) -> Result<Page, StoreError> {
        self.store.page(client_id, from, messages, bytes)
    }
}

/// Sends a CONNECT of 3.1.1 with Clean Session 0.
fn persistent(address: core::net::SocketAddr, client_id: &str) -> Raw {
    let mut raw = Raw::open(address);
    let mut body = b"\0\x04MQTT\x04\0\0\x3c\0".to_vec();
    body.push(u8::try_from(client_id.len()).unwrap());
    body.extend(client_id.as_bytes());
    raw.send(&packet(0x10, &body));
    raw
}
