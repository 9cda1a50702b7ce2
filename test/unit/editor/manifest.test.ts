import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { contextOf } from '../../../src/editor/window-state';
import { ROOT_MARKERS } from '../../../src/project';

interface Command {
  readonly command: string;
  readonly title: string;
  readonly category: string;
  readonly icon: string;
  readonly enablement?: string;
}

interface MenuItem {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}

interface Setting {
  readonly type: string;
  readonly default: unknown;
  readonly scope: string;
  readonly order: number;
  readonly markdownDescription: string;
}

interface Manifest {
  readonly main: string;
  readonly icon: string;
  readonly l10n: string;
  readonly license: string;
  readonly publisher: string;
  readonly name: string;
  readonly activationEvents: readonly string[];
  readonly extensionKind: readonly string[];
  readonly engines: { readonly vscode: string };
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly supported: string; readonly restrictedConfigurations: readonly string[] };
    readonly virtualWorkspaces: { readonly supported: boolean };
  };
  readonly contributes: {
    readonly commands: readonly Command[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
    readonly keybindings: readonly { readonly command: string; readonly when: string }[];
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string; readonly icon: string }[] };
    readonly views: Readonly<Record<string, readonly { readonly id: string; readonly icon: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string; readonly when: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, Setting>> };
    readonly jsonValidation: readonly { readonly url: string }[];
    readonly yamlValidation: readonly { readonly url: string }[];
    readonly walkthroughs: readonly {
      readonly id: string;
      readonly steps: readonly {
        readonly description: string;
        readonly media: { readonly svg: string; readonly altText: string };
        readonly completionEvents: readonly string[];
      }[];
    }[];
  };
}

