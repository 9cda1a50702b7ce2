import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What a command that was executed would leave behind, in whichever folder. */
export const CANARY = 'pwned-by-the-repository';
/** Part of every value that tries to become an option or a command. */
export const MARK = 'EVIL';

const COMMANDS = `$(touch ${CANARY});\`touch ${CANARY}\`&touch ${CANARY}`;
/** A name for a file: an option, commands, an escape of URLs, and letters that turn the direction of writing. */
export const HOSTILE_NAME = `--${MARK}=x, "${COMMANDS}" %00 \u202egpj`;

/** Terminal sequences: the clipboard, a link, the title, moves, private modes, 8-bit; and what hides a line. */
export const SEQUENCES = [
  '\u001b]52;c;ZXZpbA==\u0007',
  '\u001b]8;;command:evil\u001b\\link\u001b]8;;\u001b\\',
  '\u001b]0;title\u0007',
  '\u001b[2J\u001b[1A',
  '\u001b[?1049h',
  '\u009b2K',
  '\u202eabc',
  'x\ry',
].join('');

/** Says lines with {@link SEQUENCES} and one in red, tells what it sees of the machine, and waits. */
const APP = `trap 'exit 0' TERM
printf '%s\\n' '\u001b[31mred\u001b[0m and [Fix](command:evil) ${SEQUENCES}'
echo ready
sleep 3600 &
wait
`;

/** A container that may do everything in its node, and tells what of the machine it finds there. */
const peeker = (outside: string) => `        - name: peeker
          image: {{ printf "%s@%s" .Values.image.repository .Values.image.digest | quote }}
          securityContext: { privileged: true, runAsUser: 0 }
          command:
            - sh
            - -c
            - |
              trap 'exit 0' TERM
              test -e '/host${outside}' && echo "peeked: a file of the machine"
              test -S /host/var/run/docker.sock && echo "peeked: the engine"
              for folder in root/.docker home; do ls -A "/host/$folder" 2>/dev/null | sed 's/^/peeked: /'; done
              echo "peeked all"
              sleep 3600 & wait
          volumeMounts: [{ name: host, mountPath: /host }]
`;

const chart = (outside: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: hostile }
spec:
  selector: { matchLabels: { app: hostile } }
  template:
    metadata: { labels: { app: hostile } }
    spec:
      hostPID: true
      terminationGracePeriodSeconds: 1
      volumes: [{ name: host, hostPath: { path: / } }]
      containers:
        - name: app
          image: {{ printf "%s@%s" .Values.image.repository .Values.image.digest | quote }}
${peeker(outside)}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: loot }
data:
  values: {{ .Values | toYaml | quote }}
  files: {{ .Files.Get "../../../../outside/secret.txt" | quote }}
  address: {{ getHostByName "localhost" | quote }}
{{- if .Values.fails }}
  fails: {{ fail .Values.db.password }}
{{- end }}
{{- if .Values.refused }}
---
apiVersion: v1
kind: ConfigMap
metadata: { name: refused, labels: { secret: {{ .Values.db.password | quote }} } }
{{- end }}
`;

export interface HostileOptions {
  /** Absolute path of a file of the machine, which is no part of the repository. */
  readonly outside: string;
  readonly token: string;
  readonly password: string;
}

const FOLDER = `deploy/${HOSTILE_NAME}`;
const DOCKERFILE_PATH = `app/${HOSTILE_NAME}.Dockerfile`;

interface HostileSettings {
  readonly apps: readonly [Readonly<Record<string, unknown>>];
}

/** Values of `vapp.yaml` that are allowed, however they look. */
export function hostileSettings({ outside, token, password }: HostileOptions): HostileSettings {
  return {
    apps: [
      {
        name: `${HOSTILE_NAME}\n${COMMANDS}${'x'.repeat(2000)}`,
        dockerfile: DOCKERFILE_PATH,
        context: '.',
        buildArgs: { NPM_TOKEN: token, [MARK]: `--${MARK} ${COMMANDS}` },
        chart: {
          path: FOLDER,
          // To Helm, which splits at commas, this would be two files, the second of which is the machine's.
          valuesFiles: [`values,${outside}`],
          values: { [`--set ${MARK}`]: COMMANDS, db: { password } },
        },
      },
    ],
  };
}

/** A repository that tries to be more than one: as far as it is allowed to be read at all. */
export function hostileFiles(options: HostileOptions): Record<string, string> {
  const script = `#!/bin/sh\ntouch ${CANARY}\n`;
  const kubeconfig = kubeconfigThatRuns('sh', ['-c', `touch ${CANARY}`]);
  return {
    'vapp.yaml': JSON.stringify(hostileSettings(options)),
    'runtime.json': '[]',
    [DOCKERFILE_PATH]: dockerfile(),
    'app/start.sh': APP,
    [`${FOLDER}/Chart.yaml`]: 'apiVersion: v2\nname: hostile\nversion: 0.1.0\n',
    [`${FOLDER}/values.yaml`]: "image: { repository: '', digest: '' }\n",
    [`${FOLDER}/templates/all.yaml`]: chart(options.outside),
    [`values,${options.outside}`]: 'own: value\n',
    // None of these is ours to read or to run.
    ...Object.fromEntries(['docker', 'helm', 'k3d', 'kubectl', 'git', 'sh'].map((name) => [name, script])),
    'docker-credential-hostile': script,
    'node_modules/.bin/helm': script,
    '.docker/config.json': '{ "credsStore": "hostile", "currentContext": "hostile" }',
    '.kube/config': kubeconfig,
    kubeconfig,
    '.env': 'DOCKER_HOST=tcp://127.0.0.1:1\nKUBECONFIG=kubeconfig\nHELM_KUBEAPISERVER=https://127.0.0.1:1\n',
    '.npmrc': `script-shell=${CANARY}\n`,
    'k3d.yaml': 'volumes: [{ volume: "/:/host" }]\n',
    '.helmignore': '*\n',
  };
}

/** Everything that is there goes into the image, and what a link points to does not. */
function dockerfile(): string {
  return `FROM busybox
ARG NPM_TOKEN
ARG ${MARK}
COPY . /all
RUN if grep -rqs 'of-the-machin[e]' /all; then exit 9; fi
COPY app/start.sh /start.sh
CMD ["sh", "/start.sh"]
`;
}

/** A kubeconfig whose user logs in by running a program. */
export function kubeconfigThatRuns(command: string, args: readonly string[]): string {
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, args, interactiveMode: 'Never' };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'x', cluster: { server: 'https://127.0.0.1:1' } }],
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    'current-context': 'x',
    users: [{ name: 'x', user: { exec } }],
  });
}

/** Makes links in a repository, each from a path to what it points to. */
export async function link(root: string, links: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, target] of Object.entries(links)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await symlink(target, join(root, path));
  }
}

export async function executable(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  await chmod(file, 0o755);
}
