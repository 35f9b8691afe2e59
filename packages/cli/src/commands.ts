import BrokerUserAdd from './commands/broker/user/add.ts';
import BrokerUserList from './commands/broker/user/list.ts';
import BrokerUserRemove from './commands/broker/user/remove.ts';
import Broker from './commands/broker.ts';
import ConfigShow from './commands/config/show.ts';
import Demo from './commands/demo.ts';
import Doctor from './commands/doctor.ts';
import GenTypes from './commands/gen/types.ts';
import GroupDescribe from './commands/group/describe.ts';
import GroupList from './commands/group/list.ts';
import GroupReset from './commands/group/reset.ts';
import PipeAlter from './commands/pipe/alter.ts';
import PipeCreate from './commands/pipe/create.ts';
import PipeDrop from './commands/pipe/drop.ts';
import PipeExplain from './commands/pipe/explain.ts';
import PipeList from './commands/pipe/list.ts';
import PipeShow from './commands/pipe/show.ts';
import PipeStart from './commands/pipe/start.ts';
import PipeStop from './commands/pipe/stop.ts';
import PipepluginDescribe from './commands/pipeplugin/describe.ts';
import PipepluginDev from './commands/pipeplugin/dev.ts';
import PipepluginDrop from './commands/pipeplugin/drop.ts';
import PipepluginInit from './commands/pipeplugin/init.ts';
import PipepluginInstall from './commands/pipeplugin/install.ts';
import PipepluginList from './commands/pipeplugin/list.ts';
import PipepluginTest from './commands/pipeplugin/test.ts';
import QueryExplain from './commands/query/explain.ts';
import QueryKill from './commands/query/kill.ts';
import QueryList from './commands/query/list.ts';
import Server from './commands/server.ts';
import Sql from './commands/sql.ts';
import StreamCreate from './commands/stream/create.ts';
import StreamDescribe from './commands/stream/describe.ts';
import StreamDrop from './commands/stream/drop.ts';
import StreamList from './commands/stream/list.ts';
import StreamProduce from './commands/stream/produce.ts';
import StreamTail from './commands/stream/tail.ts';
import TopicCreate from './commands/topic/create.ts';
import TopicDelete from './commands/topic/delete.ts';
import TopicDescribe from './commands/topic/describe.ts';
import TopicList from './commands/topic/list.ts';
import ViewCreate from './commands/view/create.ts';
import ViewDeadLetters from './commands/view/dead-letters.ts';
import ViewDrop from './commands/view/drop.ts';
import ViewList from './commands/view/list.ts';
import ViewPause from './commands/view/pause.ts';
import ViewShow from './commands/view/show.ts';
import ViewUnpause from './commands/view/unpause.ts';

/** Every command by its id. What is heavy (server, kafkajs) is imported inside `run`, so that `--help` stays quick. */
export const commands = {
  broker: Broker,
  'broker:user:add': BrokerUserAdd,
  'broker:user:list': BrokerUserList,
  'broker:user:remove': BrokerUserRemove,
  'config:show': ConfigShow,
  demo: Demo,
  doctor: Doctor,
  'gen:types': GenTypes,
  'group:describe': GroupDescribe,
  'group:list': GroupList,
  'group:reset': GroupReset,
  'pipe:alter': PipeAlter,
  'pipe:create': PipeCreate,
  'pipe:drop': PipeDrop,
  'pipe:explain': PipeExplain,
  'pipe:list': PipeList,
  'pipe:show': PipeShow,
  'pipe:start': PipeStart,
  'pipe:stop': PipeStop,
  'pipeplugin:describe': PipepluginDescribe,
  'pipeplugin:dev': PipepluginDev,
  'pipeplugin:drop': PipepluginDrop,
  'pipeplugin:init': PipepluginInit,
  'pipeplugin:install': PipepluginInstall,
  'pipeplugin:list': PipepluginList,
  'pipeplugin:test': PipepluginTest,
  'query:explain': QueryExplain,
  'query:kill': QueryKill,
  'query:list': QueryList,
  server: Server,
  sql: Sql,
  'stream:create': StreamCreate,
  'stream:describe': StreamDescribe,
  'stream:drop': StreamDrop,
  'stream:list': StreamList,
  'stream:produce': StreamProduce,
  'stream:tail': StreamTail,
  'topic:create': TopicCreate,
  'topic:delete': TopicDelete,
  'topic:describe': TopicDescribe,
  'topic:list': TopicList,
  'view:create': ViewCreate,
  'view:dead-letters': ViewDeadLetters,
  'view:drop': ViewDrop,
  'view:list': ViewList,
  'view:pause': ViewPause,
  'view:show': ViewShow,
  'view:unpause': ViewUnpause,
};
