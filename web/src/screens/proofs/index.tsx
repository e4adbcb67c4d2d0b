import type { ReactElement } from "react";
import { Link, useParams } from "wouter";
import { useMarkets, useNetwork } from "../../api/queries";
import { NotConnected } from "../../shell/wallet-button";
import { Loading, PageHead } from "../../ui/panel";
import { useAddress } from "../../wallet/hooks";
import { Batches } from "./batches";
import { Streams } from "./streams";
import { VerifyBalance } from "./verify-balance";

const PARTS = [
  ["", "My balance"],
  ["batches", "Batches and roots"],
  ["streams", "Public streams"],
] as const;

export default function Proofs(): ReactElement {
  const { part = "" } = useParams<{ part?: string }>();
  const address = useAddress();
  const { data: network } = useNetwork();
  const { data: markets } = useMarkets();
  return (
    <>
      <PageHead title="Proofs">Every input of the exchange is public, every result can be replayed, every balance has a proof against a root on the chain.</PageHead>
      <nav className="tabs" aria-label="Proofs">
        {PARTS.map(([path, name]) => (
          <Link key={path} href={path === "" ? "/proofs" : `/proofs/${path}`} aria-current={part === path ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      {part === "batches" && <Batches />}
      {part === "streams" && <Streams />}
      {part === "" &&
        (address === null ? (
          <NotConnected>
            Its balances are checked here. Any other address can be watched from the <Link href="/account">Account</Link> page.
          </NotConnected>
        ) : network && markets ? (
          <VerifyBalance network={network} markets={markets} address={address} />
        ) : (
          <Loading />
        ))}
    </>
  );
}
