import type { Dockerfile, From, Instruction } from 'dockerfile-ast';
import { startOfFile } from '../base';
import { parseDockerfile } from './dockerfile-parser';
import type { Findings } from './findings';
import { closest } from './names';
import { displayPath } from './paths';
import { readTextFile } from './text-file';
import type { SourceText } from './text-ranges';
import type { Located } from './types';

export interface DockerfileRequest {
  readonly root: string;
  readonly dockerfile: Located<string>;
  /** Stages that have to be there. */
  readonly targets: readonly Located<string>[];
}

/** Whether a Dockerfile has a stage of that name. */
export type HasStage = (name: string) => boolean;

/**
 * Reports what makes a build fail with certainty: no file, no stage, an unknown instruction, an unknown target.
 * Everything else is BuildKit's to judge, and so is a file that is too long to be parsed.
 *
 * @returns what stages there are; none in a file that is not there.
 */
export async function checkDockerfile(request: DockerfileRequest, findings: Findings): Promise<HasStage> {
  const { root, dockerfile, targets } = request;
  const source = await readTextFile(dockerfile.value, findings, { lenientEncoding: true });
  if (source === 'missing') {
    findings.error(dockerfile.range ?? startOfFile(dockerfile.value), {
      code: 'dockerfile-missing',
      message: `There is no Dockerfile at ${displayPath(root, dockerfile.value)}.`,
      hint: 'Create it, or name the Dockerfile in vapp.yaml under "dockerfile".',
    });
  }
  if (typeof source === 'string') return () => false;
  const hasStage = (name: string) => namesStage(source.text, name.toLowerCase());
  const parsed = await parseDockerfile(source.text);
  if (!parsed || usesOwnSyntax(parsed)) return hasStage;
  const hasStages = checkInstructions(source, parsed, findings);
  if (hasStages) for (const target of targets) checkTarget(request, target, source, parsed, findings);
  return hasStage;
}

/** A `# syntax=` line may name a frontend that knows other instructions; only Docker's own is known here. */
function usesOwnSyntax(parsed: Dockerfile): boolean {
  const frontend = parsed.getDirectives().find((directive) => directive.getName().toLowerCase() === 'syntax');
  return frontend !== undefined && !/^(docker\.io\/)?docker\/dockerfile(-upstream)?(:|@|$)/.test(frontend.getValue());
}

/** @returns whether there is a build stage. */
function checkInstructions(source: SourceText, parsed: Dockerfile, findings: Findings): boolean {
  const instructions = parsed.getInstructions();
  for (const instruction of instructions) checkKeyword(source, instruction, findings);
  for (const from of parsed.getFROMs()) checkFrom(source, from, findings);
  const first = instructions.find((instruction) => instruction.getKeyword() !== 'ARG');
  if (!first) {
    findings.error(startOfFile(source.file), {
      code: 'dockerfile-empty',
      message: 'The Dockerfile builds nothing: it has no FROM instruction.',
    });
    return false;
  }
  if (first.getKeyword() !== 'FROM' && isKnown(first)) {
    findings.error(rangeOf(source, first.getInstructionRange()), {
      code: 'dockerfile-no-stage',
      message: `${first.getKeyword()} stands before the first FROM; only ARG may.`,
    });
  }
  return parsed.getFROMs().length > 0;
}

function checkKeyword(source: SourceText, instruction: Instruction, findings: Findings): void {
  if (isKnown(instruction)) return;
  const keyword = instruction.getKeyword();
  const suggestion = closest(keyword, INSTRUCTIONS);
  findings.error(rangeOf(source, instruction.getInstructionRange()), {
    code: 'dockerfile-unknown-instruction',
    message: `Unknown instruction ${keyword}.`,
    ...(suggestion === undefined ? {} : { hint: `Did you mean ${suggestion}?` }),
  });
}

function checkFrom(source: SourceText, from: From, findings: Findings): void {
  const count = from.getArguments().length;
  if (count === 1 || count === 3) return;
  findings.error(rangeOf(source, from.getInstructionRange()), {
    code: 'dockerfile-from',
    message: 'FROM takes an image, or an image with AS and a name.',
  });
}

function checkTarget(
  request: DockerfileRequest,
  target: Located<string>,
  source: SourceText,
  parsed: Dockerfile,
  findings: Findings,
): void {
  const wanted = target.value.toLowerCase();
  const froms = parsed.getFROMs();
  const stages = froms.flatMap((from) => from.getBuildStage() ?? []);
  const isNumber = /^\d+$/.test(wanted) && Number(wanted) < froms.length;
  if (isNumber || stages.some((stage) => stage.toLowerCase() === wanted)) return;
  // The parser may take a shift operator for a heredoc and swallow stages with it; what looks like the stage counts.
  if (namesStage(source.text, wanted)) return;
  const suggestion = closest(target.value, stages);
  findings.error(target.range ?? startOfFile(source.file), {
    code: 'dockerfile-target-missing',
    message: `${displayPath(request.root, source.file)} has no stage "${target.value}".`,
    hint:
      suggestion !== undefined
        ? `Did you mean "${suggestion}"?`
        : stages.length > 0
          ? `Its stages are ${stages.join(', ')}.`
          : 'None of its stages has a name; give one with FROM … AS name.',
  });
}

function namesStage(text: string, stage: string): boolean {
  return text.split(/\r?\n/).some((line) => {
    const words = line.trim().toLowerCase().split(/\s+/);
    return words[0] === 'from' && words.at(-2) === 'as' && words.at(-1) === stage;
  });
}

function isKnown(instruction: Instruction): boolean {
  return INSTRUCTIONS.includes(instruction.getKeyword());
}

function rangeOf(
  source: SourceText,
  range: { start: { line: number; character: number }; end: { line: number; character: number } },
) {
  return {
    file: source.file,
    start: { line: range.start.line + 1, column: range.start.character + 1 },
    end: { line: range.end.line + 1, column: range.end.character + 1 },
  };
}

/** https://docs.docker.com/reference/dockerfile/ */
const INSTRUCTIONS: readonly string[] = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
];
