import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { appSource, freshLine } from './app';
import type { TestBed } from './bed';
import { run, secondsOf } from './process';
import { lastOf, type Scenario } from './scenario';
import { rowAcross, type Points } from './scale-table';
import { timedRun } from './timed-run';

const APPS = [1, 2, 4];
/** Megabytes that no compression makes smaller. */
const SIZES = [10, 100, 1000];
const NODES = [1, 2, 3];
const ROUNDS = 2;

const scale: Scenario = {
  name: 'scale',
  description:
    'how costs grow with the number of apps that are run at once, the size of an image in MB and the number of nodes; ours is the smallest of each, the others are named',
  async measure(bed, _context, note) {
    const folder = await repository(bed);
    await run(bed.vapp(folder, 'up'));
    const bySize = await measureSizes(bed, folder, note);
    const byApps = await measureApps(bed, folder, note);
    await run(bed.vapp(folder, 'delete'));
    return [...byApps, ...bySize, ...(await measureNodes(bed, note))];
  },
};

/** One repository for all: a small app for each that runs at once, and one for each size. */
async function repository(bed: TestBed): Promise<string> {
  const folder = bed.folderFor('scale');
  const apps = [
    ...smallApps(Math.max(...APPS)).map((name) => ({ name, size: 0 })),
    ...SIZES.map((size) => ({ name: `size-${size}`, size })),
  ];
  await write(folder, 'runtime.json', '[]');
  const settings = (name: string) => ({ name, manifest: `${name}/AppManifest.json`, dockerfile: `${name}/Dockerfile` });
  await write(folder, 'vapp.yaml', stringify({ apps: apps.map(({ name }) => settings(name)) }));
  for (const { name, size } of apps) {
    await write(folder, `${name}/AppManifest.json`, JSON.stringify({ manifestVersion: 'v3', name, interfaces: [] }));
    await write(folder, `${name}/Dockerfile`, dockerfile(name, size));
    await write(folder, `${name}/main.py`, appSource(''));
  }
  return folder;
}

function smallApps(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `app-${index + 1}`);
}

function dockerfile(name: string, size: number): string {
  const fill = `RUN head -c ${size}000000 /dev/urandom > /fill`;
  const copy = [`COPY ${name}/main.py /main.py`, 'CMD ["python", "-u", "/main.py"]'];
  return ['FROM python:3.11-slim', ...(size > 0 ? [fill] : []), ...copy, ''].join('\n');
}

async function measureSizes(bed: TestBed, folder: string, note: (line: string) => void) {
  const costs = { build: points(SIZES), push: points(SIZES), deploy: points(SIZES), disk: points(SIZES) };
  const changed = points(SIZES);
  const { cluster } = await bed.runtime(folder);
  for (const size of SIZES) {
    const before = await nodeDisk(bed, cluster);
    const first = await changeAndRun(bed, folder, [`size-${size}`]);
    costs.disk.get(size)?.push((await nodeDisk(bed, cluster)) - before);
    for (const step of ['build', 'push', 'deploy'] as const) costs[step].get(size)?.push(first.steps[step] ?? 0);
    for (let round = 0; round < ROUNDS; round += 1) {
      changed.get(size)?.push((await changeAndRun(bed, folder, [`size-${size}`])).seconds);
    }
    note(`${size} MB: first ${first.seconds.toFixed(1)} s, changed line ${changed.get(size)?.at(-1)?.toFixed(2)} s`);
  }
  return [
    rowAcross('scale/size/first-build', 's', 'MB', costs.build),
    rowAcross('scale/size/first-push', 's', 'MB', costs.push),
    rowAcross('scale/size/first-deploy', 's', 'MB', costs.deploy),
    rowAcross('scale/size/changed-line', 's', 'MB', changed),
    rowAcross('scale/size/disk-of-node', 'MB', 'MB', costs.disk),
  ];
}

async function measureApps(bed: TestBed, folder: string, note: (line: string) => void) {
  await changeAndRun(bed, folder, smallApps(Math.max(...APPS)));
  const changed = points(APPS);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const count of APPS) changed.get(count)?.push((await changeAndRun(bed, folder, smallApps(count))).seconds);
    const seconds = Object.fromEntries([...changed].map(([count, values]) => [`${count} apps`, values]));
    note(`round ${round} of ${ROUNDS}: ${lastOf(seconds)}`);
  }
  return [rowAcross('scale/apps/changed-line', 's', 'apps', changed)];
}

async function measureNodes(bed: TestBed, note: (line: string) => void) {
  const [start, memory] = [points(NODES), points(NODES)];
  for (const nodes of NODES) {
    const folder = await bed.app(`nodes-${nodes}`, '');
    await write(folder, 'vapp.yaml', stringify({ runtime: { agents: nodes - 1 } }));
    const seconds = await secondsOf(() => run(bed.vapp(folder, 'up')));
    const { cluster } = await bed.runtime(folder);
    start.get(nodes)?.push(seconds);
    memory.get(nodes)?.push(await memoryOf(bed, cluster));
    await run(bed.vapp(folder, 'delete'));
    note(`${nodes} nodes: ${seconds.toFixed(1)} s, ${memory.get(nodes)?.at(-1)?.toFixed(0)} MB`);
  }
  return [rowAcross('scale/nodes/start', 's', 'nodes', start), rowAcross('scale/nodes/memory', 'MB', 'nodes', memory)];
}

/** Changes the line of some apps and runs them, until each has shown its own. */
async function changeAndRun(bed: TestBed, folder: string, names: readonly string[]) {
  const lines = names.map(() => freshLine());
  for (const [index, name] of names.entries()) await write(folder, `${name}/main.py`, appSource(lines[index] ?? ''));
  return timedRun(bed.vapp(folder, '--output', 'json', 'run', '--no-follow', ...names), lines);
}

/** What the images of a cluster's node take on the disk, MB. */
async function nodeDisk(bed: TestBed, cluster: string): Promise<number> {
  const folder = '/var/lib/rancher/k3s/agent/containerd';
  const output = await run(bed.tool('docker', ['exec', `k3d-${cluster}-server-0`, 'du', '-sk', folder]));
  return (Number.parseInt(output, 10) * 1024) / 1e6;
}

/** What the containers of a cluster use, MB, as the engine counts it. */
async function memoryOf(bed: TestBed, cluster: string): Promise<number> {
  const format = ['--no-stream', '--format', '{{.Name}} {{.MemUsage}}'];
  const output = await run(bed.tool('docker', ['stats', ...format]));
  const own = output.split('\n').filter((line) => line.startsWith(`k3d-${cluster}-`));
  return own.reduce((sum, line) => sum + megabytes(line.split(' ')[1] ?? ''), 0);
}

/** `412.3MiB` → 432.3 */
function megabytes(text: string): number {
  const { value = '0', unit = 'B' } = /^(?<value>[\d.]+)(?<unit>[KMG]?i?B)$/.exec(text)?.groups ?? {};
  const bytes = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }[unit] ?? 0;
  return (Number(value) * bytes) / 1e6;
}

function points(places: readonly number[]): Points {
  return new Map(places.map((place) => [place, []]));
}

async function write(folder: string, file: string, content: string): Promise<void> {
  await mkdir(join(folder, file, '..'), { recursive: true });
  await writeFile(join(folder, file), content);
}

export const scaleScenarios: readonly Scenario[] = [scale];
