//! Runs of a store, one after the other on a disk, with everything that may be there after each.

use std::collections::BTreeMap;

use mqtt_broker_core::{Position, Record, Store, StoreError};
use mqtt_sim::{Disk, LogStore, Loss, Random, Recovery};

use crate::script::Script;

/// The incarnation of a broker and a position in its run.
pub(crate) type Reach = (u32, Position);

/// What was written and what must be there.
#[derive(Clone)]
pub(crate) struct Runs {
    /// What the store has to have when it says that it came so far.
    pub(crate) possible: BTreeMap<Reach, Script>,
    /// It has to say this or more.
    pub(crate) least: Reach,
    /// The last batch that was written.
    pub(crate) written: Reach,
    /// The last incarnation that was given out.
    incarnation: u32,
}

impl Runs {
    pub(crate) fn new() -> Self {
        let empty = (0, Position(0));
        Self {
            possible: BTreeMap::from([(empty, Script::default())]),
            least: empty,
            written: empty,
            incarnation: 0,
        }
    }

    /// Opens the store and looks whether it has what it must have.
    pub(crate) fn open(&mut self, disk: Disk) -> Result<LogStore, Box<Disk>> {
        let (mut store, recovery) = match LogStore::open(disk) {
            Ok(opened) => opened,
            Err(failed) => match *failed {
                (disk, StoreError::Io { .. } | StoreError::OutOfSpace) => {
                    return Err(Box::new(disk));
                }
                (_, error) => panic!("{error}"),
            },
        };
        let reach = self.check(&store, recovery);
        let incarnation = store.incarnation().unwrap();
        assert!(incarnation > self.incarnation);
        self.incarnation = incarnation;
        // Nothing behind it comes back any more.
        let script = self.possible[&reach].clone();
        self.possible = BTreeMap::from([(reach, script)]);
        self.least = reach;
        self.written = reach;
        Ok(store)
    }

    pub(crate) fn check(&self, store: &LogStore, recovery: Recovery) -> Reach {
        let reach = (recovery.incarnation, recovery.position);
        assert!(
            reach >= self.least,
            "{reach:?} is less than {:?}",
            self.least
        );
        let script = self.possible.get(&reach);
        let script = script.unwrap_or_else(|| panic!("{reach:?} was never written"));
        assert!(*store.contents() == script.contents, "{reach:?}");
        reach
    }

    /// What the broker does next, and everything after it.
    pub(crate) fn next_batch(&self, random: &mut Random) -> (Vec<Record>, Script) {
        let (_, script) = self.possible.last_key_value().unwrap();
        let mut script = script.clone();
        (script.batch(self.incarnation, random), script)
    }

    /// Writes batches, syncs and compacts, until something fails or there were enough.
    pub(crate) fn go_on(
        &mut self,
        store: &mut LogStore,
        batches: u64,
        random: &mut Random,
    ) -> Result<(), StoreError> {
        for _ in 0..batches {
            let (batch, script) = self.next_batch(random);
            self.write(store, &batch, script)?;
            if random.percent(60) {
                self.sync(store)?;
            }
            if random.percent(15) {
                store.compact()?;
                self.least = *self.possible.last_key_value().unwrap().0;
            }
        }
        Ok(())
    }

    /// Writes a batch; afterwards everything is as the script says.
    pub(crate) fn write(
        &mut self,
        store: &mut LogStore,
        batch: &[Record],
        script: Script,
    ) -> Result<(), StoreError> {
        let position = self.next();
        // One that fails may be there when the store is opened again, but for one that found no space.
        let reach = (self.incarnation, position);
        let outcome = store.write(batch, position);
        if outcome.is_ok() {
            self.written = reach;
        }
        if outcome != Err(StoreError::OutOfSpace) {
            self.possible.insert(reach, script);
        }
        outcome
    }

    pub(crate) fn sync(&mut self, store: &mut LogStore) -> Result<(), StoreError> {
        let position = store.sync()?;
        if position > Position(0) {
            self.least = (self.incarnation, position);
        }
        assert_eq!(self.possible.last_key_value().unwrap().0, &self.least);
        assert!(self.possible[&self.least].contents == *store.contents());
        Ok(())
    }

    fn next(&self) -> Position {
        match self.possible.last_key_value() {
            Some((&(incarnation, position), _)) if incarnation == self.incarnation => {
                Position(position.0 + 2)
            }
            _ => Position(1),
        }
    }
}

/// The disk after the run.
pub(crate) fn crash(store: LogStore, random: &mut Random, loss: Loss) -> Disk {
    let mut disk = store.into_disk();
    disk.crash(random, loss);
    disk
}
