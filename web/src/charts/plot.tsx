/** Small exact plots in SVG. Numbers here are pixels; values come as decimals and are only placed. */
import type { ReactElement, ReactNode } from "react";
import { type Decimal, toPixelNumber } from "../money/decimal";

export interface Point {
  readonly x: Decimal;
  readonly y: Decimal;
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

export const WIDTH = 640;

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

interface FrameProps {
  readonly label: string;
  readonly height: number;
  readonly children: ReactNode;
}

/** `label` says in words what the picture shows. */
export function Frame({ label, height, children }: FrameProps): ReactElement {
  return (
    <svg className="plot" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={label} preserveAspectRatio="xMidYMid meet">
      {children}
    </svg>
  );
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

export function LinePlot({ label, points, height = 180, left, right, format, band }: LineProps): ReactElement {
  const xs = points.map((point) => toPixelNumber(point.x));
  const ys = points.map((point) => toPixelNumber(point.y));
  const bounds = band ? [toPixelNumber(band.low), toPixelNumber(band.high)] : [];
  const xRange = rangeOf(xs);
  const yRange = rangeOf([...ys, ...bounds], 0.08);
  const place = (index: number): string =>
    `${scaled(xs[index] ?? 0, xRange, PAD.left, WIDTH - PAD.right).toFixed(1)},${scaled(ys[index] ?? 0, yRange, height - PAD.bottom, PAD.top).toFixed(1)}`;
  const line = points.map((_, index) => place(index)).join(" ");
  const base = height - PAD.bottom;
  const first = points[0];
  const last = points[points.length - 1];
  return (
    <Frame label={label} height={height}>
      {band && (
        <rect
          x={PAD.left}
          width={WIDTH - PAD.left - PAD.right}
          y={scaled(bounds[1] ?? 0, yRange, base, PAD.top)}
          height={Math.max(1, scaled(bounds[0] ?? 0, yRange, base, PAD.top) - scaled(bounds[1] ?? 0, yRange, base, PAD.top))}
          fill="var(--up-wash)"
        />
      )}
      <line x1={PAD.left} x2={WIDTH - PAD.right} y1={base} y2={base} stroke="var(--line)" />
      <polyline points={line} fill="none" stroke="var(--accent)" strokeWidth="2" strokeLinejoin="round" />
      {first && (
        <text x={PAD.left} y={height - 6}>
          {left ?? ""}
        </text>
      )}
      {last && (
        <>
          <text x={WIDTH - PAD.right} y={height - 6} textAnchor="end">
            {right ?? ""}
          </text>
          <circle cx={place(points.length - 1).split(",")[0]} cy={place(points.length - 1).split(",")[1]} r="3.5" fill="var(--accent)" />
          <text x={WIDTH - PAD.right} y={PAD.top + 2} textAnchor="end" style={{ fill: "var(--ink)", fontWeight: 600 }}>
            {format(last.y)}
          </text>
        </>
      )}
    </Frame>
  );
}
