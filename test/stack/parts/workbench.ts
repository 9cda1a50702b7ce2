import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../../../src/tools';
import { unpackWithDependencies } from '../debian';
import { unpackNpmPackage } from '../npm';
import { thisPlatform } from '../platform';
import { together } from '../together';
import type { Part, StackContext } from '../types';
import { NEWEST_VSCODE } from './desktop';
import { ensureTool, findTool, toolPart, type Tool, type ToolSource } from './tool';

/** A release of code-server, whose minor version is that of the VS Code inside, and the Node that this VS Code is made for. */
export interface Edition {
  readonly version: string;
  readonly node: string;
}

export const NEWEST: Edition = { version: NEWEST_VSCODE.replace(/^1\./, '4.'), node: '24.21.0' };
/** Of the VS Code that the extension promises to run in at least (`engines.vscode`). */
export const OLDEST: Edition = { version: '4.99.4', node: '20.18.3' };

/** VS Code's workbench and extension host, to be opened in a browser. */
function workbenchOf(edition: Edition): Tool {
  return {
    name: 'VS Code (code-server)',
    version: edition.version,
    links: [],
    sources: (context) => [fromNpm(context, edition)],
  };
}

export function nodeOf({ node }: Edition): Tool {
  return { name: 'Node for VS Code', version: node, links: [], sources: (context) => [nodeFromNpm(context, node)] };
}

export const browser: Tool = {
  name: 'Chromium',
  version: 'Debian’s',
  links: [],
  sources: (context) => [chromiumFromDebian(context)],
};

/** The browser as a row of the check table: the user's own, when it is named. */
const browserPart: Part = {
  ...toolPart(browser),
  status: async (context) => {
    const own = ownBrowser(context);
    if (own === undefined) return toolPart(browser).status(context);
    return { state: 'ready', source: 'VAPP_TEST_BROWSER', detail: own };
  },
};

/** The parts that show the editor; `vapp` and `npm run demo -- --headless` do without. */
export const workbenchParts: readonly Part[] = [
  ...[NEWEST, OLDEST].flatMap((edition) => [toolPart(nodeOf(edition)), toolPart(workbenchOf(edition))]),
  browserPart,
];

/** How to start the workbench and a browser on it. */
export interface WorkbenchPrograms {
  readonly node: string;
  /** `server-main.js`, for that Node. */
  readonly server: string;
  readonly browser: string;
  /** What the browser needs in its environment. */
  readonly browserEnv: Readonly<Record<string, string>>;
}

/**
 * Brings a workbench and a browser into the cache. `VAPP_TEST_BROWSER` names a Chromium or Chrome to use instead.
 *
 * @throws Failure `part-unavailable`; Cancelled.
 */
export async function ensureWorkbench(context: StackContext, edition = NEWEST): Promise<WorkbenchPrograms> {
  const own = ownBrowser(context);
  const ensure = (tool: Tool) => (signal: AbortSignal) => ensureTool({ ...context, signal }, tool);
  const [node, server, chromium] = await together<[string, string, string]>(context.signal, [
    ensure(nodeOf(edition)),
    ensure(workbenchOf(edition)),
    own === undefined ? ensure(browser) : () => own,
  ]);
  const browserEnv = own === undefined ? await browserEnvironment(join(dirname(chromium), '..', '..', '..')) : {};
  return { node, server, browser: chromium, browserEnv };
}

function ownBrowser({ env }: StackContext): string | undefined {
  return env['VAPP_TEST_BROWSER'] || undefined;
}

/** Libraries and fonts lie beside the browser and not where the system looks for them. */
async function browserEnvironment(root: string): Promise<Record<string, string>> {
  const libraries = join(root, 'usr', 'lib', `${thisPlatform().machine}-linux-gnu`);
  // Some packages have libraries of their own in folders below, where only they look.
  const entries = await readdir(libraries, { withFileTypes: true });
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(libraries, name));
  return { LD_LIBRARY_PATH: [libraries, ...below].join(':'), FONTCONFIG_FILE: join(root, 'fonts.conf') };
}

/**
 * Only VS Code's part of the package, with the dependencies that its own lock names. Without the compiled
 * `@vscode/spdlog` its output channels stay empty; most other native modules come ready-made.
 */
