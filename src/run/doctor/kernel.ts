import { readFile, readdir, readlink, stat } from 'node:fs/promises';
import semver from 'semver';
import { error, ok, skipped, together, warning, type Finding } from './check';
import type { Engine, EngineInfo, Facts } from './facts';
import { sharesKernel } from './resources';

/** From this Kubernetes on the kubelet does not start on cgroup v1 (KEP-5573). */
const WITHOUT_CGROUP_V1 = '1.35.0';

/**
 * Whether the engine can limit what the nodes take, as k3s demands: it does not start without the controllers `cpu`,
 * `cpuset` and `memory` (`cgroups.Validate`); on v1 it lives without `cpuset`.
 *
 * @param kubernetes version of the cluster, where its image names one.
 */
export function judgeCgroups(info: EngineInfo, kubernetes: string | undefined): Finding {
  const { CgroupVersion: version = '1', CgroupDriver: driver = 'unknown', MemoryLimit, CPUShares, CPUSet } = info;
  const findings = [ok(`v${version}, driver ${driver}`)];
  if (driver === 'none') {
    findings.push(
      error(
        'an engine without root sets no limits here, and k3s does not start without them',
        'Let systemd delegate the controllers: https://rootlesscontaine.rs/getting-started/common/cgroup2/.',
      ),
    );
    return together(findings);
  }
  if (MemoryLimit === false) findings.push(missing('memory', 'cgroup_enable=memory cgroup_memory=1'));
  if (CPUShares === false) findings.push(missing('cpu', 'cgroup_enable=cpu'));
  if (CPUSet === false && version !== '1') findings.push(missing('cpuset', 'cgroup_enable=cpuset'));
  const coming = kubernetes === undefined ? null : semver.coerce(kubernetes);
  if (version === '1' && coming && semver.gte(coming, WITHOUT_CGROUP_V1)) {
    findings.push(
      error(
        `Kubernetes ${kubernetes} does not start on cgroup v1`,
        'Switch the machine to cgroup v2: `systemd.unified_cgroup_hierarchy=1` on its kernel command line, in WSL `kernelCommandLine = cgroup_no_v1=all` in .wslconfig.',
        'Or name an older node image by `runtime.k3sImage` in vapp.yaml: up to 1.34.',
      ),
    );
  }
  return together(findings);
}

function missing(controller: string, parameters: string): Finding {
  return error(
    `the kernel sets no limits of ${controller}, and k3s does not start without`,
    `Add \`${parameters}\` to the kernel command line (on a Raspberry Pi /boot/cmdline.txt) and restart the machine.`,
  );
}

/** Limits of the kernel that clusters in containers run into. Undefined: cannot be read. */
export interface KernelLimits {
  readonly inotifyInstances: number | undefined;
  /** By root, as which the nodes run. */
  readonly inotifyInstancesInUse: number | undefined;
  readonly inotifyWatches: number | undefined;
  readonly connections: number | undefined;
  readonly connectionsInUse: number | undefined;
  /** Whether packets between containers of one bridge pass the rules by which services are found: `1` or `0`. */
  readonly bridgeRules: number | undefined;
}

/** Measured: kubelet 6, API server 6, controller manager 5, kube-proxy and containerd 1 each. */
const INSTANCES_PER_NODE = 20;
/** Measured: 101 in a server. Less than this was the default of kernels before 5.11, which editors alone use up. */
const WATCHES_WANTED = 8192;

export async function lookAtKernel(facts: Facts, engine: Engine): Promise<Finding> {
  if (!sharesKernel(engine.info)) return skipped('not known: the engine is on another machine, or in a virtual one');
  const { runtime } = await facts.repository();
  const { state } = await facts.status();
  const nodes = state === 'running' ? 0 : 1 + runtime.agents;
  return judgeKernel(await readLimits(), nodes, engine.info.IPv4Forwarding);
}

