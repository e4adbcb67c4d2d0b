import { type ReactElement, useSyncExternalStore } from "react";
import { live, statusFeed } from "../api/feeds";
import type { Heartbeat, LiveState } from "../api/live";
import type { StatusView } from "../api/types";

const watch = (changed: () => void): (() => void) => live().watch(changed);

export const useLiveState = (): LiveState => useSyncExternalStore(watch, () => live().state);
export const useHeartbeat = (): Heartbeat | null => useSyncExternalStore(watch, () => live().heartbeat);

export function useLiveStatus(): StatusView | null {
  const feed = statusFeed();
  return useSyncExternalStore(feed.subscribe, feed.get);
}

const WORDS: Readonly<Record<LiveState, string>> = {
  connecting: "Connecting",
  live: "Live",
  stale: "Stale",
  offline: "Offline",
};

export function LivePill(): ReactElement {
  const state = useLiveState();
  const status = useLiveStatus();
  const title = status?.sequence ? `Sequence ${status.sequence}` : "No data yet";
  return (
    <span className="live" data-state={state} title={title} role="status">
      {WORDS[state]}
    </span>
  );
}

/** Numbers on the page may be old: say so before somebody trades on them. */
export function StaleBanner(): ReactElement | null {
  const state = useLiveState();
  const status = useLiveStatus();
  if (state === "offline") return <p className="banner">The exchange cannot be reached. What is shown may be old; it is tried again by itself.</p>;
  if (state === "stale") return <p className="banner">Nothing has been heard for a while. What is shown may be old.</p>;
  if (status && status.down.length > 0) return <p className="banner">Not answering: {status.down.join(", ")}.</p>;
  return null;
}
