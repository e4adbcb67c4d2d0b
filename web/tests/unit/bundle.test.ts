import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";

const BUILT = join(import.meta.dirname, "../../../src/stab3l/api/console");
const FIRST_PAINT_BYTES_MAX = 250_000;

it("needs at most 250 kB for the first paint: page, script, style, font and the dashboard", () => {
  const page = readFileSync(join(BUILT, "index.html"), "utf8");
  const named = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+|theme\.js)"/g)].map((match) => match[1] ?? "");
  const later = readdirSync(join(BUILT, "assets")).filter((name) => /^(dashboard|time|plot|form|inter).*\.(js|woff2)$/.test(name)).map((name) => `assets/${name}`);
  const bytes = ["index.html", ...new Set([...named, ...later])].reduce((sum, name) => {
    const content = readFileSync(join(BUILT, name));
    return sum + (name.endsWith(".woff2") ? content.length : gzipSync(content, { level: 9 }).length);
  }, 0);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThanOrEqual(FIRST_PAINT_BYTES_MAX);
});

it("brings everything itself: nothing inline, nothing from elsewhere", () => {
  const page = readFileSync(join(BUILT, "index.html"), "utf8");
  expect(page).not.toMatch(/<script(?![^>]*src=)|<style|\sstyle=|\son\w+=/);
  expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
});

it("lays beside each file a twin that unpacks to it", () => {
  const twins = readdirSync(join(BUILT, "assets")).filter((name) => name.endsWith(".gz"));
  expect(twins.length).toBeGreaterThan(5);
  for (const twin of twins) {
    expect(gunzipSync(readFileSync(join(BUILT, "assets", twin))).equals(readFileSync(join(BUILT, "assets", twin.slice(0, -3))))).toBe(true);
  }
});
