import { type ReactElement, Suspense, lazy, useState } from "react";
import type { Markets, MarketView } from "../../api/types";
import { DepthChart } from "../../charts/depth";
import { INTERVAL_NAMES, namesOf, useBook, useCandles } from "../../market/hooks";
import type { Interval } from "../../market/candles";
import { decimal } from "../../money/decimal";
import { placesOf } from "../../money/format";
import { Segmented } from "../../ui/form";
import { Empty, Loading, Panel } from "../../ui/panel";
import { PayoffPanel } from "./payoff-panel";

const CandleChart = lazy(() => import("../../charts/candles"));

type View = "candles" | "depth" | "payoff";

export function ChartPanel({ market, markets }: { market: MarketView; markets: Markets }): ReactElement {
  const [view, setView] = useState<View>("candles");
  const [interval, setInterval] = useState<Interval>("5m");
  const views = [
    { value: "candles", label: "Candles" },
    { value: "depth", label: "Depth" },
    ...(market.kind === "spot" ? [] : [{ value: "payoff", label: "Payoff" } as const]),
  ] as const;
  return (
    <Panel
      title="Chart"
      className="chart"
      flush
      aside={
        <>
          {view === "candles" && (
            <Segmented label="Interval" compact value={interval} onChange={setInterval} choices={INTERVAL_NAMES.map((name) => ({ value: name, label: name }))} />
          )}
          <Segmented label="View" compact value={view} onChange={setView} choices={views} />
        </>
      }
    >
      {view === "candles" && <Candles market={market} interval={interval} />}
      {view === "depth" && <Depth market={market} />}
      {view === "payoff" && <PayoffPanel market={market} markets={markets} unit={namesOf(market, markets).quote} />}
    </Panel>
  );
}

function Candles({ market, interval }: { market: MarketView; interval: Interval }): ReactElement {
  const { candles, error } = useCandles(market.symbol, interval);
  if (!candles) return error ? <Empty title="The candles cannot be read">{error.message}</Empty> : <Loading />;
  if (candles.length === 0) return <Empty title="No trade yet">The chart begins with the first trade of {market.symbol}.</Empty>;
  const last = candles[candles.length - 1];
  return (
    <Suspense fallback={<Loading />}>
      <CandleChart
        candles={candles}
        places={placesOf(market.price_step)}
        label={`${candles.length} candles of ${interval}; the last closes at ${last ? decimalText(last.close) : "nothing"}`}
      />
    </Suspense>
  );
}

const decimalText = (text: string): string => (decimal(text), text);

function Depth({ market }: { market: MarketView }): ReactElement {
  const book = useBook(market.symbol);
  const chart = <DepthChart book={book} places={placesOf(market.price_step)} />;
  return book.bids.length + book.asks.length === 0 ? <Empty title="The book is empty" /> : <div className="chart-space">{chart}</div>;
}
