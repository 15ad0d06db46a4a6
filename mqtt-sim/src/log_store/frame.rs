use alloc::vec::Vec;

use mqtt_broker_core::Position;

/// The frame around some encoded records. Numbers are big-endian.
///
/// | bytes | what |
/// | --- | --- |
/// | 4 | [`MAGIC`] |
/// | 1 | the [`Kind`] |
/// | 4 | the incarnation that wrote it |
/// | 8 | the position of its last record |
/// | 8 | at which byte of the file it begins: what a disk gives from somewhere else is told by it |
/// | 8 | up to which byte the file was durable when it was written |
/// | 8 | the length of the body |
/// | 4 | the CRC-32 of the body |
/// | 4 | the CRC-32 of all of this |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) incarnation: u32,
    pub(super) position: Position,
    pub(super) offset: u64,
    pub(super) durable: u64,
}

/// What is in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Records of a snapshot.
    Snapshot,
    /// Nothing; the snapshot is complete. The position is the last one in it, the incarnation that of the broker that
    /// came to this position. The body is the incarnation of the broker that wrote the snapshot.
    SnapshotEnd,
    /// Records of a batch.
    Batch,
}

impl Frame {
    /// Empties `out` and leaves room for the frame, so that the body can be appended.
    pub(super) fn begin(out: &mut Vec<u8>) {
        out.clear();
        out.resize(HEADER, 0);
    }

    /// Writes the frame before the body.
    pub(super) fn end(&self, out: &mut [u8]) {
        let Some((header, body)) = out.split_first_chunk_mut::<HEADER>() else {
            debug_assert!(false, "every frame begins with `begin`");
            return;
        };
        let mut rest = header.as_mut_slice();
        put(MAGIC, &mut rest);
        put([self.kind as u8], &mut rest);
        put(self.incarnation.to_be_bytes(), &mut rest);
        put(self.position.0.to_be_bytes(), &mut rest);
        put(self.offset.to_be_bytes(), &mut rest);
        put(self.durable.to_be_bytes(), &mut rest);
        put((body.len() as u64).to_be_bytes(), &mut rest);
        put(crc32fast::hash(body).to_be_bytes(), &mut rest);
        if let Some((fields, checksum)) = header.split_last_chunk_mut::<4>() {
            *checksum = crc32fast::hash(fields).to_be_bytes();
        }
    }

    /// The frame that begins at a byte of a file, its body, and where the next one begins. `None` if none begins there or
    /// a byte of it is another one.
    pub(super) fn read(file: &[u8], offset: usize) -> Option<(Self, &[u8], usize)> {
        let (header, behind) = file.get(offset..)?.split_first_chunk::<HEADER>()?;
        let (fields, checksum) = header.split_last_chunk::<4>()?;
        if !fields.starts_with(&MAGIC) || u32::from_be_bytes(*checksum) != crc32fast::hash(fields) {
            return None;
        }
        let mut fields = fields.get(MAGIC.len()..)?;
        let [kind] = take(&mut fields)?;
        let frame = Self {
            kind: Kind::of(kind)?,
            incarnation: u32::from_be_bytes(take(&mut fields)?),
            position: Position(u64::from_be_bytes(take(&mut fields)?)),
            offset: u64::from_be_bytes(take(&mut fields)?),
            durable: u64::from_be_bytes(take(&mut fields)?),
        };
        let length = usize::try_from(u64::from_be_bytes(take(&mut fields)?)).ok()?;
        let body = behind.get(..length)?;
        let is_whole = u32::from_be_bytes(take(&mut fields)?) == crc32fast::hash(body);
        let is_here = frame.offset == offset as u64;
        (is_whole && is_here).then_some((frame, body, offset + HEADER + length))
    }
}

impl Kind {
    fn of(number: u8) -> Option<Self> {
        [Self::Snapshot, Self::SnapshotEnd, Self::Batch]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }
}

fn put<const N: usize>(field: [u8; N], rest: &mut &mut [u8]) {
    if let Some((place, behind)) = core::mem::take(rest).split_first_chunk_mut() {
        *place = field;
        *rest = behind;
    }
}

/// A field from the front.
pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (field, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*field)
}

/// How a frame begins.
pub(super) const MAGIC: [u8; 4] = *b"\xF5log";

const HEADER: usize = 4 + 1 + 4 + 8 + 8 + 8 + 8 + 4 + 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written_and_not_with_another_bit_or_elsewhere() {
        let frame = Frame {
            kind: Kind::Batch,
            incarnation: 7,
            position: Position(u64::MAX - 1),
            offset: 3,
            durable: 2,
        };
        let mut bytes = Vec::new();
        Frame::begin(&mut bytes);
        bytes.extend_from_slice(b"body");
        frame.end(&mut bytes);
        let mut file = [b"abc", &*bytes, b"d"].concat();
        let end = 3 + bytes.len();
        assert_eq!(
            Frame::read(&file, 3),
            Some((frame, b"body".as_slice(), end))
        );
        assert_eq!(Frame::read(&file[..end - 1], 3), None);
        for bit in 3 * 8..end * 8 {
            file[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Frame::read(&file, 3), None, "bit {bit}");
            file[bit / 8] ^= 1 << (bit % 8);
        }
        file.remove(0);
        assert_eq!(Frame::read(&file, 2), None);
    }
}
