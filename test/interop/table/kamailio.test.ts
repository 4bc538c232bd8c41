import { kamailio } from './kamailio.ts';
import { run } from './runs.ts';

run(kamailio);
