import { type Decimal, ZERO, add, compare, decimal, divideDown, isZero, minimum, multiply, subtract } from "../money/decimal";
import type { Book } from "./book";

/** What a taker would get now. `left`: what the book cannot fill within the limit. */
export interface Execution {
  readonly filled: Decimal;
  readonly cost: Decimal;
  readonly average: Decimal | null;
  readonly worst: Decimal | null;
  readonly left: Decimal;
}

/** Walks the visible book for `quantity` at `limit` or better (null: any price). An estimate: others trade meanwhile. */
export function executionOf(book: Book, side: "buy" | "sell", quantity: Decimal, limit: Decimal | null): Execution {
  let left = quantity;
  let filled = ZERO;
  let cost = ZERO;
  let worst: Decimal | null = null;
  for (const [priceText, quantityText] of side === "buy" ? book.asks : book.bids) {
    const price = decimal(priceText);
    if (isZero(left) || (limit !== null && isBeyond(side, price, limit))) break;
    const taken = minimum(left, decimal(quantityText));
    filled = add(filled, taken);
    cost = add(cost, multiply(taken, price));
    left = subtract(left, taken);
    worst = price;
  }
  const average = isZero(filled) ? null : divideDown(cost, filled, 12);
  return { filled, cost, average, worst, left };
}

function isBeyond(side: "buy" | "sell", price: Decimal, limit: Decimal): boolean {
  return side === "buy" ? compare(price, limit) > 0 : compare(price, limit) < 0;
}
