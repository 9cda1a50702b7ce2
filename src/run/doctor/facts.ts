import { Failure } from '../../base';
import type { Repository } from '../../project';
import { findReach, kubeAccess, objectNames, type Reach, type RuntimeStatus } from '../../runtime';
import { dockerFailure, type ClusterAccess, type Docker } from '../../tools';
import type { Session } from '../session';
import { skipped, within, type Finding } from './check';

/** What is read of the engine's `GET /info`. What an engine does not tell is absent. */
export interface EngineInfo {
  readonly ServerVersion: string;
  readonly Driver: string;
  readonly CgroupVersion?: string;
  readonly CgroupDriver?: string;
  readonly DockerRootDir?: string;
  readonly KernelVersion?: string;
  /** Host name of the machine that the engine runs on. */
  readonly Name?: string;
  readonly SystemTime?: string;
  /** Bytes. */
  readonly MemTotal?: number;
  readonly MemoryLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly CPUShares?: boolean;
  readonly CPUSet?: boolean;
  readonly PidsLimit?: boolean;
  readonly IPv4Forwarding?: boolean;
  readonly HttpProxy?: string;
  readonly HttpsProxy?: string;
  readonly NoProxy?: string;
  readonly Warnings?: readonly string[] | null;
}

/** The engine as it answered. */
export interface Engine {
  readonly docker: Docker;
  readonly info: EngineInfo;
  /** Its clock minus ours, milliseconds; undefined when it does not tell the time. */
  readonly skewMs: number | undefined;
  readonly reach: Reach;
}

/** A cluster whose server runs. */
export interface Cluster {
  readonly name: string;
  readonly access: ClusterAccess;
  /** Containers that run as its nodes, the server first. */
  readonly nodes: readonly [string, ...string[]];
  readonly status: RuntimeStatus;
}

/** How long the engine may take for what everything else depends on, milliseconds: a healthy one needs a tenth of a second. */
const ENGINE_LIMIT_MS = 10_000;

/** What several checks look at, each of it asked for once. */
export class Facts {
  readonly engine = once(() => within(this.engineLimitMs, (signal) => readEngine(this.session, signal), this.signal));
  readonly repository = once((): Promise<Repository> => this.session.read());
  readonly status = once(async (): Promise<RuntimeStatus> => {
    // One that does not answer is asked no second time.
    await this.engine();
    const runtime = await this.session.runtime(await this.repository());
    return within(this.engineLimitMs, (signal) => runtime.status(signal), this.signal);
  });

  /** Undefined when its server does not run. */
  readonly cluster = once(async (): Promise<Cluster | undefined> => {
    const status = await this.status();
    const { cluster: name, nodes } = status;
    const running = nodes.filter(({ state }) => state === 'running').map((node) => node.name);
    const { server } = objectNames(name);
    if (!running.includes(server)) return undefined;
    const access = kubeAccess(this.session.dataDirectory, name);
    return { name, access, nodes: [server, ...running.filter((node) => node !== server)], status };
  });

  constructor(
    readonly session: Session,
    private readonly signal?: AbortSignal,
    private readonly engineLimitMs = ENGINE_LIMIT_MS,
  ) {}

  /** Whether the engine takes connections and does not answer. */
  async engineIsSilent(): Promise<boolean> {
    return this.engine().then(
      () => false,
      (error: unknown) => error instanceof Failure && error.code === 'no-answer',
    );
  }

  /** Looks at what needs the engine. Why there is none, its own check says. */
  async withEngine(look: (engine: Engine) => Finding | Promise<Finding>): Promise<Finding> {
    try {
      await this.engine();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return skipped('not known: Docker cannot be asked');
    }
    return look(await this.engine());
  }

  /** Looks at what needs a cluster that runs. */
  withCluster(look: (cluster: Cluster, engine: Engine) => Promise<Finding>): Promise<Finding> {
    return this.withEngine(async (engine) => {
      const cluster = await this.cluster();
      return cluster ? look(cluster, engine) : skipped('not running');
    });
  }
}

async function readEngine(session: Session, signal: AbortSignal): Promise<Engine> {
  const docker = await session.docker();
  const asked = Date.now();
  try {
    const info = await (docker as unknown as InfoSource).info({ abortSignal: signal });
    const skewMs = info.SystemTime === undefined ? NaN : Date.parse(info.SystemTime) - (asked + Date.now()) / 2;
    const reach = await findReach(docker, signal);
    return { docker, info, skewMs: Number.isNaN(skewMs) ? undefined : skewMs, reach };
  } catch (error) {
    throw signal.aborted ? error : dockerFailure(error);
  }
}

/** The types of the client do not know that the request can be ended. */
interface InfoSource {
  info(options: { readonly abortSignal: AbortSignal }): Promise<EngineInfo>;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
