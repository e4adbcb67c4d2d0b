//! Actions as command records of the exchange, cut into batches.

use _engine::units::Nanos;

use crate::workload::{ACCOUNTS, Action, Kind};

pub const START: u64 = 1_700_000_000_000_000_000;
/// How long a request's client id stays taken in a flow that is driven here.
const LIFETIME: u64 = 5_000_000_000;
/// The clock of a flow that is driven as fast as it goes: each message comes one microsecond after the one before it.
pub const CLOSED_LOOP_NANOS: u64 = 1_000;

/// Batches in one buffer.
#[derive(Default)]
pub struct Batches {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    pub times: Vec<Nanos>,
    pub records: usize,
}

impl Batches {
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], Nanos)> {
        let slices = self.ranges().into_iter().map(|(start, end)| &self.bytes[start..end]);
        slices.zip(self.times.iter().copied())
    }

    /// All batches in one piece.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each batch starts and ends in it.
    pub fn ranges(&self) -> Vec<(usize, usize)> {
        std::iter::once(0).chain(self.ends.iter().copied()).zip(self.ends.iter().copied()).collect()
    }

    fn close(&mut self, now: u64) {
        if self.bytes.len() > self.ends.last().copied().unwrap_or(0) {
            self.ends.push(self.bytes.len());
            self.times.push(Nanos(now));
        }
    }
}

fn header(bytes: &mut Vec<u8>, kind: u16, content: usize) {
    bytes.extend_from_slice(&kind.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes.extend_from_slice(&(8 + content as u32).to_le_bytes());
}

/// Turns actions into records; knows which id the exchange gives to which order.
pub struct Encoder {
    evidence: usize,
    ids: Vec<u64>,
    last_order: u64,
    amendments: u64,
    /// The time of the next message.
    pub now: u64,
    step: u64,
    lifetime: u64,
}

impl Encoder {
    /// An encoder that adds `evidence` bytes to each record, as signatures do, and sends one each `step` nanoseconds.
    pub fn new(evidence: usize, step: u64) -> Encoder {
        Encoder { evidence, ids: vec![0], last_order: 0, amendments: 0, now: START, step, lifetime: LIFETIME }
    }

    /// An encoder for another process, whose clock shows the real time.
    pub fn live(now: u64, lifetime: u64) -> Encoder {
        Encoder { now, lifetime, ..Encoder::new(0, 0) }
    }

    fn place(&mut self, bytes: &mut Vec<u8>, action: &Action) {
        self.last_order += 1;
        if self.ids.len() <= action.order as usize {
            self.ids.resize(action.order as usize + 1, 0);
        }
        self.ids[action.order as usize] = self.last_order;
        let expires_at = self.now + self.lifetime;
        header(bytes, 5, 64 + self.evidence);
        bytes.extend_from_slice(&action.account.to_le_bytes());
        bytes.extend_from_slice(&0u32.to_le_bytes());
        for number in [self.last_order, expires_at, action.ticks, action.lots] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let immediate = u8::from(action.kind == Kind::Take);
        bytes.extend_from_slice(&[action.side as u8, 0, immediate, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(&[0; 16]); // neither an end of its time nor a trigger
        self.evidence(bytes);
    }

    fn cancel(&mut self, bytes: &mut Vec<u8>, action: &Action) {
        header(bytes, 6, 16 + self.evidence);
        bytes.extend_from_slice(&action.account.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.ids[action.order as usize].to_le_bytes());
        self.evidence(bytes);
    }

    fn amend(&mut self, bytes: &mut Vec<u8>, action: &Action) {
        self.amendments += 1;
        header(bytes, 9, 48 + self.evidence);
        bytes.extend_from_slice(&action.account.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        let (order, client) = (self.ids[action.order as usize], u64::MAX - self.amendments);
        for number in [order, client, self.now + self.lifetime, action.ticks, action.lots] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        self.evidence(bytes);
    }

    fn evidence(&self, bytes: &mut Vec<u8>) {
        let noise = self.last_order.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        bytes.extend(noise.iter().cycle().take(self.evidence));
    }

    /// The records of actions in batches of `size` messages.
    pub fn batches(&mut self, actions: &[Action], size: usize) -> Batches {
        let mut batches = Batches { records: actions.len(), ..Batches::default() };
        for batch in actions.chunks(size) {
            for action in batch {
                match action.kind {
                    Kind::Place | Kind::Take => self.place(&mut batches.bytes, action),
                    Kind::Cancel => self.cancel(&mut batches.bytes, action),
                    Kind::Modify => self.amend(&mut batches.bytes, action),
                }
                self.now += self.step;
            }
            batches.close(self.now);
        }
        batches
    }
}

/// Two assets, one market and funded accounts.
pub fn opening() -> Vec<u8> {
    let mut bytes = Vec::new();
    for token in [1u8, 2] {
        header(&mut bytes, 1, 32);
        bytes.extend_from_slice(&31_337u64.to_le_bytes());
        bytes.extend_from_slice(&[token; 20]);
        bytes.extend_from_slice(&[18, 0, 0, 0]);
    }
    header(&mut bytes, 2, 56);
    bytes.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0, 0]);
    bytes.extend_from_slice(&1_000u128.to_le_bytes());
    bytes.extend_from_slice(&7u64.to_le_bytes());
    bytes.extend_from_slice(&[100u32.to_le_bytes(), 250u32.to_le_bytes()].concat());
    bytes.extend_from_slice(&10u64.pow(12).to_le_bytes());
    bytes.extend_from_slice(&[0; 8]); // no price band
    for deposit in 0..2 * u64::from(ACCOUNTS) {
        let (owner, asset) = (deposit / 2 + 1, (deposit % 2) as u32);
        header(&mut bytes, 4, 96);
        bytes.extend_from_slice(&[31_337u64.to_le_bytes(), (deposit + 1).to_le_bytes()].concat());
        bytes.extend_from_slice(&[asset.to_le_bytes(), 0u32.to_le_bytes()].concat());
        bytes.extend_from_slice(&[0; 12]);
        bytes.extend_from_slice(&owner.to_be_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&10u128.pow(30).to_le_bytes());
        bytes.extend_from_slice(&[7; 32]);
    }
    bytes
}

/// A `seal`.
pub fn seal() -> Vec<u8> {
    let mut bytes = Vec::new();
    header(&mut bytes, 8, 0);
    bytes
}
