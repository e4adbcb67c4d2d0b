import { type ReactElement, type ReactNode, useId } from "react";

interface PanelProps {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly flush?: boolean;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A titled part of a page. `flush`: its content brings its own margins (tables). */
export function Panel({ title, aside, flush = false, className = "", children }: PanelProps): ReactElement {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside !== undefined && <div className="aside">{aside}</div>}
      </header>
      <div className={flush ? "body flush" : "body"}>{children}</div>
    </section>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }): ReactElement {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children !== undefined && <div>{children}</div>}
    </div>
  );
}

export function Loading(): ReactElement {
  return (
    <div aria-busy="true" aria-label="Loading" role="status" className="body">
      <span className="skeleton" />
      <span className="skeleton" />
      <span className="skeleton" />
    </div>
  );
}

export interface StatItem {
  readonly label: string;
  readonly value: ReactNode;
  readonly note?: ReactNode;
}

export function Stats({ items, label }: { items: readonly StatItem[]; label: string }): ReactElement {
  return (
    <dl className="stats" aria-label={label}>
      {items.map((item) => (
        <div className="stat" key={item.label}>
          <dt>{item.label}</dt>
          <dd>
            {item.value}
            {item.note !== undefined && <span className="note">{item.note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function PageHead({ title, children }: { title: string; children?: ReactNode }): ReactElement {
  return (
    <div className="page-head">
      <h1>{title}</h1>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

type Tone = "good" | "bad" | "warn" | "busy" | "plain";

const TONES: Readonly<Record<string, Tone>> = {
  open: "busy",
  committed: "busy",
  proven: "busy",
  minted: "good",
  filled: "good",
  credited: "good",
  confirmed: "good",
  settled: "good",
  paid: "good",
  delivered: "busy",
  requested: "busy",
  queued: "warn",
  pending: "warn",
  disputed: "bad",
  compensated: "bad",
  revoked: "bad",
  halted: "warn",
  expired: "plain",
  up: "good",
  down: "bad",
};

export function State({ name, tone }: { name: string; tone?: Tone }): ReactElement {
  const chosen = tone ?? TONES[name] ?? "plain";
  return <span className={`pill ${chosen === "plain" ? "" : chosen}`}>{name.replaceAll("_", " ")}</span>;
}
