//! What a disk keeps and what it loses.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used,
    reason = "the helpers of a test may what the test may"
)]

use std::collections::BTreeSet;

use mqtt_broker_core::Operation;
use mqtt_sim::{Disk, DiskCounters, DiskError, FailedAppend, Loss, Random, Stream};

const SECTOR: usize = 512;

#[test]
fn a_process_that_is_killed_loses_nothing() {
    let mut disk = with_synced(b"synced");
    disk.append("a", b" and not").unwrap();
    disk.create("b").unwrap();
    disk.crash(&mut random(1), Loss::Process);
    assert_eq!(disk.read("a").unwrap(), b"synced and not");
    assert_eq!(names(&disk), ["a", "b"]);
}

#[test]
fn without_power_what_was_synced_stays_and_of_the_rest_any_sectors_and_any_length() {
    let mut disk = with_synced(&[b's'; 700]);
    disk.append("a", &[b'n'; 2500]).unwrap();
    let (mut lengths, mut survived, mut torn) = (BTreeSet::new(), BTreeSet::new(), false);
    for seed in 0..500 {
        let mut disk = disk.clone();
        disk.crash(&mut random(seed), Loss::Power);
        let bytes = disk.read("a").unwrap();
        assert!((700..=3200).contains(&bytes.len()));
        assert_eq!(disk.used(), bytes.len() as u64);
        assert_eq!(bytes[..700], [b's'; 700]);
        // The parts of the tail that lie in one sector: each is there or not, but for the last.
        let cuts = [700, 1024, 1536, 2048, 2560, 3072, 3200].map(|cut| cut.min(bytes.len()));
        let parts = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
        let parts: Vec<&[u8]> = parts.filter(|part| !part.is_empty()).collect();
        let is_new = |part: &&[u8]| part.iter().all(|byte| *byte == b'n');
        let is_lost = |part: &&[u8]| !part.starts_with(b"nnnnnnnnnnnn");
        if let Some((last, parts)) = parts.split_last() {
            assert!(parts.iter().all(|part| is_new(part) || is_lost(part)));
            torn |= !is_new(last) && !is_lost(last);
        }
        lengths.insert(bytes.len());
        survived.insert(parts.iter().map(is_new).collect::<Vec<_>>());
    }
    assert!(torn);
    assert!(lengths.contains(&700) && lengths.contains(&3200) && lengths.len() > 100);
    // All sectors, none, and some behind others that were lost.
    assert!(survived.contains(&vec![true; 6]) && survived.contains(&vec![false; 6]));
    assert!(
        survived
            .iter()
            .any(|parts| parts.is_sorted() && parts.contains(&true))
    );
}

#[test]
fn instead_of_lost_sectors_stand_zeros_or_noise_or_something_old() {
    let old: Vec<u8> = [b'x'; SECTOR].into_iter().chain([b'y'; SECTOR]).collect();
    let mut disk = with_synced(&old);
    disk.append("a", &[b'n'; SECTOR]).unwrap();
    let mut kinds = BTreeSet::new();
    for seed in 0..200 {
        let mut disk = disk.clone();
        disk.crash(&mut random(seed), Loss::Power);
        if let Some([first, rest @ ..]) = disk.read("a").unwrap().get(old.len()..) {
            let is_noise = rest.iter().collect::<BTreeSet<_>>().len() > 10;
            kinds.insert(if is_noise { '?' } else { char::from(*first) });
        }
    }
    assert_eq!(kinds, BTreeSet::from(['\0', '?', 'n', 'x', 'y']));
}

#[test]
fn the_same_seed_loses_the_same() {
    let lost = |seed| {
        let mut disk = with_synced(b"synced");
        disk.append("a", &[b'n'; 3000]).unwrap();
        disk.crash(&mut random(seed), Loss::Power);
        disk.read("a").unwrap().to_vec()
    };
    for seed in 0..20 {
        assert_eq!(lost(seed), lost(seed));
    }
}

#[test]
fn what_survived_is_durable() {
    for seed in 0..50 {
        let mut disk = with_synced(b"synced");
        disk.append("a", &[b'n'; 3000]).unwrap();
        disk.create("b").unwrap();
        disk.crash(&mut random(seed), Loss::Power);
        let (names_left, bytes) = (names(&disk), disk.read("a").unwrap().to_vec());
        disk.crash(&mut random(seed + 1), Loss::Power);
        assert_eq!(names(&disk), names_left);
        assert_eq!(disk.read("a").unwrap(), bytes);
    }
}

