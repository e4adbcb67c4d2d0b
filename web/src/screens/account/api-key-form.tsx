import { type ReactElement, useState } from "react";
import { post } from "../../api/rest";
import type { ApiKeyView } from "../../api/types";
import { newApiKey } from "../../signing/api-key";
import { useAction } from "../../ui/action";
import { Check, Field } from "../../ui/form";
import { Dialog } from "../../ui/dialog";
import { useRefresh } from "./security";

const SCOPES = ["read", "trade", "withdraw"] as const;

export function ApiKeyForm({ list }: { list: string }): ReactElement {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly string[]>(["read"]);
  const [made, setMade] = useState<{ keyId: string; seed: string } | null>(null);
  const [busy, run] = useAction();
  const refresh = useRefresh(list);
  const create = (): void =>
    run(async () => {
      const key = await newApiKey();
      const answer = await post<ApiKeyView>(list, { name: name.trim() || "Key", public_key: key.publicKey, scopes });
      setMade({ keyId: answer.key_id, seed: key.seed });
      setName("");
      await refresh();
    });
  return (
    <div className="row" style={{ padding: "1rem", alignItems: "end" }}>
      <Field label="Name" value={name} onChange={setName} placeholder="My program" />
      {SCOPES.map((scope) => (
        <Check
          key={scope}
          label={scope}
          checked={scopes.includes(scope)}
          onChange={(checked) => setScopes((before) => (checked ? [...before, scope] : before.filter((one) => one !== scope)))}
        />
      ))}
      <button type="button" className="button primary" disabled={busy || scopes.length === 0} onClick={create}>
        Create a key
      </button>
      {made && (
        <Dialog title="Your new API key" onClose={() => setMade(null)}>
          <div className="stack">
            <p className="note-box warn">The secret was made in this browser and is shown once. Nobody can bring it back.</p>
            <dl className="facts">
              <dt>Key</dt>
              <dd className="mono">{made.keyId}</dd>
              <dt>Secret (Ed25519 seed)</dt>
              <dd className="mono">{made.seed}</dd>
            </dl>
            <button type="button" className="button" onClick={() => void navigator.clipboard.writeText(made.seed)}>
              Copy the secret
            </button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
