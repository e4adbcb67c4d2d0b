import { type ReactElement, useState } from "react";
import { useProviders, useThing } from "../../api/queries";
import type { ProviderDetail, ProviderView } from "../../api/types";
import { fromUnits } from "../../money/decimal";
import { basisPoints, brief, rate, tokens } from "../../money/format";
import { date, span } from "../../money/time";
import { Dialog } from "../../ui/dialog";
import { Empty, Loading, Panel, State, Stats } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Hash, Meter } from "../../ui/values";

const LEAST_BPS = 12_000;
const WELL_COVERED_BPS = 24_000;

/** All providers: what they proved, what they owe, what secures it. */
export function Resources(): ReactElement {
  const { data } = useProviders();
  const [shown, setShown] = useState<string | null>(null);
  const sum = (pick: (provider: ProviderView) => string): bigint => (data ?? []).reduce((total, one) => total + BigInt(pick(one)), 0n);
  return (
    <>
      <Stats
        label="All providers"
        items={[
          { label: "Providers", value: data?.length ?? "–" },
          { label: "Proven rate", value: data ? rate(sum((one) => one.operations_per_s).toString()) : "–" },
          { label: "Outstanding", value: data ? `${brief(fromUnits(sum((one) => one.outstanding_cu), 18))} CU` : "–", note: "owed to holders" },
          { label: "Collateral", value: data ? `$${brief(fromUnits(sum((one) => one.collateral), 6))}` : "–" },
          { label: "Staked", value: data ? `${brief(fromUnits(sum((one) => one.staked), 18))} sSTB` : "–" },
        ]}
      />
      <Panel title="Resources" flush aside="at least 120 % collateral over outstanding CU at par">
        <Table
          label="Providers and their resources"
          rows={data}
          rowKey={(one) => one.address}
          empty={<Empty title="No provider yet">Register, prove, mint: the Registration page leads through it.</Empty>}
          columns={[
            { head: "Provider", cell: (one) => <Hash value={one.address} /> },
            { head: "Method", cell: (one) => one.method },
            { head: "Proven rate", end: true, cell: (one) => rate(one.operations_per_s) },
            { head: "Outstanding CU", end: true, cell: (one) => tokens(one.outstanding_cu, 18) },
            { head: "Collateral", end: true, cell: (one) => `$${tokens(one.collateral, 6)}` },
            { head: "Cover", cell: (one) => <Cover provider={one} /> },
            { head: "Staked sSTB", end: true, cell: (one) => tokens(one.staked, 18) },
            { head: "Stake period", end: true, cell: (one) => span(one.stake_period_s * 1000) },
            { head: "State", cell: (one) => (one.in_liquidation ? <State name="in liquidation" tone="bad" /> : <State name="covered" tone="good" />) },
            {
              head: "",
              end: true,
              cell: (one) => (
                <button type="button" className="button small" onClick={() => setShown(one.address)} aria-label={`Details of ${one.address}`}>
                  Details
                </button>
              ),
            },
          ]}
        />
      </Panel>
      {shown !== null && <Details address={shown} onClose={() => setShown(null)} />}
    </>
  );
}

function Cover({ provider }: { provider: ProviderView }): ReactElement {
  const bps = provider.collateral_ratio_bps;
  if (bps === null) return <span className="faint">no obligation</span>;
  const words = basisPoints(bps, 1);
  return (
    <span className="row" style={{ flexWrap: "nowrap" }}>
      <Meter share={bps / WELL_COVERED_BPS} label={`Collateral is ${words} of the obligation`} />
      <span className={bps < LEAST_BPS ? "down" : ""}>{words}</span>
    </span>
  );
}

function Details({ address, onClose }: { address: string; onClose: () => void }): ReactElement {
  const { data } = useThing<ProviderDetail>(`/v1/providers/${address}`);
  return (
    <Dialog title="Provider" onClose={onClose}>
      <p className="mono small">{address}</p>
      {data === undefined ? (
        <Loading />
      ) : data === null ? (
        <Empty title="No details here" />
      ) : (
        <div className="stack">
          <h3>Stakes</h3>
          <Table
            label="Stakes"
            rows={data.stakes}
            rowKey={(stake) => stake.stake_id}
            empty="No stake"
            columns={[
              { head: "No.", cell: (stake) => stake.stake_id },
              { head: "sSTB", end: true, cell: (stake) => tokens(stake.amount, 18) },
              { head: "Unlocks", end: true, cell: (stake) => (stake.unstaked ? "taken out" : date(Number(stake.unlocks_at) * 1000)) },
            ]}
          />
          <h3>Claims</h3>
          <Table
            label="Claims"
            rows={data.claims}
            rowKey={(claim) => claim.claim_id}
            empty="No claim"
            columns={[
              { head: "No.", cell: (claim) => claim.claim_id },
              { head: "CU", end: true, cell: (claim) => tokens(claim.cu, 18) },
              { head: "State", end: true, cell: (claim) => <State name={claim.state} /> },
            ]}
          />
        </div>
      )}
    </Dialog>
  );
}
