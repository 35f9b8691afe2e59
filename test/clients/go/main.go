// Drives franz-go: answers requests that come as lines of JSON, one after the other.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const timeout = 40 * time.Second

type request struct {
	ID   int       `json:"id"`
	Do   string    `json:"do"`
	With arguments `json:"with"`
}

type arguments struct {
	Topic           string            `json:"topic"`
	Partitions      int32             `json:"partitions"`
	Partition       int32             `json:"partition"`
	Count           int               `json:"count"`
	Configs         map[string]string `json:"configs"`
	Group           string            `json:"group"`
	Offset          int64             `json:"offset"`
	Timestamp       int64             `json:"timestamp"`
	Isolation       string            `json:"isolation"`
	Codec           string            `json:"codec"`
	Until           string            `json:"until"`
	Records         []record          `json:"records"`
	Member          string            `json:"member"`
	Producer        string            `json:"producer"`
	TransactionalID string            `json:"transactionalId"`
	Commit          bool              `json:"commit"`
	Output          string            `json:"output"`
}

type record struct {
	Partition int32      `json:"partition"`
	Offset    int64      `json:"offset"`
	Key       *string    `json:"key"`
	Value     *string    `json:"value"`
	Headers   [][]string `json:"headers"`
	Timestamp int64      `json:"timestamp"`
}

type object map[string]interface{}

// A consumer in a group, and what it is assigned now.
type member struct {
	client   *kgo.Client
	mutex    sync.Mutex
	assigned map[int32]bool
}

type driver struct {
	brokers   []string
	admin     *kadm.Client
	members   map[string]*member
	producers map[string]*kgo.Client
}

func main() {
	brokers := strings.Split(os.Args[1], ",")
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		panic(err)
	}
	d := &driver{brokers, kadm.NewClient(client), map[string]*member{}, map[string]*kgo.Client{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		result, err := d.answer(ctx, asked.Do, asked.With)
		cancel()
		// The caller looks for lines that begin with the id.
		var answer []byte
		if err != nil {
			answer, _ = json.Marshal(struct {
				ID    int    `json:"id"`
				Error string `json:"error"`
			}{asked.ID, err.Error()})
		} else {
			answer, _ = json.Marshal(struct {
				ID     int         `json:"id"`
				Result interface{} `json:"result"`
			}{asked.ID, result})
		}
		fmt.Println(string(answer))
	}
}

func (d *driver) answer(ctx context.Context, operation string, with arguments) (interface{}, error) {
	switch operation {
	case "createTopic":
		created, err := d.admin.CreateTopics(ctx, with.Partitions, 1, pointers(with.Configs), with.Topic)
		return nil, first(err, created[with.Topic].Err)
	case "createPartitions":
		updated, err := d.admin.UpdatePartitions(ctx, with.Count, with.Topic)
		return nil, first(err, updated[with.Topic].Err)
	case "deleteTopic":
		deleted, err := d.admin.DeleteTopics(ctx, with.Topic)
		return nil, first(err, deleted[with.Topic].Err)
	case "topics":
		topics, err := d.admin.ListTopics(ctx)
		return topics.Names(), err
	case "partitions":
		topics, err := d.admin.ListTopics(ctx, with.Topic)
		return len(topics[with.Topic].Partitions), first(err, topics[with.Topic].Err)
	case "configs":
		return d.configs(ctx, with.Topic)
	case "alterConfigs":
		return nil, d.alterConfigs(ctx, with)
	case "deleteRecords":
		offsets := kadm.Offsets{}
		offsets.AddOffset(with.Topic, with.Partition, with.Offset, -1)
		deleted, err := d.admin.DeleteRecords(ctx, offsets)
		if err != nil {
			return nil, err
		}
		response, err := deleted.On(with.Topic, with.Partition, nil)
		return response.LowWatermark, first(err, response.Err)
	case "groups":
		groups, err := d.admin.ListGroups(ctx)
		return groups.Groups(), err
	case "group":
		described, err := d.admin.DescribeGroups(ctx, with.Group)
		group := described[with.Group]
		return object{"state": group.State, "members": len(group.Members)}, first(err, group.Err)
	case "deleteGroup":
		deleted, err := d.admin.DeleteGroups(ctx, with.Group)
		return nil, first(err, deleted[with.Group].Err)
	case "committed":
		offsets, err := d.admin.FetchOffsets(ctx, with.Group)
		if offset, found := offsets.Lookup(with.Topic, with.Partition); found && offset.At >= 0 {
			return offset.At, first(err, offset.Err)
		}
		return nil, err
	case "offsets":
		return d.offsets(ctx, with)
	case "offsetAt":
		listed, err := d.admin.ListOffsetsAfterMilli(ctx, with.Timestamp, with.Topic)
		found, _ := listed.Lookup(with.Topic, with.Partition)
		// Where there is no such record it gives the end, without a timestamp.
		if found.Timestamp < 0 {
			return nil, first(err, found.Err)
		}
		return found.Offset, first(err, found.Err)
	case "produce":
		return d.produce(ctx, with)
	case "read":
		return d.read(ctx, with)
	case "join":
		return nil, d.join(with)
	case "poll":
		return d.members[with.Member].poll()
	case "commit":
		return nil, d.members[with.Member].client.CommitUncommittedOffsets(ctx)
	case "leave":
		d.members[with.Member].client.Close()
		delete(d.members, with.Member)
		return nil, nil
	case "openProducer":
		return nil, d.openProducer(ctx, with)
	case "begin":
		return nil, d.producers[with.Producer].BeginTransaction()
	case "send":
		_, err := deliver(ctx, d.producers[with.Producer], with)
		return nil, err
	case "end":
		return nil, d.producers[with.Producer].EndTransaction(ctx, kgo.TransactionEndTry(with.Commit))
	case "closeProducer":
		d.producers[with.Producer].Close()
		delete(d.producers, with.Producer)
		return nil, nil
	case "copy":
		return d.copy(ctx, with)
	}
	return nil, fmt.Errorf("no operation %s", operation)
}

