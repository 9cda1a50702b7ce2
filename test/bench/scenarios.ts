import { coldScenarios } from './cold-scenarios';
import { editorScenarios } from './editor-scenarios';
import { innerLoopScenarios } from './inner-loop-scenarios';
import { liveScenarios } from './live-scenarios';
import { logScenarios } from './log-scenarios';
import type { Scenario } from './scenario';
import { scaleScenarios } from './scale-scenarios';
import { templateScenarios } from './template-scenarios';
import { treeScenarios } from './tree-scenarios';

export const SCENARIOS: readonly Scenario[] = [
  ...innerLoopScenarios,
  ...liveScenarios,
  ...coldScenarios,
  ...editorScenarios,
  ...treeScenarios,
  ...logScenarios,
  ...scaleScenarios,
  ...templateScenarios,
];
