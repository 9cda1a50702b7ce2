import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Failure, messageOf } from '../base';
import type { Service } from '../project';
import type { NodePort } from './ports';
import type { RegistryAddress, ServiceEndpoint } from './types';

/** Puts an image into the workspace's registry and says what the cluster calls it. */
export type ProvideImage = (
  image: string,
  registry: RegistryAddress,
) => Promise<{ readonly repository: string; readonly digest: string }>;

/** One service as the chart `runtime-services` takes it. */
export interface ServiceValues {
  readonly id: string;
  /** `repository@sha256:…` */
  readonly image: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly container: number; readonly node?: number }[];
  readonly files: readonly ServiceFile[];
}

/** A file that a container gets. */
export interface ServiceFile {
  /** Unique within the service, valid as a key of a ConfigMap. */
  readonly name: string;
  /** Absolute path in the container. */
  readonly mountPath: string;
  readonly content: string;
}

/** Where the services can be reached: by their first port, in the cluster and from where the developer works. */
export function serviceEndpoints(
  services: readonly Service[],
  nodePorts: readonly NodePort[],
  address: (port: NodePort) => string,
): ServiceEndpoint[] {
  return enabledServices(services).flatMap(({ id, ports }) => {
    const own = ports[0];
    if (!own) return [];
    const published = nodePorts.find(({ node }) => node === own.node);
    return [{ id, cluster: `${id}:${own.container}`, ...(published ? { local: address(published) } : {}) }];
  });
}

export function enabledServices(services: readonly Service[]): Service[] {
  return services.filter(({ enabled }) => enabled);
}

/**
 * Reads the files of a service.
 *
 * @throws Failure `service-file-unreadable`.
 */
export async function readServiceFiles(service: Service): Promise<ServiceFile[]> {
  return Promise.all(
    service.mounts.map(async ({ source, target }, index) => ({
      name: `${index}-${basename(source).replace(/[^\w.-]/g, '_')}`,
      mountPath: target,
      content: await readText(service, source),
    })),
  );
}

async function readText(service: Service, file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(file));
  } catch (error) {
    throw new Failure({
      code: 'service-file-unreadable',
      fault: 'app',
      summary: `The service ${service.id} mounts ${file}, which is not a readable text file.`,
      evidence: [messageOf(error)],
      ...(service.range ? { range: service.range } : {}),
      nextSteps: ['Correct the `mount` of the service.'],
      cause: error,
    });
  }
}

/**
 * A name for everything that decides what the services' release holds: equal inputs, equal name. Images count by what
 * the engine holds under their names.
 *
 * @param imageIds image → id in the engine.
 */
export function releaseContent(
  chart: string,
  services: readonly Service[],
  files: readonly (readonly ServiceFile[])[],
  imageIds: ReadonlyMap<string, string>,
): string {
  const inputs = services.map(({ id, image, args, env, ports }, index) => ({
    id,
    image: imageIds.get(image) ?? image,
    args,
    env,
    ports: ports.map(({ container, node }) => ({ container, node })),
    files: files[index],
  }));
  return createHash('sha256').update(JSON.stringify({ chart, inputs })).digest('hex').slice(0, 40);
}

/** A hash over names and contents of all files of a folder. */
export async function hashFolder(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const names = await readdir(folder, { recursive: true });
  for (const name of names.sort()) {
    const path = join(folder, name);
    if (!(await stat(path)).isFile()) continue;
    const content = await readFile(path);
    hash.update(`${name}\0${content.byteLength}\0`).update(content);
  }
  return hash.digest('hex');
}
