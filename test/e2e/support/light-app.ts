/**
 * A repository whose app is a shell script: it starts in no time and says what it is told to, which is all that tests
 * of the tool itself need. The sample app stands for real ones, in main-job.test.ts.
 */
export function lightApp(
  options: { name?: string; script?: string; dockerfile?: string } = {},
): Record<string, string> {
  return {
    '.velocitas.json': JSON.stringify({ packages: {}, variables: { language: 'shell' } }, undefined, 2),
    'app/AppManifest.json': JSON.stringify(
      { manifestVersion: 'v3', name: options.name ?? 'Prüf App', interfaces: [] },
      undefined,
      2,
    ),
    'app/Dockerfile': options.dockerfile ?? DOCKERFILE,
    'app/start.sh': options.script ?? saying('ready'),
    'runtime.json': '[]',
  };
}

export const DOCKERFILE = `FROM busybox
COPY app/start.sh /start.sh
CMD ["sh", "/start.sh"]
`;

/** A script that says a line and then waits for SIGTERM. */
export function saying(line: string): string {
  return `trap 'exit 0' TERM
echo "${line}"
sleep 3600 &
wait
`;
}
