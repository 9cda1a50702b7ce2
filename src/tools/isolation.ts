import { devNull } from 'node:os';

/**
 * What a tool's process does not get of the user's environment, or gets otherwise: all by which it would read the user's
 * own kubeconfig, reach another cluster, keep its records elsewhere, load plug-ins or speak differently. Helm opens a
 * kubeconfig even to tell its version, and where a call names none it is that of the user.
 */
export function isolationOf(tool: keyof typeof ISOLATION): Readonly<Record<string, string | undefined>> {
  return ISOLATION[tool];
}

const NO_KUBECONFIG = { KUBECONFIG: devNull, KUBERNETES_MASTER: undefined } as const;

const ISOLATION = {
  docker: {},
  k3d: NO_KUBECONFIG,
  // A file of the user's that can give every command other options.
  kubectl: { ...NO_KUBECONFIG, KUBECTL_KUBERC: 'false' },
  helm: {
    ...NO_KUBECONFIG,
    HELM_DEBUG: undefined,
    HELM_DRIVER: 'secret',
    HELM_KUBEAPISERVER: undefined,
    HELM_KUBEASGROUPS: undefined,
    HELM_KUBEASUSER: undefined,
    HELM_KUBECAFILE: undefined,
    HELM_KUBECONTEXT: undefined,
    HELM_KUBEINSECURE_SKIP_TLS_VERIFY: undefined,
    HELM_KUBETLS_SERVER_NAME: undefined,
    HELM_KUBETOKEN: undefined,
    HELM_NAMESPACE: undefined,
    HELM_NO_PLUGINS: '1',
  },
};
