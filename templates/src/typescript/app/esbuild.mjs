// Makes one file of the app and all that it needs, and one of the integration tests: their images hold no node_modules.
import { build } from 'esbuild';

await build({
  entryPoints: { main: 'src/main.ts', 'integration-test': 'tests/integration/speed.test.ts' },
  outdir: 'dist',
  bundle: true,
  minifySyntax: true,
  minifyWhitespace: true,
  // Errors are then reported at the lines of the sources.
  sourcemap: 'linked',
  sourcesContent: false,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
});
