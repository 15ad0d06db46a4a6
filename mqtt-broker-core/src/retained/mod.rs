//! The retained message of each topic.

mod cursor;
mod retained;
mod step;

pub(crate) use cursor::ReplayCursor;
pub(crate) use retained::Retained;

#[cfg(test)]
mod tests;
