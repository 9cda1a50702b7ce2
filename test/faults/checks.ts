import { readdir } from 'node:fs/promises';
import type { JsonOutcome } from '../e2e/support/workspace';
import { readCount } from './counting-app';
import type { FaultMachine } from './machine';

/** What the machine holds that a run must neither lose nor add to. */
export interface Belongings {
  /** Containers with their state, networks, and volumes with a name. */
  readonly objects: readonly string[];
  readonly anonymousVolumes: number;
  readonly listeners: number;
}

const ANONYMOUS = /^[0-9a-f]{64}$/;

/** @returns what is there now, in an order of its own. */
export async function belongings(machine: FaultMachine): Promise<Belongings> {
  const containers = await names(machine, 'ps', '--all', '--format', 'container {{.Names}} {{.State}}');
  const networks = await names(machine, 'network', 'ls', '--format', 'network {{.Name}}');
  const volumes = await names(machine, 'volume', 'ls', '--format', '{{.Name}}');
  const { stdout: sockets } = await machine.run('ss', '-Hltn');
  return {
    objects: [
      ...containers,
      ...networks,
      ...volumes.filter((name) => !ANONYMOUS.test(name)).map((name) => `volume ${name}`),
    ].sort(),
    anonymousVolumes: volumes.filter((name) => ANONYMOUS.test(name)).length,
    listeners: sockets.split('\n').filter(Boolean).length,
  };
}

async function names(machine: FaultMachine, ...args: string[]): Promise<string[]> {
  return (await machine.run('docker', ...args)).stdout.split('\n').filter(Boolean);
}

/** Locks and notes of what is being done, in the data directory. */
export async function locks(machine: FaultMachine): Promise<string[]> {
  const entries = await readdir(machine.dataDirectory, { recursive: true });
  return entries.filter((name) => /\.(lock|activity)$/.test(name));
}

/** Programs of ours, and those that they start; the engine's own processes and the node's are not among them. */
const OURS = /cli\.js|docker-buildx|\/docker |\/helm |\/k3d |\/kubectl |^(docker|helm|k3d|kubectl) /;

/** @returns command lines of what runs in the machine although no `vapp` runs but the followers given. */
export async function orphans(machine: FaultMachine, followers: number): Promise<string[]> {
  const { stdout } = await machine.run('ps', '-eo', 'args', '--no-headers');
  const ours = stdout.split('\n').filter((line) => OURS.test(line) && !line.startsWith('ps '));
  return ours.length <= followers ? [] : ours;
}

interface Status {
  readonly runtime: {
    readonly cluster: string;
    readonly state: string;
    readonly access?: { readonly kubeconfig: string };
  };
  readonly apps: readonly {
    readonly release?: {
      readonly status: string;
      readonly pods: readonly { readonly name: string; readonly phase: string }[];
    };
  }[];
}

/** What `vapp status` says. */
export async function status(machine: FaultMachine): Promise<Status> {
  const { outcome, stderr } = await machine.vappEnd('status');
  if (outcome?.status !== 'done') throw new Error(`vapp status: ${JSON.stringify(outcome)} ${stderr}`);
  return (outcome as JsonOutcome & { value: Status }).value;
}

/** Whether the node's containerd says that it could not write down what a container said. */
export async function hasLostWords(machine: FaultMachine, cluster: string): Promise<boolean> {
  const look = ['grep', '-q', 'Fail to write .* log to log file', '/var/log/k3s/containerd.log'];
  return (await machine.try('docker', 'exec', `k3d-${cluster}-server-0`, ...look)).exitCode === 0;
}

/** Per run of a container: the numbers of the lines that Kubernetes has of it now, for the pods there are. */
export async function linesInCluster(machine: FaultMachine): Promise<Map<string, readonly number[]>> {
  const { runtime, apps } = await status(machine);
  const numbers = new Map<string, number[]>();
  for (const { name } of apps.flatMap(({ release }) => release?.pods ?? [])) {
    const { stdout } = await machine.try(
      ...['kubectl', '--kubeconfig', runtime.access?.kubeconfig ?? '', 'logs', '--tail=-1', name],
    );
    for (const line of stdout.split('\n')) {
      const count = readCount(line);
      if (!count) continue;
      const known = numbers.get(count.run);
      if (known) known.push(count.count);
      else numbers.set(count.run, [count.count]);
    }
  }
  return numbers;
}
