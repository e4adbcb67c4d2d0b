import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { accountFeed } from "../api/feeds";
import { useAddress, useSession } from "../wallet/hooks";

const nothing = (): (() => void) => () => undefined;
const zero = (): number => 0;

/** While signed in, what happens to the account is asked anew the moment that the exchange tells of it. */
export function useAccountUpdates(): void {
  const { signedIn } = useSession();
  const address = useAddress();
  const feed = accountFeed();
  const count = useSyncExternalStore(signedIn ? feed.subscribe : nothing, signedIn ? feed.get : zero);
  const queries = useQueryClient();
  useEffect(() => {
    if (count === 0) return;
    void queries.invalidateQueries({ queryKey: ["thing", `/v1/accounts/${address ?? ""}`] });
    void queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v1/account/") });
  }, [count, address, queries]);
}
