"""Drives aiokafka, on asyncio."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import for_code
from driver_loop import access, decode, encode, serve

TIMEOUT = 40


def raise_for(code):
    if code:
        raise for_code(code)()


def record_of(message):
    return {
        "partition": message.partition,
        "offset": message.offset,
        "key": decode(message.key),
        "value": decode(message.value),
        "headers": [[name, decode(value)] for name, value in message.headers],
        "timestamp": message.timestamp,
    }


class Driver:
    def __init__(self, brokers):
        self.common = {**access, "bootstrap_servers": brokers, "client_id": "aiokafka-driver"}
        self.opened = None
        self.members = {}
        self.producers = {}

    async def admin(self):
        if self.opened is None:
            self.opened = AIOKafkaAdminClient(**self.common)
            await self.opened.start()
        return self.opened

    async def createTopic(self, topic, partitions, configs):
        response = await (await self.admin()).create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)])
        for _, code, *_ in response.topic_errors:
            raise_for(code)

    async def createPartitions(self, topic, count):
        await (await self.admin()).create_partitions({topic: NewPartitions(count)})

    async def deleteTopic(self, topic):
        response = await (await self.admin()).delete_topics([topic])
        for _, code in response.topic_error_codes:
            raise_for(code)

    async def topics(self):
        return await (await self.admin()).list_topics()

    async def partitions(self, topic):
        [described] = await (await self.admin()).describe_topics([topic])
        raise_for(described["error_code"])
        return len(described["partitions"])

    async def configs(self, topic):
        [response] = await (await self.admin()).describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        [(code, _, _, _, entries)] = response.resources
        raise_for(code)
        return {entry[0]: entry[1] for entry in entries}

    async def alterConfigs(self, topic, configs):
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs=configs)
        [response] = await (await self.admin()).alter_configs([resource])
        for code, *_ in response.resources:
            raise_for(code)

    async def deleteRecords(self, topic, partition, offset):
        await (await self.admin()).delete_records({TopicPartition(topic, partition): RecordsToDelete(offset)})

    async def groups(self):
        return [name for name, *_ in await (await self.admin()).list_consumer_groups()]

    async def group(self, group):
        [response] = await (await self.admin()).describe_consumer_groups([group])
        [(code, _, state, _, _, members, *_)] = response.groups
        raise_for(code)
        return {"state": state, "members": len(members)}

    async def committed(self, group, topic, partition):
        asked = TopicPartition(topic, partition)
        found = (await (await self.admin()).list_consumer_group_offsets(group, partitions=[asked]))[asked]
        return found.offset if found.offset >= 0 else None

    async def offsets(self, topic, partition, isolation):
        consumer = self.consumer(isolation)
        await consumer.start()
        asked = TopicPartition(topic, partition)
        earliest, latest = await consumer.beginning_offsets([asked]), await consumer.end_offsets([asked])
        await consumer.stop()
        return {"earliest": earliest[asked], "latest": latest[asked]}

    async def offsetAt(self, topic, partition, timestamp):
        consumer = self.consumer("read_uncommitted")
        await consumer.start()
        asked = TopicPartition(topic, partition)
        found = (await consumer.offsets_for_times({asked: timestamp}))[asked]
        await consumer.stop()
        return found.offset if found else None

    async def deliver(self, producer, topic, records):
        sent = [
            await producer.send(
                topic,
                partition=record["partition"],
                key=encode(record["key"]),
                value=encode(record["value"]),
                headers=[(name, encode(value)) for name, value in record["headers"]],
                timestamp_ms=record["timestamp"],
            )
            for record in records
        ]
        return [(await each).offset for each in sent]

    async def produce(self, topic, codec, records):
        compression = None if codec == "none" else codec
        producer = AIOKafkaProducer(**self.common, enable_idempotence=True, compression_type=compression, linger_ms=50)
        await producer.start()
        offsets = await self.deliver(producer, topic, records)
        await producer.stop()
        return offsets

    def consumer(self, isolation, group=None):
        settings = {
            "group_id": group,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "isolation_level": isolation,
            "session_timeout_ms": 6000,
            "heartbeat_interval_ms": 200,
            "fetch_max_wait_ms": 100,
        }
        return AIOKafkaConsumer(**self.common, **settings)

    async def read(self, topic, partition, isolation, until):
        consumer = self.consumer(isolation)
        await consumer.start()
        consumer.assign([TopicPartition(topic, partition)])
        await consumer.seek_to_beginning()
        records = []
        while not records or records[-1]["value"] != until:
            records.append(record_of(await asyncio.wait_for(consumer.getone(), TIMEOUT)))
        await consumer.stop()
        return records

    async def join(self, member, group, topic):
        consumer = self.consumer("read_committed", group)
        consumer.subscribe([topic])
        self.members[member] = consumer
        await consumer.start()

    async def poll(self, member):
        consumer = self.members[member]
        polled = await consumer.getmany(timeout_ms=200)
        assignment = sorted(each.partition for each in consumer.assignment())
        return {"assignment": assignment, "records": [record_of(message) for each in polled.values() for message in each]}

    async def commit(self, member):
        await self.members[member].commit()

    async def leave(self, member):
        await self.members.pop(member).stop()

    async def openProducer(self, producer, transactionalId):
        opened = AIOKafkaProducer(**self.common, transactional_id=transactionalId, transaction_timeout_ms=30000)
        self.producers[producer] = opened
        await opened.start()

    async def begin(self, producer):
        await self.producers[producer].begin_transaction()

    async def send(self, producer, topic, records):
        await self.deliver(self.producers[producer], topic, records)

    async def sendOffset(self, producer, member, group, topic, offset):
        await self.producers[producer].send_offsets_to_transaction({TopicPartition(topic, 0): offset}, group)

    async def end(self, producer, commit):
        if commit:
            await self.producers[producer].commit_transaction()
        else:
            await self.producers[producer].abort_transaction()

    async def closeProducer(self, producer):
        await self.producers.pop(producer).stop()


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
serve(Driver(sys.argv[1]), loop)
