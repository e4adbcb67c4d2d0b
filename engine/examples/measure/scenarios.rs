//! What is measured, and under which names and conditions.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use _engine::engine::Engine;
use _engine::journal::Durability;
use _engine::plain_book::Book;
use _engine::units::*;

use crate::latency::{Latencies, Served, open_loop};
use crate::layers::{self, Bare, Pace, Records, options};
use crate::report::{Report, median, memory as process_memory};
use crate::wire::{CLOSED_LOOP_NANOS, Encoder, START, opening, seal};
use crate::workload::{self, Action, Flow, Kind, MIXES, Maker, Mix, TradesHash, flow, run_all};

const SEED: u64 = 2026;
const BATCH: usize = 200;
/// Batches of one group commit.
const TOGETHER: usize = 64;
const SIGNATURE: usize = 65;
const RATE: u64 = 250_000;

/// A folder that is empty now.
fn fresh(folder: &Path, name: &str) -> PathBuf {
    let folder = folder.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("a folder of this program");
    }
    folder
}

fn standard() -> Mix {
    workload::mix("standard").expect("the first mix")
}

fn described(mix: &Mix) -> String {
    let Mix { takes, modifies, resting, swing, .. } = mix;
    let share = (100 - takes - modifies) / 2;
    format!(
        "{share} % places, {share} % cancels, {takes} % immediate, {modifies} % modifies, {resting} resting orders, {} accounts, price swings by {swing} ticks of {}",
        workload::ACCOUNTS,
        workload::PAR
    )
}

/// Every layer, mix and latency.
pub fn all(messages: usize, rounds: usize, folder: &Path) {
    let mut report = Report::default();
    throughput(&mut report, messages, rounds, folder);
    mixes(&mut report, messages / 2, rounds);
    flash(&mut report);
    latencies(&mut report, messages / 2, rounds, folder);
    report.add(
        "engine.peak_memory_mb",
        process_memory("VmHWM") as f64 / 1e6,
        "MB",
        "this whole run, flows in memory included",
    );
    report.print();
}

/// One layer, five times: the least processor time of a message.
pub fn one(layer: &str, mix: &str, messages: usize, folder: &Path) {
    let mut report = Report::default();
    let flow = flow(workload::mix(mix).expect("one of the mixes"), messages, SEED);
    let records = Records::of(&flow, 0, CLOSED_LOOP_NANOS, BATCH);
    let cached = Durability::PageCache;
    let pace = || match layer {
        "matching" => layers::matching(&flow).0,
        "risk" => layers::risk(&records),
        "journal" => layers::journal(&records, &fresh(folder, "one"), cached, 8),
        "full" => layers::full(&records, &fresh(folder, "one"), options(cached, 0), 8, 500_000),
        _ => panic!("matching, risk, journal or full"),
    };
    let per_message = |pace: Pace| pace.on_processor.as_nanos() as f64 / pace.messages as f64;
    let least = (0..5).map(|_| per_message(pace())).fold(f64::INFINITY, f64::min);
    report.add(layer, least, "ns", mix);
    report.print();
}

type Layer<'a> = (&'static str, String, Box<dyn Fn() -> Pace + 'a>);

