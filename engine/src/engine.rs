//! The engine: the state machine behind its journal.
//!
//! A batch is appended to the input stream, and made as durable as was asked, before it is applied; its events are
//! returned after they are appended to the output stream. The first failure on this way halts the engine, so nothing is
//! acknowledged that a restart would not find.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::command::{KIND_SEAL, kind_of};
use crate::failure::Failure;
use crate::group::{Applied, apply_group, linked, run};
use crate::journal::frame::{Group, HEADER, Kind};
use crate::journal::reader::{Extent, Frame, Frames};
use crate::journal::stream::Stream;
use crate::journal::{Durability, ensure_folder, lock, sync_folder};
use crate::payload::payload_roots;
use crate::snapshot::{Restored, Snapshots};
use crate::state::{Link, State};
use crate::units::{Nanos, Sequence};

/// The longest batch that is taken.
pub const BATCH_BYTES_MAX: usize = 16 << 20;
/// Longer batches are hashed before they are answered.
const TRAILING_BYTES_MAX: usize = 64 << 10;
const REGENERATED_BYTES: usize = 1 << 20;
const REPLAYED_BYTES: u64 = 1 << 20;

/// How an engine keeps its journal.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What an acknowledged batch survives.
    pub durability: Durability,
    /// The length at which the next segment begins.
    pub segment_bytes: u64,
    /// Commands between two snapshots; 0 takes none.
    pub snapshot_every_records: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            durability: Durability::Fdatasync,
            segment_bytes: 64 << 20,
            snapshot_every_records: 1_000_000,
        }
    }
}

/// What opening a journal found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Recovery {
    /// The snapshot that replay began from.
    pub snapshot: Option<Sequence>,
    pub damaged_snapshots: Vec<PathBuf>,
    pub frames_replayed: u64,
    pub records_replayed: u64,
    pub torn_input_bytes: u64,
    pub torn_output_bytes: u64,
    pub output_frames_regenerated: u64,
}

/// What is left to do for the batch that was answered last: its two frames, and its link without a hash.
struct Trail {
    inputs: Group,
    outputs: Group,
    link: Option<Link>,
}

impl Trail {
    fn nothing() -> Trail {
        let empty = |kind| Group::starting_at(kind, Sequence(1));
        Trail { inputs: empty(Kind::Inputs), outputs: empty(Kind::Outputs), link: None }
    }
}

/// A state, its journal and its snapshots.
pub struct Engine {
    state: State,
    trail: Trail,
    inputs: Stream,
    outputs: Stream,
    snapshots: Snapshots,
    options: Options,
    recovery: Recovery,
    halted: Option<String>,
    snapshot_failure: Option<String>,
    _lock: File,
}

impl Engine {
    /// Opens the journal in `root`, creating it when there is none, and brings the state up to its end.
    pub fn open(root: &Path, options: Options) -> Result<Engine, Failure> {
        ensure_folder(root)?;
        let _lock = lock(root)?;
        let (inputs, torn_input_bytes) =
            Stream::open(Kind::Inputs, root, options.segment_bytes, options.durability)?;
        let (outputs, torn_output_bytes) =
            Stream::open(Kind::Outputs, root, options.segment_bytes, options.durability)?;
        let mut snapshots = Snapshots::open(root)?;
        if options.durability == Durability::Fdatasync {
            sync_names(root)?;
        }
        refuse_lost_inputs(&inputs, &outputs, &snapshots)?;
        let Restored { state, from_snapshot, damaged } = snapshots.restore(Sequence(outputs.next().0 - 1))?;
        let recovery = Recovery {
            snapshot: from_snapshot.then_some(state.sequence()),
            damaged_snapshots: damaged,
            torn_input_bytes,
            torn_output_bytes,
            ..Recovery::default()
        };
        let (halted, snapshot_failure) = (None, None);
        let trail = Trail::nothing();
        let mut engine = Engine {
            state,
            trail,
            inputs,
            outputs,
            snapshots,
            options,
            recovery,
            halted,
            snapshot_failure,
            _lock,
        };
        engine.replay()?;
        Ok(engine)
    }

    /// Applies the input frames after the state's, several at once, and compares or writes their outputs.
    fn replay(&mut self) -> Result<(), Failure> {
        let from = self.state.sequence().next();
        let mut inputs = Frames::of(self.inputs.extents(from, u64::MAX), from);
        let mut outputs = Frames::of(self.outputs.extents(from, u64::MAX), from);
        let mut missing = Group::starting_at(Kind::Outputs, self.outputs.next());
        loop {
            let frames = inputs.next_frames(REPLAYED_BYTES)?;
            if frames.is_empty() {
                return self.write_missing(&mut missing, 1);
            }
            let group = linked(&self.state, &frames)?;
            for applied in apply_group(&mut self.state, &group)? {
                let Applied { link, previous, events } = &applied;
                if link.first_sequence < self.outputs.next() {
                    compare(outputs.next_frame()?, &applied, &self.outputs)?;
                } else {
                    missing.push(link.record_count, link.now, *previous, events);
                    self.recovery.output_frames_regenerated += 1;
                    self.write_missing(&mut missing, REGENERATED_BYTES)?;
                }
                self.recovery.frames_replayed += 1;
                self.recovery.records_replayed += u64::from(link.record_count);
            }
        }
    }

