// Package mqtt is the app's connection to the MQTT broker.
package mqtt

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"vehicleapp/src/backoff"
)

const (
	connectTimeout = 2 * time.Second
	// What is on its way when the app ends gets this long.
	quiesceMilliseconds = 100
)

// Client is connected to one broker and subscribed to one topic, also after lost connections.
type Client struct {
	address    string
	client     paho.Client
	subscribed chan struct{}
	once       sync.Once
}

// New returns a client for `host:port`. It does not connect yet. onMessage is called in goroutines of its own.
func New(address, name, topic string, onMessage func(payload []byte)) *Client {
	c := &Client{address: address, subscribed: make(chan struct{})}
	options := paho.NewClientOptions().
		AddBroker("tcp://" + address).
		// During an update the old and the new app run side by side; a broker lets only one of each name in.
		SetClientID(name + "-" + rand.Text()).
		SetConnectTimeout(connectTimeout).
		SetMaxReconnectInterval(backoff.Longest).
		SetOrderMatters(false).
		SetConnectionLostHandler(func(_ paho.Client, err error) {
			slog.Warn("lost the MQTT broker: " + err.Error())
		}).
		SetOnConnectHandler(func(client paho.Client) {
			c.subscribe(client, topic, func(_ paho.Client, message paho.Message) { onMessage(message.Payload()) })
		})
	c.client = paho.NewClient(options)
	return c
}

// Connect returns as soon as the broker has accepted the subscription, or when the context ends. It says once that it waits.
func (c *Client) Connect(ctx context.Context) {
	var pause backoff.Backoff
	waited := false
	for ctx.Err() == nil {
		token := c.client.Connect()
		select {
		case <-token.Done():
		case <-ctx.Done():
			return
		}
		if token.Error() == nil {
			break
		}
		if !waited {
			slog.Warn("waiting for the MQTT broker at mqtt://" + c.address + ": " + token.Error().Error())
		}
		waited = true
		pause.Wait(ctx)
	}
	select {
	case <-c.subscribed:
	case <-ctx.Done():
	}
}

// Publish sends a message, or drops it while there is no connection: the next speed is worth more than an old one.
func (c *Client) Publish(topic string, payload []byte) {
	c.client.Publish(topic, 0, false, payload)
}

// Close takes leave of the broker.
func (c *Client) Close() {
	c.client.Disconnect(quiesceMilliseconds)
}

// The broker forgets subscriptions with the connection, so each connection begins with one.
func (c *Client) subscribe(client paho.Client, topic string, onMessage paho.MessageHandler) {
	var pause backoff.Backoff
	for client.IsConnectionOpen() {
		token := client.Subscribe(topic, 0, onMessage)
		token.Wait()
		if token.Error() == nil {
			slog.Info("connected to the MQTT broker")
			c.once.Do(func() { close(c.subscribed) })
			return
		}
		slog.Warn("the MQTT broker refused the subscription to " + topic + ": " + token.Error().Error())
		pause.Wait(context.Background())
	}
}
