import type { ReactElement } from "react";
import { Link } from "wouter";
import { useAccount } from "../../api/queries";
import type { BalanceView } from "../../api/types";
import { tokens } from "../../money/format";
import { Empty } from "../../ui/panel";
import { Table } from "../../ui/table";

const PLACES = 6;

export function Balances({ address }: { address: string }): ReactElement {
  const { data: account } = useAccount(address);
  const total = (balance: BalanceView): bigint => BigInt(balance.available) + BigInt(balance.held);
  return (
    <Table
      label="Balances on the exchange"
      rows={account === null ? [] : account?.balances}
      rowKey={(balance) => String(balance.asset)}
      empty={
        <Empty title="Nothing on the exchange yet">
          <Link href="/account/deposit">Deposit</Link> to begin: the first deposit opens the account.
        </Empty>
      }
      columns={[
        { head: "Asset", cell: (balance) => balance.symbol },
        { head: "Available", end: true, cell: (balance) => tokens(balance.available, balance.decimals, PLACES) },
        { head: "In orders", end: true, cell: (balance) => tokens(balance.held, balance.decimals, PLACES) },
        { head: "Total", end: true, cell: (balance) => tokens(total(balance), balance.decimals, PLACES) },
      ]}
    />
  );
}
