import { coldScenarios } from './cold-scenarios';
import { editorScenarios } from './editor-scenarios';
import { innerLoopScenarios } from './inner-loop-scenarios';
import type { Scenario } from './scenario';
import { templateScenarios } from './template-scenarios';
import { treeScenarios } from './tree-scenarios';

export const SCENARIOS: readonly Scenario[] = [
  ...innerLoopScenarios,
  ...coldScenarios,
  ...editorScenarios,
  ...treeScenarios,
  ...templateScenarios,
];
