//! Snapshots: a restart from one is the same as a replay of everything.

use std::fs;
use std::path::PathBuf;

use _engine::engine::Engine;
use _engine::failure::Failure;
use _engine::journal::frame::Kind;
use _engine::units::*;
use tempfile::TempDir;

use crate::commands::*;
use crate::journal::{OPTIONS, batches, feed, open_engine, segment, written};
use crate::venue::*;

fn snapshot_files(root: &TempDir) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(root.path().join("snapshots")).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The journal of [`batches`] with a snapshot after each of the given numbers of batches.
fn with_snapshots(after: &[usize]) -> TempDir {
    let root = TempDir::new().unwrap();
    let mut engine = open_engine(root.path());
    for (index, batch) in batches().iter().enumerate() {
        feed(&mut engine, batch, (index as u64 + 1) * SECOND);
        if after.contains(&(index + 1)) {
            engine.snapshot().unwrap();
        }
    }
    root
}

#[test]
fn snapshot_and_tail_give_the_same_state_as_full_replay() {
    let whole = TempDir::new().unwrap();
    let (digests, _) = written(whole.path());
    for after in 1..=batches().len() {
        let root = with_snapshots(&[after]);
        let mut engine = open_engine(root.path());
        assert!(engine.recovery().snapshot.is_some());
        assert_eq!(engine.recovery().frames_replayed as usize, batches().len() - after);
        assert_eq!(engine.state().digest(), digests[digests.len() - 1]);
        let copy = TempDir::new().unwrap();
        fs::create_dir(copy.path().join("inputs")).unwrap();
        fs::copy(segment(whole.path(), Kind::Inputs), segment(copy.path(), Kind::Inputs)).unwrap();
        let mut replayed = open_engine(copy.path());
        assert_eq!(replayed.recovery().snapshot, None);
        let sealed = |engine: &mut Engine| engine.apply_many(&[&seal()], Nanos(50 * SECOND)).unwrap();
        assert_eq!(sealed(&mut engine), sealed(&mut replayed), "trees and chains go on alike");
        let proof = engine.state().balance_proof(AccountId(3), AssetId(0));
        assert!(proof.is_some() && proof == replayed.state().balance_proof(AccountId(3), AssetId(0)));
    }
}

#[test]
fn first_in_first_out_and_client_ids_survive_a_snapshot() {
    let root = TempDir::new().unwrap();
    let mut engine = open_engine(root.path());
    feed(&mut engine, &opening(60), SECOND);
    for account in ACCOUNTS {
        feed(&mut engine, &limit(account, 8, SELL, 100, 3).record(), SECOND);
    }
    feed(&mut engine, &cancel(4, 2), SECOND);
    feed(&mut engine, &limit(4, 9, SELL, 100, 3).record(), SECOND);
    engine.snapshot().unwrap();
    drop(engine);
    let mut engine = open_engine(root.path());
    assert_eq!(engine.recovery().frames_replayed, 0);
    let reused = events_of(&feed(&mut engine, &limit(5, 8, SELL, 100, 3).record(), SECOND));
    assert_eq!((reused[0].code(), reused[0].u64_at(8)), (7, 3));
    let events = events_of(&feed(&mut engine, &limit(6, 10, BUY, 100, 12).record(), SECOND));
    let makers: Vec<u64> =
        events.iter().filter(|event| event.kind == 3).map(|trade| trade.u64_at(16)).collect();
    assert_eq!(makers, [1, 3, 4, 5]);
}

