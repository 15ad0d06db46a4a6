use bytes::Bytes;
use mqtt_broker_core::{Message, MessageId, Operation, Position, Record, Store, StoreError};
use mqtt_codec::{ClientIdBuf, TopicNameBuf};
use mqtt_sim::{Disk, FailedAppend, LogStore, Loss, Random, Stream};

use crate::runs::{Runs, crash};

#[test]
fn a_batch_that_found_no_space_is_written_later_and_nothing_is_lost_or_doubled() {
    for seed in 0..200 {
        for failed_append in FAILED_APPENDS {
            let mut random = Random::new(seed, Stream::World);
            let (mut runs, mut store) = begin(failed_append);
            let mut refused = 0;
            while refused < 3 {
                let (batch, script) = runs.next_batch(&mut random);
                if random.percent(40) {
                    fill_up(&mut store, &mut random);
                }
                while let Err(error) = runs.write(&mut store, &batch, script.clone()) {
                    assert_eq!(error, StoreError::OutOfSpace);
                    refused += 1;
                    match random.below(4) {
                        0 => assert_eq!(store.compact(), Err(StoreError::OutOfSpace)),
                        1 => runs.sync(&mut store).unwrap(),
                        _ => store.disk_mut().set_capacity(None),
                    }
                }
            }
            runs.sync(&mut store).unwrap();
            assert_eq!(runs.least, runs.written);
            let last = runs.least;
            runs.open(crash(store, &mut random, Loss::Power)).unwrap();
            assert_eq!(runs.least, last);
        }
    }
}

#[test]
fn what_a_short_write_left_behind_is_no_damage_when_the_power_goes() {
    for seed in 0..200 {
        let mut random = Random::new(seed, Stream::World);
        let (mut runs, mut store) = begin(FailedAppend::WritesPart);
        runs.go_on(&mut store, 4, &mut random).unwrap();
        fill_up(&mut store, &mut random);
        for _ in 0..random.below(4) {
            let (batch, script) = runs.next_batch(&mut random);
            let _ = runs.write(&mut store, &batch, script);
        }
        let mut disk = crash(store, &mut random, Loss::Power);
        disk.set_capacity(None);
        runs.open(disk).unwrap();
    }
}

#[test]
fn a_start_without_space_loses_nothing() {
    let mut random = Random::new(1, Stream::World);
    let (mut runs, mut store) = begin(FailedAppend::WritesPart);
    runs.go_on(&mut store, 8, &mut random).unwrap();
    let mut disk = store.into_disk();
    let used = disk.used();
    for room in 0..used {
        disk.set_capacity(Some(used + room));
        disk = match LogStore::open(disk.clone()) {
            // The new log is shorter than the old one.
            Ok(_) => break,
            Err(failed) => {
                let (mut disk, error) = *failed;
                assert_eq!((error, disk.used()), (StoreError::OutOfSpace, used));
                disk.crash(&mut random, Loss::Process);
                disk
            }
        };
    }
    runs.open(disk).unwrap();
    assert_eq!(runs.least, runs.written);
}

#[test]
fn after_a_sync_that_failed_nothing_is_done_until_the_store_is_opened_again() {
    for seed in 0..200 {
        let mut random = Random::new(seed, Stream::World);
        let (mut runs, mut store) = begin(FailedAppend::WritesNothing);
        runs.go_on(&mut store, 4, &mut random).unwrap();
        let (batch, script) = runs.next_batch(&mut random);
        runs.write(&mut store, &batch, script).unwrap();
        store.disk_mut().fail_next_sync();
        let failed = StoreError::Io {
            operation: Operation::Sync,
            code: Some(5),
        };
        assert_eq!(runs.sync(&mut store), Err(failed.clone()));
        assert_eq!(store.sync(), Err(failed.clone()));
        assert_eq!(store.write(&batch, Position(100)), Err(failed.clone()));
        assert_eq!(store.commit(&batch), Err(failed.clone()));
        assert_eq!(store.compact(), Err(failed.clone()));
        assert_eq!(store.incarnation(), Err(failed.clone()));
        assert_eq!(store.load(1, &mut |_| ()), Err(failed.clone()));
        let client_id = ClientIdBuf::new("client-0").unwrap();
        assert_eq!(store.page(&client_id, 0, 1, 1), Err(failed));

        // Another process finds in the page cache what never came to the disk, and must not build on it.
        if random.percent(80) {
            store = runs.open(crash(store, &mut random, Loss::Process)).unwrap();
            runs.go_on(&mut store, 4, &mut random).unwrap();
        }
        runs.open(crash(store, &mut random, Loss::Power)).unwrap();
    }
}

