import { createReadStream } from 'node:fs';
import { cp, mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { dirname, join, normalize } from 'node:path';
import type { AddressInfo } from 'node:net';
import { version } from '../../../../package.json';
import { runCommand } from '../../../../src/tools';
import { cacheKey } from '../../../stack/cache';
import { sha256OfFile } from '../../../stack/checksum';
import { buildx } from '../../../stack/parts/docker';
import { k3d } from '../../../stack/parts/k3d';
import { helm3, helm4, kubectl } from '../../../stack/parts/kubernetes';
import { ensureTool, type Tool } from '../../../stack/parts/tool';
import { NEWEST, nodeOf } from '../../../stack/parts/workbench';
import { thisPlatform } from '../../../stack/platform';
import type { StackContext } from '../../../stack/types';

/** Versions under which the mirror offers the tools of the stack; they are the Feature's defaults. */
export const OFFERED = {
  k3d: '5.8.3',
  helm: '4.1.4',
  helm3: '3.16.1',
  kubectl: '1.34.3',
  buildx: '0.26.1',
  node: NEWEST.node,
} as const;

/** Repositories whose `/releases/latest` leads to a release, as GitHub's does. */
const LATEST: Readonly<Record<string, string>> = {
  'k3d-io/k3d': OFFERED.k3d,
  'docker/buildx': OFFERED.buildx,
  'vscode-velocitas/vscode-velocitas': version,
};

/**
 * A folder laid out as `wget --mirror` leaves one: HOST/PATH, with the checksums that each publisher offers. It is for
 * tests: buildx in it is the stack's own, which may be older than its file name says.
 */
export async function ensureMirrorFolder(context: StackContext): Promise<string> {
  const tools = { k3d, helm4, helm3, kubectl, buildx, node: nodeOf(NEWEST) };
  const programs = {} as Record<keyof typeof tools, string>;
  for (const [name, tool] of Object.entries(tools) as [keyof typeof tools, Tool][]) {
    programs[name] = await ensureTool(context, tool);
  }
  const made = Object.values(tools).map((tool) => tool.sources(context).map(({ recipe }) => cacheKey(recipe)));
  const entry = await context.cache.ensure(
    { name: 'feature-mirror', inputs: { layout: 1, offered: OFFERED, made, platform: thisPlatform().go } },
    async (folder) => {
      await fillMirror(folder, programs, context);
      return 'the tools of the stack, as a test mirror';
    },
  );
  return entry.folder;
}

async function fillMirror(
  folder: string,
  programs: Readonly<Record<'k3d' | 'helm4' | 'helm3' | 'kubectl' | 'buildx' | 'node', string>>,
  context: StackContext,
): Promise<void> {
  const { go } = thisPlatform();
  const place = async (path: string, program: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(program, join(folder, path), { dereference: true });
    return sha256OfFile(join(folder, path));
  };
  const write = (path: string, text: string) => writeFile(join(folder, path), text);

  const k3dRelease = `github.com/k3d-io/k3d/releases/download/v${OFFERED.k3d}`;
  const k3dDigest = await place(`${k3dRelease}/k3d-linux-${go}`, programs.k3d);
  await write(
    `${k3dRelease}/checksums.txt`,
    `${'0'.repeat(64)}  _dist/k3d-darwin-${go}\n${k3dDigest}  _dist/k3d-linux-${go}\n`,
  );

  const buildxRelease = `github.com/docker/buildx/releases/download/v${OFFERED.buildx}`;
  const buildxName = `buildx-v${OFFERED.buildx}.linux-${go}`;
  const buildxDigest = await place(`${buildxRelease}/${buildxName}`, programs.buildx);
  await write(`${buildxRelease}/checksums.txt`, `${buildxDigest} *${buildxName}\n`);

  const kubectlPath = `dl.k8s.io/release/v${OFFERED.kubectl}/bin/linux/${go}/kubectl`;
  await write(`${kubectlPath}.sha256`, await place(kubectlPath, programs.kubectl));
  await write('dl.k8s.io/release/stable.txt', `v${OFFERED.kubectl}`);

  await mkdir(join(folder, 'get.helm.sh'));
  for (const [version, program] of [
    [OFFERED.helm, programs.helm4],
    [OFFERED.helm3, programs.helm3],
  ] as const) {
    const name = `helm-v${version}-linux-${go}.tar.gz`;
    const archive = join(folder, 'get.helm.sh', name);
    await packOne(context, `linux-${go}/helm`, program, archive);
    await write(`get.helm.sh/${name}.sha256sum`, `${await sha256OfFile(archive)}  ${name}\n`);
  }
  await write('get.helm.sh/helm-latest-version', `v${OFFERED.helm}\n`);

  const nodeName = `node-v${OFFERED.node}-linux-${process.arch}`;
  const nodeFolder = `nodejs.org/dist/v${OFFERED.node}`;
  await mkdir(join(folder, nodeFolder), { recursive: true });
  const nodeArchive = join(folder, nodeFolder, `${nodeName}.tar.gz`);
  await packOne(context, `${nodeName}/bin/node`, programs.node, nodeArchive, {
    [`${nodeName}/LICENSE`]: 'The licence of Node is in its source repository.\n',
  });
  await write(`${nodeFolder}/SHASUMS256.txt`, `${await sha256OfFile(nodeArchive)}  ${nodeName}.tar.gz\n`);
}

/** An archive with one program in it, and texts beside it. */
async function packOne(
  context: StackContext,
  path: string,
  program: string,
  archive: string,
  texts: Readonly<Record<string, string>> = {},
): Promise<void> {
  await context.cache.withTemporaryFolder(async (work) => {
    await mkdir(dirname(join(work, path)), { recursive: true });
    await cp(program, join(work, path), { dereference: true });
    for (const [name, text] of Object.entries(texts)) await writeFile(join(work, name), text);
    const [top = ''] = path.split('/');
    await runCommand({
      program: 'tar',
      args: ['-C', work, '--use-compress-program=gzip -1', '-cf', archive, top],
    });
  });
}

/** Serves folders over plain HTTP, as a mirror or a reverse proxy of a company does. */
export class MirrorServer {
  /** Paths that were asked for, in order. */
  readonly requests: string[] = [];
  /** Answers that go before what the folders hold: text, or a status. */
  readonly overrides = new Map<string, string | number>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param address of this machine that the devcontainers' builds reach. */
  static async start(folders: readonly string[], address: string): Promise<MirrorServer> {
    const server = createServer().listen(0, address);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const mirror = new MirrorServer(server, `http://${address}:${port}`);
    server.on('request', (request, response) => void mirror.answer(folders, request, response));
    return mirror;
  }

  private async answer(folders: readonly string[], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', this.url).pathname)).slice(1);
    this.requests.push(path);
    const override = this.overrides.get(path);
    if (override !== undefined) {
      response
        .writeHead(typeof override === 'number' ? override : 200)
        .end(typeof override === 'number' ? '' : override);
      return;
    }
    const repository = /^github\.com\/(.*)\/releases\/latest$/.exec(path)?.[1] ?? '';
    if (LATEST[repository] !== undefined) {
      response
        .writeHead(302, { location: `https://github.com/${repository}/releases/tag/v${LATEST[repository]}` })
        .end();
      return;
    }
    for (const folder of folders) {
      const file = join(folder, path);
      const size = await stat(file).then(
        (found) => (found.isFile() ? found.size : undefined),
        () => undefined,
      );
      if (size === undefined) continue;
      response.writeHead(200, { 'content-length': size });
      if (request.method === 'HEAD') response.end();
      else createReadStream(file).pipe(response);
      return;
    }
    response.writeHead(404).end();
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}
