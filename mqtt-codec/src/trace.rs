use crate::field::Field;

/// What a field looks like on the wire. Standard: MQTT 5.0 §1.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Byte,
    TwoByteInteger,
    FourByteInteger,
    VariableByteInteger,
    /// Behind a length of two bytes.
    Text,
    /// Behind a length of two bytes.
    Binary,
    /// What is left of the packet.
    Payload,
}

/// Sees each field as the decoder reads it, so that an annotation cannot tell a different story than the decoder.
pub(crate) trait Trace {
    /// The field is `bytes` and ends at `end` in the packet. It may still turn out to be wrong.
    fn field(&mut self, field: Field, shape: Shape, bytes: &[u8], end: usize);
}

/// Sees nothing and costs nothing.
impl Trace for () {
    #[inline(always)]
    fn field(&mut self, _: Field, _: Shape, _: &[u8], _: usize) {}
}
