import { posix } from 'node:path';
import type { Instruction } from 'dockerfile-ast';
import { parseDockerfile } from './dockerfile-parser';
import { declareArgument, expandVariables } from './dockerfile-variables';

/** What the instructions of a Dockerfile bring into an image from the build context, and where commands run. */
export interface DockerfileStage {
  /** In lower case. */
  readonly name?: string;
  /** The earlier stage that it builds upon, by index; absent when that is an image. */
  readonly base?: number;
  readonly steps: readonly DockerfileStep[];
}

export type DockerfileStep = CopyStep | RunStep;

interface Step {
  /** Both from 1 and inclusive. */
  readonly lines: { readonly first: number; readonly last: number };
}

/** `COPY` or `ADD` of files. */
export interface CopyStep extends Step {
  readonly kind: 'copy';
  /** Relative to the context or to the root of `from`, normalized, without a slash at either end; `` is all of it. */
  readonly sources: readonly string[];
  /** Absolute. */
  readonly destination: string;
  /** The stage that it copies from: an earlier stage by index, or the context. */
  readonly from: number | 'context';
  /** Whether the folders of the source are made as well (`--parents`). */
  readonly parents: boolean;
  /** Whether the destination was written as a folder: with a slash at its end, as `.`, or for several sources. */
  readonly intoFolder: boolean;
  /** Whether the files arrive as they are: nothing is unpacked, excluded or given another mode. */
  readonly verbatim: boolean;
}

export interface RunStep extends Step {
  readonly kind: 'run';
  /** Absolute; `/` where only the base image knows. */
  readonly workdir: string;
  /** As written, with its flags. */
  readonly text: string;
  /** What of the context, or of a stage, it sees at another path while it runs. */
  readonly binds: readonly Bind[];
}

export interface Bind {
  readonly source: string;
  /** Absolute. */
  readonly target: string;
  readonly from: number | 'context';
}

/**
 * Reads which files of the context the stages of a Dockerfile have, and where. What cannot be told (files of images, of
 * archives, from URLs, of other contexts) is left out.
 *
 * @param buildArgs what is given for `ARG`.
 */
export async function readStages(
  text: string,
  buildArgs: Readonly<Record<string, string>> = {},
): Promise<readonly DockerfileStage[]> {
  const parsed = await parseDockerfile(text);
  const reader = new StageReader(text.split(/\r?\n/), buildArgs);
  for (const instruction of parsed?.getInstructions() ?? []) {
    if (reader.stages.length > MAX_STAGES) return [];
    reader.take(instruction);
  }
  return reader.stages;
}

/** Nobody writes more; each is compared with those before it. */
const MAX_STAGES = 500;

interface OpenStage extends DockerfileStage {
  readonly steps: DockerfileStep[];
  readonly variables: Map<string, string>;
  workdir: string;
}

class StageReader {
  readonly stages: OpenStage[] = [];
  private readonly globals = new Map<string, string>();

  constructor(
    private readonly text: readonly string[],
    private readonly buildArgs: Readonly<Record<string, string>>,
  ) {}

  take(instruction: Instruction): void {
    const keyword = instruction.getKeyword();
    const stage = this.stages.at(-1);
    if (keyword === 'FROM') this.from(instruction);
    else if (keyword === 'ARG') this.argument(instruction, stage);
    else if (stage && keyword === 'ENV') setVariables(instruction, stage);
    else if (stage && keyword === 'WORKDIR') {
      stage.workdir = posix.resolve(stage.workdir, expandVariables(wordsOf(instruction).join(' '), stage.variables));
    } else if (stage && (keyword === 'COPY' || keyword === 'ADD')) this.copy(instruction, stage);
    else if (stage && keyword === 'RUN') this.run(instruction, stage);
  }

  private from(instruction: Instruction): void {
    const words = wordsOf(instruction).filter((word) => !word.startsWith('--'));
    const [image = '', as, name] = words;
    const base = this.indexOf(expandVariables(image, this.globals));
    const below = base === undefined ? undefined : this.stages[base];
    this.stages.push({
      ...(as?.toLowerCase() === 'as' && name !== undefined ? { name: name.toLowerCase() } : {}),
      ...(base === undefined ? {} : { base }),
      steps: [],
      variables: new Map(below?.variables),
      workdir: below?.workdir ?? '/',
    });
  }

  private argument(instruction: Instruction, stage: OpenStage | undefined): void {
    for (const word of wordsOf(instruction)) {
      const global = this.globals.get(word);
      if (stage && global !== undefined) stage.variables.set(word, global);
      declareArgument(word, this.buildArgs, stage?.variables ?? this.globals);
    }
  }

