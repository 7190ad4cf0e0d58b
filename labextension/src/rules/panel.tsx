/** The section of the sidebar that shows what rules have found, newest first. */
import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  ellipsesIcon,
  PanelWithToolbar,
  ReactWidget,
  ToolbarButton
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { WATCH_CODE } from '../findings/snippet';
import { formatCount } from '../parts/format';
import { describeError, Empty, Skeleton, Snippet } from '../parts/Notes';
import { useNow } from '../parts/now';
import { useSignal } from '../parts/useSignal';
import { VirtualList } from '../parts/VirtualList';
import { CommandIDs } from '../tokens';
import type { FindingRecord } from '../wire';
import { openFindingsMenu } from './menu';
import type { FindingsModel } from './model';
import { FindingCells, rowTitle } from './row';

/** What the section is made of. */
export interface IFindingsContext {
  model: FindingsModel;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

/** The section's widget; its title carries the number of open findings and a menu. */
export class FindingsSection extends PanelWithToolbar {
  constructor(context: IFindingsContext) {
    super();
    const { commands, model, trans } = context;
    this.#context = context;
    this.#body = new Body(context);
    this.id = 'labdeck-findings';
    this.addClass('jp-Labdeck-findings');
    this.title.label = trans.__('Findings');
    const more = new ToolbarButton({
      icon: ellipsesIcon,
      tooltip: trans.__('Which findings to show'),
      onClick: () => openFindingsMenu(commands, model, more.node)
    });
    this.#badge.addClass('jp-Labdeck-badge');
    this.toolbar.addItem('open', this.#badge);
    this.toolbar.addItem('more', more);
    this.addWidget(this.#body);
    model.all.changed.connect(this.#count, this);
    this.#count();
  }

  override dispose(): void {
    this.#context.model.all.changed.disconnect(this.#count, this);
    super.dispose();
  }

  /** What can be done with the notebook in front may have changed. */
  protected override onUpdateRequest(message: Message): void {
    super.onUpdateRequest(message);
    this.#body.update();
  }

  #count(): void {
    const { model, trans } = this.#context;
    const { open } = model.all;
    const { node } = this.#badge;
    const label = trans._n(
      '%1 open finding',
      '%1 open findings',
      open,
      formatCount(open)
    );
    node.hidden = open === 0;
    node.textContent = formatCount(open);
    node.title = label;
    node.setAttribute('role', 'status');
    node.setAttribute('aria-label', label);
  }

  readonly #context: IFindingsContext;
  readonly #body: Body;
  readonly #badge = new Widget();
}

class Body extends ReactWidget {
  constructor(context: IFindingsContext) {
    super();
    this.#context = context;
    this.addClass('jp-Labdeck-findings-body');
  }

  protected override render(): React.ReactElement {
    return <Section {...this.#context} />;
  }

  readonly #context: IFindingsContext;
}

function Section(props: IFindingsContext): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const { feed, client } = model;
  if (!feed.known && (client.state === 'missing' || feed.problem)) {
    return <Failed {...props} />;
  }
  if (!feed.known) {
    return <Skeleton label={trans.__('Loading the findings')} rows={3} />;
  }
  const offline = client.state !== 'connected';
  return (
    <>
      <Waiting {...props} />
      {model.rows.length === 0 ? (
        <Nothing {...props} />
      ) : (
        <div className={`jp-Labdeck-live${offline ? ' jp-mod-offline' : ''}`}>
          <FindingList {...props} />
        </div>
      )}
      <More {...props} />
    </>
  );
}

/** The list could not be read; where the store as a whole is away, the section of experiments says what to do. */
function Failed(props: IFindingsContext): React.ReactElement {
  const { model, trans } = props;
  const { feed, client } = model;
  const problem = feed.problem ?? client.problem;
  const text = problem
    ? describeError(problem, trans).message
    : trans.__('The findings could not be read.');
  return (
    <div className="jp-Labdeck-findings-note">
      {text}{' '}
      {client.state === 'connected' && (
        <button className="jp-Labdeck-link" onClick={() => feed.refresh()}>
          {trans.__('Retry')}
        </button>
      )}
    </div>
  );
}

/** What is left out of the list, each with the way to see it. */
function Waiting(props: IFindingsContext): React.ReactElement | null {
  const { model, trans } = props;
  const { only, waiting } = model;
  if (only === null && waiting === 0) {
    return null;
  }
  return (
    <div className="jp-Labdeck-findings-bar">
      {only && (
        <>
          <span className="jp-Labdeck-name" title={only.name}>
            {trans.__('Only of %1', only.name)}
          </span>
          <button
            className="jp-Labdeck-link"
            onClick={() => {
              model.onlyCurrent = false;
            }}
          >
            {trans.__('Show all')}
          </button>
        </>
      )}
      {waiting > 0 && (
        <button className="jp-Labdeck-link" onClick={() => model.showWaiting()}>
          ↑ {trans._n('%1 new', '%1 new', waiting, formatCount(waiting))}
        </button>
      )}
    </div>
  );
}

function Nothing(props: IFindingsContext): React.ReactElement {
  const { model, commands, trans } = props;
  if (model.only !== null || model.showDismissed) {
    return (
      <div className="jp-Labdeck-findings-note">
        {trans.__('No rule has found anything.')}
      </div>
    );
  }
  const { rules, trials } = model.watchers;
  if (rules > 0) {
    return <Watched rules={rules} trials={trials} {...props} />;
  }
  const insert = commands.isEnabled(CommandIDs.insertWatch);
  return (
    <Empty
      text={trans.__(
        'Nothing found: begin the cell that trains with this, and rules watch it.'
      )}
    >
      <Snippet
        code={WATCH_CODE}
        trans={trans}
        onCopy={code => Clipboard.copyToSystem(code)}
        onInsert={
          insert
            ? () => void commands.execute(CommandIDs.insertWatch)
            : undefined
        }
      />
    </Empty>
  );
}

/** Rules watch, and all is well so far. */
function Watched({
  rules,
  trials,
  commands,
  trans
}: IFindingsContext & {
  rules: number;
  trials: readonly string[];
}): React.ReactElement {
  return (
    <div className="jp-Labdeck-findings-note" role="status">
      {trans._n(
        'Nothing found so far: %1 rule watches %2.',
        'Nothing found so far: %1 rules watch %2.',
        rules,
        trials.join(', ')
      )}{' '}
      <button
        type="button"
        className="jp-Labdeck-link"
        onClick={() => void commands.execute(CommandIDs.openRules)}
      >
        {trans.__('Show Rules')}
      </button>
    </div>
  );
}

/** There are more than are listed. */
function More(props: IFindingsContext): React.ReactElement | null {
  const { feed } = props.model;
  const { trans } = props;
  return feed.hasMore ? (
    <div className="jp-Labdeck-findings-bar">
      <span className="jp-Labdeck-name">
        {trans.__(
          '%1 of %2',
          formatCount(feed.findings.length),
          formatCount(feed.total)
        )}
      </span>
      <button className="jp-Labdeck-link" onClick={() => feed.more()}>
        {trans.__('Show older')}
      </button>
    </div>
  ) : null;
}

function FindingList(props: IFindingsContext): React.ReactElement {
  const { model, commands, trans } = props;
  const now = useNow(5000);
  const choose = (finding: FindingRecord): void => {
    model.active = finding.id;
  };
  const open = (): void => void commands.execute(CommandIDs.openFinding);
  return (
    <VirtualList
      label={trans.__('Findings')}
      isFlat
      rows={model.rows}
      rowKey={rowKey}
      rowProps={finding => rowProps(props, finding)}
      renderRow={finding => (
        <FindingCells
          finding={finding}
          trial={model.feed.trial(finding.trial_id)}
          now={now}
          trans={trans}
        />
      )}
      active={model.active}
      onMove={choose}
      onKey={(event, finding) => {
        if (event.key === 'Enter' && finding !== null) {
          event.preventDefault();
          event.stopPropagation();
          open();
        }
      }}
      onClick={(_, finding) => {
        choose(finding);
        open();
      }}
      onDoubleClick={nothing}
      onContextMenu={choose}
      onVisible={nothing}
      onEngaged={engaged => {
        model.engaged = engaged;
      }}
    />
  );
}

function nothing(): void {
  // All rows that there are have been read, and the first click has opened the finding.
}

function rowKey(finding: FindingRecord): string {
  return finding.id;
}

function rowProps(
  { model, trans }: IFindingsContext,
  finding: FindingRecord
): React.HTMLAttributes<HTMLDivElement> {
  const title = rowTitle(finding, model.feed.trial(finding.trial_id), trans);
  return {
    className: `jp-mod-finding${finding.dismissed ? ' jp-mod-dismissed' : ''}`,
    title,
    'aria-label': title,
    'aria-selected': finding.id === model.active
  };
}
