/** The rules over one trial: their state, parameters and cost. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ABSENT, formatCount, formatNumber } from '../parts/format';
import { SortedTable } from '../parts/SortedTable';
import type { IColumn } from '../parts/Table';
import type { RuleRecord } from '../wire';
import type { IFindingActions } from './actions';
import type { WatchModel } from './model';
import { ruleStateLabel, wishHint, wishLabel } from './words';

interface IRulesProps extends Pick<IFindingActions, 'onAsk'> {
  model: WatchModel;
  rules: readonly RuleRecord[];
  trans: TranslationBundle;
}

/** A table with one line a rule, and below it what a rule lacks or why it failed. */
export function RulesTable(props: IRulesProps): React.ReactElement {
  const { rules, model, trans } = props;
  const troubled = rules.filter(r => r.missing !== '' || r.error !== '');
  return (
    <>
      <SortedTable
        label={trans.__('Rules')}
        rows={rules}
        rowId={rule => rule.name}
        rowClass={rule => `jp-Labdeck-rule-${rule.state}`}
        columns={[
          nameColumn(trans),
          stateColumn(trans),
          ...(model.isLive ? [switchColumn(props)] : []),
          ...numberColumns(trans),
          paramsColumn(trans)
        ]}
      />
      {troubled.length > 0 && (
        <ul className="jp-Labdeck-troubles">
          {troubled.map(rule => (
            <li key={rule.name} data-state={rule.error === '' ? '' : 'failed'}>
              <strong>{rule.name}</strong>{' '}
              {rule.error === '' ? rule.missing : rule.error}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** How many rules there are in each state. */
export function RulesCount(props: {
  rules: readonly RuleRecord[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { rules, trans } = props;
  const states = STATES.map(
    state => [state, rules.filter(rule => rule.state === state).length] as const
  );
  return (
    <span className="jp-Labdeck-rulescount">
      {states
        .filter(([, count]) => count > 0)
        .map(([state, count]) => (
          <span key={state} className="jp-Labdeck-rulestate" data-state={state}>
            <span aria-hidden="true">{GLYPHS[state]}</span> {formatCount(count)}{' '}
            {ruleStateLabel(state, trans)}
          </span>
        ))}
    </span>
  );
}

const STATES: readonly RuleRecord['state'][] = [
  'firing',
  'failed',
  'watching',
  'off'
];

function nameColumn(trans: TranslationBundle): IColumn<RuleRecord> {
  return {
    id: 'name',
    label: trans.__('rule'),
    value: rule => rule.name,
    hover: rule => [rule.name, rule.description].filter(Boolean).join('\n'),
    render: rule => rule.name
  };
}

function stateColumn(trans: TranslationBundle): IColumn<RuleRecord> {
  return {
    id: 'state',
    label: trans.__('state'),
    value: rule => rule.state,
    hover: rule =>
      [ruleStateLabel(rule.state, trans), rule.missing, rule.error]
        .filter(Boolean)
        .join('\n'),
    render: rule => (
      <span className="jp-Labdeck-rulestate" data-state={rule.state}>
        <span aria-hidden="true">{GLYPHS[rule.state]}</span>{' '}
        {ruleStateLabel(rule.state, trans)}
        {rule.missing !== '' && rule.error === '' && ' …'}
      </span>
    )
  };
}

const GLYPHS: Record<RuleRecord['state'], string> = {
  watching: '○',
  firing: '▲',
  failed: '✕',
  off: '–'
};

function numberColumns(trans: TranslationBundle): IColumn<RuleRecord>[] {
  return [
    {
      id: 'findings',
      label: trans.__('findings'),
      numeric: true,
      value: rule => rule.findings,
      render: rule => formatCount(rule.findings)
    },
    {
      id: 'evaluations',
      label: trans.__('steps judged'),
      numeric: true,
      value: rule => rule.evaluations,
      render: rule => formatCount(rule.evaluations)
    },
    {
      id: 'cost',
      label: trans.__('cost'),
      detail: trans.__('ms a step'),
      numeric: true,
      value: rule => rule.cost,
      hover: rule => trans.__('%1 ms a step', String(rule.cost)),
      render: rule => (rule.evaluations > 0 ? costText(rule.cost) : ABSENT)
    }
  ];
}

/** Milliseconds with as many digits as say something. */
function costText(cost: number): string {
  return cost < 0.0005 ? '< 0.001' : formatNumber(Number(cost.toFixed(3)));
}

function paramsColumn(trans: TranslationBundle): IColumn<RuleRecord> {
  return {
    id: 'params',
    label: trans.__('parameters'),
    hover: rule => paramTexts(rule).join('\n'),
    render: rule => paramTexts(rule).join(', ') || ABSENT
  };
}

/** Name and value of each parameter that has one. */
function paramTexts(rule: RuleRecord): string[] {
  return Object.entries(rule.params)
    .filter(([, value]) => value !== null && value !== '')
    .map(
      ([name, value]) =>
        `${name} = ${typeof value === 'number' ? formatNumber(value) : String(value)}`
    );
}

function switchColumn(props: IRulesProps): IColumn<RuleRecord> {
  const { model, trans } = props;
  return {
    id: 'switch',
    label: '',
    title: trans.__('on or off'),
    hover: rule => wishHint(wishFor(rule), trans),
    render: rule => {
      const wish = wishFor(rule);
      return (
        <button
          type="button"
          className="jp-Labdeck-link"
          aria-label={`${wishLabel(wish, trans)}: ${rule.name}`}
          disabled={model.isAsked(wish, rule.name)}
          onClick={() => void ask(props, rule)}
        >
          {wishLabel(wish, trans)}
        </button>
      );
    }
  };
}

function wishFor(rule: RuleRecord): 'rule-on' | 'rule-off' {
  return rule.state === 'off' || rule.state === 'failed'
    ? 'rule-on'
    : 'rule-off';
}

async function ask(props: IRulesProps, rule: RuleRecord): Promise<void> {
  const wish = wishFor(rule);
  if (await props.onAsk(props.model.id, wish, rule.name)) {
    props.model.ask(wish, rule.name);
  }
}
