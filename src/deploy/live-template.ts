import type { PodTemplate } from './objects';

/** How the pods of a live update differ from those that the chart renders. */
export interface LiveTemplate {
  /** Of the app's image: the container that has it is the one that is updated. */
  readonly digest: string;
  /** What the image runs when the pod does not say otherwise. */
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** The pinned reference of the image of the helper. */
  readonly helper: string;
  /** Folders of the image that get a volume, absolute and none within another. */
  readonly roots: readonly string[];
  /** What the helper is set up with, besides what only the template knows. */
  readonly settings: { readonly token: string; readonly port: number; readonly stopMs: number };
}

/** What cannot be told of the changed template: the container's own command. */
export interface Replaced {
  readonly container: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

/** The label of the pods that take changes; its value tells one session from another. */
export const LIVE_LABEL = 'io.vscode-velocitas/live-update';

const PREFIX = 'vapp-live';
const HOME = '/.vapp-live';
const PROGRAM = `${HOME}/live-update`;
const SETTINGS = 'VAPP_LIVE_UPDATE';

interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext?: object;
  readonly resources?: object;
  readonly imagePullPolicy?: string;
}

interface Template {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly volumes?: readonly { readonly name: string }[];
  };
}

/**
 * Puts the helper before the app's command, and a volume with the image's own content in the place of each folder whose
 * files may change. Volumes outlive the container: a crash loses no change. Root file system, user and limits of the
 * container stay what they are.
 *
 * @returns undefined when no container has the image.
 */
export function withLiveUpdate(
  template: PodTemplate,
  live: LiveTemplate,
): { readonly template: PodTemplate; readonly replaced: Replaced } | undefined {
  const { metadata = {}, spec = {} }: Template = template;
  const target = spec.containers?.find((container) => hasDigest(container, live.digest));
  if (!target) return undefined;
  const { securityContext, resources, imagePullPolicy, command, args } = target;
  const same = { ...(securityContext ? { securityContext } : {}), ...(resources ? { resources } : {}) };
  const home = { name: PREFIX, mountPath: HOME };
  const volumes = live.roots.map((root, index) => ({ name: `${PREFIX}-${index}`, root }));
  const install = {
    ...same,
    name: `${PREFIX}-install`,
    image: live.helper,
    args: ['install', PROGRAM],
    volumeMounts: [home],
  };
  const fill = {
    ...same,
    name: `${PREFIX}-fill`,
    ...(target.image === undefined ? {} : { image: target.image }),
    ...(imagePullPolicy === undefined ? {} : { imagePullPolicy }),
    command: [PROGRAM, 'fill', ...volumes.map(({ name, root }) => `${root}=${HOME}/${name}`)],
    volumeMounts: [home, ...volumes.map(({ name }) => ({ name, mountPath: `${HOME}/${name}` }))],
  };
  const settings = { ...live.settings, roots: live.roots, state: `${HOME}/generation` };
  const updated: Container = {
    ...target,
    command: [PROGRAM, 'run', '--', ...(command ?? live.entrypoint)],
    // A command of the pod's own makes Kubernetes forget what the image gives it.
    args: args ?? (command ? [] : live.cmd),
    env: [...(target.env ?? []), { name: SETTINGS, value: JSON.stringify(settings) } as { name: string }],
    volumeMounts: [
      ...(target.volumeMounts ?? []),
      home,
      ...volumes.map(({ name, root }) => ({ name, mountPath: root })),
    ],
  };
  return {
    template: {
      ...template,
      metadata: { ...metadata, labels: { ...metadata.labels, [LIVE_LABEL]: live.settings.token.slice(0, SESSION) } },
      spec: {
        ...spec,
        containers: spec.containers?.map((container) => (container === target ? updated : container)),
        initContainers: [...(spec.initContainers ?? []), install, fill],
        volumes: [
          ...(spec.volumes ?? []),
          ...[PREFIX, ...volumes.map(({ name }) => name)].map((name) => ({ name, emptyDir: {} })),
        ],
      },
    } as PodTemplate,
    replaced: {
      container: target.name,
      ...(command ? { command } : {}),
      ...(args ? { args } : {}),
    },
  };
}

/** Whether a container only prepares a live update, and is nobody's app. */
export function isLiveUpdateHelper(container: string): boolean {
  return container.startsWith(`${PREFIX}-`);
}

/** So much of the token tells one session from another; the rest of it stays unknown. */
const SESSION = 8;

/** The value of {@link LIVE_LABEL} that the pods of a session have. */
export function sessionOf({ settings }: Pick<LiveTemplate, 'settings'>): string {
  return settings.token.slice(0, SESSION);
}

/** Takes away what {@link withLiveUpdate} added, also when Helm has merged a newer revision into it meanwhile. */
export function withoutLiveUpdate(template: PodTemplate, replaced: Replaced | undefined): PodTemplate {
  const { metadata = {}, spec = {} }: Template = template;
  const isOurs = ({ name }: { readonly name: string }) => name === PREFIX || isLiveUpdateHelper(name);
  const notOurs = <T extends { readonly name: string }>(items: readonly T[]) => items.filter((item) => !isOurs(item));
  const labels = Object.fromEntries(Object.entries(metadata.labels ?? {}).filter(([name]) => name !== LIVE_LABEL));
  const { initContainers, volumes, ...rest } = spec;
  return {
    ...template,
    metadata: { ...metadata, labels },
    spec: {
      ...rest,
      containers: spec.containers?.map((container) => restored(container, replaced)),
      ...(initContainers ? { initContainers: notOurs(initContainers) } : {}),
      ...(volumes ? { volumes: notOurs(volumes) } : {}),
    },
  } as PodTemplate;

  function restored(container: Container, before: Replaced | undefined): Container {
    const { command, args, env, volumeMounts, ...others } = container;
    const kept = {
      ...others,
      ...(env ? { env: env.filter(({ name }) => name !== SETTINGS) } : {}),
      ...(volumeMounts ? { volumeMounts: notOurs(volumeMounts) } : {}),
    };
    // Where a newer revision has brought a command of its own, that is the one.
    if (command?.[0] !== PROGRAM) return { ...kept, ...(command ? { command } : {}), ...(args ? { args } : {}) };
    const own = before?.container === container.name ? before : undefined;
    return { ...kept, ...(own?.command ? { command: own.command } : {}), ...(own?.args ? { args: own.args } : {}) };
  }
}

function hasDigest({ image }: Container, digest: string): boolean {
  return image?.endsWith(`@${digest}`) === true;
}
