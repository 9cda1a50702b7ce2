import { formatLocation } from '../../base';
import { error, ok, type Finding } from './check';
import type { Facts } from './facts';

export async function lookAtRepository(facts: Facts): Promise<Finding> {
  const { apps, problems } = await facts.repository();
  const first = problems.find((problem) => problem.severity === 'error');
  if (!first) return ok(`${apps.length} app${apps.length === 1 ? '' : 's'}: ${apps.map((app) => app.id).join(', ')}`);
  return error(`${formatLocation(first.range)} ${first.message}`, ...(first.hint ? [first.hint] : []));
}

export async function lookAtRuntime(facts: Facts): Promise<Finding> {
  const { state, cluster, failure } = await facts.status();
  if (failure) throw failure;
  return ok(`${cluster} ${state}`);
}
