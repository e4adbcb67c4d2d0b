import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Opened, connectDevelopmentWallet, launch, openLocalhost } from "./browser";

let browser: Browser;
let opened: Opened;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  opened = await openLocalhost(browser, "/account/security");
  page = opened.page;
  // A virtual authenticator stands for the device's fingerprint reader: real WebAuthn, real keys, no finger.
  const devtools = await opened.context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
});

afterAll(async () => {
  await browser.close();
});

const toast = (text: RegExp): Promise<void> => page.locator(".toast", { hasText: text }).first().waitFor();

describe("signing in", () => {
  it("by a wallet's signature", async () => {
    await connectDevelopmentWallet(page);
    await page.getByRole("button", { name: "Sign in with your wallet" }).click();
    await page.getByRole("heading", { name: "Passkeys" }).waitFor();
    await page.getByText("this one").waitFor();
  });

  it("registers a passkey", async () => {
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await toast(/passkey is registered/);
    await page.getByRole("cell", { name: "This device", exact: true }).waitFor();
  });

  it("makes an API key whose secret never leaves the browser", async () => {
    const requests: string[] = [];
    page.on("request", (request) => requests.push(request.postData() ?? ""));
    await page.getByRole("button", { name: "Create a key" }).click();
    const secret = await page.getByRole("dialog").locator("dd").last().textContent();
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(requests.some((body) => body.includes("public_key"))).toBe(true);
    expect(requests.some((body) => body.includes(secret ?? ""))).toBe(false);
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: /^Revoke key/ }).click();
    await toast(/Revoke key .*: done/);
  });

  it("lets an agent trade, and takes it back", async () => {
    await page.getByLabel("Agent's address").fill(`0x${"a1".repeat(20)}`);
    await page.getByRole("button", { name: /^Allow for/ }).click();
    await toast(/may trade for you/);
    await page.getByRole("button", { name: /^Revoke agent/ }).click();
    await toast(/Revoke agent .*: done/);
  });

  it("and again by the passkey alone", async () => {
    await page.getByRole("button", { name: /^0x/ }).first().click();
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await toast(/Signed in with a passkey/);
    await page.getByRole("cell", { name: "This device", exact: true }).waitFor();
  });

  it("met no error on the way", () => {
    expect(opened.complaints).toEqual([]);
  });
});
