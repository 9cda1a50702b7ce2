import { userEnvironment } from '../context';
import type { Layout } from '../layout';
import { engineSources } from '../parts/docker';
import { likelySource } from '../parts/tool';
import { readState, type StackState } from '../state';
import type { Part, StackContext } from '../types';
import { tryExistingEngine } from './existing';
import { assertNoOtherEngine } from './neighbours';
import { assertRoot, isOwnEngineRunning, ownEngineHost, ownEngineVersion, startOwnEngine } from './own';

type Engine = StackState['engine'];

const EXISTING = 'already on this machine';

/** Our own engine when it runs; else the user's, when it will do; else our own is started. */
export function ensureEngine(context: StackContext, layout: Layout): Promise<Engine> {
  return context.progress.part('Docker Engine', async (report) => {
    const host = ownEngineHost(layout);
    if (await isOwnEngineRunning(layout)) {
      const source = await sourceOfRunning(layout);
      const version = await ownEngineVersion(layout);
      report(`${version}, ours, already running`);
      return { kind: 'own', host, source, version };
    }
    report('looking for one that works');
    const existing = await tryExistingEngine(userEnvironment(layout), context.signal);
    if (existing.usable) {
      report(`${existing.version}, yours at ${existing.host}`);
      return { kind: 'existing', host: existing.host, source: EXISTING, version: existing.version };
    }
    assertRoot();
    await assertNoOtherEngine(existing.reason);
    const source = await startOwnEngine(context, layout, report);
    const version = await ownEngineVersion(layout);
    report(`${version}, ours, from ${source}`);
    return { kind: 'own', host, source, version };
  });
}

/** The engine as a row of the check table. */
export function enginePart(layout: Layout): Part {
  return {
    name: 'Docker Engine',
    version: '26.1, or yours',
    async status(context) {
      if (await isOwnEngineRunning(layout)) {
        const source = await sourceOfRunning(layout);
        return { state: 'ready', source, detail: `ours, ${await ownEngineVersion(layout)}, ${ownEngineHost(layout)}` };
      }
      const existing = await tryExistingEngine(userEnvironment(layout), context.signal);
      if (existing.usable) {
        return { state: 'ready', source: EXISTING, detail: `${existing.version}, ${existing.host}` };
      }
      const sources = engineSources(context);
      const cached = (await Promise.all(sources.map(({ recipe }) => context.cache.find(recipe)))).find(Boolean);
      return cached
        ? { state: 'stopped', source: cached.source, detail: 'ours, in the cache, not running' }
        : { state: 'missing', source: likelySource(context, sources), detail: existing.reason };
    },
  };
}

async function sourceOfRunning(layout: Layout): Promise<string> {
  const engine = (await readState(layout))?.engine;
  return engine?.kind === 'own' ? engine.source : 'started by an earlier setup';
}
