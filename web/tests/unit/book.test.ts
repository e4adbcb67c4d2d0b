import { describe, expect, it } from "vitest";
import { type Book, BookGap, UNKNOWN_BOOK, type Level, applied, cumulative, groupedLevels } from "../../src/market/book";
import { executionOf } from "../../src/market/execution";
import { decimal, toText } from "../../src/money/decimal";

const snapshot = { type: "snapshot", seq: "7", bids: [["0.06", "10"], ["0.0601", "5"]], asks: [["0.0603", "1"], ["0.0602", "4"]] } as const;
const book: Book = applied(UNKNOWN_BOOK, snapshot);

describe("the book", () => {
  it("stands best price first", () => {
    expect(book.bids.map(([price]) => price)).toEqual(["0.0601", "0.06"]);
    expect(book.asks.map(([price]) => price)).toEqual(["0.0602", "0.0603"]);
  });

  it("merges levels, and 0 removes one", () => {
    const next = applied(book, { type: "update", seq: "8", prev_seq: "7", bids: [["0.0601", "0"], ["0.0599", "3"]], asks: [["0.0602", "9"]] });
    expect(next.bids).toEqual([["0.06", "10"], ["0.0599", "3"]]);
    expect(next.asks[0]).toEqual(["0.0602", "9"]);
    expect(next.seq).toBe(8n);
  });

  it("tells a gap instead of showing a wrong book", () => {
    expect(() => applied(book, { type: "update", seq: "10", prev_seq: "9", bids: [], asks: [] })).toThrow(BookGap);
    expect(() => applied(book, { type: "update", seq: "10", bids: [], asks: [] })).toThrow(BookGap);
  });

  it("takes joined updates, ignores old ones, and begins anew with a snapshot", () => {
    expect(applied(book, { type: "update", seq: "12", prev_seq: "7", bids: [], asks: [] }).seq).toBe(12n);
    expect(applied(book, { type: "update", seq: "6", prev_seq: "5", bids: [["1", "1"]], asks: [] })).toBe(book);
    expect(applied(book, { ...snapshot, seq: "1" }).seq).toBe(1n);
  });

  it("equals a plain map after any sequence of updates", () => {
    let state = 42;
    const random = (below: number): number => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) % below;
    const model = new Map<string, string>();
    let held: Book = { seq: 0n, bids: [], asks: [] };
    for (let seq = 1; seq <= 400; seq++) {
      const price = `0.0${100 + random(60)}`;
      const quantity = String(random(4));
      held = applied(held, { type: "update", seq: String(seq), prev_seq: String(seq - 1), bids: [[price, quantity]], asks: [] });
      if (quantity === "0") model.delete(price);
      else model.set(price, quantity);
      const sorted = [...model].sort(([a], [b]) => (a < b ? 1 : -1));
      expect(held.bids).toEqual(sorted);
    }
  });

  it("sums and groups without making a level look better than it is", () => {
    expect(cumulative(book.asks, 5).map((level) => toText(level.total))).toEqual(["4", "5"]);
    const levels: Level[] = [["0.06019", "1"], ["0.06011", "2"], ["0.06009", "4"]];
    expect(groupedLevels(levels, decimal("0.0001"), "bids")).toEqual([["0.06010", "3"], ["0.06000", "4"]]);
    expect(groupedLevels(levels, decimal("0.0001"), "asks")).toEqual([["0.06020", "3"], ["0.06010", "4"]]);
  });
});

describe("an execution estimate", () => {
  it("walks the book within the limit", () => {
    const execution = executionOf(book, "buy", decimal("6"), decimal("0.0602"));
    expect([toText(execution.filled), toText(execution.left)]).toEqual(["4", "2"]);
    const all = executionOf(book, "buy", decimal("5"), null);
    expect(toText(all.cost)).toBe("0.3011");
    expect(toText(all.average ?? decimal("0"))).toBe("0.06022");
  });

  it("sells into bids", () => {
    const execution = executionOf(book, "sell", decimal("6"), null);
    expect(toText(execution.worst ?? decimal("0"))).toBe("0.06");
    expect(toText(execution.cost)).toBe("0.3605");
  });
});
