// How fast bytes go out, from what was counted in the last seconds.

/** Seconds that the rate is taken over. */
const window = 8;
/** Seconds that are shown as a graph. */
const shown = 60;

export class Meter {
  /** Bytes of each second, the last one still growing. */
  private seconds: number[] = [];
  private current = 0;
  private started = 0;

  constructor(private readonly now: () => number = Date.now) {}

  /** Begins anew, after a pause. */
  start(): void {
    this.seconds = [];
    this.started = this.now();
    this.current = Math.floor(this.started / 1000);
    this.seconds.push(0);
  }

  add(bytes: number): void {
    this.advance();
    this.seconds[this.seconds.length - 1]! += bytes;
  }

  /** Bytes a second over the last seconds, the unfinished one with its share. */
  rate(): number {
    this.advance();
    const from = Math.max(this.started, (this.current - window + 1) * 1000);
    const elapsed = (this.now() - from) / 1000;
    if (elapsed < 0.25) return 0;
    return this.seconds.slice(-window).reduce((sum, bytes) => sum + bytes, 0) / elapsed;
  }

  /** Bytes of the whole seconds, oldest first. A second without any is there as 0. */
  history(): number[] {
    this.advance();
    return this.seconds.slice(0, -1).slice(-shown);
  }

  private advance(): void {
    const second = Math.floor(this.now() / 1000);
    const missing = Math.min(second - this.current, shown + 1);
    for (let i = 0; i < missing; i++) this.seconds.push(0);
    this.current = Math.max(second, this.current);
    if (this.seconds.length > 2 * shown) this.seconds = this.seconds.slice(-shown - 1);
  }
}
