import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Toolbox, dockerClient } from '../../src/tools';
import { ContainerBuilder } from '../e2e/support/container-builder';
import { manifest } from '../e2e/support/images';
import { ensureTemplateImages } from '../stack/template-images';
import { createSample } from '../support/sample';
import type { TestBed } from './bed';
import { run, secondsOf } from './process';
import { lastOf, type Scenario } from './scenario';
import { rowOf } from './statistics';

const COLD_ROUNDS = 2;
const CACHED_ROUNDS = 4;

interface Template {
  readonly id: string;
  /** Where the app says that it has started. */
  readonly source: string;
  readonly base: string;
}

const TEMPLATES: readonly Template[] = [
  { id: 'python', source: 'app/src/main.py', base: 'python:3.11-slim' },
  { id: 'cpp', source: 'app/src/main.cpp', base: 'debian:bookworm-slim' },
  { id: 'typescript', source: 'app/src/main.ts', base: 'node:22-slim' },
  { id: 'go', source: 'app/src/main.go', base: 'golang:1.25-bookworm' },
];

/** Each with a row `<scenario>/size`. */
export const templateScenarios: readonly Scenario[] = TEMPLATES.map((template) => ({
  name: `template-${template.id}`,
  description:
    'the image for one platform, built and pushed to a registry on this machine after a source line changed; ' +
    'beside a builder that has nothing yet, and one for which nothing changed; and its compressed size',
  async measure(bed, _context, note) {
    await ensureTemplateImages(new AbortController().signal);
    const repository = join(bed.folder, template.id);
    await createSample(repository, template.id);
    const seconds = { changed: [] as number[], cold: [] as number[], unchanged: [] as number[] };
    let megabytes = 0;
    for (let round = 1; round <= COLD_ROUNDS; round += 1) {
      const builder = await builderFor(bed, template);
      try {
        const build = () => secondsOf(() => run(buildCommand(bed, builder, repository)));
        seconds.cold.push(await build());
        for (let again = 1; again <= CACHED_ROUNDS / COLD_ROUNDS; again += 1) {
          seconds.unchanged.push(await build());
          await changeLine(join(repository, template.source));
          seconds.changed.push(await build());
        }
        megabytes = await compressedMegabytes(builder.registry.host);
      } finally {
        await builder.dispose();
      }
      note(`round ${round} of ${COLD_ROUNDS}: ${lastOf(seconds)}, ${megabytes.toFixed(1)} MB`);
    }
    const peers = { 'a builder that has nothing yet': seconds.cold, 'nothing changed': seconds.unchanged };
    return [
      rowOf(`template-${template.id}`, 's', seconds.changed, peers),
      rowOf(`template-${template.id}/size`, 'MB', [megabytes], {}),
    ];
  },
}));

const IMAGE = 'app';

/** A new one has no layers and no package cache; what is in the engine's store it does not see. */
async function builderFor(bed: TestBed, { base }: Template): Promise<ContainerBuilder> {
  const tools = new Toolbox(bed.env);
  return ContainerBuilder.create(tools, await dockerClient(tools), [base]);
}

function buildCommand(bed: TestBed, { registry, env }: ContainerBuilder, repository: string) {
  const options = ['--push', '--provenance=false', '--tag', `${registry.host}/${IMAGE}`];
  const build = ['buildx', 'build', ...options, '--file', join(repository, 'app', 'Dockerfile'), repository];
  return { program: 'docker', args: build, env: { ...bed.env, ...env } };
}

async function changeLine(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace(' started', ' has started'));
}

/** What is transferred when a machine that has none of its layers pulls it. */
async function compressedMegabytes(registry: string): Promise<number> {
  const { layers } = (await (await manifest(registry, IMAGE, 'latest')).json()) as { layers: { size: number }[] };
  return layers.reduce((sum, { size }) => sum + size, 0) / 1e6;
}
