import { describeJavaClients } from './java-clients.ts';

describeJavaClients('4.1.1');
