import type { TradeView } from "../api/types";
import { type Decimal, add, compare, decimal, maximum, minimum, multiply, toText } from "../money/decimal";

/** As `GET /v1/markets/{symbol}/candles` answers: `start` in unix seconds, oldest first, quiet buckets absent. */
export interface Candle {
  readonly start: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  readonly quote_volume: string;
  readonly trades: string | number;
}

export const INTERVALS = { "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400 } as const;
export type Interval = keyof typeof INTERVALS;

const NANOSECONDS = 1_000_000_000n;

/** Candles of trades (any order): the same sums as the server's, for what came after its answer. */
export function candlesOf(trades: readonly TradeView[], interval: Interval): Candle[] {
  const ordered = [...trades].sort((a, b) => compareIds(a.trade_id, b.trade_id));
  const buckets = new Map<string, Candle>();
  for (const trade of ordered) {
    const seconds = BigInt(trade.at) / NANOSECONDS;
    const start = (seconds - (seconds % BigInt(INTERVALS[interval]))).toString();
    buckets.set(start, withTrade(buckets.get(start), start, decimal(trade.price), decimal(trade.quantity)));
  }
  return [...buckets.values()];
}

function compareIds(a: string, b: string): number {
  return compare({ units: BigInt(a), scale: 0 }, { units: BigInt(b), scale: 0 });
}

function withTrade(before: Candle | undefined, start: string, price: Decimal, quantity: Decimal): Candle {
  const quote = multiply(price, quantity);
  const text = toText(price);
  if (!before) {
    return { start, open: text, high: text, low: text, close: text, volume: toText(quantity), quote_volume: toText(quote), trades: 1 };
  }
  return {
    ...before,
    high: toText(maximum(decimal(before.high), price)),
    low: toText(minimum(decimal(before.low), price)),
    close: text,
    volume: toText(add(decimal(before.volume), quantity)),
    quote_volume: toText(add(decimal(before.quote_volume), quote)),
    trades: Number(before.trades) + 1,
  };
}

/** The server's candles, with the buckets that live trades have touched since. */
export function withLive(candles: readonly Candle[], recent: readonly Candle[]): Candle[] {
  const last = candles[candles.length - 1];
  if (!last) return [...recent];
  const newer = recent.filter((candle) => BigInt(candle.start) > BigInt(last.start));
  const same = recent.find((candle) => candle.start === last.start);
  const merged = same && Number(same.trades) > Number(last.trades) ? [...candles.slice(0, -1), same] : candles;
  return [...merged, ...newer];
}
