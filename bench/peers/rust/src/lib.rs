//! What the drivers share: reading an order flow, hashing its trades, telling the result.

use std::time::Instant;

/// One message of a flow: `engine/examples/measure/workload.rs` writes them, 32 bytes each.
#[derive(Clone, Copy)]
pub struct Action {
    pub kind: Kind,
    pub buys: bool,
    pub account: u32,
    pub order: u64,
    pub ticks: u64,
    pub lots: u64,
}

/// What a message asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Place,
    Take,
    Cancel,
    Modify,
}

/// The hash of the trades so far.
pub struct Trades {
    hash: u64,
    count: u64,
}

impl Trades {
    /// Adds one trade.
    #[inline]
    pub fn add(&mut self, maker: u64, taker: u64, ticks: u64, lots: u64) {
        self.count += 1;
        for word in [maker, taker, ticks, lots] {
            self.hash = (self.hash ^ word).wrapping_mul(0x100_0000_01b3);
        }
    }
}

fn read(path: &str) -> Vec<Action> {
    let bytes = std::fs::read(path).expect("a workload file");
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let action = |bytes: &[u8]| Action {
        kind: [Kind::Place, Kind::Take, Kind::Cancel, Kind::Modify][usize::from(bytes[0])],
        buys: bytes[1] == 0,
        account: u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes")),
        order: number(&bytes[8..16]),
        ticks: number(&bytes[16..24]),
        lots: number(&bytes[24..32]),
    };
    bytes.chunks_exact(32).map(action).collect()
}

/// Runs the flow that the command line names; prints one JSON object.
pub fn drive(mut perform: impl FnMut(u64, &Action, &mut Trades)) {
    let actions = read(&std::env::args().nth(1).expect("the path of a workload"));
    let mut trades = Trades { hash: 0xcbf2_9ce4_8422_2325, count: 0 };
    let begun = Instant::now();
    for (number, action) in (0..).zip(&actions) {
        perform(number, action, &mut trades);
    }
    let (seconds, Trades { hash, count }) = (begun.elapsed().as_secs_f64(), trades);
    println!(
        r#"{{"messages": {}, "seconds": {seconds:.6}, "trades": {count}, "hash": "{hash:016x}"}}"#,
        actions.len()
    );
}
