/** The head of a comparison: what is compared, saved views, and what can be copied. */
import * as React from 'react';

import { toLabdeckError } from '../client/errors';
import { openMenu } from '../parts/menu';
import { describeError } from '../parts/Notes';
import { trialColour } from '../parts/palette';
import { type IChoice, Picker } from '../parts/Picker';
import { Popup } from '../parts/Popup';
import { useSignal } from '../parts/useSignal';
import type { TrialRecord } from '../wire';
import { MOST_TRIALS } from './model';
import type { IPageProps } from './props';

/** The experiment, the trials, and what can be done with the whole comparison. */
export function Head(props: IPageProps): React.ReactElement {
  const { model, trans, naming } = props;
  return (
    <header className="jp-Labdeck-page-head">
      <h2 title={model.experiment}>{model.experiment}</h2>
      {model.view && (
        <span className="jp-Labdeck-faint jp-Labdeck-view-name">
          {model.view.name}
        </span>
      )}
      <TrialPicker {...props} />
      {model.follow !== null && (
        <span className="jp-Labdeck-pin">{trans.__('latest trials')}</span>
      )}
      <span className="jp-Labdeck-spacer" />
      {naming ? <NameForm {...props} /> : <HeadButtons {...props} />}
    </header>
  );
}

function HeadButtons(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  return (
    <>
      <Views {...props} />
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        onClick={() => props.onNaming(true)}
        title={trans.__('Keep this comparison under a name')}
      >
        {trans.__('Save View')}
      </button>
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        disabled={model.shown.length === 0}
        onClick={props.onCopy}
        title={trans.__('Copy code that makes this comparison in a notebook')}
      >
        {trans.__('Copy as Python')}
      </button>
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        aria-haspopup="menu"
        aria-label={trans.__('More')}
        title={trans.__('More')}
        onClick={event => {
          const box = event.currentTarget.getBoundingClientRect();
          openMore(props, box.left, box.bottom);
        }}
      >
        ⋯
      </button>
    </>
  );
}

function openMore(props: IPageProps, x: number, y: number): void {
  const { model, trans } = props;
  const { home } = model;
  openMenu(
    [
      {
        label: trans.__('Copy Table as CSV'),
        isEnabled: model.shown.length > 0,
        onSelect: props.onCopyCsv
      },
      {
        label: trans.__('Compare the Latest Trials of the Experiment'),
        isToggled: model.follow !== null,
        isEnabled: model.follow !== null || home !== null,
        onSelect: () => {
          if (model.follow !== null) {
            model.setTrials(model.trials);
          } else if (home !== null) {
            model.followExperiment(home);
          }
        }
      },
      null,
      { label: trans.__('Show All Trials'), onSelect: () => model.showAll() },
      { label: trans.__('Refresh'), onSelect: () => model.refresh() }
    ],
    x,
    y
  );
}

/** The saved views of the experiment, and those over several. */
function Views(props: IPageProps): React.ReactElement {
  const { model, views, trans } = props;
  useSignal(views.changed);
  const home = model.follow ?? model.home;
  const own = views.views.filter(
    view => view.experiment_id === null || view.experiment_id === home
  );
  return (
    <Popup label={trans.__('Views')} count={String(own.length)}>
      {close => (
        <div className="jp-Labdeck-picker-choices">
          {views.error && <p>{describeError(views.error, trans).message}</p>}
          {own.length === 0 && !views.error && (
            <p>{trans.__('No view was saved yet.')}</p>
          )}
          {own.map(view => (
            <div key={view.id} className="jp-Labdeck-view-line">
              <button
                type="button"
                className="jp-Labdeck-link"
                title={view.name}
                aria-current={model.view?.id === view.id || undefined}
                onClick={() => {
                  close();
                  props.onOpenView(view.id);
                }}
              >
                {view.name}
              </button>
              <button
                type="button"
                className="jp-Labdeck-iconbutton"
                aria-label={trans.__('Delete %1', view.name)}
                title={trans.__('Delete %1', view.name)}
                onClick={() => props.onDeleteView(view.id)}
              >
                ✕
              </button>
            </div>
          ))}
        </div>
      )}
    </Popup>
  );
}

/** Asks for the name of a view in its place; Enter saves, Escape thinks better of it. */
function NameForm(props: IPageProps): React.ReactElement {
  const { model, views, trans } = props;
  const [name, setName] = React.useState(model.view?.name ?? '');
  const [problem, setProblem] = React.useState('');
  const home = model.follow ?? model.home;
  const isKnown = views.named(name.trim(), home) !== null;
  const save = async (): Promise<void> => {
    try {
      await props.onSave(name.trim());
      props.onNaming(false);
    } catch (reason) {
      const { message, remedy } = describeError(toLabdeckError(reason), trans);
      setProblem([message, remedy].filter(Boolean).join('. '));
    }
  };
  return (
    <form
      className="jp-Labdeck-name-form"
      onSubmit={event => {
        event.preventDefault();
        void save();
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          props.onNaming(false);
        }
      }}
    >
      {problem !== '' && <span role="alert">{problem}</span>}
      <NameField {...props} name={name} onName={setName} />
      <button
        type="submit"
        className="jp-Labdeck-plainbutton"
        disabled={name.trim() === ''}
      >
        {isKnown ? trans.__('Replace') : trans.__('Save')}
      </button>
      <button
        type="button"
        className="jp-Labdeck-plainbutton"
        onClick={() => props.onNaming(false)}
      >
        {trans.__('Cancel')}
      </button>
    </form>
  );
}

function NameField(
  props: IPageProps & { name: string; onName: (name: string) => void }
): React.ReactElement {
  const label = props.trans.__('Name of the view');
  return (
    <input
      autoFocus
      className="jp-Labdeck-input"
      aria-label={label}
      placeholder={label}
      maxLength={200}
      value={props.name}
      onFocus={event => event.target.select()}
      onChange={event => props.onName(event.target.value)}
    />
  );
}

/** The trials of the experiment, to be taken into the comparison or out of it. */
function TrialPicker(props: IPageProps): React.ReactElement {
  const { model, trans } = props;
  const [others, setOthers] = React.useState<readonly TrialRecord[]>([]);
  const experiment = model.facts[0]?.trial.experiment_id;
  const load = (): void => {
    if (experiment) {
      // A list that cannot be read leaves the trials that are compared; the page says why elsewhere.
      model.client.trials(experiment, 0, MOST_TRIALS).then(
        page => setOthers(page.trials),
        () => setOthers([])
      );
    }
  };
  const known = new Map<string, IChoice>();
  for (const trial of [...model.facts.map(f => f.trial), ...others]) {
    known.set(trial.id, {
      id: trial.id,
      label: trial.name,
      colour: trialColour(trial.number)
    });
  }
  return (
    <Picker
      label={trans.__('Trials')}
      choices={[...known.values()]}
      chosen={new Set(model.trials)}
      onChange={ids => model.setTrials(ids)}
      onOpen={load}
      trans={trans}
    />
  );
}
