// The form's fields: where each stands in the definition, what it is called, what it means, and what it is unless said.
//
// kind   text, number, check, choice (of), script, pairs (an object of strings), words (a list of strings),
//        list (of objects with fields of their own)

export const SECTIONS = [
  {
    title: "App",
    open: true,
    fields: [
      {
        at: "id",
        title: "ID",
        kind: "text",
        needed: true,
        help: "Its place in the tree of groups: lower case, digits, dots and dashes, such as /shop/cart.",
        lockedWhenEditing: true,
      },
      {
        at: "cmd",
        title: "Command",
        kind: "script",
        help: "Run by a shell in the sandbox. $PORT0, $PORT1, … are the ports that it was given. Leave it empty if an image says what to run.",
      },
      { at: "instances", title: "Instances", kind: "number", unless: 1, step: 1, help: "How many of it shall run." },
      {
        at: "cpus",
        title: "CPUs",
        kind: "number",
        unless: 1,
        step: 0.1,
        help: "Share of CPUs of each instance; 0.5 is half a core.",
      },
      {
        at: "mem",
        title: "Memory",
        kind: "number",
        unless: 128,
        step: 32,
        unit: "MiB",
        help: "Of each instance. More than this and it may be killed.",
      },
      { at: "disk", title: "Disk", kind: "number", unless: 0, step: 64, unit: "MiB", help: "For its sandbox." },
      { at: "gpus", title: "GPUs", kind: "number", unless: 0, step: 1, help: "Whole GPUs of each instance." },
    ],
  },
  {
    title: "Image",
    holds: ["container"],
    fields: [
      {
        at: "container.type",
        title: "Containerizer",
        kind: "choice",
        of: ["", "MESOS", "DOCKER"],
        help: "Who runs the container. Without one the command runs as a process in a sandbox.",
      },
      { at: "container.docker.image", title: "Image", kind: "text", help: "Such as nginx:1.27." },
      {
        at: "container.docker.forcePullImage",
        title: "Always pull",
        kind: "check",
        help: "Ask the registry each time, also when the agent has the image.",
      },
    ],
  },
  {
    title: "Ports",
    holds: ["portDefinitions", "networks", "requirePorts"],
    fields: [
      {
        at: "portDefinitions",
        title: "Ports",
        kind: "list",
        what: "port",
        help: "One per port that each instance gets; its number there is $PORT0, $PORT1, ….",
        fresh: { port: 0, protocol: "tcp" },
        fields: [
          { at: "name", title: "Name", kind: "text", help: "How discovery calls it." },
          {
            at: "port",
            title: "Service port",
            kind: "number",
            unless: 0,
            step: 1,
            help: "For load balancers; 0: any.",
          },
          { at: "protocol", title: "Protocol", kind: "choice", of: ["tcp", "udp", "tcp,udp"], help: "" },
        ],
      },
      {
        at: "requirePorts",
        title: "These very numbers",
        kind: "check",
        help: "Start only where the agent has exactly these ports free.",
      },
    ],
  },
  {
    title: "Health",
    holds: ["healthChecks"],
    fields: [
      {
        at: "healthChecks",
        title: "Checks",
        kind: "list",
        what: "check",
        help: "An instance is healthy while all succeed. Others that wait for this app wait for its health.",
        fresh: {
          protocol: "HTTP",
          path: "/",
          portIndex: 0,
          gracePeriodSeconds: 300,
          intervalSeconds: 60,
          timeoutSeconds: 20,
          maxConsecutiveFailures: 3,
        },
        fields: [
          {
            at: "protocol",
            title: "Protocol",
            kind: "choice",
            of: ["HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP"],
            help: "MESOS_… and COMMAND are done on the agent.",
          },
          {
            at: "path",
            title: "Path",
            kind: "text",
            help: "For HTTP: answers of 200 to 399 are healthy.",
            when: (check) => /HTTP/.test(check.protocol ?? "HTTP"),
          },
          {
            at: "command.value",
            title: "Command",
            kind: "text",
            help: "Healthy when it exits with 0.",
            when: (check) => check.protocol === "COMMAND",
          },
          {
            at: "portIndex",
            title: "Port",
            kind: "number",
            step: 1,
            help: "Which of the app's ports, from 0.",
            when: (check) => check.protocol !== "COMMAND",
          },
          {
            at: "gracePeriodSeconds",
            title: "Grace",
            kind: "number",
            unless: 300,
            step: 1,
            unit: "s",
            help: "Failures so soon after the start do not count.",
          },
          { at: "intervalSeconds", title: "Every", kind: "number", unless: 60, step: 1, unit: "s", help: "" },
          {
            at: "timeoutSeconds",
            title: "Within",
            kind: "number",
            unless: 20,
            step: 1,
            unit: "s",
            help: "A check that takes longer has failed.",
          },
          {
            at: "maxConsecutiveFailures",
            title: "Kill after",
            kind: "number",
            unless: 3,
            step: 1,
            unit: "failures",
            help: "In a row.",
          },
        ],
      },
    ],
  },
  {
    title: "Environment",
    holds: ["env"],
    fields: [{ at: "env", title: "Variables", kind: "pairs", help: "Of the instances' environment." }],
  },
  {
    title: "Labels",
    holds: ["labels"],
    fields: [{ at: "labels", title: "Labels", kind: "pairs", help: "To find apps by, here and in label selectors." }],
  },
  {
    title: "Dependencies and upgrades",
    holds: ["dependencies", "upgradeStrategy"],
    fields: [
      {
        at: "dependencies",
        title: "Waits for",
        kind: "words",
        help: "Apps or groups that must be ready before this one starts; one a line.",
      },
      {
        at: "upgradeStrategy.minimumHealthCapacity",
        title: "Keep healthy",
        kind: "number",
        unless: 1,
        step: 0.1,
        help: "Share of the instances that stay healthy while they are replaced; 0 lets all go at once.",
      },
      {
        at: "upgradeStrategy.maximumOverCapacity",
        title: "Go beyond by",
        kind: "number",
        unless: 1,
        step: 0.1,
        help: "Share of instances that may run in excess meanwhile.",
      },
    ],
  },
  {
    title: "Placement",
    holds: ["constraints", "acceptedResourceRoles"],
    fields: [
      {
        at: "constraints",
        title: "Constraints",
        kind: "triples",
        help: "A field or attribute, an operator (UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE, MAX_PER, IS) and its value; one a line, such as: hostname UNIQUE.",
      },
      {
        at: "acceptedResourceRoles",
        title: "From roles",
        kind: "words",
        help: "Whose resources it may take; * are unreserved ones.",
      },
    ],
  },
  {
    title: "More",
    holds: ["user", "args", "fetch", "backoffSeconds", "killSelection", "taskKillGracePeriodSeconds"],
    fields: [
      { at: "user", title: "User", kind: "text", help: "Runs the command as this user of the agent." },
      {
        at: "backoffSeconds",
        title: "First pause",
        kind: "number",
        unless: 1,
        step: 1,
        unit: "s",
        help: "Before it is started again after a failure.",
      },
      {
        at: "backoffFactor",
        title: "Then times",
        kind: "number",
        unless: 1.15,
        step: 0.05,
        help: "Each further pause is so many times the one before.",
      },
      {
        at: "maxLaunchDelaySeconds",
        title: "Longest pause",
        kind: "number",
        unless: 300,
        step: 1,
        unit: "s",
        help: "",
      },
      {
        at: "killSelection",
        title: "Kill first",
        kind: "choice",
        of: ["YOUNGEST_FIRST", "OLDEST_FIRST"],
        help: "Which instances go when it is scaled down.",
      },
      {
        at: "taskKillGracePeriodSeconds",
        title: "Time to end",
        kind: "number",
        step: 1,
        unit: "s",
        help: "Between SIGTERM and SIGKILL.",
      },
    ],
  },
];

// Marathon's notation of a place, as its errors name it: "healthChecks.0.path" → "/healthChecks(0)/path"
export const wirePath = (at) =>
  at.split(".").reduce((path, part) => (/^\d+$/.test(part) ? `${path}(${part})` : `${path}/${part}`), "");

export const read = (value, at) => at.split(".").reduce((inner, part) => inner?.[part], value);

// A copy in which `at` is `value`; undefined takes it away, and objects that are empty then.
export function write(whole, at, value) {
  const [part, ...rest] = at.split(".");
  const copy = Array.isArray(whole) ? [...whole] : { ...whole };
  const inner = rest.length ? write(copy[part] ?? (/^\d+$/.test(rest[0]) ? [] : {}), rest.join("."), value) : value;
  const empty =
    inner === undefined ||
    (rest.length && typeof inner === "object" && !Array.isArray(inner) && Object.keys(inner).length === 0);
  if (!empty) copy[part] = inner;
  else if (Array.isArray(copy)) copy.splice(Number(part), 1);
  else delete copy[part];
  return copy;
}
