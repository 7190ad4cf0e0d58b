/** The search box: a query, what completes it, what is wrong with it, and its help. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { InputGroup, ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useSignal } from '../parts/useSignal';
import { Help } from './help';
import type { ISuggestion, SearchModel } from './model';
import { QueryError } from './queryError';

/** What a box needs. */
export interface IBoxProps {
  model: SearchModel;
  trans: TranslationBundle;
  /** Puts the focus into what is searched. */
  onLeave: () => void;
  /** Buttons beside the box. */
  children?: React.ReactNode;
}

/** The box as a widget. */
export class SearchBox extends ReactWidget {
  constructor(props: IBoxProps, buttons: () => React.ReactNode) {
    super();
    this.#props = props;
    this.#buttons = buttons;
    this.addClass('jp-Labdeck-searchbox');
  }

  /** Put the focus into the box. */
  focus(): void {
    this.node.querySelector('input')?.focus();
  }

  protected override render(): React.ReactElement {
    return <Box {...this.#props}>{this.#buttons()}</Box>;
  }

  readonly #props: IBoxProps;
  readonly #buttons: () => React.ReactNode;
}

function Box(props: IBoxProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const id = React.useId();
  const { root, take } = useTaking(model);
  const open = model.suggestions.length > 0;
  const problem = open ? null : model.problem;
  return (
    <div
      ref={root}
      onBlur={event => {
        if (!event.currentTarget.contains(event.relatedTarget)) {
          model.closeSuggestions();
        }
      }}
    >
      <div className="jp-Labdeck-searchbar">
        <Input {...props} id={id} isWrong={problem !== null} take={take} />
        {props.children}
      </div>
      {open && <Suggestions id={id} model={model} trans={trans} take={take} />}
      {problem && <QueryError id={`${id}-error`} error={problem} {...props} />}
      {model.help && <Help {...props} />}
    </div>
  );
}

/** Putting a suggestion into the box, with the cursor behind it. */
function useTaking(model: SearchModel): {
  root: React.RefObject<HTMLDivElement>;
  take: (suggestion: ISuggestion) => void;
} {
  const root = React.useRef<HTMLDivElement>(null);
  const cursor = React.useRef<number | null>(null);
  React.useLayoutEffect(() => {
    const input = root.current?.querySelector('input');
    if (cursor.current !== null && input) {
      input.setSelectionRange(cursor.current, cursor.current);
      cursor.current = null;
    }
  });
  const take = (suggestion: ISuggestion): void => {
    cursor.current = model.take(suggestion);
    root.current?.querySelector('input')?.focus();
  };
  return { root, take };
}

function Input(
  props: IBoxProps & {
    id: string;
    isWrong: boolean;
    take: (suggestion: ISuggestion) => void;
  }
): React.ReactElement {
  const { id, model, trans, isWrong } = props;
  const open = model.suggestions.length > 0;
  const current = model.current >= 0 ? `${id}-${model.current}` : undefined;
  return (
    <InputGroup
      type="search"
      role="combobox"
      aria-label={trans.__('Search trials')}
      aria-expanded={open}
      aria-controls={open ? id : undefined}
      aria-autocomplete="list"
      aria-activedescendant={current}
      aria-invalid={isWrong}
      aria-describedby={isWrong ? `${id}-error` : undefined}
      autoComplete="off"
      spellCheck={false}
      placeholder={trans.__('Name or query')}
      rightIcon="ui-components:search"
      value={model.text}
      onChange={event => {
        const { value, selectionStart } = event.currentTarget;
        model.type(value, selectionStart ?? value.length);
      }}
      onFocus={() => {
        if (model.text === '') {
          void model.suggest(0);
        }
      }}
      onKeyDown={event => onKey(props, event, props.take)}
    />
  );
}

function Suggestions(props: {
  id: string;
  model: SearchModel;
  trans: TranslationBundle;
  take: (suggestion: ISuggestion) => void;
}): React.ReactElement {
  const { id, model, trans } = props;
  const current = React.useRef<HTMLLIElement>(null);
  React.useLayoutEffect(() => {
    current.current?.scrollIntoView({ block: 'nearest' });
  });
  return (
    <ul
      id={id}
      className="jp-Labdeck-suggestions"
      role="listbox"
      aria-label={trans.__('Suggestions')}
    >
      {model.suggestions.map((suggestion, index) => (
        <li
          key={suggestion.text}
          ref={index === model.current ? current : undefined}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === model.current}
          title={suggestion.text}
          // The box keeps the focus.
          onPointerDown={event => event.preventDefault()}
          onClick={() => props.take(suggestion)}
        >
          <code>{suggestion.text}</code>
          <span className="jp-Labdeck-faint">
            {kindLabel(suggestion.kind, trans)}
          </span>
        </li>
      ))}
    </ul>
  );
}

function kindLabel(
  kind: ISuggestion['kind'],
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'field':
      return trans.__('field');
    case 'operator':
      return trans.__('operator');
    case 'keyword':
      return trans.__('keyword');
    case 'value':
      return trans.__('value');
    case 'recent':
      return trans.__('recent');
  }
}

function onKey(
  props: IBoxProps,
  event: React.KeyboardEvent<HTMLInputElement>,
  take: (suggestion: ISuggestion) => void
): void {
  const { model } = props;
  const { suggestions, current, text } = model;
  const open = suggestions.length > 0;
  const chosen = suggestions[Math.max(0, current)];
  const actions = new Map<string, () => void>();
  if (open) {
    actions.set('ArrowDown', () => (model.current = current + 1));
    actions.set('ArrowUp', () => (model.current = current - 1));
    actions.set('Escape', () => model.closeSuggestions());
    actions.set('Tab', () => take(chosen));
  } else {
    actions.set('ArrowDown', props.onLeave);
    if (text !== '' || model.help) {
      actions.set('Escape', () => model.clear());
    }
  }
  actions.set('Enter', () => {
    if (open && current >= 0) {
      take(chosen);
    } else {
      model.closeSuggestions();
      model.remember();
    }
  });
  if (text === '') {
    actions.set('?', () => (model.help = !model.help));
  }
  if (event.key === ' ' && event.ctrlKey) {
    actions.set(
      ' ',
      () => void model.suggest(event.currentTarget.selectionStart ?? 0)
    );
  }
  const action =
    event.shiftKey && event.key === 'Tab' ? null : actions.get(event.key);
  if (action && !event.nativeEvent.isComposing) {
    event.preventDefault();
    event.stopPropagation();
    action();
  }
}
