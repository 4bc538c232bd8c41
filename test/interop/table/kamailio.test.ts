import { run } from './runs.ts';
import { kamailio } from './kamailio.ts';

run(kamailio);
