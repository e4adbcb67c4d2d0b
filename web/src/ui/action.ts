import { useState } from "react";
import { tellError } from "./toast";

/** Runs something that may fail and tells so; `busy` meanwhile, so that nothing is sent twice. */
export function useAction(): [busy: boolean, run: (action: () => Promise<void>) => void] {
  const [busy, setBusy] = useState(false);
  const run = (action: () => Promise<void>): void => {
    if (busy) return;
    setBusy(true);
    action()
      .catch(tellError)
      .finally(() => setBusy(false));
  };
  return [busy, run];
}
