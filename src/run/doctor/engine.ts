import semver from 'semver';
import { Failure } from '../../base';
import { refuseRemoteEngine } from '../../runtime';
import { error, ok, together, warning, type Finding } from './check';
import type { Engine, EngineInfo, Facts } from './facts';

/** k3d 5 needs it: https://github.com/k3d-io/k3d/issues/807, for the runc that came with it. */
const OLDEST_ENGINE = '20.10.5';
/** The cluster's certificates are valid from the engine's now on, and `--since` counts from ours. Milliseconds. */
const LARGEST_SKEW_MS = 10_000;

/** Whether the engine answers, and is one that a runtime can be made with. */
export async function lookAtEngine(facts: Facts): Promise<Finding> {
  let engine: Engine;
  try {
    engine = await facts.engine();
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.code !== 'no-answer') throw thrown;
    return error(
      `The Docker engine takes connections, but gives ${thrown.summary}.`,
      'Restart Docker: `sudo systemctl restart docker`, or from the menu of Docker Desktop.',
      'See what it says: `journalctl -u docker`, or Troubleshoot in Docker Desktop.',
    );
  }
  await refuseRemoteEngine(engine.docker, engine.reach);
  return judgeEngine(engine.info, addressOf(engine));
}

/** @param address where the engine is asked, if not at a socket. */
export function judgeEngine(info: EngineInfo, address?: string): Finding {
  const { ServerVersion: version, Driver: driver, Warnings } = info;
  const plain = semver.coerce(version);
  const where = address === undefined ? '' : ` at ${address}`;
  const what = `engine ${version}${where}, storage ${driver}`;
  const findings = [ok(what)];
  if (plain && semver.lt(plain, OLDEST_ENGINE)) {
    findings.push(
      error(
        `older than ${OLDEST_ENGINE}, which k3d needs`,
        'Install a newer Docker: https://docs.docker.com/engine/install/.',
      ),
    );
  }
  if (driver === 'vfs') {
    findings.push(
      warning(
        'the storage driver vfs copies an image whole for every layer of it, which takes long and many times the space',
        'Let Docker keep its data on ext4 or xfs, in a container on a volume: it then uses overlay2 by itself.',
      ),
    );
  }
  for (const text of Warnings ?? [])
    if (!ABOUT_LIMITS.test(text)) findings.push(warning(text.replace(/^WARNING: /, '')));
  return together(findings);
}

/** Limits of resources are judged by what Kubernetes needs of them, in a check of their own. */
const ABOUT_LIMITS = /support$|support\b.*deprecated|cgroup|bridge-nf-call|IPv4 forwarding/i;

function addressOf({ docker }: Engine): string | undefined {
  const { host, port, socketPath } = docker.modem as { host?: string; port?: number | string; socketPath?: string };
  return socketPath === undefined && host !== undefined ? `${host}:${port ?? ''}` : undefined;
}

/** Whether the engine's clock and ours agree. Those of virtual machines stand still while a laptop sleeps. */
export function judgeClock(skewMs: number | undefined): Finding {
  if (skewMs === undefined) return ok('the engine does not tell the time');
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= LARGEST_SKEW_MS) return ok(`${seconds} s between the engine and this machine`);
  return warning(
    `the engine's clock is ${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} this machine's, so certificates may be refused and times of log lines are wrong`,
    'Set both clocks, for example by NTP; a virtual machine that has slept gets the time when it is restarted.',
  );
}
