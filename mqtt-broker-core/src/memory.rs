//! How much memory kept messages take.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// The bytes of all messages that carry a [`Charge`] of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryGauge(Arc<AtomicUsize>);

impl MemoryGauge {
    pub(crate) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts `bytes` until the charge is dropped.
    pub(crate) fn charge(&self, bytes: usize) -> Charge {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Charge {
            gauge: Some(self.clone()),
            bytes,
        }
    }

    /// The same bytes, counted once until the last of their clones is dropped.
    pub(crate) fn counted(&self, bytes: Bytes) -> Bytes {
        let _charge = self.charge(bytes.len());
        Bytes::from_owner(Counted { bytes, _charge })
    }
}

/// Bytes with their charge.
struct Counted {
    bytes: Bytes,
    _charge: Charge,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Bytes that a gauge counts while this lives.
#[derive(Debug, Default)]
pub(crate) struct Charge {
    gauge: Option<MemoryGauge>,
    bytes: usize,
}

impl Charge {
    /// Whether this gauge counts it.
    pub(crate) fn is_of(&self, gauge: &MemoryGauge) -> bool {
        self.gauge
            .as_ref()
            .is_some_and(|ours| Arc::ptr_eq(&ours.0, &gauge.0))
    }
}

impl Clone for Charge {
    fn clone(&self) -> Self {
        match &self.gauge {
            Some(gauge) => gauge.charge(self.bytes),
            None => Self::default(),
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if let Some(gauge) = &self.gauge {
            gauge.0.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

/// Charges are bookkeeping: two messages are the same whatever they count.
impl PartialEq for Charge {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Charge {}

#[cfg(test)]
mod tests {
    use super::MemoryGauge;

    #[test]
    fn a_charge_counts_until_it_is_dropped() {
        let gauge = MemoryGauge::default();
        let first = gauge.charge(100);
        let second = first.clone();
        assert_eq!(gauge.bytes(), 200);
        drop(first);
        assert_eq!(gauge.bytes(), 100);
        drop(second);
        assert_eq!(gauge.bytes(), 0);
    }
}
