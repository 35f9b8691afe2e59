import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Drives Apache Kafka's own clients: answers requests that come as lines of JSON, one after the other. */
public final class KafkaDriver {
  private static final long TIMEOUT_SECONDS = 40;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String brokers;
  /** How to get in, if not just anybody may. */
  private final Map<String, String> access;
  private final Admin admin;
  private final Map<String, Member> members = new HashMap<>();
  private final Map<String, KafkaProducer<String, String>> producers = new HashMap<>();

  /** A consumer in a group, and how its assignment came about. */
  private static final class Member implements ConsumerRebalanceListener {
    final KafkaConsumer<String, String> consumer;
    final List<Integer> revoked = new ArrayList<>();
    int rebalances = 0;

    Member(KafkaConsumer<String, String> consumer) {
      this.consumer = consumer;
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      revoked.addAll(numbers(partitions));
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      rebalances++;
    }
  }

  private KafkaDriver(String brokers) throws Exception {
    this.brokers = brokers;
    String given = System.getenv("DRIVER_SETTINGS");
    this.access = given == null ? Map.of() : strings(JSON.readTree(given));
    this.admin = Admin.create(settings(Map.of()));
  }

  public static void main(String[] arguments) throws Exception {
    KafkaDriver driver = new KafkaDriver(arguments[0]);
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      JsonNode request = JSON.readTree(line);
      Map<String, Object> answer = new java.util.LinkedHashMap<>();
      answer.put("id", request.get("id").asInt());
      try {
        answer.put("result", driver.answer(request.get("do").asText(), request.get("with")));
      } catch (ExecutionException failure) {
        answer.put("error", String.valueOf(failure.getCause()));
      } catch (Exception failure) {
        answer.put("error", String.valueOf(failure));
      }
      byte[] text = (JSON.writeValueAsString(answer) + "\n").getBytes(StandardCharsets.UTF_8);
      System.out.write(text, 0, text.length);
      System.out.flush();
    }
    System.exit(0);
  }

  private Object answer(String operation, JsonNode with) throws Exception {
    switch (operation) {
      case "createTopic":
        NewTopic topic = new NewTopic(text(with, "topic"), with.get("partitions").asInt(), (short) 1);
        return await(admin.createTopics(List.of(topic.configs(strings(with.get("configs"))))).all());
      case "createPartitions":
        return await(admin.createPartitions(Map.of(text(with, "topic"), NewPartitions.increaseTo(with.get("count").asInt()))).all());
      case "deleteTopic":
        return await(admin.deleteTopics(List.of(text(with, "topic"))).all());
      case "topics":
        return await(admin.listTopics().names());
      case "partitions":
        return await(admin.describeTopics(List.of(text(with, "topic"))).allTopicNames()).get(text(with, "topic")).partitions().size();
      case "configs":
        return configs(text(with, "topic"));
      case "alterConfigs":
        return alterConfigs(text(with, "topic"), strings(with.get("configs")));
      case "deleteRecords":
        return await(admin.deleteRecords(Map.of(partition(with), RecordsToDelete.beforeOffset(with.get("offset").asLong()))).lowWatermarks().get(partition(with))).lowWatermark();
      case "groups":
        List<String> groups = new ArrayList<>();
        await(admin.listConsumerGroups().all()).forEach(group -> groups.add(group.groupId()));
        return groups;
      case "group":
        var described = await(admin.describeConsumerGroups(List.of(text(with, "group"))).all()).get(text(with, "group"));
        return Map.of("state", described.state().toString(), "members", described.members().size());
      case "deleteGroup":
        return await(admin.deleteConsumerGroups(List.of(text(with, "group"))).all());
      case "committed":
        OffsetAndMetadata committed =
            await(admin.listConsumerGroupOffsets(text(with, "group")).partitionsToOffsetAndMetadata()).get(partition(with));
        return committed == null ? null : committed.offset();
      case "offsets":
        return Map.of("earliest", offset(with, OffsetSpec.earliest()), "latest", offset(with, OffsetSpec.latest()));
      case "offsetAt":
        long found = offset(with, OffsetSpec.forTimestamp(with.get("timestamp").asLong()));
        return found < 0 ? null : found;
      case "produce":
        Map<String, Object> idempotent = Map.of("compression.type", text(with, "codec"), "linger.ms", 50, "enable.idempotence", true);
        try (KafkaProducer<String, String> producer = producer(idempotent)) {
          return deliver(producer, with);
        }
      case "read":
        return read(with);
      case "join":
        return join(with);
      case "poll":
        return poll(member(with));
      case "commit":
        member(with).consumer.commitSync();
        return null;
      case "leave":
        members.remove(text(with, "member")).consumer.close();
        return null;
      case "rebalancing":
        return Map.of("rebalances", member(with).rebalances, "revoked", member(with).revoked);
      case "openProducer":
        return openProducer(with);
      case "begin":
        producer(with).beginTransaction();
        return null;
      case "send":
        return deliver(producer(with), with);
      case "sendOffset":
        Map<TopicPartition, OffsetAndMetadata> offsets =
            Map.of(new TopicPartition(text(with, "topic"), 0), new OffsetAndMetadata(with.get("offset").asLong()));
        producer(with).sendOffsetsToTransaction(offsets, member(with).consumer.groupMetadata());
        return null;
      case "end":
        if (with.get("commit").asBoolean()) producer(with).commitTransaction();
        else producer(with).abortTransaction();
        return null;
      case "closeProducer":
        producers.remove(text(with, "producer")).close(Duration.ofSeconds(TIMEOUT_SECONDS));
        return null;
      default:
        return insight(operation, with);
    }
  }

  /** What only this client can ask. */
  private Object insight(String operation, JsonNode with) throws Exception {
    switch (operation) {
      case "transactions":
        Map<String, String> states = new HashMap<>();
        await(admin.listTransactions().all()).forEach(each -> states.put(each.transactionalId(), each.state().toString()));
        return states;
      case "transaction":
        var transaction = await(admin.describeTransactions(List.of(text(with, "transactionalId"))).description(text(with, "transactionalId")));
        List<String> partitions = new ArrayList<>();
        transaction.topicPartitions().forEach(each -> partitions.add(each.toString()));
        return Map.of("state", transaction.state().toString(), "timeoutMs", transaction.transactionTimeoutMs(), "partitions", partitions);
      case "activeProducers":
        List<Map<String, Object>> active = new ArrayList<>();
        await(admin.describeProducers(List.of(partition(with))).partitionResult(partition(with))).activeProducers().forEach(each ->
            active.add(Map.of(
                "lastSequence", each.lastSequence(),
                "openSince", each.currentTransactionStartOffset().orElse(-1))));
        return active;
      case "cluster":
        var cluster = admin.describeCluster();
        return Map.of("id", await(cluster.clusterId()), "nodes", await(cluster.nodes()).size(), "controller", await(cluster.controller()).id());
      case "logSize":
        long[] size = {-1};
        await(admin.describeLogDirs(List.of(await(admin.describeCluster().controller()).id())).allDescriptions()).values().forEach(directories ->
            directories.values().forEach(directory -> {
              var replica = directory.replicaInfos().get(partition(with));
              if (replica != null) size[0] = replica.size();
            }));
        return size[0];
      case "configSources":
        Map<String, String> sources = new HashMap<>();
        describe(text(with, "topic")).forEach(entry -> sources.put(entry.name(), entry.source().toString()));
        return sources;
      case "setPassword":
        var credential = new ScramCredentialInfo(ScramMechanism.fromMechanismName(text(with, "mechanism")), 4096);
        return await(admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(text(with, "user"), credential, text(with, "password")))).all());
      case "passwords":
        List<String> mechanisms = new ArrayList<>();
        await(admin.describeUserScramCredentials(List.of(text(with, "user"))).description(text(with, "user")))
            .credentialInfos()
            .forEach(info -> mechanisms.add(info.mechanism().mechanismName()));
        return mechanisms;
      case "deleteOffset":
        return await(admin.deleteConsumerGroupOffsets(text(with, "group"), java.util.Set.of(partition(with))).all());
      default:
        throw new IllegalArgumentException("no operation " + operation);
    }
  }

  private Map<String, Object> settings(Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>(more);
    settings.putAll(access);
    settings.put("bootstrap.servers", brokers);
    settings.put("client.id", "java-driver");
    return settings;
  }

  private Collection<ConfigEntry> describe(String topic) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    return await(admin.describeConfigs(List.of(resource)).all()).get(resource).entries();
  }

  private Map<String, String> configs(String topic) throws Exception {
    Map<String, String> values = new HashMap<>();
    describe(topic).forEach(entry -> values.put(entry.name(), entry.value()));
    return values;
  }

  private Object alterConfigs(String topic, Map<String, String> configs) throws Exception {
    List<AlterConfigOp> changes = new ArrayList<>();
    configs.forEach((name, value) -> changes.add(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)));
    return await(admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), changes)).all());
  }

  private long offset(JsonNode with, OffsetSpec spec) throws Exception {
    boolean committed = with.has("isolation") && text(with, "isolation").equals("read_committed");
    ListOffsetsOptions options = new ListOffsetsOptions(committed ? IsolationLevel.READ_COMMITTED : IsolationLevel.READ_UNCOMMITTED);
    return await(admin.listOffsets(Map.of(partition(with), spec), options).partitionResult(partition(with))).offset();
  }

  private KafkaProducer<String, String> producer(Map<String, Object> settings) {
    return new KafkaProducer<>(settings(settings), new StringSerializer(), new StringSerializer());
  }

  private Object openProducer(JsonNode with) {
    KafkaProducer<String, String> producer =
        producer(Map.of("transactional.id", text(with, "transactionalId"), "transaction.timeout.ms", 30_000));
    producers.put(text(with, "producer"), producer);
    producer.initTransactions();
    return null;
  }

  private List<Long> deliver(KafkaProducer<String, String> producer, JsonNode with) throws Exception {
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (JsonNode record : with.get("records")) {
      ProducerRecord<String, String> made =
          new ProducerRecord<>(
              text(with, "topic"),
              record.get("partition").asInt(),
              record.get("timestamp").asLong(),
              record.get("key").textValue(),
              record.get("value").textValue());
      for (JsonNode header : record.get("headers")) {
        made.headers().add(header.get(0).asText(), header.get(1).asText().getBytes(StandardCharsets.UTF_8));
      }
      sent.add(producer.send(made));
    }
    producer.flush();
    List<Long> offsets = new ArrayList<>();
    for (Future<RecordMetadata> each : sent) offsets.add(await(each).offset());
    return offsets;
  }

  private KafkaConsumer<String, String> consumer(Map<String, Object> more) {
    Map<String, Object> settings = settings(more);
    settings.put("enable.auto.commit", false);
    settings.put("auto.offset.reset", "earliest");
    settings.put("session.timeout.ms", 6_000);
    settings.put("heartbeat.interval.ms", 200);
    settings.put("fetch.max.wait.ms", 100);
    return new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer());
  }

  private Object read(JsonNode with) {
    List<Map<String, Object>> records = new ArrayList<>();
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
    try (KafkaConsumer<String, String> consumer = consumer(Map.of("isolation.level", text(with, "isolation")))) {
      consumer.assign(List.of(partition(with)));
      consumer.seekToBeginning(List.of(partition(with)));
      while (records.isEmpty() || !text(with, "until").equals(records.get(records.size() - 1).get("value"))) {
        if (System.nanoTime() > deadline) throw new IllegalStateException(text(with, "until") + " did not come: " + records);
        consumer.poll(Duration.ofMillis(500)).forEach(record -> records.add(describe(record)));
      }
    }
    return records;
  }

  private Object join(JsonNode with) {
    Map<String, Object> settings = new HashMap<>(Map.of("group.id", text(with, "group"), "isolation.level", "read_committed"));
    if (with.has("settings")) settings.putAll(strings(with.get("settings")));
    Member member = new Member(consumer(settings));
    member.consumer.subscribe(List.of(text(with, "topic")), member);
    members.put(text(with, "member"), member);
    return null;
  }

  private Object poll(Member member) {
    List<Map<String, Object>> records = new ArrayList<>();
    member.consumer.poll(Duration.ofMillis(200)).forEach(record -> records.add(describe(record)));
    return Map.of("assignment", numbers(member.consumer.assignment()), "records", records);
  }

  private static List<Integer> numbers(Collection<TopicPartition> partitions) {
    List<Integer> numbers = new ArrayList<>();
    partitions.forEach(each -> numbers.add(each.partition()));
    numbers.sort(null);
    return numbers;
  }

  private static Map<String, Object> describe(ConsumerRecord<String, String> record) {
    List<List<String>> headers = new ArrayList<>();
    for (Header header : record.headers()) headers.add(List.of(header.key(), new String(header.value(), StandardCharsets.UTF_8)));
    Map<String, Object> described = new HashMap<>();
    described.put("partition", record.partition());
    described.put("offset", record.offset());
    described.put("key", record.key());
    described.put("value", record.value());
    described.put("headers", headers);
    described.put("timestamp", record.timestamp());
    return described;
  }

  private Member member(JsonNode with) {
    return members.get(text(with, "member"));
  }

  private KafkaProducer<String, String> producer(JsonNode with) {
    return producers.get(text(with, "producer"));
  }

  private static TopicPartition partition(JsonNode with) {
    return new TopicPartition(text(with, "topic"), with.get("partition").asInt());
  }

  private static String text(JsonNode with, String name) {
    return with.get(name).asText();
  }

  private static Map<String, String> strings(JsonNode object) {
    Map<String, String> strings = new HashMap<>();
    object.fields().forEachRemaining(field -> strings.put(field.getKey(), field.getValue().asText()));
    return strings;
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }
}
