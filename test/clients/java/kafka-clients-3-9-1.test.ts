import { describeJavaClients } from './java-clients.ts';

describeJavaClients('3.9.1');
