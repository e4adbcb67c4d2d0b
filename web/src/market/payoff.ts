import { type Decimal, ZERO, add, compare, divideDown, maximum, minimum, multiply, subtract } from "../money/decimal";

export type InstrumentKind = "future" | "call" | "put";

/** A position at expiry: `quantity` is signed, `price` what was agreed per unit. */
export interface Leg {
  readonly kind: InstrumentKind;
  readonly strike: Decimal;
  readonly quantity: Decimal;
  readonly price: Decimal;
}

/** What one unit is worth when the underlying settles at `settlement`. */
export function intrinsic(kind: InstrumentKind, strike: Decimal, settlement: Decimal): Decimal {
  if (kind === "future") return settlement;
  return maximum(ZERO, kind === "call" ? subtract(settlement, strike) : subtract(strike, settlement));
}

/** Gain or loss of all legs at a settlement price, exact, before fees. */
export function payoffAt(legs: readonly Leg[], settlement: Decimal): Decimal {
  return legs.reduce(
    (sum, leg) => add(sum, multiply(leg.quantity, subtract(intrinsic(leg.kind, leg.strike, settlement), leg.price))),
    ZERO,
  );
}

export interface PayoffPoint {
  readonly settlement: Decimal;
  readonly gain: Decimal;
}

/** The corners of the payoff between two prices: it is straight between them, so these points draw it exactly. */
export function payoffCorners(legs: readonly Leg[], low: Decimal, high: Decimal): PayoffPoint[] {
  const strikes = legs.filter((leg) => leg.kind !== "future").map((leg) => leg.strike);
  const inside = strikes.filter((strike) => compare(strike, low) > 0 && compare(strike, high) < 0);
  const prices = [low, ...inside, high].sort(compare);
  const distinct = prices.filter((price, index) => index === 0 || compare(price, prices[index - 1] ?? price) !== 0);
  return distinct.map((settlement) => ({ settlement, gain: payoffAt(legs, settlement) }));
}

/** Worst and best gain at the corners; beyond them it may be unbounded, which the slopes say. */
export function payoffRange(points: readonly PayoffPoint[]): { worst: Decimal; best: Decimal } {
  const gains = points.map((point) => point.gain);
  const first = gains[0] ?? ZERO;
  return { worst: gains.reduce(minimum, first), best: gains.reduce(maximum, first) };
}

/** Where the payoff crosses zero between two prices, to `scale` decimals. */
export function breakEvens(legs: readonly Leg[], low: Decimal, high: Decimal, scale: number): Decimal[] {
  const corners = payoffCorners(legs, low, high);
  const found: Decimal[] = [];
  for (let index = 1; index < corners.length; index++) {
    const [a, b] = [corners[index - 1], corners[index]];
    if (!a || !b || a.gain.units === 0n || a.gain.units > 0n === b.gain.units > 0n) continue;
    const step = divideDown(multiply(subtract(ZERO, a.gain), subtract(b.settlement, a.settlement)), subtract(b.gain, a.gain), scale);
    found.push(add(a.settlement, step));
  }
  return found;
}
