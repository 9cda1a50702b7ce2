// Bundles the package: the core once, and its two faces, the extension and `vapp`, which load it when they need it.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));

/** Bundles that the others share: a class that existed twice would not be itself in an `instanceof`. */
const shared = new Map([
  [join(root, 'src', 'base', 'index.ts'), './base.js'],
  [join(root, 'src', 'core.ts'), './core.js'],
]);

const sharedBundles = {
  name: 'shared-bundles',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/(.*\/)?(base|core)$/ }, ({ path, resolveDir, kind }) => {
      if (kind === 'entry-point') return undefined;
      const target = resolve(resolveDir, path);
      const external = shared.get(join(target, 'index.ts')) ?? shared.get(`${target}.ts`);
      return external === undefined ? undefined : { path: external, external: true };
    });
  },
};

await build({
  absWorkingDir: root,
  entryPoints: { base: 'src/base/index.ts', core: 'src/core.ts', cli: 'src/cli.ts', extension: 'src/extension.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  // The oldest editor that we declare brings Node 20.
  target: 'node20.18',
  format: 'cjs',
  external: ['vscode'],
  // jsonc-parser's `main` is UMD, whose require() a bundler cannot follow.
  mainFields: ['module', 'main'],
  sourcemap: true,
  legalComments: 'linked',
  minify: true,
  keepNames: true,
  logLevel: 'warning',
  plugins: [sharedBundles],
  alias: {
    ssh2: './src/tools/left-out.ts',
    'whatwg-url': './src/tools/left-out.ts',
    '@grpc/grpc-js': './src/tools/left-out.ts',
    '@grpc/proto-loader': './src/tools/left-out.ts',
  },
});
