// The rooms of src/ and who may import whom. The table in CONTRIBUTING.md says the same in words.
const mayImport = {
  base: [],
  project: ['base'],
  tools: ['base'],
  explain: ['base', 'project'],
  build: ['base', 'project', 'tools'],
  runtime: ['base', 'project', 'tools'],
  deploy: ['base', 'project', 'tools'],
  logs: ['base', 'tools'],
  bundle: ['base'],
  scaffold: ['base', 'project'],
  live: ['base', 'project', 'tools', 'deploy'],
  state: ['base', 'project', 'tools', 'runtime', 'deploy'],
  run: [
    'base',
    'project',
    'tools',
    'explain',
    'build',
    'runtime',
    'deploy',
    'logs',
    'state',
    'bundle',
    'scaffold',
    'live',
  ],
};
// The two faces stand on everything else.
for (const face of ['cli', 'editor'])
  mayImport[face] = Object.keys(mayImport).filter((room) => !['cli', 'editor'].includes(room));

/** The faces reach the core by one module, too, which each of them loads when it needs it. */
const facesOnly = (room) => (room === 'editor' || room === 'cli' ? '|^src/core\\.ts$' : '');

const rooms = Object.entries(mayImport).map(([room, allowed]) => ({
  name: `room-${room}`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: `^src/(${[room, ...allowed].join('|')})/${facesOnly(room)}` },
}));

module.exports = {
  forbidden: [
    ...rooms,
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'vscode-only-in-editor',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(editor/|extension\\.ts$)' },
      to: { path: '^vscode$' },
    },
    {
      name: 'processes-only-in-tools',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/tools/' },
      to: { path: '(^execa$|node_modules/execa|^(node:)?child_process$)' },
    },
    { name: 'src-never-imports-test', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    {
      name: 'not-to-dev-dep',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], pathNot: '@types/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
