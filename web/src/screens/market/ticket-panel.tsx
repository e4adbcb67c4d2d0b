import { useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useEffect, useState } from "react";
import { useAccount } from "../../api/queries";
import type { BalanceView, Markets, MarketView, OrderPlaced } from "../../api/types";
import type { Book } from "../../market/book";
import { type MarketNames, namesOf, useBook } from "../../market/hooks";
import { domainOf, submit } from "../../market/submit";
import {
  NEW_TICKET,
  type Ticket,
  type TicketForm,
  availableOf,
  consistent,
  isConditional,
  isMarketType,
  mayPostOnly,
  protectionPrice,
  shareQuantity,
  ticketOf,
  timesFor,
} from "../../market/ticket";
import { SELF_TRADE_NAMES, TIME_NAMES, TYPE_NAMES } from "../../market/words";
import { type Decimal, parseDecimal, toText } from "../../money/decimal";
import { shortest } from "../../money/format";
import { ConnectButton } from "../../shell/wallet-button";
import { ORDER_TYPES, SELF_TRADES, expiresAt, newClientId, orderRequest } from "../../signing/requests";
import { useAction } from "../../ui/action";
import { Check, Field, Segmented, Select } from "../../ui/form";
import { Panel } from "../../ui/panel";
import { tell } from "../../ui/toast";
import { useSession } from "../../wallet/hooks";
import type { PickedPrice } from ".";
import { TicketPreview } from "./ticket-preview";

interface TicketProps {
  readonly market: MarketView;
  readonly markets: Markets;
  readonly picked: PickedPrice | null;
}

export function TicketPanel({ market, markets, picked }: TicketProps): ReactElement {
  const [form, setForm] = useState<TicketForm>(NEW_TICKET);
  const book = useBook(market.symbol);
  const names = namesOf(market, markets);
  const { connected } = useSession();
  const { data: account } = useAccount(connected?.address ?? null);
  const change = (part: Partial<TicketForm>): void => setForm((before) => consistent({ ...before, ...part }));
  useEffect(() => {
    if (picked) setForm((before) => consistent({ ...before, price: picked.price }));
  }, [picked]);
  const ticket = ticketOf(form, market, book, Date.now());
  const balances = account?.balances ?? [];
  return (
    <Panel title="Order" className="ticket" aside={<Available form={form} market={market} names={names} balances={balances} />}>
      <form className="stack" aria-label="Order ticket" onSubmit={(event) => event.preventDefault()}>
        <Segmented
          label="Side"
          value={form.side}
          onChange={(side) => change({ side })}
          choices={[
            { value: "buy", label: "Buy", className: "buy" },
            { value: "sell", label: "Sell", className: "sell" },
          ]}
        />
        <Select label="Type" value={form.type} onChange={(type) => change({ type, timeInForce: timesFor(type)[0] ?? "gtc" })} choices={ORDER_TYPES.map((value) => ({ value, label: TYPE_NAMES[value] }))} />
        <Numbers form={form} ticket={ticket} market={market} names={names} book={book} balances={balances} change={change} />
        <Terms form={form} ticket={ticket} change={change} />
        <TicketPreview ticket={ticket} market={market} markets={markets} names={names} />
        <SendButton form={form} ticket={ticket} market={market} markets={markets} names={names} onSent={() => setForm((before) => ({ ...before, quantity: "" }))} />
      </form>
    </Panel>
  );
}

function Available({ form, market, names, balances }: { form: TicketForm; market: MarketView; names: MarketNames; balances: readonly BalanceView[] }): ReactElement {
  const inBase = form.side === "sell" && market.kind === "spot";
  const value = availableOf(balances, inBase ? market.base_asset : market.quote_asset);
  return (
    <span>
      {shortest(value, 2)} {inBase ? names.base : names.quote} available
    </span>
  );
}

interface NumbersProps {
  readonly form: TicketForm;
  readonly ticket: Ticket;
  readonly market: MarketView;
  readonly names: MarketNames;
  readonly book: Book;
  readonly balances: readonly BalanceView[];
  readonly change: (part: Partial<TicketForm>) => void;
}

