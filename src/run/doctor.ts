import type { Session } from './session';
import { outcomeOf } from './steps';
import type { Outcome } from './types';
import { check, type CheckOptions, type DoctorCheck, type Finding } from './doctor/check';
import { lookAtCluster } from './doctor/cluster';
import { lookAtClusterDns } from './doctor/cluster-dns';
import { lookAtDns } from './doctor/dns';
import { judgeClock, lookAtEngine } from './doctor/engine';
import { Facts } from './doctor/facts';
import { judgeCgroups, lookAtKernel } from './doctor/kernel';
import { lookAtPorts } from './doctor/ports';
import { lookAtProxies } from './doctor/proxy';
import { lookAtRegistry } from './doctor/registry';
import { lookAtDisk, lookAtMemory } from './doctor/resources';
import { clusterVersion, lookAtBuildx, lookAtHelm, lookAtK3d, lookAtKubectl, lookAtNodeImage } from './doctor/tools';
import { lookAtRepository, lookAtRuntime } from './doctor/workspace';

export type { DoctorCheck } from './doctor/check';

export interface DoctorReport {
  /** Always in the same order, whatever is looked at. */
  readonly checks: readonly DoctorCheck[];
}

type Look = (facts: Facts, signal: AbortSignal) => Promise<Finding>;

/** From the ground up: who reads the first error has the cause of the others. */
const LOOKS: readonly (readonly [title: string, look: Look])[] = [
  ['docker', lookAtEngine],
  ['buildx', lookAtBuildx],
  ['k3d', lookAtK3d],
  ['helm', lookAtHelm],
  ['kubectl', lookAtKubectl],
  ['node image', (facts) => facts.withEngine((engine) => lookAtNodeImage(facts, engine))],
  ['disk', lookAtDisk],
  ['memory', (facts) => facts.withEngine((engine) => lookAtMemory(facts, engine))],
  [
    'cgroups',
    (facts, signal) => facts.withEngine(async ({ info }) => judgeCgroups(info, await clusterVersion(facts, signal))),
  ],
  ['kernel', (facts) => facts.withEngine((engine) => lookAtKernel(facts, engine))],
  ['clock', (facts) => facts.withEngine(({ skewMs }) => judgeClock(skewMs))],
  ['proxy', lookAtProxies],
  ['dns', lookAtDns],
  ['ports', (facts, signal) => facts.withEngine((engine) => lookAtPorts(facts, engine, signal))],
  ['repository', lookAtRepository],
  ['runtime', (facts) => facts.withEngine(() => lookAtRuntime(facts))],
  ['cluster', (facts, signal) => facts.withCluster((cluster) => lookAtCluster(cluster, signal))],
  ['cluster dns', (facts, signal) => facts.withCluster((cluster) => lookAtClusterDns(facts, cluster, signal))],
  [
    'registry',
    (facts, signal) => facts.withCluster((cluster, engine) => lookAtRegistry(facts, cluster, engine, signal)),
  ],
];

/**
 * Looks at everything a run needs and says what is missing and what to do, all of it at the same time; it changes
 * nothing. A check that finds an error is no failure of the job.
 */
export function doctor(session: Session, signal?: AbortSignal): Promise<Outcome<DoctorReport>> {
  return outcomeOf(async () => {
    const facts = new Facts(session, signal);
    const options: CheckOptions = { signal, redact: (text) => session.toolbox.redactor.redact(text) };
    return {
      checks: await Promise.all(LOOKS.map(([title, look]) => check(title, (limit) => look(facts, limit), options))),
    };
  }, signal);
}
