/** One table of iptables-save: chains with their policies (`-` for user chains), and rules as `-A CHAIN …` lines. */
interface FirewallTable {
  readonly chains: ReadonlyMap<string, string>;
  readonly rules: readonly string[];
}

const DOCKER_CHAIN = /^DOCKER(-|$)/;
/** What only Docker's own rules mention: its chains, its default bridge, the bridges of its networks. */
const DOCKER_RULE = /(^|\s)(DOCKER(-[\w-]+)?|docker0|br-[0-9a-f]{12})(?=\s|$)/;

/** A published port's way back to its own container, which names nothing but the container's address. */
const HAIRPIN_RULE = /^-A POSTROUTING -s (\S+)\/32 -d \1\/32 .*-j MASQUERADE$/;

/** Reads the output of iptables-save(8). */
export function parseFirewall(saved: string): Map<string, FirewallTable> {
  const tables = new Map<string, FirewallTable>();
  let chains = new Map<string, string>();
  let rules: string[] = [];
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) {
      chains = new Map();
      rules = [];
      tables.set(line.slice(1).trim(), { chains, rules });
    } else if (line.startsWith(':')) {
      const [name = '', policy = '-'] = line.slice(1).split(' ');
      chains.set(name, policy);
    } else if (line.startsWith('-A ')) {
      rules.push(line);
    }
  }
  return tables;
}

/**
 * What iptables-restore(8) `--noflush` has to read to take away what Docker added since `before`: its rules, its
 * chains, and the policies it changed. Rules that others added meanwhile stay. Undefined when there is nothing to do.
 */
export function undoDockerRules(before: string, now: string): string | undefined {
  const tablesBefore = parseFirewall(before);
  const commands: string[] = [];
  for (const [name, table] of parseFirewall(now)) {
    const earlier = tablesBefore.get(name);
    const undo = undoTable(earlier ?? { chains: new Map(), rules: [] }, table);
    if (undo.length > 0) commands.push(`*${name}`, ...undo, 'COMMIT');
  }
  return commands.length > 0 ? `${commands.join('\n')}\n` : undefined;
}

/** Tables that exist now, did not exist before, and hold nothing any more. */
export function emptyNewTables(before: string, now: string): string[] {
  const tablesBefore = parseFirewall(before);
  return [...parseFirewall(now)]
    .filter(([name, table]) => !tablesBefore.has(name) && table.rules.length === 0)
    .filter(([, table]) => [...table.chains.values()].every((policy) => policy === 'ACCEPT'))
    .map(([name]) => name);
}

function isDockerRule(rule: string): boolean {
  return DOCKER_RULE.test(rule) || HAIRPIN_RULE.test(rule);
}

function undoTable(before: FirewallTable, now: FirewallTable): string[] {
  const chains = [...now.chains.keys()].filter((name) => DOCKER_CHAIN.test(name) && !before.chains.has(name));
  const policies = [...now.chains].filter(([name, policy]) => {
    const earlier = before.chains.get(name) ?? 'ACCEPT';
    // Docker changes one policy: it closes FORWARD when it switches forwarding on.
    return name === 'FORWARD' && policy === 'DROP' && earlier !== policy;
  });
  const kept = [...before.rules];
  const rules = now.rules.filter((rule) => {
    const index = kept.indexOf(rule);
    if (index >= 0) kept.splice(index, 1);
    return index < 0 && isDockerRule(rule) && !chains.some((chain) => rule.startsWith(`-A ${chain} `));
  });
  return [
    ...policies.map(([name]) => `:${name} ${before.chains.get(name) ?? 'ACCEPT'} [0:0]`),
    ...rules.map((rule) => rule.replace(/^-A/, '-D')),
    ...chains.map((chain) => `-F ${chain}`),
    ...chains.map((chain) => `-X ${chain}`),
  ];
}
