import type { ReactElement } from "react";
import { NOT_HEARD } from "../../api/feeds";
import type { MarketView } from "../../api/types";
import { useTape } from "../../market/hooks";
import { onGrid } from "../../money/format";
import { clock, fromNanoseconds } from "../../money/time";
import { Panel } from "../../ui/panel";
import { Table } from "../../ui/table";

const ROWS = 40;

export function Tape({ market }: { market: MarketView }): ReactElement {
  const tape = useTape(market.symbol);
  const trades = tape === NOT_HEARD ? undefined : tape.slice(0, ROWS);
  return (
    <Panel title="Trades" className="trades" flush>
      <Table
        label="Trades"
        className="tape scroll-y"
        rows={trades}
        rowKey={(trade) => trade.trade_id}
        empty="No trade yet"
        columns={[
          {
            head: "Price",
            cell: (trade) => (
              <span className={trade.side === "buy" ? "up" : "down"}>
                <span aria-hidden="true">{trade.side === "buy" ? "▲" : "▼"}</span> {onGrid(trade.price, market.price_step)}
                <span className="visually-hidden">{trade.side === "buy" ? " bought" : " sold"}</span>
              </span>
            ),
          },
          { head: "Quantity", end: true, cell: (trade) => onGrid(trade.quantity, market.quantity_step) },
          { head: "Time", end: true, className: "soft", cell: (trade) => clock(fromNanoseconds(trade.at)) },
        ]}
      />
    </Panel>
  );
}
