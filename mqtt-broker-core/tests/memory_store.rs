//! What a store keeps: the memory store against a plain model, and what is true of every batch.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

mod records;

use std::collections::BTreeMap;

use bytes::Bytes;
use mqtt_broker_core::{
    DelayedStore, KeyChange, Loaded, LoadedSession, MemoryStore, Message, Page, Position,
    QueueTail, Record, Store, StoreError, compact,
};
use mqtt_codec::QoS;
use mqtt_codec::packet::SubscriptionOptions;
use proptest::prelude::*;
use records::script::{any_steps, batches};
use records::{client_id, filter, message_id, packet_id, plain_session, topic};

#[test]
fn a_message_is_kept_once_and_until_nothing_refers_to_it() {
    let mut store = MemoryStore::new();
    store
        .commit(&[
            session("a"),
            session("b"),
            message(1),
            queued("a", 0, 1),
            queued("b", 0, 1),
            retained("t", 1),
        ])
        .unwrap();
    assert_eq!(
        (store.messages(), store.sessions(), store.retained()),
        (1, 2, 1)
    );

    store.commit(&[settled("a", 0)]).unwrap();
    store
        .commit(&[Record::SessionEnded {
            client_id: client_id("b"),
        }])
        .unwrap();
    assert_eq!(store.messages(), 1);
    store.commit(&[message(2), retained("t", 2)]).unwrap();
    assert_eq!(store.incarnation(), Ok(2));
    store
        .commit(&[Record::RetainedCleared { topic: topic("t") }])
        .unwrap();
    assert_eq!(store.messages(), 0);
    assert_eq!(store.incarnation(), Ok(1));
}

#[test]
fn a_message_to_which_nothing_refers_is_forgotten_with_its_batch() {
    let mut store = MemoryStore::new();
    store.commit(&[session("a"), message(1)]).unwrap();
    assert_eq!(store.messages(), 0);
    assert_eq!(
        store.commit(&[queued("a", 0, 1)]),
        Err(StoreError::Dangling { index: 0 })
    );
}

#[test]
fn a_message_may_change_hands_within_a_batch() {
    let mut store = MemoryStore::new();
    store
        .commit(&[session("a"), session("b"), message(1), queued("a", 0, 1)])
        .unwrap();
    store.commit(&[settled("a", 0), queued("b", 0, 1)]).unwrap();
    assert_eq!(store.messages(), 1);
}

#[test]
fn everyone_who_loads_a_message_shares_it() {
    let mut store = MemoryStore::new();
    store
        .commit(&[
            session("a"),
            message(1),
            queued("a", 0, 1),
            retained("t", 1),
        ])
        .unwrap();
    let loaded = load(&mut store, 10);
    let [
        Loaded::Retained(kept),
        Loaded::Session(LoadedSession { queue, .. }),
    ] = loaded.as_slice()
    else {
        panic!("{loaded:?}");
    };
    assert_eq!(kept.payload().as_ptr(), queue[0].message.payload().as_ptr());
}

#[test]
fn a_batch_that_refers_to_nothing_changes_nothing() {
    let ended = Record::SessionEnded {
        client_id: client_id("a"),
    };
    let subscribed = Record::Subscribed {
        client_id: client_id("b"),
        filter: filter("#"),
        options: SubscriptionOptions::default(),
        identifier: None,
    };
    // The last record of each is the one that refers to nothing.
    let cases = [
        ("queued for no session", vec![message(2), queued("b", 0, 2)]),
        ("a queued message that is not kept", vec![queued("a", 1, 2)]),
        (
            "a retained message that is not kept",
            vec![retained("t", 2)],
        ),
        ("sent from an empty place", vec![sent("a", 7)]),
        ("received from an empty place", vec![received("a", 7)]),
        (
            "sent after it was settled",
            vec![settled("a", 0), sent("a", 0)],
        ),
        (
            "sent from an earlier session",
            vec![ended.clone(), session("a"), sent("a", 0)],
        ),
        (
            "subscribed without a session",
            vec![session("c"), subscribed],
        ),
        ("unreleased without a session", vec![unreleased("b")]),
        (
            "queued after the session ended",
            vec![ended, queued("a", 1, 1)],
        ),
    ];
    let mut store = MemoryStore::new();
    store
        .commit(&[session("a"), message(1), queued("a", 0, 1)])
        .unwrap();
    let before = store.clone();
    for (name, mut batch) in cases {
        let index = batch.len() - 1;
        batch.push(message(2));
        assert_eq!(
            store.commit(&batch),
            Err(StoreError::Dangling { index }),
            "{name}"
        );
        assert_eq!(store, before, "{name}");
    }
}

