/// Why a string of the caller's is no UTF-8 Encoded String.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Above 65,535 bytes.
    #[error("{len} bytes are more than the 65535 that a string field holds")]
    TooLong {
        /// Its bytes.
        len: usize,
    },
    /// U+0000 is in it [MQTT-1.5.4-2].
    #[error("U+0000 at byte {at}")]
    NullCharacter {
        /// Which byte.
        at: usize,
    },
}

/// Why bytes of the caller's are no Binary Data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes are more than the 65535 that Binary Data holds")]
pub struct BinaryTooLong {
    /// How many.
    pub len: usize,
}

/// Why a string of the caller's is no Topic Name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicNameError {
    /// No character [MQTT-4.7.3-1].
    #[error("a Topic Name has at least one character")]
    Empty,
    /// `+` or `#` [MQTT-3.3.2-2].
    #[error("wildcard at byte {at} of a Topic Name")]
    Wildcard {
        /// Which byte.
        at: usize,
    },
    /// No string field.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Why a string of the caller's is no Topic Filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TopicFilterError {
    /// No character [MQTT-4.7.3-1].
    #[error("a Topic Filter has at least one character")]
    Empty,
    /// `#` that is not alone in its level, or not the last [MQTT-4.7.1-1].
    #[error("`#` at byte {at} is not alone in the last level")]
    MultiLevelWildcard {
        /// Which byte.
        at: usize,
    },
    /// `+` that is not alone in its level [MQTT-4.7.1-2].
    #[error("`+` at byte {at} is not alone in its level")]
    SingleLevelWildcard {
        /// Which byte.
        at: usize,
    },
    /// An empty ShareName, or a wildcard in it [MQTT-4.8.2-1] [MQTT-4.8.2-2].
    #[error("the ShareName is empty or has a wildcard in it")]
    ShareName,
    /// No `/` behind the ShareName [MQTT-4.8.2-2].
    #[error("no `/` and Topic Filter behind the ShareName")]
    ShareWithoutFilter,
    /// No string field.
    #[error(transparent)]
    Text(#[from] TextError),
}
