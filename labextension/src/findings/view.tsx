/** What watches a trial and what was found in it. */
import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Empty, ErrorNote, Skeleton, Snippet } from '../parts/Notes';
import { useNow } from '../parts/now';
import { useSignal } from '../parts/useSignal';
import type { DebuggerDetail } from '../wire';
import type { IFindingActions } from './actions';
import { FindingCards } from './cards';
import type { WatchModel } from './model';
import { RulesCount, RulesTable } from './rulesTable';
import { WATCH_CODE } from './snippet';
import { Watch, WatchButtons } from './watches';

interface IWatchingProps extends IFindingActions {
  model: WatchModel;
  trans: TranslationBundle;
  /** Whether the rules are unfolded at first. */
  rulesOpen?: boolean;
}

/** The face of a trial's page; its model is read while it is shown. */
export function Watching(props: IWatchingProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  React.useEffect(() => {
    model.setVisible(true);
    return () => model.setVisible(false);
  }, [model]);
  const { detail, feed } = model;
  const error = model.error ?? feed.problem;
  if (detail && feed.known) {
    return <Known {...props} detail={detail} />;
  }
  return error ? (
    <ErrorNote
      error={error}
      trans={trans}
      onRetry={() => {
        model.refresh();
        feed.refresh();
      }}
    />
  ) : (
    <Skeleton label={trans.__('Loading the findings')} rows={4} />
  );
}

function Known(
  props: IWatchingProps & { detail: DebuggerDetail }
): React.ReactElement {
  const { model, detail, trans } = props;
  const now = useNow(1000);
  const { trial, watches, rules } = detail;
  if (watches.length + rules.length + model.feed.total === 0) {
    return <NotWatched trans={trans} />;
  }
  return (
    <div className="jp-Labdeck-watching">
      <WatchButtons {...props} />
      {watches.map(watch => (
        <Watch
          key={watch.name}
          watch={watch}
          runs={trial.state === 'running'}
          trans={trans}
        />
      ))}
      {rules.length > 0 && (
        <details className="jp-Labdeck-rules" open={props.rulesOpen}>
          <summary>
            {trans.__('Rules')} <RulesCount rules={rules} trans={trans} />
          </summary>
          <RulesTable {...props} rules={rules} />
        </details>
      )}
      <section>
        <h3>{trans.__('Findings')}</h3>
        <FindingCards {...props} now={now} />
      </section>
    </div>
  );
}

function NotWatched(props: { trans: TranslationBundle }): React.ReactElement {
  const { trans } = props;
  return (
    <Empty
      text={trans.__(
        'No rule watched this trial. Put this above the cell that trains:'
      )}
    >
      <Snippet
        code={WATCH_CODE}
        trans={trans}
        onCopy={code => Clipboard.copyToSystem(code)}
      />
    </Empty>
  );
}
