import { type Book, BookGap, type BookMessage, UNKNOWN_BOOK, applied } from "../market/book";
import { LiveClient, type LiveMessage, ownSocket } from "./live";
import type { StatusView, TradeView } from "./types";

/** The page's one socket; made at first use, so that tests and the offline shell can import this module. */
let client: LiveClient | null = null;

export function live(): LiveClient {
  client ??= new LiveClient(ownSocket);
  return client;
}

/** A value that follows a channel: subscribed while somebody looks at it. */
export interface Feed<T> {
  readonly subscribe: (changed: () => void) => () => void;
  readonly get: () => T;
}

const LINGER_MS = 3_000;

function feed<T>(channel: string, market: string, initial: T, next: (value: T, message: LiveMessage) => T): Feed<T> {
  let value = initial;
  let end: (() => void) | null = null;
  let lingering: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();
  const hear = (message: LiveMessage): void => {
    try {
      value = next(value, message);
    } catch (error) {
      if (!(error instanceof BookGap)) throw error;
      live().resynchronise(channel, market);
      return;
    }
    for (const listener of listeners) listener();
  };
  return {
    get: () => value,
    subscribe: (changed) => {
      clearTimeout(lingering);
      listeners.add(changed);
      end ??= live().subscribe(channel, market, hear);
      return () => {
        listeners.delete(changed);
        // Going from page to page keeps the book; leaving it for good lets it go.
        if (listeners.size === 0) lingering = setTimeout(() => close(), LINGER_MS);
      };
    },
  };
  function close(): void {
    if (listeners.size > 0) return;
    end?.();
    end = null;
    value = initial;
  }
}

const made = new Map<string, Feed<unknown>>();

function shared<T>(channel: string, market: string, make: () => Feed<T>): Feed<T> {
  const key = `${channel} ${market}`;
  let found = made.get(key) as Feed<T> | undefined;
  if (!found) {
    found = make();
    made.set(key, found);
  }
  return found;
}

export function bookFeed(market: string): Feed<Book> {
  return shared("book", market, () =>
    feed("book", market, UNKNOWN_BOOK, (book, message) => applied(book, message as unknown as BookMessage)),
  );
}

const TRADES_KEPT = 200;

/** The trades of a market before its first message. */
export const NOT_HEARD: readonly TradeView[] = [];

/** Newest first. */
export function tradesFeed(market: string): Feed<readonly TradeView[]> {
  return shared("trades", market, () =>
    feed<readonly TradeView[]>("trades", market, NOT_HEARD, (held, message) => {
      const trades = message["trades"] as TradeView[];
      return message.type === "snapshot" ? trades : [...[...trades].reverse(), ...held].slice(0, TRADES_KEPT);
    }),
  );
}

export function statusFeed(): Feed<StatusView | null> {
  return shared("status", "", () =>
    feed<StatusView | null>("status", "", null, (_, message) => message["status"] as StatusView),
  );
}

/** Counts what happened to the signed-in account: whoever shows it asks anew. */
export function accountFeed(): Feed<number> {
  return shared("account", "", () => feed("account", "", 0, (count) => count + 1));
}
