//! A cap on flow that decays by block. The twin of `src/stab3l/peg/flow_cap.py`.

use super::wide::*;

const BLOCKS_MAX: u64 = (1 << 16) - 1;

/// memory^blocks [wad] by squaring, each product rounded up.
pub fn power_up(memory: u128, blocks: u64) -> u128 {
    let (mut result, mut base, mut left) = (WAD, memory, blocks.min(BLOCKS_MAX));
    while left > 0 {
        if left & 1 == 1 {
            result = (result * base).div_ceil(WAD);
        }
        left >>= 1;
        if left > 0 {
            base = (base * base).div_ceil(WAD);
        }
    }
    result
}

/// What is left of a flow after so many blocks; `memory` [wad per block] is at most one.
pub fn decayed_up(flow: u128, memory: u128, blocks: u64) -> u128 {
    if blocks == 0 {
        return flow;
    }
    mul_div_up(flow, power_up(memory, blocks), WAD).unwrap_or(flow)
}

/// What may still flow now.
pub fn room(flow: u128, memory: u128, blocks: u64, cap: u128) -> u128 {
    cap.saturating_sub(decayed_up(flow, memory, blocks))
}
