package unit

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"vehicleapp/src/app"
	"vehicleapp/src/databroker"
	kuksa "vehicleapp/src/kuksa/val/v1"
)

const patience = 10 * time.Second

// fakeDatabroker knows one signal, which never changes.
type fakeDatabroker struct {
	kuksa.UnimplementedVALServer
	entry *kuksa.DataEntry
}

func (f *fakeDatabroker) Subscribe(
	_ *kuksa.SubscribeRequest, stream grpc.ServerStreamingServer[kuksa.SubscribeResponse],
) error {
	if f.entry == nil {
		return status.Error(codes.NotFound, "no such signal")
	}
	update := &kuksa.EntryUpdate{Entry: f.entry}
	if err := stream.Send(&kuksa.SubscribeResponse{Updates: []*kuksa.EntryUpdate{update}}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

func (f *fakeDatabroker) Get(context.Context, *kuksa.GetRequest) (*kuksa.GetResponse, error) {
	if f.entry == nil {
		return nil, status.Error(codes.NotFound, "no such signal")
	}
	return &kuksa.GetResponse{Entries: []*kuksa.DataEntry{f.entry}}, nil
}

// serve starts a databroker; without a speed its signal has no value, without a path there is no signal.
func serve(t *testing.T, address string, entry *kuksa.DataEntry) (string, *grpc.Server) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	kuksa.RegisterVALServer(server, &fakeDatabroker{entry: entry})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String(), server
}

func speed(kmh float32) *kuksa.DataEntry {
	return &kuksa.DataEntry{Path: app.SpeedPath, Value: &kuksa.Datapoint{Value: &kuksa.Datapoint_Float{Float: kmh}}}
}

func connect(t *testing.T, address string) *databroker.Client {
	t.Helper()
	client, err := databroker.New(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// follow returns the values that a client hears of.
func follow(t *testing.T, client *databroker.Client, onSubscribed func()) <-chan app.Value {
	values := make(chan app.Value, 10)
	go client.Follow(t.Context(), app.SpeedPath, onSubscribed, func(value app.Value) { values <- value })
	return values
}

func expectValue(t *testing.T, values <-chan app.Value, expected app.Value) {
	t.Helper()
	select {
	case value := <-values:
		if value != expected {
			t.Errorf("heard %v, expected %v", value, expected)
		}
	case <-time.After(patience):
		t.Fatalf("heard nothing, expected %v", expected)
	}
}

func TestFollowsASignalAfterALostConnection(t *testing.T) {
	address, first := serve(t, "127.0.0.1:0", speed(12))
	values := follow(t, connect(t, address), func() {})
	expectValue(t, values, app.Value{Number: 12, Known: true})
	first.Stop()
	serve(t, address, speed(13))
	expectValue(t, values, app.Value{Number: 13, Known: true})
}

func TestFollowsASignalOfALateDatabroker(t *testing.T) {
	address := freeAddress(t)
	values := follow(t, connect(t, address), func() {})
	// Longer than the first two attempts.
	time.Sleep(600 * time.Millisecond)
	serve(t, address, speed(12))
	expectValue(t, values, app.Value{Number: 12, Known: true})
}

func TestTellsASignalWithoutValueFromZero(t *testing.T) {
	address, _ := serve(t, "127.0.0.1:0", &kuksa.DataEntry{Path: app.SpeedPath})
	client := connect(t, address)
	expectValue(t, follow(t, client, func() {}), app.Value{})
	if value, err := client.Read(t.Context(), app.SpeedPath); err != nil || value.Known {
		t.Errorf("read %v, %v", value, err)
	}
}

func TestIsNotSubscribedToWhatTheDatabrokerRefuses(t *testing.T) {
	address, first := serve(t, "127.0.0.1:0", nil)
	subscribed := make(chan bool, 10)
	client := connect(t, address)
	values := follow(t, client, func() { subscribed <- true })
	if _, err := client.Read(t.Context(), app.SpeedPath); err == nil || err.Error() != "no such signal" {
		t.Errorf("error %v", err)
	}
	time.Sleep(300 * time.Millisecond)
	if len(subscribed) > 0 {
		t.Error("it claims to be subscribed")
	}
	first.Stop()
	serve(t, address, speed(12))
	expectValue(t, values, app.Value{Number: 12, Known: true})
}

func TestReadsTheCurrentValue(t *testing.T) {
	address, server := serve(t, "127.0.0.1:0", speed(12))
	client := connect(t, address)
	if value, err := client.Read(t.Context(), app.SpeedPath); err != nil || value != (app.Value{Number: 12, Known: true}) {
		t.Errorf("read %v, %v", value, err)
	}
	server.Stop()
	if _, err := client.Read(t.Context(), app.SpeedPath); err == nil {
		t.Error("there is a value of a databroker that is gone")
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
