import { type ReactElement, useState } from "react";
import type { Markets, MarketView } from "../../api/types";
import { PayoffChart } from "../../charts/payoff";
import { useTickers } from "../../market/hooks";
import { type Leg, breakEvens } from "../../market/payoff";
import { type Decimal, ZERO, decimal, multiply, parseDecimal, toText } from "../../money/decimal";
import { fixed, placesOf } from "../../money/format";
import { Field, Segmented } from "../../ui/form";
import { Empty } from "../../ui/panel";

const ONE: Decimal = { units: 1n, scale: 0 };

/** What a future or an option brings at expiry, for a quantity and a price of one's choice. */
export function PayoffPanel({ market, markets, unit }: { market: MarketView; markets: Markets; unit: string }): ReactElement {
  const [side, setSide] = useState<"buy" | "sell">("buy");
  const [quantity, setQuantity] = useState("100");
  const index = useIndex(market, markets);
  if (market.kind === "spot") return <Empty title="Spot has no expiry" />;
  if (index === null) return <Empty title="No price yet">The payoff is drawn around the underlying's price.</Empty>;
  const amount = parseDecimal(quantity) ?? ONE;
  const price = decimal(market.mark ?? "0");
  const leg: Leg = {
    kind: market.kind,
    strike: decimal(market.strike ?? "0"),
    quantity: side === "buy" ? amount : { units: -amount.units, scale: amount.scale },
    price,
  };
  const places = placesOf(market.price_step);
  const even = breakEvens([leg], ZERO, multiply(index, { units: 3n, scale: 0 }), places + 2);
  return (
    <div className="body stack" style={{ padding: "1rem" }}>
      <div className="row" style={{ alignItems: "end" }}>
        <Segmented
          label="Side"
          compact
          value={side}
          onChange={setSide}
          choices={[
            { value: "buy", label: "Bought" },
            { value: "sell", label: "Sold" },
          ]}
        />
        <Field label="Quantity" numeric value={quantity} onChange={setQuantity} />
        <p className="soft" style={{ paddingBottom: "0.5rem" }}>
          at the mark of {fixed(price, places)} {unit}
          {even.length > 0 && `; breaks even at ${even.map((value) => toText(value)).join(" and ")}`}
        </p>
      </div>
      <PayoffChart legs={[leg]} index={index} unit={unit} places={places} />
      <p className="small faint">At expiry, before fees. The settlement price is the average of the index over the last 30 minutes.</p>
    </div>
  );
}

/** The underlying's price: its ticker's index, else the mark of its future, else of its spot market. */
export function useIndex(market: MarketView, markets: Markets): Decimal | null {
  const tickers = useTickers();
  const own = tickers.get(market.symbol)?.index;
  if (own) return decimal(own);
  const future = markets.markets.find((one) => one.kind === "future" && one.underlying === market.underlying && one.mark !== null);
  const spot = markets.markets.find((one) => one.kind === "spot");
  const text = future?.mark ?? tickers.get(spot?.symbol ?? "")?.last ?? spot?.mark ?? null;
  return text === null ? null : decimal(text);
}
