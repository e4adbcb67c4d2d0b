import type { ReactElement } from "react";

const PATHS = {
  dashboard: "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
  market: "M5 20V9M5 6V4M12 20v-4M12 13V4M19 20v-8M19 9V4M3 9h4v5H3zM10 13h4v3h-4zM17 9h4v3h-4z",
  account: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c.8-4 4-6 8-6s7.200 2 8 6",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM16 16l4.500 4.500",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.500 1.500M17.500 17.500L19 19M19 5l-1.500 1.500M6.500 17.500L5 19",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  system: "M4 5h16v11H4zM9 20h6M12 16v4",
  close: "M6 6l12 12M18 6L6 18",
  external: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  check: "M5 12.500l4.500 4.500L19 7.500",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): ReactElement {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth={name === "more" ? 3 : 1.75} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo(): ReactElement {
  return (
    <svg viewBox="0 0 64 64" aria-hidden="true">
      <rect width="64" height="64" rx="14" fill="#10203f" />
      <path d="M14 42C22 42 22 22 32 22S42 42 50 42" fill="none" stroke="#7da2ff" strokeWidth="5" strokeLinecap="round" />
      <path d="M12 32H52" stroke="#39c793" strokeWidth="5" strokeLinecap="round" />
    </svg>
  );
}
