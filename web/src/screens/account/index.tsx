import type { ReactElement } from "react";
import { Link, useParams } from "wouter";
import { useMarkets, useNetwork } from "../../api/queries";
import type { Markets, NetworkView } from "../../api/types";
import { Empty, Loading, PageHead, Panel } from "../../ui/panel";
import { Hash } from "../../ui/values";
import { useAddress, useSession } from "../../wallet/hooks";
import { Balances } from "./balances";
import { DepositPanel } from "./deposit";
import { Ledger } from "./ledger";
import { Movements } from "./movements";
import { Security } from "./security";
import { WithdrawPanel } from "./withdraw";
import { Welcome } from "./welcome";

const PARTS = [
  ["", "Balances"],
  ["deposit", "Deposit"],
  ["withdraw", "Withdraw"],
  ["ledger", "Ledger"],
  ["security", "Security"],
] as const;

export default function Account(): ReactElement {
  const { part = "" } = useParams<{ part?: string }>();
  const address = useAddress();
  const { watching } = useSession();
  const { data: markets } = useMarkets();
  const { data: network } = useNetwork();
  return (
    <>
      <PageHead title="Account">
        {address ? (
          <>
            <Hash value={address} label="Copy address" />
            {watching ? " (watching only)" : ""}
          </>
        ) : (
          "Balances, deposits, withdrawals, keys."
        )}
      </PageHead>
      <nav className="tabs" aria-label="Account">
        {PARTS.map(([path, name]) => (
          <Link key={path} href={path === "" ? "/account" : `/account/${path}`} aria-current={part === path ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      {address === null ? <Welcome /> : markets && network ? <Part part={part} address={address} markets={markets} network={network} /> : <Loading />}
    </>
  );
}

interface PartProps {
  readonly part: string;
  readonly address: string;
  readonly markets: Markets;
  readonly network: NetworkView;
}

function Part({ part, address, markets, network }: PartProps): ReactElement {
  switch (part) {
    case "":
      return (
        <div className="stack">
          <Panel title="On the exchange" flush aside={<Link href="/account/deposit">Deposit</Link>}>
            <Balances address={address} />
          </Panel>
          <Movements address={address} markets={markets} />
        </div>
      );
    case "deposit":
      return <DepositPanel address={address} markets={markets} network={network} />;
    case "withdraw":
      return <WithdrawPanel address={address} markets={markets} network={network} />;
    case "ledger":
      return <Ledger markets={markets} />;
    case "security":
      return <Security markets={markets} />;
    default:
      return <Empty title="There is no such part" />;
  }
}
