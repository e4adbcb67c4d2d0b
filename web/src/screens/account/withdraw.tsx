import { useQueryClient } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { type Address, getAddress, isAddress } from "viem";
import { Link } from "wouter";
import { useAccount } from "../../api/queries";
import type { BalanceView, Markets, NetworkView } from "../../api/types";
import { domainOf, submit } from "../../market/submit";
import { fromUnits, parseDecimal, toText, toUnits } from "../../money/decimal";
import { tokens } from "../../money/format";
import { expiresAt, newClientId, withdrawalRequest } from "../../signing/requests";
import { ConnectButton } from "../../shell/wallet-button";
import { useAction } from "../../ui/action";
import { Field, Select } from "../../ui/form";
import { Empty, Loading, Panel } from "../../ui/panel";
import { tell } from "../../ui/toast";
import { useSession } from "../../wallet/hooks";
import { Movements } from "./movements";

interface WithdrawProps {
  readonly address: string;
  readonly markets: Markets;
  readonly network: NetworkView;
}

export function WithdrawPanel({ address, markets, network }: WithdrawProps): ReactElement {
  const { data: account } = useAccount(address);
  const balances = (account?.balances ?? []).filter((balance) => balance.available !== "0");
  const first = balances[0];
  return (
    <div className="stack">
      <div className="grid">
        <Panel title="Withdraw" className="span-6">
          {account === undefined ? (
            <Loading />
          ) : first ? (
            <WithdrawForm balances={balances} first={first} markets={markets} address={address} />
          ) : (
            <Empty title="Nothing to withdraw">
              <Link href="/account/deposit">Deposit</Link> first.
            </Empty>
          )}
        </Panel>
        <Panel title="How it works" className="span-6">
          <ol className="stack soft">
            <li>1. Your signature names asset, amount and recipient. The exchange debits you and writes it into the tree of withdrawals.</li>
            <li>2. With the next settlement the tree&apos;s root is on the asset&apos;s chain ({network.chains.map((chain) => chain.chain_id).join(", ")}).</li>
            <li>3. A keeper pays it out. If nobody does, you take it yourself from the list below, with its proof: no one can keep your money.</li>
          </ol>
        </Panel>
      </div>
      <Movements address={address} markets={markets} />
    </div>
  );
}

interface FormProps {
  readonly balances: readonly BalanceView[];
  readonly first: BalanceView;
  readonly markets: Markets;
  readonly address: string;
}

function WithdrawForm({ balances, first, markets, address }: FormProps): ReactElement {
  const { connected } = useSession();
  const [choice, setChoice] = useState(String(first.asset));
  const [text, setText] = useState("");
  const [recipient, setRecipient] = useState(address);
  const [busy, run] = useAction();
  const queries = useQueryClient();
  const balance = balances.find((one) => String(one.asset) === choice) ?? first;
  const chain = markets.assets.find((one) => one.asset === balance.asset)?.chain_id;
  const value = parseDecimal(text);
  const amount = value && value.units > 0n ? toUnits(value, balance.decimals) : null;
  const error = text === "" ? null : amount === null ? `A number with at most ${balance.decimals} decimals` : amount > BigInt(balance.available) ? "More than is available" : null;
  const to: Address | null = isAddress(recipient, { strict: false }) ? getAddress(recipient) : null;
  const send = (): void =>
    run(async () => {
      if (amount === null || to === null || !connected) return;
      const request = withdrawalRequest(connected.address, balance.asset, amount, to, newClientId(), expiresAt(Date.now()));
      const answer = await submit<{ withdrawal_id: string }>("/v1/withdrawals", connected, domainOf(markets), request);
      tell(`Withdrawal ${answer.withdrawal_id} is debited; it is paid on chain ${chain ?? ""} after the next settlement`, "good");
      setText("");
      await queries.invalidateQueries({ queryKey: ["thing", `/v1/accounts/${address}`] });
    });
  return (
    <div className="stack">
      <Select
        label="Asset"
        value={String(balance.asset)}
        onChange={setChoice}
        choices={balances.map((one) => ({ value: String(one.asset), label: one.symbol }))}
        hint={chain === undefined ? undefined : `Leaves on chain ${chain}, where it was deposited.`}
      />
      <Field
        label="Amount"
        numeric
        value={text}
        onChange={setText}
        suffix={balance.symbol}
        error={error}
        aside={
          <button type="button" className="copy" onClick={() => setText(toText(fromUnits(balance.available, balance.decimals)))}>
            {tokens(balance.available, balance.decimals, 6)} available
          </button>
        }
      />
      <Field label="Recipient" value={recipient} onChange={setRecipient} error={to === null ? "0x and 40 hexadecimal digits" : null} />
      {to !== null && to.toLowerCase() !== address.toLowerCase() && <p className="note-box warn">This is another address than your own. A withdrawal cannot be taken back.</p>}
      {connected ? (
        <button type="button" className="button primary full" disabled={busy || amount === null || error !== null || to === null} onClick={send}>
          {busy ? "Sign it in your wallet…" : `Withdraw ${balance.symbol}`}
        </button>
      ) : (
        <ConnectButton to="withdraw" full />
      )}
    </div>
  );
}
