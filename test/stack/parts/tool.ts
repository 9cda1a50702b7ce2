import { join } from 'node:path';
import { acquirePart, findPart, type Source } from '../sources';
import type { Part, StackContext } from '../types';

/** A source that knows where in its folder the tool lies. */
export interface ToolSource extends Source {
  /** Path of the program below the entry's folder. */
  readonly program: string;
}

/** A command-line tool of the stack. */
export interface Tool {
  readonly name: string;
  readonly version: string;
  /** Names it gets in the stack's bin folder; none for a plugin. */
  readonly links: readonly string[];
  sources(context: StackContext): readonly ToolSource[];
}

/** Brings a tool into the cache and returns the absolute path of its program. */
export function ensureTool(context: StackContext, tool: Tool): Promise<string> {
  return context.progress.part(`${tool.name} ${tool.version}`, async (report) => {
    const sources = tool.sources(context);
    await acquirePart(context, tool.name, sources, report);
    const found = await findTool(context, tool);
    if (!found) throw new Error(`${tool.name} was acquired, but is not in the cache`);
    report(found.source);
    return found.program;
  });
}

/** The path of a tool's program and its source, when the cache has it. */
export async function findTool(
  context: StackContext,
  tool: Tool,
): Promise<{ program: string; source: string } | undefined> {
  for (const source of tool.sources(context)) {
    const entry = await findPart(context, [source]);
    if (entry) return { program: join(entry.folder, source.program), source: entry.source };
  }
  return undefined;
}

/** A tool as a row of the check table. */
export function toolPart(tool: Tool): Part {
  return {
    name: tool.name,
    version: tool.version,
    async status(context) {
      const found = await findTool(context, tool);
      return found
        ? { state: 'ready', source: found.source, detail: found.program }
        : { state: 'missing', source: likelySource(context, tool.sources(context)), detail: 'not in the cache' };
    },
  };
}

/** The label of the source that setup would take now. */
export function likelySource(context: StackContext, sources: readonly Source[]): string {
  return sources.find(({ host }) => host === undefined || context.reachable(host))?.label ?? 'no source answers';
}