/** @param nodes that are still to be started. */
export function judgeKernel(limits: KernelLimits, nodes: number, forwarding: boolean | undefined): Finding {
  const { inotifyInstances: instances, inotifyInstancesInUse: used = 0, inotifyWatches, bridgeRules } = limits;
  const { connections, connectionsInUse = 0 } = limits;
  const findings: Finding[] = [];
  if (instances !== undefined && instances - used < nodes * INSTANCES_PER_NODE) {
    findings.push(
      warning(
        `${used} of ${instances} inotify instances are in use, and a node takes ${INSTANCES_PER_NODE}: Kubernetes fails with "too many open files"`,
        `Raise the limit: \`sudo sysctl fs.inotify.max_user_instances=${Math.max(512, instances * 2)}\`; a file in /etc/sysctl.d keeps it.`,
      ),
    );
  }
  if (inotifyWatches !== undefined && inotifyWatches < WATCHES_WANTED) {
    findings.push(
      warning(
        `only ${inotifyWatches} inotify watches`,
        'Raise the limit: `sudo sysctl fs.inotify.max_user_watches=524288`; a file in /etc/sysctl.d keeps it.',
      ),
    );
  }
  if (connections !== undefined && connectionsInUse > connections * 0.9) {
    findings.push(
      warning(
        `${connectionsInUse} of ${connections} connections are tracked: new ones will be dropped`,
        `Raise the limit: \`sudo sysctl net.netfilter.nf_conntrack_max=${connections * 2}\`.`,
      ),
    );
  }
  if (bridgeRules === 0) {
    findings.push(
      warning(
        'pods of one node do not reach each other by the names of services',
        'Let bridges pass their packets to iptables: `sudo sysctl net.bridge.bridge-nf-call-iptables=1`.',
      ),
    );
  }
  if (forwarding === false) {
    findings.push(
      error(
        'IP forwarding is off: containers reach nothing',
        'Turn it on: `sudo sysctl net.ipv4.ip_forward=1`, and restart Docker.',
      ),
    );
  }
  if (findings.length > 0) return together(findings);
  const figures = [
    ...(instances === undefined ? [] : [`${limits.inotifyInstancesInUse ?? '?'} of ${instances} inotify instances`]),
    ...(inotifyWatches === undefined ? [] : [`${inotifyWatches} inotify watches`]),
    ...(connections === undefined ? [] : [`${connectionsInUse} of ${connections} tracked connections`]),
  ];
  return figures.length === 0 ? skipped('not known: /proc/sys cannot be read') : ok(figures.join(', '));
}

async function readLimits(): Promise<KernelLimits> {
  const [inotifyInstances, inotifyWatches, connections, connectionsInUse, bridgeRules] = await Promise.all(
    [
      'fs/inotify/max_user_instances',
      'fs/inotify/max_user_watches',
      'net/netfilter/nf_conntrack_max',
      'net/netfilter/nf_conntrack_count',
      'net/bridge/bridge-nf-call-iptables',
    ].map(readNumber),
  );
  // Only root sees what other processes of root have open.
  const inotifyInstancesInUse = process.getuid?.() === 0 ? await countInstances() : undefined;
  return { inotifyInstances, inotifyInstancesInUse, inotifyWatches, connections, connectionsInUse, bridgeRules };
}

async function readNumber(name: string): Promise<number | undefined> {
  try {
    return Number(await readFile(`/proc/sys/${name}`, 'utf8'));
  } catch {
    // Not every kernel has each of them, and a container may not show them.
    return undefined;
  }
}

async function countInstances(): Promise<number> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const counts = await Promise.all(processes.map((pid) => instancesOf(`/proc/${pid}`)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function instancesOf(folder: string): Promise<number> {
  try {
    // Each user has a limit of its own.
    if ((await stat(folder)).uid !== 0) return 0;
    const files = await readdir(`${folder}/fd`);
    const targets = await Promise.all(files.map((file) => readlink(`${folder}/fd/${file}`).catch(() => '')));
    return targets.filter((target) => target === 'anon_inode:inotify').length;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}
