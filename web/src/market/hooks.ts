import { useQuery } from "@tanstack/react-query";
import { useMemo, useSyncExternalStore } from "react";
import { bookFeed, tradesFeed } from "../api/feeds";
import { getPage, useList } from "../api/queries";
import { isMissing } from "../api/rest";
import type { AssetView, Markets, MarketView, TickerView, TradeView } from "../api/types";
import type { Book } from "./book";
import { type Candle, INTERVALS, type Interval, candlesOf, withLive } from "./candles";

export function useBook(symbol: string): Book {
  const feed = bookFeed(symbol);
  return useSyncExternalStore(feed.subscribe, feed.get);
}

export function useTape(symbol: string): readonly TradeView[] {
  const feed = tradesFeed(symbol);
  return useSyncExternalStore(feed.subscribe, feed.get);
}

const CANDLES = 500;

/** The server's candles and the live trades since; a server without candles gives trades to make them of. */
export function useCandles(symbol: string, interval: Interval): { candles: readonly Candle[] | undefined; error: Error | null } {
  const tape = useTape(symbol);
  const path = `/v1/markets/${encodeURIComponent(symbol)}`;
  const { data, error } = useQuery({
    queryKey: ["candles", symbol, interval],
    refetchInterval: 15_000,
    queryFn: async ({ signal }) => {
      try {
        return (await getPage<Candle>(`${path}/candles?interval=${interval}&limit=${CANDLES}`, signal)).items;
      } catch (failure) {
        if (!isMissing(failure)) throw failure;
        return candlesOf((await getPage<TradeView>(`${path}/trades?limit=1000`, signal)).items, interval);
      }
    },
  });
  const candles = useMemo(() => (data ? withLive(data, candlesOf(tape, interval)) : undefined), [data, tape, interval]);
  return { candles, error };
}

export const INTERVAL_NAMES = Object.keys(INTERVALS) as Interval[];

export function useTickers(): ReadonlyMap<string, TickerView> {
  const { data } = useList<TickerView>("/v1/tickers", 3_000);
  return useMemo(() => new Map((data ?? []).map((ticker) => [ticker.market, ticker])), [data]);
}

export interface MarketNames {
  /** What is bought: a token, or the underlying of a contract. */
  readonly base: string;
  readonly quote: string;
  readonly quoteAsset: AssetView | null;
}

export function namesOf(market: MarketView, markets: Markets): MarketNames {
  const quoteAsset = markets.assets.find((asset) => asset.asset === market.quote_asset) ?? null;
  const base = market.kind === "spot" ? markets.assets.find((asset) => asset.asset === market.base_asset)?.symbol : market.underlying;
  return { base: base ?? market.symbol, quote: quoteAsset?.symbol ?? "", quoteAsset };
}
