import * as v from "valibot";

const text = (description: string) =>
  v.optional(v.pipe(v.string(), v.nonEmpty("must not be empty"), v.description(description)));

const words = (description: string) =>
  v.optional(v.pipe(v.record(v.string(), v.string()), v.description(description)));

const seconds = (description: string) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.description(description)));

const anything = (description: string) =>
  v.optional(v.pipe(v.record(v.string(), v.unknown()), v.description(description)));

/** `backends.kubernetes`. @param network what every backend has under that key */
export const kubernetes = <N extends v.GenericSchema>(network: N) =>
  v.pipe(
    v.strictObject({
      network: v.optional(network),
      context: text("Context of the kubeconfig. Default: the current one."),
      namespace: text("Default: cco."),
      image: text("What pods run: a shell, git, tmux and the agent must be in it."),
      imagePullPolicy: v.optional(
        v.pipe(
          v.picklist(["Always", "IfNotPresent", "Never"]),
          v.description("Default: the cluster's."),
        ),
      ),
      imagePullSecrets: v.optional(
        v.pipe(v.array(v.string()), v.description("Names of Secrets for the image's registry.")),
      ),
      requests: words('What a session asks for. Default: { "cpu": "250m", "memory": "512Mi" }.'),
      limits: words('What it gets at most. Default: { "cpu": "2", "memory": "4Gi" }.'),
      workspaceSize: text(
        "Room for each folder of a session; more stops its agent. Default: 10Gi.",
      ),
      deadlineSeconds: seconds(
        "Longest life of a pod, its result pulled or not. Default: 604800, a week.",
      ),
      pendingSeconds: seconds("Longest wait for a place in the cluster. Default: 600."),
      resultVolume: text(
        "A PersistentVolumeClaim of the namespace: what sessions save there outlives their nodes.",
      ),
      salvageSeconds: seconds(
        "How often the work of a running session is saved: to resultVolume, else to whoever waits for it. Default: 300.",
      ),
      user: seconds("Number of the user in the pod. Default: 1000."),
      runtimeClassName: text("gvisor, kata, … where the cluster has one."),
      nodeSelector: words("Labels of the nodes that may run sessions."),
      tolerations: v.optional(
        v.pipe(
          v.array(v.record(v.string(), v.unknown())),
          v.description("Tolerations of every pod."),
        ),
      ),
      priorityClassName: text("Priority class of every pod."),
      queue: text("Name of a Kueue LocalQueue that pods wait in."),
      labels: words("Labels of every pod."),
      pod: anything("A strategic merge patch of every pod."),
      quota: words('The namespace\'s ResourceQuota. Default: { "pods": "100" }.'),
      subjects: v.optional(
        v.pipe(
          v.array(v.record(v.string(), v.string())),
          v.description("Who gets the rights that cco needs: subjects of the RoleBinding."),
        ),
      ),
      owner: text("Whose sessions these are. Default: made of the user, machine and data folder."),
    }),
    v.description("A namespace of a cluster; each session is a pod."),
  );
