import type { StackContext } from '../types';
import { goProgramSource } from './go-program';
import { ensureTool, type Tool } from './tool';

const ACTIONLINT = 'github.com/rhysd/actionlint';
const ACT = 'github.com/nektos/act';

/** Checks GitHub workflows. */
const actionlint: Tool = {
  name: 'actionlint',
  version: '1.7.7',
  links: [],
  sources: (context) => [
    goProgramSource(context, {
      name: 'actionlint',
      module: ACTIONLINT,
      version: '1.7.7',
      package: `${ACTIONLINT}/cmd/actionlint`,
    }),
  ],
};

/** Runs GitHub workflows on this machine. */
const act: Tool = {
  name: 'act',
  version: '0.2.80',
  links: [],
  sources: (context) => [
    goProgramSource(context, {
      name: 'act',
      module: ACT,
      version: '0.2.80',
      package: ACT,
      ldflags: '-s -w -X main.version=0.2.80',
    }),
  ],
};

/** The path of actionlint; it is built on first use. */
export function ensureActionlint(context: StackContext): Promise<string> {
  return ensureTool(context, actionlint);
}

/** The path of act; it is built on first use. */
export function ensureAct(context: StackContext): Promise<string> {
  return ensureTool(context, act);
}
