// Package integration goes from the databroker through the app to MQTT. The app and its services run already.
//
// SDV_VEHICLEDATABROKER_ADDRESS and SDV_MQTT_ADDRESS name the services, as in the cluster; without them they are at VDB_PORT
// and MQTT_PORT of localhost.
package integration

import (
	"crypto/rand"
	"encoding/json"
	"math"
	mathrand "math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"vehicleapp/src/app"
	kuksa "vehicleapp/src/kuksa/val/v1"
	"vehicleapp/src/settings"
)

const patience = 30 * time.Second

type message struct {
	topic   string
	payload []byte
}

type response struct {
	RequestID any            `json:"requestId"`
	Result    map[string]any `json:"result"`
}

// vehicle is what surrounds the app.
type vehicle struct {
	*testing.T
	databroker kuksa.VALClient
	mqtt       paho.Client
	messages   chan message
}

func connect(t *testing.T) *vehicle {
	t.Helper()
	services, err := settings.Read(serviceVariable)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := grpc.NewClient("passthrough:///"+services.Databroker,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })

	messages := make(chan message, 1000)
	mqtt := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + services.MQTT).SetClientID("test-" + rand.Text()))
	await(t, mqtt.Connect())
	t.Cleanup(func() { mqtt.Disconnect(0) })
	topics := map[string]byte{app.CurrentSpeedTopic: 0, app.GetSpeedReplyTopic: 0}
	await(t, mqtt.SubscribeMultiple(topics, func(_ paho.Client, received paho.Message) {
		messages <- message{received.Topic(), received.Payload()}
	}))
	return &vehicle{T: t, databroker: kuksa.NewVALClient(connection), mqtt: mqtt, messages: messages}
}

func serviceVariable(name string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	switch name {
	case "SDV_VEHICLEDATABROKER_ADDRESS":
		return "localhost:" + portVariable("VDB_PORT", "30555")
	case "SDV_MQTT_ADDRESS":
		return "localhost:" + portVariable("MQTT_PORT", "31883")
	default:
		return ""
	}
}

func portVariable(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func await(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) {
		t.Fatal("the MQTT broker does not answer")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}

// drive sets a new speed, and returns it once the app has published it.
func (v *vehicle) drive() float64 {
	v.Helper()
	speed := math.Round(mathrand.Float64()*2000) / 10
	reply, err := v.databroker.Set(v.Context(), &kuksa.SetRequest{Updates: []*kuksa.EntryUpdate{{
		Entry: &kuksa.DataEntry{
			Path: app.SpeedPath, Value: &kuksa.Datapoint{Value: &kuksa.Datapoint_Float{Float: float32(speed)}},
		},
		Fields: []kuksa.Field{kuksa.Field_FIELD_VALUE},
	}}})
	if err != nil {
		v.Fatal(err)
	}
	if len(reply.GetErrors()) > 0 {
		v.Fatal(reply.GetErrors())
	}
	v.receive(app.CurrentSpeedTopic, func(payload []byte) bool {
		var published struct{ Speed float64 }
		return json.Unmarshal(payload, &published) == nil && published.Speed == speed
	})
	return speed
}

// ask sends a request and returns the result of its answer, which is the first with this id.
func (v *vehicle) ask(request string, id any) map[string]any {
	v.Helper()
	await(v.T, v.mqtt.Publish(app.GetSpeedRequestTopic, 0, false, request))
	var answer response
	v.receive(app.GetSpeedReplyTopic, func(payload []byte) bool {
		answer = response{}
		return json.Unmarshal(payload, &answer) == nil && answer.RequestID == id
	})
	return answer.Result
}

func (v *vehicle) receive(topic string, isExpected func(payload []byte) bool) {
	v.Helper()
	timeout := time.After(patience)
	for {
		select {
		case received := <-v.messages:
			if received.topic == topic && isExpected(received.payload) {
				return
			}
		case <-timeout:
			v.Fatalf("nothing that was expected came on %s", topic)
		}
	}
}

func TestANewSpeedIsPublished(t *testing.T) {
	connect(t).drive()
}

func TestARequestIsAnsweredWithTheSpeed(t *testing.T) {
	v := connect(t)
	speed := v.drive()
	id := strings.ToLower(rand.Text())
	result := v.ask(`{"requestId": "`+id+`"}`, id)
	if result["status"] != 0.0 || result["speed"] != speed {
		t.Errorf("the app answers %v, the speed is %v", result, speed)
	}
}

func TestWhatIsNotARequestIsAnsweredToo(t *testing.T) {
	result := connect(t).ask("no request", nil)
	if result["status"] != 1.0 || result["message"] == "" {
		t.Errorf("the app answers %v", result)
	}
}
