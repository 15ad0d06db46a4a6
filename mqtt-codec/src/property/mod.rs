//! What properties hold. Standard: MQTT 5.0 §2.2.2.

mod payload_format;
mod read;
pub(crate) mod run;
mod subscription_identifier;
mod topic_alias;
mod user_properties;
mod write;

pub use payload_format::PayloadFormat;
pub(crate) use read::id;
pub(crate) use run::Run;
pub use subscription_identifier::{
    SubscriptionIdentifier, SubscriptionIdentifiers, SubscriptionIdentifiersIter,
};
pub use topic_alias::TopicAlias;
#[cfg(feature = "alloc")]
pub use user_properties::UserPropertiesBuf;
pub use user_properties::{UserProperties, UserPropertiesIter};
pub(crate) use write::{PropertyBlock, PropertyOutput};
