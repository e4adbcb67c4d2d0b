/** Plots of exact decimals. Numbers here are pixels; values come as decimals and are only placed. */
import type { ReactElement } from "react";
import { type Decimal, toPixelNumber } from "../money/decimal";
import { Frame } from "./frame";

export interface Point {
  readonly x: Decimal;
  readonly y: Decimal;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export function rangeOf(values: readonly number[], margin = 0): Range {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = (high - low || Math.abs(high) || 1) * margin;
  return { low: low - room, high: high + room };
}

export function scaled(value: number, range: Range, from: number, to: number): number {
  const width = range.high - range.low || 1;
  return from + ((value - range.low) / width) * (to - from);
}

interface LineProps {
  readonly label: string;
  readonly points: readonly Point[];
  readonly height?: number;
  /** Texts at the ends of the axes. */
  readonly left?: string;
  readonly right?: string;
  readonly format: (value: Decimal) => string;
  /** A band around a middle, such as a target. */
  readonly band?: { readonly low: Decimal; readonly high: Decimal; readonly name: string };
}

const PAD = { left: 8, right: 8, top: 10, bottom: 22 };

export function LinePlot({ label, points, height = 200, left = "", right = "", format, band }: LineProps): ReactElement {
  const xs = points.map((point) => toPixelNumber(point.x));
  const ys = points.map((point) => toPixelNumber(point.y));
  const bounds = band ? [toPixelNumber(band.low), toPixelNumber(band.high)] : [];
  const [xRange, yRange] = [rangeOf(xs), rangeOf([...ys, ...bounds], 0.08)];
  const base = height - PAD.bottom;
  const y = (value: number): number => scaled(value, yRange, base, PAD.top);
  const last = points[points.length - 1];
  const draw = (width: number): ReactElement => {
    const x = (value: number): number => scaled(value, xRange, PAD.left, width - PAD.right);
    const line = xs.map((at, index) => `${x(at).toFixed(1)},${y(ys[index] ?? 0).toFixed(1)}`).join(" ");
    return (
      <>
        {band && <rect x={PAD.left} width={width - PAD.left - PAD.right} y={y(bounds[1] ?? 0)} height={Math.max(1, y(bounds[0] ?? 0) - y(bounds[1] ?? 0))} fill="var(--up-wash)" />}
        <line x1={PAD.left} x2={width - PAD.right} y1={base} y2={base} stroke="var(--line)" />
        <polyline points={line} fill="none" stroke="var(--accent)" strokeWidth="2" strokeLinejoin="round" />
        <text x={PAD.left} y={height - 6}>
          {left}
        </text>
        <text x={width - PAD.right} y={height - 6} textAnchor="end">
          {right}
        </text>
        {last && (
          <>
            <circle cx={x(xs[xs.length - 1] ?? 0)} cy={y(ys[ys.length - 1] ?? 0)} r="3.5" fill="var(--accent)" />
            <text x={width - PAD.right} y={PAD.top + 2} textAnchor="end" className="strong">
              {format(last.y)}
            </text>
          </>
        )}
      </>
    );
  };
  return <Frame label={label} height={height} draw={draw} />;
}
