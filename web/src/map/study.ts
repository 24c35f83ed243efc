// Study mode (研究态): switches tried on the screen, consequences from the server, the field untouched.
import { ask } from "../shared/api";
import type { Network } from "./network";

export interface Trace {
  dark: { units: number; households: number; kva: number; important: Important[] };
  sections: number[];
  looped: number[];
  feeders: { id: string; before: number; after: number }[];
}

export interface Important {
  usage_point: string;
  importance: string;
  bearable_min: number | null;
  life_support: boolean;
  name: string | null;
}

type Listener = (study: Study) => void;

export class Study {
  readonly moved = new Set<number>();
  trace: Trace | null = null;
  failure: unknown = null;
  busy = false;
  private readonly listeners: Listener[] = [];
  private turn = 0;

  constructor(readonly network: Network) {}

  listen(listener: Listener): void {
    this.listeners.push(listener);
  }

  closed(index: number): boolean {
    return this.network.columns.switches.closed[index]! !== this.moved.has(index);
  }

  get active(): boolean {
    return this.moved.size > 0;
  }

  /** Sections dark in the studied state but not now. */
  get dark(): Set<number> {
    return new Set(this.trace?.sections ?? []);
  }

  async toggle(...indices: number[]): Promise<void> {
    for (const index of indices) if (!this.moved.delete(index)) this.moved.add(index);
    await this.compute();
  }

  async set(wanted: { open: number[]; close: number[] }): Promise<void> {
    this.moved.clear();
    for (const index of wanted.open) if (this.network.columns.switches.closed[index]) this.moved.add(index);
    for (const index of wanted.close) if (!this.network.columns.switches.closed[index]) this.moved.add(index);
    await this.compute();
  }

  async reset(): Promise<void> {
    this.moved.clear();
    await this.compute();
  }

  changes(): { open: string[]; close: string[] } {
    const { id, closed } = this.network.columns.switches;
    const moved = [...this.moved];
    return {
      open: moved.filter((index) => closed[index]).map((index) => id[index]!),
      close: moved.filter((index) => !closed[index]).map((index) => id[index]!),
    };
  }

  private async compute(): Promise<void> {
    const turn = ++this.turn;
    this.failure = null;
    if (!this.active) {
      this.trace = null;
      return this.tell();
    }
    this.busy = true;
    this.tell();
    try {
      const trace = await ask<Trace>(`/api/networks/${encodeURIComponent(this.network.name)}/trace`, this.changes());
      if (turn === this.turn) this.trace = trace;
    } catch (error) {
      if (turn === this.turn) [this.trace, this.failure] = [null, error];
    }
    if (turn !== this.turn) return;
    this.busy = false;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener(this);
  }
}
