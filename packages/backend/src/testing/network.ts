import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";

import type { Guest, GuestNetwork } from "../port.js";

import { type Harness } from "./harness.js";

/** Git is the client: every guest has it, and it goes by the proxy variables. */
const ASK = ["git", "-c", "http.lowSpeedTime=20", "ls-remote"];

export function networkCases(harness: Harness): void {
  let service: Server;
  let port = 0;
  let asked = 0;

  beforeAll(async () => {
    service = createServer((_request, response) => {
      asked += 1;
      response.writeHead(404).end();
    });
    service.listen(0, "127.0.0.1");
    await once(service, "listening");
    port = (service.address() as AddressInfo).port;
  });
  beforeEach(() => {
    asked = 0;
  });
  afterAll(() => {
    service.close();
    service.closeAllConnections();
  });

  const here = (): string => `http://127.0.0.1:${port}/repo`;

  /** Every way from the guest to the service of the host: straight, and by the proxy. */
  async function knock(guest: Guest, network: boolean): Promise<void> {
    await guest.exec([...ASK, here()], { network });
    await guest.exec(["env", "-u", "no_proxy", "-u", "NO_PROXY", ...ASK, here()], { network });
  }

  const open = async (
    network: GuestNetwork,
    skip: (condition: boolean, note: string) => void,
  ): Promise<Guest> => {
    const { networkPolicies } = harness.promises;
    skip(!networkPolicies.includes(network.policy), `${network.policy} is not promised`);
    skip(!harness.subject.placeIsHost, "the service is not in the guest's place");
    return harness.guest({ network });
  };

  it.each(["none", "allowlist", "open"] as const)(
    "%s: no service of the host's loopback",
    async (policy) => {
      const { networkPolicies } = harness.promises;
      if (!networkPolicies.includes(policy)) {
        const opening = harness.guest({ network: { policy, allow: [] } });
        await expect(opening).rejects.toMatchObject({ code: "NETWORK_UNSUPPORTED" });
        return;
      }
      const guest = await harness.guest({ network: { policy, allow: [] } });
      await knock(guest, true);
      await knock(guest, false);
      expect(asked).toBe(0);
    },
  );

  it.for(["none", "allowlist", "open"] as const)(
    "%s: a loopback port that is listed, and only with the network asked for",
    async (policy, { skip }) => {
      const guest = await open({ policy, allow: [`127.0.0.1:${port}`] }, skip);
      await knock(guest, false);
      expect(asked).toBe(0);
      await guest.exec([...ASK, here()], { network: true });
      expect(asked).toBeGreaterThan(0);
    },
  );

  it("the agent has the network of its policy", async ({ skip }) => {
    const allow = [`127.0.0.1:${port}`];
    const guest = await open({ policy: "allowlist", allow }, skip);
    await guest.terminal.start(["sh", "-c", '"$@"; :', "sh", ...ASK, here()]);
    await guest.ended();
    expect(asked).toBeGreaterThan(0);
  });

  it("allowlist: a name that is not listed is refused, and says so", async ({ skip }) => {
    const guest = await open({ policy: "allowlist", allow: ["allowed.test"] }, skip);
    const result = await guest.exec([...ASK, "http://denied.test/repo"], { network: true });
    expect(result.exitCode).not.toBe(0);
    expect(result.stderr).toContain("403");
  });

  it("an entry that cannot be understood is refused when the guest is made", async ({ skip }) => {
    skip(!harness.promises.networkPolicies.includes("allowlist"), "allowlist is not promised");
    const opening = harness.guest({ network: { policy: "allowlist", allow: ["http://x/"] } });
    await expect(opening).rejects.toThrow("http://x/");
  });
}