#[test]
fn two_snapshots_are_kept_and_a_damaged_newest_falls_back_to_the_older() {
    let whole = TempDir::new().unwrap();
    let (digests, _) = written(whole.path());
    let root = with_snapshots(&[2, 5, 9]);
    let files = snapshot_files(&root);
    assert_eq!(files.len(), 2);
    let length = fs::metadata(&files[1]).unwrap().len() as usize;
    for at in (0..length).step_by(211).chain([length - 1]) {
        let sound = fs::read(&files[1]).unwrap();
        let mut damaged = sound.clone();
        damaged[at] ^= 1;
        fs::write(&files[1], damaged).unwrap();
        let engine = open_engine(root.path());
        assert_eq!(engine.recovery().damaged_snapshots, [files[1].clone()], "byte {at}");
        assert_eq!(engine.recovery().frames_replayed as usize, batches().len() - 5);
        assert_eq!(engine.state().digest(), digests[digests.len() - 1]);
        drop(engine);
        fs::write(&files[1], sound).unwrap();
    }
}

#[test]
fn an_unfinished_snapshot_is_no_snapshot() {
    let root = with_snapshots(&[4]);
    let file = &snapshot_files(&root)[0];
    fs::rename(file, file.with_file_name("unfinished")).unwrap();
    let mut engine = open_engine(root.path());
    assert_eq!(engine.recovery().snapshot, None);
    engine.snapshot().unwrap();
    assert_eq!(snapshot_files(&root).len(), 1);
}

#[test]
fn snapshots_come_by_themselves_and_bound_the_replay() {
    let root = TempDir::new().unwrap();
    let options = _engine::engine::Options { snapshot_every_records: 50, ..OPTIONS };
    let mut engine = Engine::open(root.path(), options).unwrap();
    feed(&mut engine, &opening(60), SECOND);
    for client_id in 1..400 {
        feed(&mut engine, &limit(3, client_id, BUY, 10, 1).record(), SECOND);
        engine.finish().unwrap();
    }
    let digest = engine.state().digest();
    drop(engine);
    let engine = Engine::open(root.path(), options).unwrap();
    assert!(engine.recovery().records_replayed < 50, "{:?}", engine.recovery());
    assert_eq!(engine.state().digest(), digest);
    assert_eq!(engine.snapshot_failure(), None);
}

#[test]
fn a_snapshot_beyond_the_inputs_says_that_inputs_are_missing() {
    let root = with_snapshots(&[12]);
    let inputs = segment(root.path(), Kind::Inputs);
    let length = fs::metadata(&inputs).unwrap().len();
    fs::OpenOptions::new().write(true).open(&inputs).unwrap().set_len(length - 1).unwrap();
    fs::remove_file(segment(root.path(), Kind::Outputs)).unwrap();
    match Engine::open(root.path(), OPTIONS).map(|_| ()) {
        Err(Failure::Corrupt { reason, .. }) => assert!(reason.contains("snapshot"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn lost_outputs_are_regenerated_from_before_the_snapshot() {
    let root = with_snapshots(&[9]);
    fs::remove_file(segment(root.path(), Kind::Outputs)).unwrap();
    let engine = open_engine(root.path());
    assert_eq!(engine.recovery().snapshot, None);
    assert_eq!(engine.recovery().output_frames_regenerated as usize, batches().len());
}

#[test]
fn a_damaged_snapshot_is_reported_and_not_built_upon() {
    let root = TempDir::new().unwrap();
    let options = _engine::engine::Options { snapshot_every_records: 10, ..OPTIONS };
    let mut engine = Engine::open(root.path(), options).unwrap();
    feed(&mut engine, &opening(60), SECOND);
    engine.finish().unwrap();
    let first = snapshot_files(&root).remove(0);
    let mut bytes = fs::read(&first).unwrap();
    bytes[70] ^= 1;
    fs::write(&first, bytes).unwrap();
    let mut fill = |from: u64| {
        for client_id in from..from + 10 {
            feed(&mut engine, &limit(3, client_id, BUY, 10, 1).record(), SECOND);
        }
        engine.finish()
    };
    assert!(matches!(fill(1), Err(Failure::Corrupt { path, .. }) if path == first));
    fill(11).unwrap();
    let digest = engine.state().digest();
    drop(engine);
    let engine = Engine::open(root.path(), options).unwrap();
    assert!(engine.recovery().records_replayed < 12, "{:?}", engine.recovery());
    assert_eq!(engine.state().digest(), digest);
}
