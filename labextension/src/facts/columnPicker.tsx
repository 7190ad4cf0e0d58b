/** Choosing the columns of a comparison: metrics by statistic, parameters, tags and the rest. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Popup } from '../parts/Popup';
import {
  type IFactColumn,
  isOptional,
  type Statistic,
  STATISTICS
} from './columns';
import { columnName, statisticName } from './labels';
import type { TableModel } from './tableModel';

interface IPickerProps {
  model: TableModel;
  trans: TranslationBundle;
}

/** More than this many lines are narrowed by the search rather than shown. */
const MOST_LINES = 200;

/** A button that opens the choice of columns. */
export function ColumnPicker(props: IPickerProps): React.ReactElement {
  const { model, trans } = props;
  const optional = model.all.filter(isOptional);
  const { chosen } = model;
  const count = optional.filter(({ id }) => chosen.has(id)).length;
  return (
    <Popup
      label={trans.__('Columns')}
      count={trans.__('%1 of %2', count, optional.length)}
      isWide
    >
      {() => <Choice {...props} optional={optional} />}
    </Popup>
  );
}

function Choice(
  props: IPickerProps & { optional: readonly IFactColumn[] }
): React.ReactElement {
  const { model, optional, trans } = props;
  const [search, setSearch] = React.useState('');
  const needle = search.trim().toLowerCase();
  const matching = optional.filter(column =>
    columnName(column, trans).toLowerCase().includes(needle)
  );
  const group = (...kinds: string[]): readonly IFactColumn[] =>
    matching.filter(({ kind }) => kinds.includes(kind));
  return (
    <>
      <div className="jp-Labdeck-columns-head">
        <input
          type="search"
          autoFocus
          className="jp-Labdeck-input"
          placeholder={trans.__('Search columns')}
          aria-label={trans.__('Search columns')}
          value={search}
          onChange={event => setSearch(event.target.value)}
        />
        <button
          type="button"
          className="jp-Labdeck-link"
          disabled={model.settings.columns === null}
          onClick={() => model.set({ columns: null })}
        >
          {trans.__('Back to the First Choice')}
        </button>
      </div>
      <div className="jp-Labdeck-columns">
        {matching.length === 0 && <p>{trans.__('Nothing matches.')}</p>}
        <Metrics {...props} matching={matching} />
        {[
          { title: trans.__('Parameters'), columns: group('param') },
          { title: trans.__('Tags'), columns: group('tag') },
          {
            title: trans.__('Trial'),
            columns: group('experiment', 'duration', 'started')
          }
        ].map(part => (
          <Lines key={part.title} {...props} {...part} />
        ))}
      </div>
    </>
  );
}

/** A line for each metric, a box for each of its statistics. */
function Metrics(
  props: IPickerProps & { matching: readonly IFactColumn[] }
): React.ReactElement | null {
  const { model, trans } = props;
  const columns = props.matching.filter(({ kind }) => kind === 'metric');
  const lines = new Map<string, IFactColumn[]>();
  for (const column of columns) {
    const key = JSON.stringify([column.component, column.name]);
    lines.set(key, [...(lines.get(key) ?? []), column]);
  }
  const statistics = STATISTICS.filter(statistic =>
    columns.some(column => column.statistic === statistic)
  );
  const { step } = model.settings;
  if (lines.size === 0) {
    return null;
  }
  return (
    <table className="jp-Labdeck-statistics">
      <thead>
        <tr>
          <th scope="col">{trans.__('Metrics')}</th>
          {statistics.map(statistic => (
            <th key={statistic} scope="col">
              <ColumnBox
                {...props}
                label={statisticName(statistic, trans, step)}
                columns={columns.filter(c => c.statistic === statistic)}
              />
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {[...lines].slice(0, MOST_LINES).map(([key, line]) => (
          <MetricLine
            key={key}
            {...props}
            line={line}
            statistics={statistics}
          />
        ))}
      </tbody>
      {lines.size > MOST_LINES && (
        <caption>{trans.__('and %1 more', lines.size - MOST_LINES)}</caption>
      )}
    </table>
  );
}

function MetricLine(
  props: IPickerProps & {
    line: readonly IFactColumn[];
    statistics: readonly Statistic[];
  }
): React.ReactElement {
  const { model, line, statistics, trans } = props;
  const { chosen } = model;
  const name = columnName(line[0], trans);
  return (
    <tr>
      <th scope="row" title={name}>
        {name}
      </th>
      {statistics.map(statistic => {
        const column = line.find(c => c.statistic === statistic);
        const word = statisticName(statistic, trans, model.settings.step);
        return (
          <td key={statistic}>
            {column && (
              <input
                type="checkbox"
                aria-label={`${name} ${word}`}
                title={`${name} ${word}`}
                checked={chosen.has(column.id)}
                onChange={event =>
                  model.choose([column.id], event.target.checked)
                }
              />
            )}
          </td>
        );
      })}
    </tr>
  );
}

/** A heading with a box for all, and a line for each column. */
function Lines(
  props: IPickerProps & { title: string; columns: readonly IFactColumn[] }
): React.ReactElement | null {
  const { columns, title, trans } = props;
  if (columns.length === 0) {
    return null;
  }
  return (
    <fieldset>
      <legend>
        <ColumnBox {...props} label={title} columns={columns} />
      </legend>
      {columns.slice(0, MOST_LINES).map(column => (
        <ColumnBox
          key={column.id}
          {...props}
          label={columnName(column, trans)}
          columns={[column]}
        />
      ))}
      {columns.length > MOST_LINES && (
        <p>{trans.__('and %1 more', columns.length - MOST_LINES)}</p>
      )}
    </fieldset>
  );
}

/** A box for one column or several; half-way where only some of them are shown. */
function ColumnBox(
  props: IPickerProps & { label: string; columns: readonly IFactColumn[] }
): React.ReactElement {
  const { model, label, columns } = props;
  const { chosen } = model;
  const count = columns.filter(({ id }) => chosen.has(id)).length;
  return (
    <label className="jp-Labdeck-picker-line" title={label}>
      <input
        type="checkbox"
        checked={count === columns.length}
        ref={box => {
          if (box) {
            box.indeterminate = count > 0 && count < columns.length;
          }
        }}
        onChange={event =>
          model.choose(
            columns.map(({ id }) => id),
            event.target.checked
          )
        }
      />
      <span>{label}</span>
    </label>
  );
}
