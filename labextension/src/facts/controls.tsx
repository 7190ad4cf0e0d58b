/** What stands above the table of a comparison. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { ColumnPicker } from './columnPicker';
import { columnName } from './labels';
import { DIFFERENCES, type TableModel } from './tableModel';

interface IControlsProps {
  model: TableModel;
  trans: TranslationBundle;
}

/** Columns, baseline, groups, step and filter. */
export function TableControls(props: IControlsProps): React.ReactElement {
  const { model, trans } = props;
  return (
    <div
      className="jp-Labdeck-toolbar"
      role="toolbar"
      aria-label={trans.__('Table')}
    >
      <ColumnPicker {...props} />
      <label className="jp-Labdeck-control">
        <input
          type="checkbox"
          checked={model.settings.differing}
          onChange={event => model.set({ differing: event.target.checked })}
        />
        {trans.__('differing only')}
      </label>
      <BaselineControls {...props} />
      <GroupControl {...props} />
      <StepControl {...props} />
      <input
        type="search"
        className="jp-Labdeck-input jp-Labdeck-filter"
        placeholder={trans.__('Filter trials')}
        aria-label={trans.__('Filter trials')}
        title={trans.__(
          'Words that occur in the name, the state, a tag or a parameter: sgd lr=0.1'
        )}
        value={model.settings.filter}
        onChange={event => model.set({ filter: event.target.value })}
      />
    </div>
  );
}

function BaselineControls(props: IControlsProps): React.ReactElement {
  const { model, trans } = props;
  const { baseline, difference } = model.settings;
  const words: Record<typeof difference, string> = {
    absolute: trans.__('absolute'),
    relative: trans.__('in percent'),
    both: trans.__('absolute and in percent')
  };
  return (
    <>
      <label className="jp-Labdeck-control">
        {trans.__('baseline')}
        <HTMLSelect
          value={model.baseline ? (baseline ?? '') : ''}
          onChange={event =>
            model.set({ baseline: event.target.value || null })
          }
          options={[
            { value: '', label: trans.__('none') },
            ...model.facts.map(f => ({
              value: f.trial.id,
              label: f.trial.name
            }))
          ]}
        />
      </label>
      {model.baseline && (
        <label className="jp-Labdeck-control">
          {trans.__('Δ')}
          <HTMLSelect
            aria-label={trans.__('Differences')}
            value={difference}
            onChange={event =>
              model.set({
                difference: event.target.value as typeof difference
              })
            }
            options={DIFFERENCES.map(value => ({ value, label: words[value] }))}
          />
        </label>
      )}
    </>
  );
}

function GroupControl(props: IControlsProps): React.ReactElement {
  const { model, trans } = props;
  const columns = model.all.filter(({ kind }) =>
    ['param', 'tag', 'state', 'experiment'].includes(kind)
  );
  return (
    <label className="jp-Labdeck-control">
      {trans.__('group by')}
      <HTMLSelect
        value={model.grouping?.id ?? ''}
        onChange={event => model.set({ group: event.target.value || null })}
        options={[
          { value: '', label: trans.__('none') },
          ...columns.map(column => ({
            value: column.id,
            label: columnName(column, trans)
          })),
          // A column that was grouped by from its own menu.
          ...(model.grouping && !columns.includes(model.grouping)
            ? [
                {
                  value: model.grouping.id,
                  label: columnName(model.grouping, trans)
                }
              ]
            : [])
        ]}
      />
    </label>
  );
}

function StepControl(props: IControlsProps): React.ReactElement {
  const { model, trans } = props;
  const { step } = model.settings;
  const last = Math.max(
    0,
    ...model.facts.flatMap(f => f.metrics.map(m => m.last_step))
  );
  return (
    <label
      className="jp-Labdeck-control"
      title={trans.__(
        'Show the values that the metrics had at this step; the latest step is %1',
        last
      )}
    >
      {trans.__('at step')}
      <input
        type="number"
        step={1}
        className="jp-Labdeck-input jp-Labdeck-step"
        value={step ?? ''}
        placeholder={trans.__('none')}
        onChange={event => {
          const value = event.target.valueAsNumber;
          model.setStep(Number.isSafeInteger(value) ? value : null);
        }}
      />
    </label>
  );
}
