import type { ReactElement } from "react";
import { type Leg, payoffCorners, payoffRange } from "../market/payoff";
import { type Decimal, ZERO, add, divideDown, multiply, toPixelNumber } from "../money/decimal";
import { fixed, signed } from "../money/format";
import { Frame, WIDTH, rangeOf, scaled } from "./plot";

const HEIGHT = 220;
const BASE = HEIGHT - 24;
const HALF: Decimal = { units: 5n, scale: 1 };
const THREE_HALVES: Decimal = { units: 15n, scale: 1 };

interface PayoffProps {
  readonly legs: readonly Leg[];
  /** The underlying's price now; the picture goes from half of it to one and a half. */
  readonly index: Decimal;
  readonly unit: string;
}

/** Gain or loss at expiry over the settlement price, before fees. */
export function PayoffChart({ legs, index, unit }: PayoffProps): ReactElement | null {
  if (legs.length === 0 || index.units <= 0n) return null;
  const low = multiply(index, HALF);
  const high = multiply(index, THREE_HALVES);
  const corners = payoffCorners(legs, low, high);
  const { worst, best } = payoffRange(corners);
  const xRange = rangeOf([toPixelNumber(low), toPixelNumber(high)]);
  const yRange = rangeOf([toPixelNumber(worst), toPixelNumber(best), 0], 0.12);
  const x = (price: Decimal): number => scaled(toPixelNumber(price), xRange, 8, WIDTH - 8);
  const y = (gain: Decimal): number => scaled(toPixelNumber(gain), yRange, BASE, 12);
  const zero = y(ZERO);
  const line = corners.map((point) => `${x(point.settlement)},${y(point.gain)}`).join(" ");
  const places = 4;
  return (
    <Frame label={`Payoff at expiry from ${signed(worst, 2)} to ${signed(best, 2)} ${unit} in this range`} height={HEIGHT}>
      <line x1="8" x2={WIDTH - 8} y1={zero} y2={zero} stroke="var(--line-strong)" strokeDasharray="3 3" />
      <line x1={x(index)} x2={x(index)} y1="12" y2={BASE} stroke="var(--line)" />
      <polyline points={line} fill="none" stroke="var(--accent)" strokeWidth="2.25" strokeLinejoin="round" />
      <text x="8" y={HEIGHT - 8}>
        {fixed(low, places)}
      </text>
      <text x={x(index)} y={HEIGHT - 8} textAnchor="middle">
        now {fixed(index, places)}
      </text>
      <text x={WIDTH - 8} y={HEIGHT - 8} textAnchor="end">
        {fixed(high, places)}
      </text>
      <text x="8" y="12">
        best {signed(best, 2)} {unit}
      </text>
      <text x="8" y={BASE - 6}>
        worst {signed(worst, 2)} {unit}
      </text>
    </Frame>
  );
}

/** Where the payoff crosses zero between two corners, to `scale` decimals. */
export function breakEvens(legs: readonly Leg[], low: Decimal, high: Decimal, scale: number): Decimal[] {
  const corners = payoffCorners(legs, low, high);
  const found: Decimal[] = [];
  for (let index = 1; index < corners.length; index++) {
    const [a, b] = [corners[index - 1], corners[index]];
    if (!a || !b || a.gain.units === 0n || a.gain.units > 0n === b.gain.units > 0n) continue;
    const rise = add(b.gain, { units: -a.gain.units, scale: a.gain.scale });
    const run = add(b.settlement, { units: -a.settlement.units, scale: a.settlement.scale });
    const step = divideDown(multiply({ units: -a.gain.units, scale: a.gain.scale }, run), rise, scale);
    found.push(add(a.settlement, step));
  }
  return found;
}
