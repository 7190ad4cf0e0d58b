/** The section of the sidebar that shows experiments, their trials and components. */
import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { formatCount } from '../parts/format';
import { Empty, ErrorNote, Skeleton, Snippet } from '../parts/Notes';
import { StoreNote } from '../parts/StoreNote';
import { useSignal } from '../parts/useSignal';
import { CommandIDs, type ILabdeckClient, type IOpenFindings } from '../tokens';
import { FIRST_STEP } from './inserting';
import type { ExperimentsModel } from './model';
import { SelectionBar } from './selectionBar';
import { Tree } from './tree';

/** What the section is made of. */
export interface ISectionContext {
  model: ExperimentsModel;
  client: ILabdeckClient;
  commands: CommandRegistry;
  trans: TranslationBundle;
  /** What rules have found in the trials; null where nothing tells. */
  findings?: IOpenFindings | null;
}

/** The section's widget. */
export class ExperimentsSection extends ReactWidget {
  constructor(context: ISectionContext) {
    super();
    this.#context = context;
    this.id = 'labdeck-experiments';
    this.addClass('jp-Labdeck-experiments');
    this.title.label = context.trans.__('Experiments');
  }

  protected override render(): React.ReactElement {
    return <Section {...this.#context} />;
  }

  readonly #context: ISectionContext;
}

function Section(props: ISectionContext): React.ReactElement {
  const { model, client } = props;
  useSignal(model.changed);
  useSignal(client.stateChanged);
  if (client.state === 'missing') {
    return <Missing {...props} />;
  }
  if (client.state === 'mismatch' && client.problem) {
    return (
      <ErrorNote
        error={client.problem}
        trans={props.trans}
        onRetry={() => client.reconnect()}
      />
    );
  }
  switch (model.mirror.phase) {
    case 'loading':
      return <Skeleton label={props.trans.__('Loading experiments')} />;
    case 'failed':
      return <Failed {...props} />;
    case 'ready':
      return model.mirror.experiments.length === 0 ? (
        <FirstStep {...props} />
      ) : (
        <Content {...props} />
      );
  }
}

function Content(props: ISectionContext): React.ReactElement {
  const { model, client, trans } = props;
  const offline = client.state === 'reconnecting';
  const stale = offline || (model.searching && model.rows.length === 0);
  return (
    <>
      <StoreNote client={client} trans={trans} />
      {model.rows.length > 0 || model.searching ? (
        <div className={`jp-Labdeck-live${stale ? ' jp-mod-offline' : ''}`}>
          <Tree {...props} />
        </div>
      ) : (
        <Nothing {...props} />
      )}
      <Found model={model} trans={trans} />
      <SelectionBar {...props} />
    </>
  );
}

/** How many trials match, for eyes and screen readers. */
function Found(
  props: Pick<ISectionContext, 'model' | 'trans'>
): React.ReactElement | null {
  const { model, trans } = props;
  const { found, wanted } = model.mirror.lists;
  if (wanted === null || wanted.problem !== null) {
    return null;
  }
  const total = found?.total ?? null;
  return (
    <div className="jp-Labdeck-search" role="status">
      {model.searching || total === null ? (
        <span className="jp-Labdeck-late">{trans.__('Searching…')}</span>
      ) : (
        trans._n('%1 trial', '%1 trials', total, formatCount(total))
      )}
    </div>
  );
}

/** The tree is empty: nothing matches, or everything is put away. */
function Nothing(props: ISectionContext): React.ReactElement {
  const { model, commands, trans } = props;
  if (model.search.query.query === '') {
    return (
      <Empty text={trans.__('All experiments are archived.')}>
        <button
          className="jp-Labdeck-link"
          onClick={() => void commands.execute(CommandIDs.toggleArchived)}
        >
          {trans.__('Show archived')}
        </button>
      </Empty>
    );
  }
  const text =
    model.search.query.words === null
      ? trans.__('No trial matches the query.')
      : trans.__(
          'No experiment or trial has “%1” in its name.',
          model.search.text.trim()
        );
  const hint = model.mirror.lists.wanted?.hint ?? '';
  return (
    <Empty text={text}>
      {hint !== '' && <p>{hint}</p>}
      <button className="jp-Labdeck-link" onClick={() => model.search.clear()}>
        {trans.__('Clear the search')}
      </button>
    </Empty>
  );
}

/** An empty store: what gets you going. */
function FirstStep(props: ISectionContext): React.ReactElement {
  const { commands, trans } = props;
  const insert = commands.isEnabled(CommandIDs.insertFirstStep);
  return (
    <Empty
      text={trans.__('No experiments yet: log a first trial from a notebook.')}
    >
      <button
        className="jp-Labdeck-button jp-Button jp-mod-styled jp-mod-accept"
        onClick={() => void commands.execute(CommandIDs.firstStep)}
      >
        {trans.__('New notebook with a first step')}
      </button>
      <Snippet
        code={FIRST_STEP}
        trans={trans}
        onCopy={copy}
        onInsert={
          insert
            ? () => void commands.execute(CommandIDs.insertFirstStep)
            : undefined
        }
      />
    </Empty>
  );
}

/** The server extension does not answer: the command that fixes it. */
function Missing(props: ISectionContext): React.ReactElement | null {
  const { client, trans } = props;
  if (!client.problem) {
    return null;
  }
  return (
    <ErrorNote
      error={client.problem}
      trans={trans}
      onRetry={() => client.reconnect()}
    >
      <Snippet
        code={'pip install labdeck\njupyter server extension enable labdeck'}
        trans={trans}
        onCopy={copy}
      />
    </ErrorNote>
  );
}

function Failed(props: ISectionContext): React.ReactElement | null {
  const { model, client, trans } = props;
  const { problem } = model.mirror;
  if (!problem) {
    return null;
  }
  return (
    <ErrorNote
      error={problem}
      trans={trans}
      onRetry={() => {
        client.reconnect();
        model.mirror.refresh();
      }}
    />
  );
}

function copy(code: string): void {
  Clipboard.copyToSystem(code);
}
