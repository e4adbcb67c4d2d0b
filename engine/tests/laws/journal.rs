//! The journal on disk: torn tails, damage, locks, durability of what was acknowledged.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use _engine::engine::{Engine, Options};
use _engine::failure::Failure;
use _engine::journal::Durability;
use _engine::journal::frame::{HEADER, Kind};
use _engine::journal::reader::Frames;
use _engine::units::*;
use tempfile::TempDir;

use crate::commands::*;
use crate::venue::*;

pub const OPTIONS: Options =
    Options { durability: Durability::PageCache, segment_bytes: 64 << 20, snapshot_every_records: 0 };

pub fn open_engine(root: &Path) -> Engine {
    Engine::open(root, OPTIONS).expect("a sound journal")
}

pub fn feed(engine: &mut Engine, batch: &[u8], now: u64) -> Vec<u8> {
    engine.apply_many(&[batch], Nanos(now)).expect("applied").remove(0)
}

/// Twelve batches: trades, cancels, a withdrawal, nonsense and two seals.
pub fn batches() -> Vec<Vec<u8>> {
    vec![
        opening(60),
        limit(3, 1, SELL, 100, 10).record(),
        [limit(4, 1, BUY, 101, 4).record(), limit(5, 1, BUY, 90, 2).record()].concat(),
        seal(),
        cancel(5, 3),
        b"nonsense".to_vec(),
        withdraw(6, QUOTE, 1, 900),
        limit(3, 2, SELL, 99, 3).record(),
        limit(6, 2, BUY, 99, 1).record(),
        seal(),
        limit(6, 3, BUY, 98, 5).record(),
        limit(5, 4, BUY, 98, 7).record(),
    ]
}

/// A journal of `batches`, its digest after each prefix, and the length of the input stream after each.
pub fn written(root: &Path) -> (Vec<Hash>, Vec<u64>) {
    let mut engine = open_engine(root);
    let (mut digests, mut lengths) = (vec![engine.state().digest()], vec![0]);
    for (batch, number) in batches().iter().zip(1..) {
        feed(&mut engine, batch, number * SECOND);
        digests.push(engine.state().digest());
        lengths.push(input_end(&engine));
    }
    (digests, lengths)
}

/// Where the input stream's frames end; the file may be longer while an engine has it open.
fn input_end(engine: &Engine) -> u64 {
    engine.extents(Kind::Inputs, Sequence(1), u64::MAX).last().unwrap().end
}

pub fn segment(root: &Path, kind: Kind) -> PathBuf {
    root.join(kind.folder()).join("00000000000000000001.seg")
}

fn copy(from: &Path) -> TempDir {
    let to = TempDir::new().unwrap();
    for kind in [Kind::Inputs, Kind::Outputs] {
        fs::create_dir(to.path().join(kind.folder())).unwrap();
        fs::copy(segment(from, kind), segment(to.path(), kind)).unwrap();
    }
    to
}

/// Room behind the frames, as a killed process leaves it.
const ROOM: u64 = 1 << 16;

/// What recovery says it cut: everything up to the last byte that is not zero.
fn torn(bytes: &[u8]) -> u64 {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
}

fn cut_file(path: &Path, length: u64) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

fn change_byte(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 0x40;
    fs::write(path, bytes).unwrap();
}

#[test]
fn an_input_stream_cut_at_any_byte_of_its_last_frames_keeps_every_whole_frame() {
    let root = TempDir::new().unwrap();
    let (digests, lengths) = written(root.path());
    let end = lengths[lengths.len() - 1];
    let inputs = fs::read(segment(root.path(), Kind::Inputs)).unwrap();
    for (cut, room) in (lengths[lengths.len() - 3]..end).flat_map(|cut| [(cut, false), (cut, true)]) {
        let copy = copy(root.path());
        cut_file(&segment(copy.path(), Kind::Inputs), cut);
        if room {
            cut_file(&segment(copy.path(), Kind::Inputs), end + ROOM); // zeros behind what was written
        }
        fs::remove_file(segment(copy.path(), Kind::Outputs)).unwrap();
        let whole = lengths.iter().rposition(|length| *length <= cut).unwrap();
        let mut engine = open_engine(copy.path());
        assert_eq!(engine.state().digest(), digests[whole], "cut at {cut}");
        assert_eq!(engine.recovery().torn_input_bytes, torn(&inputs[lengths[whole] as usize..cut as usize]));
        assert_eq!(engine.recovery().output_frames_regenerated, whole as u64);
        for (batch, number) in batches().iter().zip(1..).skip(whole) {
            feed(&mut engine, batch, number * SECOND);
        }
        assert_eq!(engine.state().digest(), digests[digests.len() - 1], "the rest applied once");
    }
}

