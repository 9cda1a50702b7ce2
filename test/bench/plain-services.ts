import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRepository, type Service } from '../../src/project';
import type { TestBed } from './bed';
import { helmCluster, type PlainRuntime } from './floor';
import { run } from './process';

/** The name of upstream's release. */
const RELEASE = 'vehicleappruntime';

/**
 * The services of a runtime as upstream brought them: one release, waited for, before anything is built. Its nodes
 * pulled the images from their own registries; here they lie in the registry before, at no cost of upstream's.
 */
export class PlainServices {
  private constructor(
    private readonly bed: TestBed,
    private readonly services: readonly Service[],
  ) {}

  /** @param folder of a repository whose services mount no files. */
  static async of(bed: TestBed, folder: string): Promise<PlainServices> {
    const { services } = await readRepository(folder);
    return new PlainServices(
      bed,
      services.filter(({ enabled }) => enabled),
    );
  }

  async provide({ registry }: PlainRuntime): Promise<void> {
    for (const { id, image } of this.services) {
      const pushed = `${registry.push}/${id}:${TAG}`;
      await run(this.bed.tool('docker', ['tag', image, pushed]));
      await run(this.bed.tool('docker', ['push', '-q', pushed]));
    }
  }

  async install({ access, registry }: PlainRuntime): Promise<void> {
    if (this.services.length === 0) return;
    const services = this.services.map(({ id, args, env, ports }) => ({
      id,
      image: `${registry.pull}/${id}:${TAG}`,
      args,
      env,
      ports: ports.map(({ container, node }) => ({ container, ...(node === undefined ? {} : { node }) })),
      files: [],
    }));
    const values = join(this.bed.folder, 'services.json');
    await writeFile(values, JSON.stringify({ services }));
    const install = ['install', RELEASE, this.bed.servicesChart, ...helmCluster(access), '--values', values];
    await run(this.bed.tool('helm', [...install, '--wait', '--timeout', '60s']));
  }
}

const TAG = 'upstream';
