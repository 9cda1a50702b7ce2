// Bundles the package: `vapp` now, the extension with its issue.
import { build } from 'esbuild';

await build({
  entryPoints: { cli: 'src/cli.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  // jsonc-parser's `main` is UMD, whose require() a bundler cannot follow.
  mainFields: ['module', 'main'],
  sourcemap: true,
  legalComments: 'linked',
  minify: true,
  keepNames: true,
  logLevel: 'warning',
  alias: {
    ssh2: './src/tools/left-out.ts',
    '@grpc/grpc-js': './src/tools/left-out.ts',
    '@grpc/proto-loader': './src/tools/left-out.ts',
  },
});
