//! Command records, written out by hand so that they do not share the crate's own layout code.

pub const BUY: u8 = 0;
pub const SELL: u8 = 1;
pub const SECOND: u64 = 1_000_000_000;

pub fn record(kind: u16, body: &[u8], evidence: &[u8]) -> Vec<u8> {
    let length = (8 + body.len() + evidence.len()) as u32;
    [&kind.to_le_bytes()[..], &[0, 0], &length.to_le_bytes(), body, evidence].concat()
}

pub fn address(number: u32) -> [u8; 20] {
    let mut address = [0; 20];
    address[16..].copy_from_slice(&number.to_be_bytes());
    address
}

pub fn register_asset(chain: u64, token: u32, decimals: u8) -> Vec<u8> {
    record(1, &[&chain.to_le_bytes()[..], &address(token), &[decimals, 0, 0, 0]].concat(), &[])
}

pub fn list_market(base: u32, quote: u32, lot: u128, tick: u64, fees: (u32, u32), max_lots: u64) -> Vec<u8> {
    let ids = [base.to_le_bytes(), quote.to_le_bytes()].concat();
    let fees = [fees.0.to_le_bytes(), fees.1.to_le_bytes()].concat();
    record(
        2,
        &[&ids[..], &lot.to_le_bytes(), &tick.to_le_bytes(), &fees, &max_lots.to_le_bytes(), &[0; 8]]
            .concat(),
        &[],
    )
}

pub fn set_status(market: u32, status: u8) -> Vec<u8> {
    record(3, &[&market.to_le_bytes()[..], &[status, 0, 0, 0]].concat(), &[])
}

pub fn deposit(chain: u64, ordinal: u64, asset: u32, owner: u32, amount: u128) -> Vec<u8> {
    let head = [&chain.to_le_bytes()[..], &ordinal.to_le_bytes(), &asset.to_le_bytes(), &7u32.to_le_bytes()]
        .concat();
    record(4, &[&head[..], &address(owner), &[0; 4], &amount.to_le_bytes(), &[9; 32]].concat(), &[])
}

#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub account: u32,
    pub client_id: u64,
    pub expires_at: u64,
    pub ticks: u64,
    pub lots: u64,
    pub side: u8,
    pub order_type: u8,
    pub time_in_force: u8,
    pub instructions: u8,
    pub self_trade: u8,
    pub label: u16,
    pub good_till: u64,
    pub trigger: u64,
}

pub const POST_ONLY: u8 = 1;
pub const SLIDE: u8 = 2;
pub const PROTECTED: u8 = 8;

impl Order {
    pub fn record(&self) -> Vec<u8> {
        let ids = [self.account.to_le_bytes(), 0u32.to_le_bytes()].concat();
        let numbers = [self.client_id, self.expires_at, self.ticks, self.lots].map(u64::to_le_bytes).concat();
        let enums = [self.side, self.order_type, self.time_in_force, self.instructions, self.self_trade, 0];
        let tail = [self.good_till, self.trigger].map(u64::to_le_bytes).concat();
        let label = self.label.to_le_bytes();
        record(5, &[&ids[..], &numbers, &enums, &label, &tail].concat(), b"signature")
    }
}

pub fn limit(account: u32, client_id: u64, side: u8, ticks: u64, lots: u64) -> Order {
    let expires_at = 3600 * SECOND;
    Order {
        account,
        client_id,
        expires_at,
        ticks,
        lots,
        side,
        order_type: 0,
        time_in_force: 0,
        instructions: 0,
        self_trade: 0,
        label: 0,
        good_till: 0,
        trigger: 0,
    }
}

pub fn cancel(account: u32, order: u64) -> Vec<u8> {
    record(6, &[&account.to_le_bytes()[..], &[0; 4], &order.to_le_bytes()].concat(), &[])
}

pub fn withdraw(account: u32, asset: u32, client_id: u64, amount: u128) -> Vec<u8> {
    let head = [account.to_le_bytes(), asset.to_le_bytes()].concat();
    let numbers = [client_id, 3600 * SECOND].map(u64::to_le_bytes).concat();
    record(7, &[&head[..], &numbers, &amount.to_le_bytes(), &address(account), &[0; 4]].concat(), &[])
}

pub fn seal() -> Vec<u8> {
    record(8, &[], &[])
}

pub fn amend(account: u32, order: u64, client_id: u64, ticks: u64, lots: u64) -> Vec<u8> {
    let numbers = [order, client_id, 3600 * SECOND, ticks, lots].map(u64::to_le_bytes).concat();
    record(9, &[&account.to_le_bytes()[..], &[0; 4], &numbers].concat(), &[])
}

pub fn cancel_all(account: u32, market: u32, label: u16, side: u8) -> Vec<u8> {
    let ids = [account.to_le_bytes(), market.to_le_bytes()].concat();
    record(10, &[&ids[..], &label.to_le_bytes(), &[side, 0, 0, 0, 0, 0]].concat(), &[])
}

pub fn schedule_cancel(account: u32, client_id: u64, expires_at: u64, at: u64) -> Vec<u8> {
    let numbers = [client_id, expires_at, at].map(u64::to_le_bytes).concat();
    record(11, &[&account.to_le_bytes()[..], &[0; 4], &numbers].concat(), &[])
}

pub fn set_protection(account: u32, client_id: u64, window: u64, max_lots: u64, frozen: u64) -> Vec<u8> {
    let ids = [account.to_le_bytes(), 0u32.to_le_bytes()].concat();
    let numbers = [client_id, 3600 * SECOND, window, max_lots, frozen].map(u64::to_le_bytes).concat();
    record(12, &[&ids[..], &numbers].concat(), &[])
}

pub fn mark_price(market: u32, ticks: u64) -> Vec<u8> {
    record(13, &[&market.to_le_bytes()[..], &[0; 4], &ticks.to_le_bytes()].concat(), &[])
}

pub fn sweep(limit: u32) -> Vec<u8> {
    record(14, &[&limit.to_le_bytes()[..], &[0; 4]].concat(), &[])
}
