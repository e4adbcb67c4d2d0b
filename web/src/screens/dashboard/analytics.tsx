import { type ReactElement, useState } from "react";
import { useList, useMarkets } from "../../api/queries";
import type { PortfolioPoint } from "../../api/types";
import { LinePlot } from "../../charts/plot";
import { type Candle, INTERVALS } from "../../market/candles";
import { useCandles } from "../../market/hooks";
import { type Decimal, ZERO, add, decimal, divideDown, maximum, minimum, multiply, subtract } from "../../money/decimal";
import { brief, fixed, placesOf } from "../../money/format";
import { moment } from "../../money/time";
import { Segmented } from "../../ui/form";
import { Empty, Loading, Panel, Stats } from "../../ui/panel";
import { Change } from "../../ui/values";
import { useSession } from "../../wallet/hooks";
import { SignInFirst } from "../market/private-lists";

/** How my holdings and the first market went. */
export function Analytics(): ReactElement {
  const { data: markets } = useMarkets();
  const first = markets?.markets[0];
  return (
    <div className="stack">
      <Portfolio />
      {first ? <PricePanel symbol={first.symbol} places={placesOf(first.price_step)} /> : <Empty title="No market is listed yet" />}
    </div>
  );
}

function Portfolio(): ReactElement {
  const { signedIn } = useSession();
  const [interval, setInterval] = useState<"1h" | "1d">("1h");
  const { data } = useList<PortfolioPoint>(signedIn ? `/v1/account/portfolio?interval=${interval}&limit=500` : null, 15_000);
  const points = (data ?? []).filter((point) => point.value !== null).map((point) => ({ x: { units: BigInt(point.start), scale: 0 }, y: decimal(point.value ?? "0"), at: Number(point.start) * 1000 }));
  const [first, last] = [points[0], points[points.length - 1]];
  return (
    <Panel
      title="Portfolio value"
      aside={
        <Segmented
          label="Interval"
          compact
          value={interval}
          onChange={setInterval}
          choices={[
            { value: "1h", label: "Hours" },
            { value: "1d", label: "Days" },
          ]}
        />
      }
    >
      {!signedIn ? (
        <SignInFirst what="your portfolio over time" />
      ) : data === undefined ? (
        <Loading />
      ) : first && last ? (
        <>
          <p className="row">
            <strong>{fixed(last.y, 2)}</strong> <Change value={subtract(last.y, first.y)} places={2} />
          </p>
          <LinePlot label={`Portfolio from ${fixed(first.y, 2)} to ${fixed(last.y, 2)}`} points={points} left={moment(first.at)} right={moment(last.at)} format={(value) => fixed(value, 2)} />
        </>
      ) : (
        <Empty title="No history yet">It begins with the first hour after your first deposit.</Empty>
      )}
    </Panel>
  );
}

function PricePanel({ symbol, places }: { symbol: string; places: number }): ReactElement {
  const { candles } = useCandles(symbol, "15m");
  if (!candles) return <Loading />;
  const last = candles[candles.length - 1];
  const first = candles[0];
  if (!first || !last) return <Panel title={symbol}><Empty title="No trade yet" /></Panel>;
  const summary = summaryOf(candles);
  const points = candles.map((candle) => ({ x: { units: BigInt(candle.start), scale: 0 }, y: decimal(candle.close) }));
  const hours = Math.round((candles.length * INTERVALS["15m"]) / 3600);
  return (
    <Panel title={`${symbol}: closes of ${candles.length} quarter hours`}>
      <LinePlot
        label={`${symbol} from ${first.open} to ${last.close}`}
        points={points}
        left={moment(Number(first.start) * 1000)}
        right={moment(Number(last.start) * 1000)}
        format={(value) => fixed(value, places)}
      />
      <Stats
        label={`${symbol} over about ${hours} hours`}
        items={[
          { label: "High", value: fixed(summary.high, places) },
          { label: "Low", value: fixed(summary.low, places) },
          { label: "Average paid", value: summary.average ? fixed(summary.average, places + 1) : "–" },
          { label: "Volume", value: brief(summary.volume) },
          { label: "Turnover", value: brief(summary.turnover) },
          { label: "Range", value: <Change value={summary.range} places={2} suffix="%" /> },
        ]}
      />
    </Panel>
  );
}

const HUNDRED: Decimal = { units: 100n, scale: 0 };

function summaryOf(candles: readonly Candle[]): { high: Decimal; low: Decimal; volume: Decimal; turnover: Decimal; average: Decimal | null; range: Decimal } {
  const high = candles.map((candle) => decimal(candle.high)).reduce(maximum);
  const low = candles.map((candle) => decimal(candle.low)).reduce(minimum);
  const volume = candles.reduce((sum, candle) => add(sum, decimal(candle.volume)), ZERO);
  const turnover = candles.reduce((sum, candle) => add(sum, decimal(candle.quote_volume)), ZERO);
  const average = volume.units === 0n ? null : divideDown(turnover, volume, 10);
  const range = low.units === 0n ? ZERO : multiply(divideDown(subtract(high, low), low, 8), HUNDRED);
  return { high, low, volume, turnover, average, range };
}
