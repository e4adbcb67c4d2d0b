//! A stream's segment files: opening them after a crash, appending to them.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::failure::{AtPath, Failure};
use crate::journal::frame::{Damage, Group, HEADER, Kind, parse};
use crate::journal::reader::Extent;
use crate::journal::tail::Tail;
use crate::journal::window::Windows;
use crate::journal::{Durability, ensure_folder, sync_folder};
use crate::units::Sequence;

const BYTES_PER_MARK: u64 = 1 << 20;

/// One segment file, named by its first sequence number.
#[derive(Debug)]
struct Segment {
    first: Sequence,
    path: PathBuf,
    end: u64,
    /// Where some frames start, so that a reader need not start at 0.
    marks: Vec<(Sequence, u64)>,
}

/// An append-only stream of frames.
#[derive(Debug)]
pub struct Stream {
    kind: Kind,
    folder: PathBuf,
    segment_bytes: u64,
    segments: Vec<Segment>,
    tail: Tail,
    windows: Option<Windows>,
    next: Sequence,
    durability: Durability,
    /// The segment before the last, if this process filled it.
    before_last: Option<(PathBuf, Arc<File>)>,
    /// Makes it durable.
    full: Option<JoinHandle<Result<(), Failure>>>,
}

impl Stream {
    /// Opens the stream under `root`, cuts a torn tail and says how many bytes that were.
    ///
    /// At `fdatasync` everything that remains is durable on return: a killed process may have left frames that were written
    /// but not yet synced, and from now on they count.
    pub fn open(
        kind: Kind,
        root: &Path,
        segment_bytes: u64,
        durability: Durability,
    ) -> Result<(Stream, u64), Failure> {
        let folder = root.join(kind.folder());
        ensure_folder(&folder)?;
        let mut segments = list(&folder)?;
        if segments.is_empty() {
            segments.push(create(&folder, Sequence(1))?.0);
        }
        let last = segments.last_mut().expect("one segment at least");
        let (next, torn) = cut_torn_tail(kind, last)?;
        let file = open_file(&last.path, false)?;
        if durability == Durability::Fdatasync {
            file.sync_data().at(&last.path)?;
            sync_folder(&folder)?;
        }
        let end = last.end;
        Ok((
            Stream {
                kind,
                folder,
                segment_bytes,
                segments,
                tail: Tail::of(file, end, segment_bytes),
                windows: None,
                next,
                durability,
                before_last: None,
                full: None,
            },
            torn,
        ))
    }

    /// The sequence number of the next command.
    pub fn next(&self) -> Sequence {
        self.next
    }

    /// Where the stream ends.
    pub fn end(&self) -> (&Path, u64) {
        let last = self.last();
        (&last.path, last.end)
    }

    fn last(&self) -> &Segment {
        self.segments.last().expect("one segment at least")
    }

    /// Appends a group. After a failure the stream must not be appended to again: a restart cuts what was written in part.
    pub fn append(&mut self, group: &Group, durability: Durability) -> Result<(), Failure> {
        assert_eq!((group.first, group.bytes.is_empty()), (self.next, false), "the next group");
        if self.last().end >= self.segment_bytes.max(1) {
            self.roll()?;
        }
        let last = self.segments.last_mut().expect("one segment at least");
        match durability {
            Durability::PageCache => self.tail.append(&group.bytes, &mut self.windows).at(&last.path)?,
            Durability::Fdatasync => self.tail.append_synced(&group.bytes).at(&last.path)?,
        }
        if last.end >= last.marks.last().map_or(0, |(_, offset)| *offset) + BYTES_PER_MARK {
            last.marks.push((group.first, last.end));
        }
        last.end = self.tail.end();
        self.next = group.next;
        Ok(())
    }

    /// Starts the next segment. At `fdatasync` what came before it is durable by then, so that only a last segment can be torn.
    /// At `page_cache` nobody waits for that: the full segment is made durable while the next one fills.
    fn roll(&mut self) -> Result<(), Failure> {
        self.finish_full()?;
        let path = self.last().path.clone();
        self.tail.close(&mut self.windows).at(&path)?;
        let (segment, file) = create(&self.folder, self.next)?;
        let full = self.tail.file().clone();
        self.tail = Tail::of(file, 0, self.segment_bytes);
        self.segments.push(segment);
        self.before_last = Some((path.clone(), full.clone()));
        let folder = self.folder.clone();
        let sync = move || full.sync_data().at(&path).and_then(|()| sync_folder(&folder));
        match self.durability {
            Durability::Fdatasync => sync()?,
            Durability::PageCache => self.full = Some(std::thread::spawn(sync)),
        }
        Ok(())
    }