#[test]
fn what_ends_may_end_again() {
    let mut store = MemoryStore::new();
    let batch = [
        Record::SessionEnded {
            client_id: client_id("a"),
        },
        Record::Unsubscribed {
            client_id: client_id("a"),
            filter: filter("#"),
        },
        Record::Released {
            client_id: client_id("a"),
            packet_id: packet_id(1),
        },
        settled("a", 1),
        Record::RetainedCleared { topic: topic("t") },
    ];
    store.commit(&batch).unwrap();
    assert_eq!(store, MemoryStore::new());
}

#[test]
fn the_head_of_a_queue_reaches_to_the_last_message_that_was_sent() {
    let mut store = MemoryStore::new();
    let mut batch = vec![session("a")];
    for number in 1..=6 {
        batch.extend([message(number), queued("a", number * 10, number)]);
    }
    batch.push(Record::Sent {
        client_id: client_id("a"),
        sequence: 30,
        packet_id: packet_id(1),
    });
    store.commit(&batch).unwrap();

    let tail = |first, messages| {
        Some(QueueTail {
            first,
            last: 60,
            messages,
            bytes: messages * 5,
        })
    };
    for (head, expected) in [
        (0, tail(40, 3)),
        (3, tail(40, 3)),
        (4, tail(50, 2)),
        (6, None),
        (usize::MAX, None),
    ] {
        let loaded = load(&mut store, head);
        let [Loaded::Session(session)] = loaded.as_slice() else {
            panic!("{loaded:?}")
        };
        assert_eq!(session.tail, expected, "head {head}");
        let left = expected.map_or(0, |tail| tail.messages);
        assert_eq!(
            session
                .queue
                .iter()
                .map(|it| it.sequence / 10)
                .collect::<Vec<_>>(),
            (1..=6 - left as u64).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_page_is_bounded_in_messages_and_bytes_but_has_at_least_one_message() {
    let mut store = MemoryStore::new();
    let mut batch = vec![session("a")];
    for number in 1..=4 {
        batch.extend([message(number), queued("a", number, number)]);
    }
    store.commit(&batch).unwrap();

    let mut page = |from, messages, bytes| {
        let page = store.page(&client_id("a"), from, messages, bytes).unwrap();
        (
            page.messages
                .iter()
                .map(|it| it.sequence)
                .collect::<Vec<_>>(),
            page.next,
        )
    };
    assert_eq!(page(0, 10, 1000), (vec![1, 2, 3, 4], None));
    assert_eq!(page(0, 2, 1000), (vec![1, 2], Some(3)));
    assert_eq!(page(3, 2, 1000), (vec![3, 4], None));
    assert_eq!(page(0, 10, 10), (vec![1, 2], Some(3)));
    assert_eq!(page(2, 10, 9), (vec![2], Some(3)));
    assert_eq!(page(2, 0, 0), (vec![2], Some(3)));
    assert_eq!(page(5, 10, 1000), (vec![], None));
    assert_eq!(
        store.page(&client_id("nobody"), 0, 1, 1),
        Ok(Page {
            client_id: client_id("nobody"),
            from: 0,
            messages: vec![],
            next: None
        })
    );
}

#[test]
fn a_message_that_a_batch_queues_and_settles_is_not_written() {
    let all = [
        message(1),
        queued("a", 1, 1),
        sent("a", 1),
        received("a", 1),
        settled("a", 1),
    ];
    assert_eq!(compact(all.to_vec()), []);
    assert_eq!(compact(all[..4].to_vec()), all[..4]);
    // It was queued by an earlier batch.
    assert_eq!(compact(all[2..].to_vec()), all[4..]);

    let both = vec![
        message(1),
        queued("a", 1, 1),
        queued("b", 1, 1),
        settled("a", 1),
    ];
    assert_eq!(compact(both), [message(1), queued("b", 1, 1)]);
}

#[test]
fn a_packet_id_that_a_batch_takes_and_frees_is_not_written() {
    let (takes, frees) = (|| unreleased("a"), || released("a"));
    assert_eq!(compact(vec![takes(), frees()]), []);
    assert_eq!(compact(vec![takes(), frees(), takes()]), [takes()]);
    // It was taken by an earlier batch.
    assert_eq!(compact(vec![frees(), takes(), frees()]), [frees()]);
    assert_eq!(compact(vec![frees(), takes()]), [takes()]);
}

#[test]
fn of_several_retained_messages_of_a_topic_only_the_last_is_written() {
    let batch = vec![message(1), retained("t", 1), message(2), retained("t", 2)];
    assert_eq!(compact(batch.clone()), batch[2..]);
    let cleared = Record::RetainedCleared { topic: topic("t") };
    assert_eq!(compact([batch, vec![cleared.clone()]].concat()), [cleared]);
}

#[test]
fn of_a_session_that_ends_only_the_end_is_written() {
    let ended = || Record::SessionEnded {
        client_id: client_id("a"),
    };
    let batch = vec![
        session("a"),
        message(1),
        queued("a", 1, 1),
        unreleased("a"),
        ended(),
    ];
    assert_eq!(compact(batch), [ended()]);

    let anew = vec![ended(), session("a"), message(1), queued("a", 1, 1)];
    assert_eq!(
        compact([vec![settled("a", 1)], anew.clone()].concat()),
        anew
    );
}

#[test]
fn of_several_values_of_a_session_the_last_stand_at_the_place_of_the_first() {
    let last = Record::Session(Box::new(records::full_session("a")));
    let batch = vec![session("a"), unreleased("a"), session("a"), last.clone()];
    assert_eq!(compact(batch), [last, unreleased("a")]);
}

#[test]
fn a_delayed_store_commits_in_order_and_loses_what_waits() {
    let mut store = DelayedStore::new(MemoryStore::new());
    store.submit(Position(1), vec![session("a")]);
    store.submit(Position(2), vec![session("b")]);
    store.submit(Position(4), vec![session("c")]);
    assert_eq!(store.commit_next(), Some(Ok(Position(1))));
    store.fail_next(StoreError::OutOfSpace);
    assert_eq!(store.commit_next(), Some(Err(StoreError::OutOfSpace)));
    assert_eq!((store.waiting(), store.store().sessions()), (2, 1));
    assert_eq!(store.commit_next(), Some(Ok(Position(2))));
    assert_eq!(store.crash(), 1);
    assert_eq!((store.commit_next(), store.store().sessions()), (None, 2));
}

proptest! {
    #[test]
    fn what_was_committed_is_loaded(steps in any_steps()) {
        let mut store = MemoryStore::new();
        for committed in batches(&steps) {
            prop_assert_eq!(store.commit(&committed.batch), Ok(()));
            prop_assert_eq!(load(&mut store, usize::MAX), committed.kept);
        }
    }

    #[test]
    fn a_compacted_batch_leaves_what_the_batch_leaves(steps in any_steps()) {
        let (mut whole, mut compacted) = (MemoryStore::new(), MemoryStore::new());
        let mut all = Vec::new();
        for committed in batches(&steps) {
            let batch = compact(committed.batch.clone());
            prop_assert!(batch.len() <= committed.batch.len());
            prop_assert_eq!(compacted.commit(&batch), Ok(()));
            prop_assert_eq!(whole.commit(&committed.batch), Ok(()));
            prop_assert_eq!(&compacted, &whole);
            all.extend(committed.batch);
        }
        let mut at_once = MemoryStore::new();
        prop_assert_eq!(at_once.commit(&compact(all)), Ok(()));
        prop_assert_eq!(&at_once, &whole);
    }

    #[test]
    fn head_and_pages_are_the_whole_queue(steps in any_steps(), head in 0..6usize, messages in 0..4usize, bytes in 0..30usize) {
        let mut store = MemoryStore::new();
        for committed in batches(&steps) {
            store.commit(&committed.batch).unwrap();
        }
        let whole = load(&mut store, usize::MAX);
        for (loaded, whole) in load(&mut store, head).into_iter().zip(whole) {
            let (Loaded::Session(mut loaded), Loaded::Session(whole)) = (loaded, whole) else { continue };
            let tail = loaded.tail.take();
            let mut paged = Vec::new();
            let mut next = tail.map(|tail| tail.first);
            while let Some(from) = next {
                let page = store.page(&loaded.record.client_id, from, messages, bytes).unwrap();
                prop_assert!(!page.messages.is_empty() && page.messages.len() <= messages.max(1));
                prop_assert!(page.messages.len() == 1 || cost(&page.messages) <= bytes);
                paged.extend(page.messages);
                next = page.next;
            }
            if let Some(tail) = tail {
                prop_assert_eq!((tail.messages, tail.bytes), (paged.len(), cost(&paged)));
                prop_assert_eq!(paged.last().map(|it| it.sequence), Some(tail.last));
            }
            prop_assert!(paged.iter().all(|it| it.packet_id.is_none()));
            prop_assert!(loaded.queue.len() >= head.min(whole.queue.len()));
            loaded.queue.extend(paged);
            prop_assert_eq!(loaded, whole);
        }
    }

    /// What `Record::key` and `Record::change` promise to a store that orders its entries by key.
    #[test]
    fn the_values_of_a_key_value_store_in_their_order_are_what_is_kept(steps in any_steps()) {
        let mut store = MemoryStore::new();
        let mut entries = BTreeMap::new();
        for committed in batches(&steps) {
            store.commit(&committed.batch).unwrap();
            for record in &committed.batch {
                put(&mut entries, record);
            }
            let values: Vec<_> = entries.values().map(|bytes: &Vec<u8>| Record::decode(bytes).unwrap().0).collect();
            let mut rebuilt = MemoryStore::new();
            prop_assert_eq!(rebuilt.commit(&values), Ok(()));
            prop_assert_eq!(&rebuilt, &store);
        }
    }

    #[test]
    fn a_crash_leaves_a_prefix_of_the_batches(steps in any_steps(), durable in 0..10usize) {
        let batches = batches(&steps);
        let durable = durable.min(batches.len());
        let mut store = DelayedStore::new(MemoryStore::new());
        for (position, committed) in (1..).zip(&batches) {
            store.submit(Position(position), committed.batch.clone());
        }
        for position in (1..).take(durable) {
            prop_assert_eq!(store.commit_next(), Some(Ok(Position(position))));
        }
        prop_assert_eq!(store.crash(), batches.len() - durable);
        let kept = durable.checked_sub(1).map(|last| batches[last].kept.clone()).unwrap_or_default();
        prop_assert_eq!(load(store.store_mut(), usize::MAX), kept);
    }
}

fn put(entries: &mut BTreeMap<Vec<u8>, Vec<u8>>, record: &Record) {
    let key = record.key();
    match record.change() {
        KeyChange::Put => {
            let mut value = Vec::new();
            record.encode(&mut value);
            entries.insert(key, value);
        }
        KeyChange::Remove => {
            entries.remove(&key);
        }
        KeyChange::RemovePrefix => entries.retain(|other, _| !other.starts_with(&key)),
    }
}

fn load(store: &mut impl Store, head: usize) -> Vec<Loaded> {
    let mut loaded = Vec::new();
    store.load(head, &mut |it| loaded.push(it)).unwrap();
    loaded
}

fn cost(messages: &[mqtt_broker_core::PagedMessage]) -> usize {
    messages
        .iter()
        .map(|it| it.message.topic().as_str().len() + it.message.payload().len())
        .sum()
}

fn session(id: &str) -> Record {
    Record::Session(Box::new(plain_session(id)))
}

/// A message whose topic and payload have 5 bytes.
fn message(number: u64) -> Record {
    Record::Message(
        Message::builder(topic("t"), Bytes::from_static(b"1234"))
            .id(message_id(number))
            .build(),
    )
}

fn queued(id: &str, sequence: u64, message: u64) -> Record {
    Record::Queued {
        client_id: client_id(id),
        sequence,
        message: message_id(message),
        qos: QoS::AtLeastOnce,
        retain: false,
        identifiers: Vec::new(),
        group: None,
    }
}

fn settled(id: &str, sequence: u64) -> Record {
    Record::Settled {
        client_id: client_id(id),
        sequence,
    }
}

fn retained(name: &str, message: u64) -> Record {
    Record::Retained {
        message: message_id(message),
        topic: topic(name),
    }
}

fn sent(id: &str, sequence: u64) -> Record {
    Record::Sent {
        client_id: client_id(id),
        sequence,
        packet_id: packet_id(1),
    }
}

fn received(id: &str, sequence: u64) -> Record {
    Record::Received {
        client_id: client_id(id),
        sequence,
    }
}

fn unreleased(id: &str) -> Record {
    Record::Unreleased {
        client_id: client_id(id),
        packet_id: packet_id(1),
    }
}

fn released(id: &str) -> Record {
    Record::Released {
        client_id: client_id(id),
        packet_id: packet_id(1),
    }
}