#[test]
fn an_output_stream_cut_at_any_byte_of_its_last_frames_is_regenerated() {
    let root = TempDir::new().unwrap();
    written(root.path());
    let outputs = fs::read(segment(root.path(), Kind::Outputs)).unwrap();
    let cuts = (outputs.len() - 260..outputs.len()).chain([0]);
    for (cut, room) in cuts.flat_map(|cut| [(cut, false), (cut, true)]) {
        let copy = copy(root.path());
        cut_file(&segment(copy.path(), Kind::Outputs), cut as u64);
        if room {
            cut_file(&segment(copy.path(), Kind::Outputs), outputs.len() as u64 + ROOM);
        }
        drop(open_engine(copy.path()));
        assert_eq!(fs::read(segment(copy.path(), Kind::Outputs)).unwrap().len(), outputs.len());
        let reopened = open_engine(copy.path());
        assert_eq!(reopened.recovery().output_frames_regenerated, 0, "what was regenerated compares equal");
        assert_eq!(frames(&reopened, Kind::Outputs).len(), batches().len());
    }
}

#[test]
fn a_group_whose_first_byte_did_not_come_is_cut_whole() {
    let root = TempDir::new().unwrap();
    let (digests, lengths) = written(root.path());
    let path = segment(root.path(), Kind::Inputs);
    let last = lengths[lengths.len() - 2];
    let mut bytes = fs::read(&path).unwrap();
    bytes[last as usize] = 0;
    fs::write(&path, &bytes).unwrap();
    fs::remove_file(segment(root.path(), Kind::Outputs)).unwrap();
    let engine = open_engine(root.path());
    assert_eq!(engine.state().digest(), digests[digests.len() - 2]);
    assert_eq!(engine.recovery().torn_input_bytes, torn(&bytes[last as usize..]));
}

#[test]
fn a_zero_where_a_frame_began_is_damage_when_a_later_group_follows() {
    let root = TempDir::new().unwrap();
    let (_, lengths) = written(root.path());
    let path = segment(root.path(), Kind::Inputs);
    let mut bytes = fs::read(&path).unwrap();
    bytes[lengths[4] as usize] = 0;
    fs::write(&path, &bytes).unwrap();
    let Err(Failure::Corrupt { offset, .. }) = Engine::open(root.path(), OPTIONS).map(|_| ()) else {
        panic!("it is not passed over")
    };
    assert_eq!(offset, lengths[4]);
}

/// Places and cancels orders until the input stream's file has room behind its end: what comes next is copied.
fn feed_until_there_is_room(engine: &mut Engine, root: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut client = 1_000;
    while fs::metadata(segment(root, Kind::Inputs)).unwrap().len() == input_end(engine) {
        assert!(Instant::now() < deadline, "no room was reserved");
        client += 1;
        feed(engine, &limit(5, client, BUY, 1, 1).record(), SECOND);
    }
    for _ in 0..20 {
        client += 1;
        feed(engine, &limit(5, client, BUY, 1, 1).record(), SECOND);
    }
}

#[test]
fn a_killed_process_leaves_room_that_is_no_torn_tail_and_a_stopped_one_leaves_none() {
    let root = TempDir::new().unwrap();
    let mut engine = open_engine(root.path());
    feed(&mut engine, &opening(60), SECOND);
    feed_until_there_is_room(&mut engine, root.path());
    let (killed, digest, end) = (copy(root.path()), engine.state().digest(), input_end(&engine));
    assert!(fs::metadata(segment(killed.path(), Kind::Inputs)).unwrap().len() > end);
    let mut recovered = open_engine(killed.path());
    assert_eq!(recovered.state().digest(), digest);
    let recovery = recovered.recovery();
    assert_eq!((recovery.torn_input_bytes, recovery.torn_output_bytes), (0, 0));
    assert_eq!(recovery.output_frames_regenerated, 0);
    for engine in [&mut engine, &mut recovered] {
        feed(engine, &limit(5, 7, BUY, 2, 1).record(), 2 * SECOND);
    }
    drop((engine, recovered));
    for kind in [Kind::Inputs, Kind::Outputs] {
        let bytes = |root: &TempDir| fs::read(segment(root.path(), kind)).unwrap();
        assert!(bytes(&killed) == bytes(&root), "the same frames and nothing behind them");
    }
    let path = segment(root.path(), Kind::Inputs);
    assert!(fs::metadata(path).unwrap().len() > end);
}

