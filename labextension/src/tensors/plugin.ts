import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { trialIcon } from '../parts/icons';
import { titleOf } from '../readings';
import { CommandIDs, ILabdeckClient, PluginIDs } from '../tokens';
import { type ITensorPlace, type Mode, TensorsModel } from './model';
import { TensorsPanel } from './panel';

type Tracker = WidgetTracker<MainAreaWidget<TensorsPanel>>;

/** Shows the recorded tensors of a trial in the main area. */
export const tensorsPlugin: JupyterFrontEndPlugin<void> = {
  id: PluginIDs.tensors,
  description: 'Shows the recorded tensors of a trial.',
  autoStart: true,
  requires: [ILabdeckClient],
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    client: ILabdeckClient,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('labdeck');
    const tracker: Tracker = new WidgetTracker({
      namespace: 'labdeck-tensors'
    });
    app.commands.addCommand(CommandIDs.openTensors, {
      label: trans.__('Open Tensors'),
      caption: trans.__('Show the recorded tensors of a trial'),
      icon: trialIcon,
      describedBy: { args: ARGUMENTS },
      isEnabled: args => typeof args.trial === 'string',
      execute: args => {
        const id = typeof args.trial === 'string' ? args.trial : '';
        const widget =
          tracker.find(page => page.content.model.id === id) ??
          create(client, tracker, trans, id);
        widget.content.model.open(toPlace(args));
        if (!widget.isAttached) {
          app.shell.add(widget, 'main');
        }
        app.shell.activateById(widget.id);
        return widget;
      }
    });
    if (restorer) {
      void restorer.restore(tracker, {
        command: CommandIDs.openTensors,
        args: ({ content }) => ({ trial: content.model.id }),
        name: ({ content }) => content.model.id
      });
    }
  }
};

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

function create(
  client: ILabdeckClient,
  tracker: Tracker,
  trans: TranslationBundle,
  id: string
): MainAreaWidget<TensorsPanel> {
  const model = new TensorsModel(client, id);
  const content = new TensorsPanel(model, trans);
  const widget = new MainAreaWidget({ content });
  widget.toolbar.hide();
  widget.id = `labdeck-tensors-${id}`;
  content.id = `${widget.id}-content`;
  widget.title.icon = trialIcon;
  widget.title.closable = true;
  const name = (): void => {
    widget.title.label = model.name
      ? trans.__('Tensors: %1', titleOf(model.name))
      : trans.__('Tensors');
  };
  model.changed.connect(name);
  name();
  void tracker.add(widget);
  return widget;
}
