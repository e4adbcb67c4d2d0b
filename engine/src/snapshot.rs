//! Snapshots: the canonical encoding of a state in a file, so that a restart replays only what came after it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use crate::command::Body;
use crate::event::Record;
use crate::failure::{AtPath, Failure};
use crate::journal::{ensure_folder, sync_folder};
use crate::keccak::keccak256;
use crate::state::State;
use crate::units::{Hash, Sequence};

const MAGIC: &[u8; 4] = b"S3SN";
const VERSION: u16 = 1;
const HEADER: usize = 56;
const KEPT: usize = 2;

/// What a restart could start from.
pub struct Restored {
    /// The state of the newest sound snapshot, or genesis.
    pub state: State,
    /// Whether it came from a snapshot.
    pub from_snapshot: bool,
    /// Newer snapshots that are damaged.
    pub damaged: Vec<PathBuf>,
}

/// The folder of snapshots.
#[derive(Debug)]
pub struct Snapshots {
    folder: PathBuf,
    writing: Option<JoinHandle<Result<(), Failure>>>,
    /// The sequence number of the last snapshot begun or restored.
    last: Sequence,
}

impl Snapshots {
    /// Opens the folder under `root`.
    pub fn open(root: &Path) -> Result<Snapshots, Failure> {
        let folder = root.join("snapshots");
        ensure_folder(&folder)?;
        Ok(Snapshots { folder, writing: None, last: Sequence(0) })
    }

    /// The newest sound snapshot at or before `limit`.
    pub fn restore(&mut self, limit: Sequence) -> Result<Restored, Failure> {
        let mut damaged = Vec::new();
        for (sequence, path) in
            list(&self.folder)?.into_iter().rev().filter(|(sequence, _)| *sequence <= limit)
        {
            let bytes = fs::read(&path).at(&path)?;
            if let Some(state) = read(&bytes).filter(|state| state.sequence() == sequence) {
                self.last = sequence;
                return Ok(Restored { state, from_snapshot: true, damaged });
            }
            damaged.push(path);
        }
        Ok(Restored { state: State::genesis(), from_snapshot: false, damaged })
    }

    /// The newest snapshot's sequence number and file, sound or not.
    pub fn newest(&self) -> Result<Option<(Sequence, PathBuf)>, Failure> {
        Ok(list(&self.folder)?.pop())
    }

    /// Whether `every` commands have come since the last snapshot and none is being written.
    pub fn is_due(&self, sequence: Sequence, every: u64) -> bool {
        let idle = self.writing.as_ref().is_none_or(JoinHandle::is_finished);
        idle && sequence.0 - self.last.0 >= every
    }

    /// Starts writing a snapshot in a thread of its own, after making the streams that it sums up durable.
    ///
    /// # Errors
    /// What the snapshot before this one failed with.
    pub fn begin(&mut self, state: &State, streams: Vec<(PathBuf, File)>) -> Result<(), Failure> {
        let before = self.wait();
        let (folder, sequence, body) = (self.folder.clone(), state.sequence(), state.encode());
        self.last = sequence;
        self.writing = Some(std::thread::spawn(move || {
            for (path, stream) in streams {
                stream.sync_data().at(&path)?;
            }
            write(&folder, sequence, &body)
        }));
        before
    }

    /// Waits for the snapshot that is being written.
    pub fn wait(&mut self) -> Result<(), Failure> {
        match self.writing.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => result,
            Some(Err(_)) => {
                Err(Failure::Defect { sequence: self.last.0, reason: "the snapshot writer panicked".into() })
            }
        }
    }
}

fn list(folder: &Path) -> Result<Vec<(Sequence, PathBuf)>, Failure> {
    let mut snapshots = Vec::new();
    for entry in fs::read_dir(folder).at(folder)? {
        let entry = entry.at(folder)?;
        let name = entry.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".snap")).filter(|stem| stem.len() == 20);
        if let Some(sequence) = stem.and_then(|stem| stem.parse().ok()) {
            snapshots.push((Sequence(sequence), entry.path()));
        }
    }
    snapshots.sort_unstable();
    Ok(snapshots)
}

fn read(bytes: &[u8]) -> Option<State> {
    let mut header = Body(bytes.get(..HEADER)?);
    let fixed: [u8; 8] = header.take()?;
    let sound = fixed[..4] == *MAGIC
        && fixed[4..6] == VERSION.to_le_bytes()
        && fixed[6..] == (HEADER as u16).to_le_bytes();
    let (sequence, length, hash): (u64, u64, Hash) = (header.u64()?, header.u64()?, header.hash()?);
    let body = &bytes[HEADER..];
    if !sound || body.len() as u64 != length || keccak256(body) != hash {
        return None;
    }
    State::decode(body).filter(|state| state.sequence().0 == sequence)
}

/// Writes under another name, makes it durable, then renames: a snapshot is there whole or not at all.
fn write(folder: &Path, sequence: Sequence, body: &[u8]) -> Result<(), Failure> {
    let path = folder.join(format!("{:020}.snap", sequence.0));
    let unfinished = folder.join("unfinished");
    let mut header = Vec::with_capacity(HEADER);
    let record = Record(&mut header).bytes(MAGIC).u16(VERSION).u16(HEADER as u16);
    record.u64(sequence.0).u64(body.len() as u64).hash(&keccak256(body));
    let mut file = File::create(&unfinished).at(&unfinished)?;
    file.write_all(&header).and_then(|()| file.write_all(body)).at(&unfinished)?;
    file.sync_all().at(&unfinished)?;
    fs::rename(&unfinished, &path).at(&path)?;
    sync_folder(folder)?;
    let snapshots = list(folder)?;
    for (_, old) in &snapshots[..snapshots.len().saturating_sub(KEPT)] {
        fs::remove_file(old).at(old)?;
    }
    Ok(())
}
