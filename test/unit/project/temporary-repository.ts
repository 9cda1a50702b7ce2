import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach } from 'mocha';
import type { Problem } from '../../../src/base';
import { readRepository, type Repository } from '../../../src/project';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A new empty folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'vapp-project-')));
  folders.push(folder);
  return folder;
}

/** Content by path, relative to the root of the repository. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export async function writeFiles(root: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** Writes files into a new folder and reads it as a repository. */
export async function readFiles(files: Files): Promise<Repository> {
  const root = await temporaryFolder();
  await writeFiles(root, files);
  return readRepository(root);
}

/** The smallest repository of the Velocitas layout in which nothing is wrong. */
export const VALID: Files = {
  '.velocitas.json': '{ "variables": { "language": "python", "appManifestPath": "app/AppManifest.json" } }',
  'app/AppManifest.json': '{ "manifestVersion": "v3", "name": "SampleApp", "interfaces": [] }',
  'app/Dockerfile': 'FROM scratch\nCOPY app /app\nCMD ["/app"]\n',
};

export const CHART: Files = {
  'deploy/VehicleApp/helm/Chart.yaml': 'apiVersion: v2\nname: vapp\nversion: 1.0.0\n',
  'deploy/VehicleApp/helm/values.yaml': 'image:\n  repository: x\n  tag: ""\n',
};

/** `app/Dockerfile:3:1 error dockerfile-unknown-instruction`, one per problem. */
export function places(repository: Repository): string[] {
  return repository.problems.map((problem) => placeOf(repository.root, problem));
}

/** The problem with a code; fails where there is none. */
export function problemWith(repository: Repository, code: string): Problem {
  const problem = repository.problems.find((candidate) => candidate.code === code);
  if (!problem) throw new Error(`no problem ${code} among: ${places(repository).join('; ') || 'none'}`);
  return problem;
}

function placeOf(root: string, problem: Problem): string {
  const { file, start } = problem.range;
  return `${relative(root, file)}:${start.line}:${start.column} ${problem.severity} ${problem.code}`;
}
