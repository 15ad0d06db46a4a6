use mqtt_codec::{Binary, Text};

use crate::message::MessageId;
use crate::record::{RecordError, RecordField};

/// Takes fields off the front of bytes. Nothing it does takes more memory or time than the bytes that are there.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes were taken.
    pub(super) const fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn u8(&mut self, field: RecordField) -> Result<u8, RecordError> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self, field: RecordField) -> Result<u16, RecordError> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, field: RecordField) -> Result<u32, RecordError> {
        self.array(field).map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self, field: RecordField) -> Result<u64, RecordError> {
        self.array(field).map(u64::from_be_bytes)
    }

    pub(super) fn text(&mut self, field: RecordField) -> Result<Text<'a>, RecordError> {
        let offset = self.at;
        let bytes = self.short_slice(field)?;
        let text = core::str::from_utf8(bytes)
            .ok()
            .and_then(|text| Text::new(text).ok());
        text.ok_or(RecordError::Invalid { field, offset })
    }

    pub(super) fn data(&mut self, field: RecordField) -> Result<Binary<'a>, RecordError> {
        let offset = self.at;
        Binary::new(self.short_slice(field)?).map_err(|_| RecordError::Invalid { field, offset })
    }

    pub(super) fn message_id(&mut self) -> Result<MessageId, RecordError> {
        let field = RecordField::MessageId;
        Ok(MessageId {
            incarnation: self.u32(field)?,
            shard: self.u32(field)?,
            sequence: self.u64(field)?,
        })
    }

    /// Bytes behind their `u64` length.
    pub(super) fn long_slice(&mut self, field: RecordField) -> Result<&'a [u8], RecordError> {
        let offset = self.at;
        let len = self.u64(field)?;
        let len = usize::try_from(len).map_err(|_| RecordError::Truncated { field, offset })?;
        self.take(len, field, offset)
    }

    /// Bytes behind their `u16` length.
    fn short_slice(&mut self, field: RecordField) -> Result<&'a [u8], RecordError> {
        let offset = self.at;
        let len = self.u16(field)?;
        self.take(usize::from(len), field, offset)
    }

    fn take(
        &mut self,
        len: usize,
        field: RecordField,
        offset: usize,
    ) -> Result<&'a [u8], RecordError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest
            .get(..len)
            .ok_or(RecordError::Truncated { field, offset })?;
        self.at += len;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: RecordField) -> Result<[u8; N], RecordError> {
        let offset = self.at;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let array = rest
            .first_chunk::<N>()
            .ok_or(RecordError::Truncated { field, offset })?;
        self.at += N;
        Ok(*array)
    }
}
