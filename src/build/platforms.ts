import { Failure } from '../base';

/**
 * The platform in the form `os/architecture[/variant]` that OCI images use, from what people write: `amd64`, `arm64`,
 * `arm/v7`, `x86_64`, `aarch64`, `linux/arm64/v8`. The rules are containerd's (`platforms.Parse`, `Normalize`).
 *
 * @throws Failure `platform-invalid`.
 */
export function normalizePlatform(platform: string): string {
  const parts = platform.trim().toLowerCase().split('/');
  const hasOs = OPERATING_SYSTEMS.has(parts[0] ?? '');
  const os = hasOs ? (parts[0] ?? '') : 'linux';
  const [written = '', writtenVariant, ...rest] = hasOs ? parts.slice(1) : parts;
  const [architecture, impliedVariant] = ALIASES[written] ?? [written];
  const variant = normalizeVariant(architecture, writtenVariant ?? impliedVariant);
  const valid = ARCHITECTURES.has(architecture) && rest.length === 0 && writtenVariant !== '';
  if (!valid) {
    throw new Failure({
      code: 'platform-invalid',
      fault: 'usage',
      summary: `'${platform}' is not a platform.`,
      nextSteps: ['Write it like linux/amd64, linux/arm64 or linux/arm/v7; amd64 and arm64 are enough.'],
    });
  }
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** All of them normalized, each once, in the given order. */
export function normalizePlatforms(platforms: readonly string[]): string[] {
  return [...new Set(platforms.map(normalizePlatform))];
}

const OPERATING_SYSTEMS = new Set(['linux', 'windows', 'darwin', 'freebsd']);

const ARCHITECTURES = new Set([
  '386',
  'amd64',
  'arm',
  'arm64',
  'loong64',
  'mips64',
  'mips64le',
  'ppc64le',
  'riscv64',
  's390x',
]);

const ALIASES: Record<string, readonly [string, string?]> = {
  i386: ['386'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

function normalizeVariant(architecture: string, variant: string | undefined): string | undefined {
  if (architecture === 'arm64') return variant === '8' || variant === 'v8' ? undefined : variant;
  if (architecture === 'amd64') return variant === 'v1' ? undefined : variant;
  if (architecture === 'arm') return /^\d$/.test(variant ?? '') ? `v${variant}` : (variant ?? 'v7');
  return variant;
}