    fn write_missing(&mut self, missing: &mut Group, at_least: usize) -> Result<(), Failure> {
        if missing.bytes.len() >= at_least {
            let next = missing.next;
            self.outputs.append(
                &std::mem::replace(missing, Group::starting_at(Kind::Outputs, next)),
                Durability::PageCache,
            )?;
        }
        Ok(())
    }

    /// Journals and applies one batch, and returns its events before its hashes are made and its output frame is written: what
    /// an acknowledgement needs is done. The rest is left to [`Engine::settle`], which every other method of an engine that
    /// changes it calls first; after a kill in between, recovery makes it up, for it follows from the input stream.
    pub fn answer(&mut self, batch: &[u8], now: Nanos) -> Result<&[u8], Failure> {
        self.settle()?;
        self.refuse_when_halted()?;
        if batch.is_empty() || batch.len() > TRAILING_BYTES_MAX || kind_of(batch) == KIND_SEAL {
            let events = self.apply_many(&[batch], now)?.remove(0);
            self.trail.outputs.bytes = [&[0; HEADER], events.as_slice()].concat();
            return Ok(self.trail.outputs.only_payload());
        }
        if let Err(failure) = self.journal_and_run(batch, now) {
            self.halted = Some(failure.to_string());
            return Err(failure);
        }
        Ok(self.trail.outputs.only_payload())
    }

    fn journal_and_run(&mut self, batch: &[u8], now: Nanos) -> Result<(), Failure> {
        let Trail { inputs, outputs, link } = &mut self.trail;
        let state = &mut self.state;
        inputs.clear(self.inputs.next());
        outputs.clear(self.outputs.next());
        let place = Link::unhashed(batch, state.sequence().next(), now.max(state.now()), state.input_hash());
        inputs.push(place.record_count, place.now, place.previous, batch);
        self.inputs.append(inputs, self.options.durability)?;
        outputs.open_with(|bytes| run(state, &place, batch, bytes))?;
        *link = Some(place);
        Ok(())
    }

    /// Hashes the batch that was answered last, and writes its output frame.
    pub fn settle(&mut self) -> Result<(), Failure> {
        let Some(link) = self.trail.link.take() else { return Ok(()) };
        let Trail { inputs, outputs, .. } = &mut self.trail;
        outputs.close(0, link.record_count, link.now, self.state.output_chain());
        let (batch, events) = (inputs.only_payload(), outputs.only_payload());
        self.state.chain(&link, batch, events);
        let written = self.outputs.append(outputs, Durability::PageCache);
        if let Err(failure) = &written {
            self.halted = Some(failure.to_string());
        }
        self.snapshot_when_due();
        written
    }

    /// Journals and applies batches, each a frame of its own, all of them one group; the events of each.
    pub fn apply_many(&mut self, batches: &[&[u8]], now: Nanos) -> Result<Vec<Vec<u8>>, Failure> {
        self.settle()?;
        self.refuse_when_halted()?;
        if let Some(bytes) = batches.iter().map(|batch| batch.len()).find(|bytes| *bytes > BATCH_BYTES_MAX) {
            return Err(Failure::BatchTooLarge { bytes, limit: BATCH_BYTES_MAX });
        }
        if batches.iter().all(|batch| batch.is_empty()) {
            return Ok(vec![Vec::new(); batches.len()]);
        }
        let events = self.journal_and_apply(batches, now);
        if let Err(failure) = &events {
            self.halted = Some(failure.to_string());
        }
        self.snapshot_when_due();
        events
    }

    fn journal_and_apply(&mut self, batches: &[&[u8]], now: Nanos) -> Result<Vec<Vec<u8>>, Failure> {
        let group = self.journal(batches, now)?;
        let mut applied = apply_group(&mut self.state, &group)?.into_iter();
        let mut outputs = Group::starting_at(Kind::Outputs, self.outputs.next());
        let mut all_events = Vec::with_capacity(batches.len());
        for batch in batches {
            let next = if batch.is_empty() { None } else { applied.next() };
            all_events.push(next.map_or_else(Vec::new, |Applied { link, previous, events }| {
                outputs.push(link.record_count, link.now, previous, &events);
                events
            }));
        }
        self.outputs.append(&outputs, Durability::PageCache)?;
        Ok(all_events)
    }

