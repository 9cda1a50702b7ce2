import type { ClusterAccess, Command } from '../../src/tools';
import { goProgramSource } from '../stack/parts/go-program';
import { ensureTool, type Tool } from '../stack/parts/tool';
import type { StackContext } from '../stack/types';
import type { TestBed } from './bed';

const MODULE = 'github.com/stern/stern';
const VERSION = '1.32.0';

const stern: Tool = {
  name: 'stern',
  version: VERSION,
  links: [],
  sources: (context) => [
    goProgramSource(context, { name: 'stern', module: MODULE, version: VERSION, package: MODULE }),
  ],
};

/** The pods whose logs are followed. */
export interface Followed {
  /** The app's folder. */
  readonly folder: string;
  readonly access: ClusterAccess;
  readonly namespace: string;
  readonly selector: string;
}

/** What follows logs, by the names that rows use. Each shows only lines written from now on. */
export interface LogClients {
  readonly ours: Command;
  readonly peers: Readonly<Record<string, Command>>;
}

export const STERN = `stern ${VERSION}`;
export const KUBECTL = '`kubectl logs -f`';

/** More than any cluster here has pods; by default the peers refuse to follow as many. */
const MAX_PODS = '200';

/** The commands of ours and of the peers; stern is built at the first use. */
export async function logClients(
  bed: TestBed,
  context: StackContext,
  { folder, access, namespace, selector }: Followed,
): Promise<LogClients> {
  const program = await ensureTool(context, stern);
  const cluster = ['--kubeconfig', access.kubeconfig, '--context', access.context, '--namespace', namespace];
  const wanted = ['--selector', selector, '--tail', '0', '--max-log-requests', MAX_PODS];
  return {
    ours: bed.vapp(folder, 'logs', '--tail', '0'),
    peers: {
      [STERN]: bed.tool(program, [...cluster, ...wanted, '--color', 'never', '--only-log-lines']),
      [KUBECTL]: bed.tool('kubectl', ['logs', '--follow', '--prefix', ...cluster, ...wanted]),
    },
  };
}
