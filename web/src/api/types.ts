/**
 * What the API answers (docs/reference/api.md): amounts, ids and times are decimal strings, prices and quantities decimals.
 * Fields that an older server does not send are optional.
 */
import type { Address, Hex } from "viem";
import type { Level } from "../market/book";

export interface AssetView {
  asset: number;
  symbol: string;
  chain_id: number;
  token: Address;
  decimals: number;
}

export type MarketKind = "spot" | "future" | "call" | "put";

export interface MarketView {
  market: number;
  symbol: string;
  kind: MarketKind;
  base_asset: number;
  quote_asset: number;
  underlying: string | null;
  expiry: string | null;
  strike: string | null;
  price_step: string;
  quantity_step: string;
  max_lots: string;
  maker_fee_ppm: number;
  taker_fee_ppm: number;
  band_ppm: number;
  mark: string | null;
  status: "open" | "halted" | "expired" | "settled";
}

export interface Markets {
  assets: AssetView[];
  markets: MarketView[];
  chain_id: number;
  custody: Address;
}

export interface BookView {
  market: string;
  seq?: string;
  bids: Level[];
  asks: Level[];
}

export interface TradeView {
  trade_id: string;
  market: string;
  side: "buy" | "sell";
  price: string;
  quantity: string;
  sequence: string;
  at: string;
}

export type OrderState = "open" | "filled" | "cancelled" | "expired";

export interface OrderView {
  order_id: string;
  market: string;
  side: "buy" | "sell";
  price: string;
  remaining: string;
  state: OrderState;
  client_id: string | null;
  quantity: string | null;
  type: string;
  time_in_force: string;
  instructions: string[];
  self_trade: string;
  label: number;
  good_till: string | null;
  trigger_price: string | null;
}

export interface OrderPlaced {
  order_id: string;
  client_id: string;
  market: string;
  price: string;
  state: OrderState;
  filled: string;
  remaining: string;
  fills: { trade_id: string; price: string; quantity: string; fee: string }[];
  repeated: boolean;
  sequence: string;
  at: string;
}

export interface BalanceView {
  asset: number;
  symbol: string;
  decimals: number;
  available: string;
  held: string;
}

export interface DepositView {
  chain_id: number;
  ordinal: string;
  token: Address;
  symbol: string;
  amount: string;
  state: "pending" | "confirmed" | "credited";
  depth: string;
  confirmations: number;
  tx_hash: Hex;
}

export interface WithdrawalView {
  withdrawal_id: string;
  chain_id: number;
  token: Address;
  symbol: string;
  recipient: Address;
  amount: string;
  state: "queued" | "settled" | "paid";
  paid_tx: Hex | null;
}

export interface AccountView {
  address: Address;
  account: number | null;
  balances: BalanceView[];
  open_orders: OrderView[];
  scheduled_cancel: string | null;
  deposits: DepositView[] | null;
  withdrawals: WithdrawalView[] | null;
}

export interface SupplyView {
  sstb: string;
  cu: string;
  minted: string;
  redeemed: string;
  staked: string;
}

export interface ChainView {
  chain_id: number;
  name: string;
  head: string;
  indexed: string;
  lag: string;
  confirmations: number;
  time: string | null;
}

export interface StatusView {
  time: string;
  down: string[];
  sequence: string | null;
  block: string | null;
  sealed_sequence: string | null;
  state_root: Hex | null;
  supply: SupplyView | null;
  chains: ChainView[];
  processes?: { name: string; state: "running" | "silent"; since: string }[];
}

export interface ProviderView {
  address: Address;
  method: string;
  stake_period_s: number;
  operations_per_s: string;
  outstanding_cu: string;
  collateral: string;
  collateral_ratio_bps: number | null;
  staked: string;
  in_liquidation: boolean;
}

export interface ClaimView {
  claim_id: string;
  provider: Address;
  state: string;
  operations_per_s: string;
  cu: string;
  seed_block: string;
  deadline_block: string;
}

export interface RedemptionView {
  redemption_id: string;
  buyer: Address;
  provider: Address;
  amount: string;
  tier: string;
  state: string;
  deadline: string;
  work_done: string;
  compensation: string;
}

export interface BatchView {
  chain_id: number;
  index: string;
  block: string;
  first_input: string;
  last_input: string;
  state_root: Hex;
  tx_hash: Hex;
  state: "settled" | "confirmed";
}

export interface ProofView {
  leaf: Hex;
  index: string;
  siblings: Hex[];
  root: Hex;
  block: string;
  chain_id: number;
  token: Address;
  owner: Address;
  recipient: Address | null;
  amount: string;
}

