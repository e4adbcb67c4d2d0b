import type { ReactElement } from "react";
import { Link, useParams } from "wouter";
import { PageHead } from "../../ui/panel";
import { Activity } from "./activity";
import { Analytics } from "./analytics";
import { Overview } from "./overview";

const PARTS = [
  ["", "Overview"],
  ["analytics", "Analytics"],
  ["activity", "Activity"],
] as const;

export default function Dashboard(): ReactElement {
  const { part = "" } = useParams<{ part?: string }>();
  return (
    <>
      <PageHead title="Dashboard">Verified compute as a token of stable price: 1 CU is 10<sup>15</sup> operations, par $0.06.</PageHead>
      <nav className="tabs" aria-label="Dashboard">
        {PARTS.map(([path, name]) => (
          <Link key={path} href={path === "" ? "/" : `/dashboard/${path}`} aria-current={part === path ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      {part === "analytics" ? <Analytics /> : part === "activity" ? <Activity /> : <Overview />}
    </>
  );
}