function fromNpm(context: StackContext, { version, node: nodeVersion }: Edition): ToolSource {
  const { signal } = context;
  return {
    label: 'npm package code-server',
    recipe: {
      name: 'code-server',
      inputs: {
        name: 'code-server',
        version,
        node: nodeVersion,
        platform: thisPlatform().go,
        added: ['ripgrep', 'node-pty'],
      },
    },
    program: 'vscode/out/server-main.js',
    make: (folder, report) =>
      context.cache.withTemporaryFolder(async (work) => {
        report('unpacking');
        const unpacked = await unpackNpmPackage({ name: 'code-server', version }, work, signal);
        const vscode = join(folder, 'vscode');
        await rename(join(unpacked, 'lib', 'vscode'), vscode);
        const tool = nodeOf({ version, node: nodeVersion });
        const node = (await findTool(context, tool))?.program ?? (await ensureTool(context, tool));
        const env = {
          PATH: `${dirname(node)}:${context.env['PATH'] ?? ''}`,
          npm_config_nodedir: dirname(dirname(node)),
          // node-pty's own script asks npx for node-gyp.
          npm_config_yes: 'true',
        };
        const npm = (...args: string[]) =>
          runCommand({ program: 'npm', args: [...args, '--no-audit', '--no-fund'], cwd: vscode, env }, { signal });
        report('npm ci');
        await npm('ci', '--legacy-peer-deps', '--omit=dev', '--ignore-scripts');
        report('compiling native modules');
        await npm('rebuild', ...(await modulesToCompile(vscode)));
        if (!(await readdir(join(vscode, 'node_modules', '@vscode'))).includes('ripgrep-universal'))
          await bringRipgrep(context, vscode, report);
        await removeUnused(vscode);
      }),
  };
}

/**
 * The watchdog ends an extension host without its server; its name has changed. Terminals, `node-pty`, come ready-made
 * with newer editors only.
 */
async function modulesToCompile(vscode: string): Promise<string[]> {
  const names = await readdir(join(vscode, 'node_modules'));
  const watchdog = names.includes('native-watchdog') ? 'native-watchdog' : '@vscode/native-watchdog';
  const pty = await readdir(join(vscode, 'node_modules', 'node-pty'));
  return ['@vscode/spdlog', watchdog, ...(pty.includes('prebuilds') ? [] : ['node-pty'])];
}

/** An older editor would download its search tool from GitHub, and finds no file without it. */
async function bringRipgrep(context: StackContext, vscode: string, report: (detail: string) => void): Promise<void> {
  await context.cache.withTemporaryFolder(async (work) => {
    await unpackWithDependencies(context, ['ripgrep'], work, report);
    const bin = join(vscode, 'node_modules', '@vscode', 'ripgrep', 'bin');
    await mkdir(bin, { recursive: true });
    await rename(join(work, 'usr', 'bin', 'rg'), join(bin, 'rg'));
  });
}

/** Two thirds of it are of no use here: Copilot, and search tools for other platforms. */
async function removeUnused(vscode: string): Promise<void> {
  const remove = (...path: string[]) => rm(join(vscode, ...path), { recursive: true, force: true });
  await remove('extensions', 'copilot');
  for (const name of ['@github', '@microsoft/mxc-sdk', '@devcontainers']) await remove('node_modules', name);
  const search = join('node_modules', '@vscode', 'ripgrep-universal', 'bin');
  const kept = `linux-${process.arch}`;
  for (const name of await readdir(join(vscode, search)).catch(() => [])) if (name !== kept) await remove(search, name);
}

function nodeFromNpm(context: StackContext, version: string): ToolSource {
  const name = `node-linux-${process.arch}`;
  return {
    label: `npm package ${name}`,
    recipe: { name: 'node', inputs: { name, version } },
    program: 'node/bin/node',
    make: (folder) =>
      context.cache.withTemporaryFolder(async (work) => {
        await rename(await unpackNpmPackage({ name, version }, work, context.signal), join(folder, 'node'));
      }),
  };
}

function chromiumFromDebian(context: StackContext): ToolSource {
  const packages = ['chromium', 'fonts-noto-core', 'fonts-noto-mono', 'fonts-noto-color-emoji'];
  return {
    label: 'Debian packages',
    recipe: { name: 'chromium', inputs: { packages, fonts: FONTS, platform: thisPlatform().go } },
    program: 'usr/lib/chromium/chromium',
    async make(folder, report) {
      await unpackWithDependencies(context, packages, folder, report);
      await writeFile(join(folder, 'fonts.conf'), FONTS);
    },
  };
}

/**
 * Beside the machine's own configuration, where it has one. The path is relative to the file's folder, which is renamed
 * once it is complete.
 */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">usr/share/fonts</dir>
  ${['sans-serif', 'system-ui'].map(preferNotoSans).join('\n  ')}
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
</fontconfig>
`;

function preferNotoSans(family: string): string {
  const edit = '<edit name="family" mode="prepend"><string>Noto Sans</string></edit>';
  return `<match target="pattern"><test name="family"><string>${family}</string></test>${edit}</match>`;
}
