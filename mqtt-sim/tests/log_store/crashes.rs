use mqtt_broker_core::StoreError;
use mqtt_sim::{Disk, LogStore, Loss, Random, Recovery, Stream};

use crate::runs::{Runs, crash};

/// After each write and each sync, in the middle of compactions and of starts: all that was synced is there, and of what
/// was not, whole batches from the front.
#[test]
fn wherever_the_power_goes_the_store_is_that_of_a_batch_and_not_of_one_before_the_last_sync() {
    for seed in 0..200 {
        let operations = run(seed, u64::MAX).1.counters().operations;
        for stop in 0..=operations {
            let (mut runs, mut disk, mut random) = run(seed, stop);
            disk.crash(&mut random, Loss::Power);
            let before = disk.counters().operations;
            let (store, recovery) = LogStore::open(disk.clone()).unwrap();
            let reach = runs.check(&store, recovery);
            runs.least = reach;
            runs.possible.retain(|it, _| *it == reach);
            for stop in 0..store.disk().counters().operations - before {
                let mut disk = disk.clone();
                disk.stop_after(stop);
                let (mut disk, error) = *LogStore::open(disk).unwrap_err();
                assert!(matches!(error, StoreError::Io { .. }), "{error}");
                disk.crash(&mut random, Loss::Power);
                let (store, recovery) = LogStore::open(disk).unwrap();
                runs.check(&store, recovery);
            }
        }
    }
}

#[test]
fn when_the_process_is_killed_everything_that_was_written_is_there() {
    for seed in 0..200 {
        let operations = run(seed, u64::MAX).1.counters().operations;
        for stop in 0..=operations {
            let (mut runs, mut disk, mut random) = run(seed, stop);
            disk.crash(&mut random, Loss::Process);
            let written = runs.written;
            runs.open(disk).unwrap();
            assert_eq!(runs.least, written);
        }
    }
}

#[test]
fn run_after_run_nothing_that_was_synced_is_lost_and_nothing_that_was_lost_comes_back() {
    for seed in 0..100 {
        let mut random = Random::new(seed, Stream::World);
        let mut runs = Runs::new();
        let mut disk = Disk::new();
        for _ in 0..20 {
            if random.percent(50) {
                disk.stop_after(random.between(0..=25));
            }
            let loss = *random.pick(&[Loss::Process, Loss::Power]).unwrap();
            disk = match runs.open(disk) {
                Err(mut disk) => {
                    disk.crash(&mut random, loss);
                    *disk
                }
                Ok(mut store) => {
                    if random.percent(20) {
                        store.disk_mut().fail_next_sync();
                    }
                    if random.percent(10) {
                        store.disk_mut().fail_next_write();
                    }
                    let batches = random.between(0..=8);
                    let _ = runs.go_on(&mut store, batches, &mut random);
                    crash(store, &mut random, loss)
                }
            };
        }
    }
}

#[test]
fn a_start_that_wrote_nothing_has_its_own_incarnation_and_leaves_the_position_of_the_one_before() {
    let mut random = Random::new(1, Stream::World);
    let mut runs = Runs::new();
    let mut store = runs.open(Disk::new()).unwrap();
    runs.go_on(&mut store, 3, &mut random).unwrap();
    runs.sync(&mut store).unwrap();
    let (incarnation, position) = runs.least;
    for _ in 0..3 {
        let (next, recovery) = LogStore::open(store.into_disk()).unwrap();
        store = next;
        assert_eq!(recovery.position_of(incarnation), position);
        assert_eq!(recovery.position_of(incarnation + 1).0, 0);
    }
    assert_eq!(LogStore::open(Disk::new()).unwrap().1, Recovery::default());
}

/// A run on a new disk that ends with so many operations.
fn run(seed: u64, operations: u64) -> (Runs, Disk, Random) {
    let mut random = Random::new(seed, Stream::World);
    let mut runs = Runs::new();
    let mut disk = Disk::new();
    disk.stop_after(operations);
    let disk = match runs.open(disk) {
        Err(disk) => *disk,
        Ok(mut store) => {
            let _ = runs.go_on(&mut store, 8, &mut random);
            store.into_disk()
        }
    };
    (runs, disk, Random::new(seed ^ operations, Stream::Disk))
}
