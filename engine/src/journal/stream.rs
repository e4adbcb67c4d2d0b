//! A stream's segment files: opening them after a crash, appending to them.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use crate::failure::{AtPath, Failure};
use crate::journal::frame::{Damage, Group, HEADER, Kind, parse};
use crate::journal::reader::Extent;
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
    file: File,
    next: Sequence,
    durability: Durability,
    /// The segment before the last, if this process filled it.
    before_last: Option<(PathBuf, File)>,
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
        let file = OpenOptions::new().append(true).open(&last.path).at(&last.path)?;
        if durability == Durability::Fdatasync {
            file.sync_data().at(&last.path)?;
            sync_folder(&folder)?;
        }
        Ok((
            Stream {
                kind,
                folder,
                segment_bytes,
                segments,
                file,
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
        self.file.write_all(&group.bytes).at(&last.path)?;
        if durability == Durability::Fdatasync {
            self.file.sync_data().at(&last.path)?;
        }
        if last.end >= last.marks.last().map_or(0, |(_, offset)| *offset) + BYTES_PER_MARK {
            last.marks.push((group.first, last.end));
        }
        last.end += group.bytes.len() as u64;
        self.next = group.next;
        Ok(())
    }

    /// Starts the next segment. At `fdatasync` what came before it is durable by then, so that only a last segment can be torn.
    /// At `page_cache` nobody waits for that: the full segment is made durable while the next one fills.
    fn roll(&mut self) -> Result<(), Failure> {
        self.finish_full()?;
        let path = self.last().path.clone();
        let (segment, file) = create(&self.folder, self.next)?;
        let full = std::mem::replace(&mut self.file, file);
        self.segments.push(segment);
        self.before_last = Some((path.clone(), full.try_clone().at(&path)?));
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

    /// Second handles on what may not be durable yet, by which another thread can make it so.
    pub fn handles(&self) -> Result<Vec<(PathBuf, File)>, Failure> {
        let last = (self.last().path.as_path(), &self.file);
        let before = self.before_last.as_ref().map(|(path, file)| (path.as_path(), file));
        let open = before.into_iter().chain([last]);
        open.map(|(path, file)| Ok((path.to_owned(), file.try_clone().at(path)?))).collect()
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

fn create(folder: &Path, first: Sequence) -> Result<(Segment, File), Failure> {
    let path = folder.join(format!("{:020}.seg", first.0));
    let file = OpenOptions::new().create_new(true).append(true).open(&path).at(&path)?;
    Ok((Segment { first, path, end: 0, marks: Vec::new() }, file))
}

/// Walks the last segment; the next sequence number and the bytes that were cut.
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
    if a_later_group_follows(kind, &bytes[offset..], next) {
        return Err(corrupt(segment, offset, damage.reason()));
    }
    let file = OpenOptions::new().write(true).open(&segment.path).at(&segment.path)?;
    file.set_len(offset as u64).at(&segment.path)?;
    file.sync_all().at(&segment.path)?;
    segment.end = offset as u64;
    Ok((next, (bytes.len() - offset) as u64))
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
