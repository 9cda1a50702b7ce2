import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ClusterAccess, Command } from '../../src/tools';
import { lightApp } from '../e2e/support/light-app';
import type { TestBed } from './bed';
import type { Followed } from './log-clients';
import { run } from './process';
import { secondsUntilLine } from './until-line';

/** What all pods are told to write, beside the line that each writes once a second while it has nothing to do. */
export interface WritingOrder {
  /** A positive number of its own. */
  readonly id: number;
  /** By all pods together. */
  readonly lines: number;
  /** Lines a second, of all pods together; without it as fast as they can. */
  readonly rate?: number;
}

const NAME = 'writers';
const NAMESPACE = 'default';

/** An app whose pods write numbered lines to order, all beginning at the same moment. */
export class LogWriters {
  private replicas = 1;

  private constructor(
    private readonly bed: TestBed,
    private readonly node: string,
    readonly followed: Followed,
  ) {}

  /** Runs the app, with one pod. */
  static async deploy(bed: TestBed): Promise<LogWriters> {
    const folder = bed.folderFor(NAME);
    for (const [file, content] of Object.entries(lightApp({ name: NAME, script: SCRIPT }))) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), content);
    }
    await secondsUntilLine(bed.vapp(folder, 'run'), 'beat 0');
    const { access, cluster } = await bed.runtime(folder);
    if (!access) throw new Error('the runtime does not run');
    const selector = `app.kubernetes.io/instance=${NAME}`;
    return new LogWriters(bed, `k3d-${cluster}-server-0`, { folder, access, namespace: NAMESPACE, selector });
  }

  get pods(): number {
    return this.replicas;
  }

  /** Runs so many pods, and waits until all are ready. */
  async scale(pods: number): Promise<void> {
    await this.kubectl('scale', `deployment/${NAME}`, `--replicas=${pods}`);
    await this.kubectl('rollout', 'status', `deployment/${NAME}`, '--timeout=280s');
    this.replicas = pods;
  }

  /**
   * Lets as many logs be followed as there may be pods, for as long as some work takes: the kubelet needs an inotify
   * instance for each, and by default one user of a machine gets 128 for everything.
   */
  async withRoomToFollow<T>(work: () => Promise<T>): Promise<T> {
    const before = Number(await this.onNode(`cat ${INOTIFY_INSTANCES}`));
    if (before >= ENOUGH_INSTANCES) return work();
    await this.onNode(`echo ${ENOUGH_INSTANCES} > ${INOTIFY_INSTANCES}`);
    try {
      return await work();
    } finally {
      await this.onNode(`echo ${before} > ${INOTIFY_INSTANCES}`);
    }
  }

  private onNode(script: string): Promise<string> {
    return run(this.bed.tool('docker', ['exec', this.node, 'sh', '-c', script]));
  }

  /** How many lines each pod writes by an order. */
  linesPerPod({ lines }: WritingOrder): number {
    return Math.floor(lines / this.replicas);
  }

  /** The command that gives an order to all pods. */
  command(order: WritingOrder): Command {
    const { bed, node, replicas } = this;
    const lines = this.linesPerPod(order);
    const rate = (order.rate ?? 0) / replicas;
    // A pod that writes seldom need not look at the clock more often than it writes, and a hundred that do are all that
    // the processor is busy with.
    const pause = rate > 0 ? Math.max(SHORTEST_PAUSE_SECONDS, replicas / WAKES_PER_SECOND, 1 / rate) : 0;
    const words =
      order.rate === undefined ? `flood ${order.id} ${lines}` : `pace ${order.id} ${lines} ${rate} ${pause}`;
    return bed.tool('docker', ['exec', node, 'sh', '-c', TELL_ALL, words]);
  }

  private kubectl(...args: string[]): Promise<string> {
    const { kubeconfig, context }: ClusterAccess = this.followed.access;
    const cluster = ['--kubeconfig', kubeconfig, '--context', context, '--namespace', NAMESPACE];
    return run(this.bed.tool('kubectl', [...cluster, ...args]));
  }
}

const SHORTEST_PAUSE_SECONDS = 0.01;
/** Of all pods together. */
const WAKES_PER_SECOND = 500;

/** A setting of the whole machine, which a privileged node reaches. */
const INOTIFY_INSTANCES = '/proc/sys/fs/inotify/max_user_instances';
const ENOUGH_INSTANCES = 1024;

/**
 * Where a pod finds its newest order, and the pipe by which it is woken for it; the node's root reaches both through any
 * process of the container. What stands in the pipe may get lost: `read` drops what it has of a line when its time is up,
 * which happens where a hundred pods want the processor.
 */
const ORDER = '/tmp/order';
const WAKE = '/tmp/wake';
const TELL_ALL = `for wake in /proc/[0-9]*/root${WAKE}; do [ -p "$wake" ] && echo "$0" > "\${wake%${WAKE}}${ORDER}" && echo > "$wake"; done; true`;

/**
 * Lines are `KIND ORDER POD NUMBER TIME`, numbered through from the pod's start whatever their kind; see `readWritten`.
 * While an order is carried out at a rate, lines have the time of their write, which is one for all that are due: one for
 * each would take the writer as much of the processor as all who read. A flood has none, since it would only slow it down.
 * It waits with `read`, which takes no process: of a hundred pods those would be what is measured.
 */
const SCRIPT = `trap 'exit 0' TERM
: > ${ORDER}
mkfifo ${WAKE}
exec 3<>${WAKE}
pad=0123456789012345678901234567890123456789
n=0

say() { n=$((n+1)); echo "$1 $2 $HOSTNAME $n $EPOCHREALTIME $pad"; }

micros() { now=$EPOCHREALTIME; now=\${now%.*}\${now#*.}; }

flood() {
  awk -v id="$1" -v pod="$HOSTNAME" -v from="$n" -v lines="$2" -v pad="$pad" \\
    'BEGIN { for (i = 1; i < lines; i++) print "line " id " " pod " " from + i " 0 " pad }'
  n=$((n+$2-1))
  say last "$1"
}

batches() {
  written=1
  micros
  begun=$now
  while [ $written -lt "$1" ]; do
    micros
    due=$(((now - begun) * $2 / 1000000))
    [ $due -gt "$1" ] && due=$1
    [ $due -gt $written ] && echo "$((n+1)) $((n+due-written)) $EPOCHREALTIME" && n=$((n+due-written)) && written=$due
    read -r -t "$3" _ <&3
  done
}

pace() {
  batches "$2" "$3" "$4" | awk -v id="$1" -v pod="$HOSTNAME" -v pad="$pad" \\
    '{ for (i = $1; i <= $2; i++) print "line " id " " pod " " i " " $3 " " pad; fflush() }'
  n=$((n+$2-1))
  say last "$1"
}

done=0
while :; do
  read -r -t 1 _ <&3 || say beat 0
  read -r what id how < ${ORDER}
  [ "\${id:-0}" -gt $done ] || continue
  done=$id
  $what $id $how
done
`;