function Numbers({ form, ticket, market, names, book, balances, change }: NumbersProps): ReactElement {
  const protective = isMarketType(form.type);
  const automatic = protective ? protectionPrice(form.side, book, market) : null;
  const best = (form.side === "buy" ? book.asks : book.bids)[0]?.[0];
  const price: Decimal | null = parseDecimal(form.price) ?? automatic;
  return (
    <>
      {isConditional(form.type) && (
        <Field label="Trigger (mark price)" numeric value={form.trigger} suffix={names.quote} error={ticket.errors.trigger} onChange={(trigger) => change({ trigger })} />
      )}
      <Field
        label={protective ? "Worst price" : "Price"}
        numeric
        value={form.price}
        suffix={names.quote}
        placeholder={automatic ? `${toText(automatic)} (1 % beyond the best)` : ""}
        error={ticket.errors.price}
        onChange={(text) => change({ price: text })}
        aside={
          best !== undefined && !protective ? (
            <button type="button" className="copy" onClick={() => change({ price: best })}>
              best {best}
            </button>
          ) : null
        }
      />
      <Field label="Quantity" numeric value={form.quantity} suffix={names.base} error={ticket.errors.quantity} onChange={(quantity) => change({ quantity })} />
      <div className="shares" role="group" aria-label="Share of what is available">
        {[25, 50, 75, 100].map((percent) => (
          <button
            key={percent}
            type="button"
            className="button small"
            disabled={balances.length === 0}
            onClick={() => change({ quantity: shareQuantity(form.side, market, balances, price, percent) })}
          >
            {percent}%
          </button>
        ))}
      </div>
    </>
  );
}

function Terms({ form, ticket, change }: { form: TicketForm; ticket: Ticket; change: (part: Partial<TicketForm>) => void }): ReactElement {
  return (
    <>
      <div className={form.timeInForce === "gtd" ? "two" : ""}>
        <Select
          label="Time in force"
          value={form.timeInForce}
          onChange={(timeInForce) => change({ timeInForce })}
          choices={timesFor(form.type).map((value) => ({ value, label: TIME_NAMES[value] }))}
        />
        {form.timeInForce === "gtd" && (
          <Field label="Minutes" numeric value={form.minutes} error={ticket.errors.minutes} onChange={(minutes) => change({ minutes })} />
        )}
      </div>
      <div className="row">
        <Check label="Post only" checked={form.postOnly} disabled={!mayPostOnly(form)} onChange={(postOnly) => change({ postOnly })} />
        <Check label="Slide" checked={form.slide} disabled={!form.postOnly} onChange={(slide) => change({ slide })} />
        <Check label="Reduce only" checked={form.reduceOnly} onChange={(reduceOnly) => change({ reduceOnly })} />
      </div>
      <details>
        <summary className="small soft">When it meets my own order</summary>
        <Select
          label="When it meets my own order"
          hideLabel
          value={form.selfTrade}
          onChange={(selfTrade) => change({ selfTrade })}
          choices={SELF_TRADES.map((value) => ({ value, label: SELF_TRADE_NAMES[value] }))}
        />
      </details>
    </>
  );
}

interface SendProps {
  readonly form: TicketForm;
  readonly ticket: Ticket;
  readonly market: MarketView;
  readonly markets: Markets;
  readonly names: MarketNames;
  readonly onSent: () => void;
}

function SendButton({ form, ticket, market, markets, names, onSent }: SendProps): ReactElement {
  const { connected } = useSession();
  const [busy, run] = useAction();
  const queries = useQueryClient();
  if (!connected) return <ConnectButton to="trade" full />;
  const { terms } = ticket;
  const send = (): void =>
    run(async () => {
      if (!terms) return;
      const request = orderRequest(connected.address, market, terms, newClientId(), expiresAt(Date.now()));
      const placed = await submit<OrderPlaced>("/v1/orders", connected, domainOf(markets), request);
      tell(placedInWords(placed, names.base), placed.state === "cancelled" && placed.filled === "0" ? "plain" : "good");
      onSent();
      await queries.invalidateQueries({ queryKey: ["thing", `/v1/accounts/${connected.address}`] });
    });
  return (
    <button type="button" className={`button full ${form.side}`} disabled={busy || !terms || market.status !== "open"} onClick={send}>
      {busy ? "Sign it in your wallet…" : market.status !== "open" ? `The market is ${market.status}` : `${form.side === "buy" ? "Buy" : "Sell"} ${names.base}`}
    </button>
  );
}

function placedInWords(placed: OrderPlaced, base: string): string {
  const number = `Order ${placed.order_id}`;
  if (placed.state === "filled") return `${number}: all ${placed.filled} ${base} traded`;
  if (placed.state === "open") return placed.filled === "0" ? `${number} waits in the book` : `${number}: ${placed.filled} ${base} traded, ${placed.remaining} wait in the book`;
  return placed.filled === "0" ? `${number} found nothing to trade with` : `${number}: ${placed.filled} ${base} traded, the rest was cancelled`;
}
