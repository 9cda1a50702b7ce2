import { parseAllDocuments } from 'yaml';
import type { Failure } from '../base';
import type { ValueRanges } from '../project';
import type { KubeApi } from '../tools';
import { placeOfObject } from './chart-places';
import type { KubeObject, PodObject } from './objects';
import type { ServiceJudge } from './types';
import { flattenList, type WorkloadReference } from './workloads';

/** A release whose Services are looked at. */
export interface ServedRelease {
  /** What its chart rendered to, as Helm keeps it. */
  readonly manifest: string;
  readonly namespace: string;
  readonly workloads: readonly WorkloadReference[];
  /** Absolute folder of its chart. */
  readonly chartPath: string;
  readonly valueRanges?: ValueRanges | undefined;
}

/**
 * What is wrong with a release's Services although its workloads run: they lead nowhere. Each failure is placed at the
 * line of the template, with the value that it takes.
 *
 * @throws Cancelled; Failure `cluster-unreachable`.
 */
export async function troublesOfServices(
  api: KubeApi,
  release: ServedRelease,
  judge: ServiceJudge,
  signal?: AbortSignal,
): Promise<Failure[]> {
  const services = servicesOf(release.manifest, release.namespace);
  const namespaces = [...new Set(services.map(({ metadata }) => metadata.namespace))];
  const pods = new Map(
    await Promise.all(
      namespaces.map(async (namespace) => {
        const { items } = await api.list<PodObject>(`/api/v1/namespaces/${namespace}/pods`, {}, signal);
        const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
        return [namespace, [...staying, ...podsOfNone(release.workloads, namespace)]] as const;
      }),
    ),
  );
  const troubles = services.map(async (service): Promise<Failure[]> => {
    const trouble = judge(service, pods.get(service.metadata.namespace) ?? []);
    if (!trouble) return [];
    const refused = { kind: 'Service', name: service.metadata.name, field: trouble.field };
    const place = await placeOfObject(release.manifest, release.chartPath, refused, release.valueRanges);
    return [trouble.failure.with(place)];
  });
  return (await Promise.all(troubles)).flat();
}

type NamespacedObject = KubeObject & { readonly metadata: { readonly namespace: string } };

function servicesOf(manifest: string, releaseNamespace: string): NamespacedObject[] {
  return parseAllDocuments(manifest)
    .flatMap((document) => flattenList(document.toJS() as unknown))
    .flatMap((object) => {
      const { kind, metadata } = object;
      if (kind !== 'Service' || metadata === undefined) return [];
      return [{ ...object, metadata: { ...metadata, namespace: metadata.namespace ?? releaseNamespace } }];
    });
}

/** What a workload would run that is to run none at present: a Service may well wait for it. */
function podsOfNone(workloads: readonly WorkloadReference[], namespace: string): object[] {
  return workloads
    .filter((workload) => workload.namespace === namespace && workload.rendered.spec?.replicas === 0)
    .map(({ rendered }) => ({
      ...rendered.spec?.template,
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    }));
}
