import { AppError } from '../../core/errors.ts';
import type { ChosenWay, WantedWay } from './way.ts';

/** Chooses the way of applying, and says why. Throws RESTORE_REFUSED for a way that was asked for and is not possible. */
export function chooseWay(wanted: WantedWay): ChosenWay {
  if (wanted === 'auto') return { way: 'rewrite', why: 'it always can be taken' };
  if (wanted === 'rewrite') return { way: 'rewrite', why: 'it was asked for' };
  throw new AppError('RESTORE_REFUSED', `This restore cannot be applied by the way ${wanted}. Nothing was changed.`, {
    hint: 'Ask for the way rewrite, or leave the choice to the program.',
  });
}
