//! The bounds of what is stored.

use alloc::format;

use mqtt_broker_core::{Config, Loaded, MemoryStore, Store};

use crate::check::{Broken, Rule};

/// No session has more messages stored than its queue and its window hold.
pub(super) fn check(store: &MemoryStore, config: &Config) -> Result<(), Broken> {
    let window = config.send_maximum.max(config.send_maximum_v3);
    let bound = config.queue_messages + usize::from(window);
    let mut result = Ok(());
    let loaded = store.clone().load(usize::MAX, &mut |loaded| {
        let Loaded::Session(session) = loaded else {
            return;
        };
        if session.queue.len() > bound {
            let (whose, messages) = (&session.record.client_id, session.queue.len());
            let what =
                format!("{messages} messages are stored for {whose}, where {bound} is the bound");
            result = Err(Broken::new(Rule::Bounds, what));
        }
    });
    loaded.map_err(|error| {
        Broken::new(Rule::Restart, format!("the store cannot be read: {error}"))
    })?;
    result
}
