/** The entry point of the container. */
import { NAME, VERSION } from './app';
import { error, info, setLogLevel } from './log';
import { readSettings } from './settings';

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    info('stopped');
    process.exit(0);
  });
}

info(`${NAME} ${VERSION} started (Node.js ${process.versions.node})`);
run().catch((cause: unknown) => {
  error(cause instanceof Error ? cause.message : String(cause));
  process.exit(1);
});

async function run(): Promise<void> {
  const settings = readSettings(process.env);
  setLogLevel(process.env['LOG_LEVEL'] || 'INFO');
  // Loaded after the first line: gRPC and MQTT take longer than everything else together.
  const { launch } = await import('./launcher');
  await launch(settings);
}
