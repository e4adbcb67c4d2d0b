//! Reading frames back, without the engine's lock.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;

use crate::failure::{AtPath, Failure};
use crate::journal::frame::{HEADER, Header, Kind};
use crate::units::Sequence;

const BUFFER_BYTES: usize = 1 << 18;

/// The complete frames of one segment file, between two offsets.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Extent {
    pub kind: Kind,
    pub path: PathBuf,
    /// The sequence number of the frame at `start`.
    pub first: Sequence,
    pub start: u64,
    pub end: u64,
}

/// A frame and where it stands.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Frame {
    pub header: Header,
    pub payload: Vec<u8>,
    pub path: PathBuf,
    pub offset: u64,
}

impl Frame {
    /// The failure of a frame that is whole but does not belong here.
    pub fn corrupt(&self, reason: &str) -> Failure {
        Failure::Corrupt { path: self.path.clone(), offset: self.offset, reason: reason.to_owned() }
    }
}

/// Reads the frames of some extents in order.
pub struct Frames {
    extents: std::vec::IntoIter<Extent>,
    open: Option<OpenExtent>,
    from: Sequence,
}

/// An extent of which everything before `extent.start`, where `extent.first` stands, was read.
struct OpenExtent {
    extent: Extent,
    reader: BufReader<File>,
}

impl Frames {
    /// The frames from the one that holds `from`.
    pub fn of(extents: Vec<Extent>, from: Sequence) -> Frames {
        Frames { extents: extents.into_iter(), open: None, from }
    }

    /// The next frame, whole and checked, or `None` at the end.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Failure> {
        loop {
            let Some(open) = self.open.as_mut().filter(|open| open.extent.start < open.extent.end) else {
                match self.open_next()? {
                    true => continue,
                    false => return Ok(None),
                }
            };
            let header = open.header()?;
            let after = header.next_sequence().ok_or_else(|| open.corrupt("sequence numbers run out"))?;
            let frame = if after <= self.from {
                open.skip(&header)?;
                None
            } else {
                Some(open.frame(header)?)
            };
            open.extent.start += HEADER as u64 + header.payload_length;
            open.extent.first = after;
            if frame.is_some() {
                return Ok(frame);
            }
        }
    }

    /// The next frames, until their payloads have `bytes` bytes; none at the end.
    pub fn next_frames(&mut self, bytes: u64) -> Result<Vec<Frame>, Failure> {
        let (mut frames, mut length) = (Vec::new(), 0);
        while length < bytes
            && let Some(frame) = self.next_frame()?
        {
            length += frame.header.payload_length;
            frames.push(frame);
        }
        Ok(frames)
    }

    fn open_next(&mut self) -> Result<bool, Failure> {
        let Some(extent) = self.extents.next() else { return Ok(false) };
        if self.open.as_ref().is_some_and(|before| before.extent.first != extent.first) {
            let (path, offset) = (extent.path, extent.start);
            let reason = "the segment does not follow the one before it".to_owned();
            return Err(Failure::Corrupt { path, offset, reason });
        }
        let file = File::open(&extent.path).at(&extent.path)?;
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
        reader.seek_relative(extent.start as i64).at(&extent.path)?;
        self.open = Some(OpenExtent { extent, reader });
        Ok(true)
    }
}

impl OpenExtent {
    fn header(&mut self) -> Result<Header, Failure> {
        let mut bytes = [0; HEADER];
        self.fill(&mut bytes)?;
        let header =
            Header::read(self.extent.kind, &bytes).map_err(|damage| self.corrupt(damage.reason()))?;
        let room = (self.extent.end - self.extent.start).saturating_sub(HEADER as u64);
        if header.first_sequence != self.extent.first {
            return Err(self.corrupt("a frame of another sequence number stands here"));
        }
        if header.payload_length > room {
            return Err(self.corrupt("the file ends inside a frame"));
        }
        Ok(header)
    }

    fn frame(&mut self, header: Header) -> Result<Frame, Failure> {
        let mut payload = vec![0; header.payload_length as usize];
        self.fill(&mut payload)?;
        if !header.matches(self.extent.kind, &payload) {
            return Err(self.corrupt("the checksum does not match"));
        }
        Ok(Frame { header, payload, path: self.extent.path.clone(), offset: self.extent.start })
    }

    fn skip(&mut self, header: &Header) -> Result<(), Failure> {
        self.reader.seek_relative(header.payload_length as i64).at(&self.extent.path)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        self.reader.read_exact(bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.corrupt("the file ends inside a frame"),
            _ => Failure::Io { path: self.extent.path.clone(), source: error },
        })
    }

    fn corrupt(&self, reason: &str) -> Failure {
        Failure::Corrupt {
            path: self.extent.path.clone(),
            offset: self.extent.start,
            reason: reason.to_owned(),
        }
    }
}
