/** The box that narrows the tree. */
import { InputGroup, ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { useSignal } from '../parts/useSignal';
import type { ExperimentsModel } from './model';

/** Filters by name. */
export class FilterBox extends ReactWidget {
  constructor(model: ExperimentsModel, trans: TranslationBundle) {
    super();
    this.#model = model;
    this.#trans = trans;
    this.addClass('jp-Labdeck-filter');
  }

  /** Put the focus into the box. */
  focus(): void {
    this.node.querySelector('input')?.focus();
  }

  protected override render(): React.ReactElement {
    return <Box model={this.#model} trans={this.#trans} />;
  }

  readonly #model: ExperimentsModel;
  readonly #trans: TranslationBundle;
}

function Box(props: {
  model: ExperimentsModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const [text, setText] = React.useState(model.filter);
  const { filter } = model;
  React.useEffect(() => setText(filter), [filter]);
  const change = (value: string): void => {
    setText(value);
    model.filter = value;
  };
  return (
    <InputGroup
      type="search"
      aria-label={trans.__('Filter by name')}
      placeholder={trans.__('Filter by name')}
      rightIcon="ui-components:search"
      value={text}
      onChange={event => change(event.currentTarget.value)}
      onKeyDown={event => {
        if (event.key === 'Escape' && text !== '') {
          change('');
          event.stopPropagation();
        } else if (event.key === 'ArrowDown') {
          event.preventDefault();
          const sidebar = event.currentTarget.closest('.jp-Labdeck-sidebar');
          sidebar?.querySelector<HTMLElement>('.jp-Labdeck-list')?.focus();
        }
      }}
    />
  );
}
