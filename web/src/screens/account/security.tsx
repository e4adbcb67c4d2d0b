import { useQueryClient } from "@tanstack/react-query";
import { type ReactElement, type ReactNode, useState } from "react";
import { useList } from "../../api/queries";
import { remove } from "../../api/rest";
import type { AgentView, ApiKeyView, Markets, PasskeyView, SessionView } from "../../api/types";
import { date } from "../../money/time";
import { useAction } from "../../ui/action";
import { Field } from "../../ui/form";
import { Panel, State } from "../../ui/panel";
import { Table } from "../../ui/table";
import { tell } from "../../ui/toast";
import { Hash } from "../../ui/values";
import { useSession } from "../../wallet/hooks";
import { addPasskey } from "../../wallet/session";
import { SignInFirst } from "../market/private-lists";
import { AgentForm } from "./agent-form";
import { ApiKeyForm } from "./api-key-form";

/** Ways in: passkeys, API keys, agent keys, sessions. */
export function Security({ markets }: { markets: Markets }): ReactElement {
  const { signedIn } = useSession();
  if (!signedIn) {
    return (
      <Panel title="Security" flush>
        <SignInFirst what="passkeys, API keys, agents and sessions" />
      </Panel>
    );
  }
  return (
    <div className="grid">
      <Passkeys />
      <ApiKeys />
      <Agents markets={markets} />
      <Sessions current={signedIn.sessionId} />
    </div>
  );
}

/** Unix seconds or an RFC 3339 time, as a date. */
function day(text: string | null | undefined): string {
  if (!text) return "–";
  return date(/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));
}

export function useRefresh(path: string): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["list", path] });
}

interface RemoveProps {
  readonly path: string;
  readonly list: string;
  readonly label: string;
  readonly children: ReactNode;
}

function RemoveButton({ path, list, label, children }: RemoveProps): ReactElement {
  const [busy, run] = useAction();
  const refresh = useRefresh(list);
  const act = (): void =>
    run(async () => {
      await remove(path);
      tell(`${label}: done`, "good");
      await refresh();
    });
  return (
    <button type="button" className="button small" aria-label={label} disabled={busy} onClick={act}>
      {children}
    </button>
  );
}

const PASSKEYS = "/v1/account/passkeys";

function Passkeys(): ReactElement {
  const { data } = useList<PasskeyView>(PASSKEYS, 30_000);
  const [name, setName] = useState("");
  const [busy, run] = useAction();
  const refresh = useRefresh(PASSKEYS);
  const add = (): void =>
    run(async () => {
      await addPasskey(name.trim() || "This device");
      setName("");
      tell("The passkey is registered", "good");
      await refresh();
    });
  return (
    <Panel title="Passkeys" flush className="span-6" aside="sign in by fingerprint, face or PIN">
      <Table
        label="Passkeys"
        rows={data}
        rowKey={(one) => one.passkey_id}
        empty="No passkey yet"
        columns={[
          { head: "Name", cell: (one) => one.name },
          { head: "Since", cell: (one) => day(one.created_at) },
          { head: "", end: true, cell: (one) => <RemoveButton path={`${PASSKEYS}/${encodeURIComponent(one.passkey_id)}`} list={PASSKEYS} label={`Remove passkey ${one.name}`}>Remove</RemoveButton> },
        ]}
      />
      <div className="row" style={{ padding: "1rem", alignItems: "end" }}>
        <Field label="Name" value={name} onChange={setName} placeholder="This device" />
        <button type="button" className="button primary" disabled={busy} onClick={add}>
          Add a passkey
        </button>
      </div>
    </Panel>
  );
}

const KEYS = "/v1/account/api-keys";

function ApiKeys(): ReactElement {
  const { data } = useList<ApiKeyView>(KEYS, 30_000);
  return (
    <Panel title="API keys" flush className="span-6" aside="Ed25519, for programs">
      <Table
        label="API keys"
        rows={data?.filter((key) => !key.revoked) ?? data}
        rowKey={(key) => key.key_id}
        empty="No API key yet"
        columns={[
          { head: "Name", cell: (key) => key.name },
          { head: "Key", cell: (key) => <Hash value={key.key_id} /> },
          { head: "May", cell: (key) => key.scopes.join(", ") },
          { head: "Last used", cell: (key) => day(key.last_used_at) },
          { head: "", end: true, cell: (key) => <RemoveButton path={`${KEYS}/${encodeURIComponent(key.key_id)}`} list={KEYS} label={`Revoke key ${key.name}`}>Revoke</RemoveButton> },
        ]}
      />
      <ApiKeyForm list={KEYS} />
    </Panel>
  );
}

const AGENTS = "/v1/account/agents";

function Agents({ markets }: { markets: Markets }): ReactElement {
  const { data } = useList<AgentView>(AGENTS, 30_000);
  return (
    <Panel title="Agent keys" flush className="span-6" aside="may trade, never withdraw">
      <Table
        label="Agent keys"
        rows={data?.filter((agent) => !agent.revoked) ?? data}
        rowKey={(agent) => agent.agent}
        empty="No agent yet"
        columns={[
          { head: "Name", cell: (agent) => agent.name },
          { head: "Address", cell: (agent) => <Hash value={agent.agent} /> },
          { head: "Until", cell: (agent) => day(agent.valid_until) },
          { head: "", end: true, cell: (agent) => <RemoveButton path={`${AGENTS}/${agent.agent}`} list={AGENTS} label={`Revoke agent ${agent.name}`}>Revoke</RemoveButton> },
        ]}
      />
      <AgentForm list={AGENTS} markets={markets} />
    </Panel>
  );
}

const SESSIONS = "/v1/account/sessions";

function Sessions({ current }: { current: string }): ReactElement {
  const { data } = useList<SessionView>(SESSIONS, 30_000);
  return (
    <Panel title="Sessions" flush className="span-6">
      <Table
        label="Sessions"
        rows={data}
        rowKey={(one) => one.session_id}
        empty="No session"
        columns={[
          { head: "Session", cell: (one) => <Hash value={one.session_id} /> },
          { head: "Since", cell: (one) => day(one.created_at) },
          {
            head: "",
            end: true,
            cell: (one) =>
              one.session_id === current ? (
                <State name="this one" tone="good" />
              ) : (
                <RemoveButton path={`${SESSIONS}/${encodeURIComponent(one.session_id)}`} list={SESSIONS} label="End this session">
                  End
                </RemoveButton>
              ),
          },
        ]}
      />
    </Panel>
  );
}
