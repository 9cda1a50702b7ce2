import { sleep } from '../../src/base';
import type { FaultMachine, RunningVapp } from './machine';
import type { Random } from './random';

/** What a fault is done to, and with. */
export interface Scene {
  readonly machine: FaultMachine;
  /** Of the workspace. */
  readonly cluster: string;
  /** The `vapp run` that is on its way. */
  readonly subject: RunningVapp;
  readonly random: Random;
  /** How long the machine is suspended, milliseconds. */
  readonly suspendMs: number;
}

/** Something that goes wrong. */
export interface Fault {
  readonly name: string;
  /** The containers of the app cannot go on through it, or their last lines cannot be read any more. */
  readonly takesPods?: true;
  /** Nobody keeps what a container says meanwhile, if the container ends before the fault does. */
  readonly takesLastWords?: true;
  /** What a container says meanwhile may not be written down, and is lost before anybody can read it. */
  readonly takesWords?: true;
  /** The cluster is another one afterwards: whoever follows the logs has to start anew. */
  readonly takesCluster?: true;
  /**
   * It waits for the right moment by itself, and is begun together with the run; else it comes at a random time of it.
   */
  readonly aimed?: true;
  /**
   * Lets it happen; what passes by itself has passed when this is done.
   *
   * @returns false when there was nothing to strike at.
   */
  inject(scene: Scene): Promise<unknown>;
  /** Undoes what does not pass by itself, when the run has ended. */
  mend?(scene: Scene): Promise<unknown>;
}

/** Longest wait for the process that is to be killed, milliseconds. */
const AIM_MS = 20_000;
/** So long a random moment lies behind the beginning of an aimed-at process, milliseconds. */
const INTO_PROCESS_MS = 250;
const HOUR_S = 3600;

const node = (cluster: string) => `k3d-${cluster}-server-0`;
const registry = (cluster: string) => `k3d-${cluster}-registry`;

/** Kills a program that the run has started, as soon as it is there. */
function killsProcess(name: string, commandLine: string): Fault {
  return {
    name,
    aimed: true,
    inject: ({ machine, random }) => machine.killWhenSeen(commandLine, random.below(INTO_PROCESS_MS), AIM_MS),
  };
}

/** Kills a part of Kubernetes within the node, which the node starts again. */
function killsInNode(name: string, program: string, more: Partial<Fault> = {}): Fault {
  return {
    name,
    ...more,
    // The machine sees the processes of its containers, too.
    inject: async ({ machine }) => (await machine.try('pkill', '-KILL', '-o', '-f', program)).exitCode === 0,
  };
}

/** All the kinds of faults; each is injected at a random point of a run. */
export const FAULTS: readonly Fault[] = [
  killsProcess('buildx is killed', 'docker-buildx.*build'),
  killsProcess('helm is killed', '/bin/helm '),
  {
    name: 'vapp is killed',
    inject: ({ subject }) => subject.kill('KILL'),
  },
  {
    name: 'vapp is interrupted',
    inject: ({ subject }) => subject.kill('INT'),
  },
  {
    name: 'dockerd is killed',
    takesPods: true,
    inject: ({ machine }) => machine.run('pkill', '-KILL', '-x', 'dockerd'),
    mend: ({ machine }) => machine.engineIsUp(),
  },
  {
    name: "the engine's containerd is killed",
    takesPods: true,
    inject: ({ machine }) => machine.run('pkill', '-KILL', '-f', 'containerd --config /var/run/docker'),
    mend: ({ machine }) => machine.engineIsUp(),
  },
  {
    name: 'the node is killed, and stays down',
    takesPods: true,
    inject: ({ machine, cluster }) => machine.try('docker', 'kill', node(cluster)),
  },
  {
    name: 'the node crashes, and comes back',
    takesPods: true,
    async inject({ machine, cluster }) {
      const { stdout } = await machine.try('docker', 'inspect', '--format', '{{.State.Pid}}', node(cluster));
      if (Number(stdout) > 0) await machine.try('kill', '-KILL', stdout.trim());
    },
  },
  killsInNode('the API server is killed', '^/bin/kube-apiserver'),
  // It is containerd itself that writes what containers say to their log files.
  killsInNode("the node's containerd is killed", '^/usr/bin/containerd -c', { takesLastWords: true }),
  killsInNode('the kubelet is killed', '^/bin/kubelet'),
  {
    name: 'the registry is killed, and stays down',
    inject: ({ machine, cluster }) => machine.try('docker', 'kill', registry(cluster)),
  },
  {
    name: "the registry's container is removed",
    inject: ({ machine, cluster }) => machine.try('docker', 'rm', '--force', registry(cluster)),
  },
  {
    name: 'the disk is full',
    takesPods: true,
    takesWords: true,
    inject: ({ machine }) => machine.fillDisk(),
    mend: ({ machine }) => machine.emptyDisk(),
  },
  {
    name: 'the network between host and cluster is cut',
    async inject({ machine, cluster }) {
      const { stdout } = await machine.try('docker', 'network', 'inspect', '--format', '{{.Id}}', `k3d-${cluster}`);
      const bridge = `br-${stdout.trim().slice(0, 12)}`;
      await machine.try('iptables', '-I', 'OUTPUT', '-o', bridge, '-j', 'DROP');
      await sleep(CUT_MS);
      await machine.try('iptables', '-D', 'OUTPUT', '-o', bridge, '-j', 'DROP');
    },
  },
  {
    name: 'the machine is suspended',
    inject: ({ machine, suspendMs }) => machine.suspend(suspendMs),
  },
  {
    // Not further: before the beginning of its certificates no cluster can be talked to.
    name: 'the clock is set back, or forward again',
    inject: ({ machine }) => machine.clock(machine.clockOffset < 0 ? HOUR_S : -HOUR_S),
  },
  {
    name: 'the cluster is deleted by somebody else',
    takesPods: true,
    takesCluster: true,
    inject: ({ machine, cluster }) =>
      machine.try('env', 'KUBECONFIG=/root/theirs', 'k3d', 'cluster', 'delete', cluster),
  },
  {
    name: 'another window runs, and a third asks and reads',
    inject: ({ machine }) =>
      Promise.all([
        machine.vappEnd('run', '--no-follow'),
        machine.vappEnd('status'),
        machine.vappEnd('logs', '--no-follow'),
      ]),
  },
];

/** So long the network is cut, milliseconds. */
const CUT_MS = 8000;
