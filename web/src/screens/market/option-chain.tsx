import { type ReactElement, useState } from "react";
import { Link } from "wouter";
import type { Markets, MarketView, TickerView } from "../../api/types";
import { PayoffChart } from "../../charts/payoff";
import { namesOf, useTickers } from "../../market/hooks";
import type { Leg } from "../../market/payoff";
import { compare, decimal, subtract } from "../../money/decimal";
import { brief, fixed, onGrid, placesOf } from "../../money/format";
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
      <div className="stack">
        <Panel
        title="Chain"
        flush
        aside={<Select label="Expiry" hideLabel value={expiry} onChange={setExpiry} choices={expiries.map((at) => ({ value: at, label: date(fromNanoseconds(at)) }))} />}
      >
        <ChainTable rows={rowsOf(options, expiry)} sample={first} markets={markets} chosen={chosen} toggle={toggle} />
      </Panel>
      <Combined chosen={chosen} sample={first} markets={markets} />
      </div>
    </>
  );
}

function rowsOf(options: readonly MarketView[], expiry: string): Row[] {
  const strikes = [...new Set(options.filter((one) => one.expiry === expiry).map((one) => one.strike ?? "0"))];
  strikes.sort((a, b) => compare(decimal(a), decimal(b)));
  const find = (strike: string, kind: string): MarketView | null => options.find((one) => one.expiry === expiry && one.strike === strike && one.kind === kind) ?? null;
  return strikes.map((strike) => ({ strike, call: find(strike, "call"), put: find(strike, "put") }));
}

const CHOOSE = "Choose";
const CALL_HEADS = [CHOOSE, "Open interest", "Mark", "Bid", "Ask"];
const PUT_HEADS = ["Bid", "Ask", "Mark", "Open interest", CHOOSE];

function Head({ name }: { name: string }): ReactElement {
  return (
    <th scope="col" className={name === CHOOSE ? "choose" : "end"}>
      {name === CHOOSE ? <span className="visually-hidden">{name}</span> : name}
    </th>
  );
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
  const places = Math.max(...rows.map((row) => placesOf(row.strike)));
  const nearest = index && rows.map((row) => row.strike).sort((a, b) => compare(distance(a, index), distance(b, index)))[0];
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Option chain">
      <table className="chain-table">
        <thead>
          <tr>
            <th colSpan={5} scope="colgroup">
              Calls
            </th>
            <th className="strike" aria-hidden="true" />
            <th colSpan={5} scope="colgroup" className="end">
              Puts
            </th>
          </tr>
          <tr>
            {CALL_HEADS.map((head) => (
              <Head key={head} name={head} />
            ))}
            <th scope="col" className="strike">
              Strike
            </th>
            {PUT_HEADS.map((head) => (
              <Head key={head} name={head} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.strike} className={row.strike === nearest ? "at-money" : ""}>
              <Cells market={row.call} ticker={row.call ? tickers.get(row.call.symbol) : undefined} chosen={chosen} toggle={toggle} order="call" />
              <th scope="row" className="strike">
                {fixed(decimal(row.strike), places)}
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
  if (!market) return <td colSpan={5} className="faint" />;
  const price = (text: string | null | undefined): string => (text ? onGrid(text, market.price_step) : "–");
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
  const mark = <td key="mark" className="end">{price(market.mark)}</td>;
  const bid = <td key="bid" className="end up">{price(ticker?.best_bid)}</td>;
  const ask = <td key="ask" className="end down">{price(ticker?.best_ask)}</td>;
  const open = <td key="open" className="end soft">{ticker?.open_interest ? brief(decimal(ticker.open_interest)) : "–"}</td>;
  return <>{order === "call" ? [name, open, mark, bid, ask] : [bid, ask, mark, open, name]}</>;
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
          <PayoffChart legs={legs} index={index} unit={quote} places={placesOf(sample.price_step)} />
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