#[test]
fn a_write_that_failed_may_have_left_a_part_and_is_the_last_one() {
    for failed_append in FAILED_APPENDS {
        let mut random = Random::new(1, Stream::World);
        let (mut runs, mut store) = begin(failed_append);
        runs.go_on(&mut store, 4, &mut random).unwrap();
        let written = runs.written;
        store.disk_mut().fail_next_write();
        let failed = StoreError::Io {
            operation: Operation::Write,
            code: Some(5),
        };
        let (batch, script) = runs.next_batch(&mut random);
        let outcome = runs.write(&mut store, &batch, script);
        assert_eq!(outcome, Err(failed.clone()));
        assert_eq!(store.sync(), Err(failed));
        runs.open(crash(store, &mut random, Loss::Process)).unwrap();
        assert_eq!(runs.least, written);
    }
}

#[test]
fn a_long_log_with_little_in_it_is_written_anew() {
    let (_, mut store) = begin(FailedAppend::WritesNothing);
    for _ in 0..64 {
        store.commit(&retained(100_000)).unwrap();
    }
    // After the eleventh batch, and then, since one is in the new log, after every ten.
    assert_eq!(store.counters().compactions, 6);
    assert_eq!(store.counters().batches, 64);
    assert_eq!(store.counters().records, 2 * 64);
    assert!(store.counters().bytes > 6_400_000);
    assert!(store.disk().used() < 1_100_000);
    assert_eq!(store.contents().messages(), 1);
}

#[test]
fn a_compaction_that_fails_leaves_the_log_as_it_was() {
    let (_, mut store) = begin(FailedAppend::WritesPart);
    store.commit(&retained(1000)).unwrap();
    let used = store.disk().used();

    store.disk_mut().set_capacity(Some(used + 500));
    assert_eq!(store.compact(), Err(StoreError::OutOfSpace));
    store.disk_mut().set_capacity(None);
    store.disk_mut().fail_next_write();
    assert!(matches!(store.compact(), Err(StoreError::Io { .. })));
    store.disk_mut().fail_next_sync();
    assert!(matches!(store.compact(), Err(StoreError::Io { .. })));

    assert_eq!(store.disk().used(), used);
    assert_eq!(store.disk().files().collect::<Vec<_>>(), ["log"]);
    store.commit(&retained(900)).unwrap();
    let contents = store.contents().clone();
    let (store, _) = LogStore::open(store.into_disk()).unwrap();
    assert_eq!(*store.contents(), contents);
}

/// It is retried when the log has grown again, not at each sync.
#[test]
fn a_sync_is_well_though_no_space_is_left_to_compact() {
    let (_, mut store) = begin(FailedAppend::WritesPart);
    store.disk_mut().set_capacity(Some(1_200_000));
    for _ in 0..10 {
        store.commit(&retained(100_000)).unwrap();
    }
    for size in [60_000, 1, 1] {
        store.disk_mut().set_capacity(None);
        let capacity = store.disk().used() + size + 500;
        store.disk_mut().set_capacity(Some(capacity));
        store
            .commit(&retained(usize::try_from(size).unwrap()))
            .unwrap();
    }
    assert_eq!(store.counters().compactions, 0);
    store.disk_mut().set_capacity(None);
    for _ in 0..11 {
        store.commit(&retained(100_000)).unwrap();
    }
    assert_eq!(store.counters().compactions, 1);
}

/// The directory may have the old log or the new one, so nothing can be added to either.
#[test]
fn when_the_new_name_may_not_be_durable_everything_is_there_and_the_store_ends() {
    for seed in 0..50 {
        let mut random = Random::new(seed, Stream::Disk);
        let (_, mut store) = begin(FailedAppend::WritesNothing);
        store.commit(&retained(1000)).unwrap();
        // Behind five steps, of which the last is the sync of the new log, come its name and the sync of the directory.
        store.disk_mut().stop_after(5 + seed % 2);
        assert!(matches!(store.compact(), Err(StoreError::Io { .. })));
        assert!(matches!(store.sync(), Err(StoreError::Io { .. })));
        let contents = store.contents().clone();
        let disk = crash(store, &mut random, Loss::Power);
        let (store, recovery) = LogStore::open(disk).unwrap();
        assert_eq!((recovery.incarnation, recovery.position), (1, Position(1)));
        assert_eq!(*store.contents(), contents);
    }
}

fn begin(failed_append: FailedAppend) -> (Runs, LogStore) {
    let mut runs = Runs::new();
    let mut disk = Disk::new();
    disk.set_failed_append(failed_append);
    let store = runs.open(disk).unwrap();
    (runs, store)
}

/// Leaves space for less than a message.
fn fill_up(store: &mut LogStore, random: &mut Random) {
    let capacity = store.disk().used() + random.between(0..=100);
    store.disk_mut().set_capacity(Some(capacity));
}

/// A retained message with so many bytes.
fn retained(bytes: usize) -> [Record; 2] {
    let topic = TopicNameBuf::new("topic").unwrap();
    let id = MessageId {
        incarnation: 1,
        shard: 0,
        sequence: bytes as u64,
    };
    let message = Message::builder(topic.clone(), Bytes::from(vec![b'x'; bytes]));
    let message = message.id(id).build();
    [
        Record::Message(message),
        Record::Retained { message: id, topic },
    ]
}

const FAILED_APPENDS: [FailedAppend; 2] = [FailedAppend::WritesNothing, FailedAppend::WritesPart];
