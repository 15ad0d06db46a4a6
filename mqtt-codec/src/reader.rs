use crate::field::Field;
use crate::packet::PacketType;
use crate::trace::{Shape, Trace};
use crate::{
    Binary, DecodeError, PacketId, Text, TopicFilterError, TopicName, scan, text, topic_filter,
    variable_byte_integer,
};

/// Takes fields off the front of a packet, or of a block in it. Never beyond its end.
pub(crate) struct Reader<'a, T> {
    /// What is not read yet of the packet or of the block.
    rest: &'a [u8],
    /// Where `rest` ends in the packet.
    end: usize,
    trace: T,
}

/// What follows a block, see [`Reader::enter`].
pub(crate) struct Outer<'a> {
    rest: &'a [u8],
}

impl<'a, T: Trace> Reader<'a, T> {
    /// `rest` ends at `end` in its packet.
    #[inline]
    pub(crate) fn new(rest: &'a [u8], end: usize, trace: T) -> Self {
        Self { rest, end, trace }
    }

    /// What is left.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Where the next byte stands in the packet.
    #[inline]
    pub(crate) fn at(&self) -> u32 {
        offset(self.end.saturating_sub(self.rest.len()))
    }

    /// Narrows the reader to the next `len` bytes; [`leave`](Self::leave) widens it again.
    #[inline]
    pub(crate) fn enter(&mut self, len: usize, field: Field) -> Result<Outer<'a>, DecodeError> {
        let Some((block, rest)) = self.rest.split_at_checked(len) else {
            return Err(self.truncated(field));
        };
        self.rest = block;
        self.end -= rest.len();
        Ok(Outer { rest })
    }

    /// Behind the block.
    #[inline]
    pub(crate) fn leave(&mut self, outer: Outer<'a>) {
        debug_assert!(self.rest.is_empty());
        self.rest = outer.rest;
        self.end += outer.rest.len();
    }

    /// All fields are read: nothing may be left.
    #[inline]
    pub(crate) fn finish(&self, after: Field) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.trailing(after))
        }
    }

    #[inline]
    fn array<const N: usize>(
        &mut self,
        field: Field,
        shape: Shape,
    ) -> Result<[u8; N], DecodeError> {
        let Some((bytes, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(field));
        };
        self.rest = rest;
        self.trace.field(field, shape, bytes, self.end - rest.len());
        Ok(*bytes)
    }

    #[inline]
    pub(crate) fn byte(&mut self, field: Field) -> Result<u8, DecodeError> {
        self.array(field, Shape::Byte).map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn two(&mut self, field: Field) -> Result<u16, DecodeError> {
        self.array(field, Shape::TwoByteInteger)
            .map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn four(&mut self, field: Field) -> Result<u32, DecodeError> {
        self.array(field, Shape::FourByteInteger)
            .map(u32::from_be_bytes)
    }

    #[inline(always)]
    pub(crate) fn variable(&mut self, field: Field) -> Result<u32, DecodeError> {
        let [value @ ..0x80, rest @ ..] = self.rest else {
            return self.long_variable(field);
        };
        self.rest = rest;
        self.trace.field(
            field,
            Shape::VariableByteInteger,
            &[*value],
            self.end - rest.len(),
        );
        Ok(u32::from(*value))
    }

    #[inline(never)]
    fn long_variable(&mut self, field: Field) -> Result<u32, DecodeError> {
        match variable_byte_integer::read(self.rest) {
            Ok(Some((value, len))) => {
                let (bytes, rest) = self.rest.split_at_checked(len).unwrap_or_default();
                self.rest = rest;
                self.trace.field(
                    field,
                    Shape::VariableByteInteger,
                    bytes,
                    self.end - rest.len(),
                );
                Ok(value)
            }
            Ok(None) => Err(self.truncated(field)),
            Err(_) => Err(DecodeError::VariableByteInteger { at: self.at() }),
        }
    }

    /// Takes a Property Length of 0, if that is what comes.
    #[inline(always)]
    pub(crate) fn no_properties(&mut self) -> bool {
        let [0, rest @ ..] = self.rest else {
            return false;
        };
        self.rest = rest;
        self.trace.field(
            Field::PropertyLength,
            Shape::VariableByteInteger,
            &[0],
            self.end - rest.len(),
        );
        true
    }

    /// The bytes behind a length of two bytes.
    #[inline(always)]
    pub(crate) fn counted(&mut self, field: Field, shape: Shape) -> Result<&'a [u8], DecodeError> {
        let Some((len, rest)) = self.rest.split_first_chunk::<2>() else {
            return Err(self.truncated(field));
        };
        let Some((bytes, rest)) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
        else {
            return Err(self.truncated(field));
        };
        self.rest = rest;
        self.trace.field(field, shape, bytes, self.end - rest.len());
        Ok(bytes)
    }

    #[inline]
    pub(crate) fn binary(&mut self, field: Field) -> Result<Binary<'a>, DecodeError> {
        self.counted(field, Shape::Binary).map(Binary::from_checked)
    }

    #[inline]
    pub(crate) fn text(&mut self, field: Field) -> Result<Text<'a>, DecodeError> {
        let bytes = self.counted(field, Shape::Text)?;
        match text::from_bytes(bytes) {
            Some(text) => Ok(text),
            None => Err(self.text_fault(field, bytes)),
        }
    }

    /// A string that is checked now and borrowed later. Its bytes.
    #[inline(always)]
    pub(crate) fn text_bytes(&mut self, field: Field) -> Result<&'a [u8], DecodeError> {
        let bytes = self.counted(field, Shape::Text)?;
        if text::is_valid(bytes) {
            Ok(bytes)
        } else {
            Err(self.text_fault(field, bytes))
        }
    }

    /// A topic name; `None` when it is empty.
    #[inline(always)]
    pub(crate) fn topic_name_or_empty(
        &mut self,
        field: Field,
    ) -> Result<Option<TopicName<'a>>, DecodeError> {
        let bytes = self.counted(field, Shape::Text)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        match TopicName::from_bytes(bytes) {
            Some(name) => Ok(Some(name)),
            None => Err(self.text_fault(field, bytes)),
        }
    }

    #[inline(never)]
    pub(crate) fn topic_name(&mut self, field: Field) -> Result<TopicName<'a>, DecodeError> {
        match self.topic_name_or_empty(field)? {
            Some(name) => Ok(name),
            None => Err(DecodeError::EmptyTopic { field }),
        }
    }

    /// A Topic Filter that is checked now and borrowed later.
    #[inline(always)]
    pub(crate) fn topic_filter_bytes(&mut self) -> Result<(), DecodeError> {
        let bytes = self.counted(Field::TopicFilter, Shape::Text)?;
        if scan::is_plain_filter(bytes) && bytes.first() != Some(&b'$') {
            Ok(())
        } else {
            self.check_filter(bytes)
        }
    }

    #[inline(always)]
    pub(crate) fn packet_id(&mut self, packet_type: PacketType) -> Result<PacketId, DecodeError> {
        match PacketId::new(self.two(Field::PacketIdentifier)?) {
            Some(id) => Ok(id),
            None => Err(DecodeError::PacketIdentifierZero { packet_type }),
        }
    }

    /// All that is left.
    #[inline]
    pub(crate) fn payload(&mut self) -> &'a [u8] {
        self.trace
            .field(Field::Payload, Shape::Payload, self.rest, self.end);
        core::mem::take(&mut self.rest)
    }

    #[cold]
    #[inline(never)]
    fn truncated(&self, field: Field) -> DecodeError {
        DecodeError::Truncated {
            field,
            at: self.at(),
        }
    }

    #[cold]
    #[inline(never)]
    fn trailing(&self, after: Field) -> DecodeError {
        DecodeError::TrailingBytes {
            after,
            at: self.at(),
        }
    }

    /// What is wrong with a string that was just read and refused.
    #[cold]
    #[inline(never)]
    fn text_fault(&self, field: Field, bytes: &[u8]) -> DecodeError {
        let start = self.end - self.rest.len() - bytes.len();
        let at = |index| offset(start + index);
        if let Err(error) = core::str::from_utf8(bytes) {
            return DecodeError::Utf8 {
                field,
                at: at(error.valid_up_to()),
            };
        }
        if let Some(index) = bytes.iter().position(|&byte| byte == 0) {
            return DecodeError::NullCharacter {
                field,
                at: at(index),
            };
        }
        let wildcard = bytes
            .iter()
            .position(|&byte| matches!(byte, b'+' | b'#'))
            .unwrap_or_default();
        DecodeError::TopicWildcard {
            field,
            at: at(wildcard),
        }
    }

    /// A Topic Filter that was just read and is not of the usual kind.
    #[inline(never)]
    fn check_filter(&self, bytes: &[u8]) -> Result<(), DecodeError> {
        if !text::is_valid(bytes) {
            return Err(self.text_fault(Field::TopicFilter, bytes));
        }
        topic_filter::check(bytes).map_err(|error| self.filter_fault(bytes, error))
    }

    /// What is wrong with a Topic Filter that was just read and refused.
    fn filter_fault(&self, bytes: &[u8], error: TopicFilterError) -> DecodeError {
        let start = self.end - self.rest.len() - bytes.len();
        match error {
            TopicFilterError::MultiLevelWildcard { at } => DecodeError::MultiLevelWildcard {
                at: offset(start + at),
            },
            TopicFilterError::SingleLevelWildcard { at } => DecodeError::SingleLevelWildcard {
                at: offset(start + at),
            },
            TopicFilterError::ShareName if bytes.starts_with(b"$share//") => {
                DecodeError::EmptyShareName { at: offset(start) }
            }
            TopicFilterError::ShareName => DecodeError::ShareNameWildcard { at: offset(start) },
            TopicFilterError::ShareWithoutFilter => {
                DecodeError::ShareWithoutFilter { at: offset(start) }
            }
            TopicFilterError::Empty | TopicFilterError::Text(_) => {
                DecodeError::EmptyTopicFilter { at: offset(start) }
            }
        }
    }
}

/// Packets are shorter than 4 GiB.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
