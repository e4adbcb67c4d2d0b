import type { ReactElement } from "react";
import { type Book, cumulative } from "../market/book";
import { toPixelNumber } from "../money/decimal";
import { fixed, shortest } from "../money/format";
import { Frame } from "./frame";
import { rangeOf, scaled } from "./plot";

const HEIGHT = 320;
const LEVELS = 100;
const BASE = HEIGHT - 24;

/** How much stands on each side up to each price. */
export function DepthChart({ book, places }: { book: Book; places: number }): ReactElement | null {
  const bids = cumulative(book.bids, LEVELS);
  const asks = cumulative(book.asks, LEVELS);
  const lastBid = bids[bids.length - 1];
  const lastAsk = asks[asks.length - 1];
  if (!lastBid && !lastAsk) return null;
  const prices = rangeOf([...bids, ...asks].map((level) => toPixelNumber(level.price)));
  const totals = { low: 0, high: Math.max(...[lastBid, lastAsk].map((level) => (level ? toPixelNumber(level.total) : 0))) };
  const y = (total: number): number => scaled(total, totals, BASE, 16);
  const steps = (levels: typeof bids, x: (price: number) => number): string => {
    let path = "";
    let before = BASE;
    for (const level of levels) {
      const at = x(toPixelNumber(level.price));
      path += `${path === "" ? "M" : "L"}${at},${before} L${at},${y(toPixelNumber(level.total))} `;
      before = y(toPixelNumber(level.total));
    }
    const end = levels[levels.length - 1];
    return end ? `${path}L${x(toPixelNumber(end.price))},${BASE}Z` : "";
  };
  const words = `Depth: ${lastBid ? shortest(lastBid.total, 2) : "0"} bid, ${lastAsk ? shortest(lastAsk.total, 2) : "0"} asked`;
  const draw = (width: number): ReactElement => {
    const x = (price: number): number => scaled(price, prices, 8, width - 8);
    return (
      <>
        <path d={steps(bids, x)} fill="var(--up-wash)" stroke="var(--up-solid)" strokeWidth="1.5" />
        <path d={steps(asks, x)} fill="var(--down-wash)" stroke="var(--down-solid)" strokeWidth="1.5" />
        <line x1="8" x2={width - 8} y1={BASE} y2={BASE} stroke="var(--line)" />
        {lastBid && (
          <text x="8" y={HEIGHT - 8}>
            {fixed(lastBid.price, places)} · {shortest(lastBid.total, 1)} bid
          </text>
        )}
        {lastAsk && (
          <text x={width - 8} y={HEIGHT - 8} textAnchor="end">
            {shortest(lastAsk.total, 1)} asked · {fixed(lastAsk.price, places)}
          </text>
        )}
      </>
    );
  };
  return <Frame label={words} height={HEIGHT} draw={draw} />;
}
