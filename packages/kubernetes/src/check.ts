import type { BackendCheck } from "@cco/backend";

import type { Cluster } from "./api/cluster.js";
import { ApiError, isStatus } from "./api/errors.js";
import { RIGHTS } from "./box.js";
import { NAME_IMAGE, type Settings } from "./settings.js";

const CREATE = "cco box create --backend kubernetes";
const TEMPLATE = "ask an administrator to apply: cco box template --backend kubernetes";

/** What the backend needs of the cluster, piece by piece. */
export async function checkCluster(
  cluster: Cluster,
  settings: Settings,
): Promise<readonly BackendCheck[]> {
  try {
    const { context, server } = await cluster.connection();
    const version = await cluster.call<{ gitVersion: string }>("GET", "/version");
    const found = `${version.gitVersion} at ${server.host} (${context})`;
    return [
      { name: "cluster", ok: true, detail: found },
      checkImage(settings),
      await checkNamespace(cluster, settings),
      await checkRights(cluster, settings),
    ];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const fix = error.hint ?? "kubectl version";
    return [{ name: "cluster", ok: false, detail: error.message, fix }];
  }
}

function checkImage({ image }: Settings): BackendCheck {
  const name = "image";
  return image === undefined
    ? { name, ok: false, detail: "none is configured", fix: NAME_IMAGE }
    : { name, ok: true, detail: image };
}

async function checkNamespace(cluster: Cluster, { namespace }: Settings): Promise<BackendCheck> {
  const name = "namespace";
  try {
    await cluster.call("GET", `/api/v1/namespaces/${namespace}`);
    return { name, ok: true, detail: namespace };
  } catch (error) {
    if (isStatus(error, 403))
      return { name, ok: true, detail: `${namespace} (no right to look at it)` };
    if (!isStatus(error, 404)) throw error;
    return { name, ok: false, detail: `there is no ${namespace}`, fix: CREATE };
  }
}

/** Asks the cluster itself: a right may come from anywhere. */
async function checkRights(cluster: Cluster, settings: Settings): Promise<BackendCheck> {
  const asked = RIGHTS.flatMap(({ group, resource, verbs }) =>
    verbs.map((verb) => ({ group, resource, verb })),
  );
  const answers = await Promise.all(
    asked.map(async ({ group, resource, verb }) => {
      const [plural, subresource] = resource.split("/");
      const review = await cluster.call<{ status?: { allowed?: boolean } }>(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {
          body: {
            apiVersion: "authorization.k8s.io/v1",
            kind: "SelfSubjectAccessReview",
            spec: {
              resourceAttributes: {
                namespace: settings.namespace,
                group,
                resource: plural,
                verb,
                ...(subresource === undefined ? {} : { subresource }),
              },
            },
          },
        },
      );
      return review.status?.allowed === true ? [] : [`${verb} ${resource}`];
    }),
  );
  const missing = answers.flat();
  if (missing.length === 0) return { name: "rights", ok: true, detail: "all that is needed" };
  const detail = `in ${settings.namespace} you may not: ${missing.join(", ")}`;
  return { name: "rights", ok: false, detail, fix: TEMPLATE };
}