    /// Appends the batches that are not empty to the input stream; each with its link.
    fn journal<'a>(&mut self, batches: &[&'a [u8]], now: Nanos) -> Result<Vec<(Link, &'a [u8])>, Failure> {
        let batches: Vec<&[u8]> = batches.iter().copied().filter(|batch| !batch.is_empty()).collect();
        let mut group = Group::starting_at(Kind::Inputs, self.inputs.next());
        group.bytes.reserve(batches.iter().map(|batch| batch.len() + HEADER).sum());
        let (now, mut previous) = (now.max(self.state.now()), self.state.input_hash());
        let mut linked = Vec::with_capacity(batches.len());
        for (batch, root) in batches.iter().zip(payload_roots(&batches)) {
            let link = Link::of(batch, &root, group.next, now, previous);
            group.push(link.record_count, link.now, link.previous, batch);
            previous = link.hash;
            linked.push((link, *batch));
        }
        self.inputs.append(&group, self.options.durability)?;
        Ok(linked)
    }

    fn refuse_when_halted(&self) -> Result<(), Failure> {
        match &self.halted {
            Some(reason) => Err(Failure::Halted { reason: reason.clone() }),
            None => Ok(()),
        }
    }

    fn snapshot_when_due(&mut self) {
        let every = self.options.snapshot_every_records;
        if self.halted.is_none() && every > 0 && self.snapshots.is_due(self.state.sequence(), every) {
            // The batch is acknowledged whether or not a snapshot succeeds: without one a restart only replays more.
            let inputs = self.inputs.extents(self.snapshots.sound().next(), u64::MAX);
            let begun = self.snapshots.begin(&self.state, self.streams(), inputs);
            self.snapshot_failure = begun.err().map(|failure| failure.to_string());
        }
    }

    fn streams(&self) -> Vec<(PathBuf, Arc<File>)> {
        [self.inputs.handles(), self.outputs.handles()].concat()
    }

    /// Takes a snapshot now and waits until it is durable; its sequence number.
    pub fn snapshot(&mut self) -> Result<Sequence, Failure> {
        self.settle()?;
        self.refuse_when_halted()?;
        self.snapshots.wait()?;
        self.snapshots.write(&self.state, self.streams())?;
        Ok(self.state.sequence())
    }

    /// Settles, and waits for the snapshot that is being written.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.settle()?;
        self.snapshots.wait()
    }

    /// Where to read a stream's frames from the one that holds `from`.
    pub fn extents(&self, kind: Kind, from: Sequence, bytes: u64) -> Vec<Extent> {
        match kind {
            Kind::Inputs => self.inputs.extents(from, bytes),
            Kind::Outputs => self.outputs.extents(from, bytes),
        }
    }

    /// The state.
    ///
    /// # Panics
    /// Between [`Engine::answer`] and [`Engine::settle`].
    pub fn state(&self) -> &State {
        assert!(self.trail.link.is_none(), "an answered batch is settled before the state is looked at");
        &self.state
    }

    /// What opening found and did.
    pub fn recovery(&self) -> &Recovery {
        &self.recovery
    }

    /// Why the engine takes no more work.
    pub fn halted(&self) -> Option<&str> {
        self.halted.as_deref()
    }

    /// Why the last automatic snapshot could not be taken.
    pub fn snapshot_failure(&self) -> Option<&str> {
        self.snapshot_failure.as_deref()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // The lock must not be free while a snapshot is still being written.
        drop(self.settle());
        drop(self.snapshots.wait());
    }
}

/// What was acknowledged, or summed up in a snapshot, was in the input stream: if it is not there now, it was lost.
fn refuse_lost_inputs(inputs: &Stream, outputs: &Stream, snapshots: &Snapshots) -> Result<(), Failure> {
    let (path, offset) = inputs.end();
    let lost = |reason: String| Err(Failure::Corrupt { path: path.to_path_buf(), offset, reason });
    if outputs.next() > inputs.next() {
        return lost(format!(
            "inputs are missing: the output stream goes on to sequence {}",
            outputs.next().0 - 1
        ));
    }
    match snapshots.newest()? {
        Some((sequence, _)) if sequence >= inputs.next() => {
            lost(format!("inputs are missing: there is a snapshot at sequence {sequence}"))
        }
        _ => Ok(()),
    }
}

/// Makes the names of the journal's folders, and of the journal itself, durable.
fn sync_names(root: &Path) -> Result<(), Failure> {
    sync_folder(root)?;
    match root.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => Ok(()),
    }
}

fn compare(output: Option<Frame>, applied: &Applied, stream: &Stream) -> Result<(), Failure> {
    let Applied { link, previous, events } = applied;
    let sequence = link.first_sequence.0;
    let Some(Frame { header, payload, path, offset }) = output else {
        let (path, offset) = stream.end();
        return Err(Failure::OutputMismatch { path: path.to_path_buf(), offset, sequence });
    };
    let same = (header.first_sequence, header.record_count, header.now, header.previous)
        == (link.first_sequence, link.record_count, link.now, *previous);
    if same && payload == *events { Ok(()) } else { Err(Failure::OutputMismatch { path, offset, sequence }) }
}