  private copy(instruction: Instruction, stage: OpenStage): void {
    const flags = flagsOf(instruction);
    const from = this.origin(flags.get('from'));
    const words = wordsOf(instruction).map((word) => expandVariables(word, stage.variables));
    const destination = words.pop();
    const files = words.filter((word) => !REMOTE.test(word));
    // The text of a here-document is no file of the context.
    const isText = words.some((word) => word.startsWith('<<'));
    if (from === undefined || destination === undefined || files.length === 0 || isText) return;
    stage.steps.push({
      kind: 'copy',
      lines: linesOf(instruction),
      sources: files.map(belowRoot),
      destination: posix.resolve(stage.workdir, destination),
      from,
      parents: flags.has('parents'),
      intoFolder:
        words.length > 1 || FOLDER.test(destination) || posix.resolve(stage.workdir, destination) === stage.workdir,
      verbatim: instruction.getKeyword() === 'COPY' && !flags.has('chmod') && !flags.has('exclude'),
    });
  }

  private run(instruction: Instruction, stage: OpenStage): void {
    const lines = linesOf(instruction);
    stage.steps.push({
      kind: 'run',
      lines,
      workdir: stage.workdir,
      text: this.text.slice(lines.first - 1, lines.last).join('\n'),
      binds: mountsOf(instruction).flatMap((mount) => this.bind(mount, stage)),
    });
  }

  private bind(mount: ReadonlyMap<string, string>, stage: OpenStage): Bind[] {
    const from = this.origin(mount.get('from'));
    const target = mount.get('target') ?? mount.get('dst') ?? mount.get('destination');
    if ((mount.get('type') ?? 'bind') !== 'bind' || from === undefined || target === undefined) return [];
    const source = mount.get('source') ?? mount.get('src') ?? '';
    const expand = (path: string) => expandVariables(path, stage.variables);
    return [{ source: belowRoot(expand(source)), target: posix.resolve(stage.workdir, expand(target)), from }];
  }

  /** Where `--from` leads; undefined when that is an image or a context of its own. */
  private origin(from: string | undefined): number | 'context' | undefined {
    return from === undefined ? 'context' : this.indexOf(from);
  }

  private indexOf(reference: string): number | undefined {
    // A name means the last stage of that name.
    const byName = this.stages.findLastIndex(({ name }) => name === reference.toLowerCase());
    if (byName >= 0) return byName;
    return /^\d{1,4}$/.test(reference) && Number(reference) < this.stages.length ? Number(reference) : undefined;
  }
}

const FOLDER = /(?:^|\/)(?:\.{1,2})?$/;
const REMOTE = /^(?:[a-z]+:\/\/|git@)/i;

function setVariables(instruction: Instruction, stage: OpenStage): void {
  const raw = instruction.getRawArgumentsContent() ?? '';
  // The old form, `ENV NAME value`, has one variable and no equals sign in its first word.
  const old = /^(\w+)\s+([^=].*)$/s.exec(raw);
  if (old) stage.variables.set(old[1] ?? '', expandVariables(old[2] ?? '', stage.variables));
  else for (const word of wordsOf(instruction)) declareArgument(word, {}, stage.variables);
}

/** The words behind the keyword and its flags, or the strings of a JSON array. */
function wordsOf(instruction: Instruction): string[] {
  const raw = instruction.getRawArgumentsContent()?.trim() ?? '';
  return (raw.startsWith('[') && jsonStrings(raw)) || instruction.getArguments().map((word) => word.getValue());
}

function jsonStrings(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
  } catch {
    // Docker, too, takes it for plain words then.
    return undefined;
  }
}

function flagsOf(instruction: Instruction): Map<string, string> {
  return new Map(
    flagWords(instruction).map((flag) => {
      const [name = '', ...value] = flag.slice('--'.length).split('=');
      return [name, value.join('=')];
    }),
  );
}

function mountsOf(instruction: Instruction): Map<string, string>[] {
  return flagWords(instruction)
    .filter((flag) => flag.startsWith('--mount='))
    .map((flag) => {
      const fields = flag.slice('--mount='.length).split(',');
      return new Map(fields.map((field) => [field.replace(/=.*/s, ''), field.slice(field.indexOf('=') + 1)]));
    });
}

/** Flags stand between the keyword and the arguments. */
function flagWords(instruction: Instruction): string[] {
  const text = instruction.getTextContent().slice(instruction.getInstruction().length);
  const words = text
    .replace(/[\\`]\r?\n/g, ' ')
    .trimStart()
    .split(/\s+/, MAX_FLAGS);
  const end = words.findIndex((word) => !word.startsWith('--'));
  return end < 0 ? words : words.slice(0, end);
}

const MAX_FLAGS = 64;

function linesOf(instruction: Instruction): { first: number; last: number } {
  const { start, end } = instruction.getRange();
  return { first: start.line + 1, last: end.line + 1 };
}

/** Nothing leads out of a context or an image: `..` ends at its root. */
function belowRoot(path: string): string {
  return posix.resolve('/', path).slice(1);
}
