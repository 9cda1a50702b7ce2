import { extensions } from 'vscode';
import { answer, givenTask } from '../task';

declare global {
  /** VS Code's own marks of when something happened, `startTime` in milliseconds since the epoch. */
  var MonacoPerformanceMarks: { getMarks(): readonly { readonly name: string; readonly startTime: number }[] };
}

export interface ActivationTask {
  /** Id of the extension. */
  readonly extension: string;
}

/** Milliseconds. */
export interface ActivationTimes {
  /** Loading the bundle. */
  readonly load: number;
  /** Calling `activate` until it has settled. */
  readonly activate: number;
}

it('measures how long the editor took to activate the extension', async () => {
  const { extension } = givenTask() as ActivationTask;
  // It has been, since the folder that is open holds what activates it.
  await extensions.getExtension(extension)?.activate();
  const between = (start: string, end: string) => markOf(end, extension) - markOf(start, extension);
  const times: ActivationTimes = {
    load: between('willLoadExtensionCode', 'didLoadExtensionCode'),
    activate: between('willActivateExtension', 'didActivateExtension'),
  };
  await answer(times);
});

function markOf(name: string, extension: string): number {
  const mark = globalThis.MonacoPerformanceMarks.getMarks().find(
    (candidate) => candidate.name === `code/extHost/${name}/${extension}`,
  );
  if (!mark) throw new Error(`the editor left no mark ${name} of ${extension}`);
  return mark.startTime;
}