#[test]
fn an_acknowledged_input_that_is_gone_is_not_passed_over_in_silence() {
    let root = TempDir::new().unwrap();
    let (_, lengths) = written(root.path());
    cut_file(&segment(root.path(), Kind::Inputs), lengths[9]);
    match Engine::open(root.path(), OPTIONS).map(|_| ()) {
        Err(Failure::Corrupt { path, offset, reason }) => {
            assert_eq!((path, offset), (segment(root.path(), Kind::Inputs), lengths[9]));
            assert!(reason.contains("inputs are missing"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_changed_byte_before_the_last_group_stops_with_file_and_offset() {
    let root = TempDir::new().unwrap();
    let (_, lengths) = written(root.path());
    for start in &lengths[..lengths.len() - 2] {
        let header_and_some = [0, 5, 9, 17, 33, 41, 44, 60, HEADER as u64, HEADER as u64 + 3];
        for at in header_and_some.map(|byte| start + byte) {
            let copy = copy(root.path());
            change_byte(&segment(copy.path(), Kind::Inputs), at as usize);
            fs::remove_file(segment(copy.path(), Kind::Outputs)).unwrap(); // the inputs alone must tell
            match Engine::open(copy.path(), OPTIONS).map(|_| ()) {
                Err(Failure::Corrupt { path, offset, .. }) => {
                    assert_eq!((path, offset), (segment(copy.path(), Kind::Inputs), *start), "byte {at}");
                }
                other => panic!("byte {at}: {other:?}"),
            }
        }
    }
}

#[test]
fn an_output_stream_with_other_events_is_a_mismatch_with_its_sequence() {
    let (root, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    written(root.path());
    let mut engine = open_engine(other.path());
    for (batch, number) in batches().iter().zip(1..) {
        let batch = if number == 8 { limit(3, 2, SELL, 99, 4).record() } else { batch.clone() };
        feed(&mut engine, &batch, number * SECOND);
    }
    let first = frames(&engine, Kind::Outputs)[7].0;
    drop(engine);
    fs::copy(segment(other.path(), Kind::Outputs), segment(root.path(), Kind::Outputs)).unwrap();
    match Engine::open(root.path(), OPTIONS).map(|_| ()) {
        Err(Failure::OutputMismatch { sequence, .. }) => assert_eq!(sequence, first),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_journal_is_open_once() {
    let root = TempDir::new().unwrap();
    let engine = open_engine(root.path());
    assert!(matches!(Engine::open(root.path(), OPTIONS).map(|_| ()), Err(Failure::Locked { .. })));
    drop(engine);
    open_engine(root.path());
}

fn frames(engine: &Engine, kind: Kind) -> Vec<(u64, u64, Vec<u8>)> {
    let mut reader = Frames::of(engine.extents(kind, Sequence(1), u64::MAX), Sequence(1));
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        frames.push((frame.header.first_sequence.0, frame.header.now.0, frame.payload));
    }
    frames
}

#[test]
fn segments_roll_and_every_frame_reads_back_from_any_sequence() {
    let root = TempDir::new().unwrap();
    let options = Options { segment_bytes: 500, ..OPTIONS };
    let mut engine = Engine::open(root.path(), options).unwrap();
    let all = batches();
    for (batch, number) in all.iter().zip(1..) {
        feed(&mut engine, batch, number * SECOND);
    }
    assert!(fs::read_dir(root.path().join("inputs")).unwrap().count() > 3);
    for reopened in [false, true] {
        if reopened {
            drop(engine);
            engine = Engine::open(root.path(), options).unwrap();
        }
        let read = frames(&engine, Kind::Inputs);
        assert_eq!(read.iter().map(|frame| frame.2.clone()).collect::<Vec<_>>(), all);
        for from in 1..=engine.state().sequence().0 {
            let extents = engine.extents(Kind::Inputs, Sequence(from), 0);
            let frame = Frames::of(extents, Sequence(from)).next_frame().unwrap().unwrap().header;
            assert!((frame.first_sequence.0..frame.next_sequence().unwrap().0).contains(&from));
        }
    }
}

#[test]
fn a_missing_segment_is_noticed() {
    let root = TempDir::new().unwrap();
    let options = Options { segment_bytes: 500, ..OPTIONS };
    let mut engine = Engine::open(root.path(), options).unwrap();
    batches().iter().for_each(|batch| drop(feed(&mut engine, batch, SECOND)));
    drop(engine);
    let mut paths: Vec<_> =
        fs::read_dir(root.path().join("inputs")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    fs::remove_file(&paths[1]).unwrap();
    assert!(matches!(Engine::open(root.path(), options).map(|_| ()), Err(Failure::Corrupt { .. })));
}

#[test]
fn a_group_is_as_good_as_its_batches_one_by_one() {
    let (one, many) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let options = Options { durability: Durability::Fdatasync, ..OPTIONS };
    let (mut single, mut grouped) = (open_engine(one.path()), Engine::open(many.path(), options).unwrap());
    let all = batches();
    let expected: Vec<Vec<u8>> = all.iter().map(|batch| feed(&mut single, batch, SECOND)).collect();
    let mut slices: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    slices.insert(4, &[]);
    let mut events = grouped.apply_many(&slices, Nanos(SECOND)).unwrap();
    assert!(events.remove(4).is_empty(), "an empty batch is nothing");
    assert_eq!(events, expected);
    assert_eq!(grouped.state().digest(), single.state().digest());
    assert_eq!(grouped.state().input_hash(), single.state().input_hash());
}

#[test]
fn a_torn_group_whose_later_frames_reached_the_disk_is_cut_whole() {
    let root = TempDir::new().unwrap();
    let mut engine = open_engine(root.path());
    feed(&mut engine, &opening(60), SECOND);
    let (digest, start) = (engine.state().digest(), input_end(&engine));
    let group = batches();
    engine.apply_many(&group[1..6].iter().map(Vec::as_slice).collect::<Vec<_>>(), Nanos(SECOND)).unwrap();
    drop(engine);
    // Power failed before the outputs, and before the first block of the group, reached the disk.
    fs::remove_file(segment(root.path(), Kind::Outputs)).unwrap();
    change_byte(&segment(root.path(), Kind::Inputs), start as usize + HEADER + 2);
    let engine = open_engine(root.path());
    assert_eq!(engine.state().digest(), digest);
    assert!(engine.recovery().torn_input_bytes > 0);
}

#[test]
fn evidence_that_looks_like_a_frame_does_not_disturb_a_torn_tail() {
    let root = TempDir::new().unwrap();
    let mut engine = open_engine(root.path());
    feed(&mut engine, &opening(60), SECOND);
    let frame = fs::read(segment(root.path(), Kind::Inputs)).unwrap();
    let digest = engine.state().digest();
    let lookalike = record(6, &[0; 16], &frame[..HEADER + 100]);
    feed(&mut engine, &lookalike, 2 * SECOND);
    drop(engine);
    fs::remove_file(segment(root.path(), Kind::Outputs)).unwrap();
    let length = fs::metadata(segment(root.path(), Kind::Inputs)).unwrap().len();
    cut_file(&segment(root.path(), Kind::Inputs), length - 1);
    assert_eq!(open_engine(root.path()).state().digest(), digest);
}

#[test]
fn an_input_that_is_refused_or_nonsense_is_refused_again_on_restart() {
    let root = TempDir::new().unwrap();
    let mut engine = open_engine(root.path());
    feed(&mut engine, &opening(60), SECOND);
    for nonsense in
        [&[0xff; 300][..], &[0; 9], &[5], &record(5, &[0xff; 48], &[1; 1024]), &record(9, &[], &[])]
    {
        feed(&mut engine, nonsense, u64::MAX);
    }
    let digest = engine.state().digest();
    drop(engine);
    assert_eq!(open_engine(root.path()).state().digest(), digest);
}

#[test]
fn a_batch_above_the_limit_is_refused_and_the_engine_goes_on() {
    let root = TempDir::new().unwrap();
    let mut engine = open_engine(root.path());
    let huge = vec![0; (16 << 20) + 1];
    assert!(matches!(engine.apply_many(&[&huge], Nanos(1)), Err(Failure::BatchTooLarge { .. })));
    assert_eq!(engine.state().sequence(), Sequence(0));
    feed(&mut engine, &opening(60), SECOND);
}

#[test]
fn answers_before_their_hashes_leave_the_same_journal() {
    let (plain, early) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (mut whole, mut answering) = (open_engine(plain.path()), open_engine(early.path()));
    for (batch, number) in batches().iter().zip(1..) {
        let events = feed(&mut whole, batch, number * SECOND);
        assert_eq!(answering.answer(batch, Nanos(number * SECOND)).unwrap(), events);
        if number % 3 == 0 {
            answering.settle().unwrap();
            assert_eq!(answering.state().digest(), whole.state().digest());
        }
    }
    drop((whole, answering));
    for kind in [Kind::Inputs, Kind::Outputs] {
        let bytes = |root: &TempDir| fs::read(segment(root.path(), kind)).unwrap();
        assert_eq!(bytes(&early), bytes(&plain));
    }
}

#[test]
fn an_answer_that_was_not_settled_when_the_process_died_is_made_up() {
    let root = TempDir::new().unwrap();
    let mut engine = open_engine(root.path());
    feed(&mut engine, &opening(60), SECOND);
    let order = limit(3, 1, SELL, 100, 10).record();
    let events = engine.answer(&order, Nanos(2 * SECOND)).unwrap().to_vec();
    let died = copy(root.path());
    engine.settle().unwrap();
    let recovered = open_engine(died.path());
    assert_eq!(recovered.recovery().output_frames_regenerated, 1);
    assert_eq!(recovered.state().digest(), engine.state().digest());
    assert_eq!(frames(&recovered, Kind::Outputs).last().unwrap().2, events);
}
