import { type ReactElement, useSyncExternalStore } from "react";
import { Icon } from "./icons";

interface Toast {
  readonly id: number;
  readonly tone: "good" | "bad" | "plain";
  readonly text: string;
}

const LIFE_MS = { good: 6_000, plain: 6_000, bad: 15_000 } as const;

let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Tells what happened; errors stay longer. Told to screen readers, too. */
export function tell(text: string, tone: Toast["tone"] = "plain"): void {
  const toast = { id: nextId++, tone, text };
  set([...toasts.slice(-3), toast]);
  setTimeout(() => dismiss(toast.id), LIFE_MS[tone]);
}

export function tellError(error: unknown): void {
  const action = (error as { action?: unknown }).action;
  const message = error instanceof Error ? error.message : String(error);
  tell(typeof action === "string" && action !== "" ? `${message}. ${action}` : message, "bad");
}

function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toasts(): ReactElement {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((toast) => (
        <div key={toast.id} className={`toast ${toast.tone}`}>
          <p>{toast.text}</p>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => dismiss(toast.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
