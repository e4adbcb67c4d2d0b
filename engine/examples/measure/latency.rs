//! Open-loop latency: messages come at scheduled times, whether or not the one before was answered, and each is measured
//! from its scheduled time. A pause therefore counts against every message that had to wait in it.

use std::time::{Duration, Instant};

use _engine::units::Nanos;

/// Latencies of one run, sorted, in nanoseconds.
pub struct Latencies(Vec<u64>);

impl Latencies {
    /// The latency in microseconds that `share` of the messages did not exceed.
    pub fn quantile_us(&self, share: f64) -> f64 {
        let at = ((self.0.len() as f64 * share).ceil() as usize).clamp(1, self.0.len());
        self.0[at - 1] as f64 / 1e3
    }
}

/// What is measured.
pub trait Served {
    /// Answers every message of a batch.
    fn answer(&mut self, batch: &[u8], now: Nanos);
    /// Does what may be done after the answer: the next message waits for it.
    fn settle(&mut self) {}
}

/// Sends single messages at `rate` a second, `records` being where each starts and ends in `bytes`. Whatever is due when the
/// engine is free forms one batch.
pub fn open_loop(
    bytes: &[u8],
    records: &[(usize, usize)],
    rate: u64,
    clock: Nanos,
    served: &mut impl Served,
) -> Latencies {
    let due = |message: usize| Duration::from_nanos(message as u64 * 1_000_000_000 / rate);
    let mut latencies = Vec::with_capacity(records.len());
    let begun = Instant::now();
    let mut next = 0;
    while next < records.len() {
        let elapsed = begun.elapsed();
        if elapsed < due(next) {
            std::hint::spin_loop();
            continue;
        }
        let mut end = next + 1;
        while end < records.len() && due(end) <= elapsed && end - next < 1_000 {
            end += 1;
        }
        let now = Nanos(clock.0 + elapsed.as_nanos() as u64);
        served.answer(&bytes[records[next].0..records[end - 1].1], now);
        let answered = begun.elapsed();
        latencies.extend((next..end).map(|message| (answered - due(message)).as_nanos() as u64));
        served.settle();
        next = end;
    }
    latencies.sort_unstable();
    Latencies(latencies)
}
