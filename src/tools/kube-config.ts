// Named, not whole: so a bundler leaves out the fourteen megabytes of API models that we do not use.
export { KubeConfig } from '@kubernetes/client-node';