func (d *driver) configs(ctx context.Context, topic string) (interface{}, error) {
	described, err := d.admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return nil, err
	}
	resource, err := described.On(topic, nil)
	values := map[string]*string{}
	for _, config := range resource.Configs {
		values[config.Key] = config.Value
	}
	return values, first(err, resource.Err)
}

func (d *driver) alterConfigs(ctx context.Context, with arguments) error {
	var changes []kadm.AlterConfig
	for name, value := range pointers(with.Configs) {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: value})
	}
	altered, err := d.admin.AlterTopicConfigs(ctx, changes, with.Topic)
	if err != nil {
		return err
	}
	resource, err := altered.On(with.Topic, nil)
	return first(err, resource.Err)
}

func (d *driver) offsets(ctx context.Context, with arguments) (interface{}, error) {
	list := d.admin.ListEndOffsets
	if with.Isolation == "read_committed" {
		list = d.admin.ListCommittedOffsets
	}
	ends, err := list(ctx, with.Topic)
	if err != nil {
		return nil, err
	}
	starts, err := d.admin.ListStartOffsets(ctx, with.Topic)
	earliest, _ := starts.Lookup(with.Topic, with.Partition)
	latest, _ := ends.Lookup(with.Topic, with.Partition)
	return object{"earliest": earliest.Offset, "latest": latest.Offset}, first(err, earliest.Err, latest.Err)
}

func (d *driver) open(more ...kgo.Opt) (*kgo.Client, error) {
	common := []kgo.Opt{
		kgo.SeedBrokers(d.brokers...),
		kgo.ClientID("franz-go-driver"),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.MetadataMinAge(100 * time.Millisecond),
	}
	return kgo.NewClient(append(common, more...)...)
}

func (d *driver) produce(ctx context.Context, with arguments) (interface{}, error) {
	codecs := map[string]kgo.CompressionCodec{
		"none":   kgo.NoCompression(),
		"gzip":   kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(),
		"lz4":    kgo.Lz4Compression(),
		"zstd":   kgo.ZstdCompression(),
	}
	client, err := d.open(kgo.ProducerBatchCompression(codecs[with.Codec]), kgo.ProducerLinger(50*time.Millisecond))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return deliver(ctx, client, with)
}

func deliver(ctx context.Context, client *kgo.Client, with arguments) ([]int64, error) {
	var records []*kgo.Record
	for _, each := range with.Records {
		made := &kgo.Record{Topic: with.Topic, Partition: each.Partition, Timestamp: time.UnixMilli(each.Timestamp)}
		made.Key, made.Value = bytesOf(each.Key), bytesOf(each.Value)
		for _, header := range each.Headers {
			made.Headers = append(made.Headers, kgo.RecordHeader{Key: header[0], Value: []byte(header[1])})
		}
		records = append(records, made)
	}
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return nil, err
	}
	var offsets []int64
	for _, written := range records {
		offsets = append(offsets, written.Offset)
	}
	return offsets, nil
}

