import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import {
  ABSENT,
  formatCount,
  formatNumber,
  toFloat,
  type WireNumber
} from '../parts/format';
import { trialColour } from '../parts/palette';
import { SortedTable } from '../parts/SortedTable';
import { Sparkline } from '../parts/Sparkline';
import type { IColumn } from '../parts/Table';
import { orderMetrics, seriesId, seriesOf, SYSTEM } from '../readings';
import type { MetricSummary, Param, TrialDetail } from '../wire';

interface ITablesProps {
  detail: TrialDetail;
  trans: TranslationBundle;
}

/** What came out: every metric with its statistics. */
export function Metrics(props: ITablesProps): React.ReactElement {
  const { detail, trans } = props;
  return (
    <SortedTable
      label={trans.__('Metrics')}
      rows={orderMetrics(detail).filter(m => m.component !== SYSTEM)}
      rowId={metric => seriesId(seriesOf(metric))}
      columns={[
        ...nameColumns<MetricSummary>(
          trans.__('metric'),
          detail.metrics,
          trans
        ),
        {
          id: 'spark',
          label: '',
          title: trans.__('curve'),
          render: metric => (
            <Sparkline
              values={metric.spark}
              colour={trialColour(detail.trial.number)}
            />
          )
        },
        ...statistics(trans)
      ]}
    />
  );
}

function statistics(trans: TranslationBundle): IColumn<MetricSummary>[] {
  const at = (value: WireNumber, step: number): string =>
    trans.__('%1 at step %2', String(value), step);
  return [
    numberColumn(
      'last',
      trans.__('last'),
      m => m.last,
      m => at(m.last, m.last_step)
    ),
    numberColumn(
      'min',
      trans.__('min'),
      m => m.min,
      m => at(m.min, m.min_step)
    ),
    numberColumn(
      'max',
      trans.__('max'),
      m => m.max,
      m => at(m.max, m.max_step)
    ),
    numberColumn('mean', trans.__('mean'), m => m.mean),
    numberColumn('std', trans.__('std'), m => m.std),
    numberColumn('first', trans.__('first'), m => m.first),
    {
      ...numberColumn('count', trans.__('count'), m => m.count),
      render: metric => formatCount(metric.count)
    }
  ];
}

function numberColumn(
  id: string,
  label: string,
  read: (metric: MetricSummary) => WireNumber,
  hover = (metric: MetricSummary): string => String(read(metric))
): IColumn<MetricSummary> {
  return {
    id,
    label,
    numeric: true,
    value: metric => toFloat(read(metric)),
    hover,
    render: metric => formatNumber(read(metric))
  };
}

/** What went in. */
export function Params(props: ITablesProps): React.ReactElement {
  const { params } = props.detail;
  const { trans } = props;
  return (
    <SortedTable
      label={trans.__('Parameters')}
      rows={params}
      rowId={param => JSON.stringify([param.component, param.name])}
      columns={[
        ...nameColumns<Param>(trans.__('parameter'), params, trans),
        {
          id: 'value',
          label: trans.__('value'),
          numeric: params.every(param => typeof param.value === 'number'),
          value: param => param.value,
          hover: param => String(param.value),
          render: param =>
            typeof param.value === 'number'
              ? formatNumber(param.value)
              : param.value === null
                ? ABSENT
                : String(param.value)
        }
      ]}
    />
  );
}

/** The name, and before it the component if any row has one. */
function nameColumns<Row extends { name: string; component: string }>(
  label: string,
  rows: readonly Row[],
  trans: TranslationBundle
): IColumn<Row>[] {
  const component: IColumn<Row> = {
    id: 'component',
    label: trans.__('component'),
    value: row => row.component,
    hover: row => row.component,
    render: row => row.component || ABSENT
  };
  const name: IColumn<Row> = {
    id: 'name',
    label,
    value: row => row.name,
    hover: row => row.name,
    render: row => row.name
  };
  return rows.some(row => row.component) ? [name, component] : [name];
}
