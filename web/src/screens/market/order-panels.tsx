import { type ReactElement, useState } from "react";
import { useAccount } from "../../api/queries";
import type { Markets, MarketView } from "../../api/types";
import { NotConnected } from "../../shell/wallet-button";
import { useAddress, useSession } from "../../wallet/hooks";
import { Balances } from "../account/balances";
import { OpenOrders, OrderHistory } from "./orders";
import { Fills, Positions } from "./private-lists";

const PARTS = ["Open orders", "Positions", "Fills", "History", "Balances"] as const;
type Part = (typeof PARTS)[number];

/** Below the chart: what is mine in the markets. */
export function OrderPanels({ market, markets }: { market: MarketView; markets: Markets }): ReactElement {
  const [part, setPart] = useState<Part>("Open orders");
  const address = useAddress();
  const { signedIn } = useSession();
  const { data: account } = useAccount(address);
  const open = account?.open_orders.length ?? 0;
  return (
    <section className="panel orders" aria-label="My orders">
      <div className="tabs" role="tablist" aria-label="My orders" style={{ margin: 0, padding: "0 1rem" }}>
        {PARTS.map((name) => (
          <button key={name} type="button" role="tab" id={`tab-${slug(name)}`} aria-selected={name === part} aria-controls="my-orders" onClick={() => setPart(name)}>
            {name}
            {name === "Open orders" && open > 0 ? ` (${open})` : ""}
          </button>
        ))}
      </div>
      <div role="tabpanel" id="my-orders" aria-labelledby={`tab-${slug(part)}`}>
        {address === null ? (
          <NotConnected>Your orders, positions, fills and balances appear here.</NotConnected>
        ) : (
          <>
            {part === "Open orders" && <OpenOrders address={address} markets={markets} market={market} />}
            {part === "Positions" && <Positions markets={markets} signedIn={signedIn !== null} />}
            {part === "Fills" && <Fills markets={markets} signedIn={signedIn !== null} />}
            {part === "History" && <OrderHistory address={address} markets={markets} />}
            {part === "Balances" && <Balances address={address} />}
          </>
        )}
      </div>
    </section>
  );
}

const slug = (name: string): string => name.toLowerCase().replace(" ", "-");
