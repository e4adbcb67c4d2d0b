import type { ReactElement } from "react";
import { Link, useParams } from "wouter";
import { PageHead } from "../../ui/panel";
import { Actions } from "./actions";
import { Peg } from "./peg";
import { Pools } from "./pools";
import { Reserves } from "./reserves";

const PARTS = [
  ["", "Peg"],
  ["pools", "Pools"],
  ["mesh", "Mesh"],
  ["reserves", "Reserves"],
  ["stabiliser", "Stabiliser"],
] as const;

export default function Stability(): ReactElement {
  const { part = "" } = useParams<{ part?: string }>();
  return (
    <>
      <PageHead title="Stability">Public pools, a private mesh anchored to gold, a stabiliser with hard limits, and sized reserves keep sSTB at its target.</PageHead>
      <nav className="tabs" aria-label="Stability">
        {PARTS.map(([path, name]) => (
          <Link key={path} href={path === "" ? "/stability" : `/stability/${path}`} aria-current={part === path ? "page" : undefined}>
            {name}
          </Link>
        ))}
      </nav>
      {part === "" && <Peg />}
      {part === "pools" && <Pools kind="public" />}
      {part === "mesh" && <Pools kind="mesh" />}
      {part === "reserves" && <Reserves />}
      {part === "stabiliser" && <Actions />}
    </>
  );
}