const root = join(__dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const texts = JSON.parse(read('package.nls.json')) as Record<string, string>;
const { contributes } = manifest;

const COMMANDS = [
  'newApp',
  'adopt',
  'run',
  'startLiveUpdate',
  'stopLiveUpdate',
  'build',
  'buildForPlatforms',
  'startRuntime',
  'stopRuntime',
  'deleteRuntime',
  'deploy',
  'test',
  'uninstall',
  'rollBack',
  'cancel',
  'showLog',
  'showPreviousLog',
  'openLogTerminal',
  'openContainerTerminal',
  'forwardPort',
  'stopForwarding',
  'copyImageReference',
  'copyAddress',
  'openChart',
  'openDockerfile',
  'openManifest',
  'copyChart',
  'doctor',
  'showOutput',
  'showActions',
  'openWalkthrough',
].map((name) => `velocitas.${name}`);

const CONTEXT_KEYS = Object.keys(contextOf([])).map((name) => `velocitas.${name}`);

/** Commands of the editor itself that our texts link to. */
const EDITOR_COMMANDS = [
  'git.clone',
  'velocitas.explorer.focus',
  'vscode.openFolder',
  'workbench.action.openSettings',
  'workbench.actions.view.problems',
  'workbench.trust.manage',
];

function menuItems(menu: string): readonly MenuItem[] {
  return contributes.menus[menu] ?? [];
}

/** Every when-clause of the manifest. */
function clauses(): string[] {
  return [
    ...contributes.commands.map(({ enablement }) => enablement),
    ...Object.values(contributes.menus)
      .flat()
      .map(({ when }) => when),
    ...contributes.keybindings.map(({ when }) => when),
    ...contributes.viewsWelcome.map(({ when }) => when),
  ].filter((clause) => clause !== undefined);
}

/** What the menus of a tree node offer: `inline` or the context menu itself. The clause is judged by its `viewItem` alone. */
function offered(viewItem: string, place: 'inline' | 'menu'): string[] {
  return menuItems('view/item/context')
    .filter(({ group }) => (group?.startsWith('inline') ?? false) === (place === 'inline'))
    .filter(({ when = '' }) => matchesViewItem(when, viewItem))
    .map(({ command }) => command.replace('velocitas.', ''));
}

function matchesViewItem(when: string, viewItem: string): boolean {
  const terms = [...when.matchAll(/(!\()?viewItem =~ \/(.*?[^\\])\//g)];
  assert.ok(terms.length > 0, `${when} looks at the node`);
  return terms.every(([, not, pattern = '']) => new RegExp(pattern).test(viewItem) === (not === undefined));
}

/** Evaluates a when-clause as the editor does, as far as ours go: `||` binds weaker than `&&`. */
function holds(when: string, state: Readonly<Record<string, unknown>>): boolean {
  const group = /^(.*?)\(([^()]*)\)(.*)$/.exec(when);
  if (group) return holds(`${group[1] ?? ''}${String(holds(group[2] ?? '', state))}${group[3] ?? ''}`, state);
  return when.split(' || ').some((terms) => terms.split(' && ').every((term) => termHolds(term, state)));
}

function termHolds(term: string, state: Readonly<Record<string, unknown>>): boolean {
  if (term === 'true' || term === 'false') return term === 'true';
  if (term.startsWith('!')) return !termHolds(term.slice(1), state);
  const [key = '', operator, value = ''] = term.split(' ');
  const actual = state[key];
  if (operator === undefined) return actual === true;
  if (operator === '>') return Number(actual) > Number(value);
  assert.match(operator, /^[=!]=$/, term);
  return (String(actual) === value.replace(/^'|'$/g, '')) === (operator === '==');
}

describe('package.json as the manifest of the extension', () => {
  it('declares exactly the commands agreed upon, each with title, category and icon', () => {
    assert.deepEqual(contributes.commands.map(({ command }) => command).sort(), [...COMMANDS].sort());
    for (const { command, title, category, icon } of contributes.commands) {
      assert.equal(title, `%${command.replace('velocitas.', 'command.')}%`);
      assert.equal(category, 'Velocitas');
      assert.match(icon, /^\$\([a-z-]+\)$/);
    }
  });

  it('takes every text from package.nls.json, which has no other', () => {
    const used = [...read('package.json').matchAll(/"%([^"%]+)%"/g)].map(([, key]) => key ?? '');
    assert.deepEqual([...new Set(used)].sort(), Object.keys(texts).sort());
    for (const [key, text] of Object.entries(texts)) assert.notEqual(text.trim(), '', key);
  });

  it('marks up its texts only as far as their place knows', () => {
    for (const [key, text] of Object.entries(texts)) {
      if (key.startsWith('welcome.')) assert.doesNotMatch(text, /\*\*|`/, key);
      if (/^walkthrough\.\w+\.description$/.test(key)) assert.doesNotMatch(text, /(?<!`)`(?!`)/, key);
    }
  });

  it('refers to declared commands only', () => {
    for (const [menu, items] of Object.entries(contributes.menus)) {
      for (const { command } of items) assert.ok(COMMANDS.includes(command), `${menu}: ${command}`);
    }
    for (const { command } of contributes.keybindings) assert.ok(COMMANDS.includes(command), command);
    for (const [key, text] of Object.entries(texts)) {
      for (const [, command = ''] of text.matchAll(/\(command:([\w.]+)/g)) {
        assert.ok([...COMMANDS, ...EDITOR_COMMANDS].includes(command), `${key}: ${command}`);
      }
    }
    for (const { steps } of contributes.walkthroughs) {
      for (const event of steps.flatMap(({ completionEvents }) => completionEvents)) {
        const command = /^onCommand:(.*)/.exec(event)?.[1];
        if (command !== undefined) assert.ok([...COMMANDS, ...EDITOR_COMMANDS].includes(command), event);
      }
    }
  });

  it('uses only context keys that are set', () => {
    for (const clause of clauses()) {
      for (const [key] of clause.matchAll(/velocitas\.(?!explorer)\w+/g)) assert.ok(CONTEXT_KEYS.includes(key), clause);
    }
  });

  it('keeps from the palette what only a node of the tree can do', () => {
    const hidden = menuItems('commandPalette').filter(({ when }) => when === 'false');
    assert.deepEqual(hidden.map(({ command }) => command).sort(), [
      'velocitas.copyAddress',
      'velocitas.showPreviousLog',
      'velocitas.stopForwarding',
    ]);
  });

  it('says of every other command of the palette when it can work', () => {
    const always = contributes.commands.filter(({ enablement }) => enablement === undefined);
    const hidden = menuItems('commandPalette').map(({ command }) => command);
    assert.deepEqual(
      always.map(({ command }) => command).filter((command) => !hidden.includes(command)),
      ['velocitas.newApp', 'velocitas.showOutput', 'velocitas.openWalkthrough'],
    );
  });

  const nodes: [viewItem: string, inline: string[], menu: string[]][] = [
    ['apps', [], []],
    [
      'app.absent.builtin',
      ['run', 'startLiveUpdate'],
      ['run', 'startLiveUpdate', 'build', 'buildForPlatforms', 'deploy', 'openDockerfile', 'openManifest', 'copyChart'],
    ],
    [
      'app.absent.busy.chart',
      ['cancel'],
      [
        'run',
        'startLiveUpdate',
        'build',
        'buildForPlatforms',
        'deploy',
        'cancel',
        'openDockerfile',
        'openManifest',
        'openChart',
      ],
    ],
    [
      'app.absent.busy.live.builtin',
      ['cancel', 'stopLiveUpdate'],
      [
        'run',
        'stopLiveUpdate',
        'build',
        'buildForPlatforms',
        'deploy',
        'cancel',
        'openDockerfile',
        'openManifest',
        'copyChart',
      ],
    ],
    [
      'app.deployed.live.chart',
      ['run', 'stopLiveUpdate', 'showLog'],
      [
        'run',
        'stopLiveUpdate',
        'build',
        'buildForPlatforms',
        'deploy',
        'showLog',
        'openLogTerminal',
        'openDockerfile',
        'openManifest',
        'openChart',
        'rollBack',
        'test',
        'uninstall',
      ],
    ],
    [
      'app.deployed.chart',
      ['run', 'startLiveUpdate', 'showLog'],
      [
        'run',
        'startLiveUpdate',
        'build',
        'buildForPlatforms',
        'deploy',
        'showLog',
        'openLogTerminal',
        'openDockerfile',
        'openManifest',
        'openChart',
        'rollBack',
        'test',
        'uninstall',
      ],
    ],
    ['image', ['copyImageReference'], ['copyImageReference']],
    ['release', [], ['test', 'uninstall']],
    ['release.rollback', ['rollBack'], ['rollBack', 'test', 'uninstall']],
    ['pod', ['showLog'], ['showLog', 'openLogTerminal', 'forwardPort']],
    [
      'container.running',
      ['showLog', 'openContainerTerminal'],
      ['showLog', 'openLogTerminal', 'openContainerTerminal', 'forwardPort'],
    ],
    ['container.waiting.restarted', ['showLog'], ['showLog', 'openLogTerminal', 'showPreviousLog']],
    ['container.terminated', ['showLog'], ['showLog', 'openLogTerminal']],
    ['forward', ['stopForwarding'], ['stopForwarding']],
    ['runtime.absent', ['startRuntime'], ['startRuntime', 'doctor']],
    ['runtime.stopped', ['startRuntime'], ['startRuntime', 'deleteRuntime', 'doctor']],
    ['runtime.running', ['stopRuntime'], ['stopRuntime', 'deleteRuntime', 'doctor']],
    ['runtime.running.busy', ['cancel'], ['cancel', 'stopRuntime', 'deleteRuntime', 'doctor']],
    ['runtime.unknown', [], ['doctor']],
    ['folder', [], ['doctor']],
    ['node', [], []],
    ['registry', ['copyAddress'], ['copyAddress']],
    ['service', [], []],
    ['service.address', ['copyAddress'], ['copyAddress']],
    ['problem', [], []],
    ['problem.again', ['run'], ['run']],
    ['problem.again.ended', ['run', 'showPreviousLog'], ['run', 'showPreviousLog']],
  ];
  for (const [viewItem, inline, menu] of nodes) {
    it(`offers on a node ${viewItem}: ${menu.join(', ') || 'nothing'}`, () => {
      assert.deepEqual(offered(viewItem, 'inline').sort(), [...inline].sort());
      assert.deepEqual(offered(viewItem, 'menu').sort(), [...menu].sort());
    });
  }

  it('says something in every state in which the view is empty, and one thing only', () => {
    const engine = ['unknown', 'missing', 'down', 'up'];
    const runtime = ['unknown', 'absent', 'stopped', 'starting'];
    const states: Record<string, unknown>[] = [
      { workspaceFolderCount: 0, isWorkspaceTrusted: true, 'velocitas.folders': 0 },
      { workspaceFolderCount: 1, isWorkspaceTrusted: false, 'velocitas.folders': 0 },
      { workspaceFolderCount: 1, isWorkspaceTrusted: true, 'velocitas.folders': 0 },
      ...engine.flatMap((state) =>
        // A runtime may be starting while the engine is not up yet.
        (state === 'up' ? runtime : ['unknown', 'starting']).map((ofRuntime) => ({
          workspaceFolderCount: 1,
          isWorkspaceTrusted: true,
          'velocitas.folders': 1,
          'velocitas.engine': state,
          'velocitas.runtime': ofRuntime,
        })),
      ),
    ];
    const said = states.map((state) => contributes.viewsWelcome.filter(({ when }) => holds(when, state)));
    assert.deepEqual(
      said.map((welcomes) => welcomes.length),
      states.map(() => 1),
    );
    assert.equal(new Set(said.flat()).size, contributes.viewsWelcome.length, 'none is never shown');
  });

  it('names files that are there', () => {
    const files = [
      manifest.icon,
      manifest.l10n,
      ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
      ...Object.values(contributes.views).flatMap((views) => views.map(({ icon }) => icon)),
      ...[...contributes.jsonValidation, ...contributes.yamlValidation].map(({ url }) => url),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.svg)),
    ];
    for (const file of files) assert.ok(existsSync(join(root, file)), file);
  });

  it('has an icon of the size that the marketplace asks for', () => {
    const header = readFileSync(join(root, manifest.icon));
    assert.equal(header.toString('latin1', 1, 4), 'PNG');
    assert.deepEqual([header.readUInt32BE(16), header.readUInt32BE(20)], [256, 256]);
  });

  it('has pictures that follow the theme and need nothing that their page forbids', () => {
    for (const { media } of contributes.walkthroughs.flatMap(({ steps }) => steps)) {
      const picture = read(media.svg);
      assert.match(picture, /var\(--vscode-editor-background, #/);
      // Every colour has a theme's name, and there are no styles, which the page's policy would drop.
      assert.doesNotMatch(picture, /(fill|stroke)="#|style=|<style|<script|<image|href=/);
    }
  });

  it('describes each setting, in order, with a default of its type', () => {
    const settings = Object.entries(contributes.configuration.properties);
    assert.deepEqual(
      settings.map(([name]) => name),
      ['saveBeforeRun', 'showLogOnRun', 'logTailLines', 'startOnOpen', 'toolPath'].map((name) => `velocitas.${name}`),
    );
    const ajv = new Ajv({ strict: false });
    settings.forEach(([name, setting], index) => {
      assert.equal(setting.order, index + 1);
      assert.match(setting.scope, /^(window|resource|machine-overridable)$/);
      assert.equal(ajv.validate(setting, setting.default), true, name);
    });
  });

  it('begins to work where there is a Vehicle App, and nowhere else', () => {
    assert.deepEqual(
      [...manifest.activationEvents].sort(),
      ROOT_MARKERS.map((marker) => `workspaceContains:${marker}`).sort(),
    );
  });

  it('runs where the files are, only reads in an untrusted workspace, and lets it name no programs', () => {
    assert.deepEqual(manifest.extensionKind, ['workspace']);
    const { untrustedWorkspaces, virtualWorkspaces } = manifest.capabilities;
    assert.equal(untrustedWorkspaces.supported, 'limited');
    assert.deepEqual(untrustedWorkspaces.restrictedConfigurations, ['velocitas.toolPath']);
    assert.equal(virtualWorkspaces.supported, false);
  });

  it('asks for no newer editor than the one whose API it is compiled against', () => {
    const minor = (range = '') => /1\.(\d+)/.exec(range)?.[1];
    assert.equal(minor(manifest.engines.vscode), minor(manifest.devDependencies['@types/vscode']));
  });

  it('has one walkthrough, whose id the command opens', () => {
    assert.deepEqual(
      contributes.walkthroughs.map(({ id }) => id),
      ['start'],
    );
    assert.equal(contributes.walkthroughs[0]?.steps.length, 5);
  });
});
