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
