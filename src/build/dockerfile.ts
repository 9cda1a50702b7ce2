import { readFile } from 'node:fs/promises';
import type { SourceRange } from '../base';
import { parseDockerfile } from '../project';
import type { LineRange } from './types';

/** The instructions of a Dockerfile, as far as build steps refer to them. */
export interface DockerfileOutline {
  readonly stages: readonly Stage[];
  /** Every instruction in order of appearance, as the classic builder counts them. */
  readonly instructions: readonly Instruction[];
}

interface Stage {
  readonly name: string | undefined;
  readonly from: Instruction;
  /** The instructions that become steps of their own. */
  readonly steps: readonly Instruction[];
}

export interface Instruction {
  readonly keyword: string;
  readonly lines: LineRange;
}

/** Reads and outlines a Dockerfile; undefined when it cannot be read, which the builder reports better than we could. */
export async function readOutline(file: string): Promise<DockerfileOutline | undefined> {
  try {
    return await outline(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The outline of a text; an empty one when it is too long to be parsed. */
export async function outline(text: string): Promise<DockerfileOutline> {
  const parsed = await parseDockerfile(text);
  const instructions = (parsed?.getInstructions() ?? []).map((instruction) => {
    const range = instruction.getRange();
    return {
      keyword: instruction.getKeyword(),
      lines: { first: range.start.line + 1, last: range.end.line + 1 },
      stageName: stageName(instruction.getRawArgumentsContent()),
    };
  });
  const stages: { name: string | undefined; from: Instruction; steps: Instruction[] }[] = [];
  for (const { keyword, lines, stageName } of instructions) {
    if (keyword === 'FROM') stages.push({ name: stageName, from: { keyword, lines }, steps: [] });
    else if (STEP_KEYWORDS.has(keyword)) stages.at(-1)?.steps.push({ keyword, lines });
  }
  return { stages, instructions };
}

/**
 * Which lines a step of BuildKit comes from, by its name: `[base 2/3] RUN …`, `[linux/arm64 stage-1 1/2] COPY …`. In
 * each stage BuildKit numbers the base image (unless it is `scratch` or an earlier stage) and every RUN, COPY, ADD and
 * WORKDIR. A count that does not fit, as with ONBUILD, gives no answer rather than a wrong one.
 */
export function linesOfStep(dockerfile: DockerfileOutline, stepName: string): LineRange | undefined {
  const match = /^\[(?:[a-z0-9]+\/[^\s\]]+ )?(?:([^\s\]]+) )?(\d+)\/(\d+)\] /.exec(stepName.replace(CROSS_BUILD, '['));
  if (!match) return undefined;
  const stage = findStage(dockerfile, match[1]);
  if (!stage) return undefined;
  const index = Number(match[2]);
  const withBase = Number(match[3]) - stage.steps.length;
  if (withBase === 1 && index === 1) return stage.from.lines;
  return withBase === 0 || withBase === 1 ? stage.steps[index - 1 - withBase]?.lines : undefined;
}

/**
 * The place of whole lines in a file, from the first character to behind the last one. Lines that the file does not have
 * become the nearest that it has.
 */
export async function rangeOfLines(file: string, lines: LineRange): Promise<SourceRange> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const content = text?.split(/\r?\n/) ?? [];
  const count = text === undefined ? Infinity : content.length;
  const first = Math.min(Math.max(lines.first, 1), count);
  const last = Math.min(Math.max(lines.last, first), count);
  const begin = content[first - 1] ?? '';
  return {
    file,
    start: { line: first, column: begin.length - begin.trimStart().length + 1 },
    end: { line: last, column: (content[last - 1] ?? '').length + 1 },
  };
}

const STEP_KEYWORDS = new Set(['RUN', 'COPY', 'ADD', 'WORKDIR']);
// `[linux/amd64->arm64 build 1/2]`: a stage that runs on one platform and compiles for another.
const CROSS_BUILD = /^\[[a-z0-9]+\/[^\s>]+->[^\s>]+ /;

function stageName(argumentsOfFrom: string | null): string | undefined {
  return /\sas\s+(\S+)\s*$/i.exec(argumentsOfFrom ?? '')?.[1]?.toLowerCase();
}

function findStage({ stages }: DockerfileOutline, name: string | undefined): Stage | undefined {
  if (name === undefined) return stages.length === 1 ? stages[0] : undefined;
  const byName = stages.find((stage) => stage.name === name);
  if (byName) return byName;
  const index = /^stage-(\d+)$/.exec(name)?.[1];
  return index === undefined ? undefined : stages[Number(index)];
}
