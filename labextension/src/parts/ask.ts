/** Dialogs that ask for a line or a text. */
import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

/** Ask for one line; null if the reader thinks better of it or leaves it empty. */
export async function askLine(
  title: string,
  label: string,
  ok: string
): Promise<string | null> {
  const answer = await InputDialog.getText({ title, label, okLabel: ok });
  const text = answer.value?.trim() ?? '';
  return answer.button.accept && text !== '' ? text : null;
}

/** Ask for a text of several lines, with a hint above it; null if the reader thinks better of it. */
export async function askText(
  title: string,
  text: string,
  trans: TranslationBundle,
  hint = ''
): Promise<string | null> {
  const body = new TextBody(title, text, hint);
  const answer = await showDialog({
    title,
    body,
    focusNodeSelector: 'textarea',
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Save') })
    ]
  });
  return answer.button.accept ? answer.value : null;
}

class TextBody extends Widget implements Dialog.IBodyWidget {
  constructor(label: string, text: string, hint: string) {
    super();
    this.addClass('jp-Labdeck-text');
    this.#area.value = text;
    this.#area.rows = 8;
    this.#area.className = 'jp-mod-styled';
    this.#area.setAttribute('aria-label', label);
    // Enter would close the dialog.
    this.#area.addEventListener('keydown', event => {
      if (event.key === 'Enter') {
        event.stopPropagation();
      }
    });
    if (hint !== '') {
      const line = document.createElement('p');
      line.className = 'jp-Labdeck-faint';
      line.textContent = hint;
      this.node.append(line);
    }
    this.node.append(this.#area);
  }

  getValue(): string {
    return this.#area.value;
  }

  readonly #area = document.createElement('textarea');
}