#[test]
fn of_the_directory_some_first_changes_survive() {
    let mut disk = with_synced(b"old");
    disk.create("b").unwrap();
    disk.append("b", b"new").unwrap();
    disk.sync("b").unwrap();
    disk.rename("b", "a").unwrap();
    disk.create("c").unwrap();
    disk.remove("a").unwrap();
    assert_eq!(names(&disk), ["c"]);
    let mut left = BTreeSet::new();
    for seed in 0..100 {
        let mut disk = disk.clone();
        disk.crash(&mut random(seed), Loss::Power);
        let read = |name: &String| (name.clone(), disk.read(name).unwrap().to_vec());
        left.insert(names(&disk).iter().map(read).collect::<Vec<_>>());
    }
    let file = |name: &str, bytes: &[u8]| (String::from(name), bytes.to_vec());
    let expected = [
        vec![file("a", b"old")],
        vec![file("a", b"old"), file("b", b"new")],
        vec![file("a", b"new")],
        vec![file("a", b"new"), file("c", b"")],
        vec![file("c", b"")],
    ];
    assert_eq!(left, BTreeSet::from(expected));

    disk.sync_directory().unwrap();
    disk.crash(&mut random(1), Loss::Power);
    assert_eq!(names(&disk), ["c"]);
}

/// As on Linux: the pages are clean, and no later sync writes them.
#[test]
fn what_a_failed_sync_did_not_write_no_later_sync_does() {
    let mut disk = with_synced(b"one ");
    disk.append("a", b"two ").unwrap();
    disk.fail_next_sync();
    assert_eq!(disk.sync("a"), Err(failed(Operation::Sync)));
    disk.append("a", b"three").unwrap();
    disk.sync("a").unwrap();
    assert_eq!(disk.read("a").unwrap(), b"one two three");
    let mut left = BTreeSet::new();
    for seed in 0..100 {
        let mut disk = disk.clone();
        disk.crash(&mut random(seed), Loss::Process);
        assert_eq!(disk.read("a").unwrap(), b"one two three");
        disk.crash(&mut random(seed), Loss::Power);
        let bytes = disk.read("a").unwrap();
        assert!(bytes.starts_with(b"one ") && bytes.ends_with(b"three"));
        left.insert(bytes.to_vec());
    }
    assert!(left.contains(b"one two three".as_slice()));
    assert!(left.contains(b"one \0\0\0\0three".as_slice()));
}

#[test]
fn what_was_cut_off_may_come_back_until_that_is_synced() {
    let mut disk = with_synced(b"one two");
    disk.truncate("a", 4).unwrap();
    disk.append("a", b"2").unwrap();
    assert_eq!(disk.read("a").unwrap(), b"one 2");
    let mut left = BTreeSet::new();
    for seed in 0..100 {
        let mut disk = disk.clone();
        disk.crash(&mut random(seed), Loss::Power);
        left.insert(disk.read("a").unwrap().to_vec());
    }
    for bytes in ["one ", "one t", "one two", "one 2", "one 2wo"] {
        assert!(left.contains(bytes.as_bytes()), "{bytes}");
    }
    assert!(left.iter().all(|bytes| bytes.starts_with(b"one ")));

    disk.sync("a").unwrap();
    disk.crash(&mut random(1), Loss::Power);
    assert_eq!(disk.read("a").unwrap(), b"one 2");
}

#[test]
fn beyond_the_capacity_an_append_writes_nothing_or_what_there_is_space_for() {
    for (failed_append, left) in [
        (FailedAppend::WritesNothing, "synced"),
        (FailedAppend::WritesPart, "synced1234"),
    ] {
        let mut disk = with_synced(b"synced");
        disk.create("b").unwrap();
        disk.append("b", b"bb").unwrap();
        disk.set_failed_append(failed_append);
        disk.set_capacity(Some(12));
        assert_eq!(disk.append("a", b"12345"), Err(DiskError::OutOfSpace));
        assert_eq!(disk.read("a").unwrap(), left.as_bytes());
        disk.truncate("a", 6).unwrap();
        disk.append("a", b"1234").unwrap();
        assert_eq!(disk.used(), 12);
        disk.remove("b").unwrap();
        disk.append("a", b"56").unwrap();
        disk.set_capacity(Some(0));
        assert_eq!(disk.append("a", b"7"), Err(DiskError::OutOfSpace));
        assert_eq!(disk.read("a").unwrap(), b"synced123456");
        disk.set_capacity(None);
        disk.append("a", b"7").unwrap();
    }
}

