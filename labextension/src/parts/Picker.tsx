import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Popup } from './Popup';

/** One thing that can be chosen. */
export interface IChoice {
  id: string;
  label: string;
  /** A colour that stands for it elsewhere. */
  colour?: string;
}

/** What a picker needs from whoever shows it. */
export interface IPickerProps {
  label: string;
  choices: readonly IChoice[];
  chosen: ReadonlySet<string>;
  onChange: (chosen: Set<string>) => void;
  /** Called when the list opens, to fetch what it shows. */
  onOpen?: () => void;
  trans: TranslationBundle;
}

/** Lists longer than this get a filter. */
const FILTER_FROM = 8;
/** More than this many lines are narrowed by the filter rather than shown. */
const MOST_LINES = 200;

/** A button that opens a list of check boxes. */
export function Picker(props: IPickerProps): React.ReactElement {
  const { label, chosen, choices } = props;
  const count = choices.filter(choice => chosen.has(choice.id)).length;
  return (
    <Popup
      label={label}
      count={props.trans.__('%1 of %2', count, choices.length)}
      onOpen={props.onOpen}
    >
      {() => <PickerList {...props} />}
    </Popup>
  );
}

function PickerList(props: IPickerProps): React.ReactElement {
  const { choices, chosen, onChange, trans } = props;
  const [filter, setFilter] = React.useState('');
  const needle = filter.trim().toLowerCase();
  const matching = choices.filter(choice =>
    choice.label.toLowerCase().includes(needle)
  );
  const ids = matching.map(choice => choice.id);
  return (
    <>
      {choices.length > FILTER_FROM && (
        <input
          type="search"
          autoFocus
          className="jp-Labdeck-input"
          placeholder={trans.__('Filter')}
          aria-label={trans.__('Filter')}
          value={filter}
          onChange={event => setFilter(event.target.value)}
        />
      )}
      <div className="jp-Labdeck-picker-bar">
        <PickerLink
          label={trans.__('All')}
          onClick={() => onChange(new Set([...chosen, ...ids]))}
        />
        <PickerLink
          label={trans.__('None')}
          onClick={() => onChange(without(chosen, ids))}
        />
      </div>
      <PickerLines {...props} choices={matching} />
    </>
  );
}

function PickerLines(props: IPickerProps): React.ReactElement {
  const { choices, chosen, onChange, trans } = props;
  return (
    <div
      className="jp-Labdeck-picker-choices"
      role="group"
      aria-label={props.label}
    >
      {choices.slice(0, MOST_LINES).map(choice => (
        <PickerLine
          key={choice.id}
          choice={choice}
          checked={chosen.has(choice.id)}
          onChange={on =>
            onChange(
              on
                ? new Set([...chosen, choice.id])
                : without(chosen, [choice.id])
            )
          }
        />
      ))}
      {choices.length > MOST_LINES && (
        <p>{trans.__('and %1 more', choices.length - MOST_LINES)}</p>
      )}
      {choices.length === 0 && <p>{trans.__('Nothing matches.')}</p>}
    </div>
  );
}

function without(
  chosen: ReadonlySet<string>,
  ids: readonly string[]
): Set<string> {
  const rest = new Set(chosen);
  ids.forEach(id => rest.delete(id));
  return rest;
}

function PickerLink(props: {
  label: string;
  onClick: () => void;
}): React.ReactElement {
  return (
    <button type="button" className="jp-Labdeck-link" onClick={props.onClick}>
      {props.label}
    </button>
  );
}

function PickerLine(props: {
  choice: IChoice;
  checked: boolean;
  onChange: (on: boolean) => void;
}): React.ReactElement {
  const { choice } = props;
  return (
    <label className="jp-Labdeck-picker-line" title={choice.label}>
      <input
        type="checkbox"
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />
      {choice.colour && <Swatch colour={choice.colour} />}
      <span>{choice.label}</span>
    </label>
  );
}

/** A trial's colour as a small square. */
export function Swatch(props: { colour: string }): React.ReactElement {
  return (
    <span
      className="jp-Labdeck-swatch"
      style={{ background: props.colour }}
      aria-hidden="true"
    />
  );
}
