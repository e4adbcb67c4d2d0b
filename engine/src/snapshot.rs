//! Snapshots: the canonical encoding of a state in a file, so that a restart replays only what came after it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::decode::Body;
use crate::event::Record;
use crate::failure::{AtPath, Failure};
use crate::group::{apply_group, linked};
use crate::journal::reader::{Extent, Frames};
use crate::journal::{ensure_folder, sync_folder};
use crate::keccak::keccak256;
use crate::state::State;
use crate::units::{Hash, Sequence};

const MAGIC: &[u8; 4] = b"S3SN";
const VERSION: u16 = 1;
const HEADER: usize = 56;
const KEPT: usize = 2;
const BROUGHT_FORWARD_BYTES: u64 = 1 << 20;

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
    /// That of the last one known to be whole.
    sound: Sequence,
    /// Whether the last attempt failed.
    failed: bool,
}

impl Snapshots {
    /// Opens the folder under `root`.
    pub fn open(root: &Path) -> Result<Snapshots, Failure> {
        let folder = root.join("snapshots");
        ensure_folder(&folder)?;
        Ok(Snapshots { folder, writing: None, last: Sequence(0), sound: Sequence(0), failed: false })
    }

    /// The newest sound snapshot at or before `limit`.
    pub fn restore(&mut self, limit: Sequence) -> Result<Restored, Failure> {
        let mut damaged = Vec::new();
        for (sequence, path) in
            list(&self.folder)?.into_iter().rev().filter(|(sequence, _)| *sequence <= limit)
        {
            let bytes = fs::read(&path).at(&path)?;
            if let Some(state) = read(&bytes).filter(|state| state.sequence() == sequence) {
                (self.last, self.sound) = (sequence, sequence);
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

    /// Starts a snapshot of what `state` is now, in a thread of its own, after making the streams that it sums up durable.
    ///
    /// The thread does not read `state`, which goes on: it brings the last sound snapshot forward by the input frames since
    /// ([`Snapshots::sound`]) and compares the chains. So no command waits, and what is written was computed twice. When the
    /// snapshot before this one failed, the encoding is made here and now instead.
    ///
    /// # Errors
    /// What the snapshot before this one failed with.
    pub fn begin(
        &mut self,
        state: &State,
        streams: Vec<(PathBuf, Arc<File>)>,
        inputs: Vec<Extent>,
    ) -> Result<(), Failure> {
        let before = self.wait();
        let (folder, sequence) = (self.folder.clone(), state.sequence());
        let encoded = self.failed.then(|| state.encode());
        let chains = (state.input_hash(), state.output_hash());
        let base = self.sound;
        self.last = sequence;
        self.writing = Some(std::thread::spawn(move || {
            for (path, stream) in streams {
                stream.sync_data().at(&path)?;
            }
            let body = match encoded {
                Some(body) => body,
                None => brought_forward(&folder, base, inputs, sequence, chains)?.encode(),
            };
            write(&folder, sequence, &body)
        }));
        before
    }

    /// Writes a snapshot of `state` and waits until it is durable.
    pub fn write(&mut self, state: &State, streams: Vec<(PathBuf, Arc<File>)>) -> Result<(), Failure> {
        self.last = state.sequence();
        for (path, stream) in streams {
            stream.sync_data().at(&path)?;
        }
        write(&self.folder, self.last, &state.encode())?;
        (self.sound, self.failed) = (self.last, false);
        Ok(())
    }

    /// The last snapshot that was written or restored whole, 0 for genesis.
    pub fn sound(&self) -> Sequence {
        self.sound
    }

    /// Waits for the snapshot that is being written.
    pub fn wait(&mut self) -> Result<(), Failure> {
        match self.writing.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(result)) => {
                self.failed = result.is_err();
                if result.is_ok() {
                    self.sound = self.last;
                }
                result
            }
            Some(Err(_)) => {
                Err(Failure::Defect { sequence: self.last.0, reason: "the snapshot writer panicked".into() })
            }
        }
    }
}

/// The state at `sequence`, from the snapshot at `base` (genesis for 0) and the input frames after it.
fn brought_forward(
    folder: &Path,
    base: Sequence,
    inputs: Vec<Extent>,
    sequence: Sequence,
    chains: (Hash, Hash),
) -> Result<State, Failure> {
    let mut state = if base == Sequence(0) { State::genesis() } else { read_file(folder, base)? };
    let mut frames = Frames::of(inputs, base.next());
    while state.sequence() < sequence {
        let frames = frames.next_frames(BROUGHT_FORWARD_BYTES)?;
        let group = linked(&state, &frames)?;
        if group.is_empty() {
            break;
        }
        apply_group(&mut state, &group)?;
    }
    if (state.sequence(), state.input_hash(), state.output_hash()) == (sequence, chains.0, chains.1) {
        return Ok(state);
    }
    let reason = "a replay of the inputs gave another state than the one that runs".to_owned();
    Err(Failure::Defect { sequence: sequence.0, reason })
}

fn read_file(folder: &Path, sequence: Sequence) -> Result<State, Failure> {
    let path = path_of(folder, sequence);
    let bytes = fs::read(&path).at(&path)?;
    read(&bytes).filter(|state| state.sequence() == sequence).ok_or_else(|| {
        let reason = "the snapshot is damaged".to_owned();
        Failure::Corrupt { path, offset: 0, reason }
    })
}

fn path_of(folder: &Path, sequence: Sequence) -> PathBuf {
    folder.join(format!("{:020}.snap", sequence.0))
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
    let path = path_of(folder, sequence);
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