#[test]
fn a_file_that_is_replaced_gives_its_space_back() {
    let mut disk = with_synced(b"12345");
    disk.create("b").unwrap();
    disk.append("b", b"123").unwrap();
    assert_eq!(disk.used(), 8);
    disk.rename("b", "a").unwrap();
    assert_eq!(disk.used(), 3);
    disk.rename("a", "a").unwrap();
    assert_eq!(disk.used(), 3);
    disk.create("a").unwrap();
    assert_eq!((disk.used(), names(&disk)), (0, vec![String::from("a")]));
}

#[test]
fn a_write_fails_once_and_has_written_nothing_or_half() {
    for (failed_append, left) in [
        (FailedAppend::WritesNothing, "synced"),
        (FailedAppend::WritesPart, "synced12"),
    ] {
        let mut disk = with_synced(b"synced");
        disk.set_failed_append(failed_append);
        disk.fail_next_write();
        assert_eq!(disk.append("a", b"1234"), Err(failed(Operation::Write)));
        assert_eq!(disk.read("a").unwrap(), left.as_bytes());
        disk.append("a", b"1234").unwrap();
    }
}

#[test]
fn a_sync_of_the_directory_that_failed_may_be_repeated() {
    let mut disk = with_synced(b"synced");
    disk.create("b").unwrap();
    disk.fail_next_sync();
    assert_eq!(disk.sync_directory(), Err(failed(Operation::Sync)));
    disk.sync_directory().unwrap();
    disk.crash(&mut random(1), Loss::Power);
    assert_eq!(names(&disk), ["a", "b"]);
}

#[test]
fn a_disk_that_stopped_does_nothing_until_the_crash() {
    let mut disk = with_synced(b"synced");
    let counters = disk.counters();
    disk.stop_after(1);
    disk.append("a", b"!").unwrap();
    assert_eq!(disk.append("a", b"?"), Err(failed(Operation::Write)));
    assert_eq!(disk.sync("a"), Err(failed(Operation::Sync)));
    assert_eq!(disk.truncate("a", 0), Err(failed(Operation::Write)));
    assert_eq!(disk.create("b"), Err(failed(Operation::Write)));
    assert_eq!(disk.rename("a", "b"), Err(failed(Operation::Write)));
    assert_eq!(disk.remove("a"), Err(failed(Operation::Write)));
    assert_eq!(disk.sync_directory(), Err(failed(Operation::Sync)));
    let one_more = DiskCounters {
        operations: counters.operations + 1,
        written: counters.written + 1,
        syncs: counters.syncs,
    };
    assert_eq!(disk.counters(), one_more);
    disk.crash(&mut random(1), Loss::Process);
    assert_eq!(disk.read("a").unwrap(), b"synced!");
    disk.append("a", b"?").unwrap();
}

#[test]
fn there_is_nothing_to_do_with_a_file_that_does_not_exist() {
    let mut disk = Disk::new();
    assert_eq!(disk.read("a"), Err(DiskError::NotFound));
    assert_eq!(disk.append("a", b""), Err(DiskError::NotFound));
    assert_eq!(disk.sync("a"), Err(DiskError::NotFound));
    assert_eq!(disk.truncate("a", 0), Err(DiskError::NotFound));
    assert_eq!(disk.rename("a", "b"), Err(DiskError::NotFound));
    assert_eq!(disk.remove("a"), Err(DiskError::NotFound));
}

/// A disk with a file "a" that is durable.
fn with_synced(bytes: &[u8]) -> Disk {
    let mut disk = Disk::new();
    disk.create("a").unwrap();
    disk.append("a", bytes).unwrap();
    disk.sync("a").unwrap();
    disk.sync_directory().unwrap();
    disk
}

fn names(disk: &Disk) -> Vec<String> {
    disk.files().map(String::from).collect()
}

fn random(seed: u64) -> Random {
    Random::new(seed, Stream::Disk)
}

fn failed(operation: Operation) -> DiskError {
    DiskError::Io { operation }
}
