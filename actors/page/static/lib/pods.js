// A pod's figures in the words of an app's, so that both are counted and drawn in the same way.
export function countsOf(pod) {
  const of = (status) => pod.instances.filter((each) => each.status === status).length;
  const checked = pod.spec.containers.some((each) => each.healthCheck);
  const [stable, degraded] = [of("STABLE"), of("DEGRADED")];
  return {
    instances: pod.spec.scaling?.instances ?? 1,
    tasksRunning: stable + degraded,
    tasksHealthy: checked ? stable : 0,
    tasksUnhealthy: checked ? degraded : 0,
    tasksStaged: of("STAGING"),
    healthChecks: checked ? pod.spec.containers.filter((each) => each.healthCheck) : [],
  };
}

// The deployments that change this pod.
export const changing = (running, id) => (running ?? []).filter((each) => each.affectedPods.includes(id));

// item: what of it waits in the queue, if anything does.
export function statusOf(pod, running, item) {
  const counts = countsOf(pod);
  if (item?.count > 0) return item.delay.overdue ? "waiting" : "delayed";
  if (changing(running, pod.id).length) return "deploying";
  return counts.instances === 0 && !counts.tasksRunning ? "suspended" : "running";
}
