import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatCount, formatTime } from '../parts/format';
import { Empty, ErrorNote, Skeleton } from '../parts/Notes';
import { useSignal } from '../parts/useSignal';
import type { OutputLine } from '../wire';
import { MOST_HITS, type OutputModel } from './model';
import { type ITail, useTail } from './tail';

interface IOutputProps {
  model: OutputModel;
  trans: TranslationBundle;
}

/** What a trial printed, with search; it follows the end unless the reader has scrolled away from it. */
export function Output(props: IOutputProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  React.useEffect(() => {
    model.setVisible(true);
    return () => model.setVisible(false);
  }, [model]);
  if (model.total === null) {
    return model.error ? (
      <ErrorNote
        error={model.error}
        trans={trans}
        onRetry={() => model.refresh()}
      />
    ) : (
      <Skeleton label={trans.__('Loading the output')} />
    );
  }
  if (model.total + model.begun.length === 0) {
    return (
      <Empty text={trans.__('Nothing was printed while this trial ran.')} />
    );
  }
  return <Log {...props} />;
}

function Log(props: IOutputProps): React.ReactElement {
  const { model, trans } = props;
  const count = (model.total ?? 0) + model.begun.length;
  const tail = useTail(count, (first, last) => model.need(first, last));
  return (
    <div className="jp-Labdeck-output">
      <Finder {...props} onShow={number => tail.show(number)} />
      {model.error && (
        <ErrorNote
          error={model.error}
          trans={trans}
          onRetry={() => model.refresh()}
        />
      )}
      <div
        ref={tail.root}
        className="jp-Labdeck-output-lines"
        role="log"
        aria-label={trans.__('Output')}
        aria-live="off"
        tabIndex={0}
        onScroll={tail.onScroll}
      >
        <div style={{ height: count * tail.height }}>
          <Lines model={model} tail={tail} />
        </div>
        <div className="jp-Labdeck-output-probe" aria-hidden="true" />
      </div>
      {model.cut && (
        <p className="jp-Labdeck-notice">
          {trans.__('More was printed than is kept: the rest is missing.')}
        </p>
      )}
      {!tail.follows && (
        <button
          type="button"
          className="jp-Labdeck-output-end jp-Button jp-mod-styled jp-mod-reject"
          onClick={() => tail.show(count)}
        >
          {trans.__('Go to the end')}
        </button>
      )}
    </div>
  );
}

function Lines(props: { model: OutputModel; tail: ITail }): React.ReactElement {
  const { model, tail } = props;
  const total = model.total ?? 0;
  const lines: React.ReactElement[] = [];
  for (let number = tail.first; number <= tail.last; number++) {
    const begun = number > total ? model.begun[number - total - 1] : undefined;
    lines.push(
      <Line
        key={number}
        number={number}
        line={model.line(number) ?? begun}
        top={(number - 1) * tail.height}
        model={model}
      />
    );
  }
  return <>{lines}</>;
}

function Finder(
  props: IOutputProps & { onShow: (number: number) => void }
): React.ReactElement {
  const { model, trans, onShow } = props;
  const go = (by: 1 | -1): void => {
    const number = model.step(by);
    if (number !== null) {
      onShow(number);
    }
  };
  const search = async (text: string): Promise<void> => {
    await model.find(text);
    if (model.search === text && model.hits.length > 0) {
      onShow(model.hits[model.hit]);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.key === 'Enter') {
      go(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape' && model.search !== '') {
      event.stopPropagation();
      void search('');
    }
  };
  const name = trans.__('Search the output');
  return (
    <div className="jp-Labdeck-toolbar" role="toolbar" aria-label={name}>
      <input
        type="search"
        className="jp-Labdeck-input"
        placeholder={name}
        aria-label={name}
        value={model.search}
        onChange={event => void search(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <Step label={trans.__('Previous hit')} sign="↑" onStep={() => go(-1)} />
      <Step label={trans.__('Next hit')} sign="↓" onStep={() => go(1)} />
      <span role="status">{hitText(model, trans)}</span>
      <span className="jp-Labdeck-spacer" />
      <span>
        {trans
          ._n('%1 line', '%1 lines', model.total ?? 0)
          .replace('%1', formatCount(model.total ?? 0))}
      </span>
    </div>
  );
}

function Step(props: {
  label: string;
  sign: string;
  onStep: () => void;
}): React.ReactElement {
  return (
    <button
      type="button"
      className="jp-Labdeck-link"
      aria-label={props.label}
      title={props.label}
      onClick={props.onStep}
    >
      {props.sign}
    </button>
  );
}

function hitText(model: OutputModel, trans: TranslationBundle): string {
  if (model.search === '') {
    return '';
  }
  if (model.hits.length === 0) {
    return trans.__('no hit');
  }
  const shown = formatCount(model.hit + 1);
  return model.found > MOST_HITS
    ? trans.__(
        '%1 of the first %2 of %3 lines',
        shown,
        formatCount(MOST_HITS),
        formatCount(model.found)
      )
    : trans.__('%1 of %2 lines', shown, formatCount(model.found));
}

function Line(props: {
  number: number;
  line: OutputLine | undefined;
  top: number;
  model: OutputModel;
}): React.ReactElement {
  const { number, line, model, top } = props;
  const current = model.hit >= 0 && model.hits[model.hit] === number;
  return (
    <div
      className="jp-Labdeck-output-line"
      style={{ top }}
      data-stream={line?.stream}
      data-current={current || undefined}
      title={line && formatTime(line.time)}
    >
      <span className="jp-Labdeck-output-number" aria-hidden="true">
        {number}
      </span>
      {line?.stream === 'stderr' && (
        <span className="jp-Labdeck-output-mark">!</span>
      )}
      <Marked text={line?.text ?? '…'} search={model.search} />
    </div>
  );
}

/** A text in which what is searched for stands out. */
function Marked(props: { text: string; search: string }): React.ReactElement {
  const { text, search } = props;
  if (search === '') {
    return <span>{text}</span>;
  }
  const pieces: React.ReactNode[] = [];
  const needle = search.toLowerCase();
  const hay = text.toLowerCase();
  let at = 0;
  for (
    let next = hay.indexOf(needle);
    next >= 0;
    next = hay.indexOf(needle, at)
  ) {
    pieces.push(text.slice(at, next));
    at = next + needle.length;
    pieces.push(<mark key={next}>{text.slice(next, at)}</mark>);
  }
  return (
    <span>
      {pieces}
      {text.slice(at)}
    </span>
  );
}
