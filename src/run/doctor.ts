import { statfs } from 'node:fs/promises';
import { asFailure, formatLocation, messageOf, type Failure } from '../base';
import { buildxVersion } from '../build';
import { DEFAULT_K3S_IMAGE } from '../runtime';
import { pingDocker } from '../tools';
import { formatBytes } from './images';
import type { Session } from './session';
import { outcomeOf } from './steps';
import type { Outcome } from './types';

export interface DoctorCheck {
  readonly title: string;
  readonly state: 'ok' | 'warning' | 'error';
  readonly message: string;
  readonly nextSteps: readonly string[];
}

export interface DoctorReport {
  readonly checks: readonly DoctorCheck[];
}

/** Images of the test stack that stand in for official ones say so in this label. */
const STAND_IN_LABEL = 'io.vscode-velocitas.stand-in';
/** Below this much free space a build and a cluster are likely to fail. */
const LOW_DISK_BYTES = 5e9;

/** Looks at everything a run needs and says what is missing and what to do; a check that finds an error is no failure of the job. */
export function doctor(session: Session, signal?: AbortSignal): Promise<Outcome<DoctorReport>> {
  return outcomeOf(async () => {
    const tools = (['k3d', 'helm', 'kubectl'] as const).map((tool) =>
      check(tool, async () => ok(await session.toolbox.version(tool))),
    );
    const checks = await Promise.all([
      checkDocker(session),
      checkBuildx(session, signal),
      ...tools,
      checkNodeImage(session),
      checkDisk(session),
      checkRepository(session),
      checkRuntime(session, signal),
    ]);
    return { checks };
  }, signal);
}

interface Finding {
  readonly state: DoctorCheck['state'];
  readonly message: string;
  readonly nextSteps?: readonly string[];
}

function ok(message: string): Finding {
  return { state: 'ok', message };
}

async function check(title: string, look: () => Promise<Finding>): Promise<DoctorCheck> {
  try {
    const { state, message, nextSteps } = await look();
    return { title, state, message, nextSteps: nextSteps ?? [] };
  } catch (error) {
    const failure: Failure = asFailure(error, { code: 'internal', fault: 'environment', summary: messageOf(error) });
    return { title, state: 'error', message: failure.summary, nextSteps: failure.nextSteps };
  }
}

function checkDocker(session: Session): Promise<DoctorCheck> {
  return check('docker', async () => {
    const docker = await session.docker();
    await pingDocker(docker);
    const info = (await docker.info()) as { ServerVersion: string; Driver: string; CgroupVersion?: string };
    return ok(`engine ${info.ServerVersion}, storage ${info.Driver}, cgroup v${info.CgroupVersion ?? '1'}`);
  });
}

function checkBuildx(session: Session, signal?: AbortSignal): Promise<DoctorCheck> {
  return check('buildx', async () => {
    const version = await buildxVersion(session.toolbox, signal);
    if (version !== undefined) return ok(version);
    return {
      state: 'warning',
      message: 'not installed: images are built by the classic builder, one step after the other and for one platform.',
      nextSteps: ['Install buildx: https://github.com/docker/buildx#installing.'],
    };
  });
}

function checkNodeImage(session: Session): Promise<DoctorCheck> {
  return check('node image', async () => {
    const image = session.runtimeSettings(await session.read()).k3sImage?.value ?? DEFAULT_K3S_IMAGE;
    const docker = await session.docker();
    try {
      const labels = (await docker.getImage(image).inspect()).Config.Labels as Record<string, string> | undefined;
      const standIn = labels?.[STAND_IN_LABEL];
      return standIn === undefined ? ok(image) : { state: 'warning', message: `${image} is a stand-in: ${standIn}` };
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 404) throw error;
      return ok(`${image} is fetched at the first start`);
    }
  });
}

function checkDisk(session: Session): Promise<DoctorCheck> {
  return check('disk', async () => {
    const { bavail, bsize } = await statfs(session.root);
    const free = bavail * bsize;
    if (free > LOW_DISK_BYTES) return ok(`${formatBytes(free)} free`);
    return {
      state: 'warning',
      message: `only ${formatBytes(free)} free`,
      nextSteps: ['Free some space, for example with `docker system prune`.'],
    };
  });
}

function checkRepository(session: Session): Promise<DoctorCheck> {
  return check('repository', async () => {
    const { apps, problems } = await session.read();
    const [first] = problems.filter((problem) => problem.severity === 'error');
    if (!first) return ok(`${apps.length} app${apps.length === 1 ? '' : 's'}: ${apps.map((app) => app.id).join(', ')}`);
    return {
      state: 'error',
      message: `${formatLocation(first.range)} ${first.message}`,
      nextSteps: first.hint ? [first.hint] : [],
    };
  });
}

function checkRuntime(session: Session, signal?: AbortSignal): Promise<DoctorCheck> {
  return check('runtime', async () => {
    const { state, cluster, failure } = await (await session.runtime(await session.read())).status(signal);
    if (failure) throw failure;
    return ok(`${cluster} ${state}`);
  });
}
