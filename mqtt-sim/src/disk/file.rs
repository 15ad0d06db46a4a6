use alloc::vec::Vec;
use core::ops::Range;
use core::{iter, mem};

use crate::random::Random;

/// The contents of a file, as a program sees them, with what the disk knows of them.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    /// The page cache.
    seen: Vec<u8>,
    /// The length that the disk knows; above that of `seen` while a truncation is not synced.
    durable: usize,
    /// From here on `seen` waits for a sync.
    dirty: usize,
    /// What a failed sync called clean, though the disk does not have it.
    spoiled: Vec<Range<usize>>,
    /// What was truncated since the last sync: the disk may still have it.
    cut: Option<Cut>,
}

/// Bytes that stood behind a place.
#[derive(Clone, Debug)]
struct Cut {
    at: usize,
    bytes: Vec<u8>,
}

/// What stands where a sector did not reach the disk.
#[derive(Clone, Copy)]
enum Filler {
    Zeros,
    Noise,
    /// Something older of the same file, from this byte on: a block that was used before.
    Stale(usize),
}

impl File {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.seen
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.seen.extend_from_slice(bytes);
    }

    pub(super) fn truncate(&mut self, length: usize) {
        if length >= self.seen.len() {
            return;
        }
        let mut cut = self.cut.take().unwrap_or(Cut {
            at: self.seen.len(),
            bytes: Vec::new(),
        });
        // What was written over an earlier cut is the newer of the two that the disk may have.
        let newer = self.seen.split_off(length);
        let rest = cut.bytes.get(newer.len() + length - cut.at..);
        let rest = rest.unwrap_or_default().to_vec();
        cut.bytes.resize(length.saturating_sub(cut.at), 0);
        cut.bytes.extend(newer);
        cut.bytes.extend(rest);
        cut.at = cut.at.min(length);
        self.cut = Some(cut);
        self.dirty = self.dirty.min(length);
        for range in &mut self.spoiled {
            range.end = range.end.min(length);
        }
        self.spoiled.retain(|range| !range.is_empty());
    }

    pub(super) fn sync(&mut self) {
        self.dirty = self.seen.len();
        self.durable = self.seen.len();
        self.cut = None;
    }

    /// What waited for the sync is not on the disk and waits no more.
    pub(super) fn fail_sync(&mut self) {
        if self.dirty < self.seen.len() {
            self.spoiled.push(self.dirty..self.seen.len());
        }
        self.dirty = self.seen.len();
    }

    /// What is left is durable.
    pub(super) fn lose_power(&mut self, random: &mut Random) {
        let solid = self.solid();
        let length = self.length_after(solid, random);
        let survival = *random.pick(&SURVIVAL).unwrap_or(&0);
        let mut left = self.seen.get(..length).unwrap_or(&self.seen).to_vec();
        for at in left.len()..length {
            left.push(self.old(at).unwrap_or(0));
        }
        let spoiled = mem::take(&mut self.spoiled);
        for range in spoiled
            .into_iter()
            .chain(iter::once(solid..self.seen.len()))
        {
            let end = range.end.min(length);
            let mut at = range.start;
            while at < end {
                let next = end.min(at - at % SECTOR + SECTOR);
                let torn = next == end && random.percent(25);
                if torn || !random.percent(survival) {
                    // Of a torn sector the front is new.
                    let front = if torn { random.below(next - at) } else { 0 };
                    self.lose(at + front..next, &mut left, random);
                }
                at = next;
            }
        }
        *self = Self {
            durable: left.len(),
            dirty: left.len(),
            seen: left,
            spoiled: Vec::new(),
            cut: None,
        };
    }

    /// Up to here nothing changed since the last sync that went well.
    fn solid(&self) -> usize {
        self.cut
            .as_ref()
            .map_or(self.durable, |cut| self.durable.min(cut.at))
    }

    fn length_after(&self, solid: usize, random: &mut Random) -> usize {
        match random.below(4) {
            0 => self.durable,
            1 => self.seen.len(),
            _ => {
                let longest = self.durable.max(self.seen.len());
                solid + random.below(longest - solid + 1)
            }
        }
    }

    /// What stood there before a truncation.
    fn old(&self, at: usize) -> Option<u8> {
        let cut = self.cut.as_ref()?;
        cut.bytes.get(at.checked_sub(cut.at)?).copied()
    }

    /// Puts something else where bytes were lost: what the disk had before, if it had anything.
    fn lose(&self, range: Range<usize>, left: &mut [u8], random: &mut Random) {
        let filler = match random.below(4) {
            0 => Filler::Noise,
            1 => Filler::Stale(random.below(self.seen.len() / SECTOR) * SECTOR),
            _ => Filler::Zeros,
        };
        for at in range.clone() {
            let byte = self.old(at).unwrap_or_else(|| match filler {
                Filler::Zeros => 0,
                Filler::Noise => random.number().to_be_bytes()[0],
                Filler::Stale(from) => *self.seen.get(from + at - range.start).unwrap_or(&0),
            });
            if let Some(place) = left.get_mut(at) {
                *place = byte;
            }
        }
    }
}

/// What the disk writes as one.
const SECTOR: usize = 512;

/// How many sectors of a hundred survive, one of these at each loss.
const SURVIVAL: [u64; 4] = [0, 50, 90, 100];
