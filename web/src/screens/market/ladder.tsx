import { type CSSProperties, type ReactElement, useMemo, useState } from "react";
import type { MarketView } from "../../api/types";
import { type DepthLevel, UNKNOWN_BOOK, cumulative, groupedLevels } from "../../market/book";
import { useBook } from "../../market/hooks";
import { type Decimal, add, decimal, divideDown, multiply, subtract, toPixelNumber, toText } from "../../money/decimal";
import { basisPoints, fixed, placesOf } from "../../money/format";
import { Select } from "../../ui/form";
import { Empty, Loading, Panel } from "../../ui/panel";

const ROWS = 12;

interface LadderProps {
  readonly market: MarketView;
  readonly onPick: (price: string) => void;
}

/** The book: asks above, bids below, each with the sum up to it. Pressing a price takes it into the ticket. */
export function Ladder({ market, onPick }: LadderProps): ReactElement {
  const book = useBook(market.symbol);
  const [group, setGroup] = useState("1");
  const step = multiply(decimal(market.price_step), { units: BigInt(group), scale: 0 });
  const [bids, asks] = useMemo(
    () => [cumulative(groupedLevels(book.bids, step, "bids"), ROWS), cumulative(groupedLevels(book.asks, step, "asks"), ROWS)],
    // The step changes with the group alone.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [book, group],
  );
  const most = Math.max(...[bids, asks].map((side) => toPixelNumber(side[side.length - 1]?.total ?? { units: 0n, scale: 0 })), 0);
  const places = { price: placesOf(market.price_step), quantity: placesOf(market.quantity_step) };
  return (
    <Panel
      title="Book"
      className="book"
      flush
      aside={
        <Select
          label="Group prices by"
          hideLabel
          value={group}
          onChange={setGroup}
          choices={["1", "2", "5", "10", "50", "100"].map((value) => ({
            value,
            label: toText(multiply(decimal(market.price_step), { units: BigInt(value), scale: 0 })),
          }))}
        />
      }
    >
      {book === UNKNOWN_BOOK ? (
        <Loading />
      ) : bids.length + asks.length === 0 ? (
        <Empty title="The book is empty">A limit order would be the first.</Empty>
      ) : (
        <div className="ladder">
          <div className="heads" aria-hidden="true">
            <span>Price</span>
            <span>Quantity</span>
            <span>Total</span>
          </div>
          <Side name="asks" levels={[...asks].reverse()} most={most} places={places} onPick={onPick} />
          <Spread bid={bids[0]?.price} ask={asks[0]?.price} places={places.price} />
          <Side name="bids" levels={bids} most={most} places={places} onPick={onPick} />
        </div>
      )}
    </Panel>
  );
}

interface SideProps {
  readonly name: "bids" | "asks";
  readonly levels: readonly DepthLevel[];
  readonly most: number;
  readonly places: { readonly price: number; readonly quantity: number };
  readonly onPick: (price: string) => void;
}

function Side({ name, levels, most, places, onPick }: SideProps): ReactElement {
  const word = name === "bids" ? "Bid" : "Ask";
  return (
    <ul className={name} aria-label={name === "bids" ? "Bids" : "Asks"}>
      {levels.map((level) => {
        const share = most === 0 ? 0 : toPixelNumber(level.total) / most;
        const style = { "--share": `${(share * 100).toFixed(1)}%` } as CSSProperties;
        const price = fixed(level.price, places.price);
        const quantity = fixed(level.quantity, places.quantity);
        return (
          <li key={price}>
            <button type="button" style={style} onClick={() => onPick(toText(level.price))}>
              <span className={name === "bids" ? "up" : "down"}>
                <span className="visually-hidden">{word} </span>
                {price}
              </span>
              <span>{quantity}</span>
              <span className="soft">{fixed(level.total, places.quantity)}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

const TEN_THOUSAND: Decimal = { units: 20_000n, scale: 0 };

function Spread({ bid, ask, places }: { bid: Decimal | undefined; ask: Decimal | undefined; places: number }): ReactElement {
  if (!bid || !ask) return <div className="spread faint">One side is empty</div>;
  const spread = subtract(ask, bid);
  const bps = divideDown(multiply(spread, TEN_THOUSAND), add(bid, ask), 0).units;
  return (
    <div className="spread">
      <span>
        <span className="visually-hidden">Spread </span>
        {fixed(spread, places)}
      </span>
      <span className="soft small">{basisPoints(bps)} spread</span>
    </div>
  );
}
