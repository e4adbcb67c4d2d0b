import type { AssetView, BalanceView, MarketView } from "../api/types";
import {
  type Decimal,
  ZERO,
  add,
  compare,
  decimal,
  divideDown,
  fromUnits,
  isZero,
  multiply,
  neighbours,
  parseDecimal,
  partsPerMillion,
  roundDown,
  roundUp,
  stepsOf,
  subtract,
  toText,
} from "../money/decimal";
import { toNanoseconds } from "../money/time";
import type { OrderTerms, OrderType, SelfTrade, Side, TimeInForce } from "../signing/requests";
import type { Book } from "./book";
import { type Execution, executionOf } from "./execution";

/** What stands in the ticket's fields, as typed. */
export interface TicketForm {
  readonly side: Side;
  readonly type: OrderType;
  /** Of the market types the worst price that is accepted; empty: 1 % beyond the best. */
  readonly price: string;
  readonly trigger: string;
  readonly quantity: string;
  readonly timeInForce: TimeInForce;
  readonly minutes: string;
  readonly postOnly: boolean;
  readonly slide: boolean;
  readonly reduceOnly: boolean;
  readonly selfTrade: SelfTrade;
}

export const NEW_TICKET: TicketForm = {
  side: "buy",
  type: "limit",
  price: "",
  trigger: "",
  quantity: "",
  timeInForce: "gtc",
  minutes: "60",
  postOnly: false,
  slide: false,
  reduceOnly: false,
  selfTrade: "cancel_maker",
};

export type TicketField = "price" | "trigger" | "quantity" | "minutes";

export interface Ticket {
  readonly terms: OrderTerms | null;
  readonly errors: Partial<Record<TicketField, string>>;
  readonly execution: Execution | null;
  readonly notional: Decimal | null;
}

export const isMarketType = (type: OrderType): boolean => type === "market" || type === "stop_market" || type === "take_profit_market";
export const isConditional = (type: OrderType): boolean => type.startsWith("stop_") || type.startsWith("take_profit_");

/** Times in force that go with a type (docs/reference/engine.md, what an order may say). */
export function timesFor(type: OrderType): readonly TimeInForce[] {
  if (type === "market") return ["ioc", "fok"];
  if (isMarketType(type)) return ["ioc"];
  return isConditional(type) ? ["gtc", "ioc", "gtd"] : ["gtc", "ioc", "fok", "gtd"];
}

/** Post-only goes with a plain limit order that may rest. */
export const mayPostOnly = (form: TicketForm): boolean => form.type === "limit" && (form.timeInForce === "gtc" || form.timeInForce === "gtd");

/** A form whose parts go together after a change of one of them. */
export function consistent(form: TicketForm): TicketForm {
  const times = timesFor(form.type);
  const timeInForce = times.includes(form.timeInForce) ? form.timeInForce : (times[0] ?? "gtc");
  const next = { ...form, timeInForce };
  const postOnly = form.postOnly && mayPostOnly(next);
  return { ...next, postOnly, slide: postOnly && form.slide };
}

const SLIPPAGE_PPM = 10_000;

/** 1 % beyond the best opposite price, on the grid, towards what protects the trader. Null without one. */
export function protectionPrice(side: Side, book: Book, market: MarketView): Decimal | null {
  const best = (side === "buy" ? book.asks : book.bids)[0]?.[0] ?? market.mark;
  if (best === null) return null;
  const price = decimal(best);
  const step = decimal(market.price_step);
  const slip = partsPerMillion(price, SLIPPAGE_PPM);
  const [below, above] = neighbours(side === "buy" ? add(price, slip) : subtract(price, slip), step);
  const chosen = side === "buy" ? below : above;
  return compare(chosen, step) < 0 ? step : chosen;
}

