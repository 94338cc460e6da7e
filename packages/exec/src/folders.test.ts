import { userInfo } from "node:os";

import { describe, expect, it } from "vitest";

import { homeFolder, xdgFolder } from "./folders.js";

describe("homeFolder", () => {
  it("is HOME", () => {
    expect(homeFolder({ HOME: "/home/me" })).toBe("/home/me");
  });

  it.each([{}, { HOME: "" }, { HOME: "not/absolute" }])("is the account's with %j", (env) => {
    expect(homeFolder(env)).toBe(userInfo().homedir);
  });
});

describe("xdgFolder", () => {
  it("is the variable's, where it is absolute", () => {
    const env = { HOME: "/home/me", XDG_DATA_HOME: "/data" };
    expect(xdgFolder(env, "XDG_DATA_HOME", ".local/share")).toBe("/data");
  });

  it.each(["", "relative"])("else one in the home folder: %j", (value) => {
    const env = { HOME: "/home/me", XDG_DATA_HOME: value };
    expect(xdgFolder(env, "XDG_DATA_HOME", ".local/share")).toBe("/home/me/.local/share");
  });
});
