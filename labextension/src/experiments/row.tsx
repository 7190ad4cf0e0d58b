/** One line of the tree. */
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretRightIcon,
  type LabIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import {
  formatAge,
  formatCount,
  formatDuration,
  formatNumber,
  formatTime
} from '../parts/format';
import { archiveIcon } from '../parts/icons';
import { describeError } from '../parts/Notes';
import { trialColour } from '../parts/palette';
import { Sparkline } from '../parts/Sparkline';
import { StateIcon, stateLabel } from '../parts/StateIcon';
import type { ExperimentRecord, TrialRecord } from '../wire';
import type { ExperimentsModel } from './model';
import type { Row } from './rows';
import { tagText } from './tags';

/** What every line is drawn from. */
export interface IRowContext {
  model: ExperimentsModel;
  trans: TranslationBundle;
  /** The time in seconds since 1970. */
  now: number;
  /** Gives an experiment or trial another name. */
  rename: (id: string, name: string) => void;
  /** How many open findings a trial has. */
  found: (trial: string) => number;
}

/** The cells of a line. */
export function RowCells(
  props: IRowContext & { row: Row }
): React.ReactElement {
  const { row, trans, model } = props;
  switch (row.kind) {
    case 'experiment':
      return <ExperimentCells {...props} row={row} />;
    case 'trial':
      return <TrialCells {...props} row={row} />;
    case 'component': {
      const { component } = row;
      const end = component.ended ?? props.now;
      return (
        <>
          <StateIcon state={component.state} trans={trans} />
          <Name text={component.name} hover={component.error} />
          <span className="jp-Labdeck-age">
            {formatDuration(end - component.started)}
          </span>
        </>
      );
    }
    case 'pending':
      return <span className="jp-Labdeck-skeleton-row" />;
    case 'nothing':
      return (
        <span className="jp-Labdeck-faint">
          {row.below === 'trial'
            ? trans.__('No components')
            : trans.__('No trials yet')}
        </span>
      );
    case 'failed': {
      const { message, remedy } = describeError(row.error, trans);
      return (
        <>
          <span className="jp-Labdeck-name jp-mod-error" title={remedy}>
            {message}
          </span>
          <button
            className="jp-Labdeck-link"
            onClick={() => model.retry(row.of)}
          >
            {trans.__('Retry')}
          </button>
        </>
      );
    }
  }
}

function ExperimentCells(
  props: IRowContext & { row: Row & { kind: 'experiment' } }
): React.ReactElement {
  const { row, trans, model } = props;
  const { running, archived } = row.experiment;
  return (
    <>
      <Caret {...props} />
      <EditableName
        {...props}
        text={row.experiment.name}
        hover={experimentHover(row.experiment, trans)}
      />
      {archived && <Archived trans={trans} />}
      <Count
        experiment={row.experiment}
        found={row.found}
        archived={model.mirror.lists.listing.archived}
        trans={trans}
      />
      {running > 0 && (
        <span
          className="jp-Labdeck-running"
          aria-label={trans._n('%1 running', '%1 running', running, running)}
          title={trans._n('%1 running', '%1 running', running, running)}
        >
          ●{formatCount(running)}
        </span>
      )}
    </>
  );
}