fn throughput(report: &mut Report, messages: usize, rounds: usize, folder: &Path) {
    let flow = flow(standard(), messages, SEED);
    let plain = Records::of(&flow, 0, CLOSED_LOOP_NANOS, BATCH);
    let signed = Records::of(&flow, SIGNATURE, CLOSED_LOOP_NANOS, BATCH);
    let mix = described(&standard());
    let cached = Durability::PageCache;
    let layers: Vec<Layer> = vec![
        ("engine.matching", format!("plain book, {mix}"), Box::new(|| layers::matching(&flow).0)),
        (
            "engine.risk",
            format!("state machine, batches of {BATCH}, {mix}"),
            Box::new(|| layers::risk(&plain)),
        ),
        (
            "engine.risk_signed",
            format!("with {SIGNATURE} bytes of evidence, batches of {BATCH}, {mix}"),
            Box::new(|| layers::risk(&signed)),
        ),
        (
            "engine.journal_page_cache",
            format!("page cache, no hashes, groups of 8 x {BATCH}"),
            Box::new(|| layers::journal(&plain, &fresh(folder, "cached"), cached, 8)),
        ),
        (
            "engine.journal_fdatasync",
            format!("one fdatasync for {TOGETHER} x {BATCH} messages, no hashes"),
            Box::new(|| layers::journal(&plain, &fresh(folder, "synced"), Durability::Fdatasync, TOGETHER)),
        ),
        (
            "engine.full",
            format!(
                "page cache, hash chains, a sealed block each 500,000, a snapshot each 1,000,000, groups of 8 x {BATCH}"
            ),
            Box::new(|| layers::full(&plain, &fresh(folder, "full"), options(cached, 1_000_000), 8, 500_000)),
        ),
        (
            "engine.full_signed",
            format!("as engine.full with {SIGNATURE} bytes of evidence on every message"),
            Box::new(|| {
                layers::full(&signed, &fresh(folder, "signed"), options(cached, 1_000_000), 8, 500_000)
            }),
        ),
        (
            "engine.full_fdatasync",
            format!("as engine.full, one fdatasync for {TOGETHER} x {BATCH} messages"),
            Box::new(|| {
                layers::full(
                    &plain,
                    &fresh(folder, "durable"),
                    options(Durability::Fdatasync, 1_000_000),
                    TOGETHER,
                    500_000,
                )
            }),
        ),
    ];
    let mut figures = vec![Vec::new(); layers.len()];
    for round in 1..=rounds {
        for (at, (name, _, run)) in layers.iter().enumerate() {
            eprintln!("round {round}/{rounds}: {name}");
            figures[at].push(run());
        }
    }
    for ((name, conditions, _), figures) in layers.iter().zip(figures) {
        let conditions =
            format!("{conditions}; {messages} messages, closed loop, median of {rounds} interleaved rounds");
        report.add(
            &format!("{name}.msgs_per_s"),
            median(figures.iter().map(|pace| pace.per_second()).collect()),
            "1/s",
            &conditions,
        );
        let conditions =
            format!("as {name}.msgs_per_s, by the thread's own processor time: other work left out");
        let on_processor = figures.iter().map(|pace| pace.per_processor_second()).collect();
        report.add(&format!("{name}.msgs_per_cpu_s"), median(on_processor), "1/s", &conditions);
    }
}

fn mixes(report: &mut Report, messages: usize, rounds: usize) {
    for mix in MIXES {
        let flow = flow(mix, messages, SEED);
        let records = Records::of(&flow, 0, CLOSED_LOOP_NANOS, BATCH);
        layers::assert_same_book(&flow, &records);
        let (mut matching, mut risk) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            matching.push(layers::matching(&flow).0.per_second());
            risk.push(layers::risk(&records).per_second());
        }
        let (name, conditions) =
            (mix.name, format!("{}; {messages} messages, median of {rounds}", described(&mix)));
        report.add(&format!("engine.mix.{name}.matching.msgs_per_s"), median(matching), "1/s", &conditions);
        report.add(&format!("engine.mix.{name}.risk.msgs_per_s"), median(risk), "1/s", &conditions);
    }
}

fn flash(report: &mut Report) {
    let crash = workload::flash_crash(1_000_000, SEED);
    let (pace, tape) = layers::matching(&crash);
    let conditions =
        "1,000,000 resting orders over 40,000 levels a side; market sells of 100 lots eat every bid";
    report.add(
        "engine.flash_crash.matching.fills_per_s",
        tape.trades as f64 / pace.took.as_secs_f64(),
        "1/s",
        conditions,
    );
    let records = Records::of(&crash, 0, CLOSED_LOOP_NANOS, BATCH);
    let pace = layers::risk(&records);
    report.add(
        "engine.flash_crash.risk.fills_per_s",
        tape.trades as f64 / pace.took.as_secs_f64(),
        "1/s",
        conditions,
    );
}

fn latencies(report: &mut Report, messages: usize, rounds: usize, folder: &Path) {
    let flow = flow(standard(), messages, SEED);
    let records = Records::of(&flow, 0, 1_000_000_000 / RATE, 1);
    let signed = Records::of(&flow, SIGNATURE, 1_000_000_000 / RATE, 1);
    let mut runs: [Vec<Latencies>; 6] = Default::default();
    for round in 1..=rounds {
        eprintln!("round {round}/{rounds}: latency");
        runs[0].push(latency(&records, &mut Nothing));
        runs[1].push(latency(&records, &mut Busy));
        runs[2].push(latency(&records, &mut Bare::opened(&records)));
        runs[3].push(full_latency(&records, &fresh(folder, "latency"), Durability::PageCache));
        runs[4].push(full_latency(&signed, &fresh(folder, "latency"), Durability::PageCache));
        runs[5].push(full_latency(&records, &fresh(folder, "latency"), Durability::Fdatasync));
    }
    let layers = [
        ("engine.control", "nothing is done for a message: what machine and loop alone make of it; "),
        (
            "engine.control_busy",
            "each message spins for 0.7 us and for 1.3 us after its answer, as long as the full layer's middle message takes on an idle core: what the machine alone makes of that; ",
        ),
        ("engine.risk", ""),
        ("engine.full", ""),
        ("engine.full_signed", ""),
        ("engine.full_fdatasync", ""),
    ];
    for ((name, what), runs) in layers.iter().zip(runs) {
        let conditions = format!(
            "{what}open loop at {RATE}/s, single messages, whatever is due is one batch, {messages} messages, median of {rounds} runs"
        );
        for (quantile, share) in [("p50_us", 0.5), ("p99_us", 0.99), ("p999_us", 0.999), ("max_us", 1.0)] {
            let value = median(runs.iter().map(|run| run.quantile_us(share)).collect());
            report.add(&format!("{name}.{quantile}"), value, "us", &conditions);
        }
    }
}

