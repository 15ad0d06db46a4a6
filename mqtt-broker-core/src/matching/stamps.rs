use mqtt_codec::TopicFilter;

/// Tells whether what a Topic Name matches may have changed.
///
/// A filter whose first two levels are text can only match names that begin with them, so a change of it counts in a
/// counter for these two levels; if only the first is text, in one for that level; otherwise in one for all. The stamp
/// of a name is the sum of the three that it looks at. None ever falls, so an equal stamp means that nothing changed.
/// Clients that come and go with filters of their own then leave the cached matches of all others alone.
#[derive(Debug)]
pub(super) struct Stamps {
    all: u64,
    first: [u64; 256],
    second: [u64; 256],
}

/// Which counters a Topic Name looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Slots {
    first: u8,
    second: u8,
}

impl Stamps {
    /// Nothing has changed yet. No stamp is 0.
    pub(super) const fn new() -> Self {
        Self {
            all: 1,
            first: [0; 256],
            second: [0; 256],
        }
    }

    /// The stamp of the Topic Names with these slots.
    #[inline]
    pub(super) fn stamp(&self, slots: Slots) -> u64 {
        let [first, second] = [
            self.first.get(usize::from(slots.first)),
            self.second.get(usize::from(slots.second)),
        ];
        self.all + first.copied().unwrap_or(0) + second.copied().unwrap_or(0)
    }

    /// What a filter that is not shared matches has changed.
    pub(super) fn change(&mut self, filter: TopicFilter<'_>) {
        let slots = Slots::new(filter.as_str());
        let mut levels = filter.levels();
        let counter = match (levels.next(), levels.next()) {
            (None | Some("+" | "#"), _) => Some(&mut self.all),
            (Some(_), Some("+" | "#")) => self.first.get_mut(usize::from(slots.first)),
            (Some(_), _) => self.second.get_mut(usize::from(slots.second)),
        };
        if let Some(counter) = counter {
            *counter += 1;
        }
    }
}

impl Slots {
    /// Those of a Topic Name, or of a filter's levels taken as text. Names that share slots without need cost a walk of
    /// the tree now and then, so any hash will do: FNV-1a.
    #[inline]
    pub(super) fn new(text: &str) -> Self {
        let mut hash = 0x811C_9DC5_u32;
        let mut first = None;
        for &byte in text.as_bytes() {
            if byte == b'/' {
                if first.is_some() {
                    break;
                }
                first = Some(hash);
            }
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        Self {
            first: slot(first.unwrap_or(hash)),
            second: slot(hash),
        }
    }
}

/// The upper bits, on which all bytes have had their effect.
#[inline]
const fn slot(hash: u32) -> u8 {
    let [slot, ..] = hash.to_be_bytes();
    slot
}