/** How many trials there are, and how many of them match. */
function Count(props: {
  experiment: ExperimentRecord;
  found: number | null;
  archived: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { found, trans } = props;
  const { trials, archived_trials } = props.experiment;
  const all = trials + (props.archived ? archived_trials : 0);
  const label =
    found === null
      ? trans._n('%1 trial', '%1 trials', all, formatCount(all))
      : trans.__('%1 of %2 trials match', formatCount(found), formatCount(all));
  return (
    <span className="jp-Labdeck-count" aria-label={label} title={label}>
      {found === null
        ? formatCount(all)
        : trans.__('%1 of %2', formatCount(found), formatCount(all))}
    </span>
  );
}

/** The mark of what is put away. */
function Archived(props: { trans: TranslationBundle }): React.ReactElement {
  const label = props.trans.__('archived');
  return (
    <span
      className="jp-Labdeck-archived"
      role="img"
      aria-label={label}
      title={label}
    >
      <archiveIcon.react tag={null} width="14px" height="14px" />
    </span>
  );
}

function TrialCells(
  props: IRowContext & { row: Row & { kind: 'trial' } }
): React.ReactElement {
  const { row, trans, now } = props;
  const { trial } = row;
  const { objective } = trial;
  const time = trial.ended ?? trial.started;
  return (
    <>
      <Caret {...props} />
      <StateIcon state={trial.state} trans={trans} />
      <EditableName
        {...props}
        text={trial.name}
        hover={trialHover(trial, trans)}
      />
      {trial.archived && <Archived trans={trans} />}
      <Found count={props.found(trial.id)} trans={trans} />
      {objective && (
        <>
          <Sparkline
            values={objective.spark}
            colour={trialColour(trial.number)}
          />
          <span
            className="jp-Labdeck-value"
            title={`${objective.name} ${formatNumber(objective.last)}`}
          >
            {formatNumber(objective.last)}
          </span>
        </>
      )}
      <span className="jp-Labdeck-age" title={formatTime(time)}>
        {formatAge(now - time)}
      </span>
    </>
  );
}

/** How much rules have found in a trial. */
function Found(props: {
  count: number;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { count, trans } = props;
  if (count === 0) {
    return null;
  }
  const label = trans._n(
    '%1 open finding',
    '%1 open findings',
    count,
    formatCount(count)
  );
  return (
    <span
      className="jp-Labdeck-found"
      role="img"
      aria-label={label}
      title={label}
    >
      ⚠{formatCount(count)}
    </span>
  );
}

function Caret(
  props: IRowContext & { row: Row & { kind: 'experiment' | 'trial' } }
): React.ReactElement {
  const { row, model } = props;
  const icon: LabIcon = row.open ? caretDownIcon : caretRightIcon;
  return (
    <span
      className="jp-Labdeck-caret"
      aria-hidden="true"
      onClick={event => {
        event.stopPropagation();
        model.active = row.key;
        model.toggle(row.key, !row.open);
      }}
      onDoubleClick={event => event.stopPropagation()}
    >
      <icon.react tag={null} width="16px" height="16px" />
    </span>
  );
}

function Name(props: { text: string; hover: string }): React.ReactElement {
  const hover = props.hover === '' ? props.text : props.hover;
  return (
    <span className="jp-Labdeck-name" title={hover}>
      {props.text}
    </span>
  );
}

function EditableName(
  props: IRowContext & { row: Row; text: string; hover: string }
): React.ReactElement {
  const { model, row, text, trans } = props;
  if (model.renaming !== row.key) {
    return <Name text={text} hover={props.hover} />;
  }
  const finish = (input: HTMLInputElement, keep: boolean): void => {
    if (model.renaming === row.key) {
      const list = input.closest<HTMLElement>('.jp-Labdeck-list');
      model.renaming = null;
      list?.focus();
      if (keep && input.value.trim() !== '' && input.value !== text) {
        props.rename(row.key, input.value.trim());
      }
    }
  };
  return (
    <input
      className="jp-Labdeck-rename"
      aria-label={trans.__('New name')}
      defaultValue={text}
      autoFocus
      spellCheck={false}
      onFocus={event => event.currentTarget.select()}
      onClick={event => event.stopPropagation()}
      onDoubleClick={event => event.stopPropagation()}
      onBlur={event => finish(event.currentTarget, true)}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === 'Escape') {
          event.preventDefault();
          finish(event.currentTarget, event.key === 'Enter');
        }
        event.stopPropagation();
      }}
    />
  );
}

function experimentHover(
  experiment: ExperimentRecord,
  trans: TranslationBundle
): string {
  const { name, note, tags, created } = experiment;
  const since = trans.__('Created %1', formatTime(created));
  return [name, note, tagText(tags), since]
    .filter(line => line !== '')
    .join('\n');
}

function trialHover(trial: TrialRecord, trans: TranslationBundle): string {
  const { name, note, tags, state, incomplete, objective } = trial;
  const value =
    objective && `${objective.name} ${formatNumber(objective.last)}`;
  return [
    name,
    stateLabel(state, trans),
    value ?? '',
    note,
    tagText(tags),
    incomplete
  ]
    .filter(line => line !== '')
    .join('\n');
}
