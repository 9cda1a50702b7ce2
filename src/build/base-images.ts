import { readFile } from 'node:fs/promises';
import { Failure, messageOf, startOfFile } from '../base';
import { declareArgument, expandVariables } from '../project';

/** What decides which images a Dockerfile builds upon. */
export interface BaseImagesRequest {
  /** Absolute. */
  readonly dockerfile: string;
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Operating system and architecture of the engine, as Go names them, e.g. `linux` and `amd64`. */
  readonly platform: { readonly os: string; readonly architecture: string };
}

interface Stage {
  readonly name: string | undefined;
  /** Images or stages, as written. */
  readonly uses: Set<string>;
}

/**
 * The images that a build of the Dockerfile takes from a registry: of `FROM`, `COPY --from` and `RUN --mount=from=` of
 * all stages that the target needs, and of the directive `# syntax=`. Variables of `FROM` are resolved by the build
 * arguments and the defaults of `ARG` (https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact).
 *
 * @throws Failure `dockerfile-unreadable`.
 */
export async function baseImages(request: BaseImagesRequest): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(request.dockerfile, 'utf8');
  } catch (error) {
    throw new Failure({
      code: 'dockerfile-unreadable',
      fault: 'app',
      summary: `The Dockerfile ${request.dockerfile} cannot be read.`,
      evidence: [messageOf(error)],
      range: startOfFile(request.dockerfile),
      cause: error,
    });
  }
  return baseImagesOf(text, request);
}

/** {@link baseImages} of a text. */
export async function baseImagesOf(
  text: string,
  { target, buildArgs, platform }: Omit<BaseImagesRequest, 'dockerfile'>,
): Promise<string[]> {
  const { DockerfileParser, ModifiableInstruction } = await import('dockerfile-ast');
  const dockerfile = DockerfileParser.parse(text);
  const variables = new Map(Object.entries(platformVariables(platform)));
  const stages: Stage[] = [];
  for (const instruction of dockerfile.getInstructions()) {
    const keyword = instruction.getKeyword();
    const words = instruction.getArguments().map((argument) => argument.getValue());
    const stage = stages.at(-1);
    if (keyword === 'ARG' && !stage) {
      for (const word of words) declareArgument(word, buildArgs, variables);
    } else if (keyword === 'FROM') {
      const [image = '', as, name] = words.filter((word) => !word.startsWith('--'));
      const named = as?.toLowerCase() === 'as' ? name?.toLowerCase() : undefined;
      stages.push({ name: named, uses: new Set([expandVariables(image, variables)]) });
    } else if (stage && instruction instanceof ModifiableInstruction) {
      for (const flag of instruction.getFlags()) {
        for (const used of referencesIn(keyword, flag.getName(), flag.getValue() ?? '')) stage.uses.add(used);
      }
    }
  }
  const syntax = dockerfile
    .getDirectives()
    .filter((directive) => directive.getName().toLowerCase() === 'syntax')
    .map((directive) => directive.getValue());
  return [...new Set([...syntax, ...neededImages(stages, target)])];
}

/** Images or stages that a flag names: `COPY --from=`, `RUN --mount=…,from=…`. */
function referencesIn(keyword: string, flag: string, value: string): string[] {
  if (keyword === 'COPY' && flag === 'from') return [value];
  if (keyword !== 'RUN' || flag !== 'mount') return [];
  return value.split(',').flatMap((part) => (part.startsWith('from=') ? [part.slice('from='.length)] : []));
}

/** What the target needs, directly or by other stages, and is not a stage itself. */
function neededImages(stages: readonly Stage[], target: string | undefined): string[] {
  const byName = new Map<string, Stage>();
  const stageOf = (reference: string) =>
    byName.get(reference.toLowerCase()) ?? (/^\d+$/.test(reference) ? stages[Number(reference)] : undefined);
  const sources = new Map<Stage, (Stage | string)[]>();
  for (const stage of stages) {
    // A name means the last stage of that name before this one.
    sources.set(
      stage,
      [...stage.uses].map((reference) => stageOf(reference) ?? reference),
    );
    if (stage.name !== undefined) byName.set(stage.name, stage);
  }
  const last = target === undefined ? stages.at(-1) : stageOf(target);
  const images = new Set<string>();
  const seen = new Set<Stage>();
  // Not by calls within calls: stages may build upon each other deeper than those can go.
  const pending: (Stage | string)[] = last ? [last] : stages.toReversed();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next === 'string') {
      if (next !== '' && next !== 'scratch') images.add(next);
    } else if (!seen.has(next)) {
      seen.add(next);
      for (const source of (sources.get(next) ?? []).toReversed()) pending.push(source);
    }
  }
  return [...images];
}

/** Build arguments that BuildKit sets by itself; build and target are the same here. */
function platformVariables({ os, architecture }: BaseImagesRequest['platform']): Record<string, string> {
  return Object.fromEntries(
    ['BUILD', 'TARGET'].flatMap((side) => [
      [`${side}PLATFORM`, `${os}/${architecture}`],
      [`${side}OS`, os],
      [`${side}ARCH`, architecture],
    ]),
  );
}
