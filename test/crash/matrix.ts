// The crash matrix: what each flow makes the server do is what it can die of. A first run without a crash lists a flow's
// effects; then the flow is played once for each point before and after one of them, with the server killed there
// and started again, and judged by what its phones and its application have seen in the end.
import assert from 'node:assert/strict';
import { reasonOf } from '../support/script.ts';
import { type Account, type Flow, flows, LostInvite } from './flows.ts';
import { Lane } from './lane.ts';
import { type Answer, Phone } from './phone.ts';

export interface Point {
  readonly flow: string;
  /** `before send REFER #1`. */
  readonly at: string;
}

/** What came of it: killed and all is well, or the server did not come by that point this time. */
export type Outcome = 'survived' | 'not reached';

export class Matrix {
  readonly #lane: Lane;
  readonly #phones: Phone[] = [];
  #playing: readonly Phone[] = [];

  private constructor(lane: Lane) {
    this.#lane = lane;
  }

  static async open(): Promise<Matrix> {
    const lane = await Lane.open();
    await lane.start();
    return new Matrix(lane);
  }

  /** The points of a flow, in the order in which the server comes by them. */
  async points(flow: string): Promise<readonly Point[]> {
    await this.#lane.arm('');
    await this.#play(flow, '');
    return this.#lane
      .trace()
      .filter((at) => /^(before|after) /.test(at))
      .map((at) => ({ flow, at: at.replace(/ \(.*\)$/, '') }));
  }

  async kill({ flow, at }: Point): Promise<Outcome> {
    await this.#lane.arm(at);
    let died = false;
    const restarted = this.#lane.death.then(async () => {
      died = true;
      await this.#lane.start();
      for (const phone of this.#playing) phone.losesPatience();
    });
    await this.#play(flow, at);
    // What the server has not come by until now it will not come by any more.
    await Promise.race([this.#lane.arm('').catch(() => {}), restarted]);
    if (died) await restarted;
    assert.deepEqual(this.#lane.errors(), [], `${flow}, killed ${at}: the server has logged errors`);
    return died ? 'survived' : 'not reached';
  }

  /** Whatever came late is judged now. */
  async close(): Promise<void> {
    await this.#lane.close();
    for (const phone of this.#phones) phone.close();
    assert.deepEqual(this.#faults(), []);
  }

  async #play(name: string, at: string): Promise<void> {
    const { app, sipPort } = this.#lane;
    const mine: Phone[] = [];
    this.#playing = mine;
    const phone = async (user: string, refers: readonly Answer[] = []): Promise<Phone> => {
      const opened = await Phone.open({ user, port: sipPort, refers });
      mine.push(opened);
      return opened;
    };
    try {
      const accounts = await (flows[name] as Flow)({ app, phone }).catch((error: unknown) => {
        // Nothing was promised: an INVITE whose 100 is all that came of it.
        if (error instanceof LostInvite && isBeforeFirstCommit(at)) return [];
        throw error;
      });
      for (const { call } of accounts) await app.settled(call);
      for (const account of accounts) judge(account);
      assert.deepEqual(this.#faults(mine), []);
    } catch (error) {
      const told = [`${name}, killed ${at}: ${reasonOf(error)}`, ...this.#circumstances(mine)].join('\n');
      // What was told once is not found again at the end.
      for (const { faults } of [app, ...mine]) faults.length = 0;
      throw new Error(told);
    } finally {
      this.#phones.push(...mine);
    }
  }

  #circumstances(phones: readonly Phone[]): readonly string[] {
    return [
      ...phones.map(({ user, asked, end, faults }) => [user, ...asked, end ?? 'goes on', ...faults].join(' ')),
      ...this.#lane.app.calls.slice(-3).map(({ id, story }) => `${id}: ${story}`),
      ...this.#lane.trace(),
      this.#lane.tail(),
    ];
  }

  #faults(phones: readonly Phone[] = this.#phones): readonly string[] {
    return [...this.#lane.app.faults, ...phones.flatMap(({ faults }) => faults)];
  }
}

function isBeforeFirstCommit(at: string): boolean {
  return /send 100 INVITE #1$|before commit #1$/.test(at);
}

/** What must be true in the end, whatever has happened in between. */
function judge({ call, phone, story, requests }: Account): void {
  assert.equal(call.story, story);
  assert.notEqual(phone.end, null, `${phone.user} is left hanging`);
  const counted = { REFER: 0, BYE: 0, NOTIFY: 0, INVITE: 0, ...requests };
  for (const [method, count] of Object.entries(counted)) {
    const [least, most] = typeof count === 'number' ? [count, count] : count;
    const came = phone.count(method);
    assert.ok(came >= least && came <= most, `${came} ${method} reached ${phone.user}, not ${count}`);
  }
}
