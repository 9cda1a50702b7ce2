import type { L10n } from './tree/node';
import type { ContextValues } from './window-state';

export interface Action {
  /** Name of a product icon. */
  readonly icon: string;
  readonly label: string;
  /** Id of the command, without `velocitas.`. */
  readonly command: string;
}

/** The actions that make sense, the likeliest first. */
export function actionsFor(context: ContextValues, l10n: L10n): readonly Action[] {
  const { apps, engine, deployed, rollback, busy, live, canStart, canStop, canDelete } = context;
  const usable = engine === 'up' || engine === 'unknown';
  const all: readonly (Action & { when: boolean })[] = [
    { icon: 'close', label: l10n.t('Cancel'), command: 'cancel', when: busy },
    { icon: 'play', label: l10n.t('Run App'), command: 'run', when: usable && apps > 0 && !busy },
    { icon: 'sync-ignored', label: l10n.t('Stop Live Update'), command: 'stopLiveUpdate', when: live && !busy },
    {
      icon: 'sync',
      label: l10n.t('Start Live Update'),
      command: 'startLiveUpdate',
      when: usable && apps > 0 && !busy && !live,
    },
    { icon: 'output', label: l10n.t('Show Log'), command: 'showLog', when: deployed },
    { icon: 'package', label: l10n.t('Build Image'), command: 'build', when: usable && apps > 0 && !busy },
    { icon: 'beaker', label: l10n.t('Run Integration Tests'), command: 'test', when: deployed && !busy },
    { icon: 'history', label: l10n.t('Roll Back…'), command: 'rollBack', when: rollback && !busy },
    { icon: 'circle-slash', label: l10n.t('Uninstall'), command: 'uninstall', when: deployed && !busy },
    { icon: 'play-circle', label: l10n.t('Start Runtime'), command: 'startRuntime', when: usable && canStart && !busy },
    { icon: 'stop-circle', label: l10n.t('Stop Runtime'), command: 'stopRuntime', when: canStop },
    { icon: 'trash', label: l10n.t('Delete Runtime…'), command: 'deleteRuntime', when: canDelete && !busy },
    { icon: 'pulse', label: l10n.t('Doctor'), command: 'doctor', when: true },
    { icon: 'list-flat', label: l10n.t('Show Output'), command: 'showOutput', when: true },
  ];
  return all.filter(({ when }) => when).map(({ icon, label, command }) => ({ icon, label, command }));
}
