import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { AnyEvent } from '../../../labextension/src/tokens';
import { readBody } from '../../../labextension/src/views/body';
import { ViewsModel } from '../../../labextension/src/views/list';
import { id, PagesServer } from '../pagesServer';

describe('saved views', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are kept, replaced by name, listed live and forgotten', async () => {
    const server = new PagesServer();
    const views = new ViewsModel(server.client);
    const other = new ViewsModel(server.client);
    await vi.advanceTimersByTimeAsync(300);
    const body = readBody({ tab: 'curves', trials: [id(1)] });
    const saved = await views.save('lr', id(1000), body);
    const elsewhere = await views.save('lr', null, body);
    expect(elsewhere.id).not.toBe(saved.id);
    const again = await views.save('lr', id(1000), { ...body, tab: 'box' });
    expect(again.id).toBe(saved.id);
    expect(views.views).toHaveLength(2);
    expect(readBody(views.get(saved.id)?.body).tab).toBe('box');

    expect(other.views).toHaveLength(0);
    server.tell({ event: 'views-changed', seq: 5, time: 1 });
    await vi.advanceTimersByTimeAsync(300);
    expect(other.views).toHaveLength(2);

    await views.remove(saved.id);
    expect(views.get(saved.id)).toBeNull();
    await views.put(again);
    expect(await other.find(again.id)).toEqual(again);
  });

  it('are read again when their experiment was deleted or restored, and not at every trial', async () => {
    const server = new PagesServer();
    const views = new ViewsModel(server.client);
    await vi.advanceTimersByTimeAsync(1000);
    const before = server.count('views');
    const tell = async (deleted: number | null): Promise<number> => {
      const experiment = { id: id(1000), deleted };
      const event = {
        event: 'experiment-changed',
        seq: 1,
        time: 1,
        experiment
      };
      server.tell(event as AnyEvent);
      await vi.advanceTimersByTimeAsync(300);
      return server.count('views') - before;
    };
    expect(await tell(null)).toBe(0);
    expect(await tell(3)).toBe(1);
    expect(await tell(null)).toBe(2);
    expect(await tell(null)).toBe(2);
    views.dispose();
  });

  it('keep the last list known when it cannot be read', async () => {
    const server = new PagesServer();
    const views = new ViewsModel(server.client);
    await views.save('a', null, readBody({}));
    server.failures.set('views', {
      status: 503,
      body: { code: 'store-busy', message: 'the store is busy', remedy: '' }
    });
    await views.find('none');
    expect(views.error?.code).toBe('store-busy');
    expect(views.views).toHaveLength(1);
    views.dispose();
  });
});
