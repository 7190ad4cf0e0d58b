import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { trialIcon } from '../parts/icons';
import type { ITensorPlace, Mode } from '../tensors/model';
import { CommandIDs } from '../tokens';
import type { TrialPanel } from './panel';

const MODES = ['TRAIN', 'EVAL', 'PREDICT', 'GLOBAL'];
const ARGUMENTS = {
  type: 'object',
  required: ['trial'],
  properties: {
    trial: { type: 'string' },
    tensor: { type: 'string' },
    mode: { enum: MODES },
    step: { type: 'number' },
    recording: { type: 'string' }
  }
};

/** Register the command that shows the recorded tensors of a trial. */
export function addTensorsCommand(
  app: JupyterFrontEnd,
  trans: TranslationBundle
): void {
  app.commands.addCommand(CommandIDs.openTensors, {
    label: trans.__('Open Tensors'),
    caption: trans.__('Show the recorded tensors of a trial'),
    icon: trialIcon,
    describedBy: { args: ARGUMENTS },
    isEnabled: args => typeof args.trial === 'string',
    execute: async args => {
      const opened = (await app.commands.execute(CommandIDs.openTrial, {
        trial: args.trial,
        tab: 'tensors'
      })) as MainAreaWidget<TrialPanel>;
      opened.content.model.tensors.open(toPlace(args));
      return opened;
    }
  });
}

function toPlace(args: ReadonlyPartialJSONObject): ITensorPlace {
  const { tensor, mode, step, recording } = args;
  const place: ITensorPlace = {};
  if (typeof tensor === 'string' && tensor !== '') {
    place.tensor = tensor;
  }
  if (typeof mode === 'string' && MODES.includes(mode)) {
    place.mode = mode as Mode;
  }
  if (typeof step === 'number') {
    place.step = step;
  }
  if (typeof recording === 'string' && recording !== '') {
    place.recording = recording;
  }
  return place;
}
