use mqtt_broker_core::{
    Damage, MemoryStore, Place, Position, Record, RecordError, Store, StoreError,
};
use mqtt_codec::ClientIdBuf;
use mqtt_sim::{Disk, LogStore, Random, Stream};

use crate::script::Script;

#[test]
fn another_byte_in_a_frame_before_the_last_is_refused_with_its_place() {
    let log = Log::of_batches(5);
    for at in 0..log.ends[4] {
        let mut bytes = log.bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        let (disk, error) = *LogStore::open(disk(&bytes)).unwrap_err();
        // Of the start there are the first bytes, the snapshot, and its end.
        let begins = [0, 16, 16 + FRAME].iter().chain(&log.ends);
        let begin = begins.rev().find(|begin| **begin <= at).unwrap();
        assert_eq!(error, damaged(*begin, Damage::Checksum), "byte {at}");
        assert_eq!(disk.read("log").unwrap(), bytes);
    }
}

#[test]
fn what_is_no_whole_frame_at_the_end_is_cut() {
    let log = Log::of_batches(3);
    let (begin, end) = (log.ends[2], log.ends[3]);
    for at in begin..end {
        let mut other = log.bytes.clone();
        other[at] ^= 1 << (at % 8);
        let mut zeros = log.bytes.clone();
        zeros[at..].fill(0);
        let zeros = if zeros == log.bytes {
            other.clone()
        } else {
            zeros
        };
        for bytes in [&log.bytes[..at], &other, &zeros] {
            let (store, recovery) = LogStore::open(disk(bytes)).unwrap();
            assert_eq!(recovery.torn, (bytes.len() - begin) as u64);
            assert_eq!((recovery.incarnation, recovery.batches), (1, 2));
            assert_eq!(recovery.position, Position(2));
            assert!(*store.contents() == log.contents[2]);
            let (store, recovery) = LogStore::open(store.into_disk()).unwrap();
            assert_eq!((recovery.torn, recovery.position), (0, Position(2)));
            assert!(*store.contents() == log.contents[2]);
        }
    }
}

/// The sectors of what was not synced are lost in any order.
#[test]
fn a_whole_frame_behind_a_lost_one_is_cut_with_it_if_neither_was_synced() {
    let mut store = LogStore::open(Disk::new()).unwrap().0;
    let begin = store.disk().used();
    for position in 1..=2 {
        store.write(&[ended()], Position(position)).unwrap();
    }
    let mut bytes = store.disk().read("log").unwrap().to_vec();
    bytes[usize::try_from(begin).unwrap()] = 0;
    let (_, recovery) = LogStore::open(disk(&bytes)).unwrap();
    assert_eq!(recovery.torn, bytes.len() as u64 - begin);
    assert_eq!(recovery.position, Position(0));
}

#[test]
fn a_newer_format_is_refused_with_both_versions() {
    let mut bytes = Log::of_batches(1).bytes;
    bytes[11] = 2;
    let checksum = crc32fast::hash(&bytes[..12]);
    bytes[12..16].copy_from_slice(&checksum.to_be_bytes());
    let (disk, error) = *LogStore::open(disk(&bytes)).unwrap_err();
    let (found, supported) = (2, 1);
    assert_eq!(error, StoreError::NewerVersion { found, supported });
    assert_eq!(disk.read("log").unwrap(), bytes);
}

#[test]
fn records_of_a_newer_format_are_refused_and_those_that_are_none_have_a_place() {
    let (found, supported) = (2, 1);
    let newer = StoreError::NewerVersion { found, supported };
    assert_eq!(open_with_record_byte(0, 2), newer);
    let kind = 200;
    let (error, body) = (RecordError::UnknownKind { kind }, first_batch() + FRAME);
    assert_eq!(open_with_record_byte(1, kind), damaged(body, error.into()));
}

#[test]
fn a_file_that_ends_in_its_snapshot_is_refused() {
    let bytes = Log::of_batches(1).bytes;
    for end in 0..first_batch() {
        let error = LogStore::open(disk(&bytes[..end])).unwrap_err().1;
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
}

/// A log with what was in the store after each of its batches, and where they end; the first entry is that of the start.
struct Log {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    contents: Vec<MemoryStore>,
}

impl Log {
    fn of_batches(batches: usize) -> Self {
        let mut random = Random::new(1, Stream::World);
        let mut script = Script::default();
        let mut store = LogStore::open(Disk::new()).unwrap().0;
        let mut log = Self {
            bytes: Vec::new(),
            ends: vec![first_batch()],
            contents: vec![MemoryStore::new()],
        };
        for _ in 0..batches {
            store.commit(&script.batch(1, &mut random)).unwrap();
            log.bytes = store.disk().read("log").unwrap().to_vec();
            log.ends.push(log.bytes.len());
            log.contents.push(script.contents.clone());
        }
        log
    }
}

/// What is said of a log with one record of which a byte is another one.
fn open_with_record_byte(at: usize, byte: u8) -> StoreError {
    let mut store = LogStore::open(Disk::new()).unwrap().0;
    store.commit(&[ended()]).unwrap();
    let mut bytes = store.disk().read("log").unwrap().to_vec();
    let (header, body) = bytes[first_batch()..].split_at_mut(FRAME);
    body[at] = byte;
    header[FRAME - 8..FRAME - 4].copy_from_slice(&crc32fast::hash(body).to_be_bytes());
    let checksum = crc32fast::hash(&header[..FRAME - 4]);
    header[FRAME - 4..].copy_from_slice(&checksum.to_be_bytes());
    LogStore::open(disk(&bytes)).unwrap_err().1
}

fn disk(log: &[u8]) -> Disk {
    let mut disk = Disk::new();
    disk.create("log").unwrap();
    disk.append("log", log).unwrap();
    disk
}

fn ended() -> Record {
    Record::SessionEnded {
        client_id: ClientIdBuf::new("c").unwrap(),
    }
}

fn damaged(offset: usize, damage: Damage) -> StoreError {
    let file = String::from("log");
    let offset = offset as u64;
    StoreError::Damaged {
        place: Place::File { file, offset },
        damage,
    }
}

/// Where it begins in a store that was new.
fn first_batch() -> usize {
    16 + FRAME + FRAME + 4
}

/// What stands before the body of a frame.
const FRAME: usize = 49;