/** Reads the form: terms to sign when all of it is right, else what is wrong with which field. */
export function ticketOf(form: TicketForm, market: MarketView, book: Book, now: number): Ticket {
  const errors: Partial<Record<TicketField, string>> = {};
  const price = priceOf(form, market, book, errors);
  const quantity = onStep(form.quantity, market.quantity_step, "quantity", errors);
  const trigger = isConditional(form.type) ? onStep(form.trigger, market.price_step, "trigger", errors) : null;
  const goodTill = form.timeInForce === "gtd" ? goodTillOf(form.minutes, now, errors) : 0n;
  if (quantity && BigInt(market.max_lots) < (stepsOf(quantity, decimal(market.quantity_step)) ?? 0n)) {
    errors.quantity = `At most ${toText(multiply(decimal(market.quantity_step), { units: BigInt(market.max_lots), scale: 0 }))} in one order`;
  }
  const complete = price !== null && quantity !== null && goodTill !== null && (trigger !== null || !isConditional(form.type));
  const terms: OrderTerms | null =
    complete && Object.keys(errors).length === 0
      ? { ...flags(form), price, quantity, goodTill, trigger, timeInForce: form.timeInForce }
      : null;
  const immediate = terms && !isConditional(form.type) && !form.postOnly;
  return {
    terms,
    errors,
    execution: immediate ? executionOf(book, form.side, terms.quantity, terms.price) : null,
    notional: price && quantity ? multiply(price, quantity) : null,
  };
}

function flags(form: TicketForm): Pick<OrderTerms, "side" | "type" | "postOnly" | "slide" | "reduceOnly" | "selfTrade"> {
  const { side, type, postOnly, slide, reduceOnly, selfTrade } = form;
  return { side, type, postOnly, slide, reduceOnly, selfTrade };
}

function priceOf(form: TicketForm, market: MarketView, book: Book, errors: Partial<Record<TicketField, string>>): Decimal | null {
  if (!isMarketType(form.type) || form.price !== "") return onStep(form.price, market.price_step, "price", errors);
  const protection = protectionPrice(form.side, book, market);
  if (protection === null) errors.price = "Nobody is on the other side: name the worst price that you accept";
  return protection;
}

function onStep(text: string, step: string, field: TicketField, errors: Partial<Record<TicketField, string>>): Decimal | null {
  if (text === "") return null;
  const value = parseDecimal(text);
  if (value === null || value.units <= 0n) {
    errors[field] = "A number above zero, such as 0.06";
    return null;
  }
  if (stepsOf(value, decimal(step)) !== null) return value;
  const [below, above] = neighbours(value, decimal(step));
  errors[field] = isZero(below) ? `At least ${step}` : `Steps are ${step}: use ${toText(below)} or ${toText(above)}`;
  return null;
}

const MINUTES_MAX = 60 * 24 * 365;

function goodTillOf(text: string, now: number, errors: Partial<Record<TicketField, string>>): bigint | null {
  const minutes = Number(text);
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= MINUTES_MAX) return toNanoseconds(now + minutes * 60_000);
  errors.minutes = "Whole minutes, from 1 to a year";
  return null;
}

/** The fee in the asset received, rounded up as the exchange does. Derivatives: both sides pay in the quote asset. */
export function feeUp(side: Side, market: MarketView, quantity: Decimal, notional: Decimal, ppm: number, assets: readonly AssetView[]): Decimal {
  const inBase = market.kind === "spot" && side === "buy";
  const asset = assets.find((one) => one.asset === (inBase ? market.base_asset : market.quote_asset));
  return roundUp(partsPerMillion(inBase ? quantity : notional, ppm), asset?.decimals ?? 18);
}

/** What of an asset can be spent now. */
export function availableOf(balances: readonly BalanceView[], asset: number | null): Decimal {
  const balance = balances.find((one) => one.asset === asset);
  return balance ? fromUnits(balance.available, balance.decimals) : ZERO;
}

/** `percent` of what is available as a quantity on the grid, rounded down. */
export function shareQuantity(side: Side, market: MarketView, balances: readonly BalanceView[], price: Decimal | null, percent: number): string {
  const share = (value: Decimal): Decimal => ({ units: value.units * BigInt(percent), scale: value.scale + 2 });
  const step = decimal(market.quantity_step);
  if (side === "sell" && market.kind === "spot") return floored(share(availableOf(balances, market.base_asset)), step);
  if (price === null || isZero(price)) return "";
  const quote = share(availableOf(balances, market.quote_asset));
  return floored(divideDown(quote, price, step.scale + 6), step);
}

function floored(value: Decimal, step: Decimal): string {
  return toText(roundDown(neighbours(value, step)[0], step.scale));
}