export interface NetworkChain {
  chain_id: number;
  name: string;
  rpc_url: string | null;
  block_seconds: number;
  confirmations: number;
  contracts: Readonly<Record<string, Address>>;
}

export interface NetworkView {
  primary_chain_id: number;
  development: boolean;
  provider_url: string | null;
  chains: NetworkChain[];
}

/** RFC 9457, as docs/reference/errors.md fixes it. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  values: Record<string, unknown>;
  action: string;
}

export interface TickerView {
  market: string;
  last: string | null;
  best_bid: string | null;
  best_ask: string | null;
  mark: string | null;
  index?: string | null;
  open_interest?: string | null;
  open_24h: string | null;
  high_24h: string | null;
  low_24h: string | null;
  volume_24h: string | null;
  quote_volume_24h: string | null;
  change_24h_bps: number | null;
  trades_24h: number | string | null;
  at: string | null;
}

export interface FillView {
  trade_id: string;
  order_id: string;
  market: string;
  side: "buy" | "sell";
  role: "maker" | "taker";
  price: string;
  quantity: string;
  fee: string;
  fee_asset: number | string;
  sequence: string;
  at: string;
}

export interface LedgerView {
  sequence: string;
  at: string;
  kind: string;
  asset: number;
  symbol: string;
  change: string;
  reference: string | null;
}

export interface PortfolioPoint {
  start: string;
  balances: { asset: number; symbol: string; amount: string }[];
  value: string | null;
}

export interface ChainEventView {
  chain_id: number;
  block: string;
  log_index: number | string;
  tx_hash: Hex;
  at: string;
  contract: string;
  event: string;
  args: Record<string, unknown>;
}

export interface BlockView {
  block: string;
  sequence: string;
  at: string;
  first_input: string;
  last_input: string;
  input_hash: Hex;
  output_hash: Hex;
  state_root: Hex;
  withdrawals_count: string;
}

export interface PoolToken {
  token?: Address;
  address?: Address;
  symbol: string;
  decimals?: number;
}

export interface PoolView {
  chain_id: number;
  name: string;
  address: Address;
  kind: "public" | "mesh";
  base: PoolToken;
  quote: PoolToken;
  open: boolean;
  price: string | null;
  base_reserve: string | null;
  quote_reserve: string | null;
  base_target: string | null;
  quote_target: string | null;
  slope: string | null;
  fee: string | null;
  paused: boolean;
}

export interface PegView {
  chain_id: number;
  par: string | null;
  target: string | null;
  updated_block: string | null;
  reserve_ratio: string | null;
  inputs: Record<string, string> | null;
  pools: { name: string; address: Address; target: string | null; band: string | null; deviation: string | null; price: string | null }[];
}

export interface ReserveView {
  chain_id: number;
  bucket: "A" | "B" | "C" | "D" | "E";
  token: Address;
  symbol: string;
  decimals?: number;
  held: string;
  required: string;
  ratio: string | null;
}

export interface PriceView {
  chain_id: number;
  feed: string;
  price: string | null;
  updated_at: string | null;
  stale: boolean;
}

export interface FlowView {
  task_type: Hex;
  name: string;
  pool: Address;
  quantum: string;
  rate: string;
  capacity: string;
  sink_units: string;
  escrow_units: string;
  total_units: string;
  buffer_level: string;
  buffer_max: string;
  spare: string;
  needs_rebalance: boolean;
  sinks: { sink: Address; smoothed: string; epoch: string; miss_bps: number | string }[];
}

export interface ProviderDetail {
  provider: ProviderView;
  claims: ClaimView[];
  stakes: { stake_id: string; amount: string; unlocks_at: string; unstaked: boolean }[];
}

export interface ApiKeyView {
  key_id: string;
  name: string;
  public_key: Hex;
  scopes: string[];
  allowed_ips: string[] | null;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked: boolean;
}

export interface PasskeyView {
  passkey_id: string;
  name: string;
  created_at: string;
  last_used_at: string | null;
}

export interface AgentView {
  agent: Address;
  account: Address;
  name: string;
  valid_from: string;
  valid_until: string;
  revoked: boolean;
  created_at: string;
}

export interface SessionView {
  session_id: string;
  created_at: string;
  last_used_at?: string | null;
  scopes?: string[];
  current?: boolean;
}

/** `quantity` is not negative; `value`: the profit not realised, base units of the settlement asset. */
export interface PositionView {
  market: string;
  side: "long" | "short";
  quantity: string;
  entry_price: string;
  entry: string;
  mark: string;
  value: string;
}

export interface MarginView {
  asset: number;
  equity: string;
  initial: string;
  maintenance: string;
  reserves: string;
  free: string;
  debt: string;
}
