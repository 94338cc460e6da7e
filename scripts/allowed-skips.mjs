/**
 * Tests that may be skipped where `CI` is set, each with the reason.
 *
 * `test` is matched with `<file> > <full name of the test>`.
 *
 * @type {readonly { readonly test: RegExp, readonly reason: string }[]}
 */
export const allowedSkips = [
  {
    test: /conformance\.lima.*(loopback port that is listed|the agent has the network|a name that is not listed|what lies beside a program)/,
    reason: "the VM is another machine: it reaches no service or program of the tests' machine",
  },
  {
    test: /conformance\.container.*what lies beside a program/,
    reason: "a container has its image's programs, none of the tests' machine",
  },
  {
    test: /conformance\.(container|kubernetes).*its own record of the end/,
    reason:
      "its terminal's server is beside the agent; what counts is the engine's or the cluster's word",
  },
  {
    test: /cluster.*kubernetes.*(loopback port that is listed|the agent has the network|a name that is not listed|what lies beside a program)/,
    reason: "a pod is in another place: it reaches no service or program of the tests' machine",
  },
];
