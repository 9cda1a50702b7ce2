import { createHash } from 'node:crypto';

/** How registries and engines call a content: `sha256:` and 64 hexadecimal digits. https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests */
export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
