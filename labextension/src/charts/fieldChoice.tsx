/** Choosing the fields of a chart. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { statisticName } from '../facts/labels';
import { Picker } from '../parts/Picker';
import {
  FIELD_STATISTICS,
  fieldText,
  type FieldStatistic,
  type IField
} from './fields';

/** A field, and which of its numbers where it is a metric. */
interface IChosen {
  field: IField;
  statistic: FieldStatistic;
}

/** What a field is called where its kind is not shown beside it. */
export function fieldName(field: IField, trans: TranslationBundle): string {
  switch (field.kind) {
    case 'duration':
      return trans.__('duration');
    case 'started':
      return trans.__('started');
    case 'number':
      return trans.__('number of the trial');
    default:
      return field.name;
  }
}

/** Return which field a text names; null for one that no trial has. */
export function findField(
  fields: readonly IField[],
  text: string
): IChosen | null {
  for (const field of fields) {
    const statistic = FIELD_STATISTICS.find(
      word => fieldText(field, word) === text
    );
    if (statistic) {
      return { field, statistic };
    }
  }
  return null;
}

/** The name of the field that a text names, with its statistic; the text itself where no trial has it. */
export function textName(
  fields: readonly IField[],
  text: string,
  trans: TranslationBundle
): string {
  const found = findField(fields, text);
  if (!found) {
    return text;
  }
  const name = fieldName(found.field, trans);
  return found.field.kind === 'metric'
    ? `${name} (${wordOf(found.statistic, trans)})`
    : name;
}

function wordOf(statistic: FieldStatistic, trans: TranslationBundle): string {
  return statisticName(statistic === 'std' ? 'deviation' : statistic, trans);
}

interface IChoiceProps {
  label: string;
  fields: readonly IField[];
  trans: TranslationBundle;
}

/** One field: which, and if it is a metric which of its numbers. */
export function FieldChoice(
  props: IChoiceProps & {
    value: string | null;
    /** Whether there may be none. */
    isOptional: boolean;
    onChange: (text: string | null) => void;
  }
): React.ReactElement {
  const { fields, label, trans, value, onChange } = props;
  const found = value === null ? null : findField(fields, value);
  const choose = (text: string): void => {
    const field = fields.find(f => f.text === text);
    // What a metric reached at best is what people compare by.
    onChange(field ? fieldText(field, found?.statistic ?? 'best') : null);
  };
  return (
    <span className="jp-Labdeck-control">
      <label className="jp-Labdeck-control">
        {label}
        <HTMLSelect
          value={found?.field.text ?? ''}
          onChange={event => choose(event.target.value)}
        >
          {(props.isOptional || !found) && (
            <option value="">
              {props.isOptional ? trans.__('none') : (value ?? '')}
            </option>
          )}
          <Options {...props} />
        </HTMLSelect>
      </label>
      {found?.field.kind === 'metric' && (
        <HTMLSelect
          aria-label={trans.__('%1: statistic', label)}
          value={found.statistic}
          onChange={event =>
            onChange(
              fieldText(found.field, event.target.value as FieldStatistic)
            )
          }
          options={FIELD_STATISTICS.map(statistic => ({
            value: statistic,
            label: wordOf(statistic, trans)
          }))}
        />
      )}
    </span>
  );
}

function Options({ fields, trans }: IChoiceProps): React.ReactElement {
  const groups: [string, readonly IField[]][] = [
    [trans.__('Parameters'), fields.filter(f => f.kind === 'param')],
    [
      trans.__('Metrics'),
      fields.filter(f => f.kind === 'metric' && !f.isSystem)
    ],
    [trans.__('System'), fields.filter(f => f.kind === 'metric' && f.isSystem)],
    [
      trans.__('Trial'),
      fields.filter(f => f.kind !== 'param' && f.kind !== 'metric')
    ]
  ];
  return (
    <>
      {groups
        .filter(([, group]) => group.length > 0)
        .map(([label, group]) => (
          <optgroup key={label} label={label}>
            {group.map(field => (
              <option key={field.text} value={field.text}>
                {fieldName(field, trans)}
              </option>
            ))}
          </optgroup>
        ))}
    </>
  );
}

/** Several fields; metrics by what they reached at best and at last. */
export function FieldsChoice(
  props: IChoiceProps & {
    values: readonly string[];
    onChange: (texts: string[]) => void;
  }
): React.ReactElement {
  const { fields, trans, values } = props;
  const texts = fields.flatMap(field =>
    field.kind === 'metric'
      ? [fieldText(field, 'best'), fieldText(field, 'last')]
      : [field.text]
  );
  const all = [...values.filter(text => !texts.includes(text)), ...texts];
  return (
    <Picker
      label={props.label}
      choices={all.map(text => ({
        id: text,
        label: textName(fields, text, trans)
      }))}
      chosen={new Set(values)}
      // The order of the axes is the order of the list: a field keeps its place.
      onChange={chosen => props.onChange(all.filter(text => chosen.has(text)))}
      trans={trans}
    />
  );
}
