import { firstLine, type Explanation } from './explanation';
import type { ContainerFacts } from './pod';

/** Where charts take the image from, as the usual charts have it. */
const IMAGE_VALUES = ['image.repository', 'image', 'imageVehicleApp.repository'];

export function invalidImageName(_message: string, { image = '' }: ContainerFacts): Explanation {
  return {
    code: 'image-name-invalid',
    summary: `The image name ${image} is not valid.`,
    nextSteps: ["Check which of the chart's values take the image, in vapp.yaml under chart.image."],
    inChart: true,
    values: IMAGE_VALUES,
  };
}

export function imagePull(message: string, { image = '' }: ContainerFacts): Explanation | undefined {
  const kind = IMAGE_PULL_CAUSES.find(({ pattern }) => pattern.test(message));
  // `ImagePullBackOff` often says only that it backs off; the cause stood in `ErrImagePull` just before.
  if (!kind) return message.startsWith('Back-off') || message === '' ? unknownPull(image) : unknownPull(image, message);
  return kind.explain(image);
}

const IMAGE_PULL_CAUSES: readonly { readonly pattern: RegExp; readonly explain: (image: string) => Explanation }[] = [
  {
    pattern: /\b40[13]\b|unauthorized|authorization failed|insufficient_scope|access denied|no basic auth/i,
    explain: (image) => ({
      code: 'image-pull-denied',
      summary: `The registry does not let the cluster read the image ${image}.`,
      nextSteps: [
        'Check the name of the image: registries answer so for images that do not exist, too.',
        'If it is private, give the chart an image pull secret.',
      ],
      inChart: true,
      values: ['imagePullSecrets', ...IMAGE_VALUES],
    }),
  },
  {
    // Without TLS only registries are asked that the cluster knows for that; it then tries the usual way, in vain.
    pattern: /server gave HTTP response to HTTPS client/i,
    explain: (image) => ({
      code: 'image-not-found',
      summary: `The image ${image} is not in its registry, or the cluster does not know that this one has no TLS.`,
      nextSteps: [
        'Check the name and the tag of the image: the runtime’s own registry says so of images that it does not have.',
        'Let any other registry have a certificate.',
      ],
      inChart: true,
      values: IMAGE_VALUES,
    }),
  },
  {
    pattern:
      /no such host|dial tcp|connection refused|i\/o timeout|TLS handshake|deadline exceeded|server misbehaving/i,
    explain: (image) => ({
      code: 'image-pull-network',
      fault: 'environment',
      summary: `The registry of the image ${image} cannot be reached from the cluster.`,
      nextSteps: ['Check the network and the proxy settings of Docker.', "Check the registry's name in the chart."],
    }),
  },
  {
    pattern: /not found|manifest unknown|name unknown|does not exist|not present with pull policy/i,
    explain: (image) => ({
      code: 'image-not-found',
      summary: `The image ${image} does not exist.`,
      nextSteps: ['Check the name and the tag of the image in the chart and its values.'],
      inChart: true,
      values: IMAGE_VALUES,
    }),
  },
  {
    pattern: /no match for platform|exec format/i,
    explain: (image) => ({
      code: 'image-platform',
      summary: `The image ${image} has no variant for the cluster's platform.`,
      nextSteps: ['Build it for this platform, or name another image.'],
    }),
  },
];

function unknownPull(image: string, message?: string): Explanation {
  return {
    code: 'image-pull-failed',
    fault: 'environment',
    summary: `The image ${image} cannot be pulled${message === undefined ? '' : `: ${firstLine(message)}`}.`,
    nextSteps: ['Check the name of the image and that its registry can be reached.'],
  };
}
