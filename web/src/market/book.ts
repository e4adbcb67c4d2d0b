import { type Decimal, ZERO, add, compare, decimal, isZero } from "../money/decimal";

/** `[price, quantity]`, decimals as the API writes them. */
export type Level = readonly [price: string, quantity: string];

export interface BookMessage {
  type: "snapshot" | "update";
  seq: string;
  prev_seq?: string;
  bids: readonly Level[];
  asks: readonly Level[];
}

/** Best price first on both sides. */
export interface Book {
  readonly seq: bigint;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

/** Before its first message: nothing is known, which is not the same as an empty book. */
export const UNKNOWN_BOOK: Book = { seq: 0n, bids: [], asks: [] };

/** The update does not follow what is here: ask for a snapshot. */
export class BookGap extends Error {
  constructor(
    readonly held: bigint,
    readonly before: bigint,
  ) {
    super(`the book is at ${held.toString()}, the update follows ${before.toString()}`);
  }
}

/** A snapshot replaces, an update merges; quantity 0 removes a level. Throws `BookGap` when updates are missing. */
export function applied(book: Book, message: BookMessage): Book {
  const seq = BigInt(message.seq);
  if (message.type === "snapshot") return { seq, bids: sorted(message.bids, -1), asks: sorted(message.asks, 1) };
  const before = message.prev_seq === undefined ? seq - 1n : BigInt(message.prev_seq);
  if (seq <= book.seq) return book;
  if (before !== book.seq) throw new BookGap(book.seq, before);
  return { seq, bids: merged(book.bids, message.bids, -1), asks: merged(book.asks, message.asks, 1) };
}

type Direction = 1 | -1;

function sorted(levels: readonly Level[], direction: Direction): Level[] {
  return levels
    .filter(([, quantity]) => !isZero(decimal(quantity)))
    .sort(([a], [b]) => direction * compare(decimal(a), decimal(b)));
}

function merged(levels: readonly Level[], changes: readonly Level[], direction: Direction): Level[] {
  const byPrice = new Map(levels.map((level) => [level[0], level]));
  for (const change of changes) {
    if (isZero(decimal(change[1]))) byPrice.delete(change[0]);
    else byPrice.set(change[0], change);
  }
  return sorted([...byPrice.values()], direction);
}

export interface DepthLevel {
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly total: Decimal;
}

/** The best `count` levels with the sum up to each. */
export function cumulative(levels: readonly Level[], count: number): DepthLevel[] {
  let total = ZERO;
  return levels.slice(0, count).map(([price, quantity]) => {
    total = add(total, decimal(quantity));
    return { price: decimal(price), quantity: decimal(quantity), total };
  });
}

/** Levels joined into steps of `group` price units: bids downwards, asks upwards, so that no level looks better than it is. */
export function groupedLevels(levels: readonly Level[], group: Decimal, side: "bids" | "asks"): Level[] {
  const joined = new Map<string, Decimal>();
  for (const [price, quantity] of levels) {
    const key = bucket(decimal(price), group, side);
    joined.set(key, add(joined.get(key) ?? ZERO, decimal(quantity)));
  }
  return [...joined].map(([price, quantity]) => [price, text(quantity)] as const);
}

function bucket(price: Decimal, group: Decimal, side: "bids" | "asks"): string {
  const scale = Math.max(price.scale, group.scale);
  const units = price.units * 10n ** BigInt(scale - price.scale);
  const step = group.units * 10n ** BigInt(scale - group.scale);
  const steps = side === "bids" ? units / step : (units + step - 1n) / step;
  return text({ units: steps * step, scale });
}

function text(value: Decimal): string {
  const digits = value.units.toString().padStart(value.scale + 1, "0");
  const whole = digits.slice(0, digits.length - value.scale);
  const fraction = digits.slice(digits.length - value.scale);
  return fraction ? `${whole}.${fraction}` : whole;
}