    /// Waits until the segment before the last is durable.
    fn finish_full(&mut self) -> Result<(), Failure> {
        match self.full.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(synced)) => synced,
            Some(Err(_)) => unreachable!("a sync does not panic"),
        }
    }

    /// What may not be durable yet, so that another thread can make it so.
    pub fn handles(&self) -> Vec<(PathBuf, Arc<File>)> {
        let last = (self.last().path.clone(), self.tail.file().clone());
        self.before_last.iter().cloned().chain([last]).collect()
    }

    /// Where the frames from the one that holds `from` are, to about `bytes` bytes.
    pub fn extents(&self, from: Sequence, bytes: u64) -> Vec<Extent> {
        let first = self.segments.partition_point(|segment| segment.first <= from).saturating_sub(1);
        let mut extents = Vec::new();
        let mut length = 0;
        for segment in &self.segments[first..] {
            let mark = segment.marks.partition_point(|(sequence, _)| *sequence <= from);
            let (first, start) = mark.checked_sub(1).map_or((segment.first, 0), |mark| segment.marks[mark]);
            extents.push(Extent {
                kind: self.kind,
                path: segment.path.clone(),
                first,
                start,
                end: segment.end,
            });
            if length > bytes {
                break; // the segment before this one is long enough, wherever in the first one the reader begins
            }
            length += if extents.len() > 1 { segment.end } else { 0 };
        }
        extents
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Not needed: whoever opens the stream next cuts what is behind its end.
        drop(self.tail.close(&mut self.windows));
    }
}

fn list(folder: &Path) -> Result<Vec<Segment>, Failure> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(folder).at(folder)? {
        let entry = entry.at(folder)?;
        let path = entry.path();
        let stem = entry.file_name().to_str().and_then(|name| name.strip_suffix(".seg")).map(str::to_owned);
        let first = stem.filter(|stem| stem.len() == 20).and_then(|stem| stem.parse().ok()).map(Sequence);
        if let Some(first) = first {
            let end = entry.metadata().at(&path)?.len();
            segments.push(Segment { first, path, end, marks: Vec::new() });
        }
    }
    segments.sort_unstable_by_key(|segment| segment.first);
    Ok(segments)
}

fn open_file(path: &Path, new: bool) -> Result<File, Failure> {
    OpenOptions::new().read(true).write(true).create_new(new).open(path).at(path)
}

fn create(folder: &Path, first: Sequence) -> Result<(Segment, File), Failure> {
    let path = folder.join(format!("{:020}.seg", first.0));
    let file = open_file(&path, true)?;
    Ok((Segment { first, path, end: 0, marks: Vec::new() }, file))
}

/// Walks the last segment; the next sequence number and the bytes that were cut, up to the last that is not zero: zeros behind
/// the end are room that a killed process had reserved.
fn cut_torn_tail(kind: Kind, segment: &mut Segment) -> Result<(Sequence, u64), Failure> {
    let bytes = fs::read(&segment.path).at(&segment.path)?;
    let (mut offset, mut next) = (0, segment.first);
    while offset < bytes.len() {
        match parse(kind, &bytes[offset..]) {
            Ok((header, payload)) if header.first_sequence == next => {
                offset += HEADER + payload.len();
                next = header
                    .next_sequence()
                    .ok_or_else(|| corrupt(segment, offset, "sequence numbers run out"))?;
            }
            Ok(_) => return Err(corrupt(segment, offset, "a frame of another sequence number stands here")),
            Err(damage) => return cut(kind, segment, &bytes, offset, next, damage),
        }
    }
    Ok((next, 0))
}

fn cut(
    kind: Kind,
    segment: &mut Segment,
    bytes: &[u8],
    offset: usize,
    next: Sequence,
    damage: Damage,
) -> Result<(Sequence, u64), Failure> {
    let torn = bytes[offset..].iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    if a_later_group_follows(kind, &bytes[offset..offset + torn], next) {
        return Err(corrupt(segment, offset, damage.reason()));
    }
    let file = open_file(&segment.path, false)?;
    file.set_len(offset as u64).at(&segment.path)?;
    segment.end = offset as u64;
    Ok((next, torn as u64))
}

/// A later group was only written after the group of the damaged frame was complete: then the damage is no torn tail.
fn a_later_group_follows(kind: Kind, bytes: &[u8], damaged: Sequence) -> bool {
    let magic = kind.magic();
    let candidates =
        (1..bytes.len().saturating_sub(HEADER - 1)).filter(|at| bytes[*at..].starts_with(&magic));
    candidates
        .map(|at| parse(kind, &bytes[at..]))
        .any(|frame| frame.is_ok_and(|(header, _)| header.group_first > damaged))
}

fn corrupt(segment: &Segment, offset: usize, reason: &str) -> Failure {
    Failure::Corrupt { path: segment.path.clone(), offset: offset as u64, reason: reason.to_owned() }
}