/// What the machine and the loop cost: each message is answered by doing nothing.
struct Nothing;

impl Served for Nothing {
    fn answer(&mut self, batch: &[u8], _now: Nanos) {
        std::hint::black_box(batch);
    }
}

/// The same for work of one length, the full layer's: a message that waited for the machine must catch up as there.
struct Busy;

impl Busy {
    fn spin(nanos: u64) {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_nanos(nanos) {
            std::hint::spin_loop();
        }
    }
}

impl Served for Busy {
    fn answer(&mut self, _batch: &[u8], _now: Nanos) {
        Busy::spin(700);
    }
    fn settle(&mut self) {
        Busy::spin(1_300);
    }
}

impl Served for Bare {
    fn answer(&mut self, batch: &[u8], now: Nanos) {
        self.run(batch, now);
    }
}

impl Served for Engine {
    fn answer(&mut self, batch: &[u8], now: Nanos) {
        std::hint::black_box(Engine::answer(self, batch, now).expect("room"));
    }
    fn settle(&mut self) {
        Engine::settle(self).expect("room");
    }
}

fn latency(records: &Records, served: &mut impl Served) -> Latencies {
    let measured = &records.measured;
    open_loop(measured.bytes(), &measured.ranges(), RATE, records.begun, served)
}

fn full_latency(records: &Records, folder: &Path, durability: Durability) -> Latencies {
    latency(records, &mut layers::engine(records, folder, options(durability, 1_000_000)))
}

/// Latency of one layer in one run after the other, with processor time and the control beside it.
pub fn latency_of(layer: &str, messages: usize, runs: usize, folder: &Path) {
    let records = Records::of(&flow(standard(), messages, SEED), 0, 1_000_000_000 / RATE, 1);
    for _ in 0..runs {
        let (control, busy) = (latency(&records, &mut Nothing), latency(&records, &mut Busy));
        let found = match layer {
            "risk" => latency(&records, &mut Bare::opened(&records)),
            "full" => full_latency(&records, &fresh(folder, "latency"), Durability::PageCache),
            _ => panic!("risk or full"),
        };
        for (name, run) in [("control", control), ("busy control", busy), (layer, found)] {
            let at = |share| run.quantile_us(share);
            eprintln!(
                "{name}: p50 {:.2} p90 {:.2} p99 {:.2} p99.9 {:.1} max {:.0} us",
                at(0.5),
                at(0.9),
                at(0.99),
                at(0.999),
                at(1.0)
            );
        }
    }
}

/// Resident memory per resting order, client ids and look-up tables included.
pub fn memory(orders: u64) {
    let mut report = Report::default();
    let mut bare = Bare::opened(&Records::of(&Flow { filling: vec![], actions: vec![] }, 0, 1, 1));
    let mut random = workload::Random(SEED);
    let mut encoder = Encoder::new(0, 1);
    let before = process_memory("VmRSS");
    for first in (1..=orders).step_by(1_000) {
        let actions: Vec<Action> = (first..first + 1_000).map(|order| resting(order, &mut random)).collect();
        encoder.batches(&actions, BATCH).iter().for_each(|(batch, now)| bare.run(batch, now));
    }
    assert_eq!(bare.state.books().resting() as u64, orders.div_ceil(1_000) * 1_000, "every order rests");
    let used = process_memory("VmRSS") - before;
    let conditions =
        format!("resident memory of {orders} resting orders over 10,000 levels, client ids still taken");
    report.add("engine.bytes_per_resting_order", used as f64 / orders as f64, "B", &conditions);
    report.add("engine.resting_orders_mb", used as f64 / 1e6, "MB", &conditions);
    report.print();
}

