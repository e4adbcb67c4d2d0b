import type { ReactElement } from "react";
import { type Leg, type PayoffPoint, breakEvens, payoffCorners, payoffRange } from "../market/payoff";
import { type Decimal, decimal, maximum, minimum, multiply, toPixelNumber, toText } from "../money/decimal";
import { fixed, signed } from "../money/format";
import { Frame } from "./frame";
import { type Range, rangeOf, scaled } from "./plot";

const HEIGHT = 280;
const TOP = 26;
const BASE = HEIGHT - 30;
const EDGE = 8;
/** The picture goes a third beyond the price now, and a tenth beyond the outermost strike. */
const [BELOW, ABOVE] = [decimal("0.667"), decimal("1.333")];
const [BELOW_STRIKE, ABOVE_STRIKE] = [decimal("0.9"), decimal("1.1")];
const LABEL_ROOM = 64;

interface PayoffProps {
  readonly legs: readonly Leg[];
  /** The underlying's price now. */
  readonly index: Decimal;
  readonly unit: string;
  /** Decimals of prices. */
  readonly places: number;
}

/** Gain or loss at expiry over the settlement price, before fees; where it is zero is marked. */
export function PayoffChart({ legs, index, unit, places }: PayoffProps): ReactElement | null {
  if (legs.length === 0 || index.units <= 0n) return null;
  const strikes = legs.filter((leg) => leg.kind !== "future").map((leg) => leg.strike);
  const low = strikes.map((strike) => multiply(strike, BELOW_STRIKE)).reduce(minimum, multiply(index, BELOW));
  const high = strikes.map((strike) => multiply(strike, ABOVE_STRIKE)).reduce(maximum, multiply(index, ABOVE));
  const corners = payoffCorners(legs, low, high);
  const { worst, best } = payoffRange(corners);
  const zeros = breakEvens(legs, low, high, places);
  const label =
    `Payoff at expiry from ${signed(worst, 2)} to ${signed(best, 2)} ${unit} between ${fixed(low, places)} and ${fixed(high, places)}` +
    (zeros.length > 0 ? `, zero at ${zeros.map(toText).join(" and ")}` : "");
  const yRange = rangeOf([toPixelNumber(worst), toPixelNumber(best), 0], 0.06);
  return (
    <Frame
      label={label}
      height={HEIGHT}
      draw={(width) => (
        <>
          <Curve corners={corners} xRange={rangeOf([toPixelNumber(low), toPixelNumber(high)])} yRange={yRange} width={width} />
          <Marks prices={zeros} index={index} low={low} high={high} places={places} zero={scaled(0, yRange, BASE, TOP)} width={width} />
          <text x={EDGE} y="14" className="up">
            best {signed(best, 2)} {unit}
          </text>
          <text x={width - EDGE} y="14" textAnchor="end" className="down">
            worst {signed(worst, 2)} {unit}
          </text>
        </>
      )}
    />
  );
}

interface CurveProps {
  readonly corners: readonly PayoffPoint[];
  readonly xRange: Range;
  readonly yRange: Range;
  readonly width: number;
}

/** The line, green where it gains and red where it loses. */
function Curve({ corners, xRange, yRange, width }: CurveProps): ReactElement {
  const zero = scaled(0, yRange, BASE, TOP);
  const points = corners.map(({ settlement, gain }) => ({
    x: scaled(toPixelNumber(settlement), xRange, EDGE, width - EDGE),
    y: scaled(toPixelNumber(gain), yRange, BASE, TOP),
  }));
  const line = points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const area = `${EDGE},${zero} ${line} ${width - EDGE},${zero}`;
  return (
    <>
      <svg y="0" height={Math.max(0, zero)} width={width} overflow="hidden">
        <polygon points={area} fill="var(--up-wash)" />
      </svg>
      <svg y={zero} height={Math.max(0, HEIGHT - zero)} width={width} overflow="hidden">
        <polygon points={area} transform={`translate(0 ${-zero})`} fill="var(--down-wash)" />
      </svg>
      <line x1={EDGE} x2={width - EDGE} y1={zero} y2={zero} stroke="var(--line-strong)" />
      <polyline points={line} fill="none" stroke="var(--accent)" strokeWidth="2" strokeLinejoin="round" />
    </>
  );
}

interface MarksProps {
  readonly prices: readonly Decimal[];
  readonly index: Decimal;
  readonly low: Decimal;
  readonly high: Decimal;
  readonly places: number;
  readonly zero: number;
  readonly width: number;
}

/** The price now, where the payoff is zero, and the ends; a label that would lie over another is left out. */
function Marks({ prices, index, low, high, places, zero, width }: MarksProps): ReactElement {
  const range = rangeOf([toPixelNumber(low), toPixelNumber(high)]);
  const x = (price: Decimal): number => scaled(toPixelNumber(price), range, EDGE, width - EDGE);
  const now = x(index);
  const apart = (price: Decimal): boolean => Math.abs(x(price) - now) > 2 * LABEL_ROOM && x(price) > 2 * LABEL_ROOM && x(price) < width - 2 * LABEL_ROOM;
  return (
    <>
      <line x1={now} x2={now} y1={TOP} y2={BASE} stroke="var(--line-strong)" strokeDasharray="3 3" />
      {prices.map((price) => (
        <circle key={toText(price)} cx={x(price)} cy={zero} r="4" fill="var(--surface)" stroke="var(--accent)" strokeWidth="2" />
      ))}
      {prices.filter(apart).map((price) => (
        <text key={toText(price)} x={x(price)} y={HEIGHT - 10} textAnchor="middle">
          zero at {fixed(price, places)}
        </text>
      ))}
      <text x={EDGE} y={HEIGHT - 10}>
        {fixed(low, places)}
      </text>
      <text x={now} y={HEIGHT - 10} textAnchor="middle" className="strong">
        now {fixed(index, places)}
      </text>
      <text x={width - EDGE} y={HEIGHT - 10} textAnchor="end">
        {fixed(high, places)}
      </text>
    </>
  );
}
