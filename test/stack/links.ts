import { mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from './layout';
import { helm3, helm4, kubectl } from './parts/kubernetes';
import { buildx, dockerCli } from './parts/docker';
import { k3d } from './parts/k3d';
import type { Tool } from './parts/tool';

/** The command-line tools that lie in the stack's bin folder. */
export const LINKED_TOOLS: readonly Tool[] = [dockerCli, k3d, helm4, helm3, kubectl];

/** All tools of the stack. */
export const TOOLS: readonly Tool[] = [...LINKED_TOOLS, buildx];

/**
 * Fills the stack's bin folder with links to its tools, and its Docker configuration with the buildx plugin.
 *
 * @param programs absolute path of every tool's program.
 */
export async function linkTools(layout: Layout, programs: ReadonlyMap<Tool, string>): Promise<void> {
  await mkdir(layout.bin, { recursive: true });
  const wanted = new Set<string>();
  for (const tool of LINKED_TOOLS) {
    for (const name of tool.links) {
      wanted.add(name);
      await replaceLink(join(layout.bin, name), programs.get(tool));
    }
  }
  for (const name of await readdir(layout.bin)) if (!wanted.has(name)) await rm(join(layout.bin, name));

  const plugins = join(layout.dockerConfig, 'cli-plugins');
  await mkdir(plugins, { recursive: true });
  await replaceLink(join(plugins, 'docker-buildx'), programs.get(buildx));
}

async function replaceLink(link: string, target: string | undefined): Promise<void> {
  if (target === undefined) return;
  const draft = `${link}.new`;
  await rm(draft, { force: true });
  await symlink(target, draft);
  await rename(draft, link);
}
