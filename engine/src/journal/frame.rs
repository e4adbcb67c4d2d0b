//! One frame: an 80-byte header and a batch, or the events of a batch.

use crate::decode::Body;
use crate::units::{Hash, Nanos, Sequence};

/// Bytes before a frame's payload.
pub const HEADER: usize = 80;
const VERSION: u16 = 1;
const CHECKSUM: std::ops::Range<usize> = 44..48;

/// Which of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Batches.
    Inputs,
    /// The events of batches.
    Outputs,
}

impl Kind {
    /// The first four bytes of each frame.
    pub fn magic(self) -> [u8; 4] {
        match self {
            Kind::Inputs => *b"S3IN",
            Kind::Outputs => *b"S3OU",
        }
    }

    /// The stream's folder.
    pub fn folder(self) -> &'static str {
        match self {
            Kind::Inputs => "inputs",
            Kind::Outputs => "outputs",
        }
    }
}

/// What a frame says about its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Header {
    pub first_sequence: Sequence,
    /// The first sequence number of the group that was appended together: whatever is before it was written completely.
    pub group_first: Sequence,
    pub now: Nanos,
    pub payload_length: u64,
    pub record_count: u32,
    pub checksum: u32,
    /// The chain's hash before this frame.
    pub previous: Hash,
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// They end before the frame does.
    Incomplete,
    /// They are something else.
    NotAFrame(&'static str),
}

impl Damage {
    /// The damage in words.
    pub fn reason(self) -> &'static str {
        match self {
            Damage::Incomplete => "the file ends inside a frame",
            Damage::NotAFrame(reason) => reason,
        }
    }
}

impl Header {
    /// Reads the fixed part of a header; the checksum is not judged here.
    pub fn read(kind: Kind, bytes: &[u8]) -> Result<Header, Damage> {
        let mut body = Body(bytes.get(..HEADER).ok_or(Damage::Incomplete)?);
        let fixed: [u8; 8] = body.take().ok_or(Damage::Incomplete)?;
        if fixed[..4] != kind.magic() {
            return Err(Damage::NotAFrame("no frame starts here"));
        }
        if fixed[4..6] != VERSION.to_le_bytes() || fixed[6..8] != (HEADER as u16).to_le_bytes() {
            return Err(Damage::NotAFrame("a frame of an unknown version"));
        }
        Self::fields(&mut body).ok_or(Damage::Incomplete)
    }

    fn fields(body: &mut Body) -> Option<Header> {
        Some(Header {
            first_sequence: Sequence(body.u64()?),
            group_first: Sequence(body.u64()?),
            now: Nanos(body.u64()?),
            payload_length: body.u64()?,
            record_count: body.u32()?,
            checksum: body.u32()?,
            previous: body.hash()?,
        })
    }

    /// Whether header and payload are what was written.
    pub fn matches(&self, kind: Kind, payload: &[u8]) -> bool {
        self.checksum == crc32c::crc32c_append(crc32c::crc32c(&self.bytes(kind, 0)), payload)
    }

    fn bytes(&self, kind: Kind, checksum: u32) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&kind.magic());
        bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
        bytes[6..8].copy_from_slice(&(HEADER as u16).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.first_sequence.0.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.group_first.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.now.0.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.payload_length.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.record_count.to_le_bytes());
        bytes[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
        bytes[48..].copy_from_slice(&self.previous.0);
        bytes
    }

    /// The sequence number after the frame's last, or `None` when it would not be a number.
    pub fn next_sequence(&self) -> Option<Sequence> {
        self.first_sequence.0.checked_add(u64::from(self.record_count)).map(Sequence)
    }
}

/// Reads the frame that `bytes` starts with; its header and its payload.
pub fn parse(kind: Kind, bytes: &[u8]) -> Result<(Header, &[u8]), Damage> {
    let header = Header::read(kind, bytes)?;
    let length = usize::try_from(header.payload_length).map_err(|_| Damage::Incomplete)?;
    let payload = bytes[HEADER..].get(..length).ok_or(Damage::Incomplete)?;
    if header.matches(kind, payload) {
        Ok((header, payload))
    } else {
        Err(Damage::NotAFrame("the checksum does not match"))
    }
}

/// Frames that are appended together, with one write and at most one `fdatasync`.
#[derive(Debug)]
pub struct Group {
    kind: Kind,
    pub(crate) first: Sequence,
    pub(crate) next: Sequence,
    pub(crate) bytes: Vec<u8>,
}

impl Group {
    /// A group whose first frame starts at `first`.
    pub fn starting_at(kind: Kind, first: Sequence) -> Group {
        Group { kind, first, next: first, bytes: Vec::new() }
    }

    /// Adds the frame of `record_count` commands.
    pub fn push(&mut self, record_count: u32, now: Nanos, previous: Hash, payload: &[u8]) {
        let start = self.bytes.len();
        self.open_with(|bytes| bytes.extend_from_slice(payload));
        self.close(start, record_count, now, previous);
    }

    /// Adds the payload that `write` appends, and room for its frame's header, which [`Group::close`] fills; what `write` returns.
    pub fn open_with<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.bytes.extend_from_slice(&[0; HEADER]);
        write(&mut self.bytes)
    }

    /// Fills the header of the frame that starts at `start` and ends the group so far.
    pub fn close(&mut self, start: usize, record_count: u32, now: Nanos, previous: Hash) {
        let (first_sequence, group_first) = (self.next, self.first);
        let payload_length = (self.bytes.len() - start - HEADER) as u64;
        let header =
            Header { first_sequence, group_first, now, payload_length, record_count, checksum: 0, previous };
        self.bytes[start..start + HEADER].copy_from_slice(&header.bytes(self.kind, 0));
        let checksum = crc32c::crc32c(&self.bytes[start..]);
        self.bytes[start..][CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
        self.next = header.next_sequence().expect("sequence numbers do not run out");
    }

    /// The payload of a group's only frame.
    pub fn only_payload(&self) -> &[u8] {
        &self.bytes[HEADER..]
    }

    /// Begins the next group in the same memory.
    pub fn clear(&mut self, first: Sequence) {
        (self.first, self.next) = (first, first);
        self.bytes.clear();
    }
}
