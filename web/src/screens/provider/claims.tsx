import { type ReactElement, useState } from "react";
import { useClaims } from "../../api/queries";
import { rate, tokens } from "../../money/format";
import { Check } from "../../ui/form";
import { Empty, Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Hash } from "../../ui/values";
import { useAddress } from "../../wallet/hooks";

const STEPS: readonly [string, string][] = [
  ["open", "A challenge is open: its seed is the hash of a block to come."],
  ["committed", "The provider multiplied the matrices and committed a Merkle root before the deadline."],
  ["proven", "A committee recomputed random samples and signed, or a proof was checked."],
  ["minted", "CU were minted, swapped 1:1 for sSTB, burned, and the sSTB staked, in one transaction."],
];

export function Claims(): ReactElement {
  const { data } = useClaims();
  const address = useAddress();
  const [mine, setMine] = useState(false);
  const rows = mine && address ? data?.filter((claim) => claim.provider.toLowerCase() === address.toLowerCase()) : data;
  return (
    <div className="stack">
      <Panel title="From challenge to sSTB">
        <ol className="grid" style={{ marginBottom: 0 }}>
          {STEPS.map(([state, words]) => (
            <li key={state} className="span-3 stack">
              <span>
                <State name={state} />
              </span>
              <span className="soft">{words}</span>
            </li>
          ))}
        </ol>
      </Panel>
      <Panel title="Claims" flush aside={address ? <Check label="Only mine" checked={mine} onChange={setMine} /> : undefined}>
        <Table
          label="Claims"
          rows={rows}
          rowKey={(claim) => claim.claim_id}
          empty={<Empty title="No claim yet">A claim begins when a provider asks for a challenge.</Empty>}
          columns={[
            { head: "No.", cell: (claim) => claim.claim_id },
            { head: "Provider", cell: (claim) => <Hash value={claim.provider} /> },
            { head: "State", cell: (claim) => <State name={claim.state} /> },
            { head: "Rate", end: true, cell: (claim) => (claim.operations_per_s === "0" ? "–" : rate(claim.operations_per_s)) },
            { head: "CU", end: true, cell: (claim) => (claim.cu === "0" ? "–" : tokens(claim.cu, 18)) },
            { head: "Seed block", end: true, cell: (claim) => claim.seed_block },
            { head: "Deadline block", end: true, cell: (claim) => claim.deadline_block },
          ]}
        />
      </Panel>
    </div>
  );
}