fn resting(order: u64, random: &mut workload::Random) -> Action {
    let side = if order.is_multiple_of(2) { _engine::order::Side::Buy } else { _engine::order::Side::Sell };
    let away = 1 + random.below(5_000);
    let par = workload::PAR as u64;
    let ticks = if side == _engine::order::Side::Buy { par - away } else { par + away };
    let account = 3 + random.below(u64::from(workload::ACCOUNTS)) as u32;
    Action { kind: Kind::Place, side, account, order, ticks, lots: 1 + random.below(20) }
}

/// How long a restart replays a journal without snapshots.
pub fn recovery(messages: usize, folder: &Path) {
    let mut report = Report::default();
    let folder = fresh(folder, "recovery");
    let mut engine = Engine::open(&folder, options(Durability::PageCache, 0)).expect("an empty journal");
    engine.apply_many(&[&opening()], Nanos(START)).expect("room");
    let (mut maker, mut encoder) = (Maker::of(standard(), SEED), Encoder::new(0, CLOSED_LOOP_NANOS));
    let mut actions = maker.filling();
    let mut written = 0;
    while written < messages {
        let batches = encoder.batches(&actions, BATCH);
        let slices: Vec<(&[u8], Nanos)> = batches.iter().collect();
        for group in slices.chunks(8) {
            let bytes: Vec<&[u8]> = group.iter().map(|(batch, _)| *batch).collect();
            engine.apply_many(&bytes, group[group.len() - 1].1).expect("room");
        }
        written += batches.records;
        eprintln!("recovery: {written} of {messages} written");
        actions = maker.actions(200_000.min(messages));
    }
    engine.apply_many(&[&seal()], Nanos(encoder.now)).expect("room");
    let digest = engine.state().digest();
    drop(engine);
    let begun = Instant::now();
    let engine = Engine::open(&folder, options(Durability::PageCache, 0)).expect("a sound journal");
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(engine.state().digest(), digest, "the state is back");
    let replayed = engine.recovery().records_replayed;
    let conditions = format!(
        "{replayed} messages replayed from the journal without a snapshot, outputs compared, files in the page cache"
    );
    report.add("engine.recovery.s_per_10m", took * 1e7 / replayed as f64, "s", &conditions);
    drop(engine);
    fs::remove_dir_all(&folder).expect("a folder of this program");
    report.print();
}

/// Writes a flow, 32 bytes an action: the actions that fill the book come first, with no mark between them and the rest.
pub fn write_workload(name: &str, messages: usize, file: &Path) {
    let mix = workload::mix(name).expect("one of the mixes");
    let flow = flow(mix, messages, SEED);
    let bytes: Vec<u8> = flow.filling.iter().chain(&flow.actions).flat_map(Action::encoding).collect();
    fs::write(file, bytes).expect("room");
}

/// Writes a flow as batches for another process: how many of them open the venue and fill its book (u64), then each batch after
/// its length (u32). Requests expire an hour from now.
pub fn write_records(name: &str, messages: usize, size: usize, file: &Path) {
    let flow = flow(workload::mix(name).expect("one of the mixes"), messages, SEED);
    let now = UNIX_EPOCH.elapsed().expect("a clock after 1970").as_nanos() as u64;
    let mut encoder = Encoder::live(now, 3_600_000_000_000);
    let (filling, measured) = (encoder.batches(&flow.filling, BATCH), encoder.batches(&flow.actions, size));
    let opening = opening();
    let batches = std::iter::once(opening.as_slice())
        .chain(filling.iter().chain(measured.iter()).map(|(batch, _)| batch));
    let mut bytes = (1 + filling.iter().count() as u64).to_le_bytes().to_vec();
    for batch in batches {
        bytes.extend_from_slice(&(batch.len() as u32).to_le_bytes());
        bytes.extend_from_slice(batch);
    }
    fs::write(file, bytes).expect("room");
}

/// Runs a written flow on the plain book: one JSON object with the pace and the hash of the trades.
pub fn run_workload(file: &Path) {
    let bytes = fs::read(file).expect("a workload");
    let actions: Vec<Action> = bytes.chunks_exact(32).map(Action::decoded).collect();
    let (mut book, mut tape) = (Book::new(), TradesHash::default());
    let begun = Instant::now();
    run_all(&mut book, &actions, &mut tape);
    let seconds = begun.elapsed().as_secs_f64();
    let (messages, trades, hash) = (actions.len(), tape.trades, tape.hash);
    println!(
        r#"{{"messages": {messages}, "seconds": {seconds:.6}, "trades": {trades}, "hash": "{hash:016x}"}}"#
    );
}
