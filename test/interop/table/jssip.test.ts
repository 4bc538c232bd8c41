import { jssip } from './jssip.ts';
import { run } from './runs.ts';

run(jssip);
