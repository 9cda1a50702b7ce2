// Package databroker is a client of the databroker's gRPC interface (kuksa.val.v1), as far as this app needs it.
package databroker

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"vehicleapp/src/app"
	"vehicleapp/src/backoff"
	kuksa "vehicleapp/src/kuksa/val/v1"
)

const callTimeout = 2 * time.Second

// Client may be used by any number of goroutines.
type Client struct {
	address    string
	connection *grpc.ClientConn
	stub       kuksa.VALClient
}

// New returns a client for `host:port`. It does not connect yet.
func New(address string) (*Client, error) {
	// passthrough: the name is looked up at each attempt. By default a name that is unknown at first, as that of a service
	// which comes later, would not be asked for again for up to two minutes.
	connection, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: grpcbackoff.Config{
				BaseDelay: backoff.First, Multiplier: backoff.Growth, Jitter: 0.2, MaxDelay: backoff.Longest,
			},
			MinConnectTimeout: callTimeout,
		}))
	if err != nil {
		return nil, err
	}
	return &Client{address: address, connection: connection, stub: kuksa.NewVALClient(connection)}, nil
}

// Close ends all calls.
func (c *Client) Close() {
	_ = c.connection.Close()
}

// WaitUntilReachable returns as soon as there is a connection, or when the context ends. It says once that it waits.
func (c *Client) WaitUntilReachable(ctx context.Context) {
	waited := false
	for ctx.Err() == nil {
		state := c.connection.GetState()
		switch state {
		case connectivity.Ready:
			if waited {
				slog.Info("the databroker is reachable")
			}
			return
		case connectivity.Idle:
			c.connection.Connect()
		case connectivity.TransientFailure:
			if !waited {
				slog.Warn("waiting for the databroker at grpc://" + c.address)
			}
			waited = true
		}
		c.connection.WaitForStateChange(ctx, state)
	}
}

// Follow tells the value of a signal at first, and then every change, until the context ends. It subscribes again when the
// connection is lost. onSubscribed is called at the start of each subscription.
func (c *Client) Follow(ctx context.Context, path string, onSubscribed func(), onValue func(app.Value)) {
	var pause backoff.Backoff
	failing := false
	for ctx.Err() == nil {
		c.WaitUntilReachable(ctx)
		err := c.subscribe(ctx, path, func() {
			failing = false
			pause.Reset()
			onSubscribed()
		}, onValue)
		if ctx.Err() != nil {
			return
		}
		if !failing {
			slog.Warn("the subscription at the databroker ended: " + reason(err))
		}
		failing = true
		pause.Wait(ctx)
	}
}

func (c *Client) subscribe(ctx context.Context, path string, onSubscribed func(), onValue func(app.Value)) error {
	stream, err := c.stub.Subscribe(ctx, &kuksa.SubscribeRequest{Entries: []*kuksa.SubscribeEntry{{
		Path: path, View: kuksa.View_VIEW_CURRENT_VALUE, Fields: []kuksa.Field{kuksa.Field_FIELD_VALUE},
	}}})
	if err != nil {
		return err
	}
	// Headers come only from a databroker that accepts the subscription; a refusal has none.
	if header, err := stream.Header(); err != nil {
		return err
	} else if header != nil {
		onSubscribed()
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		for _, update := range message.GetUpdates() {
			if update.GetEntry().GetPath() == path {
				onValue(valueOf(update.GetEntry()))
			}
		}
	}
}

// Read asks for the current value of a signal; there is an answer or an error within seconds.
func (c *Client) Read(ctx context.Context, path string) (app.Value, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	reply, err := c.stub.Get(ctx, &kuksa.GetRequest{Entries: []*kuksa.EntryRequest{{
		Path: path, View: kuksa.View_VIEW_CURRENT_VALUE, Fields: []kuksa.Field{kuksa.Field_FIELD_VALUE},
	}}})
	if err != nil {
		return app.Value{}, errors.New(reason(err))
	}
	if problems := reply.GetErrors(); len(problems) > 0 {
		return app.Value{}, errors.New(problems[0].GetError().GetMessage())
	}
	for _, entry := range reply.GetEntries() {
		return valueOf(entry), nil
	}
	return app.Value{}, nil
}

func valueOf(entry *kuksa.DataEntry) app.Value {
	switch value := entry.GetValue().GetValue().(type) {
	case *kuksa.Datapoint_Float:
		return app.Value{Number: float64(value.Float), Known: true}
	case *kuksa.Datapoint_Double:
		return app.Value{Number: value.Double, Known: true}
	default:
		return app.Value{}
	}
}

func reason(err error) string {
	if errors.Is(err, io.EOF) {
		return "closed by the databroker"
	}
	return status.Convert(err).Message()
}
