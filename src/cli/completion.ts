import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Entry {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly { readonly name: string; readonly description: string }[];
}

/** A completion script made from the commands themselves, so that it knows what they know. */
export function completionScript(shell: Shell, program: Command): string {
  const name = program.name();
  const global = flagsOf(program);
  const entries = program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    flags: [...subcommandsOf(command), ...flagsOf(command), ...command.commands.flatMap(flagsOf), ...global],
  }));
  switch (shell) {
    case 'bash':
      return bash(name, entries);
    case 'zsh':
      // zsh reads bash's completions by its own compatibility function.
      return `autoload -Uz bashcompinit && bashcompinit\n${bash(name, entries)}`;
    case 'fish':
      return fish(name, entries);
  }
}

function subcommandsOf(command: Command): Entry['flags'] {
  return command.commands.map((sub) => ({ name: sub.name(), description: sub.description() }));
}

function flagsOf(command: Command): Entry['flags'] {
  return command.options
    .filter(({ hidden }) => !hidden)
    .flatMap((option) =>
      [option.short, option.long]
        .filter((flag) => flag !== undefined)
        .map((flag) => ({ name: flag, description: option.description })),
    );
}

function bash(name: string, entries: readonly Entry[]): string {
  const cases = entries.map(
    (entry) => `    ${entry.name}) words="${entry.flags.map((flag) => flag.name).join(' ')}" ;;`,
  );
  return `_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) command="$word"; break ;; esac
  done
  case "$command" in
${cases.join('\n')}
    *) words="${entries.map((entry) => entry.name).join(' ')}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${name} ${name}
`;
}

function fish(name: string, entries: readonly Entry[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "\\'")}'`;
  const lines = entries.flatMap((entry) => [
    `complete -c ${name} -n __fish_use_subcommand -a ${entry.name} -d ${quoted(entry.description)}`,
    ...entry.flags.map((flag) => {
      const [, dashes = '', word = ''] = /^(-*)(.*)$/.exec(flag.name) ?? [];
      const form = `${{ '': '-a', '-': '-s', '--': '-l' }[dashes] ?? '-l'} ${word}`;
      return `complete -c ${name} -n '__fish_seen_subcommand_from ${entry.name}' ${form} -d ${quoted(flag.description)}`;
    }),
  ]);
  return `${lines.join('\n')}\n`;
}
