import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../base';
import { complaintAboutName, createApp, listTemplates, outcomeOf } from '../core';
import type { Outcome, SessionOptions } from '../run';
import type { Template, TemplateSource } from '../scaffold';
import type { Style } from './style';

/** How `vapp new` is carried out and shown. */
export interface NewCommand {
  readonly signal: AbortSignal;
  /** Where and with what `vapp` runs. */
  readonly options: () => SessionOptions;
  /** Runs a job that needs no workspace. */
  readonly anywhere: <T>(job: () => Promise<Outcome<T>>, text: (value: T, style: Style) => string) => Promise<void>;
}

/** A repository that has been made. */
interface NewRepository {
  readonly template: string;
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
}

const DEFAULT_TEMPLATE = 'python';

const HELP = `
The folder must be new, or empty but for .git. What is made has everything: app, tests, image, values for its chart,
devcontainer, and workflows that build, test and release it.

  vapp new go speed-app                    an app in Go, called as its folder
  vapp new python . --name SpeedApp        in the current folder`;

/** Adds `new`. */
export function addNewCommand(program: Command, { signal, options, anywhere }: NewCommand): void {
  program
    .command('new')
    .description('make the repository of a new app')
    .argument('[template]', `language of the app, see --list (default: ${DEFAULT_TEMPLATE})`)
    .argument('[folder]', 'where to make it')
    .option('--name <name>', 'name of the app (default: that of the folder)')
    .option('--list', 'list the templates')
    .addHelpText('after', HELP)
    .action(async (first: string | undefined, second: string | undefined, { name, list }: NewOptions) => {
      const { directory, chartsDirectory } = options();
      const source = { directory: dirname(chartsDirectory) };
      if (list) {
        await anywhere(() => outcomeOf(() => listTemplates(source), signal), templatesText);
        return;
      }
      const make = async (): Promise<NewRepository> => {
        const wanted = await wantedFrom(source, first, second);
        const folder = resolve(directory, wanted.folder);
        const appName = name ?? nameAfter(folder);
        await createApp(source, { template: wanted.template, name: appName, folder }, signal);
        return { template: wanted.template, name: appName, folder };
      };
      await anywhere(() => outcomeOf(make, signal), newText);
    });
}

interface NewOptions {
  readonly name?: string;
  readonly list?: boolean;
}

/** A single argument is the folder, unless it is a template: then nobody has said where. */
async function wantedFrom(
  source: TemplateSource,
  first: string | undefined,
  second: string | undefined,
): Promise<{ template: string; folder: string }> {
  if (first !== undefined && second !== undefined) return { template: first, folder: second };
  const templates = await listTemplates(source);
  if (first !== undefined && !templates.some(({ id }) => id === first)) {
    return { template: DEFAULT_TEMPLATE, folder: first };
  }
  throw new Failure({
    code: 'folder-missing',
    fault: 'usage',
    summary: 'Nobody has said where to make the new app.',
    nextSteps: [`Name a folder: vapp new ${first ?? DEFAULT_TEMPLATE} FOLDER`],
  });
}

function nameAfter(folder: string): string {
  const name = basename(folder);
  if (complaintAboutName(name) === undefined) return name;
  throw new Failure({
    code: 'app-name-invalid',
    fault: 'usage',
    summary: `An app cannot be called as its folder, “${name}”.`,
    nextSteps: ['Name the app: --name SpeedApp'],
  });
}

function templatesText(templates: readonly Template[], style: Style): string {
  const width = Math.max(0, ...templates.map(({ id }) => id.length));
  return templates.map(({ id, description }) => `${style.strong(id.padEnd(width))}  ${description}`).join('\n');
}

function newText({ template, name, folder }: NewRepository, style: Style): string {
  return [`${style.strong(name)} (${template}) is in ${folder}.`, `To run it: vapp -C ${folder} run`].join('\n');
}
