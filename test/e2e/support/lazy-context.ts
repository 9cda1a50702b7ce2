import { createContext } from '../../stack/context';
import { stackEnvironment } from '../../stack/environment';
import { layoutFor } from '../../stack/layout';
import { probeOfficialHosts } from '../../stack/probe';
import type { StackContext } from '../../stack/types';

/** What the parts of the stack that only some tests need are brought with, on their first use. */
export async function lazyContext(signal = new AbortController().signal): Promise<StackContext> {
  const env = await stackEnvironment();
  return createContext({
    layout: layoutFor(),
    reachable: await probeOfficialHosts(signal),
    progress: { part: (_name, work) => work(() => undefined), note: (line) => process.stdout.write(`${line}\n`) },
    signal,
    dockerHost: env['DOCKER_HOST'] ?? '',
  });
}
