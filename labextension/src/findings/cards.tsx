/** Findings of one trial with everything that is known of them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatAge, formatCount, formatTime } from '../parts/format';
import { Empty } from '../parts/Notes';
import { SeverityIcon } from '../parts/SeverityIcon';
import { useSteadyRows } from '../parts/steady';
import type { ActionRecord, FindingRecord } from '../wire';
import type { IFindingActions } from './actions';
import type { WatchModel } from './model';
import { firstStepText, measured, stepText } from './words';

interface ICardsProps extends IFindingActions {
  model: WatchModel;
  /** The time now, in seconds since 1970. */
  now: number;
  trans: TranslationBundle;
}

/** The findings, newest first; they keep their places while the reader is among them. */
export function FindingCards(props: ICardsProps): React.ReactElement {
  const { model, trans } = props;
  const { feed } = model;
  const shown = feed.findings.slice(0, model.shown);
  const steady = useSteadyRows(shown, one => one.id, String(model.shown));
  if (feed.findings.length === 0) {
    return <Empty text={trans.__('No rule has found anything.')} />;
  }
  return (
    <>
      <ul className="jp-Labdeck-cards" {...steady.watch}>
        {steady.rows.map(finding => (
          <FindingCard key={finding.id} finding={finding} {...props} />
        ))}
      </ul>
      {shown.length < feed.total && (
        <button
          type="button"
          className="jp-Labdeck-link"
          onClick={() => model.showMore()}
        >
          {trans.__(
            'Show more (%1 of %2 shown)',
            formatCount(shown.length),
            formatCount(feed.total)
          )}
        </button>
      )}
    </>
  );
}

function FindingCard(
  props: ICardsProps & { finding: FindingRecord }
): React.ReactElement {
  const { finding, now, trans } = props;
  return (
    <li
      className={`jp-Labdeck-card${finding.dismissed ? ' jp-mod-dismissed' : ''}`}
      data-severity={finding.severity}
      aria-label={`${finding.rule}, ${stepText(finding, trans)}`}
    >
      <div className="jp-Labdeck-card-head">
        <SeverityIcon severity={finding.severity} trans={trans} />
        <strong title={finding.rule}>{finding.rule}</strong>
        <span>{stepText(finding, trans)}</span>
        {finding.count > 1 && (
          <span title={trans.__('how often it was found')}>
            ×{formatCount(finding.count)}
          </span>
        )}
        <span className="jp-Labdeck-spacer" />
        {finding.dismissed && <span>{trans.__('dismissed')}</span>}
        <span title={formatTime(finding.time)}>
          {trans.__('%1 ago', formatAge(now - finding.time))}
        </span>
      </div>
      <p>{finding.message}</p>
      {finding.remedy !== '' && (
        <p className="jp-Labdeck-card-remedy">{finding.remedy}</p>
      )}
      <Judged {...props} />
      <Actions actions={finding.actions} trans={trans} />
      <Buttons {...props} />
    </li>
  );
}

/** The tensor, the number and the line of source. */
function Judged(
  props: ICardsProps & { finding: FindingRecord }
): React.ReactElement | null {
  const { finding, trans } = props;
  const { tensor, origin, value, threshold } = finding;
  const exact = [value, threshold].filter(n => n !== null).map(String);
  const number = measured(finding);
  if (tensor === '' && origin === '' && number === '') {
    return null;
  }
  return (
    <dl className="jp-Labdeck-facts">
      {tensor !== '' && (
        <>
          <dt>{trans.__('tensor')}</dt>
          <dd>
            <code>{tensor}</code>
          </dd>
        </>
      )}
      {number !== '' && (
        <>
          <dt>
            {threshold === null
              ? trans.__('value')
              : trans.__('value, threshold')}
          </dt>
          <dd title={exact.join(', ')}>{number}</dd>
        </>
      )}
      {origin !== '' && (
        <>
          <dt>{trans.__('origin')}</dt>
          <dd>
            <code>{origin}</code>
          </dd>
        </>
      )}
    </dl>
  );
}

/** What was done because of it. */
function Actions(props: {
  actions: readonly ActionRecord[];
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { actions, trans } = props;
  return actions.length === 0 ? null : (
    <ul className="jp-Labdeck-card-actions" aria-label={trans.__('Actions')}>
      {actions.map((action, index) => (
        <li key={index} title={formatTime(action.time)}>
          <span aria-hidden="true">{action.done ? '✓' : '✕'}</span>{' '}
          <strong>{action.name}</strong>{' '}
          {action.message !== ''
            ? action.message
            : action.done
              ? trans.__('done')
              : trans.__('failed')}
        </li>
      ))}
    </ul>
  );
}

function Buttons(
  props: ICardsProps & { finding: FindingRecord }
): React.ReactElement {
  const { finding, trans } = props;
  return (
    <div className="jp-Labdeck-card-bar">
      {props.canOpen() && (
        <button
          type="button"
          className="jp-Labdeck-link"
          onClick={() => props.onOpen(finding)}
        >
          {trans.__('Tensors at %1', firstStepText(finding, trans))}
        </button>
      )}
      {props.canOpen() && finding.recording !== '' && (
        <button
          type="button"
          className="jp-Labdeck-link"
          onClick={() => props.onOpenRecording(finding)}
        >
          {trans.__('Play the flight recording')}
        </button>
      )}
      <button
        type="button"
        className="jp-Labdeck-link"
        onClick={() => props.onDismiss([finding.id], !finding.dismissed)}
      >
        {finding.dismissed ? trans.__('Take back') : trans.__('Dismiss')}
      </button>
    </div>
  );
}