func isolation(name string) kgo.Opt {
	if name == "read_committed" {
		return kgo.FetchIsolationLevel(kgo.ReadCommitted())
	}
	return kgo.FetchIsolationLevel(kgo.ReadUncommitted())
}

func (d *driver) read(ctx context.Context, with arguments) (interface{}, error) {
	start := map[string]map[int32]kgo.Offset{with.Topic: {with.Partition: kgo.NewOffset().AtStart()}}
	client, err := d.open(kgo.ConsumePartitions(start), isolation(with.Isolation))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	records := []record{}
	for len(records) == 0 || records[len(records)-1].Value == nil || *records[len(records)-1].Value != with.Until {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(each *kgo.Record) { records = append(records, describe(each)) })
	}
	return records, nil
}

func (d *driver) join(with arguments) error {
	joined := &member{assigned: map[int32]bool{}}
	mark := func(value bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, topics map[string][]int32) {
			joined.mutex.Lock()
			defer joined.mutex.Unlock()
			for _, partition := range topics[with.Topic] {
				joined.assigned[partition] = value
			}
		}
	}
	client, err := d.open(
		kgo.ConsumerGroup(with.Group),
		kgo.ConsumeTopics(with.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		isolation("read_committed"),
		kgo.SessionTimeout(6*time.Second),
		kgo.HeartbeatInterval(200*time.Millisecond),
		kgo.OnPartitionsAssigned(mark(true)),
		kgo.OnPartitionsRevoked(mark(false)),
		kgo.OnPartitionsLost(mark(false)),
	)
	joined.client = client
	d.members[with.Member] = joined
	return err
}

func (m *member) poll() (interface{}, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	records := []record{}
	m.client.PollFetches(ctx).EachRecord(func(each *kgo.Record) { records = append(records, describe(each)) })
	m.mutex.Lock()
	defer m.mutex.Unlock()
	assignment := []int{}
	for partition, isAssigned := range m.assigned {
		if isAssigned {
			assignment = append(assignment, int(partition))
		}
	}
	sort.Ints(assignment)
	return object{"assignment": assignment, "records": records}, nil
}

func (d *driver) openProducer(ctx context.Context, with arguments) error {
	client, err := d.open(kgo.TransactionalID(with.TransactionalID), kgo.TransactionTimeout(30*time.Second))
	if err != nil {
		return err
	}
	d.producers[with.Producer] = client
	_, _, err = client.ProducerID(ctx)
	return err
}

// Copies the count of records from a topic to another in one transaction, with the offsets of the group: the client's
// own way of exactly-once. Tells whether it was committed.
func (d *driver) copy(ctx context.Context, with arguments) (interface{}, error) {
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(d.brokers...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.TransactionalID(with.TransactionalID),
		kgo.ConsumerGroup(with.Group),
		kgo.ConsumeTopics(with.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		isolation("read_committed"),
		kgo.RequireStableFetchOffsets(),
	)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	if err := session.Begin(); err != nil {
		return nil, err
	}
	for copied := 0; copied < with.Count; {
		fetches := session.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		var records []*kgo.Record
		fetches.EachRecord(func(each *kgo.Record) {
			records = append(records, &kgo.Record{Topic: with.Output, Value: each.Value})
		})
		if err := session.ProduceSync(ctx, records...).FirstErr(); err != nil {
			return nil, err
		}
		copied += len(records)
	}
	return session.End(ctx, kgo.TransactionEndTry(with.Commit))
}

func describe(each *kgo.Record) record {
	headers := [][]string{}
	for _, header := range each.Headers {
		headers = append(headers, []string{header.Key, string(header.Value)})
	}
	return record{each.Partition, each.Offset, textOf(each.Key), textOf(each.Value), headers, each.Timestamp.UnixMilli()}
}

func textOf(bytes []byte) *string {
	if bytes == nil {
		return nil
	}
	text := string(bytes)
	return &text
}

func bytesOf(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}

func pointers(values map[string]string) map[string]*string {
	made := map[string]*string{}
	for name, value := range values {
		value := value
		made[name] = &value
	}
	return made
}

func first(failures ...error) error {
	for _, failure := range failures {
		if failure != nil {
			return failure
		}
	}
	return nil
}
