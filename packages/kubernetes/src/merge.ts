/**
 * Kubernetes' strategic merge for the fields of a pod: maps merge, lists of things with a name
 * merge by it, other lists are replaced, `null` removes.
 *
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
 */

/** The key that tells a list's members apart, by the name of its field. */
const KEYS: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  volumes: "name",
  env: "name",
  imagePullSecrets: "name",
  ports: "containerPort",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
};

type Json = unknown;
type Fields = Readonly<Record<string, Json>>;

/** @returns a new object; neither argument is changed. */
export function strategicMerge<T extends object>(base: T, patch: Fields): T {
  return merged(base as Fields, patch) as T;
}

function merged(base: Fields, patch: Fields): Fields {
  if (patch["$patch"] === "replace") return without(patch, "$patch");
  const result: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = mergedField(key, result[key], value);
  }
  return result;
}

function mergedField(name: string, base: Json, patch: Json): Json {
  if (isFields(base) && isFields(patch)) return merged(base, patch);
  const key = KEYS[name];
  if (key === undefined || !Array.isArray(base) || !Array.isArray(patch)) return patch;
  return mergedList(base as readonly Json[], patch as readonly Json[], key);
}

function mergedList(base: readonly Json[], patch: readonly Json[], key: string): Json {
  const result = [...base];
  for (const item of patch) {
    if (!isFields(item)) return patch;
    const at = result.findIndex((other) => isFields(other) && other[key] === item[key]);
    const known = result[at];
    if (item["$patch"] === "delete") {
      if (at !== -1) result.splice(at, 1);
    } else if (isFields(known)) {
      result[at] = merged(known, item);
    } else {
      result.push(item);
    }
  }
  return result;
}

function isFields(value: Json): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function without(fields: Fields, key: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key));
}
