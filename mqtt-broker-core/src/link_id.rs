use core::fmt;

/// A link: one network connection of one client. Never used again; what is said of a link that is gone is ignored.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId {
    pub(crate) generation: u32,
    pub(crate) index: u32,
}

impl LinkId {
    /// A dense number, small while there are few links at a time, for tables of the adapter. It is used again after the
    /// link is gone; the `LinkId` as a whole is not.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index as usize
    }
}

impl fmt::Debug for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkId({}.{})", self.index, self.generation)
    }
}
