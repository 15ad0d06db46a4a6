use alloc::string::String;

/// How far a replay has come: a place in the order of Topic Names.
///
/// It names no node and no message, so whatever is set or cleared between two slices, the next one goes on behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReplayCursor {
    pub(super) place: Place,
}

/// Where the next slice begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    /// At the first topic.
    #[default]
    Start,
    /// At this name.
    At(String),
    /// Behind this name.
    Behind(String),
    /// There is nothing left.
    End,
}
