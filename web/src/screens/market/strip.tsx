import type { ReactElement, ReactNode } from "react";
import { Link, useLocation } from "wouter";
import type { Markets, MarketView } from "../../api/types";
import { namesOf, useBook, useTape, useTickers } from "../../market/hooks";
import { compare, decimal, toText } from "../../money/decimal";
import { brief, onGrid } from "../../money/format";
import { fromNanoseconds, until } from "../../money/time";
import { State } from "../../ui/panel";
import { ChangeBps, useNow } from "../../ui/values";

const GROUPS = [
  ["Spot", (market: MarketView) => market.kind === "spot"],
  ["Futures", (market: MarketView) => market.kind === "future"],
  ["Options", (market: MarketView) => market.kind === "call" || market.kind === "put"],
] as const;

/** Which market, its last price and its day. */
export function Strip({ market, markets }: { market: MarketView; markets: Markets }): ReactElement {
  const [, go] = useLocation();
  const ticker = useTickers().get(market.symbol);
  const tape = useTape(market.symbol);
  const book = useBook(market.symbol);
  const { quote } = namesOf(market, markets);
  const last = tape[0]?.price ?? ticker?.last ?? null;
  const price = (text: string | null | undefined): string => (text ? onGrid(text, market.price_step) : "–");
  const facts: [string, ReactNode][] = [
    ["Bid", price(book.bids[0]?.[0] ?? ticker?.best_bid)],
    ["Ask", price(book.asks[0]?.[0] ?? ticker?.best_ask)],
    ["Mark", price(market.mark ?? ticker?.mark)],
    ["24 h", ticker?.change_24h_bps == null ? "–" : <ChangeBps bps={ticker.change_24h_bps} />],
    ["24 h high", price(ticker?.high_24h)],
    ["24 h low", price(ticker?.low_24h)],
    [`24 h volume (${quote})`, ticker?.quote_volume_24h ? brief(decimal(ticker.quote_volume_24h)) : "–"],
  ];
  return (
    <section className="panel strip" aria-label="Market">
      <div className="choice">
        <span className="input">
          <select aria-label="Market" value={market.symbol} onChange={(event) => go(`/market/${encodeURIComponent(event.target.value)}`)}>
            {GROUPS.map(([name, belongs]) => {
              const listed = markets.markets.filter(belongs);
              return listed.length === 0 ? null : (
                <optgroup key={name} label={name}>
                  {listed.map((one) => (
                    <option key={one.symbol} value={one.symbol}>
                      {one.symbol}
                    </option>
                  ))}
                </optgroup>
              );
            })}
          </select>
        </span>
        {market.status !== "open" && <State name={market.status} />}
        <span className={`last ${direction(tape)}`}>
          <span className="visually-hidden">Last price </span>
          {price(last)} <span className="small faint">{quote}</span>
        </span>
      </div>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        {market.expiry !== null && <Expiry at={market.expiry} />}
      </dl>
      {markets.markets.some((one) => one.kind === "call" || one.kind === "put") && (
        <Link href="/market/options" className="button small">
          Option chain
        </Link>
      )}
    </section>
  );
}

function Expiry({ at }: { at: string }): ReactElement {
  const now = useNow();
  return (
    <div>
      <dt>Expires</dt>
      <dd>{until(fromNanoseconds(at), now)}</dd>
    </div>
  );
}

function direction(tape: readonly { price: string }[]): string {
  const [last, before] = [tape[0], tape.find((trade) => toText(decimal(trade.price)) !== toText(decimal(tape[0]?.price ?? "0")))];
  if (!last || !before) return "";
  return compare(decimal(last.price), decimal(before.price)) > 0 ? "up" : "down";
}
