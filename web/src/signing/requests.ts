import type { Address } from "viem";
import type { MarketView } from "../api/types";
import { type Decimal, decimal, stepsOf, toText } from "../money/decimal";
import { toNanoseconds } from "../money/time";
import type { TypedMessage } from "./messages";

export const ORDER_TYPES = [
  "limit",
  "market",
  "stop_market",
  "stop_limit",
  "take_profit_market",
  "take_profit_limit",
] as const;
export const TIMES_IN_FORCE = ["gtc", "ioc", "fok", "gtd"] as const;
export const SELF_TRADES = ["none", "cancel_maker", "cancel_taker", "cancel_both", "decrement"] as const;
export type OrderType = (typeof ORDER_TYPES)[number];
export type TimeInForce = (typeof TIMES_IN_FORCE)[number];
export type SelfTrade = (typeof SELF_TRADES)[number];
export type Side = "buy" | "sell";

const INSTRUCTION_BITS = { postOnly: 1, slide: 2, reduceOnly: 4, protected: 8 } as const;
const LIFE_MS = 60_000;

/** An order as the ticket states it, all prices on the market's grid. */
export interface OrderTerms {
  readonly side: Side;
  readonly type: OrderType;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  readonly slide: boolean;
  readonly reduceOnly: boolean;
  readonly selfTrade: SelfTrade;
  readonly goodTill: bigint;
  readonly trigger: Decimal | null;
}

export interface SignableRequest {
  readonly message: TypedMessage;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Unique while it lives: 53 bits from the clock and chance. */
export function newClientId(): bigint {
  const random = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  return (BigInt(Date.now()) << 12n) | BigInt(random & 0xfff);
}

export function expiresAt(now: number): bigint {
  return toNanoseconds(now + LIFE_MS);
}

export function orderRequest(
  account: Address,
  market: MarketView,
  terms: OrderTerms,
  clientId: bigint,
  expiry: bigint,
): SignableRequest {
  const triggerTicks = terms.trigger === null ? 0n : steps(terms.trigger, market.price_step);
  const instructions = Object.entries(INSTRUCTION_BITS).reduce(
    (bits, [name, bit]) => bits + (terms[name as keyof OrderTerms] === true ? bit : 0),
    0,
  );
  return {
    message: {
      name: "Order",
      values: {
        account,
        market: market.market,
        clientId,
        expiresAt: expiry,
        ticks: steps(terms.price, market.price_step),
        lots: steps(terms.quantity, market.quantity_step),
        side: terms.side === "buy" ? 0 : 1,
        orderType: ORDER_TYPES.indexOf(terms.type),
        timeInForce: TIMES_IN_FORCE.indexOf(terms.timeInForce),
        instructions,
        selfTrade: SELF_TRADES.indexOf(terms.selfTrade),
        label: 0,
        goodTill: terms.goodTill,
        triggerTicks,
      },
    },
    body: {
      account,
      market: market.symbol,
      side: terms.side,
      price: toText(terms.price),
      quantity: toText(terms.quantity),
      client_id: clientId.toString(),
      expires_at: expiry.toString(),
      type: terms.type,
      time_in_force: terms.timeInForce,
      post_only: terms.postOnly,
      slide: terms.slide,
      reduce_only: terms.reduceOnly,
      self_trade: terms.selfTrade,
      good_till: terms.goodTill.toString(),
      trigger_price: terms.trigger === null ? "0" : toText(terms.trigger),
    },
  };
}

export function amendRequest(
  account: Address,
  market: MarketView,
  orderId: string,
  price: Decimal,
  quantity: Decimal,
  clientId: bigint,
  expiry: bigint,
): SignableRequest {
  return {
    message: {
      name: "Amend",
      values: {
        account,
        order: BigInt(orderId),
        clientId,
        expiresAt: expiry,
        ticks: steps(price, market.price_step),
        lots: steps(quantity, market.quantity_step),
      },
    },
    body: {
      account,
      market: market.symbol,
      order_id: orderId,
      price: toText(price),
      quantity: toText(quantity),
      client_id: clientId.toString(),
      expires_at: expiry.toString(),
    },
  };
}

export function cancelRequest(account: Address, orderId: string, expiry: bigint): SignableRequest {
  return {
    message: { name: "Cancel", values: { account, order: BigInt(orderId), expiresAt: expiry } },
    body: { account, order_id: orderId, expires_at: expiry.toString() },
  };
}

const ALL_MARKETS = 2 ** 32 - 1;
const BOTH_SIDES = 2;

/** Cancels all open orders, or those of one market. */
export function cancelAllRequest(account: Address, market: MarketView | null, expiry: bigint): SignableRequest {
  return {
    message: {
      name: "CancelAll",
      values: { account, market: market?.market ?? ALL_MARKETS, label: 0, side: BOTH_SIDES, expiresAt: expiry },
    },
    body: { account, market: market?.symbol ?? "", side: "both", label: 0, expires_at: expiry.toString() },
  };
}

export function withdrawalRequest(
  account: Address,
  asset: number,
  amount: bigint,
  recipient: Address,
  clientId: bigint,
  expiry: bigint,
): SignableRequest {
  return {
    message: { name: "Withdrawal", values: { account, asset, clientId, expiresAt: expiry, amount, recipient } },
    body: {
      account,
      asset,
      amount: amount.toString(),
      recipient,
      client_id: clientId.toString(),
      expires_at: expiry.toString(),
    },
  };
}

/** Lets `agent` sign orders for `account`, never withdrawals, between two unix seconds. */
export function delegationMessage(account: Address, agent: Address, from: number, until: number): TypedMessage {
  return { name: "Delegation", values: { account, agent, validFrom: BigInt(from), validUntil: BigInt(until) } };
}

function steps(value: Decimal, step: string): bigint {
  const count = stepsOf(value, decimal(step));
  if (count === null) throw new RangeError(`${toText(value)} lies between two steps of ${step}`);
  return count;
}
