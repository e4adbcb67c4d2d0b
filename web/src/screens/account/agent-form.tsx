import { type ReactElement, useState } from "react";
import { getAddress, isAddress } from "viem";
import { post } from "../../api/rest";
import type { Markets } from "../../api/types";
import { domainOf } from "../../market/submit";
import { delegationMessage } from "../../signing/requests";
import { useAction } from "../../ui/action";
import { Field } from "../../ui/form";
import { tell } from "../../ui/toast";
import { signTyped } from "../../wallet/connection";
import { useSession } from "../../wallet/hooks";
import { useRefresh } from "./security";

const DAYS = 30;
const DAY_S = 86_400;

/** Lets another key trade for this account until a day, and nothing else. */
export function AgentForm({ list, markets }: { list: string; markets: Markets }): ReactElement {
  const { connected } = useSession();
  const [name, setName] = useState("");
  const [agent, setAgent] = useState("");
  const [busy, run] = useAction();
  const refresh = useRefresh(list);
  const right = isAddress(agent, { strict: false });
  const send = (): void =>
    run(async () => {
      if (!connected || !right) return;
      const from = Math.floor(Date.now() / 1000) - 60;
      const until = from + DAYS * DAY_S;
      const message = delegationMessage(connected.address, getAddress(agent), from, until);
      const signature = await signTyped(connected, domainOf(markets), message);
      await post("/v1/agents", { account: connected.address, agent: getAddress(agent), valid_from: String(from), valid_until: String(until), name: name.trim() || "Agent", signature });
      tell(`The agent may trade for you for ${DAYS} days`, "good");
      setAgent("");
      await refresh();
    });
  return (
    <div className="row" style={{ padding: "1rem", alignItems: "end" }}>
      <Field label="Name" value={name} onChange={setName} placeholder="My bot" />
      <Field label="Agent's address" value={agent} onChange={setAgent} placeholder="0x…" error={agent !== "" && !right ? "0x and 40 hexadecimal digits" : null} />
      <button type="button" className="button primary" disabled={busy || !right || !connected} onClick={send}>
        Allow for {DAYS} days
      </button>
    </div>
  );
}
