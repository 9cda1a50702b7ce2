import { Option } from 'commander';

/** `--context`, of the commands that work in other clusters, too. */
export function contextOption(): Option {
  return new Option(
    '--context <name>',
    'in the cluster of this context of your kubeconfig, which vapp.yaml has to allow, instead of the local runtime',
  );
}

/** The request's part of it. */
export function inContext({ context }: { readonly context?: string }): { readonly context?: string } {
  return context === undefined ? {} : { context };
}
