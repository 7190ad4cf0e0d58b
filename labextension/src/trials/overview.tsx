import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Editable } from '../parts/Editable';
import { formatDuration, formatTime } from '../parts/format';
import { Empty } from '../parts/Notes';
import { StateIcon } from '../parts/StateIcon';
import type { ComponentRecord, TrialDetail } from '../wire';
import { captureOf, type TrialModel } from './model';
import { type IOpenTrials, Parts } from './relatives';
import { Metrics, Params } from './tables';

/** What the faces of a trial's page share. */
export interface ITrialFaceProps {
  model: TrialModel;
  detail: TrialDetail;
  /** The time now, in seconds since 1970. */
  now: number;
  trans: TranslationBundle;
}

/** What went in, what came out, what people say about it, and why it failed if it did. */
export function Overview(
  props: ITrialFaceProps & IOpenTrials
): React.ReactElement {
  const { detail, trans } = props;
  return (
    <div className="jp-Labdeck-overview">
      <Failure {...props} />
      <section>
        <h3>{trans.__('Metrics')}</h3>
        {detail.metrics.length > 0 ? (
          <Metrics {...props} />
        ) : (
          <Empty text={trans.__('No metric has been logged yet.')} />
        )}
      </section>
      <section>
        <h3>{trans.__('Parameters')}</h3>
        {detail.params.length > 0 ? (
          <Params {...props} />
        ) : (
          <Empty text={trans.__('No parameters were logged.')} />
        )}
      </section>
      <section>
        <h3>{trans.__('Note')}</h3>
        <Editable
          label={trans.__('Edit the note (Ctrl+Enter saves)')}
          value={detail.trial.note}
          placeholder={trans.__('Add a note')}
          multiline
          onSave={note => void props.model.annotate(note)}
        />
        <h3>{trans.__('Tags')}</h3>
        <Tags {...props} />
      </section>
      {detail.children.length > 0 && (
        <section>
          <h3>{trans.__('Parts of this trial')}</h3>
          <Parts {...props} />
        </section>
      )}
      {detail.components.length > 0 && (
        <section>
          <h3>{trans.__('Components')}</h3>
          <Timeline {...props} />
        </section>
      )}
    </div>
  );
}

function Failure(props: ITrialFaceProps): React.ReactElement | null {
  const { detail, trans } = props;
  const traceback = captureOf(detail, 'error')?.text('traceback') ?? '';
  const { incomplete, state } = detail.trial;
  if (!traceback && !incomplete && state !== 'crashed') {
    return null;
  }
  return (
    <section className="jp-Labdeck-failure" role="alert">
      {incomplete && (
        <p>{trans.__('Facts of this trial are missing: %1', incomplete)}</p>
      )}
      {state === 'crashed' && (
        <p>
          {trans.__(
            'The process that wrote this trial ended without saying so. What it had logged is here.'
          )}
        </p>
      )}
      {traceback && (
        <pre tabIndex={0} aria-label={trans.__('Traceback')}>
          {traceback}
        </pre>
      )}
    </section>
  );
}

function Tags(props: ITrialFaceProps): React.ReactElement {
  const { detail, model, trans } = props;
  const [text, setText] = React.useState('');
  const add = (event: React.FormEvent): void => {
    event.preventDefault();
    const [key, ...rest] = text.split('=');
    if (key.trim()) {
      void model.setTag(key.trim(), rest.join('=').trim());
      setText('');
    }
  };
  return (
    <ul className="jp-Labdeck-tags">
      {Object.entries(detail.trial.tags).map(([key, value]) => (
        <li key={key} className="jp-Labdeck-tag">
          <span>{value ? `${key} = ${value}` : key}</span>
          <button
            type="button"
            aria-label={trans.__('Remove the tag %1', key)}
            onClick={() => void model.removeTag(key)}
          >
            ✕
          </button>
        </li>
      ))}
      <li>
        <form onSubmit={add}>
          <input
            className="jp-Labdeck-input"
            value={text}
            placeholder={trans.__('key = value')}
            aria-label={trans.__('Add a tag: key = value, then Enter')}
            onChange={event => setText(event.target.value)}
          />
        </form>
      </li>
    </ul>
  );
}

/** When each component ran within the trial, as bars on one scale. */
function Timeline(props: ITrialFaceProps): React.ReactElement {
  const { detail, now } = props;
  const start = detail.trial.started;
  const end = Math.max(
    detail.trial.ended ?? now,
    ...detail.components.map(component => component.ended ?? now)
  );
  const share = (time: number): number =>
    end > start ? Math.min(1, Math.max(0, (time - start) / (end - start))) : 0;
  return (
    <ul className="jp-Labdeck-timeline">
      {detail.components.map(component => (
        <TimelineRow
          key={component.name}
          {...props}
          component={component}
          from={share(component.started)}
          to={share(component.ended ?? now)}
        />
      ))}
    </ul>
  );
}

function TimelineRow(
  props: ITrialFaceProps & {
    component: ComponentRecord;
    from: number;
    to: number;
  }
): React.ReactElement {
  const { component, from, to, now, trans } = props;
  const duration = formatDuration((component.ended ?? now) - component.started);
  return (
    <li>
      <StateIcon state={component.state} trans={trans} />
      <span className="jp-Labdeck-timeline-name" title={component.name}>
        {component.name}
      </span>
      <span
        className="jp-Labdeck-timeline-track"
        title={formatTime(component.started)}
      >
        <span
          className="jp-Labdeck-timeline-bar"
          data-state={component.state}
          style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }}
        />
      </span>
      <span className="jp-Labdeck-timeline-time">{duration}</span>
      {component.error && <pre tabIndex={0}>{component.error}</pre>}
    </li>
  );
}
