import type { ReactElement, ReactNode } from "react";
import type { Markets, MarketView } from "../../api/types";
import type { MarketNames } from "../../market/hooks";
import { type Ticket, feeUp } from "../../market/ticket";
import { orderInWords } from "../../market/words";
import { type Decimal, isZero, roundUp, subtract } from "../../money/decimal";
import { fixed, placesOf, ppmPercent, shortest } from "../../money/format";

interface PreviewProps {
  readonly ticket: Ticket;
  readonly market: MarketView;
  readonly markets: Markets;
  readonly names: MarketNames;
}

/** What the order will do, in a sentence, and its costs: read before it is signed. */
export function TicketPreview({ ticket, market, markets, names }: PreviewProps): ReactElement {
  const { terms, execution, notional } = ticket;
  if (!terms || !notional) {
    return (
      <div className="preview" aria-live="polite">
        <p className="soft">Fill in {market.kind === "spot" ? "price and quantity" : "the order"} to see what it does and what it costs.</p>
      </div>
    );
  }
  const decimals = names.quoteAsset?.decimals ?? 6;
  const amount = (value: Decimal, unit: string): string => `${shortest(value, unit === names.quote ? decimals : 6)} ${unit}`;
  const facts: [string, ReactNode][] = [];
  if (execution?.average) {
    facts.push(["Average price now", `${fixed(execution.average, placesOf(market.price_step) + 2)} ${names.quote}`]);
    if (!isZero(execution.left)) facts.push(["Not available now", amount(execution.left, names.base)]);
  }
  facts.push([terms.side === "buy" ? "Costs at most" : "Brings at least", amount(terms.side === "buy" ? roundUp(notional, decimals) : notional, names.quote)]);
  const takes = execution !== null && !isZero(execution.filled);
  const ppm = takes ? market.taker_fee_ppm : market.maker_fee_ppm;
  const fee = feeUp(terms.side, market, terms.quantity, notional, ppm, markets.assets);
  const unit = market.kind === "spot" && terms.side === "buy" ? names.base : names.quote;
  facts.push([`Fee (${takes ? "taker" : "maker"}, ${ppmPercent(ppm)})`, `${shortest(fee, 6)} ${unit}`]);
  if (market.kind === "spot") {
    const received = terms.side === "buy" ? subtract(terms.quantity, fee) : subtract(notional, fee);
    facts.push(["You receive", amount(received, unit)]);
  }
  return (
    <div className="preview" aria-live="polite" data-testid="preview">
      <p>{orderInWords(terms, names.base, names.quote)}</p>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
