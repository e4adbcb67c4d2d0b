import type { ReactElement } from "react";
import { useList } from "../../api/queries";
import type { LedgerView, Markets } from "../../api/types";
import { fromUnits } from "../../money/decimal";
import { fromNanoseconds, moment } from "../../money/time";
import { Empty, Panel } from "../../ui/panel";
import { Table } from "../../ui/table";
import { Change } from "../../ui/values";
import { useSession } from "../../wallet/hooks";
import { SignInFirst } from "../market/private-lists";

/** Every change of every balance, with the engine's sequence number beside it. */
export function Ledger({ markets }: { markets: Markets }): ReactElement {
  const { signedIn } = useSession();
  const { data } = useList<LedgerView>(signedIn ? "/v1/account/ledger?limit=200" : null);
  const decimals = (asset: number): number => markets.assets.find((one) => one.asset === asset)?.decimals ?? 0;
  return (
    <Panel title="Ledger" flush>
      {signedIn ? (
        <Table
          label="Ledger"
          rows={data}
          rowKey={(row) => `${row.sequence} ${row.kind} ${row.asset} ${row.change} ${row.reference ?? ""}`}
          empty={<Empty title="Nothing has moved yet" />}
          columns={[
            { head: "Time", cell: (row) => moment(fromNanoseconds(row.at)) },
            { head: "What", cell: (row) => row.kind },
            { head: "Change", end: true, cell: (row) => <Change value={fromUnits(row.change, decimals(row.asset))} places={6} /> },
            { head: "Asset", cell: (row) => row.symbol },
            { head: "Reference", cell: (row) => row.reference ?? "–" },
            { head: "Sequence", end: true, cell: (row) => row.sequence },
          ]}
        />
      ) : (
        <SignInFirst what="your ledger" />
      )}
    </Panel>
  );
}
