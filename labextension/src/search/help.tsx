import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { SearchModel } from './model';

/** The search language in short; a click on an example asks it. */
export function Help(props: {
  model: SearchModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  const close = trans.__('Close the help');
  return (
    <div
      className="jp-Labdeck-searchhelp"
      role="region"
      aria-label={trans.__('How to search')}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          model.help = false;
        }
      }}
    >
      <div className="jp-Labdeck-searchhelp-head">
        <p>
          {trans.__(
            'Words find names. Anything else that is known of a trial is asked for like this:'
          )}
        </p>
        <button
          type="button"
          className="jp-Labdeck-iconbutton"
          aria-label={close}
          title={close}
          onClick={() => {
            model.help = false;
          }}
        >
          <closeIcon.react tag={null} width="16px" height="16px" />
        </button>
      </div>
      <Examples {...props} />
      <p className="jp-Labdeck-faint">
        {trans.__(
          'Statistics: .min .max .first .last .best .mean .std .count. Comparisons: = != < <= > >= ~ (contains) !~ in (…) exists. Join them with and, or, not and brackets.'
        )}
      </p>
    </div>
  );
}

function Examples(props: {
  model: SearchModel;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, trans } = props;
  return (
    <table>
      <tbody>
        {examples(trans).map(([query, meaning]) => (
          <tr key={query}>
            <td>
              <button
                type="button"
                className="jp-Labdeck-link"
                onClick={() => model.enter(query)}
              >
                <code>{query}</code>
              </button>
            </td>
            <td>{meaning}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function examples(trans: TranslationBundle): [string, string][] {
  return [
    ['metrics.loss.min < 0.1', trans.__('the lowest value of a metric')],
    ['params.lr >= 0.01', trans.__('a parameter')],
    ['params.optimizer in ("sgd", "adam")', trans.__('one of several values')],
    ['tags.team ~ "vision"', trans.__('a tag that contains a text')],
    ['state = failed', trans.__('running, completed, failed …')],
    ['started > -7d', trans.__('the last seven days; also -12h, 2026-11-01')],
    ['duration > 5m', trans.__('seconds, or 5m, 2h')],
    ['not params.lr exists', trans.__('what is missing')]
  ];
}
