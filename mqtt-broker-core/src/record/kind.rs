//! The numbers of the kinds of records. They are never used again for something else.

pub(super) const SESSION: u8 = 0x01;
pub(super) const SESSION_ENDED: u8 = 0x02;
pub(super) const SUBSCRIBED: u8 = 0x03;
pub(super) const UNSUBSCRIBED: u8 = 0x04;
pub(super) const MESSAGE: u8 = 0x05;
pub(super) const QUEUED: u8 = 0x06;
pub(super) const SENT: u8 = 0x07;
pub(super) const RECEIVED: u8 = 0x08;
pub(super) const SETTLED: u8 = 0x09;
pub(super) const UNRELEASED: u8 = 0x0A;
pub(super) const RELEASED: u8 = 0x0B;
pub(super) const RETAINED: u8 = 0x0C;
pub(super) const RETAINED_CLEARED: u8 = 0x0D;
