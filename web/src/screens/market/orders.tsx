import { useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { Link } from "wouter";
import { useAccount, useList } from "../../api/queries";
import type { Markets, MarketView, OrderPlaced, OrderView } from "../../api/types";
import { domainOf, submit } from "../../market/submit";
import { TYPE_NAMES } from "../../market/words";
import { decimal, parseDecimal, stepsOf } from "../../money/decimal";
import { shortest } from "../../money/format";
import { amendRequest, cancelAllRequest, cancelRequest, expiresAt, newClientId } from "../../signing/requests";
import type { OrderType } from "../../signing/requests";
import { useAction } from "../../ui/action";
import { Dialog } from "../../ui/dialog";
import { Field } from "../../ui/form";
import { Empty, State } from "../../ui/panel";
import { type Column, Table } from "../../ui/table";
import { tell } from "../../ui/toast";
import { SideWord } from "../../ui/values";
import { useSession } from "../../wallet/hooks";

const COLUMNS: readonly Column<OrderView>[] = [
  { head: "Market", cell: (order) => <Link href={`/market/${encodeURIComponent(order.market)}`}>{order.market}</Link> },
  { head: "Side", cell: (order) => <SideWord side={order.side} /> },
  { head: "Type", cell: (order) => `${TYPE_NAMES[order.type as OrderType]}${order.instructions.includes("post_only") ? ", post only" : ""}` },
  { head: "Price", end: true, cell: (order) => order.price },
  { head: "Trigger", end: true, cell: (order) => order.trigger_price ?? "–" },
  { head: "Left", end: true, cell: (order) => shortest(decimal(order.remaining), 6) },
  { head: "Of", end: true, cell: (order) => (order.quantity === null ? "–" : shortest(decimal(order.quantity), 6)) },
];

interface OpenOrdersProps {
  readonly address: string;
  readonly markets: Markets;
  readonly market: MarketView | null;
}

export function OpenOrders({ address, markets, market }: OpenOrdersProps): ReactElement {
  const { data: account } = useAccount(address);
  const { connected } = useSession();
  const [changing, setChanging] = useState<OrderView | null>(null);
  const [busy, run] = useAction();
  const queries = useQueryClient();
  const done = (text: string): Promise<void> => {
    tell(text, "good");
    return queries.invalidateQueries({ queryKey: ["thing", `/v1/accounts/${address}`] });
  };
  const cancel = (order: OrderView): void =>
    run(async () => {
      if (!connected) return;
      await submit("/v1/orders/cancel", connected, domainOf(markets), cancelRequest(connected.address, order.order_id, expiresAt(Date.now())));
      await done(`Order ${order.order_id} is cancelled`);
    });
  const cancelAll = (of: MarketView | null): void =>
    run(async () => {
      if (!connected) return;
      const answer = await submit<{ order_ids: string[] }>(
        "/v1/orders/cancel-all",
        connected,
        domainOf(markets),
        cancelAllRequest(connected.address, of, expiresAt(Date.now())),
      );
      await done(`${answer.order_ids.length} orders are cancelled`);
    });
  const actions: Column<OrderView> = {
    head: "",
    end: true,
    cell: (order) =>
      connected ? (
        <span className="row" style={{ justifyContent: "flex-end", flexWrap: "nowrap" }}>
          <button type="button" className="button small" disabled={busy} onClick={() => setChanging(order)} aria-label={`Change order ${order.order_id}`}>
            Change
          </button>
          <button type="button" className="button small" disabled={busy} onClick={() => cancel(order)} aria-label={`Cancel order ${order.order_id}`}>
            Cancel
          </button>
        </span>
      ) : null,
  };
  return (
    <>
      <Table
        label="Open orders"
        rows={account === null ? [] : account?.open_orders}
        rowKey={(order) => order.order_id}
        empty={<Empty title="No open orders">Orders that wait in the book appear here.</Empty>}
        columns={[...COLUMNS, actions]}
      />
      {connected && (account?.open_orders.length ?? 0) > 1 && (
        <p className="row" style={{ padding: "0.5rem 1rem" }}>
          {market && (
            <button type="button" className="button small" disabled={busy} onClick={() => cancelAll(market)}>
              Cancel all in {market.symbol}
            </button>
          )}
          <button type="button" className="button small" disabled={busy} onClick={() => cancelAll(null)}>
            Cancel all
          </button>
        </p>
      )}
      {changing && <ChangeDialog order={changing} markets={markets} onClose={() => setChanging(null)} onDone={done} />}
    </>
  );
}

interface ChangeProps {
  readonly order: OrderView;
  readonly markets: Markets;
  readonly onClose: () => void;
  readonly onDone: (text: string) => Promise<void>;
}

function ChangeDialog({ order, markets, onClose, onDone }: ChangeProps): ReactElement {
  const { connected } = useSession();
  const [price, setPrice] = useState(order.price);
  const [quantity, setQuantity] = useState(order.remaining);
  const [busy, run] = useAction();
  const market = markets.markets.find((one) => one.symbol === order.market);
  const [newPrice, newQuantity] = [parseDecimal(price), parseDecimal(quantity)];
  const right = market && newPrice && newQuantity && stepsOf(newPrice, decimal(market.price_step)) !== null && stepsOf(newQuantity, decimal(market.quantity_step)) !== null;
  const send = (): void =>
    run(async () => {
      if (!right || !connected) return;
      const request = amendRequest(connected.address, market, order.order_id, newPrice, newQuantity, newClientId(), expiresAt(Date.now()));
      const answer = await submit<OrderPlaced>("/v1/orders/amend", connected, domainOf(markets), request);
      await onDone(`Order ${answer.order_id} is changed`);
      onClose();
    });
  return (
    <Dialog title={`Change order ${order.order_id}`} onClose={onClose}>
      <div className="stack">
        <Field label="Price" numeric value={price} onChange={setPrice} hint={market ? `Steps of ${market.price_step}` : ""} />
        <Field label="Quantity left" numeric value={quantity} onChange={setQuantity} hint="Fewer at the same price keeps the place in the queue; anything else queues anew." />
        <button type="button" className="button primary full" disabled={busy || !right} onClick={send}>
          Sign and change
        </button>
      </div>
    </Dialog>
  );
}

export function OrderHistory({ address, markets }: { address: string; markets: Markets }): ReactElement {
  const { data, error } = useList<OrderView>(`/v1/accounts/${address}/orders?limit=100`);
  const known = new Set(markets.markets.map((market) => market.symbol));
  const rows = error ? [] : data?.filter((order) => known.has(order.market));
  return (
    <Table
      label="Orders, open and closed"
      rows={data === null ? null : rows}
      rowKey={(order) => order.order_id}
      empty="No orders yet"
      columns={[{ head: "No.", cell: (order) => order.order_id }, ...COLUMNS, { head: "State", cell: (order) => <State name={order.state} /> }]}
    />
  );
}
