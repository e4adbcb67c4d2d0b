import { type UseQueryResult, queryOptions, useQuery } from "@tanstack/react-query";
import { get, isMissing } from "./rest";
import type {
  AccountView,
  BatchView,
  BookView,
  ClaimView,
  Markets,
  MarketView,
  NetworkView,
  ProviderView,
  RedemptionView,
  StatusView,
  TradeView,
} from "./types";

/** How often what is shown is asked again, where no channel tells of changes. */
const OFTEN_MS = 4_000;
const SELDOM_MS = 15_000;

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** Lists are `{items, next}`; an older server answers the bare list. */
export function pageOf<T>(answer: Page<T> | T[]): Page<T> {
  return Array.isArray(answer) ? { items: answer, next: null } : answer;
}

export async function getPage<T>(path: string, signal?: AbortSignal): Promise<Page<T>> {
  return pageOf(await get<Page<T> | T[]>(path, signal));
}

/** A list, or null where this server has no such route. */
export function useList<T>(path: string | null, every: number = OFTEN_MS): UseQueryResult<T[] | null> {
  return useQuery({
    queryKey: ["list", path],
    enabled: path !== null,
    refetchInterval: every,
    queryFn: async ({ signal }) => optional(async () => (await getPage<T>(path ?? "", signal)).items),
  });
}

/** One thing, or null where this server has no such route. */
export function useThing<T>(path: string | null, every: number = OFTEN_MS): UseQueryResult<T | null> {
  return useQuery({
    queryKey: ["thing", path],
    enabled: path !== null,
    refetchInterval: every,
    queryFn: async ({ signal }) => optional(() => get<T>(path ?? "", signal)),
  });
}

async function optional<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** Nearly every page needs the markets: they are asked for while its code is still on its way. */
export const MARKETS = queryOptions({ queryKey: ["markets"], queryFn: async ({ signal }) => listed(await get<Markets>("/v1/markets", signal)) });

export function useMarkets(): UseQueryResult<Markets> {
  return useQuery({ ...MARKETS, refetchInterval: SELDOM_MS });
}

/** What an older server leaves out of a spot market. */
function listed(markets: Markets): Markets {
  const spot = { kind: "spot", underlying: null, expiry: null, strike: null } as const;
  return { ...markets, markets: markets.markets.map((market): MarketView => ({ ...spot, ...market })) };
}

export function useMarket(symbol: string | null): MarketView | null {
  const { data } = useMarkets();
  return data?.markets.find((market) => market.symbol === symbol) ?? null;
}

export function useNetwork(): UseQueryResult<NetworkView> {
  return useQuery({ queryKey: ["network"], queryFn: ({ signal }) => get<NetworkView>("/v1/network", signal), staleTime: Infinity });
}

export function useAccount(address: string | null): UseQueryResult<AccountView | null> {
  return useThing<AccountView>(address === null ? null : `/v1/accounts/${address}`, 2_500);
}

export const useStatus = (): UseQueryResult<StatusView | null> => useThing<StatusView>("/v1/status");
export const useProviders = (): UseQueryResult<ProviderView[] | null> => useList<ProviderView>("/v1/providers");
export const useClaims = (): UseQueryResult<ClaimView[] | null> => useList<ClaimView>("/v1/claims?limit=100");
export const useRedemptions = (): UseQueryResult<RedemptionView[] | null> => useList<RedemptionView>("/v1/redemptions?limit=100");
export const useBatches = (): UseQueryResult<BatchView[] | null> => useList<BatchView>("/v1/batches?limit=100");

export function useTrades(symbol: string, limit: number): UseQueryResult<TradeView[] | null> {
  return useList<TradeView>(`/v1/markets/${encodeURIComponent(symbol)}/trades?limit=${limit}`, SELDOM_MS);
}

export function useBookOnce(symbol: string | null, depth: number): UseQueryResult<BookView | null> {
  return useThing<BookView>(symbol === null ? null : `/v1/markets/${encodeURIComponent(symbol)}/book?depth=${depth}`);
}
