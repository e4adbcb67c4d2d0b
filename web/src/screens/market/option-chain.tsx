import { type ReactElement, useState } from "react";
import { Link } from "wouter";
import type { Markets, MarketView, TickerView } from "../../api/types";
import { PayoffChart } from "../../charts/payoff";
import { namesOf, useTickers } from "../../market/hooks";
import type { Leg } from "../../market/payoff";
import { compare, decimal, subtract } from "../../money/decimal";
import { fixed } from "../../money/format";
import { date, fromNanoseconds } from "../../money/time";
import { Select } from "../../ui/form";
import { Empty, PageHead, Panel } from "../../ui/panel";
import { SideWord } from "../../ui/values";
import { useIndex } from "./payoff-panel";

interface Row {
  readonly strike: string;
  readonly call: MarketView | null;
  readonly put: MarketView | null;
}

interface Chosen {
  readonly market: MarketView;
  readonly side: "buy" | "sell";
}

/** All options of an expiry: calls to the left, puts to the right; chosen ones add up to one payoff. */
export function OptionChain({ markets }: { markets: Markets }): ReactElement {
  const options = markets.markets.filter((market) => market.kind === "call" || market.kind === "put");
  const expiries = [...new Set(options.map((market) => market.expiry ?? ""))].sort();
  const [expiry, setExpiry] = useState(expiries[0] ?? "");
  const [chosen, setChosen] = useState<readonly Chosen[]>([]);
  const first = options.find((market) => market.expiry === expiry);
  if (!first) {
    return (
      <>
        <PageHead title="Options">European options on the price of verified compute.</PageHead>
        <Empty title="No options are listed">
          They appear here as soon as the venue lists them. <Link href="/market">To the spot markets</Link>
        </Empty>
      </>
    );
  }
  const toggle = (market: MarketView, side: "buy" | "sell"): void =>
    setChosen((before) =>
      before.some((one) => one.market.symbol === market.symbol && one.side === side)
        ? before.filter((one) => one.market.symbol !== market.symbol)
        : [...before.filter((one) => one.market.symbol !== market.symbol), { market, side }],
    );
  return (
    <>
      <PageHead title="Options">European options on the price of verified compute, margined like futures.</PageHead>
      <Panel
        title="Chain"
        flush
        aside={<Select label="Expiry" hideLabel value={expiry} onChange={setExpiry} choices={expiries.map((at) => ({ value: at, label: date(fromNanoseconds(at)) }))} />}
      >
        <ChainTable rows={rowsOf(options, expiry)} sample={first} markets={markets} chosen={chosen} toggle={toggle} />
      </Panel>
      <Combined chosen={chosen} sample={first} markets={markets} />
    </>
  );
}

function rowsOf(options: readonly MarketView[], expiry: string): Row[] {
  const strikes = [...new Set(options.filter((one) => one.expiry === expiry).map((one) => one.strike ?? "0"))];
  strikes.sort((a, b) => compare(decimal(a), decimal(b)));
  const find = (strike: string, kind: string): MarketView | null => options.find((one) => one.expiry === expiry && one.strike === strike && one.kind === kind) ?? null;
  return strikes.map((strike) => ({ strike, call: find(strike, "call"), put: find(strike, "put") }));
}

interface ChainProps {
  readonly rows: readonly Row[];
  readonly sample: MarketView;
  readonly markets: Markets;
  readonly chosen: readonly Chosen[];
  readonly toggle: (market: MarketView, side: "buy" | "sell") => void;
}

function ChainTable({ rows, sample, markets, chosen, toggle }: ChainProps): ReactElement {
  const tickers = useTickers();
  const index = useIndex(sample, markets);
  const nearest = index && rows.map((row) => row.strike).sort((a, b) => compare(distance(a, index), distance(b, index)))[0];
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Option chain">
      <table className="chain-table">
        <thead>
          <tr>
            {["Call", "Mark", "Bid", "Ask"].map((head) => (
              <th key={head} scope="col" className={head === "Call" ? "" : "end"}>
                {head}
              </th>
            ))}
            <th scope="col" className="strike">
              Strike
            </th>
            {["Bid", "Ask", "Mark", "Put"].map((head) => (
              <th key={`put ${head}`} scope="col" className="end">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.strike} className={row.strike === nearest ? "at-money" : ""}>
              <Cells market={row.call} ticker={row.call ? tickers.get(row.call.symbol) : undefined} chosen={chosen} toggle={toggle} order="call" />
              <th scope="row" className="strike">
                {row.strike}
              </th>
              <Cells market={row.put} ticker={row.put ? tickers.get(row.put.symbol) : undefined} chosen={chosen} toggle={toggle} order="put" />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function distance(strike: string, index: ReturnType<typeof decimal>): ReturnType<typeof decimal> {
  const difference = subtract(decimal(strike), index);
  return difference.units < 0n ? { ...difference, units: -difference.units } : difference;
}

interface CellsProps {
  readonly market: MarketView | null;
  readonly ticker: TickerView | undefined;
  readonly chosen: readonly Chosen[];
  readonly toggle: (market: MarketView, side: "buy" | "sell") => void;
  readonly order: "call" | "put";
}

function Cells({ market, ticker, chosen, toggle, order }: CellsProps): ReactElement {
  if (!market) return <td colSpan={4} className="faint" />;
  const isChosen = (side: "buy" | "sell"): boolean => chosen.some((one) => one.market.symbol === market.symbol && one.side === side);
  const name = (
    <td className={order === "put" ? "end" : ""} key="name">
      <span className="row" style={{ flexWrap: "nowrap" }}>
        <Link href={`/market/${encodeURIComponent(market.symbol)}`}>Trade</Link>
        {(["buy", "sell"] as const).map((side) => (
          <button key={side} type="button" className="button small" aria-pressed={isChosen(side)} aria-label={`Add ${side} of ${market.symbol} to the payoff`} onClick={() => toggle(market, side)}>
            {side === "buy" ? "+" : "−"}
          </button>
        ))}
      </span>
    </td>
  );
  const mark = <td key="mark" className="end">{market.mark ?? "–"}</td>;
  const bid = <td key="bid" className="end up">{ticker?.best_bid ?? "–"}</td>;
  const ask = <td key="ask" className="end down">{ticker?.best_ask ?? "–"}</td>;
  return <>{order === "call" ? [name, mark, bid, ask] : [bid, ask, mark, name]}</>;
}

function Combined({ chosen, sample, markets }: { chosen: readonly Chosen[]; sample: MarketView; markets: Markets }): ReactElement {
  const index = useIndex(sample, markets);
  const { quote } = namesOf(sample, markets);
  const legs = chosen.map(
    ({ market, side }): Leg => ({
      kind: market.kind === "put" ? "put" : "call",
      strike: decimal(market.strike ?? "0"),
      quantity: { units: side === "buy" ? 100n : -100n, scale: 0 },
      price: decimal(market.mark ?? "0"),
    }),
  );
  return (
    <Panel title="Payoff of the chosen" aside={index ? `100 of each, at marks; index ${fixed(index, 4)}` : undefined}>
      {legs.length === 0 || !index ? (
        <Empty title="Choose options with + and −">Their payoff at expiry is drawn as one.</Empty>
      ) : (
        <>
          <PayoffChart legs={legs} index={index} unit={quote} />
          <ul className="row">
            {chosen.map((one) => (
              <li key={one.market.symbol} className="pill">
                <SideWord side={one.side} /> {one.market.symbol}
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
