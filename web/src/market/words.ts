/** An order in plain language, before it is signed. */
import { toText } from "../money/decimal";
import { moment } from "../money/time";
import { fromNanoseconds } from "../money/time";
import type { OrderTerms, OrderType, SelfTrade, TimeInForce } from "../signing/requests";
import { isConditional, isMarketType } from "./ticket";

export const TYPE_NAMES: Readonly<Record<OrderType, string>> = {
  limit: "Limit",
  market: "Market",
  stop_market: "Stop market",
  stop_limit: "Stop limit",
  take_profit_market: "Take-profit market",
  take_profit_limit: "Take-profit limit",
};

export const TIME_NAMES: Readonly<Record<TimeInForce, string>> = {
  gtc: "Good till cancelled",
  ioc: "Immediate or cancel",
  fok: "Fill or kill",
  gtd: "Good till a time",
};

export const SELF_TRADE_NAMES: Readonly<Record<SelfTrade, string>> = {
  none: "Trade with myself",
  cancel_maker: "Cancel my resting order",
  cancel_taker: "Cancel the new order",
  cancel_both: "Cancel both",
  decrement: "Reduce both",
};

export function orderInWords(terms: OrderTerms, base: string, quote: string): string {
  return [condition(terms, quote), main(terms, base, quote), life(terms), instructions(terms)].filter(Boolean).join(" ");
}

function condition(terms: OrderTerms, quote: string): string {
  if (!isConditional(terms.type) || terms.trigger === null) return "";
  const upwards = terms.type.startsWith("stop_") === (terms.side === "buy");
  return `Waits until the mark price is ${toText(terms.trigger)} ${quote} or ${upwards ? "higher" : "lower"}. Then:`;
}

function main(terms: OrderTerms, base: string, quote: string): string {
  const verb = terms.side === "buy" ? "Buys" : "Sells";
  const bound = terms.side === "buy" ? "or less" : "or more";
  const quantity = `${toText(terms.quantity)} ${base}`;
  if (isMarketType(terms.type)) return `${verb} ${quantity} at the best prices, never beyond ${toText(terms.price)} ${quote}.`;
  return `${verb} ${quantity} at ${toText(terms.price)} ${quote} ${bound}.`;
}

function life(terms: OrderTerms): string {
  switch (terms.timeInForce) {
    case "ioc":
      return "What does not trade at once is cancelled.";
    case "fok":
      return "All of it trades at once, or nothing.";
    case "gtd":
      return `What is left ends on ${moment(fromNanoseconds(terms.goodTill))}.`;
    case "gtc":
      return terms.postOnly ? "" : "What does not trade at once waits in the book until it is filled or cancelled.";
  }
}

function instructions(terms: OrderTerms): string {
  const told: string[] = [];
  if (terms.postOnly) told.push(terms.slide ? "It never takes: if it would, its price moves behind the best." : "It only waits in the book; if it would trade at once, it is refused.");
  if (terms.reduceOnly) told.push("It can only make the position smaller.");
  return told.join(" ");
}
