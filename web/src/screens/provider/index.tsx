import type { ReactElement } from "react";
import { Link, useParams } from "wouter";
import { useNetwork } from "../../api/queries";
import { Empty, Loading, PageHead } from "../../ui/panel";
import { Claims } from "./claims";
import { Flows } from "./flows";
import { Redemptions } from "./redemptions";
import { Registration } from "./registration";
import { Resources } from "./resources";
import { Rewards } from "./rewards";

const PARTS = [
  ["", "Resources"],
  ["registration", "Registration"],
  ["verification", "Verification"],
  ["redemptions", "Redemptions"],
  ["rewards", "Rewards"],
  ["flows", "Flows"],
] as const;

export default function Provider(): ReactElement {
  const { part = "" } = useParams<{ part?: string }>();
  const { data: network, error } = useNetwork();
  return (
    <>
      <PageHead title="Provider">Prove how much you can compute, mint sSTB for it, and deliver when it is redeemed.</PageHead>
      <nav className="tabs" aria-label="Provider">
        {PARTS.map(([path, name]) => (
          <Link key={path} href={path === "" ? "/provider" : `/provider/${path}`} aria-current={part === path ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      {part === "" && <Resources />}
      {part === "verification" && <Claims />}
      {part === "flows" && <Flows />}
      {["registration", "rewards", "redemptions"].includes(part) &&
        (network ? (
          <>
            {part === "registration" && <Registration network={network} />}
            {part === "rewards" && <Rewards network={network} />}
            {part === "redemptions" && <Redemptions network={network} />}
          </>
        ) : error ? (
          <Empty title="The network cannot be read">{error.message}</Empty>
        ) : (
          <Loading />
        ))}
    </>
  );
}
