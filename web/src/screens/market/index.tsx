import { type ReactElement, useState } from "react";
import { Redirect, useParams } from "wouter";
import { useMarkets } from "../../api/queries";
import type { Markets, MarketView } from "../../api/types";
import { Empty, Loading } from "../../ui/panel";
import { ChartPanel } from "./chart-panel";
import { Ladder } from "./ladder";
import { OptionChain } from "./option-chain";
import { OrderPanels } from "./order-panels";
import { Strip } from "./strip";
import { Tape } from "./tape";
import { TicketPanel } from "./ticket-panel";

export default function Market(): ReactElement {
  const { symbol } = useParams<{ symbol?: string }>();
  const { data: markets, error } = useMarkets();
  if (!markets) return error ? <Empty title="The markets cannot be read">{error.message}</Empty> : <Loading />;
  const first = markets.markets[0];
  if (symbol === undefined) {
    return first ? <Redirect to={`/market/${encodeURIComponent(first.symbol)}`} replace /> : <Empty title="No market is listed yet" />;
  }
  const name = decodeURIComponent(symbol);
  if (name === "options") return <OptionChain markets={markets} />;
  const market = markets.markets.find((one) => one.symbol === name);
  if (!market) return <Empty title={`There is no market ${name}`} />;
  return <MarketPage key={market.symbol} market={market} markets={markets} />;
}

/** A price that somebody pointed at in the book or the chain, for the ticket. */
export interface PickedPrice {
  readonly price: string;
  readonly at: number;
}

function MarketPage({ market, markets }: { market: MarketView; markets: Markets }): ReactElement {
  const [picked, setPicked] = useState<PickedPrice | null>(null);
  const pick = (price: string): void => setPicked({ price, at: Date.now() });
  return (
    <>
      <h1 className="visually-hidden">{market.symbol}</h1>
      <div className="market">
        <Strip market={market} markets={markets} />
        <ChartPanel market={market} markets={markets} />
        <Ladder market={market} onPick={pick} />
        <TicketPanel market={market} markets={markets} picked={picked} />
        <OrderPanels market={market} markets={markets} />
        <Tape market={market} />
      </div>
    </>
  );
}
